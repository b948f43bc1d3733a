package view

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/metrics"
)

// One is fewer behind its noun, and more before it.
func TestADifferenceOfOneReadsWell(t *testing.T) {
	say := func(name string, a, b int64) string {
		m, ok := metrics.Find(name)
		require.True(t, ok)
		return numberOtherwise(m, metrics.Value{N: a, Known: true}, metrics.Value{N: b, Known: true})
	}
	require.Equal(t, "1 attempt fewer fails", say("pods.failedAttempts", 1, 0))
	require.Equal(t, "1 more attempt fails", say("pods.failedAttempts", 0, 1))
	require.Equal(t, "2 fewer attempts fail", say("pods.failedAttempts", 2, 0))
	require.Equal(t, "1 pod fewer waits", say("pods.pending", 3, 2))
	require.Equal(t, "1 call fewer goes to EC2", say("ec2.calls", 3, 2))
	require.Equal(t, "1.0 address fewer is idle on average", say("addresses.idleMean", 2000, 1000))
}
