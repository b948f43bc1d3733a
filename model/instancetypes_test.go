package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInstanceTypesAsPublished(t *testing.T) {
	for _, want := range []InstanceType{
		{
			Name: "m5.large", VCPU: 2, MemoryMiB: 8192, MaxENIs: 3, IPv4PerENI: 10, NetworkCards: 1, MaxENIsAllCards: 3,
			TrunkingCompatible: true, BranchENIs: 9, Hypervisor: "nitro", MaxPodsSecondaryIP: 29,
			ECSTasks: 2, ECSTasksTrunking: 10, MicroUSDPerHour: 96_000,
		},
		{ // four network cards of 15 ENIs
			Name: "p4d.24xlarge", VCPU: 96, MemoryMiB: 1_179_648, MaxENIs: 15, IPv4PerENI: 50, NetworkCards: 4, MaxENIsAllCards: 60,
			TrunkingCompatible: true, BranchENIs: 62, Hypervisor: "nitro", MaxPodsSecondaryIP: 737,
			ECSTasks: 59, ECSTasksTrunking: 120, MicroUSDPerHour: 21_957_600,
		},
		{ // no trunk, no prefixes
			Name: "t2.micro", VCPU: 1, MemoryMiB: 1024, MaxENIs: 2, IPv4PerENI: 2, NetworkCards: 1, MaxENIsAllCards: 2,
			Hypervisor: "xen", MaxPodsSecondaryIP: 4, MicroUSDPerHour: 11_600,
		},
		{ // bare metal has no hypervisor
			Name: "c5.metal", VCPU: 96, MemoryMiB: 196_608, MaxENIs: 15, IPv4PerENI: 50, NetworkCards: 1, MaxENIsAllCards: 15,
			TrunkingCompatible: true, BranchENIs: 107, BareMetal: true, MaxPodsSecondaryIP: 737, MicroUSDPerHour: 4_080_000,
		},
		{ // vCPUs, memory, trunking and price aren't published
			Name: "u-6tb1.metal", MaxENIs: 5, IPv4PerENI: 30, NetworkCards: 1, MaxENIsAllCards: 5, TrunkingUnknown: true, BareMetal: true, MaxPodsSecondaryIP: 147,
		},
	} {
		t.Run(want.Name, func(t *testing.T) {
			got, ok := LookupInstanceType(want.Name)
			require.True(t, ok)
			require.Equal(t, want, got)
		})
	}
}

func TestLookupFindsEveryTypeAndNoOther(t *testing.T) {
	types := InstanceTypes()
	require.Len(t, types, 1420)
	for _, want := range types {
		got, ok := LookupInstanceType(want.Name)
		require.True(t, ok, want.Name)
		require.Equal(t, want, got)
	}
	for _, name := range []string{"", "m5", "m5.larg", "m5.largee", "M5.large", " m5.large", "zz9.large"} {
		got, ok := LookupInstanceType(name)
		require.False(t, ok, name)
		require.Zero(t, got, name)
	}
}

func TestInstanceTypesIsTheCallersCopy(t *testing.T) {
	types := InstanceTypes()
	types[0].MaxENIs = -1
	require.NotEqual(t, types[0], InstanceTypes()[0])
}

// The invariants of the table, each over all types.
func TestInstanceTypesHoldTogether(t *testing.T) {
	types := InstanceTypes()
	require.True(t, slices.IsSortedFunc(types, func(a, b InstanceType) int { return strings.Compare(a.Name, b.Name) }))
	trunking := 0
	for _, it := range types {
		require.Positive(t, it.MaxENIs, it.Name)
		require.Positive(t, it.SlotsPerENI(), it.Name)
		require.Positive(t, it.NetworkCards, it.Name)
		require.GreaterOrEqual(t, it.MaxENIsAllCards, it.MaxENIs, it.Name)
		if it.NetworkCards == 1 {
			require.Equal(t, it.MaxENIs, it.MaxENIsAllCards, it.Name)
		}
		if it.TrunkingCompatible {
			trunking++
			require.Positive(t, it.BranchENIs, it.Name)
			require.True(t, it.SupportsPrefixes(), "%s: a trunk without Nitro", it.Name)
		} else {
			require.Zero(t, it.BranchENIs, it.Name)
		}
		if it.BareMetal {
			require.Empty(t, it.Hypervisor, it.Name)
		}
	}
	require.Equal(t, 1298, trunking)
}

// Two tables of AWS, the resource controller's and that of the ECS developer
// guide, describe one budget of attachments: tasks + 2. ECS fills it with
// primary, trunk and branches, EKS keeps every other regular ENI usable; a
// trunk never has more than 120 branches.
func TestBranchENIsAgreeWithECS(t *testing.T) {
	compared := 0
	for _, it := range InstanceTypes() {
		if it.TrunkingCompatible && it.ECSTasksTrunking > 0 {
			compared++
			require.Equal(t, min(120, it.ECSTasksTrunking-(it.MaxENIsAllCards-2)), it.BranchENIs, it.Name)
		}
	}
	require.Equal(t, 426, compared)
}

func TestNearInstanceTypes(t *testing.T) {
	for _, tt := range []struct {
		typed string
		n     int
		want  []string
	}{
		{"m5.lagre", 1, []string{"m5.large"}}, // neighbours swapped
		{"m5large", 1, []string{"m5.large"}},
		{"M5.Large", 1, []string{"m5.large"}},
		{"m5.large ", 1, []string{"m5.large"}},
		{"c5.xlage", 1, []string{"c5.xlarge"}},
		{"m5.9xlarge", 2, []string{"m5.2xlarge", "m5.4xlarge"}}, // not m6a.…, however near
		{"m5.huge", 1, []string{"m5.large"}},                    // the family counts, however far
		{"m5.large", 0, nil},
		{"m5.large", -1, nil},
		{"", 3, nil},
		{"kubernetes", 3, nil},
		{strings.Repeat("m5.large", 100_000), 3, nil},
	} {
		t.Run(tt.typed[:min(len(tt.typed), 20)], func(t *testing.T) {
			require.Equal(t, tt.want, NearInstanceTypes(tt.typed, tt.n))
		})
	}
	require.Equal(t, NearInstanceTypes("m5.lrge", 5), NearInstanceTypes("m5.lrge", 5))
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "abd", 1}, {"abc", "ab", 1}, {"abc", "acb", 1}, {"abc", "cab", 2},
		{"kitten", "sitting", 3},
	} {
		require.Equal(t, tt.want, edits(tt.a, tt.b), "%s %s", tt.a, tt.b)
	}
}
