package view

import (
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios/expect"
)

// ExpectationDocument is an expectation and what came of it.
type ExpectationDocument struct {
	That    string  `json:"that"`
	At      *string `json:"at"` // an instant, or end; null: over the whole run
	OK      bool    `json:"ok"`
	Because string  `json:"because"`
	// Values are those of parts of the expression, by their text.
	Values map[string]any `json:"values"`
	// DecidedMs is the instant that decided: of a condition over time that failed,
	// when it did.
	DecidedMs model.Instant `json:"decidedMs"`
	// Message says why it could not be evaluated, or that it would hold with at: end;
	// else null.
	Message *string `json:"message"`
	// Events led to a failure, one a line.
	Events []string `json:"events"`
}

// WithExpectations returns the document with what came of the expectations.
func (d RunDocument) WithExpectations(results []expect.Result) RunDocument {
	d.Expectations = Expectations(results)
	return d
}

// Expectations are the structured form of what came of expectations.
func Expectations(results []expect.Result) []ExpectationDocument {
	all := []ExpectationDocument{}
	for _, r := range results {
		all = append(all, expectationOf(r))
	}
	return all
}

func expectationOf(r expect.Result) ExpectationDocument {
	d := ExpectationDocument{
		That: r.That, OK: r.OK, Because: r.Because, Values: r.Values, DecidedMs: r.DecidedAt,
		Message: unlessZero(r.Message), Events: append([]string{}, r.Events...),
	}
	if r.At != nil {
		at := r.At.String()
		d.At = &at
	}
	return d
}

// When says in words which instant decided.
func When(r expect.Result) string {
	if r.OverTime && !r.OK {
		return fmt.Sprintf("%s, false at %s", r.When(), instant(r.DecidedAt))
	}
	return r.When()
}

func writeExpectations(p *page, o TableOptions) {
	if len(o.Expectations) == 0 {
		return
	}
	failed := expect.Failed(o.Expectations)
	remark := "all hold"
	if failed > 0 {
		remark = fmt.Sprintf("%d of %d failed", failed, len(o.Expectations))
	}
	p.section("Expectations", remark)
	if failed > 0 && o.Changed {
		p.paragraph(2, "", "They are those of the scenario as it stands, without the changes of this run.", dim)
	}
	var told []string
	for _, r := range o.Expectations {
		if r.OK {
			p.paragraph(2, "✓ ", fmt.Sprintf("%s (%s)", strings.TrimSpace(r.That), r.When()), plain)
			continue
		}
		p.paragraph(2, "✗ ", strings.TrimSpace(r.That), red)
		for _, line := range FailureLines(r, told) {
			p.paragraph(4, line.Label, line.Text, plain)
		}
		told = r.Events
	}
}

// LabelledLine is a line of what is told of a failure, behind a label, or blanks
// of its width.
type LabelledLine struct{ Label, Text string }

// FailureLines tell what is known of an expectation that does not hold. The
// events are left out if they are those that were told before.
func FailureLines(r expect.Result, told []string) []LabelledLine {
	var lines []LabelledLine
	add := func(label string, texts ...string) {
		for _, text := range texts {
			lines = append(lines, LabelledLine{fmt.Sprintf("%-9s", label), text})
			label = ""
		}
	}
	add("when", When(r))
	if r.Message != "" {
		add("why", r.Message)
	}
	add("values", expect.ValueLines(r.Values)...)
	if r.Because != "" {
		add("because", r.Because)
	}
	if len(told) > 0 && slices.Equal(r.Events, told) {
		add("events", "as above")
	} else {
		add("events", r.Events...)
	}
	return lines
}
