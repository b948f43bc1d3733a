package model

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// block16 and block1 are the n-th prefix and the n-th single address that the
// tests of the datastore use.
func block16(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(16 * n)}), 28)
}

func block1(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), 32)
}

// activeBlock is the n-th block that serves in the mode, idleBlock the n-th of
// the other kind.
func activeBlock(prefixMode bool, n int) netip.Prefix {
	if prefixMode {
		return block16(n)
	}
	return block1(n)
}

func idleBlock(prefixMode bool, n int) netip.Prefix { return activeBlock(!prefixMode, n) }

// addENI adds an ENI with blocks, the primary if its device is 0.
func addENI(d *Datastore, device int, blocks ...netip.Prefix) *StoreENI {
	e := &StoreENI{ID: ENIID(fmt.Sprintf("eni-%d", device)), Device: device, Kind: ENISecondary}
	if device == 0 {
		e.Kind = ENIPrimary
	}
	d.AddENI(e)
	d.AddBlocks(e, blocks)
	return e
}

func addExcludedENI(d *Datastore, device int, blocks ...netip.Prefix) *StoreENI {
	e := &StoreENI{ID: ENIID(fmt.Sprintf("eni-%d", device)), Device: device, Kind: ENISecondary, Excluded: true}
	d.AddENI(e)
	d.AddBlocks(e, blocks)
	return e
}

// assignAll has pods take addresses until there is none, and returns these.
func assignAll(d *Datastore, now Instant, pick Pick) (leases []*Lease, addresses []string) {
	for i := 0; ; i++ {
		l := d.Assign(now, PodName(fmt.Sprintf("p-%d", i)), pick)
		if l == nil {
			return leases, addresses
		}
		leases = append(leases, l)
		addresses = append(addresses, l.Address().String())
	}
}

func mustAssign(t *testing.T, d *Datastore, now Instant) *Lease {
	t.Helper()
	l := d.Assign(now, "p", nil)
	require.NotNil(t, l)
	return l
}

func mustRelease(t *testing.T, d *Datastore, l *Lease, now Instant) {
	t.Helper()
	_, ok := d.Release(l, now)
	require.True(t, ok)
}

func eachMode(t *testing.T, run func(t *testing.T, prefixMode bool)) {
	t.Run("addresses", func(t *testing.T) { run(t, false) })
	t.Run("prefixes", func(t *testing.T) { run(t, true) })
}

func TestOrderedAssignGoesByDeviceThenAddress(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	addENI(d, 1, block1(7), block1(3))
	addENI(d, 0, block1(9), block1(5))
	_, addresses := assignAll(d, 0, nil)
	require.Equal(t, []string{"10.0.0.5", "10.0.0.9", "10.0.0.3", "10.0.0.7"}, addresses)
}

func TestOrderedAssignFillsAPrefixBeforeTheNext(t *testing.T) {
	d := NewDatastore(true, CooldownDefault)
	addENI(d, 0, block16(2), block16(1))
	leases, addresses := assignAll(d, 0, nil)
	require.Len(t, leases, 32)
	for i, a := range addresses {
		require.Equal(t, fmt.Sprintf("10.0.1.%d", 16+i), a)
		require.Equal(t, block16(1+i/16), leases[i].Prefix())
	}
}

// The rotation begins at the drawn slot, of ENIs and then of blocks; slots are
// in the order of adding, which isn't that of addresses.
func TestRandomAssignBeginsAtTheDrawnSlot(t *testing.T) {
	for _, c := range []struct {
		eni, block int
		want       string
	}{
		{0, 0, "10.0.0.9"}, {0, 1, "10.0.0.5"}, {0, 7, "10.0.0.9"},
		{1, 0, "10.0.0.3"}, {1, 1, "10.0.0.3"},
		{2, 1, "10.0.0.5"},
	} {
		d := NewDatastore(false, CooldownDefault)
		e := addENI(d, 0, block1(9))
		d.AddBlocks(e, []netip.Prefix{block1(5)})
		addENI(d, 1, block1(3))
		l := d.Assign(0, "p", draws(t, [2]int{8, c.eni}, [2]int{8, c.block}))
		require.Equal(t, c.want, l.Address().String(), "%+v", c)
	}
}

// An ENI or a block without an unassigned address is passed over without draws
// of its own.
func TestAssignPassesOverWhatIsFull(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	addENI(d, 0, block1(1))
	addENI(d, 1, block1(2), block1(3))
	mustAssign(t, d, 0)
	l := d.Assign(0, "q", draws(t, [2]int{8, 0}, [2]int{8, 1}))
	require.Equal(t, "10.0.0.3", l.Address().String())
	l = d.Assign(0, "r", draws(t, [2]int{8, 0}, [2]int{8, 1}))
	require.Equal(t, "10.0.0.2", l.Address().String())
	require.Nil(t, d.Assign(0, "s", draws(t)), "no draw if nothing is available")
}

func TestCoolingAddressIsNotHandedOut(t *testing.T) {
	for _, c := range []struct {
		name     string
		cooldown time.Duration
		after    Instant
		cools    bool
	}{
		{"just released", CooldownDefault, 0, true},
		{"29.999s", CooldownDefault, 29_999, true},
		{"30s", CooldownDefault, 30_000, true},
		{"30.001s", CooldownDefault, 30_001, false},
		{"no cooldown, same instant", 0, 0, true},
		{"no cooldown, 1ms", 0, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachMode(t, func(t *testing.T, prefixMode bool) {
				const released = 7_001
				d := NewDatastore(prefixMode, c.cooldown)
				addENI(d, 0, activeBlock(prefixMode, 1))
				leases, _ := assignAll(d, 0, nil)
				until, ok := d.Release(leases[0], released)
				require.True(t, ok)
				require.Equal(t, Instant(released).Add(c.cooldown), until)

				now := released + c.after
				require.Equal(t, 1, d.Stats().Available(), "cooling or not")
				require.Equal(t, c.cools, d.Cooling(now) == 1)
				l := d.Assign(now, "q", nil)
				require.Equal(t, c.cools, l == nil)
				if l != nil {
					require.Equal(t, leases[0].Address(), l.Address())
				}
			})
		})
	}
}

// Pods take .16 to .19 of the prefix; .18, .16 and .17 come back, in this order.
func TestCooledAddressesOfAPrefixGoBeforeFreshOnes(t *testing.T) {
	start := func() *Datastore {
		d := NewDatastore(true, CooldownDefault)
		addENI(d, 0, block16(1))
		var leases []*Lease
		for range 4 {
			leases = append(leases, mustAssign(t, d, 0))
		}
		mustRelease(t, d, leases[2], 1_000)
		mustRelease(t, d, leases[0], 2_000)
		mustRelease(t, d, leases[1], 3_000)
		return d
	}
	host := func(l *Lease) int { return int(l.Address().As4()[3]) }

	d := start()
	require.Equal(t, 20, host(mustAssign(t, d, 31_000)), "all cool: the lowest fresh one")
	require.Equal(t, 18, host(mustAssign(t, d, 31_001)), "the one that has cooled")
	require.Equal(t, 21, host(mustAssign(t, d, 31_001)))
	require.Equal(t, 16, host(mustAssign(t, d, 33_001)), "two have cooled: the lower")
	require.Equal(t, 17, host(mustAssign(t, d, 33_001)), "the other is fresh, and the lowest")

	// With chance any of those that have cooled goes, the rest are fresh.
	for i, want := range []int{16, 17, 18} {
		d := start()
		l := d.Assign(33_001, "q", draws(t, [2]int{8, 0}, [2]int{8, 0}, [2]int{3, i}))
		require.Equal(t, want, host(l))
		l = d.Assign(33_001, "q", draws(t, [2]int{8, 0}, [2]int{8, 0}))
		require.Equal(t, []int{17, 16, 16}[i], host(l), "fresh: no draw, the lowest")
	}
}

func TestExcludedENIsAndTheOtherKindServeNobody(t *testing.T) {
	eachMode(t, func(t *testing.T, prefixMode bool) {
		d := NewDatastore(prefixMode, CooldownDefault)
		addENI(d, 0, idleBlock(prefixMode, 1))
		addExcludedENI(d, 1, activeBlock(prefixMode, 2))
		require.Zero(t, d.Stats().Total)
		require.Nil(t, d.Assign(0, "p", nil))
		addENI(d, 2, activeBlock(prefixMode, 3))
		l := mustAssign(t, d, 0)
		require.Equal(t, activeBlock(prefixMode, 3).Addr(), l.Address())
	})
}

// In prefix mode the leftover is an address, and the prefixes are those of the
// active kind; else it is the other way round.
func TestStatsCountTheActiveKind(t *testing.T) {
	d := NewDatastore(true, CooldownDefault)
	addENI(d, 0, block1(1), block16(1))
	addExcludedENI(d, 1, block16(2), block1(2))
	require.Equal(t, PoolStats{Total: 16, Prefixes: 2, FreePrefixes: 2}, d.Stats())
	mustAssign(t, d, 0)
	require.Equal(t, PoolStats{Total: 16, Assigned: 1, Prefixes: 2, FreePrefixes: 1}, d.Stats())
	require.NotNil(t, d.Hold(block1(1).Addr(), "p"))
	require.NotNil(t, d.Hold(block16(2).Addr(), "q"))
	require.Equal(t, PoolStats{Total: 16, Assigned: 1, Prefixes: 2}, d.Stats())

	d = NewDatastore(false, CooldownDefault)
	addENI(d, 0, block1(1), block16(1))
	require.Equal(t, PoolStats{Total: 1, Prefixes: 1, FreePrefixes: 1}, d.Stats())
	require.NotNil(t, d.Hold(block16(1).Addr(), "p"))
	require.Equal(t, PoolStats{Total: 1, Prefixes: 1}, d.Stats())
}

// The two places where the agent's count of prefixes goes astray.
func TestCountOfPrefixesGoesAstray(t *testing.T) {
	d := NewDatastore(true, CooldownDefault)
	e := addENI(d, 0, block16(0), block16(1), block1(1))
	addENI(d, 1, block16(2))
	d.Hold(block16(0).Addr(), "p")
	d.RemoveENI(e)
	require.Equal(t, -1, d.Stats().Prefixes, "an ENI with pods goes: its prefixes count twice")
	require.Equal(t, 1, d.Stats().FreePrefixes)

	d = NewDatastore(true, CooldownDefault)
	x := addExcludedENI(d, 0, block16(0), block1(1))
	d.LeaveBlock(x, block16(0))
	d.LeaveBlock(x, block1(1))
	require.Empty(t, x.Blocks())
	require.Equal(t, PoolStats{Prefixes: 1}, d.Stats(), "a prefix that is left stays counted")
}

func TestLeftoverPrefixIsGivenBackWithItsLastPod(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	addENI(d, 0, block16(1), block1(1))
	p, q := d.Hold(block16(1).Addr(), "p"), d.Hold(block16(1).Addr().Next(), "q")
	mustRelease(t, d, p, 0)
	require.False(t, d.Leftover(p), "q is in it")
	mustRelease(t, d, q, 0)
	require.True(t, d.Leftover(q))
	r := mustAssign(t, d, 0)
	mustRelease(t, d, r, 0)
	require.False(t, d.Leftover(r), "an address of the active kind")

	d = NewDatastore(true, CooldownDefault)
	addENI(d, 0, block16(1), block1(1))
	p, q = d.Hold(block16(1).Addr(), "p"), d.Hold(block1(1).Addr(), "q")
	mustRelease(t, d, p, 0)
	mustRelease(t, d, q, 0)
	require.False(t, d.Leftover(p), "prefix mode is on")
	require.False(t, d.Leftover(q), "a leftover address stays")
}

func TestBlockThatGoesUnderAPodTakesItsLease(t *testing.T) {
	eachMode(t, func(t *testing.T, prefixMode bool) {
		d := NewDatastore(prefixMode, CooldownDefault)
		e := addENI(d, 0, activeBlock(prefixMode, 1))
		l := mustAssign(t, d, 0)
		require.False(t, l.Dropped())
		require.Empty(t, e.FreeableBlocks(nil))

		d.RemoveBlocks(e, []netip.Prefix{activeBlock(prefixMode, 1)})
		require.True(t, l.Dropped())
		require.Equal(t, PoolStats{}, d.Stats())
		require.Zero(t, e.Held())
		require.Equal(t, activeBlock(prefixMode, 1).Addr(), l.Address(), "the pod still has it")

		// It comes back as free, and another pod gets the same address.
		d.AddBlocks(e, []netip.Prefix{activeBlock(prefixMode, 1)})
		twin := mustAssign(t, d, 0)
		require.Equal(t, l.Address(), twin.Address())
		_, ok := d.Release(l, 0)
		require.False(t, ok, "the agent doesn't know the first pod")
		require.Equal(t, 1, d.Stats().Assigned)
		mustRelease(t, d, twin, 0)
		require.Zero(t, d.Stats().Assigned)
		require.Panics(t, func() { d.Release(twin, 0) }, "twice")
	})
}

func TestRemovedBlockForgetsItsCoolingAddresses(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	e := addENI(d, 0, block1(1), block1(2))
	l, other := mustAssign(t, d, 0), mustAssign(t, d, 0)
	mustRelease(t, d, l, 0)
	mustRelease(t, d, other, 0)
	require.ElementsMatch(t, []netip.Prefix{block1(1), block1(2)}, e.FreeableBlocks(nil), "cooling protects no block")
	d.RemoveBlocks(e, []netip.Prefix{block1(1)})
	require.Equal(t, 1, d.Cooling(0))
	d.AddBlocks(e, []netip.Prefix{block1(1)})
	require.Equal(t, block1(1).Addr(), mustAssign(t, d, 0).Address(), "back as fresh")
}

func TestHoldTakesOverWhatPodsHeld(t *testing.T) {
	d := NewDatastore(true, CooldownDefault)
	e := addENI(d, 0, block16(1))
	l := d.Hold(netip.MustParseAddr("10.0.1.21"), "p")
	require.Equal(t, PodName("p"), l.Pod())
	require.Same(t, e, l.ENI())
	require.Equal(t, "10.0.1.21", l.Address().String())
	require.Equal(t, 1, e.Held())
	require.Nil(t, d.Hold(netip.MustParseAddr("10.0.1.32"), "q"), "on no block")
	require.Nil(t, d.Hold(netip.MustParseAddr("10.0.1.21"), "q"), "held")
	require.Equal(t, 1, d.Stats().Assigned)

	// What else was used before the restart is forgotten: lowest first.
	for _, want := range []int{16, 17, 18, 19, 20, 22} {
		require.Equal(t, want, int(mustAssign(t, d, 0).Address().As4()[3]))
	}
	mustRelease(t, d, l, 0)
	require.Equal(t, 1, d.Cooling(0))
}

func TestGrowCandidates(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	addENI(d, 0, block1(1))
	addENI(d, 1, block1(2), block16(1)) // a leftover takes a slot
	addENI(d, 2, block1(3), block1(4), block1(5))
	addExcludedENI(d, 3)
	d.AddENI(&StoreENI{ID: "trunk", Device: 4, Kind: ENITrunk})
	for _, c := range []struct {
		slots  int
		custom bool
		want   []int
	}{
		{4, false, []int{0, 1, 2}},
		{3, false, []int{0, 1}},
		{2, false, []int{0}},
		{1, false, nil},
		{3, true, []int{1}},
		{2, true, nil},
	} {
		s, l := Settings{CustomNetworking: c.custom}, PoolLimits{Slots: c.slots}
		var got []int
		for _, e := range d.GrowCandidates(s, l, nil) {
			got = append(got, e.Device)
		}
		require.Equal(t, c.want, got, "%+v", c)
		require.Equal(t, c.want != nil, d.HasGrowCandidate(s, l), "%+v", c)
	}
	first := d.GrowCandidates(Settings{}, PoolLimits{Slots: 4}, draws(t, [2]int{8, 2}))[0]
	require.Equal(t, 2, first.Device)
	first = d.GrowCandidates(Settings{}, PoolLimits{Slots: 4}, draws(t, [2]int{8, 3}))[0]
	require.Equal(t, 0, first.Device, "neither 3 nor 4 is one")
}

// Each case changes one thing of an ENI that may be freed.
func TestFreeableENI(t *testing.T) {
	const now = 600_000
	type setup struct {
		d *Datastore
		e *StoreENI // the candidate, with one active block
		s Settings
	}
	for _, c := range []struct {
		name   string
		change func(s *setup)
		want   bool
	}{
		{"nothing against it", func(*setup) {}, true},
		{"primary", func(s *setup) { s.e.Kind = ENIPrimary }, false},
		{"trunk", func(s *setup) { s.e.Kind = ENITrunk }, false},
		{"excluded", func(s *setup) { s.e.Excluded = true }, true},
		{"59.999s old", func(s *setup) { s.e.Since = now - 59_999 }, false},
		{"60s old", func(s *setup) { s.e.Since = now - 60_000 }, true},
		{"a pod", func(s *setup) { s.d.Hold(s.e.Blocks()[0].Addr(), "p") }, false},
		{"a pod in a leftover", func(s *setup) {
			b := idleBlock(s.d.prefixMode, 5)
			s.d.AddBlocks(s.e, []netip.Prefix{b})
			s.d.Hold(b.Addr(), "p")
		}, false},
		{"released 30s ago", func(s *setup) {
			s.d.Release(s.d.Hold(s.e.Blocks()[0].Addr(), "p"), now-30_000)
		}, false},
		{"released 30.001s ago", func(s *setup) {
			s.d.Release(s.d.Hold(s.e.Blocks()[0].Addr(), "p"), now-30_001)
		}, true},
		{"leftover released 30s ago", func(s *setup) {
			b := idleBlock(s.d.prefixMode, 5)
			s.d.AddBlocks(s.e, []netip.Prefix{b})
			s.d.Release(s.d.Hold(b.Addr(), "p"), now-30_000)
		}, false},
		{"released 1s ago, and given back", func(s *setup) {
			s.d.Release(s.d.Hold(s.e.Blocks()[0].Addr(), "p"), now-1_000)
			s.d.RemoveBlocks(s.e, s.e.Blocks())
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachMode(t, func(t *testing.T, prefixMode bool) {
				d := NewDatastore(prefixMode, CooldownDefault)
				addENI(d, 0)
				s := setup{d, addENI(d, 1, activeBlock(prefixMode, 1)), Settings{PrefixDelegation: prefixMode}}
				c.change(&s)
				require.Equal(t, c.want, d.FreeableENI(now, s.s, nil) == s.e)
				require.Equal(t, c.want, d.FreeableFrom(now, s.s) == now)
				require.Equal(t, c.want, len(d.ENIKept(s.e, now, s.s)) == 0)
			})
		})
	}
}

// The others' addresses are those of the primary ENI and of one that is too
// young to be freed itself.
func TestENIIsNeededForTheTargets(t *testing.T) {
	const now = 600_000
	for _, c := range []struct {
		name       string
		prefixMode bool
		others     func(d *Datastore, e *StoreENI)
		settings   Settings
		want       bool // freed
	}{
		{"warm reached", false, nil, targets(4, 0), true},
		{"warm missed by one", false, nil, targets(5, 0), false},
		{"minimum reached", false, nil, targets(0, 4), true},
		{"minimum missed by one", false, nil, targets(0, 5), false},
		{"both must be reached: minimum missed", false, nil, targets(1, 5), false},
		{"assigned ones don't count for warm", false, holdFirst, targets(4, 0), false},
		{"assigned ones don't count for warm: one less", false, holdFirst, targets(3, 0), true},
		{"assigned ones count for the minimum", false, holdFirst, targets(0, 4), true},
		{"cooling ones count for warm", false, coolFirst, targets(4, 0), true},
		{"the ENI target isn't asked", false, nil, warmENIs(9), true},
		{"the prefix target isn't asked", false, nil, Settings{WarmPrefixTarget: 9}, true},

		{"prefixes: warm of 64 is four", true, nil, inPrefixMode(Settings{WarmIPTarget: 64}), true},
		{"prefixes: warm of 65 is five", true, nil, inPrefixMode(Settings{WarmIPTarget: 65}), false},
		{"prefixes: warm is rounded up before the assigned go off", true, holdFirst, inPrefixMode(Settings{WarmIPTarget: 49}), false},
		{"prefixes: warm of 48 with one assigned", true, holdFirst, inPrefixMode(Settings{WarmIPTarget: 48}), true},
		{"prefixes: minimum of 64", true, nil, inPrefixMode(Settings{MinimumIPTarget: 64}), true},
		{"prefixes: minimum of 65", true, nil, inPrefixMode(Settings{MinimumIPTarget: 65}), false},
		{"prefix target reached", true, nil, warmPrefixes(4), true},
		{"prefix target missed by one", true, nil, warmPrefixes(5), false},
		{"prefix target: one has a pod", true, holdFirst, warmPrefixes(4), false},
		{"prefix target: cooling inside is free", true, coolFirst, warmPrefixes(4), true},
		{"prefix target: asked with IP targets too", true, nil, inPrefixMode(Settings{WarmIPTarget: 1, WarmPrefixTarget: 5}), false},
		{"prefix target: a leftover address passes for one", true, addLeftover, warmPrefixes(5), true},
		{"prefix target: a leftover with a pod doesn't", true, holdLeftover, warmPrefixes(5), false},
		{"prefixes: a leftover is no address for warm", true, addLeftover, inPrefixMode(Settings{WarmIPTarget: 65}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDatastore(c.prefixMode, CooldownDefault)
			b := func(n int) netip.Prefix { return activeBlock(c.prefixMode, n) }
			primary := addENI(d, 0, b(1), b(2))
			e := addENI(d, 1, b(3))
			young := addENI(d, 2, b(4), b(5))
			young.Since = now
			addExcludedENI(d, 3, b(6), b(7)).Since = now
			if c.others != nil {
				c.others(d, primary)
			}
			require.Equal(t, c.want, d.FreeableENI(now, c.settings, nil) == e)
			require.Equal(t, c.want, d.FreeableFrom(now, c.settings) == now)
		})
	}
}

func holdFirst(d *Datastore, e *StoreENI) { d.Hold(e.Blocks()[0].Addr(), "p") }

func coolFirst(d *Datastore, e *StoreENI) {
	d.Release(d.Hold(e.Blocks()[0].Addr(), "p"), 599_999)
}

func addLeftover(d *Datastore, e *StoreENI) {
	d.AddBlocks(e, []netip.Prefix{idleBlock(d.prefixMode, 9)})
}

func holdLeftover(d *Datastore, e *StoreENI) {
	addLeftover(d, e)
	d.Hold(idleBlock(d.prefixMode, 9).Addr(), "p")
}

func TestFreeableENIIsTheFirstVisited(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	for device := range 3 {
		addENI(d, device)
	}
	require.Equal(t, 1, d.FreeableENI(600_000, Settings{}, nil).Device)
	for start, want := range []int{1, 1, 2, 1, 1, 1, 1, 1} {
		require.Equal(t, want, d.FreeableENI(600_000, Settings{}, draws(t, [2]int{8, start})).Device)
	}
}

func TestHasUnusedENI(t *testing.T) {
	d := NewDatastore(true, CooldownDefault)
	addENI(d, 0)
	d.AddENI(&StoreENI{ID: "trunk", Device: 2, Kind: ENITrunk})
	require.False(t, d.HasUnusedENI(), "primary and trunk")
	addENI(d, 1, block16(1))
	require.True(t, d.HasUnusedENI())
	l := mustAssign(t, d, 0)
	require.False(t, d.HasUnusedENI())
	mustRelease(t, d, l, 0)
	require.True(t, d.HasUnusedENI(), "cooling, but without pods")
}

func TestENIRoom(t *testing.T) {
	for _, c := range []struct {
		name                        string
		plain, excluded             int
		trunk                       bool
		maxENI, unmanaged, keep, is int
	}{
		{"one left", 2, 0, false, 3, 0, 0, 1},
		{"none left", 3, 0, false, 3, 0, 0, 0},
		{"more than the limit", 3, 0, false, 2, 0, 0, 0},
		{"unmanaged take slots", 1, 0, false, 3, 1, 0, 1},
		{"excluded keep slots", 1, 1, false, 3, 0, 0, 1},
		{"two excluded", 1, 2, false, 3, 0, 0, 0},
		{"one kept for a trunk", 2, 0, false, 3, 0, 1, 0},
		{"one kept for a trunk, one more", 1, 0, false, 3, 0, 1, 1},
		{"the trunk is there", 1, 0, true, 3, 0, 1, 1},
		{"the trunk took the last", 2, 0, true, 3, 0, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDatastore(false, CooldownDefault)
			device := 0
			for range c.plain {
				addENI(d, device)
				device++
			}
			for range c.excluded {
				addExcludedENI(d, device)
				device++
			}
			if c.trunk {
				d.AddENI(&StoreENI{ID: "trunk", Device: device, Kind: ENITrunk})
			}
			require.Equal(t, c.is, d.ENIRoom(c.maxENI, c.unmanaged, c.keep == 1))
		})
	}
}

// A new entry takes the slot that another has left, so the draw finds it there.
func TestSlotsAreReused(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	e := addENI(d, 0, block1(1))
	d.AddBlocks(e, []netip.Prefix{block1(2)})
	d.AddBlocks(e, []netip.Prefix{block1(3)})
	d.RemoveBlocks(e, []netip.Prefix{block1(2)})
	d.AddBlocks(e, []netip.Prefix{block1(4)})
	require.Equal(t, []netip.Prefix{block1(4), block1(3), block1(1)}, e.FreeableBlocks(draws(t, [2]int{8, 1})))

	d.RemoveENI(addENI(d, 1))
	addENI(d, 2)
	require.Equal(t, 2, d.ShrinkOrder(draws(t, [2]int{8, 1}, [2]int{8, 0}))[0].Device)
	for n := 5; n < 30; n++ {
		d.AddBlocks(e, []netip.Prefix{block1(n)})
		d.RemoveBlocks(e, []netip.Prefix{block1(n)})
	}
	require.False(t, e.hash.grown, "never more than four at a time")
}

func TestQueueOfCoolingAddressesStaysShort(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	e := addENI(d, 0, block1(1))
	for now := Instant(0); now < 1_000_000; now += 30_001 {
		mustRelease(t, d, mustAssign(t, d, now), now)
		require.Len(t, e.cooling, 1)
	}
}

func TestMistakesPanic(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	e := addENI(d, 0, block1(1))
	require.Panics(t, func() { addENI(d, 0) }, "device taken")
	require.Panics(t, func() { d.AddBlocks(e, []netip.Prefix{block1(1)}) }, "block twice")
	require.Panics(t, func() { d.RemoveBlocks(e, []netip.Prefix{block1(2)}) }, "block not there")
}

func TestHotPathsAllocateTheLeaseAlone(t *testing.T) {
	d := NewDatastore(true, 0)
	for device := range 4 {
		addENI(d, device, block16(2*device), block16(2*device+1))
	}
	for _, pick := range []Pick{nil, xorshift(1)} {
		now := Instant(0)
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
			now += 2
			d.Release(d.Assign(now, "p", pick), now)
		}), 1.0)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			d.Stats()
			d.Cooling(now)
			d.FreeableFrom(now, Settings{})
			d.FreeableENI(now, Settings{}, pick)
		}))
	}
}

// A switch of the mode changes what is counted, and nothing of what pods hold or
// what cools: the numbers are those of a datastore that was in that mode always.
func TestSwitchModeCountsTheOtherBlocks(t *testing.T) {
	eachMode(t, func(t *testing.T, prefixMode bool) {
		build := func(mode bool) *Datastore {
			d := NewDatastore(mode, 30*time.Second)
			addENI(d, 0, activeBlock(prefixMode, 1), idleBlock(prefixMode, 40), idleBlock(prefixMode, 41))
			addExcludedENI(d, 1, activeBlock(prefixMode, 2), idleBlock(prefixMode, 42))
			return d
		}
		d := build(prefixMode)
		held, cooled := mustAssign(t, d, 0), d.Hold(idleBlock(prefixMode, 40).Addr(), "q")
		mustRelease(t, d, cooled, 0)
		d.SwitchMode(!prefixMode)
		want := build(!prefixMode)
		want.Hold(held.Address(), "p")
		mustRelease(t, want, want.Hold(idleBlock(prefixMode, 40).Addr(), "q"), 0)
		require.Equal(t, want.Stats(), d.Stats())
		require.Equal(t, want.Cooling(1000), d.Cooling(1000))
		require.NotZero(t, d.Cooling(1000))
		d.SwitchMode(prefixMode)
		require.Equal(t, 1, d.Stats().Assigned)
	})
}
