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
}

func newIPv6Space(cidr netip.Prefix) *ipv6Space {
	return &ipv6Space{cidr: cidr, taken: map[uint32]bool{}}
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
		a.started()
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
				p.refused = &refusal{code: code}
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
