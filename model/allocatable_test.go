package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Both sides of each range of cores: 6 %, 1 %, twice 0.5 %, then 0.25 %.
func TestKubeReservedCPU(t *testing.T) {
	for _, tt := range []struct{ vcpu, milli int }{
		{0, 0}, {1, 60}, {2, 70}, {3, 75}, {4, 80}, {5, 82}, {6, 85}, {8, 90}, {16, 110}, {96, 310},
	} {
		require.Equal(t, tt.milli, InstanceType{VCPU: tt.vcpu}.KubeReserved(0).CPUMilli, "%d vCPUs", tt.vcpu)
	}
}

func TestKubeReservedMemory(t *testing.T) {
	for _, tt := range []struct{ maxPods, mib int }{
		{0, 255}, {1, 266}, {29, 574}, {110, 1465}, {250, 3005},
	} {
		require.Equal(t, tt.mib, InstanceType{}.KubeReserved(tt.maxPods).MemoryMiB, "%d pods", tt.maxPods)
	}
}

func TestAllocatable(t *testing.T) {
	for _, tt := range []struct {
		name    string
		it      InstanceType
		maxPods int
		want    Resources
	}{
		{"m5.large", mustType(t, "m5.large"), 29, Resources{1930, 7518}},
		{"m5.large with 110 pods", mustType(t, "m5.large"), 110, Resources{1930, 6627}},
		{"96 vCPUs", mustType(t, "m5.24xlarge"), 737, Resources{95690, 393216 - 8107 - 255 - 100}},
		{"nothing known", InstanceType{Name: "x"}, 110, Resources{}},
		{"memory unknown", InstanceType{VCPU: 2}, 110, Resources{CPUMilli: 1930}},
		{"vCPUs unknown", InstanceType{MemoryMiB: 2000}, 29, Resources{MemoryMiB: 1326}},
		{"one MiB left", InstanceType{MemoryMiB: 356}, 0, Resources{MemoryMiB: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.it.Allocatable(tt.maxPods)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

// 0 would say that memory is unknown and limits nothing.
func TestNothingAllocatableIsAnError(t *testing.T) {
	for _, mib := range []int{355, 1} {
		_, err := InstanceType{Name: "t.tiny", VCPU: 1, MemoryMiB: mib}.Allocatable(0)
		require.ErrorContains(t, err, "t.tiny has")
		require.ErrorContains(t, err, "reserve 355 MiB")
	}
}
