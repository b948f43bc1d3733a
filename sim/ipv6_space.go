package sim

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"vpcsim/model"
)

// ipv6Space is the IPv6 CIDR of a subnet, of which EC2 hands out /80 prefixes and
// single addresses. Both come from anywhere in the first /64 of it, and neither
// lies in the other: a /80 with a single address in it is no prefix any more.
//
//	2001:db8:0:1::/64   /80 number 0     1 … 65,534             65,535
//	                    ::0 … ::3 are                           its last address
//	                    EC2's own                               is EC2's own
//	as a prefix         never            if no address is in it never
//
// The first and the last /80 hold addresses that EC2 keeps, as the first and the
// last /28 of an IPv4 subnet do. Source: VPC User Guide, "Subnet sizing".
//
// Coarser than reality: the nodes' own IPv6 addresses are not in it, as no
// subnet ever runs out of them, and of a CIDR larger than a /64 only the first
// /64 is used.
type ipv6Space struct {
	cidr     netip.Prefix
	prefixes map[uint64]bool // handed out, by number
	// single are the addresses handed out, by their lower 64 bits, and singles
	// how many of them are in each /80.
	single  map[uint64]bool
	singles map[uint64]int
	// beyond is what nodes had at the start outside the first /64.
	beyond map[netip.Prefix]bool
}

const (
	// ipv6PrefixBits is the length of a delegated IPv6 prefix.
	ipv6PrefixBits = 80
	// ipv6Prefixes is how many of them a /64 has.
	ipv6Prefixes = 1 << 16
	// firstIPv6Prefix is the lowest /80 that is handed out in a subnet. Which ones
	// EC2 prefers is not documented; this is the one in the recordings of the real
	// agent.
	firstIPv6Prefix = 5
	// firstIPv6Address is the lowest address that EC2 gives to an ENI: it keeps
	// the first four of a subnet, and the last. Source: VPC User Guide, "Subnet
	// sizing".
	firstIPv6Address = 4
	// ipv6Draws is how often a number is drawn that turns out to be taken, before
	// the next free one above it is taken.
	ipv6Draws = 64
)

func newIPv6Space(cidr netip.Prefix) *ipv6Space {
	return &ipv6Space{cidr: cidr, prefixes: map[uint64]bool{}, single: map[uint64]bool{}, singles: map[uint64]int{},
		beyond: map[netip.Prefix]bool{}}
}

// hold takes a /80 or a single address that somebody has already.
func (s *ipv6Space) hold(b netip.Prefix) error {
	n := lower(b.Addr())
	switch {
	case !s.cidr.Contains(b.Addr()):
		return fmt.Errorf("%s is not in %s", b, s.cidr)
	case s.beyond[b], s.first64(b.Addr()) && s.overlaps(b):
		return fmt.Errorf("%s is taken twice", b)
	case !s.first64(b.Addr()):
		s.beyond[b] = true
	case b.IsSingleIP():
		s.single[n] = true
		s.singles[prefixOf(n)]++
	default:
		s.prefixes[prefixOf(n)] = true
	}
	return nil
}

// overlaps reports whether some of a block of the first /64 is handed out.
func (s *ipv6Space) overlaps(b netip.Prefix) bool {
	n := lower(b.Addr())
	return s.prefixes[prefixOf(n)] || s.single[n] || !b.IsSingleIP() && s.singles[prefixOf(n)] > 0
}

// first64 reports whether an address is in the /64 of which EC2 hands out.
func (s *ipv6Space) first64(a netip.Addr) bool {
	first, _ := s.cidr.Addr().Prefix(64)
	return first.Contains(a)
}

// prefixOf is the number of the /80 that an address is in, by its lower 64 bits.
func prefixOf(address uint64) uint64 { return address >> (128 - ipv6PrefixBits) }

// at is the address with these lower 64 bits.
func (s *ipv6Space) at(address uint64) netip.Addr {
	a := s.cidr.Addr().As16()
	binary.BigEndian.PutUint64(a[8:], address)
	return netip.AddrFrom16(a)
}

// take hands out a /80: the lowest, or one drawn.
func (s *ipv6Space) take(pick model.Pick) netip.Prefix {
	n := seek(pick, firstIPv6Prefix, s.freePrefix, func() uint64 { return uint64(pick(ipv6Prefixes)) },
		func(n uint64) uint64 { return (n + 1) % ipv6Prefixes })
	s.prefixes[n] = true
	return netip.PrefixFrom(s.at(n<<(128-ipv6PrefixBits)), ipv6PrefixBits)
}

// freePrefix reports whether a /80 can be handed out.
func (s *ipv6Space) freePrefix(n uint64) bool {
	return n > 0 && n < ipv6Prefixes-1 && !s.prefixes[n] && s.singles[n] == 0
}

func (s *ipv6Space) release(p netip.Prefix) {
	if s.first64(p.Addr()) {
		delete(s.prefixes, prefixOf(lower(p.Addr())))
	}
	delete(s.beyond, p)
}

// takeAddress hands out a single address: the lowest, or one drawn.
func (s *ipv6Space) takeAddress(pick model.Pick) netip.Addr {
	n := seek(pick, firstIPv6Address, s.freeAddress, func() uint64 { return draw64(pick) }, s.nextAddress)
	s.single[n] = true
	s.singles[prefixOf(n)]++
	return s.at(n)
}

// freeAddress reports whether an address can be handed out.
func (s *ipv6Space) freeAddress(n uint64) bool {
	return n >= firstIPv6Address && n < 1<<64-1 && !s.single[n] && !s.prefixes[prefixOf(n)]
}

// nextAddress is the next that may be free: behind a prefix the first after it.
func (s *ipv6Space) nextAddress(n uint64) uint64 {
	if s.prefixes[prefixOf(n)] {
		return (prefixOf(n) + 1) << (128 - ipv6PrefixBits)
	}
	return n + 1
}

func (s *ipv6Space) releaseAddress(a netip.Addr) {
	delete(s.beyond, netip.PrefixFrom(a, a.BitLen()))
	n := lower(a)
	if !s.first64(a) || !s.single[n] {
		return
	}
	delete(s.single, n)
	if s.singles[prefixOf(n)]--; s.singles[prefixOf(n)] == 0 {
		delete(s.singles, prefixOf(n))
	}
}

// seek looks for what is free: upward from the lowest, or from the last number
// that was drawn. A subnet's IPv4 addresses end before its IPv6 space does, so
// there always is something.
func seek(pick model.Pick, lowest uint64, free func(uint64) bool, draw func() uint64, next func(uint64) uint64) uint64 {
	n := lowest
	if pick != nil {
		n = draw()
		for i := 1; i < ipv6Draws && !free(n); i++ {
			n = draw()
		}
	}
	for !free(n) {
		n = next(n)
	}
	return n
}

// draw64 draws 64 bits.
func draw64(pick model.Pick) uint64 { return uint64(pick(1<<32))<<32 | uint64(pick(1<<32)) }

// lower are the lower 64 bits of an address.
func lower(a netip.Addr) uint64 {
	b := a.As16()
	return binary.BigEndian.Uint64(b[8:])
}
