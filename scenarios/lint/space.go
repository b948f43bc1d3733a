package lint

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

// Tags that steer in which subnets the agents make ENIs.
const (
	roleTag    = "kubernetes.io/role/cni"
	clusterTag = "cni.networking.k8s.aws/cluster/"
)

func tagsRole(step scenarios.Step) bool {
	if step.TagSubnet == nil {
		return false
	}
	_, ok := step.TagSubnet.Tags[roleTag]
	return ok
}

func subnetPath(i int) string { return fmt.Sprintf("vpc.subnets[%d]", i) }

// space is a subnet as it is before the first node, what others hold taken out.
// Where these are scattered it is one possible subnet of many.
func space(c sim.SubnetConfig) *model.Subnet {
	s, err := model.NewSubnet(c.Name, c.CIDR)
	if err != nil {
		panic(fmt.Sprintf("subnet %s passed the checks: %v", c.Name, err))
	}
	for _, r := range c.Reservations {
		if err := s.Reserve(r); err != nil {
			panic(fmt.Sprintf("subnet %s passed the checks: %v", c.Name, err))
		}
	}
	for _, a := range c.InUse {
		if err := s.Occupy(a); err != nil {
			panic(fmt.Sprintf("subnet %s passed the checks: %v", c.Name, err))
		}
	}
	var pick model.Pick
	if !c.InUsePacked {
		pick = rand.New(rand.NewPCG(1, 1)).IntN
	}
	if _, err := s.OccupyN(c.InUseCount, pick); err != nil {
		panic(fmt.Sprintf("subnet %s passed the checks: %v", c.Name, err))
	}
	return s
}

// withState is a subnet with what the nodes that are there hold of it, too: how
// many single addresses, and how many /28 prefixes.
func (p *pass) withState(i int) (s *model.Subnet, singles, prefixes int) {
	c := p.cfg.Subnets[i]
	s = space(c)
	hold := func(subnet model.SubnetID, held netip.Prefix) {
		if subnet != c.Name || !held.Addr().Is4() {
			return
		}
		for a := held.Addr(); held.Contains(a); a = a.Next() {
			_ = s.Occupy(a) // an address that scattered ones of others fell on is held all the same
		}
		if held.IsSingleIP() {
			singles++
		} else {
			prefixes++
		}
	}
	for _, n := range p.cfg.State.Nodes {
		for _, e := range n.ENIs {
			hold(e.Subnet, netip.PrefixFrom(e.PrimaryAddress, e.PrimaryAddress.BitLen()))
			for _, b := range e.Blocks {
				hold(e.Subnet, b)
			}
			for _, b := range e.Branches {
				hold(b.Subnet, netip.PrefixFrom(b.Address, b.Address.BitLen()))
			}
		}
	}
	return s, singles, prefixes
}

// free is how many addresses of a subnet are free for single addresses before
// the first node, those of the control plane taken off.
func (p *pass) free(i int) int {
	n := len(p.cfg.Subnets)
	return p.spaces[i].FreeForAddresses() - (p.cfg.Cluster.ControlPlaneENIs+n-1-i)/n
}

// freeForPool is free with the prefix reservations where pools are of prefixes.
func (p *pass) freeForPool(i int, s model.Settings) int {
	if s.PrefixDelegation {
		return p.free(i) + p.spaces[i].ReservedFree()
	}
	return p.free(i)
}

// nodesIn is how many nodes of the group are launched into its k-th subnet: they
// go to the subnets in turn.
func (g group) nodesIn(k int) int {
	return (g.nodes + len(g.Subnets) - 1 - k) / len(g.Subnets)
}

// podSubnets are where a node of the group in the subnet may have ENIs for pods,
// in the order of the file; none where there is no such subnet.
func (p *pass) podSubnets(g group, subnet model.SubnetID, s model.Settings) []int {
	own := p.subnetIndex(subnet)
	switch {
	case own < 0:
		return nil
	case s.CustomNetworking:
		if c, ok := p.eniConfig(g, p.cfg.Subnets[own].Zone, s); ok {
			return []int{p.subnetIndex(c.Subnet)}
		}
		return nil
	}
	var all []int
	for i, other := range p.cfg.Subnets {
		role, tagged := other.Tags[roleTag]
		serves := role != "" && role != "0" && p.forCluster(other.Tags, s) || i == own && (!tagged || role == "")
		if !s.Version.Has(model.FeatureSubnetExclusion) {
			serves = i == own || tagged
		}
		if serves && other.Zone == p.cfg.Subnets[own].Zone && (i == own || s.SubnetDiscovery) {
			all = append(all, i)
		}
	}
	return all
}

// forCluster reports whether cluster tags let the cluster use a subnet.
func (p *pass) forCluster(tags map[string]string, s model.Settings) bool {
	tagged := false
	for key := range tags {
		if name, ok := strings.CutPrefix(key, clusterTag); ok {
			if name == s.ClusterName {
				return true
			}
			tagged = true
		}
	}
	return !tagged || s.ClusterName == ""
}

// eniConfig is the ENIConfig of the group's nodes in a zone.
func (p *pass) eniConfig(g group, zone string, s model.Settings) (sim.ENIConfig, bool) {
	name := p.eniConfigName(g, zone, s)
	i := slices.IndexFunc(p.cfg.CNI.ENIConfigs, func(c sim.ENIConfig) bool { return c.Name == name })
	if i < 0 {
		return sim.ENIConfig{}, false
	}
	return p.cfg.CNI.ENIConfigs[i], true
}

// eniConfigName is the name that the nodes ask for: by the label of external
// controllers, by annotation, by label; else "default".
func (p *pass) eniConfigName(g group, zone string, s model.Settings) string {
	labels := g.labels(zone)
	for _, name := range []string{labels["vpc.amazonaws.com/externalEniConfig"], g.Annotations[s.ENIConfigAnnotation], labels[s.ENIConfigLabel]} {
		if name != "" {
			return name
		}
	}
	return "default"
}

// need is what nodes take of a subnet.
type need struct {
	nodes, addresses int
	groups           []string
}

// needs are what the nodes take of each subnet with so many pods on each of
// them: their primary ENIs, their pools, their trunks.
func (p *pass) needs(e environment, pods int) []need {
	all := make([]need, len(p.cfg.Subnets))
	add := func(i, nodes, addresses int, group string) {
		all[i].addresses += addresses
		all[i].nodes += nodes
		if !slices.Contains(all[i].groups, group) {
			all[i].groups = append(all[i].groups, group)
		}
	}
	for _, g := range p.groups {
		for k, name := range g.Subnets {
			own, nodes := p.subnetIndex(name), g.nodesIn(k)
			if nodes == 0 || g.Type.MaxENIs == 0 || g.Type.IPv4PerENI == 0 {
				continue
			}
			if g.Windows || p.ipv6() || p.onECS() {
				add(own, nodes, nodes, g.Name)
				continue
			}
			s, _ := e.settings.ForType(g.Type)
			want := poolFor(g.Type, s, g.MaxPods, pods)
			in := p.podSubnets(g, name, s)
			switch {
			case s.CustomNetworking && len(in) == 0:
				add(own, nodes, nodes, g.Name)
			case s.CustomNetworking:
				add(own, nodes, nodes, g.Name)
				add(in[0], nodes, nodes*want.taken(), g.Name)
			case len(in) <= 1:
				add(own, nodes, nodes*want.taken(), g.Name)
			}
		}
	}
	return all
}
