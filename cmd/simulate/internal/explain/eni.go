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

// eniStory is an ENI's life: why it came, what came to it and left it, why it
// stays or went.
type eniStory struct {
	*story
	life eniLife
	at   model.Instant

	why      string   // the last decision of the agent, in words
	whyRule  string   // and its rule
	decision *verdict // likewise

	made      string // why EC2 was asked for the ENI
	createdAt model.Instant
	came      string // why the ENI came
	cameAt    model.Instant
	went      string
	ended     model.Instant // it left the node
	backAt    model.Instant // reconcile took it back
	deletedAt model.Instant // in EC2

	leak     *leakTold // nil: it has not leaked
	refusals []refusal // calls about it that EC2 refused
	cleans   cleanUps
	vain     bool // a branch that was made in vain
	deleting bool // a call that deletes it has begun
}

func explainENI(play Play, l eniLife, at model.Instant) (*view.Explanation, error) {
	var es *eniStory
	s, err := told(play, func(e sim.Event, s *replay.State) error {
		if es == nil {
			es = newENIStory(s, l, at)
		}
		if e.At > at {
			return errCut
		}
		es.takeLeak()
		es.cleans.apply(e, s)
		es.take(e)
		es.follow(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	es.state = s
	es.takeLeak()
	es.x.Scenario = view.NewExplanation(s).Scenario
	return es.finish(), nil
}

func newENIStory(s *replay.State, l eniLife, at model.Instant) *eniStory {
	return &eniStory{
		story: newStory(s, l.node), life: l, at: at, cleans: newCleanUps(),
		createdAt: model.Never, cameAt: model.Never, ended: model.Never, backAt: model.Never, deletedAt: model.Never,
	}
}

// take tells what is about the ENI. Decisions are remembered for what follows
// from them.
func (es *eniStory) take(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.ENICreated:
		if b.ENI == es.life.id {
			l := view.Link{AtMs: e.At, What: fmt.Sprintf("EC2 creates it in subnet %s", b.Subnet)}
			l.Why, l.Rule = es.whyCreated(es.life.kind)
			es.made, es.createdAt = l.Why, e.At
			es.add("", l)
		}
		return
	case sim.ENIDeleted:
		if b.ENI == es.life.id {
			es.deletedAt = e.At
			l := view.Link{AtMs: e.At, What: "EC2 has deleted it; " + freeAgain(b.Released)}
			if !es.deleting { // nobody asked for it
				l.Why, l.Rule = es.whyBy(sim.ByTerminate)
			}
			es.add("", l)
		}
		return
	case sim.EC2Call, sim.EC2Returned: // whoever asks
		es.takeCall(e)
		return
	}
	if e.Node != es.node || cardOf(e.Body) != es.life.card {
		return // the pools of network cards decide each for itself
	}
	switch b := e.Body.(type) {
	case sim.PoolGrow:
		es.decide(e.At, verdict{grows, b.PoolDecision, model.PoolStats{}})
	case sim.PoolShrink:
		es.decide(e.At, verdict{shrinks, b.PoolDecision, model.PoolStats{}})
	case sim.PoolFree:
		es.decide(e.At, verdict{skips, b.PoolDecision, model.PoolStats{}})
	case sim.ENIAttached:
		if b.ENI == es.life.id {
			es.attached(e.At, b)
		}
	case sim.AddressesAdded:
		if b.ENI == es.life.id {
			es.changed(e.At, "gets "+view.Blocks(len(b.Addresses), len(b.Prefixes)), b.By)
		}
	case sim.AddressesRemoved:
		if b.ENI == es.life.id {
			es.changed(e.At, "loses "+view.Blocks(len(b.Addresses), len(b.Prefixes)), givenBack(b.By))
		}
	case sim.ENIExcluded:
		if b.ENI == es.life.id {
			es.add("", view.Link{AtMs: e.At, What: "is excluded by the tags of its subnet: it serves no new pods"}.Bad())
		}
	case sim.ENIDetached:
		if b.ENI == es.life.id {
			es.went, es.ended = es.reason(b.By), e.At
			es.changed(e.At, "leaves the node", b.By)
		}
	case sim.NodeTerminated:
		switch {
		case es.life.kind == model.ENIBranch || es.ended != model.Never && es.deletedAt != model.Never:
		case es.deletedAt == model.Never && !es.ofECS() && es.leak == nil: // takeLeak tells of it
		case es.deletedAt == model.Never && !es.ofECS():
			es.add("", view.Link{AtMs: e.At, What: "stays, though the node's instance is terminated: it is not attached", Rule: rules.Leak(string(replay.LeakNode))}.Bad())
		case es.ended == model.Never:
			es.went, es.ended = titleOf(rules.By(sim.ByTerminate)), e.At
			es.changed(e.At, "goes with the node", sim.ByTerminate)
		}
	default:
		es.takeBranch(e)
	}
}

func freeAgain(addresses int) string {
	if addresses == 1 {
		return "its address is free again"
	}
	return fmt.Sprintf("its %s are free again", view.Count(addresses, "address"))
}

func (es *eniStory) ofECS() bool { return es.state.Started.Platform == sim.PlatformECS }

// whyCreated says who wants an ENI of the kind.
func (es *eniStory) whyCreated(kind model.ENIKind) (why, rule string) {
	switch kind {
	case model.ENIPrimary:
		return "an instance is launched with its primary ENI", ""
	case model.ENITrunk:
		if es.ofECS() {
			return "awsvpcTrunking is on: tasks get branch ENIs of it", rules.By(sim.ByECS)
		}
		return "the agent asked the resource controller for a trunk ENI: ENABLE_POD_ENI is on", ""
	case model.ENIBranch, model.ENITask:
		if es.ofECS() {
			return "a task in awsvpc mode was placed on the instance", rules.By(sim.ByECS)
		}
		return "a pod with security groups was bound to the node", ""
	}
	return es.why, es.whyRule
}

// takeBranch tells the life of a branch ENI.
func (es *eniStory) takeBranch(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.BranchFailed:
		if b.ENI == es.life.id {
			es.came = cmp.Or(es.came, fmt.Sprintf("it was made for pod %s, which did not get it", b.Pod))
			why, rule := es.refusal(e.Node, b.Error)
			es.add("", view.Link{AtMs: e.At, What: fmt.Sprintf("is not given to pod %s: %s", b.Pod, b.Error), Why: why, Rule: rule}.Bad())
		}
	case sim.BranchCreated:
		if b.ENI == es.life.id {
			es.cameAt = min(es.cameAt, e.At)
			es.came = fmt.Sprintf("pod %s needs one", b.Pod)
			es.add("", view.Link{AtMs: e.At, What: fmt.Sprintf("is given to pod %s, with VLAN %d", b.Pod, b.VLAN)}.Good())
		}
	case sim.BranchQueued:
		if b.ENI == es.life.id {
			what, rule := "its pod has left: it waits for its deletion, and counts until then", "branch-cooldown/cooling"
			if es.vain = b.Front; es.vain {
				what, rule = "was made in vain: it goes at the next round of the delete queue, and counts until then", string(sim.KindBranchCooldown)
			}
			es.add("", view.Link{AtMs: e.At, What: what, Rule: rule})
		}
	case sim.BranchDeleted:
		if b.ENI == es.life.id && b.Leaked {
			es.add("", view.Link{AtMs: e.At, What: "is forgotten by the resource controller"}.Bad())
		} else if b.ENI == es.life.id {
			es.went, es.ended = "its cooldown had passed", e.At
			if n := es.state.Node(e.Node); es.vain {
				es.went = "it was made in vain, and the next round of the delete queue took it"
			} else if n != nil && n.Gone() {
				es.went = "its node is gone, and a minute later all that is left of it goes"
			}
			es.add("", view.Link{AtMs: e.At, What: "is deleted"})
		}
	}
}

// decide remembers a decision of the agent.
func (es *eniStory) decide(at model.Instant, v verdict) {
	es.whyRule = rules.Decision(v.Rule, v.Reason)
	es.why = titleOf(es.whyRule)
	if p := es.poolOf(v.Card); p != nil {
		v.stats = p.decideNow(at).stats
		es.why = p.because(v, at)
	} else if es.agent != nil && es.agent.windows() {
		es.why = es.windowsBecause(v)
	}
	es.decision = &v
}

// reason is why something changed, in words.
func (es *eniStory) reason(by sim.By) string {
	switch by {
	case sim.ByGrow, sim.ByShrink, sim.ByFree:
		return es.why
	}
	why, _ := es.whyBy(by)
	return why
}

func (es *eniStory) attached(at model.Instant, b sim.ENIAttached) {
	what := "comes to the node, empty"
	if amount := view.Blocks(len(b.Addresses), len(b.Prefixes)); amount != "" {
		what = "comes to the node with " + amount
	}
	switch {
	case es.ended != model.Never:
		what = "is taken back: EC2 has it attached still"
		es.backAt, es.ended = at, model.Never
	case es.came != "":
		what = "is taken over by the restarted agent"
	}
	es.cameAt = min(es.cameAt, at)
	if es.came == "" {
		switch {
		case b.Kind == model.ENIPrimary:
			es.came = "the instance has it from its launch"
		case b.Kind == model.ENITrunk:
			es.came = "branch ENIs hang off it"
		case b.Pod != "":
			es.came = fmt.Sprintf("task %s needs one", b.Pod)
		default:
			es.came = es.reason(b.By)
		}
	}
	switch {
	case b.Pod != "" && b.Kind == model.ENIBranch:
		what = fmt.Sprintf("is associated with the trunk for task %s, with its address %s", b.Pod, b.PrimaryAddress)
	case b.Pod != "":
		what = fmt.Sprintf("is attached for task %s, with its address %s", b.Pod, b.PrimaryAddress)
	case b.Kind == model.ENIPrimary && b.By == sim.ByECS:
		es.add("", view.Link{AtMs: at, What: "is there from the launch"})
		return
	}
	es.changed(at, what, b.By)
}

func (es *eniStory) changed(at model.Instant, what string, by sim.By) {
	l := view.Link{AtMs: at, What: what, Why: es.reason(by)}
	_, l.Rule = es.whyBy(by)
	switch by {
	case sim.ByGrow, sim.ByShrink, sim.ByFree:
		l.Rule = es.whyRule
		if es.decision != nil {
			l.Pool = poolOf(es.decision.PoolDecision)
		}
	}
	es.add(what+string(by), l)
}

func (es *eniStory) finish() *view.Explanation {
	x, l := es.x, es.life
	name := fmt.Sprintf("eni%d of %s", l.device, l.node)
	if l.card > 0 {
		name = fmt.Sprintf("eni%d on network card %d of %s", l.device, l.card, l.node)
	}
	if l.kind == model.ENIBranch {
		name = fmt.Sprintf("branch ENI %s of %s", l.id, l.node)
	}
	x.Subject = view.Subject{Kind: "eni", Name: string(l.id), Node: l.node, AtMs: es.at}
	x.Answer = es.intro(name)
	if es.backAt != model.Never && es.ended == model.Never {
		x.Answer += fmt.Sprintf(" The agent gave it up, and took it back at %s%s.", view.Instant(es.backAt), es.because(givesBack...))
	}
	switch {
	case es.leak != nil && es.leak.cleaned == model.Never && es.deletedAt == model.Never:
		es.finishWent()
		es.finishLeaked()
	case es.ended != model.Never || es.deletedAt != model.Never:
		es.finishWent()
		es.finishGone()
	case es.cameAt == model.Never && l.kind != model.ENIBranch:
		es.finishComing()
	case es.stays():
		es.finishStays()
	case l.kind == model.ENIBranch && !es.ofECS():
		es.finishBranch()
	case l.kind == model.ENIBranch, l.kind == model.ENITask:
		x.Answer += fmt.Sprintf(" It stays as long as the task: ECS deletes it when the task has stopped. It takes one of the %s that the instance may have.", view.Count(es.agent.launched.TaskENIs, "task ENI"))
	case es.agent != nil && es.agent.windows():
		x.Answer += fmt.Sprintf(" It stays: it is the primary ENI, and the only one that a Windows node uses; its addresses are the resource controller's pool, %s.", es.agent.windowsFull())
	case es.agent != nil && es.agent.checks() && es.agent.pool(l.card) == nil:
		held := view.Count(es.state.InEC2(l.id), "address")
		x.Answer += fmt.Sprintf(" It stays attached, with %s: the agent manages no network card above 0 any more, as ENABLE_MULTI_NIC is off, and neither fills nor frees what is on one.", held)
		x.State = append(x.State, view.Fact{Name: "in EC2", Text: held + ", its own included; pods keep what they have of it", Rule: "misconfig/multi-nic-off"})
	case es.agent != nil && !es.agent.up && es.agent.launched.OS == "" && l.kind == model.ENISecondary:
		x.Answer += fmt.Sprintf(" At %s it is attached, and the agent is not up: its next start takes it over.", view.Instant(es.at))
	case l.kind == model.ENITrunk:
		x.Answer += " It stays: branch ENIs hang off it, and nothing detaches a trunk while the instance lives."
	case l.kind == model.ENIPrimary:
		x.Answer += " It stays: an instance cannot be without its primary ENI."
	default:
		x.Answer += fmt.Sprintf(" At %s it is there.", view.Instant(es.at))
	}
	cite(x)
	return x
}

// intro says what the ENI is, and why it came.
func (es *eniStory) intro(name string) string {
	l := es.life
	switch {
	case l.kind == model.ENIBranch && es.cameAt == model.Never:
		return fmt.Sprintf("The %s was created at %s: %s.", name, view.Instant(l.from), cmp.Or(es.came, es.made))
	case l.kind == model.ENIBranch:
		return fmt.Sprintf("The %s came at %s: %s.", name, view.Instant(es.cameAt), es.came)
	case es.cameAt == model.Never && es.createdAt != model.Never:
		return fmt.Sprintf("ENI %s (%s) was created for %s at %s: %s.", l.id, l.kind, l.node, view.Instant(es.createdAt), es.made)
	}
	return fmt.Sprintf("%s (%s, %s) came at %s: %s.", name, l.kind, l.id, view.Instant(min(es.cameAt, es.at)), es.came)
}

// because says what EC2 refused of the actions, as a reason; empty: nothing.
func (es *eniStory) because(actions ...sim.Action) string {
	if text := es.refusedWords(actions...); text != "" {
		return ": " + text
	}
	return ""
}

// finishWent tells in the answer when and why the ENI left the node, or that it never
// came.
func (es *eniStory) finishWent() {
	switch {
	case es.ended != model.Never:
		es.x.Answer += fmt.Sprintf(" It went at %s: %s.", view.Instant(es.ended), es.went)
	case es.cameAt == model.Never && es.life.kind != model.ENIBranch:
		es.x.Answer += fmt.Sprintf(" It never came to the node%s.", es.because(sim.DescribeInstances, sim.AttachNetworkInterface, sim.ModifyNetworkInterfaceAttribute))
	}
}

// finishGone tells what became in EC2 of an ENI that has left the node.
func (es *eniStory) finishGone() {
	n := es.state.Node(es.life.node)
	switch {
	case es.leak != nil && es.deletedAt != model.Never:
		es.x.Answer += es.wasLeaked()
	case es.deletedAt != model.Never && es.ended == model.Never:
		es.x.Answer += fmt.Sprintf(" EC2 deleted it at %s.", view.Instant(es.deletedAt))
	case es.deletedAt != model.Never || es.life.kind == model.ENIBranch && es.leak == nil || n != nil && n.Gone():
	case es.leak != nil:
		es.x.Answer += fmt.Sprintf(" It had leaked: %s. At %s %s is deleting it.", es.leakedWords(), view.Instant(es.at), es.cleaner())
	case es.attachedStill():
		es.x.Answer += fmt.Sprintf(" At %s EC2 has it attached to the node still%s. Reconcile will take it back.", view.Instant(es.at), es.because(givesBack...))
		es.x.Next = append(es.x.Next, view.Fact{Name: "reconcile", Text: "finds it attached and takes it back, when the last action of the pool is more than 60 s ago", Rule: rules.By(sim.ByReconcile)})
	default:
		es.x.Answer += fmt.Sprintf(" At %s EC2 has it still%s: it is being given back.", view.Instant(es.at), es.because(givesBack...))
	}
}

// attachedStill reports whether the agent has dropped the ENI and EC2 would not let
// it go.
func (es *eniStory) attachedStill() bool {
	last := len(es.refusals) - 1
	return last >= 0 && !es.ofECS() && (es.refusals[last].action == sim.DetachNetworkInterface || es.refusals[last].action == sim.DescribeNetworkInterfaces)
}

// finishComing tells of an ENI that EC2 has, and that has not come to the node yet.
func (es *eniStory) finishComing() {
	es.x.Answer += fmt.Sprintf(" At %s it is on its way to the node: created, and not in the agent's datastore yet%s.", view.Instant(es.at), es.because(sim.DescribeInstances, sim.AttachNetworkInterface, sim.ModifyNetworkInterfaceAttribute))
}

// stays reports whether the ENI is in a pool whose checks could free it.
func (es *eniStory) stays() bool {
	if es.agent == nil || !es.agent.checks() || !es.agent.up {
		return false
	}
	_, e := es.agent.eni(es.life.id)
	return e != nil
}

// sizeOf counts the addresses that the datastore has of an ENI.
func sizeOf(e *model.StoreENI) int {
	n := 0
	for _, b := range e.Blocks() {
		if b.IsSingleIP() {
			n++
		} else {
			n += model.PrefixSize
		}
	}
	return n
}

// finishStays tells why the ENI stays, or that the next check frees it.
func (es *eniStory) finishStays() {
	x, a := es.x, es.agent
	p, e := a.eni(es.life.id)
	next := a.nextCheck(es.at)
	x.State = append(x.State, view.Fact{Name: "slots", Text: fmt.Sprintf("%d of %d filled, pods hold %s", e.BlockCount(), a.limits().Slots, view.Count(e.Held(), "address"))})
	if more := es.state.InEC2(es.life.id) - 1 - sizeOf(e); more > 0 && !a.settings.IPv6 {
		x.State = append(x.State, view.Fact{Name: "in EC2", Text: fmt.Sprintf("it has %s more there than in the agent's datastore: given back in vain, dropped, or on their way; a reconcile takes over what EC2 has", view.Count(more, "address")), Rule: rules.By(sim.ByReconcile)})
	}
	pool, own := p.keeps(e, next)
	var why []string
	for _, k := range own {
		x.State = append(x.State, view.Fact{Name: "stays", Text: kept(k), Rule: rules.Decision(model.RuleFreeENI, k.Reason)})
		why = append(why, kept(k))
	}
	if pool != "" {
		x.State = append(x.State, view.Fact{Name: "stays", Text: p.keptByPool(pool), Rule: rules.Decision(model.RuleFreeENI, pool)})
		why = append(why, p.keptByPool(pool))
	}
	switch {
	case len(why) > 0:
		x.Answer += fmt.Sprintf(" It stays: %s.", strings.Join(why, "; and "))
	case a.busy() != "":
		x.Answer += fmt.Sprintf(" Nothing keeps it; %s.", underWay(a.busy()))
	case len(p.frees(next)) == 1:
		x.Answer += fmt.Sprintf(" Nothing keeps it: the check at %s frees it.", view.Instant(next))
		x.Next = append(x.Next, view.Fact{Name: view.Instant(next), Text: "the next check frees it", Rule: rules.Decision(model.RuleFreeENI, model.ReasonUnusedENI)})
	default:
		x.Answer += fmt.Sprintf(" Nothing keeps it: the check at %s frees it, or another that nothing keeps; one goes at each check.", view.Instant(next))
	}
}
