package conformance

import (
	"fmt"
	"net/netip"
	"strings"
	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

func lookUp(name string) (model.InstanceType, error) {
	kind, ok := model.LookupInstanceType(name)
	if !ok {
		return kind, fmt.Errorf("no instance type %q", name)
	}
	return kind, nil
}

func windowsCapacity(g Given) (answers, error) {
	kind, err := lookUp(g.InstanceType)
	return answers{
		"podIPs":         model.WindowsCapacity(kind, g.PrefixDelegation),
		"advertisedIPs":  model.WindowsCapacity(kind, g.PrefixDelegation),
		"slots":          kind.SlotsPerENI(),
		"remainingSlots": kind.SlotsPerENI() - g.RunningPodsWithSecondaryIP,
		"usableIPsNow":   model.WindowsCapacityAfterSwitch(kind, g.RunningPodsWithSecondaryIP),
	}, err
}

// limits are what the table of instance types says.
func limits(g Given) (answers, error) {
	kind, err := lookUp(g.InstanceType)
	return answers{
		"maxENIs": kind.MaxENIs, "ipv4PerENI": kind.IPv4PerENI,
		"maxPrefixesPerENI": kind.SlotsPerENI(), "maxIPsPerENI": kind.SlotsPerENI() * model.PrefixSize,
		"tasksWithoutTrunking": kind.ECSTasks, "tasksWithTrunking": kind.ECSTasksTrunking,
	}, err
}

// decisions are single ones of the agent.
func decisions(g Given) (answers, error) {
	env := map[string]string{"ENABLE_IPv4": "true"}
	for name, value := range g.Env {
		env[name] = fmt.Sprint(value)
	}
	settings, _ := model.ParseSettings(env)
	stats := model.PoolStats{Total: g.TotalIPs, Assigned: g.AssignedIPs}
	slots := g.MaxIPsPerENI
	if settings.PrefixDelegation {
		slots /= model.PrefixSize
		stats.Prefixes = g.TotalPrefixes
		if g.TotalIPs == 0 {
			stats.Total = g.TotalPrefixes * model.PrefixSize
		}
		stats.FreePrefixes = g.TotalPrefixes - (g.AssignedIPs+model.PrefixSize-1)/model.PrefixSize
	}
	low, _ := model.TooLow(stats, settings, model.PoolLimits{MaxPods: g.MaxPods, Slots: slots})
	short, over := model.Short(stats, settings), model.Over(stats, settings)
	return answers{"poolTooLow": low, "short": short, "over": over, "shortPrefixes": short, "overPrefixes": over}, nil
}

// maxPods answers what the calculators say. An example with reserved ENIs is
// Karpenter's and one with a version of the CNI the script's; those have
// their own caps.
func maxPods(g Given) (answers, error) {
	if g.InstanceType == "" {
		vcpu := max(g.VCPUGreaterThan+1, 2)
		if g.VCPULessThan > 0 {
			vcpu = g.VCPULessThan - 1
		}
		return answers{"cap": model.ManagedMaxPods(model.InstanceType{VCPU: vcpu, MaxENIs: 15, IPv4PerENI: 50}, 0).Cap}, nil
	}
	kind, err := lookUp(g.InstanceType)
	if err != nil {
		return nil, err
	}
	auto := model.AutoMaxPods(kind, g.ReservedENIs).Result
	out := answers{
		"defaultMaxPods": auto, "maxPods": auto, "podIPsPerENI": kind.SlotsPerENI(), "podENI": kind.BranchENIs, "vcpu": kind.VCPU,
		"maxPodsIfCNINotConfiguredFirst": model.ManagedMaxPods(kind, 0).Result,
	}
	modes := model.MaxPodsModes{
		CustomNetworking: g.CustomNetworking,
		PrefixDelegation: g.PrefixDelegation || g.PrefixDelegationBeforeNodes,
	}
	switch {
	case g.Formula != "":
		cel := strings.NewReplacer("enis", "default_enis", "ips", "ips_per_eni").Replace(g.Formula)
		text := fmt.Sprintf("vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}\nnodeGroups: [{name: n, instanceType: %s, maxPods: %q}]\n", g.InstanceType, cel)
		s, err := scenarios.Load("formula.yaml", []byte(text), scenarios.Options{})
		if err != nil {
			return nil, err
		}
		out["maxPods"] = s.Config().NodeGroups[0].MaxPods
	case g.CNIVersion != "" || g.ManagedNodeGroup || modes != model.MaxPodsModes{}:
		out["maxPods"] = model.RecommendedMaxPods(kind, modes).Result
	}
	return out, nil
}

func addressSpace(g Given) (answers, error) {
	out := answers{}
	if g.VPCCIDR != "" {
		have, err := netip.ParsePrefix(g.VPCCIDR)
		if err != nil {
			return nil, err
		}
		more, err := netip.ParsePrefix(g.AddCIDR)
		if err != nil {
			return nil, err
		}
		vpc, err := model.NewVPC(have)
		if err != nil {
			return nil, err
		}
		out["allowed"] = vpc.AddCIDR(more) == nil
	}
	cidr := g.RequestedCIDR
	if strings.HasPrefix(g.Subnet, "/") {
		cidr = "10.0.0.0" + g.Subnet
	} else if g.Subnet != "" {
		cidr = g.Subnet
	}
	if cidr == "" {
		return out, nil
	}
	asked, err := netip.ParsePrefix(cidr)
	if err != nil {
		return nil, err
	}
	// EC2 clears host bits; the simulator refuses them and names the network.
	subnet, err := model.NewSubnet("a", asked.Masked())
	if err != nil {
		return nil, err
	}
	out["usableAddresses"], out["createdCIDR"] = subnet.Usable(), subnet.CIDR().String()
	out["usableAddressesMoreThan"] = subnet.Usable() / 1000 * 1000 // the documents round
	return out, nil
}

func throttling(g Given) (answers, error) {
	bucket, refill, ok := sim.RequestLimit(sim.Action(g.Action))
	if !ok {
		return nil, fmt.Errorf("%s is not limited", g.Action)
	}
	return answers{"bucket": bucket, "refillPerSecond": refill, "accepted": min(bucket, g.CallsAtOnce)}, nil
}
