package model

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// What the resource controller holds fixed of branch ENIs. Source: observed in
// the Amazon VPC resource controller (2026).
const (
	// MaxVLAN is the highest VLAN id of a branch; the lowest is 1.
	MaxVLAN = 120
	// BranchRound is the time between two rounds of a node's delete queue.
	BranchRound = 30 * time.Second
	// BranchDeleteTries is after how many failed deletions a branch is
	// forgotten.
	BranchDeleteTries = 3
	// BranchCooldownDefault and BranchCooldownMin are the default and the least
	// value of branch-eni-cooldown.
	BranchCooldownDefault = 60 * time.Second
	BranchCooldownMin     = 30 * time.Second
)

// BranchCooldown is how long a branch ENI rests before it is deleted, by the
// text of branch-eni-cooldown in the ConfigMap amazon-vpc-cni: whole seconds.
// An empty text means that it is not set. What is below 30 counts as 30, what
// is no whole number as 60; note then says so.
//
// Source: VPC resource controller, docs/sgp/sgp_config_options.md; the
// corrections observed (2026).
func BranchCooldown(text string) (d time.Duration, note string) {
	if text == "" {
		return BranchCooldownDefault, ""
	}
	seconds, err := strconv.Atoi(text)
	if err != nil {
		return BranchCooldownDefault, fmt.Sprintf("branch-eni-cooldown: %q is no whole number of seconds, 60 holds", text)
	}
	if d = time.Duration(seconds) * time.Second; d < BranchCooldownMin {
		return BranchCooldownMin, fmt.Sprintf("branch-eni-cooldown: %s is below 30 seconds, 30 holds", text)
	}
	return d, ""
}

// Branch is a branch ENI as the resource controller knows it.
type Branch struct {
	ENI     ENIID
	VLAN    int // 1 … MaxVLAN
	Address netip.Addr
	// IPv6Address is the pod's in IPv6 clusters; invalid elsewhere.
	IPv6Address netip.Addr
	Subnet      SubnetID
	// Pod is the one it is for, empty where the controller found the ENI without
	// its pod. PodID tells pods of one name apart.
	Pod   PodName
	PodID int
	// Associated: the controller knows of an association with the trunk, and
	// undoes it before it deletes the ENI.
	Associated bool
	// Timed: its pod has left at Since. Untimed ones in the queue were never
	// used and go at the next round.
	Timed bool
	Since Instant
	// Tries are the deletions that failed.
	Tries int
}

// PodAddress is the address that the branch's pod goes by.
func (b *Branch) PodAddress() netip.Addr {
	if b.IPv6Address.IsValid() {
		return b.IPv6Address
	}
	return b.Address
}

// Trunk is what the resource controller remembers of a node's trunk ENI: the
// branches of pods, those that wait for their deletion, and the VLAN ids that
// are taken.
//
//	held    p1 (VLAN 1)  p3 (VLAN 3)
//	queue   eni-b (VLAN 4, untimed)  eni-a (VLAN 2, since 40s)
//	counted 4 of 9: room for five more
//
// A VLAN id is taken before its ENI exists, and that of a forgotten branch
// stays taken: so there can be more ids taken than branches counted.
type Trunk struct {
	limit int
	held  []*Branch // in the order in which pods got them
	queue []*Branch // the front first
	used  [MaxVLAN + 1]bool
}

// NewTrunk returns a trunk without branches that may have limit of them.
func NewTrunk(limit int) *Trunk { return &Trunk{limit: limit} }

// Limit is the instance type's limit of branch ENIs.
func (t *Trunk) Limit() int { return t.limit }

// Counted is what is compared to the limit: pods' branches and queued ones. A
// branch that is just being deleted is in neither.
func (t *Trunk) Counted() int { return len(t.held) + len(t.queue) }

// HasRoom reports whether one more branch may be asked for. Nothing is
// reserved by it: requests that ask together are all let through.
func (t *Trunk) HasRoom() bool { return t.Counted() < t.limit }

// Held returns the branches of pods. The slice is the trunk's; read it only.
func (t *Trunk) Held() []*Branch { return t.held }

// Queue returns the delete queue, the front first. Read it only.
func (t *Trunk) Queue() []*Branch { return t.queue }

// VLANs returns the ids that are taken, ascending.
func (t *Trunk) VLANs() []int {
	var out []int
	for id := 1; id <= MaxVLAN; id++ {
		if t.used[id] {
			out = append(out, id)
		}
	}
	return out
}

// TakeVLAN takes the lowest free VLAN id; ok is false if all are taken.
func (t *Trunk) TakeVLAN() (id int, ok bool) {
	for id := 1; id <= MaxVLAN; id++ {
		if !t.used[id] {
			t.used[id] = true
			return id, true
		}
	}
	return 0, false
}

// HasVLAN reports whether an id is free.
func (t *Trunk) HasVLAN() bool { return slices.Contains(t.used[1:], false) }

// FreeVLAN gives an id back.
func (t *Trunk) FreeVLAN(id int) { t.used[id] = false }

// MarkVLAN takes the id of a branch that is there already.
func (t *Trunk) MarkVLAN(id int) { t.used[id] = true }

// Hold notes that the branch is its pod's.
func (t *Trunk) Hold(b *Branch) {
	if t.HeldBy(b.PodID) != nil {
		panic(fmt.Sprintf("trunk: pod %s (%d) gets a second branch, %s", b.Pod, b.PodID, b.ENI))
	}
	t.held = append(t.held, b)
}

// HeldBy returns the pod's branch, or nil.
func (t *Trunk) HeldBy(podID int) *Branch {
	if i := t.indexOf(podID); i >= 0 {
		return t.held[i]
	}
	return nil
}

func (t *Trunk) indexOf(podID int) int {
	return slices.IndexFunc(t.held, func(b *Branch) bool { return b.PodID == podID })
}

// Release moves the pod's branch to the end of the delete queue, where it cools
// from now on, and returns it; nil if the pod has none.
func (t *Trunk) Release(podID int, now Instant) *Branch {
	b := t.HeldBy(podID)
	if b != nil {
		t.drop(b)
		t.Enqueue(b, now)
	}
	return b
}

// RollBack puts a branch that no pod ever used to the front of the delete
// queue, without a time.
func (t *Trunk) RollBack(b *Branch) {
	t.drop(b)
	b.Timed = false
	t.Requeue(b)
}

func (t *Trunk) drop(b *Branch) {
	t.held = slices.DeleteFunc(t.held, func(have *Branch) bool { return have == b })
}

// Enqueue puts a branch to the end of the delete queue; it cools from now on.
func (t *Trunk) Enqueue(b *Branch, now Instant) {
	b.Timed, b.Since = true, now
	t.queue = append(t.queue, b)
}

// Requeue puts a branch that could not be deleted back to the front.
func (t *Trunk) Requeue(b *Branch) { t.queue = slices.Insert(t.queue, 0, b) }

// Clear takes all branches out, pods' first, cooled or not.
func (t *Trunk) Clear() []*Branch {
	all := slices.Concat(t.held, t.queue)
	t.held, t.queue = nil, nil
	return all
}

// Next takes the branch at the front out of the queue if it may be deleted now:
// it is untimed, or has cooled for longer than the cooldown. Exactly the
// cooldown is not enough, and one that is not due holds up those behind it.
func (t *Trunk) Next(now Instant, cooldown time.Duration) *Branch {
	if len(t.queue) == 0 {
		return nil
	}
	b := t.queue[0]
	if b.Timed && now.Sub(b.Since) <= cooldown {
		return nil
	}
	t.queue = slices.Delete(t.queue, 0, 1)
	return b
}
