package capacity

// Chance is what other seeds make of an answer that was found with one.
type Chance struct {
	// First is the first of Seeds seeds, which follow each other. It is the one
	// that the answer was found with.
	First uint64
	Seeds int
	// Tried are the values at the edges of what fits, in the order in which the
	// answer names them.
	Tried []SeedsTried
	// Skipped is how many events the runs would have cost where that was too much;
	// 0: they were run.
	Skipped int64
}

// SeedsTried is a value and with how many seeds it fits.
type SeedsTried struct {
	Value int
	// Answers is whether it fits with the first seed.
	Answers bool
	Fits    int
}

// Lucky is the first value that fits with the first seed and not with all; nil:
// there is none.
func (c *Chance) Lucky() *SeedsTried {
	return c.find(func(t SeedsTried) bool { return t.Answers && t.Fits < c.Seeds })
}

// Open is the first value that doesn't fit with the first seed and does with
// others; nil: there is none.
func (c *Chance) Open() *SeedsTried {
	return c.find(func(t SeedsTried) bool { return !t.Answers && t.Fits > 0 })
}

func (c *Chance) find(is func(SeedsTried) bool) *SeedsTried {
	if c == nil {
		return nil
	}
	for i := range c.Tried {
		if is(c.Tried[i]) {
			return &c.Tried[i]
		}
	}
	return nil
}

// Edges are the probes that an answer stands on: the values at the ends of what
// fits and their neighbours, or the ends of the range where nothing does. Those
// with which the scenario makes no sense are left out: no seed changes that.
func (a Answer) Edges(want Want) []Probe {
	var named []*Probe
	switch shape := a.Shape(); {
	case a.NoEffect:
	case shape == ShapeNone:
		named = []*Probe{a.None, a.NoneHigh}
	case shape == ShapeFrom && a.Below.invalid():
		named = []*Probe{a.Smallest, a.Largest}
	case want == Fewest || want == Both && shape == ShapeFrom:
		named = []*Probe{a.Smallest, a.Below}
	case shape == ShapeWindow:
		named = []*Probe{a.Smallest, a.Below, a.Largest, a.Above}
	default:
		named = []*Probe{a.Largest, a.Above}
	}
	var out []Probe
	seen := map[int]bool{}
	for _, p := range named {
		if p != nil && !p.invalid() && !seen[p.Value] {
			seen[p.Value] = true
			out = append(out, *p)
		}
	}
	return out
}
