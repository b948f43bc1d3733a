package replay

import (
	"net/netip"

	"vpcsim/model"
	"vpcsim/sim"
)

// ENI is an ENI in an agent's datastore.
type ENI struct {
	ID             model.ENIID
	Kind           model.ENIKind
	Card           int // network card; Device is on it
	Device         int
	Subnet         model.SubnetID
	SecurityGroups []model.SecurityGroup
	PrimaryAddress netip.Addr
	// AttachedAt is when it entered the datastore, the first time.
	AttachedAt model.Instant
	// Excluded: it serves no pods. It entered the datastore with its subnet tagged
	// so.
	Excluded bool
	// Blocks are in ascending order. The primary address is not among them.
	Blocks []*Block
	// Pod is the task of ECS that the ENI is for; Trunk and VLAN are of a branch.
	Pod   model.PodName
	Trunk model.ENIID
	VLAN  int

	assigned int
	wasFull  bool
	stale    bool // of before a restart, not seen since
}

// Assigned counts the addresses of the ENI that are held.
func (e *ENI) Assigned() int { return e.assigned }

// Total counts the addresses of the ENI's usable blocks.
func (e *ENI) Total() int {
	n := 0
	for _, b := range e.Blocks {
		if b.usable {
			n += b.Size()
		}
	}
	return n
}

func newENI(at model.Instant, b sim.ENIAttached) *ENI {
	return &ENI{
		ID: b.ENI, Kind: b.Kind, Card: b.Card, Device: b.Device, Subnet: b.Subnet,
		SecurityGroups: b.SecurityGroups, PrimaryAddress: b.PrimaryAddress,
		AttachedAt: at, Pod: b.Pod, Trunk: b.Trunk, VLAN: b.VLAN,
	}
}
