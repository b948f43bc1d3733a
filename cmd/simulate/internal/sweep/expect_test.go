package sweep_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/cmd/simulate/internal/sweep"
)

// expecting varies a number, which the file has as own, with one expectation.
func expecting(own string, values ...string) sweep.Plan {
	p := sweep.Plan{Scenario: "s", Dimensions: []sweep.Dimension{{Path: "x", Values: values}}}
	if own != "" {
		p.Dimensions[0].Own = &own
	}
	p.Expect = []sweep.Expected{{That: "now > duration('1s')", When: "at the end"}}
	return p
}

// held are runs that all fit, of which those hold that are named by 1; the later
// ones have fewer idle addresses.
func held(t *testing.T, holds ...int) []metrics.Numbers {
	var points [][3]int64
	for i := range holds {
		points = append(points, [3]int64{int64(100 - i), 1, 1})
	}
	rs := runs(t, points...)
	for i, h := range holds {
		if h == 0 {
			rs[i].Failed = []int{0}
		}
	}
	return rs
}

func TestACellThatFailsAnExpectationIsNotRecommended(t *testing.T) {
	v := judge(t, expecting("1", "1", "2", "3"), held(t, 1, 1, 0))
	require.Equal(t, 1, v.Recommended.Index)
	require.Equal(t, []int{1}, front(v))
	require.False(t, v.Cells[2].Allowed())
	require.Equal(t, []int{0}, v.Cells[2].Failed())
	require.Equal(t, []int{2}, others(v), "what it would give is named")

	v = judge(t, expecting("1", "1", "2", "3"), held(t, 1, 1, 1))
	require.Equal(t, 2, v.Recommended.Index)
}

func TestIfAnExpectationHoldsInNoCellNoneIsRecommended(t *testing.T) {
	v := judge(t, expecting("9", "1", "2", "3"), held(t, 0, 0, 0))
	require.Equal(t, sweep.NoneKeeps, v.Basis)
	require.Nil(t, v.Recommended)
	require.Equal(t, 2, v.Nearest.Index)

	// The nearest is the one that fails the fewest.
	two, rs := expecting("9", "1", "2", "3"), held(t, 0, 0, 0)
	two.Expect = append(two.Expect, sweep.Expected{That: "enis > 1"})
	rs[0].Failed, rs[2].Failed = []int{0, 1}, []int{0, 1}
	require.Equal(t, 1, judge(t, two, rs).Nearest.Index)
}

// An expectation that holds with the file's own value, and neither with the next
// smaller nor the next larger one, is not asked. The values' order is no matter.
func TestAnExpectationOfTheFilesOwnSizeIsNotAsked(t *testing.T) {
	v := judge(t, expecting("14", "20", "14", "10", "100"), held(t, 0, 1, 0, 0))
	require.Equal(t, sweep.OwnValue, v.Expect[0].Aside)
	require.Equal(t, 3, v.Recommended.Index)
	require.Equal(t, []int{0}, v.Cells[3].Failed(), "it is told, all the same")

	for name, asked := range map[string]*sweep.Verdict{
		"it holds with the next larger one":  judge(t, expecting("14", "20", "14", "10", "100"), held(t, 1, 1, 0, 0)),
		"it holds with the next smaller one": judge(t, expecting("14", "20", "14", "10", "100"), held(t, 0, 1, 1, 0)),
		"nobody knows what is beyond 14":     judge(t, expecting("14", "10", "12", "14"), held(t, 0, 0, 1)),
		"nobody knows what is below 14":      judge(t, expecting("14", "14", "15", "16"), held(t, 1, 0, 0)),
		"it is another value":                judge(t, expecting("15", "10", "14", "20"), held(t, 0, 1, 0)),
		"the file has none":                  judge(t, expecting("", "10", "14", "20"), held(t, 0, 1, 0)),
	} {
		require.Empty(t, asked.Expect[0].Aside, name)
		require.False(t, asked.Cells[0].Allowed() && asked.Cells[len(asked.Cells)-1].Allowed(), name)
	}

	all := expecting("14", "10", "14", "20")
	all.AskAll = true
	require.Equal(t, 1, judge(t, all, held(t, 0, 1, 0)).Recommended.Index)
}

// One that holds only where something runs out says how it runs out.
func TestAnExpectationOfAShortageIsNotAsked(t *testing.T) {
	rs := held(t, 0, 0, 1)
	rs[2] = numbers(t, map[string]int64{"fits": 0, "addresses.idleMean": 0, "latency.startP99": 0, "ec2.calls": 0})
	v := judge(t, expecting("", "1", "2", "3"), rs)
	require.Equal(t, sweep.Shortage, v.Expect[0].Aside)
	require.Equal(t, 1, v.Recommended.Index)

	rs[0].Failed = nil // it holds where all fits, too
	v = judge(t, expecting("", "1", "2", "3"), rs)
	require.Empty(t, v.Expect[0].Aside)
	require.Equal(t, 0, v.Recommended.Index)
}

// An expectation has to hold with every seed.
func TestExpectationsAreJudgedWithAllSeeds(t *testing.T) {
	p := expecting("1", "1", "2")
	p.Seeds = &sweep.Seeds{First: 1, Count: 2}
	v := judge(t, p, held(t, 1, 1, 1, 0))
	require.Equal(t, 0, v.Recommended.Index)
	require.Equal(t, 1, v.Cells[1].HoldsAll)
	require.Equal(t, 1, v.Expect[0].Holding)
}

func TestShardsWithExpectations(t *testing.T) {
	with := func(failed ...int) *sweep.Shard {
		s := shard(t, 0, 2)
		s.Plan.Expect = []sweep.Expected{{That: "a"}, {That: "b"}}
		s.Rows[1].Numbers.Failed = failed
		return s
	}
	got, err := sweep.ReadShards(strings.NewReader(text(t, with(0, 1))), api)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, got[0].Rows[1].Numbers.Failed)
	for _, bad := range [][]int{{2}, {-1}, {1, 0}, {1, 1}} {
		_, err := sweep.ReadShards(strings.NewReader(text(t, with(bad...))), api)
		require.ErrorContains(t, err, "run 2 has failed expectations", bad)
	}
	other := with()
	other.Index, other.Sweep, other.Plan.AskAll = 1, "other", true
	_, _, err = sweep.Merge([]sweep.Source{{Name: "a", Shard: with()}, {Name: "b", Shard: other}}, "v1")
	require.ErrorContains(t, err, "--expect, or the expectations, differ")
}
