package diagram

import (
	"fmt"
	"io"
	"strings"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim/replay"
)

// Mermaid writes the state as a Mermaid flowchart: nodes with their ENIs, each
// with an arrow to its subnet, and what ran out.
func Mermaid(w io.Writer, s *replay.State, o Options) error {
	m := flowchart{s: s, subnets: map[model.SubnetID]string{}}
	m.linef("---\ntitle: %s\n---", titleText(fmt.Sprintf("%s, %s", s.Started.Name, facts(s))))
	m.linef("flowchart LR")
	for i, sn := range s.Subnets {
		m.subnets[sn.Name] = fmt.Sprintf("s%d", i)
	}
	shown, left := o.groups(s)
	for i, g := range shown {
		m.node(i, g)
	}
	if left > 0 {
		m.linef("  more[%s]", label(fmt.Sprintf("and %s more", view.Count(left, nodeWord(s)))))
	}
	for i, sn := range s.Subnets {
		m.linef("  s%d[(%s)]", i, label(string(sn.Name)+" "+sn.Zone, sn.CIDR.String(), subnetFacts(sn)))
	}
	for i, p := range view.OpenPoints(s) {
		lines := []string{p.Mark + " " + p.Title, p.Since}
		if p.Pods > 0 {
			lines[1] += ", " + view.Count(p.Pods, podWord(s))
		}
		m.linef("  x%d{{%s}}:::out", i, label(lines...))
	}
	for _, a := range m.arrows {
		m.linef("  %s", a)
	}
	m.linef("  classDef full fill:#0072b2,stroke:#00568a,color:#fff")
	m.linef("  classDef room fill:#e7f1f8,stroke:#0072b2,color:#1f2328")
	m.linef("  classDef plain fill:#f6f8fa,stroke:#6e7781,color:#1f2328")
	m.linef("  classDef out fill:#fff5eb,stroke:#d55e00,color:#1f2328")
	_, err := io.WriteString(w, m.b.String())
	return err
}

type flowchart struct {
	b       strings.Builder
	s       *replay.State
	subnets map[model.SubnetID]string // their ids in the chart
	arrows  []string
}

func (m *flowchart) linef(format string, args ...any) { fmt.Fprintf(&m.b, format+"\n", args...) }

func (m *flowchart) node(i int, g picture.Alike) {
	n := g.First
	m.linef("  subgraph n%d[%s]", i, label(strings.Join([]string{title(g), n.Launched.InstanceType, view.NodeFacts(m.s, n)[1]}, " · ")))
	m.linef("    direction TB")
	ordinal := 0
	for _, k := range picture.CardsOf(m.s, n) {
		for _, e := range k.ENIs {
			id := fmt.Sprintf("n%de%d", i, ordinal)
			ordinal++
			note := view.ENINote(m.s, n, e)
			if k.Several() {
				note += " each"
			}
			m.linef("    %s[%s]:::%s", id, label(k.Name(n, e), e.PrimaryAddress.String(), note), fullness(n, e))
			m.arrow(id, e.Subnet)
		}
	}
	if len(n.Branches) > 0 {
		k := n.BranchCount()
		id := fmt.Sprintf("n%db", i)
		class := "room"
		if k.Counted() >= n.Launched.BranchENIs {
			class = "full"
		}
		m.linef("    %s[%s]:::%s", id, label(fmt.Sprintf("%s of %s in use", view.Number(k.InUse), view.Count(n.Launched.BranchENIs, "branch ENI")), cooling(k)), class)
		for _, b := range n.Branches {
			m.arrow(id, b.Subnet)
		}
	}
	if w := n.Waiting(); w > 0 {
		m.linef("    n%dw([%s]):::out", i, label(view.Count(w, podWord(m.s))+" without address"))
	}
	m.linef("  end")
}

func cooling(k replay.BranchCount) string {
	if k.Cooling == 0 {
		return ""
	}
	return view.Number(k.Cooling) + " cooling"
}

// arrow notes an arrow, once.
func (m *flowchart) arrow(from string, to model.SubnetID) {
	subnet := m.subnets[to]
	if subnet == "" {
		return
	}
	a := from + " --- " + subnet
	for _, there := range m.arrows {
		if there == a {
			return
		}
	}
	m.arrows = append(m.arrows, a)
}

// fullness is the class of an ENI: whether its pods hold all that it has and can
// have.
func fullness(n *replay.Node, e *replay.ENI) string {
	switch {
	case picture.ServesNoPods(n, e) || e.Total() == 0:
		return "plain"
	case e.Assigned() == e.Total() && len(e.Blocks) == n.Launched.SlotsPerENI:
		return "full"
	}
	return "room"
}

// label quotes lines of text as Mermaid wants them.
func label(lines ...string) string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "'").Replace(l))
		}
	}
	return `"` + strings.Join(out, "<br/>") + `"`
}

// titleText is text as a YAML string of the chart's front matter.
func titleText(text string) string { return fmt.Sprintf("%q", text) }
