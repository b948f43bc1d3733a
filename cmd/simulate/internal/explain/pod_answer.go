package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// podWords are what the platform calls things.
type podWords struct{ pod, node, creating string }

func (ps *podStory) words() podWords {
	if ps.tasks {
		return podWords{"task", "container instance", "PROVISIONING"}
	}
	return podWords{"pod", "node", string(replay.ContainerCreating)}
}

// finish answers.
func (ps *podStory) finish() *view.Explanation {
	ps.settle()
	ps.amend(ps.at)
	x := ps.x
	x.Subject = view.Subject{Kind: ps.words().pod, Name: string(ps.life.pod), AtMs: ps.at}
	if ps.bound != model.Never {
		x.Subject.Node = ps.node
	}
	x.Answer = ps.answer()
	if x.Cause = ps.cause; !ps.stuck() && ps.past != nil {
		x.Cause = ps.past
		x.Cause.Over = true
	}
	if ps.stuck() {
		ps.finishStuck()
	} else {
		ps.finishPast()
	}
	cite(x)
	if x.Cause != nil && (x.Cause.Fault > 0 || x.Cause.Rule == string(sim.KindMisconfig)) {
		if r, ok := rules.Find(rules.Refusal(model.ErrorCode(x.Cause.Reason))); ok && !slices.Contains(x.Rules, r) {
			x.Rules = append(x.Rules, r)
		}
	}
	if x.Cause != nil && ps.bound == model.Never {
		x.Rules = append(x.Rules, rules.Filters(x.Cause.Message)...)
	}
	return x
}

// stuck reports whether the pod wants to run and has no node or no address.
func (ps *podStory) stuck() bool {
	return !ps.over && ps.deleted == model.Never && ps.gone == "" && (ps.bound == model.Never || ps.waits)
}

func (ps *podStory) answer() string {
	name := string(ps.life.pod)
	switch {
	case ps.stuck() && ps.bound == model.Never:
		return fmt.Sprintf("%s is Pending since %s%s. %s", name, view.Instant(ps.created), ps.still(ps.created), ps.causeText())
	case ps.stuck():
		return fmt.Sprintf("%s has no address: it waits in %s on %s since %s%s. %s", name, ps.words().creating, ps.node, view.Instant(ps.bound), ps.still(ps.bound), ps.causeText())
	case ps.over && ps.address == "" && !ps.hostNetwork:
		return fmt.Sprintf("%s %s at %s and never had an address. %s", name, ps.gone, view.Instant(ps.goneAt), ps.waited())
	case ps.hostNetwork && !ps.over:
		return fmt.Sprintf("%s shares the address of its %s, %s: it needs none of its own.", name, ps.words().node, ps.node)
	case ps.over:
		return strings.TrimSpace(fmt.Sprintf("%s %s at %s. %s", name, ps.gone, view.Instant(ps.goneAt), ps.waited()))
	}
	return fmt.Sprintf("%s has %s on %s of %s. %s", name, ps.address, ps.eni, ps.node, ps.waited())
}

// still says for how long, at the instant of the question.
func (ps *podStory) still(since model.Instant) string {
	if ps.at <= since {
		return ""
	}
	return fmt.Sprintf(", for %s", view.Duration(ps.at.Sub(since)))
}

// causeText says what the pod waits for.
func (ps *podStory) causeText() string {
	if ps.cause == nil {
		switch {
		case ps.branchAt != model.Never:
			return fmt.Sprintf("Its branch ENI is there since %s, and kubelet's next attempt gives it to the pod: nothing is exhausted.", view.Instant(ps.branchAt))
		case ps.branch:
			return "Its branch ENI is being made: nothing is exhausted."
		case ps.bound == model.Never && ps.failed > 0:
			return fmt.Sprintf("Nothing is exhausted: no %s that could take it is ready yet.", ps.words().node)
		case ps.bound == model.Never:
			return "Nothing has looked at it yet."
		}
		return "It has not been tried yet."
	}
	text := ps.causeSentence(ps.cause)
	if numbers := ps.numbers(); numbers != "" {
		text = fmt.Sprintf("%s: %s.", strings.TrimSuffix(text, "."), numbers)
	}
	if ps.dropped && ps.retry > ps.at {
		text += fmt.Sprintf(" Its request for a branch ENI was dropped, and nothing that comes free brings it back before %s.", view.Instant(ps.retry))
	}
	return text
}

func (ps *podStory) causeSentence(c *view.Cause) string {
	label := string(c.Kind)
	if narrower := cmp.Or(c.CappedBy, c.Reason); narrower != "" {
		label += ", " + narrower
	}
	if c.Fault > 0 {
		return faultSentence(c, label)
	}
	if refused := rules.Refusal(model.ErrorCode(c.Reason)); c.Rule == string(sim.KindMisconfig) && titleOf(refused) != "" {
		return fmt.Sprintf("EC2 refuses what the pod needs: %s (%s).", lower(titleOf(refused)), label)
	}
	return fmt.Sprintf("%s (%s).", titleOf(c.Rule), label)
}

// waited says how long the pod waited for its address, and for what.
func (ps *podStory) waited() string {
	until := ps.addressed
	if until == model.Never {
		until = ps.goneAt
	}
	var kinds []string
	for _, sp := range ps.spells {
		by := ""
		if sp.cause != nil && sp.cause.Fault > 0 {
			by = " (by a fault step of the scenario)"
		}
		kinds = append(kinds, fmt.Sprintf("%s%s for %s", sp.kind, by, view.Duration(min(sp.until, until).Sub(sp.from))))
	}
	switch {
	case ps.hostNetwork:
		return ""
	case ps.before:
		return "It had it when the run began."
	case len(kinds) == 0 && ps.addressed == ps.created:
		return "It never waited for one."
	case len(kinds) == 0:
		return fmt.Sprintf("It had it %s after it was created; nothing was exhausted.", view.Duration(until.Sub(ps.created)))
	case len(kinds) == 1:
		return fmt.Sprintf("It waited %s: %s", view.Duration(until.Sub(ps.created)), lower(ps.causeSentence(ps.past)))
	}
	return fmt.Sprintf("It waited %s: %s.", view.Duration(until.Sub(ps.created)), strings.Join(kinds, ", then "))
}

// finishPast tells what would have spared the pod its longest wait.
func (ps *podStory) finishPast() {
	until := min(ps.addressed, ps.goneAtOr(ps.at))
	var longest spell
	for _, sp := range ps.spells {
		if sp.until = min(sp.until, until); sp.cause != nil && (longest.cause == nil || sp.until.Sub(sp.from) > longest.until.Sub(longest.from)) {
			longest = sp
		}
	}
	if longest.cause != nil && longest.cause.Remedy != "" {
		ps.x.Next = append(ps.x.Next, view.Fact{Name: "to avoid it", Text: longest.cause.Remedy})
	}
}

func (ps *podStory) goneAtOr(at model.Instant) model.Instant {
	if ps.over {
		return ps.goneAt
	}
	return at
}

// lower begins a sentence that goes on.
func lower(text string) string {
	first, rest, _ := strings.Cut(text, " ")
	if strings.ToUpper(first) == first {
		return text // EC2, MAX_ENI
	}
	return strings.ToLower(first[:1]) + first[1:] + " " + rest
}

// shownNodes is how many nodes a Pending pod is told of.
const shownNodes = 5

// finishStuck tells what happens next, and what would help.
func (ps *podStory) finishStuck() {
	x := ps.x
	if ps.bound == model.Never {
		ps.showNodes()
	} else {
		ps.showPlace()
	}
	if ps.cause != nil && ps.cause.Remedy != "" {
		x.Next = append(x.Next, view.Fact{Name: "what helps", Text: ps.cause.Remedy})
	}
}

// showPlace tells what will be done where the pod waits.
func (ps *podStory) showPlace() {
	x, a := ps.x, ps.agent
	switch {
	case ps.branchAt != model.Never:
	case ps.branch:
		if ps.retry > ps.at {
			again := view.Fact{Name: view.Instant(ps.retry), Text: "the resource controller looks at its request again", Rule: rules.Refusal(sim.ErrAtCapacity)}
			if ps.dropped {
				again.Text, again.Rule = again.Text+", in its pass over all pods", rules.Dropped
			}
			x.Next = append(x.Next, again)
		}
		x.State = append(x.State, ps.queueFacts(ps.at)...)
	case a == nil:
	case a.windows():
		if again := windowsAgain(ps.cause); again != "" {
			x.Next = append(x.Next, view.Fact{Name: "until then", Text: again, Rule: string(model.RuleWindows)})
		}
		ps.addFirstCooled(ps.at, 0)
	case a.checks() && a.up:
		x.Next = append(x.Next, a.pool(ps.card).nextFact(ps.at))
		ps.addFirstCooled(ps.at, ps.card)
	}
}

// showNodes tells how full the nodes are.
func (ps *podStory) showNodes() {
	shown := 0
	for _, n := range ps.state.Nodes {
		if n.Gone() {
			continue
		}
		if shown++; shown > shownNodes {
			continue
		}
		t := n.Totals(ps.state.Now)
		text := fmt.Sprintf("%d of %d pods", n.Bound()+n.Launched.SystemPods, n.Launched.MaxPods)
		if !n.Config.Settings.IPv6 {
			text += fmt.Sprintf(", %s of %s free", view.Number(t.Free()), view.Count(t.Total, "address"))
		}
		if ps.tasks {
			text = fmt.Sprintf("%d of %s taken", t.Total, view.Count(n.Launched.TaskENIs, "task ENI"))
		}
		if n.Launched.BranchENIs > 0 && n.Trunk.ENI != "" {
			text += fmt.Sprintf(", %d of %s", n.BranchCount().Counted(), view.Count(n.Launched.BranchENIs, "branch ENI"))
		}
		if n.Cordoned {
			text += ", cordoned"
		}
		if !n.Ready {
			text += ", not ready"
		}
		rule := ""
		if ps.cause != nil && ps.cause.Kind == sim.KindNoTrunk && n.Trunk.AttachedAt == model.Never {
			f := ps.trunkFact(n)
			if !n.Config.Settings.PodENI {
				f = view.Fact{Text: "none: ENABLE_POD_ENI is off"}
			}
			text, rule = text+"; trunk ENI: "+f.Text, f.Rule
		}
		ps.x.State = append(ps.x.State, view.Fact{Name: string(n.Name), Text: text, Rule: rule})
	}
	if more := shown - shownNodes; more > 0 {
		ps.x.State = append(ps.x.State, view.Fact{Name: "…", Text: fmt.Sprintf("and %s more", view.Number(more))})
	}
}
