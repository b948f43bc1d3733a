package sim

import (
	"slices"
)

// daemonSet keeps a pod on each node whose labels match and whose taints its
// pods tolerate; cordons and missing readiness they tolerate always. The pod of
// a node is made when the node is ready: coarser than in reality, where it is
// made when the node registers and waits there for the CNI.
//
// A roll-out replaces maxUnavailable pods at a time, in the order of the nodes; pods
// that are not ready first, for that costs nobody anything. With maxSurge so many
// nodes have two: the old pod is deleted when the new one is ready. Source:
// Kubernetes API reference, RollingUpdateDaemonSet.
type daemonSet struct {
	w         *workload
	order     []*node // that it has a pod for, or wants one
	pods      map[*node]*pod
	missing   []*node
	available int    // pods that are ready
	outdated  []*pod // still to be replaced
	surging   []*pod // new ones beside an old one that is not gone, in the order in which they were made
	replaced  int    // by the roll-out
}

func newDaemonSet(w *workload) *daemonSet {
	return &daemonSet{w: w, pods: map[*node]*pod{}}
}

// wants reports whether the node is one for a pod.
func (d *daemonSet) wants(n *node) bool { return n.suits(&d.w.Pod) }

func (d *daemonSet) nodeReady(n *node) {
	if d.wants(n) && !slices.Contains(d.order, n) {
		d.order = append(d.order, n)
		d.missing = append(d.missing, n)
	}
}

// nodeGone deletes a pod that waits for a node that will not come back; one
// that was on it is gone with it.
func (d *daemonSet) nodeGone(n *node) {
	at := slices.Index(d.order, n)
	if at < 0 {
		return
	}
	d.order = slices.Delete(d.order, at, at+1)
	for _, p := range slices.Concat([]*pod{d.pods[n]}, d.surging) {
		if p != nil && p.target == n && p.phase == podPending {
			d.w.e.kubelet.delete(p)
		}
	}
}

func (d *daemonSet) act() {
	for len(d.missing) > 0 {
		n := d.missing[0]
		d.missing = d.missing[1:]
		if n.gone || d.pods[n] != nil {
			continue
		}
		p := &pod{name: d.w.nextName(), target: n}
		d.pods[n] = p
		d.w.make(p)
	}
	for _, p := range slices.Clone(d.surging) {
		if old := d.pods[p.target]; p.countedReady && old != nil && old.stays() {
			d.w.e.kubelet.delete(old)
		}
	}
	d.roll()
}

// roll replaces what it may.
func (d *daemonSet) roll() {
	surge := d.w.MaxSurge.Of(len(d.order), true)
	unavailable := max(1, d.w.MaxUnavailable.Of(len(d.order), true))
	for len(d.outdated) > 0 {
		p := d.outdated[0]
		switch {
		case !p.stays():
			d.outdated = d.outdated[1:]
			continue
		case d.replaced >= d.w.quota:
			return
		case !p.countedReady: // costs nothing
		case surge > 0:
			if len(d.surging) >= surge {
				return
			}
			d.outdated = d.outdated[1:]
			d.replaced++
			beside := &pod{name: d.w.nextName(), target: p.target}
			d.surging = append(d.surging, beside)
			d.w.make(beside)
			continue
		case len(d.order)-d.available >= unavailable:
			return
		}
		d.outdated = d.outdated[1:]
		d.replaced++
		d.w.e.kubelet.delete(p)
	}
}

// rolled begins a roll-out. Pods that one before made beside others are of no use
// any more.
func (d *daemonSet) rolled() {
	surging := d.surging
	d.surging, d.outdated, d.replaced = nil, nil, 0
	for _, p := range surging {
		d.w.e.kubelet.delete(p)
	}
	for _, unready := range []bool{true, false} {
		for _, n := range d.order {
			if p := d.pods[n]; p != nil && p.stays() && p.countedReady != unready {
				d.outdated = append(d.outdated, p)
			}
		}
	}
}

func (d *daemonSet) ready(*pod) { d.available++ }

func (d *daemonSet) left(p *pod) {
	if p.countedReady {
		d.available--
	}
}

func (d *daemonSet) gone(p *pod) {
	beside := slices.IndexFunc(d.surging, func(have *pod) bool { return have.target == p.target })
	switch {
	case d.pods[p.target] == p && beside >= 0:
		d.pods[p.target] = d.surging[beside]
		d.surging = slices.Delete(d.surging, beside, beside+1)
	case d.pods[p.target] == p:
		delete(d.pods, p.target)
		d.missing = append(d.missing, p.target)
	case beside >= 0 && d.surging[beside] == p: // its old one is still to be replaced
		d.surging = slices.Delete(d.surging, beside, beside+1)
		d.replaced--
		if old := d.pods[p.target]; old != nil {
			d.outdated = append(d.outdated, old)
		}
	}
}

func (d *daemonSet) completed(p *pod) { d.gone(p) }
func (d *daemonSet) bound(*pod)       {}
