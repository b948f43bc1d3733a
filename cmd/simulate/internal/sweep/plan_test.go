package sweep_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/sweep"
)

func dimension(path string, values ...string) sweep.Dimension {
	return sweep.Dimension{Path: path, Values: values}
}

// many are n values.
func many(n int) []string { return strings.Split(strings.Repeat("v,", n-1)+"v", ",") }

func TestTheLastDimensionVariesFastest(t *testing.T) {
	p := sweep.Plan{
		Dimensions: []sweep.Dimension{dimension("x.a", "1", "2"), dimension("x.b", "p", "null", "r")},
		Seeds:      &sweep.Seeds{First: 7, Count: 2},
	}
	require.NoError(t, p.Check())
	require.Equal(t, 6, p.Cells())
	require.Equal(t, 12, p.Runs())
	var cells []string
	for i := range p.Cells() {
		cells = append(cells, strings.Join(p.Values(i), ""))
	}
	require.Equal(t, []string{"1p", "1null", "1r", "2p", "2null", "2r"}, cells)
	require.Equal(t, "a=1, b unset", p.Words(1))
	require.Equal(t, []string{"x.a=2", "x.b=r"}, p.Set(5))
	require.Equal(t, 5, p.Run(11).Cell)
	require.EqualValues(t, 8, *p.Run(11).Seed)
	require.EqualValues(t, 7, *p.Run(10).Seed)
	p.Seeds = nil
	require.Equal(t, 3, p.Run(3).Cell)
	require.Nil(t, p.Run(3).Seed)
}

func TestTitlesTellDimensionsApart(t *testing.T) {
	p := sweep.Plan{Dimensions: []sweep.Dimension{
		dimension("nodeGroups.blue.count"), dimension("nodeGroups.green.count"), dimension("cni.env.WARM_IP_TARGET"),
		dimension("count"),
	}}
	require.Equal(t, []string{"blue.count", "green.count", "WARM_IP_TARGET", "count"}, p.Titles())
}

func TestPlansThatAreRefused(t *testing.T) {
	for want, p := range map[string]sweep.Plan{
		"nothing to vary":                           {},
		"a is varied twice":                         {Dimensions: []sweep.Dimension{dimension("a", "1"), dimension("a", "2")}},
		"one is part of the other":                  {Dimensions: []sweep.Dimension{dimension("a.b", "1"), dimension("a", "2")}},
		"a has no values":                           {Dimensions: []sweep.Dimension{dimension("a")}},
		"seed is varied, and":                       {Dimensions: []sweep.Dimension{dimension("seed", "1")}, Seeds: &sweep.Seeds{Count: 2}},
		"there are no seeds":                        {Seeds: &sweep.Seeds{}},
		"no 2 seeds from 18446744073709551615 on":   {Seeds: &sweep.Seeds{First: math.MaxUint64, Count: 2}},
		"100001 runs (100001 of a); at most 100000": {Dimensions: []sweep.Dimension{dimension("a", many(100_001)...)}},
		"thousands of millions of runs (100000 of a × 100000 of b × 100000 of c)": {Dimensions: []sweep.Dimension{
			dimension("a", many(100_000)...), dimension("b", many(100_000)...), dimension("c", many(100_000)...)}},
	} {
		require.ErrorContains(t, p.Check(), want)
	}
	require.NoError(t, (&sweep.Plan{Dimensions: []sweep.Dimension{dimension("a", many(50_000)...), dimension("b", "1", "2")}}).Check())
	require.NoError(t, (&sweep.Plan{Seeds: &sweep.Seeds{First: math.MaxUint64, Count: 1}}).Check())
}

func TestGoalsThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"least:ec2.calls":     "the direction is min or max",
		"min:ec2.call":        "did you mean ec2.calls?",
		":ec2.calls":          "write min:ec2.calls or max:ec2.calls",
		"addresses.total":     "write min:addresses.total or max:addresses.total",
		"min:ec2.calls,extra": `no metric "ec2.calls,extra"`,
	} {
		p := sweep.Plan{Objective: []string{text}}
		require.ErrorContains(t, p.CheckJudging(), want, text)
	}
	p := sweep.Plan{Objective: []string{"min:ec2.calls", "max:ec2.calls"}}
	require.ErrorContains(t, p.CheckJudging(), "ec2.calls is there twice")
	for text, want := range map[string]string{"ec2.calls": "min:ec2.calls", "pods.running": "max:pods.running", "max:ec2.calls": "max:ec2.calls"} {
		g, err := sweep.ParseGoal(text)
		require.NoError(t, err)
		require.Equal(t, want, g.String())
	}
}
