package capacity

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// judged runs values by a rule, and writes down which.
type judged struct {
	fits func(int) bool
	ran  []int
}

func (j *judged) run(values []int) ([]Probe, error) {
	var out []Probe
	for _, v := range values {
		p := Probe{Value: v, Use: Use{Pods: v}}
		if !j.fits(v) {
			p.Stop = &Stop{Kind: "max-pods", Pending: v}
		}
		out = append(out, p)
	}
	j.ran = append(j.ran, values...)
	return out, nil
}

func find(t *testing.T, r Range, want Want, fits func(int) bool) (Answer, *judged) {
	j := &judged{fits: fits}
	a, err := Search(r, want, j.run)
	require.NoError(t, err)
	sorted := slices.Sorted(slices.Values(j.ran))
	require.Equal(t, sorted, slices.Compact(slices.Clone(sorted)), "a value was run twice")
	require.Len(t, j.ran, a.Runs)
	return a, j
}

// open is an open range as the command has it.
func open(start int) Range { return Range{High: 100_000, Open: true, Start: start} }

// Every edge is found exactly, in closed ranges and in open ones, from above and
// from below, by far fewer runs than there are values.
func TestSearchFindsTheEdge(t *testing.T) {
	for edge := 0; edge <= 130; edge++ {
		upTo := func(v int) bool { return v <= edge }
		from := func(v int) bool { return v >= edge }
		for _, r := range []Range{{Low: 0, High: 130}, open(1), open(7), open(60), open(200)} {
			a, _ := find(t, r, Both, upTo)
			require.Equal(t, edge, a.Counts(Both).Value, "up to %d in %+v", edge, r)
			require.LessOrEqual(t, a.Runs, 40)
			if edge < 130 || r.Open {
				require.Equal(t, edge+1, a.Stops(Both).Value)
				require.Equal(t, ShapeUpTo, a.Shape())
			}
			for _, want := range []Want{Both, Fewest} {
				if want == Both && r.Open {
					continue // goes on to where more is too much
				}
				a, _ = find(t, r, want, from)
				require.Equal(t, edge, a.Counts(Fewest).Value, "from %d in %+v", edge, r)
				if edge > 0 {
					require.Equal(t, edge-1, a.Stops(Fewest).Value)
				}
			}
		}
	}
}

// Between too little and too much, as with nodes: both edges.
func TestSearchFindsAWindow(t *testing.T) {
	for low := 1; low < 40; low += 3 {
		for high := low; high < 60; high += 5 {
			for _, start := range []int{1, low, high, 70} {
				window := func(v int) bool { return v >= low && v <= high }
				a, _ := find(t, Range{High: 80, Start: start}, Both, window)
				if a.Largest == nil { // narrower than what is sampled
					require.Less(t, high-low, 80/looking+1)
					continue
				}
				require.Equal(t, []int{low, high}, []int{a.Smallest.Value, a.Largest.Value})
				require.Equal(t, ShapeWindow, a.Shape())
				require.Equal(t, []int{low - 1, high + 1}, []int{a.Below.Value, a.Above.Value})
			}
		}
	}
}

// What fits and is no interval is found out by the samples, and every value is
// run.
func TestSearchScansWhatIsNoInterval(t *testing.T) {
	holes := func(v int) bool { return v <= 50 && v%10 != 9 }
	a, _ := find(t, Range{High: 100}, Both, holes)
	require.Equal(t, Scan, a.Method)
	require.Equal(t, 101, a.Runs)
	require.Equal(t, 50, a.Largest.Value)
	require.Equal(t, 51, a.Above.Value)
	require.Equal(t, 9, a.Gap.Value)

	island := func(v int) bool { return v <= 1000 || v >= 1400 && v <= 1450 }
	a, _ = find(t, Range{High: 2000}, Both, island)
	if a.Method == Samples {
		require.Equal(t, 1450, a.Largest.Value)
		require.GreaterOrEqual(t, a.Gap.Value, 1001)
	}
}

func TestSearchSaysThatNothingFits(t *testing.T) {
	a, _ := find(t, Range{Low: 3, High: 90}, Both, func(int) bool { return false })
	require.Equal(t, ShapeNone, a.Shape())
	require.Equal(t, []int{3, 90}, []int{a.None.Value, a.NoneHigh.Value})
	require.Equal(t, 3, a.Stops(Both).Value)
	require.Equal(t, 90, a.Stops(Fewest).Value)
	require.Nil(t, a.Counts(Both))
}

func TestSearchSaysThatAllFits(t *testing.T) {
	a, _ := find(t, Range{High: 90}, Both, func(int) bool { return true })
	require.Equal(t, ShapeAll, a.Shape())
	require.Nil(t, a.Stops(Both))
	a, _ = find(t, open(4), Both, func(int) bool { return true })
	require.Equal(t, 100_000, a.Largest.Value)
	require.True(t, a.Open)
}

// A value that changes nothing is found out before a hundred thousand are tried.
func TestSearchSeesThatAValueChangesNothing(t *testing.T) {
	for _, fits := range []bool{true, false} {
		runs := 0
		same := func(values []int) ([]Probe, error) {
			var out []Probe
			for _, v := range values {
				runs++
				p := Probe{Value: v, Use: Use{Pods: 3}}
				if !fits {
					p.Stop = &Stop{Kind: "max-pods", Pending: 3}
				}
				out = append(out, p)
			}
			return out, nil
		}
		a, err := Search(open(5), Both, same)
		require.NoError(t, err)
		require.True(t, a.NoEffect)
		require.LessOrEqual(t, a.High, 20)
		require.LessOrEqual(t, runs, 25)
	}
}

// The values that are run depend on nothing but the outcomes.
func TestSearchIsDeterministic(t *testing.T) {
	fits := func(v int) bool { return v <= 4321 && v != 4000 }
	_, first := find(t, open(60), Both, fits)
	for range 5 {
		_, again := find(t, open(60), Both, fits)
		require.Equal(t, first.ran, again.ran)
	}
}
