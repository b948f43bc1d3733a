package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// agents is a DaemonSet on four nodes that is rolled out at a minute.
func agents(surge, unavailable int, maxPods int) Config {
	cfg := baseConfig("a")
	g := baseGroup(cfg, "n", 4)
	g.MaxPods = maxPods
	cfg.NodeGroups = []NodeGroup{g}
	cfg.Workloads = []Workload{{
		Name: "ds", Kind: DaemonSet, MaxSurge: IntOrPercent{Value: surge}, MaxUnavailable: IntOrPercent{Value: unavailable},
		Pod: PodSpec{ReadyAfter: 5 * time.Second, StopAfter: time.Second},
	}}
	cfg.Steps = []Step{{At: time.Minute, Action: Rollout{Workload: "ds"}}}
	return cfg
}

// counts returns the fewest pods that are ready and the most that there are from
// the roll-out on.
func counts(log []Event) (fewest, most int) {
	ready, there, started := map[model.PodName]bool{}, map[model.PodName]bool{}, false
	fewest = 4
	for _, e := range log {
		switch b := e.Body.(type) {
		case PodCreated:
			there[b.Pod] = true
		case PodReady:
			ready[b.Pod] = true
		case PodDeleted:
			started = true
			delete(ready, b.Pod)
		case PodReleased:
			delete(there, b.Pod)
		}
		if started {
			fewest = min(fewest, len(ready))
		}
		most = max(most, len(there))
	}
	return fewest, most
}

// A roll-out takes so many pods down at a time, or has so many nodes with two.
func TestDaemonSetRollsOutWithinItsBounds(t *testing.T) {
	for _, c := range []struct{ surge, unavailable, fewest, most int }{
		{0, 1, 3, 4}, {0, 3, 1, 4}, {0, 9, 0, 4}, {0, 0, 3, 4}, {1, 0, 4, 5}, {3, 0, 4, 7}, {9, 0, 4, 8},
	} {
		log := playAll(t, agents(c.surge, c.unavailable, 29))
		fewest, most := counts(log)
		require.Equal(t, c.fewest, fewest, "ready, surge %d unavailable %d", c.surge, c.unavailable)
		require.Equal(t, c.most, most, "there, surge %d unavailable %d", c.surge, c.unavailable)
		require.Len(t, logged[PodReady](log), 8)
		require.Len(t, logged[PodDeleted](log), 4)
	}
}

// A pod beside the old one needs a place of the node: where there is none the
// roll-out does not begin.
func TestDaemonSetSurgeNeedsAPlace(t *testing.T) {
	log := playAll(t, agents(1, 0, 3))
	require.Empty(t, logged[PodDeleted](log))
	began := logged[ExhaustionBegan](log)
	require.Equal(t, KindMaxPods, began[len(began)-1].Kind)

	log = playAll(t, agents(0, 1, 3))
	require.Len(t, logged[PodDeleted](log), 4)
}

// A roll-out that comes while one is stuck takes its surplus pods back, and a node
// that goes takes both of its pods along.
func TestDaemonSetSurgeIsTakenBack(t *testing.T) {
	cfg := agents(2, 0, 3)
	cfg.Steps = append(cfg.Steps, Step{At: 2 * time.Minute, Action: Rollout{Workload: "ds"}})
	require.Len(t, logged[PodDeleted](playAll(t, cfg)), 2)

	cfg = agents(2, 0, 29)
	cfg.Steps = append(cfg.Steps, Step{At: time.Minute + 2*time.Second, Action: Terminate{Node: "n-0"}})
	log := playAll(t, cfg)
	require.Len(t, logged[PodReady](log), 4+3, "three nodes have a new one")
}

// A scheduler that sees addresses puts the pod of a second DaemonSet down to a pool that
// lags while the first one's is still to take the only address there is, and to the limit
// of ENIs once it has.
func TestDaemonSetPodsLearnThatNoAddressComes(t *testing.T) {
	cfg := baseConfig("a")
	g := baseGroup(cfg, "n", 1)
	g.Type.MaxENIs, g.Type.IPv4PerENI = 1, 2
	cfg.NodeGroups = []NodeGroup{g}
	cfg.Scheduler.SeesAddresses = true
	cfg.Kubelet.Start = 5 * time.Second
	cfg.Workloads = []Workload{{Name: "first", Kind: DaemonSet}, {Name: "second", Kind: DaemonSet, At: time.Second}}
	var told []Kind
	for _, b := range logged[PodUnschedulable](playAll(t, cfg)) {
		told = append(told, b.Reason)
	}
	// At 1, 2, 4 and 8 s.
	require.Equal(t, []Kind{KindWarmPoolLag, KindWarmPoolLag, KindWarmPoolLag, KindENILimit}, told)
}
