package sweep

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Dimension is a value of the scenario that a sweep varies.
type Dimension struct {
	// Path leads to the value, as that of --set.
	Path string `json:"path"`
	// Values are YAML, each once, at least one.
	Values []string `json:"values"`
	// Own is the value that the scenario has as it stands; nil where it has none,
	// or where nobody asks.
	Own *string `json:"own,omitempty"`
}

// MaxValues bounds the values of a dimension.
const MaxValues = 100_000

// ParseDimension reads path=VALUES. Values are separated by commas outside of
// quotes and brackets. Each is a range of whole numbers, both ends included
// (0..10, with a step 0..100/10, with a unit 100m..500m/100m), or YAML. Where
// the path ends in instanceType, what has *, ? or [ is a pattern, which types
// expands. What is there twice counts once.
func ParseDimension(text string, types func(pattern string) ([]string, error)) (Dimension, error) {
	path, values, ok := strings.Cut(text, "=")
	d := Dimension{Path: strings.TrimSpace(path)}
	if !ok || d.Path == "" {
		return d, errors.New("write path=VALUES, such as cni.env.WARM_IP_TARGET=0..10 or nodeGroups.workers.instanceType=m5.large,c5.large")
	}
	items, err := splitValues(values)
	if err != nil {
		return d, err
	}
	seen := map[string]bool{}
	for _, item := range items {
		expanded, err := expand(d.Path, item, types)
		if err != nil {
			return d, err
		}
		for _, v := range expanded {
			if !seen[v] {
				seen[v] = true
				d.Values = append(d.Values, v)
			}
		}
		if len(d.Values) > MaxValues {
			return d, fmt.Errorf("more than %d values", MaxValues)
		}
	}
	return d, nil
}

// splitValues cuts at the commas that are in no quotes and no brackets.
func splitValues(text string) ([]string, error) {
	var items []string
	var quote rune
	depth, begin := 0, 0
	cut := func(end int) error {
		item := strings.TrimSpace(text[begin:end])
		if item == "" {
			return errors.New(`a value is empty; for an empty text write '""', for the default null`)
		}
		items = append(items, item)
		return nil
	}
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth <= 0:
			if err := cut(i); err != nil {
				return nil, err
			}
			begin = i + 1
		}
	}
	return items, cut(len(text))
}

func expand(path, item string, types func(string) ([]string, error)) ([]string, error) {
	switch {
	case strings.Contains(item, "..") && !strings.ContainsAny(item, `'"[{`):
		return expandRange(item)
	case strings.HasSuffix("."+path, ".instanceType") && strings.ContainsAny(item, "*?["):
		return types(item)
	}
	return []string{item}, nil
}

// rangeForm is 0..100/10, with a unit behind each of the numbers or none.
var rangeForm = regexp.MustCompile(`^(\d+)([A-Za-z%]*)\.\.(\d+)([A-Za-z%]*)(?:/(\d+)([A-Za-z%]*))?$`)

func expandRange(item string) ([]string, error) {
	m := rangeForm.FindStringSubmatch(item)
	if m == nil {
		return nil, fmt.Errorf("%q is no range: write it as 0..10, with a step 0..100/10, with a unit 100m..500m/100m", item)
	}
	unit := m[4]
	if m[2] != "" && m[2] != unit || m[5] != "" && m[6] != unit {
		return nil, fmt.Errorf("the range %s mixes units", item)
	}
	const most = 1 << 40
	var n [3]uint64
	for i, digits := range []string{m[1], m[3], m[5]} {
		var err error
		if digits == "" {
			digits = "1"
		}
		if n[i], err = strconv.ParseUint(digits, 10, 64); err != nil || n[i] > most {
			return nil, fmt.Errorf("the range %s has a number that is too large", item)
		}
	}
	low, high, step := n[0], n[1], n[2]
	switch {
	case step == 0:
		return nil, fmt.Errorf("the range %s has a step of 0", item)
	case high < low:
		return nil, fmt.Errorf("the range %s ends before it begins", item)
	case (high-low)/step >= MaxValues:
		return nil, fmt.Errorf("the range %s has more than %d values", item, MaxValues)
	}
	var values []string
	for v := low; v <= high; v += step {
		values = append(values, strconv.FormatUint(v, 10)+unit)
	}
	return values, nil
}

// checkPaths refuses dimensions of which one would overwrite another.
func checkPaths(dimensions []Dimension) error {
	for i, d := range dimensions {
		for _, e := range dimensions[:i] {
			if Covers(d.Path, e.Path) || Covers(e.Path, d.Path) {
				if d.Path == e.Path {
					return fmt.Errorf("%s is varied twice; put its values into one --vary", d.Path)
				}
				return fmt.Errorf("%s and %s are varied, and one is part of the other", e.Path, d.Path)
			}
		}
	}
	return nil
}

// Covers reports whether a change of the outer path overwrites the inner one:
// it is the same, or the inner one is below it.
func Covers(outer, inner string) bool {
	a, b := keys(outer), keys(inner)
	return len(a) <= len(b) && slices.Equal(a, b[:len(a)])
}

// keys cuts a path as --set does.
func keys(path string) []string {
	return strings.Split(strings.ReplaceAll(strings.ReplaceAll(path, "[", "."), "]", ""), ".")
}
