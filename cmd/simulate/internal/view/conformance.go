package view

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"vpcsim/scenarios/conformance"
)

// ConformanceDocument is what conformance -o json writes.
type ConformanceDocument struct {
	APIVersion string               `json:"apiVersion"`
	Kind       string               `json:"kind"`
	Summary    conformanceSummary   `json:"summary"`
	Examples   []conformanceExample `json:"examples"`
	Tables     []conformanceTable   `json:"tables"`
	results    []conformance.Result // in the order of examples
	tables     []conformance.Table  // in the order of tables
}

type conformanceSummary struct {
	Agrees        int `json:"agrees"`
	DocumentWrong int `json:"documentWrong"`
	Differs       int `json:"differs"`
	NotCovered    int `json:"notCovered"`
	TableRows     int `json:"tableRows"`
	RowsDiffer    int `json:"rowsDiffer"` // in which the document has another number
}

type conformanceExample struct {
	ID          string                  `json:"id"`
	Topic       string                  `json:"topic"`
	Source      string                  `json:"source"`
	Status      conformance.Status      `json:"status"`
	Given       json.RawMessage         `json:"given"`
	Expect      map[string]any          `json:"expect"`
	Differences []conformanceDifference `json:"differences"`
	Why         *string                 `json:"why"` // it is not covered
	Note        *string                 `json:"note"`
}

type conformanceDifference struct {
	Name   string `json:"name"`
	Stated any    `json:"stated"`
	Actual any    `json:"actual"`
}

type conformanceTable struct {
	Name   string                  `json:"name"`
	Source string                  `json:"source"`
	Rows   int                     `json:"rows"`
	Differ []conformanceDifference `json:"differ"`
	Note   *string                 `json:"note"`
}

// Conformance makes the structured form of what was compared.
func Conformance(results []conformance.Result, tables []conformance.Table) ConformanceDocument {
	d := ConformanceDocument{
		APIVersion: APIVersion, Kind: "Conformance",
		Examples: []conformanceExample{}, Tables: []conformanceTable{}, results: results, tables: tables,
	}
	for _, r := range results {
		*d.Summary.of(r.Status)++
		d.Examples = append(d.Examples, conformanceExample{
			ID: r.ID, Topic: r.Topic, Source: r.Source, Status: r.Status, Given: r.Given.JSON(), Expect: r.Expect,
			Differences: differencesOf(r.Differences), Why: unlessZero(r.Why), Note: unlessZero(r.Note),
		})
	}
	for _, t := range tables {
		d.Summary.TableRows += t.Rows
		d.Summary.RowsDiffer += len(t.Differ)
		d.Tables = append(d.Tables, conformanceTable{t.Name, t.Source, t.Rows, differencesOf(t.Differ), unlessZero(t.Note)})
	}
	return d
}

func (s *conformanceSummary) of(status conformance.Status) *int {
	switch status {
	case conformance.Agrees:
		return &s.Agrees
	case conformance.DocumentWrong:
		return &s.DocumentWrong
	case conformance.NotCovered:
		return &s.NotCovered
	default:
		return &s.Differs
	}
}

func differencesOf(ds []conformance.Difference) []conformanceDifference {
	out := []conformanceDifference{}
	for _, d := range ds {
		out = append(out, conformanceDifference(d))
	}
	return out
}

// ConformanceTable writes how many numbers of each document agree, then those
// that don't, with what the document says and what the agent does.
func ConformanceTable(w io.Writer, d ConformanceDocument, wide bool, pal Palette) error {
	p := newPage(w, pal)
	p.section("Worked examples", "wrong: the document, not the simulator")
	writeSources(p, d.results)
	if wide {
		writeExamples(p, d.results)
	}
	writeWrong(p, d.results)
	p.section("Tables by instance type", "rows that agree")
	for _, t := range d.tables {
		p.linef("  %s: %s of %s rows agree", t.Name, number(t.Rows-len(t.Differ)), number(t.Rows))
		p.paragraph(4, "", t.Source, dim)
		if len(t.Differ) > 0 {
			var rows []string
			for _, r := range t.Differ {
				rows = append(rows, fmt.Sprintf("%s %v, not %v", r.Name, r.Stated, r.Actual))
			}
			p.paragraph(4, "", strings.Join(rows, "; ")+": "+t.Note+".", plain)
		}
	}
	writeUncovered(p, d.results)
	p.line("")
	s := d.Summary
	st, last := green, fmt.Sprintf("%s examples and %s rows of tables: all agree, but for %s in which the document is wrong.",
		number(len(d.results)-s.NotCovered), number(s.TableRows), count(s.DocumentWrong+s.RowsDiffer, "case"))
	if s.Differs > 0 {
		st, last = red, fmt.Sprintf("%s: the simulator has another number than it should.", count(s.Differs, "difference"))
	}
	p.paragraph(0, "", last, st)
	return p.w.Flush()
}

// writeSources counts the examples of each document.
func writeSources(p *page, results []conformance.Result) {
	bySource := map[string]*conformanceSummary{}
	for _, r := range results {
		if bySource[r.Source] == nil {
			bySource[r.Source] = new(conformanceSummary)
		}
		*bySource[r.Source].of(r.Status)++
	}
	g := newGrid("rrrl")
	g.head("agree", "wrong", "no answer", "document")
	for _, source := range slices.Sorted(maps.Keys(bySource)) {
		s := bySource[source]
		name := source
		if s.Differs > 0 {
			name += " (" + count(s.Differs, "difference") + ")"
		}
		g.add(c(unlessNone(s.Agrees)), styled(yellow, unlessNone(s.DocumentWrong)), styled(dim, unlessNone(s.NotCovered)), c(name))
	}
	g.foldTo(pageWidth - 2)
	g.write(p, 2)
}

// writeExamples lists every example with its outcome.
func writeExamples(p *page, results []conformance.Result) {
	p.section("All examples", "")
	g := newGrid("lll")
	g.head("id", "outcome", "given")
	for _, r := range results {
		g.add(c(r.ID), c(string(r.Status)), c(r.Given.String()))
	}
	g.wrapTo(pageWidth - 2)
	g.write(p, 2)
}

// writeWrong tells each example that does not come out as its document has it.
func writeWrong(p *page, results []conformance.Result) {
	first := true
	for _, r := range results {
		if len(r.Differences) == 0 {
			continue
		}
		if first {
			p.section("Not as documented", "")
			first = false
		}
		st := yellow
		if r.Status == conformance.Differs {
			st = red
		}
		p.line("  " + p.palette.paint(st, r.ID) + "  " + string(r.Status))
		p.paragraph(4, "", r.Source, dim)
		p.paragraph(4, "", r.Given.String(), plain)
		for _, d := range r.Differences {
			p.linef("    %-16s documented %v, simulated %v", d.Name, d.Stated, d.Actual)
		}
		if r.Note != "" {
			p.paragraph(4, "", r.Note, plain)
		}
	}
}

func writeUncovered(p *page, results []conformance.Result) {
	first := true
	for _, r := range results {
		if r.Status != conformance.NotCovered {
			continue
		}
		if first {
			p.section("Without an answer", "")
			first = false
		}
		p.paragraph(2, r.ID+": ", r.Why, plain)
	}
}
