package explain

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/eventful"
	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

// What the log says that a check decided is what our agent, folded from the log
// up to there, would have decided: the rule, the reason and every number. And
// the check lies on the grid that it foresaw.
func TestTheAgentForeseesEveryDecisionOfTheLog(t *testing.T) {
	foreseen := 0
	for _, entry := range scenarios.Library() {
		t.Run(entry.Name, func(t *testing.T) {
			sc, err := entry.Load(scenarios.Options{})
			require.NoError(t, err)
			foreseen += foresees(t, sc.Config())
		})
	}
	for seed := range int64(40) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			text := eventful.Scenario(rand.New(rand.NewSource(seed)))
			until := 20 * time.Minute
			sc, err := scenarios.Load("eventful.yaml", []byte(text), scenarios.Options{Until: &until})
			require.NoError(t, err, text)
			foreseen += foresees(t, sc.Config())
		})
	}
	// With several network cards each has a pool, and a check goes through them one
	// after the other.
	ofCards := 0
	for seed := range int64(20) {
		t.Run(fmt.Sprint("cards, seed ", seed), func(t *testing.T) {
			text := eventful.Scenario(rand.New(rand.NewSource(seed)))
			until := 20 * time.Minute
			sc, err := scenarios.Load("eventful.yaml", []byte(text), scenarios.Options{
				Until: &until,
				Set:   []string{"nodeGroups.n.instanceType=p4d.24xlarge", "vpc.subnets.a.cidr=10.0.0.0/24"},
				Env:   []string{"ENABLE_MULTI_NIC=true"},
			})
			require.NoError(t, err, text)
			ofCards += foresees(t, sc.Config())
		})
	}
	require.Greater(t, ofCards, 1000)
	require.Greater(t, foreseen, 1000)
}

// foresees plays a run and compares.
func foresees(t *testing.T, cfg sim.Config) int {
	agents := map[model.NodeName]*agent{}
	compared := 0
	require.NoError(t, sim.Run(cfg, func(e sim.Event) error {
		if b, ok := e.Body.(sim.NodeLaunched); ok {
			agents[e.Node] = newAgent(b)
		}
		a := agents[e.Node]
		if b, ok := e.Body.(sim.PodReleased); ok && a == nil {
			for _, other := range agents {
				other.releaseAll(e.At, b)
			}
		}
		if a == nil {
			return nil
		}
		if a.checks() {
			got, act := sim.PoolDecision{}, skips
			switch b := e.Body.(type) {
			case sim.PoolGrow:
				got, act = b.PoolDecision, grows
			case sim.PoolShrink:
				got, act = b.PoolDecision, shrinks
			case sim.PoolSkip:
				got = b.PoolDecision
			case sim.PoolFree:
				p, free := a.eni(b.ENI)
				if _, own := p.keeps(free, e.At); len(own) > 0 {
					return fmt.Errorf("event %d: %s frees %s, which %v keeps", e.Seq, e.Node, b.ENI, own)
				}
			}
			if got.Rule != "" {
				compared++
				p, goesOn := a.pool(got.Card), e.At == a.loop.at
				v := p.decideNow(e.At)
				if !a.up && v.act != grows && v.Rule != model.RuleGrow {
					v.act, v.Rule = skips, model.RuleTooLow // a start does not shrink
					_, v.Reason = model.TooLow(v.stats, p.settings, a.limits())
				}
				if len(a.pools) > 1 && act == skips && got.Rule == model.RuleShrink && v.Rule == model.RuleShrink {
					// A check that waits for EC2 for one card may shrink that of another in
					// vain after that, or before: the log doesn't say.
					v.act, v.Reason = act, got.Reason
				}
				if v.act != act || v.PoolDecision != got {
					return fmt.Errorf("event %d at %s on %s: %s %+v, but foreseen %s %+v", e.Seq, e.At, e.Node, act, got, v.act, v.PoolDecision)
				}
				if call := a.busy(); a.up && call != "" {
					return fmt.Errorf("event %d at %s on %s: a check was thought to wait for %s", e.Seq, e.At, e.Node, call)
				}
				if next := a.nextCheck(e.At - 1); a.up && !goesOn && next != e.At {
					return fmt.Errorf("event %d at %s on %s: a check was foreseen at %s", e.Seq, e.At, e.Node, next)
				}
			}
		}
		a.apply(e)
		return nil
	}))
	return compared
}
