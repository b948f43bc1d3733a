package sim

import (
	"fmt"

	"vpcsim/model"
)

// statefulSet keeps pods 0 … replicas−1, each with its name for ever. It does
// one thing at a time (podManagementPolicy OrderedReady): makes the lowest that
// is missing once all before it are ready; else deletes the highest that is too
// many; else replaces the highest of an older revision. A deleted pod is made
// again only when it is gone, for it has the same name.
//
// As in reality a pod that never gets ready stops everything else, a roll-out
// that would cure it included.
type statefulSet struct {
	w        *workload
	slots    []*pod // by ordinal; nil: to be made
	readyTo  int    // all ordinals below are ready
	rollTo   int    // the roll-out has done all ordinals above
	replaced int    // by the roll-out
}

func (s *statefulSet) act() {
	for s.readyTo < s.w.replicas {
		if !s.settle(s.readyTo) {
			return
		}
		s.readyTo++
	}
	for last := len(s.slots) - 1; last >= 0 && s.slots[last] == nil; last-- {
		s.slots = s.slots[:last]
	}
	if len(s.slots) > s.w.replicas {
		s.remove(s.slots[len(s.slots)-1])
		return
	}
	s.roll()
}

// settle sees to it that there is a pod at the ordinal and reports whether it
// is ready.
func (s *statefulSet) settle(ordinal int) bool {
	for len(s.slots) <= ordinal {
		s.slots = append(s.slots, nil)
	}
	p := s.slots[ordinal]
	if p == nil {
		p = &pod{name: model.PodName(fmt.Sprintf("%s-%d", s.w.Name, ordinal)), ordinal: ordinal}
		s.slots[ordinal] = p
		s.w.make(p)
	}
	return p.countedReady && p.stays()
}

// roll replaces the highest pod of an older revision; all pods are ready.
func (s *statefulSet) roll() {
	for ; s.rollTo >= 0; s.rollTo-- {
		if s.rollTo >= len(s.slots) || s.slots[s.rollTo].revision == s.w.revision {
			continue
		}
		if s.replaced < s.w.quota {
			s.replaced++
			s.remove(s.slots[s.rollTo])
		}
		return
	}
}

func (s *statefulSet) remove(p *pod) { s.w.e.kubelet.delete(p) }

func (s *statefulSet) rolled() {
	s.rollTo = len(s.slots) - 1
	s.replaced = 0
}

func (s *statefulSet) left(p *pod) { s.readyTo = min(s.readyTo, p.ordinal) }

func (s *statefulSet) gone(p *pod) {
	if p.ordinal < len(s.slots) && s.slots[p.ordinal] == p {
		s.slots[p.ordinal] = nil
	}
}

func (s *statefulSet) completed(p *pod)  { s.gone(p) }
func (s *statefulSet) ready(*pod)        {}
func (s *statefulSet) bound(*pod)        {}
func (s *statefulSet) nodeReady(n *node) {}
func (s *statefulSet) nodeGone(n *node)  {}
