package sim

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSleepingAgentMissesNothing runs random scenarios twice: as they are, with
// agents that sleep while no check can do anything, and with agents that check
// and reconcile at every beat. The logs must be the same, but for pool.skip,
// which tells what a check saw. The agent's order is not left to chance, as a
// check that does nothing draws, too.
func TestSleepingAgentMissesNothing(t *testing.T) {
	first, end := seeds(t, 80)
	for seed := first; seed < end; seed++ {
		cfg := generate(seed)
		cfg.Agent.Order = OrderOrdered
		asleep, awake := actions(t, cfg, false), actions(t, cfg, true)
		for i := range min(len(asleep), len(awake)) {
			require.Equal(t, awake[i], asleep[i], "seed %d", seed)
		}
		require.Equal(t, len(awake), len(asleep), "seed %d", seed)
	}
}

// actions are the run's events but pool.skip, without their numbers.
func actions(t *testing.T, cfg Config, sleepless bool) []string {
	var out []string
	e, _, err := newChecked(cfg, func(ev Event) error {
		if ev.Body.Type() == TypePoolSkip {
			return nil
		}
		body, err := json.Marshal(ev.Body)
		out = append(out, fmt.Sprintf("%s %s %s %s", ev.At, ev.Node, ev.Body.Type(), body))
		return err
	})
	require.NoError(t, err)
	e.sleepless = sleepless
	e.start()
	e.loop()
	e.end()
	require.NoError(t, e.sinkErr, "seed %d", cfg.Seed)
	return out
}
