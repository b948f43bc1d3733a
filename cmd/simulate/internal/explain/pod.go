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
	before      bool // it has held the address since before the run
	eni         string
	failed      int
	branch      bool
	branchAt    model.Instant // when it had its branch ENI; Never: it has none
	retry       model.Instant // when the controller looks at its request again; 0: not known
	dropped     bool          // that is in its pass over all pods
	cause       *view.Cause   // of the last failure
	past        *view.Cause   // likewise, also where nothing is exhausted any more
	spells      []spell       // that it went through
	now         model.Instant // of the event that is told
	gone        string        // how it ended
	goneAt      model.Instant
	hostNetwork bool
	deleted     model.Instant
	tasks       bool
	card        int // the network card whose pool the pod waits for
}

// spell is a time through which a pod waited for one kind of exhaustion.
type spell struct {
	kind        sim.Kind
	from, until model.Instant // Never: it goes on
	cause       *view.Cause
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
	return &podStory{story: newStory(s, l.node), life: l, at: at, addressed: model.Never, bound: model.Never, deleted: model.Never, branchAt: model.Never, tasks: l.task, unsettled: -1}
}

// take tells an event, before it is applied to the state.
func (ps *podStory) take(e sim.Event) error {
	if e.At > ps.at {
		return errCut
	}
	ps.settle()
	ps.now = e.At
	if _, ok := e.Body.(sim.ControllerRestarted); ok && ps.retry > 0 {
		ps.retry, ps.dropped = e.At.Add(controllerRelist), true
	}
	pod, is := sim.PodOf(e.Body)
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
		why, rule := ps.refusal(e.Node, b.Error)
		if ps.retry, ps.dropped = 0, false; b.RetryMs != nil {
			ps.retry = *b.RetryMs
		} else {
			ps.retry, ps.dropped = ps.nextPass(e.At), true
			why += fmt.Sprintf("; the request is dropped until the resource controller's pass over all pods at %s, as nothing else changes the pod", view.Instant(ps.retry))
		}
		ps.add("branch/"+string(b.Error), view.Link{AtMs: e.At, What: "gets no branch ENI: " + string(b.Error), Why: why, Rule: rule}.Bad())
	case sim.BranchCreated:
		ps.fail("", "", "") // it waits for kubelet alone
		ps.failed--
		ps.branchAt = e.At
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
	gets := fmt.Sprintf("attempt %d: gets", b.Attempt)
	if ps.before = b.Attempt == 0; ps.before {
		gets = "holds, from before the run,"
	}
	what := fmt.Sprintf("%s %s on %s", gets, b.Address, ps.eni)
	for _, more := range b.More {
		what += fmt.Sprintf(", %s on %s", more.Address, eniName(more.Card, more.Device))
	}
	if n := len(b.More); n > 0 {
		ps.eni += fmt.Sprintf(" and %s of further network cards", view.Count(n, "address"))
	}
	if b.VLAN > 0 {
		ps.eni = "a branch ENI"
		what = fmt.Sprintf("%s %s, its branch ENI's", gets, b.Address)
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
