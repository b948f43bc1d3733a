package sweep

import (
	"cmp"
	"slices"
	"strconv"
)

// Expected is an expectation of the scenario.
type Expected struct {
	That string `json:"that"`
	// When it is looked at, in words.
	When string `json:"when"`
}

// Aside is why an expectation is asked of no cell: a scenario may say how it
// runs at its own size, and that is no demand on another.
type Aside string

// The reasons.
const (
	// OwnValue: it holds with the value that the scenario has as it stands, and
	// neither with the next smaller nor with the next larger one.
	OwnValue Aside = "own-value"
	// Shortage: it holds only where not everything fits.
	Shortage Aside = "shortage"
)

// Asked is an expectation, and whether cells are held against it.
type Asked struct {
	Expected
	Index int
	// Aside is empty where it is asked.
	Aside Aside
	// Dimension is the one whose value it is about; of OwnValue only.
	Dimension int
	// Holding counts the cells in which it holds, in every run.
	Holding int
}

// ask settles which expectations are asked, and which cells meet them.
func (v *Verdict) ask() {
	for i, e := range v.Plan.Expect {
		a := Asked{Expected: e, Index: i}
		for _, c := range v.Cells {
			if c.holds(i) {
				a.Holding++
			}
		}
		if !v.Plan.AskAll {
			a.Aside, a.Dimension = v.aside(i)
		}
		v.Expect = append(v.Expect, a)
	}
	for _, c := range v.Cells {
		for _, r := range c.runs {
			if !slices.ContainsFunc(r.Failed, func(i int) bool { return v.Expect[i].Aside == "" }) {
				c.HoldsAll++
			}
		}
	}
}

// Unmet are the expectations that are asked and don't hold in every run of a
// cell.
func (v *Verdict) Unmet(c *Cell) []Asked {
	return slices.DeleteFunc(slices.Clone(v.Expect), func(a Asked) bool { return a.Aside != "" || c.holds(a.Index) })
}

// aside is why an expectation says nothing of the cells.
func (v *Verdict) aside(expectation int) (Aside, int) {
	fitting := filter(v.Cells, (*Cell).Fits)
	holds := func(c *Cell) bool { return c.holds(expectation) }
	if len(fitting) > 0 && !slices.ContainsFunc(fitting, holds) && slices.ContainsFunc(v.Cells, holds) {
		return Shortage, 0
	}
	for d := range v.Plan.Dimensions {
		own, ok := v.Plan.Dimensions[d].ownAmongOthers()
		if ok && v.only(expectation, d, own) {
			return OwnValue, d
		}
	}
	return "", 0
}

// only reports whether an expectation holds in some cell with a value of a
// dimension, and in none with the next smaller or the next larger one.
func (v *Verdict) only(expectation, dimension int, own neighbours) bool {
	found := false
	for _, c := range v.Cells {
		if !c.holds(expectation) {
			continue
		}
		switch v.Plan.Values(c.Index)[dimension] {
		case own.value:
			found = true
		case own.below, own.above:
			return false
		}
	}
	return found
}

// neighbours are a value and the ones beside it, by size.
type neighbours struct{ value, below, above string }

// ownAmongOthers returns the scenario's own value where the dimension has it,
// and a smaller and a larger one: on an edge nobody knows what is beyond.
func (d Dimension) ownAmongOthers() (neighbours, bool) {
	if d.Own == nil {
		return neighbours{}, false
	}
	type numbered struct {
		n    int
		text string
	}
	var values []numbered
	for _, text := range d.Values {
		if n, err := strconv.Atoi(text); err == nil {
			values = append(values, numbered{n, text})
		}
	}
	slices.SortFunc(values, func(a, b numbered) int { return cmp.Compare(a.n, b.n) })
	i := slices.IndexFunc(values, func(v numbered) bool { return v.text == *d.Own })
	if i < 1 || i+1 >= len(values) {
		return neighbours{}, false
	}
	return neighbours{*d.Own, values[i-1].text, values[i+1].text}, true
}
