package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTaskENIs holds the limits of ECS tasks against those that its developer
// guide publishes.
func TestTaskENIs(t *testing.T) {
	for _, c := range []struct {
		name          string
		without, with int
		trunk         bool
	}{
		{"c5.large", 2, 10, true},
		{"c5.xlarge", 3, 20, true},
		{"m5.2xlarge", 3, 40, true},
		{"m5.4xlarge", 7, 60, true},
		{"m5.16xlarge", 14, 120, true},
		{"m6g.medium", 1, 4, true},
		{"g4ad.xlarge", 1, 12, true},
		{"i4i.32xlarge", 14, 498, true},
		{"inf2.48xlarge", 14, 120, true},
		{"p4d.24xlarge", 59, 120, true},  // four network cards of 15 ENIs
		{"c6in.32xlarge", 13, 120, true}, // published, although the cards hold more
		{"t3.small", 2, 2, false},        // not listed: no trunking
		{"c5.metal", 14, 14, false},
	} {
		kind, ok := LookupInstanceType(c.name)
		require.True(t, ok, c.name)
		limit, trunk := kind.TaskENIs(false)
		require.Equal(t, c.without, limit, c.name)
		require.False(t, trunk, c.name)
		limit, trunk = kind.TaskENIs(true)
		require.Equal(t, c.with, limit, c.name)
		require.Equal(t, c.trunk, trunk, c.name)
	}
	limit, _ := InstanceType{MaxENIs: 4, MaxENIsAllCards: 4}.TaskENIs(true)
	require.Equal(t, 3, limit, "a type of one's own, without a published figure")
	limit, _ = InstanceType{}.TaskENIs(false)
	require.Zero(t, limit, "nothing is known")
}
