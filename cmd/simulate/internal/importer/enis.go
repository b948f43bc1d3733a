package importer

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"vpcsim/model"
)

// attach gives the nodes their ENIs, and all other addresses to others.
func (b *builder) attach() error {
	byInstance := map[string]*member{}
	for _, m := range b.members {
		if m.instance != "" {
			byInstance[m.instance] = m
		}
	}
	b.hasState = b.s.have["NetworkInterfaces"] && len(b.members) > 0 && len(b.allSubnets) > 0
	if len(b.members) > 0 && !b.hasState {
		b.g.say("state: without what aws ec2 describe-network-interfaces and describe-subnets print the nodes begin anew, with no ENI but their first, and all pods are new")
	}
	branches := map[string][]*networkInterface{} // by trunk
	seen := map[string]bool{}
	for _, ni := range b.s.interfaces {
		if seen[ni.NetworkInterfaceId] {
			continue
		}
		seen[ni.NetworkInterfaceId] = true
		if trunk := tagOf(ni.TagSet, "vpcresources.k8s.aws/trunk-eni-id"); trunk != "" && ni.InterfaceType != "trunk" {
			branches[trunk] = append(branches[trunk], ni)
			continue
		}
		var m *member
		if ni.Attachment != nil {
			m = byInstance[ni.Attachment.InstanceId]
		}
		if m == nil || !b.hasState || !b.manages(m, ni) {
			b.others(ni)
			continue
		}
		if b.subnetID[ni.SubnetId] == nil {
			return fmt.Errorf("%s: network interface %s of node %s: is in subnet %s, which no file tells: add it to what aws ec2 describe-subnets prints",
				b.fileOf(ni), printable(ni.NetworkInterfaceId, 40), printable(m.Name, 100), printable(ni.SubnetId, 40))
		}
		if err := b.eni(m, ni); err != nil {
			return err
		}
	}
	for _, m := range b.members {
		slices.SortFunc(m.enis, func(a, c *outENI) int {
			return cmp.Or(cmp.Compare(a.Card, c.Card), cmp.Compare(a.Device, c.Device))
		})
		for _, e := range m.enis {
			b.branches(e, branches[e.id])
			delete(branches, e.id)
		}
		switch {
		case !b.hasState:
		case len(m.enis) == 0:
			b.g.add("has no network interface in the files: it begins anew", "node "+m.Name)
		case m.enis[0].Card != 0 || m.enis[0].Device != 0:
			b.g.add("has no primary network interface in the files: it begins anew", "node "+m.Name)
			b.beginAnew(m)
		case b.ipv6 && len(m.enis[0].Prefixes) == 0:
			b.g.add("has no /80 on its primary network interface: its agent is not up, and it begins anew", "node "+m.Name)
			primary := m.enis[0]
			b.beginAnew(m)
			for _, n := range b.allSubnets {
				if n.Name == primary.Subnet {
					delete(n.others, primary.PrimaryAddress) // the new one is in its place
				}
			}
		}
	}
	for _, trunk := range slices.Sorted(maps.Keys(branches)) {
		for _, ni := range branches[trunk] {
			b.others(ni)
		}
	}
	return nil
}

// manages reports whether the agent of the node has the ENI in its view.
func (b *builder) manages(m *member, ni *networkInterface) bool {
	object := ni.NetworkInterfaceId
	switch {
	case m.windows && (ni.Attachment.NetworkCardIndex > 0 || ni.Attachment.DeviceIndex > 0):
		b.g.add("is one more of a Windows node, whose pods are served by the first alone: its addresses are in use by others", object)
	case tagOf(ni.TagSet, "node.k8s.amazonaws.com/no_manage") == "true":
		b.g.add("is tagged no_manage: its addresses are in use by others, and the slot that it takes is free here", object)
	case ni.Attachment.Status == "detaching" || ni.Attachment.Status == "detached":
		b.g.add("is being detached: its addresses are in use by others, for ever", object)
	case ni.InterfaceType == "trunk" && !b.unknownType(m.kind) && !b.limits(m.kind).TrunkingCompatible:
		b.g.add(fmt.Sprintf("is a trunk, which %s cannot have as far as is known: its addresses are in use by others", m.kind), object)
	case ni.InterfaceType == "efa-only":
		b.g.add("is EFA's alone and has no address: left out, and the slot that it takes is free here", object)
	case !b.unknownType(m.kind) && b.limits(m.kind).CardENIs(ni.Attachment.NetworkCardIndex) == 0:
		b.g.add(fmt.Sprintf("is on a network card that %s has not: its addresses are in use by others", m.kind), object)
	case !b.unknownType(m.kind) && ni.Attachment.NetworkCardIndex == 0 && b.limits(m.kind).MaxENIs <= ni.Attachment.DeviceIndex:
		b.g.add(fmt.Sprintf("is at a device number that %s has not: its addresses are in use by others", m.kind), object)
	default:
		return true
	}
	return false
}

// eni takes an ENI of a node.
func (b *builder) eni(m *member, ni *networkInterface) error {
	n := b.subnetID[ni.SubnetId]
	n.used = true
	e := &outENI{Card: ni.Attachment.NetworkCardIndex, Device: ni.Attachment.DeviceIndex, Subnet: n.Name, id: ni.NetworkInterfaceId}
	if slices.ContainsFunc(m.enis, func(have *outENI) bool { return have.Card == e.Card && have.Device == e.Device }) {
		return fmt.Errorf("%s: network interface %s: another one is at device %d of network card %d of instance %s, too", b.fileOf(ni), printable(ni.NetworkInterfaceId, 40), e.Device, e.Card, printable(m.instance, 40))
	}
	if ni.InterfaceType == "trunk" {
		e.Kind = "trunk"
	}
	for _, g := range ni.Groups {
		e.SecurityGroups = append(e.SecurityGroups, g.GroupId)
	}
	e.SecurityGroups = firstGroups(e.SecurityGroups)
	if e.Card == 0 && e.Device == 0 {
		m.groups = e.SecurityGroups
		m.zone = cmp.Or(m.zone, n.Zone)
	}
	has, err := addressesOf(ni)
	if err != nil {
		return fmt.Errorf("%s: network interface %s: %w", b.fileOf(ni), printable(ni.NetworkInterfaceId, 40), err)
	}
	if !has.primary.IsValid() || !b.claim(n, ni.NetworkInterfaceId, netip.PrefixFrom(has.primary, 32)) {
		return fmt.Errorf("%s: network interface %s: has no primary address of its own in its subnet %s", b.fileOf(ni), printable(ni.NetworkInterfaceId, 40), n.CIDR)
	}
	e.PrimaryAddress = has.primary
	if b.ipv6 {
		b.prefixes6(e, n, has)
		m.enis = append(m.enis, e)
		return nil
	}
	for _, a := range has.singles {
		if b.claim(n, ni.NetworkInterfaceId, netip.PrefixFrom(a, 32)) {
			e.Addresses = append(e.Addresses, a)
		}
	}
	for _, p := range has.prefixes {
		if b.claim(n, ni.NetworkInterfaceId, p) {
			e.Prefixes = append(e.Prefixes, p)
		}
	}
	slices.SortFunc(e.Addresses, netip.Addr.Compare)
	slices.SortFunc(e.Prefixes, func(a, c netip.Prefix) int { return a.Addr().Compare(c.Addr()) })
	m.enis = append(m.enis, e)
	return nil
}

// prefixes6 takes what an ENI of an IPv6 cluster has for pods. IPv4 addresses
// beside its primary one are for none.
func (b *builder) prefixes6(e *outENI, n *outSubnet, has addresses) {
	for _, p := range has.prefixes6 {
		if b.claim6(n, e.id, p) {
			e.Prefixes = append(e.Prefixes, p)
		}
	}
	slices.SortFunc(e.Prefixes, func(a, c netip.Prefix) int { return a.Addr().Compare(c.Addr()) })
	if len(has.singles)+len(has.prefixes) > 0 {
		b.g.add("has IPv4 addresses beside its primary one, which serve no pods of an IPv6 cluster: they are in use by others", e.id)
		has.primary = netip.Addr{}
		n.inUseByOthers(has)
	}
}

// addresses are those of an ENI.
type addresses struct {
	primary   netip.Addr
	singles   []netip.Addr // secondary ones
	prefixes  []netip.Prefix
	prefixes6 []netip.Prefix
	ipv6      netip.Addr // the first
}

// addressesOf reads the addresses of an ENI.
func addressesOf(ni *networkInterface) (addresses, error) {
	var out addresses
	for _, a := range ni.PrivateIpAddresses {
		addr, err := netip.ParseAddr(a.PrivateIpAddress)
		if err != nil || !addr.Is4() {
			return out, fmt.Errorf("%q is no IPv4 address", printable(a.PrivateIpAddress, 60))
		}
		if a.Primary {
			out.primary = addr
		} else {
			out.singles = append(out.singles, addr)
		}
	}
	if !out.primary.IsValid() {
		out.primary, _ = netip.ParseAddr(ni.PrivateIpAddress)
	}
	for _, p := range ni.Ipv4Prefixes {
		prefix, err := netip.ParsePrefix(p.Ipv4Prefix)
		if err != nil || !prefix.Addr().Is4() || prefix.Bits() != 28 || prefix != prefix.Masked() {
			return out, fmt.Errorf("%q is no prefix of /28", printable(p.Ipv4Prefix, 60))
		}
		out.prefixes = append(out.prefixes, prefix)
	}
	for _, p := range ni.Ipv6Prefixes {
		prefix, err := netip.ParsePrefix(p.Ipv6Prefix)
		if err != nil || !prefix.Addr().Is6() || prefix.Bits() != 80 || prefix != prefix.Masked() {
			return out, fmt.Errorf("%q is no prefix of /80", printable(p.Ipv6Prefix, 60))
		}
		out.prefixes6 = append(out.prefixes6, prefix)
	}
	for _, a := range ni.Ipv6Addresses {
		addr, err := netip.ParseAddr(a.Ipv6Address)
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return out, fmt.Errorf("%q is no IPv6 address", printable(a.Ipv6Address, 60))
		}
		if !out.ipv6.IsValid() {
			out.ipv6 = addr
		}
	}
	return out, nil
}

// inUseByOthers notes IPv4 addresses of the subnet that are nobody's in the
// scenario.
func (n *outSubnet) inUseByOthers(has addresses) {
	for _, a := range append(has.singles, has.primary) {
		n.others[a] = true
	}
	for _, p := range has.prefixes {
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			n.others[a] = true
		}
	}
}

// claim6 notes that a node has the /80 or the address, unless it is outside of
// the subnet or somebody has it.
func (b *builder) claim6(n *outSubnet, id string, block netip.Prefix) bool {
	switch {
	case !n.ipv6.IsValid() || !n.ipv6.Contains(block.Addr()):
		b.g.add("outside of its subnet: left out", block.String()+" of "+id)
		return false
	case b.held6[block]:
		b.g.add("held twice in the files, which are of different instants: the first holds them", block.String()+" of "+id)
		return false
	}
	b.held6[block] = true
	return true
}

// claim notes that a node has the block, unless somebody has a part of it.
func (b *builder) claim(n *outSubnet, id string, block netip.Prefix) bool {
	for a := block.Addr(); block.Contains(a); a = a.Next() {
		if !usableAddress(n.CIDR, a) {
			b.g.add("outside of its subnet: left out", block.String()+" of "+id)
			return false
		}
		if n.held[a] {
			b.g.add("held twice in the files, which are of different instants: the first holds them", block.String()+" of "+id)
			return false
		}
	}
	for a := block.Addr(); block.Contains(a); a = a.Next() {
		n.held[a] = true
	}
	return true
}

// beginAnew takes a node's ENIs away, and gives what they hold to others.
func (b *builder) beginAnew(m *member) {
	for _, e := range m.enis {
		for _, n := range b.allSubnets {
			if n.Name == e.Subnet {
				n.release(netip.PrefixFrom(e.PrimaryAddress, 32))
				for _, a := range e.Addresses {
					n.release(netip.PrefixFrom(a, 32))
				}
				for _, p := range e.Prefixes {
					n.release(p)
				}
			}
		}
		for _, br := range e.Branches {
			for _, n := range b.allSubnets {
				if n.Name == br.Subnet {
					n.release(netip.PrefixFrom(br.Address, 32))
				}
			}
		}
	}
	m.enis = nil
}

// release gives a block that the state held to others. Of IPv6 there is always
// enough.
func (n *outSubnet) release(p netip.Prefix) {
	if p.Addr().Is6() {
		return
	}
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		delete(n.held, a)
		n.others[a] = true
	}
}

// others notes the addresses of an ENI that is nobody's in the scenario.
func (b *builder) others(ni *networkInterface) {
	n := b.subnetID[ni.SubnetId]
	if n == nil {
		return
	}
	has, err := addressesOf(ni)
	if err != nil {
		b.g.add("has addresses that cannot be read: left out", ni.NetworkInterfaceId)
		return
	}
	if tagOf(ni.TagSet, "node.k8s.amazonaws.com/instance_id") != "" && ni.Status == "available" {
		b.g.add("was made by an agent and is attached nowhere: its addresses are in use by others, for ever", ni.NetworkInterfaceId)
	}
	n.inUseByOthers(has)
}

// branches hangs its branch ENIs on a trunk.
func (b *builder) branches(e *outENI, all []*networkInterface) {
	slices.SortFunc(all, func(a, c *networkInterface) int {
		return cmp.Compare(a.NetworkInterfaceId, c.NetworkInterfaceId)
	})
	vlans := map[int]bool{}
	for _, ni := range all {
		n := b.subnetID[ni.SubnetId]
		vlan, err := strconv.Atoi(tagOf(ni.TagSet, "vpcresources.k8s.aws/vlan-id"))
		has, addressErr := addressesOf(ni)
		ok := err == nil && vlan >= 1 && vlan <= model.MaxVLAN && !vlans[vlan] && addressErr == nil && has.primary.IsValid()
		ok = ok && (!b.ipv6 || has.ipv6.IsValid())
		if e.Kind != "trunk" || n == nil || !ok || !b.claim(n, ni.NetworkInterfaceId, netip.PrefixFrom(has.primary, 32)) {
			b.g.add("is a branch whose trunk, VLAN, subnet or address is not known: its address is in use by others", ni.NetworkInterfaceId)
			b.others(ni)
			continue
		}
		n.used, vlans[vlan] = true, true
		branch := outBranch{VLAN: vlan, Subnet: n.Name, Address: has.primary}
		if b.ipv6 {
			branch.IPv6Address = has.ipv6
		}
		for _, g := range ni.Groups {
			branch.SecurityGroups = append(branch.SecurityGroups, g.GroupId)
		}
		branch.SecurityGroups = firstGroups(branch.SecurityGroups)
		e.Branches = append(e.Branches, branch)
	}
	slices.SortFunc(e.Branches, func(a, c outBranch) int { return cmp.Compare(a.VLAN, c.VLAN) })
}
