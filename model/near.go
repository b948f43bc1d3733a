package model

import (
	"cmp"
	"slices"
	"strings"
)

// suggestion is a known name that might be what somebody meant.
type suggestion struct {
	name     string
	distance int // edits from what was typed
	kin      bool
}

// nearestNames sorts candidates by likelihood and returns at most n names. Kin, such
// as types of one family, is worth two edits; names decide ties.
func nearestNames(candidates []suggestion, n int) []string {
	weight := func(c suggestion) int {
		if c.kin {
			return c.distance
		}
		return c.distance + 2
	}
	slices.SortFunc(candidates, func(a, b suggestion) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), strings.Compare(a.name, b.name))
	})
	var names []string
	for _, c := range candidates[:min(max(n, 0), len(candidates))] {
		names = append(names, c.name)
	}
	return names
}

// longestTyped bounds what is compared: no name is nearly as long, and the
// comparison takes time by the product of lengths.
const longestTyped = 64

// tolerated is how many edits a name may be away and still be suggested.
func tolerated(typed string) int { return 1 + len(typed)/4 }

// edits counts the insertions, deletions, replacements and swaps of neighbours
// that make a into b, in bytes.
func edits(a, b string) int {
	beforeLast := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		beforeLast, last, row = last, row, beforeLast
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], beforeLast[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
