package capacity

import (
	"math/bits"
	"slices"
)

// edge is the search for the last value that fits in one direction: from one
// that does to the nearest known one that doesn't.
type edge struct {
	fit, unfit int
	step       int // 1: upwards, −1: downwards
	guessed    bool
	asked      []int // in the direction of the step
}

// towards is the edge from a value that fits towards an end of the range.
func (s *search) towards(fit, end, step int) *edge {
	e := &edge{fit: fit, unfit: end, step: step}
	if s.fits(end) {
		e.fit = end
		return e
	}
	for v := range s.known {
		if !s.fits(v) && (v-fit)*step > 0 && (v-e.unfit)*step < 0 {
			e.unfit = v
		}
	}
	return e
}

// open is how many values there are from the one that fits to the one that
// doesn't; 1 or less: the edge is found.
func (e *edge) open() int { return (e.unfit - e.fit) * e.step }

// ask returns the values to run next: what the runs so far let one guess, and
// where that was far off, two that cut what is left in three.
func (s *search) ask(e *edge) []int {
	e.asked = nil
	n := e.open()
	if n <= 1 {
		return nil
	}
	add := func(values ...int) {
		for _, v := range values {
			if (v-e.fit)*e.step > 0 && (e.unfit-v)*e.step > 0 && !slices.Contains(e.asked, v) {
				e.asked = append(e.asked, v)
			}
		}
	}
	if guess, ok := s.guess(e); ok && !e.guessed && n > 3 {
		e.guessed = true
		add(guess, guess+e.step)
	}
	if len(e.asked) == 0 {
		e.guessed = false
		add(between(e.fit, e.unfit, 1, 3), between(e.fit, e.unfit, 2, 3), e.fit+(n/2)*e.step)
		e.asked = e.asked[:min(2, len(e.asked))]
		slices.SortFunc(e.asked, func(a, b int) int { return (a - b) * e.step })
	}
	return e.asked
}

// learn takes in what became of the values.
func (s *search) learn(e *edge) {
	before := e.open()
	for _, v := range e.asked {
		if !s.fits(v) {
			e.unfit = v
			break
		}
		e.fit = v
	}
	if e.open() <= before/4 {
		e.guessed = false // it was a good one: another
	}
}

// guess is the last value that fits, if as many pods fewer wait with each value
// as between the two that are next to the edge and don't fit. Where one alone is
// known it is, upwards, one pod a value, as with replicas; downwards the pods
// that run grow with the value, as with nodes. Of nodes that couldn't all be
// launched it is at most those that could.
func (s *search) guess(e *edge) (int, bool) {
	stop, from := s.known[e.unfit].Stop, e.unfit
	if nodes := s.known[from].Use.Nodes; s.known[e.fit].Use.Nodes == e.fit && nodes > e.fit && nodes < from {
		return nodes, true // it is nodes that are counted
	}
	waiting := int64(stop.Waiting())
	if waiting == 0 {
		return 0, false
	}
	steps := waiting
	switch beyond := s.beyond(e); {
	case beyond != nil && int64(beyond.Stop.Waiting()) > waiting:
		more := int64(beyond.Stop.Waiting()) - waiting
		steps = ceil(waiting*int64((beyond.Value-from)*e.step), more)
	case e.step < 0 && stop.Running > 0:
		steps = ceil(int64(from)*waiting, int64(stop.Running))
	case e.step < 0:
		return 0, false
	}
	return from - int(steps)*e.step, steps <= int64(e.open())
}

// beyond is the next value behind the one that doesn't fit of which that is known,
// too; nil: there is none.
func (s *search) beyond(e *edge) *Probe {
	var next *Probe
	for _, v := range s.sorted() {
		if p := s.known[v]; (v-e.unfit)*e.step > 0 && !p.Fits() && (next == nil || (v-next.Value)*e.step < 0) {
			next = &p
		}
	}
	return next
}

func ceil(a, b int64) int64 { return (a + b - 1) / b }

// edges finds the ends of what fits, and confirms them.
func (s *search) edges() error {
	smallest, largest, err := s.bothEdges()
	if err != nil {
		return err
	}
	check := s.confirm(smallest, largest)
	if n := min(s.unknown(check), samples); s.affords(n) < n {
		check, s.answer.Unconfirmed = nil, true
	}
	if err := s.get(check...); err != nil {
		return err
	}
	s.answer.Method = Bisection
	if s.brief {
		// A value beyond the edge may fit after all.
		if smallest, largest, err = s.bothEdges(); err != nil {
			return err
		}
		s.settle(smallest, largest)
		s.gap(smallest, largest)
		return nil
	}
	for v, p := range s.known {
		if p.Fits() != (v >= smallest && v <= largest) {
			return s.scan()
		}
	}
	s.settle(smallest, largest)
	return nil
}

// bothEdges looks for both ends at once, so that the cores have something to
// do. A brief search looks for the one that is wanted.
func (s *search) bothEdges() (smallest, largest int, err error) {
	fit, _ := s.anyFit()
	up, down := s.towards(fit, s.high, 1), s.towards(fit, s.low, -1)
	if s.brief {
		first := fit
		for _, v := range s.sorted() {
			if s.fits(v) {
				first = v
				break
			}
		}
		if s.want == Fewest {
			up.unfit, down = up.fit, s.towards(first, s.low, -1)
		} else {
			down.fit, down.unfit = first, first
		}
	}
	err = s.follow(up, down)
	return down.fit, up.fit, err
}

// follow runs values until the edges are found, or the budget is used up.
func (s *search) follow(edges ...*edge) error {
	for {
		var values []int
		left := samples
		for _, e := range edges {
			left += runsFor(e.open())
			values = append(values, s.ask(e)...)
		}
		if len(values) == 0 {
			return nil
		}
		if s.spentAll() {
			s.answer.Coarse = true
			return nil
		}
		s.tellLeft(left)
		if err := s.get(values...); err != nil {
			return err
		}
		for _, e := range edges {
			s.learn(e)
		}
	}
}

// runsFor is about how many runs find an edge among so many values.
func runsFor(values int) int { return bits.Len(uint(max(values-1, 0))) }

func (s *search) tellLeft(runs int) {
	if s.left != nil {
		s.left(runs)
	}
}

// confirm are values that have to agree with the edges: some between, and those
// beside. They are fewer where runs are costly.
func (s *search) confirm(smallest, largest int) []int {
	switch {
	case s.brief && s.want == Fewest:
		return append(s.unseen(3), smallest+1, smallest-2)
	case s.brief:
		return append(s.unseen(3), largest-1, largest+2)
	case s.spent/int64(len(s.known)) >= costlyRun:
		return append(s.unseen(4), largest-1, largest+2, smallest+1, smallest-2)
	}
	return append(s.spaced(samples), largest-2, largest-1, largest+1, largest+2, largest+3, smallest-2, smallest-1, smallest+1, smallest+2)
}

// unseen is a value in the middle of each of n equal parts of the range of which
// no value has been run.
func (s *search) unseen(n int) []int {
	var out []int
	known := s.sorted()
	for i := range n {
		from, to := between(s.low, s.high, i, n), between(s.low, s.high, i+1, n)
		if !slices.ContainsFunc(known, func(v int) bool { return v >= from && v <= to }) {
			out = append(out, from+(to-from)/2)
		}
	}
	return out
}
