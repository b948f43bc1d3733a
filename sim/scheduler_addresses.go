package sim

import "vpcsim/model"

// The counterfactual scheduler.seesAddresses: addresses of the node's pool are a
// resource. A node has as many as are attached to it and not cooling, and a pod
// takes one from being bound on. It is judged on what the pool has, not on what
// it may still get: the agent keeps an address spare wherever it can, so that a
// pool which could grow does, and the pods follow. No pod is ever bound in vain,
// but those that name their node.
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
	if p.unaddressed {
		p.unaddressed = false
		n.unaddressed--
	}
}

// recountUnaddressed counts again when an agent has started: with other settings
// other pods take addresses of the pool.
func (n *node) recountUnaddressed() {
	for _, p := range n.pods {
		if waits := p.phase == podCreating && n.poolServes(p.spec); waits && !p.unaddressed {
			p.unaddressed = true
			n.unaddressed++
		} else if !waits {
			n.addressed(p)
		}
	}
}

// freeAddresses is how many more pods could be given an address at once.
func (n *node) freeAddresses() int {
	if a := n.agent; a.up {
		return a.pools[0].store.Stats().Available() - a.pools[0].store.Cooling(n.e.now) - n.unaddressed
	}
	return 0
}

// addressOutcome is that the pool has an address for one more pod, or why not.
func (n *node) addressOutcome() outcome {
	if n.freeAddresses() > 0 {
		return outcomeFits
	}
	kind := n.shortOf()
	for i, k := range addressKinds {
		if k == kind {
			return outcomeAddresses + outcome(i)
		}
	}
	return outcomeAddresses + outcome(len(addressKinds)-1)
}

// shortOf is why the pool has no free address. A pool that is large enough for
// pods which are still to ask for theirs only lags.
func (n *node) shortOf() Kind {
	a := n.agent
	if a.up && n.unaddressed > 0 && a.pools[0].store.Stats().Available() > a.pools[0].store.Cooling(n.e.now) {
		return KindWarmPoolLag
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
