package cli

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"vpcsim/cmd/simulate/internal/capacity"
	"vpcsim/scenarios"
)

// expect makes the prober hold runs against the scenario's expectations, and
// whether against all of them, whatever they say.
func (p *prober) expect(s *scenarios.Scenario, all bool) {
	p.askAll = all
	for _, e := range s.Expect {
		p.expected = append(p.expected, capacity.Expected{That: e.That, When: e.When()})
	}
}

// remembered is a runner that runs no value twice, and what it has run.
type remembered struct {
	known map[int]capacity.Probe
	next  capacity.Runner
}

func remember(run capacity.Runner) *remembered {
	return &remembered{known: map[int]capacity.Probe{}, next: run}
}

// run runs what isn't known.
func (r *remembered) run(values []int) ([]capacity.Probe, error) {
	missing := slices.DeleteFunc(slices.Clone(values), func(v int) bool { _, ok := r.known[v]; return ok })
	if len(missing) > 0 {
		probes, err := r.next(missing)
		if err != nil {
			return nil, err
		}
		for _, probe := range probes {
			r.known[probe.Value] = probe
		}
	}
	out := make([]capacity.Probe, len(values))
	for i, v := range values {
		out[i] = r.known[v]
	}
	return out, nil
}

// all are the probes by their values.
func (r *remembered) all() []capacity.Probe {
	return slices.SortedFunc(maps.Values(r.known), func(a, b capacity.Probe) int { return cmp.Compare(a.Value, b.Value) })
}

// held is a runner whose probes are held against expectations.
func held(run capacity.Runner, expected []capacity.Expected) capacity.Runner {
	return func(values []int) ([]capacity.Probe, error) {
		probes, err := run(values)
		out := make([]capacity.Probe, len(probes))
		for i, probe := range probes {
			out[i] = probe.Held(expected)
		}
		return out, err
	}
}

// search answers the question of a report: first by what runs and waits alone,
// which settles what expectations are asked, then with those.
func (p *prober) search(report *capacity.Report, where capacity.Range, numbered func(int) string) (err error) {
	r := remember(p.runner("trying "+report.Path, nil, numbered))
	if report.Answer, err = capacity.Search(where, report.Want, r.run); err != nil || len(p.expected) == 0 {
		return err
	}
	if report.Today != nil && !p.askAll {
		today := *report.Today
		beside := slices.DeleteFunc([]int{today - 1, today, today + 1}, func(v int) bool { return v < 0 })
		if _, err := r.run(beside); err != nil {
			return err
		}
		p.leaveAside(r.all(), today)
	}
	report.Expected = p.expected
	// What fits then fitted before: the same range will do, and the values that
	// were run say where to look.
	without := report.Answer
	again := capacity.Range{Low: without.Low, High: without.High, First: slices.Sorted(maps.Keys(r.known)), Budget: where.Budget}
	if report.Answer, err = capacity.Search(again, report.Want, held(r.run, p.expected)); err != nil {
		return err
	}
	report.Answer.Open, report.Answer.Further = without.Open, without.Further
	if !sameEdges(without, report.Answer) {
		report.Without = &without
	}
	return nil
}

func (p *prober) leaveAside(probes []capacity.Probe, today int) {
	for i, aside := range capacity.Asides(len(p.expected), probes, today) {
		p.expected[i].Aside = aside
	}
}

// sameEdges reports whether two answers find that the same fits.
func sameEdges(a, b capacity.Answer) bool {
	value := func(p *capacity.Probe) int {
		if p == nil {
			return -1
		}
		return p.Value
	}
	return value(a.Smallest) == value(b.Smallest) && value(a.Largest) == value(b.Largest) && value(a.Gap) == value(b.Gap)
}

// broken are the expectations that a remedy breaks with a value that fits
// without it, and what is expected beside them.
func (p *prober) broken(value int, run capacity.Runner) ([]capacity.Expected, []capacity.Unmet, error) {
	if len(p.expected) == 0 {
		return nil, nil, nil
	}
	probes, err := run([]int{value})
	if err != nil || !probes[0].Fits() {
		return p.expected, nil, err
	}
	expected := slices.Clone(p.expected)
	var broken []capacity.Unmet
	for _, u := range probes[0].Unmet {
		if expected[u.Index].Aside == "" {
			expected[u.Index].Aside = capacity.Broken
			broken = append(broken, u)
		}
	}
	return expected, broken, nil
}

// judgeSizes holds the sizes of a subnet, which are by the lengths of their
// prefixes, against what is expected.
func (p *prober) judgeSizes(report *capacity.Report, probes []capacity.Probe, today int) []capacity.Probe {
	if len(p.expected) == 0 {
		return probes
	}
	if !p.askAll {
		p.leaveAside(probes, today)
	}
	report.Expected = p.expected
	smallest := func(probes []capacity.Probe) int { return slices.IndexFunc(probes, capacity.Probe.Fits) }
	out := make([]capacity.Probe, len(probes))
	for i, probe := range probes {
		out[i] = probe.Held(p.expected)
	}
	if without := smallest(probes); without != smallest(out) {
		report.WithoutSize = &without
	}
	return out
}

// joined are the expectations that don't hold in one run or another, each once.
func joined(a, b []capacity.Unmet) []capacity.Unmet {
	for _, u := range b {
		if !slices.ContainsFunc(a, func(v capacity.Unmet) bool { return v.Index == u.Index }) {
			a = append(a, u)
		}
	}
	slices.SortFunc(a, func(u, v capacity.Unmet) int { return cmp.Compare(u.Index, v.Index) })
	return a
}

// named are expectations that don't hold, in their own words: those of which
// something was absent were not looked at as they stand.
func (p *prober) named(unmet []capacity.Unmet, absent error) []capacity.Unmet {
	var mistakes scenarios.Errors
	errors.As(absent, &mistakes)
	for _, m := range mistakes {
		i, _ := expectationOf(m.Path)
		for k := range unmet {
			if unmet[k].Index == i && i < len(p.expected) {
				e := p.expected[i]
				unmet[k] = capacity.Unmet{Index: i, That: e.That, When: e.When, Why: placeAtEnd.ReplaceAllString(m.Message, "")}
			}
		}
	}
	return unmet
}
