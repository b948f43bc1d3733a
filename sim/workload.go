package sim

import (
	"fmt"
	"time"

	"vpcsim/model"
)

// workload is a controller of pods at work.
//
// Controllers act on what they are told (a pod is ready, is being deleted, is
// gone) and at once: their own round trips to the API server are not simulated.
type workload struct {
	*Workload
	e          *engine
	control    controller
	appeared   bool
	replicas   int // wanted
	scaling    int // number of scale steps so far: a later one overrules what is left of an earlier
	revision   int // number of roll-outs so far
	quota      int // pods that the roll-out may have replaced
	names      int // next N of WORKLOAD-N
	churnNames int // next N of WORKLOAD-churn-N
	churning   *stream
	made       podLine

	acting, again bool
}

// controller is what the kinds of workloads do differently.
type controller interface {
	// act makes and deletes pods until what there is, is what is wanted, or
	// until it has to wait.
	act()
	// rolled says that a roll-out begins: all pods are of an older revision.
	rolled()
	// ready, left, gone and completed tell of a pod that it made. A pod has
	// left when its deletion was asked for, or else when it is gone: it counts
	// no more. Each is followed by act.
	ready(p *pod)
	left(p *pod)
	gone(p *pod)
	completed(p *pod)
	// bound says that the pod has a node.
	bound(p *pod)
	// nodeReady and nodeGone tell of nodes.
	nodeReady(n *node)
	nodeGone(n *node)
}

// controllers runs the workloads.
type controllers struct {
	e     *engine
	all   []*workload // in the scenario's order
	named map[model.WorkloadName]*workload
}

func newControllers(e *engine) (*controllers, error) {
	c := &controllers{e: e, named: map[model.WorkloadName]*workload{}}
	for i := range e.cfg.Workloads {
		cfg := &e.cfg.Workloads[i]
		if c.named[cfg.Name] != nil {
			return nil, fmt.Errorf("two workloads %q", cfg.Name)
		}
		w := &workload{Workload: cfg, e: e, replicas: cfg.Replicas}
		switch cfg.Kind {
		case Deployment:
			w.control = &deployment{w: w}
		case StatefulSet:
			w.control = &statefulSet{w: w}
		case DaemonSet:
			w.control = newDaemonSet(w)
		case Job:
			w.control = &job{w: w}
		default:
			return nil, fmt.Errorf("workload %s: unknown kind %q", cfg.Name, cfg.Kind)
		}
		c.all = append(c.all, w)
		c.named[cfg.Name] = w
	}
	return c, nil
}

func (c *controllers) check(name model.WorkloadName) error {
	if c.named[name] == nil {
		return fmt.Errorf("no workload %q", name)
	}
	return nil
}

// start lets the workloads of the scenario appear at their instants.
func (c *controllers) start() {
	for _, w := range c.all {
		c.e.promise(model.Instant(0).Add(w.At), func() {
			w.appeared = true
			w.act()
		})
	}
}

// act lets the controller act. What its own actions bring about (a pod that is
// bound, ready or gone within the same call) it takes up when they are done.
func (w *workload) act() {
	if !w.appeared {
		return
	}
	if w.acting {
		w.again = true
		return
	}
	w.acting = true
	for w.again = true; w.again; {
		w.again = false
		w.control.act()
	}
	w.acting = false
}

// make makes a pod that counts.
func (w *workload) make(p *pod) {
	p.owner, p.spec, p.revision, p.counted = w, &w.Pod, w.revision, true
	w.create(p)
}

// create makes a pod of the workload.
func (w *workload) create(p *pod) {
	w.made.add(p)
	w.e.createPod(p)
}

// nextName is the next of the names that are never used again.
func (w *workload) nextName() model.PodName {
	w.names++
	return model.PodName(fmt.Sprintf("%s-%d", w.Name, w.names-1))
}

// leave takes a pod out of the counts, once.
func (w *workload) leave(p *pod) {
	if p.counted {
		p.counted = false
		w.control.left(p)
		p.countedReady = false
	}
}

// podReady, podDeleted, podCompleted and podGone tell of pods; podDeleted only
// of those that take time to stop. Pods beside the replicas do not count.
func (c *controllers) podReady(p *pod) {
	if w := c.of(p); w != nil && p.counted {
		p.countedReady = true
		w.control.ready(p)
		w.act()
	}
}

func (c *controllers) podDeleted(p *pod) {
	if w := c.of(p); w != nil {
		w.leave(p)
		w.act()
	}
}

// podLost takes a pod of a terminated node out of the counts. Its controller
// acts at podGone, when all pods of the node are out: it would else count on
// pods that are not there.
func (c *controllers) podLost(p *pod) {
	if w := c.of(p); w != nil {
		w.leave(p)
	}
}

func (c *controllers) podCompleted(p *pod) {
	if w := c.of(p); w != nil {
		w.leave(p)
		w.control.completed(p)
		w.act()
	}
}

func (c *controllers) podGone(p *pod) {
	if w := c.of(p); w != nil {
		w.leave(p)
		w.control.gone(p)
		w.act()
	}
}

func (c *controllers) podBound(p *pod) {
	if w := c.of(p); w != nil {
		w.control.bound(p)
	}
}

// of is the workload whose replicas the pod is one of, or nil.
func (c *controllers) of(p *pod) *workload {
	if p.beside {
		return nil
	}
	return p.owner
}

func (c *controllers) nodeReady(n *node) {
	for _, w := range c.all {
		w.control.nodeReady(n)
		w.act()
	}
}

func (c *controllers) nodeGone(n *node) {
	for _, w := range c.all {
		w.control.nodeGone(n)
	}
}

// scale sets the replicas, one by one where it takes time.
func (c *controllers) scale(a Scale, over time.Duration) {
	w := c.named[a.Workload]
	w.scaling++
	this, from := w.scaling, w.replicas
	if over <= 0 || from == a.Replicas {
		w.replicas = a.Replicas
		w.act()
		return
	}
	change, sign := a.Replicas-from, 1
	if change < 0 {
		change, sign = -change, -1
	}
	c.e.spread(change, over, func(i int) {
		if w.scaling == this {
			w.replicas = from + sign*(i+1)
			w.act()
		}
	})
}

// rollout replaces the workload's pods by ones of a new revision. One that is
// still going on is superseded. Spread over a time, pod i of n is not replaced
// before its share of the time.
func (c *controllers) rollout(a Rollout, over time.Duration) {
	w := c.named[a.Workload]
	w.revision++
	this := w.revision
	w.control.rolled()
	n := w.size()
	if over <= 0 || n == 0 {
		w.quota = noQuota
		w.act()
		return
	}
	w.quota = 0
	c.e.spread(n, over, func(i int) {
		if w.revision != this {
			return
		}
		w.quota = i + 1
		if w.quota == n {
			w.quota = noQuota
		}
		w.act()
	})
}

// noQuota is more pods than there are: a roll-out that need not wait.
const noQuota = 1 << 40

// size is how many pods a roll-out is over.
func (w *workload) size() int {
	if d, ok := w.control.(*daemonSet); ok {
		return len(d.order)
	}
	return w.replicas
}

// create makes the pod of a create step. A pod whose name is taken is not made,
// as the API server refuses it.
func (c *controllers) create(a Create) {
	if c.e.podNamed[a.Pod] != nil {
		return
	}
	spec := a.Spec
	w := c.named[a.Workload]
	if w == nil {
		c.e.createPod(&pod{name: a.Pod, spec: &spec, beside: true})
		return
	}
	spec = overlay(w.Pod, a.Spec)
	w.create(&pod{name: a.Pod, owner: w, spec: &spec, beside: true})
}

// overlay lays a create step's spec over that of its workload: what is set wins.
// ReadyAfter and StopAfter are the step's in any case.
func overlay(base, set PodSpec) PodSpec {
	out := base
	out.ReadyAfter, out.StopAfter = set.ReadyAfter, set.StopAfter
	if set.Namespace != "" {
		out.Namespace = set.Namespace
	}
	if set.Labels != nil {
		out.Labels = set.Labels
	}
	if set.ServiceAccount != "" {
		out.ServiceAccount = set.ServiceAccount
	}
	if set.Annotations != nil {
		out.Annotations = set.Annotations
	}
	if set.NodeSelector != nil {
		out.NodeSelector = set.NodeSelector
	}
	if set.Tolerations != nil {
		out.Tolerations = set.Tolerations
	}
	if set.CPUMilli != 0 {
		out.CPUMilli = set.CPUMilli
	}
	if set.MemoryMiB != 0 {
		out.MemoryMiB = set.MemoryMiB
	}
	if set.HostNetwork {
		out.HostNetwork = true
	}
	if set.Node != "" {
		out.Node = set.Node
	}
	if set.RunFor != 0 {
		out.RunFor = set.RunFor
	}
	return out
}

// oldest returns the count oldest pods of the workload that are not being
// deleted, those beside the replicas included.
func (c *controllers) oldest(name model.WorkloadName, count int) []*pod {
	w := c.named[name]
	if w == nil {
		return nil
	}
	return w.made.first(count)
}

// podLine is pods in the order of their creation. Those that are no more are
// dropped when they are most of it.
type podLine struct {
	pods []*pod
	max  int // length at which to look for dropped ones
}

// stays reports whether the pod exists and nobody has asked for its deletion.
func (p *pod) stays() bool { return !p.deleting && p.phase != podGone && p.phase != podDone }

func (l *podLine) add(p *pod) {
	if len(l.pods) >= l.max {
		kept := l.pods[:0]
		for _, p := range l.pods {
			if p.stays() {
				kept = append(kept, p)
			}
		}
		clear(l.pods[len(kept):])
		l.pods = kept
		l.max = max(64, 2*len(kept))
	}
	l.pods = append(l.pods, p)
}

func (l *podLine) first(count int) []*pod {
	for len(l.pods) > 0 && !l.pods[0].stays() {
		l.pods = l.pods[1:]
	}
	var out []*pod
	for _, p := range l.pods {
		if len(out) == count {
			break
		}
		if p.stays() {
			out = append(out, p)
		}
	}
	return out
}
