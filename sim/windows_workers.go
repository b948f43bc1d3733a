package sim

// workers do the resource controller's jobs for the pools of Windows nodes, of one mode,
// a few at once for the whole cluster, in the order in which they came.
//
// A pool can have many of them in the queue. From a refusal on until the controller has
// seen what EC2 has of the node, each look at a pod without an address adds a job for
// that, and all but the first only cost a call. With more pods than the workers keep up
// with, the queue grows for as long as the pods wait, and all nodes wait for it. Source:
// VPC resource controller v1.8.2, pkg/pool (ReconcilePool, and ReSync, which says
// "duplicate re-sync request, will be ignored") and pkg/worker: no two jobs are the same
// to the queue.
type workers struct {
	busy   int
	jobs   []windowsJob
	taking bool // next is at work
}

// windowsJob is a job. It calls over when it is done.
type windowsJob func(over func())

func (w *workers) add(job windowsJob) {
	w.jobs = append(w.jobs, job)
	w.next()
}

// next gives idle workers the jobs whose turn it is. Jobs that take no time are taken
// one after the other, not one within the other: of a node that is gone there may be any
// number.
func (w *workers) next() {
	if w.taking {
		return
	}
	w.taking = true
	for w.busy < windowsJobs && len(w.jobs) > 0 {
		job := w.jobs[0]
		w.jobs[0] = nil
		w.jobs = w.jobs[1:]
		w.busy++
		job(func() {
			w.busy--
			w.next()
		})
	}
	w.taking = false
}

// owesWindows reports whether a job of a Windows pool waits, or is being done, that may
// change something. A run does not settle before it.
func (e *engine) owesWindows() bool {
	for _, n := range e.nodes {
		if n.windows == nil {
			continue
		}
		for _, s := range n.windows.sides {
			if s.deletes > 0 || s.asks > 0 && !s.asksInVain() {
				return true
			}
		}
	}
	return false
}
