package capacity

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios"
)

// full is the subnet that is full; where several are, the first that nodes are
// in.
func (r *remedies) full() (scenarios.Subnet, bool) {
	name := r.stop.Name
	if r.stop.Scope != "subnet" {
		for _, g := range r.s.NodeGroups {
			if len(g.Subnets) > 0 {
				name = g.Subnets[0]
				break
			}
		}
	}
	i := slices.IndexFunc(r.s.VPC.Subnets, func(n scenarios.Subnet) bool { return n.Name == name })
	if i < 0 {
		return scenarios.Subnet{}, false
	}
	return r.s.VPC.Subnets[i], true
}

// moreBits is the length of the subnet that is added: a /24.
const moreBits = 24

// anotherSubnet adds a /24 in the zone of the full one, and then one in each
// zone that has nodes.
func (r *remedies) anotherSubnet() {
	full, ok := r.full()
	if !ok || r.custom() {
		return // an ENIConfig names one subnet
	}
	r.moreSubnets("another /24 in "+full.Zone, []string{full.Zone})
	var zones []string
	for _, n := range r.s.VPC.Subnets {
		used := slices.ContainsFunc(r.s.NodeGroups, func(g scenarios.NodeGroup) bool { return slices.Contains(g.Subnets, n.Name) })
		if used && !slices.Contains(zones, n.Zone) {
			zones = append(zones, n.Zone)
		}
	}
	if len(zones) > 1 {
		r.moreSubnets(fmt.Sprintf("another /24 in each of %d zones", len(zones)), zones)
	}
}

// moreSubnets adds a /24 in each zone. With subnet discovery they are tagged, so
// that agents make ENIs there; where no node could be launched, or without
// discovery, nodes go there as well.
func (r *remedies) moreSubnets(name string, zones []string) {
	forNodes := r.stop.Reason == "launch" || r.env("ENABLE_SUBNET_DISCOVERY") != "true"
	where := ", tagged for pods"
	if forNodes {
		where = ", for nodes"
	}
	var changes []string
	planned := slices.Clone(r.s.VPC.Subnets)
	for _, zone := range zones {
		cidr, extra := r.freeBlock(planned)
		if !cidr.IsValid() {
			return
		}
		for _, c := range extra {
			if !slices.Contains(changes, c) {
				changes = append(changes, c)
			}
		}
		more := scenarios.Subnet{Name: unusedName(planned), Zone: zone, CIDR: cidr}
		changes = append(changes, fmt.Sprintf(`vpc.subnets[%d]={name: %s, zone: %q, cidr: %s, tags: {kubernetes.io/role/cni: "1"}}`,
			len(planned), more.Name, zone, cidr))
		planned = append(planned, more)
	}
	for _, g := range r.s.NodeGroups {
		var names []string
		for _, name := range g.Subnets {
			names = append(names, strconv.Quote(name))
		}
		for _, n := range planned[len(r.s.VPC.Subnets):] {
			if forNodes {
				names = append(names, n.Name)
			}
		}
		// Said in any case: a group that names none is in all.
		changes = append(changes, group(g, "subnets=["+strings.Join(names, ", ")+"]"))
	}
	r.add(name+where, changes...)
}

func unusedName(subnets []scenarios.Subnet) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("more-%d", n)
		if !slices.ContainsFunc(subnets, func(s scenarios.Subnet) bool { return s.Name == name }) {
			return name
		}
	}
}

// secondaryBlock is what the VPC gets where its blocks have no room left: of the
// shared address space, which AWS recommends for pods.
var secondaryBlock = netip.MustParsePrefix("100.64.0.0/16")

// freeBlock is the lowest free /24 of the VPC. Where there is none, the changes
// give it a secondary block.
func (r *remedies) freeBlock(subnets []scenarios.Subnet) (netip.Prefix, []string) {
	blocks := r.s.VPC.CIDRs
	for _, b := range blocks {
		if cidr := freeIn(b, subnets); cidr.IsValid() {
			return cidr, nil
		}
	}
	if slices.ContainsFunc(blocks, secondaryBlock.Overlaps) {
		return netip.Prefix{}, nil
	}
	return freeIn(secondaryBlock, subnets), []string{fmt.Sprintf("vpc.cidrs[%d]=%s", len(blocks), secondaryBlock)}
}

func freeIn(block netip.Prefix, subnets []scenarios.Subnet) netip.Prefix {
	if block.Bits() > moreBits {
		return netip.Prefix{}
	}
	for at := netip.PrefixFrom(block.Masked().Addr(), moreBits); block.Contains(at.Addr()); at = nextBlock(at) {
		if !slices.ContainsFunc(subnets, func(s scenarios.Subnet) bool { return s.CIDR.Overlaps(at) }) {
			return at
		}
	}
	return netip.Prefix{}
}

// nextBlock is the /24 behind a /24.
func nextBlock(p netip.Prefix) netip.Prefix {
	a := p.Addr().As4()
	for i := 2; i >= 0; i-- {
		if a[i]++; a[i] != 0 {
			break
		}
	}
	return netip.PrefixFrom(netip.AddrFrom4(a), p.Bits())
}

// largerSubnet plans the full subnet twice as large, where its place allows that.
func (r *remedies) largerSubnet() {
	full, ok := r.full()
	if !ok || full.CIDR.Bits() <= model.LargestSubnetBits {
		return
	}
	larger, fits := Resize(full.CIDR, full.CIDR.Bits()-1)
	fits = fits && slices.ContainsFunc(r.s.VPC.CIDRs, func(b netip.Prefix) bool { return b.Bits() <= larger.Bits() && b.Overlaps(larger) }) &&
		!slices.ContainsFunc(r.s.VPC.Subnets, func(s scenarios.Subnet) bool { return s.Name != full.Name && s.CIDR.Overlaps(larger) })
	if fits {
		r.add(fmt.Sprintf("%s planned as a /%d", full.Name, larger.Bits()), fmt.Sprintf("vpc.subnets.%s.cidr=%s", full.Name, larger))
	}
}

// Resize returns the subnet with the same first address and another length;
// false where a block of that length can't begin there.
func Resize(cidr netip.Prefix, bits int) (netip.Prefix, bool) {
	base := cidr.Masked().Addr()
	resized := netip.PrefixFrom(base, bits)
	return resized, resized.Masked().Addr() == base
}
