package capacity

import (
	"reflect"
	"slices"
)

// Probe is what became of one value.
type Probe struct {
	Value int
	// Stop is what stops it; nil: it fits.
	Stop *Stop
	Use  Use
	// Unmet are the expectations that don't hold in some run, by their index.
	Unmet []Unmet
	// Events is how many events its runs have logged: what they cost.
	Events int64
}

// Fits reports whether the value does.
func (p Probe) Fits() bool { return p.Stop == nil }

// Runner runs the scenario with each of the values, which are distinct, and
// returns a probe for each in their order.
type Runner func(values []int) ([]Probe, error)

// Range is where to look. Both ends are included.
type Range struct {
	Low, High int
	// Open: there is no upper end; High is how far to look at most.
	Open bool
	// Start is where to begin in an open range, such as the value of the file.
	Start int
	// First are values that are run before any other, where something is known of
	// them.
	First []int
	// Brief: the edge that is wanted is all that is looked for, and fewer values
	// confirm it; of values that fit and are no interval some are found.
	Brief bool
	// Budget is how many events may be simulated before the search makes do with
	// less; 0: any number. Events and not seconds, so that the answer is the same
	// on any machine.
	Budget int64
	// Left is told about how many runs are still to come; nil: nobody wants to know.
	Left func(runs int)
}

// Want is which edge of what fits is looked for.
type Want int

// The edges.
const (
	Both    Want = iota // which one matters shows by itself
	Largest             // the largest value that fits
	Fewest              // the smallest one
)

// Method is how an answer was found.
type Method string

// The methods.
const (
	// Bisection halves where the values that fit are an interval, which samples
	// have confirmed.
	Bisection Method = "bisection"
	// Scan has run every value of the range.
	Scan Method = "scan"
	// Samples has run evenly spaced values of a range too long to scan.
	Samples Method = "samples"
)

// The sizes of a search.
const (
	samples   = 8   // evenly spaced values that confirm an answer
	looking   = 15  // of these where none is known to fit
	fewest    = 3   // of these where the budget is short
	mostScan  = 512 // values of a range that is scanned
	doublings = 10  // from Start up, where Start doesn't fit
	// costlyRun is the mean of events a run from which on fewer values confirm an
	// answer: two cores need a second for about five such runs.
	costlyRun = 100_000
	// confirming is how many runs of the largest value the rest of a search is
	// reckoned to cost when it is doubled within a budget, briefly that of a brief
	// one.
	confirming = 12
	briefly    = 8
)

// Answer is what a search has found.
type Answer struct {
	// Low and High are the ends of what was looked at, Open whether the upper one
	// was the search's own.
	Low, High int
	Open      bool
	Method    Method
	Runs      int
	// Smallest and Largest are the ends of what fits; nil: nothing does.
	Smallest, Largest *Probe
	// Below and Above are what stops the values beside them; nil where these are
	// out of the range.
	Below, Above *Probe
	// NoEffect: whatever the value, the outcome is the same, as far as was looked.
	NoEffect bool
	// Gap is the smallest value between Smallest and Largest that doesn't fit; nil:
	// all do.
	Gap *Probe
	// None is what stops the lowest value where nothing fits, NoneHigh the highest.
	None, NoneHigh *Probe
	// Events is what all runs have cost. The rest says where the budget ended the
	// search early: Further is set where it went no higher, Coarse where Below or
	// Above is not the neighbour of what fits, Unconfirmed where no values between
	// were run to confirm it.
	Events      int64
	Further     bool
	Coarse      bool
	Unconfirmed bool
}

// search is one under way.
type search struct {
	run    Runner
	want   Want
	known  map[int]Probe
	low    int
	high   int
	brief  bool
	left   func(int)
	answer Answer
	budget int64
	spent  int64
}

// Search finds which values of the range fit.
func Search(r Range, want Want, run Runner) (Answer, error) {
	s := &search{run: run, want: want, known: map[int]Probe{}, low: r.Low, high: r.High, brief: r.Brief, left: r.Left, budget: r.Budget}
	s.answer.Open = r.Open
	if err := s.get(r.First...); err != nil {
		return Answer{}, err
	}
	if err := s.bracket(r); err != nil {
		return Answer{}, err
	}
	found, err := s.findOne()
	if err != nil {
		return Answer{}, err
	}
	if found {
		err = s.edges()
	}
	s.answer.NoEffect = s.noEffect()
	s.answer.Low, s.answer.High, s.answer.Runs, s.answer.Events = s.low, s.high, len(s.known), s.spent
	return s.answer, err
}

// get runs the values that have not been run.
func (s *search) get(values ...int) error {
	var missing []int
	for _, v := range values {
		if _, ok := s.known[v]; !ok && v >= s.low && v <= s.high && !slices.Contains(missing, v) {
			missing = append(missing, v)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	probes, err := s.run(missing)
	for _, p := range probes {
		s.known[p.Value] = p
		s.spent += p.Events
	}
	return err
}

// affords is how many more runs the budget has room for, at most n, if they cost
// as much as those so far.
func (s *search) affords(n int) int {
	if s.budget == 0 || s.spent == 0 {
		return n
	}
	mean := max(s.spent/int64(len(s.known)), 1)
	return int(min(max(s.budget-s.spent, 0)/mean, int64(n)))
}

// unknown counts the values of the range that have not been run.
func (s *search) unknown(values []int) int {
	n := 0
	for _, v := range values {
		if _, ok := s.known[v]; !ok && v >= s.low && v <= s.high {
			n++
		}
	}
	return n
}

// spentAll reports whether nothing is left of the budget.
func (s *search) spentAll() bool { return s.budget > 0 && s.spent >= s.budget }

// tooFar reports whether a run of a larger value than one that was run, and all
// that comes after it, would cost more than is left.
func (s *search) tooFar(v, next int) bool {
	rest := int64(confirming)
	if s.brief {
		rest = briefly
	}
	return s.budget > 0 && s.spent+s.known[v].Events*int64(next)/int64(max(v, 1))*rest > s.budget
}

// noEffect reports whether all values had the same outcome: the same stop, or
// the same use at the end.
func (s *search) noEffect() bool {
	values := s.sorted()
	outcome := func(v int) any {
		p := s.known[v]
		if p.Stop != nil {
			return *p.Stop
		}
		p.Use.LongestWait = 0
		return p.Use
	}
	first := outcome(values[0])
	return len(values) > 2 && !slices.ContainsFunc(values, func(v int) bool { return !reflect.DeepEqual(outcome(v), first) })
}

func (s *search) fits(v int) bool {
	p, ok := s.known[v]
	return ok && p.Fits()
}

// bracket runs the ends of the range. Of an open range it finds the upper one,
// doubling: the first value that doesn't fit behind one that does.
func (s *search) bracket(r Range) error {
	if !r.Open {
		return s.get(s.low, s.high)
	}
	if first := s.sorted(); s.brief && s.want == Largest && len(first) > 0 && !s.fits(first[0]) {
		s.high = first[0] // what fitted before doesn't with the remedy: it is no help
		return s.get(s.low)
	}
	start := min(max(r.Start, r.Low, 1), r.High)
	if err := s.get(s.low, start); err != nil {
		return err
	}
	if s.want == Fewest && s.fits(start) || s.fits(s.low) && !s.fits(start) || s.brief && s.want == Largest && !s.fits(start) {
		s.high = start
		return nil
	}
	for _, v := range s.sorted() { // of First
		if v > start && s.fits(v) != s.fits(start) {
			s.high = v
			return nil
		}
	}
	for i, v := 0, start; ; i++ {
		fitted := s.fits(v)
		if v == r.High || !fitted && i == doublings || s.want == Fewest && fitted {
			s.high = v
			return nil
		}
		next := min(s.further(start, v), r.High)
		if s.tooFar(v, next) {
			s.high, s.answer.Further = v, true
			return nil
		}
		v = next
		if err := s.get(v); err != nil {
			return err
		}
		if i >= 1 && s.noEffect() {
			s.high = v
			return nil
		}
		if fitted && !s.fits(v) {
			s.high = v
			return nil
		}
	}
}

// further is the value to try behind one: twice it. A brief search begins where
// little is to be expected, and goes in steps that grow.
func (s *search) further(start, v int) int {
	if s.brief && s.fits(start) {
		return v + max(4*(v-start), start/16, 1)
	}
	return 2 * v
}

// halve runs smaller and smaller values until one fits.
func (s *search) halve(from int) error {
	for v := from / 2; v > s.low; v /= 2 {
		if s.spentAll() {
			s.answer.Coarse = true
			return nil
		}
		if err := s.get(v); err != nil || s.fits(v) {
			return err
		}
	}
	return nil
}

// findOne looks for a value that fits where none is known, and says what stops
// the ends where there is none.
func (s *search) findOne() (bool, error) {
	if _, ok := s.anyFit(); ok {
		return true, nil
	}
	if s.brief && s.want == Largest {
		if err := s.halve(s.sorted()[len(s.known)-1]); err != nil {
			return false, err
		}
	} else if err := s.get(s.spaced(max(s.affords(looking), fewest))...); err != nil {
		return false, err
	}
	if _, ok := s.anyFit(); ok {
		return true, nil
	}
	s.answer.Method = Samples
	if s.high-s.low <= looking {
		s.answer.Method = Scan
	}
	none, high := s.known[s.low], s.known[s.high]
	s.answer.None, s.answer.NoneHigh = &none, &high
	return false, nil
}

// anyFit is the largest known value that fits.
func (s *search) anyFit() (int, bool) {
	best, found := 0, false
	for v, p := range s.known {
		if p.Fits() && (!found || v > best) {
			best, found = v, true
		}
	}
	return best, found
}

// spaced are n values between the ends.
func (s *search) spaced(n int) []int {
	var out []int
	for i := 1; i <= n; i++ {
		out = append(out, between(s.low, s.high, i, n+1))
	}
	return slices.Compact(out)
}

// between is low + (high − low)·i/n.
func between(low, high, i, n int) int {
	return low + int(int64(high-low)*int64(i)/int64(n))
}
