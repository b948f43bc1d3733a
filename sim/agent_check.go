package sim

import "vpcsim/model"

// check is one pool check: grow, or else shrink; then maybe free one ENI. The
// numbers are those of its begin throughout; only the tests on a single ENI
// read the datastore as it is then.
func (a *agent) check() {
	a.catchUp()
	a.busy = true
	a.lastCheck = a.e.now
	seq := a.e.ec2.calls
	stats := a.store.Stats()
	unused := a.store.HasUnusedENI()

	shrank := false
	thenFree := func() {
		a.maybeFree(stats, unused, func() {
			if shrank { // stamped at the end of the check, with an ENI freed as well
				a.lastShrink, a.lastAction = a.e.now, a.e.now
			}
			a.checked(a.e.ec2.calls != seq)
		})
	}
	low, why := model.TooLow(stats, a.settings, a.limits())
	switch high, whyHigh := model.TooHigh(stats, a.settings); {
	case low:
		if ok, blocked := a.mayGrow(); !ok {
			a.logSkip(model.RuleGrow, blocked, stats)
			thenFree()
			return
		}
		a.grow(stats, why, thenFree)
	case !high:
		a.logSkip(model.RuleTooLow, why, stats)
		thenFree()
	case a.settings.NoProvisioning:
		a.logSkip(model.RuleShrink, model.ReasonProvisioningDisabled, stats)
		thenFree()
	case a.e.now.Sub(a.lastShrink) <= model.ShrinkInterval:
		a.logSkip(model.RuleShrink, model.ReasonShrinkInterval, stats)
		thenFree()
	default:
		shrank = true
		a.shrink(stats, whyHigh, thenFree)
	}
}

// checked ends a check. The grid goes on from here; the next check that could
// do something is computed, and until then the agent sleeps.
func (a *agent) checked(acted bool) {
	a.busy = false
	a.loopBase = a.e.now
	a.wakeReconcile()
	if acted {
		a.skip = PoolDecision{}
		a.wakeAt(a.checkFrom(a.e.now))
		return
	}
	if a.e.sleepless {
		a.wakeAt(a.checkFrom(a.e.now))
	}
	if at := a.nextUseful(); at != model.Never {
		a.wakeAt(a.checkFrom(at))
	}
}

// nextUseful is the first instant from which on a check could do something if
// nobody else changes anything: a back-off or the shrink interval has passed,
// or an ENI has become old and cool enough to be freed.
func (a *agent) nextUseful() model.Instant {
	stats := a.store.Stats()
	at := model.Never
	may, _ := a.mayProvision()
	low, _ := model.TooLow(stats, a.settings, a.limits())
	high, _ := model.TooHigh(stats, a.settings)
	switch {
	case low && may && (a.room() > 0 || a.store.HasGrowCandidate(a.settings, a.limits())):
		at = max(a.e.now, a.backoff.Add(model.BackoffPeriod)+1)
	case !low && high && !a.settings.NoProvisioning && a.hasFreeable():
		at = max(a.e.now, a.lastShrink.Add(model.ShrinkInterval)+1)
	}
	if may && model.MayFreeENI(stats, a.settings, a.limits(), a.store.HasUnusedENI()) {
		at = min(at, a.store.FreeableFrom(a.e.now, a.settings))
	}
	return at
}

// hasFreeable reports whether a shrink would find a block to give back.
func (a *agent) hasFreeable() bool {
	for _, e := range a.store.ENIs() {
		if len(e.FreeableBlocks(nil)) > 0 {
			return true
		}
	}
	return false
}
