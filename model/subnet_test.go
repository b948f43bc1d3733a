package model

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func ips(ss ...string) []netip.Addr {
	var as []netip.Addr
	for _, s := range ss {
		as = append(as, ip(s))
	}
	return as
}

func cidr(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func cidrs(ss ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range ss {
		ps = append(ps, cidr(s))
	}
	return ps
}

func newTestSubnet(t testing.TB, c string, reservations ...Reservation) *Subnet {
	t.Helper()
	s, err := NewSubnet("a", cidr(c))
	require.NoError(t, err)
	for _, r := range reservations {
		require.NoError(t, s.Reserve(r))
	}
	return s
}

func forPrefixes(c string) Reservation { return Reservation{CIDR: cidr(c), Type: ReservationPrefix} }
func explicit(c string) Reservation    { return Reservation{CIDR: cidr(c), Type: ReservationExplicit} }

// scripted is a Pick that returns the given draws in turn; one more fails.
func scripted(t testing.TB, draws ...int) Pick {
	return func(n int) int {
		require.NotEmpty(t, draws, "an unexpected draw of one of %d", n)
		k := draws[0]
		draws = draws[1:]
		return k
	}
}

// last is a Pick that takes the highest.
func last(n int) int { return n - 1 }

func TestSizesOfSubnets(t *testing.T) {
	for _, c := range []struct {
		cidr             string
		usable, prefixes int
		lastReserved     string
	}{
		{"10.0.0.0/16", 65531, 4094, "10.0.255.255"},
		{"10.0.0.0/17", 32763, 2046, "10.0.127.255"},
		{"10.0.32.0/20", 4091, 254, "10.0.47.255"},
		{"10.0.0.0/24", 251, 14, "10.0.0.255"},
		{"10.0.0.128/25", 123, 6, "10.0.0.255"},
		{"10.0.0.64/26", 59, 2, "10.0.0.127"},
		{"10.0.0.32/27", 27, 0, "10.0.0.63"},
		{"10.0.0.16/28", 11, 0, "10.0.0.31"},
		{"255.255.0.0/16", 65531, 4094, "255.255.255.255"},
		{"0.0.0.0/16", 65531, 4094, "0.0.255.255"},
	} {
		t.Run(c.cidr, func(t *testing.T) {
			s := newTestSubnet(t, c.cidr)
			require.Equal(t, SubnetID("a"), s.ID())
			require.Equal(t, cidr(c.cidr), s.CIDR())
			require.Equal(t, c.usable, s.Usable())
			require.Equal(t, c.usable, s.Free())
			require.Equal(t, c.usable, s.FreeForAddresses())
			require.Equal(t, c.usable, s.LargestFree())
			require.Equal(t, c.prefixes, s.FreePrefixes())
			require.Zero(t, s.Used())
			require.Zero(t, s.ReservedFree())

			first := s.CIDR().Addr()
			require.Equal(t, []netip.Addr{
				first, first.Next(), first.Next().Next(), first.Next().Next().Next(), ip(c.lastReserved),
			}, s.Reserved())
			for _, a := range s.Reserved() {
				require.Equal(t, AddressState{Use: AddressReserved}, s.State(a))
			}

			// All can be had, and not one more.
			_, err := s.TakeAddresses(c.usable+1, nil)
			require.ErrorIs(t, err, InsufficientFreeAddressesInSubnet)
			require.Zero(t, s.Used())
			taken, err := s.TakeAddresses(c.usable, nil)
			require.NoError(t, err)
			require.Len(t, taken, c.usable)
			require.Equal(t, s.Reserved()[3].Next(), taken[0])
			require.Equal(t, s.Reserved()[4].Prev(), taken[c.usable-1])
			require.Zero(t, s.LargestFree())
			require.Zero(t, s.FreePrefixes())
			for _, a := range taken {
				s.ReleaseAddress(a)
			}
			require.Equal(t, c.usable, s.LargestFree())

			_, err = s.TakePrefixes(c.prefixes+1, nil, true)
			require.ErrorIs(t, err, InsufficientCidrBlocks)
			require.Zero(t, s.Used())
			_, err = s.TakePrefixes(c.prefixes, nil, true)
			require.NoError(t, err)
			require.Equal(t, 16*c.prefixes, s.Used())
			require.Zero(t, s.FreePrefixes())
		})
	}
}

func TestCIDRsThatAreNoSubnet(t *testing.T) {
	for _, c := range []struct {
		cidr netip.Prefix
		want string
	}{
		{cidr("10.0.0.0/15"), "10.0.0.0/15 is a /15; EC2 has /16 to /28"},
		{cidr("10.0.0.0/29"), "10.0.0.0/29 is a /29; EC2 has /16 to /28"},
		{cidr("10.0.0.1/24"), "10.0.0.1/24 has host bits set: its network is 10.0.0.0/24"},
		{cidr("2001:db8::/64"), "2001:db8::/64 is not IPv4"},
		{netip.Prefix{}, "no valid CIDR"},
	} {
		_, err := NewSubnet("a", c.cidr)
		require.EqualError(t, err, "subnet a: "+c.want)
	}
}

// The picture that nobody outside EC2 sees: plenty of addresses, no prefix.
// Source: EKS best practices guide, "Prefix mode for Linux".
func TestOneAddressInEachBlockLeavesNoPrefix(t *testing.T) {
	s := newTestSubnet(t, "10.0.0.0/24")
	for block := range 16 {
		if block == 7 {
			continue
		}
		require.NoError(t, s.Occupy(ip(fmt.Sprintf("10.0.0.%d", 16*block+8))))
	}
	require.Equal(t, 1, s.FreePrefixes())
	require.True(t, s.PrefixFits(1, true))
	require.Equal(t, 31, s.LargestFree(), ".105 to .135, around the clean block")

	require.NoError(t, s.Occupy(ip("10.0.0.127")))
	require.Equal(t, 235, s.Free())
	require.Equal(t, 0, s.FreePrefixes())
	require.False(t, s.PrefixFits(1, true))
	_, err := s.TakePrefixes(1, nil, true)
	require.ErrorIs(t, err, InsufficientCidrBlocks)
	_, err = s.TakeAddresses(235, nil)
	require.NoError(t, err)
}

func TestOccupyRefusesWhatIsNotFree(t *testing.T) {
	s := newTestSubnet(t, "10.0.1.0/24", explicit("10.0.1.64/28"))
	_, err := s.TakePrefixes(1, nil, true)
	require.NoError(t, err)
	for _, c := range []struct{ addr, want string }{
		{"10.0.1.4", ""},
		{"10.0.1.254", ""},
		{"10.0.1.64", ""}, // in a reservation others may hold some
		{"10.0.1.4", "subnet a: 10.0.1.4 is already in use"},
		{"10.0.1.16", "subnet a: 10.0.1.16 is already in use"},
		{"10.0.1.3", "subnet a: 10.0.1.3 is one of the five addresses that EC2 keeps"},
		{"10.0.1.255", "subnet a: 10.0.1.255 is one of the five addresses that EC2 keeps"},
		{"10.0.0.255", "subnet a: 10.0.0.255 is not in 10.0.1.0/24"},
		{"10.0.2.0", "subnet a: 10.0.2.0 is not in 10.0.1.0/24"},
		{"2001:db8::1", "subnet a: 2001:db8::1 is not in 10.0.1.0/24"},
	} {
		err := s.Occupy(ip(c.addr))
		if c.want == "" {
			require.NoError(t, err)
			require.Equal(t, AddressOthers, s.State(ip(c.addr)).Use)
		} else {
			require.EqualError(t, err, c.want)
		}
	}
	require.Equal(t, 16+3, s.Used())
}

func TestOccupyNTakesOutsideOfReservations(t *testing.T) {
	s := newTestSubnet(t, "10.0.0.0/28", forPrefixes("10.0.0.8/30"))
	packed, err := s.OccupyN(5, nil)
	require.NoError(t, err)
	require.Equal(t, ips("10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.12"), packed)

	_, err = s.OccupyN(3, nil)
	require.EqualError(t, err, "subnet a: 3 addresses in use: 2 of 11 are free outside of reservations")
	_, err = s.OccupyN(-1, nil)
	require.Error(t, err)
	require.Equal(t, 5, s.Used())

	scattered, err := s.OccupyN(2, last)
	require.NoError(t, err)
	require.Equal(t, ips("10.0.0.13", "10.0.0.14"), scattered, "drawn from the top, returned ascending")
	require.Equal(t, AddressOthers, s.State(ip("10.0.0.14")).Use)
	none, err := s.OccupyN(0, nil)
	require.NoError(t, err)
	require.Nil(t, none)
	require.Equal(t, 4, s.Free())
	require.Equal(t, 4, s.ReservedFree())
}

func TestAddressesAreDrawnAmongTheFreeOnes(t *testing.T) {
	s := newTestSubnet(t, "10.0.0.0/28")
	require.NoError(t, s.Occupy(ip("10.0.0.5")))
	// Free: 4 6 7 8 9 10 11 12 13 14; each draw shortens the list.
	taken, err := s.TakeAddresses(3, scripted(t, 1, 1, 7))
	require.NoError(t, err)
	require.Equal(t, ips("10.0.0.6", "10.0.0.7", "10.0.0.14"), taken)

	none, err := s.TakeAddresses(0, scripted(t))
	require.NoError(t, err)
	require.Nil(t, none)
	_, err = s.TakeAddresses(8, scripted(t))
	require.ErrorIs(t, err, InsufficientFreeAddressesInSubnet, "and nothing was drawn")
	require.Panics(t, func() { _, _ = s.TakeAddresses(1, func(n int) int { return n }) })
	require.Panics(t, func() { _, _ = s.TakeAddresses(-1, nil) })
}

// The lowest free address is taken even if it is the first of a clean /28.
func TestTheLowestAddressSpoilsACleanBlock(t *testing.T) {
	s := newTestSubnet(t, "10.0.0.0/26")
	_, err := s.TakeAddresses(12, nil) // 4 … 15: the first block never was one
	require.NoError(t, err)
	require.Equal(t, 2, s.FreePrefixes())
	taken, err := s.TakeAddresses(1, nil)
	require.NoError(t, err)
	require.Equal(t, ips("10.0.0.16"), taken)
	require.Equal(t, 1, s.FreePrefixes())
	s.ReleaseAddress(taken[0])
	require.Equal(t, 2, s.FreePrefixes())
}

func TestPrefixesAreAlignedAndDrawnAmongTheFreeOnes(t *testing.T) {
	s := newTestSubnet(t, "10.0.0.0/24")
	require.NoError(t, s.Occupy(ip("10.0.0.47")))
	lowest, err := s.TakePrefixes(2, nil, false)
	require.NoError(t, err)
	require.Equal(t, cidrs("10.0.0.16/28", "10.0.0.48/28"), lowest)
	drawn, err := s.TakePrefixes(2, scripted(t, 10, 0), false)
	require.NoError(t, err)
	require.Equal(t, cidrs("10.0.0.224/28", "10.0.0.64/28"), drawn)
	require.Equal(t, AddressState{Use: AddressPrefix}, s.State(ip("10.0.0.239")))
	require.Equal(t, AddressState{Use: AddressFree}, s.State(ip("10.0.0.240")))
	none, err := s.TakePrefixes(0, scripted(t), false)
	require.NoError(t, err)
	require.Nil(t, none)
}

func TestPrefixesComeFromReservationsFirst(t *testing.T) {
	low, high := forPrefixes("10.0.0.64/27"), forPrefixes("10.0.0.128/26") // 2 and 4 prefixes; 8 in the rest
	for _, c := range []struct {
		name     string
		n        int
		pick     Pick
		fallback bool
		want     []netip.Prefix // nil: refused
	}{
		{"the lowest reservation", 1, nil, true, cidrs("10.0.0.64/28")},
		{"all of the lowest", 2, nil, true, cidrs("10.0.0.64/28", "10.0.0.80/28")},
		{"only the second has room for three", 3, nil, true, cidrs("10.0.0.128/28", "10.0.0.144/28", "10.0.0.160/28")},
		{"four are the second's limit", 4, nil, true, cidrs("10.0.0.128/28", "10.0.0.144/28", "10.0.0.160/28", "10.0.0.176/28")},
		{"five are spread", 5, nil, false, cidrs("10.0.0.64/28", "10.0.0.80/28", "10.0.0.128/28", "10.0.0.144/28", "10.0.0.160/28")},
		{"seven need the rest", 7, nil, true, cidrs("10.0.0.64/28", "10.0.0.80/28", "10.0.0.128/28", "10.0.0.144/28", "10.0.0.160/28", "10.0.0.176/28", "10.0.0.16/28")},
		{"seven are refused without fallback", 7, nil, false, nil},
		{"fifteen are more than there are", 15, nil, true, nil},
		{"drawn: the second, its last", 1, scripted(t, 1, 3), true, cidrs("10.0.0.176/28")},
		{"drawn: one that has room for three", 3, scripted(t, 0, 1, 1, 1), true, cidrs("10.0.0.144/28", "10.0.0.160/28", "10.0.0.176/28")},
		// None has five: of both the second, drained; then of the first one.
		{"drawn: spread", 5, scripted(t, 1, 0, 0, 0, 0, 0, 1), true, cidrs("10.0.0.128/28", "10.0.0.144/28", "10.0.0.160/28", "10.0.0.176/28", "10.0.0.80/28")},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTestSubnet(t, "10.0.0.0/24", high, low) // given in no order
			require.Equal(t, []Reservation{low, high}, s.Reservations())
			require.Equal(t, 14, s.FreePrefixes())
			require.Equal(t, c.want != nil, s.PrefixFits(c.n, c.fallback))
			got, err := s.TakePrefixes(c.n, c.pick, c.fallback)
			if c.want == nil {
				require.ErrorIs(t, err, InsufficientCidrBlocks)
				require.Zero(t, s.Used())
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			for _, p := range got {
				s.ReleasePrefix(p)
			}
			require.Equal(t, 14, s.FreePrefixes())
			require.Equal(t, 251, s.LargestFree())
		})
	}
}

func TestReservationsAndWhatMayBeTakenFromThem(t *testing.T) {
	for _, c := range []struct {
		name         string
		reservations []Reservation
		addresses    int // what TakeAddresses can serve
		reservedFree int
		prefixes     int // FreePrefixes
		withFallback int // what TakePrefixes can serve
		without      int
	}{
		{"none", nil, 251, 0, 14, 14, 14},
		{"prefix, half", []Reservation{forPrefixes("10.0.0.128/25")}, 124, 127, 14, 14, 7},
		{"explicit, half", []Reservation{explicit("10.0.0.128/25")}, 124, 127, 7, 7, 7},
		{"both", []Reservation{forPrefixes("10.0.0.128/26"), explicit("10.0.0.192/26")}, 124, 127, 11, 11, 4},
		{"prefix, everything", []Reservation{forPrefixes("10.0.0.0/24")}, 0, 251, 14, 14, 14},
		{"explicit, everything", []Reservation{explicit("10.0.0.0/24")}, 0, 251, 0, 0, 0},
		{"prefix where EC2 keeps addresses", []Reservation{forPrefixes("10.0.0.0/28")}, 239, 12, 14, 14, 0},
		{"one /28", []Reservation{forPrefixes("10.0.0.16/28")}, 235, 16, 14, 14, 1},
		{"prefix, too small for one", []Reservation{forPrefixes("10.0.0.24/29")}, 243, 8, 13, 13, 0},
		{"explicit, one address", []Reservation{explicit("10.0.0.31/32")}, 250, 1, 13, 13, 13},
		{"two small ones in a /28", []Reservation{explicit("10.0.0.20/32"), forPrefixes("10.0.0.24/29")}, 242, 9, 13, 13, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTestSubnet(t, "10.0.0.0/24", c.reservations...)
			require.Equal(t, 251, s.Free())
			require.Equal(t, 251, s.LargestFree())
			require.Equal(t, c.addresses, s.FreeForAddresses())
			require.Equal(t, c.reservedFree, s.ReservedFree())
			require.Equal(t, c.prefixes, s.FreePrefixes())
			for _, r := range c.reservations {
				require.Equal(t, r.Type, s.State(r.CIDR.Addr()).Reservation)
			}
			for n, fallback := range map[int]bool{c.withFallback: true, c.without: false} {
				require.True(t, s.PrefixFits(n, fallback))
				require.False(t, s.PrefixFits(n+1, fallback))
			}
			if c.addresses > 0 {
				_, err := s.TakeAddresses(c.addresses, last)
				require.NoError(t, err)
			}
			_, err := s.TakeAddresses(1, nil)
			require.ErrorIs(t, err, InsufficientFreeAddressesInSubnet)
		})
	}
}

// A reservation may cover addresses in use; they stay, and come back to it.
// Source: Amazon VPC user guide, "Subnet CIDR reservations".
func TestReservationOverAddressesInUse(t *testing.T) {
	s := newTestSubnet(t, "10.0.0.0/24")
	singles, err := s.TakeAddresses(13, nil) // the last is .16
	require.NoError(t, err)
	prefixes, err := s.TakePrefixes(2, nil, false)
	require.NoError(t, err)
	require.Equal(t, cidrs("10.0.0.32/28", "10.0.0.48/28"), prefixes)

	require.NoError(t, s.Reserve(forPrefixes("10.0.0.16/28")))
	require.NoError(t, s.Reserve(forPrefixes("10.0.0.32/28")))
	require.NoError(t, s.Reserve(explicit("10.0.0.60/30")))
	require.Equal(t, AddressState{Use: AddressSingle, Reservation: ReservationPrefix}, s.State(ip("10.0.0.16")))
	require.Equal(t, AddressState{Use: AddressPrefix, Reservation: ReservationExplicit}, s.State(ip("10.0.0.63")))
	require.Equal(t, AddressState{Use: AddressPrefix}, s.State(ip("10.0.0.59")))
	require.False(t, s.PrefixFits(1, false))

	s.ReleaseAddress(singles[12])
	require.True(t, s.PrefixFits(1, false))
	s.ReleasePrefix(prefixes[0])
	require.True(t, s.PrefixFits(2, false))
	s.ReleasePrefix(prefixes[1])
	require.False(t, s.PrefixFits(3, false), "a /28 that a reservation covers in part is none")
	require.Equal(t, 13, s.FreePrefixes())
	require.Equal(t, 16+16+4, s.ReservedFree())
	require.Equal(t, 251-12, s.Free())
}

func TestReservationsThatAreRefused(t *testing.T) {
	s := newTestSubnet(t, "10.0.0.0/24", forPrefixes("10.0.0.64/26"))
	for _, c := range []struct {
		r    Reservation
		want string
	}{
		{explicit("10.0.0.64/28"), "reservation 10.0.0.64/28: overlaps reservation 10.0.0.64/26"},
		{explicit("10.0.0.0/24"), "reservation 10.0.0.0/24: overlaps reservation 10.0.0.64/26"},
		{explicit("10.0.0.0/23"), "reservation 10.0.0.0/23: not inside 10.0.0.0/24"},
		{explicit("10.0.1.0/28"), "reservation 10.0.1.0/28: not inside 10.0.0.0/24"},
		{explicit("10.0.0.1/28"), "reservation 10.0.0.1/28: host bits set: its network is 10.0.0.0/28"},
		{explicit("2001:db8::/80"), "reservation 2001:db8::/80: not inside 10.0.0.0/24"},
		{Reservation{CIDR: cidr("10.0.0.0/28")}, `reservation 10.0.0.0/28: type "" is neither prefix nor explicit`},
		{Reservation{Type: ReservationPrefix}, "reservation invalid Prefix: no valid CIDR"},
	} {
		require.EqualError(t, s.Reserve(c.r), "subnet a: "+c.want)
	}
	require.NoError(t, s.Reserve(explicit("10.0.0.128/28")), "next to one")
	require.NoError(t, s.Reserve(explicit("10.0.0.48/28")))
}

func TestAnENITakesItsPrimaryAddressFirst(t *testing.T) {
	s := newTestSubnet(t, "10.0.0.0/24")
	eni, err := s.TakeENI(2, 0, TakeOptions{})
	require.NoError(t, err)
	require.Equal(t, TakenENI{Primary: ip("10.0.0.4"), Addresses: ips("10.0.0.5", "10.0.0.6")}, eni)
	eni, err = s.TakeENI(0, 2, TakeOptions{Pick: scripted(t, 240, 0, 12)})
	require.NoError(t, err)
	require.Equal(t, TakenENI{Primary: ip("10.0.0.247"), Prefixes: cidrs("10.0.0.16/28", "10.0.0.224/28")}, eni)
	eni, err = s.TakeENI(0, 0, TakeOptions{})
	require.NoError(t, err)
	require.Equal(t, TakenENI{Primary: ip("10.0.0.7")}, eni)
	require.Equal(t, 3+33+1, s.Used())
	require.Panics(t, func() { _, _ = s.TakeENI(1, 1, TakeOptions{}) })
}

func TestAnENIThatDoesNotFitTakesNothing(t *testing.T) {
	for _, c := range []struct {
		name                string
		reservations        []Reservation
		inUse               int
		addresses, prefixes int
		fallback            bool
		want                error
	}{
		{"primary and ten", nil, 48, 10, 0, false, nil},
		{"eleven more", nil, 48, 11, 0, false, InsufficientFreeAddressesInSubnet},
		{"full: nothing for the primary", nil, 59, 0, 0, false, InsufficientFreeAddressesInSubnet},
		{"full: no prefix either, but the primary comes first", nil, 59, 0, 1, false, InsufficientFreeAddressesInSubnet},
		{"one left, no /28", nil, 58, 0, 1, false, InsufficientCidrBlocks},
		{"two /28s", nil, 0, 0, 2, false, nil},
		{"three", nil, 0, 0, 3, false, InsufficientCidrBlocks},
		{"the primary spoils the last /28", nil, 12 + 16, 0, 1, false, InsufficientCidrBlocks},
		{"one address below it is left for the primary", nil, 11 + 16, 0, 1, false, nil},
		{"no primary from a reservation", []Reservation{forPrefixes("10.0.0.0/26")}, 0, 0, 1, true, InsufficientFreeAddressesInSubnet},
		{"a primary outside of it", []Reservation{forPrefixes("10.0.0.16/28")}, 0, 0, 1, false, nil},
		{"a full reservation without fallback", []Reservation{forPrefixes("10.0.0.16/28")}, 0, 0, 2, false, InsufficientCidrBlocks},
		{"a full reservation with fallback", []Reservation{forPrefixes("10.0.0.16/28")}, 0, 0, 2, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTestSubnet(t, "10.0.0.0/26", c.reservations...)
			_, err := s.OccupyN(c.inUse, nil)
			require.NoError(t, err)
			prefixes := s.FreePrefixes()
			eni, err := s.TakeENI(c.addresses, c.prefixes, TakeOptions{Fallback: c.fallback})
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				require.Equal(t, TakenENI{}, eni)
				require.Equal(t, c.inUse, s.Used())
				require.Equal(t, prefixes, s.FreePrefixes())
				return
			}
			require.NoError(t, err)
			require.Len(t, eni.Addresses, c.addresses)
			require.Len(t, eni.Prefixes, c.prefixes)
			require.Equal(t, c.inUse+1+c.addresses+16*c.prefixes, s.Used())
		})
	}
}

func TestGivingBackWhatIsNotTakenPanics(t *testing.T) {
	s := newTestSubnet(t, "10.0.0.0/24")
	require.NoError(t, s.Occupy(ip("10.0.0.100")))
	eni, err := s.TakeENI(0, 1, TakeOptions{})
	require.NoError(t, err)
	require.Equal(t, cidrs("10.0.0.16/28"), eni.Prefixes)
	for addr, use := range map[string]string{
		"10.0.0.5":    "free",
		"10.0.0.0":    "reserved",
		"10.0.0.100":  "others",
		"10.0.0.16":   "prefix",
		"10.0.1.4":    "outside",
		"2001:db8::1": "outside",
	} {
		require.PanicsWithValue(t, "subnet a (10.0.0.0/24): released address "+addr+", which is "+use, func() { s.ReleaseAddress(ip(addr)) })
	}
	for _, p := range []string{"10.0.0.32/28", "10.0.0.16/29", "10.0.0.17/28", "10.0.0.0/24", "10.0.1.16/28", "2001:db8::/80"} {
		require.PanicsWithValue(t, "subnet a (10.0.0.0/24): released prefix "+p+", which is not taken", func() { s.ReleasePrefix(cidr(p)) })
	}
	require.Panics(t, func() { s.ReleasePrefix(netip.Prefix{}) })

	s.ReleaseAddress(eni.Primary)
	s.ReleasePrefix(eni.Prefixes[0])
	require.Equal(t, 1, s.Used())
	require.Panics(t, func() { s.ReleaseAddress(eni.Primary) })
	require.Panics(t, func() { s.ReleasePrefix(eni.Prefixes[0]) })
}
