package film

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"vpcsim/sim/replay"
)

// subnet is a subnet as the film has it.
type subnet struct {
	place  int
	from   *replay.Subnet
	first  uint32
	taken  []bool
	leaked int // addresses
}

func number(a netip.Addr) uint32 {
	four := a.As4()
	return binary.BigEndian.Uint32(four[:])
}

// start notes the subnets as they are at first.
func (r *Recorder) start() {
	for i, sn := range r.s.Subnets {
		f := &subnet{place: i, from: sn, first: number(sn.CIDR.Masked().Addr()), taken: make([]bool, 1<<(32-sn.CIDR.Bits()))}
		r.subnets = append(r.subnets, f)
		s := Subnet{Name: string(sn.Name), CIDR: sn.CIDR.String(), Zone: sn.Zone, First: f.first, Size: len(f.taken)}
		for _, a := range sn.Reserved {
			s.Kept = append(s.Kept, int(number(a)-f.first))
		}
		for _, v := range sn.Reservations {
			s.Reserved = append(s.Reserved, [2]int{int(number(v.CIDR.Masked().Addr()) - f.first), 1 << (32 - v.CIDR.Bits())})
		}
		r.film.Subnets = append(r.film.Subnets, s)
		r.span(f, 0, len(f.taken))
	}
}

// addresses notes which of these addresses are taken from their subnet now and were
// not, or the other way round.
func (r *Recorder) addresses(single []netip.Addr, prefixes []netip.Prefix) {
	for _, a := range single {
		r.within(netip.PrefixFrom(a, a.BitLen()))
	}
	for _, p := range prefixes {
		r.within(p)
	}
}

func (r *Recorder) within(p netip.Prefix) {
	for _, f := range r.subnets {
		if f.from.CIDR.Contains(p.Addr()) {
			r.span(f, int(number(p.Addr())-f.first), 1<<(32-p.Bits()))
		}
	}
}

// span notes the changes in a span of a subnet, like ones in a row as one.
func (r *Recorder) span(f *subnet, first, n int) {
	from, a := -1, netip.Addr{}
	for i := first; i <= first+n; i++ {
		changed := false
		if i < first+n {
			a = addrOf(f.first + uint32(i))
			changed = f.from.Taken(a) != f.taken[i]
		}
		if from >= 0 && (!changed || f.taken[i] != f.taken[from]) {
			for k := from; k < i; k++ {
				f.taken[k] = !f.taken[k]
			}
			r.op(OpSubnet, f.place, from, i-from, flag(f.taken[from], 1))
			from = -1
		}
		if changed && from < 0 {
			from = i
		}
	}
}

func addrOf(n uint32) netip.Addr {
	var four [4]byte
	binary.BigEndian.PutUint32(four[:], n)
	return netip.AddrFrom4(four)
}

// leaks notes which addresses leaked ENIs hold, where the numbers have changed.
func (r *Recorder) leaks() {
	changed := false
	for _, f := range r.subnets {
		if n := f.from.Leaked(); n != f.leaked {
			f.leaked, changed = n, true
		}
	}
	if !changed {
		return
	}
	now := map[netip.Prefix]bool{}
	for _, l := range r.s.Leaks() {
		for _, b := range r.s.LeakedBlocks(l.ENI) {
			now[b] = true
			if !r.leaked[b] {
				r.leak(b, 1)
			}
		}
	}
	var over []netip.Prefix
	for b := range r.leaked {
		if !now[b] {
			over = append(over, b)
		}
	}
	slices.SortFunc(over, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	for _, b := range over {
		r.leak(b, 0)
	}
	r.leaked = now
}

func (r *Recorder) leak(b netip.Prefix, now int) {
	for _, f := range r.subnets {
		if f.from.CIDR.Contains(b.Addr()) {
			r.op(OpLeaked, f.place, int(number(b.Addr())-f.first), 1<<(32-b.Bits()), now)
		}
	}
}
