package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

func windowsStep(at time.Duration, keys map[string]string) Step {
	set := SetWindows{Keys: map[string]*string{}}
	for key, text := range keys {
		set.Keys[key] = &text
	}
	return Step{At: at, Action: set}
}

var (
	prefixOn  = map[string]string{model.WindowsPrefixKey: "true"}
	prefixOff = map[string]string{model.WindowsPrefixKey: "false"}
)

// addedFrom are the blocks that came after the instant or at it, and gone those
// that went.
func addedFrom(log []Event, at model.Instant) (added, gone []netip.Prefix) {
	for _, ev := range log {
		if ev.At < at {
			continue
		}
		switch b := ev.Body.(type) {
		case AddressesAdded:
			added = append(added, append(blocksOf(b.Addresses), b.Prefixes...)...)
		case AddressesRemoved:
			gone = append(gone, append(blocksOf(b.Addresses), b.Prefixes...)...)
		}
	}
	return added, gone
}

// TestWindowsPrefixModeIsSwitchedOn on a living node: warm addresses go at once,
// those of pods stay, and go after they have cooled; new pods get addresses of
// prefixes, of which the node offers 144 at once.
func TestWindowsPrefixModeIsSwitchedOn(t *testing.T) {
	steps := append(windowsPods(10*time.Second, "", 1, 4), windowsStep(time.Minute, prefixOn))
	steps = append(steps, windowsPods(61*time.Second, "", 5, 20)...)
	steps = append(steps, deletePods(121*time.Second, 1, 4)...)
	log := events(t, windowsCluster(nil, steps...))

	configured := find[PoolConfigured](log, nil)
	require.Len(t, configured, 1)
	require.EqualValues(t, 60_000, configured[0].At)
	body := configured[0].Body.(PoolConfigured)
	require.Equal(t, 144, body.Capacity)
	require.True(t, body.Settings.PrefixDelegation)
	require.Equal(t, map[string]string{model.WindowsIPAMKey: "true", model.WindowsPrefixKey: "true"}, body.Env)
	require.Len(t, find[AgentConfigured](log, nil), 1, "nothing starts anew")

	shrinks := find(log, func(b PoolShrink) bool { return b.Reason == model.ReasonModeToggled })
	require.Len(t, shrinks, 2)
	require.Equal(t, PoolDecision{Rule: model.RuleWindows, Reason: model.ReasonModeToggled, Over: 3}, shrinks[0].Body.(PoolShrink).PoolDecision)
	require.EqualValues(t, 60_000, shrinks[0].At)
	require.EqualValues(t, 180_000, shrinks[1].At, "30 s old at the round of 180 s")
	require.Equal(t, 4, shrinks[1].Body.(PoolShrink).Over)

	addressed := find[PodAddressed](log, nil)
	require.Len(t, addressed, 24)
	for _, ev := range addressed {
		require.Equal(t, ev.At >= 60_000, ev.Body.(PodAddressed).Prefix.IsValid(), "%s", ev.Body.(PodAddressed).Pod)
	}
	added, _ := addedFrom(log, 60_000)
	require.Len(t, added, 2, "of 16 addresses each, for 20 pods and a warm one")
}

// TestWindowsSwitchFindsPlaces: a pod that waited for a place on a full node is
// placed in the instant of the switch.
func TestWindowsSwitchFindsPlaces(t *testing.T) {
	log := events(t, windowsCluster(nil, append(windowsPods(10*time.Second, "", 1, 10), windowsStep(time.Minute, prefixOn))...))
	bound := find(log, func(b PodBound) bool { return b.Pod == "p10" })
	require.Len(t, bound, 1)
	require.EqualValues(t, 60_000, bound[0].At)
}

// TestWindowsPrefixModeIsSwitchedOff: prefixes go when they are wholly free, and
// the node offers nine addresses again.
func TestWindowsPrefixModeIsSwitchedOff(t *testing.T) {
	steps := append(windowsPods(10*time.Second, "", 1, 17), windowsStep(time.Minute, prefixOff))
	steps = append(steps, windowsPods(61*time.Second, "", 18, 1)...)
	steps = append(steps, deletePods(91*time.Second, 1, 16)...)
	steps = append(steps, deletePods(301*time.Second, 17, 1)...)
	log := events(t, windowsCluster(prefixOn, steps...))
	require.Equal(t, 9, find[PoolConfigured](log, nil)[0].Body.(PoolConfigured).Capacity)

	refused := find(log, func(b PodUnschedulable) bool { return b.Attempt == 1 })
	require.Len(t, refused, 1, "17 pods are on a node that offers 9")
	require.Equal(t, model.PodName("p18"), refused[0].Body.(PodUnschedulable).Pod)
	last := find(log, func(b PodAddressed) bool { return b.Pod == "p18" })
	require.Len(t, last, 1)
	require.EqualValues(t, 91_000, last[0].At, "one pod and it are on the node then")
	require.False(t, last[0].Body.(PodAddressed).Prefix.IsValid())

	var at []model.Instant
	for _, ev := range find(log, func(b AddressesRemoved) bool { return len(b.Prefixes) > 0 }) {
		at = append(at, ev.At)
	}
	require.Equal(t, []model.Instant{150_000, 360_000}, at, "when the last address of each has cooled")
}

// TestWindowsLeftoversHoldSlots: nine pods of before the switch leave no slot for
// a prefix. The node offers 144 addresses all the same.
func TestWindowsLeftoversHoldSlots(t *testing.T) {
	for _, test := range []struct {
		pods, fit int
	}{{8, 12}, {9, 9}} {
		steps := append(windowsPods(10*time.Second, "", 1, test.pods), windowsStep(time.Minute, prefixOn))
		steps = append(steps, windowsPods(2*time.Minute, "", test.pods+1, 12-test.pods)...)
		cfg := windowsCluster(nil, steps...)
		cfg.Duration = 4 * time.Minute
		log := events(t, cfg)
		require.Len(t, find[PodAddressed](log, nil), test.fit)
		began := find(log, func(b ExhaustionBegan) bool { return b.Kind == KindENILimit })
		if test.fit == 12 {
			require.Empty(t, began)
			continue
		}
		require.Len(t, began, 1)
		body := began[0].Body.(ExhaustionBegan)
		require.Equal(t, "slots-held", body.Reason)
		require.Equal(t, 9, body.Numbers["slotsHeld"])
		require.Equal(t, 144, body.Numbers["capacity"])
	}
}

// TestWindowsLeftoversGiveRoom: when pods of before the switch have gone and their
// addresses have cooled, the prefix comes.
func TestWindowsLeftoversGiveRoom(t *testing.T) {
	steps := append(windowsPods(10*time.Second, "", 1, 9), windowsStep(time.Minute, prefixOn))
	steps = append(steps, deletePods(61*time.Second, 1, 1)...)
	steps = append(steps, windowsPods(2*time.Minute, "", 10, 1)...)
	log := events(t, windowsCluster(nil, steps...))
	added, gone := addedFrom(log, 60_000)
	require.Len(t, gone, 1)
	require.Len(t, added, 1)
	require.Len(t, find[PodAddressed](log, nil), 10)
	require.Less(t, addressedAt(t, log, "p10"), model.Instant(140_000))
}

// TestWindowsSwitchBackAndForth: what drains serves again, with what it has.
func TestWindowsSwitchBackAndForth(t *testing.T) {
	steps := append(windowsPods(10*time.Second, "", 1, 2), windowsStep(time.Minute, prefixOn), windowsStep(90*time.Second, prefixOff))
	steps = append(steps, windowsPods(2*time.Minute, "", 3, 1)...)
	log := events(t, windowsCluster(nil, steps...))
	for _, ev := range find[PodAddressed](log, nil) {
		require.False(t, ev.Body.(PodAddressed).Prefix.IsValid())
	}
	grown := find(log, func(b PoolGrow) bool { return true })
	var back []PoolDecision
	for _, ev := range grown {
		if ev.At == 90_000 {
			back = append(back, ev.Body.(PoolGrow).PoolDecision)
		}
	}
	require.Equal(t, []PoolDecision{{Rule: model.RuleWindows, Reason: model.ReasonWarmIPTarget, Total: 2, Assigned: 2, Short: 3}}, back)
}

// TestWindowsTargetsOfALivingNode change at once, and nothing happens where they
// come to the same.
func TestWindowsTargetsOfALivingNode(t *testing.T) {
	log := events(t, windowsCluster(nil,
		windowsStep(time.Minute, map[string]string{model.WindowsWarmIPKey: "6"}),
		windowsStep(2*time.Minute, map[string]string{model.WindowsMinimumIPKey: "0"}),
		windowsStep(3*time.Minute, map[string]string{model.WindowsWarmIPKey: "2"})))
	require.Len(t, find[ControllerConfigured](log, nil), 3)
	require.Len(t, find[PoolConfigured](log, nil), 2, "the minimum is 0 where the warm target alone is set")
	added, gone := addedFrom(log, 60_000)
	require.Len(t, added, 3)
	require.Len(t, gone, 4)
}

// TestWindowsNodeToComeHasTheNewMode, and one whose controller is down when it
// is switched sees it when that is back: what is left over drains.
func TestWindowsNodeToComeHasTheNewMode(t *testing.T) {
	steps := append(windowsPods(10*time.Second, "n-0", 1, 1),
		Step{At: time.Minute, Action: RestartController{}}, windowsStep(time.Minute, prefixOn),
		Step{At: 2 * time.Minute, Action: AddNodes{Group: "n", Count: 1}})
	cfg := windowsCluster(nil, steps...)
	cfg.EC2.Latency = map[Action]Range{DescribeInstances: {100 * time.Millisecond, 100 * time.Millisecond}}
	log := events(t, cfg)
	for _, ev := range find[AgentConfigured](log, nil) {
		require.Equal(t, ev.At >= 60_000, ev.Body.(AgentConfigured).Settings.PrefixDelegation)
	}
	added, gone := addedFrom(log, 60_000)
	require.Len(t, gone, 3, "the warm ones")
	require.Len(t, added, 2, "a prefix for each node")
}

// TestWindowsFullNodeIsLookedAtAgain: being at capacity is an error to the
// controller, which tries again after 5 ms, doubling: at 5, 15, 35 ms and so on.
func TestWindowsFullNodeIsLookedAtAgain(t *testing.T) {
	steps := append(windowsPods(10*time.Second, "", 1, 9), windowsPods(60*time.Second, "n-0", 10, 1)...)
	steps = append(steps, deletePods(60*time.Second+50*time.Millisecond, 1, 1)...)
	log := events(t, windowsCluster(nil, steps...))
	// Looked at 75 ms after it came, when an address cools: again after 20 s, 40 s.
	// Warm at 120 s; kubelet tries every 10 s.
	require.EqualValues(t, 130_000, addressedAt(t, log, "p10"))
}
