package scenarios

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"vpcsim/scenarios/internal/doc"
)

// Quantities are written as Kubernetes writes them: a decimal number and a
// suffix. Source: Kubernetes API conventions, "Quantity".
//
// The arithmetic is exact. What isn't a whole number of the unit that is asked
// for is rounded up, as Kubernetes does.

var (
	errQuantity = errors.New("is no quantity: write it as 250m, 0.5, 200Mi or 1G")
	errTooLarge = errors.New("is too large")
	errNegative = errors.New("must not be negative")
)

// decimalSuffixes are powers of ten, binarySuffixes of 1,024.
var (
	decimalSuffixes = map[string]int{"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
	binarySuffixes  = map[string]int{"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
)

// parseQuantity returns the quantity in units of 10^unit, rounded up.
func parseQuantity(text string, unit int) (int64, error) {
	digits, power, rest, err := parseNumber(text)
	if err != nil {
		return 0, err
	}
	binary := 0
	if n, ok := binarySuffixes[rest]; ok {
		binary = n
	} else if n, ok := decimalSuffixes[rest]; ok {
		power += n
	} else if n, ok := exponent(rest); ok {
		power += n
	} else {
		return 0, errQuantity
	}
	return scale(digits, power-unit, binary)
}

// parseNumber splits a text into the digits of its number, the power of ten
// that they count, and what follows.
func parseNumber(text string) (digits uint64, power int, rest string, err error) {
	number := strings.TrimPrefix(text, "+")
	negative := strings.HasPrefix(text, "-")
	number = strings.TrimPrefix(number, "-")
	end := strings.IndexFunc(number, func(c rune) bool { return (c < '0' || c > '9') && c != '.' })
	if end < 0 {
		end = len(number)
	}
	number, rest = number[:end], number[end:]
	whole, fraction, _ := strings.Cut(number, ".")
	if whole+fraction == "" || strings.Contains(fraction, ".") {
		return 0, 0, "", errQuantity
	}
	fraction = strings.TrimRight(fraction, "0")
	significant := strings.TrimLeft(whole+fraction, "0")
	if significant == "" {
		return 0, 0, rest, nil
	}
	if negative {
		return 0, 0, "", errNegative
	}
	digits, parseErr := strconv.ParseUint(significant, 10, 63)
	if parseErr != nil {
		return 0, 0, "", errTooLarge
	}
	return digits, -len(fraction), rest, nil
}

// exponent reads e3 or E-3.
func exponent(text string) (int, bool) {
	if len(text) < 2 || text[0] != 'e' && text[0] != 'E' {
		return 0, false
	}
	n, err := strconv.Atoi(text[1:])
	return n, err == nil && -100 <= n && n <= 100
}

// scale returns digits × 10^power × 1024^binary, rounded up.
func scale(digits uint64, power, binary int) (int64, error) {
	if digits == 0 {
		return 0, nil
	}
	n := digits
	for range binary {
		hi, lo := bits.Mul64(n, 1024)
		if hi != 0 || lo > math.MaxInt64 {
			return 0, errTooLarge
		}
		n = lo
	}
	for ; power > 0; power-- {
		hi, lo := bits.Mul64(n, 10)
		if hi != 0 || lo > math.MaxInt64 {
			return 0, errTooLarge
		}
		n = lo
	}
	// Rounding up at every step is rounding up once: ceil(ceil(a/10)/10) is
	// ceil(a/100).
	for ; power < 0 && n > 1; power++ {
		n = (n + 9) / 10
	}
	return int64(n), nil
}

// describesQuantity describes a quantity: a number, or a number with a suffix.
func (d *decoder) describesQuantity(name string, least int64) bool {
	return d.describes(func(s *shape) {
		s.name = name
		s.union = []*shape{
			{types: []string{"number"}, least: least, bounded: true},
			{types: []string{"string"}, pattern: `^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?$`},
		}
	})
}

// quantity reads a quantity in units of 10^unit.
func (d *decoder) quantity(v value, unit int) (int64, bool) {
	if v.Kind != doc.Number && v.Kind != doc.Text {
		d.failAt(v, "must be a quantity, not %s", v.Kind)
		return 0, false
	}
	n, err := parseQuantity(v.Scalar, unit)
	if err != nil {
		d.failAt(v, "%s %s", quote(v.Scalar), err)
		return 0, false
	}
	return n, true
}

// cpu reads an amount of CPU.
func (d *decoder) cpu(into *MilliCPU) reader {
	return func(v value) {
		if d.describesQuantity("quantity", 0) {
			return
		}
		if v.Kind != doc.Number && v.Kind != doc.Text {
			d.failAt(v, "must be a quantity, not %s", v.Kind)
			return
		}
		n, err := ParseCPU(v.Scalar)
		if err != nil {
			d.failAt(v, "%s %s", quote(v.Scalar), err)
			return
		}
		*into = n
	}
}

// memory reads an amount of memory.
func (d *decoder) memory(into *MemoryMiB) reader {
	return func(v value) {
		if d.describesQuantity("quantity", 0) {
			return
		}
		if v.Kind != doc.Number && v.Kind != doc.Text {
			d.failAt(v, "must be a quantity, not %s", v.Kind)
			return
		}
		n, err := ParseMemory(v.Scalar)
		if err != nil {
			d.failAt(v, "%s %s", quote(v.Scalar), err)
			return
		}
		*into = n
	}
}

// ParseMemory reads an amount of memory as Kubernetes writes it, for example
// 8Gi, in whole MiB, rounded up.
func ParseMemory(text string) (MemoryMiB, error) {
	n, err := parseQuantity(text, 0)
	if err != nil {
		return 0, err
	}
	mib := n >> 20
	if n&(1<<20-1) != 0 {
		mib++
	}
	if mib > most {
		return 0, errTooLarge
	}
	return MemoryMiB(mib), nil
}

// ParseCPU reads an amount of CPU as Kubernetes writes it, for example 250m or
// 0.5, in thousandths of a core, rounded up.
func ParseCPU(text string) (MilliCPU, error) {
	n, err := parseQuantity(text, -3)
	if err == nil && n > most {
		err = errTooLarge
	}
	return MilliCPU(n), err
}

// bytes reads a size of at least one byte.
func (d *decoder) bytes(into *int64) reader {
	return func(v value) {
		if d.describesQuantity("bytes", 1) {
			return
		}
		n, ok := d.quantity(v, 0)
		if ok && n < 1 {
			d.failAt(v, "must be at least 1")
			return
		}
		if ok {
			*into = n
		}
	}
}

// decimal reads a number above 0, rounded up to thousandths.
func (d *decoder) decimal(into *Decimal) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types = []string{"number"} }) {
			return
		}
		if !d.is(v, doc.Number) {
			return
		}
		n, err := parseQuantity(v.Scalar, -3)
		switch {
		case err != nil:
			d.failAt(v, "%s is no number that can be used", quote(v.Scalar))
		case n < 1 || n > most*1000:
			d.failAt(v, "must be more than 0 and at most %d", most)
		default:
			*into = Decimal(n)
		}
	}
}
