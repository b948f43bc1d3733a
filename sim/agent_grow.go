package sim

import (
	"net/netip"

	"vpcsim/model"
)

// growth is one growth step on its way: at most one call of it succeeds.
type growth struct {
	a     *agent
	pool  *pool
	count int // blocks to ask for, before it is cut to one ENI's slots
	done  func()
}

// grow makes one growth step: fill an ENI that has room, or else attach one.
// The caller has seen that growing is not blocked, except at start, where the
// cordon is asked here.
func (p *pool) grow(stats model.PoolStats, why model.Reason, done func()) {
	a := p.a
	if ok, blocked := a.mayGrow(); !ok {
		p.logSkip(model.RuleGrow, blocked, stats)
		done()
		return
	}
	candidates := p.store.GrowCandidates(p.settings, a.limits(), a.pick)
	if len(candidates) == 0 && !a.mayAttach() {
		done()
		return
	}
	if len(candidates) == 0 && p.room() == 0 {
		p.logSkip(model.RuleGrow, model.NoRoom(p.settings.Version), stats)
		done()
		return
	}
	p.skip = PoolDecision{}
	a.log(PoolGrow{p.decision(model.RuleTooLow, why, stats)})
	g := &growth{a: a, pool: p, done: done}
	if g.count = model.GrowCount(p.store.Stats(), p.settings, a.limits()); g.count == 0 {
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
		switch {
		case code == "":
			g.pool.take(e, blocks, ByGrow)
			g.succeeded()
		case code == model.PrivateIpAddressLimitExceeded && a.settings.Version.Has(model.FeatureRereadLimit):
			g.pool.takeMissing(e, ni)
			g.succeeded()
		default:
			g.pool.refused = &refusal{code: code, fault: a.e.ec2.answering, subnet: ni.subnet, want: want, prefixes: a.settings.PrefixDelegation}
			a.node.poolRefused()
			refused(code)
		}
	})
}

// takeMissing puts into the datastore what EC2 has on the ENI and the
// datastore has not, also what was given back a moment ago.
func (p *pool) takeMissing(e *model.StoreENI, ni *eni) {
	var missing []netip.Prefix
	for _, b := range ni.blocks {
		if !e.Has(b) {
			missing = append(missing, b)
		}
	}
	if len(missing) > 0 {
		p.take(e, missing, ByGrow)
	}
}

// refused is the reaction to an ENI that got nothing, not even one block.
func (g *growth) refused(code model.ErrorCode, others []*model.StoreENI) {
	switch {
	case code.SubnetFull() && g.a.settings.SubnetDiscovery && g.a.settings.Version.Has(model.FeatureDiscoveryFallThrough):
		g.fill(others)
	case g.a.settings.BacksOff(code):
		g.a.backoff = g.a.e.now
		g.done()
	case g.a.starting() && g.a.settings.Version.Has(model.FeatureGrowAtStart):
		// Source: observed in v1.23.1; an ENI that can't be created doesn't end a
		// start-up. What ended one before v1.13.0 is not documented.
		g.a.exit(exitGrowth)
	default:
		g.done()
	}
}

// attach creates an ENI with blocks and attaches it, if there is room.
func (g *growth) attach() {
	a := g.a
	if g.pool.room() == 0 {
		g.done()
		return
	}
	// The numbers are read anew: refused requests may have taken time.
	want := min(a.limits().Slots, model.GrowCount(g.pool.store.Stats(), g.pool.settings, a.limits()))
	if want == 0 {
		g.succeeded()
		return
	}
	g.create(a.places(), want)
}

// create tries the places in turn until one accepts. The refusal of the last
// decides the back-off; where there is none nothing is called.
func (g *growth) create(places []place, want int) {
	a := g.a
	if len(places) == 0 {
		g.done()
		return
	}
	place := places[0]
	life := a.life
	asked := newENI{subnet: place.subnet, groups: place.groups, want: want, prefixes: a.settings.PrefixDelegation && !a.settings.IPv6, ipv6: a.settings.IPv6}
	a.e.ec2.create(a.instance(), asked, func(ni *eni, code model.ErrorCode) {
		switch {
		case a.life != life:
		case code == "":
			g.created(ni)
		case len(places) > 1:
			g.create(places[1:], want)
		default:
			g.pool.refused = &refusal{code: code, fault: a.e.ec2.answering, subnet: place.subnet, newENI: true, want: want, prefixes: asked.prefixes}
			if a.settings.BacksOff(code) {
				a.backoff = a.e.now
			}
			a.node.poolRefused()
			g.done()
		}
	})
}

// mayAttach reports whether a growth step may attach an ENI: not at the start of
// older releases.
func (a *agent) mayAttach() bool {
	return !a.starting() || a.settings.Version.Has(model.FeatureGrowAtStart)
}

// created goes on with an ENI that exists: describe, attach, modify. Where a
// call is refused the ENI is given up.
func (g *growth) created(ni *eni) {
	a, x, in := g.a, g.a.e.ec2, g.a.instance()
	a.inFlight = ni
	giveUp := a.alive(func(model.ErrorCode) {
		a.inFlight = nil
		a.watchLeaks()
		g.done()
	})
	x.describe(in, DescribeInstances, ni, ni.vain, a.alive(func(code model.ErrorCode) {
		if code != "" {
			g.pool.refused = &refusal{code: code, fault: a.e.ec2.answering}
			x.delete(in, ni, giveUp)
			return
		}
		x.attach(in, ni, g.pool.card, a.alive(func(code model.ErrorCode) {
			if code != "" {
				g.pool.refused = &refusal{code: code, fault: a.e.ec2.answering, subnet: ni.subnet}
				x.delete(in, ni, giveUp)
				return
			}
			x.modify(in, ni, a.alive(func(code model.ErrorCode) {
				if code != "" {
					g.pool.refused = &refusal{code: code, fault: a.e.ec2.answering}
					a.detachAndDelete(ni, func() { giveUp("") })
					return
				}
				a.inFlight = nil
				by := ByGrow
				if a.settings.IPv6 { // no decision about a pool led to it
					by = ByStart
				}
				g.pool.takeENI(ni, a.attachedBlocks(ni), by)
				g.succeeded()
			}))
		}))
	}))
}

// succeeded ends a step that counts as a pool action.
func (g *growth) succeeded() {
	g.a.lastAction = g.a.e.now
	g.pool.refused = nil
	g.done()
}

// place is where a new ENI goes.
type place struct {
	subnet *subnet
	groups []model.SecurityGroup
}

// hasPlace reports whether a new ENI has somewhere to go.
func (a *agent) hasPlace() bool { return len(a.places()) > 0 }
