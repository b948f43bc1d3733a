package sim

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"vpcsim/model"
)

// State is what is there when the run begins, of a cluster that has run
// before: nodes with what is attached to them, and pods. The zero State is an
// empty cluster, whose nodes are launched at instant 0.
//
// The nodes' agents have been up, and go on: they take over what is attached and
// which pods hold which addresses, as after a restart, and their first check is
// a pause of their loop later. What a start forgets they have forgotten:
// cooling, back-offs, how old ENIs are.
type State struct {
	// Nodes are the first of their groups, in any order.
	Nodes []NodeState
	// Pods are the oldest first.
	Pods []PodState
}

// NodeState is a node that is there. It is Ready.
type NodeState struct {
	Node     model.NodeName // GROUP-N, N below the group's Count
	Cordoned bool
	// ENIs are by network card and device number. The first is the primary one,
	// in the node's subnet; a Windows node has no other.
	ENIs []ENIState
}

// ENIState is an ENI that is attached.
type ENIState struct {
	Card           int // network card
	Device         int // on the card
	Kind           model.ENIKind
	Subnet         model.SubnetID
	SecurityGroups []model.SecurityGroup
	PrimaryAddress netip.Addr
	Blocks         []netip.Prefix // secondary addresses and prefixes; of IPv6 a /80
	// Branches are of a trunk. One without a pod cools from instant 0.
	Branches []BranchState
}

// BranchState is a branch ENI that is associated with its trunk.
type BranchState struct {
	Address        netip.Addr
	IPv6Address    netip.Addr // in an IPv6 cluster
	VLAN           int        // 1 … model.MaxVLAN
	Subnet         model.SubnetID
	SecurityGroups []model.SecurityGroup
}

// PodState is a pod that exists.
type PodState struct {
	Pod model.PodName
	// Workload makes it one of that workload's pods; empty: no controller's.
	Workload model.WorkloadName
	Node     model.NodeName // one of State.Nodes; empty: Pending
	// Address is on the node: of a block, or a branch's. Zero: the pod waits for
	// one, or runs on the host network. One that wants an address of each network
	// card has the lowest free ones of the others.
	Address netip.Addr
	Spec    PodSpec // without a Workload; else that workload's holds
}

// initial is the State at work.
type initial struct {
	e     *engine
	nodes map[model.NodeName]*NodeState
	held  map[model.SubnetID][]netip.Prefix // in the order of the State
	pods  []*pod                            // as in the State
	on    map[model.NodeName][]int          // their indices, of those with a node
}

func newInitial(e *engine) *initial {
	in := &initial{e: e}
	state := &e.cfg.State
	if len(state.Nodes)+len(state.Pods) == 0 {
		return in
	}
	in.nodes, in.held, in.on = map[model.NodeName]*NodeState{}, map[model.SubnetID][]netip.Prefix{}, map[model.NodeName][]int{}
	for i := range state.Nodes {
		n := &state.Nodes[i]
		in.nodes[n.Node] = n
		for _, ni := range n.ENIs {
			in.hold(ni.Subnet, ni.PrimaryAddress)
			in.held[ni.Subnet] = append(in.held[ni.Subnet], ni.Blocks...)
			for _, b := range ni.Branches {
				in.hold(b.Subnet, b.Address)
				if b.IPv6Address.IsValid() {
					in.hold(b.Subnet, b.IPv6Address)
				}
			}
		}
	}
	return in
}

func (in *initial) hold(s model.SubnetID, a netip.Addr) {
	in.held[s] = append(in.held[s], netip.PrefixFrom(a, a.BitLen()))
}

// claim takes the State's part of a subnet, before anything is drawn from it.
func (in *initial) claim(s *subnet) error {
	for _, b := range in.held[s.ID()] {
		var err error
		switch {
		case b.Addr().Is4():
			err = s.Claim(b)
		case s.ipv6 == nil:
			err = fmt.Errorf("state: subnet %s: has no IPv6 CIDR for %s", s.ID(), b)
		default:
			err = s.ipv6.hold(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check finds names that nothing has.
func (in *initial) check() error {
	for _, n := range in.e.cfg.State.Nodes {
		if len(n.ENIs) == 0 {
			return fmt.Errorf("state: node %s has no ENI", n.Node)
		}
		for _, ni := range n.ENIs {
			if in.e.ec2.named[ni.Subnet] == nil {
				return fmt.Errorf("state: node %s: no subnet %q", n.Node, ni.Subnet)
			}
		}
	}
	for _, p := range in.e.cfg.State.Pods {
		if p.Workload != "" && in.e.workloads.named[p.Workload] == nil {
			return fmt.Errorf("state: pod %s: no workload %q", p.Pod, p.Workload)
		}
		if p.Node != "" && in.nodes[p.Node] == nil {
			return fmt.Errorf("state: pod %s: no node %q", p.Pod, p.Node)
		}
	}
	return nil
}

// create makes the pods, which have no node yet. Those of nodes get them when
// these are taken over; the others are handed to the scheduler.
func (in *initial) create() {
	all := in.e.cfg.State.Pods
	for i := range all {
		s := &all[i]
		p := &pod{name: s.Pod, spec: &s.Spec, beside: true}
		if w := in.e.workloads.named[s.Workload]; w != nil {
			p.owner, p.spec, p.beside, p.counted = w, &w.Pod, false, true
			w.restore(p)
		}
		in.pods = append(in.pods, p)
		if s.Node != "" {
			in.on[s.Node] = append(in.on[s.Node], i)
		}
		if !in.e.register(p) {
			return
		}
	}
	if len(all) > 0 {
		in.e.promise(0, in.place)
	}
}

// place lets go on what waits: pods without a node are the scheduler's, those
// without an address kubelet's.
func (in *initial) place() {
	for i, p := range in.pods {
		s := in.e.cfg.State.Pods[i]
		switch n := in.e.nodeNamed[s.Node]; {
		case p.phase != podPending || p.deleting:
		case s.Node == "":
			in.e.scheduler.add(p)
		case n != nil:
			in.bind(p, n)
			in.e.kubelet.bind(p, n, false)
		}
	}
}

// bind tells the controller which node the pod is on where that is news to it.
func (in *initial) bind(p *pod, n *node) {
	if p.owner == nil {
		return
	}
	if d, ok := p.owner.control.(*daemonSet); ok {
		p.target, d.pods[n] = n, p
	}
}

// restore takes a pod that is there already into the controller's counts. Names
// that follow are above it.
func (w *workload) restore(p *pod) {
	w.made.add(p)
	if number, ok := strings.CutPrefix(string(p.name), string(w.Name)+"-"); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= w.names && w.Kind != StatefulSet {
			w.names = n + 1
		}
	}
	switch c := w.control.(type) {
	case *deployment:
		f := c.fleet(p)
		f.pods++
		f.made(p)
	case *job:
		if c.victims == nil {
			c.victims = newVictims()
		}
		c.active++
		c.victims.made(p)
	case *statefulSet:
		c.restore(p)
	}
}

// restore puts the pod at its ordinal, which its name tells.
func (s *statefulSet) restore(p *pod) {
	_, number, _ := strings.Cut(string(p.name), string(s.w.Name)+"-")
	p.ordinal, _ = strconv.Atoi(number)
	for len(s.slots) <= p.ordinal {
		s.slots = append(s.slots, nil)
	}
	s.slots[p.ordinal] = p
}

// restore is launch for a node that is there: its instance with the primary
// ENI. The others follow when the log knows the node.
func (x *ec2) restore(n *node) *instance {
	in := x.newInstance(n)
	in.restore(n.initial.ENIs[0])
	return in
}

// restore attaches an ENI that was attached before. Its addresses are claimed
// already.
func (in *instance) restore(s ENIState) {
	x := in.node.e.ec2
	taken := model.TakenENI{Primary: s.PrimaryAddress}
	taken.Addresses, taken.Prefixes = split(s.Blocks)
	ni := x.newENI(in, x.named[s.Subnet], s.SecurityGroups, taken, s.Kind)
	in.attach(ni, s.Card, s.Device)
	if s.Kind != model.ENITrunk {
		return
	}
	in.trunk = ni
	for _, b := range s.Branches {
		branch := x.newENI(in, x.named[b.Subnet], b.SecurityGroups, model.TakenENI{Primary: b.Address}, model.ENIBranch)
		branch.trunk, branch.vlan, branch.associated, branch.ipv6 = ni, b.VLAN, true, b.IPv6Address
		ni.branches = append(ni.branches, branch)
	}
}

// takeOver makes a node Ready that has been so before, with all that is
// attached to it.
func (n *node) takeOver() {
	for _, ni := range n.initial.ENIs[1:] {
		n.instance.restore(ni)
	}
	n.agentUp()
	if n.initial.Cordoned {
		n.cordon()
	}
	if n.windows != nil {
		n.windows.takeOver()
		return
	}
	n.agent.start()
}

// takesOver reports whether the start is that of an agent which has been up
// before the run.
func (a *agent) takesOver() bool { return a.node.initial != nil && a.starts == 1 }

// takeOver goes on where the agent was before the run: without giving back and
// growing, which only a real start does.
func (a *agent) takeOver() {
	n := a.node
	a.e.initial.restorePods(n)
	if n.instance.trunk != nil {
		n.signalled = true
		a.e.controller.initialise(n)
	} else {
		a.signalTrunk()
	}
	if a.settings.IPv6 {
		a.startedIPv6()
		return
	}
	a.started()
}

// restorePods sets up the pods that run on the node. All have their own addresses
// before one gets more of the other network cards: a pod's only address can be there.
func (in *initial) restorePods(n *node) {
	k, pods := in.e.kubelet, in.e.cfg.State.Pods
	for _, i := range in.on[n.name] {
		if pods[i].Address.IsValid() {
			k.hold(in.pods[i], n, pods[i].Address)
		}
	}
	for _, i := range in.on[n.name] {
		if pods[i].Address.IsValid() || in.pods[i].spec.HostNetwork {
			k.restore(in.pods[i], n, pods[i].Address)
		}
	}
}

// hold gives the pod its address in the agent's datastore, where it is of one.
func (k *kubelet) hold(p *pod, n *node, address netip.Addr) {
	if n.windows != nil || p.spec.HostNetwork || n.instance.branchOf(address) != nil {
		return
	}
	for _, pl := range n.agent.pools {
		if p.lease = pl.store.Hold(address, p.name); p.lease != nil {
			return
		}
	}
	panic(fmt.Sprintf("state: pod %s: no ENI of %s has %s free", p.name, n.name, address))
}

// restore sets a pod up that runs on the node with the address.
func (k *kubelet) restore(p *pod, n *node, address netip.Addr) {
	p.phase, p.node, p.boundAt = podStarting, n, k.e.now
	k.e.initial.bind(p, n)
	n.hosts(p)
	k.e.log(n.name, PodBound{p.name, p.workloadName()})
	switch branch := n.instance.branchOf(address); {
	case p.spec.HostNetwork:
	case n.windows != nil:
		k.restoreGrant(p, address)
	case branch != nil:
		k.restoreBranch(p, branch)
	default:
		k.restoreLease(p, address)
	}
	p.phase = podRunning
	k.e.log(n.name, PodReady{p.name})
	if p.spec.RunFor > 0 {
		k.e.promise(k.e.now.Add(p.spec.RunFor), func() { k.complete(p) })
	}
	k.e.workloads.podReady(p)
}

// restoreLease goes on with the address that hold has given the pod.
func (k *kubelet) restoreLease(p *pod, address netip.Addr) {
	a, e := p.node.agent, p.lease.ENI()
	if e.Card == 0 && a.wantsEveryCard(p) {
		for _, pl := range a.pools[1:] {
			if l := pl.store.Assign(k.e.now, p.name, nil); l != nil {
				p.more = append(p.more, l)
			}
		}
	}
	k.e.log(p.node.name, PodAddressed{
		Pod: p.name, Workload: p.workloadName(), ENI: e.ID, Card: e.Card, Device: e.Device,
		Address: address, Prefix: p.lease.Prefix(), More: addressesOf(p.more),
	})
}

// restoreGrant gives the pod the address of a Windows node that it is annotated
// with; the pool counts it among those in use.
func (k *kubelet) restoreGrant(p *pod, address netip.Addr) {
	w := p.node.windows
	g, ok := w.grantOf(address)
	if !ok {
		panic(fmt.Sprintf("state: pod %s: the pool of %s has no %s", p.name, p.node.name, address))
	}
	p.grant = &g
	w.sideOf(g).set++
	k.e.log(p.node.name, PodAddressed{
		Pod: p.name, Workload: p.workloadName(), ENI: w.eni().id, Device: w.eni().device,
		Address: address, Prefix: g.Prefix(),
	})
}

func (k *kubelet) restoreBranch(p *pod, ni *eni) {
	p.branch = &model.Branch{
		ENI: ni.id, VLAN: ni.vlan, Address: ni.primary, IPv6Address: ni.ipv6, Subnet: ni.subnet.ID(),
		Pod: p.name, PodID: p.seq, Associated: true,
	}
	k.e.log(p.node.name, BranchCreated{BranchFields{
		Pod: p.name, ENI: ni.id, Trunk: ni.trunk.id, VLAN: ni.vlan, Address: ni.primary, IPv6Address: ni.ipv6, Subnet: ni.subnet.ID(),
	}, ni.groups})
	k.e.log(p.node.name, PodAddressed{
		Pod: p.name, Workload: p.workloadName(), ENI: ni.id, Device: noDevice, Address: p.branch.PodAddress(), VLAN: ni.vlan,
	})
}

// branchOf is the instance's branch ENI with the address, or nil.
func (in *instance) branchOf(address netip.Addr) *eni {
	if in.trunk == nil || !address.IsValid() {
		return nil
	}
	for _, b := range in.trunk.branches {
		if b.primary == address || b.ipv6 == address {
			return b
		}
	}
	return nil
}
