package sim

// job runs pods to their end: replicas at once, completions in all (as many as
// replicas where that is 0). A deleted pod is replaced at once, as with
// podReplacementPolicy TerminatingOrFailed. A roll-out does nothing: a Job's
// template cannot be changed.
type job struct {
	w       *workload
	active  int
	done    int
	victims *victims
}

func (j *job) act() {
	if j.victims == nil {
		j.victims = newVictims()
	}
	all := j.w.Completions
	if all == 0 {
		all = j.w.replicas
	}
	for j.active < min(j.w.replicas, all-j.done) {
		p := &pod{name: j.w.nextName()}
		j.active++
		j.victims.made(p)
		j.w.make(p)
	}
	for j.active > j.w.replicas {
		j.w.e.kubelet.delete(j.w.victim(j.victims))
	}
}

func (j *job) left(*pod)         { j.active-- }
func (j *job) completed(*pod)    { j.done++ }
func (j *job) bound(p *pod)      { j.victims.bound(p) }
func (j *job) rolled()           {}
func (j *job) ready(*pod)        {}
func (j *job) gone(*pod)         {}
func (j *job) nodeReady(n *node) {}
func (j *job) nodeGone(n *node)  {}
