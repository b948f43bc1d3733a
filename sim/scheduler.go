package sim

import (
	"fmt"
	"slices"

	"vpcsim/model"
)

// scheduler places pods on nodes. It works after the steps of an instant, in
// one go (run): first the pods of DaemonSets, then pods that have been waiting
// for a place if something has changed for the better, then new ones.
//
// It never walks over all nodes for a pod: pods that it need not tell apart
// form a class, and a class has an index of the nodes that is brought up to
// date from the log of changed nodes.
//
// It is coarser than the real one: the score is that of rank; of pods that wait
// only the first of a class is tried again; preemption does not happen; a
// PreferNoSchedule taint does not count.
type scheduler struct {
	e      *engine
	chance *stream

	classes    map[classKey]*podClass
	ofWorkload map[spreadKey]*podClass // of pods with their workload's own spec
	inOrder    []*podClass             // by first pod
	spreads    map[spreadKey]*spread
	spreadList []*spread

	changes changeLog
	taints  []Taint // numbered for outcomes
	zones   []string
	zoneOf  []int // by node.index
	living  int   // nodes
	decided int   // living nodes that are ready or whose start-up has failed
	known   []bool

	incoming []incoming // by due, that is by creation
	targeted []incoming // of DaemonSets, likewise
	nextRun  model.Instant
	awake    bool // a run is set for this instant
	relieved bool // something has changed for the better since the last run
	doubtful bool // pods may have begun or ceased to wait for EC2's rate since the last run

	daemons         map[*node]*daemonList
	relievedDaemons []*daemonList
}

// incoming is a pod before its first attempt.
type incoming struct {
	pod *pod
	due model.Instant
}

func newScheduler(e *engine) *scheduler {
	return &scheduler{
		e:          e,
		chance:     newStream(e.cfg.Seed, "scheduler"),
		classes:    map[classKey]*podClass{},
		ofWorkload: map[spreadKey]*podClass{},
		spreads:    map[spreadKey]*spread{},
		nextRun:    -1,
		daemons:    map[*node]*daemonList{},
	}
}

// add takes a new pod without a node. Its first attempt is after the delay.
func (s *scheduler) add(p *pod) {
	in := incoming{p, s.e.now.Add(s.e.cfg.Scheduler.Delay)}
	if p.target != nil {
		s.targeted = append(s.targeted, in)
	} else {
		s.incoming = append(s.incoming, in)
	}
	if in.due != s.nextRun {
		s.nextRun = in.due
		s.e.promise(in.due, s.run)
	}
}

// withdraw forgets a pending pod that is deleted. Where it waits it is passed
// over when its turn comes.
func (s *scheduler) withdraw(p *pod) { p.unqueue() }

// queue counts a pod that waits for a node, unqueue one that does no more.
func (c *podClass) queue(p *pod) {
	p.queued = c
	c.pending++
}

func (p *pod) unqueue() {
	if p.queued != nil {
		p.queued.pending--
		p.queued = nil
	}
}

// waits reports whether a pod still looks for a node.
func (p *pod) waits() bool { return p.phase == podPending && !p.deleting }

// nodeAdded, nodeChanged and nodeGone say that a node's state that bears on
// placement is another: cordon, readiness. podAdded and podLeft say that a pod
// is on it or no longer.
func (s *scheduler) nodeAdded(n *node) {
	zone := slices.Index(s.zones, n.subnet.zone)
	if zone < 0 {
		zone = len(s.zones)
		s.zones = append(s.zones, n.subnet.zone)
	}
	if n.index != len(s.zoneOf) {
		panic(fmt.Sprintf("scheduler: node %s has index %d, want %d", n.name, n.index, len(s.zoneOf)))
	}
	s.zoneOf = append(s.zoneOf, zone)
	s.known = append(s.known, false)
	s.living++
	s.nodeChanged(n)
}

func (s *scheduler) nodeChanged(n *node) {
	s.noteDecided(n)
	s.changed(n)
	if !n.cordoned {
		s.relieve(n)
	}
}

func (s *scheduler) nodeGone(n *node) {
	s.living--
	s.noteDecided(n)
	for _, spread := range s.spreadList {
		if here := spread.on(n); here > 0 {
			spread.add(n, s.zoneOf[n.index], -here)
		}
	}
	s.changed(n)
	if n.failed && n.agent.refusedByRate() {
		s.doubt()
	}
	delete(s.daemons, n)
}

func (s *scheduler) podAdded(p *pod, n *node) {
	if spread := s.spreadOf(p); spread != nil {
		spread.add(n, s.zoneOf[n.index], 1)
	}
	s.changed(n)
}

func (s *scheduler) podLeft(p *pod, n *node) {
	if spread := s.spreadOf(p); spread != nil {
		spread.add(n, s.zoneOf[n.index], -1)
	}
	s.changed(n)
	s.relieve(n)
}

// noteDecided keeps the count of nodes that are ready or failed to become so.
func (s *scheduler) noteDecided(n *node) {
	is := (n.ready || n.failed) && !n.gone
	if is == s.known[n.index] {
		return
	}
	s.known[n.index] = is
	if is {
		s.decided++
	} else {
		s.decided--
	}
}

// spreadKey is what pods are spread with: those of their workload; of a
// Deployment those of their revision only, as each has a ReplicaSet of its own.
type spreadKey struct {
	workload model.WorkloadName
	revision int
}

func spreadKeyOf(p *pod) spreadKey {
	key := spreadKey{workload: p.owner.Name}
	if p.owner.Kind == Deployment {
		key.revision = p.revision
	}
	return key
}

// spreadOf returns the counts of the pods that the pod is spread with, or nil.
func (s *scheduler) spreadOf(p *pod) *spread {
	if p.owner == nil {
		return nil
	}
	key := spreadKeyOf(p)
	out := s.spreads[key]
	if out == nil {
		out = &spread{}
		s.spreads[key] = out
		s.spreadList = append(s.spreadList, out)
	}
	return out
}

// changed logs that the node is to be judged again. An index that falls behind
// by more changes than there are nodes is built anew when it is needed.
func (s *scheduler) changed(n *node) {
	s.changes.add(n)
	if !s.changes.forget(2*len(s.zoneOf) + 1024) {
		return
	}
	for _, c := range s.inOrder {
		if c.index != nil && c.index.seen < s.changes.base {
			c.index = nil
		}
	}
}

// relieve says that the node may take a pod that it did not take before.
func (s *scheduler) relieve(n *node) {
	s.relieved = true
	s.relieveDaemons(s.daemons[n])
	s.wake()
}

// wake makes sure of a run in this instant, after what is going on.
func (s *scheduler) wake() {
	if s.awake {
		return
	}
	s.awake = true
	s.e.at(s.e.now, func() {
		s.awake = false
		s.run()
	})
}

// run places what can be placed.
func (s *scheduler) run() {
	if s.nextRun <= s.e.now {
		s.nextRun = -1
	}
	s.runDaemons()
	if s.relieved {
		s.relieved = false
		s.retryAll()
	}
	if s.doubtful {
		s.settleDoubt()
	}
	for len(s.incoming) > 0 && s.incoming[0].due <= s.e.now {
		p := s.incoming[0].pod
		s.incoming = s.incoming[1:]
		if p.waits() {
			s.first(p)
		}
	}
}

// first is a pod's first attempt. It does not wait for those of its class that
// are waiting: the real scheduler, too, tries a new pod while others are in
// their back-off.
func (s *scheduler) first(p *pod) {
	c := s.classOf(p)
	if n := s.choose(c); n != nil {
		s.e.kubelet.bind(p, n, false)
		return
	}
	c.queue(p)
	w := s.fail(c, p)
	c.waiting.add(w)
	s.lookAgain(c, w.until)
	s.e.autoscaler.podWaits()
}

// choose returns the best node for a pod of the class, or nil if none fits.
// Among equals it draws, once.
func (s *scheduler) choose(c *podClass) *node {
	var best []*bucket
	count := 0
	bestZone := 0
	for zone, part := range s.lookUp(c).parts {
		b := part.best()
		if b == nil {
			continue
		}
		in := c.spread.in(zone)
		better := len(best) == 0 || in < bestZone || in == bestZone && b.rank < best[0].rank
		if better {
			best, bestZone, count = best[:0], in, 0
		}
		if better || in == bestZone && b.rank == best[0].rank {
			best = append(best, b)
			count += len(b.nodes)
		}
	}
	if count == 0 {
		return nil
	}
	i := 0
	if count > 1 {
		i = s.chance.pick(count)
	}
	for _, b := range best {
		if i < len(b.nodes) {
			return b.nodes[i]
		}
		i -= len(b.nodes)
	}
	panic(fmt.Sprintf("scheduler: drew beyond %d nodes", count))
}

// lookUp returns the class's index, caught up with all changes.
func (s *scheduler) lookUp(c *podClass) *nodeIndex {
	if c.index != nil {
		if changed, ok := s.changes.since(c.index.seen); ok {
			for _, n := range changed {
				s.look(c, n)
			}
			c.index.seen = s.changes.end()
			return c.index
		}
	}
	c.index = &nodeIndex{spots: make([]spot, len(s.zoneOf)), seen: s.changes.end()}
	for _, n := range s.e.nodes {
		s.look(c, n)
	}
	return c.index
}

// look judges one node for the class.
func (s *scheduler) look(c *podClass, n *node) {
	if n.gone {
		c.index.drop(n)
		return
	}
	part := 0
	if c.zoned {
		part = s.zoneOf[n.index]
	}
	v := s.judge(c, n)
	var at rank
	switch v {
	case outcomeFits:
		at = s.rank(c, n)
	case outcomeHeldUp:
		c.index.putHeldUp(n, n.roomFor(c.spec))
		return
	}
	c.index.put(n, part, v, at)
}
