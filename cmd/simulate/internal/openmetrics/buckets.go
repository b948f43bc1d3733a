package openmetrics

import (
	"strconv"
	"time"
)

// bounds are the upper bounds of the histograms of waiting, in seconds.
var bounds = []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800}

// startBounds are those of the agent's histograms: the client library's
// defaults, in seconds.
var startBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// buckets count durations up to each bound, and all.
type buckets struct {
	counts []int // up to each bound, it included
	count  int
	sum    time.Duration
}

func (b *buckets) observe(bounds []float64, d time.Duration) {
	if b.counts == nil {
		b.counts = make([]int, len(bounds))
	}
	for i, bound := range bounds {
		if d <= time.Duration(bound*float64(time.Second)) {
			b.counts[i]++
		}
	}
	b.count++
	b.sum += d
}

// addBuckets adds the samples of a histogram; none while nothing was observed.
func (r *Recorder) addBuckets(f *family, bounds []float64, labels []label, b *buckets) {
	if b.count == 0 {
		return
	}
	for i, bound := range bounds {
		r.add(f, "_bucket", append(labels[:len(labels):len(labels)], label{bucketLabel, strconv.FormatFloat(bound, 'g', -1, 64)}), float64(b.counts[i]))
	}
	r.add(f, "_bucket", append(labels[:len(labels):len(labels)], label{bucketLabel, "+Inf"}), float64(b.count))
	r.add(f, "_count", labels, float64(b.count))
	r.add(f, "_sum", labels, b.sum.Seconds())
}
