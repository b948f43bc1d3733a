package picture

import (
	"fmt"
	"slices"

	"vpcsim/sim/replay"
)

// Cards is network cards in a row that look the same, and the ENIs of the first.
type Cards struct {
	First, Last int
	ENIs        []*replay.ENI
}

// CardsOf groups a node's ENIs by network card, and cards above 0 that look the
// same and follow each other: a type may have 32.
func CardsOf(s *replay.State, n *replay.Node) []Cards {
	var out []Cards
	looks := ""
	for rest := n.Attached(); len(rest) > 0; {
		card := rest[0].Card
		end := slices.IndexFunc(rest, func(e *replay.ENI) bool { return e.Card != card })
		if end < 0 {
			end = len(rest)
		}
		enis := rest[:end]
		rest = rest[end:]
		look := ""
		for _, e := range enis {
			look += eniLooks(s, e)
		}
		if k := len(out) - 1; k >= 0 && out[k].First > 0 && out[k].Last == card-1 && look == looks {
			out[k].Last = card
			continue
		}
		looks = look
		out = append(out, Cards{card, card, enis})
	}
	return out
}

// Name is that of an ENI of the cards.
func (k Cards) Name(n *replay.Node, e *replay.ENI) string {
	if k.Last > k.First {
		return CardENI(k.First, k.Last, e.Device)
	}
	return ENIName(n, e.Card, e.Device)
}

// Several reports whether the cards are more than one.
func (k Cards) Several() bool { return k.Last > k.First }

// ENIName names an ENI by its device number, and on a node with ENIs on several
// network cards by its card, too.
func ENIName(n *replay.Node, card, device int) string {
	if n.ManyCards() {
		return CardENI(card, card, device)
	}
	return fmt.Sprintf("eni%d", device)
}

// CardENI names a device of a network card, or of several like ones in a row.
func CardENI(first, last, device int) string {
	if last > first {
		return fmt.Sprintf("card%d-%d eni%d", first, last, device)
	}
	return fmt.Sprintf("card%d eni%d", first, device)
}

// MaxENIs is how many ENIs the node may have, over all cards where its agent uses
// several.
func MaxENIs(n *replay.Node) int {
	if n.ManyCards() {
		return n.Launched.MaxENIsAll
	}
	return n.Launched.MaxENIs
}
