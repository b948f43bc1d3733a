package replay

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// BranchState is what becomes of a branch ENI.
//
//	creating ── in-use ── cooling ── gone
//	    └────── queued ──────────────┘ └── leaked
type BranchState string

// The states of a branch ENI.
const (
	// BranchCreating: EC2 has it, and its pod does not yet.
	BranchCreating BranchState = "creating"
	// BranchInUse: its pod is annotated with it.
	BranchInUse BranchState = "in-use"
	// BranchCooling: its pod has left, and it waits for its deletion.
	BranchCooling BranchState = "cooling"
	// BranchQueued: it was made in vain and goes at the next round.
	BranchQueued BranchState = "queued"
	// BranchLeaked: the controller has forgotten it. EC2 has it still.
	BranchLeaked BranchState = "leaked"
)

// Branch is a branch ENI that EC2 has.
type Branch struct {
	ENI model.ENIID
	// Pod is the one it is or was for; empty while it is being created and where
	// the controller found it without one.
	Pod     model.PodName
	VLAN    int // 1 … 120
	Address netip.Addr
	// IPv6Address is the one that the pod goes by in an IPv6 cluster.
	IPv6Address    netip.Addr
	Subnet         model.SubnetID
	SecurityGroups []model.SecurityGroup
	State          BranchState
	// Since is when it came into its state.
	Since model.Instant
}

// Trunk is a node's trunk ENI and what became of the asking for it. The zero
// Trunk with its instants at model.Never was never asked for.
type Trunk struct {
	// SignalledAt is when the agent asked for it, AttachedAt when EC2 had it
	// attached; model.Never if it hasn't happened.
	SignalledAt, AttachedAt model.Instant
	// ENI is empty until EC2 has made it.
	ENI     model.ENIID
	Address netip.Addr
	Subnet  model.SubnetID
	// Failures counts the attempts that failed; Error is the code of the last, and
	// empty once there is a trunk.
	Failures int
	Error    model.ErrorCode
}

// BranchCount counts a node's branch ENIs by state.
type BranchCount struct {
	Creating, InUse, Cooling, Queued, Leaked int
}

// All is how many EC2 has.
func (c BranchCount) All() int { return c.Creating + c.InUse + c.Cooling + c.Queued + c.Leaked }

// Counted is how many count against the instance type's limit. Leaked ones
// don't, nor do those being created: the controller asks before it makes one.
func (c BranchCount) Counted() int { return c.InUse + c.Cooling + c.Queued }

// BranchCount counts the node's branch ENIs.
func (n *Node) BranchCount() BranchCount {
	var c BranchCount
	for _, b := range n.Branches {
		switch b.State {
		case BranchCreating:
			c.Creating++
		case BranchInUse:
			c.InUse++
		case BranchCooling:
			c.Cooling++
		case BranchQueued:
			c.Queued++
		case BranchLeaked:
			c.Leaked++
		}
	}
	return c
}

// Branch returns the node's branch ENI of that id, nil if it has none.
func (n *Node) Branch(id model.ENIID) *Branch {
	for _, b := range n.Branches {
		if b.ENI == id {
			return b
		}
	}
	return nil
}

// made takes in an ENI that EC2 made for the node beside the agent.
func (n *Node) made(at model.Instant, b sim.ENICreated) {
	switch b.Kind {
	case model.ENITrunk:
		n.Trunk.ENI, n.Trunk.Address, n.Trunk.Subnet = b.ENI, b.PrimaryAddress, b.Subnet
		n.Trunk.AttachedAt = model.Never
	case model.ENIBranch:
		n.Branches = append(n.Branches, &Branch{
			ENI: b.ENI, Address: b.PrimaryAddress, Subnet: b.Subnet, State: BranchCreating, Since: at,
		})
	}
}

// deletedInEC2 forgets a trunk or a branch that EC2 has deleted.
func (n *Node) deletedInEC2(id model.ENIID) {
	if n.Trunk.ENI == id {
		n.Trunk.ENI, n.Trunk.AttachedAt = "", model.Never
	}
	n.Branches = slices.DeleteFunc(n.Branches, func(b *Branch) bool { return b.ENI == id })
}

// called takes from a call what its other events don't tell: the VLAN id of a
// branch.
func (n *Node) called(b sim.CallFields) {
	if br := n.Branch(b.ENI); br != nil && b.VLAN > 0 {
		br.VLAN = b.VLAN
	}
}

// callReturned notes when the trunk is attached.
func (n *Node) callReturned(at model.Instant, b sim.CallFields) {
	if b.Action == sim.AttachNetworkInterface && b.Error == "" && b.ENI != "" && b.ENI == n.Trunk.ENI {
		n.Trunk.AttachedAt, n.Trunk.Error = at, ""
		n.History.add(Change{At: at, Kind: TrunkAttached, ENI: b.ENI, Of: model.ENITrunk, Subnet: n.Trunk.Subnet})
	}
}

// trunkTaken notes a trunk that was attached before the run began.
func (n *Node) trunkTaken(at model.Instant, b sim.ENIAttached) {
	if b.ENI == n.Trunk.ENI && n.Trunk.AttachedAt == model.Never {
		n.Trunk.AttachedAt, n.Trunk.Error = at, ""
	}
}

func (n *Node) trunkSignalled(at model.Instant) {
	n.Trunk.SignalledAt = at
	n.History.add(Change{At: at, Kind: TrunkSignalled, Of: model.ENITrunk})
}

func (n *Node) trunkFailed(at model.Instant, b sim.TrunkFailed) {
	n.Trunk.Failures, n.Trunk.Error = n.Trunk.Failures+1, b.Error
	n.History.add(Change{At: at, Kind: TrunkFailed, Of: model.ENITrunk, Subnet: b.Subnet, Error: b.Error})
}

// branchCreated gives the pod its branch. One of before a restart of the
// controller may be unknown here only if the log is broken.
func (n *Node) branchCreated(at model.Instant, b sim.BranchCreated) error {
	br, err := n.knownBranch(b.BranchFields)
	if err != nil {
		return err
	}
	br.set(at, BranchInUse, b.BranchFields)
	br.SecurityGroups = b.SecurityGroups
	n.History.branches(at, BranchesCreated)
	return nil
}

// branchFailed notes a request that came to nothing. An ENI that was made all
// the same is queued by an event of its own.
func (n *Node) branchFailed(at model.Instant, b sim.BranchFailed) {
	if n.BranchFailures == nil {
		n.BranchFailures = map[model.ErrorCode]int{}
	}
	n.BranchFailures[b.Error]++
	n.History.branchFailed(at, b)
}

// branchQueued lets a branch wait for its deletion. One that was made in vain may be
// gone already, if the controller's clean-up came before.
func (n *Node) branchQueued(at model.Instant, b sim.BranchQueued) error {
	if b.Front && n.Branch(b.ENI) == nil {
		return nil
	}
	br, err := n.knownBranch(b.BranchFields)
	if err != nil {
		return err
	}
	if b.Front {
		br.set(at, BranchQueued, b.BranchFields)
		return nil // told by the failure before it
	}
	br.set(at, BranchCooling, b.BranchFields)
	n.History.branches(at, BranchesQueued)
	return nil
}

// branchDeleted ends a branch that EC2 has deleted a moment ago, or leaks it.
func (n *Node) branchDeleted(at model.Instant, b sim.BranchDeleted) error {
	if !b.Leaked {
		n.Branches = slices.DeleteFunc(n.Branches, func(br *Branch) bool { return br.ENI == b.ENI })
		n.History.branches(at, BranchesDeleted)
		return nil
	}
	br, err := n.knownBranch(b.BranchFields)
	if err != nil {
		return err
	}
	br.set(at, BranchLeaked, b.BranchFields)
	n.History.branches(at, BranchesLeaked)
	return nil
}

func (n *Node) knownBranch(f sim.BranchFields) (*Branch, error) {
	if br := n.Branch(f.ENI); br != nil {
		return br, nil
	}
	return nil, fmt.Errorf("%s is no branch ENI of %s", f.ENI, n.Name)
}

func (br *Branch) set(at model.Instant, state BranchState, f sim.BranchFields) {
	br.State, br.Since = state, at
	br.Pod = cmp.Or(f.Pod, br.Pod)
	br.VLAN = cmp.Or(f.VLAN, br.VLAN)
	if f.IPv6Address.IsValid() {
		br.IPv6Address = f.IPv6Address
	}
}

// annotated checks that the pod's address is that of a branch of the node.
func (n *Node) annotated(b sim.PodAddressed) error {
	br := n.Branch(b.ENI)
	switch {
	case br == nil:
		return fmt.Errorf("%s is no branch ENI of %s", b.ENI, n.Name)
	case br.Address != b.Address && br.IPv6Address != b.Address:
		return fmt.Errorf("%s has %s, and not %s", b.ENI, br.Address, b.Address)
	case br.Pod != b.Pod:
		return fmt.Errorf("%s is for %q and given to %s", b.ENI, br.Pod, b.Pod)
	}
	return nil
}
