package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func mustType(t *testing.T, name string) InstanceType {
	t.Helper()
	it, ok := LookupInstanceType(name)
	require.True(t, ok, name)
	return it
}

// Every published number of pods is what AutoMaxPods computes; there are no
// exceptions.
func TestAutoMaxPodsAgreesWithThePublishedList(t *testing.T) {
	compared := 0
	for _, it := range InstanceTypes() {
		if it.MaxPodsSecondaryIP > 0 {
			compared++
			require.Equal(t, it.MaxPodsSecondaryIP, AutoMaxPods(it, 0).Result, it.Name)
		}
	}
	require.Equal(t, 1391, compared)
}

// Four types have fewer ENIs on the default card than the list counts: the number
// of pods is the list's, the addresses are the card's.
func TestListedENIs(t *testing.T) {
	var outdated []string
	for _, it := range InstanceTypes() {
		if it.ListedENIs() != it.MaxENIs {
			outdated = append(outdated, it.Name)
		}
	}
	require.Equal(t, []string{"i7ie.48xlarge", "i7ie.metal-48xl", "i8ge.48xlarge", "i8ge.metal-48xl"}, outdated)
	it := mustType(t, "i7ie.48xlarge")
	require.Equal(t, "15 × 49 + 2 = 737", AutoMaxPods(it, 0).String())
	require.Equal(t, 250, ManagedMaxPods(it, 0).Result)
	require.Equal(t, 8*49, RecommendedMaxPods(it, MaxPodsModes{}).Addresses())
	it.MaxENIs = 9 // overridden
	require.Equal(t, 9, it.ListedENIs())
}

func TestAutoAndManagedMaxPods(t *testing.T) {
	for _, tt := range []struct {
		instanceType  string
		reserved      int
		auto, managed int
		arithmetic    string // of auto
	}{
		{"m5.large", 0, 29, 29, "3 × 9 + 2 = 29"},
		{"m5.large", 1, 20, 20, "(3 − 1) × 9 + 2 = 20"},
		{"m5.large", 2, 11, 11, "(3 − 2) × 9 + 2 = 11"},
		{"m5.large", 3, 0, 0, "(3 − 3) leaves no ENI: 0"},
		{"m5.large", 4, 0, 0, "max(3 − 4, 0) leaves no ENI: 0"},
		{"t3.small", 0, 11, 11, "3 × 3 + 2 = 11"},
		{"t2.micro", 0, 4, 4, "2 × 1 + 2 = 4"},
		{"c5.4xlarge", 0, 234, 110, "8 × 29 + 2 = 234"},    // 16 vCPUs
		{"m5.24xlarge", 0, 737, 250, "15 × 49 + 2 = 737"},  // 96 vCPUs
		{"p4d.24xlarge", 0, 737, 250, "15 × 49 + 2 = 737"}, // the default card alone
		{"p5.48xlarge", 0, 100, 100, "2 × 49 + 2 = 100"},
		{"u-6tb1.metal", 0, 147, 110, "5 × 29 + 2 = 147"}, // vCPUs unknown
	} {
		t.Run(tt.instanceType, func(t *testing.T) {
			it := mustType(t, tt.instanceType)
			auto := AutoMaxPods(it, tt.reserved)
			require.Equal(t, tt.auto, auto.Result)
			require.Equal(t, tt.arithmetic, auto.String())
			require.Equal(t, tt.managed, ManagedMaxPods(it, tt.reserved).Result)
		})
	}
}

func TestManagedCapRisesAbove30VCPUs(t *testing.T) {
	for vcpu, want := range map[int]int{0: 110, 1: 110, 29: 110, 30: 110, 31: 250, 96: 250} {
		it := InstanceType{VCPU: vcpu, MaxENIs: 15, IPv4PerENI: 50}
		require.Equal(t, want, ManagedMaxPods(it, 0).Result, "%d vCPUs", vcpu)
	}
	m := ManagedMaxPods(InstanceType{VCPU: 31, MaxENIs: 15, IPv4PerENI: 50}, 0)
	require.Equal(t, "15 × 49 + 2 = 737, capped at 250", m.String())
}

func TestMaxPodsAtTheCapIsNotCalledCapped(t *testing.T) {
	for _, tt := range []struct {
		ipv4PerENI, want int
		arithmetic       string
	}{
		{108, 109, "1 × 107 + 2 = 109"},
		{109, 110, "1 × 108 + 2 = 110"},
		{110, 110, "1 × 109 + 2 = 111, capped at 110"},
	} {
		m := ManagedMaxPods(InstanceType{MaxENIs: 1, IPv4PerENI: tt.ipv4PerENI}, 0)
		require.Equal(t, tt.want, m.Result)
		require.Equal(t, tt.arithmetic, m.String())
	}
}

func TestUnknownTypeHas110Pods(t *testing.T) {
	modes := MaxPodsModes{ReservedENIs: 1, PrefixDelegation: true, CustomNetworking: true, PodENI: true}
	for _, it := range []InstanceType{
		{},
		{VCPU: 96},
		{MaxENIs: 3},     // addresses per ENI unknown
		{IPv4PerENI: 10}, // ENIs unknown
	} {
		require.Equal(t, 110, AutoMaxPods(it, 0).Result)
		require.Equal(t, 110, AutoMaxPods(it, 5).Result)
		require.Equal(t, 110, ManagedMaxPods(it, 0).Result)
		require.Equal(t, 110, RecommendedMaxPods(it, modes).Result)
		require.Equal(t, "limits unknown: 110", AutoMaxPods(it, 0).String())
	}
}

// Numbers of the EKS best practices guide where it has them: m5.large with
// custom networking 20, with prefixes as well 290, capped at 110.
func TestRecommendedMaxPods(t *testing.T) {
	for _, tt := range []struct {
		name         string
		instanceType string
		modes        MaxPodsModes
		want         int
		arithmetic   string
	}{
		{"plain", "m5.large", MaxPodsModes{}, 29, "3 × 9 + 2 = 29"},
		{"custom networking", "m5.large", MaxPodsModes{CustomNetworking: true}, 20, "(3 − 1) × 9 + 2 = 20"},
		{"prefixes", "m5.large", MaxPodsModes{PrefixDelegation: true}, 110, "3 × 9 × 16 + 2 = 434, capped at 110"},
		{
			"custom networking and prefixes", "m5.large", MaxPodsModes{CustomNetworking: true, PrefixDelegation: true},
			110, "(3 − 1) × 9 × 16 + 2 = 290, capped at 110",
		},
		{"prefixes above 30 vCPUs", "m5.24xlarge", MaxPodsModes{PrefixDelegation: true}, 250, "15 × 49 × 16 + 2 = 11762, capped at 250"},
		{"prefixes below the cap", "t3.nano", MaxPodsModes{PrefixDelegation: true}, 34, "2 × 1 × 16 + 2 = 34"},
		{"no prefixes on xen", "t2.micro", MaxPodsModes{PrefixDelegation: true}, 4, "2 × 1 + 2 = 4"},
		{"prefixes on metal", "c5.metal", MaxPodsModes{PrefixDelegation: true}, 250, "15 × 49 × 16 + 2 = 11762, capped at 250"},
		{"trunk", "m5.large", MaxPodsModes{PodENI: true}, 20, "(3 − 1) × 9 + 2 = 20"},
		{"no trunk on t3", "t3.small", MaxPodsModes{PodENI: true}, 11, "3 × 3 + 2 = 11"},
		{"trunk and custom networking", "m5.large", MaxPodsModes{PodENI: true, CustomNetworking: true}, 11, "(3 − 1 − 1) × 9 + 2 = 11"},
		{"reserved", "m5.large", MaxPodsModes{ReservedENIs: 1}, 20, "(3 − 1) × 9 + 2 = 20"},
		{"reserved and custom networking", "m5.large", MaxPodsModes{ReservedENIs: 1, CustomNetworking: true}, 11, "(3 − 1 − 1) × 9 + 2 = 11"},
		{"all reserved", "m5.large", MaxPodsModes{ReservedENIs: 3}, 0, "(3 − 3) leaves no ENI: 0"},
		{"MAX_ENI", "m5.large", MaxPodsModes{MaxENI: 2}, 20, "2 × 9 + 2 = 20"},
		{"MAX_ENI at the limit", "m5.large", MaxPodsModes{MaxENI: 3}, 29, "3 × 9 + 2 = 29"},
		{"MAX_ENI above the limit", "m5.large", MaxPodsModes{MaxENI: 4}, 29, "3 × 9 + 2 = 29"},
		{"MAX_ENI and custom networking", "m5.large", MaxPodsModes{MaxENI: 2, CustomNetworking: true}, 11, "(2 − 1) × 9 + 2 = 11"},
		{"only host pods left", "m5.large", MaxPodsModes{MaxENI: 1, CustomNetworking: true}, 2, "(1 − 1) × 9 + 2 = 2"},
		{"more withheld than there is", "m5.large", MaxPodsModes{MaxENI: 1, CustomNetworking: true, PodENI: true}, 2, "max(1 − 1 − 1, 0) × 9 + 2 = 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := RecommendedMaxPods(mustType(t, tt.instanceType), tt.modes)
			require.Equal(t, tt.want, m.Result)
			require.Equal(t, tt.arithmetic, m.String())
		})
	}
}

func TestMaxPodsTellsItsParts(t *testing.T) {
	m := RecommendedMaxPods(mustType(t, "m5.xlarge"), MaxPodsModes{
		ReservedENIs: 1, MaxENI: 3, PrefixDelegation: true, CustomNetworking: true, PodENI: true,
	})
	require.Equal(t, MaxPods{
		ENIs: 4, MaxENI: 3, Reserved: 1, Primary: 1, Trunk: 1, SlotsPerENI: 14, AddressesPerSlot: 16,
		HostPods: 2, Uncapped: 2, Cap: 110, Result: 2,
	}, m)
}
