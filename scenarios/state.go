package scenarios

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"vpcsim/model"
	"vpcsim/scenarios/internal/doc"
	"vpcsim/sim"
)

// State is what is there when the run begins, of a cluster that has run before.
// Without it nodes are launched at 0 and have nothing.
type State struct {
	Nodes []NodeState `json:"nodes,omitempty"`
	Pods  []PodState  `json:"pods,omitempty"` // the oldest first
}

// NodeState is a node that is there and Ready. Those of a group are its first
// ones.
type NodeState struct {
	Name     string     `json:"name"` // GROUP-N
	Cordoned bool       `json:"cordoned,omitempty"`
	ENIs     []ENIState `json:"enis"` // by device, the primary one first
}

// ENIState is an ENI that is attached.
type ENIState struct {
	Device         int                   `json:"device"`
	Kind           model.ENIKind         `json:"kind"`
	Subnet         string                `json:"subnet"`
	SecurityGroups []model.SecurityGroup `json:"securityGroups,omitempty"` // none: the group's
	PrimaryAddress netip.Addr            `json:"primaryAddress"`
	Addresses      []netip.Addr          `json:"addresses,omitempty"`
	Prefixes       []netip.Prefix        `json:"prefixes,omitempty"`
	Branches       []BranchState         `json:"branches,omitempty"` // of a trunk
}

// BranchState is a branch ENI. One whose address no pod has cools from 0.
type BranchState struct {
	VLAN           int                   `json:"vlan"`
	Subnet         string                `json:"subnet"`
	Address        netip.Addr            `json:"address"`
	SecurityGroups []model.SecurityGroup `json:"securityGroups,omitempty"` // none: the trunk's
}

// PodState is a pod that is there. Without a node it is Pending; with one and
// without an address it waits there for one, or is on the host network.
type PodState struct {
	Name     string     `json:"name"`
	Workload string     `json:"workload,omitempty"` // none: no controller's
	Node     string     `json:"node,omitempty"`
	Address  netip.Addr `json:"address,omitzero"`
	// Requests and HostNetwork are of a pod without a workload.
	Requests    Requests `json:"requests,omitzero"`
	HostNetwork bool     `json:"hostNetwork,omitempty"`
}

func (d *decoder) state(into *State) reader {
	return func(v value) {
		d.object(v,
			field{"nodes", list(d, &into.Nodes, d.nodeState)},
			field{"pods", list(d, &into.Pods, d.podState)},
		)
	}
}

func (d *decoder) nodeState(v value, into *NodeState) {
	d.object(v,
		field{"name", d.text(&into.Name)},
		field{"cordoned", d.boolean(&into.Cordoned)},
		field{"enis", list(d, &into.ENIs, d.eniState)},
	)
	d.require(v, "name", "enis")
	if v.Kind != doc.Map || len(into.ENIs) == 0 {
		if v.given("enis") && v.Get("enis").Kind == doc.List {
			d.fail(v.path+".enis", "a node has at least its primary ENI, device 0")
		}
		return
	}
	for i := range into.ENIs {
		ni := &into.ENIs[i]
		item := value{v.Get("enis").Items[i], fmt.Sprintf("%s.enis[%d]", v.path, i)}
		if !item.given("device") {
			ni.Device = i
		}
		if !item.given("subnet") && i > 0 {
			ni.Subnet = into.ENIs[0].Subnet
		}
		if i > 0 && ni.Device <= into.ENIs[i-1].Device {
			d.fail(item.path+".device", "ENIs are in the order of their devices: %d does not come after %d", ni.Device, into.ENIs[i-1].Device)
		}
		if i == 0 && ni.Device != 0 {
			d.fail(item.path+".device", "the first ENI is the primary one, device 0")
		}
	}
}

// eniKinds are the kinds of ENI that a node has.
var eniKinds = []model.ENIKind{model.ENIPrimary, model.ENISecondary, model.ENITrunk}

func (d *decoder) eniState(v value, into *ENIState) {
	d.object(v,
		field{"device", d.integer(&into.Device, 0, maxENIs)},
		field{"kind", oneOf(d, &into.Kind, eniKinds)},
		field{"subnet", d.text(&into.Subnet)},
		field{"securityGroups", d.securityGroups(&into.SecurityGroups)},
		field{"primaryAddress", d.address(&into.PrimaryAddress)},
		field{"addresses", list(d, &into.Addresses, each(d.address))},
		field{"prefixes", list(d, &into.Prefixes, each(d.prefix))},
		field{"branches", list(d, &into.Branches, d.branchState)},
	)
	d.require(v, "primaryAddress")
	first := strings.HasSuffix(v.path, ".enis[0]")
	if first {
		d.require(v, "subnet")
	}
	switch {
	case into.Kind == "" && first:
		into.Kind = model.ENIPrimary
	case into.Kind == "":
		into.Kind = model.ENISecondary
	case first != (into.Kind == model.ENIPrimary):
		d.fail(v.path+".kind", "the first ENI is the primary one, and no other")
	}
	if len(into.Branches) > 0 && into.Kind != model.ENITrunk {
		d.fail(v.path+".branches", "only a trunk has branches: kind: trunk")
	}
}

func (d *decoder) branchState(v value, into *BranchState) {
	d.object(v,
		field{"vlan", d.integer(&into.VLAN, 1, model.MaxVLAN)},
		field{"subnet", d.text(&into.Subnet)},
		field{"address", d.address(&into.Address)},
		field{"securityGroups", d.securityGroups(&into.SecurityGroups)},
	)
	d.require(v, "vlan", "subnet", "address")
}

func (d *decoder) podState(v value, into *PodState) {
	d.object(v,
		field{"name", d.name(&into.Name)},
		field{"workload", d.text(&into.Workload)},
		field{"node", d.text(&into.Node)},
		field{"address", d.address(&into.Address)},
		field{"requests", d.requests(&into.Requests)},
		field{"hostNetwork", d.boolean(&into.HostNetwork)},
	)
	d.require(v, "name")
	for _, name := range []string{"requests", "hostNetwork"} {
		if v.given(name) && into.Workload != "" {
			d.fail(v.path+"."+name, "is the workload's")
		}
	}
	if into.Address.IsValid() && into.Node == "" {
		d.fail(v.path+".address", "needs the node that it is on")
	}
}

// heldBlock is what the state holds of a subnet, and where it says so.
type heldBlock struct {
	path  string
	block netip.Prefix
}

// holdState collects what the state holds of each subnet, for checkSubnet.
func (d *decoder) holdState(s *State) {
	d.held = map[string][]heldBlock{}
	hold := func(subnet, path string, b netip.Prefix) {
		if b.IsValid() && b.Addr().IsValid() {
			d.held[subnet] = append(d.held[subnet], heldBlock{path, b})
		}
	}
	for i, n := range s.Nodes {
		for k, ni := range n.ENIs {
			path := fmt.Sprintf("state.nodes[%d].enis[%d]", i, k)
			hold(ni.Subnet, path+".primaryAddress", single(ni.PrimaryAddress))
			for j, a := range ni.Addresses {
				hold(ni.Subnet, fmt.Sprintf("%s.addresses[%d]", path, j), single(a))
			}
			for j, p := range ni.Prefixes {
				hold(ni.Subnet, fmt.Sprintf("%s.prefixes[%d]", path, j), p)
			}
			for j, b := range ni.Branches {
				hold(b.Subnet, fmt.Sprintf("%s.branches[%d].address", path, j), single(b.Address))
			}
		}
	}
}

// single is an address as a block; the zero Prefix for the zero Addr.
func single(a netip.Addr) netip.Prefix {
	if !a.IsValid() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, a.BitLen())
}

// claimState takes from a subnet what the state holds of it.
func (d *decoder) claimState(space *model.Subnet) {
	name := string(space.ID())
	for _, h := range d.held[name] {
		if err := space.Claim(h.block); err != nil {
			d.fail(h.path, "%s", subnetMessage(name, err))
		}
	}
}

// checkState checks the names in the state.
func (d *decoder) checkState(s *Scenario, subnets, workloads names, pods podNames) {
	named := d.unique("state.nodes", namesOf(s.State.Nodes, func(n NodeState) string { return n.Name }))
	d.unique("state.pods", namesOf(s.State.Pods, func(p PodState) string { return p.Name }))
	counts := map[string]int{}
	for _, g := range s.NodeGroups {
		counts[g.Name] = g.Count
	}
	for i, n := range s.State.Nodes {
		path := fmt.Sprintf("state.nodes[%d]", i)
		d.refersNode(path+".name", n.Name, counts)
		if group, number := splitNode(n.Name); number > 0 && !named.has(fmt.Sprintf("%s-%d", group, number-1)) && isNode(n.Name, counts) {
			d.fail(path+".name", "the state has the first nodes of a group: %s-%d is missing", group, number-1)
		}
		for k, ni := range n.ENIs {
			d.refers(fmt.Sprintf("%s.enis[%d].subnet", path, k), "subnet", ni.Subnet, subnets)
			for j, b := range ni.Branches {
				d.refers(fmt.Sprintf("%s.enis[%d].branches[%d].subnet", path, k, j), "subnet", b.Subnet, subnets)
			}
		}
	}
	kinds := map[string]*Workload{}
	for i := range s.Workloads {
		kinds[s.Workloads[i].Name] = &s.Workloads[i]
	}
	for i, p := range s.State.Pods {
		path := fmt.Sprintf("state.pods[%d]", i)
		d.refers(path+".workload", "workload", p.Workload, workloads)
		if p.Node != "" && !named.has(p.Node) {
			d.fail(path+".node", "the state has no node %s%s", p.Node, d.didYouMean(p.Node, named.all))
		}
		if owner := pods.owner(p.Name); owner != "" && owner != p.Workload {
			d.fail(path+".name", "workload %s names its own pods so", owner)
		}
		if w := kinds[p.Workload]; w != nil {
			d.checkStatePod(path, p, w, s.Limits)
		}
	}
}

// checkStatePod checks a pod against its workload.
func (d *decoder) checkStatePod(path string, p PodState, w *Workload, limits Limits) {
	if w.At > 0 {
		d.fail(path+".workload", "%s appears at %s, and its pods cannot be there before", w.Name, w.At)
	}
	switch w.Kind {
	case sim.DaemonSet:
		if p.Node == "" {
			d.fail(path, "a DaemonSet's pod needs the node that it is for; leave out one that is Pending, it is made")
		}
	case sim.StatefulSet:
		if group, number := splitNode(p.Name); group != w.Name || number < 0 || number >= limits.Pods {
			d.fail(path+".name", "the pods of a StatefulSet are called %s-N, from 0", w.Name)
		}
	}
}

// splitNode splits GROUP-N; the number is −1 where there is none.
func splitNode(name string) (group string, number int) {
	cut := strings.LastIndexByte(name, '-')
	if cut < 1 || !isDecimal(name[cut+1:]) || len(name)-cut > 10 {
		return "", -1
	}
	fmt.Sscan(name[cut+1:], &number)
	return name[:cut], number
}

// simState holds the state to what the types and the agents allow.
func (d *decoder) simState(s *Scenario, groups []sim.NodeGroup, workloads []sim.Workload, settings model.Settings) sim.State {
	var out sim.State
	if len(s.State.Nodes)+len(s.State.Pods) == 0 {
		return out
	}
	if s.Cluster.IPFamily == familyIPv6 {
		d.fail("state", "of an IPv6 cluster: %s", notYet)
	}
	if err := settings.Validate(); err != nil && s.Platform != PlatformECS {
		d.fail("state", "the agents of its nodes would not run: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	held := map[string]*heldOnNode{}
	for i, n := range s.State.Nodes {
		path := fmt.Sprintf("state.nodes[%d]", i)
		held[n.Name] = newHeldOnNode(&s.State.Nodes[i])
		group, _ := splitNode(n.Name)
		k := slices.IndexFunc(groups, func(g sim.NodeGroup) bool { return g.Name == group && g.Type.Name != "" })
		if k < 0 {
			continue
		}
		if groups[k].Windows {
			d.fail(path+".name", "a Windows node: %s; leave it out, and it begins with an empty pool", notYet)
		}
		d.checkLimits(path, n, groups[k].Type)
		out.Nodes = append(out.Nodes, simNode(n, groups[k]))
	}
	specs := map[model.WorkloadName]sim.PodSpec{}
	for _, w := range workloads {
		specs[w.Name] = w.Pod
	}
	for i, p := range s.State.Pods {
		one := d.simPodState(p)
		spec := one.Spec
		if p.Workload != "" {
			spec = specs[one.Workload]
		}
		if n := held[p.Node]; n != nil && p.Address.IsValid() {
			if why := n.give(p.Address, spec, settings); why != "" {
				d.fail(fmt.Sprintf("state.pods[%d].address", i), "%s", why)
			}
		}
		out.Pods = append(out.Pods, one)
	}
	return out
}

// checkLimits holds a node to its type.
func (d *decoder) checkLimits(path string, n NodeState, t model.InstanceType) {
	trunks := 0
	for i, ni := range n.ENIs {
		at := fmt.Sprintf("%s.enis[%d]", path, i)
		if ni.Device >= t.MaxENIs {
			d.fail(at+".device", "device %d; %s has %d, from 0", ni.Device, t.Name, t.MaxENIs)
		}
		if slots := len(ni.Addresses) + len(ni.Prefixes); slots > t.SlotsPerENI() {
			d.fail(at, "%d addresses and prefixes; an ENI of %s holds %d beside its primary address", slots, t.Name, t.SlotsPerENI())
		}
		if ni.Kind != model.ENITrunk {
			continue
		}
		if trunks++; trunks > 1 {
			d.fail(at+".kind", "a node has one trunk")
		}
		if !t.TrunkingCompatible {
			d.fail(at+".kind", "%s cannot have a trunk", t.Name)
		}
		if len(ni.Branches) > t.BranchENIs {
			d.fail(at+".branches", "%d branches; %s has %d", len(ni.Branches), t.Name, t.BranchENIs)
		}
		vlans := map[int]bool{}
		for k, b := range ni.Branches {
			if vlans[b.VLAN] {
				d.fail(fmt.Sprintf("%s.branches[%d].vlan", at, k), "VLAN %d stands twice", b.VLAN)
			}
			vlans[b.VLAN] = true
		}
	}
}

// heldOnNode is what the ENIs of a node have for pods.
type heldOnNode struct {
	name     string
	singles  map[netip.Addr]model.ENIKind // secondary addresses and branches, by their ENI
	prefixes map[netip.Prefix]model.ENIKind
	given    map[netip.Addr]bool
}

func newHeldOnNode(n *NodeState) *heldOnNode {
	h := &heldOnNode{n.Name, map[netip.Addr]model.ENIKind{}, map[netip.Prefix]model.ENIKind{}, map[netip.Addr]bool{}}
	for _, ni := range n.ENIs {
		for _, a := range ni.Addresses {
			h.singles[a] = ni.Kind
		}
		for _, p := range ni.Prefixes {
			h.prefixes[p] = ni.Kind
		}
		for _, b := range ni.Branches {
			h.singles[b.Address] = model.ENIBranch
		}
	}
	return h
}

// give gives a pod an address, or says why that cannot be.
func (h *heldOnNode) give(a netip.Addr, spec sim.PodSpec, settings model.Settings) string {
	block, _ := a.Prefix(28)
	kind, ok := h.singles[a]
	if !ok {
		kind, ok = h.prefixes[block]
	}
	needsBranch := spec.PodENI || len(spec.BranchGroups) > 0
	switch {
	case spec.HostNetwork:
		return "a pod on the host network has no address of its own: leave it out"
	case !ok:
		return fmt.Sprintf("no ENI of %s has %s for pods", h.name, a)
	case h.given[a]:
		return fmt.Sprintf("%s is another pod's, too", a)
	case needsBranch && kind != model.ENIBranch:
		return fmt.Sprintf("the pod needs a branch ENI, and %s is none's", a)
	case !needsBranch && kind == model.ENIBranch:
		return fmt.Sprintf("%s is a branch ENI's, which the pod does not ask for", a)
	case kind == model.ENITrunk && !settings.TrunkServes():
		return fmt.Sprintf("%s is the trunk's, which serves no pods in this release", a)
	}
	h.given[a] = true
	return ""
}

func simNode(n NodeState, g sim.NodeGroup) sim.NodeState {
	out := sim.NodeState{Node: model.NodeName(n.Name), Cordoned: n.Cordoned}
	for _, ni := range n.ENIs {
		one := sim.ENIState{
			Device: ni.Device, Kind: ni.Kind, Subnet: model.SubnetID(ni.Subnet),
			SecurityGroups: ni.SecurityGroups, PrimaryAddress: ni.PrimaryAddress,
		}
		if len(one.SecurityGroups) == 0 {
			one.SecurityGroups = g.SecurityGroups
		}
		for _, a := range ni.Addresses {
			one.Blocks = append(one.Blocks, single(a))
		}
		one.Blocks = append(one.Blocks, ni.Prefixes...)
		for _, b := range ni.Branches {
			groups := b.SecurityGroups
			if len(groups) == 0 {
				groups = one.SecurityGroups
			}
			one.Branches = append(one.Branches, sim.BranchState{Address: b.Address, VLAN: b.VLAN, Subnet: model.SubnetID(b.Subnet), SecurityGroups: groups})
		}
		out.ENIs = append(out.ENIs, one)
	}
	return out
}

func (d *decoder) simPodState(p PodState) sim.PodState {
	out := sim.PodState{Pod: model.PodName(p.Name), Workload: model.WorkloadName(p.Workload), Node: model.NodeName(p.Node), Address: p.Address}
	if p.Workload != "" {
		return out
	}
	out.Spec = sim.PodSpec{
		CPUMilli: int(p.Requests.CPU), MemoryMiB: int(p.Requests.Memory), PodENI: p.Requests.PodENI > 0,
		HostNetwork: p.HostNetwork, StopAfter: time.Duration(d.delay(defaultStopAfter)),
	}
	return out
}
