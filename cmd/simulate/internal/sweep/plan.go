package sweep

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/metrics"
)

// Plan is what a sweep runs and how it is judged.
type Plan struct {
	// Scenario is the name of what is varied.
	Scenario   string      `json:"scenario"`
	Dimensions []Dimension `json:"dimensions"`
	// Seeds is nil where every cell runs once, with the scenario's own seed.
	Seeds *Seeds `json:"seeds"`
	// Metrics are the names of those to show; none: a choice that fits.
	Metrics []string `json:"metrics"`
	// Objective are what is to be had least or most of, the most important first:
	// min:addresses.idleMean. None: DefaultObjective.
	Objective []string `json:"objective"`
	// Require are bounds: latency.startP99<=5s.
	Require []string `json:"require"`
	// Expect are the scenario's expectations, which every run is held against;
	// none: they are left out.
	Expect []Expected `json:"expect,omitempty"`
	// AskAll: each of them is asked of every cell, whatever it tells apart.
	AskAll bool `json:"askAll,omitempty"`
}

// Seeds are Count seeds, each greater by one than the one before.
type Seeds struct {
	First uint64 `json:"first"`
	Count int    `json:"count"`
}

// MaxRuns bounds the runs of a sweep: their numbers are held in memory, less
// than a kilobyte each.
const MaxRuns = 100_000

// Check refuses a plan that can't be carried out.
func (p *Plan) Check() error {
	if len(p.Dimensions) == 0 && p.Seeds == nil {
		return errors.New("there is nothing to vary; add --vary or --seeds")
	}
	for _, d := range p.Dimensions {
		if len(d.Values) == 0 || d.Path == "" {
			return fmt.Errorf("%s has no values", d.Path)
		}
	}
	if err := checkPaths(p.Dimensions); err != nil {
		return err
	}
	if s := p.Seeds; s != nil {
		if s.Count < 1 {
			return errors.New("there are no seeds")
		}
		if s.First > math.MaxUint64-uint64(s.Count-1) {
			return fmt.Errorf("there are no %d seeds from %d on", s.Count, s.First)
		}
		for _, d := range p.Dimensions {
			if d.Path == "seed" {
				return errors.New("seed is varied, and there are --seeds")
			}
		}
	}
	if p.Runs() > MaxRuns {
		return fmt.Errorf("%s; at most %d are possible", p.Size(), MaxRuns)
	}
	return nil
}

// Cells is the number of combinations.
func (p *Plan) Cells() int {
	n := 1
	for _, d := range p.Dimensions {
		n = product(n, len(d.Values))
	}
	return n
}

// Runs is the number of runs.
func (p *Plan) Runs() int { return product(p.Cells(), p.perCell()) }

// perCell is how often a cell is run.
func (p *Plan) perCell() int {
	if p.Seeds == nil {
		return 1
	}
	return p.Seeds.Count
}

// product multiplies numbers from 1, and stays far above MaxRuns where it is.
func product(a, b int) int {
	if a > math.MaxInt32/b {
		return math.MaxInt32
	}
	return a * b
}

// Size says how many runs there are and why: 6 runs (3 × 2 values).
func (p *Plan) Size() string {
	var factors []string
	for _, d := range p.Dimensions {
		factors = append(factors, fmt.Sprintf("%d of %s", len(d.Values), d.Path))
	}
	if p.Seeds != nil {
		factors = append(factors, fmt.Sprintf("%d seeds", p.Seeds.Count))
	}
	count := fmt.Sprint(p.Runs())
	if p.Runs() == math.MaxInt32 {
		count = "thousands of millions of"
	}
	return fmt.Sprintf("%s runs (%s)", count, strings.Join(factors, " × "))
}

// Values are those of a cell, one a dimension.
func (p *Plan) Values(cell int) []string {
	values := make([]string, len(p.Dimensions))
	for i, d := range slices.Backward(p.Dimensions) {
		values[i] = d.Values[cell%len(d.Values)]
		cell /= len(d.Values)
	}
	return values
}

// Set are the changes that make the cell of the scenario, as those of --set.
func (p *Plan) Set(cell int) []string {
	var set []string
	for i, v := range p.Values(cell) {
		set = append(set, p.Dimensions[i].Path+"="+v)
	}
	return set
}

// Run is a run of a sweep.
type Run struct {
	Cell int
	// Seed is nil: the scenario's own.
	Seed *uint64
}

// Run returns the run of a number.
func (p *Plan) Run(n int) Run {
	r := Run{Cell: n / p.perCell()}
	if p.Seeds != nil {
		seed := p.Seeds.First + uint64(n%p.perCell())
		r.Seed = &seed
	}
	return r
}

// Words names a cell: WARM_IP_TARGET=5, instanceType=m5.large. It is empty
// where nothing but seeds is varied.
func (p *Plan) Words(cell int) string {
	var words []string
	titles := p.Titles()
	for i, v := range p.Values(cell) {
		if v == Unset {
			words = append(words, titles[i]+" unset")
		} else {
			words = append(words, titles[i]+"="+v)
		}
	}
	return strings.Join(words, ", ")
}

// Unset is the value that takes a variable away, or restores a default.
const Unset = "null"

// Titles are short names of the dimensions: as much of the ends of their paths
// as tells them apart.
func (p *Plan) Titles() []string {
	title := func(path string, parts int) string {
		all := keys(path)
		return strings.Join(all[max(len(all)-parts, 0):], ".")
	}
	titles := make([]string, len(p.Dimensions))
	for i, d := range p.Dimensions {
		parts := 1
		for slices.ContainsFunc(p.Dimensions, func(e Dimension) bool {
			return e.Path != d.Path && title(e.Path, parts) == title(d.Path, parts)
		}) && parts < len(keys(d.Path)) {
			parts++
		}
		titles[i] = title(d.Path, parts)
	}
	return titles
}

// Outcome is how the plan's outcome is judged, parsed.
type outcome struct {
	shown     []metrics.Metric
	objective []Goal
	require   []metrics.Bound
}

// parse reads what the plan says of judging.
func (p *Plan) parse() (o outcome, err error) {
	for _, name := range p.Metrics {
		m, err := metrics.Named(name)
		if err != nil {
			return o, fmt.Errorf("--metrics: %w", err)
		}
		o.shown = append(o.shown, m)
	}
	goals := p.Objective
	if len(goals) == 0 {
		goals = DefaultObjective()
	}
	for _, text := range goals {
		g, err := ParseGoal(text)
		if err != nil {
			return o, fmt.Errorf("--objective: %w", err)
		}
		if slices.ContainsFunc(o.objective, func(h Goal) bool { return h.Metric.Name == g.Metric.Name }) {
			return o, fmt.Errorf("--objective: %s is there twice", g.Metric.Name)
		}
		o.objective = append(o.objective, g)
	}
	for _, text := range p.Require {
		b, err := metrics.ParseBound(text)
		if err != nil {
			return o, fmt.Errorf("--require %s: %w", text, err)
		}
		o.require = append(o.require, b)
	}
	return o, nil
}

// CheckJudging refuses metrics, objectives and bounds that there are not.
func (p *Plan) CheckJudging() error {
	_, err := p.parse()
	return err
}

// Misfits are the seeds with which not everything fits in a cell.
func (p *Plan) Misfits(c *Cell) []uint64 {
	var seeds []uint64
	if p.Seeds == nil {
		return nil
	}
	for i, r := range c.runs {
		if !r.Fits() {
			seeds = append(seeds, p.Seeds.First+uint64(i))
		}
	}
	return seeds
}
