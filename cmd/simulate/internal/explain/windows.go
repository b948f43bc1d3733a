package explain

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/rules"
)

// The pool of a Windows node is the resource controller's. Its decisions are in
// the log; what it does next depends on pods that have an address and are not
// set up yet, which the log does not tell, so that it is not foreseen.

// windowsOS is the operating system of a Windows node in the log.
const windowsOS = "windows"

// windows reports whether the node's pool is the resource controller's.
func (a *agent) windows() bool { return a.started() && a.launched.OS == windowsOS }

// windowsCapacity is the most addresses that a Windows node can have.
func (a *agent) windowsCapacity() int {
	return model.WindowsCapacity(model.InstanceType{IPv4PerENI: a.launched.SlotsPerENI + 1}, a.settings.PrefixDelegation)
}

// windowsBlocks counts, in blocks of the mode that is on, what the controller asks for or gives back.
func (st *story) windowsBlocks(n int) string {
	if st.agent != nil && st.agent.settings.PrefixDelegation {
		return view.Count(n, "prefix")
	}
	return view.Count(n, "address")
}

// windowsBecause says with its numbers why the controller decides as it does.
func (st *story) windowsBecause(v verdict) string {
	if st.agent == nil {
		return titleOf(rules.Decision(v.Rule, v.Reason))
	}
	s := st.agent.settings
	if v.Reason == model.ReasonModeToggled {
		return fmt.Sprintf("%s of the mode that is off, free and no longer cooling: its pool drains", view.Count(v.Over, map[bool]string{true: "address", false: "prefix"}[s.PrefixDelegation]))
	}
	amount := st.windowsBlocks(v.Short) + " short"
	if v.Over > 0 {
		amount = st.windowsBlocks(v.Over) + " over"
	}
	off := v.Short - v.Over
	switch {
	case v.Reason == model.ReasonWarmPrefixTarget:
		return fmt.Sprintf("%s: free prefixes %d, windows-warm-prefix-target %d", amount, s.WarmPrefixTarget-off, s.WarmPrefixTarget)
	case s.PrefixDelegation:
		return fmt.Sprintf("%s: the targets want windows-warm-ip-target %d beside the pods' addresses and windows-minimum-ip-target %d in all, in whole prefixes of 16", amount, s.WarmIPTarget, s.MinimumIPTarget)
	case v.Reason == model.ReasonWarmIPTarget:
		return fmt.Sprintf("%s: warm or on their way %d, windows-warm-ip-target %d", amount, s.WarmIPTarget-off, s.WarmIPTarget)
	}
	return fmt.Sprintf("%s: there or on their way %d, windows-minimum-ip-target %d", amount, s.MinimumIPTarget-off, s.MinimumIPTarget)
}

// windowsFull says how much of what the node can have it has.
func (a *agent) windowsFull() string {
	p := a.pools[0]
	return fmt.Sprintf("%d of %d that its one ENI can have", p.store.Stats().Total, a.windowsCapacity())
}

// finishWindows tells how the pool stands against its targets, and what can
// change it.
func (ns *nodeStory) finishWindows() {
	x, a := ns.x, ns.agent
	s := a.settings
	targets := []string{fmt.Sprintf("windows-warm-ip-target %d", s.WarmIPTarget), fmt.Sprintf("windows-minimum-ip-target %d", s.MinimumIPTarget)}
	if s.PrefixDelegation && s.WarmPrefixTarget > 0 {
		targets = []string{fmt.Sprintf("windows-warm-prefix-target %d", s.WarmPrefixTarget)}
	}
	x.State = append(x.State,
		view.Fact{Name: "targets", Text: strings.Join(targets, ", "), Rule: string(model.RuleWindows)},
		view.Fact{Name: "capacity", Text: a.windowsFull() + "; a Windows node gets no second ENI", Rule: "eni-limit/" + string(model.WindowsAtCapacity)})
	full := a.pools[0].store.Stats().Total >= a.windowsCapacity()
	switch {
	case full && ns.state.Node(ns.node).Totals(ns.at).Assigned >= a.windowsCapacity():
		x.Answer += fmt.Sprintf(" The resource controller can't make it larger: it has %s, and pods hold them all.", a.windowsFull())
	case full:
		x.Answer += fmt.Sprintf(" The resource controller can't make it larger: it has %s.", a.windowsFull())
	default:
		x.Answer += fmt.Sprintf(" The resource controller keeps it (%s); it looks at it when a pod comes or goes.", strings.Join(targets, ", "))
	}
	ns.addFirstCooled(ns.at, 0)
}

// windowsAgain is when the controller looks again at a pod that waits for an
// address of a Windows node. Source: observed in the resource controller v1.8.0.
func windowsAgain(c *view.Cause) string {
	switch {
	case c == nil:
		return ""
	case c.Reason == string(model.WindowsAtCapacity):
		return "the controller looks at the pod again at its next resync only, up to 30 min later"
	case c.Reason == string(model.WindowsCoolingDown):
		return "the controller looks at the pod again every 20 s"
	case c.Kind == sim.KindPrefixFragmentation || c.Reason == string(model.InsufficientCidrBlocks):
		return "the controller looks at the pod again every 2 min"
	case c.Kind == sim.KindWarmPoolLag || c.Kind == sim.KindSubnetIPs:
		return "the controller looks at the pod again every 600 ms"
	}
	return ""
}
