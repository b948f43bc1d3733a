package realstore

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// The tests of this file settle one question each, with numbers, where random
// operations only say that both datastores agree.

var (
	addressA = netip.MustParsePrefix("10.0.0.5/32")
	addressB = netip.MustParsePrefix("10.0.0.6/32")
	prefixA  = netip.MustParsePrefix("10.0.1.0/28")
	prefixB  = netip.MustParsePrefix("10.0.2.0/28")
)

// inBothModes runs a test on a fresh pair for each mode, with the usual
// cooldown.
func inBothModes(t *testing.T, run func(t *testing.T, p *pair)) {
	t.Setenv("IP_COOLDOWN_PERIOD", "30")
	for _, prefixMode := range []bool{false, true} {
		t.Run(fmt.Sprintf("prefixMode=%t", prefixMode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { run(t, newPair(t, prefixMode, 30*time.Second)) })
		})
	}
}

// blocksOf returns a block of the active kind, and one of the other.
func blocksOf(prefixMode bool) (active, leftover netip.Prefix) {
	if prefixMode {
		return prefixA, addressA
	}
	return addressA, prefixA
}

// An ENI is needed if the others miss a target without it. Each case has one
// block on the one other ENI.
func TestWhoHelpsToMeetTheTargets(t *testing.T) {
	warm, minimum := model.Settings{WarmIPTarget: 1}, model.Settings{MinimumIPTarget: 1}
	prefixes := model.Settings{WarmPrefixTarget: 1}
	prefixes2 := model.Settings{WarmPrefixTarget: 2}
	for _, c := range []struct {
		name       string
		prefixMode bool
		settings   model.Settings
		excluded   bool
		block      netip.Prefix
		freed      bool
	}{
		{"an address", false, warm, false, addressA, true},
		{"an address, minimum", false, minimum, false, addressA, true},
		{"an excluded ENI's address doesn't", false, warm, true, addressA, false},
		{"an excluded ENI's address doesn't, minimum", false, minimum, true, addressA, false},
		{"a leftover prefix doesn't", false, warm, false, prefixA, false},
		{"a leftover prefix doesn't, minimum", false, minimum, false, prefixA, false},
		{"prefixes aren't asked for", false, prefixes, false, addressA, true},
		{"a prefix", true, warm, false, prefixA, true},
		{"a prefix, minimum", true, minimum, false, prefixA, true},
		{"a prefix, prefixes", true, prefixes, false, prefixA, true},
		{"one prefix of two", true, prefixes2, false, prefixA, false},
		{"an excluded ENI's prefix doesn't", true, warm, true, prefixA, false},
		{"an excluded ENI's prefix doesn't, minimum", true, minimum, true, prefixA, false},
		{"an excluded ENI's prefix doesn't, prefixes", true, prefixes, true, prefixA, false},
		{"a leftover address doesn't", true, warm, false, addressA, false},
		{"a leftover address doesn't, minimum", true, minimum, false, addressA, false},
		{"a leftover address passes for a free prefix", true, prefixes, false, addressA, true},
		{"a leftover address on an excluded ENI doesn't", true, prefixes, true, addressA, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("IP_COOLDOWN_PERIOD", "30")
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, c.prefixMode, 30*time.Second)
				c.settings.PrefixDelegation = c.prefixMode
				p.addBlock(p.addENI(model.ENIPrimary, c.excluded), c.block)
				p.addENI(model.ENISecondary, false)
				p.sleep(time.Hour)
				p.free(c.settings)
				require.Equal(t, c.freed, p.sim.ENI("eni-1") == nil)
			})
		})
	}
}

func TestFreePrefixesCountOnEveryENIAndInBothModes(t *testing.T) {
	inBothModes(t, func(t *testing.T, p *pair) {
		e := p.addENI(model.ENIPrimary, false)
		x := p.addENI(model.ENISecondary, true)
		p.addBlock(e, addressA)
		p.check(9, false)
		require.Zero(t, p.sim.Stats().FreePrefixes, "a leftover address is none")
		p.addBlock(e, prefixA)
		p.addBlock(x, prefixB)
		p.check(9, false)
		require.Equal(t, 2, p.sim.Stats().FreePrefixes)
		p.assign()
		p.check(9, false)
	})
}

func TestCoolingLeftoverKeepsItsENI(t *testing.T) {
	inBothModes(t, func(t *testing.T, p *pair) {
		p.addENI(model.ENIPrimary, false)
		e := p.addENI(model.ENISecondary, false)
		_, leftover := blocksOf(p.prefixMode)
		p.addBlock(e, leftover)
		p.hold(e, leftover.Addr())
		p.sleep(time.Hour)
		p.release(0)
		p.sleep(30 * time.Second)
		s := model.Settings{PrefixDelegation: p.prefixMode}
		p.free(s)
		require.NotNil(t, p.sim.ENI(e.ID))
		p.sleep(time.Millisecond)
		p.free(s)
		require.Nil(t, p.sim.ENI(e.ID))
	})
}

func TestCoolingCountsTheActiveKindOnIncludedENIs(t *testing.T) {
	inBothModes(t, func(t *testing.T, p *pair) {
		e := p.addENI(model.ENIPrimary, false)
		x := p.addENI(model.ENISecondary, true)
		active, leftover := blocksOf(p.prefixMode)
		p.addBlock(e, leftover)
		p.hold(e, leftover.Addr())
		excluded := addressB
		if p.prefixMode {
			excluded = prefixB
		}
		p.addBlock(x, excluded)
		p.hold(x, excluded.Addr())
		p.addBlock(e, active)
		p.assign()
		for range 3 {
			p.release(0)
			p.check(9, false)
		}
		require.Equal(t, 1, p.sim.Cooling(p.now()))
		p.sleep(30 * time.Second)
		p.check(9, false)
		require.Equal(t, 1, p.sim.Cooling(p.now()), "at exactly the cooldown it cools")
		p.sleep(time.Millisecond)
		p.check(9, false)
		require.Zero(t, p.sim.Cooling(p.now()))
	})
}

// Pods take .0, .1, .2 and leave. While these cool, fresh ones go, lowest
// first; then all that have cooled are fresh, and one of them goes at once.
func TestOrderWithinAPrefix(t *testing.T) {
	t.Setenv("IP_COOLDOWN_PERIOD", "30")
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, true, 30*time.Second)
		p.addBlock(p.addENI(model.ENIPrimary, false), prefixA)
		last := func(a netip.Addr) int { return int(a.As4()[3]) }
		for want := range 3 {
			require.Equal(t, want, last(p.assign()))
		}
		for range 3 {
			p.release(0)
		}
		p.sleep(30 * time.Second)
		require.Equal(t, 3, last(p.assign()), "cooling: the lowest fresh one")
		p.sleep(time.Millisecond)
		first := last(p.assign())
		require.Less(t, first, 3, "one of those that have cooled")
		var rest []int
		for range 3 {
			rest = append(rest, last(p.assign()))
		}
		require.IsIncreasing(t, rest, "the others that had cooled are fresh: lowest first")
		require.Equal(t, 4, rest[2])
	})
}

// The two places where the real one's count of prefixes goes astray.
func TestCountOfPrefixes(t *testing.T) {
	inBothModes(t, func(t *testing.T, p *pair) {
		p.addENI(model.ENIPrimary, false)
		x := p.addENI(model.ENISecondary, true)
		p.addBlock(x, prefixA)
		p.hold(x, prefixA.Addr())
		p.release(0)
		p.sleep(4_999 * time.Millisecond)
		p.check(9, false)
		require.True(t, x.Has(prefixA))
		p.sleep(time.Millisecond)
		p.check(9, false)
		require.False(t, x.Has(prefixA), "left 5 s after its pod")
		require.Equal(t, 1, p.sim.Stats().Prefixes, "but counted")

		e := p.addENI(model.ENISecondary, true)
		p.addBlock(e, prefixA)
		p.addBlock(e, prefixB)
		p.hold(e, prefixA.Addr())
		require.Equal(t, 3, p.sim.Stats().Prefixes)
		p.removeENI(e)
		p.check(9, false)
		require.Equal(t, -1, p.sim.Stats().Prefixes, "an ENI with a pod: twice")
	})
}
