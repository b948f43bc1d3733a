package explain

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/rules"
)

// because says with its numbers why a check decides as it does.
func (a *agent) because(v verdict, at model.Instant) string {
	st, l := a.settings, a.limits()
	d := v.PoolDecision
	switch v.Rule {
	case model.RuleTooLow:
		return a.becauseLow(v)
	case model.RuleTooHigh:
		if st.DefinesIPs() {
			return fmt.Sprintf("%s over: %s", a.blocks(d.Over), a.targets(v))
		}
		return fmt.Sprintf("%s free, WARM_PREFIX_TARGET=%d", view.Count(v.stats.FreePrefixes, "prefix"), st.WarmPrefixTarget)
	case model.RuleGrow:
		return a.becauseBlocked(v, at)
	case model.RuleShrink:
		if v.Reason == model.ReasonShrinkInterval {
			return fmt.Sprintf("there is too much, but the last shrink ended at %s, and more than %s must pass", view.Instant(a.lastShrink), model.ShrinkInterval)
		}
		return "there is too much, but the agent may not call EC2"
	case model.RuleFreeENI:
		if st.DefinesIPs() {
			return "no pod is on it, nothing of it cools, and no target needs it"
		}
		if d.Available >= model.FreeThreshold(st, l) {
			return fmt.Sprintf("no pod is on it, and available %d ≥ %s", d.Available, a.threshold())
		}
		return "no pod is on it, which is enough in prefix mode"
	}
	return string(v.Reason)
}

// threshold is the formula of model.FreeThreshold.
func (a *agent) threshold() string {
	st, l := a.settings, a.limits()
	if st.PrefixDelegation {
		return fmt.Sprintf("(WARM_PREFIX_TARGET %d + 1) × 16 × %d slots = %d", st.WarmPrefixTarget, l.Slots, model.FreeThreshold(st, l))
	}
	return fmt.Sprintf("(WARM_ENI_TARGET %d + 1) × %d slots = %d", st.WarmENITarget, l.Slots, model.FreeThreshold(st, l))
}

// blocks counts what the mode deals in.
func (a *agent) blocks(n int) string {
	if a.settings.PrefixDelegation {
		return view.Count(n, "prefix")
	}
	return view.Count(n, "address")
}

// targets compares the pool with the IP targets.
func (a *agent) targets(v verdict) string {
	var out []string
	compare := func(name string, have, want int, what string) {
		sign := "≥"
		if have < want {
			sign = "<"
		}
		out = append(out, fmt.Sprintf("%s %d %s %s %d", what, have, sign, name, want))
	}
	if a.settings.WarmIPTarget != 0 {
		compare("WARM_IP_TARGET", v.Available, a.settings.WarmIPTarget, "available")
	}
	if a.settings.MinimumIPTarget != 0 {
		compare("MINIMUM_IP_TARGET", v.Total, a.settings.MinimumIPTarget, "total")
	}
	return strings.Join(out, ", ")
}

func (a *agent) becauseLow(v verdict) string {
	st, l := a.settings, a.limits()
	target := func(sign string) string {
		if st.PrefixDelegation {
			return fmt.Sprintf("available %d %s WARM_PREFIX_TARGET %d × 16 = %d", v.Available, sign, st.WarmPrefixTarget, model.PrefixSize*st.WarmPrefixTarget)
		}
		return fmt.Sprintf("available %d %s WARM_ENI_TARGET %d × %d slots = %d", v.Available, sign, st.WarmENITarget, l.Slots, st.WarmENITarget*l.Slots)
	}
	switch v.Reason {
	case model.ReasonMaxPods:
		return fmt.Sprintf("total %d ≥ max-pods %d: it grows no further, whatever the targets say", v.Total, l.MaxPods)
	case model.ReasonWarmIPTarget, model.ReasonMinimumIPTarget:
		return fmt.Sprintf("%s short: %s", a.blocks(v.Short), a.targets(v))
	case model.ReasonPoolEmpty:
		if st.PrefixDelegation {
			return "available 0, and WARM_PREFIX_TARGET is 0"
		}
		return "available 0, and WARM_ENI_TARGET is 0"
	case model.ReasonEnough:
		text := target("≥")
		if st.DefinesIPs() {
			text = a.targets(v)
		}
		if v.Cooling > 0 {
			text += fmt.Sprintf("; the %d that cool count as available", v.Cooling)
		}
		return text
	}
	return target("<")
}

func (a *agent) becauseBlocked(v verdict, at model.Instant) string {
	need := a.need(v)
	switch v.Reason {
	case model.ReasonBackoff:
		until := a.backoff.Add(model.BackoffPeriod)
		next := a.nextCheck(max(at, until))
		return fmt.Sprintf("%s, but a subnet was full at %s: no request up to %s, so the check at %s asks again", need, view.Instant(a.backoff), view.Instant(until), view.Instant(next))
	case model.ReasonNoRoom:
		return fmt.Sprintf("%s, but %s", need, a.noRoom())
	case model.ReasonCordoned:
		return need + ", but the node is cordoned and AWS_MANAGE_ENIS_NON_SCHEDULABLE is off"
	}
	return need + ", but DISABLE_NETWORK_RESOURCE_PROVISIONING or ENABLE_IMDS_ONLY_MODE is on"
}

// need says why the pool is too low, where something stops the growth.
func (a *agent) need(v verdict) string {
	if low, why := model.TooLow(v.stats, a.settings, a.limits()); low {
		v.Rule, v.Reason = model.RuleTooLow, why
		return a.becauseLow(v)
	}
	return "more is needed"
}

// noRoom says what keeps the node from another ENI.
func (a *agent) noRoom() string {
	have := len(a.store.ENIs())
	text := fmt.Sprintf("%d of %d ENIs are there, and no slot of theirs is empty", have, a.maxENI())
	switch {
	case a.settings.MaxENI > 0 && a.maxENI() < a.launched.MaxENIs:
		text += fmt.Sprintf(" (MAX_ENI; the type allows %d)", a.launched.MaxENIs)
	case a.settings.CustomNetworking:
		text += "; with custom networking the primary ENI serves no pods"
	}
	if a.keepsSlot() && !a.store.HasTrunk() {
		text += "; a place is kept for the trunk"
	} else if a.store.HasTrunk() && !a.settings.TrunkServes() {
		text += "; the trunk serves no ordinary pods"
	}
	return text
}

// does says what a check does.
func (a *agent) does(v verdict) string {
	switch v.act {
	case grows:
		n := model.GrowCount(v.stats, a.settings, a.limits())
		candidates := a.store.GrowCandidates(a.settings, a.limits(), nil)
		if len(candidates) == 1 {
			e := candidates[0]
			return fmt.Sprintf("asks EC2 for %s on eni%d", a.blocks(min(n, a.limits().Slots-e.BlockCount())), e.Device)
		}
		if len(candidates) > 1 { // which of them is the agent's chance
			return fmt.Sprintf("asks EC2 for up to %s on one of the %d ENIs with empty slots", a.blocks(min(n, a.limits().Slots)), len(candidates))
		}
		return fmt.Sprintf("asks EC2 for a new ENI with %s", a.blocks(min(n, a.limits().Slots)))
	case shrinks:
		return "gives back " + a.blocks(model.ShrinkCount(v.stats, a.settings))
	}
	switch v.Rule {
	case model.RuleGrow:
		return "does not grow the pool, though it is too low"
	case model.RuleShrink:
		return "gives nothing back yet"
	}
	return "does not grow the pool"
}

// foresees tells what the next check does, and when, if nothing changes before
// it.
func (a *agent) foresees(at model.Instant) (v verdict, when model.Instant, text string) {
	when = a.nextCheck(at)
	v = a.decide(when)
	text = fmt.Sprintf("%s: %s%s", a.does(v), a.because(v, when), a.lastRefusal(v))
	return v, when, text
}

// nextFact tells of the next check, or of the one that is under way.
func (a *agent) nextFact(at model.Instant) view.Fact {
	v, when, text := a.foresees(at)
	if call := a.busy(); call != "" {
		return view.Fact{Name: "now", Text: underWay(call) + "; the next is 5 s after that"}
	}
	return view.Fact{Name: view.Instant(when), Text: "the next check " + text, Rule: rules.Decision(v.Rule, v.Reason)}
}

// underWay says what a check waits for.
func underWay(call sim.Action) string { return fmt.Sprintf("a check is under way, at its %s", call) }

// lastRefusal says that EC2 refused the last request of the kind, empty if it did
// not.
func (a *agent) lastRefusal(v verdict) string {
	if v.act != grows || a.refused == nil {
		return ""
	}
	return fmt.Sprintf(". EC2 refused the last such request: %s", a.refused.Error)
}

// keepsAll says why a check gives no single addresses or prefixes back, empty if
// it does.
func (a *agent) keepsAll(v verdict) string {
	st := a.settings
	high, _ := model.TooHigh(v.stats, st)
	switch {
	case high:
		return ""
	case st.DefinesIPs():
		return fmt.Sprintf("nothing is too much: %s, %s over", a.targets(v), a.blocks(v.Over))
	case st.PrefixDelegation:
		return fmt.Sprintf("nothing is too much: %s free ≤ WARM_PREFIX_TARGET %d", view.Count(v.stats.FreePrefixes, "prefix"), st.WarmPrefixTarget)
	}
	return "never single addresses: only IP targets and prefix mode give those back. Whole ENIs: see each"
}

// poolOf are the numbers of a decision.
func poolOf(d sim.PoolDecision) *view.PoolExplanation {
	return &view.PoolExplanation{Total: d.Total, Assigned: d.Assigned, Available: d.Available, Cooling: d.Cooling, Short: d.Short, Over: d.Over}
}

// kept says why an ENI stays.
func kept(k model.Kept) string {
	switch k.Reason {
	case model.ReasonPrimary:
		return "it is the primary ENI"
	case model.ReasonTrunk:
		return "it is the trunk: branch ENIs hang off it"
	case model.ReasonPods:
		return fmt.Sprintf("pods hold %s of it", view.Count(k.Have, "address"))
	case model.ReasonMinAge:
		return fmt.Sprintf("it is less than %s old, until %s", view.Duration(model.ENIMinAge), view.Instant(k.Until+1))
	case model.ReasonCooling:
		return fmt.Sprintf("%s of it cool, the last until %s", view.Count(k.Have, "address"), view.Instant(k.Until))
	case model.ReasonWarmIPTarget:
		return fmt.Sprintf("without it %d addresses are available, and WARM_IP_TARGET needs %d", k.Have, k.Want)
	case model.ReasonMinimumIPTarget:
		return fmt.Sprintf("without it there are %d addresses, and MINIMUM_IP_TARGET needs %d", k.Have, k.Want)
	}
	return fmt.Sprintf("without it %d prefixes are free, and WARM_PREFIX_TARGET needs %d", k.Have, k.Want)
}

// keptByPool says why no ENI of the node goes.
func (a *agent) keptByPool(why model.Reason) string {
	switch why {
	case model.ReasonThreshold:
		return fmt.Sprintf("checks free no ENI: available %d < %s", a.store.Stats().Available(), a.threshold())
	case model.ReasonCordoned:
		return "a cordoned node frees no ENI"
	}
	return "the agent may not call EC2"
}

// cite adds the rules that the explanation names, each once, in the order of
// their naming.
func cite(x *view.Explanation) {
	seen := map[string]bool{}
	add := func(id string) {
		if r, ok := rules.Find(id); ok && !seen[id] {
			seen[id] = true
			x.Rules = append(x.Rules, r)
		}
	}
	if x.Cause != nil {
		add(x.Cause.Rule)
	}
	for _, l := range x.Chain {
		add(l.Rule)
	}
	for _, f := range append(append([]view.Fact{}, x.State...), x.Next...) {
		add(f.Rule)
	}
}
