package view

import (
	"fmt"
	"io"
	"strings"

	"vpcsim/scenarios/lint"
)

// Check is what was found in some scenarios.
type Check struct {
	files    []string
	broken   []string
	findings []checked
}

// checked is a finding in a file.
type checked struct {
	lint.Finding
	file string // the scenario's, also where the place is an option
}

// Add takes in the findings of a scenario, those of a file in their order.
func (c *Check) Add(file string, findings []lint.Finding) {
	c.files = append(c.files, file)
	for _, f := range findings {
		c.findings = append(c.findings, checked{f, file})
	}
}

// Break takes in why a word's file is no scenario.
func (c *Check) Break(word string, findings []lint.Finding) {
	c.broken = append(c.broken, word)
	for _, f := range findings {
		file := word
		if f.Place.Line > 0 {
			file = f.Place.File // which may be one that the scenario names
		}
		c.findings = append(c.findings, checked{f, file})
	}
}

// Any reports whether something at least as bad was found.
func (c *Check) Any(s lint.Severity) bool {
	for _, f := range c.findings {
		if f.Rule.Severity.AtLeast(s) {
			return true
		}
	}
	return false
}

// count is how many findings are of the severity.
func (c *Check) count(s lint.Severity) int {
	n := 0
	for _, f := range c.findings {
		if f.Rule.Severity == s {
			n++
		}
	}
	return n
}

// Summary is a line about it all: how many scenarios there were, and how many of
// them could not be loaded.
func (c *Check) Summary(total, broken int) string {
	text := "nothing found"
	if len(c.findings) > 0 {
		text = fmt.Sprintf("%s, %s, %s", count(c.count(lint.Error), "error"), count(c.count(lint.Warning), "warning"), count(c.count(lint.Note), "note"))
	}
	text += " in " + count(total-broken, "scenario")
	if broken > 0 {
		text += fmt.Sprintf("; %s could not be loaded", count(broken, "file"))
	}
	return text
}

// Text writes a line for each finding, as compilers do, and below it what to
// write instead.
func (c *Check) Text(w io.Writer, pal Palette) error {
	p := newPage(w, pal)
	paint := map[lint.Severity]style{lint.Error: red, lint.Warning: yellow, lint.Note: cyan}
	for _, f := range c.findings {
		place := f.Place.File
		if f.Place.Line > 0 {
			place += fmt.Sprintf(":%d:%d", f.Place.Line, f.Place.Column)
		}
		severity, id := string(f.Rule.Severity), "["+f.Rule.ID+"]"
		begin := place + ": " + severity + ":"
		room := pageWidth - 4
		// Begins as compilers' messages do; place and severity stay together.
		for i, line := range wrap(strings.Repeat("x", len(begin))+" "+f.Message+" "+id, room) {
			indent := "    "
			if i == 0 {
				indent, line = "", place+": "+pal.paint(paint[f.Rule.Severity], severity)+":"+line[len(begin):]
			}
			if rest, ok := strings.CutSuffix(line, id); ok {
				line = rest + pal.paint(dim, id)
			}
			p.line(indent + line)
		}
		for line := range strings.Lines(f.Excerpt) {
			p.line("    " + strings.TrimRight(line, "\n"))
		}
		p.paragraph(4, "→ ", f.Remedy, plain)
	}
	return p.w.Flush()
}

// GitHub writes the workflow commands that make annotations.
//
// Source: GitHub documentation, "Workflow commands for GitHub Actions".
func (c *Check) GitHub(w io.Writer) error {
	p := newPage(w, Palette{})
	for _, f := range c.findings {
		command := map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Note: "notice"}[f.Rule.Severity]
		properties := "file=" + annotationProperty(f.file)
		if f.Place.Line > 0 {
			properties += fmt.Sprintf(",line=%d,col=%d", f.Place.Line, f.Place.Column)
		}
		p.linef("::%s %s,title=%s::%s", command, properties, annotationProperty(f.Rule.ID), annotationText(f.Message+". Write: "+f.Remedy))
	}
	return p.w.Flush()
}

// annotationText escapes what ends a workflow command.
func annotationText(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// annotationProperty escapes what ends a property of a workflow command, too.
func annotationProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(annotationText(text))
}

// CheckReport is what check -o json writes.
type CheckReport struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Scenarios  []string       `json:"scenarios"` // files that were checked
	Broken     []string       `json:"broken"`    // what could not be loaded
	Summary    CheckSummary   `json:"summary"`
	Findings   []CheckFinding `json:"findings"`
}

// CheckSummary counts the findings.
type CheckSummary struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Notes    int `json:"notes"`
}

// CheckFinding is one of them.
type CheckFinding struct {
	Rule     string        `json:"rule"`
	Severity lint.Severity `json:"severity"`
	File     string        `json:"file"`
	// Option is the option of the command line that the finding is about; there is
	// no line then.
	Option  string     `json:"option,omitempty"`
	Line    int        `json:"line,omitempty"`
	Column  int        `json:"column,omitempty"`
	Path    string     `json:"path"`
	Message string     `json:"message"`
	Remedy  string     `json:"remedy"`
	Source  RuleSource `json:"source"`
}

// Document is the report for programs.
func (c *Check) Document() CheckReport {
	d := CheckReport{
		APIVersion: APIVersion, Kind: "CheckReport", Scenarios: append([]string{}, c.files...), Broken: append([]string{}, c.broken...), Findings: []CheckFinding{},
		Summary: CheckSummary{c.count(lint.Error), c.count(lint.Warning), c.count(lint.Note)},
	}
	for _, f := range c.findings {
		one := CheckFinding{
			Rule: f.Rule.ID, Severity: f.Rule.Severity, File: f.file, Line: f.Place.Line, Column: f.Place.Column,
			Path: f.Place.Path, Message: f.Message, Remedy: f.Remedy, Source: RuleSource(f.Rule.Source),
		}
		if f.Place.File != f.file {
			one.Option = f.Place.File
		}
		d.Findings = append(d.Findings, one)
	}
	return d
}

// RuleList is what check --rules -o json writes.
type RuleList struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Rules      []RuleItem `json:"rules"`
}

// RuleItem is a rule of check.
type RuleItem struct {
	ID       string        `json:"id"`
	Severity lint.Severity `json:"severity"`
	Summary  string        `json:"summary"`
	Why      string        `json:"why"`
	Source   RuleSource    `json:"source"`
}

// RuleSource is what a rule rests on.
type RuleSource struct {
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
}

// NewRuleList lists the rules.
func NewRuleList(rules []lint.Rule) RuleList {
	l := RuleList{APIVersion: APIVersion, Kind: "CheckRuleList"}
	for _, r := range rules {
		l.Rules = append(l.Rules, RuleItem{r.ID, r.Severity, r.Summary, r.Why, RuleSource(r.Source)})
	}
	return l
}

// RuleTable writes each rule's id and severity, and below it what it finds.
func RuleTable(w io.Writer, l RuleList, pal Palette) error {
	p := newPage(w, pal)
	for _, r := range l.Rules {
		p.linef("%s  %s", pal.paint(bold, r.ID), pal.paint(dim, string(r.Severity)))
		p.paragraph(4, "", r.Summary, plain)
	}
	return p.w.Flush()
}
