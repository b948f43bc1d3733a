package cli

import (
	"fmt"
	"strconv"
	"strings"

	"vpcsim/scenarios"
)

// span is a flag with a range of whole numbers, both ends included: 2..8, 2..,
// ..8, or 4. The zero span is not set and has every number.
type span struct {
	low, high int
	set, open bool // open: there is no high
	read      func(string) (int, error)
	text      string
	unit      string // for the help
}

// has reports whether a number is in the range.
func (s *span) has(n int) bool {
	return !s.set || n >= s.low && (s.open || n <= s.high)
}

// String returns the range as it was written.
func (s *span) String() string { return s.text }

// Type names the flag's type in the help.
func (s *span) Type() string { return s.unit }

// Set takes a range.
func (s *span) Set(text string) error {
	low, high, isRange := strings.Cut(text, "..")
	if !isRange {
		high = low
	}
	parsed := span{set: true, open: high == "", read: s.read, text: text, unit: s.unit}
	if low == "" && high == "" {
		return fmt.Errorf("it is a range: %s", s.unit)
	}
	var err error
	if low != "" {
		if parsed.low, err = s.read(low); err != nil {
			return err
		}
	}
	if high != "" {
		if parsed.high, err = s.read(high); err != nil {
			return err
		}
	}
	if !parsed.open && parsed.high < parsed.low {
		return fmt.Errorf("the range ends before it begins")
	}
	*s = parsed
	return nil
}

// wholeNumber reads a number of things.
func wholeNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number", text)
	}
	return int(n), nil
}

// mebibytes reads an amount of memory as Kubernetes writes it.
func mebibytes(text string) (int, error) {
	n, err := scenarios.ParseMemory(text)
	if err != nil {
		return 0, fmt.Errorf("%q %w", text, err)
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return 0, fmt.Errorf("%q are bytes: write it as %sGi", text, text)
	}
	return int(n), nil
}

// price is a flag with an amount of dollars, exact to the millionth.
type price struct {
	micro int64
	set   bool
	text  string
}

// String returns the amount as it was written.
func (p *price) String() string { return p.text }

// Type names the flag's type in the help.
func (p *price) Type() string { return "USD" }

// Set takes an amount.
func (p *price) Set(text string) error {
	const decimals = 6
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "$"), ".")
	if len(fraction) > decimals {
		return fmt.Errorf("it has more than %d decimals", decimals)
	}
	n, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 62)
	if err != nil || whole+fraction == "" {
		return fmt.Errorf("it is an amount of dollars: 0.096")
	}
	*p = price{int64(n), true, text}
	return nil
}
