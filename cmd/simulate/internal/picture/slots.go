package picture

import (
	"vpcsim/model"
	"vpcsim/sim/replay"
)

// SlotState is what a slot of an ENI holds at an instant.
type SlotState int

// The states of a slot. A slot with a prefix is held as soon as a pod holds one of
// its addresses.
const (
	Empty    SlotState = iota // no address was added there
	Free                      // it could be handed out at once
	Held                      // by a pod
	Cooling                   // given up less than the cooldown ago
	LeftOver                  // of the mode before; it serves no new pod
)

// Slot is a place on an ENI for an address or a prefix.
type Slot struct {
	State SlotState
	Block *replay.Block // nil where the slot is empty
}

// Slots lists an ENI's slots: its blocks in ascending order, then the empty ones.
// An ENI that serves no pods has none.
func Slots(n *replay.Node, e *replay.ENI, at model.Instant) []Slot {
	if ServesNoPods(n, e) {
		return nil
	}
	out := make([]Slot, 0, max(len(e.Blocks), n.Launched.SlotsPerENI))
	for _, b := range e.Blocks {
		out = append(out, Slot{stateOf(e, b, at), b})
	}
	for len(out) < n.Launched.SlotsPerENI {
		out = append(out, Slot{})
	}
	return out
}

func stateOf(e *replay.ENI, b *replay.Block, at model.Instant) SlotState {
	switch {
	case IsLeftOver(e, b):
		return LeftOver
	case b.Assigned > 0:
		return Held
	case b.Cooling(at) > 0:
		return Cooling
	}
	return Free
}

// ServesNoPods: a trunk carries branches only, and in custom networking the
// primary ENI none either.
func ServesNoPods(n *replay.Node, e *replay.ENI) bool {
	return len(e.Blocks) == 0 &&
		(e.Kind == model.ENITrunk || e.Kind == model.ENIPrimary && n.Config.Settings.CustomNetworking)
}

// IsLeftOver reports whether a block of the mode before keeps its slot for
// nothing: no pod holds an address of it.
func IsLeftOver(e *replay.ENI, b *replay.Block) bool {
	return b.LeftOver() && b.Assigned == 0 && !e.Excluded
}
