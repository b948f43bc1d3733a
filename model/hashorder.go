package model

import "math/bits"

// mapSlots is how many entries one group of a hash map holds.
const mapSlots = 8

// hashOrder remembers in which slots the entries of one of the agent's hash
// maps sit, because the agent visits ENIs and blocks in the order of a map.
//
// A map of at most 8 entries is one group of 8 slots; a new entry takes the
// lowest empty slot. A visit starts at a slot drawn uniformly and goes round:
// a rotation, not a shuffle.
//
//	slots   0 1 2 - - - - -     three ENIs
//	start   0      → 0 1 2
//	start   1      → 1 2 0
//	start   2      → 2 0 1
//	start 3 … 7    → 0 1 2      so entry 0 is first in 6 of 8 visits
//
// A map that once held more is spread over several groups and stays so: its
// order is taken as a uniform shuffle. Source: measured with Go 1.26, the
// language of the agent.
type hashOrder struct {
	taken uint8 // slots, while not grown
	grown bool
	order []int // of the last visit
}

// noSlot is the slot of an entry of a map that has outgrown one group.
const noSlot = -1

// add returns the slot of a new entry.
func (h *hashOrder) add() int8 {
	if h.grown {
		return noSlot
	}
	slot := bits.TrailingZeros8(^h.taken)
	if slot == mapSlots {
		h.grown = true
		return noSlot
	}
	h.taken |= 1 << slot
	return int8(slot)
}

// remove empties an entry's slot.
func (h *hashOrder) remove(slot int8) {
	if slot != noSlot {
		h.taken &^= 1 << slot
	}
}

// visit returns the indices 0 … n-1 in the order in which the map is visited;
// slotOf tells the slot of each. With a nil pick the order is that of the
// indices. The slice is good until the next visit.
func (h *hashOrder) visit(n int, slotOf func(i int) int8, pick Pick) []int {
	h.order = h.order[:0]
	switch {
	case pick == nil:
		h.inOrder(n)
	case h.grown:
		h.inOrder(n)
		h.shuffle(pick)
	default:
		h.rotate(n, slotOf, pick(mapSlots))
	}
	return h.order
}

func (h *hashOrder) inOrder(n int) {
	for i := range n {
		h.order = append(h.order, i)
	}
}

func (h *hashOrder) shuffle(pick Pick) {
	for i := len(h.order) - 1; i > 0; i-- {
		j := pick(i + 1)
		h.order[i], h.order[j] = h.order[j], h.order[i]
	}
}

// rotate lists the entries from the slot start on.
func (h *hashOrder) rotate(n int, slotOf func(i int) int8, start int) {
	var at [mapSlots]int // index + 1
	for i := range n {
		at[slotOf(i)] = i + 1
	}
	for k := range mapSlots {
		if i := at[(start+k)%mapSlots]; i > 0 {
			h.order = append(h.order, i-1)
		}
	}
}

// VisitMap returns 0 … n-1 in the order in which the agent goes through a hash
// map that was filled in ascending order, such as that of its decisions by
// network card; with a nil pick they ascend. One entry needs no pick.
func VisitMap(n int, pick Pick) []int {
	if n < 2 {
		pick = nil
	}
	return visitCopy(n, pick)
}

// visitCopy visits a map that was filled with n entries one after the other.
func visitCopy(n int, pick Pick) []int {
	var h hashOrder
	slots := make([]int8, n)
	for i := range n {
		slots[i] = h.add()
	}
	return h.visit(n, func(i int) int8 { return slots[i] }, pick)
}
