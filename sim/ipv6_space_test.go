package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lastOf picks the highest number, then the next lower one at each draw.
func lastOf() func(n int) int {
	back := 0
	return func(n int) int {
		back++
		return n - back
	}
}

// TestIPv6SpaceKeepsItsEnds: the first four addresses and the last are EC2's own,
// and with them the first and the last /80 are no prefixes.
func TestIPv6SpaceKeepsItsEnds(t *testing.T) {
	s := newIPv6Space(netip.MustParsePrefix("2001:db8:0:1::/64"))
	for n, free := range map[uint64]bool{0: false, 1: true, 65_534: true, 65_535: false, 65_536: false} {
		require.Equal(t, free, s.freePrefix(n), "%d", n)
	}
	for n, free := range map[uint64]bool{0: false, 3: false, 4: true, 1<<64 - 2: true, 1<<64 - 1: false} {
		require.Equal(t, free, s.freeAddress(n), "%d", n)
	}
	require.Equal(t, "2001:db8:0:1:fffe::/80", s.take(lastOf()).String(), "65,535 is drawn first")
	require.Equal(t, "2001:db8:0:1:5::/80", s.take(nil).String())
	require.Equal(t, "2001:db8:0:1::4", s.takeAddress(nil).String())
}

// TestIPv6AddressAndPrefixKeepApart: on both sides of a prefix's bounds, and in
// both orders in which they are taken.
func TestIPv6AddressAndPrefixKeepApart(t *testing.T) {
	s := newIPv6Space(netip.MustParsePrefix("2001:db8:0:1::/64"))
	p := s.take(nil) // 5
	for n, free := range map[uint64]bool{5<<48 - 1: true, 5 << 48: false, 6<<48 - 1: false, 6 << 48: true} {
		require.Equal(t, free, s.freeAddress(n), "%x", n)
	}
	at := func(n uint64) func(int) int { // draws these 64 bits again and again
		high := false
		return func(int) int {
			if high = !high; high {
				return int(n >> 32)
			}
			return int(n & (1<<32 - 1))
		}
	}
	a := s.takeAddress(at(5<<48 + 7))
	require.Equal(t, "2001:db8:0:1:6::", a.String(), "behind the prefix")
	require.Equal(t, "2001:db8:0:1:6::1", s.takeAddress(at(6<<48)).String(), "beside the address")
	require.False(t, s.freePrefix(6))
	require.Equal(t, "2001:db8:0:1:7::/80", s.take(func(int) int { return 6 }).String())
	s.releaseAddress(a)
	require.False(t, s.freePrefix(6), "one address is left in it")
	s.releaseAddress(a.Next())
	require.True(t, s.freePrefix(6))
	s.release(p)
	require.True(t, s.freeAddress(5<<48+7))
	require.True(t, s.freePrefix(5))
}

// TestIPv6SpaceIsUsedAllOver takes many of both by chance, twice with one seed:
// no address in a prefix, none twice, all over the /64, and the same each time.
func TestIPv6SpaceIsUsedAllOver(t *testing.T) {
	take := func() (prefixes []netip.Prefix, addresses []netip.Addr) {
		s := newIPv6Space(netip.MustParsePrefix("2001:db8:0:1::/64"))
		chance := newStream(7, "space")
		for range 3000 {
			prefixes = append(prefixes, s.take(chance.pick))
			addresses = append(addresses, s.takeAddress(chance.pick))
		}
		return prefixes, addresses
	}
	prefixes, addresses := take()
	in, quarters := map[netip.Prefix]bool{}, map[byte]int{}
	for _, p := range prefixes {
		require.False(t, in[p], "%s twice", p)
		in[p] = true
	}
	seen := map[netip.Addr]bool{}
	for _, a := range addresses {
		p, err := a.Prefix(ipv6PrefixBits)
		require.NoError(t, err)
		require.False(t, in[p], "%s is in a prefix", a)
		require.False(t, seen[a], "%s twice", a)
		seen[a] = true
		quarters[a.As16()[8]>>6]++
	}
	for q := range byte(4) {
		require.InDelta(t, 750, quarters[q], 150, "quarter %d of the /64", q)
	}
	again, others := take()
	require.Equal(t, prefixes, again)
	require.Equal(t, addresses, others)
}

// TestIPv6BranchesAreAllOverTheSubnet: not in the /80 of their node, nor all in
// the first.
func TestIPv6BranchesAreAllOverTheSubnet(t *testing.T) {
	cfg := branchCluster(1, branchPods(time.Minute, "n-0", 1, 9)...)
	ipv6Env(cfg.CNI.Env)
	cfg.Subnets[0].IPv6CIDR = netip.MustParsePrefix("2001:db8:0:1::/64")
	cfg.EC2.Order = OrderRandom
	log := events(t, cfg)
	node := find[AddressesAdded](log, nil)[0].Body.(AddressesAdded).Prefixes[0]
	created := find[BranchCreated](log, nil)
	require.Len(t, created, 9)
	first := 0
	for _, ev := range created {
		a := ev.Body.(BranchCreated).IPv6Address
		require.True(t, cfg.Subnets[0].IPv6CIDR.Contains(a))
		require.False(t, node.Contains(a))
		if netip.MustParsePrefix("2001:db8:0:1::/80").Contains(a) {
			first++
		}
	}
	require.Zero(t, first)
}
