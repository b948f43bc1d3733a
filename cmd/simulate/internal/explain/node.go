package explain

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// nodeStory is how a node's pool stands at an instant, and why.
type nodeStory struct {
	*story
	at   model.Instant
	last map[string]view.Link // the last decision of each kind and network card
}

// frees is the kind of a decision to free an ENI.
const freesENI act = "free"

func explainNode(play Play, node model.NodeName, launched, at model.Instant) (*view.Explanation, error) {
	if at < launched {
		return nil, fmt.Errorf("%s is launched at %s: at %s it is not there yet", node, view.Instant(launched), view.Instant(at))
	}
	var ns *nodeStory
	s, err := told(play, func(e sim.Event, s *replay.State) error {
		if ns == nil {
			ns = &nodeStory{story: newStory(s, node), at: at, last: map[string]view.Link{}}
		}
		if e.At > at {
			return errCut
		}
		ns.take(e)
		ns.follow(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	ns.state = s
	ns.x.Scenario = view.NewExplanation(s).Scenario
	return ns.finish(), nil
}

// take tells what happened at the node, and remembers the last decision of each
// kind.
func (ns *nodeStory) take(e sim.Event) {
	if e.Node != ns.node {
		return
	}
	of := map[sim.EventType]act{sim.TypePoolGrow: grows, sim.TypePoolShrink: shrinks, sim.TypePoolSkip: skips, sim.TypePoolFree: freesENI}[e.Body.Type()]
	if of == "" {
		ns.tellNode(e)
		return
	}
	// A link of its own, not counted with others: the last counts.
	chain, links, same, grows := ns.x.Chain, ns.links, ns.same, ns.grows
	ns.x.Chain, ns.links, ns.same, ns.grows = nil, map[string][]int{}, nil, -1
	ns.tellNode(e)
	ns.last[lastOf(of, cardOf(e.Body))] = ns.x.Chain[0]
	ns.x.Chain, ns.links, ns.same, ns.grows = chain, links, same, grows
	ns.tellNode(e)
}

// onCard tells the facts of network cards above 0 apart.
func onCard(card int) string {
	if card == 0 {
		return ""
	}
	return fmt.Sprintf(" card%d", card)
}

// lastOf is the key of a decision.
func lastOf(of act, card int) string { return fmt.Sprint(of, " ", card) }

func (ns *nodeStory) finish() *view.Explanation {
	x := ns.x
	n := ns.state.Node(ns.node)
	x.Subject = view.Subject{Kind: "node", Name: string(ns.node), Node: ns.node, AtMs: ns.at}
	a := ns.agent
	switch {
	case n.Gone():
		x.Answer = fmt.Sprintf("%s is gone since %s: its instance was terminated.", ns.node, view.Instant(n.TerminatedAt))
	case !a.started() && ns.state.Started.Platform == sim.PlatformECS:
		ns.finishInstance(n)
	case !a.started():
		x.Answer = fmt.Sprintf("%s is launched, and its agent has not started yet.", ns.node)
	case a.settings.IPv6:
		x.Answer = fmt.Sprintf("%s has one /80 of IPv6 addresses, which no node can fill: there is no pool to grow or to shrink, and max-pods is %d.", ns.node, n.Launched.MaxPods)
	default:
		ns.finishPool(n)
	}
	ns.finishLeaks()
	ns.amend(ns.at)
	cite(x)
	return x
}

// finishLeaks tells what has leaked of the node's ENIs. On ECS, where a stopped task
// still has its ENI, the instance counts it as taken.
func (ns *nodeStory) finishLeaks() {
	enis, addresses := 0, 0
	for _, l := range ns.state.Leaks() {
		if l.Node == ns.node {
			enis, addresses = enis+1, addresses+l.Addresses
			ns.x.State = append(ns.x.State, leakFact(ns.state, l))
		}
	}
	if enis > 0 {
		ns.x.Answer += fmt.Sprintf(" %s that EC2 made for it and nobody uses %s %s.", view.Count(enis, "leaked ENI"), map[bool]string{true: "holds", false: "hold"}[enis == 1], view.Count(addresses, "address"))
	}
}

// leakFact tells of a leaked ENI in a line.
func leakFact(s *replay.State, l replay.Leak) view.Fact {
	return view.Fact{
		Name: "leaked",
		Text: fmt.Sprintf("%s (%s) holds %s of %s; at %s it %s; %s", l.ENI, l.Kind, view.Count(l.Addresses, "address"), l.Subnet, view.Instant(l.Since), view.LeakCause(s, l), view.LeakFate(s, l)),
		Rule: rules.Leak(string(l.Cause)),
	}
}

// finishInstance tells what a container instance of ECS can take, and why.
func (ns *nodeStory) finishInstance(n *replay.Node) {
	x, l := ns.x, n.Launched
	taken := n.Totals(ns.state.Now).Assigned
	x.Answer = fmt.Sprintf("%s has %d of %s taken. A container instance has no pool: each task in awsvpc mode has an ENI of its own.", ns.node, taken, view.Count(l.TaskENIs, "task ENI"))
	limit := view.Fact{Name: "limit", Text: fmt.Sprintf("%s: %d ENIs less the primary", l.InstanceType, l.MaxENIs), Rule: "eni-limit/awsvpcTrunking off"}
	if l.AWSVPCTrunking {
		limit = view.Fact{Name: "limit", Text: fmt.Sprintf("%s: %d by the table of task limits, as awsvpcTrunking was on at the launch", l.InstanceType, l.TaskENIs), Rule: "branch-limit/RESOURCE:ENI"}
	}
	x.State = append(x.State, limit)
	if taken >= l.TaskENIs {
		x.Answer += " No further such task fits: the service's event says RESOURCE:ENI. Tasks in bridge or host mode take none."
	}
	if n.NotReadyReason != "" {
		x.Answer += fmt.Sprintf(" It takes no tasks: %s.", n.NotReadyReason)
	}
	if n.Cordoned {
		x.Answer += " It is DRAINING: it takes no new tasks."
	}
}

// finishTrunk tells of the node's trunk and its branch ENIs.
func (ns *nodeStory) finishTrunk(n *replay.Node) {
	x := ns.x
	if ns.agent.settings.PodENI && (n.Trunk.ENI == "" || n.Trunk.AttachedAt == model.Never) {
		f := ns.trunkFact(n)
		x.State = append(x.State, f)
		x.Answer += " It has no trunk ENI: " + strings.TrimPrefix(f.Text, "none: ") + "."
		return
	}
	if len(n.Branches) == 0 {
		return
	}
	x.Answer += fmt.Sprintf(" Of its branch ENIs %s.", branchesOf(n))
	x.State = append(x.State, view.Fact{Name: "branches", Text: branchesOf(n)})
	x.State = append(x.State, ns.queueFacts(ns.at)...)
}

// trunkFact says why a node has no trunk ENI.
func (st *story) trunkFact(n *replay.Node) view.Fact {
	f := view.Fact{Name: "trunk", Text: "none: the agent has not asked for it, as no place for an ENI is free", Rule: "no-trunk/" + string(sim.ErrNoDevice)}
	switch code := n.Trunk.Error; {
	case code != "" && code == sim.ErrNoDevice, code == sim.ErrUnsupported, code == sim.ErrNoENIConfig:
		f = view.Fact{Name: "trunk", Text: "none: " + lower(titleOf(rules.Refusal(code))), Rule: rules.Refusal(code)}
	case code != "":
		why, rule := st.refusal(n.Name, code)
		f = view.Fact{Name: "trunk", Text: fmt.Sprintf("none: EC2 refused it (%s): %s", code, lower(why)), Rule: rule}
		if n.Trunk.Failures > 1 {
			f.Text = fmt.Sprintf("none: EC2 refused it %s times, last with %s: %s", view.Number(n.Trunk.Failures), code, lower(why))
		}
	case n.Trunk.SignalledAt != model.Never:
		f.Rule, f.Text = "", fmt.Sprintf("none: the agent asked for it at %s, and it is not attached yet", view.Instant(n.Trunk.SignalledAt))
	}
	return f
}

// finishFailed tells what helps a node whose agent can't start, where pods wait for
// that.
func (ns *nodeStory) finishFailed() {
	for _, ep := range ns.state.Episodes {
		if ep.Open() && ep.Reason == "start-up-failed" && strings.Contains(ep.Remedy, string(ns.node)) {
			ns.x.Next = append(ns.x.Next, view.Fact{Name: "what helps", Text: ep.Remedy, Rule: rules.Exhaustion(ep.Kind, ep.Reason, "")})
			return
		}
	}
}

// notUp says why the node's agent is not up, and since when.
func notUp(n *replay.Node) string {
	for i := len(n.History.Changes) - 1; i >= 0; i-- {
		if c := n.History.Changes[i]; c.Kind == replay.Restarted {
			return fmt.Sprintf("Its agent is not up: it was killed at %s, to start again.", view.Instant(c.At))
		}
	}
	return "Its agent is not up yet: its start-up is under way."
}

func (ns *nodeStory) finishPool(n *replay.Node) {
	x, a := ns.x, ns.agent
	x.Answer = fmt.Sprintf("%s at %s: %s.", ns.node, view.Instant(ns.at), ns.pools(n))
	x.State = append(x.State, view.Fact{Name: "pods", Text: fmt.Sprintf("%d of max-pods %d, %d of them the system's; waiting for an address: %d", n.Bound()+n.Launched.SystemPods, n.Launched.MaxPods, n.Launched.SystemPods, n.Waiting())})
	switch {
	case !a.up:
		x.Answer += " " + notUp(n)
		if n.ExitError != "" {
			x.Answer = fmt.Sprintf("%s is not ready: its agent can't start (%s).", ns.node, n.ExitError)
			ns.finishFailed()
		}
	case a.checks():
		ns.finishChecks()
	case a.windows():
		ns.finishWindows()
	}
	for _, p := range a.pools {
		for _, e := range p.store.ENIs() {
			x.State = append(x.State, ns.eniFact(p, e))
		}
	}
	ns.finishTrunk(n)
	for _, of := range []act{grows, shrinks, freesENI, skips} {
		for card := range a.pools {
			l, ok := ns.last[lastOf(of, card)]
			if !ok {
				continue
			}
			if p := a.pools[card]; of == grows && p.nowhere(ns.at) {
				l.What = p.vain(l.What)
			}
			x.State = append(x.State, view.Fact{Name: "last " + string(of) + onCard(card), Text: fmt.Sprintf("at %s %s: %s", view.Instant(l.AtMs), l.What, l.Why), Rule: l.Rule})
		}
	}
}

// pools are the numbers of the node's pools.
func (ns *nodeStory) pools(n *replay.Node) string {
	if len(ns.agent.pools) == 1 {
		return poolTotals(n.Totals(ns.at)).String()
	}
	var out []string
	for _, p := range ns.agent.pools {
		out = append(out, fmt.Sprintf("network card %d has %s", p.card, poolTotals(n.CardTotals(ns.at, p.card))))
	}
	return strings.Join(out, "; ")
}

// poolTotals are the numbers of a pool as replay has them.
func poolTotals(t replay.Totals) *view.PoolExplanation {
	return &view.PoolExplanation{Total: t.Total, Assigned: t.Assigned, Available: t.Available(), Cooling: t.Cooling}
}

// finishChecks tells what the next check does, pool after pool.
func (ns *nodeStory) finishChecks() {
	x, a := ns.x, ns.agent
	for _, p := range a.pools {
		if why := p.keepsAll(p.decide(a.nextCheck(ns.at))); why != "" {
			x.State = append(x.State, view.Fact{Name: "gives back" + onCard(p.card), Text: why, Rule: string(model.RuleTooHigh)})
		}
	}
	if call := a.busy(); call != "" {
		x.Next = append(x.Next, a.pools[0].nextFact(ns.at))
		x.Answer += fmt.Sprintf(" %s.", strings.ToUpper(underWay(call)[:1])+underWay(call)[1:])
		return
	}
	for i, p := range a.pools {
		_, next, text := p.foresees(ns.at)
		x.Next = append(x.Next, p.nextFact(ns.at))
		if i == 0 {
			x.Answer += fmt.Sprintf(" The check at %s %s.", view.Instant(next), text)
		} else {
			x.Answer += fmt.Sprintf(" It %s.", text)
		}
		ns.finishFrees(p, next)
	}
}

// finishFrees tells which ENI of the card the next check frees, if it frees one.
func (ns *nodeStory) finishFrees(p *pool, next model.Instant) {
	idle := p.frees(next)
	if len(idle) == 0 {
		return
	}
	which := eniName(idle[0].Card, idle[0].Device) + ", which nothing keeps"
	if len(idle) > 1 {
		which = fmt.Sprintf("one of the %d ENIs%s that nothing keeps", len(idle), p.ofCard())
	}
	ns.x.Answer += fmt.Sprintf(" It frees %s.", which)
	ns.x.Next = append(ns.x.Next, view.Fact{Name: view.Instant(next), Text: "it frees " + which, Rule: rules.Decision(model.RuleFreeENI, model.ReasonUnusedENI)})
}

// eniFact tells how an ENI is filled, and why it stays.
func (ns *nodeStory) eniFact(p *pool, e *model.StoreENI) view.Fact {
	a := ns.agent
	f := view.Fact{Name: eniName(e.Card, e.Device), Text: fmt.Sprintf("%d of %d slots filled, pods hold %s", e.BlockCount(), a.limits().Slots, view.Count(e.Held(), "address"))}
	if e.Kind == model.ENITrunk {
		f.Text = "the trunk"
	}
	if e.Excluded {
		f.Text += "; excluded: it serves no new pods"
	}
	if !a.checks() || !a.up {
		return f
	}
	pool, own := p.keeps(e, a.nextCheck(ns.at))
	switch {
	case len(own) > 0:
		f.Text += "; it stays: " + kept(own[0])
		f.Rule = rules.Decision(model.RuleFreeENI, own[0].Reason)
	case pool != "":
		f.Text += "; it stays: " + p.keptByPool(pool)
		f.Rule = rules.Decision(model.RuleFreeENI, pool)
	default:
		f.Text += "; nothing keeps it"
	}
	return f
}
