package sim

import (
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
	fault         func(f CallFields) model.ErrorCode
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

var versionCases = []versionCase{
	{feature: model.FeatureBackoffPrefixes, env: map[string]string{"ENABLE_PREFIX_DELEGATION": "true"},
		change: func(cfg *Config) { cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/28") },
		seen:   calls(AssignPrivateIpAddresses), before: 24, after: 2}, // two for each check in a minute
	{feature: model.FeatureProvisioningSetting, env: map[string]string{"DISABLE_NETWORK_RESOURCE_PROVISIONING": "true"},
		seen: total, before: 9, after: 0},
	{feature: model.FeatureIPv6, env: map[string]string{"ENABLE_IPv4": "false", "ENABLE_IPv6": "true", "ENABLE_PREFIX_DELEGATION": "true"},
		change: func(cfg *Config) { cfg.Subnets[0].IPv6CIDR = netip.MustParsePrefix("2001:db8:0:1::/64") },
		seen:   calls(AssignIpv6Addresses), before: 0, after: 1},
	{feature: model.FeatureBackoffAddresses,
		change: func(cfg *Config) {
			cfg.Subnets[0].CIDR, cfg.Subnets[0].InUseCount = netip.MustParsePrefix("10.0.0.0/28"), 10
		},
		seen: calls(AssignPrivateIpAddresses), before: 24, after: 2},
	{feature: model.FeatureMetalPrefixes, env: map[string]string{"ENABLE_PREFIX_DELEGATION": "true"}, change: ofType("m5.metal"),
		seen: func(log []Event) any {
			return len(find(log, func(b AddressesAdded) bool { return len(b.Prefixes) > 0 }))
		}, before: 0, after: 1},
	{feature: model.FeatureRereadLimit,
		fault: func(f CallFields) model.ErrorCode {
			if f.Action == AssignPrivateIpAddresses {
				return model.PrivateIpAddressLimitExceeded
			}
			return ""
		},
		seen: func(log []Event) any { // a step
			return calls(AssignPrivateIpAddresses)(log).(int) / len(find[PoolGrow](log, nil))
		}, before: 2, after: 1},
	{feature: model.FeatureCordon, env: map[string]string{"WARM_IP_TARGET": "3"},
		change: func(cfg *Config) {
			cfg.Steps = []Step{{At: 10 * time.Second, Action: Cordon{Node: "n-0"}}, {At: 11 * time.Second, Action: Create{Pod: "p", Spec: PodSpec{Node: "n-0"}}}}
		},
		seen: total, before: 4, after: 3},
	{feature: model.FeatureGrowAtStart,
		seen: func(log []Event) any { return int(find[AddressesAdded](log, nil)[0].At) }, before: 2500, after: 0},
	{feature: model.FeatureLeakSetting, env: map[string]string{"DISABLE_LEAKED_ENI_CLEANUP": "true"},
		seen: configured(func(s model.Settings) any { return s.KeepLeakedENIs }), before: false, after: true},
	{feature: model.FeatureCooldownSetting, env: map[string]string{"IP_COOLDOWN_PERIOD": "60"},
		change: func(cfg *Config) {
			cfg.Steps = []Step{{At: 10 * time.Second, Action: Create{Pod: "p"}}, {At: 20 * time.Second, Action: Delete{Pod: "p"}}}
		},
		seen: func(log []Event) any { return int(*find[PodReleased](log, nil)[0].Body.(PodReleased).CoolUntilMs) }, before: 50_000, after: 80_000},
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
}

// configured is about the settings that the first agent starts with.
func configured(seen func(model.Settings) any) func(log []Event) any {
	return func(log []Event) any { return seen(find[AgentConfigured](log, nil)[0].Body.(AgentConfigured).Settings) }
}

// play runs the case under a release for a minute.
func (c versionCase) play(t *testing.T, v model.Version) any {
	cfg := branchCluster(1)
	cfg.Duration = time.Minute
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
	e.ec2.fault = c.fault
	e.start()
	e.loop()
	e.end()
	return c.seen(log)
}

// TestVersionRules on both sides of each release. The release before has the
// highest patch number that fits; what is neither is the newest.
func TestVersionRules(t *testing.T) {
	cases := map[model.Feature]versionCase{}
	for _, c := range versionCases {
		cases[c.feature] = c
	}
	require.Len(t, cases, len(model.VersionRules()))
	for _, r := range model.VersionRules() {
		t.Run(string(r.Feature), func(t *testing.T) {
			c, ok := cases[r.Feature]
			require.True(t, ok)
			before := r.Since
			if before.Patch--; before.Patch < 0 {
				before.Minor, before.Patch = before.Minor-1, 99
			}
			require.Equal(t, c.before, c.play(t, before), "%s", before)
			require.Equal(t, c.after, c.play(t, r.Since), "%s", r.Since)
			require.Equal(t, c.after, c.play(t, model.NewestVersion), "%s", model.NewestVersion)
		})
	}
}
