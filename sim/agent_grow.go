package sim

import (
	"net/netip"

	"vpcsim/model"
)

// growth is one growth step on its way: at most one call of it succeeds.
type growth struct {
	a     *agent
	count int // blocks to ask for, before it is cut to one ENI's slots
	done  func()
}

// grow makes one growth step: fill an ENI that has room, or else attach one.
// The caller has seen that growing is not blocked, except at start, where the
// cordon is asked here.
func (a *agent) grow(stats model.PoolStats, why model.Reason, done func()) {
	if ok, blocked := a.mayGrow(); !ok {
		a.logSkip(model.RuleGrow, blocked, stats)
		done()
		return
	}
	candidates := a.store.GrowCandidates(a.settings, a.limits(), a.pick)
	if len(candidates) == 0 && a.room() == 0 {
		a.logSkip(model.RuleGrow, model.ReasonNoRoom, stats)
		done()
		return
	}
	a.skip = PoolDecision{}
	a.e.log(a.node.name, PoolGrow{a.decision(model.RuleTooLow, why, stats)})
	g := &growth{a: a, count: model.GrowCount(stats, a.settings, a.limits()), done: done}
	if g.count == 0 {
		g.succeeded() // nothing is short: a step without a call
		return
	}
	g.fill(candidates)
}

// fill asks the first candidate for blocks.
func (g *growth) fill(candidates []*model.StoreENI) {
	if len(candidates) == 0 {
		g.attach()
		return
	}
	e := candidates[0]
	want := min(g.a.limits().Slots-e.BlockCount(), g.count)
	g.ask(e, want, func(code model.ErrorCode) {
		g.ask(e, 1, func(code model.ErrorCode) { g.refused(code, candidates[1:]) })
	})
}

// ask requests blocks for an ENI. The ENI being full already in EC2's eyes
// counts as success: what it has is put into the datastore.
func (g *growth) ask(e *model.StoreENI, want int, refused reply) {
	a := g.a
	ni := a.instance().eni(e.ID)
	life := a.life
	a.e.ec2.assign(ni, want, a.settings.PrefixDelegation, func(blocks []netip.Prefix, code model.ErrorCode) {
		if a.life != life {
			return
		}
		switch code {
		case "":
			a.take(e, blocks, ByGrow)
			g.succeeded()
		case model.PrivateIpAddressLimitExceeded:
			a.takeMissing(e, ni)
			g.succeeded()
		default:
			a.refused = &refusal{code: code, subnet: ni.subnet, want: want, prefixes: a.settings.PrefixDelegation}
			refused(code)
		}
	})
}

// takeMissing puts into the datastore what EC2 has on the ENI and the
// datastore has not, also what was given back a moment ago.
func (a *agent) takeMissing(e *model.StoreENI, ni *eni) {
	var missing []netip.Prefix
	for _, b := range ni.blocks {
		if !e.Has(b) {
			missing = append(missing, b)
		}
	}
	if len(missing) > 0 {
		a.take(e, missing, ByGrow)
	}
}

// refused is the reaction to an ENI that got nothing, not even one block.
func (g *growth) refused(code model.ErrorCode, others []*model.StoreENI) {
	switch {
	case code.SubnetFull() && g.a.settings.SubnetDiscovery:
		g.fill(others)
	case code.SubnetFull():
		g.a.backoff = g.a.e.now
		g.done()
	default:
		g.done()
	}
}

// attach creates an ENI with blocks and attaches it, if there is room.
func (g *growth) attach() {
	a := g.a
	if a.room() == 0 {
		g.done()
		return
	}
	place, ok := a.placeENI()
	if !ok {
		g.done()
		return
	}
	// The numbers are read anew: refused requests may have taken time.
	want := min(a.limits().Slots, model.GrowCount(a.store.Stats(), a.settings, a.limits()))
	if want == 0 {
		g.succeeded()
		return
	}
	life := a.life
	a.e.ec2.create(a.instance(), place.subnet, place.groups, want, a.settings.PrefixDelegation, func(ni *eni, code model.ErrorCode) {
		switch {
		case a.life != life:
		case code == "":
			g.created(ni)
		default:
			a.refused = &refusal{code: code, subnet: place.subnet, newENI: true, want: want, prefixes: a.settings.PrefixDelegation}
			if code.SubnetFull() {
				a.backoff = a.e.now
			}
			g.done()
		}
	})
}

// created goes on with an ENI that exists: describe, attach, modify.
func (g *growth) created(ni *eni) {
	a, x := g.a, g.a.e.ec2
	a.inFlight = ni
	x.describe(a.instance(), DescribeInstances, ni, a.alive(func(model.ErrorCode) {
		x.attach(a.instance(), ni, a.alive(func(code model.ErrorCode) {
			if code != "" {
				a.refused = &refusal{code: code}
				x.delete(a.instance(), ni, a.alive(func(model.ErrorCode) {
					a.inFlight = nil
					g.done()
				}))
				return
			}
			x.modify(a.instance(), ni, a.alive(func(model.ErrorCode) {
				a.inFlight = nil
				a.takeENI(ni, attachedBlocks(ni), ByGrow)
				g.succeeded()
			}))
		}))
	}))
}

// succeeded ends a step that counts as a pool action.
func (g *growth) succeeded() {
	g.a.lastAction = g.a.e.now
	g.a.refused = nil
	g.done()
}

// place is where a new ENI goes.
type place struct {
	subnet *subnet
	groups []model.SecurityGroup
}

// placeENI chooses the subnet and the security groups of a new ENI: those of
// the node's ENIConfig in custom networking, else the node's own. ok is false
// when the node's ENIConfig does not exist.
func (a *agent) placeENI() (place, bool) {
	n := a.node
	primary := a.instance().enis[0]
	if !a.settings.CustomNetworking {
		return place{n.subnet, primary.groups}, true
	}
	name := n.eniConfigName(a.settings)
	for _, c := range a.e.cfg.CNI.ENIConfigs {
		if c.Name == name {
			groups := c.SecurityGroups
			if len(groups) == 0 {
				groups = primary.groups
			}
			return place{a.e.ec2.named[c.Subnet], groups}, true
		}
	}
	return place{}, false
}

// hasPlace reports whether a new ENI has somewhere to go.
func (a *agent) hasPlace() bool {
	_, ok := a.placeENI()
	return ok
}
