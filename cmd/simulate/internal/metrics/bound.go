package metrics

import (
	"fmt"
	"strings"
)

// Bound is what a value has to keep: latency.startP99<=5s.
type Bound struct {
	Metric Metric
	Op     string // <=, >=, <, >, ==, !=
	N      int64
	Text   string // as it was written, without spaces around
}

// bounds are the operators, those that begin as another does before that.
var bounds = []struct {
	op    string
	keeps func(v, n int64) bool
}{
	{"<=", func(v, n int64) bool { return v <= n }},
	{">=", func(v, n int64) bool { return v >= n }},
	{"==", func(v, n int64) bool { return v == n }},
	{"!=", func(v, n int64) bool { return v != n }},
	{"<", func(v, n int64) bool { return v < n }},
	{">", func(v, n int64) bool { return v > n }},
}

// ParseBound reads a bound, spaces allowed around its parts.
func ParseBound(text string) (Bound, error) {
	for _, o := range bounds {
		name, value, ok := strings.Cut(text, o.op)
		if !ok {
			continue
		}
		m, err := Named(strings.TrimSpace(name))
		if err != nil {
			return Bound{}, err
		}
		n, err := m.Parse(strings.TrimSpace(value))
		if err != nil {
			return Bound{}, err
		}
		return Bound{m, o.op, n, strings.TrimSpace(text)}, nil
	}
	return Bound{}, fmt.Errorf("write METRIC<=VALUE, such as latency.startP99<=5s; there are also >=, <, >, == and !=")
}

// Keeps reports whether a value keeps the bound. What is unknown doesn't.
func (b Bound) Keeps(v Value) bool {
	for _, o := range bounds {
		if o.op == b.Op {
			return v.Known && o.keeps(v.N, b.N)
		}
	}
	return false
}

// Nearer returns a negative number if a is nearer to keeping the bound than b, a
// positive one if b is. Both may keep it.
func (b Bound) Nearer(a, c Value) int {
	m := b.Metric
	switch b.Op {
	case "<", "<=":
		m.Better = Less
	case ">", ">=":
		m.Better = More
	default:
		away := func(v Value) Value { return Value{max(v.N-b.N, b.N-v.N), v.Known} }
		m.Better, a, c = Less, away(a), away(c)
	}
	return m.Compare(a, c)
}
