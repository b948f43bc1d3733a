package view_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/cmd/simulate/internal/view"
)

func TestMetricsAreWrittenInTheirUnit(t *testing.T) {
	for _, c := range []struct {
		unit        metrics.Unit
		n           int64
		text, exact string
	}{
		{metrics.Count, 12_345, "12,345", "12,345"},
		{metrics.Millis, 400, "400ms", "400ms"},
		{metrics.Millis, 5_020, "5s", "5.02s"},
		{metrics.Millis, 5_050, "5.1s", "5.05s"},
		{metrics.Millis, 60_000, "1m", "1m"},
		{metrics.Millis, 0, "0s", "0s"},
		{metrics.Thousandths, 4_249, "4.2", "4.249"},
		{metrics.Thousandths, 4_250, "4.3", "4.25"},
		{metrics.Thousandths, 0, "0.0", "0"},
		{metrics.MicroUSD, 96_000, "$0.096", "$0.096"},
		{metrics.MicroUSD, 1_920_400, "$1.92", "$1.9204"},
		{metrics.YesNo, 1, "yes", "yes"},
		{metrics.YesNo, 0, "no", "no"},
	} {
		m, v := metrics.Metric{Unit: c.unit}, metrics.Value{N: c.n, Known: true}
		require.Equal(t, c.text, view.Metric(m, v))
		require.Equal(t, c.exact, view.ExactMetric(m, v))
	}
	require.Equal(t, "?", view.Metric(metrics.Metric{Unit: metrics.Millis}, metrics.Value{}))
	require.Equal(t, "?", view.ExactMetric(metrics.Metric{Unit: metrics.MicroUSD}, metrics.Value{}))
}
