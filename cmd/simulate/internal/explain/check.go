package explain

import (
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// act is what a check does about the pool.
type act string

const (
	grows   act = "grow"
	shrinks act = "shrink"
	skips   act = "skip"
)

// verdict is what a check decides and on what numbers.
type verdict struct {
	act act
	sim.PoolDecision
	stats model.PoolStats
}

// decide tells what a check at an instant does about the pool, as it is. It is
// the agent's own rules, asked without the engine.
func (p *pool) decide(at model.Instant) verdict {
	p.a.holdAgain()
	p.a.catchUp(at)
	return p.decideBy(at, p.store.Stats(), p.a.lastShrink)
}

// decideNow tells what the check does that says so at the instant: one that goes
// on after another pool's calls decides by the numbers with which it began.
func (p *pool) decideNow(at model.Instant) verdict {
	p.a.holdAgain()
	p.a.catchUp(at)
	stats, shrunk := p.store.Stats(), p.a.lastShrink
	if l := p.a.loop; at == l.at && p.card < len(l.looks) {
		stats, shrunk = l.looks[p.card], l.shrunk // a shrink counts from the end of the check
	}
	return p.decideBy(at, stats, shrunk)
}

func (p *pool) decideBy(at model.Instant, s model.PoolStats, shrunk model.Instant) verdict {
	a, l := p.a, p.a.limits()
	say := func(act act, rule model.Rule, reason model.Reason) verdict {
		return verdict{act, sim.PoolDecision{
			Card: p.card, Rule: rule, Reason: reason,
			Total: s.Total, Assigned: s.Assigned, Available: s.Available(), Cooling: p.store.Cooling(at),
			Short: model.Short(s, p.settings), Over: model.Over(s, p.settings),
		}, s}
	}
	seen := s
	seen.FreePrefixes = p.store.Stats().FreePrefixes
	low, why := model.TooLow(s, p.settings, l)
	high, whyHigh := model.TooHigh(seen, p.settings)
	switch {
	case low:
		if blocked := a.blocked(at); blocked != "" {
			return say(skips, model.RuleGrow, blocked)
		}
		if p.room() == 0 && !p.store.HasGrowCandidate(p.settings, l) {
			return say(skips, model.RuleGrow, model.NoRoom(p.settings.Version))
		}
		return say(grows, model.RuleTooLow, why)
	case !high:
		return say(skips, model.RuleTooLow, why)
	case a.settings.NoProvisioning:
		return say(skips, model.RuleShrink, model.ReasonProvisioningDisabled)
	case at.Sub(shrunk) <= model.ShrinkInterval:
		return say(skips, model.RuleShrink, model.ReasonShrinkInterval)
	case !p.hasFreeable():
		return say(skips, model.RuleShrink, model.ReasonAllHeld)
	}
	return say(shrinks, model.RuleTooHigh, whyHigh)
}

// hasFreeable reports whether a shrink finds a block to give back.
func (p *pool) hasFreeable() bool {
	for _, e := range p.store.ENIs() {
		if len(e.FreeableBlocks(nil)) > 0 {
			return true
		}
	}
	return false
}

// shrinksInVain reports whether a check would take the pool for too large and
// find nothing to give back. It counts as a shrink all the same.
func (p *pool) shrinksInVain() bool {
	s := p.store.Stats()
	low, _ := model.TooLow(s, p.settings, p.a.limits())
	high, _ := model.TooHigh(s, p.settings)
	return !low && high && !p.settings.NoProvisioning && !p.hasFreeable()
}

// catchUp notes the shrinks in vain of the checks before an instant, which the
// log does not repeat. Only pools of network cards above 0 have such, in prefix
// mode.
func (a *agent) catchUp(to model.Instant) {
	if len(a.pools) < 2 || !a.checks() || !a.up || a.unheld || a.busy() != "" || !slices.ContainsFunc(a.pools, (*pool).shrinksInVain) {
		return
	}
	for next := a.nextShrink(); next < to; next = a.nextShrink() {
		a.lastShrink = next
	}
}

// nextShrink is the first check that may shrink.
func (a *agent) nextShrink() model.Instant {
	return a.nextCheck(max(a.base, a.lastShrink.Add(model.ShrinkInterval)))
}

// suspended is why the agent may not call EC2 for more, empty if it may.
func (a *agent) suspended() model.Reason {
	switch {
	case a.settings.NoProvisioning:
		return model.ReasonProvisioningDisabled
	case a.cordoned && !a.settings.ManageNonSchedulable:
		return model.ReasonCordoned
	}
	return ""
}

// blocked is why a growth that is needed does not happen, empty if it does.
func (a *agent) blocked(at model.Instant) model.Reason {
	if why := a.suspended(); why != "" {
		return why
	}
	if at.Sub(a.backoff) <= model.BackoffPeriod {
		return model.ReasonBackoff
	}
	return ""
}

// keeps is why no check at the instant frees the ENI: what holds for the whole
// pool, then every test on the ENI itself.
func (p *pool) keeps(e *model.StoreENI, at model.Instant) (pool model.Reason, own []model.Kept) {
	own = p.store.ENIKept(e, at, p.settings)
	if why := p.a.suspended(); why != "" {
		return why, own
	}
	if !model.MayFreeENI(p.store.Stats(), p.settings, p.a.limits(), p.store.HasUnusedENI()) {
		return model.ReasonThreshold, own
	}
	return "", own
}

// frees are the ENIs of the card of which a check at the instant frees one, by device number;
// which is the agent's chance.
func (p *pool) frees(at model.Instant) []*model.StoreENI {
	var out []*model.StoreENI
	for _, e := range p.store.ENIs() {
		if pool, own := p.keeps(e, at); pool == "" && len(own) == 0 {
			out = append(out, e)
		}
	}
	return out
}
