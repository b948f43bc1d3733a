package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVariablesAreSortedAndComplete(t *testing.T) {
	all := Variables()
	for i, v := range all {
		if i > 0 {
			require.Less(t, all[i-1].Name, v.Name)
		}
		require.NotEmpty(t, v.Meaning, v.Name)
		require.NotContains(t, v.Meaning, "\n", v.Name)
		require.Contains(t, []VariableKind{VariableInt, VariableBool, VariableText}, v.Kind, v.Name)
		require.True(t, v.Since == "" || strings.HasPrefix(v.Since, "v1."), v.Name)
		got, ok := LookupVariable(v.Name)
		require.True(t, ok, v.Name)
		require.Equal(t, v, got)
	}
	for _, name := range []string{"", "WARM_IP", "warm_ip_target", "ENABLE_IPV4", "ZZZ"} {
		_, ok := LookupVariable(name)
		require.False(t, ok, name)
	}
}

// The variables that bear on allocation, with the release that brought each and
// the DaemonSet's default. Source: VPC CNI README and CHANGELOG, and its chart.
func TestVariablesSince(t *testing.T) {
	type row struct{ fallback, since string }
	for name, want := range map[string]row{
		"WARM_ENI_TARGET": {"1", "v1.0.0"}, "WARM_IP_TARGET": {"", "v1.1.0"}, "MINIMUM_IP_TARGET": {"", "v1.6.0"},
		"MAX_ENI": {"", "v1.4.0"}, "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": {"false", "v1.2.0"},
		"ENI_CONFIG_ANNOTATION_DEF": {"", "v1.4.0"}, "ENI_CONFIG_LABEL_DEF": {"", "v1.4.0"},
		"ENABLE_POD_ENI": {"false", "v1.7.0"}, "POD_SECURITY_GROUP_ENFORCING_MODE": {"", "v1.11.0"},
		"ENABLE_PREFIX_DELEGATION": {"false", "v1.9.0"}, "WARM_PREFIX_TARGET": {"1", "v1.9.0"},
		"DISABLE_NETWORK_RESOURCE_PROVISIONING": {"false", "v1.9.1"}, "MANAGE_UNTAGGED_ENI": {"", "v1.9.1"},
		"ENABLE_IPv4": {"true", "v1.10.0"}, "ENABLE_IPv6": {"false", "v1.10.0"},
		"AWS_MANAGE_ENIS_NON_SCHEDULABLE": {"", "v1.12.6"}, "DISABLE_LEAKED_ENI_CLEANUP": {"", "v1.13.0"},
		"IP_COOLDOWN_PERIOD": {"", "v1.15.0"}, "ENABLE_SUBNET_DISCOVERY": {"true", "v1.18.0"},
		"ENABLE_IMDS_ONLY_MODE": {"false", "v1.19.6"}, "ENABLE_MULTI_NIC": {"false", "v1.20.0"}, "ADDITIONAL_ENI_TAGS": {"{}", "v1.6.0"},
	} {
		v, ok := LookupVariable(name)
		require.True(t, ok, name)
		require.Equal(t, want, row{v.Default, v.Since}, name)
	}
}

// A bearing variable that came after the oldest release is told to have no effect
// just before its own, and not from it on, when it is set to something that would
// have one. Subnet discovery is on by default and not worth a note.
func TestReleasesTellTheVariablesThatTheyDoNotKnow(t *testing.T) {
	set := map[string]string{
		"POD_SECURITY_GROUP_ENFORCING_MODE": "standard", "DISABLE_NETWORK_RESOURCE_PROVISIONING": "true", "ENABLE_IPv6": "true",
		"ENABLE_IPv4": "false", "AWS_MANAGE_ENIS_NON_SCHEDULABLE": "true", "DISABLE_LEAKED_ENI_CLEANUP": "true",
		"IP_COOLDOWN_PERIOD": "5", "ENABLE_IMDS_ONLY_MODE": "true", "ENABLE_MULTI_NIC": "true",
	}
	for _, v := range Variables() {
		since, err := ParseVersion(v.Since)
		if err != nil || !v.Bears || since == OldestVersion || v.Name == "ENABLE_SUBNET_DISCOVERY" {
			continue
		}
		require.Contains(t, set, v.Name)
		env := DaemonSetEnv()
		env[v.Name] = set[v.Name]
		settings, _ := ParseSettings(env)
		before := since
		if before.Patch--; before.Patch < 0 {
			before.Minor, before.Patch = before.Minor-1, 99
		}
		_, notes := settings.ForVersion(before)
		require.Len(t, notes, 1, v.Name)
		require.Contains(t, notes[0], v.Name)
		require.Contains(t, notes[0], "not in "+before.String())
		_, notes = settings.ForVersion(since)
		require.Empty(t, notes, v.Name)
	}
}

func TestVariablesIsTheCallersCopy(t *testing.T) {
	Variables()[0].Name = "x"
	require.NotEqual(t, "x", Variables()[0].Name)
}

// A variable bears on addresses if and only if some text of it makes other
// settings.
func TestBearingVariablesAreThoseThatSettingsDependOn(t *testing.T) {
	texts := []string{"7", "true", "false", "standard"}
	for _, v := range Variables() {
		matters := slices.ContainsFunc(texts, func(text string) bool {
			s, _ := ParseSettings(map[string]string{v.Name: text})
			return s != unset
		})
		require.Equal(t, v.Bears, matters, v.Name)
	}
}

// The kind in the table is the one that ParseSettings reads.
func TestKindsAreThoseThatSettingsAreReadAs(t *testing.T) {
	complaint := map[VariableKind]string{VariableInt: "whole number", VariableBool: "neither true nor false"}
	for _, v := range Variables() {
		_, notes := ParseSettings(map[string]string{v.Name: "?"})
		if want := complaint[v.Kind]; v.Bears && want != "" {
			require.Len(t, notes, 1, v.Name)
			require.Contains(t, notes[0], want, v.Name)
		}
	}
}

func TestNearVariables(t *testing.T) {
	for _, tt := range []struct {
		typed string
		n     int
		want  []string
	}{
		{"WARM_IP_TARGETS", 1, []string{"WARM_IP_TARGET"}},
		{"warm_ip_target", 1, []string{"WARM_IP_TARGET"}},
		{"ENABLE_IPV4", 2, []string{"ENABLE_IPv4", "ENABLE_IPv6"}},
		{"MIN_IP_TARGET", 1, []string{"MINIMUM_IP_TARGET"}},
		{"ENABLE_PREFIX_DELEGATOIN", 1, []string{"ENABLE_PREFIX_DELEGATION"}},
		{"MAX_ENIS", 1, []string{"MAX_ENI"}},
		{"AWS_VPC_CNI_LOGLEVEL", 1, []string{"AWS_VPC_K8S_CNI_LOGLEVEL"}},
		{"WARM_IP_TARGET", 0, nil},
		{"", 3, nil},
		{"PATH", 3, nil},
		{strings.Repeat("WARM_IP_TARGET", 100_000), 3, nil},
	} {
		t.Run(tt.typed[:min(len(tt.typed), 30)], func(t *testing.T) {
			require.Equal(t, tt.want, NearVariables(tt.typed, tt.n))
		})
	}
}
