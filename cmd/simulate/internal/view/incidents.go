package view

import (
	"io"

	"vpcsim/scenarios"
)

// IncidentList is what list --incidents -o json writes.
type IncidentList struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Incidents  []IncidentItem `json:"incidents"`
}

// IncidentItem is a real incident. Scenario and Cured are null where it is not
// covered, for the reason in NotCovered.
type IncidentItem struct {
	ID         string        `json:"id"`
	Title      string        `json:"title"`
	URL        string        `json:"url"`
	Confidence string        `json:"confidence"` // in the cause: high, or medium
	Scenario   *ScenarioItem `json:"scenario"`
	Cured      *ScenarioItem `json:"cured"`
	NotCovered *string       `json:"notCovered"`
}

// Incidents makes the list of incidents, with their scenarios.
func Incidents(incidents []scenarios.Incident, entries []scenarios.Entry) IncidentList {
	named := map[string]*ScenarioItem{}
	for _, e := range entries {
		named[e.Name] = &ScenarioItem{Name: e.Name, Summary: e.Summary}
	}
	l := IncidentList{APIVersion: APIVersion, Kind: "IncidentList", Incidents: []IncidentItem{}}
	for _, i := range incidents {
		l.Incidents = append(l.Incidents, IncidentItem{
			ID: i.ID, Title: i.Title, URL: i.URL, Confidence: i.Confidence,
			Scenario: named[i.Scenario()], Cured: named[i.Cured()], NotCovered: unlessZero(i.NotCovered),
		})
	}
	return l
}

// IncidentTable writes each incident with its source, what its scenario shows
// and what its cure.
func IncidentTable(w io.Writer, l IncidentList, pal Palette) error {
	p := newPage(w, pal)
	for _, i := range l.Incidents {
		p.paragraph(0, "", i.Title, bold)
		p.line("  " + pal.paint(dim, i.URL))
		if i.NotCovered != nil {
			p.paragraph(2, "", "no scenario: "+*i.NotCovered, plain)
			continue
		}
		for _, s := range []*ScenarioItem{i.Scenario, i.Cured} {
			p.line("  " + s.Name)
			p.paragraph(4, "", s.Summary, plain)
		}
	}
	return p.w.Flush()
}
