package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"vpcsim/model"
)

// generator makes scenarios from a seed: small ones, so that everything runs
// out, and of every kind that there is.
type generator struct {
	*rand.Rand
	cfg   Config
	names []model.NodeName
	pods  []model.PodName
	loads []model.WorkloadName
}

// stepsEnd is when the steps of a generated scenario are over.
const stepsEnd = 8 * time.Minute

// newChance returns a source of chance of the test, not of the engine.
func newChance(seed, purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, purpose)) }

// generate returns the scenario of a seed.
func generate(seed uint64) Config {
	g := &generator{Rand: newChance(seed, 1)}
	g.cfg = Config{Name: fmt.Sprint("random-", seed), Seed: seed, Duration: stepsEnd}
	g.subnets()
	g.cluster()
	g.ec2()
	g.kubelet()
	g.env()
	g.groups()
	g.workloads()
	g.steps()
	g.Rand = newChance(seed, 7) // so that scenarios without several cards stay what they were
	g.cards()
	g.Rand = newChance(seed, 8) // likewise of autoscalers
	g.autoscale()
	return g.cfg
}

// autoscale lets some groups grow, and some schedulers see addresses.
func (g *generator) autoscale() {
	g.cfg.Scheduler.SeesAddresses = g.chance(3)
	for i := range g.cfg.NodeGroups {
		if group := &g.cfg.NodeGroups[i]; g.chance(3) {
			group.Autoscale = AutoscaleConfig{Max: group.Count + g.IntN(3), Delay: oneOf(g, 0, time.Second, 10*time.Second)}
		}
	}
}

// cards gives some node groups several network cards, of which the agent manages
// all or not, and lets some pods ask for an address of each.
func (g *generator) cards() {
	if !g.chance(3) {
		return
	}
	for i := range g.cfg.NodeGroups {
		kind := &g.cfg.NodeGroups[i].Type
		kind.NetworkCards = oneOf(g, 1, 2, 2, 3)
		kind.MaxENIsAllCards = kind.MaxENIs * kind.NetworkCards
		if others := kind.NetworkCards - 1; others > 0 && g.chance(3) { // fewer than the agent takes for the limit
			kind.MaxENIsAllCards = kind.MaxENIs + others + g.IntN(others*kind.MaxENIs)
		}
	}
	const variable = "ENABLE_MULTI_NIC"
	g.cfg.CNI.Env[variable] = oneOf(g, "true", "true", "true", "false")
	for i := range g.cfg.Workloads {
		g.cfg.Workloads[i].Pod.Annotations = g.annotations()
	}
	for i := range g.cfg.Steps {
		switch a := g.cfg.Steps[i].Action.(type) {
		case Create:
			a.Spec.Annotations = g.annotations()
			g.cfg.Steps[i].Action = a
		case RestartAgent:
			if a.Env != nil && g.chance(2) {
				a.Env[variable] = g.variable(variable)
			}
		case SetEnv:
			if g.chance(2) {
				a.Env[variable] = g.variable(variable)
			}
		}
	}
}

func (g *generator) annotations() map[string]string {
	if g.chance(2) {
		return nil
	}
	return map[string]string{model.AnnotationNICs: oneOf(g, model.AnnotationNICsAll, model.AnnotationNICsAll, "one")}
}

// chance is true once in n times.
func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }

// oneOf returns one of the choices.
func oneOf[T any](g *generator, choices ...T) T { return choices[g.IntN(len(choices))] }

func (g *generator) duration(low, high time.Duration) time.Duration {
	return low + time.Duration(g.Int64N((high-low).Milliseconds()+1))*time.Millisecond
}

func (g *generator) subnets() {
	for i := range 1 + g.IntN(3) {
		bits := 24 + g.IntN(5)
		base := netip.AddrFrom4([4]byte{10, 0, byte(i), 0})
		s := SubnetConfig{
			Name: model.SubnetID(fmt.Sprintf("s%d", i)),
			Zone: oneOf(g, "z-a", "z-b"),
			CIDR: netip.PrefixFrom(base, bits),
		}
		size := 1 << (32 - bits)
		for lo := 0; lo < size && size > 16; lo += 16 {
			if g.chance(8) {
				s.Reservations = append(s.Reservations, model.Reservation{
					CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), byte(lo)}), 28),
					Type: oneOf(g, model.ReservationPrefix, model.ReservationExplicit),
				})
			}
		}
		for range g.IntN(3) {
			a := netip.AddrFrom4([4]byte{10, 0, byte(i), byte(4 + g.IntN(size-5))})
			if !slices.Contains(s.InUse, a) {
				s.InUse = append(s.InUse, a)
			}
		}
		if open := size - 16*len(s.Reservations) - 5 - len(s.InUse) - 2; open > 0 && g.chance(2) {
			s.InUseCount = g.IntN(open/2 + 1)
			s.InUsePacked = g.chance(2)
		}
		s.Tags = g.tags()
		g.cfg.Subnets = append(g.cfg.Subnets, s)
	}
}

// tags are none, or some that steer discovery.
func (g *generator) tags() map[string]string {
	out := map[string]string{}
	if g.chance(3) {
		out["kubernetes.io/role/cni"] = oneOf(g, "0", "1", "1", "")
	}
	if g.chance(6) {
		out["cni.networking.k8s.aws/cluster/"+oneOf(g, "c", "other")] = ""
	}
	return out
}

func (g *generator) cluster() {
	g.cfg.Cluster = ClusterConfig{Name: "c", SystemPods: g.IntN(3)}
	if first := g.cfg.Subnets[0]; g.chance(4) && first.CIDR.Bits() < 28 && len(first.Reservations) == 0 {
		g.cfg.Cluster.ControlPlaneENIs = 1
	}
}

// latency is none, constant or drawn.
func (g *generator) latency(mode int, most time.Duration) Range {
	switch mode {
	case 0:
		return Range{}
	case 1:
		d := g.duration(0, most)
		return Range{d, d}
	default:
		low := g.duration(0, most/2)
		return Range{low, g.duration(low, most)}
	}
}

func (g *generator) ec2() {
	mode := g.IntN(3)
	g.cfg.EC2 = EC2Config{
		Order:               oneOf(g, OrderLowest, OrderRandom),
		Latency:             map[Action]Range{},
		Refused:             g.latency(mode, time.Second),
		ReservationFallback: g.chance(2),
	}
	for _, a := range []Action{
		CreateNetworkInterface, AttachNetworkInterface, ModifyNetworkInterfaceAttribute, AssignPrivateIpAddresses,
		UnassignPrivateIpAddresses, DescribeInstances, DescribeNetworkInterfaces, DetachNetworkInterface, DeleteNetworkInterface,
	} {
		g.cfg.EC2.Latency[a] = g.latency(mode, 8*time.Second)
	}
	if mode > 0 {
		g.cfg.EC2.DetachPause = 2 * time.Second
	}
}

func (g *generator) kubelet() {
	low := g.duration(time.Second, 10*time.Second)
	g.cfg.Kubelet = KubeletConfig{
		Start:      oneOf(g, 0, 100*time.Millisecond, time.Second),
		NeverRetry: g.chance(10),
		Retry:      Range{low, g.duration(low, 15*time.Second)},
	}
	g.cfg.Agent = AgentConfig{
		Order:   oneOf(g, OrderOrdered, OrderRandom),
		Restart: oneOf(g, 0, time.Second, 5*time.Second),
		Exit:    Backoff{Never: g.chance(10), Min: 10 * time.Second, Max: 5 * time.Minute},
	}
	g.cfg.Scheduler = SchedulerConfig{
		Strategy: oneOf(g, StrategyKube, StrategyBinpack, StrategyFirstFit, StrategyRandom),
		Delay:    oneOf(g, 0, 0, 500*time.Millisecond),
	}
}

// variable returns a value for a variable, nil for unset.
func (g *generator) variable(name string) *string {
	var text string
	switch name {
	case "MAX_ENI":
		text = oneOf(g, "1", "2", "3", "10", "0")
	case "IP_COOLDOWN_PERIOD":
		text = oneOf(g, "0", "10", "60")
	case "WARM_IP_TARGET", "MINIMUM_IP_TARGET":
		text = oneOf(g, "0", "1", "2", "3", "5", "17", "-1", "many")
	case "WARM_ENI_TARGET", "WARM_PREFIX_TARGET":
		text = strconv.Itoa(g.IntN(4))
	default: // a boolean
		text = oneOf(g, "true", "true", "true", "false", "1", "maybe")
	}
	if g.chance(5) {
		return nil
	}
	return &text
}

// toggled are the variables that scenarios change.
var toggled = []string{
	"ENABLE_POD_ENI",
	"WARM_ENI_TARGET", "WARM_IP_TARGET", "MINIMUM_IP_TARGET", "WARM_PREFIX_TARGET", "MAX_ENI",
	"ENABLE_PREFIX_DELEGATION", "ENABLE_SUBNET_DISCOVERY", "IP_COOLDOWN_PERIOD",
	"AWS_MANAGE_ENIS_NON_SCHEDULABLE", "DISABLE_NETWORK_RESOURCE_PROVISIONING", "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
}

func (g *generator) env() {
	env := model.DaemonSetEnv()
	for _, name := range toggled {
		rare := 3
		if name == "DISABLE_NETWORK_RESOURCE_PROVISIONING" || name == "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG" {
			rare = 8
		}
		if !g.chance(rare) {
			continue
		}
		if value := g.variable(name); value != nil {
			env[name] = *value
		} else {
			delete(env, name)
		}
	}
	if g.chance(12) { // takes and gives back a prefix for ever
		env["ENABLE_PREFIX_DELEGATION"], env["WARM_PREFIX_TARGET"] = "true", "0"
		delete(env, "WARM_IP_TARGET")
		delete(env, "MINIMUM_IP_TARGET")
	}
	if g.chance(4) {
		env["ENABLE_POD_ENI"] = "true"
	}
	if g.chance(40) {
		env["ENABLE_IPv4"] = "false" // refuses to start
	}
	g.cfg.CNI = CNIConfig{Version: model.DefaultVersion, Env: env, BranchCooldown: oneOf(g, "", "10", "60", "x")}
	g.cfg.Controller = ControllerConfig{TrunkDelay: oneOf(g, 0, 8*time.Second), BranchDelay: oneOf(g, 0, time.Second)}
	g.cfg.EC2.Throttling = g.chance(4)
	g.cfg.EC2.BranchLimit = g.chance(3)
	for _, zone := range []string{"z-a", "z-b", "default"} {
		if !g.chance(4) {
			g.cfg.CNI.ENIConfigs = append(g.cfg.CNI.ENIConfigs, ENIConfig{Name: zone, Subnet: oneOf(g, g.cfg.Subnets...).Name})
		}
	}
	if g.chance(2) {
		env["ENI_CONFIG_LABEL_DEF"] = "topology.kubernetes.io/zone"
	}
}

func (g *generator) groups() {
	left := 6
	for i := range 1 + g.IntN(3) {
		kind := model.InstanceType{
			Name: fmt.Sprintf("t%d.test", i), VCPU: 2, MemoryMiB: 4096,
			MaxENIs: 1 + g.IntN(4), IPv4PerENI: 2 + g.IntN(5), Hypervisor: "nitro",
		}
		if g.chance(8) {
			kind.Hypervisor = "xen"
		}
		if g.chance(2) {
			kind.TrunkingCompatible, kind.BranchENIs = true, 1+g.IntN(5)
		}
		if g.chance(8) {
			kind.IPv4PerENI = 12 // a hash map of more than 8 entries
		}
		count := 1 + g.IntN(min(3, left))
		left -= count
		group := NodeGroup{
			Name: fmt.Sprintf("g%d", i), Type: kind, Count: count,
			MaxPods:    oneOf(g, kind.MaxENIs*kind.SlotsPerENI()+2, 3, 8, 110),
			Every:      oneOf(g, 0, 0, 5*time.Second),
			AgentStart: oneOf(g, 0, 0, 3*time.Second), AgentStartLater: oneOf(g, 0, 45*time.Second),
			CPUMilli: oneOf(g, 0, 1900), MemoryMiB: oneOf(g, 0, 3000),
		}
		for range 1 + g.IntN(2) {
			group.Subnets = append(group.Subnets, oneOf(g, g.cfg.Subnets...).Name)
		}
		g.cfg.NodeGroups = append(g.cfg.NodeGroups, group)
		for k := range count + 1 { // one more, which a step may add
			g.names = append(g.names, model.NodeName(fmt.Sprintf("%s-%d", group.Name, k)))
		}
		if left == 0 {
			return
		}
	}
}

func (g *generator) podSpec() PodSpec {
	var groups []model.SecurityGroup
	if g.cfg.CNI.Env["ENABLE_POD_ENI"] == "true" && g.chance(3) {
		groups = []model.SecurityGroup{"sg-pods"}
	}
	return PodSpec{
		BranchGroups: groups,
		CPUMilli:     oneOf(g, 0, 0, 100), MemoryMiB: oneOf(g, 0, 0, 64), HostNetwork: g.chance(20),
		ReadyAfter: oneOf(g, 0, 0, time.Second), StopAfter: oneOf(g, 0, 0, time.Second, 30*time.Second),
		RunFor: oneOf(g, 0, 0, 0, 0, 20*time.Second),
	}
}

// workloads are none in half of the scenarios: pods that are pinned overfill
// nodes, and pods of controllers find out what the scheduler does about it.
func (g *generator) workloads() {
	if g.chance(2) {
		return
	}
	for i := range 1 + g.IntN(3) {
		w := Workload{
			Name:        model.WorkloadName(fmt.Sprintf("w%d", i)),
			Kind:        oneOf(g, Deployment, Deployment, Deployment, DaemonSet, StatefulSet, Job),
			At:          oneOf(g, 0, 0, g.duration(0, time.Minute)),
			Replicas:    g.IntN(12),
			MaxSurge:    oneOf(g, IntOrPercent{25, true}, IntOrPercent{1, false}, IntOrPercent{100, true}),
			Completions: g.IntN(20),
			Pod:         g.podSpec(),
		}
		w.MaxUnavailable = oneOf(g, IntOrPercent{25, true}, IntOrPercent{0, false}, IntOrPercent{2, false})
		if w.MaxSurge.Of(w.Replicas, true) == 0 {
			w.MaxSurge = IntOrPercent{1, false}
		}
		if w.Kind == Job {
			w.Pod.RunFor = g.duration(5*time.Second, time.Minute)
		} else {
			w.Pod.RunFor = 0
		}
		g.cfg.Workloads = append(g.cfg.Workloads, w)
		g.loads = append(g.loads, w.Name)
	}
}

func (g *generator) steps() {
	for range 5 + g.IntN(30) {
		at := g.duration(0, stepsEnd)
		if g.chance(2) { // on the agents' grid, or beside it by one
			at = at.Truncate(2500*time.Millisecond) + oneOf(g, 0, 0, 0, time.Millisecond, -time.Millisecond)
			at = max(at, 0)
		}
		g.step(at)
	}
}

func (g *generator) add(at, over time.Duration, action StepAction) {
	g.cfg.Steps = append(g.cfg.Steps, Step{At: at, Over: over, Action: action})
}

func (g *generator) step(at time.Duration) {
	if len(g.loads) > 0 && g.chance(2) {
		g.workloadStep(at, oneOf(g, g.loads...))
		return
	}
	node := oneOf(g, g.names...)
	switch n := g.IntN(28); {
	case n == 24:
		g.add(at, 0, TagSubnet{oneOf(g, g.cfg.Subnets...).Name, g.tags()})
	case n == 25:
		g.add(at, 0, SetBranchCooldown{oneOf(g, "", "0", "30", "90", "many")})
	case n == 26:
		g.add(at, 0, RestartController{})
	case n == 27:
		off := "false"
		g.add(at, 0, RestartAgent{Node: node, Env: map[string]*string{"ENABLE_POD_ENI": &off}})
	case n < 10:
		g.burst(at, node, 1+g.IntN(12))
	case n < 15 && len(g.pods) > 0:
		for range 1 + g.IntN(8) {
			g.add(at, 0, Delete{Pod: oneOf(g, g.pods...)})
		}
	case n == 15:
		g.add(at, 0, Cordon{node})
	case n == 16:
		g.add(at, 0, Uncordon{node})
	case n == 17:
		g.add(at, 0, Drain{node})
	case n == 18 && g.chance(2):
		g.add(at, 0, Terminate{node})
	case n == 19:
		g.add(at, oneOf(g, 0, 7*time.Second), AddNodes{oneOf(g, g.cfg.NodeGroups...).Name, 1})
	case n == 20:
		g.add(at, 0, RestartAgent{Node: node, Gap: oneOf(g, 0, time.Second, 20*time.Second)})
	case n == 21:
		name := oneOf(g, toggled...)
		g.add(at, 0, RestartAgent{Node: node, Gap: g.duration(0, 10*time.Second), Env: map[string]*string{name: g.variable(name)}})
	case n == 22:
		env := map[string]*string{}
		for range 1 + g.IntN(3) {
			name := oneOf(g, toggled...)
			env[name] = g.variable(name)
		}
		g.add(at, oneOf(g, 0, 0, 30*time.Second), SetEnv{env})
	case n == 23: // all pods at once, and new ones in their place
		for _, p := range g.pods {
			g.add(at, 0, Delete{Pod: p})
		}
		g.burst(at, node, 1+g.IntN(12))
	}
}

func (g *generator) workloadStep(at time.Duration, name model.WorkloadName) {
	over := oneOf(g, 0, 0, g.duration(0, 30*time.Second))
	switch g.IntN(5) {
	case 0, 1:
		g.add(at, over, Scale{name, g.IntN(15)})
	case 2:
		g.add(at, over, Rollout{name})
	case 3:
		g.add(at, over, Delete{Workload: name, Count: 1 + g.IntN(8)})
	case 4:
		low := g.duration(0, 20*time.Second)
		g.add(at, 0, Churn{Workload: name, PerMinute: 1 + g.IntN(60), Lifetime: Range{low, low + g.duration(0, 40*time.Second)}, For: g.duration(0, time.Minute)})
	}
}

// burst creates pods on a node at once.
func (g *generator) burst(at time.Duration, node model.NodeName, count int) {
	spec := g.podSpec()
	spec.Node = node
	for range count {
		name := model.PodName(fmt.Sprintf("p-%d", len(g.pods)))
		g.pods = append(g.pods, name)
		g.add(at, 0, Create{Pod: name, Spec: spec})
	}
}
