package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"vpcsim/model"
)

// provisionTime is how long a node that was asked for counts as one that is to
// come. Pods that wait for it bring no other node meanwhile. Source: Cluster
// Autoscaler, --max-node-provision-time, 15 minutes.
const provisionTime = 15 * time.Minute

// autoscaler is the cluster autoscaler. It reacts to pods for which the
// scheduler finds no node, and to nothing else: a pod that has a node and gets
// no address is none of its business, as in reality.
//
// Some time after an attempt to place a pod has failed it looks at all pods
// that wait (scan). It packs them on the nodes that are still to come, then on
// as many new ones as that takes, and launches these at once. The largest pods
// come first, and the first group of the scenario whose node would take the pod
// is chosen. Pods alike are packed by their number, so that a scan takes no time
// for each pod.
//
// It is coarser than the real ones: it never removes a node; between groups
// there are no priorities and no prices; the zones of a group are no groups of
// their own, a new node goes to the next subnet in turn that suits the pod.
type autoscaler struct {
	e      *engine
	groups []*nodeGroup // those that it may scale
	delay  time.Duration
	coming []*node // asked for and not ready, of all groups
	due    bool    // a scan is set
	again  bool    // it waits for the scheduler to look at nodes that are ready in this instant
	held   bool    // the run is kept from settling, for a scan when coming nodes are given up
	giveUp model.Instant
}

// newAutoscaler returns nil where no group is scaled. A nil autoscaler does
// nothing.
func newAutoscaler(e *engine) *autoscaler {
	a := &autoscaler{e: e, giveUp: -1}
	for _, g := range e.groups {
		if g.Autoscale.Max > 0 {
			if len(a.groups) == 0 || g.Autoscale.Delay < a.delay {
				a.delay = g.Autoscale.Delay
			}
			a.groups = append(a.groups, g)
		}
	}
	if len(a.groups) == 0 {
		return nil
	}
	return a
}

// starts tells the log of the groups.
func (a *autoscaler) starts() []AutoscaleStart {
	if a == nil {
		return nil
	}
	var out []AutoscaleStart
	for _, g := range a.groups {
		out = append(out, AutoscaleStart{g.Name, g.Autoscale.Max, g.Autoscale.Delay.Milliseconds()})
	}
	return out
}

// podWaits says that a pod has found no node: a scan follows.
func (a *autoscaler) podWaits() {
	if a == nil || a.due {
		return
	}
	a.due = true
	a.e.promise(a.e.now.Add(a.delay), func() {
		a.due = false
		a.scan()
	})
}

// asked says that a node is to come.
func (a *autoscaler) asked(n *node) {
	if a != nil {
		a.coming = append(a.coming, n)
	}
}

// nodeReady lets the run settle where the last node that was to come is there.
func (a *autoscaler) nodeReady() {
	if a == nil || !a.held {
		return
	}
	if !slices.ContainsFunc(a.coming, func(n *node) bool { return !n.gone && !n.ready }) {
		a.release()
	}
}

// hold keeps the run from settling before an instant at which there is another
// scan.
func (a *autoscaler) hold(at model.Instant) {
	if a.giveUp != at {
		a.giveUp = at
		a.e.at(at, func() {
			if a.giveUp == at {
				a.giveUp = -1
				a.release()
				a.scan()
			}
		})
	}
	if !a.held {
		a.held = true
		a.e.promises++
	}
}

func (a *autoscaler) release() {
	if a.held {
		a.held = false
		a.e.promises--
	}
}

// isComing reports whether pods may still find a place on a node when it is
// there. One that is ready counts while its trunk is made, and for as long as pods
// that it has room for may be in their back-off: the scheduler has not tried them
// there yet.
func (a *autoscaler) isComing(n *node) bool {
	switch {
	case n.gone || n.cordoned:
		return false
	case n.ready && a.e.cfg.Scheduler.SeesAddresses: // what it has room for is reckoned apart
		return a.e.controller.nodes[n] == nodeComing
	case n.ready:
		return a.e.controller.nodes[n] == nodeComing || a.e.now <= n.openAt.Add(backoffMax)
	default:
		return a.e.now < n.askedAt.Add(provisionTime)
	}
}

// scan looks at the pods that wait and launches what they need.
func (a *autoscaler) scan() {
	if !a.again && slices.ContainsFunc(a.coming, func(n *node) bool { return n.ready && n.readyAt == a.e.now }) {
		a.again = true
		a.e.at(a.e.now, a.scan)
		return
	}
	a.again = false
	a.coming = slices.DeleteFunc(a.coming, func(n *node) bool { return !a.isComing(n) })
	classes := a.waiting()
	if len(classes) == 0 {
		return
	}
	p := a.newPacking()
	for _, c := range classes {
		p.place(c)
	}
	a.launch(p)
	a.watch()
}

// waiting are the classes with pods that found no node: the largest requests
// first, then those whose first pod waits longest.
func (a *autoscaler) waiting() []*podClass {
	var out []*podClass
	for _, c := range a.e.scheduler.inOrder {
		if c.pending > 0 {
			out = append(out, c)
		} else {
			c.unhelped = unhelped{}
		}
	}
	slices.SortStableFunc(out, func(b, c *podClass) int {
		return cmp.Or(cmp.Compare(c.spec.CPUMilli, b.spec.CPUMilli), cmp.Compare(c.spec.MemoryMiB, b.spec.MemoryMiB),
			cmp.Compare(b.waiting.at(0).pod.seq, c.waiting.at(0).pod.seq))
	})
	return out
}

// launch launches the new nodes of a packing, group by group.
func (a *autoscaler) launch(p *packing) {
	for _, g := range a.groups {
		var bins []*bin
		up := AutoscalerScaledUp{Group: g.Name, Max: g.Autoscale.Max}
		for _, b := range p.bins {
			if b.fresh && b.group == g {
				bins = append(bins, b)
				up.Pods += b.placed
				up.For = cmp.Or(up.For, b.first)
			}
		}
		if len(bins) == 0 {
			continue
		}
		up.Count, up.Nodes = len(bins), g.living+len(bins)
		a.e.log("", up)
		for _, b := range bins {
			a.e.launchIn(g, b.subnet)
		}
	}
}

// watch sets a scan for when the first of the nodes that are to come is given
// up, if another one could be launched then.
func (a *autoscaler) watch() {
	if !slices.ContainsFunc(a.groups, func(g *nodeGroup) bool { return g.living < g.Autoscale.Max }) {
		return
	}
	at := model.Never
	for _, n := range a.coming {
		if !n.ready {
			at = min(at, n.askedAt.Add(provisionTime))
		}
	}
	if at != model.Never {
		a.hold(at)
	}
}

// unhelped is what the log was told last of a class for which no node comes.
type unhelped struct {
	reason ScaleReason
	pods   int
}

// cannot logs that pods of the class wait for which no node can be added.
func (a *autoscaler) cannot(c *podClass, pods int, reason ScaleReason) {
	if news := (unhelped{reason, pods}); c.unhelped != news {
		c.unhelped = news
		first := c.waiting.at(0).pod
		defer a.e.scheduler.helpless(c)
		a.e.log("", AutoscalerNotScaledUp{Pod: first.name, Workload: first.workloadName(), Pods: pods, Reason: reason, Message: a.textCannot(reason)})
	}
}

// textCannot is what a pod shows. Source: the event NotTriggerScaleUp of the
// Cluster Autoscaler; it has no text for addresses, which it does not see.
func (a *autoscaler) textCannot(reason ScaleReason) string {
	what := "node(s) didn't match, or lack resources"
	switch reason {
	case ScaleMaxReached:
		what = "max node group size reached"
	case ScaleNoAddresses:
		what = "subnet(s) without addresses for the node's pods"
	}
	return fmt.Sprintf("pod didn't trigger scale-up: %d %s", len(a.groups), what)
}

// remedy adds to the remedy of pods that no node takes what the autoscaler does
// about it.
func (a *autoscaler) remedy(text string) string {
	if a == nil {
		return text
	}
	var full, open []string
	for _, g := range a.groups {
		if g.living >= g.Autoscale.Max {
			full = append(full, fmt.Sprintf("%s has its %d nodes", g.Name, g.Autoscale.Max))
		} else {
			open = append(open, fmt.Sprintf("%s, up to %d nodes", g.Name, g.Autoscale.Max))
		}
	}
	if len(open) > 0 {
		return fmt.Sprintf("%s; the autoscaler looks at it within %s (%s)", text, a.delay, strings.Join(open, "; "))
	}
	return fmt.Sprintf("%s; the autoscaler may add none: %s, which is autoscale.max", text, strings.Join(full, ", "))
}
