package model

import (
	"math"
	"time"
)

// Instant is a point in virtual time: whole milliseconds since the start of
// the run. It is not a duration; Add and Sub convert.
type Instant int64

// Never is later than every instant of a run.
const Never Instant = math.MaxInt64

// Add returns t moved by d, which is cut to whole milliseconds. Never stays.
func (t Instant) Add(d time.Duration) Instant {
	if t == Never {
		return Never
	}
	return t + Instant(d.Milliseconds())
}

// Sub returns how long after u the instant t is.
func (t Instant) Sub(u Instant) time.Duration {
	return time.Duration(t-u) * time.Millisecond
}

// String writes t as a duration since the start, for example "1m2.5s".
func (t Instant) String() string {
	if t == Never {
		return "never"
	}
	return (time.Duration(t) * time.Millisecond).String()
}
