package sim

import (
	"slices"
)

// daemonSet keeps a pod on each node whose labels match and whose taints its
// pods tolerate; cordons and missing readiness they tolerate always. The pod of
// a node is made when the node is ready: coarser than in reality, where it is
// made when the node registers and waits there for the CNI.
//
// A roll-out replaces one pod at a time, in the order of the nodes; pods that
// are not ready first, for that costs nobody anything.
type daemonSet struct {
	w         *workload
	order     []*node // that it has a pod for, or wants one
	pods      map[*node]*pod
	missing   []*node
	available int    // pods that are ready
	outdated  []*pod // still to be replaced
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
	if p := d.pods[n]; p != nil && p.phase == podPending {
		d.w.e.kubelet.delete(p)
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
	d.roll()
}

// roll replaces what it may.
func (d *daemonSet) roll() {
	for len(d.outdated) > 0 {
		p := d.outdated[0]
		if !p.stays() {
			d.outdated = d.outdated[1:]
			continue
		}
		if d.replaced >= d.w.quota || p.countedReady && d.available < len(d.order) {
			return
		}
		d.outdated = d.outdated[1:]
		d.replaced++
		d.w.e.kubelet.delete(p)
	}
}

func (d *daemonSet) rolled() {
	d.outdated, d.replaced = nil, 0
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
	if d.pods[p.target] == p {
		delete(d.pods, p.target)
		d.missing = append(d.missing, p.target)
	}
}

func (d *daemonSet) completed(p *pod) { d.gone(p) }
func (d *daemonSet) bound(*pod)       {}
