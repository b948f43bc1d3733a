package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// branchCluster is a cluster of m5.large nodes with security groups for pods,
// in which calls take no time.
func branchCluster(nodes int, steps ...Step) Config {
	kind, _ := model.LookupInstanceType("m5.large")
	env := model.DaemonSetEnv()
	env["ENABLE_POD_ENI"] = "true"
	return Config{
		Duration: 10 * time.Minute,
		Subnets:  []SubnetConfig{{Name: "a", Zone: "za", CIDR: netip.MustParsePrefix("10.0.0.0/24")}},
		Cluster:  ClusterConfig{Name: "c"},
		CNI:      CNIConfig{Version: model.DefaultVersion, Env: env},
		EC2:      EC2Config{Order: OrderLowest},
		Agent:    AgentConfig{Order: OrderOrdered},
		Kubelet:  KubeletConfig{Retry: Range{Min: 10 * time.Second, Max: 10 * time.Second}},
		Scheduler: SchedulerConfig{
			Strategy: StrategyKube,
		},
		NodeGroups: []NodeGroup{{
			Name: "n", Type: kind, Count: nodes, Subnets: []model.SubnetID{"a"}, MaxPods: 29,
			SecurityGroups: []model.SecurityGroup{"node"},
		}},
		Steps: steps,
	}
}

// branchPods are steps that make count pods with a branch at the instant.
func branchPods(at time.Duration, node model.NodeName, first, count int) []Step {
	var out []Step
	for i := range count {
		out = append(out, Step{At: at, Action: Create{
			Pod:  model.PodName(fmt.Sprintf("p%d", first+i)),
			Spec: PodSpec{Node: node, BranchGroups: []model.SecurityGroup{"db"}},
		}})
	}
	return out
}

// events runs cfg and returns the log. What must always hold for trunks is
// checked after each instant that something is logged at.
func events(t *testing.T, cfg Config) []Event {
	t.Helper()
	var out []Event
	var e *engine
	e, err := newEngine(cfg, func(ev Event) error {
		if n := len(out); n > 0 && ev.At > out[n-1].At {
			checkTrunks(e)
		}
		out = append(out, ev)
		return nil
	})
	require.NoError(t, err)
	e.start()
	e.loop()
	checkTrunks(e)
	e.end()
	return out
}

// find returns the events whose body is a B and that suit, with their instants.
func find[B Body](log []Event, suits func(B) bool) []Event {
	return slices.DeleteFunc(slices.Clone(log), func(ev Event) bool {
		b, ok := ev.Body.(B)
		return !ok || suits != nil && !suits(b)
	})
}

// TestPodGetsItsBranch from the signal on: the agent adopts the trunk by a
// reconcile, the pod's address comes from no ENI of the node.
func TestPodGetsItsBranch(t *testing.T) {
	cfg := branchCluster(1, branchPods(20*time.Second, "", 1, 1)...)
	cfg.Controller = ControllerConfig{TrunkDelay: 8 * time.Second, BranchDelay: time.Second}
	log := events(t, cfg)

	require.EqualValues(t, 0, find[TrunkSignalled](log, nil)[0].At)
	trunk := find(log, func(b ENIAttached) bool { return b.Kind == model.ENITrunk })
	require.Len(t, trunk, 1)
	require.EqualValues(t, 10_000, trunk[0].At, "attached at 8 s, seen at the next reconcile")
	require.Equal(t, 2, trunk[0].Body.(ENIAttached).Device)

	created := find[BranchCreated](log, nil)
	require.EqualValues(t, 21_000, created[0].At)
	branch := created[0].Body.(BranchCreated)
	require.Equal(t, []model.SecurityGroup{"db"}, branch.SecurityGroups)
	require.Equal(t, 1, branch.VLAN)

	failed := find[PodSetupFailed](log, nil)
	require.Len(t, failed, 1, "the first attempt, at 20 s")
	require.Equal(t, Kind(""), failed[0].Body.(PodSetupFailed).Reason)
	addressed := find[PodAddressed](log, nil)
	require.EqualValues(t, 30_000, addressed[0].At)
	require.Equal(t, PodAddressed{Pod: "p1", ENI: branch.ENI, Device: -1, Address: branch.Address, VLAN: 1, Attempt: 2}, addressed[0].Body)
	require.Empty(t, find[ExhaustionBegan](log, nil))
}

// TestDelaysIncludeTheCalls: the trunk is attached and the branch annotated
// after the delay, or as soon as the calls are done if they take longer.
func TestDelaysIncludeTheCalls(t *testing.T) {
	for _, c := range []struct {
		trunk, branch     time.Duration
		ready, annotated  int64
		createsTrunkAfter int64
	}{
		{8 * time.Second, 2 * time.Second, 8000, 62_000, 3700},
		{4300 * time.Millisecond, 1500 * time.Millisecond, 4300, 61_500, 0},
		{0, 0, 4300, 61_500, 0},
	} {
		cfg := branchCluster(1, branchPods(time.Minute, "n-0", 1, 1)...)
		cfg.Controller = ControllerConfig{TrunkDelay: c.trunk, BranchDelay: c.branch}
		ms := func(n int) Range { d := time.Duration(n) * time.Millisecond; return Range{Min: d, Max: d} }
		cfg.EC2.Latency = map[Action]Range{
			CreateNetworkInterface: ms(1000), AttachNetworkInterface: ms(3000), ModifyNetworkInterfaceAttribute: ms(200),
			DescribeNetworkInterfaces: ms(100), AssociateTrunkInterface: ms(500),
		}
		cfg.CNI.Env["WARM_ENI_TARGET"] = "0" // no other ENI is made
		cfg.CNI.Env["WARM_IP_TARGET"] = "1"
		log := events(t, cfg)
		creates := find(log, func(b EC2Call) bool { return b.Action == CreateNetworkInterface })
		signalled := find[TrunkSignalled](log, nil)[0].At
		require.EqualValues(t, c.createsTrunkAfter, creates[0].At-signalled)
		last := find(log, func(b EC2Returned) bool { return b.Action == DescribeNetworkInterfaces })
		require.EqualValues(t, c.ready, last[0].At-signalled)
		require.EqualValues(t, c.annotated, find[BranchCreated](log, nil)[0].At)
	}
}

// TestPodsWaitForTheirNode: a pod that is bound before its node has a trunk is
// looked at every second.
func TestPodsWaitForTheirNode(t *testing.T) {
	for _, c := range []struct {
		bound     time.Duration
		annotated int64
	}{{7300 * time.Millisecond, 8300}, {7000 * time.Millisecond, 8000}, {7999 * time.Millisecond, 8999}, {8 * time.Second, 8000}} {
		cfg := branchCluster(1, branchPods(c.bound, "n-0", 1, 1)...)
		cfg.Controller.TrunkDelay = 8 * time.Second
		require.EqualValues(t, c.annotated, find[BranchCreated](events(t, cfg), nil)[0].At, c.bound)
	}
}

// TestSchedulerCountsPodENI: nine pods fit an m5.large, the tenth waits; where
// no node can have a trunk all do.
func TestSchedulerCountsPodENI(t *testing.T) {
	log := events(t, branchCluster(1, branchPods(time.Minute, "", 1, 10)...))
	require.Len(t, find[PodBound](log, nil), 9)
	refused := find[PodUnschedulable](log, nil)[0].Body.(PodUnschedulable)
	require.Equal(t, KindBranchLimit, refused.Reason)
	require.Contains(t, refused.Message, "0/1 nodes are available: 1 Insufficient vpc.amazonaws.com/pod-eni. preemption:")

	cfg := branchCluster(1, branchPods(time.Minute, "", 1, 1)...)
	cfg.NodeGroups[0].Type, _ = model.LookupInstanceType("t3.large")
	log = events(t, cfg)
	require.Equal(t, KindNoTrunk, find[PodUnschedulable](log, nil)[0].Body.(PodUnschedulable).Reason)
	require.Equal(t, ErrUnsupported, find[TrunkFailed](log, nil)[0].Body.(TrunkFailed).Error)
	require.Len(t, find[TrunkFailed](log, nil), 1)
}

// TestPodWaitsForATrunkOnItsWay: that is no exhaustion.
func TestPodWaitsForATrunkOnItsWay(t *testing.T) {
	cfg := branchCluster(1, branchPods(time.Second, "", 1, 1)...)
	cfg.Controller.TrunkDelay = 8 * time.Second
	log := events(t, cfg)
	require.Equal(t, Kind(""), find[PodUnschedulable](log, nil)[0].Body.(PodUnschedulable).Reason)
	require.EqualValues(t, 8000, find[PodBound](log, nil)[0].At)
	require.Empty(t, find[ExhaustionBegan](log, nil))
}

// TestDaemonSetWaitsForItsOwnTrunkOnly: the pod of a node that cannot have a
// trunk is told so at once, also while another node's trunk is on its way; that
// node's pod is told nothing.
func TestDaemonSetWaitsForItsOwnTrunkOnly(t *testing.T) {
	cfg := branchCluster(1)
	cfg.Controller.TrunkDelay = 8 * time.Second
	other := cfg.NodeGroups[0]
	other.Name = "x"
	other.Type, _ = model.LookupInstanceType("t3.large")
	cfg.NodeGroups = append(cfg.NodeGroups, other)
	cfg.Workloads = []Workload{{Name: "d", Kind: DaemonSet, At: 8500 * time.Millisecond, Pod: PodSpec{BranchGroups: []model.SecurityGroup{"db"}}}}
	cfg.Steps = []Step{{At: 8250 * time.Millisecond, Action: AddNodes{Group: "n", Count: 1}}}
	log := events(t, cfg)
	reasons := map[string]Kind{}
	for _, ev := range find[PodUnschedulable](log, nil) {
		b := ev.Body.(PodUnschedulable)
		if b.Attempt == 1 {
			reasons[fmt.Sprint(b.Pod, " at ", ev.At)] = b.Reason
		}
	}
	require.Equal(t, map[string]Kind{"d-1 at 8.5s": KindBranchLimit, "d-2 at 8.5s": ""}, reasons)
	require.Len(t, find[PodBound](log, nil), 2)
}

// TestOrdinaryPodsTakeNoBranch, nor do those on the host network; and with
// ENABLE_POD_ENI off the pool serves all.
func TestOrdinaryPodsTakeNoBranch(t *testing.T) {
	groups := []model.SecurityGroup{"db"}
	steps := []Step{
		{At: time.Minute, Action: Create{Pod: "plain", Spec: PodSpec{Node: "n-0"}}},
		{At: time.Minute, Action: Create{Pod: "host", Spec: PodSpec{Node: "n-0", HostNetwork: true, BranchGroups: groups}}},
	}
	require.Empty(t, find[BranchRequested](events(t, branchCluster(1, steps...)), nil))

	cfg := branchCluster(1, Step{At: time.Minute, Action: Create{Pod: "p1", Spec: PodSpec{Node: "n-0", BranchGroups: groups}}})
	delete(cfg.CNI.Env, "ENABLE_POD_ENI")
	log := events(t, cfg)
	require.Equal(t, 0, find[PodAddressed](log, nil)[0].Body.(PodAddressed).Device)
	require.Empty(t, find[TrunkSignalled](log, nil))
}

// TestCoolingBranchesFillANode although the scheduler sees free pod-eni.
func TestCoolingBranchesFillANode(t *testing.T) {
	steps := branchPods(time.Minute, "", 1, 9)
	for i := range 9 {
		steps = append(steps, Step{At: 2 * time.Minute, Action: Delete{Pod: model.PodName(fmt.Sprintf("p%d", i+1))}})
	}
	steps = append(steps, branchPods(2*time.Minute+500*time.Millisecond, "", 11, 9)...)
	log := events(t, branchCluster(1, steps...))
	require.Len(t, find[PodBound](log, nil), 18)
	began := find[ExhaustionBegan](log, nil)
	require.Len(t, began, 1)
	body := began[0].Body.(ExhaustionBegan)
	require.Equal(t, KindBranchCooldown, body.Kind)
	require.Equal(t, "cooling", body.Reason)
	require.Equal(t, map[Number]int{"branchLimit": 9, "branches": 0, "queued": 9, "vlans": 9}, body.Numbers)
	ended := find[ExhaustionEnded](log, nil)[0]
	require.Equal(t, 9, ended.Body.(ExhaustionEnded).Pods)
	require.EqualValues(t, 240_500, find(log, func(b BranchCreated) bool { return b.Pod == "p11" })[0].At)
}

// TestPodsBeyondTheLimitByName are put down to the limit, not to cooling.
func TestPodsBeyondTheLimitByName(t *testing.T) {
	log := events(t, branchCluster(1, branchPods(time.Minute, "n-0", 1, 10)...))
	body := find[ExhaustionBegan](log, nil)[0].Body.(ExhaustionBegan)
	require.Equal(t, KindBranchCooldown, body.Kind)
	require.Equal(t, "in-use", body.Reason)
}

// TestFullSubnetRefusesBranches: six attempts, then nothing until the resync.
func TestFullSubnetRefusesBranches(t *testing.T) {
	cfg := branchCluster(1, branchPods(time.Minute, "n-0", 1, 1)...)
	cfg.Duration = 40 * time.Minute
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/28")
	cfg.CNI.Env["WARM_IP_TARGET"], cfg.CNI.Env["MINIMUM_IP_TARGET"] = "9", "9" // with node and trunk: all eleven
	log := events(t, cfg)
	failed := find[BranchFailed](log, nil)
	require.Len(t, failed, 12)
	require.EqualValues(t, 60_155, failed[5].At)
	require.Nil(t, failed[5].Body.(BranchFailed).RetryMs)
	require.EqualValues(t, 30*60_000, failed[6].At)
	body := find(log, func(b ExhaustionBegan) bool { return b.Pod == "p1" })[0].Body.(ExhaustionBegan)
	require.Equal(t, KindSubnetIPs, body.Kind)
	require.Equal(t, "a", body.Name)
}

// TestTrunkThatFailedIsTriedAtTheNextNodeEvent: a cordon is one, and so is
// kubelet's report every five minutes.
func TestTrunkThatFailedIsTriedAtTheNextNodeEvent(t *testing.T) {
	cfg := branchCluster(1, Step{At: 2 * time.Minute, Action: Cordon{"n-0"}})
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/28")
	cfg.Subnets[0].InUseCount = 10
	cfg.Duration = 7 * time.Minute
	log := events(t, cfg)
	var at []int64
	for _, ev := range find[TrunkFailed](log, nil) {
		at = append(at, int64(ev.At))
	}
	require.Equal(t, []int64{0, 120_000, 300_000, 420_000}, at)
	body := find[TrunkFailed](log, nil)[0].Body.(TrunkFailed)
	require.Equal(t, TrunkFailed{
		Subnet: "a", Error: model.InsufficientFreeAddressesInSubnet, Attempt: 1,
		Reasons: []string{"TrunkENICreationFailed", "NodeTrunkFailedInit"},
	}, body)
}

// TestTerminatedNodeLosesItsBranchesAMinuteLater, its other ENIs at once.
func TestTerminatedNodeLosesItsBranchesAMinuteLater(t *testing.T) {
	steps := append(branchPods(time.Minute, "n-0", 1, 2), Step{At: 100 * time.Second, Action: Terminate{"n-0"}})
	log := events(t, branchCluster(1, steps...))
	queued := find[BranchQueued](log, nil)
	require.Len(t, queued, 2)
	require.EqualValues(t, 100_000, queued[0].At)
	deleted := find[BranchDeleted](log, nil)
	require.Len(t, deleted, 2)
	require.EqualValues(t, 160_000, deleted[0].At)
	released := find(log, func(b ENIDeleted) bool { return true })
	require.EqualValues(t, 160_000, released[len(released)-1].At)
	require.Empty(t, find(log, func(b BranchDeleted) bool { return b.Leaked }))
}

// TestControllerRestartsWithinARun: what cools does so anew, the pods keep what
// they have, and new ones are seen a second later.
func TestControllerRestartsWithinARun(t *testing.T) {
	steps := append(branchPods(time.Minute, "n-0", 1, 2),
		Step{At: 70 * time.Second, Action: Delete{Pod: "p1"}},
		Step{At: 100 * time.Second, Action: RestartController{}})
	steps = append(steps, branchPods(100*time.Second+500*time.Millisecond, "n-0", 3, 1)...)
	log := events(t, branchCluster(1, steps...))
	require.EqualValues(t, 160_001, find[BranchDeleted](log, nil)[0].At)
	require.Len(t, find[BranchQueued](log, nil), 2, "by the deletion and by the restart")
	require.EqualValues(t, 101_000, find(log, func(b BranchCreated) bool { return b.Pod == "p3" })[0].At)
}

// TestDeletionDuringARestartIsFoundLater: the controller does not see pods go
// before its first pass, and checks for leaks a minute after it.
func TestDeletionDuringARestartIsFoundLater(t *testing.T) {
	steps := append(branchPods(time.Minute, "n-0", 1, 1),
		Step{At: 100 * time.Second, Action: RestartController{}},
		Step{At: 100*time.Second + 500*time.Millisecond, Action: Delete{Pod: "p1"}})
	log := events(t, branchCluster(1, steps...))
	require.EqualValues(t, 161_000, find[BranchQueued](log, nil)[0].At)
}

// TestLeakedBranchIsCleanedUp at the second clean-up that sees it.
func TestLeakedBranchIsCleanedUp(t *testing.T) {
	cfg := branchCluster(1, append(branchPods(time.Minute, "n-0", 1, 2), Step{At: 70 * time.Second, Action: Delete{Pod: "p1"}})...)
	cfg.Duration = 3 * time.Hour
	var log []Event
	e, err := newEngine(cfg, func(ev Event) error { log = append(log, ev); return nil })
	require.NoError(t, err)
	e.controller.failDelete = func(*model.Branch) bool { return true }
	e.start()
	e.loop()
	require.True(t, find[BranchDeleted](log, nil)[0].Body.(BranchDeleted).Leaked)
	branch := find[BranchDeleted](log, nil)[0].Body.(BranchDeleted).ENI
	require.EqualValues(t, time.Hour.Milliseconds(), find(log, func(b ENIDeleted) bool { return b.ENI == branch })[0].At)
	require.Len(t, find[ENIDeleted](log, nil), 1, "the other pod's branch is in use")
}

// TestCooldownStepHoldsAtOnce.
func TestCooldownStepHoldsAtOnce(t *testing.T) {
	steps := append(branchPods(time.Minute, "n-0", 1, 1),
		Step{At: 91 * time.Second, Action: Delete{Pod: "p1"}},
		Step{At: 100 * time.Second, Action: SetBranchCooldown{"120"}})
	require.EqualValues(t, 240_000, find[BranchDeleted](events(t, branchCluster(1, steps...)), nil)[0].At)
}

// TestRunWaitsForTheDeleteQueue before it counts as settled.
func TestRunWaitsForTheDeleteQueue(t *testing.T) {
	cfg := branchCluster(1, append(branchPods(time.Minute, "n-0", 1, 1), Step{At: 70 * time.Second, Action: Delete{Pod: "p1"}})...)
	cfg.Duration, cfg.CNI.BranchCooldown = 0, "900"
	log := events(t, cfg)
	deleted := find[BranchDeleted](log, nil)
	require.EqualValues(t, 990_000, deleted[0].At)
	require.EqualValues(t, 990_000+300_000, log[len(log)-1].At)
}

// TestRunsWithBranchesAreRepeatable: the same bytes twice, with latencies drawn,
// throttling, restarts and terminations.
func TestRunsWithBranchesAreRepeatable(t *testing.T) {
	cfg := branchCluster(3, branchPods(10*time.Second, "", 1, 40)...)
	cfg.Seed = 7
	cfg.EC2.Order, cfg.Agent.Order, cfg.EC2.Throttling = OrderRandom, OrderRandom, true
	r := Range{Min: 100 * time.Millisecond, Max: 900 * time.Millisecond}
	cfg.EC2.Latency = map[Action]Range{
		CreateNetworkInterface: r, AttachNetworkInterface: r, AssociateTrunkInterface: r, DeleteNetworkInterface: r, DisassociateTrunkInterface: r,
	}
	for i := range 20 {
		cfg.Steps = append(cfg.Steps, Step{At: time.Duration(60+3*i) * time.Second, Action: Delete{Pod: model.PodName(fmt.Sprintf("p%d", i+1))}})
	}
	cfg.Steps = append(cfg.Steps,
		Step{At: 85 * time.Second, Action: RestartController{}},
		Step{At: 110 * time.Second, Action: Terminate{"n-1"}})
	print := func() []string {
		var out []string
		for _, ev := range events(t, cfg) {
			text, err := ev.MarshalJSON()
			require.NoError(t, err)
			out = append(out, string(text))
		}
		return out
	}
	first := print()
	require.Equal(t, first, print())
	require.Greater(t, len(first), 200)
}

// TestNoBranchIsLost: in random runs with restarts, terminations and slow calls
// the invariants hold, and when all pods have gone every branch goes, too, at
// the latest by the clean-up.
func TestNoBranchIsLost(t *testing.T) {
	first, end := seeds(t, 40)
	for seed := first; seed < end; seed++ {
		chance := newStream(seed, "test")
		second := func(n int) time.Duration { return time.Duration(chance.pick(n*1000)) * time.Millisecond }
		cfg := branchCluster(3)
		cfg.Seed, cfg.Duration = seed, 2*time.Hour
		cfg.EC2.Throttling = seed%2 == 0
		cfg.EC2.BranchLimit = seed%3 == 0
		cfg.Controller = ControllerConfig{TrunkDelay: second(10), BranchDelay: second(3)}
		if seed%4 != 0 {
			r := Range{Max: time.Duration(1+chance.pick(3000)) * time.Millisecond}
			cfg.EC2.Latency = map[Action]Range{
				CreateNetworkInterface: r, AttachNetworkInterface: r, DeleteNetworkInterface: r,
				AssociateTrunkInterface: r, DisassociateTrunkInterface: r,
			}
		}
		for i := range 60 {
			at := second(600)
			name := model.PodName(fmt.Sprintf("p%d", i))
			spec := PodSpec{BranchGroups: []model.SecurityGroup{"db"}, RunFor: second(100) * time.Duration(chance.pick(2))}
			if chance.pick(2) == 0 {
				spec.Node = model.NodeName(fmt.Sprintf("n-%d", chance.pick(3)))
			}
			cfg.Steps = append(cfg.Steps,
				Step{At: at, Action: Create{Pod: name, Spec: spec}},
				Step{At: min(at+second(300), 15*time.Minute), Action: Delete{Pod: name}})
		}
		for range chance.pick(4) {
			cfg.Steps = append(cfg.Steps, Step{At: second(900), Action: RestartController{}})
		}
		cfg.Steps = append(cfg.Steps,
			Step{At: second(900), Action: Terminate{"n-0"}},
			Step{At: second(900), Action: SetBranchCooldown{fmt.Sprint(chance.pick(120))}})

		var last model.Instant
		var e *engine
		e, err := newEngine(cfg, func(ev Event) error {
			if ev.At > last {
				last = ev.At
				checkTrunks(e)
			}
			return nil
		})
		require.NoError(t, err)
		e.start()
		e.loop()
		for _, n := range e.nodes {
			if n.gone && n.instance.trunk == nil { // terminated before it had one
				continue
			}
			require.NotNil(t, n.instance.trunk, "seed %d, %s", seed, n.name)
			require.Empty(t, n.instance.trunk.branches, "seed %d, %s", seed, n.name)
		}
		require.Zero(t, e.controller.queue.idle-controllerWorkers, "seed %d: all workers are idle", seed)
	}
}

// TestTrunkThatCannotBeAttachedIsDeleted and the node tried again.
func TestTrunkThatCannotBeAttachedIsDeleted(t *testing.T) {
	cfg := branchCluster(1,
		Step{At: time.Second, Action: Fault{Action: AttachNetworkInterface, Error: model.AttachmentLimitExceeded, Count: 1}},
		Step{At: time.Minute, Action: Cordon{"n-0"}})
	cfg.Controller.TrunkDelay = 2 * time.Second
	cfg.Duration = 2 * time.Minute
	var log []Event
	e, err := newEngine(cfg, func(ev Event) error { log = append(log, ev); return nil })
	require.NoError(t, err)
	e.start()
	e.loop()
	failed := find[TrunkFailed](log, nil)
	require.Len(t, failed, 1)
	require.Equal(t, model.AttachmentLimitExceeded, failed[0].Body.(TrunkFailed).Error)
	require.Len(t, find[ENIDeleted](log, nil), 1)
	require.NotNil(t, e.nodes[0].instance.trunk)
	require.Empty(t, e.nodes[0].instance.loose)
	require.Equal(t, "true", e.nodes[0].labels[labelTrunk])
}

// TestNodeWithoutItsENIConfigGetsNoTrunk, and its pods say so.
func TestNodeWithoutItsENIConfigGetsNoTrunk(t *testing.T) {
	cfg := branchCluster(1, branchPods(time.Minute, "n-0", 1, 1)...)
	cfg.CNI.Env["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"] = "true"
	cfg.Agent.Exit.Never = true
	log := events(t, cfg)
	require.Equal(t, TrunkFailed{Error: ErrNoENIConfig, Attempt: 1}, find[TrunkFailed](log, nil)[0].Body)
	require.Empty(t, find[BranchCreated](log, nil))
	require.NotEmpty(t, find[PodSetupFailed](log, nil))
}

// TestBranchesCountAgainstTheQuotaOfENIs: node, trunk and one branch fit three.
func TestBranchesCountAgainstTheQuotaOfENIs(t *testing.T) {
	cfg := branchCluster(1, branchPods(time.Minute, "n-0", 1, 2)...)
	cfg.EC2.Quotas.ENIs = 3
	cfg.CNI.Env["WARM_IP_TARGET"] = "1" // no second ENI
	log := events(t, cfg)
	require.Len(t, find[BranchCreated](log, nil), 1)
	require.Equal(t, model.NetworkInterfaceLimitExceeded, find[BranchFailed](log, nil)[0].Body.(BranchFailed).Error)
	began := find(log, func(b ExhaustionBegan) bool { return b.Pod == "p2" })
	require.Equal(t, KindQuota, began[0].Body.(ExhaustionBegan).Kind)
}
