package sim

import "vpcsim/model"

// round is one pool check on its way: pool after pool grows, or else shrinks,
// and then maybe frees one ENI.
type round struct {
	a      *agent
	calls  int64 // of EC2 when it began
	left   []look
	first  [1]look // left, of an agent with one pool
	shrank bool
}

// look is a pool as it was when the round began.
type look struct {
	pool   *pool
	stats  model.PoolStats
	unused bool // some secondary ENI holds no pod
}

// newRound looks at all pools, in the order in which the agent will go through
// them.
func (a *agent) newRound() *round {
	r := &round{a: a, calls: a.e.ec2.calls}
	r.left = r.first[:0]
	for _, p := range a.inTurn() {
		r.left = append(r.left, look{p, p.store.Stats(), p.store.HasUnusedENI()})
	}
	return r
}

// check is one pool check.
func (a *agent) check() {
	a.catchUp()
	a.busy = true
	a.lastCheck = a.e.now
	a.pace.heldBy = refusal{}
	a.signalTrunk()
	a.newRound().next()
}

// next goes on with the next pool, or ends the round.
func (r *round) next() {
	if len(r.left) > 0 {
		l := r.left[0]
		r.left = r.left[1:]
		l.pool.check(r, l)
		return
	}
	a := r.a
	if r.shrank { // stamped at the end of the check, with an ENI freed as well
		a.lastShrink, a.lastAction = a.e.now, a.e.now
	}
	a.checked(a.e.ec2.calls != r.calls)
}

// check is the part of a round that is about one pool. The decisions are by the
// numbers of the round's begin; how many blocks come or go, free prefixes and
// the tests on a single ENI are read as they are then, which differs where the
// pools before took time.
func (p *pool) check(r *round, l look) {
	a := p.a
	thenFree := func() { p.maybeFree(l, r.next) }
	low, why := p.tooLow(l.stats)
	seen := l.stats
	seen.FreePrefixes = p.store.Stats().FreePrefixes
	switch high, whyHigh := model.TooHigh(seen, p.settings); {
	case low:
		if ok, blocked := a.mayGrow(); !ok {
			p.logSkip(model.RuleGrow, blocked, l.stats)
			thenFree()
			return
		}
		p.grow(l.stats, why, func() { p.growOn(l.stats.Total, thenFree) })
	case !high:
		p.logSkip(model.RuleTooLow, why, l.stats)
		thenFree()
	case a.settings.NoProvisioning:
		p.logSkip(model.RuleShrink, model.ReasonProvisioningDisabled, l.stats)
		thenFree()
	case a.e.now.Sub(a.lastShrink) <= model.ShrinkInterval:
		p.logSkip(model.RuleShrink, model.ReasonShrinkInterval, l.stats)
		thenFree()
	case !p.hasFreeable():
		r.shrank = true // in vain, and the agent's times move all the same
		p.logSkip(model.RuleShrink, model.ReasonAllHeld, l.stats)
		thenFree()
	default:
		r.shrank = true
		p.shrink(l.stats, whyHigh, thenFree)
	}
}

// growOn goes on growing in the same check, in the release that does so: while
// the step before has brought something and the pool is too low all the same.
func (p *pool) growOn(before int, done func()) {
	stats := p.store.Stats()
	low, why := p.tooLow(stats)
	if !p.settings.Version.Has(model.FeatureGrowOn) || stats.Total <= before || !low {
		done()
		return
	}
	p.grow(stats, why, func() { p.growOn(stats.Total, done) })
}

// checked ends a check. The grid goes on from here; the next check that could
// do something is computed, and until then the agent sleeps.
func (a *agent) checked(acted bool) {
	a.busy = false
	a.pace.end(a.e.now.Sub(a.lastCheck))
	a.loopBase = a.e.now
	a.wakeReconcile()
	if acted {
		for _, p := range a.pools {
			p.skip = PoolDecision{}
		}
		a.wakeAt(a.checkFrom(a.e.now))
		return
	}
	if a.e.sleepless {
		a.wakeAt(a.checkFrom(a.e.now))
	}
	at := model.Never
	for _, p := range a.pools {
		at = min(at, p.nextUseful())
	}
	if at != model.Never {
		a.wakeAt(a.checkFrom(at))
	}
}

// nextUseful is the first instant from which on a check could do something if
// nobody else changes anything: a back-off or the shrink interval has passed,
// or an ENI has become old and cool enough to be freed. A shrink in vain counts:
// it moves the time of the next one.
func (p *pool) nextUseful() model.Instant {
	a := p.a
	stats := p.store.Stats()
	at := model.Never
	may, _ := a.mayProvision()
	low, _ := p.tooLow(stats)
	high, _ := model.TooHigh(stats, p.settings)
	switch {
	case low && may && (p.room() > 0 || p.hasCandidate()):
		at = max(a.e.now, a.backoff.Add(model.BackoffPeriod)+1)
	case !low && high && !a.settings.NoProvisioning:
		at = max(a.e.now, a.lastShrink.Add(model.ShrinkInterval)+1)
	}
	if may && model.MayFreeENI(stats, p.settings, a.limits(), p.store.HasUnusedENI()) {
		at = min(at, p.store.FreeableFrom(a.e.now, p.settings))
	}
	return at
}
