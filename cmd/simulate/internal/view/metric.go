package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vpcsim/cmd/simulate/internal/metrics"
)

// Metric writes a number of a run for people: 6.2s, 4.2, $0.192, 1,234, yes.
// [metrics.Metric.Exact] writes it for programs.
func Metric(m metrics.Metric, v metrics.Value) string {
	switch {
	case !v.Known:
		return unknown
	case m.Unit == metrics.Millis:
		return millis(v.N)
	case m.Unit == metrics.Thousandths:
		return tenths(v.N)
	case m.Unit == metrics.MicroUSD:
		return usd(v.N)
	case m.Unit == metrics.YesNo && v.N == 1:
		return "yes"
	case m.Unit == metrics.YesNo:
		return "no"
	}
	return number(v.N)
}

// ExactMetric writes a number of a run for people, without rounding: where it
// is held against a bound that it may just miss.
func ExactMetric(m metrics.Metric, v metrics.Value) string {
	switch {
	case v.Known && m.Unit == metrics.Millis:
		return trimDuration((time.Duration(v.N) * time.Millisecond).String())
	case v.Known && m.Unit == metrics.Thousandths:
		return m.Exact(v)
	case v.Known && m.Unit == metrics.MicroUSD:
		return "$" + m.Exact(v)
	}
	return Metric(m, v)
}

// tenths writes thousandths rounded half up to the tenth.
func tenths(n int64) string {
	n = (n + 50) / 100
	return number(n/10) + "." + strconv.FormatInt(n%10, 10)
}

// usd writes millionths of a dollar, to the tenth of a cent.
func usd(micro int64) string {
	n := (micro + 500) / 1000
	text := fmt.Sprintf("$%s.%03d", number(n/1000), n%1000)
	return strings.TrimSuffix(text, "0")
}
