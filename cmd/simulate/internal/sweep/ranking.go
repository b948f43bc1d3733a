package sweep

import (
	"cmp"
	"slices"

	"vpcsim/cmd/simulate/internal/metrics"
)

// coordinate is a goal with what a cell reaches of it.
type coordinate struct {
	goal  Goal
	value metrics.Value
}

// compare is negative if c is better.
func (c coordinate) compare(d coordinate) int { return c.goal.Metric.Compare(c.value, d.value) }

// point is what a cell reaches of all goals.
type point []coordinate

// dominates reports whether p is better in one goal and no worse in the others.
func (p point) dominates(q point) bool {
	better := false
	for i := range p {
		switch d := p[i].compare(q[i]); {
		case d > 0:
			return false
		case d < 0:
			better = true
		}
	}
	return better
}

// ranking orders cells by their goals.
type ranking struct {
	cells  []*Cell
	points []point // by cell
}

// compare goes by the first goal, then by the next; the cells' order is last.
func (r ranking) compare(a, b *Cell) int {
	for i, c := range r.points[a.Index] {
		if d := c.compare(r.points[b.Index][i]); d != 0 {
			return d
		}
	}
	return cmp.Compare(a.Index, b.Index)
}

// front returns the cells that no other dominates, in the order of the goals.
// In that order no cell is dominated by a later one: each is held against those
// that have stayed.
func (r ranking) front(cells []*Cell) []*Cell {
	var front []*Cell
	for _, c := range slices.SortedFunc(slices.Values(cells), r.compare) {
		if !slices.ContainsFunc(front, func(f *Cell) bool { return r.points[f.Index].dominates(r.points[c.Index]) }) {
			front = append(front, c)
		}
	}
	return front
}

// fullest is the cell in which most fits: in most runs everything; then the
// fewest pods wait and the fewest are gone without an address, in the median; then
// the goals decide.
func (r ranking) fullest(cells []*Cell) *Cell {
	waiting, _ := metrics.Find("pods.pending")
	gone, _ := metrics.Find("pods.gone")
	return slices.MinFunc(cells, func(a, b *Cell) int {
		return cmp.Or(
			cmp.Compare(b.Fitting, a.Fitting),
			waiting.Compare(a.Spread(waiting).Median, b.Spread(waiting).Median),
			gone.Compare(a.Spread(gone).Median, b.Spread(gone).Median),
			r.compare(a, b))
	})
}

// scale is how finely the balance measures: a goal's best value on the front is
// 0 away from itself, its worst so much.
const scale = 10_000

// balanced is the cell of a front that is nearest to the point that is best in
// every goal: the sum of the squares of its distances is least. Whole numbers
// decide.
func (r ranking) balanced(front []*Cell) *Cell {
	away := make(map[*Cell]int64, len(front))
	for i := range r.points[front[0].Index] {
		worst, best := r.extremes(front, i)
		for _, c := range front {
			d := r.points[c.Index][i].distance(worst, best)
			away[c] += d * d
		}
	}
	return slices.MinFunc(front, func(a, b *Cell) int {
		return cmp.Or(cmp.Compare(away[a], away[b]), r.compare(a, b))
	})
}

// extremes are the worst and the best of what the cells reach of a goal, as far
// as it is known.
func (r ranking) extremes(cells []*Cell, goal int) (worst, best metrics.Value) {
	for _, c := range cells {
		at := r.points[c.Index][goal]
		if !at.value.Known {
			continue
		}
		if !best.Known || at.goal.Metric.Compare(at.value, best) < 0 {
			best = at.value
		}
		if !worst.Known || at.goal.Metric.Compare(at.value, worst) > 0 {
			worst = at.value
		}
	}
	return worst, best
}

// distance is how far a value is from the best, of scale. What is unknown is as
// far as can be where anything is known.
func (c coordinate) distance(worst, best metrics.Value) int64 {
	switch {
	case worst == best:
		return 0
	case !c.value.Known:
		return scale
	}
	return (c.value.N - best.N) * scale / (worst.N - best.N)
}
