package capacity

import "slices"

// scan runs every value, or as many as is reasonable, since what fits is no
// interval.
func (s *search) scan() error {
	s.answer.Method = Scan
	var values []int
	n := s.affords(mostScan)
	if s.high-s.low < n {
		for v := s.low; v <= s.high; v++ {
			values = append(values, v)
		}
	} else {
		s.answer.Method = Samples
		values = s.spaced(n)
	}
	for part := range slices.Chunk(values, 16) {
		if s.spentAll() {
			s.answer.Method = Samples
			break
		}
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
	largest, smallest := all[last], all[first]
	if s.answer.Method == Samples {
		// Between two evenly spaced values there may be an edge yet.
		up, down := &edge{fit: largest}, &edge{fit: smallest}
		if last+1 < len(all) {
			up = s.towards(largest, all[last+1], 1)
		}
		if first > 0 {
			down = s.towards(smallest, all[first-1], -1)
		}
		if err := s.follow(up, down); err != nil {
			return err
		}
		largest, smallest = up.fit, down.fit
	}
	if !s.answer.Coarse {
		if err := s.get(largest+1, smallest-1); err != nil {
			return err
		}
	}
	s.settle(smallest, largest)
	s.gap(smallest, largest)
	return nil
}

// gap notes the smallest value between that doesn't fit.
func (s *search) gap(smallest, largest int) {
	for _, v := range s.sorted() {
		if p := s.known[v]; v > smallest && v < largest && !p.Fits() {
			s.answer.Gap = &p
			return
		}
	}
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
	if !s.answer.Coarse {
		return
	}
	// Where the search ended early the nearest known values say what stops.
	for v := range s.known {
		if v > largest && (s.answer.Above == nil || v < s.answer.Above.Value) {
			s.answer.Above = at(v)
		}
		if v < smallest && (s.answer.Below == nil || v > s.answer.Below.Value) {
			s.answer.Below = at(v)
		}
	}
}
