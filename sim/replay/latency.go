package replay

import (
	"slices"
	"time"
)

// Latencies is a collection of durations, in whole milliseconds. The zero
// value is empty.
type Latencies struct {
	ms     []int64
	sorted bool
}

func (l *Latencies) add(d time.Duration) {
	l.ms = append(l.ms, d.Milliseconds())
	l.sorted = false
}

// Count is the number of durations.
func (l *Latencies) Count() int { return len(l.ms) }

// Percentile returns the smallest duration that p per cent (1 … 100) of all
// don't exceed: the nearest rank. It is 0 if there are none.
func (l *Latencies) Percentile(p int) time.Duration {
	if len(l.ms) == 0 {
		return 0
	}
	l.sort()
	rank := (p*len(l.ms) + 99) / 100
	return time.Duration(l.ms[max(rank, 1)-1]) * time.Millisecond
}

func (l *Latencies) sort() {
	if !l.sorted {
		slices.Sort(l.ms)
		l.sorted = true
	}
}

// Max returns the longest duration, 0 if there are none.
func (l *Latencies) Max() time.Duration { return l.Percentile(100) }
