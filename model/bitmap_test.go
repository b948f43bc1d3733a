package model

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
)

// The bounds of words are where masks go wrong: each range is counted against
// one bit at a time.
func TestBitmapCountsWithinAnyRange(t *testing.T) {
	b := bitmap{0xf0f0_0000_0000_0001, ^uint64(0), 0, 0x8000_0000_0000_0001}
	bounds := []int{0, 1, 2, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256}
	for _, lo := range bounds {
		for _, hi := range bounds {
			want := 0
			for i := lo; i < hi; i++ {
				if b.has(i) {
					want++
				}
			}
			require.Equal(t, want, b.within(lo, hi), "%d … %d", lo, hi)
		}
	}
}

func TestLongestRun(t *testing.T) {
	all := ^uint64(0)
	for _, c := range []struct {
		name string
		b    bitmap
		want int
	}{
		{"nothing", bitmap{0, 0}, 0},
		{"one at the low end", bitmap{1, 0}, 1},
		{"one at the high end", bitmap{0, 1 << 63}, 1},
		{"inside a word", bitmap{0b0111_0110, 0}, 3},
		{"across two words", bitmap{7 << 61, 0b1111}, 7},
		{"two that a word's bound separates from nothing", bitmap{7 << 60, 0b1111}, 4},
		{"through a whole word", bitmap{1 << 63, all, 1}, 66},
		{"ending with a whole word", bitmap{0, 1 << 63, all}, 65},
		{"the first of two is longer", bitmap{0xffff << 10, 0xff}, 16},
		{"everything", bitmap{all, all}, 128},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, c.b.longestRun())
		})
	}
}

func TestNthBit(t *testing.T) {
	for _, w := range []uint64{1, 1 << 63, ^uint64(0), 0x8000_0001_8000_0001, 0xaaaa_aaaa_aaaa_aaaa, 0x0001_0203_0405_0607} {
		rest := w
		for k := range bits.OnesCount64(w) {
			require.Equal(t, bits.TrailingZeros64(rest), nthBit(w, k), "bit %d of %#x", k, w)
			rest &= rest - 1
		}
	}
}

// A set over several groups of words, thinned out unevenly, is asked for each
// of its members.
func TestRankedFindsEveryMember(t *testing.T) {
	const size = 3 * groupWords * wordBits
	r := newRanked(size)
	var members []int
	for i := 0; i < size; i++ {
		inEmptyGroup := i/(groupWords*wordBits) == 1
		if !inEmptyGroup && (i%7 == 0 || i%64 == 63) {
			r.add(span(i, 1))
			members = append(members, i)
		}
	}
	require.Equal(t, len(members), r.n)
	for k, i := range members {
		require.Equal(t, i, r.nth(k))
	}
	require.Panics(t, func() { r.nth(len(members)) })
	require.Panics(t, func() { r.nth(-1) })
}

func TestBitmapRefusesToAddOrRemoveTwice(t *testing.T) {
	b := newBitmap(64)
	b.add(span(16, 16))
	require.Panics(t, func() { b.add(span(31, 1)) })
	require.Panics(t, func() { b.remove(span(0, 32)) })
	b.add(span(32, 1))
	b.remove(span(16, 16))
	require.Equal(t, bitmap{1 << 32}, b)
}
