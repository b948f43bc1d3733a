package capacity

import (
	"net/netip"
	"time"
)

// Report is the answer to a question about capacity, for a view.
type Report struct {
	Scenario string
	Seed     uint64
	// Path is what was varied.
	Path string
	Want Want
	// Today is the value in the file; nil: it is no whole number, or left out.
	Today    *int
	MaxWait  time.Duration
	Headroom int // per cent; 0: none is demanded
	Seeds    int // that each value has to fit with, from Seed on
	Answer   Answer
	Remedies []Remedied
	// Untried are the remedies that were not run, since the runs would have cost
	// too much.
	Untried []Remedy
	// Chance is what other seeds make of the answer; nil: nobody looked.
	Chance *Chance
	// Runs counts the runs, those of the remedies included and those of Chance not.
	Runs     int
	Forecast *Forecast
	// Expected are the scenario's expectations, as far as runs were held against
	// them.
	Expected []Expected
	// Without is the answer without them, where it is another; nil: it is not.
	Without *Answer
	// WithoutSize is likewise the index of the smallest size, −1: none fits; nil: it
	// is the same.
	WithoutSize *int
	// Hint says what to vary instead where the path makes no difference, or nothing
	// fits.
	Hint string
	// Sizes are the subnet's, from the smallest on; for a subnet only.
	Sizes []Size
}

// Size is a size of a subnet and what became of it.
type Size struct {
	CIDR netip.Prefix
	Probe
	// LeastFree is how few of Usable addresses were free at any instant.
	LeastFree, Usable int
}

// Impossible reports whether the scenario makes no sense with the size.
func (s Size) Impossible() bool { return s.Stop != nil && s.Stop.Kind == KindInvalid }

// Shape is what the values that fit look like.
type Shape int

// The shapes.
const (
	ShapeNone   Shape = iota // no value fits
	ShapeAll                 // all do
	ShapeUpTo                // those up to a value: larger is worse
	ShapeFrom                // those from a value on: larger is better
	ShapeWindow              // those between two
)

// Shape returns that of the answer.
func (a Answer) Shape() Shape {
	switch {
	case a.Largest == nil:
		return ShapeNone
	case a.Smallest.Value == a.Low && a.Largest.Value == a.High:
		return ShapeAll
	case a.Smallest.Value == a.Low:
		return ShapeUpTo
	case a.Largest.Value == a.High:
		return ShapeFrom
	}
	return ShapeWindow
}

// Counts is the value that answers: the largest that fits, or the smallest
// where larger is better. Nil: none fits.
func (a Answer) Counts(want Want) *Probe {
	if want == Fewest || want == Both && a.Shape() == ShapeFrom {
		return a.Smallest
	}
	return a.Largest
}

// Stops is what stops the value beside the one that answers; nil: nothing does.
func (a Answer) Stops(want Want) *Probe {
	switch shape := a.Shape(); {
	case shape == ShapeNone && want == Fewest:
		return a.NoneHigh
	case shape == ShapeNone:
		return a.None
	case want == Fewest || want == Both && shape == ShapeFrom:
		return a.Below
	}
	return a.Above
}

// SmallestSize is the index of the smallest size that fits, −1 if none does.
func (r Report) SmallestSize() int {
	for i, s := range r.Sizes {
		if s.Fits() {
			return i
		}
	}
	return -1
}

// SizeEdges are the probes that the answer about a subnet stands on: the
// smallest size that fits and the next smaller one, or the largest that doesn't
// fit.
func (r Report) SizeEdges() []Probe {
	var out []Probe
	at := r.SmallestSize()
	for i := len(r.Sizes) - 1; i >= 0; i-- {
		if at >= 0 && i != at && i != at-1 || r.Sizes[i].Impossible() {
			continue
		}
		out = append(out, r.Sizes[i].Probe)
		if at < 0 {
			break
		}
	}
	return out
}
