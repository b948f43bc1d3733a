package cli_test

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
	"vpcsim/sim/replay"
)

// What the log's decisions say the agent saw, and what its episodes say the
// subnet had, is what the fold of the log up to there says.
func TestTheFoldAgreesWithTheNumbersInTheLog(t *testing.T) {
	for seed := range int64(25) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			text := eventful.Scenario(rand.New(rand.NewSource(seed)))
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
