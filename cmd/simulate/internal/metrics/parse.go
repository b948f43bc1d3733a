package metrics

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vpcsim/scenarios"
)

// Named returns the metric of that name, or an error that says which one was
// probably meant.
func Named(name string) (Metric, error) {
	if m, ok := Find(name); ok {
		return m, nil
	}
	if near := scenarios.Nearest(name, Names()); near != "" {
		return Metric{}, fmt.Errorf("there is no metric %q (did you mean %s?)", name, near)
	}
	return Metric{}, fmt.Errorf("there is no metric %q; 'simulate sweep --help' lists them", name)
}

// Parse reads a value as people write it: 5s, 12.5, $0.20, yes. What is finer
// than the metric's unit is refused.
func (m Metric) Parse(text string) (int64, error) {
	switch m.Unit {
	case Millis:
		d, err := time.ParseDuration(text)
		switch {
		case err != nil:
			return 0, fmt.Errorf("%s is a duration with a unit, such as 500ms, 5s or 1m30s, not %q", m.Name, text)
		case d%time.Millisecond != 0:
			return 0, fmt.Errorf("%s is in whole milliseconds, not %q", m.Name, text)
		}
		return d.Milliseconds(), nil
	case YesNo:
		switch text {
		case "yes", "true", "1":
			return 1, nil
		case "no", "false", "0":
			return 0, nil
		}
		return 0, fmt.Errorf("%s is yes or no, not %q", m.Name, text)
	case Thousandths:
		return m.decimal(text, 3)
	case MicroUSD:
		return m.decimal(strings.TrimPrefix(text, "$"), 6)
	}
	return m.decimal(text, 0)
}

// decimal reads a number with so many decimals as a whole number of the last
// one's units.
func (m Metric) decimal(text string, decimals int) (int64, error) {
	whole, fraction, dotted := strings.Cut(text, ".")
	if len(fraction) > decimals || dotted && fraction == "" {
		if decimals == 0 {
			return 0, fmt.Errorf("%s is a whole number, not %q", m.Name, text)
		}
		return 0, fmt.Errorf("%s has at most %d decimals: %q", m.Name, decimals, text)
	}
	n, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 62)
	if err != nil || whole == "" {
		return 0, fmt.Errorf("%s is a number from 0, not %q", m.Name, text)
	}
	return int64(n), nil
}

// Exact writes a value as a number of its unit's whole: milliseconds as they
// are, thousandths and millionths as decimals. It is empty for what is unknown.
// Programs read it.
func (m Metric) Exact(v Value) string {
	switch {
	case !v.Known:
		return ""
	case m.Unit == Thousandths:
		return decimals(v.N, 3)
	case m.Unit == MicroUSD:
		return decimals(v.N, 6)
	}
	return strconv.FormatInt(v.N, 10)
}

// ExactUnit is the unit of what Exact writes and Parse reads; Parse wants that of
// a duration to be written.
func (m Metric) ExactUnit() Unit {
	switch m.Unit {
	case Thousandths:
		return Count
	case MicroUSD:
		return "USD"
	}
	return m.Unit
}

// decimals writes n units of the last decimal, without zeros at the end.
func decimals(n int64, places int) string {
	text := fmt.Sprintf("%0*d", places+1, n)
	cut := len(text) - places
	return strings.TrimSuffix(strings.TrimRight(text[:cut]+"."+text[cut:], "0"), ".")
}
