package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// chartOf draws the calls of a run: of each second, how many and how many of
// them are throttled.
func chartOf(t *testing.T, seconds ...[2]int) []string {
	var s replay.State
	apply := func(at model.Instant, body sim.Body) {
		require.NoError(t, s.Apply(sim.Event{Seq: s.Events, At: at, Body: body}))
	}
	apply(0, sim.RunStarted{})
	for i, n := range seconds {
		for call := range n[0] {
			f := sim.CallFields{Action: sim.DescribeInstances}
			if call < n[1] {
				f.Throttled, f.Error = true, model.RequestLimitExceeded
			}
			apply(model.Instant(1000*i), sim.EC2Call{CallFields: f})
		}
	}
	var out bytes.Buffer
	p := newPage(&out, Palette{})
	writeCallChart(p, &s.Calls.Over)
	require.NoError(t, p.w.Flush())
	return strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
}

// A column is solid up to what EC2 carried out and shaded above; the smallest
// count is seen beside the largest.
func TestCallChart(t *testing.T) {
	require.Equal(t, []string{
		"  calls a second  █ carried out  ░ throttled  ▒ both; a column is 1s",
		"     48 ┤░",
		"        ┤░",
		"        ┤░",
		"        ┤██",
		"        ┤██",
		"        ┤██▄ ▁░▒",
		"      0 └───────",
		"         0s",
	}, chartOf(t, [2]int{48, 24}, [2]int{24, 0}, [2]int{4, 0}, [2]int{0, 0}, [2]int{1, 0}, [2]int{1, 1}, [2]int{5, 2}))
}

// Long runs fit the page, and the axis says how.
func TestCallChartOfALongRun(t *testing.T) {
	seconds := make([][2]int, 500)
	for i := range seconds {
		seconds[i] = [2]int{3, 0}
	}
	chart := chartOf(t, seconds...)
	require.Equal(t, "  calls a second  █ carried out  ░ throttled  ▒ both; a column is 8s", chart[0])
	require.Equal(t, "      3 ┤"+strings.Repeat("█", 62), chart[1])
	require.Equal(t, "         0s             2m             4m             6m             8m", chart[8])
	for _, line := range chart {
		require.LessOrEqual(t, len([]rune(line)), pageWidth)
	}
	require.Empty(t, chartOf(t)[0], "no call, no chart")
}

// The axis of any width has instants that do not touch.
func TestTimeAxis(t *testing.T) {
	for width := time.Second; width < 1000*time.Hour; width *= 2 {
		for _, columns := range []int{1, 8, 35, chartColumns} {
			axis := timeAxis(columns, width)
			require.LessOrEqual(t, len(axis), columns+tickColumns)
			require.Equal(t, "0s", strings.Fields(axis)[0])
			require.LessOrEqual(t, len(strings.Fields(axis)), columns/tickColumns+1)
		}
	}
}
