package picture

import (
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

// Alike are nodes that look the same.
type Alike struct {
	First *replay.Node
	Count int
}

// Groups puts nodes together that look the same, the largest groups first and
// among equals that whose first node is older.
func Groups(s *replay.State, nodes []*replay.Node) []Alike {
	groups := map[string]*Alike{}
	var order []*Alike
	for _, n := range nodes {
		look := looks(s, n)
		g := groups[look]
		if g == nil {
			g = &Alike{First: n}
			groups[look] = g
			order = append(order, g)
		}
		g.Count++
	}
	slices.SortStableFunc(order, func(a, b *Alike) int { return b.Count - a.Count })
	out := make([]Alike, len(order))
	for i, g := range order {
		out[i] = *g
	}
	return out
}

// looks is what two nodes have in common that look the same: the numbers of
// each ENI and what is out of the ordinary, not which of the slots are taken.
func looks(s *replay.State, n *replay.Node) string {
	var b strings.Builder
	fmt.Fprint(&b, n.Launched.Group, " ", n.Bound(), " ", n.BranchCount(), " ", len(n.TaskBranches),
		" ", n.Ready, n.NotReadyReason, n.AgentUp, n.Cordoned, n.Waiting(), trunkLooks(n))
	for _, e := range n.Attached() {
		fmt.Fprint(&b, " card ", e.Card, eniLooks(s, e))
	}
	return b.String()
}

// trunkLooks is how far a node is that wants a trunk.
func trunkLooks(n *replay.Node) string {
	if !n.Config.Settings.PodENI {
		return ""
	}
	return fmt.Sprint(n.Trunk.SignalledAt == model.Never, n.Trunk.AttachedAt == model.Never, n.Trunk.Error)
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

// Living are the nodes that are there.
func Living(s *replay.State) []*replay.Node {
	return slices.DeleteFunc(slices.Clone(s.Nodes), (*replay.Node).Gone)
}
