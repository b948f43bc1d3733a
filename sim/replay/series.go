package replay

import (
	"time"

	"vpcsim/model"
)

// CallSeries counts the calls to EC2 over time, in buckets of equal width. They
// begin a second wide; a run that outgrows them makes each twice as wide, so
// that a series has few of them however long the run is. The zero CallSeries is
// empty.
type CallSeries struct {
	width   time.Duration // zero: no call yet
	buckets []CallBucket
}

// CallBucket counts the calls that began in a span of time.
type CallBucket struct {
	Calls     int
	Throttled int // of them, refused by the request rate
}

// callBuckets is the most buckets that a series has: four minutes in seconds.
const callBuckets = 240

// Width is how long each bucket lasts: a second times a power of two; zero if
// there was no call.
func (s *CallSeries) Width() time.Duration { return s.width }

// Buckets are the counts from the start of the run to the last call. The slice
// is the series'; read it only.
func (s *CallSeries) Buckets() []CallBucket { return s.buckets }

func (s *CallSeries) add(at model.Instant, throttled bool) {
	if s.width == 0 {
		s.width = time.Second
	}
	i := int(at.Sub(0) / s.width)
	for ; i >= callBuckets; i = int(at.Sub(0) / s.width) {
		s.widen()
	}
	for len(s.buckets) <= i {
		s.buckets = append(s.buckets, CallBucket{})
	}
	s.buckets[i].Calls++
	if throttled {
		s.buckets[i].Throttled++
	}
}

// widen joins the buckets in pairs.
func (s *CallSeries) widen() {
	s.width *= 2
	for i, b := range s.buckets {
		if i%2 == 0 {
			s.buckets[i/2] = b
		} else {
			s.buckets[i/2].Calls += b.Calls
			s.buckets[i/2].Throttled += b.Throttled
		}
	}
	s.buckets = s.buckets[:(len(s.buckets)+1)/2]
}
