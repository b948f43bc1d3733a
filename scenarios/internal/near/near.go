// Package near finds the name that somebody probably meant.
package near

import "strings"

// Name returns the candidate that is nearest to the name, "" if none is near
// enough to be what was meant. Upper and lower case don't matter; of equally
// near ones the first wins.
func Name(name string, candidates []string) string {
	// A third of the letters may differ, in a short name one, but never all.
	best, bestDistance := "", min(max(1, len(name)/3), len(name)-1)+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c), bestDistance); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	if best != "" {
		return best
	}
	// A part of the name is near, too: type for instanceType.
	for _, c := range candidates {
		if len(name) >= 4 && strings.Contains(strings.ToLower(c), strings.ToLower(name)) {
			return c
		}
	}
	return ""
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to make b of a. It gives up, and returns limit, at limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit)
}
