package replay

import (
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// ScaleUp is nodes that the cluster autoscaler launched together.
type ScaleUp struct {
	At model.Instant
	sim.AutoscalerScaledUp
}

// unhelp notes for which pods no node comes. Pods alike have one note, which
// stands while the first of them waits.
func (s *State) unhelp(b sim.AutoscalerNotScaledUp) {
	s.Unhelped = slices.DeleteFunc(s.Unhelped, func(old sim.AutoscalerNotScaledUp) bool {
		p := s.Pods.Get(old.Pod)
		return p == nil || p.Phase != Pending || old.Pod == b.Pod || old.Workload != "" && old.Workload == b.Workload
	})
	s.Unhelped = append(s.Unhelped, b)
}
