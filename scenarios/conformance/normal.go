package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// agree reports whether the simulator has what is stated. Of what is "more than"
// a number it must have more.
func agree(name string, stated, have any) bool {
	a, b := normal(name, stated), normal(name, have)
	least, isNumber := a.(float64)
	number, both := b.(float64)
	if strings.HasSuffix(name, "MoreThan") && isNumber && both {
		return number > least
	}
	return a == b
}

// normal makes what a document and the simulator say comparable: numbers, lists
// without order, and without zeros where these say nothing.
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
