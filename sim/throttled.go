package sim

import (
	"slices"

	"vpcsim/model"
)

// A client that tries a throttled call again holds up whoever made it, for minutes
// where the account's rate is far too low. Pods that wait for that meanwhile wait
// for EC2's rate, not only once the client has given up: its last attempt was
// refused with RequestLimitExceeded.

// hold notes that an attempt was throttled, or failed on EC2's side, and the client
// goes on. Until the call is over it holds up the loop of the node's agent or the
// resource controller.
func (x *ec2) hold(r *request, code model.ErrorCode, met *fault) {
	by := refusal{code: code, fault: met}
	switch {
	case r.over != nil || r.ended():
	case r.held != nil:
		r.over = r.held(by)
	case r.in.node.windows != nil:
		r.over = r.in.node.windows.heldUp(by, r.fields.Action)
	case r.paced != nil && code == model.RequestLimitExceeded:
		r.over = x.e.controller.heldUp(r.fields.Action)
	case r.paced == nil && r.life != 0 && !r.beside:
		r.over = r.in.node.agent.heldUp(by)
	}
}

// heldUp says that a call of the agent's loop, or of its start-up, is tried again.
// It returns what to call when that is over. A start-up counts as held up to its
// end: without the call that was refused the node would be ready earlier.
func (a *agent) heldUp(by refusal) (over func()) {
	life := a.life
	a.setHeldBy(by)
	return func() {
		if a.life == life && !a.starting() {
			a.setHeldBy(refusal{})
		}
	}
}

func (a *agent) setHeldBy(by refusal) {
	if a.heldBy.code == by.code {
		return
	}
	a.heldBy = by
	if by.code != "" {
		a.pace.heldBy = by
	}
	switch n := a.node; {
	case !n.ready:
		a.e.scheduler.startHeldUp(n)
	case by.code != "":
		n.poolRefused()
	default:
		n.poolChanged()
	}
}

// refusedByRate reports whether the start-up of an agent that is not up waits for
// EC2's rate, or failed for it.
func (a *agent) refusedByRate() bool {
	r := a.lastRefusal()
	return !a.up && r != nil && r.code == model.RequestLimitExceeded
}

// heldUp says that a call about the Windows node is tried again.
func (w *windowsPool) heldUp(by refusal, action Action) (over func()) {
	life := w.life
	w.held = append(w.held, &by)
	overToo := func() {}
	if by.code == model.RequestLimitExceeded {
		overToo = w.e.controller.heldUp(action)
	}
	return func() {
		overToo()
		if w.life == life {
			w.held = slices.DeleteFunc(w.held, func(have *refusal) bool { return have == &by })
		}
	}
}

// making are the actions by which trunks and branches come to be.
var making = []Action{
	CreateNetworkInterface, AttachNetworkInterface, ModifyNetworkInterfaceAttribute, DescribeNetworkInterfaces,
	AssociateTrunkInterface,
}

// heldUp says that a call of the controller's is tried again, and returns what to
// call when that is over.
func (c *resourceController) heldUp(action Action) (over func()) {
	life := c.life
	c.retrying[action]++
	if c.coming > 0 {
		c.e.scheduler.doubt()
	}
	return func() {
		if c.life == life {
			c.retrying[action]--
		}
	}
}

// reasonPace is that the controller's client waits for its own pace.
const reasonPace = "controller-rate"

// behind reports whether trunks and branches wait for the pace of the controller's
// client, or for EC2's rate, and for which.
func (c *resourceController) behind() (reason string, is bool) {
	if c.pace.behind(c.e.now) {
		return reasonPace, true
	}
	for _, action := range making {
		if c.retrying[action] > 0 {
			return string(model.RequestLimitExceeded), true
		}
	}
	return "", false
}

// heldUpFor reports likewise for the branch of a pod that is being made. While all
// workers have other items in hand, any call of theirs that is tried again holds
// the pod's up.
func (c *resourceController) heldUpFor(p *pod) (reason string, is bool) {
	item := workItem{kind: itemCreate, pod: p.name}
	if !c.queue.queued[item] && !c.queue.running[item] {
		return "", false
	}
	if reason, is = c.behind(); is {
		return reason, is
	}
	if c.queue.idle == 0 && !c.queue.running[item] {
		for _, action := range []Action{DisassociateTrunkInterface, DeleteNetworkInterface} {
			if c.retrying[action] > 0 {
				return string(model.RequestLimitExceeded), true
			}
		}
	}
	return "", false
}

// throttledVerdict is about a pod whose trunk or branch waits so.
func (c *resourceController) throttledVerdict(reason string) verdict {
	v := c.accountRefuses(model.RequestLimitExceeded)
	v.reason, v.remedy = reason, remedyBranchRate
	if reason != reasonPace {
		v = c.e.ec2.faultWith(model.RequestLimitExceeded, append(making, DisassociateTrunkInterface, DeleteNetworkInterface)...).tell(v)
	}
	return v
}

const remedyBranchRate = "a branch ENI takes two calls to come and two to go: the resource controller makes 12 calls a second and EC2 lets 5 of each action through; start and replace pods with security groups more slowly, or ask for a higher request rate"

// behind reports whether somebody waits for a place that is reserved.
func (p *pacer) behind(now model.Instant) bool {
	return p.credit+p.rate*int64(now-p.at) < 0
}
