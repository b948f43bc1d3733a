// Package diagram draws a cluster at an instant: as SVG, for slides and docs, or
// as a Mermaid flowchart, which Markdown pages render themselves.
//
// Both show the nodes with their ENIs and slots, the subnets, and what has run
// out. Like every view they are functions of a [replay.State].
package diagram

import (
	"fmt"
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// mostGroups is how many nodes, or groups of like nodes, a picture shows.
const mostGroups = 6

// Options say what a picture shows.
type Options struct {
	// Nodes are the nodes to show, each by itself; nil: all, like ones as one.
	Nodes []*replay.Node
}

// groups are the nodes that the picture shows, and how many it leaves out.
func (o Options) groups(s *replay.State) (shown []picture.Alike, left int) {
	if o.Nodes != nil {
		for _, n := range o.Nodes {
			shown = append(shown, picture.Alike{First: n, Count: 1})
		}
		return shown, 0
	}
	living := picture.Living(s)
	if len(living) <= mostGroups {
		for _, n := range living {
			shown = append(shown, picture.Alike{First: n, Count: 1})
		}
		return shown, 0
	}
	all := picture.Groups(s, living)
	for _, g := range all[min(len(all), mostGroups):] {
		left += g.Count
	}
	return all[:min(len(all), mostGroups)], left
}

// title names a group of like nodes.
func title(g picture.Alike) string {
	if g.Count == 1 {
		return string(g.First.Name)
	}
	return fmt.Sprintf("%s and %s like it", g.First.Name, view.Number(g.Count-1))
}

// facts are the numbers of the whole cluster.
func facts(s *replay.State) string {
	n, pod := s.Pods.Count(), podWord(s)
	parts := []string{"at " + view.Instant(s.Now), view.Count(n.Running, pod) + " running"}
	if w := n.Waiting(); w > 0 {
		parts = append(parts, view.Number(w)+" waiting")
	}
	t := s.Totals()
	if onECS(s) {
		return strings.Join(append(parts, view.Count(t.Assigned, "task ENI")), " · ")
	}
	if slices.ContainsFunc(s.Nodes, func(n *replay.Node) bool { return n.Config.Settings.IPv6 }) {
		return strings.Join(append(parts, view.Count(t.Assigned, "IPv6 address")+" held"), " · ")
	}
	if t.Total > 0 {
		parts = append(parts, fmt.Sprintf("%s attached: %s held, %s cooling, %s free",
			view.Count(t.Total, "address"), view.Number(t.Assigned), view.Number(t.Cooling), view.Number(t.Free())))
	}
	return strings.Join(parts, " · ")
}

func onECS(s *replay.State) bool { return s.Started.Platform == sim.PlatformECS }

func podWord(s *replay.State) string {
	if onECS(s) {
		return "task"
	}
	return "pod"
}

func nodeWord(s *replay.State) string {
	if onECS(s) {
		return "container instance"
	}
	return "node"
}

// subnetFacts are the numbers of a subnet.
func subnetFacts(sn *replay.Subnet) string {
	st := sn.Stats()
	text := fmt.Sprintf("%s of %s free", view.Number(st.Free), view.Number(st.Usable))
	if st.ReservedFree > 0 {
		text += fmt.Sprintf(", %s of them reserved", view.Number(st.ReservedFree))
	}
	text += " · " + view.Count(st.FreePrefixes, "free /28")
	if n := sn.Leaked(); n > 0 {
		text += fmt.Sprintf(" · %s on leaked ENIs", view.Number(n))
	}
	return text
}
