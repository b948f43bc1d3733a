package view

import (
	"slices"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

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
func podENI(a sim.PodAddress) string { return picture.CardENI(a.Card, a.Card, a.Device) }
