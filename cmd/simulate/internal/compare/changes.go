package compare

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Change is a value of the scenario that the two runs don't share, as JSON has
// it. A side is nil where it has none.
type Change struct {
	Path string
	A, B any
}

// changes lists the values in which two resolved scenarios differ, by path: what
// they are called is none. Members of lists that have a name are told by it,
// others by their index.
func changes(a, b json.RawMessage) []Change {
	var all []Change
	differ("", decode(a), decode(b), &all)
	all = slices.DeleteFunc(all, func(c Change) bool { return c.Path == "name" || c.Path == "summary" })
	slices.SortStableFunc(all, func(c, d Change) int { return cmp.Compare(c.Path, d.Path) })
	return all
}

func decode(data json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil // a run without a scenario
	}
	return v
}

func differ(path string, a, b any, all *[]Change) {
	x, y := members(a), members(b)
	if x == nil || y == nil {
		if !equal(a, b) {
			*all = append(*all, Change{path, a, b})
		}
		return
	}
	names := slices.Sorted(maps.Keys(x))
	for _, name := range slices.Sorted(maps.Keys(y)) {
		if _, ok := x[name]; !ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		at := name
		if path != "" {
			at = path + "." + name
		}
		differ(at, x[name], y[name], all)
	}
}

// members are the parts of a mapping or of a list; nil for any other value.
func members(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		parts := map[string]any{}
		for i, e := range v {
			name := strconv.Itoa(i)
			if m, ok := e.(map[string]any); ok {
				if n, ok := m["name"].(string); ok {
					name = n
				}
			}
			parts[name] = e
		}
		return parts
	}
	return nil
}

func equal(a, b any) bool { return Text(a) == Text(b) }

// Text writes a value of a scenario in one line, as JSON; text without quotes.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	out, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(out)
}
