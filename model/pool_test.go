package model

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// pool makes statistics of secondary-IP mode.
func pool(total, assigned int) PoolStats { return PoolStats{Total: total, Assigned: assigned} }

// prefixPool makes statistics of prefix mode without excluded ENIs.
func prefixPool(prefixes, assigned, free int) PoolStats {
	return PoolStats{Total: PrefixSize * prefixes, Assigned: assigned, Prefixes: prefixes, FreePrefixes: free}
}

// targets are the IP targets, in secondary-IP mode.
func targets(warm, minimum int) Settings {
	return Settings{WarmIPTarget: warm, MinimumIPTarget: minimum, WarmENITarget: 1, WarmPrefixTarget: 1}
}

func inPrefixMode(s Settings) Settings {
	s.PrefixDelegation = true
	return s
}

func warmENIs(n int) Settings     { return Settings{WarmENITarget: n} }
func warmPrefixes(n int) Settings { return Settings{WarmPrefixTarget: n, PrefixDelegation: true} }

var anyPods = PoolLimits{MaxPods: math.MaxInt, Slots: 9}

func TestShortOfIPTargets(t *testing.T) {
	for _, c := range []struct {
		name     string
		pool     PoolStats
		settings Settings
		want     int
	}{
		{"none defined", pool(0, 0), warmENIs(1), 0},
		{"none defined, prefixes", prefixPool(0, 0, 0), warmPrefixes(1), 0},
		{"warm: available one above", pool(9, 3), targets(5, 0), 0},
		{"warm: available equal", pool(9, 4), targets(5, 0), 0},
		{"warm: available one below", pool(9, 5), targets(5, 0), 1},
		{"warm: all assigned", pool(9, 9), targets(5, 0), 5},
		{"minimum: total one above", pool(11, 11), targets(0, 10), 0},
		{"minimum: total equal", pool(10, 10), targets(0, 10), 0},
		{"minimum: total one below", pool(9, 0), targets(0, 10), 1},
		{"both: the larger, warm", pool(9, 8), targets(5, 11), 4},
		{"both: the larger, minimum", pool(9, 8), targets(2, 12), 3},
		{"prefixes: met", prefixPool(1, 11, 0), inPrefixMode(targets(5, 0)), 0},
		{"prefixes: one address makes one", prefixPool(1, 12, 0), inPrefixMode(targets(5, 0)), 1},
		{"prefixes: 16 addresses make one", prefixPool(1, 16, 0), inPrefixMode(targets(16, 0)), 1},
		{"prefixes: 17 addresses make two", prefixPool(1, 16, 0), inPrefixMode(targets(17, 0)), 2},
		{"prefixes: minimum of 16", prefixPool(0, 0, 0), inPrefixMode(targets(0, 16)), 1},
		{"prefixes: minimum of 17", prefixPool(0, 0, 0), inPrefixMode(targets(0, 17)), 2},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, Short(c.pool, c.settings)) })
	}
}

func TestOverIPTargets(t *testing.T) {
	for _, c := range []struct {
		name     string
		pool     PoolStats
		settings Settings
		want     int
	}{
		{"none defined", pool(90, 0), warmENIs(1), 0},
		{"none defined, prefixes", prefixPool(9, 0, 9), warmPrefixes(1), 0},
		{"warm: available one below", pool(9, 5), targets(5, 0), 0},
		{"warm: available equal", pool(9, 4), targets(5, 0), 0},
		{"warm: available one above", pool(9, 3), targets(5, 0), 1},
		{"minimum: total equal", pool(10, 0), targets(0, 10), 0},
		{"minimum: total one above", pool(11, 0), targets(0, 10), 1},
		{"minimum: but no more than are available", pool(20, 18), targets(0, 10), 2},
		{"both: the smaller, warm", pool(20, 10), targets(8, 5), 2},
		{"both: the smaller, minimum", pool(20, 10), targets(2, 17), 3},
		{"both: below the minimum", pool(10, 0), targets(2, 12), 0},
		{"prefixes: none free", prefixPool(3, 3, 0), inPrefixMode(targets(1, 0)), 0},
		{"prefixes: warm needs 2 of 3", prefixPool(3, 15, 2), inPrefixMode(targets(2, 0)), 1},
		{"prefixes: warm needs 1 of 3", prefixPool(3, 15, 2), inPrefixMode(targets(1, 0)), 2},
		{"prefixes: minimum needs 2 of 3", prefixPool(3, 1, 2), inPrefixMode(targets(1, 17)), 1},
		{"prefixes: minimum needs 1 of 3", prefixPool(3, 1, 2), inPrefixMode(targets(1, 16)), 2},
		{"prefixes: one free only", prefixPool(3, 2, 1), inPrefixMode(targets(1, 0)), 1},
		{"prefixes: below the minimum", prefixPool(1, 0, 1), inPrefixMode(targets(1, 33)), 0},
		{"prefixes: those of excluded ENIs count", PoolStats{Total: 16, Assigned: 1, Prefixes: 2, FreePrefixes: 1}, inPrefixMode(targets(1, 0)), 1},
		{"prefixes: a count gone astray below zero", PoolStats{Prefixes: -1}, inPrefixMode(targets(1, 0)), 0},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, Over(c.pool, c.settings)) })
	}
}

func TestPoolIsTooLow(t *testing.T) {
	for _, c := range []struct {
		name     string
		pool     PoolStats
		settings Settings
		maxPods  int
		want     bool
		why      Reason
	}{
		{"max-pods: total equal", pool(29, 29), warmENIs(1), 29, false, ReasonMaxPods},
		{"max-pods: total above", pool(30, 30), warmENIs(1), 29, false, ReasonMaxPods},
		{"max-pods: total one below", pool(28, 28), warmENIs(1), 29, true, ReasonWarmENITarget},
		{"max-pods: before IP targets", pool(29, 29), targets(5, 50), 29, false, ReasonMaxPods},
		{"max-pods: one below, IP targets", pool(28, 28), targets(5, 50), 29, true, ReasonWarmIPTarget},
		{"ENI target: available equal", pool(18, 9), warmENIs(1), 99, false, ReasonEnough},
		{"ENI target: available one below", pool(18, 10), warmENIs(1), 99, true, ReasonWarmENITarget},
		{"ENI target 2: available equal", pool(27, 9), warmENIs(2), 99, false, ReasonEnough},
		{"ENI target 2: available one below", pool(27, 10), warmENIs(2), 99, true, ReasonWarmENITarget},
		{"ENI target 0: one available", pool(9, 8), warmENIs(0), 99, false, ReasonEnough},
		{"ENI target 0: none available", pool(9, 9), warmENIs(0), 99, true, ReasonPoolEmpty},
		{"prefix target: available equal", prefixPool(2, 16, 0), warmPrefixes(1), 999, false, ReasonEnough},
		{"prefix target: available one below", prefixPool(2, 17, 0), warmPrefixes(1), 999, true, ReasonWarmPrefixTarget},
		{"prefix target 0: one available", prefixPool(1, 15, 0), warmPrefixes(0), 999, false, ReasonEnough},
		{"prefix target 0: none available", prefixPool(1, 16, 0), warmPrefixes(0), 999, true, ReasonPoolEmpty},
		{"warm: available equal", pool(9, 4), targets(5, 0), 99, false, ReasonEnough},
		{"warm: available one below", pool(9, 5), targets(5, 0), 99, true, ReasonWarmIPTarget},
		{"minimum: total one below", pool(9, 0), targets(5, 10), 99, true, ReasonMinimumIPTarget},
		{"minimum and warm: warm is named", pool(9, 9), targets(1, 10), 99, true, ReasonWarmIPTarget},
		{"minimum alone is a hard cap", pool(10, 10), targets(0, 10), 99, false, ReasonEnough},
		{"IP targets override the ENI target", pool(5, 0), targets(5, 0), 99, false, ReasonEnough},
		{"prefixes, warm: available equal", prefixPool(1, 11, 0), inPrefixMode(targets(5, 0)), 999, false, ReasonEnough},
		{"prefixes, warm: available one below", prefixPool(1, 12, 0), inPrefixMode(targets(5, 0)), 999, true, ReasonWarmIPTarget},
	} {
		t.Run(c.name, func(t *testing.T) {
			low, why := TooLow(c.pool, c.settings, PoolLimits{MaxPods: c.maxPods, Slots: 9})
			require.Equal(t, c.want, low)
			require.Equal(t, c.why, why)
		})
	}
}

func TestPoolIsTooHigh(t *testing.T) {
	for _, c := range []struct {
		name     string
		pool     PoolStats
		settings Settings
		want     bool
		why      Reason
	}{
		{"ENI target: never", pool(99, 0), warmENIs(0), false, ReasonEnough},
		{"warm: available equal", pool(9, 4), targets(5, 0), false, ReasonEnough},
		{"warm: available one above", pool(9, 3), targets(5, 0), true, ReasonWarmIPTarget},
		{"minimum: total equal", pool(10, 0), targets(0, 10), false, ReasonEnough},
		{"minimum: total one above", pool(11, 0), targets(0, 10), true, ReasonMinimumIPTarget},
		{"prefix target: free equal", prefixPool(2, 1, 1), warmPrefixes(1), false, ReasonEnough},
		{"prefix target: free one above", prefixPool(3, 1, 2), warmPrefixes(1), true, ReasonWarmPrefixTarget},
		{"prefix target 0: none free", prefixPool(1, 1, 0), warmPrefixes(0), false, ReasonEnough},
		{"prefix target 0: one free", prefixPool(1, 0, 1), warmPrefixes(0), true, ReasonWarmPrefixTarget},
		{"IP targets override the prefix target", prefixPool(3, 0, 3), inPrefixMode(targets(33, 0)), false, ReasonEnough},
		{"prefixes, warm: one too many", prefixPool(3, 0, 3), inPrefixMode(targets(32, 0)), true, ReasonWarmIPTarget},
	} {
		t.Run(c.name, func(t *testing.T) {
			high, why := TooHigh(c.pool, c.settings)
			require.Equal(t, c.want, high)
			require.Equal(t, c.why, why)
		})
	}
}

func TestShrinkCount(t *testing.T) {
	for _, c := range []struct {
		name     string
		pool     PoolStats
		settings Settings
		want     int
	}{
		{"ENI target: never", pool(99, 0), warmENIs(0), 0},
		{"IP targets: over", pool(9, 2), targets(5, 0), 2},
		{"IP targets: short", pool(9, 9), targets(5, 0), 0},
		{"prefix target: free equal", prefixPool(2, 1, 1), warmPrefixes(1), 0},
		{"prefix target: free two above", prefixPool(4, 1, 3), warmPrefixes(1), 2},
		{"prefix target: free below", prefixPool(1, 1, 0), warmPrefixes(1), 0},
		{"prefixes, IP targets: over, not the prefix target", prefixPool(3, 0, 3), inPrefixMode(targets(17, 0)), 1},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, ShrinkCount(c.pool, c.settings)) })
	}
}

func TestGrowCount(t *testing.T) {
	for _, c := range []struct {
		name     string
		pool     PoolStats
		settings Settings
		want     int
	}{
		{"ENI target: an ENI's worth", pool(9, 9), warmENIs(1), 9},
		{"ENI target 0: an ENI's worth", pool(9, 9), warmENIs(0), 9},
		{"IP targets: short", pool(9, 7), targets(5, 0), 3},
		{"IP targets: not cut at an ENI's worth", pool(0, 0), targets(0, 30), 30},
		{"IP targets: met", pool(9, 4), targets(5, 0), 0},
		{"prefix target: free below", prefixPool(1, 1, 0), warmPrefixes(2), 2},
		{"prefix target: free equal, at least one", prefixPool(3, 30, 1), warmPrefixes(1), 1},
		{"prefix target 0: at least one", prefixPool(1, 16, 0), warmPrefixes(0), 1},
		{"prefixes, IP targets: short", prefixPool(1, 16, 0), inPrefixMode(targets(17, 0)), 2},
		{"prefixes, IP targets: met, at least one", prefixPool(1, 0, 1), inPrefixMode(targets(1, 0)), 1},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, GrowCount(c.pool, c.settings, anyPods)) })
	}
}

func TestMayFreeENI(t *testing.T) {
	for _, c := range []struct {
		name     string
		pool     PoolStats
		settings Settings
		unused   bool
		want     bool
	}{
		{"ENI target: one below the threshold", pool(27, 10), warmENIs(1), true, false},
		{"ENI target: at the threshold", pool(27, 9), warmENIs(1), false, true},
		{"ENI target 0: one below", pool(18, 10), warmENIs(0), true, false},
		{"ENI target 0: at", pool(18, 9), warmENIs(0), false, true},
		{"IP targets: always", pool(9, 9), targets(0, 1), false, true},
		{"prefix target: one below", prefixPool(18, 1, 17), warmPrefixes(1), false, false},
		{"prefix target: at", prefixPool(18, 0, 18), warmPrefixes(1), false, true},
		{"prefix target: below, but an ENI without pods", prefixPool(2, 1, 1), warmPrefixes(1), true, true},
		{"prefixes, IP targets: always", prefixPool(1, 16, 0), inPrefixMode(targets(1, 0)), false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, MayFreeENI(c.pool, c.settings, anyPods, c.unused))
		})
	}
}

// What the documentation's tables show as the settled state of a node must be
// one that asks for nothing. Rows where the instance has no room left are not
// in here: there the pool stays too low.
//
// Source: VPC CNI docs, "WARM_ENI_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET".
func TestDocumentedAddressesAreEnough(t *testing.T) {
	for _, c := range []struct {
		slots       int
		settings    Settings
		pods, total int
	}{
		{3, warmENIs(1), 0, 3},
		{3, warmENIs(1), 5, 9},
		{3, targets(1, 1), 0, 1},
		{3, targets(1, 1), 5, 6},
		{3, targets(2, 5), 0, 5},
		{3, targets(2, 5), 5, 7},
		{49, warmENIs(1), 0, 49},
		{49, warmENIs(1), 3, 98},
		{49, warmENIs(1), 95, 147},
		{49, targets(5, 10), 0, 10},
		{49, targets(5, 10), 7, 12},
		{49, targets(5, 10), 15, 20},
		{49, targets(5, 10), 45, 50},
	} {
		requireSettled(t, pool(c.total, c.pods), c.settings, c.slots)
	}
}

// As above. Of the row with a minimum of 20 and no pods the column of prefixes
// per ENI is right, not the one of attached prefixes: 20 addresses take two.
//
// Source: VPC CNI docs, "WARM_PREFIX_TARGET, WARM_IP_TARGET and
// MINIMUM_IP_TARGET".
func TestDocumentedPrefixesAreEnough(t *testing.T) {
	for _, c := range []struct {
		slots                int
		settings             Settings
		pods, prefixes, free int
	}{
		{3, warmPrefixes(1), 0, 1, 1},
		{3, warmPrefixes(1), 5, 2, 1},
		{3, warmPrefixes(1), 16, 2, 1},
		{3, warmPrefixes(1), 17, 3, 1},
		{3, warmPrefixes(1), 58, 5, 1},
		{3, targets(1, 1), 0, 1, 1},
		{3, targets(1, 1), 5, 1, 0},
		{3, targets(1, 1), 17, 2, 0},
		{3, targets(1, 1), 58, 4, 0},
		{3, targets(7, 20), 0, 2, 2},
		{3, targets(7, 20), 5, 2, 1},
		{3, targets(7, 20), 17, 2, 0},
		{3, targets(7, 20), 58, 5, 1},
		{49, targets(5, 10), 0, 1, 1},
		{49, targets(5, 10), 7, 1, 0},
		{49, targets(5, 10), 15, 2, 1},
		{49, targets(5, 10), 45, 4, 1},
	} {
		requireSettled(t, prefixPool(c.prefixes, c.pods, c.free), inPrefixMode(c.settings), c.slots)
	}
}

func requireSettled(t *testing.T, p PoolStats, s Settings, slots int) {
	t.Helper()
	state := fmt.Sprintf("%+v warm=%d minimum=%d", p, s.WarmIPTarget, s.MinimumIPTarget)
	low, why := TooLow(p, s, PoolLimits{MaxPods: math.MaxInt, Slots: slots})
	require.False(t, low, "%s: %s", state, why)
	high, why := TooHigh(p, s)
	require.False(t, high, "%s: %s", state, why)
}

// A shrink by ShrinkCount never makes the pool too low, and a growth by
// GrowCount that is not cut makes it enough.
func TestShrinkAndGrowMeetTheTargets(t *testing.T) {
	for warm := range 20 {
		for minimum := range 40 {
			for total := range 50 {
				for assigned := range total + 1 {
					s, p := targets(warm, minimum), pool(total, assigned)
					if !s.DefinesIPs() {
						continue
					}
					p.Total -= ShrinkCount(p, s)
					requireLow(t, Short(pool(total, assigned), s) > 0, p, s)
					p.Total += GrowCount(p, s, anyPods)
					requireLow(t, false, p, s)
				}
			}
		}
	}
}

func requireLow(t *testing.T, want bool, p PoolStats, s Settings) {
	low, _ := TooLow(p, s, anyPods)
	if low != want {
		require.Equal(t, want, low, "%+v warm=%d minimum=%d", p, s.WarmIPTarget, s.MinimumIPTarget)
	}
}
