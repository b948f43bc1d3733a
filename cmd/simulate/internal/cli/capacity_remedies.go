package cli

import (
	"vpcsim/cmd/simulate/internal/capacity"
	"vpcsim/scenarios"
)

// The values of --remedies, which says what of them is tried.
const (
	remediesSome = "true" // as many as the budget allows
	remediesNone = "false"
	remediesAll  = "all"
)

// capacityBudget is what the command may cost, in events simulated: two cores of
// a laptop play about a million a second.
type capacityBudget struct {
	search   int64 // of one search
	remedies int64 // of those of all remedies together
	chance   int64 // of the runs with other seeds
}

var defaultBudget = capacityBudget{search: 30_000_000, remedies: 30_000_000, chance: 10_000_000}

// try runs the remedies against what stopped the search. Unless all are wanted
// it leaves out those for which the budget has no room left.
func (p *prober) try(report *capacity.Report, s *scenarios.Scenario, where capacity.Range, all bool, numbered func(int) string) error {
	answer := report.Answer
	want := capacity.Largest
	if answer.Shape() == capacity.ShapeFrom {
		want = capacity.Fewest
	}
	counts := answer.Counts(capacity.Both)
	if counts != nil {
		where.Start = counts.Value
	}
	left := p.budget.remedies
	for _, r := range capacity.Remedies(s, answer.Stops(capacity.Both).Stop, report.Path) {
		done := capacity.Remedied{Remedy: r, Want: want}
		if invalid := p.loads(r.Changes); invalid != nil {
			done.Stop = invalid
			report.Remedies = append(report.Remedies, done)
			continue
		}
		// The search for a remedy costs about what the first did.
		if !all && left < answer.Events {
			report.Untried = append(report.Untried, r)
			continue
		}
		p.doing = r.Name + ": trying"
		where.Budget = left
		if all {
			where.Budget = p.budget.search
		}
		if err := p.remedy(&done, where, counts, numbered); err != nil {
			return err
		}
		left -= done.Answer.Events
		report.Remedies = append(report.Remedies, done)
	}
	return nil
}

// remedy searches with the changes of a remedy. Counts is the answer without it.
func (p *prober) remedy(done *capacity.Remedied, where capacity.Range, counts *capacity.Probe, numbered func(int) string) error {
	run := remember(p.runner(done.Changes, numbered)).run
	expected, err := p.expected, error(nil)
	if counts != nil {
		if expected, done.Breaks, err = p.broken(counts.Value, run); err != nil {
			return err
		}
	}
	done.Answer, err = capacity.Search(where, done.Want, held(run, expected))
	return err
}
