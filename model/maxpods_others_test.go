package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCalculatorMaxPods(t *testing.T) {
	for _, tt := range []struct {
		name         string
		instanceType string
		modes        MaxPodsModes
		want         int
		arithmetic   string
	}{
		{"plain", "m5.large", MaxPodsModes{}, 29, "3 × 9 + 2 = 29"},
		{"the cap holds without prefixes, too", "m5.24xlarge", MaxPodsModes{}, 250, "15 × 49 + 2 = 737, capped at 250"},
		{"prefixes", "m5.large", MaxPodsModes{PrefixDelegation: true}, 110, "3 × 9 × 16 + 2 = 434, capped at 110"},
		{"no prefixes on Xen", "m4.large", MaxPodsModes{PrefixDelegation: true}, 20, "2 × 9 + 2 = 20"},
		{"no prefixes on bare metal", "a1.metal", MaxPodsModes{PrefixDelegation: true}, 110, "8 × 29 + 2 = 234, capped at 110"},
		{"custom networking", "m5.large", MaxPodsModes{CustomNetworking: true}, 20, "(3 − 1) × 9 + 2 = 20"},
		{"MAX_ENI first, then custom networking", "m5.large", MaxPodsModes{CustomNetworking: true, MaxENI: 2}, 11, "(2 − 1) × 9 + 2 = 11"},
		{"MAX_ENI above the type's limit", "m5.large", MaxPodsModes{MaxENI: 4}, 29, "3 × 9 + 2 = 29"},
		{"nothing of reserved ENIs and trunks", "m5.large", MaxPodsModes{ReservedENIs: 1, PodENI: true}, 29, "3 × 9 + 2 = 29"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := CalculatorMaxPods(mustType(t, tt.instanceType), tt.modes)
			require.Equal(t, tt.want, m.Result)
			require.Equal(t, tt.arithmetic, m.String())
		})
	}
}

// The calculator and the recommendation differ in prefixes on bare metal, and
// nowhere else.
func TestCalculatorDiffersOnBareMetalOnly(t *testing.T) {
	differ := 0
	for _, it := range InstanceTypes() {
		for _, custom := range []bool{false, true} {
			modes := MaxPodsModes{PrefixDelegation: true, CustomNetworking: custom}
			calculated, recommended := CalculatorMaxPods(it, modes), RecommendedMaxPods(it, modes)
			if calculated != recommended {
				differ++
				require.True(t, it.BareMetal, it.Name)
				require.Equal(t, 16*calculated.Addresses(), recommended.Addresses(), it.Name)
			}
		}
	}
	require.NotZero(t, differ)
}

func TestAutoModeMaxPods(t *testing.T) {
	for _, tt := range []struct {
		instanceType InstanceType
		want         int
		arithmetic   string
	}{
		{mustType(t, "m5.large"), 27, "3 × 9 = 27"},
		{mustType(t, "m5.24xlarge"), 110, "15 × 49 = 735, capped at 110"},
		{InstanceType{MaxENIs: 1, IPv4PerENI: 111}, 110, "1 × 110 = 110"},
		{InstanceType{MaxENIs: 1, IPv4PerENI: 112}, 110, "1 × 111 = 111, capped at 110"},
		{InstanceType{}, 110, "limits unknown: 110"},
	} {
		m := AutoModeMaxPods(tt.instanceType)
		require.Equal(t, tt.want, m.Result)
		require.Equal(t, tt.arithmetic, m.String())
	}
}
