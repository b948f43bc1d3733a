package replay

import (
	"fmt"
	"net/netip"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// Phase is what a pod's state is called, as kubectl shows it.
type Phase string

// The phases of a pod.
const (
	Pending           Phase = "Pending"           // without a node
	ContainerCreating Phase = "ContainerCreating" // on a node, not ready
	Running           Phase = "Running"
	Terminating       Phase = "Terminating" // deletion asked, still there
	Succeeded         Phase = "Succeeded"   // a Job's pod that ran to its end
)

// Pod is a pod that exists.
type Pod struct {
	Name        model.PodName
	Workload    model.WorkloadName
	HostNetwork bool           // or an ECS task without an ENI of its own
	Node        model.NodeName // empty while it has none
	Phase       Phase
	// The instants are model.Never if it hasn't happened.
	CreatedAt, BoundAt, AddressedAt, ReadyAt, DeletedAt model.Instant

	// Address is the zero Addr while the pod holds none; ENI, Card, Device and
	// Prefix are then without meaning.
	Address netip.Addr
	ENI     model.ENIID
	Card    int // network card
	Device  int // −1 for a branch ENI
	Prefix  netip.Prefix
	// VLAN is that of its branch ENI; 0: it has an address of the pool.
	VLAN int
	// More are its addresses of other network cards.
	More []sim.PodAddress

	// FailedAttempts counts the times the CNI couldn't give it an address.
	FailedAttempts int
	// Reason and Message are of the last failure, to place it or to give it
	// an address.
	Reason  sim.Kind
	Message string

	bound   bool // counts on its node
	waiting bool // likewise, as one without address
	gone    bool

	// Its waits for an address; nil when they are over, or it needs none.
	sinceCreated, sinceBound *waiter
	tried                    bool     // some attempt to place it or to set it up failed
	hindered                 sim.Kind // why the last that something exhausted did
}

// Waits reports whether the pod exists, wants to run and doesn't.
func (p *Pod) Waits() bool { return p.Phase == Pending || p.Phase == ContainerCreating }

// PodCount counts pods.
type PodCount struct {
	// Created counts all pods that ever were.
	Created int
	// Those that exist, by phase.
	Pending, ContainerCreating, Running, Terminating, Succeeded int
	// Addressed counts how often a pod was given an address.
	Addressed int
	// FailedAttempts counts how often the CNI couldn't give one.
	FailedAttempts int
	// Gone counts those that were deleted, or ran to their end, without ever having
	// had an address although they asked for one: at least once there was no node
	// for them, or the CNI couldn't give one. Those that go at 0 are not in it.
	Gone int
}

// Waiting counts the pods that have no node or are not ready.
func (c PodCount) Waiting() int { return c.Pending + c.ContainerCreating }

// Pods are the pods of a run.
type Pods struct {
	// StartLatency is from created to addressed, TimeToIP from bound to
	// addressed, of all pods that were given an address.
	StartLatency, TimeToIP Latencies
	// Wait is the wait for an address from created on, WaitBound from bound on, of
	// all pods that need one.
	Wait, WaitBound Waits
	// LastAddressedAt and LastReadyAt are when the last of all pods was given its
	// address and when the last became ready; model.Never if none did.
	LastAddressedAt, LastReadyAt model.Instant

	count  PodCount
	list   []*Pod // in order of creation, with some that are gone
	gone   int    // of list
	byName map[model.PodName]*Pod

	goneFor map[sim.Kind]int // see GoneFor
}

// Count counts the pods.
func (ps *Pods) Count() PodCount { return ps.count }

// Get returns the pod of that name that exists, nil if none does.
func (ps *Pods) Get(name model.PodName) *Pod { return ps.byName[name] }

// All lists the pods that exist in the order of their creation.
func (ps *Pods) All() []*Pod {
	ps.compact()
	return ps.list
}

func (ps *Pods) compact() {
	ps.list = slices.DeleteFunc(ps.list, func(p *Pod) bool { return p.gone })
	ps.gone = 0
}

func (ps *Pods) get(name model.PodName) (*Pod, error) {
	p := ps.byName[name]
	if p == nil {
		return nil, fmt.Errorf("there is no pod %q", name)
	}
	return p, nil
}

// set moves the pod to another phase.
func (ps *Pods) set(p *Pod, phase Phase) {
	if n := ps.counter(p.Phase); n != nil {
		*n--
	}
	p.Phase = phase
	if n := ps.counter(phase); n != nil {
		*n++
	}
}

func (ps *Pods) counter(phase Phase) *int {
	switch phase {
	case Pending:
		return &ps.count.Pending
	case ContainerCreating:
		return &ps.count.ContainerCreating
	case Running:
		return &ps.count.Running
	case Terminating:
		return &ps.count.Terminating
	case Succeeded:
		return &ps.count.Succeeded
	}
	return nil
}

func (ps *Pods) create(at model.Instant, b sim.PodCreated) error {
	if ps.byName == nil {
		ps.byName = map[model.PodName]*Pod{}
	}
	if ps.byName[b.Pod] != nil {
		return fmt.Errorf("there is a pod %q already", b.Pod)
	}
	p := &Pod{
		Name: b.Pod, Workload: b.Workload, HostNetwork: b.HostNetwork,
		CreatedAt: at, BoundAt: model.Never, AddressedAt: model.Never,
		ReadyAt: model.Never, DeletedAt: model.Never,
	}
	ps.set(p, Pending)
	ps.count.Created++
	if !p.HostNetwork {
		p.sinceCreated = ps.Wait.begin(at)
	}
	ps.list = append(ps.list, p)
	ps.byName[b.Pod] = p
	return nil
}

// remove forgets a pod. The list is tidied when half of it is gone, which
// keeps the cost per pod constant.
func (ps *Pods) remove(p *Pod) {
	ps.set(p, "")
	p.gone = true
	delete(ps.byName, p.Name)
	if ps.gone++; ps.gone > len(ps.list)/2 {
		ps.compact()
	}
}

func (s *State) unschedulable(b sim.PodUnschedulable) error {
	p, err := s.Pods.get(b.Pod)
	if err != nil {
		return err
	}
	p.Reason, p.Message = b.Reason, b.Message
	p.asked(b.Reason)
	s.hit(p, b.Reason)
	return nil
}

func (ps *Pods) bind(at model.Instant, n *Node, b sim.PodBound) error {
	p, err := ps.get(b.Pod)
	switch {
	case err != nil:
		return err
	case p.Node != "":
		return fmt.Errorf("pod %s is on %s already", p.Name, p.Node)
	}
	p.Node, p.BoundAt, p.bound = n.Name, at, true
	p.Reason, p.Message = "", ""
	n.bound++
	if p.waiting = !p.HostNetwork; p.waiting {
		n.waiting++
	}
	if p.sinceCreated != nil {
		p.sinceBound = ps.WaitBound.begin(at)
	}
	if p.Phase == Pending {
		ps.set(p, ContainerCreating)
	}
	return nil
}

func (s *State) setupFailed(n *Node, at model.Instant, b sim.PodSetupFailed) error {
	ps := &s.Pods
	p, err := ps.get(b.Pod)
	if err != nil {
		return err
	}
	for _, one := range b.GaveBack {
		if err := n.giveBack(at, b.Pod, one); err != nil {
			return err
		}
	}
	p.FailedAttempts++
	p.Reason, p.Message = b.Reason, b.Message
	p.asked(b.Reason)
	s.hit(p, b.Reason)
	ps.count.FailedAttempts++
	return nil
}

func (ps *Pods) ready(at model.Instant, name model.PodName) error {
	p, err := ps.get(name)
	if err != nil {
		return err
	}
	p.ReadyAt, ps.LastReadyAt = at, at
	if p.Phase == ContainerCreating {
		ps.set(p, Running)
	}
	return nil
}

func (ps *Pods) complete(at model.Instant, name model.PodName) error {
	p, err := ps.get(name)
	if err != nil {
		return err
	}
	ps.waitEnds(at, p)
	if p.DeletedAt == model.Never {
		ps.set(p, Succeeded)
	}
	return nil
}

// delete notes that the pod's deletion was asked for. One that holds nothing is
// gone with it; one that does, or runs on the host network, when that is
// released.
func (s *State) delete(at model.Instant, name model.PodName) error {
	p, err := s.Pods.get(name)
	if err != nil {
		return err
	}
	p.DeletedAt = at
	s.Pods.waitEnds(at, p)
	s.Pods.set(p, Terminating)
	if !p.Address.IsValid() && !(p.HostNetwork && p.bound) {
		s.remove(p)
	}
	return nil
}

// remove takes a pod that is gone off its node and out of the list.
func (s *State) remove(p *Pod) {
	s.unbind(p)
	s.Pods.remove(p)
}

// unbind takes the pod out of its node's count.
func (s *State) unbind(p *Pod) {
	if p.bound {
		p.bound = false
		s.nodes[p.Node].bound--
	}
	s.nodes[p.Node].waitsNoMore(p)
}

// waitsNoMore takes the pod out of the count of those without address. A nil
// Node has none.
func (n *Node) waitsNoMore(p *Pod) {
	if p.waiting {
		p.waiting = false
		n.waiting--
	}
}

// address gives the pod an address of the node's datastore.
func (s *State) address(n *Node, at model.Instant, b sim.PodAddressed) error {
	p, err := s.Pods.get(b.Pod)
	switch {
	case err != nil:
		return err
	case p.Node != n.Name:
		return fmt.Errorf("pod %s is not on %s", p.Name, n.Name)
	case p.Address.IsValid():
		return fmt.Errorf("pod %s holds %s already", p.Name, p.Address)
	}
	if b.VLAN > 0 {
		err = n.annotated(b)
	} else {
		err = n.handOut(at, b)
	}
	if err != nil {
		return err
	}
	n.waitsNoMore(p)

	p.Address, p.ENI, p.Card, p.Device, p.Prefix, p.VLAN = b.Address, b.ENI, b.Card, b.Device, b.Prefix, b.VLAN
	p.More = b.More
	p.AddressedAt = at
	p.Reason, p.Message = "", ""
	s.Pods.addressed(at, p, b.Attempt > 0)
	return nil
}

// addressed counts a pod that was given an address; one that had it when the run
// began has waited for nothing.
func (ps *Pods) addressed(at model.Instant, p *Pod, waited bool) {
	ps.count.Addressed++
	sinceCreated, sinceBound := p.sinceCreated, p.sinceBound
	p.sinceCreated, p.sinceBound = nil, nil
	if !waited {
		ps.Wait.drop(sinceCreated)
		ps.WaitBound.drop(sinceBound)
		return
	}
	ps.Wait.end(sinceCreated, at)
	ps.WaitBound.end(sinceBound, at)
	ps.StartLatency.add(at.Sub(p.CreatedAt))
	ps.TimeToIP.add(at.Sub(p.BoundAt))
	ps.LastAddressedAt = at
}

// handOut gives the pod its address of the pool, or those of several pools.
func (n *Node) handOut(at model.Instant, b sim.PodAddressed) error {
	all := append([]sim.PodAddress{{ENI: b.ENI, Address: b.Address, Prefix: b.Prefix}}, b.More...)
	for _, one := range all {
		a, err := n.give(at, b.Pod, one)
		if err != nil {
			return err
		}
		n.History.filled(at, n, a.block.eni)
	}
	return nil
}

// give lets the pod hold a free address.
func (n *Node) give(at model.Instant, pod model.PodName, one sim.PodAddress) (*address, error) {
	a, err := n.lookup(one.ENI, one.Address, one.Prefix)
	if err != nil {
		return nil, err
	}
	n.expire(at)
	if a.state != Free {
		return nil, fmt.Errorf("%s is %s (%s) and given to %s", one.Address, a.state, a.pod, pod)
	}
	n.hold(a, pod)
	return a, nil
}

// giveBack is what happens to an address that the pod was given in vain.
func (n *Node) giveBack(at model.Instant, pod model.PodName, one sim.PodAddress) error {
	if _, err := n.give(at, pod, one); err != nil {
		return err
	}
	n.giveUp(pod, one, "")
	return nil
}

// release takes the pod's address from it and, unless it ran to its end, the
// pod away. A pod that held nothing was gone when it was deleted.
func (s *State) release(b sim.PodReleased) error {
	p := s.Pods.Get(b.Pod)
	if p == nil && !b.Address.IsValid() {
		return nil
	}
	if p == nil {
		return fmt.Errorf("there is no pod %q", b.Pod)
	}
	if p.Address.IsValid() {
		if p.VLAN == 0 {
			s.nodes[p.Node].release(p, b)
		}
		p.Address, p.VLAN, p.More = netip.Addr{}, 0, nil
	}
	s.unbind(p)
	if p.DeletedAt != model.Never || b.Reason == ReleasedTerminated {
		s.remove(p)
	}
	return nil
}

// The reasons of a pod.released that is no ordinary one.
const (
	ReleasedAgentDown  = "agent-down"
	ReleasedTerminated = "terminated"
)

// release gives up what the pod holds in the node's datastores.
func (n *Node) release(p *Pod, b sim.PodReleased) {
	n.giveUp(p.Name, sim.PodAddress{ENI: p.ENI, Address: p.Address, Prefix: p.Prefix, CoolUntilMs: b.CoolUntilMs}, b.Reason)
	for _, one := range b.More {
		n.giveUp(p.Name, one, b.Reason)
	}
}

// giveUp takes an address of the pod's back. There may be nothing to take: the
// agent may have dropped the block under the living pod.
func (n *Node) giveUp(pod model.PodName, one sim.PodAddress, reason string) {
	a, err := n.lookup(one.ENI, one.Address, one.Prefix)
	if i := slices.IndexFunc(n.aside, func(e *ENI) bool { return e.ID == one.ENI }); i >= 0 {
		a, err = n.aside[i].lookup(one.Address, one.Prefix)
	}
	if err != nil || a.state != Assigned || a.pod != pod {
		return
	}
	if reason == ReleasedAgentDown {
		a.leftover = true
		return
	}
	a.block.changes++
	a.block.Assigned--
	a.block.eni.assigned--
	if a.block.usable {
		n.held--
	}
	a.state = Free
	if one.CoolUntilMs == nil {
		return
	}
	a.state, a.coolUntil = Cooling, *one.CoolUntilMs
	if a.block.usable {
		n.cooling++
	}
	n.queue.push(a)
}

func (n *Node) hold(a *address, pod model.PodName) {
	a.state, a.pod = Assigned, pod
	a.block.changes++
	a.block.Assigned++
	a.block.eni.assigned++
	if a.block.usable {
		n.held++
	}
}

// lookup finds an address in the datastore. The prefix is invalid for a
// secondary address.
func (n *Node) lookup(eni model.ENIID, addr netip.Addr, prefix netip.Prefix) (*address, error) {
	e := n.ENI(eni)
	if e == nil {
		return nil, fmt.Errorf("%s is not in the datastore of %s", eni, n.Name)
	}
	return e.lookup(addr, prefix)
}

func (e *ENI) lookup(addr netip.Addr, prefix netip.Prefix) (*address, error) {
	if !prefix.IsValid() {
		prefix = single(addr)
	}
	b, _ := e.block(prefix)
	if b == nil || !prefix.Contains(addr) {
		return nil, fmt.Errorf("%s doesn't have %s in %s", e.ID, addr, prefix)
	}
	return b.address(addr), nil
}
