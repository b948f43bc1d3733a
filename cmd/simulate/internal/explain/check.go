package explain

import (
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

// decide tells what a check at an instant does, as the agent is. It is the
// agent's own rules, asked without the engine.
func (a *agent) decide(at model.Instant) verdict {
	a.holdAgain()
	s, l := a.store.Stats(), a.limits()
	say := func(act act, rule model.Rule, reason model.Reason) verdict {
		return verdict{act, sim.PoolDecision{
			Rule: rule, Reason: reason,
			Total: s.Total, Assigned: s.Assigned, Available: s.Available(), Cooling: a.store.Cooling(at),
			Short: model.Short(s, a.settings), Over: model.Over(s, a.settings),
		}, s}
	}
	low, why := model.TooLow(s, a.settings, l)
	high, whyHigh := model.TooHigh(s, a.settings)
	switch {
	case low:
		if blocked := a.blocked(at); blocked != "" {
			return say(skips, model.RuleGrow, blocked)
		}
		if a.room() == 0 && !a.store.HasGrowCandidate(a.settings, l) {
			return say(skips, model.RuleGrow, model.ReasonNoRoom)
		}
		return say(grows, model.RuleTooLow, why)
	case !high:
		return say(skips, model.RuleTooLow, why)
	case a.settings.NoProvisioning:
		return say(skips, model.RuleShrink, model.ReasonProvisioningDisabled)
	case at.Sub(a.lastShrink) <= model.ShrinkInterval:
		return say(skips, model.RuleShrink, model.ReasonShrinkInterval)
	}
	return say(shrinks, model.RuleTooHigh, whyHigh)
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
func (a *agent) keeps(e *model.StoreENI, at model.Instant) (pool model.Reason, own []model.Kept) {
	own = a.store.ENIKept(e, at, a.settings)
	if why := a.suspended(); why != "" {
		return why, own
	}
	if !model.MayFreeENI(a.store.Stats(), a.settings, a.limits(), a.store.HasUnusedENI()) {
		return model.ReasonThreshold, own
	}
	return "", own
}

// frees are the ENIs of which a check at the instant frees one, by device number;
// which is the agent's chance.
func (a *agent) frees(at model.Instant) []*model.StoreENI {
	var out []*model.StoreENI
	for _, e := range a.store.ENIs() {
		if pool, own := a.keeps(e, at); pool == "" && len(own) == 0 {
			out = append(out, e)
		}
	}
	return out
}
