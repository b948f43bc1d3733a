package model

import (
	"fmt"
	"net/netip"
	"testing"
)

// benchStores are a small node, one with prefixes and a large one.
var benchStores = []struct {
	name         string
	prefixMode   bool
	enis, blocks int
}{
	{"3x9", false, 3, 9},
	{"10prefixes", true, 1, 10},
	{"15x49", false, 15, 49},
}

// benchStore is nine tenths full; the leases are in a random order.
func benchStore(b *testing.B, run func(b *testing.B, d *Datastore, leases []*Lease, pick Pick)) {
	for _, c := range benchStores {
		for _, order := range benchOrders {
			b.Run(fmt.Sprintf("%s/%s", c.name, order.name), func(b *testing.B) {
				d := NewDatastore(c.prefixMode, CooldownDefault)
				for device := range c.enis {
					var blocks []netip.Prefix
					for n := range c.blocks {
						if c.prefixMode {
							blocks = append(blocks, block16(n))
						} else {
							blocks = append(blocks, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(device), byte(n)}), 32))
						}
					}
					addENI(d, device, blocks...)
				}
				var leases []*Lease
				for range d.Stats().Total * 9 / 10 {
					leases = append(leases, d.Assign(0, "p", xorshift(2)))
				}
				shuffle := xorshift(3)
				for i := len(leases) - 1; i > 0; i-- {
					j := shuffle(i + 1)
					leases[i], leases[j] = leases[j], leases[i]
				}
				b.ReportAllocs()
				run(b, d, leases, order.pick)
			})
		}
	}
}

// A pod leaves and another comes; what one leaves has cooled when it is needed.
func BenchmarkDatastoreAssignRelease(b *testing.B) {
	benchStore(b, func(b *testing.B, d *Datastore, leases []*Lease, pick Pick) {
		now := Instant(0)
		for i := 0; b.Loop(); i++ {
			now += 20_000
			d.Release(leases[i%len(leases)], now)
			leases[i%len(leases)] = d.Assign(now, "p", pick)
		}
	})
}

func BenchmarkDatastoreStats(b *testing.B) {
	benchStore(b, func(b *testing.B, d *Datastore, leases []*Lease, _ Pick) {
		d.Release(leases[0], 0)
		for b.Loop() {
			d.Stats()
			d.Cooling(0)
		}
	})
}

func BenchmarkDatastoreFreeableFrom(b *testing.B) {
	benchStore(b, func(b *testing.B, d *Datastore, leases []*Lease, _ Pick) {
		for _, l := range leases {
			d.Release(l, 0)
		}
		s := Settings{PrefixDelegation: d.prefixMode, WarmIPTarget: 5, WarmPrefixTarget: 1}
		for b.Loop() {
			d.FreeableFrom(0, s)
		}
	})
}

func BenchmarkLeaseAddress(b *testing.B) {
	d := NewDatastore(true, CooldownDefault)
	addENI(d, 0, block16(1))
	l := d.Hold(netip.MustParseAddr("10.0.1.31"), "p")
	for b.Loop() {
		l.Address()
	}
}
