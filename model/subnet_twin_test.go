package model

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// slowSubnet is Subnet's twin: a state for each address, and for every question
// it looks at all of them.
type slowSubnet struct {
	cidr         netip.Prefix
	addrs        []netip.Addr
	states       []AddressState
	reservations []Reservation
}

func newSlowSubnet(cidr netip.Prefix) *slowSubnet {
	s := &slowSubnet{cidr: cidr}
	for a := cidr.Addr(); cidr.Contains(a); a = a.Next() {
		s.addrs = append(s.addrs, a)
		s.states = append(s.states, AddressState{Use: AddressFree})
	}
	for _, i := range []int{0, 1, 2, 3, len(s.states) - 1} {
		s.states[i].Use = AddressReserved
	}
	return s
}

// where returns the places of the addresses that a condition holds for.
func (s *slowSubnet) where(holds func(AddressState) bool) []int {
	var places []int
	for i, st := range s.states {
		if holds(st) {
			places = append(places, i)
		}
	}
	return places
}

func isOpen(st AddressState) bool   { return st.Use == AddressFree && st.Reservation == "" }
func isFree(st AddressState) bool   { return st.Use == AddressFree }
func isInside(st AddressState) bool { return st.Use == AddressFree && st.Reservation != "" }

// blocks returns the first places of the /28s that are wholly free, and lie
// wholly in the range (an invalid one: outside of every reservation).
func (s *slowSubnet) blocks(in netip.Prefix) []int {
	var places []int
	for i := 0; i < len(s.states); i += 16 {
		good := true
		for j := i; j < i+16; j++ {
			if in.IsValid() {
				good = good && isFree(s.states[j]) && in.Contains(s.addrs[j])
			} else {
				good = good && isOpen(s.states[j])
			}
		}
		if good {
			places = append(places, i)
		}
	}
	return places
}

func (s *slowSubnet) prefixReservations() []netip.Prefix {
	var rs []netip.Prefix
	for _, r := range s.reservations {
		if r.Type == ReservationPrefix {
			rs = append(rs, r.CIDR)
		}
	}
	slices.SortFunc(rs, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	return rs
}

func slowChoice[T any](from []T, pick Pick) T {
	if pick == nil {
		return from[0]
	}
	return from[pick(len(from))]
}

func (s *slowSubnet) takeSingles(n int, pick Pick, use AddressUse) ([]netip.Addr, bool) {
	if n > len(s.where(isOpen)) {
		return nil, false
	}
	var taken []netip.Addr
	for range n {
		i := slowChoice(s.where(isOpen), pick)
		s.states[i].Use = use
		taken = append(taken, s.addrs[i])
	}
	return taken, true
}

func (s *slowSubnet) servable(fallback bool) int {
	reserved := 0
	for _, r := range s.prefixReservations() {
		reserved += len(s.blocks(r))
	}
	if fallback || len(s.prefixReservations()) == 0 {
		reserved += len(s.blocks(netip.Prefix{}))
	}
	return reserved
}

func (s *slowSubnet) takePrefixes(n int, pick Pick, fallback bool) ([]netip.Prefix, bool) {
	if n > s.servable(fallback) {
		return nil, false
	}
	var taken []netip.Prefix
	takeFrom := func(source netip.Prefix) {
		i := slowChoice(s.blocks(source), pick)
		for j := i; j < i+16; j++ {
			s.states[j].Use = AddressPrefix
		}
		taken = append(taken, netip.PrefixFrom(s.addrs[i], 28))
	}
	for len(taken) < n {
		var all, some []netip.Prefix // reservations that have all that is missing; that have anything
		for _, r := range s.prefixReservations() {
			if len(s.blocks(r)) >= n-len(taken) {
				all = append(all, r)
			}
			if len(s.blocks(r)) > 0 {
				some = append(some, r)
			}
		}
		switch {
		case len(all) > 0:
			r := slowChoice(all, pick)
			for len(taken) < n {
				takeFrom(r)
			}
		case len(some) > 0:
			for r := slowChoice(some, pick); len(s.blocks(r)) > 0; {
				takeFrom(r)
			}
		default:
			takeFrom(netip.Prefix{})
		}
	}
	return taken, true
}

func (s *slowSubnet) largestFree() int {
	longest, current := 0, 0
	for _, st := range s.states {
		current++
		if !isFree(st) {
			current = 0
		}
		longest = max(longest, current)
	}
	return longest
}

// twinOp is an operation on both subnets, read from four bytes so that rapid
// and the fuzzer share it.
type twinOp struct {
	Kind, Count uint8
	Seed        uint16 // of the draws (0: a nil Pick), or a place in the subnet
}

const twinOpKinds = 9

var twinOpNames = [twinOpKinds]string{
	"take addresses", "take prefixes", "take ENI with addresses", "take ENI with prefixes",
	"release address", "release prefix", "occupy", "occupy several", "reserve",
}

func (o twinOp) String() string {
	return fmt.Sprintf("%s count=%d seed=%d", twinOpNames[o.Kind%twinOpKinds], o.Count, o.Seed)
}

// pick returns the draws of the operation: the same ones each time it is asked.
func (o twinOp) pick() Pick {
	if o.Seed == 0 {
		return nil
	}
	state := uint32(o.Seed)
	return func(n int) int {
		state = state*1664525 + 1013904223
		return int(state>>8) % n
	}
}

func (o twinOp) fallback() bool { return o.Count&1 != 0 }

// twins is a subnet, its twin, and what was taken from both.
type twins struct {
	fast      *Subnet
	slow      *slowSubnet
	addresses []netip.Addr
	prefixes  []netip.Prefix
}

func newTwins(bits int) *twins {
	cidr := netip.PrefixFrom(netip.MustParseAddr("10.1.0.0"), bits)
	fast, err := NewSubnet("a", cidr)
	if err != nil {
		panic(err)
	}
	return &twins{fast: fast, slow: newSlowSubnet(cidr)}
}

// runTwins does the operations on a subnet of the size and on its twin, and
// returns the first difference, or the first panic, with what led to it.
func runTwins(bits int, ops []twinOp) (err error) {
	w, done := newTwins(bits), 0
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil {
			err = fmt.Errorf("%w\nafter these operations on a /%d:\n%s", err, bits, listOps(ops[:done]))
		}
	}()
	for _, o := range ops {
		done++
		if err := w.do(o); err != nil {
			return err
		}
		if err := w.compare(); err != nil {
			return err
		}
	}
	return nil
}

func listOps(ops []twinOp) string {
	var b strings.Builder
	for i, o := range ops {
		fmt.Fprintf(&b, "%4d  %s\n", i, o)
	}
	return b.String()
}

func (w *twins) do(o twinOp) error {
	count := int(o.Count)
	switch o.Kind % twinOpKinds {
	case 0:
		fast, err := w.fast.TakeAddresses(count, o.pick())
		slow, ok := w.slow.takeSingles(count, o.pick(), AddressSingle)
		w.addresses = append(w.addresses, fast...)
		return sameTake(fast, err, slow, ok, InsufficientFreeAddressesInSubnet)
	case 1:
		count %= 16
		fast, err := w.fast.TakePrefixes(count, o.pick(), o.fallback())
		slow, ok := w.slow.takePrefixes(count, o.pick(), o.fallback())
		w.prefixes = append(w.prefixes, fast...)
		return sameTake(fast, err, slow, ok, InsufficientCidrBlocks)
	case 2:
		count %= 50
		fast, err := w.fast.TakeENI(count, 0, TakeOptions{Pick: o.pick()})
		var all []netip.Addr
		if err == nil {
			all = append([]netip.Addr{fast.Primary}, fast.Addresses...)
		}
		slow, ok := w.slow.takeSingles(1+count, o.pick(), AddressSingle)
		w.addresses = append(w.addresses, all...)
		return sameTake(all, err, slow, ok, InsufficientFreeAddressesInSubnet)
	case 3:
		return w.takeENIWithPrefixes(o, count%6)
	case 4:
		if len(w.addresses) > 0 {
			i := int(o.Seed) % len(w.addresses)
			a := w.addresses[i]
			w.addresses = slices.Delete(w.addresses, i, i+1)
			w.fast.ReleaseAddress(a)
			w.slow.free(netip.PrefixFrom(a, 32))
		}
	case 5:
		if len(w.prefixes) > 0 {
			i := int(o.Seed) % len(w.prefixes)
			p := w.prefixes[i]
			w.prefixes = slices.Delete(w.prefixes, i, i+1)
			w.fast.ReleasePrefix(p)
			w.slow.free(p)
		}
	case 6:
		i := int(o.Seed) % len(w.slow.addrs)
		err := w.fast.Occupy(w.slow.addrs[i])
		if free := isFree(w.slow.states[i]); free != (err == nil) {
			return fmt.Errorf("occupying %s: free is %t, error %v", w.slow.addrs[i], free, err)
		} else if free {
			w.slow.states[i].Use = AddressOthers
		}
	case 7:
		fast, err := w.fast.OccupyN(count, o.pick())
		slow, ok := w.slow.takeSingles(count, o.pick(), AddressOthers)
		slices.SortFunc(slow, netip.Addr.Compare)
		if ok != (err == nil) || !slices.Equal(fast, slow) {
			return fmt.Errorf("occupied %v (%v), twin %v (%t)", fast, err, slow, ok)
		}
	case 8:
		return w.reserve(o)
	}
	return nil
}

func (w *twins) takeENIWithPrefixes(o twinOp, count int) error {
	pick := o.pick()
	fast, err := w.fast.TakeENI(0, count, TakeOptions{Pick: pick, Fallback: o.fallback()})

	pick = o.pick()
	primary, ok := w.slow.takeSingles(1, pick, AddressSingle)
	if !ok {
		return sameTake(fast.Prefixes, err, nil, false, InsufficientFreeAddressesInSubnet)
	}
	slow, ok := w.slow.takePrefixes(count, pick, o.fallback())
	if !ok {
		w.slow.free(netip.PrefixFrom(primary[0], 32))
		return sameTake(fast.Prefixes, err, nil, false, InsufficientCidrBlocks)
	}
	if fast.Primary != primary[0] {
		return fmt.Errorf("primary %s, twin %s", fast.Primary, primary[0])
	}
	w.addresses = append(w.addresses, fast.Primary)
	w.prefixes = append(w.prefixes, fast.Prefixes...)
	return sameTake(fast.Prefixes, err, slow, true, nil)
}

// reserve lays a reservation at a random place; three in four are for prefixes,
// and most have room for some.
func (w *twins) reserve(o twinOp) error {
	sizes := [8]int{24, 26, 27, 28, 28, 27, 30, 32}
	size := max(sizes[o.Count>>2%8], w.slow.cidr.Bits())
	const apart = 49 // small seeds, which rapid prefers, land in different /28s
	at := w.slow.addrs[int(o.Seed)*apart%len(w.slow.addrs)]
	r := Reservation{CIDR: netip.PrefixFrom(at, size).Masked(), Type: ReservationPrefix}
	if o.Count%4 == 3 {
		r.Type = ReservationExplicit
	}
	overlaps := slices.ContainsFunc(w.slow.reservations, func(other Reservation) bool { return other.CIDR.Overlaps(r.CIDR) })
	if err := w.fast.Reserve(r); overlaps != (err != nil) {
		return fmt.Errorf("reserving %s: overlaps is %t, error %v", r.CIDR, overlaps, err)
	}
	if !overlaps {
		w.slow.reservations = append(w.slow.reservations, r)
		for i, a := range w.slow.addrs {
			if r.CIDR.Contains(a) {
				w.slow.states[i].Reservation = r.Type
			}
		}
	}
	return nil
}

func (s *slowSubnet) free(p netip.Prefix) {
	for i, a := range s.addrs {
		if p.Contains(a) {
			s.states[i].Use = AddressFree
		}
	}
}

func sameTake[T comparable](fast []T, err error, slow []T, ok bool, code error) error {
	switch {
	case ok && err != nil, !ok && err != code:
		return fmt.Errorf("error is %v, twin served: %t, code %v", err, ok, code)
	case !slices.Equal(fast, slow):
		return fmt.Errorf("took %v, twin %v", fast, slow)
	}
	return nil
}

// compare asks both everything there is to ask.
func (w *twins) compare() error {
	free := len(w.slow.where(isFree))
	reservedBlocks, openBlocks := 0, len(w.slow.blocks(netip.Prefix{}))
	for _, r := range w.slow.prefixReservations() {
		reservedBlocks += len(w.slow.blocks(r))
	}
	for _, c := range []struct {
		name       string
		fast, slow int
	}{
		{"Usable", w.fast.Usable(), len(w.slow.states) - 5},
		{"Used", w.fast.Used(), len(w.slow.states) - 5 - free},
		{"Free", w.fast.Free(), free},
		{"ReservedFree", w.fast.ReservedFree(), len(w.slow.where(isInside))},
		{"FreeForAddresses", w.fast.FreeForAddresses(), len(w.slow.where(isOpen))},
		{"FreePrefixes", w.fast.FreePrefixes(), reservedBlocks + openBlocks},
		{"LargestFree", w.fast.LargestFree(), w.slow.largestFree()},
	} {
		if c.fast != c.slow {
			return fmt.Errorf("%s is %d, twin has %d", c.name, c.fast, c.slow)
		}
	}
	for _, fallback := range []bool{false, true} {
		n := w.slow.servable(fallback)
		if !w.fast.PrefixFits(n, fallback) || w.fast.PrefixFits(n+1, fallback) {
			return fmt.Errorf("PrefixFits with fallback %t is wrong about %d or about one more", fallback, n)
		}
	}
	for i, a := range w.slow.addrs {
		if got := w.fast.State(a); got != w.slow.states[i] {
			return fmt.Errorf("%s is %v, twin has %v", a, got, w.slow.states[i])
		}
	}
	return nil
}

// Both twins do the same random operations. On failure rapid shortens the list
// and prints it.
func TestSubnetDoesAsItsSlowTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTwins(rapid.SampledFrom([]int{24, 25, 23, 26, 22, 27, 28}).Draw(t, "bits"))
		actions := map[string]func(*rapid.T){
			"": func(t *rapid.T) { // after each of the others
				if err := w.compare(); err != nil {
					t.Fatal(err)
				}
			},
		}
		for kind, name := range twinOpNames {
			actions[name] = func(t *rapid.T) {
				o := twinOp{
					Kind:  uint8(kind),
					Count: rapid.OneOf(rapid.Uint8Range(0, 20), rapid.Uint8()).Draw(t, "count"),
					Seed:  rapid.Uint16().Draw(t, "seed"),
				}
				if err := w.do(o); err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Repeat(actions)
	})
}

// Counts over several groups of words exist only in large subnets, where the
// twin is too slow to run often: one run by seed for each size.
func TestLargeSubnetDoesAsItsSlowTwin(t *testing.T) {
	for bits := 16; bits <= 19; bits++ {
		t.Run(fmt.Sprintf("a /%d, its size the seed", bits), func(t *testing.T) {
			random := rand.New(rand.NewSource(int64(bits)))
			var ops []twinOp
			for range 25 {
				ops = append(ops, twinOp{
					Kind:  uint8(random.Intn(twinOpKinds)),
					Count: uint8(random.Intn(100)),
					Seed:  uint16(random.Intn(1 << 16)),
				})
			}
			require.NoError(t, runTwins(bits, ops))
		})
	}
}

func FuzzSubnet(f *testing.F) {
	encode := func(ops ...twinOp) []byte {
		var b []byte
		for _, o := range ops {
			b = append(b, o.Kind, o.Count)
			b = binary.BigEndian.AppendUint16(b, o.Seed)
		}
		return b
	}
	// Nothing at all: an empty subnet agrees with its twin.
	f.Add(uint8(28), encode())
	// Every address at once, and one more: both sides of full.
	f.Add(uint8(24), encode(twinOp{Kind: 0, Count: 251}, twinOp{Kind: 0, Count: 1}))
	// All prefixes of a /24, one back, and two wanted.
	f.Add(uint8(24), encode(twinOp{Kind: 1, Count: 14}, twinOp{Kind: 5, Seed: 3}, twinOp{Kind: 1, Count: 2}))
	// A /30 reserved (at .20 = 84 × 49 mod 256) inside a prefix in use, which then comes back in part only.
	f.Add(uint8(24), encode(twinOp{Kind: 1, Count: 1}, twinOp{Kind: 8, Count: 6 << 2, Seed: 84}, twinOp{Kind: 5}))
	// Two reservations of one /28 each and three prefixes wanted with fallback:
	// spread, then the rest.
	f.Add(uint8(24), encode(twinOp{Kind: 8, Count: 3 << 2, Seed: 64}, twinOp{Kind: 8, Count: 3 << 2, Seed: 128}, twinOp{Kind: 1, Count: 3, Seed: 5}))
	// An ENI whose primary address spoils the last free /28: rolled back.
	f.Add(uint8(26), encode(twinOp{Kind: 7, Count: 28}, twinOp{Kind: 3, Count: 1}, twinOp{Kind: 1, Count: 1}))
	// Everything is reserved: no primary address, but prefixes.
	f.Add(uint8(24), encode(twinOp{Kind: 8, Count: 0, Seed: 0}, twinOp{Kind: 3, Count: 1}, twinOp{Kind: 1, Count: 1}))

	f.Fuzz(func(t *testing.T, bits uint8, data []byte) {
		const most = 200 // operations; more only make it slow
		var ops []twinOp
		for ; len(data) >= 4 && len(ops) < most; data = data[4:] {
			ops = append(ops, twinOp{Kind: data[0], Count: data[1], Seed: binary.BigEndian.Uint16(data[2:])})
		}
		require.NoError(t, runTwins(22+int(bits-22)%7, ops))
	})
}
