package model

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// draws returns a pick that makes these draws, and requires each to be asked
// for out of as many as the first of the pair says.
func draws(t *testing.T, pairs ...[2]int) Pick {
	return func(n int) int {
		require.NotEmpty(t, pairs, "one draw too many, of %d", n)
		require.Equal(t, pairs[0][0], n, "out of how many")
		draw := pairs[0][1]
		pairs = pairs[1:]
		return draw
	}
}

// visitSlots visits entries that sit in these slots.
func visitSlots(h *hashOrder, slots []int8, pick Pick) []int {
	return h.visit(len(slots), func(i int) int8 { return slots[i] }, pick)
}

func addSlots(h *hashOrder, n int) []int8 {
	var slots []int8
	for range n {
		slots = append(slots, h.add())
	}
	return slots
}

// Each of the eight starts is as likely as another, so counting over them gives
// the probabilities in eighths, exactly.
func TestVisitIsARotationFromAUniformSlot(t *testing.T) {
	for n := 1; n <= mapSlots; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			var h hashOrder
			slots := addSlots(&h, n)
			first := make([]int, n)
			for start := range mapSlots {
				order := visitSlots(&h, slots, draws(t, [2]int{mapSlots, start}))
				first[order[0]]++
				for k, i := range order {
					require.Equal(t, (order[0]+k)%n, i, "a rotation")
				}
				require.Len(t, order, n)
			}
			require.Equal(t, 9-n, first[0], "eighths of entry 0")
			for i := 1; i < n; i++ {
				require.Equal(t, 1, first[i], "eighths of entry %d", i)
			}
		})
	}
}

func TestVisitWithoutPickIsInOrder(t *testing.T) {
	for _, n := range []int{0, 1, 8, 9, 49} {
		var h hashOrder
		slots := addSlots(&h, n)
		order := visitSlots(&h, slots, nil)
		require.Len(t, order, n)
		for i := range n {
			require.Equal(t, i, order[i])
		}
	}
}

func TestVisitSkipsEmptySlots(t *testing.T) {
	var h hashOrder
	slots := addSlots(&h, 4)
	h.remove(slots[1])
	h.remove(slots[2])
	left := []int8{slots[0], slots[3]}
	for start, want := range [][]int{{0, 1}, {1, 0}, {1, 0}, {1, 0}, {0, 1}, {0, 1}, {0, 1}, {0, 1}} {
		require.Equal(t, want, visitSlots(&h, left, draws(t, [2]int{8, start})), "start %d", start)
	}
}

func TestNewEntryTakesTheLowestEmptySlot(t *testing.T) {
	var h hashOrder
	require.Equal(t, []int8{0, 1, 2, 3, 4}, addSlots(&h, 5))
	h.remove(3)
	h.remove(1)
	require.Equal(t, []int8{1, 3, 5}, addSlots(&h, 3))
}

// Eight entries fit; the ninth spreads the map for good, and then every order
// comes about, each by one sequence of draws.
func TestGrownMapIsShuffledForGood(t *testing.T) {
	var h hashOrder
	slots := addSlots(&h, 8)
	require.Equal(t, int8(7), slots[7])
	require.Equal(t, int8(noSlot), h.add())
	for _, slot := range slots[2:] {
		h.remove(slot)
	}
	h.remove(noSlot)
	require.Equal(t, int8(noSlot), h.add(), "room or not")

	left := []int8{slots[0], slots[1], noSlot}
	seen := map[string]bool{}
	for a := range 3 {
		for b := range 2 {
			seen[fmt.Sprint(visitSlots(&h, left, draws(t, [2]int{3, a}, [2]int{2, b})))] = true
		}
	}
	require.Len(t, seen, 6)
}

// A shrink walks a copy of the map: entry i of the first rotation sits in slot i
// of the copy. With three ENIs device 0 is first in 38 of 64 cases.
func TestShrinkOrderChainsTwoRotations(t *testing.T) {
	d := NewDatastore(false, CooldownDefault)
	for device := range 3 {
		d.AddENI(&StoreENI{ID: ENIID(fmt.Sprint(device)), Device: device})
	}
	devices := func(enis []*StoreENI) (out []int) {
		for _, e := range enis {
			out = append(out, e.Device)
		}
		return out
	}
	require.Equal(t, []int{0, 1, 2}, devices(d.ShrinkOrder(nil)))
	require.Equal(t, []int{2, 0, 1}, devices(d.ShrinkOrder(draws(t, [2]int{8, 1}, [2]int{8, 1}))))
	require.Equal(t, []int{1, 2, 0}, devices(d.ShrinkOrder(draws(t, [2]int{8, 1}, [2]int{8, 7}))))

	first := make([]int, 3)
	for a := range mapSlots {
		for b := range mapSlots {
			first[d.ShrinkOrder(draws(t, [2]int{8, a}, [2]int{8, b}))[0].Device]++
		}
	}
	require.Equal(t, []int{6*6 + 1 + 1, 6 + 6 + 1, 6 + 6 + 1}, first)
}
