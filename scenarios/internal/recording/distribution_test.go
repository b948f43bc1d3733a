package recording

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// The values are those of published tables of the chi-square distribution, at
// both sides of the change from one expansion to the other (x = freedom + 2).
func TestChiSquareTailAgreesWithTables(t *testing.T) {
	for _, c := range []struct {
		x       float64
		freedom int
		want    float64
	}{
		{0, 3, 1},
		{3.841, 1, 0.05},
		{10.828, 1, 0.001},
		{4.605, 2, 0.1},
		{13.816, 2, 0.001},
		{1.145, 5, 0.95},
		{11.070, 5, 0.05},
		{18.307, 10, 0.05},
		{3.940, 10, 0.95},
		{29.588, 10, 0.001},
		{124.342, 100, 0.05},
	} {
		require.InDelta(t, c.want, ChiSquareTail(c.x, c.freedom), c.want*2e-3, "%g with %d", c.x, c.freedom)
	}
	// With two degrees of freedom the tail is math.Exp(-x/2).
	for _, x := range []float64{0.1, 3.999, 4, 4.001, 40} {
		require.InEpsilon(t, math.Exp(-x/2), ChiSquareTail(x, 2), 1e-12, "%g", x)
	}
}

func TestRareValuesAreTakenTogether(t *testing.T) {
	a := Histogram{"0": 150, "1": 30, "2": 18, "3": 1, "4": 1}
	b := Histogram{"0": 1500, "1": 300, "2": 160, "3": 20, "4": 20}
	// 42 of 2200 would be fewer than 5 of 200: values 3 and 4 join the next.
	require.Equal(t, []pair{{20, 200}, {30, 300}, {150, 1500}}, mergedBins(a, b))
	require.InDelta(t, 1.0, SameDistribution(a, b), 1e-9)
}

func TestDifferentDistributionsAreToldApart(t *testing.T) {
	recorded := Histogram{"0": 152, "1": 19, "2": 29}
	require.Greater(t, SameDistribution(recorded, Histogram{"0": 1500, "1": 250, "2": 250}), 0.1)
	require.Less(t, SameDistribution(recorded, Histogram{"0": 667, "1": 667, "2": 666}), 1e-9, "a shuffle")
	require.Less(t, SameDistribution(Histogram{"1": 200}, Histogram{"2": 2000}), 1e-9)
	require.Equal(t, 1.0, SameDistribution(Histogram{"1": 200}, Histogram{"1": 2000}))
}
