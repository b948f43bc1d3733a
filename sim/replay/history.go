package replay

import (
	"time"

	"vpcsim/model"
	"vpcsim/sim"
)

// History is how a node's ENIs came, filled and went.
type History struct {
	// Changes are the first HistoryLimit changes, in order.
	Changes []Change
	// Count is the number of all changes.
	Count int
	// Settings are the agent's, in order: the first it started with and those
	// after every change.
	Settings []SettingsChange
	// Devices has a line for every device number of every network card that ever
	// had an ENI.
	Devices []DeviceHistory

	decision *sim.PoolDecision
}

// HistoryLimit is how many changes of a node are kept: a pool that takes and
// gives back a prefix all day long would fill the memory otherwise.
const HistoryLimit = 200

// SettingsChange says from when on an agent had these settings.
type SettingsChange struct {
	At       model.Instant
	Settings model.Settings
}

// ChangeKind says what happened to an ENI, or to the whole node.
type ChangeKind string

// The kinds of changes.
const (
	Attached ChangeKind = "attached"
	Added    ChangeKind = "added"
	Filled   ChangeKind = "filled" // pods hold all that the ENI can have, for the first time
	Removed  ChangeKind = "removed"
	Detached ChangeKind = "detached"

	// PoolConfigured: a living Windows node's pool has another mode or other targets.
	PoolConfigured ChangeKind = "pool-configured"

	Restarted  ChangeKind = "restarted" // the agent is killed to start again
	Failed     ChangeKind = "failed"    // the agent's start-up failed
	Cordoned   ChangeKind = "cordoned"
	Uncordoned ChangeKind = "uncordoned"
	Terminated ChangeKind = "terminated"

	Excluded ChangeKind = "excluded"

	// An ENI that is not the node's any more, or never was, leaks; a clean-up has
	// deleted it. Of branches BranchesLeaked tells.
	Leaked  ChangeKind = "leaked"
	Cleaned ChangeKind = "cleaned"

	TrunkSignalled ChangeKind = "trunk-signalled" // the agent asks for a trunk
	TrunkFailed    ChangeKind = "trunk-failed"
	TrunkAttached  ChangeKind = "trunk-attached" // in EC2; Attached is when the agent takes it in

	BranchesCreated ChangeKind = "branches-created"
	BranchesFailed  ChangeKind = "branches-failed" // requests that came to nothing
	BranchesQueued  ChangeKind = "branches-queued" // their pods have left
	BranchesUndone  ChangeKind = "branches-undone" // requests whose ENIs are made, and go at the next round
	BranchesDeleted ChangeKind = "branches-deleted"
	BranchesLeaked  ChangeKind = "branches-leaked"

	// Of the cluster, told on each node that they concern.
	SubnetTagged         ChangeKind = "subnet-tagged"
	ControllerConfigured ChangeKind = "controller-configured"
	ControllerRestarted  ChangeKind = "controller-restarted"
	FaultBegan           ChangeKind = "fault-began"
	FaultEnded           ChangeKind = "fault-ended"
)

// Change is one line of a node's history. ENI and what follows are empty where
// it is about the whole node.
type Change struct {
	At     model.Instant
	Kind   ChangeKind
	ENI    model.ENIID
	Of     model.ENIKind
	Card   int // network card
	Device int
	// Addresses and Prefixes that came or went; of a filled ENI those it has.
	Addresses, Prefixes int
	// Pod is the ECS task that the ENI is for.
	Pod model.PodName
	By  sim.By
	// Branches is how many branch ENIs it is about.
	Branches int
	// Subnet and Error are set where the kind has them.
	Subnet model.SubnetID
	Error  model.ErrorCode
	// Tags are the subnet's, and Cooldown the branch ENIs', after a change of them.
	Tags     map[string]string
	Cooldown time.Duration
	// Capacity is what a Windows node offers the scheduler after a change of it.
	Capacity int
	// Of a fault: the action that it meets, how many calls, or 0, how long it lasts, or
	// 0, and how long a call takes, or 0.
	Action    sim.Action
	Calls     int
	Lasts     int64 // ms
	LatencyMs int64
	// Until is the last instant of a change that stands for several; otherwise At.
	Until model.Instant
	// Why is the decision of the agent that led to it; nil where none did.
	Why *sim.PoolDecision
	// Settings are the agent's at that time, zero before its first start.
	Settings model.Settings
}

// DeviceHistory is about the first ENI with a device number of a network card.
type DeviceHistory struct {
	Card   int
	Device int
	Kind   model.ENIKind
	// AttachedAt is when it entered the datastore, FilledAt when pods held all
	// its slots can carry for the first time; model.Never if they never did.
	AttachedAt, FilledAt model.Instant
}

// branches notes a change of a branch ENI. Those of a kind in a row are one
// change: pods come and go all day long.
func (h *History) branches(at model.Instant, kind ChangeKind) {
	h.join(Change{At: at, Kind: kind, Branches: 1})
}

// branchFailed notes a request that came to nothing, whether or not its ENI was
// made.
func (h *History) branchFailed(at model.Instant, b sim.BranchFailed) {
	kind := BranchesFailed
	if b.ENI != "" {
		kind = BranchesUndone
	}
	h.join(Change{At: at, Kind: kind, Branches: 1, Error: b.Error})
}

func (h *History) join(c Change) {
	if n := len(h.Changes); n > 0 && n == h.Count {
		if last := &h.Changes[n-1]; last.Kind == c.Kind && last.Error == c.Error {
			last.Branches++
			last.Until = c.At
			return
		}
	}
	h.add(c)
}

func (h *History) add(c Change) {
	h.Count++
	c.Until = c.At
	if len(h.Changes) < HistoryLimit {
		if n := len(h.Settings); n > 0 {
			c.Settings = h.Settings[n-1].Settings
		}
		h.Changes = append(h.Changes, c)
	}
}

// configured notes the agent's settings, if they are others than before.
func (h *History) configured(at model.Instant, b sim.AgentConfigured) {
	if n := len(h.Settings); n == 0 || h.Settings[n-1].Settings != b.Settings {
		h.Settings = append(h.Settings, SettingsChange{at, b.Settings})
	}
}

// why returns the decision behind a change; starts and reconciles follow none.
func (h *History) why(by sim.By) *sim.PoolDecision {
	switch by {
	case sim.ByGrow, sim.ByShrink, sim.ByFree:
		return h.decision
	}
	return nil
}

func (h *History) attached(at model.Instant, e *ENI, b sim.ENIAttached) {
	h.add(Change{
		At: at, Kind: Attached, ENI: e.ID, Of: e.Kind, Card: e.Card, Device: e.Device,
		Addresses: len(b.Addresses), Prefixes: len(b.Prefixes), Pod: e.Pod, By: b.By, Why: h.why(b.By),
	})
	if e.Kind != model.ENIBranch && h.device(e) == nil {
		h.Devices = append(h.Devices, DeviceHistory{
			Card: e.Card, Device: e.Device, Kind: e.Kind, AttachedAt: at, FilledAt: model.Never,
		})
	}
}

func (h *History) added(at model.Instant, e *ENI, b sim.AddressesAdded) {
	h.add(Change{
		At: at, Kind: Added, ENI: e.ID, Of: e.Kind, Card: e.Card, Device: e.Device,
		Addresses: len(b.Addresses), Prefixes: len(b.Prefixes), By: b.By, Why: h.why(b.By),
	})
}

func (h *History) removed(at model.Instant, e *ENI, b sim.AddressesRemoved) {
	h.add(Change{
		At: at, Kind: Removed, ENI: e.ID, Of: e.Kind, Card: e.Card, Device: e.Device,
		Addresses: len(b.Addresses), Prefixes: len(b.Prefixes), By: b.By, Why: h.why(b.By),
	})
}

func (h *History) detached(at model.Instant, e *ENI, b sim.ENIDetached) {
	h.add(Change{
		At: at, Kind: Detached, ENI: e.ID, Of: e.Kind, Card: e.Card, Device: e.Device,
		Addresses: len(b.Addresses), Prefixes: len(b.Prefixes), Pod: e.Pod, By: b.By, Why: h.why(b.By),
	})
}

// filled notes the first time that pods hold everything the ENI's slots can
// carry.
func (h *History) filled(at model.Instant, n *Node, e *ENI) {
	if e.wasFull || len(e.Blocks) < n.Launched.SlotsPerENI {
		return
	}
	size := 0
	for _, b := range e.Blocks {
		size += b.Size()
	}
	if e.assigned < size {
		return
	}
	e.wasFull = true
	c := Change{At: at, Kind: Filled, ENI: e.ID, Of: e.Kind, Card: e.Card, Device: e.Device}
	for _, b := range e.Blocks {
		if b.IsPrefix() {
			c.Prefixes++
		} else {
			c.Addresses++
		}
	}
	h.add(c)
	if d := h.device(e); d != nil && d.FilledAt == model.Never {
		d.FilledAt = at
	}
}

func (h *History) device(e *ENI) *DeviceHistory {
	for i := range h.Devices {
		if h.Devices[i].Card == e.Card && h.Devices[i].Device == e.Device {
			return &h.Devices[i]
		}
	}
	return nil
}
