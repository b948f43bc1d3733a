package lint

import (
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
)

var (
	sourceSubnets   = Source{"EKS user guide, Amazon EKS networking requirements for VPC and subnets", "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html"}
	sourceIPs       = Source{"EKS best practices guide, Optimizing IP address utilization", "https://docs.aws.amazon.com/eks/latest/best-practices/ip-opt.html"}
	sourceDiscovery = Source{"amazon-vpc-cni-k8s README, ENABLE_SUBNET_DISCOVERY", "https://github.com/aws/amazon-vpc-cni-k8s#enable_subnet_discovery-v1180"}
)

var subnetRules = []Rule{
	{
		ID: "subnet-too-small-for-nodes", Severity: Error,
		Summary: "idle nodes alone need more addresses than their subnet has free",
		Why:     "The primary ENIs and the warm pools of the nodes empty the subnet before a pod comes. The last nodes can't be launched, or have no pool.",
		Source:  sourceIPs,
		find:    subnetTooSmallForNodes,
	},
	{
		ID: "subnet-too-small-for-warm-pool", Severity: Warning,
		Summary: "with one pod on each node the warm pools empty the subnet",
		Why:     "Spare addresses sit on nodes that don't need them and are missing on those that do. The subnet is full long before the pods are as many as it has addresses.",
		Source:  sourceIPs,
		find:    subnetTooSmallForWarmPool,
	},
	{
		ID: "pods-exceed-subnets", Severity: Error,
		Summary: "more pods than all subnets have addresses",
		Why:     "However well the addresses are spread, the last pods get none.",
		Source:  sourceIPs,
		find:    podsExceedSubnets,
	},
	{
		ID: "prefix-mode-no-prefix-in-subnet", Severity: Error,
		Summary: "prefix mode in a subnet without a free /28",
		Why:     "A prefix is a whole, aligned /28. The first and the last of a subnet hold the five addresses that AWS keeps, so a /28 or /27 has none, and one address in use spoils a /28.",
		Source:  sourcePrefix,
		find:    noPrefixInSubnet,
	},
	{
		ID: "prefix-mode-fragmentation", Severity: Warning,
		Summary: "addresses in use are scattered over a subnet for prefixes, and no range is reserved",
		Why:     "Each single address spoils a /28 for prefixes. EC2 doesn't show how many are whole, and calls fail with InsufficientCidrBlocks though many addresses are free.",
		Source:  Source{"VPC user guide, Subnet CIDR reservations", "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-cidr-reservation.html"},
		find:    prefixFragmentation,
	},
	{
		ID: "subnet-few-free-for-control-plane", Severity: Warning,
		Summary: "a subnet of the cluster has fewer than six free addresses",
		Why:     "EKS needs at least six free addresses in each subnet of the cluster for its own network interfaces, and advises sixteen. Upgrades of the control plane fail without.",
		Source:  sourceSubnets,
		find:    fewFreeForControlPlane,
	},
	{
		ID: "cluster-in-one-zone", Severity: Note,
		Summary: "all subnets of the cluster are in one zone",
		Why:     "EKS asks for subnets in at least two zones.",
		Source:  sourceSubnets,
		find:    clusterInOneZone,
	},
	{
		ID: "node-group-in-one-zone", Severity: Note,
		Summary: "a node group uses the subnets of one zone while other zones have room",
		Why:     "Its pods can only use the addresses of that zone, and it goes down with it.",
		Source:  sourceIPs,
		find:    nodeGroupInOneZone,
	},
	{
		ID: "zone-fills-first", Severity: Warning,
		Summary: "one zone's subnets fill while others have room",
		Why:     "The scheduler spreads pods over zones and sees no addresses: the share of the smallest zone hangs while the others have room.",
		Source:  Source{"amazon-vpc-cni-k8s issue 2846", "https://github.com/aws/amazon-vpc-cni-k8s/issues/2846"},
		find:    zoneFillsFirst,
	},
	{
		ID: "subnet-tag-without-effect", Severity: Warning,
		Summary: "a tag of subnet discovery that no node acts on",
		Why:     "Agents look at tagged subnets of their own zone only, and only with ENABLE_SUBNET_DISCOVERY, a release that has it, and without custom networking.",
		Source:  sourceDiscovery,
		find:    subnetTagWithoutEffect,
	},
	{
		ID: "subnet-excluded-without-other", Severity: Error,
		Summary: "the nodes' subnet is excluded and no other one serves",
		Why:     "An ENI in an excluded subnet serves no pods, the primary one included, and there is no subnet to make others in.",
		Source:  sourceDiscovery,
		find:    excludedWithoutOther,
	},
	{
		ID: "eni-quota", Severity: Warning,
		Summary: "full nodes exceed the Region's quota of network interfaces",
		Why:     "At the quota CreateNetworkInterface fails for the whole account, also for load balancers and new nodes.",
		Source:  Source{"VPC user guide, Amazon VPC quotas", "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"},
		find:    eniQuota,
	},
	{
		ID: "network-address-units", Severity: Warning,
		Summary: "full nodes exceed the VPC's quota of network address units",
		Why:     "Each address or prefix is a unit, and so is each further ENI; at the quota EC2 refuses more of them. A prefix is one unit, not sixteen.",
		Source:  Source{"VPC user guide, Network Address Usage", "https://docs.aws.amazon.com/vpc/latest/userguide/network-address-usage.html"},
		find:    networkAddressUnits,
	},
}

func subnetTooSmallForNodes(p *pass) {
	for _, e := range p.someEnvironment() {
		for i, n := range p.needs(e, 0) {
			if free := p.freeForPool(i, e.settings); n.addresses > free {
				p.report(subnetPath(i)+".cidr", fmt.Sprintf("before the first pod, %s of %s %s %s of %s, which has %d free",
					plural(n.nodes, "node"), strings.Join(n.groups, ", "), verb(n.nodes, "want"), plural(n.addresses, "address"), p.cfg.Subnets[i].Name, free), p.smaller(e))
			}
		}
	}
}

func subnetTooSmallForWarmPool(p *pass) {
	if p.onECS() || p.ipv6() {
		return
	}
	for _, e := range p.someEnvironment() {
		idle := p.needs(e, 0)
		for i, n := range p.needs(e, 1) {
			if free := p.freeForPool(i, e.settings); n.addresses > free && idle[i].addresses <= free {
				p.report(subnetPath(i)+".cidr", fmt.Sprintf("with one pod a node, %s of %s %s %s of %s, which has %d free",
					plural(n.nodes, "node"), strings.Join(n.groups, ", "), verb(n.nodes, "hold"), plural(n.addresses, "address"), p.cfg.Subnets[i].Name, free), p.smaller(e))
			}
		}
	}
}

// someEnvironment is every environment, or an empty one where there is none.
func (p *pass) someEnvironment() []environment {
	if len(p.envs) > 0 {
		return p.envs
	}
	return []environment{{}}
}

// smaller says how nodes take less of a subnet.
func (p *pass) smaller(e environment) string {
	if p.onECS() || p.ipv6() || e.settings.DefinesIPs() {
		return "a larger subnet, a second one, or fewer nodes"
	}
	return "a larger subnet or a second one; or WARM_IP_TARGET with MINIMUM_IP_TARGET, which keeps fewer addresses idle"
}

func podsExceedSubnets(p *pass) {
	if p.ipv6() {
		return
	}
	pods, where := p.demand(func(w sim.Workload) bool {
		return !w.Pod.HostNetwork && (!p.onECS() || w.Pod.Task.NetworkMode == sim.NetworkAWSVPC)
	})
	free := 0
	for i := range p.cfg.Subnets {
		free += max(p.free(i)+p.spaces[i].ReservedFree(), 0)
	}
	if nodes := p.nodeCount(); pods+nodes > free && where >= 0 {
		p.report(workloadPath(where)+".replicas", fmt.Sprintf("%s and %s want %s, and the subnets together have %d free",
			plural(pods, "pod"), plural(nodes, "node"), plural(pods+nodes, "address"), free), "larger subnets, or a secondary CIDR such as 100.64.0.0/16 with custom networking or subnet discovery")
	}
}

// podSpaces yields each subnet in which nodes have ENIs for pods in prefix mode.
func (p *pass) podSpaces(yield func(i int, g group, s model.Settings)) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if !s.PrefixDelegation {
			return
		}
		for k, name := range g.Subnets {
			if g.nodesIn(k) == 0 {
				continue
			}
			for _, i := range p.podSubnets(g, name, s) {
				yield(i, g, s)
			}
		}
	})
}

func noPrefixInSubnet(p *pass) {
	p.podSpaces(func(i int, g group, s model.Settings) {
		c := p.cfg.Subnets[i]
		if !c.InUsePacked {
			c.InUseCount = 0 // nobody knows which; the next rule has them
		}
		at := space(c)
		if at.FreePrefixes() > 0 {
			return
		}
		p.report(subnetPath(i)+".cidr", fmt.Sprintf("%s (%s) has %s free and no whole /28, which the prefixes of %s need", c.Name, c.CIDR, plural(at.Free(), "address"), g.Name),
			"a fresh subnet of /26 or larger, with a subnet CIDR reservation of type prefix")
	})
}

func prefixFragmentation(p *pass) {
	p.podSpaces(func(i int, g group, s model.Settings) {
		c := p.cfg.Subnets[i]
		at, singles, prefixes := p.withState(i)
		reserved := slices.ContainsFunc(c.Reservations, func(r model.Reservation) bool { return r.Type == model.ReservationPrefix })
		blocks := 1<<(32-c.CIDR.Bits())/model.PrefixSize - 2 - prefixes
		used := c.InUseCount + len(c.InUse) + singles
		if reserved || c.InUsePacked || used == 0 || blocks < 1 || at.FreePrefixes()*4 > blocks*3 {
			return
		}
		p.report(subnetPath(i)+".inUse", fmt.Sprintf("%s in use leave about %d of the %s of %s whole, with %s free",
			plural(used, "scattered address"), at.FreePrefixes(), plural(blocks, "/28 block"), c.Name, plural(at.Free(), "address")),
			"reservations: [{cidr: …, type: prefix}], or a subnet of its own for pods")
	})
}

func fewFreeForControlPlane(p *pass) {
	const least = 6
	if p.onECS() {
		return
	}
	for i, c := range p.cfg.Subnets {
		// The control plane may sit in any subnet with nodes; what its ENIs hold
		// already is theirs.
		hasNodes := slices.ContainsFunc(p.groups, func(g group) bool { return slices.Contains(g.Subnets, c.Name) })
		if free := p.spaces[i].FreeForAddresses(); hasNodes && free < least {
			p.report(subnetPath(i), fmt.Sprintf("%s has %s free before the first node; EKS needs %d for its control plane, and advises 16", c.Name, plural(free, "address"), least),
				"a larger subnet, or subnets of their own (/28) for the control plane")
		}
	}
}

func clusterInOneZone(p *pass) {
	// An exercise of one subnet says nothing of zones; a cluster that was
	// described with its control plane does.
	if p.onECS() || p.cfg.Cluster.ControlPlaneENIs == 0 {
		return
	}
	for _, c := range p.cfg.Subnets {
		if c.Zone != p.cfg.Subnets[0].Zone {
			return
		}
	}
	p.report("vpc.subnets", fmt.Sprintf("all %s are in %s, and EKS needs two zones", plural(len(p.cfg.Subnets), "subnet"), p.cfg.Subnets[0].Zone), "a subnet in a second zone")
}

func nodeGroupInOneZone(p *pass) {
	if p.onECS() {
		return
	}
	for _, g := range p.groups {
		zones := p.zones(g)
		if len(zones) != 1 || g.nodes < 2 {
			continue
		}
		other, room := "", 0
		for i, c := range p.cfg.Subnets {
			used := slices.ContainsFunc(p.groups, func(o group) bool { return slices.Contains(o.Subnets, c.Name) })
			if free := p.free(i); c.Zone != zones[0] && !used && free > room {
				other, room = string(c.Name), free
			}
		}
		if room > 0 {
			p.report(g.path+".subnets", fmt.Sprintf("%s of %s are in %s alone; %s in another zone has %s free and no nodes", plural(g.nodes, "node"), g.Name, zones[0], other, plural(room, "address")),
				"subnets of more zones")
		}
	}
}

// zoneFillsFirst compares each zone's share of the pods with its addresses.
func zoneFillsFirst(p *pass) {
	if p.onECS() || p.ipv6() {
		return
	}
	pods, _ := p.demand(func(w sim.Workload) bool {
		return !w.Pod.HostNetwork && w.Pod.Node == "" && len(w.Pod.NodeSelector) == 0
	})
	s := p.envs[0].settings
	if s.CustomNetworking || pods == 0 {
		return
	}
	free, nodes, first := map[string]int{}, map[string]int{}, map[string]int{}
	var zones []string
	counted := map[int]bool{}
	for _, g := range p.groups {
		for k, name := range g.Subnets {
			zone := p.zone(name)
			if g.nodesIn(k) == 0 || g.Windows {
				continue
			}
			if !slices.Contains(zones, zone) {
				zones = append(zones, zone)
				first[zone] = p.subnetIndex(name)
			}
			nodes[zone] += g.nodesIn(k)
			for _, i := range p.podSubnets(g, name, s) {
				if !counted[i] {
					counted[i] = true
					free[zone] += max(p.freeForPool(i, s), 0)
				}
			}
		}
	}
	if len(zones) < 2 {
		return
	}
	total := 0
	for _, zone := range zones {
		total += free[zone] - nodes[zone]
	}
	share := pods / len(zones)
	for _, zone := range zones {
		if have := max(free[zone]-nodes[zone], 0); have < share && pods <= total {
			p.report(subnetPath(first[zone]), fmt.Sprintf("of %s spread over %s, %d fall to %s, which has addresses for %d; all zones together have %d",
				plural(pods, "pod"), plural(len(zones), "zone"), share, zone, have, total), "a larger subnet or a second one in "+zone)
		}
	}
}

func subnetTagWithoutEffect(p *pass) {
	if p.onECS() {
		return
	}
	for i, c := range p.cfg.Subnets {
		if role := c.Tags[roleTag]; role == "" {
			continue
		}
		path := subnetPath(i) + ".tags." + roleTag
		inZone := slices.ContainsFunc(p.groups, func(g group) bool { return g.nodes > 0 && slices.Contains(p.zones(g), c.Zone) })
		why := p.noDiscovery()
		switch {
		case why != "":
			p.report(path, fmt.Sprintf("the tag %s of %s changes nothing: %s", roleTag, c.Name, why), "leave the tag out, or let agents use subnet discovery")
		case !inZone:
			p.report(path, fmt.Sprintf("%s is in %s, where no nodes are: nodes use tagged subnets of their own zone only", c.Name, c.Zone), "a subnet in a zone with nodes, or nodes in "+c.Zone)
		case !p.someCluster(c.Tags):
			p.report(path, fmt.Sprintf("%s is tagged for other clusters than %q", c.Name, p.envs[0].settings.ClusterName), fmt.Sprintf("the tag %s%s", clusterTag, p.envs[0].settings.ClusterName))
		}
	}
}

func (p *pass) someCluster(tags map[string]string) bool {
	return slices.ContainsFunc(p.envs, func(e environment) bool { return p.forCluster(tags, e.settings) })
}

// noDiscovery says why no agent ever looks at the tags of subnets, "" if one
// does.
func (p *pass) noDiscovery() string {
	why := ""
	for _, e := range p.envs {
		switch s := e.settings; {
		case p.ipv6():
			why = "nodes of an IPv6 cluster have one ENI"
		case !s.Version.Has(model.FeatureSubnetDiscovery):
			why = fmt.Sprintf("%s has no subnet discovery", s.Version)
		case s.CustomNetworking:
			why = "in custom networking the ENIConfigs say where ENIs are made"
		case !s.SubnetDiscovery:
			why = "ENABLE_SUBNET_DISCOVERY is false"
		default:
			return ""
		}
	}
	return why
}

func excludedWithoutOther(p *pass) {
	if p.ipv6() || slices.ContainsFunc(p.Steps, tagsRole) {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if s.CustomNetworking || !s.Version.Has(model.FeatureSubnetExclusion) {
			return
		}
		for k, name := range g.Subnets {
			i := p.subnetIndex(name)
			if g.nodesIn(k) == 0 || len(p.podSubnets(g, name, s)) > 0 {
				continue
			}
			p.report(subnetPath(i)+".tags", fmt.Sprintf("%s is excluded by its tags, and no other subnet in %s serves the nodes of %s", name, p.cfg.Subnets[i].Zone, g.Name),
				fmt.Sprintf("the tag %s: \"1\" on a subnet for pods in %s", roleTag, p.cfg.Subnets[i].Zone))
		}
	})
}

// full are the ENIs and the network address units of the account when every
// node is full.
func (p *pass) full() (enis, units int) {
	for _, g := range p.groups {
		if g.Windows {
			blocks := max(g.Type.SlotsPerENI(), 0)
			if windows, _ := model.ParseWindowsSettings(p.cfg.CNI.Windows); windows.PrefixDelegation {
				blocks = min(blocks, ceilDiv(g.MaxPods, model.PrefixSize)+1)
			}
			enis += g.nodes
			units += g.nodes * (1 + blocks)
			continue
		}
		if p.ipv6() { // an address of each family and a prefix; two addresses an ENI for a pod
			branches, trunk := 0, 0
			if p.envs[0].settings.PodENI && g.Type.TrunkingCompatible {
				branches, trunk = g.Type.BranchENIs, 1
			}
			enis += g.nodes * (1 + trunk + branches)
			units += g.nodes * (3 + 2*trunk + 3*branches)
			continue
		}
		if p.onECS() {
			limit, _ := g.Type.TaskENIs(g.AWSVPCTrunking)
			enis += g.nodes * (1 + limit)
			units += g.nodes * (1 + 2*limit)
			continue
		}
		s, _ := p.envs[0].settings.ForType(g.Type)
		n, slots := usableENIs(g.Type, s), max(g.Type.SlotsPerENI(), 0)
		blocks := min(podENIs(g.Type, s)*slots, ceilDiv(g.MaxPods, slots)*slots)
		if s.PrefixDelegation {
			blocks = min(podENIs(g.Type, s)*slots, ceilDiv(g.MaxPods, model.PrefixSize)+1)
			n = min(n, 1+ceilDiv(blocks, slots))
		}
		branches := 0
		if s.PodENI && g.Type.TrunkingCompatible {
			branches = g.Type.BranchENIs
		}
		enis += g.nodes * (n + branches)
		units += g.nodes * (2*n - 1 + blocks + 2*branches)
	}
	return enis, units
}

func eniQuota(p *pass) {
	quota := p.EC2.Quotas.NetworkInterfaces
	if enis, _ := p.full(); quota > 0 && enis > quota {
		p.report("nodeGroups", fmt.Sprintf("%s have up to %s when they are full; the quota of the Region is %d", plural(p.nodeCount(), "node"), plural(enis, "network interface"), quota),
			"have the quota raised (L-DF5E4CA3), or fewer and larger nodes; prefix mode needs fewer ENIs")
	}
}

func networkAddressUnits(p *pass) {
	quota := p.EC2.Quotas.NetworkAddressUnits
	if _, units := p.full(); quota > 0 && units > quota {
		p.report("nodeGroups", fmt.Sprintf("%s count up to %s when they are full; the quota of the VPC is %d", plural(p.nodeCount(), "node"), plural(units, "network address unit"), quota),
			"have the quota raised, or prefix mode, in which sixteen addresses are one unit")
	}
}
