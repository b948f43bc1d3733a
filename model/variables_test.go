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
