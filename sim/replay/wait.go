package replay

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
)

// Waits are how long pods wait for their address: those that were given one, those
// that were deleted or ran to their end before, and those that still wait, for as
// long as they have waited so far. Pods that need none, on the host network, and
// those that had theirs when the run began are not among them. The zero value is
// empty.
type Waits struct {
	ended Latencies
	open  []*waiter // since the longest first, with some that wait no longer
	over  int       // of open
}

// waiter is a pod that waits.
type waiter struct {
	since model.Instant
	over  bool
}

func (w *Waits) begin(at model.Instant) *waiter {
	x := &waiter{since: at}
	w.open = append(w.open, x)
	return x
}

// end counts a wait that is over. One of nobody is none.
func (w *Waits) end(x *waiter, at model.Instant) {
	if x != nil {
		w.ended.add(at.Sub(x.since))
		w.drop(x)
	}
}

// drop forgets a wait. The list is tidied when half of it is over, which keeps the
// cost per wait constant.
func (w *Waits) drop(x *waiter) {
	if x == nil {
		return
	}
	x.over = true
	if w.over++; w.over > len(w.open)/2 {
		w.compact()
	}
}

func (w *Waits) compact() {
	if w.over > 0 {
		w.open = slices.DeleteFunc(w.open, func(x *waiter) bool { return x.over })
		w.over = 0
	}
}

// Open counts the pods that still wait.
func (w *Waits) Open() int { return len(w.open) - w.over }

// Count is the number of waits, those that go on included.
func (w *Waits) Count() int { return w.ended.Count() + w.Open() }

// Percentile returns the shortest time that p per cent (1 … 100) of all waits don't
// exceed, as they stand at the instant: the nearest rank. It is 0 if there are none.
func (w *Waits) Percentile(p int, now model.Instant) time.Duration {
	n := w.Count()
	if n == 0 {
		return 0
	}
	w.compact()
	w.ended.sort()
	ended := func(i int) int64 { return w.ended.ms[i] }
	open := func(i int) int64 { return now.Sub(w.open[len(w.open)-1-i].since).Milliseconds() } // the shortest first
	rank := max((p*n+99)/100, 1)

	// Of the rank shortest waits, i are over: the fewest with which those that go
	// on, rank − i of them, are no longer than the next that is over.
	least, most := max(0, rank-len(w.open)), min(rank, w.ended.Count())
	i := least + sort.Search(most-least, func(k int) bool { return open(rank-least-k-1) <= ended(least+k) })
	longest := int64(0)
	if i > 0 {
		longest = ended(i - 1)
	}
	if rank > i {
		longest = max(longest, open(rank-i-1))
	}
	return time.Duration(longest) * time.Millisecond
}

// Final is the percentile in a run that has come to rest: a wait that goes on has
// no end, and false is returned where the percentile is one of these.
func (w *Waits) Final(p int) (time.Duration, bool) {
	rank := max((p*w.Count()+99)/100, 1)
	if rank > w.ended.Count() {
		return 0, false
	}
	w.ended.sort()
	return time.Duration(w.ended.ms[rank-1]) * time.Millisecond, true
}

// Max returns the longest wait as it stands at the instant, 0 if there are none.
func (w *Waits) Max(now model.Instant) time.Duration { return w.Percentile(100, now) }

// asked notes that the pod couldn't be placed, or be given an address, and why.
func (p *Pod) asked(why sim.Kind) {
	p.tried = true
	if why != "" {
		p.hindered = why
	}
}

// waitEnds says that the pod needs an address no longer: it was deleted, or ran to
// its end. One that never had any, though it asked, is gone without; but not one
// that goes as the run begins: it is left over from before, and waited in vain
// then.
func (ps *Pods) waitEnds(at model.Instant, p *Pod) {
	if p.sinceCreated == nil {
		return
	}
	ps.Wait.end(p.sinceCreated, at)
	ps.WaitBound.end(p.sinceBound, at)
	p.sinceCreated, p.sinceBound = nil, nil
	if !p.tried || at == 0 {
		return
	}
	ps.count.Gone++
	if ps.goneFor == nil {
		ps.goneFor = map[sim.Kind]int{}
	}
	ps.goneFor[p.hindered]++
}

// KindCount is how often there was a kind of exhaustion.
type KindCount struct {
	Kind  sim.Kind // empty: nothing was exhausted
	Count int
}

// GoneFor counts the pods that are gone without an address by what kept them from
// it last: the commonest first, then by name.
func (ps *Pods) GoneFor() []KindCount {
	var all []KindCount
	for _, k := range slices.Sorted(maps.Keys(ps.goneFor)) {
		all = append(all, KindCount{k, ps.goneFor[k]})
	}
	slices.SortStableFunc(all, func(a, b KindCount) int { return cmp.Compare(b.Count, a.Count) })
	return all
}
