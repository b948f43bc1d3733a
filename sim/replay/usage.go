package replay

import (
	"vpcsim/model"
	"vpcsim/sim"
)

// Usage is how many addresses were attached and held over the run, summed over
// the nodes' pools as [State.Totals] does, but for pools of IPv6, which have no
// end. It is kept as events come, at a constant cost each.
type Usage struct {
	// PeakTotal and PeakAssigned are the most at any instant, PeakIdle the most
	// that were attached and held by no pod, cooling ones included.
	PeakTotal, PeakAssigned, PeakIdle int

	total, assigned int
	since           model.Instant // from when on they hold
	totalMs         int64         // addresses times milliseconds, up to since
	assignedMs      int64
}

// Addresses are the sums as they are: attached, and held by pods.
func (u *Usage) Addresses() (total, assigned int) { return u.total, u.assigned }

// TotalMs sums how long addresses were attached, in address-milliseconds, up to
// the instant, which is not before the last event.
func (u *Usage) TotalMs(at model.Instant) int64 {
	return u.totalMs + int64(u.total)*int64(at-u.since)
}

// AssignedMs likewise sums how long pods held addresses.
func (u *Usage) AssignedMs(at model.Instant) int64 {
	return u.assignedMs + int64(u.assigned)*int64(at-u.since)
}

// IdleMs likewise sums how long addresses were attached and held by no pod.
func (u *Usage) IdleMs(at model.Instant) int64 { return u.TotalMs(at) - u.AssignedMs(at) }

// change notes that the sums change at an instant.
func (u *Usage) change(at model.Instant, total, assigned int) {
	if total == 0 && assigned == 0 {
		return
	}
	u.totalMs, u.assignedMs, u.since = u.TotalMs(at), u.AssignedMs(at), at
	u.total += total
	u.assigned += assigned
}

// peak notes the most of each at the end of an instant's event.
func (u *Usage) peak() {
	u.PeakTotal = max(u.PeakTotal, u.total)
	u.PeakAssigned = max(u.PeakAssigned, u.assigned)
	u.PeakIdle = max(u.PeakIdle, u.total-u.assigned)
}

// pooled is what a node adds to the sums; nothing for nil.
func (n *Node) pooled() (total, assigned int) {
	if n == nil || n.Config.Settings.IPv6 {
		return 0, 0
	}
	return n.total + n.tasks, n.held + n.tasks
}

// about is the node whose pool an event can change, nil if none.
func (s *State) about(e sim.Event) *Node {
	if n := s.nodes[e.Node]; n != nil {
		return n
	}
	switch b := e.Body.(type) {
	case sim.PodReleased:
		if p := s.Pods.Get(b.Pod); p != nil {
			return s.nodes[p.Node]
		}
	case sim.TaskReleased:
		if p := s.Pods.Get(b.Pod); p != nil {
			return s.nodes[p.Node]
		}
	}
	return nil
}
