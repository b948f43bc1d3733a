package replay

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

func TestSeriesCountsBySecond(t *testing.T) {
	var s CallSeries
	require.Zero(t, s.Width())
	for _, at := range []model.Instant{0, 999, 1000, 3500} {
		s.add(at, at == 999)
	}
	require.Equal(t, time.Second, s.Width())
	require.Equal(t, []CallBucket{{2, 1}, {1, 0}, {0, 0}, {1, 0}}, s.Buckets())
}

// A run may last a day: the buckets grow wider, and no call is lost.
func TestSeriesOfALongRunWidens(t *testing.T) {
	var s CallSeries
	s.add(239_999, false)
	require.Equal(t, time.Second, s.Width())
	require.Len(t, s.Buckets(), 240)
	s.add(240_000, true)
	require.Equal(t, 2*time.Second, s.Width())
	require.Equal(t, []CallBucket{{1, 0}, {1, 1}}, s.Buckets()[119:])

	for at := model.Instant(0); at < 24*3600*1000; at += 60_000 {
		s.add(at, at%120_000 == 0)
	}
	require.Equal(t, 512*time.Second, s.Width())
	calls, throttled := 0, 0
	for _, b := range s.Buckets() {
		calls += b.Calls
		throttled += b.Throttled
	}
	require.LessOrEqual(t, len(s.Buckets()), callBuckets)
	require.Equal(t, 2+24*60, calls)
	require.Equal(t, 1+24*30, throttled)
}
