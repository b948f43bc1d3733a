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
	// jobRetries is how often a job that fails is tried again, after
	// jobRetryFirst, doubling.
	jobRetries    = 5
	jobRetryFirst = 5 * time.Millisecond
	// Of all retries together only so many are let through a second, beyond a
	// burst; what is above that waits longer.
	jobRetryRate  = 10
	jobRetryBurst = 100
)

// job is something for a worker to do. Two equal jobs are one: it is done again
// only if it comes anew while it runs.
type job struct {
	kind  jobKind
	pod   model.PodName  // of jobCreate
	podID int            // of jobRelease
	node  model.NodeName // of all but jobCreate
}

type jobKind uint8

const (
	jobCreate     jobKind = iota // give a pod a branch
	jobRelease                   // queue a pod's branch for deletion
	jobRound                     // work a node's delete queue
	jobDeleteNode                // clear away what is left of a node
)

// jobResult is how a job ended: it is over, or to be done again later.
type jobResult struct {
	again bool
	after time.Duration
}

var jobOver = jobResult{}

// jobAgain asks for the job to be done again.
func jobAgain(after time.Duration) jobResult { return jobResult{again: true, after: after} }

// jobQueue hands jobs to the workers, first come, first served.
//
//	addAfter ── timer ── add ── fifo ── running ── over
//	    └──────────── again, retry ───────┘
//
// A job has one timer at most, the earliest that was asked for: adding it at
// once leaves the timer in place.
type jobQueue struct {
	e       *engine
	run     func(j job, done func(jobResult))
	idle    int // workers
	fifo    []job
	queued  map[job]bool // in the fifo, or asked for again while it runs
	running map[job]bool
	due     map[job]model.Instant // of the timers
	failed  map[job]int           // failures in a row; a job that waits for room keeps them
	retries *pacer
	pumping bool
	closed  bool
}

func newJobQueue(e *engine, run func(j job, done func(jobResult))) *jobQueue {
	return &jobQueue{
		e: e, run: run, idle: controllerWorkers,
		queued: map[job]bool{}, running: map[job]bool{}, due: map[job]model.Instant{}, failed: map[job]int{},
		retries: newPacer(jobRetryRate, jobRetryBurst),
	}
}

// close drops everything; what runs comes to nothing.
func (q *jobQueue) close() { q.closed = true }

// add asks for the job now.
func (q *jobQueue) add(j job) {
	if q.closed || q.queued[j] {
		return
	}
	q.queued[j] = true
	if !q.running[j] {
		q.fifo = append(q.fifo, j)
		q.pump()
	}
}

// addAfter asks for the job later, unless it has an earlier timer.
func (q *jobQueue) addAfter(j job, wait time.Duration) {
	if wait <= 0 {
		q.add(j)
		return
	}
	at := q.e.now.Add(wait)
	if due, ok := q.due[j]; ok && due <= at {
		return
	}
	q.due[j] = at
	q.e.at(at, func() {
		if !q.closed && q.due[j] == at {
			delete(q.due, j)
			q.add(j)
		}
	})
}

// pump gives jobs to idle workers.
func (q *jobQueue) pump() {
	if q.pumping {
		return
	}
	q.pumping = true
	for q.idle > 0 && len(q.fifo) > 0 && !q.closed {
		j := q.fifo[0]
		q.fifo = q.fifo[1:]
		delete(q.queued, j)
		q.running[j] = true
		q.idle--
		q.run(j, func(v jobResult) { q.finish(j, v) })
	}
	q.pumping = false
}

func (q *jobQueue) finish(j job, v jobResult) {
	if q.closed {
		return
	}
	if v.again {
		q.addAfter(j, v.after)
	} else {
		delete(q.failed, j)
	}
	delete(q.running, j)
	q.idle++
	if q.queued[j] {
		q.fifo = append(q.fifo, j)
	}
	q.pump()
}

// retry says when a job that failed is to be done again; ok is false when it has
// been often enough.
func (q *jobQueue) retry(j job) (wait time.Duration, ok bool) {
	failures := q.failed[j]
	if failures >= jobRetries {
		return 0, false
	}
	q.failed[j] = failures + 1
	return max(jobRetryFirst<<failures, q.retries.reserve(q.e.now)), true
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
