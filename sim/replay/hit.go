package replay

import (
	"vpcsim/model"
	"vpcsim/sim"
)

// A pod may pass through several episodes of one kind, on one node and later on
// another, and then counts in each. Of several together it counts once.

// podKey tells pods apart, also those of a name that is used again.
type podKey struct {
	name      model.PodName
	createdAt model.Instant
}

func keyOf(p *Pod) podKey { return podKey{p.Name, p.CreatedAt} }

// ofNode is where there is at most one open episode at a time.
type ofNode struct {
	kind sim.Kind
	node string
}

// openEpisodes finds the open episodes that a pod may wait for.
type openEpisodes struct {
	ofNode map[ofNode]*Episode
	others map[sim.Kind][]*Episode // of the cluster and of subnets
}

func (o *openEpisodes) add(ep *Episode) {
	if ep.Scope == "node" {
		if o.ofNode == nil {
			o.ofNode = map[ofNode]*Episode{}
		}
		o.ofNode[ofNode{ep.Kind, ep.Name}] = ep
		return
	}
	if o.others == nil {
		o.others = map[sim.Kind][]*Episode{}
	}
	o.others[ep.Kind] = append(o.others[ep.Kind], ep)
}

func (o *openEpisodes) remove(ep *Episode) {
	if ep.Scope == "node" {
		delete(o.ofNode, ofNode{ep.Kind, ep.Name})
		return
	}
	for i, have := range o.others[ep.Kind] {
		if have == ep {
			o.others[ep.Kind] = append(o.others[ep.Kind][:i:i], o.others[ep.Kind][i+1:]...)
			return
		}
	}
}

// hit notes that the pod waits for something of the kind. The log doesn't tell for
// which subnet: of several that are short of addresses at once each counts it.
func (s *State) hit(p *Pod, kind sim.Kind) {
	if kind == "" {
		return
	}
	if ep := s.open.ofNode[ofNode{kind, string(p.Node)}]; ep != nil {
		ep.hit(p)
		return
	}
	for _, ep := range s.open.others[kind] {
		ep.hit(p)
	}
}

func (ep *Episode) hit(p *Pod) {
	if ep.pods == nil {
		ep.pods = map[podKey]struct{}{}
	}
	ep.pods[keyOf(p)] = struct{}{}
}

// PodsHit counts the pods that the episodes hit, each once.
func PodsHit(episodes []*Episode) int {
	all := map[podKey]struct{}{}
	most, sum := 0, 0
	for _, ep := range episodes {
		for p := range ep.pods {
			all[p] = struct{}{}
		}
		most, sum = max(most, ep.Pods), sum+ep.Pods
	}
	return min(max(len(all), most), sum)
}
