package sweep

import (
	"slices"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/sim"
)

// Cell is a combination of values with the numbers of its runs.
type Cell struct {
	Index int
	// Fitting counts the runs in which everything fits, of Runs.
	Fitting, Runs int
	// Keeps counts, for each bound, the runs that keep it; KeepsAll those that
	// keep all of them.
	Keeps    []int
	KeepsAll int
	// Holds counts, for each expectation, the runs in which it holds; HoldsAll
	// those in which all hold that are asked.
	Holds    []int
	HoldsAll int
	// Front: the cell is on the Pareto front: no cell of those that are in
	// question is better in one goal and no worse in the others.
	Front bool

	runs []metrics.Numbers
}

// Fits reports whether everything fits in every run.
func (c *Cell) Fits() bool { return c.Fitting == c.Runs }

// Allowed reports whether everything fits, every bound is kept, and every
// expectation holds that is asked, in every run.
func (c *Cell) Allowed() bool { return c.Fits() && c.KeepsAll == c.Runs && c.Meets() }

// Meets reports whether every expectation holds that is asked, in every run.
func (c *Cell) Meets() bool { return c.HoldsAll == c.Runs }

// holds reports whether an expectation holds in every run.
func (c *Cell) holds(expectation int) bool { return c.Holds[expectation] == c.Runs }

// Failed are the expectations that don't hold in every run, by their index.
func (c *Cell) Failed() []int {
	var failed []int
	for i := range c.Holds {
		if !c.holds(i) {
			failed = append(failed, i)
		}
	}
	return failed
}

// Spread is a metric over the runs of a cell. Percentiles are the nearest rank
// of the runs in which the value is known; of a single run all are its value.
type Spread struct {
	Median, P5, P95, Min, Max metrics.Value
}

// Spread returns a metric over the cell's runs.
func (c *Cell) Spread(m metrics.Metric) Spread {
	var ns []int64
	for _, r := range c.runs {
		if v := r.Get(m); v.Known {
			ns = append(ns, v.N)
		}
	}
	slices.Sort(ns)
	at := func(p int) metrics.Value { return percentile(ns, p) }
	return Spread{Median: at(50), P5: at(5), P95: at(95), Min: at(0), Max: at(100)}
}

// percentile returns the smallest of the sorted numbers that p per cent of them
// don't exceed, the first for 0; unknown if there are none.
func percentile(sorted []int64, p int) metrics.Value {
	if len(sorted) == 0 {
		return metrics.Value{}
	}
	rank := (p*len(sorted) + 99) / 100
	return metrics.Value{N: sorted[max(rank, 1)-1], Known: true}
}

// Lasting are the kinds of exhaustion that were not over at the end of a run, by
// name.
func (c *Cell) Lasting() []sim.Kind {
	return union(c.runs, func(n metrics.Numbers) []sim.Kind { return n.Lasting })
}

// Unpriced are the instance types without a known price, by name.
func (c *Cell) Unpriced() []string {
	return union(c.runs, func(n metrics.Numbers) []string { return n.Unpriced })
}

func union[T ~string](runs []metrics.Numbers, of func(metrics.Numbers) []T) []T {
	var all []T
	for _, r := range runs {
		all = append(all, of(r)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func newCell(index int, runs []metrics.Numbers, bounds []metrics.Bound, expectations int) *Cell {
	c := &Cell{Index: index, Runs: len(runs), Keeps: make([]int, len(bounds)), Holds: make([]int, expectations), runs: runs}
	for i := range c.Holds {
		c.Holds[i] = c.Runs
	}
	for _, r := range runs {
		for _, failed := range r.Failed {
			c.Holds[failed]--
		}
		if r.Fits() {
			c.Fitting++
		}
		broken := false
		for i, b := range bounds {
			if b.Keeps(r.Get(b.Metric)) {
				c.Keeps[i]++
			} else {
				broken = true
			}
		}
		if !broken {
			c.KeepsAll++
		}
	}
	return c
}
