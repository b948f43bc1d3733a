package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// ecsConfig is a cluster of ECS with EC2's usual latencies in one subnet a zone,
// without node groups and services.
func ecsConfig(zones ...string) Config {
	cfg := Config{
		Name: "test", Seed: 1, Platform: PlatformECS, Cluster: ClusterConfig{Name: "test"},
		EC2: EC2Config{
			Order:   OrderLowest,
			Refused: Range{200 * time.Millisecond, 200 * time.Millisecond},
			Latency: map[Action]Range{
				CreateNetworkInterface:  {time.Second, time.Second},
				AttachNetworkInterface:  {3 * time.Second, 3 * time.Second},
				AssociateTrunkInterface: {500 * time.Millisecond, 500 * time.Millisecond},
				DetachNetworkInterface:  {time.Second, time.Second},
				DeleteNetworkInterface:  {500 * time.Millisecond, 500 * time.Millisecond},
			},
		},
	}
	for i, zone := range zones {
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{
			Name: model.SubnetID(zone), Zone: zone,
			CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 24),
		})
	}
	return cfg
}

// ecsGroup is a group of container instances of the type, in all subnets.
func ecsGroup(t testing.TB, cfg Config, name, kind string, count int, trunking bool) NodeGroup {
	instance, ok := model.LookupInstanceType(kind)
	require.True(t, ok)
	g := NodeGroup{Name: name, Type: instance, Count: count, AWSVPCTrunking: trunking}
	for _, s := range cfg.Subnets {
		g.Subnets = append(g.Subnets, s.Name)
	}
	return g
}

// ecsService is a service with ECS's defaults.
func ecsService(name string, replicas int) Workload {
	return Workload{
		Name: model.WorkloadName(name), Kind: Service, Replicas: replicas,
		MinimumHealthyPercent: 100, MaximumPercent: 200,
		Pod: PodSpec{
			ReadyAfter: time.Second, StopAfter: time.Second,
			Task: TaskSpec{SecurityGroups: []model.SecurityGroup{"default"}, Placement: []Placement{{PlaceSpread, FieldZone}}},
		},
	}
}

// told are the bodies of one type, with their instants.
func told[B Body](events []Event) (all []B, at []model.Instant) {
	for _, e := range events {
		if b, ok := e.Body.(B); ok {
			all, at = append(all, b), append(at, e.At)
		}
	}
	return all, at
}

// TestTasksPerInstance wants more tasks than an instance takes, and counts those
// that run, and the addresses that they cost. c5.large and the others with a
// figure: Amazon ECS developer guide, "Supported Amazon EC2 instance types".
func TestTasksPerInstance(t *testing.T) {
	for _, c := range []struct {
		kind     string
		trunking bool
		tasks    int
		own      int // addresses of the instance itself
		reason   Kind
		cappedBy string
	}{
		{"c5.large", false, 2, 1, KindENILimit, "awsvpcTrunking off"},
		{"c5.large", true, 10, 2, KindBranchLimit, "instance type"},
		{"c5.xlarge", false, 3, 1, KindENILimit, "awsvpcTrunking off"},
		{"c5.xlarge", true, 20, 2, KindBranchLimit, "instance type"},
		{"m6g.medium", true, 4, 2, KindBranchLimit, "instance type"},
		{"m5.16xlarge", true, 120, 2, KindBranchLimit, "instance type"},
		{"t3.small", true, 2, 1, KindENILimit, "instance type"}, // not listed: no trunking
		{"c6in.32xlarge", false, 13, 1, KindENILimit, "awsvpcTrunking off"},
	} {
		t.Run(fmt.Sprintf("%s trunking %t", c.kind, c.trunking), func(t *testing.T) {
			cfg := ecsConfig("a")
			cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", c.kind, 1, c.trunking)}
			cfg.Workloads = []Workload{ecsService("web", c.tasks)}
			events := playAll(t, cfg)
			ready, _ := told[TaskReady](events)
			require.Len(t, ready, c.tasks)
			began, _ := told[ExhaustionBegan](events)
			require.Empty(t, began, "at the limit everything fits")

			cfg.Workloads = []Workload{ecsService("web", c.tasks+1)}
			events = playAll(t, cfg)
			ready, _ = told[TaskReady](events)
			require.Len(t, ready, c.tasks)
			created, _ := told[ENICreated](events)
			require.Len(t, created, c.tasks+c.own)
			began, _ = told[ExhaustionBegan](events)
			require.Len(t, began, 1)
			require.Equal(t, c.reason, began[0].Kind)
			require.Equal(t, c.cappedBy, began[0].CappedBy)
			require.Equal(t, string(ResourceENI), began[0].Reason)
			require.Equal(t, "cluster", began[0].Scope)
			require.Equal(t, map[Number]int{"instances": 1, "instancesShortOfENIs": 1, "taskENIs": c.tasks, "taskENIsUsed": c.tasks}, began[0].Numbers)
			require.Equal(t, `(service web) was unable to place a task because no container instance met all of its requirements. `+
				`The closest matching (container-instance w-0) encountered error "RESOURCE:ENI".`, began[0].Message)
		})
	}
}

// TestOnlyAwsvpcTasksTakeENIs runs more tasks in the other modes than there are
// ENIs.
func TestOnlyAwsvpcTasksTakeENIs(t *testing.T) {
	for _, mode := range []NetworkMode{NetworkBridge, NetworkHost} {
		cfg := ecsConfig("a")
		cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 1, false)}
		web := ecsService("web", 30)
		web.Pod.Task.NetworkMode = mode
		cfg.Workloads = []Workload{web, ecsService("api", 2)}
		events := playAll(t, cfg)
		ready, _ := told[TaskReady](events)
		require.Len(t, ready, 32)
		addressed, _ := told[TaskAddressed](events)
		require.Len(t, addressed, 2)
	}
}

// TestRegistering: an instance with trunking takes tasks when its trunk is
// attached, one without at once.
func TestRegistering(t *testing.T) {
	for trunking, ready := range map[bool]model.Instant{false: 0, true: 4000} {
		cfg := ecsConfig("a")
		cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 1, trunking)}
		cfg.Workloads = []Workload{ecsService("web", 1)}
		events := playAll(t, cfg)
		_, at := told[NodeReady](events)
		require.Equal(t, []model.Instant{ready}, at)
		_, at = told[TaskPlaced](events)
		require.Equal(t, []model.Instant{ready}, at)
		var kinds []model.ENIKind
		attached, _ := told[ENIAttached](events)
		for _, b := range attached {
			kinds = append(kinds, b.Kind)
		}
		if trunking {
			require.Equal(t, []model.ENIKind{model.ENIPrimary, model.ENITrunk, model.ENIBranch}, kinds)
		} else {
			require.Equal(t, []model.ENIKind{model.ENIPrimary, model.ENITask}, kinds)
		}
	}
}

// TestRegistrationFails: a subnet that has an address for the instance and none
// for its trunk. Terminating the instance ends that trouble.
func TestRegistrationFails(t *testing.T) {
	cfg := ecsConfig("a")
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/28")
	cfg.Subnets[0].InUseCount = 10
	cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 1, true)}
	cfg.Workloads = []Workload{ecsService("web", 1)}
	cfg.Steps = []Step{{At: time.Minute, Action: Terminate{"w-0"}}}
	events := playAll(t, cfg)
	failed, at := told[NodeNotReady](events)
	require.Equal(t, []model.Instant{200}, at)
	require.Equal(t, "REGISTRATION_FAILED: the trunk network interface could not be created: InsufficientFreeAddressesInSubnet", failed[0].Reason)
	ready, _ := told[NodeReady](events)
	require.Empty(t, ready)
	began, _ := told[ExhaustionBegan](events)
	require.Equal(t, KindSubnetIPs, began[0].Kind)
	require.Equal(t, KindMisconfig, began[1].Kind)
	require.Equal(t, "no-active-instance", began[1].Reason)
	ended, at := told[ExhaustionEnded](events)
	require.Equal(t, []model.Instant{60_000}, at)
	require.Equal(t, KindSubnetIPs, ended[0].Kind)
	require.Zero(t, ended[0].PodMs, "the instance is no task")
	open := events[len(events)-1].Body.(RunEnded).Open
	require.Len(t, open, 1, "the task waits on: there is no instance at all")
	require.Equal(t, int64(events[len(events)-1].At)-200, open[0].PodMs)

	cfg.Subnets[0].InUseCount = 9 // one more is enough
	ready, _ = told[NodeReady](playAll(t, cfg))
	require.Len(t, ready, 1)
}

// TestInstancesKeepWhatTheyWereLaunchedWith: groups with the setting off and on
// beside each other.
func TestInstancesKeepWhatTheyWereLaunchedWith(t *testing.T) {
	cfg := ecsConfig("a")
	old, later := ecsGroup(t, cfg, "old", "c5.large", 1, false), ecsGroup(t, cfg, "new", "c5.large", 0, true)
	cfg.NodeGroups = []NodeGroup{old, later}
	cfg.Workloads = []Workload{ecsService("web", 20)}
	cfg.Steps = []Step{{At: time.Minute, Action: AddNodes{"new", 1}}}
	on := map[model.NodeName]int{}
	for _, e := range playAll(t, cfg) {
		if _, ok := e.Body.(TaskReady); ok {
			on[e.Node]++
		}
	}
	require.Equal(t, map[model.NodeName]int{"old-0": 2, "new-0": 10}, on)
}

// placed tells on which instances the tasks of a run are, in order.
func placed(events []Event) string {
	var out []string
	for _, e := range events {
		if b, ok := e.Body.(TaskPlaced); ok {
			out = append(out, fmt.Sprintf("%s:%s", b.Pod, e.Node))
		}
	}
	return strings.Join(out, " ")
}

// TestPlacementStrategies puts tasks on three instances: two in zone a, one in
// zone b; the second of zone a is partly taken by a task that was put there.
func TestPlacementStrategies(t *testing.T) {
	for _, c := range []struct {
		name      string
		placement []Placement
		want      string
	}{
		{"zone, then instance", []Placement{{PlaceSpread, FieldZone}, {PlaceSpread, FieldInstance}, {PlaceBinpack, FieldCPU}}, "a-1 b-0 a-0 b-0"},
		{"instance, then cpu", []Placement{{PlaceSpread, FieldInstance}, {PlaceBinpack, FieldCPU}, {PlaceSpread, FieldZone}}, "a-1 a-0 b-0 a-1"},
		{"cpu", []Placement{{PlaceBinpack, FieldCPU}}, "a-1 a-1 a-1"},
		{"memory", []Placement{{PlaceBinpack, FieldMemory}}, "a-1 a-1 a-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := ecsConfig("a", "b")
			a, b := ecsGroup(t, cfg, "a", "c5.large", 2, true), ecsGroup(t, cfg, "b", "c5.large", 1, true)
			a.Subnets, b.Subnets = a.Subnets[:1], b.Subnets[1:]
			a.CPUMilli, a.MemoryMiB, b.CPUMilli, b.MemoryMiB = 2000, 4000, 4000, 4001
			cfg.NodeGroups = []NodeGroup{a, b}
			web := ecsService("web", 0)
			web.Pod.Task.Placement = c.placement
			web.Pod.CPUMilli, web.Pod.MemoryMiB = 400, 800
			cfg.Workloads = []Workload{web}
			bridge := TaskSpec{NetworkMode: NetworkBridge}
			cfg.Steps = []Step{{At: time.Minute, Action: Create{Pod: "lone", Spec: PodSpec{Node: "a-1", CPUMilli: 100, MemoryMiB: 200, Task: bridge}}}}
			n := len(strings.Fields(c.want))
			for i := range n {
				cfg.Steps = append(cfg.Steps, Step{At: time.Duration(i+2) * time.Minute, Action: Scale{"web", i + 1}})
			}
			want := "lone:a-1"
			for i, on := range strings.Fields(c.want) {
				want += fmt.Sprintf(" web-%d:%s", i, on)
			}
			require.Equal(t, want, placed(playAll(t, cfg)))
		})
	}
}

// TestRandomPlacementUsesAllInstances, and is the same for the same seed.
func TestRandomPlacementUsesAllInstances(t *testing.T) {
	cfg := ecsConfig("a")
	cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 4, true)}
	web := ecsService("web", 20)
	web.Pod.Task.Placement = []Placement{{Type: PlaceRandom}}
	cfg.Workloads = []Workload{web}
	first := placed(playAll(t, cfg))
	for _, name := range []string{"w-0", "w-1", "w-2", "w-3"} {
		require.Contains(t, first, name)
	}
	require.Equal(t, first, placed(playAll(t, cfg)))
	cfg.Seed = 2
	require.NotEqual(t, first, placed(playAll(t, cfg)))
}

// TestUnplaceable: what each filter says, at its boundary.
func TestUnplaceable(t *testing.T) {
	one := func(change func(*PodSpec)) []TaskUnplaceable {
		cfg := ecsConfig("a", "b")
		g := ecsGroup(t, cfg, "w", "c5.large", 1, true)
		g.Subnets, g.CPUMilli, g.MemoryMiB = g.Subnets[:1], 2000, 4096
		cfg.NodeGroups = []NodeGroup{g}
		web := ecsService("web", 1)
		change(&web.Pod)
		cfg.Workloads = []Workload{web}
		all, _ := told[TaskUnplaceable](playAll(t, cfg))
		return slices.DeleteFunc(all, func(b TaskUnplaceable) bool { return b.Reason == "" }) // while it registers
	}
	require.Empty(t, one(func(p *PodSpec) { p.CPUMilli, p.MemoryMiB = 2000, 4096 }))
	require.Empty(t, one(func(p *PodSpec) { p.Task.Subnets = []model.SubnetID{"b", "a"} }))
	for _, c := range []struct {
		change  func(*PodSpec)
		kind    Kind
		code    ResourceCode
		message string
	}{
		{func(p *PodSpec) { p.CPUMilli = 2001 }, KindCPUMemory, ResourceCPU, "has insufficient CPU units available."},
		{func(p *PodSpec) { p.MemoryMiB = 4097 }, KindCPUMemory, ResourceMemory, "has insufficient memory available."},
		{func(p *PodSpec) { p.Task.Subnets = []model.SubnetID{"b"} }, KindMisconfig, ResourceAttribute, "is missing an attribute required by your task."},
	} {
		got := one(c.change)
		require.Len(t, got, 1)
		require.Equal(t, c.kind, got[0].Reason)
		require.Equal(t, c.code, got[0].Code)
		require.True(t, strings.HasSuffix(got[0].Message, "The closest matching (container-instance w-0) "+c.message), got[0].Message)
	}
}

// TestPinnedTaskIsAnInstancesTrouble: a task that names its instance fails there
// and nowhere else.
func TestPinnedTaskIsAnInstancesTrouble(t *testing.T) {
	cfg := ecsConfig("a")
	cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 2, false)}
	for i := range 3 {
		cfg.Steps = append(cfg.Steps, Step{At: time.Minute, Action: Create{Pod: model.PodName(fmt.Sprint("lone-", i)), Spec: PodSpec{Node: "w-1"}}})
	}
	cfg.Steps = append(cfg.Steps,
		Step{At: time.Minute, Action: Create{Pod: "lone-1"}}, // the name is taken
		Step{At: time.Minute, Action: Create{Pod: "lost", Spec: PodSpec{Node: "w-2"}}},
		Step{At: 2 * time.Minute, Action: Delete{Pod: "lone-0"}},
	)
	events := playAll(t, cfg)
	require.Equal(t, "lone-0:w-1 lone-1:w-1 lone-2:w-1", placed(events))
	began, _ := told[ExhaustionBegan](events)
	require.Len(t, began, 2)
	require.Equal(t, "node w-1", began[0].Scope+" "+began[0].Name)
	require.Equal(t, KindENILimit, began[0].Kind)
	require.Equal(t, "no-such-node", began[1].Reason)
	ended, at := told[ExhaustionEnded](events)
	require.Len(t, ended, 1)
	require.Equal(t, []model.Instant{121_500}, at, "its ENI is detached (1 s) and deleted (0.5 s)")
}

// TestTaskSubnetFull: tasks' ENIs in a subnet of their own that has one address
// too few. What it costs is told in the log.
func TestTaskSubnetFull(t *testing.T) {
	cfg := ecsConfig("a")
	cfg.Subnets = append(cfg.Subnets, SubnetConfig{Name: "tasks", Zone: "a", CIDR: netip.MustParsePrefix("10.9.0.0/28")})
	g := ecsGroup(t, cfg, "w", "m5.xlarge", 1, true)
	g.Subnets = g.Subnets[:1]
	cfg.NodeGroups = []NodeGroup{g}
	web := ecsService("web", 12)
	web.Pod.Task.Subnets = []model.SubnetID{"tasks"}
	cfg.Workloads = []Workload{web}
	cfg.Duration = 10 * time.Minute
	cfg.Steps = []Step{{At: 2 * time.Minute, Action: Delete{Pod: "web-0"}}}
	events := playAll(t, cfg)
	failed, at := told[TaskFailed](events)
	// Placed at 4 s; refused 0.2 s after each attempt; waits of 10, 10, 20, 40, … s,
	// since those of the first round that get RUNNING end the first run of failures.
	waits := []time.Duration{10 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second}
	require.Equal(t, []model.Instant{4200, 14400, 24600, 44800}, at[:4])
	require.Equal(t, "Unexpected EC2 error while attempting to Create Network Interface in subnet 'tasks': InsufficientFreeAddressesInSubnet", failed[0].Message)
	require.Equal(t, KindSubnetIPs, failed[0].Reason)
	for i, b := range failed[:4] {
		require.Equal(t, i+1, b.Attempt)
		require.Equal(t, model.PodName("web-11"), b.Pod)
		require.Equal(t, at[i].Add(waits[i]), b.RetryMs)
	}
	began, _ := told[ExhaustionBegan](events)
	require.Len(t, began, 1, "one episode, however often it is tried")
	require.Equal(t, "subnet tasks", began[0].Scope+" "+began[0].Name)
	require.Equal(t, 0, began[0].Numbers["free"])
	addressed, _ := told[TaskAddressed](events)
	require.Len(t, addressed, 12, "the place of web-0 goes to web-11")
	for _, b := range addressed {
		require.Equal(t, model.SubnetID("tasks"), b.Subnet)
	}
	require.Equal(t, model.PodName("web-11"), addressed[11].Pod)
}

func TestStartBackoff(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		1: 10 * time.Second, 2: 20 * time.Second, 8: 1280 * time.Second, 9: 27 * time.Minute, 1000: 27 * time.Minute,
	} {
		require.Equal(t, want, startBackoff(failures))
	}
}

// TestSubnetsInTurn: two subnets in a zone are used alternately, that of another
// zone not at all.
func TestSubnetsInTurn(t *testing.T) {
	cfg := ecsConfig("a", "b")
	more := SubnetConfig{Name: "a2", Zone: "a", CIDR: netip.MustParsePrefix("10.9.0.0/24")}
	g := ecsGroup(t, cfg, "w", "c5.large", 1, true)
	g.Subnets = g.Subnets[:1]
	cfg.Subnets = append(cfg.Subnets, more)
	cfg.NodeGroups = []NodeGroup{g}
	web := ecsService("web", 6)
	web.Pod.Task.Subnets = []model.SubnetID{"a", "b", "a2"}
	cfg.Workloads = []Workload{web}
	var subnets []model.SubnetID
	addressed, _ := told[TaskAddressed](playAll(t, cfg))
	for _, b := range addressed {
		subnets = append(subnets, b.Subnet)
	}
	require.Equal(t, []model.SubnetID{"a", "a2", "a", "a2", "a", "a2"}, subnets)
}

// TestCompletedTaskIsReplaced, by its service; one of none is not.
func TestCompletedTaskIsReplaced(t *testing.T) {
	cfg := ecsConfig("a")
	cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 1, true)}
	web := ecsService("web", 1)
	web.Pod.RunFor = 10 * time.Second
	cfg.Workloads = []Workload{web}
	cfg.Duration = time.Minute
	cfg.Steps = []Step{{At: 5 * time.Second, Action: Create{Pod: "lone", Workload: "web", Spec: PodSpec{ReadyAfter: time.Second}}}}
	completed, at := told[TaskCompleted](playAll(t, cfg))
	require.Equal(t, []TaskCompleted{{"web-0"}, {"lone"}, {"web-1"}, {"web-2"}, {"web-3"}}, completed)
	require.Equal(t, []model.Instant{16_500, 17_500, 29_000, 41_500, 54_000}, at, "12.5 s each: ENI, start, ten seconds")
}

// TestChurnComesAndGoes: tasks beside the replicas.
func TestChurnComesAndGoes(t *testing.T) {
	cfg := ecsConfig("a")
	cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 1, true)}
	cfg.Workloads = []Workload{ecsService("web", 1)}
	cfg.Steps = []Step{{At: 10 * time.Second, Action: Churn{Workload: "web", PerMinute: 6, For: time.Minute, Lifetime: Range{20 * time.Second, 20 * time.Second}}}}
	events := playAll(t, cfg)
	ready, _ := told[TaskReady](events)
	require.Len(t, ready, 7)
	released, _ := told[TaskReleased](events)
	require.Len(t, released, 6)
	require.Equal(t, model.PodName("web-churn-0"), released[0].Pod)
	_, _, most := running(events, 0)
	require.Equal(t, 4, most, "the replica and three: 20 s to live and 2.5 s to stop, every 10 s")
}

func TestStopOrder(t *testing.T) {
	zoneA, zoneB := &subnet{zone: "a"}, &subnet{zone: "b"}
	a0 := &containerInstance{node: &node{subnet: zoneA}}
	a1 := &containerInstance{node: &node{subnet: zoneA}}
	b0 := &containerInstance{node: &node{subnet: zoneB}}
	var tasks []*task
	add := func(name string, on *containerInstance, phase podPhase) {
		tasks = append(tasks, &task{pod: pod{name: model.PodName(name), phase: phase}, on: on})
	}
	add("a0-1", a0, podRunning)
	add("waits-1", nil, podPending)
	add("a1-1", a1, podRunning)
	add("b0-1", b0, podRunning)
	add("starts", a0, podStarting)
	add("a1-2", a1, podRunning)
	add("waits-2", nil, podPending)
	add("creates", a1, podCreating)
	add("b0-2", b0, podRunning)
	all := []string{"waits-2", "waits-1", "creates", "starts", "a1-2", "a0-1", "b0-2", "a1-1", "b0-1"}
	for n := range len(all) + 2 {
		var got []string
		for _, v := range stopOrder(tasks, n) {
			got = append(got, string(v.name))
		}
		require.Equal(t, all[:min(n, len(all))], append([]string{}, got...), "%d", n)
	}
}

func TestECSRefusesWhatItHasNot(t *testing.T) {
	for name, change := range map[string]func(*Config){
		`two services "web"`:                 func(c *Config) { c.Workloads = append(c.Workloads, ecsService("web", 1)) },
		"workload job: ECS has no Job":       func(c *Config) { c.Workloads = append(c.Workloads, Workload{Name: "job", Kind: Job}) },
		`service web: no subnet "c"`:         func(c *Config) { c.Workloads[0].Pod.Task.Subnets = []model.SubnetID{"c"} },
		"step 1: ECS has no step sim.Cordon": func(c *Config) { c.Steps = []Step{{Action: Cordon{"w-0"}}} },
		`step 1: no service "x"`:             func(c *Config) { c.Steps = []Step{{Action: Scale{"x", 1}}} },
		`step 1: no node group "x"`:          func(c *Config) { c.Steps = []Step{{Action: AddNodes{"x", 1}}} },
	} {
		cfg := ecsConfig("a")
		cfg.Workloads = []Workload{ecsService("web", 1)}
		change(&cfg)
		require.EqualError(t, Run(cfg, func(Event) error { return nil }), name)
	}
}

// TestECSCopesWithRefusals lets each of its calls fail once, and asks whether in
// the end the tasks run and nothing is left over.
func TestECSCopesWithRefusals(t *testing.T) {
	for _, trunking := range []bool{false, true} {
		cfg := ecsConfig("a")
		cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 1, trunking)}
		cfg.Workloads = []Workload{ecsService("web", 2)}
		cfg.Steps = []Step{
			{At: 30 * time.Second, Action: Delete{Workload: "web", Count: 1}},
			{At: 5 * time.Minute, Action: Scale{"web", 1}},
		}
		total := 0
		for refused := -1; refused < max(total, 1); refused++ {
			calls := 0
			var events []Event
			e, err := newEngine(cfg, func(e Event) error { events = append(events, e); return nil })
			require.NoError(t, err)
			for _, action := range FaultActions {
				e.ec2.beginFaultOf(Fault{Action: action, Error: model.UnauthorizedOperation}, func(CallFields) bool {
					calls++
					return calls-1 == refused
				})
			}
			e.start()
			e.loop()
			if refused < 0 {
				total = calls
			}
			created, _ := told[ENICreated](events)
			deleted, _ := told[ENIDeleted](events)
			failed, _ := told[NodeNotReady](events)
			if len(failed) > 0 {
				require.Less(t, refused, 2, "the calls for the trunk")
				require.Len(t, deleted, len(created)-1, "the trunk that could not be attached")
				continue
			}
			left := 2 // instance and task
			if trunking {
				left++
			}
			require.Equal(t, left, len(created)-len(deleted), "trunking %t, call %d", trunking, refused)
			_, most, _ := running(events, 0)
			require.Equal(t, 2, most, "trunking %t, call %d", trunking, refused)
		}
		require.Greater(t, total, 8)
	}
}

// TestECSUnderThrottling starts 120 tasks at once, whose ENIs are more calls than
// EC2's bucket of CreateNetworkInterface holds: 100, and 5 a second. ECS's client
// tries again, and every task runs in the end.
func TestECSUnderThrottling(t *testing.T) {
	for _, throttling := range []bool{false, true} {
		cfg := ecsConfig("a")
		cfg.EC2.Throttling = throttling
		cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "w", "c5.large", 60, false)}
		cfg.Workloads = []Workload{ecsService("web", 120)}
		var events []Event
		require.NoError(t, Run(cfg, func(e Event) error { events = append(events, e); return nil }))
		calls, at := told[EC2Call](events)
		refused := 0
		perSecond := map[model.Instant]int{}
		for i, c := range calls {
			switch {
			case c.Action != CreateNetworkInterface:
			case c.Throttled:
				refused++
			default:
				perSecond[at[i]/1000]++
			}
		}
		require.Equal(t, throttling, refused > 0)
		_, most, _ := running(events, 0)
		require.Equal(t, 120, most)
		if !throttling {
			continue
		}
		for second, n := range perSecond {
			if second > 0 {
				require.LessOrEqual(t, n, 5, "second %d", second)
			}
		}
	}
}

// TestNoInstance: tasks wait for instances that will come; where there are none
// it says so.
func TestNoInstance(t *testing.T) {
	cfg := ecsConfig("a")
	g := ecsGroup(t, cfg, "w", "c5.large", 0, false)
	g.AgentStartLater = time.Minute
	cfg.NodeGroups = []NodeGroup{g}
	cfg.Workloads = []Workload{ecsService("web", 1)}
	began, _ := told[ExhaustionBegan](playAll(t, cfg))
	require.Len(t, began, 1)
	require.Equal(t, "no-nodes", began[0].Reason)
	require.Equal(t, "(service web) was unable to place a task because no container instance met all of its requirements. "+
		"Reason: No Container Instances were found in your cluster.", began[0].Message)

	cfg.Steps = []Step{{At: time.Minute, Action: AddNodes{"w", 1}}, {At: 5 * time.Minute, Action: Terminate{"w-0"}}, {At: 10 * time.Minute, Action: AddNodes{"w", 1}}}
	events := playAll(t, cfg)
	began, at := told[ExhaustionBegan](events)
	require.Len(t, began, 1)
	require.Equal(t, []model.Instant{300_000}, at)
	_, at = told[ExhaustionEnded](events)
	require.Equal(t, []model.Instant{600_000}, at, "from then on it is being launched")
	_, at = told[TaskPlaced](events)
	require.Equal(t, []model.Instant{120_000, 660_000}, at)
}
