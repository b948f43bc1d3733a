package replay

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"vpcsim/model"
)

// Block is one secondary address (/32) or one delegated prefix (/28; /80 for
// IPv6) in the agent's datastore.
type Block struct {
	// Prefix covers the block's addresses.
	Prefix netip.Prefix
	// Assigned counts the addresses that are held.
	Assigned int

	eni     *ENI
	touched []*address // those that were ever held, by address
	// usable: of the agent's active mode. Others count for nothing.
	usable  bool
	dropped bool // no longer in the datastore
	changes int
}

// AddressState is what an address in the agent's datastore is.
type AddressState string

// The states of an address.
const (
	Free     AddressState = "free"
	Assigned AddressState = "assigned" // a pod holds it
	Cooling  AddressState = "cooling"  // given up less than the cooldown ago
)

// Address is an address of a block at an instant.
type Address struct {
	Addr  netip.Addr
	State AddressState
	// Pod holds the address, or gave it up last if it is cooling.
	Pod model.PodName
	// CoolUntil is the last instant of cooling; 0 in other states.
	CoolUntil model.Instant
}

// address is the record of an address that was held at some time.
type address struct {
	addr      netip.Addr
	block     *Block
	state     AddressState
	pod       model.PodName
	coolUntil model.Instant
	// leftover: its pod was released while the agent was down. The agent
	// finds out at its next start.
	leftover bool
}

// IsPrefix reports whether the block is a delegated prefix.
func (b *Block) IsPrefix() bool { return !b.Prefix.IsSingleIP() }

// LeftOver reports whether the block is of the mode that the agent was in before,
// single addresses or prefixes: it keeps its slot and serves no new pod. On an
// excluded ENI so are all blocks.
func (b *Block) LeftOver() bool { return !b.usable }

// Changes grows with each change of what the block's addresses are, but for the end
// of a cooldown: where it is as before, so are they.
func (b *Block) Changes() int { return b.changes }

// Size is the number of the block's addresses.
func (b *Block) Size() int { return 1 << (b.Prefix.Addr().BitLen() - b.Prefix.Bits()) }

// Cooling counts the addresses that cool at this instant.
func (b *Block) Cooling(at model.Instant) int {
	n := 0
	for _, a := range b.touched {
		if a.stateAt(at) == Cooling {
			n++
		}
	}
	return n
}

// listedSize is the largest block whose free addresses are listed one by one.
const listedSize = 16

// Addresses lists the block's addresses in ascending order. Of an IPv6 prefix
// only those are listed that were ever held.
func (b *Block) Addresses(at model.Instant) []Address {
	if b.Size() > listedSize {
		out := make([]Address, 0, len(b.touched))
		for _, a := range b.touched {
			out = append(out, a.at(at))
		}
		return out
	}
	out := make([]Address, 0, b.Size())
	addr, touched := b.Prefix.Addr(), b.touched
	for range b.Size() {
		if len(touched) > 0 && touched[0].addr == addr {
			out = append(out, touched[0].at(at))
			touched = touched[1:]
		} else {
			out = append(out, Address{Addr: addr, State: Free})
		}
		addr = addr.Next()
	}
	return out
}

func (a *address) stateAt(at model.Instant) AddressState {
	if a.state == Cooling && a.coolUntil < at {
		return Free
	}
	return a.state
}

func (a *address) at(at model.Instant) Address {
	out := Address{Addr: a.addr, State: a.stateAt(at)}
	if out.State != Free {
		out.Pod = a.pod
	}
	if out.State == Cooling {
		out.CoolUntil = a.coolUntil
	}
	return out
}

// address returns the record of an address, making it if need be.
func (b *Block) address(addr netip.Addr) *address {
	i, found := slices.BinarySearchFunc(b.touched, addr, func(a *address, addr netip.Addr) int {
		return a.addr.Compare(addr)
	})
	if !found {
		b.touched = slices.Insert(b.touched, i, &address{addr: addr, block: b, state: Free})
	}
	return b.touched[i]
}

// compareBlocks orders blocks by their lowest address, then singles before
// prefixes, which is a total order on the blocks of an ENI.
func compareBlocks(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(b.Bits(), a.Bits()))
}

// block returns the ENI's block with exactly this prefix, and its place in the
// order or where it would go.
func (e *ENI) block(p netip.Prefix) (*Block, int) {
	i, found := slices.BinarySearchFunc(e.Blocks, p, func(b *Block, p netip.Prefix) int {
		return compareBlocks(b.Prefix, p)
	})
	if !found {
		return nil, i
	}
	return e.Blocks[i], i
}

func (e *ENI) insertBlock(p netip.Prefix) (*Block, error) {
	b, i := e.block(p)
	if b != nil {
		return nil, fmt.Errorf("%s has %s already", e.ID, p)
	}
	b = &Block{Prefix: p, eni: e}
	e.Blocks = slices.Insert(e.Blocks, i, b)
	return b, nil
}

// blockPrefixes lists addresses and prefixes as blocks.
func blockPrefixes(addrs []netip.Addr, prefixes []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(addrs)+len(prefixes))
	for _, a := range addrs {
		out = append(out, single(a))
	}
	return append(out, prefixes...)
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
