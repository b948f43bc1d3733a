package model

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is claimed is taken as if EC2 had chosen it, and what cannot be taken is
// refused with the reason and takes nothing.
func TestClaim(t *testing.T) {
	s, err := NewSubnet("a", netip.MustParsePrefix("10.0.0.0/26"))
	require.NoError(t, err)
	require.NoError(t, s.Reserve(Reservation{CIDR: netip.MustParsePrefix("10.0.0.32/28"), Type: ReservationExplicit}))
	require.NoError(t, s.Occupy(netip.MustParseAddr("10.0.0.40")))
	claim := func(block string) error { return s.Claim(netip.MustParsePrefix(block)) }

	require.NoError(t, claim("10.0.0.4/32"))
	require.NoError(t, claim("10.0.0.16/28"))
	require.NoError(t, claim("10.0.0.33/32"), "in a reservation")
	for block, message := range map[string]string{
		"10.0.0.4/32":  "subnet a: 10.0.0.4 is already in use",
		"10.0.0.16/28": "subnet a: 10.0.0.16/28 is already in use",
		"10.0.0.20/32": "subnet a: 10.0.0.20 is already in use",
		"10.0.0.32/28": "subnet a: 10.0.0.33 of 10.0.0.32/28 is already in use",
		"10.0.0.3/32":  "subnet a: 10.0.0.3 is one of the five addresses that EC2 keeps",
		"10.0.0.0/28":  "subnet a: 10.0.0.0/28 has addresses that EC2 keeps",
		"10.0.0.48/28": "subnet a: 10.0.0.48/28 has addresses that EC2 keeps",
		"10.0.0.64/28": "subnet a: 10.0.0.64/28 is not in 10.0.0.0/26",
		"10.0.0.8/29":  "subnet a: 10.0.0.8/29 is no aligned /28, as a prefix is",
		"10.0.0.24/28": "subnet a: 10.0.0.24/28 is no aligned /28, as a prefix is",
		"10.0.1.4/32":  "subnet a: 10.0.1.4 is not in 10.0.0.0/26",
	} {
		require.EqualError(t, claim(block), message)
	}
	require.Equal(t, 1+16+1+1, s.Used())
	s.ReleaseAddress(netip.MustParseAddr("10.0.0.33"))
	s.ReleasePrefix(netip.MustParsePrefix("10.0.0.16/28"))
	require.Equal(t, 2, s.Used())
	require.Equal(t, 1, s.FreePrefixes(), "10.0.0.16/28")
}
