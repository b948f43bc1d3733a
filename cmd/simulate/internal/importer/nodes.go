package importer

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"vpcsim/model"
)

// member is a node that is imported.
type member struct {
	*node
	instance string
	kind     string // instance type
	zone     string
	maxPods  int
	enis     []*outENI // by device
	groups   []string  // security groups of the primary ENI
	group    *outGroup
	as       string // its name in the scenario
	out      *outNode
}

// Labels of nodes that are read. Source: EKS user guide, "Managed node groups";
// Karpenter and eksctl documentation.
const (
	labelType     = "node.kubernetes.io/instance-type"
	labelTypeBeta = "beta.kubernetes.io/instance-type"
	labelZone     = "topology.kubernetes.io/zone"
	labelZoneBeta = "failure-domain.beta.kubernetes.io/zone"
	labelOS       = "kubernetes.io/os"
	labelHost     = "kubernetes.io/hostname"
	labelGroup    = "eks.amazonaws.com/nodegroup"
	labelCompute  = "eks.amazonaws.com/compute-type"
	labelCluster  = "alpha.eksctl.io/cluster-name"
)

// groupLabels name what launched a node, the first that is there.
var groupLabels = []string{labelGroup, "karpenter.sh/nodepool", "karpenter.sh/provisioner-name", "alpha.eksctl.io/nodegroup-name"}

// nodes reads the nodes that run Linux on an instance of EC2.
func (b *builder) nodes() error {
	types := map[string]string{}
	for _, in := range b.s.instances {
		types[in.InstanceId] = in.InstanceType
	}
	for _, n := range b.s.nodes {
		if why := elsewhere(n); why != "" {
			b.g.add(why, "node "+n.Name)
			b.elsewhere[n.Name] = true
			continue
		}
		m := &member{node: n, instance: instanceOf(n), kind: cmp.Or(n.Labels[labelType], n.Labels[labelTypeBeta])}
		m.kind = cmp.Or(m.kind, types[m.instance])
		m.zone = cmp.Or(n.Labels[labelZone], n.Labels[labelZoneBeta])
		if m.kind == "" {
			return fmt.Errorf("%s: Node %s: has no label %s, and no file tells the type of its instance %q: add what aws ec2 describe-instances prints",
				b.fileOf(n), printable(n.Name, 100), labelType, printable(m.instance, 40))
		}
		if pods, err := strconv.Atoi(string(n.Status.Capacity["pods"])); err == nil && pods >= 0 && pods <= 100_000 {
			m.maxPods = pods
		} else {
			b.g.add("tells no capacity for pods: max-pods is auto", "node "+n.Name)
		}
		if n.Labels[labelCompute] == "auto" {
			b.g.add("is EKS Auto Mode's, whose agent is not the VPC CNI's: it is taken for one of the CNI's", "node "+n.Name)
		}
		b.members = append(b.members, m)
		b.member[n.Name] = m
		if m.instance != "" {
			b.instances[m.instance] = true
		}
	}
	slices.SortFunc(b.members, func(a, c *member) int {
		return cmp.Or(cmp.Compare(a.CreationTimestamp, c.CreationTimestamp), cmp.Compare(a.Name, c.Name))
	})
	return nil
}

// elsewhere says why a node is left out; empty: it is not.
func elsewhere(n *node) string {
	switch {
	case n.Labels[labelCompute] == "fargate" || strings.Contains(n.Spec.ProviderID, "/fargate-"):
		return "is Fargate's: it and its pod are left out, their addresses are in use by others"
	case n.Labels[labelCompute] == "hybrid" || strings.HasPrefix(n.Spec.ProviderID, "eks-hybrid:"):
		return "is a hybrid node, which has no ENI: left out"
	case n.Labels[labelOS] == "windows":
		return "runs Windows: it and its pods are left out, its addresses are in use by others"
	}
	return ""
}

// instanceOf is the id in aws:///us-west-2a/i-0123.
func instanceOf(n *node) string {
	id := n.Spec.ProviderID[strings.LastIndexByte(n.Spec.ProviderID, '/')+1:]
	if !strings.HasPrefix(id, "i-") {
		return ""
	}
	return id
}

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
		slices.SortFunc(m.enis, func(a, c *outENI) int { return cmp.Compare(a.Device, c.Device) })
		for _, e := range m.enis {
			b.branches(e, branches[e.id])
			delete(branches, e.id)
		}
		switch {
		case !b.hasState:
		case len(m.enis) == 0:
			b.g.add("has no network interface in the files: it begins anew", "node "+m.Name)
		case m.enis[0].Device != 0:
			b.g.add("has no primary network interface in the files: it begins anew", "node "+m.Name)
			for _, e := range m.enis {
				b.release1(e)
			}
			m.enis = nil
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
	case ni.Attachment.NetworkCardIndex > 0:
		b.g.add("is on a network card above 0: its addresses are in use by others", object)
	case tagOf(ni.TagSet, "node.k8s.amazonaws.com/no_manage") == "true":
		b.g.add("is tagged no_manage: its addresses are in use by others, and the slot that it takes is free here", object)
	case ni.Attachment.Status == "detaching" || ni.Attachment.Status == "detached":
		b.g.add("is being detached: its addresses are in use by others, for ever", object)
	case ni.InterfaceType == "efa-only":
		b.g.add("is EFA's alone: left out", object)
	case b.limits(m.kind).MaxENIs <= ni.Attachment.DeviceIndex && !b.unknownType(m.kind):
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
	e := &outENI{Device: ni.Attachment.DeviceIndex, Subnet: n.Name, id: ni.NetworkInterfaceId}
	if slices.ContainsFunc(m.enis, func(have *outENI) bool { return have.Device == e.Device }) {
		return fmt.Errorf("%s: network interface %s: another one is at device %d of instance %s, too", b.fileOf(ni), ni.NetworkInterfaceId, e.Device, m.instance)
	}
	if ni.InterfaceType == "trunk" {
		e.Kind = "trunk"
	}
	for _, g := range ni.Groups {
		e.SecurityGroups = append(e.SecurityGroups, g.GroupId)
	}
	e.SecurityGroups = firstGroups(e.SecurityGroups)
	if e.Device == 0 {
		m.groups = e.SecurityGroups
		m.zone = cmp.Or(m.zone, n.Zone)
	}
	primary, singles, prefixes, err := addressesOf(ni)
	if err != nil {
		return fmt.Errorf("%s: network interface %s: %w", b.fileOf(ni), printable(ni.NetworkInterfaceId, 40), err)
	}
	if !primary.IsValid() || !b.claim(n, ni.NetworkInterfaceId, netip.PrefixFrom(primary, 32)) {
		return fmt.Errorf("%s: network interface %s: has no primary address of its own in its subnet %s", b.fileOf(ni), printable(ni.NetworkInterfaceId, 40), n.CIDR)
	}
	e.PrimaryAddress = primary
	for _, a := range singles {
		if b.claim(n, ni.NetworkInterfaceId, netip.PrefixFrom(a, 32)) {
			e.Addresses = append(e.Addresses, a)
		}
	}
	for _, p := range prefixes {
		if b.claim(n, ni.NetworkInterfaceId, p) {
			e.Prefixes = append(e.Prefixes, p)
		}
	}
	slices.SortFunc(e.Addresses, netip.Addr.Compare)
	slices.SortFunc(e.Prefixes, func(a, c netip.Prefix) int { return a.Addr().Compare(c.Addr()) })
	m.enis = append(m.enis, e)
	return nil
}

// addressesOf are the IPv4 addresses of an ENI.
func addressesOf(ni *networkInterface) (primary netip.Addr, singles []netip.Addr, prefixes []netip.Prefix, err error) {
	for _, a := range ni.PrivateIpAddresses {
		addr, parseErr := netip.ParseAddr(a.PrivateIpAddress)
		if parseErr != nil || !addr.Is4() {
			return primary, nil, nil, fmt.Errorf("%q is no IPv4 address", printable(a.PrivateIpAddress, 60))
		}
		if a.Primary {
			primary = addr
		} else {
			singles = append(singles, addr)
		}
	}
	if !primary.IsValid() {
		primary, _ = netip.ParseAddr(ni.PrivateIpAddress)
	}
	for _, p := range ni.Ipv4Prefixes {
		prefix, parseErr := netip.ParsePrefix(p.Ipv4Prefix)
		if parseErr != nil || !prefix.Addr().Is4() || prefix.Bits() != 28 || prefix != prefix.Masked() {
			return primary, nil, nil, fmt.Errorf("%q is no prefix of /28", printable(p.Ipv4Prefix, 60))
		}
		prefixes = append(prefixes, prefix)
	}
	return primary, singles, prefixes, nil
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

// release1 gives what an ENI holds to others.
func (b *builder) release1(e *outENI) {
	for _, n := range b.allSubnets {
		if n.Name != e.Subnet {
			continue
		}
		blocks := append([]netip.Prefix{netip.PrefixFrom(e.PrimaryAddress, 32)}, e.Prefixes...)
		for _, a := range e.Addresses {
			blocks = append(blocks, netip.PrefixFrom(a, 32))
		}
		for _, p := range blocks {
			for a := p.Addr(); p.Contains(a); a = a.Next() {
				delete(n.held, a)
				n.others[a] = true
			}
		}
	}
}

// others notes the addresses of an ENI that is nobody's in the scenario.
func (b *builder) others(ni *networkInterface) {
	n := b.subnetID[ni.SubnetId]
	if n == nil {
		return
	}
	primary, singles, prefixes, err := addressesOf(ni)
	if err != nil {
		b.g.add("has addresses that cannot be read: left out", ni.NetworkInterfaceId)
		return
	}
	if tagOf(ni.TagSet, "node.k8s.amazonaws.com/instance_id") != "" && ni.Status == "available" {
		b.g.add("was made by an agent and is attached nowhere: its addresses are in use by others, for ever", ni.NetworkInterfaceId)
	}
	for _, a := range append(singles, primary) {
		n.others[a] = true
	}
	for _, p := range prefixes {
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			n.others[a] = true
		}
	}
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
		primary, _, _, addressErr := addressesOf(ni)
		ok := err == nil && vlan >= 1 && vlan <= model.MaxVLAN && !vlans[vlan] && addressErr == nil && primary.IsValid()
		if e.Kind != "trunk" || n == nil || !ok || !b.claim(n, ni.NetworkInterfaceId, netip.PrefixFrom(primary, 32)) {
			b.g.add("is a branch whose trunk, VLAN or subnet is not known: its address is in use by others", ni.NetworkInterfaceId)
			b.others(ni)
			continue
		}
		n.used, vlans[vlan] = true, true
		branch := outBranch{VLAN: vlan, Subnet: n.Name, Address: primary}
		for _, g := range ni.Groups {
			branch.SecurityGroups = append(branch.SecurityGroups, g.GroupId)
		}
		branch.SecurityGroups = firstGroups(branch.SecurityGroups)
		e.Branches = append(e.Branches, branch)
	}
	slices.SortFunc(e.Branches, func(a, c outBranch) int { return cmp.Compare(a.VLAN, c.VLAN) })
}

// limits are those of an instance type: of the table, of the files, or what its
// nodes have.
func (b *builder) limits(kind string) model.InstanceType {
	if t, ok := model.LookupInstanceType(kind); ok {
		return t
	}
	t := model.InstanceType{Name: kind, MaxENIs: 1, IPv4PerENI: 2}
	if o, ok := b.doc.InstanceTypes[kind]; ok {
		t.MaxENIs, t.IPv4PerENI, t.VCPU = o.MaxENIs, o.IPv4PerENI, o.VCPU
	}
	return t
}

// unknownType reports whether neither the table nor a file has the type.
func (b *builder) unknownType(kind string) bool {
	_, known := model.LookupInstanceType(kind)
	_, told := b.doc.InstanceTypes[kind]
	return !known && !told
}

// types takes what files tell of types that the table lacks.
func (b *builder) types() {
	for _, t := range b.s.types {
		if _, known := model.LookupInstanceType(t.InstanceType); known || t.NetworkInfo.MaximumNetworkInterfaces < 1 || t.NetworkInfo.Ipv4AddressesPerInterface < 2 {
			continue
		}
		if !slices.ContainsFunc(b.members, func(m *member) bool { return m.kind == t.InstanceType }) {
			continue
		}
		b.setType(t.InstanceType, outType{
			MaxENIs: t.NetworkInfo.MaximumNetworkInterfaces, IPv4PerENI: t.NetworkInfo.Ipv4AddressesPerInterface,
			VCPU: t.VCpuInfo.DefaultVCpus, MemoryMiB: t.MemoryInfo.SizeInMiB, Hypervisor: t.Hypervisor, BareMetal: t.BareMetal,
		})
	}
}

func (b *builder) setType(name string, t outType) {
	if b.doc.InstanceTypes == nil {
		b.doc.InstanceTypes = map[string]outType{}
	}
	if t.Hypervisor != "nitro" && t.Hypervisor != "xen" {
		t.Hypervisor = ""
	}
	b.doc.InstanceTypes[name] = t
}

// guessTypes gives types that nothing tells the limits of what their nodes have.
func (b *builder) guessTypes() {
	for _, m := range b.members {
		if _, known := model.LookupInstanceType(m.kind); known {
			continue
		}
		t, told := b.doc.InstanceTypes[m.kind]
		if !told {
			t = outType{MaxENIs: 1, IPv4PerENI: 2}
		}
		for _, e := range m.enis {
			t.MaxENIs = max(t.MaxENIs, e.Device+1)
			t.IPv4PerENI = max(t.IPv4PerENI, 1+len(e.Addresses)+len(e.Prefixes))
			t.Trunking = t.Trunking || e.Kind == "trunk"
			t.BranchENIs = max(t.BranchENIs, len(e.Branches))
		}
		b.setType(m.kind, t)
		if told {
			continue
		}
		b.g.add("is a type that is not known: its limits are what its nodes have attached; add what aws ec2 describe-instance-types prints", m.kind)
	}
}
