package sim

import (
	"fmt"
	"slices"
)

// victims finds which of a controller's pods goes first when there are too
// many: without a node, without an address, not ready, from the node with most
// of them, the youngest. Source: the ReplicaSet controller ranks so, finer.
//
// A node's first victim is looked for again only when the node is on top of the
// heap, or has got another pod: all other changes only make a pod less of a
// victim.
type victims struct {
	homeless []*pod // without a node when they were looked at last
	max      int    // length of homeless at which to look again
	sites    map[*node]*site
	heap     minHeap[siteRank]
	fresh    []*site // that have got pods since the last look
}

// site is the pods on a node.
type site struct {
	pods  []*pod
	fresh bool
	rank  siteRank // as it stands in the heap
}

// victim is the pod that goes first; the caller counts at least one.
func (w *workload) victim(v *victims) *pod {
	p := v.first()
	if p == nil {
		panic(fmt.Sprintf("workload %s at %s: no pod to delete, want %d replicas", w.Name, w.e.now, w.replicas))
	}
	return p
}

// siteRank orders sites by their first victims.
type siteRank struct {
	site  *site
	state int // 0 without an address, 1 not ready, 2 ready
	pods  int // on the node
	seq   int // of the victim
}

func (a siteRank) before(b siteRank) bool {
	if a.state != b.state {
		return a.state < b.state
	}
	if a.pods != b.pods {
		return a.pods > b.pods
	}
	return a.seq > b.seq
}

func newVictims() *victims {
	return &victims{sites: map[*node]*site{}, heap: minHeap[siteRank]{less: siteRank.before}}
}

// made takes a pod that has no node yet, bound one that has.
func (v *victims) made(p *pod) {
	if len(v.homeless) >= v.max {
		v.homeless = slices.DeleteFunc(v.homeless, func(p *pod) bool { return !p.stays() || p.node != nil })
		v.max = max(64, 2*len(v.homeless))
	}
	v.homeless = append(v.homeless, p)
}

func (v *victims) bound(p *pod) {
	s := v.sites[p.node]
	if s == nil {
		s = &site{}
		v.sites[p.node] = s
	}
	s.pods = append(s.pods, p)
	if !s.fresh {
		s.fresh = true
		v.fresh = append(v.fresh, s)
	}
}

// first returns the first victim, or nil if there is no pod.
func (v *victims) first() *pod {
	if p := v.firstHomeless(); p != nil {
		return p
	}
	for _, s := range v.fresh {
		s.fresh = false
		v.enter(s)
	}
	v.fresh = v.fresh[:0]
	for v.heap.len() > 0 {
		top := v.heap.top()
		if top != top.site.rank {
			v.heap.pop() // another entry of the site counts
			continue
		}
		p, now := top.site.first()
		if p != nil && now == top {
			return p
		}
		v.heap.pop()
		v.enter(top.site)
	}
	return nil
}

func (v *victims) firstHomeless() *pod {
	for i := len(v.homeless) - 1; i >= 0; i-- {
		if p := v.homeless[i]; p.stays() && p.node == nil {
			return p
		}
		v.homeless = v.homeless[:i]
	}
	return nil
}

// enter puts the site into the heap with its rank as it is.
func (v *victims) enter(s *site) {
	p, rank := s.first()
	s.rank = rank
	if p != nil {
		v.heap.push(rank)
	}
}

// first returns the site's first victim and forgets pods that have left.
func (s *site) first() (*pod, siteRank) {
	kept := s.pods[:0]
	var first *pod
	rank := siteRank{site: s}
	for _, p := range s.pods {
		if !p.stays() {
			continue
		}
		kept = append(kept, p)
		state := p.state()
		if first == nil || state < rank.state || state == rank.state && p.seq > rank.seq {
			first, rank.state, rank.seq = p, state, p.seq
		}
	}
	clear(s.pods[len(kept):])
	s.pods = kept
	rank.pods = len(kept)
	return first, rank
}

// state is how far a pod on a node has come, for siteRank.
func (p *pod) state() int {
	switch p.phase {
	case podCreating:
		return 0
	case podStarting:
		return 1
	default:
		return 2
	}
}
