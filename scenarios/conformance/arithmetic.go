package conformance

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
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
	capacity := model.WindowsCapacity(kind, g.PrefixDelegation && kind.SupportsPrefixes())
	return answers{
		"podIPs":         capacity,
		"advertisedIPs":  capacity,
		"slots":          kind.SlotsPerENI(),
		"remainingSlots": kind.SlotsPerENI() - g.RunningPodsWithSecondaryIP,
		"usableIPsNow":   model.WindowsCapacityAfterSwitch(kind, g.RunningPodsWithSecondaryIP),
		"maxPods":        model.WindowsMaxPods,
	}, err
}

// limits are what the table of instance types says.
func limits(g Given) (answers, error) {
	kind, err := lookUp(g.InstanceType)
	perENI := kind.SlotsPerENI()
	if g.PrefixDelegation {
		perENI *= model.PrefixSize
	}
	return answers{
		"maxENIs": kind.MaxENIs, "ipv4PerENI": kind.IPv4PerENI, "networkCards": kind.NetworkCards, "vcpu": kind.VCPU,
		"maxPrefixesPerENI": kind.SlotsPerENI(), "maxIPsPerENI": perENI,
		"branchENIs": kind.BranchENIs, "podENI": kind.BranchENIs,
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
	maxPods := g.MaxPods
	if maxPods == 0 {
		maxPods = math.MaxInt // not what the example is about
	}
	low, _ := model.TooLow(stats, settings, model.PoolLimits{MaxPods: maxPods, Slots: slots})
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
		MaxENI:           g.MaxENI,
	}
	switch {
	case g.OS == "windows":
		out["maxPods"] = model.WindowsMaxPods
	case g.Formula != "":
		cel := formulaENIs.ReplaceAllString(formulaIPs.ReplaceAllString(g.Formula, "ips_per_eni"), "default_enis")
		text := fmt.Sprintf("vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}\nnodeGroups: [{name: n, instanceType: %s, maxPods: %q}]\n", g.InstanceType, cel)
		s, err := scenarios.Load("formula.yaml", []byte(text), scenarios.Options{})
		if err == nil { // else the standard, as of nodeadm: a scenario with such a formula isn't run
			out["maxPods"] = s.Config().NodeGroups[0].MaxPods
		}
	case g.ManagedNodeGroup && g.CustomAMI:
		// EKS leaves max-pods of an AMI that isn't its own to whoever makes it.
	case g.CNIVersion != "":
		modes.PrefixDelegation = modes.PrefixDelegation && !g.beforePrefixes()
		out["maxPods"] = model.CalculatorMaxPods(kind, modes).Result
	case g.ManagedNodeGroup || modes != model.MaxPodsModes{}:
		out["maxPods"] = model.RecommendedMaxPods(kind, modes).Result
	}
	return out, nil
}

// The names that formulas of documents have for those of nodeadm.
var (
	formulaENIs = regexp.MustCompile(`\benis\b`)
	formulaIPs  = regexp.MustCompile(`\bips\b`)
)

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
	if !asked.Addr().Is4() {
		return nil, uncovered("the addresses of an IPv6 subnet are not counted: it has more /80 prefixes than a VPC has nodes")
	}
	// EC2 clears host bits; the simulator refuses them and names the network.
	subnet, err := model.NewSubnet("a", asked.Masked())
	out["allowed"] = err == nil // its size is all that can be wrong
	if err != nil {
		return out, nil
	}
	out["usableAddresses"], out["createdCIDR"] = subnet.Usable(), subnet.CIDR().String()
	out["usableAddressesMoreThan"], out["maxPrefixes"] = subnet.Usable(), subnet.FreePrefixes()
	return out, nil
}

func throttling(g Given) (answers, error) {
	action := sim.Action(g.Action)
	if g.Filtered && strings.HasPrefix(g.Action, "Describe") {
		action = "DescribeSubnets" // has the limit of all descriptions with a filter or a page size
	}
	bucket, refill, ok := sim.RequestLimit(action)
	if !ok {
		return nil, uncovered(fmt.Sprintf("no actor of a run sends %q, whose limit is not known", g.Action))
	}
	out := answers{
		"bucket": bucket, "refillPerSecond": refill,
		"accepted": min(bucket, g.CallsAtOnce), "throttled": max(g.CallsAtOnce-bucket, 0),
	}
	if bucket, refill, ok := sim.InstanceLimit(action); ok {
		out["resourceBucket"], out["resourceRefillPerSecond"] = bucket, refill
	}
	return out, nil
}
