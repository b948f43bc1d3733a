package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every test that keeps an ENI is told, with the numbers that it compares.
func TestENIKeptTellsEveryTest(t *testing.T) {
	const now = 600_000
	eachMode(t, func(t *testing.T, prefixMode bool) {
		size := 1
		if prefixMode {
			size = PrefixSize
		}
		d := NewDatastore(prefixMode, CooldownDefault)
		primary := addENI(d, 0, activeBlock(prefixMode, 0))
		e := addENI(d, 1, activeBlock(prefixMode, 1), activeBlock(prefixMode, 2))
		e.Since = now - 59_000
		d.Hold(e.Blocks()[0].Addr(), "p")
		d.Release(d.Hold(e.Blocks()[1].Addr(), "q"), now-10_000)
		s := Settings{WarmIPTarget: 2 * size, MinimumIPTarget: 3 * size, WarmPrefixTarget: 2, PrefixDelegation: prefixMode}

		require.Equal(t, []Kept{{Reason: ReasonPrimary, Until: Never}}, d.ENIKept(primary, now, s))
		want := []Kept{
			{ReasonPods, 1, 0, Never},
			{ReasonMinAge, 0, 0, now + 999},
			{ReasonCooling, 1, 0, now + 20_000},
			{ReasonWarmIPTarget, size, 2 * size, Never},
			{ReasonMinimumIPTarget, size, 3 * size, Never},
		}
		if prefixMode {
			want = append(want, Kept{ReasonWarmPrefixTarget, 1, 2, Never})
		}
		require.Equal(t, want, d.ENIKept(e, now, s))
		require.Empty(t, d.ENIKept(addENI(d, 2), now, Settings{PrefixDelegation: prefixMode}))

		e.Kind = ENITrunk
		require.Equal(t, []Kept{{Reason: ReasonTrunk, Until: Never}}, d.ENIKept(e, now, s))
	})
}

// Where no IP target is defined, one ENI's worth more than the target is too
// much.
func TestFreeThreshold(t *testing.T) {
	l := PoolLimits{Slots: 9}
	require.Equal(t, 18, FreeThreshold(Settings{WarmENITarget: 1}, l))
	require.Equal(t, 9, FreeThreshold(Settings{}, l))
	require.Equal(t, 432, FreeThreshold(Settings{PrefixDelegation: true, WarmPrefixTarget: 2}, l))
	require.True(t, MayFreeENI(PoolStats{Total: 18}, Settings{WarmENITarget: 1}, l, false))
	require.False(t, MayFreeENI(PoolStats{Total: 17}, Settings{WarmENITarget: 1}, l, false))
}
