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
func (p *pool) because(v verdict, at model.Instant) string {
	st, l := p.settings, p.a.limits()
	d := v.PoolDecision
	switch v.Rule {
	case model.RuleTooLow:
		return p.becauseLow(v)
	case model.RuleTooHigh:
		if st.DefinesIPs() {
			return fmt.Sprintf("%s over: %s", p.blocks(d.Over), p.targets(v))
		}
		return fmt.Sprintf("%s free, WARM_PREFIX_TARGET=%d", view.Count(v.stats.FreePrefixes, "prefix"), st.WarmPrefixTarget)
	case model.RuleGrow:
		return p.becauseBlocked(v, at)
	case model.RuleShrink:
		switch v.Reason {
		case model.ReasonAllHeld:
			return fmt.Sprintf("%s over: %s, but pods are in every block", p.blocks(d.Over), p.targets(v))
		case model.ReasonShrinkInterval:
			return fmt.Sprintf("there is too much, but the last shrink ended at %s, and more than %s must pass", view.Instant(p.a.lastShrink), model.ShrinkInterval)
		}
		return "there is too much, but the agent may not call EC2"
	case model.RuleFreeENI:
		if st.DefinesIPs() {
			return "no pod is on it, nothing of it cools, and no target needs it"
		}
		if d.Available >= model.FreeThreshold(st, l) {
			return fmt.Sprintf("no pod is on it, and available %d ≥ %s", d.Available, p.threshold())
		}
		return "no pod is on it, which is enough in prefix mode"
	}
	return string(v.Reason)
}

// threshold is the formula of model.FreeThreshold.
func (p *pool) threshold() string {
	st, l := p.settings, p.a.limits()
	if st.PrefixDelegation {
		return fmt.Sprintf("(WARM_PREFIX_TARGET %d + 1) × 16 × %d slots = %d", st.WarmPrefixTarget, l.Slots, model.FreeThreshold(st, l))
	}
	return fmt.Sprintf("(WARM_ENI_TARGET %d + 1) × %d slots = %d", st.WarmENITarget, l.Slots, model.FreeThreshold(st, l))
}

// blocks counts what the mode deals in.
func (p *pool) blocks(n int) string {
	if p.settings.PrefixDelegation {
		return view.Count(n, "prefix")
	}
	return view.Count(n, "address")
}

// targets compares the pool with the IP targets. Those of network cards above 0
// are the agent's own.
func (p *pool) targets(v verdict) string {
	if p.card > 0 { // both are 1, and what is available is part of the total
		if v.Available < 1 {
			return "available 0 < 1, which a network card above 0 keeps warm whatever is set"
		}
		return fmt.Sprintf("available %d ≥ 1, which a network card above 0 keeps warm whatever is set", v.Available)
	}
	var out []string
	compare := func(name string, have, want int, what string) {
		sign := "≥"
		if have < want {
			sign = "<"
		}
		out = append(out, fmt.Sprintf("%s %d %s %s %d", what, have, sign, name, want))
	}
	if p.settings.WarmIPTarget != 0 {
		compare("WARM_IP_TARGET", v.Available, p.settings.WarmIPTarget, "available")
	}
	if p.settings.MinimumIPTarget != 0 {
		compare("MINIMUM_IP_TARGET", v.Total, p.settings.MinimumIPTarget, "total")
	}
	return strings.Join(out, ", ")
}

func (p *pool) becauseLow(v verdict) string {
	st, l := p.settings, p.a.limits()
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
		return fmt.Sprintf("%s short: %s", p.blocks(v.Short), p.targets(v))
	case model.ReasonPoolEmpty:
		if st.PrefixDelegation {
			return "available 0, and WARM_PREFIX_TARGET is 0"
		}
		return "available 0, and WARM_ENI_TARGET is 0"
	case model.ReasonEnough:
		text := target("≥")
		if st.DefinesIPs() {
			text = p.targets(v)
		}
		if v.Cooling > 0 {
			text += "; " + coolingCount(v.Cooling)
		}
		return text
	}
	return target("<")
}

// coolingCount reminds of cooling addresses.
func coolingCount(n int) string {
	if n == 1 {
		return "the 1 that cools counts as available"
	}
	return fmt.Sprintf("the %d that cool count as available", n)
}

func (p *pool) becauseBlocked(v verdict, at model.Instant) string {
	need := p.need(v)
	switch v.Reason {
	case model.ReasonBackoff:
		until := p.a.backoff.Add(model.BackoffPeriod)
		next := p.a.nextCheck(max(at, until))
		full := "a subnet was full"
		if p.refused != nil && p.refused.Fault > 0 {
			full = "a fault of the scenario called a subnet full"
		}
		return fmt.Sprintf("%s, but %s at %s: no request up to %s, so the check at %s asks again", need, full, view.Instant(p.a.backoff), view.Instant(until), view.Instant(next))
	case model.ReasonNoRoom:
		return fmt.Sprintf("%s, but %s", need, p.noRoom())
	case model.ReasonNoPause:
		return fmt.Sprintf("%s, but %s; %s tries on without a pause, which takes a CPU and brings no address", need, p.noRoom(), p.settings.Version)
	case model.ReasonCordoned:
		return need + ", but the node is cordoned and AWS_MANAGE_ENIS_NON_SCHEDULABLE is off"
	}
	return need + ", but DISABLE_NETWORK_RESOURCE_PROVISIONING or ENABLE_IMDS_ONLY_MODE is on"
}

// need says why the pool is too low, where something stops the growth.
func (p *pool) need(v verdict) string {
	if low, why := model.TooLow(v.stats, p.settings, p.a.limits()); low {
		v.Rule, v.Reason = model.RuleTooLow, why
		return p.becauseLow(v)
	}
	return "more is needed"
}

// noRoom says what keeps the node from another ENI.
func (p *pool) noRoom() string {
	have := len(p.store.ENIs())
	text := fmt.Sprintf("%d of %d ENIs are there, and no slot of theirs is empty", have, p.a.maxENI())
	switch {
	case p.settings.MaxENI > 0 && p.a.maxENI() < p.a.launched.MaxENIs:
		text += fmt.Sprintf(" (MAX_ENI; the type allows %d)", p.a.launched.MaxENIs)
	case p.settings.CustomNetworking:
		text += "; with custom networking the primary ENI serves no pods"
	}
	if p.card == 0 && p.a.keepsSlot() && !p.store.HasTrunk() {
		text += "; a place is kept for the trunk"
	} else if p.store.HasTrunk() && !p.settings.TrunkServes() {
		text += "; the trunk serves no ordinary pods"
	}
	return text
}

// freeable is how many blocks a shrink gives back that looks for so many: those
// in which no pod is. Of a network card above 0 the agent reckons with addresses
// where prefixes are meant, and looks for more than there are.
func (p *pool) freeable(count int) int {
	n, left := 0, count
	for _, e := range p.store.ENIs() {
		here := min(len(e.FreeableBlocks(nil)), left)
		n += here
		if p.settings.Version.Has(model.FeatureShrinkByNode) {
			left -= here
		}
	}
	return n
}

// does says what a check does.
func (p *pool) does(v verdict) string {
	switch v.act {
	case grows:
		n := model.GrowCount(v.stats, p.settings, p.a.limits())
		candidates := p.store.GrowCandidates(p.settings, p.a.limits(), nil)
		if len(candidates) == 1 {
			e := candidates[0]
			return fmt.Sprintf("asks EC2 for %s on %s", p.blocks(min(n, p.a.limits().Slots-e.BlockCount())), eniName(e.Card, e.Device))
		}
		if len(candidates) > 1 { // which of them is the agent's chance
			return fmt.Sprintf("asks EC2 for up to %s on one of the %d ENIs with empty slots", p.blocks(min(n, p.a.limits().Slots)), len(candidates))
		}
		if p.card > 0 {
			return fmt.Sprintf("asks EC2 for a new ENI with %s for network card %d", p.blocks(min(n, p.a.limits().Slots)), p.card)
		}
		return fmt.Sprintf("asks EC2 for a new ENI with %s", p.blocks(min(n, p.a.limits().Slots)))
	case shrinks:
		return "gives back " + p.blocks(p.freeable(model.ShrinkCount(v.stats, p.settings))) + p.ofCard()
	}
	switch v.Rule {
	case model.RuleGrow:
		return "does not grow the pool" + p.ofCard() + ", though it is too low"
	case model.RuleShrink:
		return "gives nothing" + p.ofCard() + " back yet"
	}
	return "does not grow the pool" + p.ofCard()
}

// ofCard says which pool it is, where it is not that of the default card.
func (p *pool) ofCard() string {
	if p.card == 0 {
		return ""
	}
	return fmt.Sprintf(" of network card %d", p.card)
}

// foresees tells what the next check does, and when, if nothing changes before
// it.
func (p *pool) foresees(at model.Instant) (v verdict, when model.Instant, text string) {
	when = p.a.nextCheck(at)
	v = p.decide(when)
	does := p.does(v)
	if v.act == grows && p.nowhere(at) {
		does = p.vain(does)
	}
	text = fmt.Sprintf("%s: %s%s", does, p.because(v, when), p.lastRefusal(v))
	return v, when, text
}

// nowhere reports whether the last check before an instant wanted a new ENI and made
// no call, as there is no place for one.
func (p *pool) nowhere(at model.Instant) bool {
	return at > p.grewAt && !p.asked && !p.store.HasGrowCandidate(p.settings, p.a.limits())
}

// asksFor begins what a check does that calls EC2.
const asksFor = "asks EC2 for "

// vain says so of a check that makes no call for want of a place.
func (p *pool) vain(does string) string {
	before, what, ok := strings.Cut(does, asksFor)
	if !ok {
		return does
	}
	why := "the tags of the zone's subnets allow none"
	if p.settings.CustomNetworking {
		why = "the node's ENIConfig does not exist"
	}
	return fmt.Sprintf("%swants %s and makes no call, as %s", before, what, why)
}

// nextFact tells of the next check, or of the one that is under way.
func (p *pool) nextFact(at model.Instant) view.Fact {
	v, when, text := p.foresees(at)
	if call := p.a.busy(); call != "" {
		return view.Fact{Name: "now", Text: underWay(call) + "; the next is 5 s after that"}
	}
	return view.Fact{Name: view.Instant(when), Text: "the next check " + text, Rule: rules.Decision(v.Rule, v.Reason)}
}

// underWay says what a check waits for.
func underWay(call sim.Action) string { return fmt.Sprintf("a check is under way, at its %s", call) }

// lastRefusal says that EC2 refused the last request of the kind, empty if it did
// not.
func (p *pool) lastRefusal(v verdict) string {
	if v.act != grows || p.refused == nil {
		return ""
	}
	by := ""
	if p.refused.Fault > 0 {
		by = ", by a fault of the scenario"
	}
	return fmt.Sprintf(". EC2 refused the last such request: %s%s", p.refused.Error, by)
}

// keepsAll says why a check gives no single addresses or prefixes back, empty if
// it does.
func (p *pool) keepsAll(v verdict) string {
	st := p.settings
	high, _ := model.TooHigh(v.stats, st)
	switch {
	case high:
		return ""
	case st.DefinesIPs():
		return fmt.Sprintf("nothing is too much: %s, %s over", p.targets(v), p.blocks(v.Over))
	case st.PrefixDelegation:
		return fmt.Sprintf("nothing is too much: %s free ≤ WARM_PREFIX_TARGET %d", view.Count(v.stats.FreePrefixes, "prefix"), st.WarmPrefixTarget)
	}
	return "never single addresses: only IP targets and prefix mode give those back. Whole ENIs: see each"
}

// poolOf are the numbers of a decision.
func poolOf(d sim.PoolDecision) *view.PoolExplanation {
	return &view.PoolExplanation{Card: d.Card, Total: d.Total, Assigned: d.Assigned, Available: d.Available, Cooling: d.Cooling, Short: d.Short, Over: d.Over}
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
func (p *pool) keptByPool(why model.Reason) string {
	switch why {
	case model.ReasonThreshold:
		return fmt.Sprintf("checks free no ENI: available %d < %s", p.store.Stats().Available(), p.threshold())
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
