package sim

import (
	"time"

	"vpcsim/model"
)

// The resource controller's workers. Source: VPC resource controller, the
// branch provider's worker pool and the default rate limiter of Kubernetes'
// work queues (observed, 2026).
const (
	controllerWorkers = 30
	// itemRetries is how often an item that fails is tried again, after
	// itemRetryFirst, doubling.
	itemRetries    = 5
	itemRetryFirst = 5 * time.Millisecond
	// Of all retries together only so many are let through a second, beyond a
	// burst; what is above that waits longer.
	itemRetryRate  = 10
	itemRetryBurst = 100
)

// workItem is something for a worker to do. Two equal items are
// one: it is done again only if it comes anew while it runs.
type workItem struct {
	kind  itemKind
	pod   model.PodName  // of itemCreate
	podID int            // of itemRelease
	node  model.NodeName // of all but itemCreate
}

type itemKind uint8

const (
	itemCreate     itemKind = iota // give a pod a branch
	itemRelease                    // queue a pod's branch for deletion
	itemRound                      // work a node's delete queue
	itemDeleteNode                 // clear away what is left of a node
)

// itemResult is how an item ended: it is over, or to be done again later.
type itemResult struct {
	again bool
	after time.Duration
}

var itemOver = itemResult{}

// itemAgain asks for the item to be done again.
func itemAgain(after time.Duration) itemResult { return itemResult{again: true, after: after} }

// workQueue hands items to the workers, first come, first served.
//
//	addAfter ── timer ── add ── fifo ── running ── over
//	    └──────────── again, retry ───────┘
//
// An item has one timer at most, the earliest that was asked for: adding it at
// once leaves the timer in place.
type workQueue struct {
	e       *engine
	run     func(item workItem, done func(itemResult))
	idle    int // workers
	fifo    []workItem
	queued  map[workItem]bool // in the fifo, or asked for again while it runs
	running map[workItem]bool
	due     map[workItem]model.Instant // of the timers
	failed  map[workItem]int           // failures in a row; an item that waits for room keeps them
	retries *pacer
	pumping bool
	closed  bool
}

func newWorkQueue(e *engine, run func(item workItem, done func(itemResult))) *workQueue {
	return &workQueue{
		e: e, run: run, idle: controllerWorkers,
		queued: map[workItem]bool{}, running: map[workItem]bool{}, due: map[workItem]model.Instant{}, failed: map[workItem]int{},
		retries: newPacer(itemRetryRate, itemRetryBurst),
	}
}

// close drops everything; what runs comes to nothing.
func (q *workQueue) close() { q.closed = true }

// add asks for the item now.
func (q *workQueue) add(item workItem) {
	if q.closed || q.queued[item] {
		return
	}
	q.queued[item] = true
	if !q.running[item] {
		q.fifo = append(q.fifo, item)
		q.pump()
	}
}

// addAfter asks for the item later, unless it has an earlier timer.
func (q *workQueue) addAfter(item workItem, wait time.Duration) {
	if wait <= 0 {
		q.add(item)
		return
	}
	at := q.e.now.Add(wait)
	if due, ok := q.due[item]; ok && due <= at {
		return
	}
	q.due[item] = at
	q.e.at(at, func() {
		if !q.closed && q.due[item] == at {
			delete(q.due, item)
			q.add(item)
		}
	})
}

// pump gives items to idle workers.
func (q *workQueue) pump() {
	if q.pumping {
		return
	}
	q.pumping = true
	for q.idle > 0 && len(q.fifo) > 0 && !q.closed {
		item := q.fifo[0]
		q.fifo = q.fifo[1:]
		delete(q.queued, item)
		q.running[item] = true
		q.idle--
		q.run(item, func(v itemResult) { q.finish(item, v) })
	}
	q.pumping = false
}

func (q *workQueue) finish(item workItem, v itemResult) {
	if q.closed {
		return
	}
	if v.again {
		q.addAfter(item, v.after)
	} else {
		delete(q.failed, item)
	}
	delete(q.running, item)
	q.idle++
	if q.queued[item] {
		q.fifo = append(q.fifo, item)
	}
	q.pump()
}

// retry says when an item that failed is to be done again; ok is false when it has
// been often enough.
func (q *workQueue) retry(item workItem) (wait time.Duration, ok bool) {
	failures := q.failed[item]
	if failures >= itemRetries {
		return 0, false
	}
	q.failed[item] = failures + 1
	return max(itemRetryFirst<<failures, q.retries.reserve(q.e.now)), true
}

// pacer lets so many things through a second, beyond a burst, by making the
// others wait in turn.
type pacer struct {
	rate   int64 // a second
	burst  int64
	credit int64 // in thousandths of one; negative: reserved ahead
	at     model.Instant
}

func newPacer(rate, burst int64) *pacer {
	return &pacer{rate: rate, burst: burst, credit: 1000 * burst}
}

// reserve takes the next place and says how long to wait for it.
func (p *pacer) reserve(now model.Instant) time.Duration {
	p.credit = min(1000*p.burst, p.credit+p.rate*int64(now-p.at)) - 1000
	p.at = now
	if p.credit >= 0 {
		return 0
	}
	return time.Duration((-p.credit+p.rate-1)/p.rate) * time.Millisecond
}
