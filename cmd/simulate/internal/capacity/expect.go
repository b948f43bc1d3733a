package capacity

import (
	"cmp"
	"slices"
)

// Unmet is an expectation of the scenario that doesn't hold in a run.
type Unmet struct {
	Index int
	That  string
	// When it is looked at, in words.
	When string
	// Values are those of parts of it, Why is what can't be computed, Because what
	// the scenario's author says.
	Values  []string
	Why     string
	Because string
}

// Expected is an expectation of the scenario, and whether values are held
// against it.
type Expected struct {
	That, When string
	Aside      Aside
}

// Aside is why an expectation stops no value: a scenario may say how it runs at
// its own size, and that is no demand on another. Empty: it is asked.
type Aside string

// The reasons.
const (
	// OwnValue: it holds with the value of the file, and neither with the one below
	// nor with the one above.
	OwnValue Aside = "own-value"
	// Shortage: it holds with the value of the file, where not everything fits, and
	// of those that fit with none, or with the nearest alone, where nothing is left.
	Shortage Aside = "shortage"
	// Broken: a remedy breaks it with what fits without the remedy; of remedies.
	Broken Aside = "broken"
)

// Asides says of each of n expectations why it is not asked, judged by probes
// that are stopped by nothing that is expected. Today is the value of the file.
func Asides(n int, probes []Probe, today int) []Aside {
	out := make([]Aside, n)
	at := func(value int) *Probe {
		i := slices.IndexFunc(probes, func(p Probe) bool { return p.Value == value })
		if i < 0 || probes[i].invalid() {
			return nil
		}
		return &probes[i]
	}
	own, below, above := at(today), at(today-1), at(today+1)
	if own == nil {
		return out
	}
	fitting := slices.DeleteFunc(slices.Clone(probes), func(p Probe) bool { return !p.Fits() })
	slices.SortFunc(fitting, func(a, b Probe) int { return cmp.Compare(distance(a.Value, today), distance(b.Value, today)) })
	for i := range out {
		switch {
		case !own.holds(i):
		case !own.Fits() && len(fitting) > 0 && !anyHolds(fitting[1:], i) && (len(fitting) > 1 || !fitting[0].holds(i)):
			out[i] = Shortage
		case below != nil && above != nil && !below.holds(i) && !above.holds(i):
			out[i] = OwnValue
		}
	}
	return out
}

func distance(a, b int) int { return max(a-b, b-a) }

func anyHolds(probes []Probe, expectation int) bool {
	return slices.ContainsFunc(probes, func(p Probe) bool { return p.holds(expectation) })
}

func (p Probe) invalid() bool { return p.Stop != nil && p.Stop.Kind == KindInvalid }

// holds reports whether an expectation holds in all runs of the probe.
func (p Probe) holds(expectation int) bool {
	return !slices.ContainsFunc(p.Unmet, func(u Unmet) bool { return u.Index == expectation })
}

// Held is the probe held against the expectations that are asked: the first that
// doesn't hold stops it, if nothing else does.
func (p Probe) Held(expected []Expected) Probe {
	if p.Stop != nil {
		return p
	}
	for _, u := range p.Unmet {
		if expected[u.Index].Aside == "" {
			p.Stop = &Stop{Kind: KindExpectation, Running: p.Use.Pods, Expectation: &u}
			break
		}
	}
	return p
}
