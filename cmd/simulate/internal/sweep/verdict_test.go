package sweep_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/cmd/simulate/internal/sweep"
)

// numbers are those of a run, by name; what isn't named is unknown. A run fits
// unless it says otherwise.
func numbers(t require.TestingT, values map[string]int64) metrics.Numbers {
	row := struct {
		Values []*int64 `json:"values"`
	}{}
	one := int64(1)
	for _, m := range metrics.All() {
		var p *int64
		if v, ok := values[m.Name]; ok {
			p = &v
		} else if m.Name == "fits" {
			p = &one
		}
		row.Values = append(row.Values, p)
	}
	text, err := json.Marshal(row)
	require.NoError(t, err)
	var n metrics.Numbers
	require.NoError(t, json.Unmarshal(text, &n))
	return n
}

// runs are runs with an idle mean, a p99 and a number of calls each.
func runs(t require.TestingT, points ...[3]int64) []metrics.Numbers {
	var all []metrics.Numbers
	for _, p := range points {
		all = append(all, numbers(t, map[string]int64{"addresses.idleMean": p[0], "latency.startP99": p[1], "ec2.calls": p[2]}))
	}
	return all
}

// planOf varies one value, which has as many as there are runs.
func planOf(n int) sweep.Plan {
	p := sweep.Plan{Scenario: "s", Dimensions: []sweep.Dimension{{Path: "x"}}}
	for i := range n {
		p.Dimensions[0].Values = append(p.Dimensions[0].Values, string(rune('a'+i)))
	}
	return p
}

func judge(t *testing.T, p sweep.Plan, runs []metrics.Numbers) *sweep.Verdict {
	t.Helper()
	v, err := sweep.Judge(p, runs)
	require.NoError(t, err)
	return v
}

// front names the cells on the front by their index.
func front(v *sweep.Verdict) []int {
	var on []int
	for _, c := range v.Cells {
		if c.Front {
			on = append(on, c.Index)
		}
	}
	return on
}

func others(v *sweep.Verdict) []int {
	var all []int
	for _, c := range v.Others {
		all = append(all, c.Index)
	}
	return all
}

func TestThePointNearestToTheBestIsBalanced(t *testing.T) {
	rs := runs(t, [3]int64{0, 30_000, 60}, [3]int64{3000, 1000, 30}, [3]int64{9000, 1000, 10}, [3]int64{9000, 2000, 30})
	v := judge(t, planOf(4), rs)
	require.Equal(t, []int{0, 1, 2}, front(v))
	require.Equal(t, sweep.ByBalance, v.Basis)
	require.Equal(t, 1, v.Recommended.Index)
	require.Equal(t, []int{0, 2}, others(v), "the best in idle addresses, and in calls")
}

func TestWithABoundTheFirstGoalDecides(t *testing.T) {
	p := planOf(4)
	p.Require = []string{"latency.startP99<=5s"}
	v := judge(t, p, runs(t, [3]int64{0, 5001, 1}, [3]int64{3000, 5000, 30}, [3]int64{3001, 1000, 10}, [3]int64{3001, 1000, 11}))
	require.Equal(t, sweep.ByOrder, v.Basis)
	require.Equal(t, 1, v.Recommended.Index)
	require.Equal(t, []int{1, 2}, front(v), "what breaks the bound is out of the question")
	require.False(t, v.Cells[0].Allowed())
	require.Equal(t, []int{0, 2}, others(v), "what breaks the bound is named for its price")
}

func TestOfEqualsTheNextGoalDecides(t *testing.T) {
	p := planOf(3)
	p.Objective = []string{"max:ec2.calls", "min:latency.startP99"}
	v := judge(t, p, runs(t, [3]int64{0, 1, 8}, [3]int64{0, 3, 9}, [3]int64{0, 2, 9}))
	require.Equal(t, 2, v.Recommended.Index)
	require.Equal(t, []int{0, 2}, front(v))
}

func TestACellInWhichNotEverythingFitsIsNotRecommended(t *testing.T) {
	rs := runs(t, [3]int64{0, 0, 0}, [3]int64{9, 9, 9})
	rs[0] = numbers(t, map[string]int64{"fits": 0, "addresses.idleMean": 0, "latency.startP99": 0, "ec2.calls": 0})
	v := judge(t, planOf(2), rs)
	require.Equal(t, 1, v.Recommended.Index)
	require.Equal(t, []int{1}, front(v))
	require.Empty(t, v.Others)
}

func TestIfNothingFitsTheFullestIsNearest(t *testing.T) {
	p := planOf(3)
	p.Require = []string{"latency.startP99<=5s"}
	var rs []metrics.Numbers
	for _, waiting := range []int64{3, 2, 2} {
		rs = append(rs, numbers(t, map[string]int64{"fits": 0, "pods.pending": waiting, "addresses.idleMean": 10 - int64(len(rs)), "latency.startP99": 0, "ec2.calls": 0}))
	}
	v := judge(t, p, rs)
	require.Equal(t, sweep.NoneFits, v.Basis)
	require.Equal(t, 2, v.Recommended.Index, "of those with two waiting the one with fewer idle addresses")
	require.Nil(t, v.Nearest)
}

func TestIfNothingFitsACellThatBreaksABoundIsNotRecommended(t *testing.T) {
	p := planOf(2)
	p.Require = []string{"latency.startP99<=5s"}
	var rs []metrics.Numbers
	for _, waiting := range []int64{3, 2} {
		rs = append(rs, numbers(t, map[string]int64{"fits": 0, "pods.pending": waiting, "addresses.idleMean": 1, "latency.startP99": 5001, "ec2.calls": 0}))
	}
	v := judge(t, p, rs)
	require.Equal(t, sweep.NoneFits, v.Basis)
	require.Nil(t, v.Recommended)
	require.Equal(t, 1, v.Nearest.Index)
}

func TestIfNoneKeepsTheBoundsTheNearestIsNamed(t *testing.T) {
	p := planOf(3)
	p.Require = []string{"latency.startP99<=5s", "ec2.calls<=10"}
	v := judge(t, p, runs(t, [3]int64{0, 6000, 11}, [3]int64{9, 9000, 10}, [3]int64{0, 8000, 9}))
	require.Equal(t, sweep.NoneKeeps, v.Basis)
	require.Nil(t, v.Recommended)
	require.Equal(t, 2, v.Nearest.Index, "it breaks one bound, and by less than the other that does")
}

// A cell has to fit and keep its bounds with every seed. What goals go by is the
// median.
func TestSeedsAreJudgedTogether(t *testing.T) {
	p := planOf(2)
	p.Seeds = &sweep.Seeds{First: 4, Count: 3}
	p.Require = []string{"latency.startP99<=5s"}
	rs := runs(t,
		[3]int64{1, 5000, 1}, [3]int64{2, 5001, 1}, [3]int64{90, 5000, 1},
		[3]int64{3, 5000, 1}, [3]int64{5, 5000, 1}, [3]int64{4, 5000, 1})
	v := judge(t, p, rs)
	require.Equal(t, 2, v.Cells[0].KeepsAll)
	require.False(t, v.Cells[0].Allowed())
	require.Equal(t, 1, v.Recommended.Index)
	idle, _ := metrics.Find("addresses.idleMean")
	require.EqualValues(t, 2, v.Cells[0].Spread(idle).Median.N)
	require.EqualValues(t, 90, v.Cells[0].Spread(idle).P95.N)

	rs[4] = numbers(t, map[string]int64{"fits": 0})
	v = judge(t, p, rs)
	require.Equal(t, sweep.NoneKeeps, v.Basis)
	require.Equal(t, []uint64{5}, v.Plan.Misfits(v.Cells[1]))
	require.Equal(t, 2, v.Cells[1].Fitting)
	require.EqualValues(t, 4, v.Cells[1].Spread(idle).P95.N, "of those in which it is known")
}

// The nearest rank, on both sides of where it moves on.
func TestPercentilesAreTheNearestRank(t *testing.T) {
	for _, c := range []struct{ n, p5, median, p95 int }{
		{1, 1, 1, 1}, {2, 1, 1, 2}, {3, 1, 2, 3}, {19, 1, 10, 19}, {20, 1, 10, 19}, {21, 2, 11, 20}, {100, 5, 50, 95}, {101, 6, 51, 96},
	} {
		p := sweep.Plan{Scenario: "s", Seeds: &sweep.Seeds{Count: c.n}}
		var points [][3]int64
		for i := range c.n {
			points = append(points, [3]int64{int64(c.n - i), 0, 0})
		}
		idle, _ := metrics.Find("addresses.idleMean")
		s := judge(t, p, runs(t, points...)).Cells[0].Spread(idle)
		require.Equal(t, []int64{1, int64(c.p5), int64(c.median), int64(c.p95), int64(c.n)},
			[]int64{s.Min.N, s.P5.N, s.Median.N, s.P95.N, s.Max.N}, c.n)
	}
}

func TestWhatIsUnknownIsWorst(t *testing.T) {
	rs := runs(t, [3]int64{5, 5, 5}, [3]int64{5, 5, 5})
	rs[0] = numbers(t, map[string]int64{"addresses.idleMean": 5, "ec2.calls": 5})
	v := judge(t, planOf(2), rs)
	require.Equal(t, []int{1}, front(v))
	require.Equal(t, 1, v.Recommended.Index)
	// Where nobody knows it, it decides nothing.
	v = judge(t, planOf(1), rs[:1])
	require.Equal(t, []int{0}, front(v))
}

// The front is what the definition says, and no hanging on the cells' order.
func TestTheFrontIsWhatNoCellDominates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.Int64Range(0, 4)
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [3]int64 {
			return [3]int64{few.Draw(t, "idle"), few.Draw(t, "p99"), few.Draw(t, "calls")}
		}), 1, 20).Draw(t, "points")
		v, err := sweep.Judge(planOf(len(points)), runs(t, points...))
		require.NoError(t, err)
		for i, p := range points {
			dominated := slices.ContainsFunc(points, func(q [3]int64) bool {
				return q != p && q[0] <= p[0] && q[1] <= p[1] && q[2] <= p[2]
			})
			require.Equal(t, !dominated, v.Cells[i].Front, "%v of %v", p, points)
		}
		require.True(t, v.Recommended.Front)
	})
}
