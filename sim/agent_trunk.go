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
	return a.settings.PodENI && !a.store.HasTrunk()
}

// signalTrunk asks the resource controller for a trunk, if the agent's ENIs
// leave a slot.
func (a *agent) signalTrunk() {
	if !a.settings.IPv4 || !a.awaitsTrunk() || len(a.store.ENIs()) >= a.maxENI() {
		return
	}
	a.e.signalTrunk(a.node)
}

// attachedByOthers says that EC2 has something on the instance that the agent
// did not ask for.
func (a *agent) attachedByOthers() {
	a.stale = true
	a.wakeReconcile()
}

// watchReconcile says when reconciles matter: with something stale.
func (a *agent) reconcileDue() model.Instant {
	if a.awaitsTrunk() {
		return a.e.now
	}
	return max(a.e.now, a.lastAction.Add(model.ReconcileInterval)+1)
}

// signalTrunk attaches a trunk to the node after the controller's delay.
func (e *engine) signalTrunk(n *node) {
	if n.signalled {
		return
	}
	n.signalled = true
	e.log(n.name, TrunkSignalled{})
	e.promise(e.now.Add(8500*1e6), func() {
		in := n.instance
		if !in.kind.TrunkingCompatible || n.gone {
			return
		}
		device := in.kind.MaxENIs - 1
		for ; device >= 0; device-- {
			free := true
			for _, ni := range in.enis {
				free = free && ni.device != device
			}
			if free {
				break
			}
		}
		if device < 0 {
			n.signalled = false
			return
		}
		ni, err := e.ec2.make(in, n.subnet, in.enis[0].groups, 0, false)
		if err != nil {
			n.signalled = false
			return
		}
		ni.kind = model.ENITrunk
		in.attach(ni, device)
		n.agent.attachedByOthers()
	})
}
