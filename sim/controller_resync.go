package sim

import "vpcsim/model"

// drop leaves the pod's request until something changes the pod, which nothing does in
// a run, or the next pass over all pods.
func (c *resourceController) drop(p *pod) {
	c.dropped = append(c.dropped, p)
	p.request.droppedAt = c.e.now
	if c.resyncAt != model.Never || c.bare {
		return
	}
	c.resyncAt = c.nextTick(resyncPeriod)
	c.later(c.resyncAt.Sub(c.e.now), func() {
		c.resyncAt = model.Never
		c.lookAtPods()
	})
}

// owes reports whether the controller is about to change something that no promise tells
// of.
func (c *resourceController) owes() bool {
	return c != nil && (c.resyncHelps() || c.cleanHelps() || c.e.owesWindows())
}

// resyncHelps reports whether the pass that is due would get some pod its branch as
// things are: a run does not settle before it. A request that meets the same refusal
// again makes no difference, and the run settles.
func (c *resourceController) resyncHelps() bool {
	if c.resyncAt == model.Never {
		return false
	}
	for _, p := range c.dropped {
		if p.request.dropped && p.branch == nil && p.node != nil && !p.node.gone && c.e.podNamed[p.name] == p && c.wouldSucceed(p) {
			return true
		}
	}
	return false
}

// wouldSucceed reports whether what refused the pod's branch the last time is over.
func (c *resourceController) wouldSucceed(p *pod) bool {
	t, r, x := c.trunks[p.node.name], &p.request, c.e.ec2
	if t == nil || !t.HasRoom() || x.refusesForGood(p.node.name, CreateNetworkInterface, AssociateTrunkInterface) {
		return false
	}
	switch code := r.last; {
	case x.passesFor(p.node.name, r.droppedAt):
		return true
	case code == ErrNoTrunk:
		return true
	case code == ErrNoENIConfig:
		return false // ENIConfigs don't change
	case code == ErrNoVLAN:
		return t.HasVLAN()
	case code.SubnetFull() && r.subnet != nil:
		return r.subnet.FreeForAddresses() > 0
	case kindOf(code) == KindQuota:
		ipv6 := r.subnet != nil && c.e.ec2.givesIPv6(p.node.instance, r.subnet, model.ENIBranch)
		return c.e.ec2.quotas.admitsENI(counted{ipv6: ipv6}) == nil
	default:
		// Nothing of the state shows whether EC2, or the API server, would do the same
		// again: one more try, and then it stands.
		return r.drops < 2
	}
}
