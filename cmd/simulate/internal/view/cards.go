package view

import (
	"fmt"
	"slices"

	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// eniName names an ENI by its device number, and on a node with ENIs on several
// network cards by its card, too.
func eniName(n *replay.Node, card, device int) string {
	if n.ManyCards() {
		return cardENI(card, card, device)
	}
	return fmt.Sprintf("eni%d", device)
}

// cardENI names a device of a network card, or of several like ones in a row.
func cardENI(first, last, device int) string {
	if last > first {
		return fmt.Sprintf("card%d-%d eni%d", first, last, device)
	}
	return fmt.Sprintf("card%d eni%d", first, device)
}

// cardRun is network cards in a row that look the same, and the ENIs of the first.
type cardRun struct {
	first, last int
	enis        []*replay.ENI
}

// cardRuns groups a node's ENIs by network card, and cards above 0 that look the
// same and follow each other: a type may have 32.
func cardRuns(s *replay.State, n *replay.Node) []cardRun {
	var out []cardRun
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
		if k := len(out) - 1; k >= 0 && out[k].first > 0 && out[k].last == card-1 && look == looks {
			out[k].last = card
			continue
		}
		looks = look
		out = append(out, cardRun{card, card, enis})
	}
	return out
}

// eniLooks is what two ENIs have in common that look the same: their numbers, not
// which of their slots are taken.
func eniLooks(s *replay.State, e *replay.ENI) string {
	cooling := 0
	for _, b := range e.Blocks {
		cooling += b.Cooling(s.Now)
	}
	return fmt.Sprint("/", e.Device, " ", e.Kind, " ", e.Excluded, " ", len(e.Blocks), " ", e.Total(), " ", e.Assigned(), " ", cooling, " ", e.Subnet)
}

// name is that of an ENI of the run.
func (r cardRun) name(n *replay.Node, e *replay.ENI) string {
	if r.last > r.first {
		return cardENI(r.first, r.last, e.Device)
	}
	return eniName(n, e.Card, e.Device)
}

// note says of a strip that stands for several cards that it does.
func (r cardRun) note() string {
	if r.last == r.first {
		return ""
	}
	return " each"
}

// maxENIs is how many ENIs the node may have, over all cards where its agent uses
// several.
func maxENIs(n *replay.Node) int {
	if n.ManyCards() {
		return n.Launched.MaxENIsAll
	}
	return n.Launched.MaxENIs
}

// manyCards reports whether some node of the run had ENIs on several network
// cards.
func manyCards(s *replay.State) bool {
	return slices.ContainsFunc(s.Nodes, (*replay.Node).ManyCards)
}

// moreDocument is an address of a pod beside the first.
type moreDocument struct {
	Card    int    `json:"card"`
	Device  int    `json:"device"`
	Address string `json:"address"`
}

func moreOf(p *replay.Pod) []moreDocument {
	var out []moreDocument
	for _, a := range p.More {
		out = append(out, moreDocument{a.Card, a.Device, a.Address.String()})
	}
	return out
}

// podENI names the ENI of an address that a pod has beside the first.
func podENI(a sim.PodAddress) string { return cardENI(a.Card, a.Card, a.Device) }
