package cli

import (
	"runtime"

	"vpcsim/cmd/simulate/internal/capacity"
)

// chanceSeeds is with how many seeds an answer is tried, that of the answer
// included.
const chanceSeeds = 5

// seedsOf runs the values at the edges of an answer, which was found with one
// seed, with those that follow it.
func (p *prober) seedsOf(first uint64, edges []capacity.Probe, set func(int) string) (*capacity.Chance, error) {
	if !p.chance || len(edges) == 0 {
		return nil, nil
	}
	out := &capacity.Chance{First: first, Seeds: chanceSeeds}
	cost := int64(0)
	for _, e := range edges {
		cost += e.Events * (chanceSeeds - 1)
		tried := capacity.SeedsTried{Value: e.Value, Answers: e.Fits()}
		if e.Fits() {
			tried.Fits = 1
		}
		out.Tried = append(out.Tried, tried)
	}
	if cost > p.budget.chance {
		out.Skipped = cost
		return out, nil
	}
	p.doing = "with other seeds:"
	fits := make([]bool, len(edges)*(chanceSeeds-1))
	err := inParallel(p.ctx, len(fits), runtime.GOMAXPROCS(0), func(i int) error {
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
