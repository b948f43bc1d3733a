package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// scaled is a cluster of one node of five places, system pods included, in a
// group that may grow; its nodes take a minute to come.
func scaled(most int, replicas int) Config {
	cfg := baseConfig("a")
	g := baseGroup(cfg, "workers", 1)
	g.MaxPods, g.AgentStartLater = 5, time.Minute
	g.Autoscale = AutoscaleConfig{Max: most, Delay: 10 * time.Second}
	cfg.NodeGroups = []NodeGroup{g}
	cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Replicas: replicas}}
	return cfg
}

func logged[B Body](events []Event) []B {
	var out []B
	for _, e := range events {
		if b, ok := e.Body.(B); ok {
			out = append(out, b)
		}
	}
	return out
}

// Nodes come for pods that wait, as many as it takes to pack them and no more.
// A node has three places beside the system pods'.
func TestAutoscalerPacksThePodsThatWait(t *testing.T) {
	for _, c := range []struct{ replicas, nodes int }{{3, 1}, {4, 2}, {6, 2}, {7, 3}, {30, 10}, {31, 11}} {
		events := playAll(t, scaled(20, c.replicas))
		require.Len(t, logged[NodeLaunched](events), c.nodes, "%d replicas", c.replicas)
		require.Len(t, logged[PodReady](events), c.replicas)
		if ups := logged[AutoscalerScaledUp](events); c.nodes > 1 {
			require.Equal(t, []AutoscalerScaledUp{{
				Group: "workers", Count: c.nodes - 1, Nodes: c.nodes, Max: 20, Pods: c.replicas - 3, For: "web-3",
			}}, ups)
		} else {
			require.Empty(t, ups)
		}
	}
}

// Pods for which a node has come bring no other, while the scheduler waits with
// them: nine of twelve have branch ENIs on the first node, three find theirs on the
// second when its trunk is there, the last of them at the end of its back-off.
func TestAutoscalerKnowsANodeThatHasJustCome(t *testing.T) {
	for _, delay := range []time.Duration{time.Second, 3 * time.Second, 10 * time.Second} {
		cfg := branchCluster(1)
		cfg.Controller.TrunkDelay = 8 * time.Second
		cfg.EC2.Latency = map[Action]Range{CreateNetworkInterface: {time.Second, time.Second}, AttachNetworkInterface: {3 * time.Second, 3 * time.Second}, AssignPrivateIpAddresses: {500 * time.Millisecond, 500 * time.Millisecond}}
		cfg.NodeGroups[0].AgentStartLater = 45 * time.Second
		cfg.NodeGroups[0].Autoscale = AutoscaleConfig{Max: 5, Delay: delay}
		cfg.Workloads = []Workload{{
			Name: "db", Kind: Deployment, At: time.Minute, Replicas: 12,
			Pod: PodSpec{BranchGroups: []model.SecurityGroup{"db"}},
		}}
		log := events(t, cfg)
		require.Len(t, logged[NodeLaunched](log), 2, "delay %s", delay)
		require.Len(t, logged[PodReady](log), 12)
	}
}

// The nodes are launched when the delay has passed since the first pod was
// Pending, and not a millisecond earlier.
func TestAutoscalerWaitsForItsDelay(t *testing.T) {
	cfg := scaled(5, 4)
	for _, e := range playAll(t, cfg) {
		if b, ok := e.Body.(NodeLaunched); ok && e.Node == "workers-1" {
			require.Equal(t, model.Instant(10_000), e.At)
			require.Equal(t, "workers", b.Group)
		}
		if _, ok := e.Body.(NodeReady); ok && e.Node == "workers-1" {
			require.Equal(t, model.Instant(70_000), e.At)
		}
	}
}

// At the group's max the pods are told so, once, and again when they are others.
func TestAutoscalerSaysThatItsMaxIsReached(t *testing.T) {
	cfg := scaled(2, 8)
	cfg.Steps = []Step{{At: 5 * time.Minute, Action: Scale{"web", 9}}}
	events := playAll(t, cfg)
	require.Len(t, logged[NodeLaunched](events), 2)
	cannot := logged[AutoscalerNotScaledUp](events)
	require.Len(t, cannot, 2)
	require.Equal(t, AutoscalerNotScaledUp{
		Pod: "web-3", Workload: "web", Pods: 2, Reason: ScaleMaxReached, Message: "pod didn't trigger scale-up: 1 max node group size reached",
	}, cannot[0])
	require.Equal(t, 3, cannot[1].Pods)
}

// A pod that has a node and gets no address brings no node, however long it
// waits.
func TestAutoscalerDoesNotSeePodsWithoutAddress(t *testing.T) {
	cfg := scaled(5, 12)
	g := &cfg.NodeGroups[0]
	g.MaxPods, g.Type.MaxENIs, g.Type.IPv4PerENI = 110, 1, 10 // nine addresses
	events := playAll(t, cfg)
	require.Len(t, logged[PodBound](events), 12)
	require.Len(t, logged[PodAddressed](events), 9)
	require.Len(t, logged[NodeLaunched](events), 1)
	require.Empty(t, logged[AutoscalerScaledUp](events))
	require.Empty(t, logged[AutoscalerNotScaledUp](events))

	// With a scheduler that sees addresses the same pods have one each.
	cfg.Scheduler.SeesAddresses = true
	events = playAll(t, cfg)
	require.Len(t, logged[PodAddressed](events), 12)
	require.Len(t, logged[NodeLaunched](events), 2)
	require.Empty(t, logged[PodSetupFailed](events))
}

// The first group whose node would take the pod is the one that grows: the
// filters of the scheduler decide, and requests.
func TestAutoscalerChoosesTheFirstGroupThatFits(t *testing.T) {
	base := func() Config {
		cfg := baseConfig("a", "b")
		var groups []NodeGroup
		for _, name := range []string{"plain", "gpu", "zone-b", "large"} {
			g := baseGroup(cfg, name, 0)
			g.Autoscale = AutoscaleConfig{Max: 2}
			g.Subnets = []model.SubnetID{"a"}
			g.CPUMilli = 1000
			groups = append(groups, g)
		}
		groups[1].Taints = []Taint{{"gpu", "yes", "NoSchedule"}}
		groups[1].Labels = map[string]string{"gpu": "yes"}
		groups[2].Subnets = []model.SubnetID{"b"}
		groups[3].CPUMilli = 4000
		cfg.NodeGroups = groups
		return cfg
	}
	for _, c := range []struct {
		group string
		spec  PodSpec
		why   ScaleReason
	}{
		{"plain", PodSpec{}, ""},
		{"plain", PodSpec{CPUMilli: 1000}, ""},
		{"large", PodSpec{CPUMilli: 1001}, ""},
		{"", PodSpec{CPUMilli: 4001}, ScaleNoFit},
		{"zone-b", PodSpec{NodeSelector: map[string]string{"topology.kubernetes.io/zone": "b"}}, ""},
		{"", PodSpec{NodeSelector: map[string]string{"gpu": "yes"}}, ScaleNoFit},
		{"gpu", PodSpec{NodeSelector: map[string]string{"gpu": "yes"}, Tolerations: []Toleration{{Operator: "Exists"}}}, ""},
		{"", PodSpec{BranchGroups: []model.SecurityGroup{"sg"}}, ScaleNoFit},
	} {
		cfg := base()
		cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Replicas: 1, Pod: c.spec}}
		events := playAll(t, cfg)
		if c.group == "" {
			require.Equal(t, c.why, logged[AutoscalerNotScaledUp](events)[0].Reason, "%+v", c.spec)
			require.Empty(t, logged[NodeLaunched](events))
			require.Equal(t, KindMisconfig, logged[ExhaustionBegan](events)[0].Kind)
			continue
		}
		require.Len(t, logged[NodeLaunched](events), 1, "%+v", c.spec)
		require.Equal(t, c.group, logged[NodeLaunched](events)[0].Group, "%+v", c.spec)
		require.Len(t, logged[PodReady](events), 1)
	}
}

// A node takes the DaemonSets' pods, too: what they need is reckoned with.
func TestAutoscalerReckonsWithDaemonSets(t *testing.T) {
	cfg := scaled(20, 7)
	cfg.Workloads = append(cfg.Workloads, Workload{Name: "logs", Kind: DaemonSet})
	events := playAll(t, cfg) // two places a node
	require.Len(t, logged[NodeLaunched](events), 4)
	require.Len(t, logged[AutoscalerScaledUp](events), 1)
	require.Len(t, logged[PodReady](events), 7+4)
}

// Pods that come while nodes are on their way are packed on these first.
func TestAutoscalerCountsNodesOnTheirWay(t *testing.T) {
	cfg := scaled(20, 4)
	cfg.Steps = []Step{
		{At: 30 * time.Second, Action: Scale{"web", 6}},
		{At: 45 * time.Second, Action: Scale{"web", 7}},
	}
	ups := logged[AutoscalerScaledUp](playAll(t, cfg))
	require.Len(t, ups, 2)
	require.Equal(t, []int{1, 1}, []int{ups[0].Count, ups[1].Count})
	require.Equal(t, []model.PodName{"web-3", "web-3"}, []model.PodName{ups[0].For, ups[1].For})
}

// Branch ENIs of a node whose trunk is on its way count: no second node comes.
func TestAutoscalerWaitsForTheTrunk(t *testing.T) {
	cfg := scaled(5, 4)
	cfg.CNI.Env["ENABLE_POD_ENI"] = "true"
	cfg.Controller.TrunkDelay = 30 * time.Second
	g := &cfg.NodeGroups[0]
	g.MaxPods, g.Type.TrunkingCompatible, g.Type.BranchENIs = 29, true, 3
	cfg.Workloads[0].Pod.BranchGroups = []model.SecurityGroup{"sg"}
	for _, replicas := range []int{3, 4, 6, 7} {
		cfg.Workloads[0].Replicas = replicas
		events := playAll(t, cfg)
		require.Len(t, logged[NodeLaunched](events), (replicas+2)/3, "%d replicas", replicas)
		require.Len(t, logged[PodReady](events), replicas)
	}
}

// A node that does not come within a quarter of an hour is given up: the next
// group gets its turn, and the run does not end before.
func TestAutoscalerGivesUpANodeThatDoesNotCome(t *testing.T) {
	cfg := scaled(1, 4)
	cfg.Subnets = append(cfg.Subnets, SubnetConfig{Name: "tiny", Zone: "a", CIDR: netip.MustParsePrefix("10.9.0.0/28"), InUseCount: 11})
	never, other := cfg.NodeGroups[0], cfg.NodeGroups[0]
	never.Name, never.Count, never.Subnets, never.Autoscale.Max = "never", 0, []model.SubnetID{"tiny"}, 3
	other.Name, other.Count, other.Autoscale.Max = "other", 0, 1
	cfg.NodeGroups = append(cfg.NodeGroups, never, other)
	cfg.NodeGroups[1].Autoscale.Max = 1
	events := playAll(t, cfg)
	ups := logged[AutoscalerScaledUp](events)
	require.Len(t, ups, 2)
	require.Equal(t, []string{"never", "other"}, []string{ups[0].Group, ups[1].Group})
	for _, e := range events {
		if b, ok := e.Body.(AutoscalerScaledUp); ok && b.Group == "other" {
			require.Equal(t, model.Instant(10_000).Add(provisionTime), e.At)
		}
	}
	require.Len(t, logged[PodReady](events), 4)
}

// A node goes to the subnet in turn, past those that have no address for it.
func TestAutoscalerPassesOverFullSubnets(t *testing.T) {
	cfg := scaled(6, 13)
	cfg.Subnets = append(cfg.Subnets, SubnetConfig{Name: "tiny", Zone: "a", CIDR: netip.MustParsePrefix("10.9.0.0/28"), InUseCount: 10})
	cfg.NodeGroups[0].Subnets = []model.SubnetID{"a", "tiny"}
	cfg.CNI.Env["ENABLE_SUBNET_DISCOVERY"] = "false"
	var in []string
	for _, b := range logged[NodeLaunched](playAll(t, cfg)) {
		in = append(in, string(b.Subnet))
	}
	// The one address of the tiny subnet is the first new node's.
	require.Equal(t, []string{"a", "tiny", "a", "a", "a"}, in)
}

// No node is launched into a subnet that has no addresses for its pods, if the
// scheduler sees addresses; the pods are told.
func TestAutoscalerThatSeesAddressesLaunchesNothingInVain(t *testing.T) {
	cfg := scaled(5, 20)
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/28") // eleven addresses
	g := &cfg.NodeGroups[0]
	g.MaxPods, g.Type.IPv4PerENI = 110, 10
	cfg.Scheduler.SeesAddresses = true
	events := playAll(t, cfg)
	require.Len(t, logged[NodeLaunched](events), 1)
	require.Empty(t, logged[PodSetupFailed](events))
	cannot := logged[AutoscalerNotScaledUp](events)
	require.NotEmpty(t, cannot)
	require.Equal(t, ScaleNoAddresses, cannot[len(cannot)-1].Reason)
	kinds := map[Kind]bool{}
	for _, b := range logged[ExhaustionBegan](events) {
		kinds[b.Kind] = true
	}
	require.True(t, kinds[KindSubnetIPs], fmt.Sprint(kinds))
}

// Cooling addresses are none to the scheduler that sees addresses; when they
// have cooled, the pods follow at once.
func TestSeenAddressesCool(t *testing.T) {
	cfg := scaled(0, 9)
	g := &cfg.NodeGroups[0]
	g.MaxPods, g.Type.MaxENIs, g.Type.IPv4PerENI, g.Autoscale = 110, 1, 10, AutoscaleConfig{}
	cfg.Scheduler.SeesAddresses = true
	cfg.Steps = []Step{{At: time.Minute, Action: Delete{Workload: "web", Count: 2}}}
	events := playAll(t, cfg)
	require.Empty(t, logged[PodSetupFailed](events))
	bound := map[model.PodName]model.Instant{}
	for _, e := range events {
		if b, ok := e.Body.(PodBound); ok {
			bound[b.Pod] = e.At
		}
	}
	// Released at 60 s; at 90 s they still cool.
	require.Equal(t, model.Instant(90_001), bound["web-9"])
	require.Equal(t, model.Instant(90_001), bound["web-10"])
	require.Equal(t, KindCooldown, logged[ExhaustionBegan](events)[len(logged[ExhaustionBegan](events))-1].Kind)
}

// Whatever happens in random scenarios: with a scheduler that sees addresses no
// attempt of a pod that it placed fails for want of one, while agents are up.
func TestSeenAddressesAreThere(t *testing.T) {
	first, end := seeds(t, 60)
	for seed := first; seed < end; seed++ {
		cfg := generate(seed)
		cfg.Scheduler.SeesAddresses, cfg.Kubelet.Start = true, 0
		branched := map[model.WorkloadName]bool{} // these need no address of a pool
		each := map[model.WorkloadName]bool{}     // these are refused while ENABLE_MULTI_NIC is off
		for _, w := range cfg.Workloads {
			branched[w.Name] = len(w.Pod.BranchGroups) > 0
			each[w.Name] = w.Pod.Annotations[model.AnnotationNICs] != ""
		}
		pinned := map[model.PodName]bool{}
		for _, s := range cfg.Steps {
			if c, ok := s.Action.(Create); ok && c.Spec.Node != "" {
				pinned[c.Pod] = true
			}
		}
		failed := func(e Event) error {
			if b, ok := e.Body.(PodSetupFailed); ok && b.Attempt == 1 && !pinned[b.Pod] && !branched[b.Workload] && !(each[b.Workload] && b.Reason == KindMisconfig) {
				return fmt.Errorf("seed %d: %s of %s at %s fails: %s", seed, b.Pod, b.Workload, e.At, b.Reason)
			}
			return nil
		}
		require.NoError(t, Run(cfg, failed))
	}
}

// A run with an autoscaler is the same every time.
func TestAutoscalerIsDeterministic(t *testing.T) {
	cfg := scaled(20, 31)
	require.Equal(t, playAll(t, cfg), playAll(t, cfg))
}
