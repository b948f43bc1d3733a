package cli

import (
	"reflect"
	"slices"

	"vpcsim/cmd/simulate/internal/capacity"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

// The values of --remedies, which says what of them is tried.
const (
	remediesSome = "true" // as many as the budget allows
	remediesNone = "false"
	remediesAll  = "all"
)

// capacityBudget is what the command may cost, in events simulated: two cores of
// a laptop play about half a million a second.
type capacityBudget struct {
	search   int64 // of one search
	remedies int64 // of those of all remedies together
	chance   int64 // of the runs with other seeds
}

var defaultBudget = capacityBudget{search: 15_000_000, remedies: 9_000_000, chance: 3_000_000}

// leastRuns is how many runs of the value that doesn't fit a remedy gets at
// least: with fewer it isn't tried.
const leastRuns = 4

// remedies are those against what stopped the search, of which some are left
// out: those that change nothing, and unless all are wanted those for which the
// budget has no room.
func (p *prober) remedies(report *capacity.Report, s *scenarios.Scenario, all bool, numbered func(int) string) (tried, untried []capacity.Remedy) {
	stop := report.Answer.Stops(capacity.Both)
	tried = slices.DeleteFunc(capacity.Remedies(s, stop.Stop, report.Path), func(r capacity.Remedy) bool {
		return p.same(nil, r.Changes, numbered(stop.Value))
	})
	if all {
		return tried, nil
	}
	room := p.budget.remedies / max(leastRuns*stop.Events, 1)
	n := int(min(room, int64(len(tried))))
	return tried[:n], tried[n:]
}

// same reports whether the scenario is the same with either changes: it is run
// alike.
func (p *prober) same(a, b []string, value string) bool {
	config := func(changes []string) (sim.Config, bool) {
		s, _, _ := p.load.forgiving(p.options(append(slices.Clone(changes), value)...))
		if s == nil {
			return sim.Config{}, false
		}
		cfg := configOf(s)
		// As it was written is one thing, what is run another.
		cfg.Scenario, cfg.Digest, cfg.Notes = nil, "", nil
		return cfg, true
	}
	one, ok := config(a)
	other, okToo := config(b)
	return ok && okToo && reflect.DeepEqual(one, other)
}

// try runs the remedies against what stopped the search, side by side.
func (p *prober) try(report *capacity.Report, s *scenarios.Scenario, where capacity.Range, all bool, numbered func(int) string) error {
	var tried []capacity.Remedy
	tried, report.Untried = p.remedies(report, s, all, numbered)
	if len(tried) == 0 {
		return nil
	}
	want := capacity.Largest
	if report.Answer.Shape() == capacity.ShapeFrom {
		want = capacity.Fewest
	}
	// Whether the next value fits with it is what one wants to know first.
	stop, counts := report.Answer.Stops(capacity.Both), report.Answer.Counts(capacity.Both)
	where.Brief, where.Start, where.First = true, stop.Value, nil
	if counts != nil {
		where.First = []int{counts.Value}
	}
	where.Budget = p.budget.remedies / int64(len(tried))
	if all {
		where.Budget = p.budget.search
	}
	left := p.told.among(len(tried))
	report.Remedies = make([]capacity.Remedied, len(tried))
	return inParallel(p.ctx, len(tried), len(tried), func(i int) error {
		where := where
		where.Left = func(runs int) { left(i, runs) }
		defer where.Left(0)
		done := &report.Remedies[i]
		*done = capacity.Remedied{Remedy: tried[i], Want: want}
		if done.Stop = p.loads(tried[i].Changes); done.Stop != nil {
			return nil
		}
		return p.remedy(done, where, counts, numbered)
	})
}

// remedy searches with the changes of a remedy. Counts is the answer without it.
func (p *prober) remedy(done *capacity.Remedied, where capacity.Range, counts *capacity.Probe, numbered func(int) string) error {
	run := remember(p.runner(done.Name+": trying", done.Changes, numbered)).run
	expected, err := p.expected, error(nil)
	if counts != nil {
		if expected, done.Breaks, err = p.broken(counts.Value, run); err != nil {
			return err
		}
	}
	done.Answer, err = capacity.Search(where, done.Want, held(run, expected))
	return err
}
