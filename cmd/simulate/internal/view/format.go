package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vpcsim/model"
)

// number writes 12345 as 12,345, and in words what no reader would count: the addresses
// of a /80, which are 2^48.
func number[N int | int64](n N) string {
	if n >= trillion {
		return fmt.Sprintf("some %d trillion", (int64(n)+trillion/2)/trillion)
	}
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

const trillion = 1_000_000_000_000

// count writes a number with its noun, in the plural where it is due.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "x") || strings.HasSuffix(noun, "ss") {
		return number(n) + " " + noun + "es"
	}
	return number(n) + " " + noun + "s"
}

// duration writes 90 s as 1m30s and an hour as 1h: without zero units, and above
// a second to the tenth. The log has the milliseconds.
func duration(d time.Duration) string {
	if d >= time.Second {
		d = d.Round(100 * time.Millisecond)
	}
	return trimDuration(d.String())
}

// trimDuration takes the units that are zero off the end.
func trimDuration(s string) string {
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func instant(t model.Instant) string { return duration(t.Sub(0)) }

// millis writes a sum of milliseconds, which may be long, without fractions of
// a second above a minute.
func millis(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d >= time.Minute {
		d = d.Round(time.Second)
	}
	return duration(d)
}
