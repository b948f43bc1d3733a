package sim

import (
	"encoding/binary"
	"net/netip"

	"vpcsim/model"
)

// IPv6 clusters: the primary ENI gets one /80 at the agent's start, which holds
// more addresses than a node ever has pods, and so does one ENI on each network
// card above 0 that the agent manages. There is no warm pool and no loop.
// Source: VPC CNI README, ENABLE_IPv6; observed in v1.23.1.

// ipv6PrefixBits is the length of a delegated IPv6 prefix.
const ipv6PrefixBits = 80

// firstIPv6Prefix is the lowest /80 that is handed out in a subnet. Which ones
// EC2 prefers is not documented; this is the one in the recordings of the real
// agent.
const firstIPv6Prefix = 5

// ipv6Space is the IPv6 CIDR of a subnet as a space of /80 prefixes.
//
// Coarser than reality: the nodes' own IPv6 addresses are not in it, as no
// subnet ever runs out of them.
type ipv6Space struct {
	cidr  netip.Prefix
	taken map[uint32]bool
	// single are the addresses of ENIs, which are in the /80 that is never
	// handed out.
	single map[uint64]bool
}

func newIPv6Space(cidr netip.Prefix) *ipv6Space {
	return &ipv6Space{cidr: cidr, taken: map[uint32]bool{}, single: map[uint64]bool{}}
}

// take hands out a /80: the lowest, or one drawn from the first 65,536.
func (s *ipv6Space) take(pick model.Pick) netip.Prefix {
	n := uint32(firstIPv6Prefix)
	for s.taken[n] {
		n++
	}
	if pick != nil {
		for n = uint32(pick(1 << 16)); n == 0 || s.taken[n]; n = uint32(pick(1 << 16)) {
		}
	}
	s.taken[n] = true
	a := s.cidr.Addr().As16()
	binary.BigEndian.PutUint32(a[6:], binary.BigEndian.Uint32(a[6:])+n)
	return netip.PrefixFrom(netip.AddrFrom16(a), ipv6PrefixBits)
}

func (s *ipv6Space) release(p netip.Prefix) {
	a, base := p.Addr().As16(), s.cidr.Addr().As16()
	delete(s.taken, binary.BigEndian.Uint32(a[6:])-binary.BigEndian.Uint32(base[6:]))
}

// firstIPv6Address is the lowest address that EC2 gives to an ENI by itself: it
// keeps the first four of a subnet. Source: VPC User Guide, "Subnet sizing".
const firstIPv6Address = 4

// takeAddress hands out a single address: the lowest, or one drawn from the
// first /80.
func (s *ipv6Space) takeAddress(pick model.Pick) netip.Addr {
	n := uint64(firstIPv6Address)
	for s.single[n] {
		n++
	}
	if pick != nil {
		for n = 0; n < firstIPv6Address || s.single[n]; {
			n = uint64(pick(1<<16))<<32 | uint64(pick(1<<16))<<16 | uint64(pick(1<<16))
		}
	}
	s.single[n] = true
	a := s.cidr.Addr().As16()
	binary.BigEndian.PutUint64(a[8:], n)
	return netip.AddrFrom16(a)
}

func (s *ipv6Space) releaseAddress(a netip.Addr) {
	b := a.As16()
	delete(s.single, binary.BigEndian.Uint64(b[8:]))
}

// assignIPv6 adds a /80 to an attached ENI.
func (x *ec2) assignIPv6(ni *eni, done func(blocks []netip.Prefix, code model.ErrorCode)) {
	var blocks []netip.Prefix
	x.send(request{
		in:     ni.instance,
		life:   ni.instance.life(),
		fields: CallFields{Action: AssignIpv6Addresses, ENI: ni.id, Card: ni.card, Subnet: ni.subnet.ID(), Want: 1},
		effect: func(f *CallFields) {
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
		a.exit("the node's subnet has no IPv6 CIDR")
		return
	}
	a.startPrefix(primary, func(code model.ErrorCode) {
		if code != "" {
			a.exit("failed to assign an IPv6 prefix: " + string(code))
			return
		}
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
				p.refused = &refusal{code: code, subnet: ni.subnet}
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
