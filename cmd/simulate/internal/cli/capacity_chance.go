package cli

import (
	"vpcsim/cmd/simulate/internal/capacity"
)

// chanceSeeds is with how many seeds an answer is tried, that of the answer
// included, fewerSeeds where the runs are costly.
const (
	chanceSeeds = 5
	fewerSeeds  = 3
)

// seedsOf runs the values at the edges of an answer, which was found with one
// seed, with those that follow it.
func (p *prober) seedsOf(first uint64, edges []capacity.Probe, set func(int) string) (*capacity.Chance, error) {
	if !p.chance || len(edges) == 0 {
		return nil, nil
	}
	out := &capacity.Chance{First: first, Seeds: chanceSeeds}
	each := int64(0)
	for _, e := range edges {
		each += e.Events
		tried := capacity.SeedsTried{Value: e.Value, Answers: e.Fits()}
		if e.Fits() {
			tried.Fits = 1
		}
		out.Tried = append(out.Tried, tried)
	}
	if each*(chanceSeeds-1) > p.budget.chance {
		out.Seeds = fewerSeeds
	}
	others := out.Seeds - 1
	if each*int64(others) > p.budget.chance {
		out.Seeds, out.Skipped = chanceSeeds, each*(chanceSeeds-1)
		return out, nil
	}
	fits := make([]bool, len(edges)*others)
	err := inParallel(p.ctx, len(fits), len(fits), func(i int) error {
		value := edges[i%len(edges)].Value
		probe, err := p.probe(value, []string{set(value)}, uint64(1+i/len(edges)), 1)
		fits[i] = probe.Held(p.expected).Fits()
		return err
	})
	for i, does := range fits {
		if does {
			out.Tried[i%len(edges)].Fits++
		}
	}
	return out, err
}
