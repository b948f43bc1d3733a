package sim

import (
	"vpcsim/model"
)

// kubelet sets pods up on their nodes and takes them down, for all nodes.
type kubelet struct {
	e *engine
}

func newKubelet(e *engine) *kubelet { return &kubelet{e: e} }

// bind gives the pod its node. A pinned pod's first attempt is at once, as with
// spec.nodeName; any other's after kubelet.start.
func (k *kubelet) bind(p *pod, n *node, pinned bool) {
	p.phase, p.node, p.boundAt = podCreating, n, k.e.now
	k.e.troubles.left(p)
	n.hosts(p)
	k.e.log(n.name, PodBound{p.name, p.workloadName()})
	k.e.controller.podBound(p)
	if n.windows != nil {
		n.windows.ask(p)
	}
	if wait := k.e.cfg.Kubelet.Start; wait > 0 && !pinned {
		k.e.promise(k.e.now.Add(wait), func() { k.attempt(p) })
		return
	}
	k.attempt(p)
}

// attempt tries to set up the pod's network.
func (k *kubelet) attempt(p *pod) {
	if p.phase != podCreating || p.deleting {
		return
	}
	if p.spec.HostNetwork {
		k.addressed(p)
		return
	}
	if p.node.windows != nil {
		k.attemptWindows(p)
		return
	}
	if p.node.agent.leavesToBranch(p) {
		k.attemptBranch(p)
		return
	}
	lease, more, why := p.node.agent.request(p)
	if lease == nil {
		k.failed(p, why)
		return
	}
	p.lease, p.more = lease, more
	k.e.log(p.node.name, PodAddressed{
		Pod: p.name, Workload: p.workloadName(), ENI: lease.ENI().ID, Card: lease.ENI().Card, Device: lease.ENI().Device,
		Address: lease.Address(), Prefix: lease.Prefix(), Attempt: p.attempts + 1, More: addressesOf(more),
	})
	k.e.troubles.left(p)
	k.addressed(p)
}

// attemptBranch sets the pod up with its branch ENI, once it is annotated.
func (k *kubelet) attemptBranch(p *pod) {
	if p.branch == nil {
		k.failed(p, denial{})
		return
	}
	k.e.log(p.node.name, PodAddressed{
		Pod: p.name, Workload: p.workloadName(), ENI: p.branch.ENI, Device: noDevice,
		Address: p.branch.PodAddress(), VLAN: p.branch.VLAN, Attempt: p.attempts + 1,
	})
	k.e.troubles.left(p)
	k.addressed(p)
}

// attemptWindows sets the pod up with the address that it is annotated with.
func (k *kubelet) attemptWindows(p *pod) {
	if p.grant == nil {
		k.failed(p, denial{})
		return
	}
	ni := p.node.windows.eni()
	p.node.windows.sideOf(*p.grant).set++
	k.e.log(p.node.name, PodAddressed{
		Pod: p.name, Workload: p.workloadName(), ENI: ni.id, Device: ni.device,
		Address: p.grant.Address, Prefix: p.grant.Prefix(), Attempt: p.attempts + 1,
	})
	k.e.troubles.left(p)
	k.addressed(p)
}

// noDevice is the device number of a branch ENI: it hangs off the trunk.
const noDevice = -1

// failed logs a failed attempt and sets the next.
func (k *kubelet) failed(p *pod, why denial) {
	p.attempts++
	kind, message := k.e.troubles.setupFailed(p, why)
	k.e.log(p.node.name, PodSetupFailed{p.name, p.workloadName(), kind, p.attempts, message, why.gaveBack})
	if k.e.cfg.Kubelet.NeverRetry {
		return
	}
	k.e.after(k.e.draw(k.e.cfg.Kubelet.Retry, p.node.chance()), func() { k.attempt(p) })
}

// chance is the stream of the node's kubelet.
func (n *node) chance() *stream {
	if n.kubeletChance == nil {
		n.kubeletChance = newStream(n.e.cfg.Seed, "kubelet/"+string(n.name))
	}
	return n.kubeletChance
}

// addressed goes on to readiness.
func (k *kubelet) addressed(p *pod) {
	p.phase = podStarting
	p.node.addressed(p)
	ready := func() {
		if p.phase != podStarting || p.deleting {
			return
		}
		p.phase = podRunning
		k.e.log(p.node.name, PodReady{p.name})
		if p.spec.RunFor > 0 {
			k.e.promise(k.e.now.Add(p.spec.RunFor), func() { k.complete(p) })
		}
		k.e.workloads.podReady(p)
	}
	if p.spec.ReadyAfter <= 0 {
		ready()
		return
	}
	k.e.promise(k.e.now.Add(p.spec.ReadyAfter), ready)
}

// complete ends a pod that has run its time; its address is given up at once.
func (k *kubelet) complete(p *pod) {
	if p.phase != podRunning || p.deleting {
		return
	}
	p.phase = podDone
	k.e.log(p.node.name, PodCompleted{p.name})
	k.release(p)
	p.node.loses(p)
	k.e.controller.podCompleted(p)
	k.e.workloads.podCompleted(p)
}

// delete asks for the pod's deletion. A pod that runs keeps its address until
// its containers have stopped.
func (k *kubelet) delete(p *pod) {
	if p.deleting || p.phase == podGone {
		return
	}
	p.deleting = true
	k.e.log(p.nodeName(), PodDeleted{p.name})
	k.e.troubles.left(p)
	switch p.phase {
	case podPending:
		k.e.scheduler.withdraw(p)
		k.gone(p)
	case podStarting, podRunning:
		if p.spec.StopAfter > 0 {
			k.e.promise(k.e.now.Add(p.spec.StopAfter), func() { k.stopped(p) })
			k.e.workloads.podDeleted(p)
			return
		}
		k.stopped(p)
	case podCreating:
		if p.spec.HostNetwork {
			k.release(p)
		}
		if w := p.node.windows; w != nil {
			side, _ := w.giveUp(p) // annotated, and not set up yet
			defer side.freed()
		}
		k.gone(p)
	default:
		k.gone(p)
	}
}

// stopped is the instant at which the containers of a deleted pod have stopped.
func (k *kubelet) stopped(p *pod) {
	if p.phase == podGone {
		return
	}
	k.release(p)
	k.gone(p)
}

// release gives up the pod's address, if it has one.
func (k *kubelet) release(p *pod) {
	l := p.lease
	if l == nil {
		out := p.released()
		if w := p.node.windows; w != nil {
			side, until := w.giveUp(p)
			if side != nil {
				out.CoolUntilMs = &until
			}
			defer side.freed()
		}
		k.e.log(p.node.name, out)
		return
	}
	a, more := p.node.agent, p.more
	p.lease, p.more = nil, nil
	out := releasedFirst(p.name, a.giveUp(l))
	out.More = a.takeBack(more)
	if !a.up {
		out.Reason = "agent-down"
	}
	k.e.log(p.node.name, out)
	a.afterRelease(l)
	for _, l := range more {
		a.afterRelease(l)
	}
}

// releasedFirst is what the log says of the pod's first address.
func releasedFirst(pod model.PodName, first PodAddress) PodReleased {
	return PodReleased{
		Pod: pod, ENI: first.ENI, Card: first.Card, Device: first.Device,
		Address: first.Address, Prefix: first.Prefix, CoolUntilMs: first.CoolUntilMs,
	}
}

// released is what a pod without a lease gives up: its branch ENI, its address
// of a Windows node, or nothing.
func (p *pod) released() PodReleased {
	out := PodReleased{Pod: p.name}
	switch {
	case p.grant != nil:
		ni := p.node.windows.eni()
		out.ENI, out.Device, out.Address, out.Prefix = ni.id, ni.device, p.grant.Address, p.grant.Prefix()
	case p.branch != nil:
		out.ENI, out.Device, out.Address = p.branch.ENI, noDevice, p.branch.PodAddress()
	}
	return out
}

// lost is the end of a pod whose node was terminated; the caller tells its
// controller.
func (k *kubelet) lost(p *pod) {
	if !p.deleting {
		p.deleting = true
		k.e.log(p.node.name, PodDeleted{p.name})
	}
	k.e.troubles.left(p)
	if p.phase == podStarting || p.phase == podRunning {
		out := p.released()
		if l := p.lease; l != nil {
			out = releasedFirst(p.name, addressOf(l))
			out.More = addressesOf(p.more)
		}
		out.Reason = "terminated"
		k.e.log(p.node.name, out)
	}
	p.phase, p.lease, p.more = podGone, nil, nil
	k.e.workloads.podLost(p)
	k.e.forget(p)
	k.e.controller.podLeft(p)
}

// gone removes the pod.
func (k *kubelet) gone(p *pod) {
	wasDone := p.phase == podDone
	p.phase = podGone
	k.e.forget(p)
	if p.node != nil && !wasDone {
		p.node.loses(p)
	}
	k.e.controller.podLeft(p)
	k.e.workloads.podGone(p)
}

// forget frees the pod's name.
func (e *engine) forget(p *pod) {
	if e.podNamed[p.name] == p {
		delete(e.podNamed, p.name)
	}
}

func (p *pod) nodeName() model.NodeName {
	if p.node == nil {
		return ""
	}
	return p.node.name
}
