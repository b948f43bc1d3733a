package view

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/metrics"
)

// Numbers have separators, and words from a trillion on.
func TestNumbersThatReadersGrasp(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 999: "999", 1000: "1,000", -12345: "-12,345", 999_999_999_999: "999,999,999,999", 1_000_000_000_000: "some 1 trillion",
		1 << 48: "some 281 trillion", 1<<49 - 54: "some 563 trillion",
	} {
		require.Equal(t, want, number(n))
	}
}

// One fewer is said after its noun.
func TestOneFewer(t *testing.T) {
	for _, c := range []struct {
		metric string
		a, b   int64
		want   string
	}{
		{"pods.failedAttempts", 5, 4, "1 attempt fewer fails"},
		{"pods.failedAttempts", 5, 3, "2 fewer attempts fail"},
		{"pods.failedAttempts", 5, 6, "1 more attempt fails"},
		{"pods.failedAttempts", 5, 7, "2 more attempts fail"},
		{"ec2.calls", 2, 1, "1 call fewer goes to EC2"},
		{"pods.running", 1, 2, "1 more pod runs"},
	} {
		m := metrics.Metric{Name: c.metric}
		require.Equal(t, c.want, numberOtherwise(m, metrics.Value{N: c.a, Known: true}, metrics.Value{N: c.b, Known: true}))
	}
}
