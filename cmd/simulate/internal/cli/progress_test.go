package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The first time that the bar is drawn it is as far as the runs are.
func TestTheBarOfASweepBeginsWhereTheRunsAre(t *testing.T) {
	var out bytes.Buffer
	bar := tally{w: &out, begun: time.Now().Add(-progressAfter), total: 20, done: 6}
	bar.one()
	require.Contains(t, out.String(), "runs  35% |███████ ")
	require.Contains(t, out.String(), "(7/20)")
}

func TestWorkThatIsSoonDoneShowsNoBar(t *testing.T) {
	var out bytes.Buffer
	bar := tally{w: &out, begun: time.Now(), total: 20}
	bar.one()
	require.Empty(t, out.String())
}
