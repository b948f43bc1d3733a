package sim

import (
	"fmt"

	"vpcsim/model"
)

// diagnoseFull is row f: what limits the card's ENIs. Blocks of the mode that was
// on before serve no new pod and keep their slots, so they come first: a limit of
// the type says nothing where the slots do not serve.
func (p *pool) diagnoseFull() verdict {
	v := p.onNode(KindENILimit, "", "")
	v.numbers = p.limitingNumbers
	left := p.store.LeftOver(p.settings)
	if left.Blocks > 0 {
		v = p.onNode(KindENILimit, "slots-held", "")
		v.numbers = func() map[Number]int {
			out := p.limitingNumbers()
			out[NumberLeftover], out[NumberLeftoverHeld] = left.Blocks, left.Held
			return out
		}
	}
	v.cappedBy, v.remedy = p.cappedBy(left)
	return v
}

// remedyLeftovers says how slots come free. Only its start makes an agent give back
// single addresses that are left over; a prefix goes with its last pod. Observed in
// v1.23.1.
func (p *pool) remedyLeftovers(left model.LeftOver) string {
	full := p.a.instance().kind
	remedy := ""
	switch {
	case p.settings.PrefixDelegation && left.Held == 0:
		remedy = fmt.Sprintf("restart the agent: %s from before prefix mode, which no pod holds, %s, and only a start gives them back; or replace the node", countOf(left.Blocks, "single address", "single addresses"), slotsKept(left.Blocks))
	case p.settings.PrefixDelegation:
		remedy = fmt.Sprintf("replace the node: %s from before prefix mode (%d held by pods) %s, and a new node starts with prefixes; or restart the agent when those pods have gone, only a start gives free ones back", countOf(left.Blocks, "single address", "single addresses"), left.Held, slotsKept(left.Blocks))
	default:
		remedy = fmt.Sprintf("prefix mode was switched off, and %s from before %s, each until its last pod has gone: switch it on again, or move pods to more nodes; a new node of this type has %d addresses for pods then, so lower max-pods (%d) if that is more", countOf(left.Blocks, "prefix", "prefixes"), slotsKept(left.Blocks), p.singleAddresses(), p.a.node.maxPods)
	}
	if p.a.maxENI() < full.MaxENIs {
		remedy += fmt.Sprintf("; or raise MAX_ENI (%d): %s holds %d ENIs", p.a.maxENI(), full.Name, full.MaxENIs)
	}
	return remedy
}

// singleAddresses is how many secondary addresses the node's ENIs can have for
// pods.
func (p *pool) singleAddresses() int {
	enis := p.a.maxENI()
	if p.settings.CustomNetworking || p.a.keepsSlot() && p.a.awaitsTrunk() {
		enis--
	}
	return max(enis, 0) * p.a.limits().Slots
}

func countOf(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func slotsKept(n int) string {
	if n == 1 {
		return "keeps a slot"
	}
	return "keep their slots"
}
