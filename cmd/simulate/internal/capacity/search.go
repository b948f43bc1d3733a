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
	batch     = 3   // values between two that are known, in one round
	samples   = 8   // evenly spaced values that confirm an answer
	looking   = 15  // of these where none is known to fit
	mostScan  = 512 // values of a range that is scanned
	doublings = 10  // from Start up, where Start doesn't fit
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
}

// search is one under way.
type search struct {
	run    Runner
	want   Want
	known  map[int]Probe
	low    int
	high   int
	answer Answer
}

// Search finds which values of the range fit.
func Search(r Range, want Want, run Runner) (Answer, error) {
	s := &search{run: run, want: want, known: map[int]Probe{}, low: r.Low, high: r.High}
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
	s.answer.Low, s.answer.High, s.answer.Runs = s.low, s.high, len(s.known)
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
	}
	return err
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
	start := min(max(r.Start, r.Low, 1), r.High)
	if err := s.get(s.low, start); err != nil {
		return err
	}
	if s.want == Fewest && s.fits(start) || s.fits(s.low) && !s.fits(start) {
		s.high = start
		return nil
	}
	for i, v := 0, start; ; i++ {
		fitted := s.fits(v)
		if v == r.High || !fitted && i == doublings || s.want == Fewest && fitted {
			s.high = v
			return nil
		}
		v = min(2*v, r.High)
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

// findOne looks for a value that fits where none is known, and says what stops
// the ends where there is none.
func (s *search) findOne() (bool, error) {
	if _, ok := s.anyFit(); ok {
		return true, nil
	}
	if err := s.get(s.spaced(looking)...); err != nil {
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

// edges finds both ends of what fits, and confirms them.
func (s *search) edges() error {
	fit, _ := s.anyFit()
	largest, err := s.edge(fit, s.high, 1)
	if err != nil {
		return err
	}
	smallest, err := s.edge(fit, s.low, -1)
	if err != nil {
		return err
	}
	check := append(s.spaced(samples), largest-2, largest-1, largest+1, largest+2, largest+3, smallest-2, smallest-1, smallest+1, smallest+2)
	if err := s.get(check...); err != nil {
		return err
	}
	s.answer.Method = Bisection
	for v, p := range s.known {
		if p.Fits() != (v >= smallest && v <= largest) {
			return s.scan()
		}
	}
	s.settle(smallest, largest)
	return nil
}

// edge finds the last value that fits, from one that does towards an end of the
// range, in the direction of step. It cuts what is left in four.
func (s *search) edge(fit, end, step int) (int, error) {
	if s.fits(end) {
		return end, nil
	}
	unfit := end
	for v := range s.known {
		if !s.fits(v) && (v-fit)*step > 0 && (v-unfit)*step < 0 {
			unfit = v
		}
	}
	for (unfit-fit)*step > 1 {
		var cuts []int
		for i := 1; i <= batch; i++ {
			if v := between(fit, unfit, i, batch+1); v != fit && v != unfit {
				cuts = append(cuts, v)
			}
		}
		cuts = slices.Compact(cuts)
		if len(cuts) == 0 {
			cuts = []int{fit + step}
		}
		if err := s.get(cuts...); err != nil {
			return 0, err
		}
		for _, v := range cuts {
			if !s.fits(v) {
				unfit = v
				break
			}
			fit = v
		}
	}
	return fit, nil
}

// scan runs every value, or as many as is reasonable, since what fits is no
// interval.
func (s *search) scan() error {
	s.answer.Method = Scan
	var values []int
	if s.high-s.low < mostScan {
		for v := s.low; v <= s.high; v++ {
			values = append(values, v)
		}
	} else {
		s.answer.Method = Samples
		values = s.spaced(mostScan)
	}
	for part := range slices.Chunk(values, 64) {
		if err := s.get(part...); err != nil {
			return err
		}
	}
	all := s.sorted()
	first, last := -1, -1
	for i, v := range all {
		if s.fits(v) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	largest, err := all[last], error(nil)
	if last+1 < len(all) && s.answer.Method == Samples {
		if largest, err = s.edge(all[last], all[last+1], 1); err != nil {
			return err
		}
	}
	smallest := all[first]
	if err := s.get(largest+1, smallest-1); err != nil {
		return err
	}
	s.settle(smallest, largest)
	for _, v := range s.sorted() {
		if p := s.known[v]; v > smallest && v < largest && !p.Fits() {
			s.answer.Gap = &p
			break
		}
	}
	return nil
}

// sorted are the values that are known.
func (s *search) sorted() []int {
	var out []int
	for v := range s.known {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// settle writes the answer down.
func (s *search) settle(smallest, largest int) {
	at := func(v int) *Probe {
		if p, ok := s.known[v]; ok {
			return &p
		}
		return nil
	}
	s.answer.Smallest, s.answer.Largest = at(smallest), at(largest)
	s.answer.Below, s.answer.Above = at(smallest-1), at(largest+1)
}
