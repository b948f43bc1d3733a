package testreport

import (
	"fmt"
	"path/filepath"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios"
	"vpcsim/scenarios/expect"
)

// Status is how a scenario came out.
type Status string

// How a scenario came out.
const (
	Passed Status = "passed"
	Failed Status = "failed"
	// Broken: it could not be read, or not be run to its end.
	Broken Status = "broken"
)

// Case is a scenario that was tested.
type Case struct {
	Name string // the scenario's; of one that could not be read, the file's
	File string // as it was named, or was found; of the library the scenario's name
	// Path is where the file is, for tools; empty for the library.
	Path string
	// Mistakes are those of a file that could not be read.
	Mistakes scenarios.Errors
	// Err is why it could not be read or run, apart from mistakes.
	Err error
	// Results are those of the expectations; none where it has none.
	Results []expect.Result
	Golden  Golden
	Verdict string // the last line of its table
}

// Status says how the scenario came out.
func (c *Case) Status() Status {
	switch {
	case c.Err != nil || len(c.Mistakes) > 0:
		return Broken
	case expect.Failed(c.Results) > 0 || c.Golden.State == GoldenDiffers:
		return Failed
	}
	return Passed
}

// Report is what came of a test.
type Report struct {
	Cases []*Case
}

// Count counts the cases with a status.
func (r *Report) Count(s Status) int {
	n := 0
	for _, c := range r.Cases {
		if c.Status() == s {
			n++
		}
	}
	return n
}

// Summary is the last line: "12 passed, 1 failed".
func (r *Report) Summary() string {
	parts := []string{fmt.Sprintf("%d passed", r.Count(Passed))}
	for _, s := range []Status{Failed, Broken} {
		if n := r.Count(s); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

// mostUnwatched is how many scenarios are named that have no golden summary.
const mostUnwatched = 5

// Unwatched names the scenarios without a golden summary that are in a folder
// with others that have one: it was deleted, or never written. Empty: none.
func (r *Report) Unwatched() string {
	watched := map[string]bool{}
	for _, c := range r.Cases {
		if c.Path != "" && c.Golden.Compared() {
			watched[filepath.Dir(c.Path)] = true
		}
	}
	var names []string
	for _, c := range r.Cases {
		if c.Path != "" && c.Status() != Broken && c.Golden.State == GoldenNone && watched[filepath.Dir(c.Path)] {
			names = append(names, c.File)
		}
	}
	more := ""
	if n := len(names) - mostUnwatched; n > 0 {
		names, more = names[:mostUnwatched], fmt.Sprintf(" and %d more", n)
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("no golden summary beside %s%s, unlike others there; --update writes it", strings.Join(names, ", "), more)
}

// document is the structured form of a report.
type document struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Passed     int            `json:"passed"`
	Failed     int            `json:"failed"`
	Broken     int            `json:"broken"`
	Scenarios  []caseDocument `json:"scenarios"`
}

type caseDocument struct {
	Name         string                     `json:"name"`
	File         string                     `json:"file"`
	Status       Status                     `json:"status"`
	Expectations []view.ExpectationDocument `json:"expectations"`
	Golden       GoldenState                `json:"golden"`
	GoldenDiff   *string                    `json:"goldenDiff"`
	Mistakes     []mistakeDocument          `json:"mistakes"`
	Error        *string                    `json:"error"`
	Verdict      *string                    `json:"verdict"`
}

type mistakeDocument struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Document is the structured form of a report. Lists are never null.
func (r *Report) Document() any {
	d := document{
		APIVersion: view.APIVersion, Kind: "TestReport",
		Passed: r.Count(Passed), Failed: r.Count(Failed), Broken: r.Count(Broken), Scenarios: []caseDocument{},
	}
	for _, c := range r.Cases {
		one := caseDocument{
			Name: c.Name, File: c.File, Status: c.Status(), Golden: c.Golden.State,
			Expectations: view.Expectations(c.Results), Mistakes: []mistakeDocument{},
			GoldenDiff: given(c.Golden.Diff), Verdict: given(c.Verdict),
		}
		for _, m := range c.Mistakes {
			one.Mistakes = append(one.Mistakes, mistakeDocument{m.File, m.Line, m.Column, m.Path, m.Message})
		}
		if c.Err != nil {
			one.Error = given(c.Err.Error())
		}
		d.Scenarios = append(d.Scenarios, one)
	}
	return d
}

func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// failureText says what is not as expected, with the values and the events.
func failureText(r expect.Result) string {
	var b strings.Builder
	b.WriteString(r.That + "\n" + "when: " + view.When(r) + "\n")
	if r.Message != "" {
		b.WriteString("why: " + r.Message + "\n")
	}
	for _, line := range expect.ValueLines(r.Values) {
		b.WriteString("value: " + line + "\n")
	}
	if r.Because != "" {
		b.WriteString("because: " + r.Because + "\n")
	}
	for _, line := range r.Events {
		b.WriteString("event: " + line + "\n")
	}
	return b.String()
}
