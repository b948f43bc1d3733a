package model

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWindowsSettings(t *testing.T) {
	const prefix = WindowsPrefixKey
	for _, test := range []struct {
		name                           string
		data                           map[string]string
		warm, minimum, prefixes, notes int
	}{
		{"nothing is set", nil, 3, 3, 0, 0},
		{"both", map[string]string{WindowsWarmIPKey: "5", WindowsMinimumIPKey: "10"}, 5, 10, 0, 0},
		{"the older names win", map[string]string{WindowsWarmIPKey: "5", "warm-ip-target": "2", "minimum-ip-target": "4"}, 2, 4, 0, 0},
		{"a warm target of 0 is 1", map[string]string{WindowsWarmIPKey: "0", WindowsMinimumIPKey: "2"}, 1, 2, 0, 1},
		{"and of 1 is 1", map[string]string{WindowsWarmIPKey: "1", WindowsMinimumIPKey: "0"}, 1, 0, 0, 0},
		{"the warm target alone has no minimum", map[string]string{WindowsWarmIPKey: "5"}, 5, 0, 0, 0},
		{"the minimum alone keeps nothing warm", map[string]string{WindowsMinimumIPKey: "10"}, 0, 10, 0, 0},
		{"negative ones are the defaults", map[string]string{WindowsWarmIPKey: "-1", WindowsMinimumIPKey: "-1"}, 3, 3, 0, 2},
		{"what is no number is 0", map[string]string{WindowsWarmIPKey: "x", WindowsMinimumIPKey: "y"}, 3, 3, 0, 2},
		{"the prefix target is for prefix mode", map[string]string{"warm-prefix-target": "2"}, 3, 3, 0, 1},
		{"prefix mode", map[string]string{prefix: "true"}, 1, 3, 0, 0},
		{"prefix target", map[string]string{prefix: "true", "warm-prefix-target": "2"}, 0, 0, 2, 0},
		{"prefix target of 0", map[string]string{prefix: "true", "warm-prefix-target": "0"}, 1, 3, 0, 0},
		{"an IP target wins", map[string]string{prefix: "true", "warm-prefix-target": "2", "minimum-ip-target": "20"}, 1, 20, 0, 1},
		{"one IP target brings the other", map[string]string{prefix: "true", "warm-ip-target": "5"}, 5, 3, 0, 0},
		{"no flag", map[string]string{prefix: "on", WindowsWarmIPKey: "5"}, 5, 0, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, notes := ParseWindowsSettings(test.data)
			require.Equal(t, []int{test.warm, test.minimum, test.prefixes}, []int{s.WarmIPTarget, s.MinimumIPTarget, s.WarmPrefixTarget})
			require.Len(t, notes, test.notes, "%q", notes)
		})
	}
	s, _ := ParseWindowsSettings(map[string]string{prefix: "true", "warm-prefix-target": "2"})
	require.False(t, s.IPAM)
	s, notes := s.ForType(InstanceType{Name: "m4.large", Hypervisor: "xen"})
	require.Len(t, notes, 1)
	require.Equal(t, WindowsSettings{WarmIPTarget: 3, MinimumIPTarget: 3}, s)
}

// Bare metal has prefixes, as Nitro does; the controller counts it so.
func TestWindowsPrefixModeOnBareMetal(t *testing.T) {
	on, _ := ParseWindowsSettings(map[string]string{WindowsPrefixKey: "true"})
	s, notes := on.ForType(InstanceType{Name: "m5.metal", BareMetal: true})
	require.Empty(t, notes)
	require.True(t, s.PrefixDelegation)
	require.Equal(t, WindowsSettings{}, s.Draining())
	require.Equal(t, WindowsSettings{PrefixDelegation: true}, s.Draining().Draining())
}

// What drains gives all back that is warm, whatever is in use or cools.
func TestWindowsDraining(t *testing.T) {
	for stats, want := range map[WindowsStats]int{
		{Used: 4, Warm: 3}:                               -3,
		{Used: 4, Warm: 1, Cooling: 2}:                   -1,
		{Used: 4, Cooling: 2}:                            0,
		{Used: 4, Warm: 1, PendingCreate: 2}:             -3,
		{Used: 4, Warm: 1, Cooling: 4, PendingDelete: 9}: -1,
	} {
		require.Equal(t, want, stats.Deviation(WindowsSettings{}), "%+v", stats)
	}
	for stats, want := range map[WindowsStats]int{
		{Used: 1, Warm: 47, FreePrefixes: 2}: -32,
		{Used: 2, Warm: 30}:                  0,
		{Warm: 16, FreePrefixes: 1}:          -16,
		{Cooling: 1, Warm: 15}:               0,
	} {
		require.Equal(t, want, stats.Deviation(WindowsSettings{PrefixDelegation: true}), "%+v", stats)
	}
	p := windowsPool(WindowsSettings{WarmIPTarget: 1}, "10.0.0.5/32", "10.0.0.6/32")
	p.Configure(WindowsSettings{})
	require.Len(t, p.Plan(nil).Delete, 2)
	require.Panics(t, func() { p.Configure(WindowsSettings{PrefixDelegation: true}) })
}

func TestWindowsDeviation(t *testing.T) {
	ips := WindowsSettings{WarmIPTarget: 3, MinimumIPTarget: 5}
	prefixes := WindowsSettings{PrefixDelegation: true, WarmIPTarget: 5, MinimumIPTarget: 20}
	byPrefix := WindowsSettings{PrefixDelegation: true, WarmPrefixTarget: 2}
	for _, test := range []struct {
		name     string
		settings WindowsSettings
		stats    WindowsStats
		want     int
	}{
		{"an empty node gets the minimum", ips, WindowsStats{}, 5},
		{"what is on its way counts", ips, WindowsStats{PendingCreate: 4}, 1},
		{"two below the warm target", ips, WindowsStats{Used: 4, Warm: 1}, 2},
		{"at the targets", ips, WindowsStats{Used: 4, Warm: 3}, 0},
		{"above", ips, WindowsStats{Used: 4, Warm: 5}, -2},
		{"above, but not below the minimum", ips, WindowsStats{Used: 1, Warm: 6}, -2},
		{"cooling ones are not warm", ips, WindowsStats{Used: 4, Warm: 1, Cooling: 3}, 2},
		{"but count in the total", ips, WindowsStats{Warm: 3, Cooling: 2}, 0},
		{"the minimum takes two prefixes", prefixes, WindowsStats{}, 32},
		{"27 and 5 fit into 32", prefixes, WindowsStats{Used: 27, Warm: 5}, 0},
		{"28 and 5 do not", prefixes, WindowsStats{Used: 28, Warm: 4}, 16},
		{"cooling ones hold a prefix up", prefixes, WindowsStats{Used: 27, Cooling: 5}, 0},
		{"a prefix too many", prefixes, WindowsStats{Used: 1, Warm: 47, FreePrefixes: 2}, -16},
		{"none of which is wholly free", prefixes, WindowsStats{Used: 1, Warm: 46, Cooling: 1}, 0},
		{"prefixes that are wholly free", byPrefix, WindowsStats{Used: 1, Warm: 31, FreePrefixes: 1}, 16},
		{"as many as wanted", byPrefix, WindowsStats{Used: 1, Warm: 47, FreePrefixes: 2}, 0},
		{"one too many", byPrefix, WindowsStats{Warm: 48, FreePrefixes: 3}, -16},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, test.stats.Deviation(test.settings))
		})
	}
}

// windowsPool is a pool of a type with ten addresses an ENI and these prefixes.
func windowsPool(s WindowsSettings, blocks ...string) *WindowsPool {
	var have []netip.Prefix
	for _, b := range blocks {
		have = append(have, netip.MustParsePrefix(b))
	}
	return NewWindowsPool(s, InstanceType{IPv4PerENI: 10}, have, nil)
}

func TestWindowsAddressIsOfThePrefixWithFewestWarm(t *testing.T) {
	p := windowsPool(WindowsSettings{PrefixDelegation: true, WarmIPTarget: 1, MinimumIPTarget: 3}, "10.0.0.16/28", "10.0.0.32/28")
	first, _ := p.Assign(func(int) int { return 1 })
	require.Equal(t, "10.0.0.32", first.Address.String(), "drawn among equals")
	second, _ := p.Assign(func(int) int { panic("nothing to draw") })
	require.Equal(t, "10.0.0.33", second.Address.String())
	require.Equal(t, "10.0.0.32/28", second.Prefix().String())
	p.Free(first, 0)
	p.Cool(30_000)
	for range 14 {
		_, refusal := p.Assign(nil)
		require.Empty(t, refusal)
	}
	last, _ := p.Assign(nil)
	require.Equal(t, first, last, "what has cooled last is used last")
}

func TestWindowsAddressCools(t *testing.T) {
	for at, warm := range map[Instant]int{29_999: 0, 30_000: 1, 30_001: 1} {
		p := windowsPool(WindowsSettings{WarmIPTarget: 1}, "10.0.0.5/32")
		g, refusal := p.Assign(nil)
		require.Empty(t, refusal)
		require.False(t, g.Prefix().IsValid())
		p.Free(g, 0)
		p.Cool(at)
		require.Equal(t, warm, p.Stats().Warm, "%s", at)
	}
	require.Equal(t, 30*time.Second, WindowsCooldown)
}

// TestWindowsRefusals meets each of them in the order in which the controller
// asks.
func TestWindowsRefusals(t *testing.T) {
	s := WindowsSettings{WarmIPTarget: 3, MinimumIPTarget: 3}
	var blocks []string
	for i := range 8 {
		blocks = append(blocks, fmt.Sprintf("10.0.0.%d/32", 4+i))
	}
	p := windowsPool(s, blocks...)
	var last WindowsGrant
	for range 8 {
		last, _ = p.Assign(nil)
	}
	_, refusal := p.Assign(nil)
	require.Equal(t, WindowsPoolEmpty, refusal)
	require.Equal(t, WindowsPlan{Create: 1}, p.Plan(nil), "the slots are what is left")
	_, refusal = p.Assign(nil)
	require.Equal(t, WindowsBeingCreated, refusal)
	p.Created(1, []netip.Prefix{netip.MustParsePrefix("10.0.0.20/32")}, "")
	p.Free(last, 0)
	_, refusal = p.Assign(nil)
	require.Empty(t, refusal)
	_, refusal = p.Assign(nil)
	require.Equal(t, WindowsCoolingDown, refusal)
	p.Cool(30_000)
	_, refusal = p.Assign(nil)
	require.Empty(t, refusal)
	_, refusal = p.Assign(nil)
	require.Equal(t, WindowsAtCapacity, refusal)
}

func TestWindowsPoolAfterARefusal(t *testing.T) {
	p := windowsPool(WindowsSettings{PrefixDelegation: true, WarmIPTarget: 1, MinimumIPTarget: 3})
	_, refusal := p.Assign(nil)
	require.Equal(t, WindowsNoFreePrefix, refusal, "until the first answer")
	require.Equal(t, WindowsPlan{Create: 1}, p.Plan(nil))
	require.True(t, p.Plan(nil).Empty(), "it is on its way")
	p.Created(1, nil, InsufficientCidrBlocks)
	require.Equal(t, WindowsPlan{Create: 1}, p.Plan(nil), "for want of a /28 it just asks again")
	p.Created(1, nil, RequestLimitExceeded)
	_, refusal = p.Assign(nil)
	require.Equal(t, WindowsPoolEmpty, refusal)
	require.Equal(t, WindowsPlan{Resync: true}, p.Plan(nil))
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.16/28")}, p.Synced([]netip.Prefix{netip.MustParsePrefix("10.0.0.16/28"), netip.MustParsePrefix("10.0.0.9/32")}))
	require.True(t, p.Plan(nil).Empty())
	require.Empty(t, p.Synced([]netip.Prefix{netip.MustParsePrefix("10.0.0.32/28")}), "nobody asked again")
}

// A pool that is at its capacity with what is on its way needs nothing, and
// needs more once that has come, by itself.
func TestWindowsPoolNeedsMoreAfterAnAnswer(t *testing.T) {
	for _, held := range []int{5, 6, 7} {
		var blocks []string
		for i := range 9 {
			blocks = append(blocks, fmt.Sprintf("10.0.0.%d/32", 4+i))
		}
		p := windowsPool(WindowsSettings{WarmIPTarget: 3, MinimumIPTarget: 3}, blocks...)
		for range 4 {
			p.Assign(nil)
		}
		require.True(t, p.Needs())
		plan := p.Plan(nil)
		require.Len(t, plan.Delete, 2)
		for range held - 4 {
			p.Assign(nil)
		}
		require.False(t, p.Needs(), "%d pods: %+v", held, p.Stats())
		require.True(t, p.Plan(nil).Empty())
		p.Deleted(plan.Delete, "")
		require.True(t, p.Needs(), "%d pods: %+v", held, p.Stats())
		require.Equal(t, min(held-4, 2), p.Plan(nil).Create)
		require.False(t, p.Needs(), "it is on its way")
	}
}

func TestWindowsGivesBackWholePrefixesOnly(t *testing.T) {
	p := windowsPool(WindowsSettings{PrefixDelegation: true, WarmIPTarget: 1, MinimumIPTarget: 3}, "10.0.0.16/28", "10.0.0.32/28", "10.0.0.48/28")
	g, _ := p.Assign(nil)
	plan := p.Plan(nil)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.32/28"), netip.MustParsePrefix("10.0.0.48/28")}, plan.Delete)
	p.Deleted(plan.Delete[:1], "")
	require.False(t, p.noPrefix, "any answer but the lack of a /28 tells that there may be one")
	p.Deleted(plan.Delete[1:], RequestLimitExceeded)
	require.Equal(t, 31, p.Stats().Warm, "what was not taken back is there again")
	require.Zero(t, p.Stats().PendingDelete)
	p.Free(g, 0)
	require.Panics(t, func() { p.Free(g, 0) })
}

// A pool that begins while pods hold all of its prefixes, after a restart of the
// controller, tells a pod of a lack of prefixes until EC2's first answer, as one
// that has none does; not so one with a warm address elsewhere.
func TestWindowsPoolBeginsFull(t *testing.T) {
	s := WindowsSettings{PrefixDelegation: true, WarmIPTarget: 1, MinimumIPTarget: 3}
	for n, want := range map[int]WindowsRefusal{15: "", 16: WindowsNoFreePrefix} {
		block := netip.MustParsePrefix("10.0.0.16/28")
		var held []WindowsGrant
		for a := block.Addr(); len(held) < n; a = a.Next() {
			held = append(held, WindowsGrant{a, block})
		}
		p := NewWindowsPool(s, InstanceType{IPv4PerENI: 10}, []netip.Prefix{block}, held)
		_, refusal := p.Assign(nil)
		require.Equal(t, want, refusal, "%d of 16 held", n)
		if n == 16 {
			p.Free(held[0], 0)
			p.Cool(30_000)
			_, refusal = p.Assign(nil)
			require.Empty(t, refusal)
			_, refusal = p.Assign(nil)
			require.Equal(t, WindowsPoolEmpty, refusal, "it is listed now")
		}
	}
}

// settle gives the pool what it asks for, and takes what it gives back, until it
// asks for nothing.
func settle(p *WindowsPool, next *int) {
	for range 100 {
		plan := p.Plan(nil)
		if plan.Empty() {
			return
		}
		if len(plan.Delete) > 0 {
			p.Deleted(plan.Delete, "")
		}
		var blocks []netip.Prefix
		for range plan.Create {
			*next++
			block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(*next / 16), byte(*next % 16 * 16)}), 28)
			if p.unit() == 1 {
				block = netip.PrefixFrom(block.Addr(), 32)
			}
			blocks = append(blocks, block)
		}
		if plan.Create > 0 {
			p.Created(plan.Create, blocks, "")
		}
	}
	panic("the pool never settles")
}

// The tables of the controller's documentation, docs/windows, "Configuration
// options": what a node has with so many pods that came one by one.
func TestWindowsDocumentedTables(t *testing.T) {
	const unset = "-"
	run := func(keys map[string]string, pods int) WindowsStats {
		for key, text := range keys {
			if text == unset {
				delete(keys, key)
			}
		}
		s, _ := ParseWindowsSettings(keys)
		p := NewWindowsPool(s, InstanceType{IPv4PerENI: 50}, nil, nil)
		next := 0
		settle(p, &next)
		for range pods {
			_, refusal := p.Assign(nil)
			require.Empty(t, refusal)
			settle(p, &next)
		}
		return p.Stats()
	}
	for _, row := range []struct {
		warm, minimum           string
		pods, allocated, warmIP int
	}{
		{"1", "0", 0, 1, 1}, {"1", "0", 5, 6, 1}, {"5", "0", 0, 5, 5}, {"1", "1", 0, 1, 1}, {"1", "1", 1, 2, 1}, {"1", "3", 3, 4, 1},
		{"1", "3", 5, 6, 1}, {"5", "10", 0, 10, 10}, {"10", "10", 0, 10, 10}, {"10", "10", 10, 20, 10}, {"15", "10", 10, 25, 15},
	} {
		stats := run(map[string]string{WindowsWarmIPKey: row.warm, WindowsMinimumIPKey: row.minimum}, row.pods)
		require.Equal(t, []int{row.allocated, row.warmIP}, []int{stats.Warm + stats.Used, stats.Warm}, "%+v", row)
	}
	for _, row := range []struct {
		prefixTarget, warm, minimum       string
		pods, prefixes, unused, unusedIPs int
	}{
		{unset, unset, unset, 0, 1, 1, 16}, {unset, unset, unset, 15, 1, 0, 1}, {unset, unset, unset, 16, 2, 1, 16},
		{"1", unset, unset, 0, 1, 1, 16}, {"3", unset, unset, 0, 3, 3, 48}, {"1", unset, unset, 5, 2, 1, 27}, {"1", unset, unset, 17, 3, 1, 31},
		{unset, unset, "1", 0, 1, 1, 16}, {unset, unset, "1", 5, 1, 0, 11}, {unset, unset, "1", 15, 1, 0, 1}, {unset, unset, "1", 16, 2, 1, 16},
		{unset, "5", unset, 0, 1, 1, 16}, {unset, "5", unset, 5, 1, 0, 11}, {unset, "5", unset, 11, 1, 0, 5}, {unset, "5", unset, 12, 2, 1, 20},
		{unset, "1", "1", 0, 1, 1, 16}, {unset, "1", "1", 5, 1, 0, 11}, {unset, "1", "1", 17, 2, 0, 15}, {unset, "3", "1", 14, 2, 1, 18},
		{unset, "7", "20", 0, 2, 2, 32}, {unset, "7", "20", 5, 2, 1, 27}, {unset, "7", "20", 17, 2, 0, 15}, {unset, "7", "20", 26, 3, 1, 22},
	} {
		stats := run(map[string]string{
			WindowsPrefixKey: "true", WindowsWarmPrefixKey: row.prefixTarget, WindowsWarmIPKey: row.warm, WindowsMinimumIPKey: row.minimum,
		}, row.pods)
		require.Equal(t, []int{row.prefixes, row.unused, row.unusedIPs}, []int{(stats.Warm + stats.Used) / PrefixSize, stats.FreePrefixes, stats.Warm}, "%+v", row)
	}
}

func TestWindowsCapacity(t *testing.T) {
	kind, _ := LookupInstanceType("t3.xlarge")
	require.Equal(t, 14, WindowsCapacity(kind, false))
	require.Equal(t, 224, WindowsCapacity(kind, true))
	require.Equal(t, 64, WindowsCapacityAfterSwitch(kind, 10))
	require.Zero(t, WindowsCapacityAfterSwitch(kind, 15))
}
