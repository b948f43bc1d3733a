package scenarios

import (
	"fmt"
	"net/netip"
	"strings"

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
	ENIs     []ENIState `json:"enis"` // by card and device, the primary one first
}

// ENIState is an ENI that is attached.
type ENIState struct {
	Card           int                   `json:"card,omitempty"` // network card
	Device         int                   `json:"device"`         // on the card
	Kind           model.ENIKind         `json:"kind"`
	Subnet         string                `json:"subnet"`
	SecurityGroups []model.SecurityGroup `json:"securityGroups,omitempty"` // none: the group's
	PrimaryAddress netip.Addr            `json:"primaryAddress"`
	Addresses      []netip.Addr          `json:"addresses,omitempty"`
	Prefixes       []netip.Prefix        `json:"prefixes,omitempty"` // /28s; in an IPv6 cluster a /80
	Branches       []BranchState         `json:"branches,omitempty"` // of a trunk
}

// BranchState is a branch ENI. One whose address no pod has cools from 0.
type BranchState struct {
	VLAN           int                   `json:"vlan"`
	Subnet         string                `json:"subnet"`
	Address        netip.Addr            `json:"address"`
	IPv6Address    netip.Addr            `json:"ipv6Address,omitzero"`     // in an IPv6 cluster
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
		field{"name", d.reference(&into.Name)},
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
	onCard := map[int]int{}
	for i := range into.ENIs {
		ni := &into.ENIs[i]
		item := value{v.Get("enis").Items[i], fmt.Sprintf("%s.enis[%d]", v.path, i)}
		if !item.given("device") {
			ni.Device = onCard[ni.Card]
		}
		onCard[ni.Card]++
		if !item.given("subnet") && i > 0 {
			ni.Subnet = into.ENIs[0].Subnet
		}
		if i == 0 {
			if ni.Card != 0 || ni.Device != 0 {
				d.fail(item.path+".device", "the first ENI is the primary one, device 0 of card 0")
			}
			continue
		}
		switch before := into.ENIs[i-1]; {
		case ni.Card < before.Card:
			d.fail(item.path+".card", "ENIs are in the order of their network cards: %d does not come after %d", ni.Card, before.Card)
		case ni.Card == before.Card && ni.Device <= before.Device:
			d.fail(item.path+".device", "ENIs are in the order of their devices: %d does not come after %d", ni.Device, before.Device)
		}
	}
}

// eniKinds are the kinds of ENI that a node has.
var eniKinds = []model.ENIKind{model.ENIPrimary, model.ENISecondary, model.ENITrunk}

func (d *decoder) eniState(v value, into *ENIState) {
	d.object(v,
		field{"card", d.integer(&into.Card, 0, maxENIs)},
		field{"device", d.integer(&into.Device, 0, maxENIs)},
		field{"kind", oneOf(d, &into.Kind, eniKinds)},
		field{"subnet", d.reference(&into.Subnet)},
		field{"securityGroups", d.securityGroups(&into.SecurityGroups)},
		field{"primaryAddress", d.address(&into.PrimaryAddress)},
		field{"addresses", list(d, &into.Addresses, each(d.address))},
		field{"prefixes", list(d, &into.Prefixes, each(d.delegated))},
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
		field{"subnet", d.reference(&into.Subnet)},
		field{"address", d.address(&into.Address)},
		field{"ipv6Address", d.address6(&into.IPv6Address)},
		field{"securityGroups", d.securityGroups(&into.SecurityGroups)},
	)
	d.require(v, "vlan", "subnet", "address")
}

func (d *decoder) podState(v value, into *PodState) {
	d.object(v,
		field{"name", d.name(&into.Name)},
		field{"workload", d.text(&into.Workload)},
		field{"node", d.text(&into.Node)},
		field{"address", d.anyAddress(&into.Address)},
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
		if b.IsValid() {
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
				hold(b.Subnet, fmt.Sprintf("%s.branches[%d].ipv6Address", path, j), single(b.IPv6Address))
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
		if h.block.Addr().Is6() {
			continue // see checkState6
		}
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
