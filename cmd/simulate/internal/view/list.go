package view

import "io"

// ScenarioList is what list -o json writes.
type ScenarioList struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Scenarios  []ScenarioItem `json:"scenarios"`
}

// ScenarioItem is a scenario of the library.
type ScenarioItem struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
}

// ListTable writes a line a scenario.
func ListTable(w io.Writer, l ScenarioList, pal Palette) error {
	p := newPage(w, pal)
	g := newGrid("ll")
	g.head("NAME", "SUMMARY")
	for _, s := range l.Scenarios {
		g.add(styled(bold, s.Name), c(s.Summary))
	}
	g.write(p, 0)
	return p.w.Flush()
}
