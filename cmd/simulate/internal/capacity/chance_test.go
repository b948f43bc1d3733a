package capacity

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Luck is what fits with the first seed and not with all; chance is also what
// fits with another seed only.
func TestChanceTellsLuckFromWhatHolds(t *testing.T) {
	chance := func(fits, next int) *Chance {
		return &Chance{Seeds: 5, Tried: []SeedsTried{{Value: 8, Answers: true, Fits: fits}, {Value: 9, Fits: next}}}
	}
	require.Nil(t, chance(5, 0).Lucky())
	require.Nil(t, chance(5, 0).Open())
	require.Equal(t, 8, chance(4, 0).Lucky().Value)
	require.Nil(t, chance(4, 0).Open())
	require.Nil(t, chance(5, 1).Lucky())
	require.Equal(t, 9, chance(5, 1).Open().Value)
	var none *Chance
	require.Nil(t, none.Lucky())
}

// The values that are tried with other seeds are those that the answer names.
func TestEdgesAreWhatTheAnswerStandsOn(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Range
		want Want
		fits func(int) bool
		is   []int
	}{
		{"up to", Range{High: 50}, Both, func(v int) bool { return v <= 20 }, []int{20, 21}},
		{"from", Range{High: 50}, Both, func(v int) bool { return v >= 20 }, []int{20, 19}},
		{"fewest", Range{High: 50}, Fewest, func(v int) bool { return v >= 20 && v < 40 }, []int{20, 19}},
		{"window", Range{High: 50}, Both, func(v int) bool { return v >= 20 && v < 40 }, []int{20, 19, 39, 40}},
		{"all", Range{High: 50}, Both, func(int) bool { return true }, []int{50}},
		{"none", Range{High: 50}, Both, func(int) bool { return false }, []int{0, 50}},
	} {
		a, _ := find(t, c.in, c.want, c.fits)
		var is []int
		for _, p := range a.Edges(c.want) {
			is = append(is, p.Value)
		}
		require.Equal(t, c.is, is, c.name)
	}
}
