package replay

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// Node is a node with its agent's datastore.
type Node struct {
	Name     model.NodeName
	Launched sim.NodeLaunched
	// LaunchedAt, ReadyAt (the first time) and TerminatedAt are model.Never if
	// it hasn't happened.
	LaunchedAt, ReadyAt, TerminatedAt model.Instant

	Ready          bool
	NotReadyReason string
	Cordoned       bool
	// AgentUp: the agent serves requests.
	AgentUp bool
	// ExitError is why the agent isn't up, if its start-up failed.
	ExitError string
	// Config is what the agent started with last, or what holds on a Windows node
	// since; zero before its first start.
	Config sim.AgentConfigured
	// ENIs are those in the datastores, by network card and device; on ECS those
	// that are attached.
	ENIs []*ENI
	// Trunk is the node's trunk ENI; on ECS it is among the ENIs.
	Trunk Trunk
	// Branches are the branch ENIs that EC2 has for the node, oldest first; on
	// ECS there are TaskBranches instead.
	Branches []*Branch
	// BranchFailures counts the requests for a branch ENI that came to nothing,
	// by code; nil: none.
	BranchFailures map[model.ErrorCode]int
	// TaskBranches are the branch ENIs of ECS tasks, in the order of their coming.
	TaskBranches []*ENI
	// History is how the ENIs came, filled and went.
	History History

	// aside are ENIs on network cards that the agent stopped managing: it looks at
	// them again when it manages the card again, and pods may still hold addresses.
	aside []*ENI

	bound   int
	waiting int
	tasks   int // ENIs of ECS tasks, in both
	total   int
	held    int
	cooling int
	queue   coolQueue
}

func newNode(name model.NodeName, at model.Instant, b sim.NodeLaunched) *Node {
	return &Node{
		Name: name, Launched: b,
		LaunchedAt: at, ReadyAt: model.Never, TerminatedAt: model.Never,
		Trunk: Trunk{SignalledAt: model.Never, AttachedAt: model.Never},
	}
}

// Totals are the numbers of a pool. Primary addresses are in none of them, nor
// are blocks that the agent's mode leaves unused. Free is Total less Assigned
// less Cooling. On ECS, where there is no pool, they count the ENIs of tasks:
// each has the one address that its task holds.
type Totals struct {
	Total, Assigned, Cooling int
}

// Available is what no pod holds, cooling addresses included, as the agent
// reckons.
func (t Totals) Available() int { return t.Total - t.Assigned }

// Free is what could be handed out at once.
func (t Totals) Free() int { return t.Total - t.Assigned - t.Cooling }

func (t Totals) plus(u Totals) Totals {
	return Totals{t.Total + u.Total, t.Assigned + u.Assigned, t.Cooling + u.Cooling}
}

// Totals returns the numbers of the node's pool. The instant must not be
// before the last event, nor go back from call to call.
func (n *Node) Totals(at model.Instant) Totals {
	n.expire(at)
	return Totals{Total: n.total + n.tasks, Assigned: n.held + n.tasks, Cooling: n.cooling}
}

// CardTotals returns the numbers of the pool on a network card, which are what
// the agent's decisions about it rest on.
func (n *Node) CardTotals(at model.Instant, card int) Totals {
	var t Totals
	for _, e := range n.ENIs {
		if e.Card != card {
			continue
		}
		for _, b := range e.Blocks {
			if b.usable {
				t = t.plus(Totals{Total: b.Size(), Assigned: b.Assigned, Cooling: b.Cooling(at)})
			}
		}
	}
	return t
}

// Gone reports whether the instance was terminated.
func (n *Node) Gone() bool { return n.TerminatedAt != model.Never }

// Attached are the ENIs, or, where no agent has looked at them yet, the one that came
// with the instance.
func (n *Node) Attached() []*ENI {
	if len(n.ENIs) > 0 || n.Gone() || n.Launched.ENI == "" {
		return n.ENIs
	}
	return []*ENI{{
		ID: n.Launched.ENI, Kind: model.ENIPrimary, Subnet: n.Launched.Subnet, SecurityGroups: n.Launched.SecurityGroups,
		PrimaryAddress: n.Launched.PrimaryAddress, AttachedAt: model.Never,
	}}
}

// Bound counts the pods that are bound to the node and not gone; system pods
// are not among them.
func (n *Node) Bound() int { return n.bound }

// Waiting counts the pods that are bound to the node and hold no address yet;
// those on the host network need none.
func (n *Node) Waiting() int { return n.waiting }

// PrefixMode reports whether the agent hands out addresses of prefixes.
func (n *Node) PrefixMode() bool { return n.Config.Settings.PrefixDelegation }

// ENI returns the ENI of the node's datastore, nil if it is not there.
func (n *Node) ENI(id model.ENIID) *ENI {
	for _, e := range n.ENIs {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// ManyCards reports whether the node had ENIs on network cards above 0.
func (n *Node) ManyCards() bool {
	return slices.ContainsFunc(n.History.Devices, func(d DeviceHistory) bool { return d.Card > 0 })
}

func (n *Node) becomeReady(at model.Instant) {
	n.Ready, n.NotReadyReason = true, ""
	if n.ReadyAt == model.Never {
		n.ReadyAt = at
	}
}

func (n *Node) terminate(at model.Instant) {
	n.Ready, n.AgentUp, n.TerminatedAt = false, false, at
	n.ENIs, n.aside, n.TaskBranches, n.tasks, n.queue = nil, nil, nil, 0, coolQueue{}
	n.total, n.held, n.cooling = 0, 0, 0
	n.History.add(Change{At: at, Kind: Terminated})
}

func (n *Node) cordon(at model.Instant, cordoned bool) {
	n.Cordoned = cordoned
	kind := Uncordoned
	if cordoned {
		kind = Cordoned
	}
	n.History.add(Change{At: at, Kind: kind})
}

func (n *Node) configure(at model.Instant, b sim.AgentConfigured) {
	n.Config = b
	n.History.configured(at, b)
	n.recount()
}

// configureLiving changes the settings of a Windows node's pool, which forgets
// nothing by that.
func (n *Node) configureLiving(at model.Instant, b sim.PoolConfigured) {
	n.expire(at)
	n.Config = sim.AgentConfigured{Env: b.Env, Settings: b.Settings, Ignored: b.Ignored, CooldownMs: b.CooldownMs}
	n.History.configured(at, n.Config)
	n.History.add(Change{At: at, Kind: PoolConfigured, Capacity: b.Capacity})
	n.total, n.held, n.cooling = 0, 0, 0
	for _, e := range n.ENIs {
		for _, blk := range e.Blocks {
			if blk.usable = n.counts(blk); blk.usable {
				n.total += blk.Size()
				n.held += blk.Assigned
				n.cooling += blk.Cooling(at)
			}
		}
	}
}

// agentExited marks what the datastore holds: a start takes over what is
// attached then, and forgets the rest.
func (n *Node) agentExited(at model.Instant, b sim.AgentExited) {
	n.AgentUp, n.ExitError = false, b.Error
	kind := Restarted
	if b.Error != "" {
		kind = Failed
	}
	n.History.add(Change{At: at, Kind: kind})
	for _, e := range n.ENIs {
		e.stale = true
	}
}

func (n *Node) agentStarted(sim.AgentStarted) {
	n.AgentUp, n.ExitError = true, ""
	for _, e := range n.ENIs {
		if e.stale && e.Card > 0 {
			n.setAside(e)
		}
	}
	n.ENIs = slices.DeleteFunc(n.ENIs, func(e *ENI) bool { return e.stale })
	n.recount()
}

func (n *Node) attach(at model.Instant, b sim.ENIAttached) error {
	eni := newENI(at, b)
	if b.Pod != "" {
		return n.attachTask(at, eni, b)
	}
	if b.By == sim.ByStart {
		n.trunkTaken(at, b)
	}
	var before *ENI
	if i := slices.IndexFunc(n.ENIs, func(e *ENI) bool { return e.ID == b.ENI }); i >= 0 {
		if b.By != sim.ByStart {
			return fmt.Errorf("%s is in the datastore already", b.ENI)
		}
		before = n.ENIs[i]
		n.dropENI(i)
	} else if b.By == sim.ByStart {
		before = n.takeAside(b.ENI)
	}
	if before != nil {
		eni.AttachedAt, eni.wasFull = before.AttachedAt, before.wasFull
	}
	for _, p := range blockPrefixes(b.Addresses, b.Prefixes) {
		if err := n.insert(eni, p); err != nil {
			return err
		}
	}
	if before == nil {
		n.History.attached(at, eni, b)
	} else {
		n.carryOver(before, eni)
	}
	n.list(eni)
	return nil
}

// setAside keeps an ENI that the agent has stopped managing.
func (n *Node) setAside(e *ENI) {
	for _, b := range e.Blocks {
		b.usable = false
	}
	n.aside = append(n.aside, e)
}

// takeAside returns the ENI that was set aside, nil if none was.
func (n *Node) takeAside(id model.ENIID) *ENI {
	i := slices.IndexFunc(n.aside, func(e *ENI) bool { return e.ID == id })
	if i < 0 {
		return nil
	}
	e := n.aside[i]
	n.aside = slices.Delete(n.aside, i, i+1)
	return e
}

// list puts an ENI among the others.
func (n *Node) list(eni *ENI) {
	i, _ := slices.BinarySearchFunc(n.ENIs, eni, func(a, b *ENI) int {
		return cmp.Or(cmp.Compare(a.Card, b.Card), cmp.Compare(a.Device, b.Device), cmp.Compare(a.ID, b.ID))
	})
	n.ENIs = slices.Insert(n.ENIs, i, eni)
}

// carryOver moves to an ENI that a restarted agent took over what living pods
// hold. Cooling is forgotten, and so is what pods gave up meanwhile.
func (n *Node) carryOver(from, to *ENI) {
	for _, old := range from.Blocks {
		b, _ := to.block(old.Prefix)
		if b == nil {
			continue
		}
		for _, a := range old.touched {
			if a.state == Assigned && !a.leftover {
				n.hold(b.address(a.addr), a.pod)
			}
		}
	}
}

func (n *Node) detach(at model.Instant, b sim.ENIDetached) error {
	if n.detachTask(at, b) {
		return nil
	}
	i := slices.IndexFunc(n.ENIs, func(e *ENI) bool { return e.ID == b.ENI })
	if i < 0 {
		return fmt.Errorf("%s is not in the datastore of %s", b.ENI, n.Name)
	}
	n.History.detached(at, n.ENIs[i], b)
	n.dropENI(i)
	return nil
}

func (n *Node) addBlocks(at model.Instant, b sim.AddressesAdded) error {
	e := n.ENI(b.ENI)
	if e == nil {
		return fmt.Errorf("%s is not in the datastore of %s", b.ENI, n.Name)
	}
	for _, p := range blockPrefixes(b.Addresses, b.Prefixes) {
		if err := n.insert(e, p); err != nil {
			return err
		}
	}
	n.History.added(at, e, b)
	return nil
}

func (n *Node) removeBlocks(at model.Instant, b sim.AddressesRemoved) error {
	e := n.ENI(b.ENI)
	if e == nil {
		return fmt.Errorf("%s is not in the datastore of %s", b.ENI, n.Name)
	}
	for _, p := range blockPrefixes(b.Addresses, b.Prefixes) {
		blk, i := e.block(p)
		if blk == nil {
			return fmt.Errorf("%s doesn't have %s", e.ID, p)
		}
		n.drop(blk)
		e.Blocks = slices.Delete(e.Blocks, i, i+1)
	}
	n.History.removed(at, e, b)
	return nil
}

func (n *Node) insert(e *ENI, p netip.Prefix) error {
	b, err := e.insertBlock(p)
	if err != nil {
		return err
	}
	if b.usable = n.counts(b); b.usable {
		n.total += b.Size()
	}
	return nil
}

// counts reports whether a block is in the agent's numbers: it is of the active
// mode, and its ENI is not excluded.
func (n *Node) counts(b *Block) bool { return b.IsPrefix() == n.PrefixMode() && !b.eni.Excluded }

// exclude takes an ENI out of the agent's numbers. What pods hold of it they
// keep.
func (n *Node) exclude(at model.Instant, b sim.ENIExcluded) error {
	e := n.ENI(b.ENI)
	if e == nil {
		return fmt.Errorf("%s is not in the datastore of %s", b.ENI, n.Name)
	}
	if e.Excluded {
		return nil
	}
	n.expire(at)
	e.Excluded = true
	for _, blk := range e.Blocks {
		if !blk.usable {
			continue
		}
		blk.usable = false
		n.total -= blk.Size()
		n.held -= blk.Assigned
		n.cooling -= blk.Cooling(at)
	}
	n.History.add(Change{At: at, Kind: Excluded, ENI: e.ID, Of: e.Kind, Card: e.Card, Device: e.Device, Subnet: e.Subnet})
	return nil
}

// dropENI removes the ENI with its blocks from the datastore.
func (n *Node) dropENI(i int) {
	for _, b := range n.ENIs[i].Blocks {
		n.drop(b)
	}
	n.ENIs = slices.Delete(n.ENIs, i, i+1)
}

// drop takes a block out of the counts. Pods that hold an address of it go on
// without the agent knowing.
func (n *Node) drop(b *Block) {
	b.dropped = true
	b.eni.assigned -= b.Assigned
	if !b.usable {
		return
	}
	n.total -= b.Size()
	n.held -= b.Assigned
	for _, a := range b.touched {
		if a.state == Cooling { // counted until it is expired
			n.cooling--
		}
	}
}

// decide remembers what the agent decided, for the changes that follow.
func (n *Node) decide(d sim.PoolDecision) { n.History.decision = &d }

// recount counts anew which blocks are usable and what is held; needed when
// the agent's mode may have changed.
func (n *Node) recount() {
	n.total, n.held, n.cooling = 0, 0, 0
	n.queue = coolQueue{}
	for _, e := range n.ENIs {
		for _, b := range e.Blocks {
			b.usable = n.counts(b)
			for _, a := range b.touched {
				if a.state == Cooling { // a start forgets
					a.state = Free
					b.changes++
				}
			}
			if b.usable {
				n.total += b.Size()
				n.held += b.Assigned
			}
		}
	}
}
