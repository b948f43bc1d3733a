package sim

import "vpcsim/model"

// The counterfactual scheduler.seesAddresses: addresses of the node's pool are a
// resource. A node has as many as are attached to it and not cooling, and a pod
// takes one from being bound on. It is judged on what the pool has, not on what
// it may still get: the agent keeps an address spare wherever it can, so that a
// pool which could grow does, and the pods follow. No pod is ever bound in vain,
// but those that name their node.
//
// Of several network cards each has a resource of its own. A pod that wants an
// address of each takes one of all of them, or is not placed. Any other takes one
// of whichever card has one when it asks, the lowest first. Pods that are placed
// ask in an order that nobody knows: so while one that wants all is to come, all
// others are taken to be given addresses of card 0, and that has to have enough.
//
// Windows nodes have a resource of their own for it, and pods with branch ENIs
// pod-eni; IPv6 pools have no end.

// resourceAddresses is what the scheduler calls the resource. It has the name of
// that of Windows nodes, the only one that there is.
const resourceAddresses = "vpc.amazonaws.com/PrivateIPv4Address"

// poolServes reports whether pods of the spec take an address of the node's
// pool.
func (n *node) poolServes(spec *PodSpec) bool {
	s := n.agent.settings
	return !spec.HostNetwork && n.windows == nil && !s.IPv6 && !(s.PodENI && needsBranch(spec))
}

// addressed says that a pod which the node counts as one without address has
// got one, or is gone.
func (n *node) addressed(p *pod) {
	if !p.unaddressed {
		return
	}
	p.unaddressed = false
	n.unaddressed--
	if p.unaddressedEach {
		p.unaddressedEach = false
		n.unaddressedEach--
	}
	if len(n.agent.pools) > 1 {
		n.poolChanged() // what is due to others is another sum
	}
}

// awaits says that a pod on the node needs an address of its pool, or one of each
// pool.
func (n *node) awaits(p *pod) {
	p.unaddressed = true
	n.unaddressed++
	if n.agent.needsEveryCard(p.spec) {
		p.unaddressedEach = true
		n.unaddressedEach++
	}
}

// recountUnaddressed counts again when an agent has started: with other settings
// other pods take addresses of the pool.
func (n *node) recountUnaddressed() {
	for _, p := range n.pods {
		n.addressed(p)
		if p.phase == podCreating && n.poolServes(p.spec) {
			n.awaits(p)
		}
	}
}

// free is how many addresses the pool can give at once.
func (p *pool) free() int {
	return p.store.Stats().Available() - p.store.Cooling(p.a.e.now)
}

// freeAddresses is how many more pods of the spec could be given an address at
// once, or one of each card, whatever the order in which pods ask for theirs.
func (n *node) freeAddresses(spec *PodSpec) int {
	a := n.agent
	if !a.up {
		return 0
	}
	each := a.needsEveryCard(spec)
	least := a.pools[0].free() - n.unaddressed
	if !each && n.unaddressedEach == 0 {
		for _, p := range a.pools[1:] {
			least += p.free()
		}
		return least
	}
	if each {
		for _, p := range a.pools[1:] {
			least = min(least, p.free()-n.unaddressedEach)
		}
	}
	return least
}

// addressOutcome is that the pool has an address for one more pod of the spec, or
// why not.
func (n *node) addressOutcome(spec *PodSpec) outcome {
	if n.freeAddresses(spec) > 0 {
		return outcomeFits
	}
	kind := n.shortOf(spec)
	for i, k := range addressKinds {
		if k == kind {
			return outcomeAddresses + outcome(i)
		}
	}
	return outcomeAddresses + outcome(len(addressKinds)-1)
}

// shortOf is why the pools have no free address for a pod of the spec. Pools that
// are large enough for pods which are still to ask for theirs only lag.
func (n *node) shortOf(spec *PodSpec) Kind {
	a := n.agent
	if !a.up {
		return a.diagnose(denial{}).kind
	}
	var lacking *pool
	some := false
	for _, p := range a.pools {
		if p.free() > 0 {
			some = true
		} else if lacking == nil {
			lacking = p
		}
	}
	each := a.needsEveryCard(spec)
	if n.unaddressed > 0 && some && (!each || lacking == nil) {
		return KindWarmPoolLag
	}
	if each && lacking != nil {
		return a.diagnose(denial{lacking: lacking}).kind
	}
	return a.diagnose(denial{}).kind
}

// poolChanged says that the pool has other addresses, or that its agent stands
// otherwise.
func (n *node) poolChanged() {
	if n.e.cfg.Scheduler.SeesAddresses && n.windows == nil {
		n.e.scheduler.nodeChanged(n)
	}
}

// coolsUntil says that an address is free again after the instant.
func (n *node) coolsUntil(until model.Instant) {
	if n.e.cfg.Scheduler.SeesAddresses {
		n.e.at(until+1, n.poolChanged)
	}
}

// poolRefused says that EC2 has refused to let the pool grow.
func (n *node) poolRefused() {
	if n.e.cfg.Scheduler.SeesAddresses {
		n.poolChanged()
		n.e.autoscaler.podWaits()
	}
}

// remedyAddresses is what would help where no node has an address for a pod.
func remedyAddresses(kind Kind) string {
	switch kind {
	case KindSubnetIPs:
		return "a larger subnet, or another one for pods; fewer idle addresses on the nodes (WARM_IP_TARGET); nodes in other subnets"
	case KindPrefixFragmentation:
		return "a subnet with whole /28s: reserve a range for prefixes, or take a fresh subnet; nodes in other subnets"
	case KindENILimit:
		return "more nodes, prefix mode, or a larger instance type: all ENIs of the nodes are full"
	case KindCooldown:
		return "addresses rest for IP_COOLDOWN_PERIOD after their pod has gone: keep more warm, or replace pods more slowly"
	case KindWarmPoolLag:
		return "the pools are growing, at the next checks of their agents: keep more warm, or start pods more slowly"
	case KindMisconfig:
		return "the agents' settings keep their pools from growing: MINIMUM_IP_TARGET without WARM_IP_TARGET is a hard cap, and cordons and DISABLE_NETWORK_RESOURCE_PROVISIONING suspend growth"
	default:
		return remedyRefused(kind, "")
	}
}
