package model

import (
	"fmt"
	"net/netip"
)

// Codes that EC2 refuses a subnet's CIDR with; the errors of CheckSubnet wrap
// them. Source: EC2 API reference, "Error codes".
const (
	// InvalidSubnetRange: the CIDR is no subnet's, or isn't inside the VPC's.
	InvalidSubnetRange ErrorCode = "InvalidSubnet.Range"
	// InvalidSubnetConflict: the CIDR overlaps another subnet's.
	InvalidSubnetConflict ErrorCode = "InvalidSubnet.Conflict"
)

// MaxVPCBlocksDefault is how many IPv4 CIDR blocks a VPC may have, the primary
// one included, unless its owner had the quota raised (up to 50). Source:
// Amazon VPC user guide, "Amazon VPC quotas".
const MaxVPCBlocksDefault = 5

// VPC is the IPv4 CIDR blocks of a VPC and the subnets cut out of them. The
// zero VPC has no block; NewVPC makes one that has.
type VPC struct {
	// MaxBlocks bounds how many CIDR blocks AddCIDR accepts, the primary one
	// included; zero is MaxVPCBlocksDefault.
	MaxBlocks int

	blocks  []netip.Prefix // in the order added; the first is the primary one
	subnets []vpcSubnet    // in the order added
}

type vpcSubnet struct {
	id   SubnetID
	cidr netip.Prefix
}

// NewVPC returns a VPC with its primary CIDR block: IPv4, /16 to /28, without
// host bits, and of a range that a network may have.
func NewVPC(primary netip.Prefix) (*VPC, error) {
	if err := checkVPCBlock(primary); err != nil {
		return nil, fmt.Errorf("VPC block: %w", err)
	}
	return &VPC{blocks: []netip.Prefix{primary}}, nil
}

// CIDRs returns the VPC's blocks, the primary one first. The caller owns the
// slice.
func (v *VPC) CIDRs() []netip.Prefix { return append([]netip.Prefix(nil), v.blocks...) }

// AddCIDR adds a secondary block. It must satisfy what NewVPC asks of a primary
// one, overlap no other block, fit into MaxBlocks, and be of a range that may
// join the VPC:
//
//	primary block in   may not be joined by
//	10.0.0.0/8         172.16.0.0/12, 192.168.0.0/16, 198.19.0.0/16;
//	                   10.0.0.0/16 once any block is in 10.0.0.0/15
//	172.16.0.0/12      10.0.0.0/8, 192.168.0.0/16, 198.19.0.0/16, 172.31.0.0/16
//	192.168.0.0/16     10.0.0.0/8, 172.16.0.0/12, 198.19.0.0/16
//	198.19.0.0/16      10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16
//	100.64.0.0/10      10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 198.19.0.0/16
//	anything else      10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 198.19.0.0/16
//
// So 100.64.0.0/10 and public ranges may join any VPC. Source: Amazon VPC user
// guide, "VPC CIDR blocks", table of IPv4 CIDR block association restrictions.
// Route tables, which restrict further, aren't modelled.
func (v *VPC) AddCIDR(block netip.Prefix) error {
	if err := v.checkJoins(block); err != nil {
		return fmt.Errorf("VPC block: %w", err)
	}
	v.blocks = append(v.blocks, block)
	return nil
}

func (v *VPC) checkJoins(block netip.Prefix) error {
	if err := checkVPCBlock(block); err != nil {
		return err
	}
	for _, other := range v.blocks {
		if other.Overlaps(block) {
			return fmt.Errorf("%s overlaps the VPC's block %s", block, other)
		}
	}
	if limit := v.maxBlocks(); len(v.blocks) >= limit {
		return fmt.Errorf("%s would be block %d of the VPC; the quota is %d", block, len(v.blocks)+1, limit)
	}
	if len(v.blocks) == 0 {
		return nil
	}
	return v.checkRange(block)
}

func (v *VPC) maxBlocks() int {
	if v.MaxBlocks == 0 {
		return MaxVPCBlocksDefault
	}
	return v.MaxBlocks
}

// The ranges that the rules name. A block is at most a /16, so that it lies in
// one of them wholly or not at all.
var (
	range10      = netip.MustParsePrefix("10.0.0.0/8")
	range10Low   = netip.MustParsePrefix("10.0.0.0/16")
	range10Lower = netip.MustParsePrefix("10.0.0.0/15")
	range172     = netip.MustParsePrefix("172.16.0.0/12")
	range172High = netip.MustParsePrefix("172.31.0.0/16")
	range192     = netip.MustParsePrefix("192.168.0.0/16")
	range198     = netip.MustParsePrefix("198.19.0.0/16")
)

// rangesApart are those that join only a VPC whose primary block is in the same
// one.
var rangesApart = []netip.Prefix{range10, range172, range192, range198}

// rangesOfNoNetwork can't be a VPC's. That link-local isn't one is the Amazon
// VPC user guide's; the others never are the addresses of a host (RFC 6890).
var rangesOfNoNetwork = []struct {
	cidr netip.Prefix
	name string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
}

func checkVPCBlock(block netip.Prefix) error {
	if err := checkBlock(block); err != nil {
		return err
	}
	for _, r := range rangesOfNoNetwork {
		if r.cidr.Overlaps(block) {
			return fmt.Errorf("%s is in %s (%s), which no VPC may use", block, r.cidr, r.name)
		}
	}
	return nil
}

// checkRange reports whether the ranges of the VPC's blocks keep another out.
func (v *VPC) checkRange(block netip.Prefix) error {
	primary := v.blocks[0]
	for _, r := range rangesApart {
		if r.Overlaps(block) && !r.Overlaps(primary) {
			return fmt.Errorf("%s is in %s, which can't join a VPC whose primary block is %s", block, r, primary)
		}
	}
	if range172.Overlaps(primary) && range172High.Overlaps(block) {
		return fmt.Errorf("%s is in %s, which can't join a VPC whose primary block is %s", block, range172High, primary)
	}
	if !range10Low.Overlaps(block) {
		return nil
	}
	for _, other := range v.blocks {
		if range10Lower.Overlaps(other) {
			return fmt.Errorf("%s is in %s, which can't join a VPC that has %s, a block in %s", block, range10Low, other, range10Lower)
		}
	}
	return nil
}

// CheckSubnet reports what keeps a CIDR from being a further subnet of the VPC:
// it must be a subnet's (see [NewSubnet]), lie inside one block of the VPC, and
// overlap none of its subnets. The error wraps InvalidSubnetRange or
// InvalidSubnetConflict.
func (v *VPC) CheckSubnet(cidr netip.Prefix) error {
	if err := checkBlock(cidr); err != nil {
		return fmt.Errorf("%w: %w", InvalidSubnetRange, err)
	}
	if !v.contains(cidr) {
		return fmt.Errorf("%w: %s is not inside a block of the VPC, which has %v", InvalidSubnetRange, cidr, v.blocks)
	}
	for _, s := range v.subnets {
		if s.cidr.Overlaps(cidr) {
			return fmt.Errorf("%w: %s overlaps subnet %s (%s)", InvalidSubnetConflict, cidr, s.id, s.cidr)
		}
	}
	return nil
}

// AddSubnet records a subnet for CheckSubnet to compare with, if it passes.
// Whether the name is taken isn't looked at.
func (v *VPC) AddSubnet(id SubnetID, cidr netip.Prefix) error {
	if err := v.CheckSubnet(cidr); err != nil {
		return fmt.Errorf("subnet %s: %w", id, err)
	}
	v.subnets = append(v.subnets, vpcSubnet{id: id, cidr: cidr})
	return nil
}

// contains reports whether one block holds the whole CIDR. Adjacent blocks
// don't make a larger one.
func (v *VPC) contains(cidr netip.Prefix) bool {
	for _, block := range v.blocks {
		if block.Bits() <= cidr.Bits() && block.Contains(cidr.Addr()) {
			return true
		}
	}
	return false
}
