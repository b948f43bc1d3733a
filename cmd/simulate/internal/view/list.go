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

// ListTable writes each scenario's name, and below it what it is about.
func ListTable(w io.Writer, l ScenarioList, pal Palette) error {
	p := newPage(w, pal)
	for _, s := range l.Scenarios {
		p.line(pal.paint(bold, s.Name))
		p.paragraph(4, "", s.Summary, plain)
	}
	return p.w.Flush()
}
