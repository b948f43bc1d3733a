package view

import (
	"fmt"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/sim/replay"
)

// NodeFacts are the numbers of a node that say how full it is, for the line above
// its ENIs.
func NodeFacts(s *replay.State, n *replay.Node) []string {
	t := n.Totals(s.Now)
	if onECS(s) {
		return []string{
			fmt.Sprintf("%s of %s task ENIs", number(t.Assigned), number(n.Launched.TaskENIs)),
			count(n.Bound(), "task"),
			fmt.Sprintf("%s of %s ENIs attached", number(len(n.ENIs)), number(n.Launched.MaxENIs)),
		}
	}
	held := fmt.Sprintf("%s of %s addresses held", number(t.Assigned), number(t.Total))
	if n.Config.Settings.IPv6 {
		held = plural(t.Assigned, "IPv6 address", "IPv6 addresses") + " held"
	}
	if t.Cooling > 0 {
		held += fmt.Sprintf(", %s cooling", number(t.Cooling))
	}
	return []string{
		held,
		fmt.Sprintf("%s of %s pods", number(n.Bound()+n.Launched.SystemPods), number(n.Launched.MaxPods)),
		fmt.Sprintf("%s of %s", number(len(n.Attached())), plural(picture.MaxENIs(n), "ENI", "ENIs")),
	}
}

// NodeCondition says what is out of the ordinary with a node; empty where nothing
// is.
func NodeCondition(s *replay.State, n *replay.Node) string {
	if onECS(s) {
		return instanceCondition(n)
	}
	return condition(n)
}

// ENINote says how full an ENI is and, where it isn't plain, what it is.
func ENINote(s *replay.State, n *replay.Node, e *replay.ENI) string {
	if onECS(s) {
		return taskENINote(n, e)
	}
	return eniNote(n, e)
}

// Point is what ran out by an instant, for a line below a picture: what the table
// tells of the episodes of one kind that go on.
type Point struct {
	Mark  string // ✗, or ● where it will cure itself
	Title string // kind and place
	Since string
	Pods  int
	// Message is what the first pod it hit was told.
	Message string
}

// OpenPoints are the exhaustion points that are not over, the worst first.
func OpenPoints(s *replay.State) []Point {
	var out []Point
	for _, t := range troubles(s) {
		if !t.open {
			continue
		}
		mark, _, _ := t.outcome()
		at := place(t.first)
		if t.names > 1 {
			at = fmt.Sprintf("%s and %s more", at, number(t.names-1))
		}
		out = append(out, Point{mark, fmt.Sprintf("%s, %s", t.first.Kind, at), "since " + instant(t.first.BeganAt), t.pods, t.first.Message})
	}
	return out
}
