package capacity

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Lookup finds the value at a path of a resolved scenario: members of lists by
// name or by index, as --set addresses them. The value is nil where the path ends
// in something that the scenario leaves out.
func Lookup(resolved json.RawMessage, path string) (any, error) {
	var at any
	if err := json.Unmarshal(resolved, &at); err != nil {
		return nil, fmt.Errorf("the resolved scenario: %w", err)
	}
	path = strings.NewReplacer("[", ".", "]", "").Replace(path)
	keys := strings.Split(path, ".")
	for len(keys) > 0 {
		next, rest := child(at, keys)
		if next == nil {
			return nil, nil
		}
		at, keys = next, rest
	}
	return at, nil
}

// child takes a key from the front of the path. Names may have dots: the longest
// that is there is meant.
func child(of any, keys []string) (any, []string) {
	for end := len(keys); end > 0; end-- {
		name := strings.Join(keys[:end], ".")
		switch of := of.(type) {
		case map[string]any:
			if v, ok := of[name]; ok {
				return v, keys[end:]
			}
		case []any:
			for _, item := range of {
				if m, ok := item.(map[string]any); ok && m["name"] == name {
					return item, keys[end:]
				}
			}
			if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(of) {
				return of[i], keys[end:]
			}
		}
	}
	return nil, nil
}

// Number reads a value that Lookup has found as a whole number; false where it
// is none. Variables of an environment are text.
func Number(v any) (int, bool) {
	switch v := v.(type) {
	case float64:
		if n := int(v); float64(n) == v {
			return n, true
		}
	case string:
		if n, err := strconv.Atoi(v); err == nil {
			return n, true
		}
	}
	return 0, false
}
