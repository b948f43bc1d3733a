package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// normal makes what a document and the simulator say comparable: numbers, lists
// without order, and without zeros where these say nothing. "More than" a number
// is written with a sign.
func normal(name string, v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case []any:
		list := []int{}
		for _, n := range v {
			list = append(list, int(n.(float64)))
		}
		return normal(name, list)
	case []int:
		list := slices.Clone(v)
		if strings.HasPrefix(name, "podsPer") {
			list = slices.DeleteFunc(list, func(n int) bool { return n == 0 })
		}
		if !strings.HasPrefix(name, "perNode") {
			slices.Sort(list)
		}
		return fmt.Sprint(list)
	default:
		return v
	}
}
