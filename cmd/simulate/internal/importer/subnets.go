package importer

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// subnets reads all subnets of the cluster's VPC. Which of them stay is known
// later.
func (b *builder) subnets() error {
	vpcID := b.vpcID()
	outside := 0
	for _, s := range b.s.subnets {
		if b.subnetID[s.SubnetId] != nil {
			continue
		}
		if s.VpcId != vpcID {
			outside++
			continue
		}
		cidr, err := netip.ParsePrefix(s.CidrBlock)
		if err != nil || !cidr.Addr().Is4() {
			return fmt.Errorf("%s: subnet %s: CidrBlock %q is no IPv4 block", b.fileOf(s), printable(s.SubnetId, 40), printable(s.CidrBlock, 40))
		}
		n := &outSubnet{
			Name: tagOf(s.Tags, "Name"), Zone: s.AvailabilityZone, CIDR: cidr, id: s.SubnetId,
			available: s.AvailableIpAddressCount, held: map[netip.Addr]bool{}, others: map[netip.Addr]bool{},
		}
		for _, a := range s.Ipv6CidrBlockAssociationSet {
			block, err := netip.ParsePrefix(a.Ipv6CidrBlock)
			if state := a.Ipv6CidrBlockState.State; err == nil && block.Addr().Is6() && (state == "associated" || state == "") {
				n.ipv6 = block.Masked()
			}
		}
		if b.ipv6 {
			n.IPv6CIDR = n.ipv6
		}
		n.allTags = map[string]string{}
		for _, t := range s.Tags {
			n.allTags[t.Key] = t.Value
			if t.Key == "kubernetes.io/role/cni" || strings.HasPrefix(t.Key, "cni.networking.k8s.aws/cluster/") {
				if n.Tags == nil {
					n.Tags = map[string]string{}
				}
				n.Tags[t.Key] = t.Value
				n.used = true
			}
		}
		b.subnetID[s.SubnetId] = n
		b.allSubnets = append(b.allSubnets, n)
	}
	if outside > 0 {
		b.g.say("vpc: other VPCs are left out, with %s", counted(outside, "subnet"))
	}
	slices.SortFunc(b.allSubnets, func(a, c *outSubnet) int {
		return cmp.Or(cmp.Compare(a.Zone, c.Zone), a.CIDR.Addr().Compare(c.CIDR.Addr()))
	})
	b.nameSubnets()
	for _, r := range b.s.reserved {
		n := b.subnetID[r.SubnetId]
		if n == nil {
			continue
		}
		cidr, err := netip.ParsePrefix(r.Cidr)
		if err != nil {
			return fmt.Errorf("%s: reservation of %s: %q is no block", b.fileOf(r), r.SubnetId, printable(r.Cidr, 40))
		}
		if cidr.Addr().Is4() {
			n.Reservations = append(n.Reservations, outReservation{cidr, r.ReservationType})
		}
	}
	return nil
}

// vpcID is the VPC with most ENIs of nodes; without any that of the first subnet.
func (b *builder) vpcID() string {
	vpcs := map[string]string{}
	for _, s := range b.s.subnets {
		vpcs[s.SubnetId] = s.VpcId
	}
	count := map[string]int{}
	for _, ni := range b.s.interfaces {
		if ni.Attachment != nil && b.instances[ni.Attachment.InstanceId] {
			count[vpcs[ni.SubnetId]]++
		}
	}
	best := ""
	for _, s := range b.s.subnets {
		if best == "" || count[s.VpcId] > count[best] {
			best = s.VpcId
		}
	}
	return best
}

// nameSubnets gives each subnet a name of its own: the tag Name, or the id.
func (b *builder) nameSubnets() {
	count := map[string]int{}
	for _, n := range b.allSubnets {
		n.Name = strings.TrimSpace(printable(n.Name, 60))
		count[n.Name]++
	}
	for _, n := range b.allSubnets {
		if n.Name == "" || count[n.Name] > 1 {
			n.Name = n.id
		}
	}
}

// keepSubnets leaves out the subnets in which nothing of the cluster is.
func (b *builder) keepSubnets() {
	anyUsed := slices.ContainsFunc(b.allSubnets, func(n *outSubnet) bool { return n.used })
	left := 0
	for _, n := range b.allSubnets {
		if anyUsed && !n.used {
			left++
			continue
		}
		b.doc.VPC.Subnets = append(b.doc.VPC.Subnets, n)
	}
	if left > 0 {
		b.g.say("vpc: nothing of the cluster is in %s, and no ENIConfig or tag names one of them: left out", counted(left, "more subnet"))
	}
	if len(b.doc.VPC.Subnets) == 0 {
		b.inventSubnets()
		return
	}
	b.blocks()
}

// blocks are the VPC's CIDR blocks: those that are associated, else what the
// subnets imply.
func (b *builder) blocks() {
	add := func(p netip.Prefix) {
		for _, have := range b.doc.VPC.CIDRs {
			if have.Overlaps(p) {
				return
			}
		}
		b.doc.VPC.CIDRs = append(b.doc.VPC.CIDRs, p)
	}
	id := b.vpcID()
	for _, v := range b.s.vpcs {
		if v.VpcId != id {
			continue
		}
		for _, a := range v.CidrBlockAssociationSet {
			if p, err := netip.ParsePrefix(a.CidrBlock); err == nil && p.Addr().Is4() && (a.CidrBlockState.State == "associated" || a.CidrBlockState.State == "") {
				add(p.Masked())
			}
		}
		if p, err := netip.ParsePrefix(v.CidrBlock); err == nil && p.Addr().Is4() {
			add(p.Masked())
		}
	}
	implied := false
	for _, n := range b.doc.VPC.Subnets {
		inside := slices.ContainsFunc(b.doc.VPC.CIDRs, func(p netip.Prefix) bool {
			return p.Bits() <= n.CIDR.Bits() && p.Contains(n.CIDR.Addr())
		})
		if !inside {
			block := netip.PrefixFrom(n.CIDR.Addr(), min(16, n.CIDR.Bits())).Masked()
			b.doc.VPC.CIDRs = append(b.doc.VPC.CIDRs, block)
			implied = true
		}
	}
	if implied {
		b.g.say("vpc.cidrs: what aws ec2 describe-vpcs prints is missing: the blocks are those that the subnets imply")
	}
}

// inventSubnets makes subnets where no file tells any: one for each zone of the
// nodes.
func (b *builder) inventSubnets() {
	zones := map[string]bool{}
	for _, n := range b.members {
		if n.zone != "" {
			zones[n.zone] = true
		}
	}
	all := slices.Sorted(maps.Keys(zones))
	if len(all) == 0 {
		all = []string{"us-west-2a", "us-west-2b", "us-west-2c"}
	}
	b.doc.VPC.CIDRs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}
	for i, zone := range all[:min(len(all), 8)] {
		cidr := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(32 * i), 0}), 19)
		n := &outSubnet{Name: "private-" + zone, Zone: zone, CIDR: cidr}
		if b.ipv6 { // of the block for documentation, RFC 3849
			n.IPv6CIDR = netip.MustParsePrefix(fmt.Sprintf("2001:db8:0:%x::/64", i+1))
		}
		b.doc.VPC.Subnets = append(b.doc.VPC.Subnets, n)
	}
	b.g.say("vpc: no file tells the subnets: a /19 a zone, all of it free, is an invention; add what aws ec2 describe-subnets prints")
}

// inUse says what others hold of the subnets.
func (b *builder) inUse() {
	for _, n := range b.doc.VPC.Subnets {
		if n.held == nil {
			continue // invented
		}
		usable := 1<<(32-n.CIDR.Bits()) - 5
		for a := range n.others {
			if n.held[a] || !usableAddress(n.CIDR, a) {
				delete(n.others, a)
			}
		}
		addresses := slices.SortedFunc(maps.Keys(n.others), netip.Addr.Compare)
		count := 0
		if n.available != nil {
			count = usable - *n.available - len(n.held) - len(addresses) - b.freshIn[n]
			switch {
			case count > 0 && b.hasState:
				b.g.add(fmt.Sprintf("has fewer addresses free than its network interfaces explain, by %d: others hold them, which ones is not known", count), "subnet "+n.Name)
			case count < 0:
				b.g.add("has more addresses free than its network interfaces leave: the files are of different instants", "subnet "+n.Name)
			}
			count = max(0, min(count, usable-len(n.held)-len(addresses)-b.freshIn[n]))
		}
		if count > 0 || len(addresses) > 0 {
			n.InUse = &outInUse{count, addresses}
		}
	}
}

// usableAddress reports whether an address of a subnet is none of the five that
// EC2 keeps.
func usableAddress(cidr netip.Prefix, a netip.Addr) bool {
	if !a.Is4() || !cidr.Contains(a) {
		return false
	}
	low := cidr.Masked().Addr()
	for range 4 {
		if a == low {
			return false
		}
		low = low.Next()
	}
	next := a.Next()
	return cidr.Contains(next)
}
