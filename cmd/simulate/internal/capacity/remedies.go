package capacity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

// Remedy is a change of the scenario that may help.
type Remedy struct {
	Name string
	// Changes are what --set takes.
	Changes []string
}

// Remedied is what a remedy gives.
type Remedied struct {
	Remedy
	// Want is the edge that Answer has.
	Want   Want
	Answer Answer
	// Breaks are the expectations that the remedy breaks where all fits without it;
	// it is not held against them.
	Breaks []Unmet
	// Stop is why the remedy can't be tried; nil: it was.
	Stop *Stop
}

// Remedies proposes changes against what stopped a value of the varied path. A
// change of the path itself is none.
func Remedies(s *scenarios.Scenario, stop *Stop, varied string) []Remedy {
	r := remedies{s: s, stop: stop, varied: varied}
	switch {
	case s.Platform == scenarios.PlatformECS:
		r.ecs()
	case stop.is(sim.KindMaxPods):
		r.prefixMode()
		r.raiseMaxPods()
		r.moreNodes()
		r.largerType()
	case stop.is(sim.KindSubnetIPs), stop.is(sim.KindPrefixFragmentation):
		r.anotherSubnet()
		r.largerSubnet()
		if stop.is(sim.KindPrefixFragmentation) {
			r.singleAddresses()
		} else {
			r.prefixMode()
		}
		r.fewerIdle()
	case stop.is(sim.KindENILimit):
		r.unsetMaxENI()
		r.prefixMode()
		r.moreNodes()
		r.largerType()
	case stop.is(sim.KindCPUMemory), stop.is(sim.KindBranchLimit), stop.is(sim.KindBranchCooldown):
		r.moreNodes()
		r.largerType()
	case stop.is(sim.KindNoTrunk):
		r.trunk()
	case stop.is(sim.KindQuota):
		r.quota()
		r.prefixMode()
		r.fewerIdle()
	case stop.is(sim.KindThrottling):
		r.wholeENIs()
	case stop.is(sim.KindMisconfig) && stop.Reason == "minimum-ip-target":
		r.add("WARM_IP_TARGET=1", "cni.env.WARM_IP_TARGET=1")
	case stop.Kind == KindMaxWait, stop.is(sim.KindCooldown), stop.is(sim.KindWarmPoolLag):
		r.warmer()
		r.moreNodes()
	}
	return r.list
}

type remedies struct {
	s      *scenarios.Scenario
	stop   *Stop
	varied string
	list   []Remedy
}

// add proposes the changes, unless they change the number that is varied.
func (r *remedies) add(name string, changes ...string) {
	for _, c := range changes {
		if path, _, _ := strings.Cut(c, "="); path == r.varied {
			return
		}
	}
	if len(changes) > 0 {
		r.list = append(r.list, Remedy{name, changes})
	}
}

// env is a variable of aws-node, empty where it is unset.
func (r *remedies) env(name string) string {
	if v := r.s.CNI.Env[name]; v != nil {
		return *v
	}
	return ""
}

func (r *remedies) prefixes() bool { return r.env("ENABLE_PREFIX_DELEGATION") == "true" }
func (r *remedies) custom() bool   { return r.env("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG") == "true" }

func group(g scenarios.NodeGroup, field string) string {
	return "nodeGroups." + g.Name + "." + field
}

// prefixMode switches prefixes on and max-pods to what they hold.
func (r *remedies) prefixMode() {
	if r.prefixes() || r.s.Cluster.IPFamily == "ipv6" {
		return
	}
	changes := []string{"cni.env.ENABLE_PREFIX_DELEGATION=true"}
	for _, g := range r.s.NodeGroups {
		if g.OS == "linux" {
			changes = append(changes, group(g, "maxPods=recommended"))
		}
	}
	r.add("prefix mode, with max-pods as recommended", changes...)
}

// raiseMaxPods lets kubelet take more pods, and nothing else.
func (r *remedies) raiseMaxPods() {
	const most = 110
	var changes []string
	played := r.s.Config().NodeGroups // an expression is settled there
	for i, g := range r.s.NodeGroups {
		if played[i].MaxPods < most {
			changes = append(changes, group(g, fmt.Sprintf("maxPods=%d", most)))
		}
	}
	r.add(fmt.Sprintf("max-pods %d and nothing else", most), changes...)
}

// mostGroups is how many groups get a node more, each in turn.
const mostGroups = 3

// moreNodes adds a node to each group in turn; where the autoscaler adds nodes,
// it may add one more.
func (r *remedies) moreNodes() {
	n := 0
	for _, g := range r.s.NodeGroups {
		switch {
		case n == mostGroups:
			return
		case g.Autoscale != nil:
			r.add("one more node at most in "+g.Name, group(g, fmt.Sprintf("autoscale.max=%d", g.Autoscale.Max+1)))
		case g.Count > 0:
			r.add("one more node in "+g.Name, group(g, fmt.Sprintf("count=%d", g.Count+1)))
		default:
			continue
		}
		n++
	}
}

// largerType gives every group the next larger type of its family.
func (r *remedies) largerType() {
	var changes, names []string
	for _, g := range r.s.NodeGroups {
		if _, own := r.s.InstanceTypes[g.InstanceType]; own {
			continue
		}
		if next, ok := nextLarger(g.InstanceType); ok {
			changes = append(changes, group(g, "instanceType="+next))
			if name := next + " instead of " + g.InstanceType; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	r.add(strings.Join(names, ", "), changes...)
}

// nextLarger is the type of the same family with the next number of vCPUs.
func nextLarger(name string) (string, bool) {
	of, known := model.LookupInstanceType(name)
	family, _, _ := strings.Cut(name, ".")
	var best model.InstanceType
	for _, t := range model.InstanceTypes() {
		other, _, _ := strings.Cut(t.Name, ".")
		if other != family || t.VCPU <= of.VCPU || t.BareMetal {
			continue
		}
		if best.Name == "" || t.VCPU < best.VCPU {
			best = t
		}
	}
	return best.Name, known && of.VCPU > 0 && best.Name != ""
}

func (r *remedies) unsetMaxENI() {
	if r.env("MAX_ENI") != "" {
		r.add("without MAX_ENI", "cni.env.MAX_ENI=null")
	}
}

// fewerIdle keeps two addresses warm instead of an ENI's worth.
func (r *remedies) fewerIdle() {
	if r.env("WARM_IP_TARGET") == "" && r.env("MINIMUM_IP_TARGET") == "" {
		r.add("fewer idle addresses: WARM_IP_TARGET=2", "cni.env.WARM_IP_TARGET=2")
	}
}

// wholeENIs asks EC2 less often.
func (r *remedies) wholeENIs() {
	if r.env("WARM_IP_TARGET") != "" || r.env("MINIMUM_IP_TARGET") != "" {
		r.add("whole ENIs: no WARM_IP_TARGET, no MINIMUM_IP_TARGET", "cni.env.WARM_IP_TARGET=null", "cni.env.MINIMUM_IP_TARGET=null")
	}
}

// warmer keeps more addresses at hand.
func (r *remedies) warmer() {
	if n, ok := Number(r.env("WARM_IP_TARGET")); ok && n > 0 {
		r.add(fmt.Sprintf("WARM_IP_TARGET=%d", 2*n), fmt.Sprintf("cni.env.WARM_IP_TARGET=%d", 2*n))
		return
	}
	n, _ := Number(cmp.Or(r.env("WARM_ENI_TARGET"), "1"))
	r.add(fmt.Sprintf("WARM_ENI_TARGET=%d", n+1), fmt.Sprintf("cni.env.WARM_ENI_TARGET=%d", n+1))
}

func (r *remedies) singleAddresses() {
	if r.prefixes() {
		r.add("single addresses instead of prefixes", "cni.env.ENABLE_PREFIX_DELEGATION=false")
	}
}

// quota doubles the quotas that there are.
func (r *remedies) quota() {
	if n := r.s.EC2.Quotas.NetworkInterfaces; n > 0 {
		r.add(fmt.Sprintf("a quota of %d network interfaces", 2*n), fmt.Sprintf("ec2.quotas.networkInterfaces=%d", 2*n))
	}
	if n := r.s.EC2.Quotas.NetworkAddressUnits; n > 0 {
		r.add(fmt.Sprintf("a quota of %d network address units", 2*n), fmt.Sprintf("ec2.quotas.networkAddressUnits=%d", 2*n))
	}
}

// trunk takes types that can have a trunk ENI, and asks for one.
func (r *remedies) trunk() {
	var changes []string
	if r.env("ENABLE_POD_ENI") != "true" {
		changes = append(changes, "cni.env.ENABLE_POD_ENI=true")
	}
	name := "ENABLE_POD_ENI"
	for _, g := range r.s.NodeGroups {
		t, known := model.LookupInstanceType(g.InstanceType)
		if with, ok := withTrunk(t); known && !t.TrunkingCompatible && ok {
			changes = append(changes, group(g, "instanceType="+with))
			name = "a type that can have a trunk, " + with
		}
	}
	r.add(name, changes...)
}

// withTrunk is a type as large as the other that can have a trunk: the cheapest,
// by name among equals.
func withTrunk(t model.InstanceType) (string, bool) {
	var best model.InstanceType
	for _, other := range model.InstanceTypes() {
		if !other.TrunkingCompatible || other.VCPU < t.VCPU || other.MemoryMiB < t.MemoryMiB || other.MicroUSDPerHour == 0 {
			continue
		}
		if best.Name == "" || other.MicroUSDPerHour < best.MicroUSDPerHour {
			best = other
		}
	}
	return best.Name, best.Name != ""
}

// ecs are the remedies of Amazon ECS.
func (r *remedies) ecs() {
	switch {
	case r.stop.is(sim.KindENILimit):
		var changes []string
		for _, g := range r.s.NodeGroups {
			if !g.AWSVPCTrunking {
				changes = append(changes, group(g, "awsvpcTrunking=true"))
			}
		}
		r.add("awsvpcTrunking", changes...)
		r.moreNodes()
		r.largerType()
	case r.stop.is(sim.KindCPUMemory), r.stop.is(sim.KindBranchLimit):
		r.moreNodes()
		r.largerType()
	case r.stop.is(sim.KindSubnetIPs):
		r.largerSubnet()
	}
}
