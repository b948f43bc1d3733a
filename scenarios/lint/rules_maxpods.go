package lint

import (
	"fmt"

	"vpcsim/model"
)

var (
	sourceMaxPods = Source{"EKS user guide, Choose an optimal Amazon EC2 node instance type", "https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html"}
	sourcePrefix  = Source{"EKS best practices guide, Prefix mode for Linux", "https://docs.aws.amazon.com/eks/latest/best-practices/prefix-mode-linux.html"}
)

var maxPodsRules = []Rule{
	{
		ID: "max-pods-above-addresses", Severity: Error,
		Summary: "max-pods is above the addresses that the node's ENIs can hold",
		Why:     "The scheduler counts pods, not addresses: it fills the node to max-pods, and the pods beyond the last address hang in ContainerCreating for as long as the others live.",
		Source:  sourceMaxPods,
		find:    maxPodsAboveAddresses,
	},
	{
		ID: "prefix-mode-max-pods-not-raised", Severity: Warning,
		Summary: "prefix mode is on and max-pods is what single addresses would allow",
		Why:     "Prefixes make room for sixteen times the pods, but kubelet takes none beyond max-pods: the node gains nothing, and needs whole /28s for it.",
		Source:  sourcePrefix,
		find:    prefixMaxPodsNotRaised,
	},
	{
		ID: "max-pods-above-recommended", Severity: Note,
		Summary: "max-pods is above what EKS recommends for the type",
		Why:     "AWS caps a managed node group at 110 pods a node, or 250 above 30 vCPUs, since more overload kubelet and the container runtime.",
		Source:  sourceMaxPods,
		find:    maxPodsAboveRecommended,
	},
	{
		ID: "warm-pool-above-max-pods", Severity: Warning,
		Summary: "the warm pool of one pod is larger than max-pods",
		Why:     "WARM_ENI_TARGET attaches whole ENIs. On a node that takes few pods most of their addresses can never be used, and are missing elsewhere in the subnet.",
		Source:  Source{"amazon-vpc-cni-k8s issue 2793", "https://github.com/aws/amazon-vpc-cni-k8s/issues/2793"},
		find:    warmPoolAboveMaxPods,
	},
	{
		ID: "reserved-enis-without-need", Severity: Note,
		Summary: "reservedENIs lowers max-pods though nothing takes an ENI from the pods",
		Why:     "The reservation is for custom networking, a trunk, or ENIs that others attach. Without one of them the addresses of the reserved ENIs stay unused.",
		Source:  Source{"Karpenter, Settings (RESERVED_ENIS)", "https://karpenter.sh/docs/reference/settings/"},
		find:    reservedENIsWithoutNeed,
	},
}

func maxPodsAboveAddresses(p *pass) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		have, m := holds(g.Type, s)
		host := p.hostPods(g)
		ask := g.MaxPods - host
		if s.PodENI && g.Type.TrunkingCompatible && p.anyBranch() {
			ask -= g.Type.BranchENIs // these need none of the addresses
		}
		if ask <= have || podENIs(g.Type, s) == 0 {
			return
		}
		remedy := fmt.Sprintf("maxPods: %d, or recommended", have+host)
		if m.Cap < have+host {
			remedy = fmt.Sprintf("maxPods: recommended, which is %d", m.Result)
		}
		if host > model.HostPods {
			remedy = fmt.Sprintf("maxPods: %d", min(have+host, m.Cap))
		}
		p.report(g.path+".maxPods", fmt.Sprintf("max-pods %d lets %s ask a node of %s for an address, and its %s holds %d (%s): %d of them can hang in ContainerCreating",
			g.MaxPods, plural(ask, "pod"), g.Name, g.Type.Name, have, modes(g.Type, s), ask-have), remedy)
	})
}

// modes names what takes addresses away from a node, or adds some.
func modes(t model.InstanceType, s model.Settings) string {
	text := "secondary addresses"
	if s.PrefixDelegation {
		text = "prefixes"
	}
	if s.CustomNetworking {
		text += ", custom networking"
	}
	if s.MaxENI > 0 && s.MaxENI < t.MaxENIs {
		text += fmt.Sprintf(", MAX_ENI=%d", s.MaxENI)
	}
	if s.PodENI && !s.TrunkServes() {
		text += ", a place for the trunk"
	}
	return text
}

func prefixMaxPodsNotRaised(p *pass) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if !s.PrefixDelegation {
			return
		}
		with, m := holds(g.Type, s)
		single := s
		single.PrefixDelegation = false
		without, _ := holds(g.Type, single)
		host := p.hostPods(g)
		best := min(with+host, m.Cap)
		// From 110 on a node is as large as EKS recommends for most types, and
		// prefixes are there for fewer ENIs and calls.
		if g.MaxPods >= model.MaxPodsUnknownType || g.MaxPods-host > without || best <= g.MaxPods {
			return
		}
		p.report(g.path+".maxPods", fmt.Sprintf("max-pods is %d, which single addresses would serve, too; with prefixes %s can take %s",
			g.MaxPods, g.Type.Name, plural(best, "pod")), "maxPods: recommended")
	})
}

func maxPodsAboveRecommended(p *pass) {
	for i, g := range p.groups {
		way := p.NodeGroups[i].MaxPods
		limit := model.ManagedMaxPods(g.Type, 0).Cap
		if p.onECS() || g.Windows || way.Expression == "auto" || g.MaxPods <= limit {
			continue
		}
		p.report(g.path+".maxPods", fmt.Sprintf("max-pods %d; EKS recommends at most %d on %s (%s)", g.MaxPods, limit, g.Type.Name, plural(g.Type.VCPU, "vCPU")),
			fmt.Sprintf("maxPods: %d", limit))
	}
}

func warmPoolAboveMaxPods(p *pass) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		most := g.MaxPods - p.hostPods(g)
		have := poolFor(g.Type, s, g.MaxPods, 1).addresses
		if s.DefinesIPs() || s.PrefixDelegation || most < 1 || have <= most+most/2 {
			return
		}
		p.report(g.path+".maxPods", fmt.Sprintf("with one pod a node of %s keeps %s, and takes at most %s that need one",
			g.Name, plural(have, "address"), plural(most, "pod")),
			fmt.Sprintf("cni.env: {WARM_IP_TARGET: 2, MINIMUM_IP_TARGET: %d}", max(most/2, 1)))
	})
}

func reservedENIsWithoutNeed(p *pass) {
	for i, n := range p.NodeGroups {
		if n.ReservedENIs == 0 || p.groups[i].Windows {
			continue
		}
		needed := false
		for _, e := range p.envs {
			s := e.settings
			needed = needed || s.CustomNetworking || s.PodENI || s.MaxENI > 0
		}
		if !needed {
			p.report(p.groups[i].path+".reservedENIs", fmt.Sprintf("max-pods leaves out %s that serve pods all the same", plural(n.ReservedENIs, "ENI")),
				"leave reservedENIs out")
		}
	}
}

// anyBranch reports whether some pod of the scenario has a branch ENI.
func (p *pass) anyBranch() bool {
	return len(p.branchWorkloads()) > 0
}
