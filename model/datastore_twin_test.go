package model

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// slowStore is Datastore's twin: a flat list of addresses, and for every
// question it looks at all of them. Where chance chooses it tells what may come.
type slowStore struct {
	prefixMode bool
	cooldown   time.Duration
	enis       []slowENI
	addrs      []*slowAddress
	astray     int // by how much the agent's count of prefixes is wrong
}

type slowENI struct {
	device   int
	kind     ENIKind
	excluded bool
	since    Instant
}

type slowAddress struct {
	eni        slowENI
	block      netip.Prefix
	addr       netip.Addr
	pod        PodName // empty: none
	used       bool    // a pod had it, and it hasn't been made fresh
	releasedAt Instant
}

// where returns the addresses that every condition holds for.
func (s *slowStore) where(conditions ...func(*slowAddress) bool) []*slowAddress {
	var out []*slowAddress
	for _, a := range s.addrs {
		if !slices.ContainsFunc(conditions, func(holds func(*slowAddress) bool) bool { return !holds(a) }) {
			out = append(out, a)
		}
	}
	return out
}

func slowHeld(a *slowAddress) bool     { return a.pod != "" }
func slowFree(a *slowAddress) bool     { return a.pod == "" }
func slowIncluded(a *slowAddress) bool { return !a.eni.excluded }

func (s *slowStore) serving(a *slowAddress) bool { return a.block.IsSingleIP() != s.prefixMode }

func (s *slowStore) coolingAt(now Instant) func(*slowAddress) bool {
	return func(a *slowAddress) bool {
		return slowFree(a) && a.used && now.Sub(a.releasedAt) <= s.cooldown
	}
}

func slowOn(device int) func(*slowAddress) bool {
	return func(a *slowAddress) bool { return a.eni.device == device }
}

func slowElsewhere(device int) func(*slowAddress) bool {
	return func(a *slowAddress) bool { return a.eni.device != device }
}

func slowIn(block netip.Prefix) func(*slowAddress) bool {
	return func(a *slowAddress) bool { return a.block == block }
}

// idle returns the blocks among the addresses in which no pod is, by address.
func (s *slowStore) idle(among []*slowAddress) []netip.Prefix {
	var blocks []netip.Prefix
	for _, a := range among {
		if !slices.Contains(blocks, a.block) && len(s.where(slowIn(a.block), slowHeld)) == 0 {
			blocks = append(blocks, a.block)
		}
	}
	slices.SortFunc(blocks, compareBlocks)
	return blocks
}

func slowPrefixes(blocks []netip.Prefix) int {
	n := 0
	for _, b := range blocks {
		if !b.IsSingleIP() {
			n++
		}
	}
	return n
}

func (s *slowStore) stats() PoolStats {
	bases := s.where(func(a *slowAddress) bool { return !a.block.IsSingleIP() && a.addr == a.block.Addr() })
	return PoolStats{
		Total:        len(s.where(s.serving, slowIncluded)),
		Assigned:     len(s.where(s.serving, slowIncluded, slowHeld)),
		Prefixes:     len(bases) + s.astray,
		FreePrefixes: slowPrefixes(s.idle(s.addrs)),
	}
}

// candidates are the addresses of a block that it may hand out.
func (s *slowStore) candidates(block netip.Prefix, now Instant) []*slowAddress {
	free := s.where(slowIn(block), slowFree)
	cooling := s.coolingAt(now)
	var cooled, fresh []*slowAddress
	for _, a := range free {
		switch {
		case !a.used:
			fresh = append(fresh, a)
		case !cooling(a):
			cooled = append(cooled, a)
		}
	}
	if len(cooled) > 0 {
		return cooled
	}
	return fresh[:min(len(fresh), 1)]
}

// possible are the addresses that a pod may get, in the order in which the
// ordered policy prefers them.
func (s *slowStore) possible(now Instant) []*slowAddress {
	var out []*slowAddress
	for _, a := range s.where(s.serving, slowIncluded) {
		if slices.Contains(s.candidates(a.block, now), a) {
			out = append(out, a)
		}
	}
	return out
}

func (s *slowStore) take(a *slowAddress, now Instant, pod PodName) {
	cooling := s.coolingAt(now)
	for _, other := range s.where(slowIn(a.block), slowFree) {
		other.used = other.used && cooling(other)
	}
	a.pod, a.used = pod, true
}

func (s *slowStore) sort() {
	slices.SortFunc(s.addrs, func(a, b *slowAddress) int {
		if a.eni.device != b.eni.device {
			return a.eni.device - b.eni.device
		}
		return a.addr.Compare(b.addr)
	})
}

func (s *slowStore) addBlock(e slowENI, block netip.Prefix) {
	for a := block.Addr(); block.Contains(a); a = a.Next() {
		s.addrs = append(s.addrs, &slowAddress{eni: e, block: block, addr: a})
	}
	s.sort()
}

// freeable are the devices that may be freed.
func (s *slowStore) freeable(now Instant, set Settings) []int {
	var devices []int
	for _, e := range s.enis {
		others := s.where(slowElsewhere(e.device), slowIncluded)
		var available, total int
		for _, a := range others {
			if s.serving(a) {
				total++
				if slowFree(a) {
					available++
				}
			}
		}
		round := func(n int) int {
			for s.prefixMode && n%16 != 0 {
				n++
			}
			return n
		}
		if e.kind == ENISecondary && now-e.since >= 60_000 &&
			len(s.where(slowOn(e.device), slowHeld)) == 0 && len(s.where(slowOn(e.device), s.coolingAt(now))) == 0 &&
			available >= round(set.WarmIPTarget) && total >= round(set.MinimumIPTarget) &&
			(!s.prefixMode || len(s.idle(others)) >= set.WarmPrefixTarget) {
			devices = append(devices, e.device)
		}
	}
	return devices
}

// storeMachine runs the same operations on both.
type storeMachine struct {
	d      *Datastore
	slow   *slowStore
	now    Instant
	pick   Pick
	leases []*Lease
	gone   []*Lease // their block went under the pod
	pods   int
}

const (
	machineENIs  = 11 // more than a group of a map holds
	machineSlots = 10
)

func newStoreMachine(t *rapid.T) *storeMachine {
	prefixMode := rapid.Bool().Draw(t, "prefixMode")
	cooldown := time.Duration(rapid.SampledFrom([]int{0, 5, 30}).Draw(t, "cooldown")) * time.Second
	m := &storeMachine{
		d:    NewDatastore(prefixMode, cooldown),
		slow: &slowStore{prefixMode: prefixMode, cooldown: cooldown},
	}
	if rapid.Bool().Draw(t, "random") {
		m.pick = xorshift(rapid.Uint64Min(1).Draw(t, "seed"))
	}
	m.addENI(slowENI{kind: ENIPrimary})
	return m
}

func (m *storeMachine) addENI(e slowENI) {
	e.since = m.now
	m.slow.enis = append(m.slow.enis, e)
	m.d.AddENI(&StoreENI{
		ID: ENIID(fmt.Sprint(e.device)), Device: e.device, Kind: e.kind, Excluded: e.excluded, Since: e.since,
	})
}

func (m *storeMachine) drawENI(t *rapid.T) *StoreENI {
	return rapid.SampledFrom(m.d.ENIs()).Draw(t, "eni")
}

func (m *storeMachine) slowENI(e *StoreENI) slowENI {
	return m.slow.enis[slices.IndexFunc(m.slow.enis, func(s slowENI) bool { return s.device == e.Device })]
}

func (m *storeMachine) AddENI(t *rapid.T) {
	device := 0
	for slices.ContainsFunc(m.slow.enis, func(e slowENI) bool { return e.device == device }) {
		device++
	}
	if device == machineENIs {
		return
	}
	m.addENI(slowENI{
		device: device, kind: rapid.SampledFrom([]ENIKind{ENISecondary, ENISecondary, ENITrunk}).Draw(t, "kind"),
		excluded: rapid.IntRange(0, 4).Draw(t, "excluded") == 0,
	})
}

func (m *storeMachine) RemoveENI(t *rapid.T) {
	e := m.drawENI(t)
	if e.Device == 0 {
		return
	}
	if len(m.slow.where(slowOn(e.Device), slowHeld)) > 0 {
		m.slow.astray -= slowPrefixes(e.Blocks())
	}
	m.dropLeases(func(a *slowAddress) bool { return a.eni.device == e.Device })
	m.slow.enis = slices.DeleteFunc(m.slow.enis, func(s slowENI) bool { return s.device == e.Device })
	m.d.RemoveENI(e)
}

func (m *storeMachine) AddBlock(t *rapid.T) {
	e := m.drawENI(t)
	if e.BlockCount() == machineSlots {
		return
	}
	prefix := m.slow.prefixMode
	if rapid.IntRange(0, 5).Draw(t, "idle kind") == 0 {
		prefix = !prefix
	}
	b := block1(rapid.IntRange(0, 255).Draw(t, "block"))
	if prefix {
		b = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, byte(rapid.IntRange(0, 9).Draw(t, "third")), byte(16 * rapid.IntRange(0, 15).Draw(t, "fourth"))}), 28)
	}
	if len(m.slow.where(slowIn(b))) > 0 {
		return
	}
	m.slow.addBlock(m.slowENI(e), b)
	m.d.AddBlocks(e, []netip.Prefix{b})
}

func (m *storeMachine) RemoveBlock(t *rapid.T) {
	e := m.drawENI(t)
	if e.BlockCount() == 0 {
		return
	}
	b := rapid.SampledFrom(e.Blocks()).Draw(t, "block")
	if e.Excluded && slices.Contains(e.FreeableBlocks(nil), b) && rapid.Bool().Draw(t, "leave") {
		m.slow.astray += slowPrefixes([]netip.Prefix{b})
		m.dropLeases(slowIn(b))
		m.d.LeaveBlock(e, b)
		return
	}
	m.dropLeases(slowIn(b))
	m.d.RemoveBlocks(e, []netip.Prefix{b})
}

// dropLeases takes addresses out of the slow store, and the leases on them out
// of those that live.
func (m *storeMachine) dropLeases(which func(*slowAddress) bool) {
	for _, a := range m.slow.where(which, slowHeld) {
		i := m.leaseOf(a.pod)
		m.gone = append(m.gone, m.leases[i])
		m.leases = slices.Delete(m.leases, i, i+1)
	}
	m.slow.addrs = slices.DeleteFunc(m.slow.addrs, which)
}

func (m *storeMachine) leaseOf(pod PodName) int {
	return slices.IndexFunc(m.leases, func(l *Lease) bool { return l.Pod() == pod })
}

func (m *storeMachine) newPod() PodName {
	m.pods++
	return PodName(fmt.Sprintf("p-%d", m.pods))
}

func (m *storeMachine) Assign(t *rapid.T) {
	for range rapid.IntRange(1, 8).Draw(t, "pods") {
		pod := m.newPod()
		possible := m.slow.possible(m.now)
		l := m.d.Assign(m.now, pod, m.pick)
		if len(possible) == 0 {
			require.Nil(t, l)
			return
		}
		require.NotNil(t, l)
		i := slices.IndexFunc(possible, func(a *slowAddress) bool { return a.addr == l.Address() })
		require.NotEqual(t, -1, i, "%s is none of the possible ones", l.Address())
		if m.pick == nil {
			require.Zero(t, i, "%s isn't the first, %s", l.Address(), possible[0].addr)
		}
		require.Equal(t, possible[i].eni.device, l.ENI().Device)
		m.slow.take(possible[i], m.now, pod)
		m.leases = append(m.leases, l)
	}
}

// Hold is what a restart does; here it comes at any time, but not for an
// address that cools.
func (m *storeMachine) Hold(t *rapid.T) {
	if len(m.slow.addrs) == 0 {
		return
	}
	a := rapid.SampledFrom(m.slow.addrs).Draw(t, "address")
	if a.used && slowFree(a) {
		return
	}
	pod := m.newPod()
	l := m.d.Hold(a.addr, pod)
	require.Equal(t, slowHeld(a), l == nil)
	if l != nil {
		require.Equal(t, a.addr, l.Address())
		a.pod, a.used = pod, true
		m.leases = append(m.leases, l)
	}
}

func (m *storeMachine) Release(t *rapid.T) {
	if len(m.leases) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.leases)-1).Draw(t, "pod")
	l := m.leases[i]
	a := m.slow.where(func(a *slowAddress) bool { return a.pod == l.Pod() })[0]
	require.Equal(t, a.addr, l.Address())
	until, ok := m.d.Release(l, m.now)
	require.True(t, ok)
	require.Equal(t, m.now.Add(m.slow.cooldown), until)
	a.pod, a.releasedAt = "", m.now
	m.leases = slices.Delete(m.leases, i, i+1)
	leftover := !m.slow.prefixMode && !a.block.IsSingleIP() && len(m.slow.where(slowIn(a.block), slowHeld)) == 0
	require.Equal(t, leftover, m.d.Leftover(l))
}

func (m *storeMachine) Wait(t *rapid.T) {
	m.now += rapid.SampledFrom([]Instant{1, 2_500, 4_999, 5_000, 29_999, 30_000, 60_000}).Draw(t, "ms")
}

func (m *storeMachine) Free(t *rapid.T) {
	s := drawTargets(t, m.slow.prefixMode)
	devices := m.slow.freeable(m.now, s)
	e := m.d.FreeableENI(m.now, s, m.pick)
	from := m.d.FreeableFrom(m.now, s)
	if len(devices) == 0 {
		require.Nil(t, e)
		require.Greater(t, from, m.now)
		return
	}
	require.NotNil(t, e)
	require.Contains(t, devices, e.Device)
	require.Equal(t, m.now, from)
	if m.pick == nil {
		require.Equal(t, slices.Min(devices), e.Device)
	}
}

func drawTargets(t *rapid.T, prefixMode bool) Settings {
	return Settings{
		PrefixDelegation: prefixMode,
		WarmIPTarget:     rapid.IntRange(0, 40).Draw(t, "warm"), MinimumIPTarget: rapid.IntRange(0, 60).Draw(t, "minimum"),
		WarmPrefixTarget: rapid.IntRange(0, 3).Draw(t, "prefixes"),
	}
}

// Check compares every count after every operation.
func (m *storeMachine) Check(t *rapid.T) {
	require.Equal(t, m.slow.stats(), m.d.Stats())
	require.Len(t, m.slow.where(m.slow.serving, slowIncluded, m.slow.coolingAt(m.now)), m.d.Cooling(m.now), "cooling")
	unused := false
	for _, e := range m.d.ENIs() {
		on := m.slow.where(slowOn(e.Device))
		require.Len(t, m.slow.where(slowOn(e.Device), slowHeld), e.Held(), "held on %d", e.Device)
		require.Equal(t, m.slow.idle(on), e.FreeableBlocks(nil), "freeable on %d", e.Device)
		require.ElementsMatch(t, e.FreeableBlocks(nil), e.FreeableBlocks(m.pick))
		blocks := slices.Compact(slowBlocks(on))
		require.Equal(t, blocks, e.Blocks())
		require.Equal(t, len(blocks), e.BlockCount())
		unused = unused || e.Kind == ENISecondary && e.Held() == 0
	}
	require.Equal(t, unused, m.d.HasUnusedENI())
	require.ElementsMatch(t, m.d.ENIs(), m.d.ShrinkOrder(m.pick))
	for _, l := range m.gone {
		require.True(t, l.Dropped())
		_, ok := m.d.Release(l, m.now)
		require.False(t, ok)
	}
	m.gone = nil
}

func slowBlocks(addrs []*slowAddress) []netip.Prefix {
	blocks := []netip.Prefix{}
	for _, a := range addrs {
		blocks = append(blocks, a.block)
	}
	return blocks
}

func TestDatastoreAgreesWithItsTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newStoreMachine(t)
		t.Repeat(map[string]func(*rapid.T){
			"AddENI": m.AddENI, "RemoveENI": m.RemoveENI, "AddBlock": m.AddBlock, "AddBlock2": m.AddBlock,
			"RemoveBlock": m.RemoveBlock, "Assign": m.Assign, "Assign2": m.Assign, "Release": m.Release,
			"Release2": m.Release, "Hold": m.Hold, "Wait": m.Wait, "Free": m.Free, "": m.Check,
		})
	})
}

// FreeableFrom looks ahead; FreeableENI asked millisecond by millisecond must
// find the same instant, and asking about the future must change nothing.
func TestFreeableFromIsTheFirstInstantThatFrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const now = 100_000
		prefixMode := rapid.Bool().Draw(t, "prefixMode")
		cooldown := time.Duration(rapid.IntRange(0, 40).Draw(t, "cooldown")) * time.Millisecond
		d := NewDatastore(prefixMode, cooldown)
		var leases []*Lease
		for device := range rapid.IntRange(1, 5).Draw(t, "enis") {
			e := addENI(d, device, activeBlock(prefixMode, 2*device), idleBlock(prefixMode, 2*device))
			e.Since = now - 60_000 + Instant(rapid.IntRange(-20, 80).Draw(t, "age"))
			for _, b := range e.Blocks() {
				leases = append(leases, d.Hold(b.Addr(), "p"))
			}
		}
		at := Instant(now - 60)
		for _, l := range leases {
			at += Instant(rapid.IntRange(0, 10).Draw(t, "wait"))
			if at <= now && rapid.IntRange(0, 5).Draw(t, "stays") > 0 {
				mustReleaseRapid(t, d, l, at)
			}
		}
		s := drawTargets(t, prefixMode)
		s.WarmIPTarget /= 8
		s.MinimumIPTarget /= 12

		found := Never
		for at := Instant(now); at < now+200; at++ {
			free := d.FreeableENI(at, s, nil)
			for _, e := range d.ENIs() { // in the order of FreeableENI without a pick
				if len(d.ENIKept(e, at, s)) == 0 {
					require.Equal(t, e, free, "at %v", at)
					break
				}
				require.NotEqual(t, e, free, "at %v", at)
			}
			if free != nil {
				found = at
				break
			}
		}
		require.Equal(t, found, d.FreeableFrom(now, s))
		for at := Instant(now); at < min(found, now+200); at += 7 {
			require.Equal(t, found, d.FreeableFrom(at, s), "asked at %v", at)
		}
	})
}

func mustReleaseRapid(t *rapid.T, d *Datastore, l *Lease, now Instant) {
	_, ok := d.Release(l, now)
	require.True(t, ok)
}
