package sim

import (
	"slices"
	"time"

	"vpcsim/model"
)

// What the resource controller holds fixed. Source: observed in the Amazon VPC
// resource controller (2026).
const (
	// nodeGrace is from a node's deletion to the end of its branches.
	nodeGrace = time.Minute
	// relistAfter is from the controller's start to its first pass over the
	// pods. What happens to pods before that it does not see.
	relistAfter = time.Second
	// restartPause is between what a start queues and the first round of the
	// delete queues: enough that the branches queued are older than the cooldown
	// at a round that comes exactly that much later.
	restartPause = time.Millisecond
	// askAgain is how often a pod is looked at whose node has no trunk yet.
	askAgain = time.Second
	// resyncPeriod is how often all pods are looked at anew.
	resyncPeriod = 30 * time.Minute
	// cleanPeriod is how often ENIs are looked for that belong to nobody.
	cleanPeriod = 30 * time.Minute
	// leakCheck is from the first pass over the pods to the first check of the
	// nodes for branches whose pods have gone unseen.
	leakCheck = time.Minute
)

// The pace of the controller's EC2 client, which is kept for every request that it
// sends, each attempt at a throttled call by itself. Source: VPC resource
// controller, main.go (values of before June 2026, when they were doubled), and
// pkg/utils/httpClient.go, whose transport waits before each request.
const (
	clientRate  = 12
	clientBurst = 18
)

// labelTrunk tells whether the node has a trunk: true, false, not-supported.
const labelTrunk = "vpc.amazonaws.com/has-trunk-attached"

// resourceController is the VPC resource controller: one for the cluster, it gives nodes
// their trunk ENI and pods that need one their branch ENI. It knows EC2 by calls
// and what it remembers; a restart forgets all but what EC2's tags and the pods'
// annotations tell.
type resourceController struct {
	e      *engine
	chance *stream

	life         int  // grows at each start; a continuation of an older life does nothing
	listening    bool // it sees what happens to pods
	missed       bool // a pod went while it did not
	startedAt    model.Instant
	cooldown     time.Duration
	cooldownText string        // as set
	firstWait    time.Duration // from a trunk's initialisation to its first round

	queue *workQueue
	pace  *pacer
	// retrying counts the throttled calls that its client tries again, by action.
	retrying map[Action]int
	trunks   map[model.NodeName]*trunk
	nodes    map[*node]nodeState

	advertised int // living nodes with pod-eni
	coming     int // nodes whose trunk is being made

	resyncAt, cleanAt model.Instant // of the timers that are set; Never if none
	dropped           []*pod        // whose requests wait for the resync
	stray             map[*eni]bool // seen without an owner at the last clean-up

	// failAnnotate and failDelete make a step fail that would succeed; nil: none
	// does.
	failAnnotate func(p *pod) bool
	failDelete   func(b *model.Branch) bool
	// bare leaves out what only time brings: the node's status reports, the resync
	// of the pods and the clean-up. The recordings have none of them.
	bare bool
	// jitter is what comes on top of the wait after a failed call.
	jitter func(now model.Instant, wait time.Duration) time.Duration
}

// nodeState is how far the controller has come with a node.
type nodeState uint8

const (
	nodeIdle    nodeState = iota // not asked for, or failed: waits for an event
	nodeComing                   // its trunk is being made
	nodeManaged                  // initialised, with a trunk or without hope for one
)

// trunk is a trunk in the controller's memory.
type trunk struct {
	*model.Trunk
	node *node
	eni  *eni
	owed bool // the run does not settle while branches wait for their deletion
}

func newResourceController(e *engine) *resourceController {
	c := &resourceController{
		e:         e,
		chance:    newStream(e.cfg.Seed, "controller"),
		listening: true,
		pace:      newPacer(clientRate, clientBurst),
		nodes:     map[*node]nodeState{},
	}
	c.jitter = func(_ model.Instant, wait time.Duration) time.Duration {
		return e.draw(Range{Max: wait / 10}, c.chance)
	}
	c.setCooldown(e.cfg.CNI.BranchCooldown)
	c.begin()
	return c
}

// begin is a start with an empty memory.
func (c *resourceController) begin() {
	c.life++
	c.startedAt = c.e.now
	c.queue = newWorkQueue(c.e, c.work)
	c.retrying = map[Action]int{}
	c.trunks = map[model.NodeName]*trunk{}
	c.resyncAt, c.cleanAt = model.Never, model.Never
	c.dropped, c.stray = nil, nil
}

// setCooldown changes branch-eni-cooldown. It holds at once, also for branches
// that cool already; requests that wait for room keep their time.
func (c *resourceController) setCooldown(text string) {
	c.cooldownText = text
	c.cooldown, _ = model.BranchCooldown(text)
}

// restart stops the controller and starts it again at once; its first pass over
// the pods is a second later.
func (c *resourceController) restart() {
	c.stop()
	c.firstWait = restartPause
	c.start()
	life := c.life
	c.e.promise(c.e.now.Add(relistAfter), func() {
		if c.life == life {
			c.relist()
		}
	})
}

// stop ends the controller's life: no timer and no reply of it acts any more.
func (c *resourceController) stop() {
	c.life++
	c.listening = false
	c.queue.close()
	for _, n := range c.e.nodes {
		if t := c.trunks[n.name]; t != nil {
			c.setOwed(t, false)
		}
		if c.nodes[n] == nodeComing {
			c.coming--
		}
		delete(c.nodes, n)
		if n.windows != nil {
			n.windows.stop()
		}
	}
	c.trunks = nil
	c.e.windowsJobs = [2]*workers{{}, {}}
}

// start takes over all nodes whose agents have asked for a trunk.
func (c *resourceController) start() {
	c.begin()
	for _, n := range c.e.nodes {
		c.nodeEvent(n)
		if n.windows != nil && n.windows.starts > 0 && !n.gone {
			n.windows.start()
		}
		if n.gone && n.instance.trunk != nil && len(n.instance.trunk.branches) > 0 {
			c.watchStray()
		}
		c.watchLooseTrunk(n.instance)
	}
}

// relist is the first pass over the pods.
func (c *resourceController) relist() {
	c.listening = true
	c.lookAtPods()
	if c.missed {
		c.missed = false
		c.later(leakCheck, func() {
			for _, n := range c.e.nodes {
				c.checkLeaks(n)
			}
		})
	}
}

// lookAtPods passes all pods that wait for a branch to the workers.
func (c *resourceController) lookAtPods() {
	c.dropped = nil
	for _, n := range c.e.nodes {
		for _, p := range n.pods {
			if p.needsBranch() && p.branch == nil {
				c.podEvent(p)
			}
		}
	}
}

// nextTick is the next instant that is a multiple of the period after the
// controller's start.
func (c *resourceController) nextTick(period time.Duration) model.Instant {
	ms := model.Instant(period.Milliseconds())
	return c.startedAt + ((c.e.now-c.startedAt)/ms+1)*ms
}

// later calls next after the wait, if the controller still lives then.
func (c *resourceController) later(wait time.Duration, next func()) { c.e.after(wait, c.alive(next)) }

// alive wraps a continuation, so that it does nothing in a later life.
func (c *resourceController) alive(next func()) func() {
	life := c.life
	return func() {
		if c.life == life {
			next()
		}
	}
}

// reply wraps a continuation likewise.
func (c *resourceController) reply(next func(code model.ErrorCode)) reply {
	life := c.life
	return func(code model.ErrorCode) {
		if c.life == life {
			next(code)
		}
	}
}

// paced makes an EC2 call at the client's pace, where requests are limited.
func (c *resourceController) paced(call func()) { c.atPace(true, call) }

// pacedInVain likewise makes one that comes to nothing: a run that would settle does not
// wait for it.
func (c *resourceController) pacedInVain(call func()) { c.atPace(false, call) }

func (c *resourceController) atPace(changes bool, call func()) {
	if c.e.cfg.EC2.Throttling {
		if wait := c.pace.reserve(c.e.now); wait > 0 {
			c.e.ec2.later(wait, changes, c.alive(call))
			return
		}
	}
	call()
}

// work is what a worker does.
func (c *resourceController) work(item workItem, done func(itemResult)) {
	switch item.kind {
	case itemCreate:
		c.create(item, done)
	case itemRelease:
		c.release(item)
		done(itemOver)
	case itemRound:
		c.round(item, done)
	case itemDeleteNode:
		c.deleteNode(item, done)
	}
}

// podBound says that a pod has a node. The controller has it in hand so early
// that, EC2's calls included, the pod is annotated after the configured delay.
func (c *resourceController) podBound(p *pod) {
	if !p.needsBranch() {
		return
	}
	var on model.ENIID
	if t := c.trunks[p.node.name]; t != nil {
		on = t.eni.id
	}
	c.e.log(p.node.name, BranchRequested{Pod: p.name, Trunk: on})
	wait := c.lead(c.e.cfg.Controller.BranchDelay, CreateNetworkInterface, AssociateTrunkInterface)
	if wait <= 0 {
		c.podEvent(p)
		return
	}
	c.e.promise(c.e.now.Add(wait), func() { c.podEvent(p) })
}

// lead is how long before the first of the calls the controller waits, so that
// the last ends after the delay if none takes longer than its least latency.
func (c *resourceController) lead(delay time.Duration, calls ...Action) time.Duration {
	for _, action := range calls {
		delay -= c.e.cfg.EC2.Latency[action].Min
	}
	return delay
}

// podEvent looks at a pod that needs a branch. While its node is not
// initialised the pod is looked at again every second.
func (c *resourceController) podEvent(p *pod) {
	if !c.listening || p.phase == podGone || p.phase == podDone {
		return
	}
	if c.nodes[p.node] != nodeManaged {
		p.request.lookedAt, p.request.parked = c.e.now, true
		return
	}
	p.request.parked = false
	c.queue.add(workItem{kind: itemCreate, pod: p.name})
}

// unpark lets the pods go on that wait for their node, each at its next look.
func (c *resourceController) unpark(n *node) {
	for _, p := range n.pods {
		if !p.needsBranch() || !p.request.parked {
			continue
		}
		looks := (c.e.now.Sub(p.request.lookedAt) + askAgain - 1) / askAgain
		c.e.promise(p.request.lookedAt.Add(looks*askAgain), c.alive(func() { c.podEvent(p) }))
	}
}

// podCompleted says that a pod has completed: as if it had left, but for a controller
// that keeps its branch.
func (c *resourceController) podCompleted(p *pod) {
	if c.e.cfg.Controller.KeepsCompleted && p.needsBranch() {
		p.node.kept = append(p.node.kept, p)
		return
	}
	c.podLeft(p)
}

// podLeft says that a pod has completed or is gone: its branch goes to the
// delete queue. The second of the two changes nothing.
func (c *resourceController) podLeft(p *pod) {
	if p.node != nil {
		p.node.kept = slices.DeleteFunc(p.node.kept, func(have *pod) bool { return have == p })
	}
	switch {
	case !p.needsBranch() || p.node == nil:
	case !c.listening:
		c.missed = true
	default:
		c.queue.add(workItem{kind: itemRelease, podID: p.seq, node: p.node.name})
	}
}

// checkLeaks queues the branches of pods that went unseen.
func (c *resourceController) checkLeaks(n *node) {
	t := c.trunks[n.name]
	if t == nil {
		return
	}
	for _, b := range slices.Clone(t.Held()) {
		held := func(p *pod) bool { return p.seq == b.PodID }
		if !slices.ContainsFunc(n.pods, held) && !slices.ContainsFunc(n.kept, held) {
			c.releaseFrom(t, b.PodID)
		}
	}
}

// setOwed keeps the run from settling while branches wait for their deletion.
func (c *resourceController) setOwed(t *trunk, owed bool) {
	if t.owed == owed {
		return
	}
	t.owed = owed
	if owed {
		c.e.promises++
	} else {
		c.e.promises--
	}
}

// changed is called after every change of a trunk's queue.
func (c *resourceController) changed(t *trunk) {
	c.setOwed(t, c.trunks[t.node.name] == t && (len(t.Queue()) > 0 || t.node.gone && len(t.Held()) > 0))
}
