package explain

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// The clean-ups of the agent and of the resource controller, whose next is foreseen
// for an ENI that has leaked. Sources: see the rules clean-up/agent and
// clean-up/controller.
const (
	agentCleanDelay  = 299 * time.Second // each comes up to this much later, in whole seconds
	agentCleanPeriod = time.Hour
	agentCleanMinAge = 5 * time.Minute
	controllerClean  = 30 * time.Minute
)

// cleanUps are when the clean-ups may run that look for leaked ENIs, as the log tells:
// those that find nothing leave no trace in it.
type cleanUps struct {
	agents     map[model.NodeName]agentCleanUps
	controller model.Instant // the resource controller's start
}

// agentCleanUps are those of an agent.
type agentCleanUps struct {
	at   model.Instant // a clean-up that was seen, or the agent's start
	seen bool
	up   bool // it has started, and goes on
	off  bool
}

func newCleanUps() cleanUps { return cleanUps{agents: map[model.NodeName]agentCleanUps{}} }

// apply folds an event. What has leaked only a clean-up asks EC2 to delete.
func (c *cleanUps) apply(e sim.Event, s *replay.State) {
	a := c.agents[e.Node]
	switch b := e.Body.(type) {
	case sim.AgentConfigured:
		a = agentCleanUps{at: e.At, off: b.Settings.KeepLeakedENIs || b.Settings.NoProvisioning}
	case sim.AgentStarted:
		a.up = true
	case sim.AgentExited:
		a.up = false
	case sim.NodeTerminated:
		delete(c.agents, e.Node)
		return
	case sim.ControllerRestarted:
		c.controller = e.At
		return
	case sim.EC2Call:
		if b.Action != sim.DeleteNetworkInterface || b.Attempt > 1 {
			return
		}
		if l, ok := s.Leak(b.ENI); !ok || l.Kind != model.ENISecondary {
			return
		}
		a.at, a.seen = e.At, true
	default:
		return
	}
	c.agents[e.Node] = a
}

// next is the first clean-up after an instant that may delete an ENI which could be
// deleted from another instant on: it comes within the span, both ends included. A node
// that lives looks after itself; what it has left when it is gone all others look for.
// Where none of them is up that is not known.
func (c *cleanUps) next(of *replay.Node, after, from model.Instant) (first, last model.Instant, ok bool) {
	for name, a := range c.agents { // the earliest, in whatever order
		if !a.up || a.off || name != of.Name && !of.Gone() {
			continue
		}
		f, l := a.next(after, from)
		if !ok {
			first, last, ok = f, l, true
		}
		first, last = min(first, f), min(last, l)
	}
	return first, last, ok
}

// next is the agent's own.
func (c agentCleanUps) next(after, from model.Instant) (first, last model.Instant) {
	first, last = c.at, c.at
	if c.seen {
		first, last = first.Add(agentCleanPeriod), last.Add(agentCleanPeriod)
	}
	last = last.Add(agentCleanDelay)
	for last <= after || last < from {
		first, last = first.Add(agentCleanPeriod), last.Add(agentCleanPeriod+agentCleanDelay)
	}
	if first < from { // one may have come too early, and the next comes an hour later
		last = max(last, from.Add(agentCleanPeriod+agentCleanDelay))
	}
	return max(first, after, from), last
}

// round is the resource controller's clean-up that deletes what is in nobody's use
// from an instant on: the second that sees it.
func (c *cleanUps) round(from model.Instant) model.Instant {
	period := model.Instant(controllerClean.Milliseconds())
	return c.controller + ((from-c.controller)/period+2)*period
}

// leakTold is what an ENI's story knows of its leak.
type leakTold struct {
	replay.Leak
	refusedAt model.Instant // the last refusal of a clean-up
	cleaned   model.Instant // when a clean-up's deletion began
	by        model.NodeName
}

// takeLeak tells once that the ENI has leaked. The state is the one before the event
// that comes next.
func (es *eniStory) takeLeak() {
	l, ok := es.state.Leak(es.life.id)
	if !ok {
		if es.leak != nil && es.leak.cleaned == model.Never && es.deletedAt == model.Never {
			es.leak = nil // somebody has it again
		}
		return
	}
	if es.leak == nil {
		es.leak = &leakTold{refusedAt: model.Never, cleaned: model.Never}
		es.add("", view.Link{
			AtMs: l.Since, What: fmt.Sprintf("has leaked: nobody uses it, and EC2 has it still, with %s of %s", view.Count(l.Addresses, "address"), l.Subnet),
			Why: titleOf(rules.Leak(string(l.Cause))), Rule: rules.Leak(string(l.Cause)),
		}.Bad())
	}
	es.leak.Leak = l
}

// takeCall tells what EC2 refuses to do with the ENI, and who asks for what.
func (es *eniStory) takeCall(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.EC2Call:
		if b.ENI != es.life.id || b.Action != sim.DeleteNetworkInterface || b.Error != "" {
			return
		}
		es.deleting = true
		if es.leak != nil {
			es.leak.cleaned, es.leak.by = e.At, e.Node
			id := rules.CleanUp(string(es.leak.CleanUp))
			es.add("", view.Link{AtMs: e.At, What: fmt.Sprintf("%s deletes it", es.cleaner()), Why: titleOf(id), Rule: id}.Good())
		}
	case sim.EC2Returned:
		if b.ENI != es.life.id {
			return
		}
		es.tellRefusal(e.At, b.CallFields)
		if b.Error == "" || b.Action == sim.DeleteNetworkInterface && b.Error == model.InvalidNetworkInterfaceIDNotFound && b.Fault == 0 {
			return
		}
		es.refusals = append(es.refusals, refusal{e.At, b.Action, b.Error})
		if es.leak != nil && b.Action == sim.DeleteNetworkInterface {
			es.leak.refusedAt = e.At
		}
	}
}

// refusal is a call about the ENI that EC2 refused.
type refusal struct {
	at     model.Instant
	action sim.Action
	code   model.ErrorCode
}

// refusedWords sums up what EC2 refused of the actions, how often and when; empty:
// nothing.
func (es *eniStory) refusedWords(actions ...sim.Action) string {
	var of []refusal
	for _, r := range es.refusals {
		for _, a := range actions {
			if r.action == a {
				of = append(of, r)
			}
		}
	}
	if len(of) == 0 {
		return ""
	}
	last := of[len(of)-1]
	if len(of) == 1 {
		return fmt.Sprintf("EC2 refused %s at %s (%s)", last.action, view.Instant(last.at), last.code)
	}
	what := fmt.Sprintf("%s %s times", last.action, view.Number(len(of)))
	for _, r := range of {
		if r.action != last.action {
			what = fmt.Sprintf("%s to take it away, the last of them %s,", view.Count(len(of), "call"), last.action)
			break
		}
	}
	return fmt.Sprintf("EC2 refused %s, from %s to %s (%s)", what, view.Instant(of[0].at), view.Instant(last.at), last.code)
}

// cleaner names who deletes what has leaked.
func (es *eniStory) cleaner() string {
	switch es.leak.CleanUp {
	case replay.CleanUpOthers:
		if by := es.leak.by; by != "" {
			return fmt.Sprintf("the clean-up of %s's agent", by)
		}
		return "the clean-up of another node's agent"
	case replay.CleanUpController:
		return "the resource controller's clean-up"
	case replay.CleanUpRestart:
		return "the resource controller"
	case replay.CleanUpECS:
		return "ECS"
	}
	return "the agent's clean-up"
}

// givesBack are the calls by which an agent gives an ENI back.
var givesBack = []sim.Action{sim.DescribeNetworkInterfaces, sim.DetachNetworkInterface, sim.DeleteNetworkInterface}

// takesAway are the calls that take an ENI away.
var takesAway = []sim.Action{sim.DeleteNetworkInterface, sim.DetachNetworkInterface, sim.DisassociateTrunkInterface}

// leakedWords says why the ENI leaked, in the answer.
func (es *eniStory) leakedWords() string {
	switch l := es.leak; l.Cause {
	case replay.LeakRefused, replay.LeakECS:
	case replay.LeakForgotten:
		return cmp.Or(es.refusedWords(sim.DeleteNetworkInterface), "its deletion failed") + ", and after three tries the resource controller forgot it"
	default:
		text := strings.TrimPrefix(view.LeakCause(es.state, l.Leak), "leaked as ")
		if refused := es.refusedWords(sim.DeleteNetworkInterface); refused != "" {
			text += "; a clean-up tried in vain: " + refused
		}
		return text
	}
	return es.refusedWords(takesAway...)
}

// finishLeaked tells of an ENI that has leaked, and when somebody deletes it.
func (es *eniStory) finishLeaked() {
	x, l := es.x, es.leak
	where := "It is attached to no instance"
	switch {
	case l.CleanUp == replay.CleanUpECS:
		where = "Its task has stopped"
	case l.Kind == model.ENIBranch:
		where = "No pod has it"
	}
	x.Answer += fmt.Sprintf(" At %s it has leaked: %s. %s, EC2 has it still, and it holds %s of subnet %s.", view.Instant(es.at), es.leakedWords(), where, view.Count(l.Addresses, "address"), l.Subnet)
	x.State = append(x.State,
		view.Fact{Name: "leaked", Text: fmt.Sprintf("since %s; EC2 created it at %s", view.Instant(l.Since), view.Instant(l.MadeAt)), Rule: rules.Leak(string(l.Cause))},
		view.Fact{Name: "holds", Text: fmt.Sprintf("%s of subnet %s%s", view.Count(l.Addresses, "address"), l.Subnet, es.vlanToo())})
	fate := view.LeakFate(es.state, l.Leak)
	id := rules.CleanUp(string(l.CleanUp))
	name, text := "clean-up", fate
	switch when := es.cleaned(); {
	case when != "":
		text += ": " + when
		x.Answer += fmt.Sprintf(" %s may delete it %s.", capital(es.cleaner()), when)
	default:
		x.Answer += " " + capital(fate) + "."
	}
	x.Next = append(x.Next, view.Fact{Name: name, Text: text, Rule: id})
}

// vlanToo says that a leaked branch keeps its VLAN id.
func (es *eniStory) vlanToo() string {
	if n := es.state.Node(es.life.node); n != nil && !n.Gone() {
		if br := n.Branch(es.life.id); br != nil && br.VLAN > 0 {
			return fmt.Sprintf(", and VLAN %d of the trunk until the resource controller restarts; it counts against the limit no longer", br.VLAN)
		}
	}
	return ""
}

// cleaned says when a clean-up may delete the ENI; empty: none does, or it is not
// known.
func (es *eniStory) cleaned() string {
	l := es.leak
	switch l.CleanUp {
	case replay.CleanUpAgent, replay.CleanUpOthers:
		from := max(l.Since, l.MadeAt.Add(agentCleanMinAge))
		if l.refusedAt != model.Never {
			from = max(from, l.refusedAt)
		}
		first, last, ok := es.cleans.next(es.state.Node(l.Node), es.at, from)
		if !ok {
			return "when the agent is up"
		}
		when := fmt.Sprintf("between %s and %s", view.Instant(first), view.Instant(last))
		if l.CleanUp == replay.CleanUpOthers {
			when += ", or that of a new node within 5 min of its start"
		}
		return when
	case replay.CleanUpController:
		from := l.Since
		if l.refusedAt != model.Never {
			from = max(from, l.refusedAt)
		}
		if at := es.cleans.round(from); at > es.at {
			return "at " + view.Instant(at)
		}
	}
	return ""
}

// wasLeaked tells in the answer of a leak that is over.
func (es *eniStory) wasLeaked() string {
	l := es.leak
	end := fmt.Sprintf("%s deleted it at %s", es.cleaner(), view.Instant(es.deletedAt))
	if l.cleaned == model.Never {
		end = fmt.Sprintf("the instance was terminated at %s (which here takes its trunk along; a real ENI that is not attached stays)", view.Instant(es.deletedAt))
	}
	return fmt.Sprintf(" It had leaked: %s. For %s nobody used it, and it held %s of subnet %s, until %s.",
		es.leakedWords(), view.Duration(min(l.cleaned, es.deletedAt).Sub(l.Since)), view.Count(l.Addresses, "address"), l.Subnet, end)
}

// capital begins a sentence with the text.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
