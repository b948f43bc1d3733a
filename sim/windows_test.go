package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// windowsCluster is a cluster of one m5.large node with Windows, in which calls
// take no time, kubelet tries again after 10 s and rounds are at 30 s, 60 s, …
func windowsCluster(keys map[string]string, steps ...Step) Config {
	cfg := branchCluster(1, steps...)
	cfg.NodeGroups[0].Windows, cfg.NodeGroups[0].MaxPods = true, model.WindowsMaxPods
	cfg.CNI.Windows = model.WindowsDefaults()
	for key, text := range keys {
		cfg.CNI.Windows[key] = text
	}
	cfg.Cluster.SystemPods = 2
	return cfg
}

var windowsSelector = map[string]string{labelOS: osWindows}

// windowsPods are steps that make count pods for Windows at the instant.
func windowsPods(at time.Duration, node model.NodeName, first, count int) []Step {
	var out []Step
	for i := range count {
		out = append(out, Step{At: at, Action: Create{
			Pod:  model.PodName(fmt.Sprintf("p%d", first+i)),
			Spec: PodSpec{Node: node, NodeSelector: windowsSelector},
		}})
	}
	return out
}

func deletePods(at time.Duration, first, count int) []Step {
	var out []Step
	for i := range count {
		out = append(out, Step{At: at, Action: Delete{Pod: model.PodName(fmt.Sprintf("p%d", first+i))}})
	}
	return out
}

func addressedAt(t *testing.T, log []Event, pod model.PodName) model.Instant {
	found := find(log, func(b PodAddressed) bool { return b.Pod == pod })
	require.Len(t, found, 1, "%s", pod)
	return found[0].At
}

// TestWindowsNodeServesOneENI: nine pods on an m5.large, whatever max-pods and
// the other two ENIs.
func TestWindowsNodeServesOneENI(t *testing.T) {
	for _, test := range []struct {
		keys map[string]string
		pods int
		fit  int
	}{
		{nil, 9, 9},
		{nil, 10, 9},
		{map[string]string{model.WindowsPrefixKey: "true"}, 110, 110}, // max-pods, no system pods
		{map[string]string{model.WindowsPrefixKey: "true"}, 111, 110},
	} {
		log := events(t, windowsCluster(test.keys, windowsPods(time.Minute, "", 1, test.pods)...))
		require.Len(t, find[PodAddressed](log, nil), test.fit)
		for _, ev := range find(log, func(b PodUnschedulable) bool { return b.Attempt == 1 }) {
			b := ev.Body.(PodUnschedulable)
			if test.keys == nil {
				require.Equal(t, KindENILimit, b.Reason)
				require.Contains(t, b.Message, "0/1 nodes are available: 1 Insufficient vpc.amazonaws.com/PrivateIPv4Address.")
			} else {
				require.Equal(t, KindMaxPods, b.Reason)
			}
		}
		for _, ev := range find[ENICreated](log, nil) {
			require.Equal(t, log[1].Body.(ENICreated).ENI, ev.Body.(ENICreated).ENI, "no second one")
		}
		require.Empty(t, find[TrunkSignalled](log, nil))
	}
}

// TestWindowsNodeIsReadyWithAWarmPool, and keeps it at its targets.
func TestWindowsNodeIsReadyWithAWarmPool(t *testing.T) {
	log := events(t, windowsCluster(nil, windowsPods(time.Minute, "", 1, 2)...))
	launched := find[NodeLaunched](log, nil)[0].Body.(NodeLaunched)
	require.Equal(t, "windows", launched.OS)
	require.Equal(t, 1, launched.MaxENIs)
	require.Zero(t, launched.SystemPods)
	added := find[AddressesAdded](log, nil)
	require.Len(t, added[0].Body.(AddressesAdded).Addresses, 3)
	require.Less(t, added[0].Seq, find[NodeReady](log, nil)[0].Seq)
	require.Len(t, added, 3, "one for each of the two pods")
	require.Len(t, find[PodAddressed](log, func(b PodAddressed) bool { return b.Attempt == 1 && b.Device == 0 }), 2)
	grow := find[PoolGrow](log, nil)
	require.Equal(t, PoolDecision{Rule: model.RuleWindows, Reason: model.ReasonWarmIPTarget, Short: 3}, grow[0].Body.(PoolGrow).PoolDecision)
}

// TestWindowsAddressRestsUntilARound: the round that finds it 30 s old makes it
// warm again, so that it rests for 30 s to just under 60 s.
func TestWindowsAddressRestsUntilARound(t *testing.T) {
	for at, until := range map[time.Duration]model.Instant{
		60 * time.Second:          89_999,
		60_001 * 1_000_000:        119_999,
		89_999 * 1_000_000:        119_999,
		90 * time.Second:          119_999,
		90_001 * time.Millisecond: 149_999,
	} {
		steps := append(windowsPods(0, "", 1, 1), deletePods(at, 1, 1)...)
		log := events(t, windowsCluster(nil, steps...))
		released := find[PodReleased](log, nil)
		require.Len(t, released, 1)
		require.Equal(t, until, *released[0].Body.(PodReleased).CoolUntilMs, "released at %s", at)
	}
}

// TestWindowsPodWaitsForCooling: nine pods are replaced at once on a node for
// nine. The controller looks again after 20 s, 40 s and so on.
func TestWindowsPodWaitsForCooling(t *testing.T) {
	steps := append(windowsPods(10*time.Second, "", 1, 9), deletePods(61*time.Second, 1, 9)...)
	steps = append(steps, windowsPods(61*time.Second, "n-0", 10, 1)...)
	log := events(t, windowsCluster(nil, steps...))
	began := find[ExhaustionBegan](log, nil)
	last := began[len(began)-1].Body.(ExhaustionBegan)
	require.Equal(t, KindCooldown, last.Kind)
	require.EqualValues(t, 121_000, addressedAt(t, log, "p10"), "warm at 120 s, annotated at 121 s, kubelet tries at 121 s")
}

// TestWindowsPrefixRefused: without a free /28 the controller looks at a pod
// again after 2 min, though its pool asks every 30 s.
func TestWindowsPrefixRefused(t *testing.T) {
	cfg := windowsCluster(map[string]string{model.WindowsPrefixKey: "true"}, windowsPods(10*time.Second, "", 1, 1)...)
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/26")
	cfg.Subnets[0].InUse = []netip.Addr{netip.MustParseAddr("10.0.0.20"), netip.MustParseAddr("10.0.0.40")}
	cfg.Duration = 5 * time.Minute
	log := events(t, cfg)
	require.Empty(t, find[PodAddressed](log, nil))
	began := find[ExhaustionBegan](log, nil)
	require.Equal(t, KindPrefixFragmentation, began[0].Body.(ExhaustionBegan).Kind)
	require.Equal(t, remedyWindowsPrefix, began[0].Body.(ExhaustionBegan).Remedy)
	var at []model.Instant
	for _, ev := range find[EC2Call](log, func(b EC2Call) bool { return b.Action == AssignPrivateIpAddresses }) {
		at = append(at, ev.At)
	}
	require.Equal(t, []model.Instant{0, 30_000, 60_000, 90_000}, at[:4])
}

// TestWindowsSubnetFull: the pool sees what EC2 has after each refusal, and a
// pod is looked at every 600 ms.
func TestWindowsSubnetFull(t *testing.T) {
	cfg := windowsCluster(nil, windowsPods(10*time.Second, "", 1, 4)...)
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/28") // 11 addresses
	cfg.Subnets[0].InUseCount = 7                              // the node, and three
	cfg.Duration = 20 * time.Second
	cfg.EC2.Latency = map[Action]Range{DescribeInstances: {100 * time.Millisecond, 100 * time.Millisecond}}
	log := events(t, cfg)
	require.Len(t, find[PodAddressed](log, nil), 3)
	began := find[ExhaustionBegan](log, nil)
	require.Equal(t, KindSubnetIPs, began[len(began)-1].Body.(ExhaustionBegan).Kind)
	require.Equal(t, remedyWindowsSubnet, began[len(began)-1].Body.(ExhaustionBegan).Remedy)
	require.NotEmpty(t, find[EC2Call](log, func(b EC2Call) bool { return b.Action == DescribeInstances }))
}

// TestWindowsMinimumAloneIsACap as MINIMUM_IP_TARGET is on Linux.
func TestWindowsMinimumAloneIsACap(t *testing.T) {
	for _, test := range []struct{ warm, run int }{{0, 4}, {1, 6}} {
		keys := map[string]string{model.WindowsMinimumIPKey: "4"}
		if test.warm > 0 {
			keys[model.WindowsWarmIPKey] = fmt.Sprint(test.warm)
		}
		log := events(t, windowsCluster(keys, windowsPods(10*time.Second, "", 1, 6)...))
		require.Len(t, find[PodAddressed](log, nil), test.run)
		if test.warm == 0 {
			began := find[ExhaustionBegan](log, nil)
			require.Equal(t, KindMisconfig, began[len(began)-1].Body.(ExhaustionBegan).Kind)
		}
	}
}

// TestWindowsPodsThatNobodyServes: without enable-windows-ipam, and without the
// node selector.
func TestWindowsPodsThatNobodyServes(t *testing.T) {
	off := windowsCluster(map[string]string{model.WindowsIPAMKey: "false"}, windowsPods(10*time.Second, "", 1, 1)...)
	plain := windowsCluster(nil, Step{At: 10 * time.Second, Action: Create{Pod: "p1"}})
	for reason, cfg := range map[string]Config{"windows-ipam-off": off, "no-windows-selector": plain} {
		log := events(t, cfg)
		require.Empty(t, find[PodAddressed](log, nil))
		began := find[ExhaustionBegan](log, nil)
		require.Len(t, began, 1)
		require.Equal(t, reason, began[0].Body.(ExhaustionBegan).Reason)
	}
	host := windowsCluster(nil, Step{At: 10 * time.Second, Action: Create{Pod: "p1", Spec: PodSpec{HostNetwork: true, NodeSelector: windowsSelector}}})
	require.Len(t, find[PodReady](events(t, host), nil), 1)
}

// TestControllerRestartForgetsWindowsCooling, but not what pods hold.
func TestControllerRestartForgetsWindowsCooling(t *testing.T) {
	steps := append(windowsPods(10*time.Second, "", 1, 9), deletePods(61*time.Second, 1, 3)...)
	steps = append(steps, Step{At: 62 * time.Second, Action: RestartController{}})
	steps = append(steps, windowsPods(63*time.Second, "", 10, 4)...)
	log := events(t, windowsCluster(nil, steps...))
	held := map[netip.Addr]model.PodName{}
	for _, ev := range log {
		switch b := ev.Body.(type) {
		case PodAddressed:
			require.Empty(t, held[b.Address])
			held[b.Address] = b.Pod
		case PodReleased:
			delete(held, b.Address)
		}
	}
	require.Len(t, held, 9)
	require.EqualValues(t, 63_000, addressedAt(t, log, "p10"))
	require.Len(t, find[AgentStarted](log, nil), 2)
}

// TestWindowsNodeGone returns everything and leaves no worker busy.
func TestWindowsNodeGone(t *testing.T) {
	cfg := windowsCluster(nil, append(windowsPods(10*time.Second, "", 1, 3),
		Step{At: 10*time.Second + 100*time.Millisecond, Action: Terminate{Node: "n-0"}},
		Step{At: 20 * time.Second, Action: AddNodes{Group: "n", Count: 3}})...)
	cfg.EC2.Latency = map[Action]Range{AssignPrivateIpAddresses: {500 * time.Millisecond, 500 * time.Millisecond}}
	log := events(t, cfg)
	deleted := find[ENIDeleted](log, nil)
	require.Len(t, deleted, 1)
	require.Len(t, find[ENIDetached](log, nil), 1)
	ready := find[NodeReady](log, nil)
	require.Len(t, ready, 4)
	require.EqualValues(t, 20_500, ready[1].At)
	require.EqualValues(t, 20_500, ready[2].At)
	require.EqualValues(t, 21_000, ready[3].At, "two requests at once in the cluster")
}

// TestAgentStepsLeaveWindowsAlone: there is no agent to restart.
func TestAgentStepsLeaveWindowsAlone(t *testing.T) {
	target := "5"
	log := events(t, windowsCluster(nil,
		Step{At: time.Minute, Action: SetEnv{Env: map[string]*string{"WARM_IP_TARGET": &target}}},
		Step{At: time.Minute, Action: RestartAgent{Node: "n-0"}},
		Step{At: time.Minute, Action: Cordon{Node: "n-0"}}))
	require.Empty(t, find[AgentExited](log, nil))
	require.Len(t, find[AgentConfigured](log, nil), 1)
}
