package explain

import (
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// settle takes the cause from the episode that has begun with the failure.
func (ps *podStory) settle() {
	if ps.unsettled < 0 || ps.cause == nil {
		return
	}
	if c := ps.causeOf(ps.cause.Kind); c != nil {
		c.Message = ps.cause.Message
		refineUnplaced(c)
		ps.cause, ps.past = c, c
		if last := len(ps.spells) - 1; last >= 0 {
			ps.spells[last].cause = c
		}
		ps.x.Chain[ps.unsettled].Rule = c.Rule
		ps.unsettled = -1
	}
}

// fail remembers what the pod waits for.
func (ps *podStory) fail(kind sim.Kind, message, reason string) {
	ps.failed++
	last := len(ps.spells) - 1
	if last >= 0 && ps.spells[last].kind != kind {
		ps.spells[last].until = min(ps.spells[last].until, ps.now)
	}
	if kind == "" {
		ps.cause = nil
		return
	}
	if last < 0 || ps.spells[last].kind != kind {
		ps.spells = append(ps.spells, spell{kind: kind, from: ps.now, until: model.Never})
	}
	ps.cause = ps.causeOf(kind)
	if ps.cause == nil {
		ps.cause = &view.Cause{Kind: kind, Reason: reason, Rule: rules.Exhaustion(kind, reason, "")}
	}
	ps.cause.Message = message
	refineUnplaced(ps.cause)
	ps.past = ps.cause
	ps.spells[len(ps.spells)-1].cause = ps.cause
}

// refineUnplaced makes the cause's reason that of this pod's message, where the
// pod names a node: the episode of the cluster has that of its first pod.
func refineUnplaced(c *view.Cause) {
	reason := c.Reason
	switch named := strings.HasSuffix(c.Message, "not found"); {
	case c.Kind != sim.KindMisconfig || c.Scope != "cluster":
		return
	case named:
		reason = "no-such-node"
	case reason == "no-such-node":
		reason = "no-match"
	}
	if reason != c.Reason {
		c.Reason, c.Remedy, c.Numbers = reason, "", nil
		c.Rule = rules.Exhaustion(c.Kind, reason, "")
	}
}

// causeOf is the open episode of a kind that the pod waits for: its node's own,
// or that of the subnet that refused the node last, or else the youngest of a
// subnet or the cluster.
func (ps *podStory) causeOf(kind sim.Kind) *view.Cause {
	var found *replay.Episode
	rank := 0
	for _, ep := range ps.state.Episodes {
		if ep.Kind != kind || !ep.Open() {
			continue
		}
		r := 1
		switch {
		case ep.Scope == "node" && ep.Name == string(ps.node):
			r = 3
		case ep.Scope == "node":
			continue
		case ep.Name == string(ps.refusedBy()) && ep.Scope == "subnet":
			r = 2
		}
		if r >= rank {
			found, rank = ep, r
		}
	}
	if found == nil {
		return nil
	}
	c := view.CauseOf(found)
	ps.reblame(c)
	return c
}

// refusedBy is the subnet that refused the node's pool last; empty: none.
func (ps *podStory) refusedBy() model.SubnetID {
	if ps.agent == nil {
		return ""
	}
	if p := ps.agent.pool(ps.card); p != nil && p.refused != nil {
		return p.refused.Subnet
	}
	return ""
}

// refine makes the cause's reason that of this pod's failure: an episode has that
// of the failure with which it began.
func (ps *podStory) refine(v verdict) {
	if ps.cause == nil {
		return
	}
	reason := ps.cause.Reason
	switch {
	case ps.cause.Fault > 0:
		return
	case ps.cause.Kind == sim.KindWarmPoolLag && v.act == grows:
		reason = string(v.Reason)
	case ps.cause.Kind != sim.KindMisconfig || v.act != skips:
	case v.Rule == model.RuleTooLow && v.Reason == model.ReasonMaxPods:
		reason = "max-pods-cap"
	case v.Rule == model.RuleGrow && (v.Reason == model.ReasonCordoned || v.Reason == model.ReasonProvisioningDisabled):
		reason = string(v.Reason)
	}
	if reason != ps.cause.Reason && ps.cause.Kind == sim.KindMisconfig {
		ps.cause.Remedy, ps.cause.Numbers = "", nil
	}
	ps.cause.Reason = reason
	ps.cause.Rule = rules.Exhaustion(ps.cause.Kind, reason, ps.cause.CappedBy)
}
