package model

import (
	"fmt"
	"net/netip"
)

// Claim takes a given block: a single address (/32), or a wholly free, aligned
// /28 as a prefix. It may lie in a reservation of either type: a request that
// names its addresses may have them, as may one from before the reservation.
// What Claim took is given back by ReleaseAddress or ReleasePrefix. It is an
// error if an address is outside the subnet, kept by EC2, or taken. Source: EC2
// API reference, AssignPrivateIpAddresses; Amazon VPC user guide, "Subnet CIDR
// reservations".
func (s *Subnet) Claim(b netip.Prefix) error {
	if b.IsSingleIP() {
		return s.claimAddress(b.Addr())
	}
	i, ok := s.index(b.Addr())
	switch {
	case b.Bits() != prefixBits || b != b.Masked():
		return fmt.Errorf("subnet %s: %s is no aligned /%d, as a prefix is", s.id, b, prefixBits)
	case !ok || b.Bits() < s.cidr.Bits():
		return fmt.Errorf("subnet %s: %s is not in %s", s.id, b, s.cidr)
	case s.isKept(i) || s.isKept(i+prefixSize-1):
		return fmt.Errorf("subnet %s: %s has addresses that EC2 keeps", s.id, b)
	case s.delegated.has(i / prefixSize):
		return fmt.Errorf("subnet %s: %s is already in use", s.id, b)
	}
	for k := i; k < i+prefixSize; k++ {
		if !s.free.has(k) {
			return fmt.Errorf("subnet %s: %s of %s is already in use", s.id, s.addr(k), b)
		}
	}
	s.delegate(i / prefixSize)
	return nil
}

func (s *Subnet) claimAddress(a netip.Addr) error {
	if err := s.checkFree(a); err != nil {
		return err
	}
	i, _ := s.index(a)
	s.take(i, 1)
	return nil
}
