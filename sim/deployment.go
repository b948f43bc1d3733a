package sim

// deployment keeps replicas pods that are alike, and replaces them in a
// roll-out. A pod whose deletion was asked for counts no more, as with a
// ReplicaSet: its replacement comes while it still stops, and holds its address.
type deployment struct {
	w        *workload
	new, old fleet
}

// fleet is the pods of the present revision, or those of all older ones.
type fleet struct {
	pods, ready int
	*victims
}

// fleet returns the one that the pod belongs to.
func (d *deployment) fleet(p *pod) *fleet {
	f := &d.old
	if p.revision == d.w.revision {
		f = &d.new
	}
	if f.victims == nil {
		f.victims = newVictims()
	}
	return f
}

func (d *deployment) ready(p *pod) { d.fleet(p).ready++ }

func (d *deployment) left(p *pod) {
	f := d.fleet(p)
	f.pods--
	if p.countedReady {
		f.ready--
	}
}

func (d *deployment) bound(p *pod)      { d.fleet(p).bound(p) }
func (d *deployment) gone(*pod)         {}
func (d *deployment) completed(*pod)    {}
func (d *deployment) nodeReady(n *node) {}
func (d *deployment) nodeGone(n *node)  {}
func (d *deployment) count() rolloutPods {
	return rolloutPods{d.new.pods, d.new.ready, d.old.pods, d.old.ready}
}

func (d *deployment) rolled() {
	d.old.pods += d.new.pods
	d.old.ready += d.new.ready
	d.new = fleet{}
	d.old.victims = newVictims()
	for _, p := range d.w.made.pods {
		switch {
		case p.beside || !p.stays():
		case p.node == nil:
			d.old.made(p)
		default:
			d.old.bound(p)
		}
	}
}

func (d *deployment) act() {
	for {
		plan := planRollout(d.count(), d.w.bounds())
		if plan == (rolloutPlan{}) {
			return
		}
		for range plan.create {
			p := &pod{name: d.w.nextName(), revision: d.w.revision}
			f := d.fleet(p)
			f.pods++
			f.made(p)
			d.w.make(p)
		}
		d.remove(&d.old, plan.deleteOld)
		d.remove(&d.new, plan.deleteNew)
	}
}

func (d *deployment) remove(f *fleet, count int) {
	for range count {
		d.w.e.kubelet.delete(d.w.victim(f.victims))
	}
}
