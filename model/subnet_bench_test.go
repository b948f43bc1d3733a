package model

import (
	"fmt"
	"net/netip"
	"testing"
)

// xorshift is a fast source of draws: what is measured is the subnet.
func xorshift(seed uint64) Pick {
	return func(n int) int {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		return int(seed >> 33 * uint64(n) >> 31)
	}
}

var benchBits = []int{16, 24}

var benchOrders = []struct {
	name string
	pick Pick
}{
	{"lowest", nil},
	{"random", xorshift(1)},
}

func benchSubnets(b *testing.B, run func(b *testing.B, s *Subnet, pick Pick)) {
	for _, bits := range benchBits {
		for _, order := range benchOrders {
			b.Run(fmt.Sprintf("bits=%d/%s", bits, order.name), func(b *testing.B) {
				s := newTestSubnet(b, fmt.Sprintf("10.0.0.0/%d", bits))
				b.ReportAllocs()
				run(b, s, order.pick)
			})
		}
	}
}

func mustTake(b *testing.B, s *Subnet, n int, pick Pick) []netip.Addr {
	taken, err := s.TakeAddresses(n, pick)
	if err != nil {
		b.Fatal(err)
	}
	return taken
}

// One address out of a subnet nine tenths full is taken, and the oldest given
// back: churn.
func BenchmarkSubnetAddressChurn(b *testing.B) {
	benchSubnets(b, func(b *testing.B, s *Subnet, pick Pick) {
		held := mustTake(b, s, s.Usable()*9/10, xorshift(2))
		for i := 0; b.Loop(); i++ {
			taken := mustTake(b, s, 1, pick)
			oldest := i % len(held)
			s.ReleaseAddress(held[oldest])
			held[oldest] = taken[0]
		}
	})
}

// As above, with prefixes.
func BenchmarkSubnetPrefixChurn(b *testing.B) {
	benchSubnets(b, func(b *testing.B, s *Subnet, pick Pick) {
		held, err := s.TakePrefixes(s.FreePrefixes()*9/10, xorshift(2), true)
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; b.Loop(); i++ {
			taken, err := s.TakePrefixes(1, pick, true)
			if err != nil {
				b.Fatal(err)
			}
			oldest := i % len(held)
			s.ReleasePrefix(held[oldest])
			held[oldest] = taken[0]
		}
	})
}

// Half of the subnet is reserved for prefixes, in 1 or 16 reservations.
func BenchmarkSubnetReservedPrefix(b *testing.B) {
	for _, c := range []struct {
		name string
		bits int
		n    int
	}{{"1", 17, 1}, {"16", 21, 16}} {
		b.Run(c.name, func(b *testing.B) {
			s := newTestSubnet(b, "10.0.0.0/16")
			for i := range c.n {
				at := netip.AddrFrom4([4]byte{10, 0, byte(128 + i*8), 0})
				if err := s.Reserve(Reservation{CIDR: netip.PrefixFrom(at, c.bits), Type: ReservationPrefix}); err != nil {
					b.Fatal(err)
				}
			}
			pick := xorshift(1)
			for b.Loop() {
				taken, err := s.TakePrefixes(1, pick, false)
				if err != nil {
					b.Fatal(err)
				}
				s.ReleasePrefix(taken[0])
			}
		})
	}
}

// An ENI of an m5.large with all of its addresses comes and goes.
func BenchmarkSubnetENI(b *testing.B) {
	benchSubnets(b, func(b *testing.B, s *Subnet, pick Pick) {
		mustTake(b, s, s.Usable()/2, xorshift(2))
		for b.Loop() {
			eni, err := s.TakeENI(9, 0, TakeOptions{Pick: pick})
			if err != nil {
				b.Fatal(err)
			}
			s.ReleaseAddress(eni.Primary)
			for _, a := range eni.Addresses {
				s.ReleaseAddress(a)
			}
		}
	})
}

// The only question that looks at the whole subnet, here half full and
// scattered.
func BenchmarkSubnetLargestFree(b *testing.B) {
	benchSubnets(b, func(b *testing.B, s *Subnet, pick Pick) {
		mustTake(b, s, s.Usable()/2, pick)
		for b.Loop() {
			s.LargestFree()
		}
	})
}

func BenchmarkNewSubnet(b *testing.B) {
	for b.Loop() {
		if _, err := NewSubnet("a", netip.MustParsePrefix("10.0.0.0/16")); err != nil {
			b.Fatal(err)
		}
	}
}
