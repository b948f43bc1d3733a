package sim

import (
	"fmt"
	"time"

	"vpcsim/model"
)

// SettleAfter is how long nothing may have changed, repeated failures aside,
// for a run without a duration to end.
const SettleAfter = 5 * time.Minute

// MaxUnsettled is the longest that a run without a duration goes on.
const MaxUnsettled = 24 * time.Hour

// Run plays cfg to its end and hands every event to sink in order. An event is
// the sink's to keep; its slices and maps are not changed afterwards.
//
// The error is the sink's, which ends the run at once, or says what cfg names
// that does not exist. What is refused or exhausted within the run is no error:
// it is in the log.
func Run(cfg Config, sink func(Event) error) error {
	e, err := newEngine(cfg, sink)
	if err != nil {
		return err
	}
	e.start()
	e.loop()
	e.end()
	return e.sinkErr
}

// engine holds the clock, the queue and the actors of one run. It is used by
// one goroutine; two runs share nothing.
type engine struct {
	cfg  *Config
	sink func(Event) error

	now      model.Instant
	queue    timerQueue
	firing   timer // the timer whose work is being done, without its work
	seq      int64
	sinkErr  error
	promises int // timers of things that are still to come

	// afterTimer is called after each timer; nil but in tests.
	afterTimer func()
	// sleepless agents check and reconcile at every beat of their loop, useful
	// or not, as the real one does. Tests show that it makes no difference.
	sleepless bool

	lastChange model.Instant
	endedBy    string
	endMessage string

	ec2       *ec2
	initial   *initial // what is there at the beginning
	groups    []*nodeGroup
	nodes     []*node
	failing   *node                     // the last whose agent failed to start, while it does
	nodeNamed map[model.NodeName]*node  // those that are not terminated
	podNamed  map[model.PodName]*pod    // those that are not gone
	pinned    map[model.NodeName][]*pod // that name a node which is not there yet
	podsMade  int
	troubles  *troubles
	env       map[string]string
	platform  platform
	kubelet   *kubelet // what follows is Kubernetes'; nil on ECS
	scheduler *scheduler
	// autoscaler is nil where no group of nodes is scaled.
	autoscaler *autoscaler
	// controller is the VPC resource controller; those of pods are workloads.
	controller *resourceController
	// The controller's part for Windows nodes: settings, and workers for
	// secondary addresses and for prefixes.
	windowsKeys     map[string]string // of the ConfigMap
	windowsSettings model.WindowsSettings
	windowsIgnored  []string
	windowsJobs     [2]*workers
	workloads       *controllers
}

func newEngine(cfg Config, sink func(Event) error) (*engine, error) {
	e := &engine{cfg: &cfg, sink: sink, nodeNamed: map[model.NodeName]*node{}, podNamed: map[model.PodName]*pod{}, pinned: map[model.NodeName][]*pod{}, env: cfg.CNI.Env}
	e.initial = newInitial(e)
	var err error
	if e.ec2, err = newEC2(e); err != nil {
		return nil, err
	}
	if err := e.newGroups(); err != nil {
		return nil, err
	}
	e.troubles = newTroubles(e)
	if e.platform, err = newPlatform(e); err != nil {
		return nil, err
	}
	if err := e.initial.check(); err != nil {
		return nil, err
	}
	if err := e.scheduleSteps(); err != nil {
		return nil, err
	}
	return e, nil
}

// start logs the beginning and lets the nodes and workloads of the scenario
// appear.
func (e *engine) start() {
	e.log("", RunStarted{
		APIVersion: "vpcsim/v1",
		Name:       e.cfg.Name,
		Platform:   e.cfg.Platform,
		Scenario:   e.cfg.Scenario,
		Seed:       e.cfg.Seed,
		Digest:     e.cfg.Digest,
		Version:    e.cfg.Version,
		Subnets:    e.ec2.subnetStarts(),
		Autoscale:  e.autoscaler.starts(),
		Notes:      e.cfg.Notes,
	})
	e.initial.create()
	e.launchGroups()
	e.platform.start()
}

// loop takes timer after timer until the run ends.
func (e *engine) loop() {
	limit := model.Instant(0).Add(MaxUnsettled)
	if e.cfg.Duration > 0 {
		limit = model.Instant(0).Add(e.cfg.Duration)
	}
	for e.endedBy == "" && e.sinkErr == nil {
		next := model.Never
		if e.queue.len() > 0 {
			next = e.queue.heap[0].at
		}
		if e.cfg.Duration == 0 && e.promises == 0 {
			if settled := e.lastChange.Add(SettleAfter); next > max(settled, e.now) && settled <= limit && !e.controller.owes() {
				e.now, e.endedBy = max(e.now, settled), "settled"
				return
			}
		}
		if next > limit {
			e.now = limit
			if e.cfg.Duration > 0 {
				e.endedBy = "duration"
			} else {
				e.endedBy, e.endMessage = "duration", "never settled (24h is the most)"
			}
			return
		}
		t := e.queue.pop()
		if t.promise {
			e.promises--
		}
		if t.at < e.now {
			panic(fmt.Sprintf("sim: a timer for %s fires at %s", t.at, e.now))
		}
		fire := t.fire
		t.fire = nil
		e.now, e.firing = t.at, t
		fire()
		if e.afterTimer != nil {
			e.afterTimer()
		}
	}
}

func (e *engine) end() {
	if e.sinkErr != nil {
		return
	}
	e.log("", RunEnded{EndedBy: e.endedBy, Message: e.endMessage, Open: e.troubles.open()})
}

// at calls fire at the instant, after what is scheduled for it already.
func (e *engine) at(at model.Instant, fire func()) {
	e.queue.push(timer{at: at, born: e.now, fire: fire})
}

// beat calls fire as the next beat of an agent's loop: it is ordered as if it
// had been scheduled when the loop's pause before it began.
func (e *engine) beat(n *node, at model.Instant, fire func()) {
	t := beatAt(n, at)
	t.fire = fire
	e.queue.push(t)
}

// beatsFrom is the first instant at which a beat of the node's loop may still
// come: the present one, unless the work of this instant is past the place where
// the beat would have been.
func (e *engine) beatsFrom(n *node) model.Instant {
	if t := beatAt(n, e.now); t.before(&e.firing) {
		return e.now + 1
	}
	return e.now
}

// after calls fire after d. A d of 0 is later within this instant.
func (e *engine) after(d time.Duration, fire func()) { e.at(e.now.Add(d), fire) }

// promise is at for something that is certain to come and to change something:
// the run does not settle before it.
func (e *engine) promise(at model.Instant, fire func()) {
	e.promises++
	e.queue.push(timer{at: at, born: e.now, promise: true, fire: fire})
}

// step is promise for something that the scenario does.
func (e *engine) step(at model.Instant, fire func()) {
	e.promises++
	e.queue.push(timer{at: at, born: e.now, promise: true, step: true, fire: fire})
}

// inVain lets log log what, if vain, comes to nothing in the end, or has happened before
// just so: it does not count for settling then.
func (e *engine) inVain(vain bool, log func()) {
	last := e.lastChange
	log()
	if vain {
		e.lastChange = last
	}
}

// draw returns a duration from the range.
func (e *engine) draw(r Range, s *stream) time.Duration {
	span := (r.Max - r.Min).Milliseconds()
	if span <= 0 {
		return r.Min
	}
	return r.Min + time.Duration(s.pick(int(span)+1))*time.Millisecond
}

// log hands an event to the sink.
func (e *engine) log(node model.NodeName, body Body) {
	if e.sinkErr != nil {
		return
	}
	if changes(body) {
		e.lastChange = e.now
	}
	e.sinkErr = e.sink(Event{Seq: e.seq, At: e.now, Node: node, Body: body})
	e.seq++
	if limit := e.cfg.Limits.Events; limit > 0 && e.seq >= int64(limit) {
		e.stop(fmt.Sprintf("limits.events: %d events", limit))
	}
}

// stop ends the run at a limit.
func (e *engine) stop(message string) {
	if e.endedBy == "" {
		e.endedBy, e.endMessage = "limit", message
	}
}

// changes reports whether an event counts for settling: a repeated failure, a
// refused call and what only describes do not.
func changes(body Body) bool {
	switch b := body.(type) {
	case PodSetupFailed:
		return b.Attempt == 1
	case TrunkFailed:
		return b.Attempt == 1
	case BranchFailed:
		return b.Attempt == 1
	case PodUnschedulable:
		return b.Attempt == 1
	case TaskUnplaceable:
		return b.Attempt == 1
	case TaskPlaced:
		return b.Attempt == 1
	case TaskFailed:
		return b.Attempt == 1
	case EC2Call, EC2Returned, PoolGrow, PoolSkip, PoolShrink, PoolFree:
		return false // what they lead to is an event of its own
	case AgentConfigured, NodeNotReady:
		return false
	case AgentExited:
		return b.Error == ""
	case ENIAttached:
		return b.By != ByStart // a start that fails again takes in the same
	case ExhaustionBegan, ExhaustionEnded, AutoscalerNotScaledUp:
		return false
	default:
		return true
	}
}
