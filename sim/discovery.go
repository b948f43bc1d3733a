package sim

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"vpcsim/model"
)

// Tags that steer in which subnets the agent makes ENIs. Source: VPC CNI
// README, "ENABLE_SUBNET_DISCOVERY"; observed in v1.23.1.
const (
	tagRole    = "kubernetes.io/role/cni"
	tagCluster = "cni.networking.k8s.aws/cluster/"
)

// tagSubnet replaces the subnet's tags. Agents read them when an ENI enters
// their datastore and when one is to be made, never in between.
func (x *ec2) tagSubnet(id model.SubnetID, tags map[string]string) { x.named[id].tags = tags }

// optedOut reports whether the subnet is tagged 0.
func (s *subnet) optedOut() bool { return s.tags[tagRole] == "0" }

// optedIn reports whether the subnet carries the role tag with another value
// than 0 and none.
func (s *subnet) optedIn() bool { return s.tags[tagRole] != "" && !s.optedOut() }

// forCluster reports whether the subnet's cluster tags let the cluster use it:
// there are none, the cluster's name is not known, or one of them is its.
func (s *subnet) forCluster(name string) bool {
	tagged := false
	for _, key := range slices.Sorted(maps.Keys(s.tags)) {
		if cluster, ok := strings.CutPrefix(key, tagCluster); ok {
			if cluster == name {
				return true
			}
			tagged = true
		}
	}
	return !tagged || name == ""
}

// serves reports whether the agent may make ENIs in the subnet. To releases
// that do not know exclusion the node's own subnet always serves, another one
// with the role tag of whatever value, and cluster tags mean nothing. Source:
// VPC CNI v1.20.4.
func (a *agent) serves(s *subnet) bool {
	own := a.node.subnet
	if !a.settings.Version.Has(model.FeatureSubnetExclusion) {
		_, tagged := s.tags[tagRole]
		return s == own || tagged
	}
	return s.serves(own, a.settings.ClusterName)
}

// excluded reports whether an ENI in the subnet is marked as one that serves no
// pods.
func (a *agent) excluded(s *subnet) bool {
	return a.settings.SubnetDiscovery && a.settings.Version.Has(model.FeatureSubnetExclusion) && s.excludes(a.settings.ClusterName)
}

// serves reports whether ENIs may be made in the subnet for a node that sits in
// own.
func (s *subnet) serves(own *subnet, cluster string) bool {
	_, tagged := s.tags[tagRole]
	switch {
	case s == own && (!tagged || s.tags[tagRole] == ""):
		return true
	default:
		return s.optedIn() && s.forCluster(cluster)
	}
}

// excludes reports whether an ENI in the subnet serves no pods: it is tagged 0,
// or opted in for other clusters only.
func (s *subnet) excludes(cluster string) bool {
	return s.optedOut() || s.optedIn() && !s.forCluster(cluster)
}

// places returns where a new ENI may go, in the order in which the subnets are
// tried. With discovery: all that serve in the node's zone, the one with most
// free addresses first, as counted now.
func (a *agent) places() []place {
	primary := a.instance().enis[0]
	own := a.node.subnet
	switch {
	case a.settings.CustomNetworking:
		return a.placeOfENIConfig(primary)
	case !a.settings.SubnetDiscovery:
		if !a.serves(own) {
			return nil
		}
		return []place{{own, primary.groups}}
	}
	var out []place
	for _, s := range a.e.ec2.list() {
		if s.zone == own.zone && a.serves(s) {
			out = append(out, place{s, primary.groups})
		}
	}
	slices.SortStableFunc(out, func(p, q place) int { return q.subnet.Free() - p.subnet.Free() })
	return out
}

// describeSubnets lists the VPC's subnets. It is no call of the log: it takes no
// time here and no token of the request rate.
const describeSubnets Action = "DescribeSubnets"

// list returns the VPC's subnets in the order in which EC2 lists them; none
// where it refuses to.
func (x *ec2) list() []*subnet {
	if f := x.faultOf("", CallFields{Action: describeSubnets}); f != nil && f.Error != "" {
		return nil
	}
	return x.subnets
}

// placeOfENIConfig is the subnet of the node's ENIConfig, with its security
// groups or else the primary ENI's; nothing where it does not exist.
func (a *agent) placeOfENIConfig(primary *eni) []place {
	name := a.node.eniConfigName(a.settings)
	for _, c := range a.e.cfg.CNI.ENIConfigs {
		if c.Name == name {
			groups := c.SecurityGroups
			if len(groups) == 0 {
				groups = primary.groups
			}
			return []place{{a.e.ec2.named[c.Subnet], groups}}
		}
	}
	return nil
}

// drainExcluded drops the block of a lease that was given up, if its ENI is
// excluded and no pod is in it a moment later. EC2 keeps the block; the next
// reconcile takes it back.
func (p *pool) drainExcluded(l *model.Lease) {
	a, e := p.a, l.ENI()
	if !e.Excluded {
		return
	}
	life := a.life
	a.e.promise(a.e.now.Add(model.ExcludedBlockLeaves), func() {
		if a.life != life || !p.store.Idle(l) {
			return
		}
		block := l.Block()
		p.store.LeaveBlock(e, block)
		p.removed(e, []netip.Prefix{block}, ByExcluded)
		a.changed()
		a.differs()
	})
}
