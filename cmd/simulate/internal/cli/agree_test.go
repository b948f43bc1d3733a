package cli_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// eventful writes a scenario in which much happens to a few nodes: pods come
// and go, agents restart with other settings, nodes are cordoned and lost.
func eventful(rng *rand.Rand) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
name: eventful
seed: %d
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, zone: us-west-2a, cidr: 10.0.0.0/%d, inUse: {count: 9, placement: scattered}}]
nodeGroups: [{name: n, instanceType: %s, count: 3, subnets: [a]}]
steps:
`, rng.Intn(100), 25+rng.Intn(3), []string{"m5.large", "t3.small", "c5.large"}[rng.Intn(3)])
	env := []string{
		"{WARM_IP_TARGET: 3}", "{ENABLE_PREFIX_DELEGATION: true}", "{ENABLE_PREFIX_DELEGATION: false}",
		"{WARM_ENI_TARGET: 0}", "{WARM_IP_TARGET: null}", "{MINIMUM_IP_TARGET: 8}", "{WARM_PREFIX_TARGET: 0}",
		"{IP_COOLDOWN_PERIOD: 5}", "{ENABLE_SUBNET_DISCOVERY: false}",
	}
	pod := 0
	for at := 1; at < 900; at += 1 + rng.Intn(12) {
		node := rng.Intn(3)
		switch k := rng.Intn(20); {
		case k < 10:
			fmt.Fprintf(&b, "  - {at: %ds, create: {pod: p-%d, node: n-%d}}\n", at, pod, node)
			pod++
		case k < 16 && pod > 0:
			fmt.Fprintf(&b, "  - {at: %ds, delete: {pod: p-%d}}\n", at, rng.Intn(pod))
		case k == 16:
			fmt.Fprintf(&b, "  - {at: %ds, setEnv: %s}\n", at, env[rng.Intn(len(env))])
		case k == 17:
			fmt.Fprintf(&b, "  - {at: %ds, restartAgent: {node: n-%d, env: %s}}\n", at, node, env[rng.Intn(len(env))])
		case k == 18:
			fmt.Fprintf(&b, "  - {at: %ds, %s: {node: n-%d}}\n", at, []string{"cordon", "uncordon", "drain"}[rng.Intn(3)], node)
		case k == 19 && rng.Intn(5) == 0:
			fmt.Fprintf(&b, "  - {at: %ds, terminate: {node: n-2}}\n", at)
		}
	}
	return b.String()
}

// What the log's decisions say the agent saw, and what its episodes say the
// subnet had, is what the fold of the log up to there says.
func TestTheFoldAgreesWithTheNumbersInTheLog(t *testing.T) {
	for seed := range int64(25) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			text := eventful(rand.New(rand.NewSource(seed)))
			until := 20 * time.Minute
			sc, err := scenarios.Load("eventful.yaml", []byte(text), scenarios.Options{Until: &until})
			require.NoError(t, err, text)
			agree(t, sc.Config())
		})
	}
	for _, e := range scenarios.Library() {
		t.Run(e.Name, func(t *testing.T) {
			sc, err := e.Load(scenarios.Options{})
			require.NoError(t, err)
			agree(t, sc.Config())
		})
	}
}

// agree runs and compares.
func agree(t *testing.T, cfg sim.Config) {
	t.Helper()
	var s replay.State
	decisions := 0
	err := sim.Run(cfg, func(e sim.Event) error {
		if err := s.Apply(e); err != nil {
			return err
		}
		if d, ok := decisionOf(e.Body); ok {
			decisions++
			totals := s.Node(e.Node).CardTotals(e.At, d.Card)
			if want, got := [4]int{d.Total, d.Assigned, d.Available, d.Cooling},
				[4]int{totals.Total, totals.Assigned, totals.Available(), totals.Cooling}; want != got {
				return fmt.Errorf("event %d at %s: total, assigned, available, cooling: %v, but folded %v", e.Seq, e.At, want, got)
			}
		}
		if b, ok := e.Body.(sim.ExhaustionBegan); ok && b.Scope == "subnet" {
			st := s.Subnet(model.SubnetID(b.Name)).Stats()
			if want, got := [3]int{b.Numbers["free"], b.Numbers["freePrefixes"], b.Numbers["largestFree"]},
				[3]int{st.Free, st.FreePrefixes, st.LargestFree}; want != got {
				return fmt.Errorf("event %d at %s: free, freePrefixes, largestFree: %v, but folded %v", e.Seq, e.At, want, got)
			}
		}
		return nil
	})
	require.NoError(t, err)
	// In IPv6 mode and on ECS there are no pools to decide about.
	if cfg.CNI.Env["ENABLE_IPv6"] != "true" && cfg.Platform != sim.PlatformECS {
		require.NotZero(t, decisions)
	}
}

// decisionOf returns the numbers that the agent saw at this instant. Those of a
// pool.free are not among them: they are of the beginning of its check, which
// may have grown or shrunk the pool since.
func decisionOf(b sim.Body) (sim.PoolDecision, bool) {
	switch b := b.(type) {
	case sim.PoolGrow:
		return b.PoolDecision, true
	case sim.PoolShrink:
		return b.PoolDecision, true
	case sim.PoolSkip:
		return b.PoolDecision, true
	}
	return sim.PoolDecision{}, false
}
