package sweep

import (
	"cmp"
	"slices"

	"vpcsim/cmd/simulate/internal/metrics"
)

// Basis is why a cell is recommended.
type Basis string

// The bases.
const (
	// ByOrder: of the allowed cells the best in the first goal; the others
	// decide between equals. So where a goal or a bound was asked for.
	ByOrder Basis = "order"
	// ByBalance: of the allowed cells on the front the nearest to the point that
	// is best in every goal, each goal measured from its best to its worst value
	// on the front. So where nothing was asked for.
	ByBalance Basis = "balance"
	// NoneFits: the cell in which most fits, since nowhere everything does. Where
	// it breaks a bound or an expectation it is the nearest, and not recommended.
	NoneFits Basis = "none-fits"
	// NoneKeeps: none is recommended, since none in which everything fits keeps
	// the bounds and the expectations. Nearest comes nearest to it.
	NoneKeeps Basis = "none-keeps"
)

// Verdict is the outcome of a sweep.
type Verdict struct {
	Plan      Plan
	Shown     []metrics.Metric // those that were asked for; none: a choice
	Objective []Goal
	Require   []metrics.Bound
	Expect    []Asked
	Cells     []*Cell
	Basis     Basis
	// Recommended is nil where none is; Nearest is set only then.
	Recommended, Nearest *Cell
	// Others are, for each goal in which one is better than the recommended cell,
	// the cell that is best in it, of those that fit; each once.
	Others []*Cell
}

// Judge makes the verdict of the runs of a plan, which are by their numbers.
func Judge(p Plan, runs []metrics.Numbers) (*Verdict, error) {
	o, err := p.parse()
	if err != nil {
		return nil, err
	}
	v := &Verdict{Plan: p, Shown: o.shown, Objective: o.objective, Require: o.require}
	each := p.perCell()
	for i := range p.Cells() {
		v.Cells = append(v.Cells, newCell(i, runs[i*each:(i+1)*each], o.require, len(p.Expect)))
	}
	v.ask()
	r := ranking{v.Cells, v.points()}
	fitting := filter(v.Cells, (*Cell).Fits)
	allowed := filter(v.Cells, (*Cell).Allowed)
	inQuestion := v.Cells
	if len(fitting) > 0 {
		inQuestion = fitting
	}
	if len(allowed) > 0 {
		inQuestion = allowed
	}
	front := r.front(inQuestion)
	for _, c := range front {
		c.Front = true
	}
	v.recommend(r, fitting, allowed, front)
	if v.Recommended != nil {
		v.Others = v.others(r, fitting)
	}
	return v, nil
}

func (v *Verdict) recommend(r ranking, fitting, allowed, front []*Cell) {
	switch {
	case len(fitting) == 0:
		v.Basis, v.Recommended = NoneFits, r.fullest(v.Cells)
		if c := v.Recommended; c.KeepsAll < c.Runs || !c.Meets() {
			v.Recommended, v.Nearest = nil, c
		}
	case len(allowed) == 0:
		v.Basis, v.Nearest = NoneKeeps, v.nearest(r, fitting)
	case len(v.Plan.Objective) > 0 || len(v.Plan.Require) > 0:
		v.Basis, v.Recommended = ByOrder, slices.MinFunc(allowed, r.compare)
	default:
		v.Basis, v.Recommended = ByBalance, r.balanced(front)
	}
}

// Value is what a goal goes by in a cell: the median over its runs.
func (v *Verdict) Value(c *Cell, g Goal) metrics.Value { return c.Spread(g.Metric).Median }

// points are the values of the goals, by cell.
func (v *Verdict) points() []point {
	points := make([]point, len(v.Cells))
	for i, c := range v.Cells {
		for _, g := range v.Objective {
			points[i] = append(points[i], coordinate{g, v.Value(c, g)})
		}
	}
	return points
}

// nearest is the cell that breaks the fewest bounds and expectations, and of
// these, bound by bound, the one with the better value; then the goals decide.
func (v *Verdict) nearest(r ranking, cells []*Cell) *Cell {
	broken := func(c *Cell) int {
		n := 0
		for _, kept := range c.Keeps {
			if kept < c.Runs {
				n++
			}
		}
		return n + len(v.Unmet(c))
	}
	return slices.MinFunc(cells, func(a, b *Cell) int {
		if d := cmp.Compare(broken(a), broken(b)); d != 0 {
			return d
		}
		for i, bound := range v.Require {
			if d := cmp.Or(cmp.Compare(b.Keeps[i], a.Keeps[i]), bound.Nearer(a.Spread(bound.Metric).Median, b.Spread(bound.Metric).Median)); d != 0 {
				return d
			}
		}
		return r.compare(a, b)
	})
}

// others finds what it costs to take the recommended cell.
func (v *Verdict) others(r ranking, fitting []*Cell) []*Cell {
	if len(fitting) == 0 {
		return nil
	}
	var others []*Cell
	mine := r.points[v.Recommended.Index]
	for i := range v.Objective {
		best := slices.MinFunc(fitting, func(a, b *Cell) int {
			return cmp.Or(r.points[a.Index][i].compare(r.points[b.Index][i]), r.compare(a, b))
		})
		if r.points[best.Index][i].compare(mine[i]) < 0 && !slices.Contains(others, best) {
			others = append(others, best)
		}
	}
	return others
}

func filter(cells []*Cell, keep func(*Cell) bool) []*Cell {
	var kept []*Cell
	for _, c := range cells {
		if keep(c) {
			kept = append(kept, c)
		}
	}
	return kept
}
