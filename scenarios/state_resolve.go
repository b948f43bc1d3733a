package scenarios

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
)

// simState holds the state to what the types and the agents allow.
func (d *decoder) simState(s *Scenario, groups []sim.NodeGroup, workloads []sim.Workload, settings model.Settings, windows model.WindowsSettings) sim.State {
	var out sim.State
	if len(s.State.Nodes)+len(s.State.Pods) == 0 {
		return out
	}
	d.checkState6(s)
	if err := settings.Validate(); err != nil && s.Platform != PlatformECS {
		d.fail("state", "the agents of its nodes would not run: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	held := map[string]*heldOnNode{}
	for i, n := range s.State.Nodes {
		path := fmt.Sprintf("state.nodes[%d]", i)
		held[n.Name] = newHeldOnNode(&s.State.Nodes[i], settings)
		group, _ := splitNode(n.Name)
		k := slices.IndexFunc(groups, func(g sim.NodeGroup) bool { return g.Name == group && g.Type.Name != "" })
		if k < 0 {
			continue
		}
		if g := groups[k]; g.Windows {
			d.checkWindowsState(path, n)
			held[n.Name].ofWindows(windows, g.Type)
		} else if s.Platform != PlatformECS {
			held[n.Name].managed(&s.State.Nodes[i], settings.ManagedCards(g.Type))
		}
		d.checkLimits(path, n, groups[k].Type)
		out.Nodes = append(out.Nodes, simNode(n, groups[k]))
	}
	specs := map[model.WorkloadName]sim.PodSpec{}
	for _, w := range workloads {
		specs[w.Name] = w.Pod
	}
	for i, p := range s.State.Pods {
		one := d.simPodState(p, held[p.Node])
		spec := one.Spec
		if p.Workload != "" {
			spec = specs[one.Workload]
		}
		if n := held[p.Node]; n != nil && p.Address.IsValid() {
			if why := n.give(p.Address, spec); why != "" {
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
	onCard := map[int]int{}
	for i, ni := range n.ENIs {
		at := fmt.Sprintf("%s.enis[%d]", path, i)
		onCard[ni.Card]++
		switch most := t.CardENIs(ni.Card); {
		case most == 0:
			d.fail(at+".card", "%s has no network card %d", t.Name, ni.Card)
		case ni.Card == 0 && ni.Device >= most:
			d.fail(at+".device", "device %d; %s has %d, from 0", ni.Device, t.Name, most)
		case onCard[ni.Card] > most:
			d.fail(at, "%d ENIs on network card %d; %s holds %d there", onCard[ni.Card], ni.Card, t.Name, most)
		}
		if slots := len(ni.Addresses) + len(ni.Prefixes); slots > t.SlotsPerENI() {
			d.fail(at, "%d addresses and prefixes; an ENI of %s holds %d beside its primary address", slots, t.Name, t.SlotsPerENI())
		}
		if ni.Kind == model.ENITrunk {
			trunks++
			d.checkTrunkState(at, ni, t, trunks)
		}
	}
}

// checkTrunkState holds the trunk number nth of a node to its type.
func (d *decoder) checkTrunkState(at string, ni ENIState, t model.InstanceType, nth int) {
	if nth > 1 {
		d.fail(at+".kind", "a node has one trunk")
	}
	if ni.Card > 0 {
		d.fail(at+".card", "a trunk is on network card 0")
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

// checkWindowsState holds a node to what Windows nodes have.
func (d *decoder) checkWindowsState(path string, n NodeState) {
	for i := range n.ENIs[min(1, len(n.ENIs)):] {
		d.fail(fmt.Sprintf("%s.enis[%d]", path, i+1), "a Windows node has its primary ENI and no other")
	}
}

// The lengths of the prefixes that EC2 delegates.
const (
	prefixBits  = 28
	prefixBits6 = 80
)

// checkState6 sees to it that nodes and pods of an IPv6 cluster have what the
// agents give there, and those of any other cluster nothing of it.
func (d *decoder) checkState6(s *Scenario) {
	ipv6 := s.Cluster.IPFamily == familyIPv6
	const (
		notIPv6  = "an IPv6 address, and the cluster is not of IPv6: cluster: {ipFamily: ipv6}"
		ofPods   = "pods of an IPv6 cluster have IPv6 addresses, of the /80 of their node"
		ofENIs   = "an ENI of an IPv6 cluster has nothing for pods but its /80"
		branches = "a branch ENI of an IPv6 cluster has an ipv6Address, by which its pod goes"
	)
	only := func(path string, is6 bool, otherwise string) {
		switch {
		case is6 && !ipv6:
			d.fail(path, notIPv6)
		case ipv6 && !is6:
			d.fail(path, "%s", otherwise)
		}
	}
	for i, n := range s.State.Nodes {
		for k, ni := range n.ENIs {
			at := fmt.Sprintf("state.nodes[%d].enis[%d]", i, k)
			if len(ni.Addresses) > 0 {
				only(at+".addresses", false, ofENIs)
			}
			for j, p := range ni.Prefixes {
				if p.IsValid() {
					only(fmt.Sprintf("%s.prefixes[%d]", at, j), p.Addr().Is6(), ofENIs)
				}
			}
			if ipv6 && k == 0 && len(ni.Prefixes) == 0 {
				d.fail(at, "the primary ENI of an IPv6 cluster's node has a /80 once its agent is up: prefixes: [\"2001:db8:0:1:5::/80\"]; leave a node without one out, and it begins anew")
			}
			for j, b := range ni.Branches {
				only(fmt.Sprintf("%s.branches[%d].ipv6Address", at, j), b.IPv6Address.IsValid(), branches)
			}
		}
	}
	for i, p := range s.State.Pods {
		if p.Address.IsValid() {
			only(fmt.Sprintf("state.pods[%d].address", i), p.Address.Is6(), ofPods)
		}
	}
	d.checkHeld6(s)
}

// checkHeld6 looks whether what the state holds of IPv6 is in its subnets, and
// held once.
func (d *decoder) checkHeld6(s *Scenario) {
	seen := map[netip.Prefix]bool{}
	for _, n := range s.VPC.Subnets {
		for _, h := range d.held[n.Name] {
			switch {
			case h.block.Addr().Is4():
			case !n.IPv6CIDR.IsValid():
				d.fail(h.path, "subnet %s has no ipv6Cidr", n.Name)
			case !n.IPv6CIDR.Contains(h.block.Addr()):
				d.fail(h.path, "%s is not in %s of subnet %s", h.block, n.IPv6CIDR, n.Name)
			case seen[h.block]:
				d.fail(h.path, "%s stands twice", h.block)
			}
			seen[h.block] = true
		}
	}
}

// heldOnNode is what the ENIs of a node have for pods.
type heldOnNode struct {
	name     string
	settings model.Settings
	windows  *model.WindowsSettings // nil on Linux
	singles  map[netip.Addr]model.ENIKind
	prefixes map[netip.Prefix]model.ENIKind
	given    map[netip.Addr]bool
}

func newHeldOnNode(n *NodeState, settings model.Settings) *heldOnNode {
	h := &heldOnNode{
		name: n.Name, settings: settings,
		singles: map[netip.Addr]model.ENIKind{}, prefixes: map[netip.Prefix]model.ENIKind{},
		given: map[netip.Addr]bool{},
	}
	for _, ni := range n.ENIs {
		for _, a := range ni.Addresses {
			h.singles[a] = ni.Kind
		}
		for _, p := range ni.Prefixes {
			h.prefixes[p] = ni.Kind
		}
		for _, b := range ni.Branches {
			h.singles[b.podAddress()] = model.ENIBranch
		}
	}
	return h
}

// podAddress is the address that a pod with the branch goes by.
func (b BranchState) podAddress() netip.Addr {
	if b.IPv6Address.IsValid() {
		return b.IPv6Address
	}
	return b.Address
}

// managed takes out what is on network cards that the agent does not manage.
func (h *heldOnNode) managed(n *NodeState, cards int) {
	for _, ni := range n.ENIs {
		if ni.Card < cards {
			continue
		}
		for _, a := range ni.Addresses {
			delete(h.singles, a)
		}
		for _, p := range ni.Prefixes {
			delete(h.prefixes, p)
		}
	}
}

// ofWindows says that the resource controller serves the node's pods.
func (h *heldOnNode) ofWindows(settings model.WindowsSettings, t model.InstanceType) {
	settings, _ = settings.ForType(t)
	h.windows = &settings
}

// give gives a pod an address, or says why that cannot be.
func (h *heldOnNode) give(a netip.Addr, spec sim.PodSpec) string {
	bits := prefixBits
	if a.Is6() {
		bits = prefixBits6
	}
	block, _ := a.Prefix(bits)
	kind, single := h.singles[a]
	ok := single
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
	case h.windows != nil:
		if why := h.windowsGives(single, spec); why != "" {
			return why
		}
	case needsBranch && kind != model.ENIBranch:
		return fmt.Sprintf("the pod needs a branch ENI, and %s is none's", a)
	case !needsBranch && kind == model.ENIBranch:
		return fmt.Sprintf("%s is a branch ENI's, which the pod does not ask for", a)
	case kind == model.ENITrunk && !h.settings.TrunkServes():
		return fmt.Sprintf("%s is the trunk's, which serves no pods in this release", a)
	}
	h.given[a] = true
	return ""
}

// windowsGives says why the controller would give the pod no such address.
func (h *heldOnNode) windowsGives(single bool, spec sim.PodSpec) string {
	switch {
	case !h.windows.IPAM:
		return fmt.Sprintf("the controller does not serve Windows nodes: cni.windows.%s is not true", model.WindowsIPAMKey)
	case spec.NodeSelector[labelOS] != osWindows:
		return fmt.Sprintf("%s is a Windows node, and the pod is not for one: nodeSelector: {%s: %s}", h.name, labelOS, osWindows)
	case single && h.windows.PrefixDelegation:
		return fmt.Sprintf("is a secondary address, and %s is in prefix mode", h.name)
	case !single && !h.windows.PrefixDelegation:
		return fmt.Sprintf("is of a prefix, and %s is in secondary mode", h.name)
	}
	return ""
}

func simNode(n NodeState, g sim.NodeGroup) sim.NodeState {
	out := sim.NodeState{Node: model.NodeName(n.Name), Cordoned: n.Cordoned}
	for _, ni := range n.ENIs {
		one := sim.ENIState{
			Card: ni.Card, Device: ni.Device, Kind: ni.Kind, Subnet: model.SubnetID(ni.Subnet),
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
			one.Branches = append(one.Branches, sim.BranchState{Address: b.Address, IPv6Address: b.IPv6Address, VLAN: b.VLAN, Subnet: model.SubnetID(b.Subnet), SecurityGroups: groups})
		}
		out.ENIs = append(out.ENIs, one)
	}
	return out
}

func (d *decoder) simPodState(p PodState, on *heldOnNode) sim.PodState {
	out := sim.PodState{Pod: model.PodName(p.Name), Workload: model.WorkloadName(p.Workload), Node: model.NodeName(p.Node), Address: p.Address}
	if p.Workload != "" {
		return out
	}
	out.Spec = sim.PodSpec{
		CPUMilli: int(p.Requests.CPU), MemoryMiB: int(p.Requests.Memory), PodENI: p.Requests.PodENI > 0,
		HostNetwork: p.HostNetwork, StopAfter: time.Duration(d.delay(defaultStopAfter)),
	}
	if on != nil && on.windows != nil && !p.HostNetwork {
		out.Spec.NodeSelector = map[string]string{labelOS: osWindows}
	}
	return out
}
