package capacity

import (
	"fmt"
	"math/big"
	"strings"
)

// Growth is a rate at which a number grows: so many, or so many per cent, a
// unit of time. Per cent compound at the end of each unit.
type Growth struct {
	text    string
	amount  *big.Rat
	percent bool
	unit    string
	days    int // of a unit
}

// units are those of a rate, in days. A month is 30 days, a year 365.
var units = []struct {
	name string
	days int
}{{"day", 1}, {"week", 7}, {"month", 30}, {"year", 365}}

// mostYears bounds a forecast.
const mostYears = 100

// ParseGrowth reads a rate such as 5%/week or 10/day.
func ParseGrowth(text string) (Growth, error) {
	const form = "it is a rate such as 5%/week or 10/day, a day, week, month (30 days) or year"
	amount, unit, ok := strings.Cut(text, "/")
	g := Growth{text: text, unit: strings.TrimSpace(unit)}
	amount, g.percent = strings.CutSuffix(strings.TrimSpace(amount), "%")
	for _, u := range units {
		if g.unit == u.name {
			g.days = u.days
		}
	}
	if !ok || g.days == 0 || len(amount) > 12 || strings.Trim(amount, "0123456789.") != "" {
		return Growth{}, fmt.Errorf("%s", form)
	}
	if g.amount, ok = new(big.Rat).SetString(amount); !ok {
		return Growth{}, fmt.Errorf("%s", form)
	}
	if g.amount.Sign() <= 0 {
		return Growth{}, fmt.Errorf("it must be more than 0")
	}
	if g.amount.Cmp(big.NewRat(1_000_000, 1)) > 0 {
		return Growth{}, fmt.Errorf("it must be at most 1,000,000")
	}
	return g, nil
}

// String returns the rate as it was written.
func (g Growth) String() string { return g.text }

// Forecast is when a growing number passes a value.
type Forecast struct {
	Growth string
	From   int
	// Reaches is the first value that is too much.
	Reaches int
	// Units is after how many units of the rate it is reached, Days the same in
	// days. Never: not within a hundred years.
	Units, Days int
	Unit        string
	Never       bool
	// Value is the number then, rounded down.
	Value int64
}

// Passes forecasts when a number that is from at the beginning is more than
// most. It reckons exactly: 60 that grow by 5 % are 63.
func (g Growth) Passes(from, most int) Forecast {
	f := Forecast{Growth: g.text, From: from, Reaches: most + 1, Unit: g.unit}
	// The number is value/scale. A step multiplies value by grow, or adds to it,
	// and scale by base.
	value, scale := big.NewInt(int64(from)), big.NewInt(1)
	num, base := g.amount.Num(), g.amount.Denom()
	if g.percent {
		base = new(big.Int).Mul(base, big.NewInt(100))
		grow := new(big.Int).Add(base, num)
		for f.count(value, scale, most, g.days) && from > 0 {
			value.Mul(value, grow)
			scale.Mul(scale, base)
		}
		f.Never = f.Never || from == 0 && most >= 0
		return f
	}
	scale.Set(base)
	value.Mul(value, base)
	for f.count(value, scale, most, g.days) {
		value.Add(value, num)
	}
	return f
}

// count takes the number as it stands and reports whether another unit is to
// pass; it counts that one.
func (f *Forecast) count(value, scale *big.Int, most, days int) bool {
	whole := new(big.Int).Quo(value, scale)
	f.Value = whole.Int64()
	if whole.Cmp(big.NewInt(int64(most))) > 0 {
		return false
	}
	if f.Days >= mostYears*365 {
		f.Never = true
		return false
	}
	f.Units++
	f.Days += days
	return true
}
