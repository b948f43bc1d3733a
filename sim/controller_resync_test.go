package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// fullForBranches is a cluster whose subnet the pool takes all of, so that the
// requests of three pods are dropped, and which runs until it settles.
func fullForBranches(steps ...Step) Config {
	cfg := branchCluster(1, append(branchPods(time.Minute, "n-0", 1, 3), steps...)...)
	cfg.Duration = 0
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/28")
	cfg.CNI.Env["WARM_IP_TARGET"], cfg.CNI.Env["MINIMUM_IP_TARGET"] = "9", "9" // with node and trunk: all eleven
	return cfg
}

// TestRunWaitsForAResyncThatHelps: the pool shrinks, nobody wakes the requests, and
// the controller's pass over the pods does half an hour after its start.
func TestRunWaitsForAResyncThatHelps(t *testing.T) {
	few := "1"
	log := events(t, fullForBranches(Step{At: 5 * time.Minute, Action: SetEnv{map[string]*string{"WARM_IP_TARGET": &few, "MINIMUM_IP_TARGET": &few}}}))
	made := find[BranchCreated](log, nil)
	require.Len(t, made, 3)
	require.EqualValues(t, 30*60_000, made[0].At)
	end := log[len(log)-1]
	require.Equal(t, "settled", end.Body.(RunEnded).EndedBy)
	require.Equal(t, model.Instant(0).Add(35*time.Minute), end.At)
	require.Empty(t, end.Body.(RunEnded).Open)
}

// TestRunSettlesWhereAResyncHelpsNobody, as nothing came free.
func TestRunSettlesWhereAResyncHelpsNobody(t *testing.T) {
	log := events(t, fullForBranches())
	end := log[len(log)-1]
	require.Equal(t, "settled", end.Body.(RunEnded).EndedBy)
	require.Less(t, end.At, model.Instant(0).Add(10*time.Minute))
	require.Len(t, end.Body.(RunEnded).Open, 1)
}

// TestRunSettlesThoughARequestIsDroppedAgainAndAgain: what nothing of the state
// explains is given one more pass, and no more.
func TestRunSettlesThoughARequestIsDroppedAgainAndAgain(t *testing.T) {
	cfg := branchCluster(1, branchPods(time.Minute, "n-0", 1, 1)...)
	cfg.Duration = 0
	var log []Event
	e, err := newEngine(cfg, func(ev Event) error { log = append(log, ev); return nil })
	require.NoError(t, err)
	e.controller.failAnnotate = func(*pod) bool { return true }
	e.start()
	e.loop()
	require.Equal(t, "settled", e.endedBy)
	require.Greater(t, e.now, model.Instant(0).Add(30*time.Minute), "the first pass may have helped")
	require.Less(t, e.now, model.Instant(0).Add(time.Hour))
}

// TestDroppedForAVLANWaitsForOne: with one free the next pass helps, with none it does
// not.
func TestDroppedForAVLANWaitsForOne(t *testing.T) {
	cfg := branchCluster(1, branchPods(time.Minute, "n-0", 1, 1)...)
	cfg.Duration = 0
	e, err := newEngine(cfg, func(Event) error { return nil })
	require.NoError(t, err)
	e.at(model.Instant(0).Add(30*time.Second), func() {
		for e.controller.trunks["n-0"].HasVLAN() {
			e.controller.trunks["n-0"].TakeVLAN()
		}
	})
	e.at(model.Instant(0).Add(2*time.Minute), func() {
		require.False(t, e.controller.resyncHelps())
		e.controller.trunks["n-0"].FreeVLAN(7)
		require.True(t, e.controller.resyncHelps())
	})
	e.start()
	e.loop()
	require.Equal(t, 7, e.podNamed["p1"].branch.VLAN)
	require.False(t, e.controller.resyncHelps())
}

// TestPodsBeyondTheLimitWhileOthersCool: five that wait until what EC2 refused is
// deleted find all nine in use, and nothing that cools will help them.
func TestPodsBeyondTheLimitWhileOthersCool(t *testing.T) {
	cfg := branchCluster(1, branchPods(time.Minute, "n-0", 1, 14)...)
	cfg.EC2.BranchLimit = true
	cfg.EC2.Latency = map[Action]Range{CreateNetworkInterface: {time.Second, time.Second}}
	log := events(t, cfg)
	began := find[ExhaustionBegan](log, nil)
	require.Len(t, began, 1)
	body := began[0].Body.(ExhaustionBegan)
	require.Equal(t, KindBranchCooldown, body.Kind)
	require.Equal(t, "in-use", body.Reason)
	require.Positive(t, body.Numbers["queued"])
	require.Contains(t, body.Remedy, "all 9")
	require.False(t, body.Cures())
}

// TestCoolingTurnsIntoInUse when those that cooled have made room for some of the
// pods, and back when one of them leaves.
func TestCoolingTurnsIntoInUse(t *testing.T) {
	steps := branchPods(time.Minute, "n-0", 1, 9)
	for _, p := range []model.PodName{"p1", "p2"} {
		steps = append(steps, Step{At: 2 * time.Minute, Action: Delete{Pod: p}})
	}
	steps = append(steps, branchPods(2*time.Minute+time.Second, "n-0", 11, 4)...)
	steps = append(steps, Step{At: 8 * time.Minute, Action: Delete{Pod: "p3"}})
	log := events(t, branchCluster(1, steps...))
	began := find[ExhaustionBegan](log, nil)
	require.Len(t, began, 3)
	for i, want := range []string{"cooling", "in-use", "cooling"} {
		body := began[i].Body.(ExhaustionBegan)
		require.Equal(t, want, body.Reason)
		require.Equal(t, want == "cooling", body.Cures())
	}
	ended := find[ExhaustionEnded](log, nil)
	require.Equal(t, 4, ended[0].Body.(ExhaustionEnded).Pods)
	require.Equal(t, began[1].At, ended[0].At, "one ends as the other begins")
	require.Equal(t, 2, ended[1].Body.(ExhaustionEnded).Pods)
}
