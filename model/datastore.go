package model

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// PrefixSize is how many addresses a delegated IPv4 prefix (/28) holds.
const PrefixSize = 16

// Datastore is what a node agent believes about its ENIs on a network card and
// the addresses on them, and who holds which. It is a state machine: it decides
// nothing and calls nobody. An agent that manages several cards has one for each.
//
// Blocks of both kinds may be present after prefix mode was switched; only
// those of the active kind, on ENIs that are not excluded, count and serve.
//
// Instants given to it must not go back.
type Datastore struct {
	prefixMode bool
	cooldown   time.Duration

	enis []*StoreENI // by device number
	hash hashOrder

	total, assigned int // addresses of usable blocks
	prefixes        int // as PoolStats has it
	freePrefixes    int // prefixes that no pod is in, on any ENI
}

// StoreENI is an ENI as the agent's datastore has it.
type StoreENI struct {
	ID       ENIID
	Card     int // network card
	Device   int // on its card
	Kind     ENIKind
	Subnet   SubnetID
	Excluded bool
	// Since is when the ENI came into the datastore; a restart of the agent
	// makes every ENI new again.
	Since Instant

	slot   int8
	blocks []*block // by address
	hash   hashOrder
	usable int // addresses of blocks of the active kind
	held   int // addresses that pods hold, in blocks of either kind
	active int // those of them in blocks of the active kind
	// cooling are the addresses that were released, oldest first, of blocks of
	// either kind that are there; those in front may have cooled down.
	cooling []coolingRef
}

// block is one /32 or /28 in the datastore.
type block struct {
	cidr     netip.Prefix
	slot     int8
	dropped  bool // no longer in the datastore
	assigned int
	addrs    []address // from the lowest up to the highest that was ever used
}

type address struct {
	state      addressState
	pod        PodName
	releasedAt Instant
}

type addressState uint8

const (
	fresh    addressState = iota // never used, or cooled down and handed back
	held                         // by a pod
	released                     // used before; cooling at first
)

// coolingRef is a released address.
type coolingRef struct {
	block *block
	at    Instant
}

// Lease is an address that a pod holds.
type Lease struct {
	eni    *StoreENI
	block  *block
	offset int
}

// ENI returns the ENI that the address is on.
func (l *Lease) ENI() *StoreENI { return l.eni }

// Address returns the address.
func (l *Lease) Address() netip.Addr { return l.block.addr(l.offset) }

// Prefix returns the delegated prefix that the address is of, or the zero
// Prefix for a secondary address.
func (l *Lease) Prefix() netip.Prefix {
	if l.block.isPrefix() {
		return l.block.cidr
	}
	return netip.Prefix{}
}

// Pod returns the pod that holds the address.
func (l *Lease) Pod() PodName { return l.block.addrs[l.offset].pod }

// Dropped reports whether the block went under the pod. The datastore has
// forgotten the pod then, and may give the address to another one if the block
// comes back.
func (l *Lease) Dropped() bool { return l.block.dropped }

// Forget says that the datastore which the lease is of is no more and that no
// other knows the pod: the lease counts as dropped.
func (l *Lease) Forget() { l.block.dropped = true }

// NewDatastore returns an empty datastore. cooldown is how long a released
// address rests; at exactly the cooldown it is still cooling.
func NewDatastore(prefixMode bool, cooldown time.Duration) *Datastore {
	return &Datastore{prefixMode: prefixMode, cooldown: cooldown}
}

// PoolStats are the numbers on which the agent decides.
type PoolStats struct {
	Total    int // addresses of usable blocks
	Assigned int // those that pods hold
	// Prefixes is how many prefixes the agent thinks there are: on excluded ENIs
	// too, and left over from prefix mode. Its count goes astray where RemoveENI
	// and LeaveBlock say so.
	Prefixes     int
	FreePrefixes int // in which no pod holds an address, on any ENI
}

// Available is total less assigned: cooling addresses count.
func (s PoolStats) Available() int { return s.Total - s.Assigned }

// Stats returns the pool's numbers.
func (d *Datastore) Stats() PoolStats {
	return PoolStats{Total: d.total, Assigned: d.assigned, Prefixes: d.prefixes, FreePrefixes: d.freePrefixes}
}

// Cooling returns how many addresses of usable blocks are cooling at now.
func (d *Datastore) Cooling(now Instant) int {
	n := 0
	for _, e := range d.enis {
		if e.Excluded {
			continue
		}
		for _, c := range slices.Backward(e.cooling) {
			if !d.cools(c.at, now) {
				break
			}
			if d.serves(c.block) {
				n++
			}
		}
	}
	return n
}

// cools reports whether an address that was released at an instant is cooling.
func (d *Datastore) cools(released, now Instant) bool { return now.Sub(released) <= d.cooldown }

// ENIs returns the ENIs by device number. The slice is the datastore's own.
func (d *Datastore) ENIs() []*StoreENI { return d.enis }

// ENI returns the ENI with this id, or nil.
func (d *Datastore) ENI(id ENIID) *StoreENI {
	for _, e := range d.enis {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// AddENI puts an ENI without blocks into the datastore.
func (d *Datastore) AddENI(e *StoreENI) {
	at, found := slices.BinarySearchFunc(d.enis, e.Device, func(have *StoreENI, device int) int {
		return cmp.Compare(have.Device, device)
	})
	if found {
		panic(fmt.Sprintf("datastore: device %d taken by %s and %s", e.Device, d.enis[at].ID, e.ID))
	}
	e.slot = d.hash.add()
	d.enis = slices.Insert(d.enis, at, e)
}

// RemoveENI drops an ENI with all its blocks, and with the addresses that pods
// hold there. If there are such, the agent takes the ENI's prefixes out of its
// count of prefixes twice (observed in v1.23.1).
func (d *Datastore) RemoveENI(e *StoreENI) {
	if e.held > 0 {
		for _, b := range e.blocks {
			if b.isPrefix() {
				d.prefixes--
			}
		}
	}
	d.RemoveBlocks(e, e.Blocks())
	d.hash.remove(e.slot)
	d.enis = slices.DeleteFunc(d.enis, func(have *StoreENI) bool { return have == e })
}

// Blocks returns the ENI's blocks by address.
func (e *StoreENI) Blocks() []netip.Prefix {
	out := make([]netip.Prefix, len(e.blocks))
	for i, b := range e.blocks {
		out[i] = b.cidr
	}
	return out
}

// BlockCount is how many of its slots the ENI has filled, with either kind.
func (e *StoreENI) BlockCount() int { return len(e.blocks) }

// Held is how many addresses of the ENI pods hold, in blocks of either kind.
func (e *StoreENI) Held() int { return e.held }

// Has reports whether the block is in the datastore.
func (e *StoreENI) Has(cidr netip.Prefix) bool {
	_, found := e.find(cidr)
	return found
}

func (e *StoreENI) find(cidr netip.Prefix) (int, bool) {
	return slices.BinarySearchFunc(e.blocks, cidr, func(b *block, c netip.Prefix) int {
		return compareBlocks(b.cidr, c)
	})
}

// compareBlocks orders blocks by address, a /28 before the /32 of its base.
func compareBlocks(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// AddBlocks adds free blocks to an ENI.
func (d *Datastore) AddBlocks(e *StoreENI, blocks []netip.Prefix) {
	for _, cidr := range blocks {
		at, found := e.find(cidr)
		if found {
			panic(fmt.Sprintf("datastore: block %s added twice to %s", cidr, e.ID))
		}
		b := &block{cidr: cidr, slot: e.hash.add()}
		e.blocks = slices.Insert(e.blocks, at, b)
		d.count(e, b, +1)
	}
}

// RemoveBlocks drops blocks from an ENI. Addresses that pods hold there are
// dropped under them: their leases stay valid to release, without effect.
func (d *Datastore) RemoveBlocks(e *StoreENI, blocks []netip.Prefix) {
	for _, cidr := range blocks {
		at, found := e.find(cidr)
		if !found {
			panic(fmt.Sprintf("datastore: block %s is not on %s", cidr, e.ID))
		}
		b := e.blocks[at]
		d.count(e, b, -1)
		b.dropped = true
		e.hash.remove(b.slot)
		e.blocks = slices.Delete(e.blocks, at, at+1)
	}
	if len(blocks) > 0 {
		e.cooling = slices.DeleteFunc(e.cooling, func(c coolingRef) bool { return c.block.dropped })
	}
}

// LeaveBlock drops a block of an excluded ENI that no pod is in any more, as the
// agent does 5 s after the last one left; EC2 still has it. The agent leaves a
// prefix in its count of prefixes (observed in v1.23.1).
func (d *Datastore) LeaveBlock(e *StoreENI, cidr netip.Prefix) {
	d.RemoveBlocks(e, []netip.Prefix{cidr})
	if !cidr.IsSingleIP() {
		d.prefixes++
	}
}

// count adds a whole block to the sums, or takes it out of them.
func (d *Datastore) count(e *StoreENI, b *block, sign int) {
	e.held += sign * b.assigned
	if d.serves(b) {
		e.usable += sign * b.size()
		e.active += sign * b.assigned
		if !e.Excluded {
			d.total += sign * b.size()
			d.assigned += sign * b.assigned
		}
	}
	if b.isPrefix() {
		d.prefixes += sign
		if b.assigned == 0 {
			d.freePrefixes += sign
		}
	}
}

// SwitchMode makes the other kind of blocks the active one. Nothing else changes:
// pods hold what they held, and what cools goes on cooling.
func (d *Datastore) SwitchMode(prefixMode bool) {
	for _, sign := range []int{-1, 1} {
		if sign > 0 {
			d.prefixMode = prefixMode
		}
		for _, e := range d.enis {
			for _, b := range e.blocks {
				d.count(e, b, sign)
			}
		}
	}
}

// serves reports whether the block is of the active kind.
func (d *Datastore) serves(b *block) bool { return b.isPrefix() == d.prefixMode }

// Assign gives the pod an address: the first that any block can give, ENI by
// ENI and block by block. Within a block all used addresses that have cooled
// down become fresh and one of those is handed out, else the lowest fresh one.
// With a nil pick ENIs go by device number and blocks by address, and the
// lowest cooled address is taken. It returns nil if nothing is found.
//
// Source: observed in v1.23.1.
func (d *Datastore) Assign(now Instant, pod PodName, pick Pick) *Lease {
	if d.assigned == d.total {
		return nil
	}
	for _, i := range d.visit(pick) {
		if lease := d.assignFrom(d.enis[i], now, pod, pick); lease != nil {
			return lease
		}
	}
	return nil
}

// visit returns the indices of the ENIs in the order in which the agent goes
// through them. The slice is good until the next visit.
func (d *Datastore) visit(pick Pick) []int {
	return d.hash.visit(len(d.enis), func(i int) int8 { return d.enis[i].slot }, pick)
}

// visit does the same for the ENI's blocks.
func (e *StoreENI) visit(pick Pick) []int {
	return e.hash.visit(len(e.blocks), func(i int) int8 { return e.blocks[i].slot }, pick)
}

func (d *Datastore) assignFrom(e *StoreENI, now Instant, pod PodName, pick Pick) *Lease {
	if e.Excluded || e.active == e.usable {
		return nil
	}
	for _, i := range e.visit(pick) {
		if lease := d.assignIn(e, e.blocks[i], now, pod, pick); lease != nil {
			return lease
		}
	}
	return nil
}

func (d *Datastore) assignIn(e *StoreENI, b *block, now Instant, pod PodName, pick Pick) *Lease {
	if !d.serves(b) || b.assigned == b.size() {
		return nil
	}
	offset := d.give(b, now, pick)
	if offset < 0 {
		return nil
	}
	d.hold(e, b, offset, pod)
	return &Lease{eni: e, block: b, offset: offset}
}

// give chooses the offset of the address that the block hands out, or -1.
func (d *Datastore) give(b *block, now Instant, pick Pick) int {
	var room [PrefixSize]int
	cooled, lowest := room[:0], -1
	for i := range b.addrs {
		a := &b.addrs[i]
		switch {
		case a.state == released && !d.cools(a.releasedAt, now):
			a.state = fresh
			cooled = append(cooled, i)
		case a.state == fresh && lowest < 0:
			lowest = i
		}
	}
	switch {
	case len(cooled) == 0 && lowest < 0 && len(b.addrs) < b.size():
		return len(b.addrs)
	case len(cooled) == 0:
		return lowest
	case pick == nil:
		return cooled[0]
	default:
		return cooled[pick(len(cooled))]
	}
}

func (d *Datastore) hold(e *StoreENI, b *block, offset int, pod PodName) {
	*b.at(offset) = address{state: held, pod: pod}
	if b.isPrefix() && b.assigned == 0 {
		d.freePrefixes--
	}
	b.assigned++
	e.held++
	if d.serves(b) {
		e.active++
		if !e.Excluded {
			d.assigned++
		}
	}
}

// Hold gives the pod the address that it held before the agent restarted. It
// returns nil if no block has it, or another pod holds it.
func (d *Datastore) Hold(a netip.Addr, pod PodName) *Lease {
	for _, e := range d.enis {
		for _, b := range e.blocks {
			if b.cidr.Contains(a) {
				offset := b.offset(a)
				if b.at(offset).state == held {
					return nil
				}
				d.hold(e, b, offset, pod)
				return &Lease{eni: e, block: b, offset: offset}
			}
		}
	}
	return nil
}

// Release makes the lease's address unassigned and lets it cool. It returns
// the last instant at which the address is cooling. A lease whose block was
// dropped is gone already: ok is false.
func (d *Datastore) Release(l *Lease, now Instant) (coolUntil Instant, ok bool) {
	e, b := l.eni, l.block
	if b.dropped {
		return 0, false
	}
	if b.addrs[l.offset].state != held {
		panic(fmt.Sprintf("datastore: %s released twice", l.Address()))
	}
	b.addrs[l.offset] = address{state: released, releasedAt: now}
	d.expire(e, now)
	e.cooling = append(e.cooling, coolingRef{b, now})
	b.assigned--
	e.held--
	if b.isPrefix() && b.assigned == 0 {
		d.freePrefixes++
	}
	if d.serves(b) {
		e.active--
		if !e.Excluded {
			d.assigned--
		}
	}
	return now.Add(d.cooldown), true
}

// Leftover reports whether the lease's block is a prefix left over from prefix
// mode that no pod is in any more: it is given back in that very instant.
func (d *Datastore) Leftover(l *Lease) bool {
	return !d.prefixMode && l.block.isPrefix() && l.block.assigned == 0 && !l.block.dropped
}

// Block returns the block that the lease is of.
func (l *Lease) Block() netip.Prefix { return l.block.cidr }

// Idle reports whether the lease's block is in the datastore with no pod in it.
func (d *Datastore) Idle(l *Lease) bool { return !l.block.dropped && l.block.assigned == 0 }

// HasTrunk reports whether the trunk is in the datastore.
func (d *Datastore) HasTrunk() bool {
	return slices.ContainsFunc(d.enis, func(e *StoreENI) bool { return e.Kind == ENITrunk })
}

// expire drops from the ENI's queue what has cooled down at now.
func (d *Datastore) expire(e *StoreENI, now Instant) {
	n := 0
	for n < len(e.cooling) && !d.cools(e.cooling[n].at, now) {
		n++
	}
	e.cooling = slices.Delete(e.cooling, 0, n)
}

// coolUntil is the last instant at which some address of the ENI, of either
// kind, is cooling; ok is false if none is at now.
func (d *Datastore) coolUntil(e *StoreENI, now Instant) (until Instant, ok bool) {
	if len(e.cooling) == 0 {
		return 0, false
	}
	last := e.cooling[len(e.cooling)-1].at
	return last.Add(d.cooldown), d.cools(last, now)
}

// FreeableBlocks returns the blocks of the ENI, of either kind, in which no pod
// holds an address, in the order in which the agent goes through them. Cooling
// does not protect a block.
func (e *StoreENI) FreeableBlocks(pick Pick) []netip.Prefix {
	var out []netip.Prefix
	for _, i := range e.visit(pick) {
		if e.blocks[i].assigned == 0 {
			out = append(out, e.blocks[i].cidr)
		}
	}
	return out
}

func (b *block) isPrefix() bool { return !b.cidr.IsSingleIP() }

// size is how many addresses the block covers: 1, 16, or 2^48 of an IPv6 /80.
func (b *block) size() int { return 1 << (b.cidr.Addr().BitLen() - b.cidr.Bits()) }

// addr counts from the block's base. Blocks are aligned, so an IPv4 one does not
// overflow the last byte; of an IPv6 one no more addresses are used than a node
// has pods in its life.
func (b *block) addr(offset int) netip.Addr {
	if b.cidr.Addr().Is4() {
		a := b.cidr.Addr().As4()
		a[3] += byte(offset)
		return netip.AddrFrom4(a)
	}
	a := b.cidr.Addr().As16()
	binary.BigEndian.PutUint32(a[12:], uint32(offset))
	return netip.AddrFrom16(a)
}

func (b *block) offset(a netip.Addr) int {
	if a.Is4() {
		base, at := b.cidr.Addr().As4(), a.As4()
		return int(at[3]) - int(base[3])
	}
	at := a.As16()
	return int(binary.BigEndian.Uint32(at[12:]))
}

// at returns the record of an address that is used, or was before.
func (b *block) at(offset int) *address {
	for len(b.addrs) <= offset {
		b.addrs = append(b.addrs, address{})
	}
	return &b.addrs[offset]
}
