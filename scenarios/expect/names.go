package expect

import (
	"slices"
	"strings"

	"vpcsim/sim"
)

// What texts the fields that name something can have.

func nodeName(s Scope, name string) string {
	if s.NodeName == nil {
		return ""
	}
	return s.NodeName(name)
}

func podName(s Scope, name string) string {
	if s.PodName == nil {
		return ""
	}
	return s.PodName(name)
}

// placeName is of an exhaustion: of a node, a subnet or the cluster.
func placeName(s Scope, name string) string {
	if s.NodeName == nil || s.Cluster == "" || name == s.Cluster || slices.Contains(s.Subnets, name) || s.NodeName(name) == "" {
		return ""
	}
	places := append(slices.Clone(s.Subnets), s.Cluster)
	if didYouMean(name, places) == "" {
		if why := s.NodeName(name); strings.Contains(why, "did you mean") {
			return why
		}
	}
	return "no subnet, node or cluster is named " + name + orWords(name, places)
}

func groups(s Scope) []string        { return s.Groups }
func workloads(s Scope) []string     { return s.Workloads }
func zones(s Scope) []string         { return s.Zones }
func instanceTypes(s Scope) []string { return s.InstanceTypes }

func scopes(Scope) []string { return sim.Scopes }

// reasons are what narrows an exhaustion down: what stands behind the slash in the
// ids of the rules about kinds, and codes of refusals.
func reasons(s Scope) []string {
	var all []string
	for _, begin := range append(kinds(s), "refused") {
		for _, reason := range behind(begin + "/")(s) {
			if !slices.Contains(all, reason) {
				all = append(all, reason)
			}
		}
	}
	return all
}

// placeNaming is of an exhaustion's name.
func placeNaming(s Scope) Naming {
	if s.Cluster == "" || len(s.NodeNames.Stems) == 0 {
		return Naming{}
	}
	return Naming{s.NodeNames.Stems, slices.Concat(s.NodeNames.Whole, s.Subnets, []string{s.Cluster})}
}

func nodeNaming(s Scope) Naming { return s.NodeNames }
func podNaming(s Scope) Naming  { return s.PodNames }

// cidrs are the blocks of IPv4 addresses of the subnets.
func cidrs(s Scope) []string {
	var all []string
	for _, n := range s.CIDRs {
		if n.Addr().Is4() {
			all = append(all, n.String())
		}
	}
	return all
}
