package replay

import (
	"fmt"
	"net/netip"

	"vpcsim/model"
	"vpcsim/sim"
)

// Subnet is a subnet as EC2 sees it: each address is taken or not. It is kept
// from the log alone and not by model.Subnet, which chooses addresses; so each
// checks the other.
type Subnet struct {
	sim.SubnetStart

	base     uint32
	size     int
	taken    bitset // the five that EC2 keeps included
	used     int    // likewise
	mostUsed int    // at any instant, likewise
	leaked   int    // addresses of leaked ENIs
	reserved bitset // in a reservation of either type
	closed   bitset // in a reservation from which EC2 carves no prefix
}

// SubnetStats are the numbers of a subnet. The five addresses that EC2 keeps
// are in none of them.
type SubnetStats struct {
	// Usable is the size less five; Used and Free make it up.
	Usable, Used, Free int
	// ReservedFree is the part of Free that lies in subnet CIDR reservations.
	ReservedFree int
	// FreePrefixes counts the aligned blocks of 16 addresses that are free
	// altogether and that EC2 would carve a /28 from by itself: those in
	// explicit reservations, or cut by one smaller than a /28, are not among
	// them.
	FreePrefixes int
	// LargestFree is the longest run of consecutive free addresses.
	LargestFree int
}

// prefixBits is the length of the prefixes that EC2 delegates.
const prefixBits = 28

func newSubnet(start sim.SubnetStart) (*Subnet, error) {
	p := start.CIDR
	if !p.IsValid() || !p.Addr().Is4() || p.Bits() < model.LargestSubnetBits || p.Bits() > model.SmallestSubnetBits {
		return nil, fmt.Errorf("subnet %s: %s is not between /16 and /28", start.Name, p)
	}
	size := 1 << (32 - p.Bits())
	sn := &Subnet{
		SubnetStart: start, base: number(p.Masked().Addr()), size: size,
		taken: newBitset(size), reserved: newBitset(size), closed: newBitset(size),
	}
	for _, addrs := range [][]netip.Addr{start.Reserved, start.InUse, start.ControlPlane} {
		if err := sn.take(addrs...); err != nil {
			return nil, err
		}
	}
	for _, r := range start.Reservations {
		for i := range sn.span(r.CIDR) {
			sn.reserved.set(i)
			if r.Type == model.ReservationExplicit || r.CIDR.Bits() > prefixBits {
				sn.closed.set(i)
			}
		}
	}
	return sn, nil
}

// Stats counts. It walks the subnet: for a view, not for every event.
func (sn *Subnet) Stats() SubnetStats {
	st := SubnetStats{Usable: sn.size - len(sn.Reserved), Used: sn.used - len(sn.Reserved)}
	st.Free = st.Usable - st.Used
	run, block := 0, 0
	for i := range sn.size {
		if i%16 == 0 {
			block = 0
		}
		if sn.taken.has(i) {
			run = 0
			continue
		}
		run++
		st.LargestFree = max(st.LargestFree, run)
		if sn.reserved.has(i) {
			st.ReservedFree++
		}
		if !sn.closed.has(i) {
			block++
		}
		if block == 16 {
			st.FreePrefixes++
			block = 0
		}
	}
	return st
}

// LeastFree is how few addresses were free at any instant up to now.
func (sn *Subnet) LeastFree() int { return sn.size - sn.mostUsed }

// Taken reports whether EC2 has the address in use, reserved ones included.
func (sn *Subnet) Taken(a netip.Addr) bool {
	i, err := sn.index(a)
	return err == nil && sn.taken.has(i)
}

func (sn *Subnet) take(addrs ...netip.Addr) error {
	for _, a := range addrs {
		i, err := sn.index(a)
		if err != nil {
			return err
		}
		if sn.taken.has(i) {
			return fmt.Errorf("subnet %s: %s is taken twice", sn.Name, a)
		}
		sn.taken.set(i)
		sn.used++
	}
	sn.mostUsed = max(sn.mostUsed, sn.used)
	return nil
}

func (sn *Subnet) give(addrs ...netip.Addr) error {
	for _, a := range addrs {
		i, err := sn.index(a)
		if err != nil {
			return err
		}
		if !sn.taken.has(i) {
			return fmt.Errorf("subnet %s: %s is given back, but nobody has it", sn.Name, a)
		}
		sn.taken.clear(i)
		sn.used--
	}
	return nil
}

func (sn *Subnet) index(a netip.Addr) (int, error) {
	if !sn.CIDR.Contains(a) {
		return 0, fmt.Errorf("subnet %s: %s is not in %s", sn.Name, a, sn.CIDR)
	}
	return int(number(a) - sn.base), nil
}

// span yields the indices of the part of the prefix that lies in the subnet.
func (sn *Subnet) span(p netip.Prefix) func(func(int) bool) {
	first, n := 0, sn.size
	if p.Bits() > sn.CIDR.Bits() {
		first, n = int(number(p.Masked().Addr())-sn.base), 1<<(32-p.Bits())
	}
	if !p.Overlaps(sn.CIDR) {
		n = 0
	}
	return func(yield func(int) bool) {
		for i := first; i < first+n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (s bitset) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s bitset) set(i int)      { s[i/64] |= 1 << (i % 64) }
func (s bitset) clear(i int)    { s[i/64] &^= 1 << (i % 64) }
