package sim

import "vpcsim/model"

// The agent's side of security groups for pods: one slot is kept free for the
// trunk ENI, and the resource controller is asked for it. The trunk appears in
// the datastore by a reconcile, which runs every round until it has. Source:
// observed in v1.23.1.

// keepsSlot reports whether a slot is to be kept for a trunk.
func (a *agent) keepsSlot() bool {
	any := !a.settings.Version.Has(model.FeatureTrunkSlotByType)
	return a.settings.PodENI && (any || a.instance().kind.TrunkingCompatible)
}

// awaitsTrunk reports whether there is no trunk yet although security groups
// for pods are on, also on a type that cannot have one.
func (a *agent) awaitsTrunk() bool {
	return a.settings.PodENI && !a.pools[0].store.HasTrunk()
}

// signalTrunk asks the resource controller for a trunk, if the agent's ENIs
// leave a slot.
func (a *agent) signalTrunk() {
	if !a.settings.IPv4 || !a.awaitsTrunk() || len(a.pools[0].store.ENIs()) >= a.maxENI() {
		return
	}
	a.e.controller.signal(a.node)
}

// attachedByOthers says that EC2 has something on the instance that the agent
// did not ask for.
func (a *agent) attachedByOthers() {
	if a.settings.IPv6 {
		a.awaitTrunkIPv6()
		return
	}
	a.differs()
}

// reconcileDue is the earliest instant at which a reconcile may run: every round
// while a trunk is awaited, but once in an instant.
func (a *agent) reconcileDue() model.Instant {
	now := a.e.beatsFrom(a.node)
	if a.awaitsTrunk() {
		return max(now, a.lastAction+1)
	}
	return max(now, a.lastAction.Add(model.ReconcileInterval)+1)
}

// leavesToBranch reports whether the agent gives the pod no address of its own
// but what the resource controller has annotated. With ENABLE_POD_ENI off it
// does not look, and serves the pod from the pool.
func (a *agent) leavesToBranch(p *pod) bool {
	return a.up && a.settings.PodENI && p.needsBranch()
}
