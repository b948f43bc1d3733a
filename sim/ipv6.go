package sim

import (
	"net/netip"

	"vpcsim/model"
)

// IPv6 clusters: the primary ENI gets one /80 at the agent's start, which holds
// more addresses than a node ever has pods, and so does one ENI on each network
// card above 0 that the agent manages. There is no warm pool and no loop.
// Source: VPC CNI README, ENABLE_IPv6; observed in v1.23.1.

// assignIPv6 adds a /80 to an attached ENI.
func (x *ec2) assignIPv6(ni *eni, done func(blocks []netip.Prefix, code model.ErrorCode)) {
	var blocks []netip.Prefix
	x.send(request{
		in:     ni.instance,
		life:   ni.instance.life(),
		fields: CallFields{Action: AssignIpv6Addresses, ENI: ni.id, Card: ni.card, Subnet: ni.subnet.ID(), Want: 1},
		effect: func(f *CallFields) {
			if err := x.quotas.admitsUnits(1); err != nil {
				f.Error = codeOf(err)
				return
			}
			blocks = []netip.Prefix{ni.subnet.ipv6.take(ni.subnet.pick)}
			ni.blocks = append(ni.blocks, blocks...)
			x.quotas.added(len(blocks))
			f.Prefixes = blocks
		},
		done: func(code model.ErrorCode) { done(blocks, code) },
	})
}

// startIPv6 is the start-up of an agent in IPv6 mode: a /80 for the primary ENI
// if it has none, then the other network cards.
func (a *agent) startIPv6() {
	primary := a.instance().enis[0]
	if primary.subnet.ipv6 == nil {
		a.exit(exitNoIPv6)
		return
	}
	a.startPrefix(primary, func(code model.ErrorCode) {
		if code != "" {
			a.pools[0].refused = &refusal{code: code, fault: a.e.ec2.answering, subnet: primary.subnet}
			a.exit(exitPrefix + string(code))
			return
		}
		a.pools[0].refused = nil
		a.startIPv6Cards(a.pools[1:])
	})
}

// startIPv6Cards gives each card above 0 an ENI with a /80, if it has none. What
// is refused does not end the start; it is tried again at the next.
func (a *agent) startIPv6Cards(left []*pool) {
	if len(left) == 0 {
		a.startedIPv6()
		return
	}
	p := left[0]
	prefix := func() {
		if len(p.store.ENIs()) == 0 {
			a.startIPv6Cards(left[1:])
			return
		}
		ni := a.instance().eni(p.store.ENIs()[0].ID)
		a.startPrefix(ni, func(code model.ErrorCode) {
			if code != "" {
				p.refused = &refusal{code: code, fault: a.e.ec2.answering, subnet: ni.subnet}
			}
			a.startIPv6Cards(left[1:])
		})
	}
	if may, _ := a.mayProvision(); !may || len(p.store.ENIs()) > 0 || p.room() == 0 {
		prefix()
		return
	}
	g := &growth{a: a, pool: p, done: prefix}
	g.create(a.places(), 0)
}

// startPrefix gives an attached ENI a /80, if it has none.
func (a *agent) startPrefix(ni *eni, done reply) {
	if len(ni.blocks) > 0 {
		done("")
		return
	}
	life := a.life
	a.e.ec2.assignIPv6(ni, func(blocks []netip.Prefix, code model.ErrorCode) {
		if a.life != life {
			return
		}
		if code == "" {
			p := a.pools[ni.card]
			p.take(p.store.ENI(ni.id), blocks, ByStart)
		}
		done(code)
	})
}

// startedIPv6 ends the start-up. Where security groups for pods are on the agent
// asks for a trunk, whatever slots are taken, and then looks every 5 s whether it
// is there; requests for addresses don't wait for it.
func (a *agent) startedIPv6() {
	if a.awaitsTrunk() {
		a.e.controller.signal(a.node)
	}
	a.started()
	a.awaitTrunkIPv6()
}

// awaitTrunkIPv6 takes the trunk into the datastore when the agent next looks. It
// has no addresses for the agent. While none is attached there is no timer.
func (a *agent) awaitTrunkIPv6() {
	if !a.up || !a.awaitsTrunk() || a.attachedTrunk() == nil {
		return
	}
	// The first look is at the end of the start-up.
	ms := model.Instant(loopPeriod.Milliseconds())
	from := a.loopBase.Add(loopPause)
	at := from + (a.e.now-from+ms-1)/ms*ms
	life := a.life
	a.e.beat(a.node, at, func() {
		if trunk := a.attachedTrunk(); a.life == life && a.awaitsTrunk() && trunk != nil {
			a.pools[0].takeENI(trunk, nil, ByReconcile)
		}
	})
}

// attachedTrunk is the instance's trunk as its metadata shows it, nil if there is
// none.
func (a *agent) attachedTrunk() *eni {
	for _, ni := range a.attached() {
		if ni.kind == model.ENITrunk {
			return ni
		}
	}
	return nil
}
