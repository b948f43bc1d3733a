package model

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// unset is what the agent goes by where nothing is set: not the DaemonSet's
// defaults, and no address family at all.
var unset = Settings{
	WarmENITarget:       1,
	ENIConfigLabel:      "k8s.amazonaws.com/eniConfig",
	ENIConfigAnnotation: "k8s.amazonaws.com/eniConfig",
	EnforcingMode:       "strict",
	SubnetDiscovery:     true,
	Cooldown:            30 * time.Second,
}

func TestNothingSet(t *testing.T) {
	s, notes := ParseSettings(nil)
	require.Equal(t, unset, s)
	require.Empty(t, notes)
	require.ErrorContains(t, s.Validate(), "neither ENABLE_IPv4 nor ENABLE_IPv6")
}

func TestDaemonSetDefaults(t *testing.T) {
	require.Equal(t, map[string]string{
		"WARM_ENI_TARGET":                       "1",
		"WARM_PREFIX_TARGET":                    "1",
		"ENABLE_PREFIX_DELEGATION":              "false",
		"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":    "false",
		"ENABLE_POD_ENI":                        "false",
		"ENABLE_SUBNET_DISCOVERY":               "true",
		"ENABLE_IPv4":                           "true",
		"ENABLE_IPv6":                           "false",
		"ENABLE_MULTI_NIC":                      "false",
		"ENABLE_IMDS_ONLY_MODE":                 "false",
		"DISABLE_NETWORK_RESOURCE_PROVISIONING": "false",
	}, DaemonSetEnv())

	s, notes := ParseSettings(DaemonSetEnv())
	want := unset
	want.WarmPrefixTarget = 1
	want.IPv4 = true
	require.Equal(t, want, s)
	require.Empty(t, notes)
	require.NoError(t, s.Validate())
	require.Empty(t, EntrypointRefusals(DaemonSetEnv()))
}

func TestDaemonSetEnvIsTheCallersCopy(t *testing.T) {
	DaemonSetEnv()["WARM_ENI_TARGET"] = "7"
	require.Equal(t, "1", DaemonSetEnv()["WARM_ENI_TARGET"])
}

// Each text of one variable alone, and what it changes of the unset settings.
func TestParseSettings(t *testing.T) {
	const max = 1<<31 - 1
	for _, tt := range []struct {
		name, text string
		want       func(*Settings) // nil: as if unset
		note       string          // empty: none
	}{
		{"WARM_ENI_TARGET", "0", func(s *Settings) { s.WarmENITarget = 0 }, ""},
		{"WARM_ENI_TARGET", "3", func(s *Settings) { s.WarmENITarget = 3 }, ""},
		{"WARM_ENI_TARGET", "+3", func(s *Settings) { s.WarmENITarget = 3 }, ""},
		{"WARM_ENI_TARGET", "007", func(s *Settings) { s.WarmENITarget = 7 }, ""},
		{"WARM_ENI_TARGET", "-1", nil, "WARM_ENI_TARGET: -1 is below 0; counts as not set"},
		{"WARM_ENI_TARGET", "", nil, `WARM_ENI_TARGET: "" is not a whole number; counts as not set`},
		{"WARM_ENI_TARGET", " 3", nil, `WARM_ENI_TARGET: " 3" is not a whole number; counts as not set`},
		{"WARM_ENI_TARGET", "1.5", nil, `WARM_ENI_TARGET: "1.5" is not a whole number; counts as not set`},
		{"WARM_ENI_TARGET", "0x10", nil, `WARM_ENI_TARGET: "0x10" is not a whole number; counts as not set`},
		{"WARM_ENI_TARGET", "1_000", nil, `WARM_ENI_TARGET: "1_000" is not a whole number; counts as not set`},
		{"WARM_IP_TARGET", "5", func(s *Settings) { s.WarmIPTarget = 5 }, ""},
		{"WARM_IP_TARGET", "0", nil, ""},
		{"WARM_IP_TARGET", "-5", nil, "WARM_IP_TARGET: -5 is below 0; counts as not set"},
		{"WARM_IP_TARGET", "abc", nil, `WARM_IP_TARGET: "abc" is not a whole number; counts as not set`},
		{"WARM_IP_TARGET", "2147483647", func(s *Settings) { s.WarmIPTarget = max }, ""},
		{"WARM_IP_TARGET", "2147483648", func(s *Settings) { s.WarmIPTarget = max }, "WARM_IP_TARGET: 2147483648 is too large; counts as 2147483647"},
		{"WARM_IP_TARGET", "9223372036854775808", nil, `WARM_IP_TARGET: "9223372036854775808" is out of range; counts as not set`},
		{"MINIMUM_IP_TARGET", "12", func(s *Settings) { s.MinimumIPTarget = 12 }, ""},
		{"MINIMUM_IP_TARGET", "-1", nil, "MINIMUM_IP_TARGET: -1 is below 0; counts as not set"},
		{"WARM_PREFIX_TARGET", "2", func(s *Settings) { s.WarmPrefixTarget = 2 }, ""},
		{"WARM_PREFIX_TARGET", "-1", nil, "WARM_PREFIX_TARGET: -1 is below 0; counts as not set"},
		{"WARM_PREFIX_TARGET", "x", nil, `WARM_PREFIX_TARGET: "x" is not a whole number; counts as not set`},
		{"MAX_ENI", "1", func(s *Settings) { s.MaxENI = 1 }, ""},
		{"MAX_ENI", "2", func(s *Settings) { s.MaxENI = 2 }, ""},
		{"MAX_ENI", "0", nil, "MAX_ENI: 0 is below 1; counts as not set"},
		{"MAX_ENI", "-1", nil, "MAX_ENI: -1 is below 1; counts as not set"},
		{"ENABLE_PREFIX_DELEGATION", "true", func(s *Settings) { s.PrefixDelegation = true }, ""},
		{"ENABLE_PREFIX_DELEGATION", "1", func(s *Settings) { s.PrefixDelegation = true }, ""},
		{"ENABLE_PREFIX_DELEGATION", "T", func(s *Settings) { s.PrefixDelegation = true }, ""},
		{"ENABLE_PREFIX_DELEGATION", "yes", nil, `ENABLE_PREFIX_DELEGATION: "yes" is neither true nor false; counts as not set, which is false`},
		{"ENABLE_PREFIX_DELEGATION", "tRuE", nil, `ENABLE_PREFIX_DELEGATION: "tRuE" is neither true nor false; counts as not set, which is false`},
		{"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", "TRUE", func(s *Settings) { s.CustomNetworking = true }, ""},
		{"ENI_CONFIG_LABEL_DEF", "topology.kubernetes.io/zone", func(s *Settings) { s.ENIConfigLabel = "topology.kubernetes.io/zone" }, ""},
		{"ENI_CONFIG_LABEL_DEF", "", nil, ""},
		{"ENI_CONFIG_ANNOTATION_DEF", "x", func(s *Settings) { s.ENIConfigAnnotation = "x" }, ""},
		{"ENABLE_POD_ENI", "true", func(s *Settings) { s.PodENI = true }, ""},
		{"POD_SECURITY_GROUP_ENFORCING_MODE", "standard", func(s *Settings) { s.EnforcingMode = "standard" }, ""},
		{"POD_SECURITY_GROUP_ENFORCING_MODE", "strict", nil, ""},
		{"POD_SECURITY_GROUP_ENFORCING_MODE", "Standard", nil, `POD_SECURITY_GROUP_ENFORCING_MODE: "Standard" is not one of strict, standard; counts as not set, which is strict`},
		{"ENABLE_SUBNET_DISCOVERY", "false", func(s *Settings) { s.SubnetDiscovery = false }, ""},
		{"ENABLE_SUBNET_DISCOVERY", "off", nil, `ENABLE_SUBNET_DISCOVERY: "off" is neither true nor false; counts as not set, which is true`},
		{"CLUSTER_NAME", "prod", func(s *Settings) { s.ClusterName = "prod" }, ""},
		{"ENABLE_IPv4", "true", func(s *Settings) { s.IPv4 = true }, ""},
		{"ENABLE_IPv4", "on", nil, `ENABLE_IPv4: "on" is neither true nor false; counts as not set, which is false`},
		{"ENABLE_IPv6", "true", func(s *Settings) { s.IPv6 = true }, ""},
		{"IP_COOLDOWN_PERIOD", "10", func(s *Settings) { s.Cooldown = 10 * time.Second }, ""},
		{"IP_COOLDOWN_PERIOD", "0", func(s *Settings) { s.Cooldown = 0 }, ""},
		{"IP_COOLDOWN_PERIOD", "-1", nil, "IP_COOLDOWN_PERIOD: -1 is below 0; counts as not set"},
		{"IP_COOLDOWN_PERIOD", "30s", nil, `IP_COOLDOWN_PERIOD: "30s" is not a whole number; counts as not set`},
		{"IP_COOLDOWN_PERIOD", "99999999999", func(s *Settings) { s.Cooldown = max * time.Second }, "IP_COOLDOWN_PERIOD: 99999999999 is too large; counts as 2147483647"},
		{"AWS_MANAGE_ENIS_NON_SCHEDULABLE", "true", func(s *Settings) { s.ManageNonSchedulable = true }, ""},
		{"ENABLE_MULTI_NIC", "true", func(s *Settings) { s.MultiNIC = true }, ""},
		{"DISABLE_NETWORK_RESOURCE_PROVISIONING", "true", func(s *Settings) { s.NoProvisioning = true }, ""},
		{"ENABLE_IMDS_ONLY_MODE", "true", func(s *Settings) { s.NoProvisioning, s.OnlyIMDS = true, true }, ""},
		{"WARM_IP_TARGETS", "5", nil, ""}, // not a variable of aws-node
	} {
		t.Run(tt.name+"="+tt.text, func(t *testing.T) {
			want := unset
			if tt.want != nil {
				tt.want(&want)
			}
			s, notes := ParseSettings(map[string]string{tt.name: tt.text})
			require.Equal(t, want, s)
			if tt.note == "" {
				require.Empty(t, notes)
			} else {
				require.Equal(t, []string{tt.note}, notes)
			}
		})
	}
}

func TestNotesAreSorted(t *testing.T) {
	_, notes := ParseSettings(map[string]string{"WARM_IP_TARGET": "x", "ENABLE_IPv4": "x", "MAX_ENI": "x", "IP_COOLDOWN_PERIOD": "x"})
	require.Len(t, notes, 4)
	require.IsIncreasing(t, notes)
}

// The largest texts that count leave room for the arithmetic of addresses.
func TestLargestIntegersDontOverflow(t *testing.T) {
	s, _ := ParseSettings(map[string]string{"WARM_ENI_TARGET": "9223372036854775807", "IP_COOLDOWN_PERIOD": "9223372036854775807"})
	require.Positive(t, s.WarmENITarget*49*16)
	require.Positive(t, s.Cooldown)
	require.Greater(t, Instant(0).Add(s.Cooldown), Instant(0))
}

func TestPrefixModeNeedsNitroOrMetal(t *testing.T) {
	on := Settings{PrefixDelegation: true, IPv4: true}
	for _, tt := range []struct {
		instanceType string
		prefixes     bool
	}{
		{"m5.large", true},
		{"c5.metal", true},
		{"t2.micro", false},
		{"cr1.8xlarge", false}, // hypervisor unknown
	} {
		got, notes := on.ForType(mustType(t, tt.instanceType))
		require.Equal(t, tt.prefixes, got.PrefixDelegation, tt.instanceType)
		require.Equal(t, tt.prefixes, len(notes) == 0, tt.instanceType)
		require.NoError(t, got.Validate())
	}
	require.True(t, on.PrefixDelegation, "the receiver is unchanged")

	_, notes := on.ForType(mustType(t, "t2.micro"))
	require.Equal(t, []string{"ENABLE_PREFIX_DELEGATION: t2.micro is neither Nitro nor bare metal; counts as false"}, notes)

	off := Settings{IPv4: true}
	got, notes := off.ForType(mustType(t, "t2.micro"))
	require.Equal(t, off, got)
	require.Empty(t, notes)
}

func TestIPv6OnTypeWithoutPrefixesIsRefused(t *testing.T) {
	s, _ := Settings{IPv6: true, PrefixDelegation: true}.ForType(mustType(t, "t2.micro"))
	require.ErrorContains(t, s.Validate(), "ENABLE_IPv6 needs prefix mode")
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    Settings
		want []string // parts of the error; none: valid
	}{
		{"IPv4", Settings{IPv4: true}, nil},
		{"IPv4, all on", Settings{IPv4: true, PrefixDelegation: true, CustomNetworking: true, PodENI: true}, nil},
		{"IPv6", Settings{IPv6: true, PrefixDelegation: true}, nil},
		{"neither", Settings{}, []string{"neither ENABLE_IPv4 nor ENABLE_IPv6 is true"}},
		{"both", Settings{IPv4: true, IPv6: true, PrefixDelegation: true}, []string{"both true"}},
		{"IPv6 without prefixes", Settings{IPv6: true}, []string{"needs prefix mode"}},
		{"IPv6 with custom networking", Settings{IPv6: true, PrefixDelegation: true, CustomNetworking: true}, []string{"excludes custom networking"}},
		{"all wrong", Settings{IPv4: true, IPv6: true, CustomNetworking: true}, []string{"both true", "needs prefix mode", "excludes custom networking"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.s.Validate()
			if tt.want == nil {
				require.NoError(t, err)
			}
			for _, part := range tt.want {
				require.ErrorContains(t, err, part)
			}
		})
	}
}

func TestEntrypointRefusals(t *testing.T) {
	const (
		targets  = "WARM_PREFIX_TARGET: prefix mode needs one of WARM_PREFIX_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET above 0"
		cooldown = "IP_COOLDOWN_PERIOD: "
		mode     = "POD_SECURITY_GROUP_ENFORCING_MODE: "
	)
	for _, tt := range []struct {
		name string
		env  map[string]string
		want string // how the only refusal begins; empty: none
	}{
		{"nothing", nil, ""},
		{"prefix mode, no target", map[string]string{"ENABLE_PREFIX_DELEGATION": "true"}, targets},
		{"prefix mode, targets 0", map[string]string{"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "0", "WARM_IP_TARGET": "0"}, targets},
		{"prefix mode, target negative", map[string]string{"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "-1"}, targets},
		{"prefix mode, warm prefixes", map[string]string{"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}, ""},
		{"prefix mode, warm addresses", map[string]string{"ENABLE_PREFIX_DELEGATION": "true", "WARM_IP_TARGET": "1"}, ""},
		{"prefix mode, floor", map[string]string{"ENABLE_PREFIX_DELEGATION": "true", "MINIMUM_IP_TARGET": "16"}, ""},
		{"secondary addresses, targets 0", map[string]string{"ENABLE_PREFIX_DELEGATION": "false", "WARM_PREFIX_TARGET": "0"}, ""},
		{"cooldown 0", map[string]string{"IP_COOLDOWN_PERIOD": "0"}, ""},
		{"cooldown -1", map[string]string{"IP_COOLDOWN_PERIOD": "-1"}, cooldown},
		{"cooldown empty", map[string]string{"IP_COOLDOWN_PERIOD": ""}, cooldown},
		{"enforcing mode", map[string]string{"ENABLE_POD_ENI": "true", "POD_SECURITY_GROUP_ENFORCING_MODE": "loose"}, mode},
		{"enforcing mode standard", map[string]string{"ENABLE_POD_ENI": "true", "POD_SECURITY_GROUP_ENFORCING_MODE": "standard"}, ""},
		{"enforcing mode, unused", map[string]string{"POD_SECURITY_GROUP_ENFORCING_MODE": "loose"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refusals := EntrypointRefusals(tt.env)
			if tt.want == "" {
				require.Empty(t, refusals)
				return
			}
			require.Len(t, refusals, 1)
			require.Contains(t, refusals[0], tt.want)
		})
	}
}
