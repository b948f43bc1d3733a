package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestDeploymentBounds: the lower bound is rounded up, the upper one down.
func TestDeploymentBounds(t *testing.T) {
	for _, c := range []struct{ replicas, minimum, maximum, surge, unavailable int }{
		{4, 100, 200, 4, 0},
		{4, 50, 100, 0, 2},
		{3, 50, 150, 1, 1},
		{1, 50, 150, 0, 0},
		{1, 0, 100, 0, 1},
		{10, 91, 109, 0, 0},
		{10, 90, 110, 1, 1},
		{0, 100, 200, 0, 0},
	} {
		s := &service{replicas: c.replicas, Workload: &Workload{MinimumHealthyPercent: c.minimum, MaximumPercent: c.maximum}}
		got := s.bounds()
		require.Equal(t, [2]int{c.surge, c.unavailable}, [2]int{got.surge, got.unavailable}, "%+v", c)
	}
}

// running follows a run and returns the least and the most tasks of a service
// that ran at an instant after the first one, and the most that were placed.
func running(events []Event, after model.Instant) (least, most, placedMost int) {
	runs, places := map[model.PodName]bool{}, map[model.PodName]bool{}
	least = 1 << 30
	for _, e := range events {
		switch b := e.Body.(type) {
		case TaskReady:
			runs[b.Pod] = true
		case TaskDeleted:
			delete(runs, b.Pod)
		case TaskPlaced:
			places[b.Pod] = true
		case TaskReleased:
			delete(places, b.Pod)
		}
		if e.At >= after {
			least, most, placedMost = min(least, len(runs)), max(most, len(runs)), max(placedMost, len(places))
		}
	}
	return least, most, placedMost
}

// TestDeploymentKeepsItsBounds: how many tasks run and how many hold an ENI while
// a new revision is deployed.
func TestDeploymentKeepsItsBounds(t *testing.T) {
	for _, c := range []struct{ minimum, maximum, least, placed int }{
		{100, 200, 4, 8},
		{50, 100, 2, 6}, // two that stop hold their ENIs while their successors get theirs
		{100, 150, 4, 8},
	} {
		cfg := ecsConfig("a")
		cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 2, true)}
		web := ecsService("web", 4)
		web.MinimumHealthyPercent, web.MaximumPercent = c.minimum, c.maximum
		cfg.Workloads = []Workload{web}
		cfg.Steps = []Step{{At: time.Minute, Action: Rollout{"web"}}}
		events := playAll(t, cfg)
		least, _, placed := running(events, 60_000)
		require.Equal(t, [2]int{c.least, c.placed}, [2]int{least, placed}, "%+v", c)
		ready, _ := told[TaskReady](events)
		require.Len(t, ready, 8)
	}
}

// TestBlockedDeployment: bounds that leave no room are told, until a change of
// the replicas makes some.
func TestBlockedDeployment(t *testing.T) {
	cfg := ecsConfig("a")
	cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 1, true)}
	web := ecsService("web", 1)
	web.MinimumHealthyPercent, web.MaximumPercent = 50, 150
	cfg.Workloads = []Workload{web}
	cfg.Steps = []Step{{At: time.Minute, Action: Rollout{"web"}}, {At: 2 * time.Minute, Action: Scale{"web", 2}}}
	events := playAll(t, cfg)
	began, at := told[ExhaustionBegan](events)
	require.Len(t, began, 1)
	require.Equal(t, []model.Instant{60_000}, at)
	require.Equal(t, KindMisconfig, began[0].Kind)
	require.Equal(t, "deployment-configuration", began[0].Reason)
	_, at = told[ExhaustionEnded](events)
	require.Equal(t, []model.Instant{120_000}, at)
	ready, _ := told[TaskReady](events)
	require.Len(t, ready, 3, "the old one and two of the new revision")
}

// TestDrainReplacesBeforeItStops, and leaves tasks of no service alone.
func TestDrainReplacesBeforeItStops(t *testing.T) {
	cfg := ecsConfig("a")
	cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 2, true)}
	web := ecsService("web", 6)
	web.Pod.Task.Placement = []Placement{{PlaceSpread, FieldInstance}}
	cfg.Workloads = []Workload{web}
	cfg.Steps = []Step{
		{At: 30 * time.Second, Action: Create{Pod: "lone", Spec: PodSpec{Node: "w-0"}}},
		{At: time.Minute, Action: Drain{"w-0"}},
		{At: 2 * time.Minute, Action: Uncordon{"w-0"}},
		{At: 3 * time.Minute, Action: Scale{"web", 8}},
	}
	events := playAll(t, cfg)
	least, _, _ := running(events, 60_000)
	require.Equal(t, 7, least)
	on := map[model.PodName]model.NodeName{}
	for _, e := range events {
		switch b := e.Body.(type) {
		case TaskPlaced:
			on[b.Pod] = e.Node
			require.False(t, e.Node == "w-0" && e.At >= 60_000 && e.At < 120_000, "placed on a draining instance")
		case TaskReleased:
			delete(on, b.Pod)
		}
	}
	require.Equal(t, model.NodeName("w-0"), on["lone"])
	require.Len(t, on, 9)
	byNode := map[model.NodeName]int{}
	for _, n := range on {
		byNode[n]++
	}
	require.Equal(t, map[model.NodeName]int{"w-0": 3, "w-1": 6}, byNode, "two more where the fewest are")
}

// TestTerminateGivesEverythingBack: ENIs at every stage are gone with their
// instance, and the tasks run elsewhere.
func TestTerminateGivesEverythingBack(t *testing.T) {
	for at := time.Duration(0); at <= 8*time.Second; at += 250 * time.Millisecond {
		for _, trunking := range []bool{false, true} {
			cfg := ecsConfig("a")
			cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 1, trunking)}
			cfg.Workloads = []Workload{ecsService("web", 2)}
			cfg.Steps = []Step{
				{At: 4 * time.Second, Action: Scale{"web", 1}},
				{At: 5 * time.Second, Action: Scale{"web", 2}},
				{At: at, Action: Terminate{"w-0"}},
			}
			events := playAll(t, cfg)
			created, _ := told[ENICreated](events)
			deleted, _ := told[ENIDeleted](events)
			require.Len(t, deleted, len(created), "at %s, trunking %t", at, trunking)
			cfg.Steps = append(cfg.Steps, Step{At: at, Action: AddNodes{"w", 1}})
			_, most, _ := running(playAll(t, cfg), 60_000)
			require.Equal(t, 2, most)
		}
	}
}
