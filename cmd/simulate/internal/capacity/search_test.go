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

// costly makes every run cost so much for each unit of its value.
func costly(events int64, run Runner) Runner {
	return func(values []int) ([]Probe, error) {
		probes, err := run(values)
		for i := range probes {
			probes[i].Events = events * int64(probes[i].Value)
		}
		return probes, err
	}
}

// A budget ends the doubling before what comes after it would cost too much, and
// that is said; without one it goes on to the end.
func TestBudgetEndsTheDoubling(t *testing.T) {
	all := func(int) bool { return true }
	r := open(10)
	a, err := Search(r, Largest, costly(10, (&judged{fits: all}).run))
	require.NoError(t, err)
	require.False(t, a.Further)
	require.Equal(t, 100_000, a.Largest.Value)

	r.Budget = 100_000
	a, err = Search(r, Largest, costly(10, (&judged{fits: all}).run))
	require.NoError(t, err)
	require.True(t, a.Further)
	require.Equal(t, ShapeAll, a.Shape())
	require.Equal(t, 640, a.Largest.Value, "1,280 would cost 12,800, and 12 such runs more than there is")
	require.LessOrEqual(t, a.Events, r.Budget)
	require.False(t, a.Unconfirmed)

	// Just enough for one more.
	r.Budget = 12*12_800 + 10*(10+20+40+80+160+320+640)
	a, err = Search(r, Largest, costly(10, (&judged{fits: all}).run))
	require.NoError(t, err)
	require.Equal(t, 1280, a.Largest.Value)
	r.Budget--
	a, err = Search(r, Largest, costly(10, (&judged{fits: all}).run))
	require.NoError(t, err)
	require.Equal(t, 640, a.Largest.Value)
}

// A budget that is used up in the middle of a bisection leaves the edge between
// two values that are told, and one that is used up at its end leaves it without
// confirmation. What is spent is at most a round more.
func TestBudgetEndsTheBisection(t *testing.T) {
	upTo := func(v int) bool { return v <= 70_000 }
	for _, budget := range []int64{1, 100_000, 400_000, 700_000, 1_000_000, 3_000_000} {
		r := Range{High: 100_000, Budget: budget}
		a, err := Search(r, Both, costly(1, (&judged{fits: upTo}).run))
		require.NoError(t, err)
		require.LessOrEqual(t, a.Events, budget+300_000)
		require.NotNil(t, a.Above)
		require.LessOrEqual(t, a.Largest.Value, 70_000)
		require.Greater(t, a.Above.Value, 70_000)
		require.False(t, a.Above.Fits())
		require.Equal(t, a.Above.Value-a.Largest.Value > 1, a.Coarse, "budget %d", budget)
		switch budget {
		case 1:
			require.True(t, a.Coarse)
			require.True(t, a.Unconfirmed)
		case 3_000_000:
			require.False(t, a.Coarse)
			require.False(t, a.Unconfirmed)
		}
	}
}

// What fits is no interval: instead of all values so many are run as the budget
// has room for.
func TestBudgetBoundsTheScan(t *testing.T) {
	holes := func(v int) bool { return v >= 20 && v <= 400 && v%7 != 0 }
	r := Range{High: 500}
	a, err := Search(r, Both, costly(1, (&judged{fits: holes}).run))
	require.NoError(t, err)
	require.Equal(t, Scan, a.Method)
	r.Budget = 20_000
	j := &judged{fits: holes}
	a, err = Search(r, Both, costly(1, j.run))
	require.NoError(t, err)
	slices.Sort(j.ran)
	for i := 1; i < len(j.ran); i++ {
		require.LessOrEqual(t, j.ran[i]-j.ran[i-1], 24, "what is run is spread evenly")
	}
	require.Equal(t, Samples, a.Method)
	require.LessOrEqual(t, a.Events, r.Budget+16*500)
	require.NotNil(t, a.Gap)
}

// The smallest of evenly spaced values that fits is not the smallest there is.
func TestSamplesHaveBothEdges(t *testing.T) {
	window := func(v int) bool { return v >= 10_017 && v <= 60_011 && (v < 30_000 || v > 40_000) }
	a, _ := find(t, Range{High: 100_000}, Both, window)
	require.Equal(t, Samples, a.Method)
	require.Equal(t, 10_017, a.Smallest.Value)
	require.Equal(t, 10_016, a.Below.Value)
	require.False(t, a.Below.Fits())
	require.Equal(t, 60_011, a.Largest.Value)
}

// crowd runs values of which so many pods wait as the value is beyond the edge.
func crowd(edge int, ran *[]int) Runner {
	return func(values []int) ([]Probe, error) {
		var out []Probe
		for _, v := range values {
			p := Probe{Value: v, Use: Use{Pods: min(v, edge)}, Events: 500_000}
			if v > edge {
				p.Stop = &Stop{Kind: "max-pods", Pending: v - edge, Running: edge}
			}
			out = append(out, p)
		}
		*ran = append(*ran, values...)
		return out, nil
	}
}

// How many pods wait says how many fit: a few runs find the edge among thousands
// of values, and where each is costly few confirm it.
func TestSearchGuessesFromPodsThatWait(t *testing.T) {
	var ran []int
	a, err := Search(open(5000), Largest, crowd(3210, &ran))
	require.NoError(t, err)
	require.Equal(t, []int{3210, 3211}, []int{a.Largest.Value, a.Above.Value})
	require.LessOrEqual(t, len(ran), 10, ran)

	// Nodes: each holds 27, and 2,000 pods want a place.
	nodes := func(values []int) ([]Probe, error) {
		var out []Probe
		for _, v := range values {
			p := Probe{Value: v, Use: Use{Nodes: v}, Events: 500_000}
			if waiting := 2000 - 27*v; waiting > 0 {
				p.Stop = &Stop{Kind: "max-pods", Pending: waiting, Running: 27 * v}
			}
			out = append(out, p)
		}
		ran = append(ran, values...)
		return out, nil
	}
	ran = nil
	a, err = Search(open(4000), Fewest, nodes)
	require.NoError(t, err)
	require.Equal(t, []int{74, 75}, []int{a.Below.Value, a.Smallest.Value})
	require.LessOrEqual(t, len(ran), 15, ran)
}

// A brief search, for a remedy, starts at what doesn't fit without it. It finds a
// small gain and a large one exactly, and what is left of one that hurts.
func TestABriefSearchStartsAtTheEdge(t *testing.T) {
	for _, edge := range []int{7, 3000, 3279, 3280, 3281, 3300, 4000, 9876} {
		var ran []int
		r := open(3280)
		r.Brief, r.First = true, []int{3279}
		a, err := Search(r, Largest, crowd(edge, &ran))
		require.NoError(t, err)
		require.Equal(t, edge, a.Counts(Largest).Value, "%d: %v", edge, ran)
		require.Equal(t, edge+1, a.Stops(Largest).Value)
		require.LessOrEqual(t, len(ran), 16, "%d: %v", edge, ran)
		if edge >= 3279 {
			require.LessOrEqual(t, slices.Max(ran), 4*edge, "nothing far beyond the edge is run")
		}
	}

	// A budget ends the halving, too: nothing is known to fit then.
	var ran []int
	r := open(3280)
	r.Brief, r.First, r.Budget = true, []int{3279}, 1
	a, err := Search(r, Largest, crowd(-1, &ran))
	require.NoError(t, err)
	require.Equal(t, ShapeNone, a.Shape())
	require.True(t, a.Coarse)
	require.Equal(t, []int{3279, 0}, ran)
}
