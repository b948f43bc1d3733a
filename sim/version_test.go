package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// versionCase shows a rule of model.VersionRules at work: what is seen of a
// short run differs before and from the release on.
type versionCase struct {
	feature       model.Feature
	env           map[string]string
	change        func(cfg *Config)
	fault         Fault
	seen          func(log []Event) any
	before, after any
}

// calls counts the calls of an action.
func calls(action Action) func(log []Event) any {
	return func(log []Event) any {
		return len(find(log, func(b EC2Call) bool { return b.Action == action }))
	}
}

// total is the addresses in the agents' datastores at the end.
func total(log []Event) any {
	n := 0
	for _, ev := range log {
		switch b := ev.Body.(type) {
		case ENIAttached:
			n += len(b.Addresses) + model.PrefixSize*len(b.Prefixes)
		case AddressesAdded:
			n += len(b.Addresses) + model.PrefixSize*len(b.Prefixes)
		case AddressesRemoved:
			n -= len(b.Addresses) + model.PrefixSize*len(b.Prefixes)
		}
	}
	return n
}

// enis is how many ENIs came into the datastores.
func enis(log []Event) any { return len(find[ENIAttached](log, nil)) }

// ofType gives the nodes another instance type.
func ofType(name string) func(cfg *Config) {
	return func(cfg *Config) {
		cfg.NodeGroups[0].Type, _ = model.LookupInstanceType(name)
		cfg.NodeGroups[0].MaxPods = 250
	}
}

// wantsEveryCard makes a pod that asks for an address of each network card.
func wantsEveryCard(cfg *Config) {
	spec := PodSpec{Node: "n-0", Annotations: map[string]string{model.AnnotationNICs: model.AnnotationNICsAll}}
	cfg.Steps = []Step{{At: 10 * time.Second, Action: Create{Pod: "p", Spec: spec}}}
}

// secondSubnet puts the nodes into a subnet with room for the node alone, and
// beside it one of the same zone that is tagged.
func secondSubnet(cfg *Config) {
	cfg.Subnets[0].CIDR, cfg.Subnets[0].InUseCount = netip.MustParsePrefix("10.0.0.0/28"), 10
	cfg.Subnets = append(cfg.Subnets, SubnetConfig{
		Name: "b", Zone: "za", CIDR: netip.MustParsePrefix("10.0.1.0/24"), Tags: map[string]string{tagRole: "1"},
	})
}

// peak starts pods on a node, the first nine on its first ENI, and later some of
// them go.
func peak(pods int, gone ...int) func(cfg *Config) {
	return func(cfg *Config) {
		cfg.Duration = 2 * time.Minute
		pod := func(i int) model.PodName { return model.PodName(fmt.Sprintf("p%d", i)) }
		for i := range pods {
			cfg.Steps = append(cfg.Steps, Step{At: 10 * time.Second, Action: Create{Pod: pod(i), Spec: PodSpec{Node: "n-0"}}})
		}
		for _, i := range gone {
			cfg.Steps = append(cfg.Steps, Step{At: 100 * time.Second, Action: Delete{Pod: pod(i)}})
		}
	}
}

// givenBack is how many addresses the agents' shrinks gave back.
func givenBack(log []Event) any {
	n := 0
	for _, ev := range find(log, func(b AddressesRemoved) bool { return b.By == ByShrink }) {
		n += len(ev.Body.(AddressesRemoved).Addresses)
	}
	return n
}

var versionCases = []versionCase{
	{feature: model.FeatureBackoffPrefixes, env: map[string]string{"ENABLE_PREFIX_DELEGATION": "true"},
		change: func(cfg *Config) { cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/28") },
		seen:   calls(AssignPrivateIpAddresses), before: 26, after: 2}, // two at the start and for each check in a minute
	{feature: model.FeatureProvisioningSetting, env: map[string]string{"DISABLE_NETWORK_RESOURCE_PROVISIONING": "true"},
		seen: total, before: 9, after: 0},
	{feature: model.FeatureIPv6, env: map[string]string{"ENABLE_IPv4": "false", "ENABLE_IPv6": "true", "ENABLE_PREFIX_DELEGATION": "true"},
		change: func(cfg *Config) { cfg.Subnets[0].IPv6CIDR = netip.MustParsePrefix("2001:db8:0:1::/64") },
		seen:   calls(AssignIpv6Addresses), before: 0, after: 1},
	{feature: model.FeatureBackoffAddresses,
		change: func(cfg *Config) {
			cfg.Subnets[0].CIDR, cfg.Subnets[0].InUseCount = netip.MustParsePrefix("10.0.0.0/28"), 10
		},
		seen: calls(AssignPrivateIpAddresses), before: 26, after: 2},
	{feature: model.FeatureMetalPrefixes, env: map[string]string{"ENABLE_PREFIX_DELEGATION": "true"}, change: ofType("m5.metal"),
		seen: func(log []Event) any {
			return len(find(log, func(b AddressesAdded) bool { return len(b.Prefixes) > 0 }))
		}, before: 0, after: 1},
	{feature: model.FeatureRereadLimit,
		fault: Fault{Action: AssignPrivateIpAddresses, Error: model.PrivateIpAddressLimitExceeded},
		seen: func(log []Event) any { // a step
			return calls(AssignPrivateIpAddresses)(log).(int) / len(find[PoolGrow](log, nil))
		}, before: 2, after: 1},
	{feature: model.FeatureCordon, env: map[string]string{"WARM_IP_TARGET": "3"},
		change: func(cfg *Config) {
			cfg.Steps = []Step{{At: 10 * time.Second, Action: Cordon{Node: "n-0"}}, {At: 11 * time.Second, Action: Create{Pod: "p", Spec: PodSpec{Node: "n-0"}}}}
		},
		seen: total, before: 4, after: 3},
	{feature: model.FeatureGrowAtStart, // what is attached is filled in all of them
		seen: func(log []Event) any { return int(find[AddressesAdded](log, nil)[0].At) }, before: 0, after: 0},
	{feature: model.FeatureGrowAtStart, env: map[string]string{"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true"},
		change: func(cfg *Config) { cfg.CNI.ENIConfigs = []ENIConfig{{Name: "default", Subnet: "a"}} },
		seen: func(log []Event) any { // the node's time and that of its first ENI for pods
			return [2]int{int(find[NodeReady](log, nil)[0].At), int(find(log, func(b ENIAttached) bool { return b.By == ByGrow })[0].At)}
		}, before: [2]int{0, 2500}, after: [2]int{0, 0}},
	{feature: model.FeatureGrowAtStart, env: map[string]string{"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true"}, // without an ENIConfig
		seen: func(log []Event) any { return len(find[NodeReady](log, nil)) }, before: 1, after: 0},
	{feature: model.FeatureShrinkByNode, env: map[string]string{"WARM_IP_TARGET": "2"}, change: peak(14, 0, 1, 2, 3, 9, 10, 11, 12),
		seen: givenBack, before: 10, after: 8}, // both that were to stay warm go, too
	{feature: model.FeatureShrinkByNode, env: map[string]string{"WARM_IP_TARGET": "2"}, change: peak(5, 0, 1, 2), // one ENI
		seen: givenBack, before: 3, after: 3},
	{feature: model.FeatureShrinkByNode, env: map[string]string{"WARM_IP_TARGET": "2"}, change: peak(14, 0, 1, 2, 3, 9, 10, 11, 12),
		seen: func(log []Event) any { // the next check puts it right
			added := find(log, func(b AddressesAdded) bool { return b.By == ByGrow })
			return added[len(added)-1].At > 100_000
		}, before: true, after: false},
	{feature: model.FeatureLeakSetting, env: map[string]string{"DISABLE_LEAKED_ENI_CLEANUP": "true"},
		seen: configured(func(s model.Settings) any { return s.KeepLeakedENIs }), before: false, after: true},
	{feature: model.FeatureCooldownSetting, env: map[string]string{"IP_COOLDOWN_PERIOD": "60"},
		change: func(cfg *Config) {
			cfg.Steps = []Step{{At: 10 * time.Second, Action: Create{Pod: "p"}}, {At: 20 * time.Second, Action: Delete{Pod: "p"}}}
		},
		seen: func(log []Event) any { return int(*find[PodReleased](log, nil)[0].Body.(PodReleased).CoolUntilMs) }, before: 50_000, after: 80_000},
	{feature: model.FeatureEnforcingMode, env: map[string]string{"POD_SECURITY_GROUP_ENFORCING_MODE": "standard"},
		seen: configured(func(s model.Settings) any { return s.EnforcingMode }), before: "strict", after: "standard"},
	{feature: model.FeatureIPv6PodENI, env: map[string]string{
		"ENABLE_IPv4": "false", "ENABLE_IPv6": "true", "ENABLE_PREFIX_DELEGATION": "true", "ENABLE_POD_ENI": "true",
	},
		change: func(cfg *Config) { cfg.Subnets[0].IPv6CIDR = netip.MustParsePrefix("2001:db8:0:1::/64") },
		seen: func(log []Event) any {
			return len(find(log, func(b ENIAttached) bool { return b.Kind == model.ENITrunk }))
		}, before: 0, after: 1},
	{feature: model.FeatureMaxPodsStop, env: map[string]string{"WARM_ENI_TARGET": "2"},
		change: func(cfg *Config) { cfg.NodeGroups[0].MaxPods = 9 },
		seen:   total, before: 18, after: 9},
	{feature: model.FeatureGrowOn, env: map[string]string{"WARM_ENI_TARGET": "3"},
		seen: func(log []Event) any { // at the first check after the start
			return len(find(log, func(b ENIAttached) bool { return b.By == ByGrow }))
		}, change: func(cfg *Config) { cfg.Duration = 4 * time.Second }, before: 1, after: 2},
	{feature: model.FeatureGrowOn, env: map[string]string{"WARM_ENI_TARGET": "5"}, // the type has no more
		seen: func(log []Event) any {
			return len(find(log, func(b ENIAttached) bool { return b.By == ByGrow }))
		}, before: 2, after: 2},
	{feature: model.FeatureGrowOn, env: map[string]string{"WARM_ENI_TARGET": "5"},
		seen: func(log []Event) any {
			return string(find(log, func(b PoolSkip) bool { return b.Rule == model.RuleGrow })[0].Body.(PoolSkip).Reason)
		}, before: "no-room", after: "no-pause"},
	{feature: model.FeatureTrunkWithoutPods, env: map[string]string{"ENABLE_POD_ENI": "true", "WARM_ENI_TARGET": "3"},
		seen: total, before: 27, after: 18},
	{feature: model.FeatureSubnetDiscovery, change: func(cfg *Config) {
		secondSubnet(cfg)
		cfg.Subnets[0].InUseCount = 1 // nine addresses, for the primary ENI
	}, env: map[string]string{"WARM_ENI_TARGET": "2"},
		seen: enis, before: 1, after: 2},
	{feature: model.FeatureDiscoveryFallThrough, change: secondSubnet,
		seen: enis, before: 1, after: 2},
	{feature: model.FeatureIMDSOnly, env: map[string]string{"ENABLE_IMDS_ONLY_MODE": "true"},
		seen: total, before: 9, after: 0},
	{feature: model.FeatureMultiNIC, env: map[string]string{"ENABLE_MULTI_NIC": "true"}, change: ofType("p4d.24xlarge"),
		seen: func(log []Event) any { // an ENI on each of the cards 1, 2 and 3
			return len(find(log, func(b ENIAttached) bool { return b.Card > 0 }))
		}, before: 0, after: 3},
	{feature: model.FeatureMultiNIC, change: wantsEveryCard, // the annotation with ENABLE_MULTI_NIC off
		seen: func(log []Event) any { return len(find[PodAddressed](log, nil)) }, before: 1, after: 0},
	{feature: model.FeatureTrunkSlotByType, env: map[string]string{"ENABLE_POD_ENI": "true", "WARM_ENI_TARGET": "5"}, change: ofType("t3.small"),
		seen: enis, before: 2, after: 3},
	{feature: model.FeatureSubnetExclusion, change: func(cfg *Config) {
		secondSubnet(cfg)
		cfg.Subnets[0].Tags = map[string]string{tagRole: "0"}
	},
		seen: func(log []Event) any { return len(find[ENIExcluded](log, nil)) }, before: 0, after: 1},
	{feature: model.FeatureSubnetExclusion, change: secondSubnetTagged("0"), seen: enisInB, before: 1, after: 0},
	{feature: model.FeatureSubnetExclusion, change: secondSubnetTagged(""), seen: enisInB, before: 1, after: 0},
}

// secondSubnetTagged gives the second subnet the role tag with a value.
func secondSubnetTagged(role string) func(cfg *Config) {
	return func(cfg *Config) {
		secondSubnet(cfg)
		cfg.Subnets[1].Tags = map[string]string{tagRole: role}
	}
}

// enisInB counts the ENIs that went to the second subnet.
func enisInB(log []Event) any {
	return len(find(log, func(b ENIAttached) bool { return b.Subnet == "b" }))
}

// configured is about the settings that the first agent starts with.
func configured(seen func(model.Settings) any) func(log []Event) any {
	return func(log []Event) any { return seen(find[AgentConfigured](log, nil)[0].Body.(AgentConfigured).Settings) }
}

// play runs the case under a release for a minute.
func (c versionCase) play(t *testing.T, v model.Version) any {
	cfg := branchCluster(1)
	cfg.Duration, cfg.Agent.Exit.Never = time.Minute, true
	cfg.CNI.Version = v
	delete(cfg.CNI.Env, "ENABLE_POD_ENI")
	for name, text := range c.env {
		cfg.CNI.Env[name] = text
	}
	if c.change != nil {
		c.change(&cfg)
	}
	var log []Event
	e, err := newEngine(cfg, func(ev Event) error {
		log = append(log, ev)
		return nil
	})
	require.NoError(t, err)
	if c.fault.Action != "" {
		e.ec2.beginFault(c.fault)
	}
	e.start()
	e.loop()
	e.end()
	return c.seen(log)
}

// TestVersionRules on both sides of each release, and of the one that took the
// change back. The release before has the highest patch number that fits; what is
// neither is the newest.
func TestVersionRules(t *testing.T) {
	cases := map[model.Feature][]versionCase{}
	for _, c := range versionCases {
		cases[c.feature] = append(cases[c.feature], c)
	}
	require.Len(t, cases, len(model.VersionRules()))
	before := func(v model.Version) model.Version {
		if v.Patch--; v.Patch < 0 {
			v.Minor, v.Patch = v.Minor-1, 99
		}
		return v
	}
	for _, r := range model.VersionRules() {
		t.Run(string(r.Feature), func(t *testing.T) {
			require.NotEmpty(t, cases[r.Feature])
			for _, c := range cases[r.Feature] {
				is := func(want any, v model.Version) { require.Equal(t, want, c.play(t, v), "%s", v) }
				is(c.before, before(r.Since))
				is(c.after, r.Since)
				if r.Until == (model.Version{}) {
					is(c.after, model.NewestVersion)
					continue
				}
				is(c.after, before(r.Until))
				is(c.before, r.Until)
				is(c.before, model.NewestVersion)
			}
		})
	}
}
