package expect

import (
	"cmp"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// sortedMap is a map of texts that macros go through by key: those of CEL have
// Go's order, which is another each time, and it shows in what is listed and in
// which element is told of.
type sortedMap struct{ traits.Mapper }

// Iterator goes through the keys in order.
func (m sortedMap) Iterator() traits.Iterator {
	var keys []ref.Val
	for it := m.Mapper.Iterator(); it.HasNext() == types.True; {
		keys = append(keys, it.Next())
	}
	slices.SortFunc(keys, func(a, b ref.Val) int {
		x, _ := a.(types.String)
		y, _ := b.(types.String)
		return cmp.Compare(x, y)
	})
	return types.NewRefValList(types.DefaultTypeAdapter, keys).Iterator()
}
