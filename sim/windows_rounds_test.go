package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestWindowsPoolThatWasAtCapacityIsLookedAtAgain: pods take the warm addresses
// while two others go back, and together they are the nine of the node, so that
// the controller asks for none. The answer that frees the slots is no reason to
// look at the pool, the next round is: at 120 s. The run, which ends when nothing
// is to come any more, waits for it.
func TestWindowsPoolThatWasAtCapacityIsLookedAtAgain(t *testing.T) {
	for _, test := range []struct{ pods, more int }{{0, 0}, {1, 1}, {2, 2}, {3, 2}} {
		steps := append(windowsPods(10*time.Second, "", 1, 9), deletePods(31*time.Second, 1, 5)...)
		steps = append(steps, windowsPods(95*time.Second, "", 10, test.pods)...)
		cfg := windowsCluster(nil, steps...)
		cfg.Duration = 0
		cfg.EC2.Latency = map[Action]Range{UnassignPrivateIpAddresses: {20 * time.Second, 20 * time.Second}}
		log := events(t, cfg)

		shrinks := find[PoolShrink](log, nil)
		require.Len(t, shrinks, 1)
		require.EqualValues(t, 90_000, shrinks[0].At)
		require.Equal(t, 2, shrinks[0].Body.(PoolShrink).Over)

		added, _ := addedFrom(log, 90_000)
		require.Len(t, added, test.more, "%d pods", test.pods)
		for _, ev := range find[PoolGrow](log, nil) {
			require.True(t, ev.At < 90_000 || ev.At == 120_000, "%d pods, at %s", test.pods, ev.At)
		}
	}
}

// TestWindowsAddressThatEC2Keeps is given up again at each round, which does not
// hold the run up: EC2 may refuse for good.
func TestWindowsAddressThatEC2Keeps(t *testing.T) {
	fewer := func() Step {
		return windowsStep(time.Minute, map[string]string{model.WindowsWarmIPKey: "1", model.WindowsMinimumIPKey: "1"})
	}
	for _, test := range []struct {
		refused int
		at      []model.Instant
	}{{0, []model.Instant{60_000}}, {2, []model.Instant{60_000, 90_000, 120_000}}} {
		cfg := windowsCluster(nil, fewer())
		if test.refused > 0 {
			cfg.Steps = append([]Step{{Action: Fault{Action: UnassignPrivateIpAddresses, Error: model.UnauthorizedOperation, Count: test.refused}}}, cfg.Steps...)
		}
		var at []model.Instant
		for _, ev := range find[PoolShrink](events(t, cfg), nil) {
			at = append(at, ev.At)
		}
		require.Equal(t, test.at, at)
	}

	// The run settles five minutes after the first refusal.
	cfg := windowsCluster(nil, Step{Action: Fault{Action: UnassignPrivateIpAddresses, Error: model.UnauthorizedOperation}}, fewer())
	cfg.Duration = 0
	log := events(t, cfg)
	last := log[len(log)-1]
	require.Equal(t, "settled", last.Body.(RunEnded).EndedBy)
	require.EqualValues(t, 360_000, last.At)
}
