package sim

import (
	"net/netip"
	"slices"
	"time"

	"vpcsim/model"
)

// pause waits in the agent's loop; without a wait it goes on at once. A run that would
// settle does not wait for a vain one.
func (a *agent) pause(d time.Duration, vain bool, next func()) {
	life := a.life
	a.e.ec2.later(d, !vain, func() {
		if a.life == life {
			next()
		}
	})
}

// wakeReconcile sets a timer for the next reconcile that matters. Where the
// datastore and EC2 agree reconciles change nothing and have none.
func (a *agent) wakeReconcile() {
	if !a.mustReconcile() || !a.up || a.busy {
		return
	}
	at := a.reconcileFrom(a.reconcileDue())
	life := a.life
	a.e.beat(a.node, at, func() {
		if a.life != life || a.busy || !a.mustReconcile() || at != a.reconcileFrom(a.reconcileDue()) {
			return // the grid has moved, or an action came between: checked sets another
		}
		a.reconcile()
		a.wakeReconcile()
	})
}

// mustReconcile reports whether reconciles run, because one may find something.
func (a *agent) mustReconcile() bool { return a.stale || a.e.sleepless }

// reconcileFrom is the first reconcile of the grid at or after t. A life begins
// with a check: the first reconcile is half a round after it.
func (a *agent) reconcileFrom(t model.Instant) model.Instant {
	if a.lastCheck < 0 {
		t = max(t, a.loopBase.Add(loopPeriod))
	}
	return a.onGrid(a.loopBase.Add(loopPause-loopPeriod), t)
}

// differs notes that the datastore and EC2 may differ, and sees to it that a
// reconcile finds out. What happens beside the loop calls it.
func (a *agent) differs() {
	if a.up && !a.busy {
		a.catchUp() // once reconciles run as timers it is too late
	}
	a.stale = true
	a.wakeReconcile()
}

// catchUp moves lastAction over the reconciles that would have run by now
// without effect. Each of them counts as a pool action and so moves the next;
// nothing else hangs on them.
func (a *agent) catchUp() {
	if a.mustReconcile() {
		return // they run as timers
	}
	end := a.e.beatsFrom(a.node)
	if a.awaitsTrunk() {
		if last := a.reconcileFrom(end.Add(-loopPeriod)); last < end && last > a.lastAction {
			a.lastAction = last
		}
		return
	}
	next := a.reconcileFrom(a.lastAction.Add(model.ReconcileInterval) + 1)
	if next >= end {
		return
	}
	period := model.Instant((model.ReconcileInterval + loopPeriod).Milliseconds())
	a.lastAction = next + (end-1-next)/period*period
}

// reconcile compares the datastore with what is attached. ENIs and blocks that
// the datastore lacks are taken over as free; what is not attached, or was
// given back a moment ago, is dropped, under living pods too.
func (a *agent) reconcile() {
	for _, ni := range a.attached() {
		attached := a.trusted(ni)
		p := a.pools[ni.card]
		e := p.store.ENI(ni.id)
		if e == nil {
			a.e.inVain(ni.kind == model.ENISecondary && a.keepsENIs(), func() { p.takeENI(ni, attached, ByReconcile) })
			continue
		}
		var missing, gone []netip.Prefix
		have := map[netip.Prefix]bool{}
		for _, b := range attached {
			have[b] = true
			if !e.Has(b) {
				missing = append(missing, b)
			}
		}
		for _, b := range e.Blocks() {
			if !have[b] {
				gone = append(gone, b)
			}
		}
		if len(missing) > 0 {
			again := !slices.ContainsFunc(missing, func(b netip.Prefix) bool { _, given := a.givenBack[b]; return !given })
			a.e.inVain(again && a.keepsBlocks(), func() { p.take(e, missing, ByReconcile) })
		}
		if len(gone) > 0 {
			p.forget(e, gone, ByReconcile)
			a.reportDropped(gone)
		}
	}
	a.lastAction = a.e.now
	a.stale = a.suspect()
	a.changed()
}

// reportDropped tells of pods that live on addresses which the agent has just
// dropped.
func (a *agent) reportDropped(gone []netip.Prefix) {
	for _, p := range a.node.pods {
		for l := range p.leases() {
			if l.Dropped() && slices.Contains(gone, l.Block()) {
				a.e.troubles.dropped(a.pools[l.ENI().Card], p, l)
			}
		}
	}
}

// suspect reports whether a later reconcile may find a difference: the agent
// holds a block that it remembers giving back, or lacks one that is attached.
func (a *agent) suspect() bool {
	for _, ni := range a.attached() {
		e := a.pools[ni.card].store.ENI(ni.id)
		for _, b := range a.attachedBlocks(ni) {
			at, given := a.givenBack[b]
			if !e.Has(b) || given && a.e.now.Sub(at) < model.GivenBackMemory {
				return true
			}
		}
	}
	return false
}

// trusted is what is attached to the ENI, less what was given back so lately
// that the metadata may still show it.
func (a *agent) trusted(ni *eni) []netip.Prefix {
	var out []netip.Prefix
	for _, b := range a.attachedBlocks(ni) {
		if at, ok := a.givenBack[b]; ok && a.e.now.Sub(at) < model.GivenBackMemory {
			continue
		}
		out = append(out, b)
	}
	return out
}
