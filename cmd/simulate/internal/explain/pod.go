package explain

import (
	"cmp"
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// podStory is the life of one pod or task, up to an instant.
type podStory struct {
	*story
	life life
	at   model.Instant

	lives       int // that the name has had so far
	over        bool
	created     model.Instant
	waits       bool // on a node, without address
	bound       model.Instant
	addressed   model.Instant
	unsettled   int // the link of a failure whose episode the log has after it; −1: none
	address     string
	eni         string
	failed      int
	branch      bool
	retry       model.Instant // when the controller looks at its request again; 0: not known
	cause       *view.Cause   // of the last failure
	past        *view.Cause   // likewise, also where nothing is exhausted any more
	kinds       []sim.Kind    // that it went through
	gone        string        // how it ended
	goneAt      model.Instant
	hostNetwork bool
	deleted     model.Instant
	tasks       bool
	card        int // the network card whose pool the pod waits for
}

// life is one existence of a name: a StatefulSet uses names again.
type life struct {
	pod   model.PodName
	n     int            // 0 for the first pod of the name
	node  model.NodeName // that it is on last; empty: none
	from  model.Instant
	until model.Instant // Never while it exists
	task  bool
}

func newPodStory(s *replay.State, l life, at model.Instant) *podStory {
	return &podStory{story: newStory(s, l.node), life: l, at: at, addressed: model.Never, bound: model.Never, deleted: model.Never, tasks: l.task, unsettled: -1}
}

// take tells an event, before it is applied to the state.
func (ps *podStory) take(e sim.Event) error {
	if e.At > ps.at {
		return errCut
	}
	ps.settle()
	pod, is := subjectOf(e.Body)
	switch {
	case is && pod == ps.life.pod:
		ps.count(e.Body)
		if ps.lives == ps.life.n+1 && !ps.over {
			ps.tell(e)
		}
	case e.Node == ps.node && ps.node != "" && ps.waits:
		ps.tellNode(e)
	}
	ps.follow(e)
	return nil
}

// count counts the pods of the name.
func (ps *podStory) count(b sim.Body) {
	switch b.(type) {
	case sim.PodCreated, sim.TaskCreated:
		ps.lives++
	}
}

// subjectOf is the pod or task that an event is about.
func subjectOf(b sim.Body) (model.PodName, bool) {
	switch b := b.(type) {
	case sim.PodCreated:
		return b.Pod, true
	case sim.PodBound:
		return b.Pod, true
	case sim.PodUnschedulable:
		return b.Pod, true
	case sim.PodSetupFailed:
		return b.Pod, true
	case sim.PodAddressed:
		return b.Pod, true
	case sim.PodReady:
		return b.Pod, true
	case sim.PodDeleted:
		return b.Pod, true
	case sim.PodReleased:
		return b.Pod, true
	case sim.PodCompleted:
		return b.Pod, true
	case sim.BranchRequested:
		return b.Pod, true
	case sim.BranchFailed:
		return b.Pod, true
	case sim.BranchCreated:
		return b.Pod, true
	case sim.TaskCreated:
		return b.Pod, true
	case sim.TaskPlaced:
		return b.Pod, true
	case sim.TaskUnplaceable:
		return b.Pod, true
	case sim.TaskFailed:
		return b.Pod, true
	case sim.TaskAddressed:
		return b.Pod, true
	case sim.TaskReady:
		return b.Pod, true
	case sim.TaskDeleted:
		return b.Pod, true
	case sim.TaskReleased:
		return b.Pod, true
	case sim.TaskCompleted:
		return b.Pod, true
	}
	return "", false
}

// tell tells an event about the pod.
func (ps *podStory) tell(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.PodCreated:
		ps.hostNetwork = b.HostNetwork
		ps.create(e.At, "created"+byWorkload(b.Workload))
	case sim.TaskCreated:
		ps.create(e.At, "wanted"+byWorkload(b.Workload)+", in "+string(b.NetworkMode)+" mode")
		ps.hostNetwork = b.NetworkMode != "awsvpc"
	case sim.PodBound:
		ps.bind(e, "bound to "+string(e.Node))
	case sim.TaskPlaced:
		ps.bind(e, "placed on "+string(e.Node))
	case sim.PodUnschedulable:
		ps.unplaced(e.At, b.Reason, b.Message, "")
	case sim.TaskUnplaceable:
		ps.unplaced(e.At, b.Reason, b.Message, string(b.Code))
	case sim.PodSetupFailed:
		ps.setupFailed(e, b)
	case sim.TaskFailed:
		ps.fail(b.Reason, b.Message, "")
		ps.waits, ps.bound = false, model.Never
		ps.add("fail/"+string(b.Reason), view.Link{
			AtMs: e.At, What: fmt.Sprintf("attempt %d fails: %s", b.Attempt, string(b.Reason)),
			Why: b.Message + fmt.Sprintf(". The service tries again at %s", view.Instant(b.RetryMs)), Rule: ps.cause.Rule,
		}.Bad())
	case sim.PodAddressed:
		ps.give(e, b)
	case sim.TaskAddressed:
		ps.address, ps.addressed, ps.waits = b.Address.String(), e.At, false
		ps.eni = fmt.Sprintf("a %s ENI", b.Kind)
		ps.add("", view.Link{AtMs: e.At, What: fmt.Sprintf("has %s on its %s ENI", b.Address, b.Kind), Why: fmt.Sprintf("attempt %d", b.Attempt)}.Good())
	case sim.BranchRequested:
		ps.branch = true
		ps.add("", view.Link{AtMs: e.At, What: "asks the resource controller for a branch ENI", Why: ps.branches(e.Node)})
	case sim.BranchFailed:
		why := titleOf(rules.Refusal(b.Error))
		if ps.retry = 0; b.RetryMs != nil {
			ps.retry = *b.RetryMs
		} else {
			why += "; the request is dropped until the pod's next event"
		}
		ps.add("branch/"+string(b.Error), view.Link{AtMs: e.At, What: "gets no branch ENI: " + string(b.Error), Why: why, Rule: rules.Refusal(b.Error)}.Bad())
	case sim.BranchCreated:
		ps.add("", view.Link{AtMs: e.At, What: fmt.Sprintf("has a branch ENI, VLAN %d", b.VLAN)}.Good())
	default:
		ps.tellEnd(e)
	}
}

// tellEnd tells how the pod becomes ready and goes.
func (ps *podStory) tellEnd(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.PodReady, sim.TaskReady:
		ps.add("", view.Link{AtMs: e.At, What: "runs"})
	case sim.PodDeleted, sim.TaskDeleted:
		ps.deleted = e.At
		ps.add("", view.Link{AtMs: e.At, What: "is deleted"})
		if ps.address == "" && !(ps.hostNetwork && ps.bound != model.Never) && (!ps.tasks || ps.bound == model.Never) {
			ps.end(e.At, "was deleted")
		}
	case sim.PodReleased:
		what := "is gone"
		why := ""
		if b.Address.IsValid() {
			what = "gives up " + b.Address.String()
			if b.CoolUntilMs != nil {
				why = fmt.Sprintf("the address cools until %s", view.Instant(*b.CoolUntilMs))
			}
		}
		ps.add("", view.Link{AtMs: e.At, What: what, Why: why})
		ps.end(e.At, endedBy(b.Reason))
	case sim.TaskReleased:
		ps.add("", view.Link{AtMs: e.At, What: "has stopped; its ENI is deleted"})
		ps.end(e.At, endedBy(b.Reason))
	case sim.PodCompleted, sim.TaskCompleted:
		ps.add("", view.Link{AtMs: e.At, What: "ran to its end"})
		ps.gone = "ran to its end"
	}
}

func endedBy(reason string) string {
	switch reason {
	case replay.ReleasedTerminated:
		return "went with its node"
	case replay.ReleasedAgentDown:
		return "was deleted while its node's agent was down"
	}
	return ""
}

func (ps *podStory) end(at model.Instant, how string) {
	ps.over, ps.waits, ps.goneAt = true, false, at
	if ps.gone == "" {
		ps.gone = how
	}
	if ps.gone == "" {
		ps.gone = "was deleted"
	}
}

func byWorkload(w model.WorkloadName) string {
	if w == "" {
		return ""
	}
	return ", for " + string(w)
}

func (ps *podStory) create(at model.Instant, what string) {
	ps.created = at
	ps.add("", view.Link{AtMs: at, What: what})
}

// bind tells that the pod has a node, and how its pool is.
func (ps *podStory) bind(e sim.Event, what string) {
	ps.bound, ps.waits = e.At, !ps.hostNetwork
	l := view.Link{AtMs: e.At, What: what}
	if e.Node == ps.node && ps.waits {
		l.Pool = ps.pool(e.At)
	}
	ps.add("bound", l)
}

// pool are the numbers of the pool that the pod waits for, nil where the node has
// none.
func (ps *podStory) pool(at model.Instant) *view.PoolExplanation {
	if ps.agent == nil || !ps.agent.fills() {
		return nil
	}
	if p := ps.poolOf(ps.card); p != nil {
		return poolOf(p.decide(at).PoolDecision)
	}
	return poolTotals(ps.state.Node(ps.node).Totals(ps.state.Now))
}

// unplaced tells that no node takes the pod.
func (ps *podStory) unplaced(at model.Instant, kind sim.Kind, message, code string) {
	ps.fail(kind, message, code)
	l := view.Link{AtMs: at, What: "no " + ps.words().node + " takes it" + kindSuffix(kind), Why: message}
	if ps.cause != nil {
		l.Rule = ps.cause.Rule
	} else {
		l.What = "no " + ps.words().node + " takes it yet, and nothing is exhausted"
	}
	key := "unplaced/" + string(kind)
	ps.add(key, l.Bad())
	if ps.cause != nil && ps.cause.Remedy == "" {
		ps.unsettled = ps.links[key][len(ps.links[key])-1]
	}
}

// settle takes the cause from the episode that has begun with the failure.
func (ps *podStory) settle() {
	if ps.unsettled < 0 || ps.cause == nil {
		return
	}
	if c := ps.causeOf(ps.cause.Kind); c != nil {
		c.Message = ps.cause.Message
		refineUnplaced(c)
		ps.cause, ps.past = c, c
		ps.x.Chain[ps.unsettled].Rule = c.Rule
		ps.unsettled = -1
	}
}

// fail remembers what the pod waits for.
func (ps *podStory) fail(kind sim.Kind, message, reason string) {
	ps.failed++
	if kind == "" {
		ps.cause = nil
		return
	}
	if len(ps.kinds) == 0 || ps.kinds[len(ps.kinds)-1] != kind {
		ps.kinds = append(ps.kinds, kind)
	}
	ps.cause = ps.causeOf(kind)
	if ps.cause == nil {
		ps.cause = &view.Cause{Kind: kind, Reason: reason, Rule: rules.Exhaustion(kind, reason, "")}
	}
	ps.cause.Message = message
	refineUnplaced(ps.cause)
	ps.past = ps.cause
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
	return view.CauseOf(found)
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

// setupFailed tells that the pod got no address, and what the next check of the
// pool will make of it.
func (ps *podStory) setupFailed(e sim.Event, b sim.PodSetupFailed) {
	ps.card = len(b.GaveBack) // it was given one of each card before that
	ps.fail(b.Reason, b.Message, "")
	l := view.Link{AtMs: e.At, What: fmt.Sprintf("attempt %d finds no free address%s%s", b.Attempt, ps.onCard(), kindSuffix(b.Reason))}
	key := fmt.Sprint("fail/", b.Reason, "/card", ps.card)
	if ps.cause != nil {
		l.Rule = ps.cause.Rule
	}
	switch {
	case ps.branch:
		l.What = fmt.Sprintf("attempt %d finds no branch ENI%s", b.Attempt, kindSuffix(b.Reason))
		l.Why = ps.branches(e.Node)
		switch {
		case b.Reason == "":
			l.Why = "the resource controller is making it"
		case ps.retry > e.At:
			key += "/later" // there may be room meanwhile
			l.Why += fmt.Sprintf("; the controller looks at its request again at %s", view.Instant(ps.retry))
		}
	case ps.agent == nil || !ps.agent.up:
		l.Why = "the node's agent is not up"
	case ps.agent.checks():
		p := ps.agent.pool(ps.card)
		v, next, text := p.foresees(e.At)
		ps.refine(v)
		key += "/" + rules.Decision(v.Rule, v.Reason)
		l.Pool = poolOf(v.PoolDecision)
		l.Pool.Cooling = p.store.Cooling(e.At)
		l.Rule = rules.Decision(v.Rule, v.Reason)
		l.Why = fmt.Sprintf("the check at %s %s", view.Instant(next), text)
		if call := ps.agent.busy(); call != "" {
			key += "/busy"
			l.Why, l.Rule = underWay(call), ""
		}
		if first := ps.firstCooled(e.At, ps.card); b.Reason == sim.KindCooldown && first != model.Never {
			l.Why += fmt.Sprintf(". The first cools until %s", view.Instant(first))
		}
	default:
		l.Pool = ps.pool(e.At)
		l.Why = titleOf(l.Rule)
	}
	if len(b.GaveBack) > 0 {
		l.Why += fmt.Sprintf(". It wants one of each network card or none, so that %s of the cards before go back and cool", view.Count(len(b.GaveBack), "address"))
	}
	same := l.Why
	if v, ok := strings.CutPrefix(same, "the check at "); ok {
		_, same, _ = strings.Cut(v, " ")
	}
	if l.Pool != nil {
		same += l.Pool.String()
	}
	ps.addAs(key, same, l.Bad())
}

// refine makes the cause's reason that of this pod's failure: an episode has that
// of the failure with which it began.
func (ps *podStory) refine(v verdict) {
	if ps.cause == nil {
		return
	}
	reason := ps.cause.Reason
	switch {
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

// onCard says on which network card the pod found nothing, where the agent has
// several pools.
func (ps *podStory) onCard() string {
	if ps.agent == nil || len(ps.agent.pools) < 2 {
		return ""
	}
	return fmt.Sprintf(" on network card %d", ps.card)
}

// firstCooled is when the first of the node's addresses has cooled, on the card
// that the pod waits for; Never if none cools.
func (st *story) firstCooled(at model.Instant, card int) model.Instant {
	first := model.Never
	n := st.state.Node(st.node)
	if n == nil {
		return first
	}
	for _, e := range n.ENIs {
		if e.Card != card {
			continue
		}
		for _, b := range e.Blocks {
			for _, a := range b.Addresses(at) {
				if a.State == replay.Cooling && a.CoolUntil >= at {
					first = min(first, a.CoolUntil)
				}
			}
		}
	}
	return first
}

// addFirstCooled tells when the first of the card's addresses has cooled.
func (st *story) addFirstCooled(at model.Instant, card int) {
	if first := st.firstCooled(at, card); first != model.Never {
		st.x.Next = append(st.x.Next, view.Fact{Name: view.Instant(first), Text: "the last instant at which the first of the cooling addresses cools", Rule: string(sim.KindCooldown)})
	}
}

// branches says how many branch ENIs the node has.
func (ps *podStory) branches(node model.NodeName) string {
	n := ps.state.Node(node)
	if n == nil {
		return ""
	}
	if n.Trunk.ENI == "" || n.Trunk.AttachedAt == model.Never {
		text := "the node has no trunk ENI"
		if n.Trunk.Error != "" {
			text += ": " + string(n.Trunk.Error)
		}
		return text
	}
	return "branch ENIs: " + branchesOf(n)
}

// give tells that the pod has its address.
func (ps *podStory) give(e sim.Event, b sim.PodAddressed) {
	ps.address, ps.addressed, ps.waits = b.Address.String(), e.At, false
	ps.eni = eniName(b.Card, b.Device)
	what := fmt.Sprintf("attempt %d: gets %s on %s", b.Attempt, b.Address, ps.eni)
	for _, more := range b.More {
		what += fmt.Sprintf(", %s on %s", more.Address, eniName(more.Card, more.Device))
	}
	if n := len(b.More); n > 0 {
		ps.eni += fmt.Sprintf(" and %s of further network cards", view.Count(n, "address"))
	}
	if b.VLAN > 0 {
		ps.eni = "a branch ENI"
		what = fmt.Sprintf("attempt %d: gets %s, its branch ENI's", b.Attempt, b.Address)
	}
	l := view.Link{AtMs: e.At, What: what}.Good()
	if b.VLAN == 0 {
		l.Why = ps.originOf(b.Address, b.Prefix)
	}
	ps.add("", l)
}

func kindSuffix(kind sim.Kind) string {
	if kind == "" {
		return ""
	}
	return ": " + string(kind)
}

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
	} else if x.Cause != nil && x.Cause.Remedy != "" {
		x.Next = append(x.Next, view.Fact{Name: "to avoid it", Text: x.Cause.Remedy})
	}
	cite(x)
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
		case ps.branch:
			return "Its branch ENI is being made: nothing is exhausted."
		case ps.bound == model.Never && ps.failed > 0:
			return fmt.Sprintf("Nothing is exhausted: no %s that could take it is ready yet.", ps.words().node)
		case ps.bound == model.Never:
			return "Nothing has looked at it yet."
		}
		return "It has not been tried yet."
	}
	return ps.causeSentence(ps.cause)
}

func (ps *podStory) causeSentence(c *view.Cause) string {
	label := string(c.Kind)
	if narrower := cmp.Or(c.CappedBy, c.Reason); narrower != "" {
		label += ", " + narrower
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
	for _, k := range ps.kinds {
		kinds = append(kinds, string(k))
	}
	switch {
	case ps.hostNetwork:
		return ""
	case len(kinds) == 0 && ps.addressed == ps.created:
		return "It never waited for one."
	case len(kinds) == 0:
		return fmt.Sprintf("It had it %s after it was created; nothing was exhausted.", view.Duration(until.Sub(ps.created)))
	case len(kinds) == 1:
		return fmt.Sprintf("It waited %s: %s", view.Duration(until.Sub(ps.created)), lower(ps.causeSentence(ps.past)))
	}
	return fmt.Sprintf("It waited %s: %s.", view.Duration(until.Sub(ps.created)), strings.Join(kinds, ", then "))
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
	case ps.branch:
		if ps.retry > ps.at {
			x.Next = append(x.Next, view.Fact{Name: view.Instant(ps.retry), Text: "the resource controller looks at its request again", Rule: rules.Refusal(sim.ErrAtCapacity)})
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
		ps.x.State = append(ps.x.State, view.Fact{Name: string(n.Name), Text: text})
	}
	if more := shown - shownNodes; more > 0 {
		ps.x.State = append(ps.x.State, view.Fact{Name: "…", Text: fmt.Sprintf("and %s more", view.Number(more))})
	}
}
