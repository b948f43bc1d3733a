package model

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// The sizes of an IPv4 subnet, and of an IPv4 block of a VPC, as prefix
// lengths. Both bounds are inclusive. Source: Amazon VPC user guide, "Subnet
// CIDR blocks".
const (
	LargestSubnetBits  = 16
	SmallestSubnetBits = 28
)

// A delegated IPv4 prefix is a /28, aligned to its 16 addresses. Source: EC2
// user guide, "Prefix delegation for EC2 network interfaces".
const (
	prefixBits = 28
	prefixSize = 16
)

// reservedLow addresses at a subnet's lower end, and its last one, are EC2's
// own: network, router, DNS, future use, broadcast. Source: Amazon VPC user
// guide, "Subnet sizing".
const reservedLow = 4

// Subnet is the address space of an IPv4 subnet: which addresses are free, and
// who holds the others. It is what runs out.
//
// Each address is in exactly one state (see [AddressUse]). A /28 can be handed
// out as a prefix only if all of its 16 addresses are free, so a single address
// anywhere in it spoils it; the first and the last /28 hold addresses that EC2
// keeps and can never be one:
//
//	10.0.0.0/24       .0               .16              .32         …  .240
//	                  RRRR------------ -----------s---- ----------- …  ---------------R
//	as a prefix       never            spoilt           free           never
//
// EC2 doesn't say which free address it picks. A [Pick] draws uniformly; a nil
// Pick takes the lowest. Neither tries to spare whole /28s: the lowest free
// address is taken even if it is the first one of a clean /28, as EC2 is not
// known to do better.
//
// # Reservations
//
// Automatic choice takes single addresses, an ENI's primary address among them,
// only from outside of reservations of either type. It takes prefixes from the
// reservations of type prefix, if the subnet has any, and never from one of
// type explicit, nor a /28 that a reservation covers in part. Source: Amazon
// VPC user guide, "Subnet CIDR reservations".
//
// The zero Subnet is not usable; NewSubnet makes one.
type Subnet struct {
	id   SubnetID
	cidr netip.Prefix
	base uint32 // the lowest address; everything below counts from it
	size int

	// By address.
	free    bitmap // nobody holds it, and EC2 doesn't keep it
	others  bitmap // held by others; disjoint from free
	covered bitmap // in a reservation of either type
	open    ranked // free and not covered: what single addresses are taken from
	used    int    // taken by anybody, the five not counted

	// By /28. A block is in blocksOpen or blocksReserved if it is wholly free
	// and its zone says so.
	delegated      bitmap // handed out as a prefix; disjoint from free
	zones          []blockZone
	blocksOpen     ranked
	blocksReserved ranked

	reservations []Reservation // ascending, disjoint
	prefixRanges []blockRange  // those of type prefix, ascending
}

// blockZone says from where a /28 may be handed out, if it is wholly free.
type blockZone uint8

const (
	zoneOpen     blockZone = iota // outside of every reservation
	zoneReserved                  // in a reservation of type prefix
	zoneClosed                    // in an explicit one, or covered in part
)

// blockRange is the /28s lo … hi-1, counted from the subnet's first.
type blockRange struct{ lo, hi int }

// NewSubnet returns an empty subnet. The CIDR must be IPv4, /16 to /28, and
// have no host bits set; otherwise the error says what is wrong.
func NewSubnet(id SubnetID, cidr netip.Prefix) (*Subnet, error) {
	if err := checkBlock(cidr); err != nil {
		return nil, fmt.Errorf("subnet %s: %w", id, err)
	}
	size := 1 << (32 - cidr.Bits())
	s := &Subnet{
		id:             id,
		cidr:           cidr,
		base:           uint32Of(cidr.Addr()),
		size:           size,
		free:           newBitmap(size),
		others:         newBitmap(size),
		covered:        newBitmap(size),
		open:           newRanked(size),
		delegated:      newBitmap(size / prefixSize),
		zones:          make([]blockZone, size/prefixSize),
		blocksOpen:     newRanked(size / prefixSize),
		blocksReserved: newRanked(size / prefixSize),
	}
	for i := 0; i < size; i += prefixSize {
		s.release(i, prefixSize)
	}
	for _, a := range s.Reserved() {
		i, _ := s.index(a)
		s.take(i, 1)
	}
	s.used = 0 // so far nobody uses anything
	return s, nil
}

// checkBlock reports what keeps a CIDR from being a VPC's or a subnet's.
func checkBlock(cidr netip.Prefix) error {
	switch {
	case !cidr.IsValid():
		return fmt.Errorf("no valid CIDR")
	case !cidr.Addr().Is4():
		return fmt.Errorf("%s is not IPv4", cidr)
	case cidr.Bits() < LargestSubnetBits || cidr.Bits() > SmallestSubnetBits:
		return fmt.Errorf("%s is a /%d; EC2 has /%d to /%d", cidr, cidr.Bits(), LargestSubnetBits, SmallestSubnetBits)
	case cidr != cidr.Masked():
		return fmt.Errorf("%s has host bits set: its network is %s", cidr, cidr.Masked())
	}
	return nil
}

// ID returns the subnet's name.
func (s *Subnet) ID() SubnetID { return s.id }

// CIDR returns the subnet's range, host bits zero.
func (s *Subnet) CIDR() netip.Prefix { return s.cidr }

// Reserved returns the five addresses that EC2 keeps for itself, ascending:
// the first four and the last. The caller owns the slice.
func (s *Subnet) Reserved() []netip.Addr {
	kept := make([]netip.Addr, 0, reservedLow+1)
	for i := range reservedLow {
		kept = append(kept, s.addr(i))
	}
	return append(kept, s.addr(s.size-1))
}

// Reservations returns the subnet's CIDR reservations, ascending. The caller
// owns the slice.
func (s *Subnet) Reservations() []Reservation { return slices.Clone(s.reservations) }

// Reserve adds a CIDR reservation. It must lie inside the subnet, have no host
// bits set and overlap no other reservation. It may cover addresses that are in
// use, which stay so, and those that EC2 keeps. Source: Amazon VPC user guide,
// "Subnet CIDR reservations".
//
// A range smaller than a /28 is accepted; one of type prefix then never has
// room for a prefix.
func (s *Subnet) Reserve(r Reservation) error {
	if err := s.checkReservation(r); err != nil {
		return fmt.Errorf("subnet %s: reservation %s: %w", s.id, r.CIDR, err)
	}
	at, _ := slices.BinarySearchFunc(s.reservations, r, func(a, b Reservation) int {
		return a.CIDR.Addr().Compare(b.CIDR.Addr())
	})
	s.reservations = slices.Insert(s.reservations, at, r)

	lo, _ := s.index(r.CIDR.Addr())
	hi := lo + 1<<(32-r.CIDR.Bits())
	zone := zoneClosed
	if r.Type == ReservationPrefix && r.CIDR.Bits() <= prefixBits {
		zone = zoneReserved
	}
	for b := lo / prefixSize; b*prefixSize < hi; b++ {
		s.cover(max(lo, b*prefixSize), min(hi, (b+1)*prefixSize))
		s.rezone(b, zone)
	}
	if r.Type == ReservationPrefix {
		s.insertPrefixRange(blockRange{lo: lo / prefixSize, hi: hi / prefixSize})
	}
	return nil
}

func (s *Subnet) checkReservation(r Reservation) error {
	switch {
	case r.Type != ReservationPrefix && r.Type != ReservationExplicit:
		return fmt.Errorf("type %q is neither %s nor %s", r.Type, ReservationPrefix, ReservationExplicit)
	case !r.CIDR.IsValid():
		return fmt.Errorf("no valid CIDR")
	case r.CIDR != r.CIDR.Masked():
		return fmt.Errorf("host bits set: its network is %s", r.CIDR.Masked())
	case r.CIDR.Bits() < s.cidr.Bits() || !s.cidr.Contains(r.CIDR.Addr()):
		return fmt.Errorf("not inside %s", s.cidr)
	}
	for _, other := range s.reservations {
		if other.CIDR.Overlaps(r.CIDR) {
			return fmt.Errorf("overlaps reservation %s", other.CIDR)
		}
	}
	return nil
}

// cover closes the addresses lo … hi-1, all of one /28, to single addresses.
func (s *Subnet) cover(lo, hi int) {
	word, mask := span(lo, hi-lo)
	s.covered.add(word, mask)
	s.open.remove(word, mask&s.free[word])
}

// rezone moves a block to another zone, out of the set of the old one and into
// that of the new one.
func (s *Subnet) rezone(block int, zone blockZone) {
	isFree := s.blockIsFree(block)
	if set := s.blocksIn(s.zones[block]); isFree && set != nil {
		set.remove(span(block, 1))
	}
	s.zones[block] = zone
	if set := s.blocksIn(zone); isFree && set != nil {
		set.add(span(block, 1))
	}
}

func (s *Subnet) insertPrefixRange(r blockRange) {
	at, _ := slices.BinarySearchFunc(s.prefixRanges, r, func(a, b blockRange) int { return a.lo - b.lo })
	s.prefixRanges = slices.Insert(s.prefixRanges, at, r)
}

// Occupy marks an address as held by others, in a reservation or not. It is an
// error if the address is outside the subnet, kept by EC2, or taken.
func (s *Subnet) Occupy(a netip.Addr) error {
	if err := s.checkFree(a); err != nil {
		return err
	}
	i, _ := s.index(a)
	s.occupy(i)
	return nil
}

// checkFree says why an address cannot be taken.
func (s *Subnet) checkFree(a netip.Addr) error {
	i, ok := s.index(a)
	switch {
	case !ok:
		return fmt.Errorf("subnet %s: %s is not in %s", s.id, a, s.cidr)
	case s.isKept(i):
		return fmt.Errorf("subnet %s: %s is one of the five addresses that EC2 keeps", s.id, a)
	case !s.free.has(i):
		return fmt.Errorf("subnet %s: %s is already in use", s.id, a)
	}
	return nil
}

// OccupyN takes n free addresses outside of reservations for others: the
// lowest with a nil pick, else drawn uniformly. It returns them ascending, and
// takes nothing if fewer are free. Zero is none.
func (s *Subnet) OccupyN(n int, pick Pick) ([]netip.Addr, error) {
	if n < 0 || n > s.open.n {
		return nil, fmt.Errorf("subnet %s: %d addresses in use: %d of %d are free outside of reservations", s.id, n, s.open.n, s.Usable())
	}
	if n == 0 {
		return nil, nil
	}
	taken := make([]netip.Addr, 0, n)
	for range n {
		i := s.open.nth(s.draw(pick, s.open.n))
		s.occupy(i)
		taken = append(taken, s.addr(i))
	}
	slices.SortFunc(taken, netip.Addr.Compare)
	return taken, nil
}

func (s *Subnet) occupy(i int) {
	s.take(i, 1)
	s.others.add(span(i, 1))
}

// TakeAddresses takes n single addresses, never from a reservation: the lowest
// free ones, ascending, with a nil pick; else drawn uniformly one after another
// and returned in that order. It is all or nothing: with fewer free ones it
// takes none, draws nothing and returns InsufficientFreeAddressesInSubnet. No
// addresses are nil. A negative n panics.
func (s *Subnet) TakeAddresses(n int, pick Pick) ([]netip.Addr, error) {
	s.checkCount(n)
	if n == 0 {
		return nil, nil
	}
	if n > s.open.n {
		return nil, InsufficientFreeAddressesInSubnet
	}
	taken := make([]netip.Addr, n)
	for k := range taken {
		i := s.open.nth(s.draw(pick, s.open.n))
		s.take(i, 1)
		taken[k] = s.addr(i)
	}
	return taken, nil
}

// TakePrefixes takes n wholly free, aligned /28s. It is all or nothing: if too
// few can be had it takes none, draws nothing and returns
// InsufficientCidrBlocks. No prefixes are nil. A negative n panics.
//
// If the subnet has reservations of type prefix, the prefixes come from these;
// of several, one is drawn (nil pick: the lowest). What happens when they are
// full AWS doesn't document: with fallback the rest of the subnet serves, that
// is the /28s outside of every reservation; without it the request is refused.
// A subnet without such a reservation serves from the rest in either case.
//
// Nor does AWS document how several prefixes at once are spread. Here one
// reservation serves them all if one can, drawn among those that can; else one
// with room is drawn, gives all it has, and what is missing is sought in the
// same way; only what no reservation has comes from the rest.
//
// Within a reservation or the rest, prefixes are drawn uniformly among the free
// ones (nil pick: the lowest) and returned in the order drawn.
func (s *Subnet) TakePrefixes(n int, pick Pick, fallback bool) ([]netip.Prefix, error) {
	s.checkCount(n)
	if n == 0 {
		return nil, nil
	}
	if !s.PrefixFits(n, fallback) {
		return nil, InsufficientCidrBlocks
	}
	taken := make([]netip.Prefix, 0, n)
	for len(taken) < n && s.blocksReserved.n > 0 {
		missing := n - len(taken)
		from := s.choosePrefixRange(missing, pick)
		for range min(missing, s.room(from)) {
			below := s.blocksReserved.members.within(0, from.lo)
			b := s.blocksReserved.nth(below + s.draw(pick, s.room(from)))
			taken = append(taken, s.delegate(b))
		}
	}
	for len(taken) < n {
		b := s.blocksOpen.nth(s.draw(pick, s.blocksOpen.n))
		taken = append(taken, s.delegate(b))
	}
	return taken, nil
}

// PrefixFits reports whether TakePrefixes(n) would succeed.
func (s *Subnet) PrefixFits(n int, fallback bool) bool {
	available := s.blocksReserved.n
	if fallback || len(s.prefixRanges) == 0 {
		available += s.blocksOpen.n
	}
	return n <= available
}

// room is how many prefixes a reservation has left.
func (s *Subnet) room(r blockRange) int {
	return s.blocksReserved.members.within(r.lo, r.hi)
}

// choosePrefixRange draws a reservation that has all that is wanted, or, where
// none has, one that has something. It counts instead of keeping counts, since
// a subnet has a handful of reservations at most.
func (s *Subnet) choosePrefixRange(want int, pick Pick) blockRange {
	suited := s.countRangesWith(want)
	if suited == 0 {
		want = 1
		suited = s.countRangesWith(want)
	}
	k := s.draw(pick, suited)
	for _, r := range s.prefixRanges {
		if s.room(r) < want {
			continue
		}
		if k == 0 {
			return r
		}
		k--
	}
	panic(fmt.Sprintf("subnet %s: %d free prefixes in reservations, none of which has room", s.id, s.blocksReserved.n))
}

func (s *Subnet) countRangesWith(room int) int {
	n := 0
	for _, r := range s.prefixRanges {
		if s.room(r) >= room {
			n++
		}
	}
	return n
}

func (s *Subnet) delegate(block int) netip.Prefix {
	s.take(block*prefixSize, prefixSize)
	s.delegated.add(span(block, 1))
	return netip.PrefixFrom(s.addr(block*prefixSize), prefixBits)
}

// TakeOptions say how EC2 chooses among free addresses and prefixes.
type TakeOptions struct {
	// Pick draws; nil takes the lowest.
	Pick Pick
	// Fallback lets prefixes come from the rest of the subnet when its
	// reservations of type prefix have too few, see [Subnet.TakePrefixes].
	Fallback bool
}

// TakenENI is what an ENI is created with.
type TakenENI struct {
	Primary   netip.Addr
	Addresses []netip.Addr   // secondary ones, in the order taken; may be nil
	Prefixes  []netip.Prefix // in the order taken; may be nil
}

// TakeENI takes what a new ENI needs: its primary address, then the given
// number of secondary addresses or of prefixes. It is all or nothing.
//
// The primary address is a single address, so it comes from outside of
// reservations, and it is taken first: in a subnet without any the code is
// InsufficientFreeAddressesInSubnet whatever else is missing, and it may spoil
// the last free /28, after which the request is refused with
// InsufficientCidrBlocks although a /28 was free before and is so afterwards.
// The draw for the primary address is then made all the same.
//
// A request for both addresses and prefixes panics, as do negative counts: EC2
// takes one or the other. Source: EC2 API reference, CreateNetworkInterface.
func (s *Subnet) TakeENI(addresses, prefixes int, opts TakeOptions) (TakenENI, error) {
	s.checkCount(addresses)
	s.checkCount(prefixes)
	if addresses > 0 && prefixes > 0 {
		panic(fmt.Sprintf("subnet %s: an ENI with %d addresses and %d prefixes: EC2 takes one or the other", s.id, addresses, prefixes))
	}
	singles, err := s.TakeAddresses(1+addresses, opts.Pick)
	if err != nil {
		return TakenENI{}, err
	}
	delegated, err := s.TakePrefixes(prefixes, opts.Pick, opts.Fallback)
	if err != nil {
		s.ReleaseAddress(singles[0]) // with prefixes wanted it is the only one
		return TakenENI{}, err
	}
	eni := TakenENI{Primary: singles[0], Prefixes: delegated}
	if addresses > 0 {
		eni.Addresses = singles[1:]
	}
	return eni, nil
}

// ReleaseAddress gives back a single address that TakeAddresses or TakeENI
// took. Anything else is a defect of the caller, and panics.
func (s *Subnet) ReleaseAddress(a netip.Addr) {
	if use := s.State(a).Use; use != AddressSingle {
		panic(fmt.Sprintf("subnet %s (%s): released address %s, which is %s", s.id, s.cidr, a, use))
	}
	i, _ := s.index(a)
	s.release(i, 1)
}

// ReleasePrefix gives back a prefix that TakePrefixes or TakeENI took. Anything
// else is a defect of the caller, and panics.
func (s *Subnet) ReleasePrefix(p netip.Prefix) {
	i, ok := s.index(p.Addr())
	if !ok || p.Bits() != prefixBits || p != p.Masked() || !s.delegated.has(i/prefixSize) {
		panic(fmt.Sprintf("subnet %s (%s): released prefix %s, which is not taken", s.id, s.cidr, p))
	}
	s.delegated.remove(span(i/prefixSize, 1))
	s.release(i, prefixSize)
}

// take makes width addresses from lo on used: one, or an aligned 16 of them.
// They must be free.
func (s *Subnet) take(lo, width int) {
	block := lo / prefixSize
	if set := s.blocksIn(s.zones[block]); set != nil && s.blockIsFree(block) {
		set.remove(span(block, 1))
	}
	word, mask := span(lo, width)
	s.free.remove(word, mask)
	s.open.remove(word, mask&^s.covered[word])
	s.used += width
}

// release undoes take. A reservation may have been laid over the addresses
// meanwhile, or over some of them.
func (s *Subnet) release(lo, width int) {
	word, mask := span(lo, width)
	s.free.add(word, mask)
	s.open.add(word, mask&^s.covered[word])
	s.used -= width
	block := lo / prefixSize
	if set := s.blocksIn(s.zones[block]); set != nil && s.blockIsFree(block) {
		set.add(span(block, 1))
	}
}

// blocksIn is the set of wholly free blocks of a zone; closed blocks are in
// none.
func (s *Subnet) blocksIn(zone blockZone) *ranked {
	switch zone {
	case zoneOpen:
		return &s.blocksOpen
	case zoneReserved:
		return &s.blocksReserved
	default:
		return nil
	}
}

func (s *Subnet) blockIsFree(block int) bool {
	word, mask := span(block*prefixSize, prefixSize)
	return s.free[word]&mask == mask
}

// Usable returns how many addresses the subnet has for its users: its size
// less the five that EC2 keeps.
func (s *Subnet) Usable() int { return s.size - reservedLow - 1 }

// Used returns how many addresses are taken, by ENIs, in prefixes (16 each) or
// by others. The five that EC2 keeps are not counted.
func (s *Subnet) Used() int { return s.used }

// Free returns how many addresses are free, in reservations and outside: what
// EC2 reports as AvailableIpAddressCount. It is no promise: reservations and
// fragmentation keep requests from using all of them.
func (s *Subnet) Free() int { return s.Usable() - s.used }

// ReservedFree returns how many free addresses lie in reservations of either
// type.
func (s *Subnet) ReservedFree() int { return s.Free() - s.open.n }

// FreeForAddresses returns how many free addresses lie outside of reservations:
// what TakeAddresses can serve.
func (s *Subnet) FreeForAddresses() int { return s.open.n }

// FreePrefixes returns how many wholly free, aligned /28s lie in reservations
// of type prefix or outside of every reservation. Where such a reservation is
// full and nothing falls back, the latter can't be had; PrefixFits knows.
func (s *Subnet) FreePrefixes() int { return s.blocksReserved.n + s.blocksOpen.n }

// LargestFree returns the length of the longest run of consecutive free
// addresses, aligned or not, across the bounds of reservations; 0 in a full
// subnet. It looks at the whole subnet.
func (s *Subnet) LargestFree() int { return s.free.longestRun() }

// AddressUse is who holds an address of a subnet.
type AddressUse string

// The uses. Each address of a subnet has exactly one; the empty use is that of
// an address outside of it.
const (
	AddressReserved AddressUse = "reserved" // one of the five that EC2 keeps
	AddressFree     AddressUse = "free"
	AddressOthers   AddressUse = "others" // in use outside of the simulation
	AddressSingle   AddressUse = "single" // an ENI's primary or secondary address
	AddressPrefix   AddressUse = "prefix" // in a /28 delegated to an ENI
)

// String returns the use as a word.
func (u AddressUse) String() string {
	if u == "" {
		return "outside"
	}
	return string(u)
}

// AddressState is the state of one address of a subnet. The zero value is that
// of an address outside of it.
type AddressState struct {
	Use AddressUse
	// Reservation is the type of the CIDR reservation that covers the address;
	// empty: none does.
	Reservation ReservationType
}

// State returns the state of an address.
func (s *Subnet) State(a netip.Addr) AddressState {
	i, ok := s.index(a)
	if !ok {
		return AddressState{}
	}
	return AddressState{Use: s.use(i), Reservation: s.reservationOf(i)}
}

func (s *Subnet) use(i int) AddressUse {
	switch {
	case s.isKept(i):
		return AddressReserved
	case s.free.has(i):
		return AddressFree
	case s.delegated.has(i / prefixSize):
		return AddressPrefix
	case s.others.has(i):
		return AddressOthers
	default:
		return AddressSingle
	}
}

func (s *Subnet) reservationOf(i int) ReservationType {
	if !s.covered.has(i) {
		return ""
	}
	a := s.addr(i)
	above, _ := slices.BinarySearchFunc(s.reservations, a, func(r Reservation, a netip.Addr) int {
		if r.CIDR.Addr().Compare(a) <= 0 {
			return -1
		}
		return 1
	})
	return s.reservations[above-1].Type
}

func (s *Subnet) isKept(i int) bool { return i < reservedLow || i == s.size-1 }

// draw asks pick for one of n, which must be at least 1; nil takes the first.
func (s *Subnet) draw(pick Pick, n int) int {
	if pick == nil {
		return 0
	}
	k := pick(n)
	if k < 0 || k >= n {
		panic(fmt.Sprintf("subnet %s: picked %d of %d", s.id, k, n))
	}
	return k
}

func (s *Subnet) checkCount(n int) {
	if n < 0 {
		panic(fmt.Sprintf("subnet %s: asked for %d addresses or prefixes", s.id, n))
	}
}

// index returns the place of an address in the subnet, and whether it has one.
func (s *Subnet) index(a netip.Addr) (int, bool) {
	if !a.Is4() {
		return 0, false
	}
	i := uint32Of(a) - s.base // an address below base wraps to beyond the size
	return int(i), i < uint32(s.size)
}

func (s *Subnet) addr(i int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], s.base+uint32(i))
	return netip.AddrFrom4(b)
}

// uint32Of returns an IPv4 address as a number.
func uint32Of(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}
