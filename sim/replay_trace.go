package sim

import (
	"cmp"
	"slices"

	"vpcsim/model"
)

// trace is a replay that is going on. Only its next instant is in the queue.
type trace struct {
	e       *engine
	begin   model.Instant
	rows    []TracePod
	pods    []*pod // by row, once made and until deleted
	made    int    // rows whose pods were made
	ends    []int  // rows in the order of their deletions
	deleted int    // of ends
}

// replay creates and deletes the pods of a trace.
func (c *controllers) replay(a Replay) {
	t := &trace{e: c.e, begin: c.e.now, rows: a.Pods, pods: make([]*pod, len(a.Pods))}
	for i := range t.rows {
		if !t.rows[i].Stays {
			t.ends = append(t.ends, i)
		}
	}
	slices.SortFunc(t.ends, func(a, b int) int {
		return cmp.Or(cmp.Compare(t.deleteAt(a), t.deleteAt(b)), cmp.Compare(a, b))
	})
	t.play()
}

// play does what is due: deletions first, so that their places are free; those
// of pods that live for no time at all after their creation.
func (t *trace) play() {
	t.deleteDue()
	for t.made < len(t.rows) && t.createAt(t.made) <= t.e.now {
		t.create(t.made)
		t.made++
	}
	t.deleteDue()
	if next := t.next(); next != model.Never {
		t.e.step(next, t.play)
	}
}

// create makes a row's pod, unless its name is taken.
func (t *trace) create(i int) {
	row := &t.rows[i]
	if t.e.podNamed[row.Pod] != nil {
		return
	}
	t.pods[i] = &pod{name: row.Pod, spec: &row.Spec, beside: true}
	t.e.createPod(t.pods[i])
}

func (t *trace) deleteDue() {
	for t.deleted < len(t.ends) {
		i := t.ends[t.deleted]
		if t.deleteAt(i) > t.e.now || i >= t.made {
			return
		}
		if p := t.pods[i]; p != nil {
			t.e.kubelet.delete(p)
			t.pods[i] = nil
		}
		t.deleted++
	}
}

// next is the next instant at which something is due.
func (t *trace) next() model.Instant {
	next := model.Never
	if t.made < len(t.rows) {
		next = t.createAt(t.made)
	}
	if t.deleted < len(t.ends) {
		next = min(next, t.deleteAt(t.ends[t.deleted]))
	}
	return next
}

func (t *trace) createAt(i int) model.Instant { return t.begin.Add(t.rows[i].CreateAt) }

// deleteAt is the instant of a row's deletion, never before its creation.
func (t *trace) deleteAt(i int) model.Instant {
	return t.begin.Add(max(t.rows[i].CreateAt, t.rows[i].DeleteAt))
}
