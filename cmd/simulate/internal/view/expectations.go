package view

import (
	"fmt"

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
	// Message says why it could not be evaluated; null if it could.
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

func writeExpectations(p *page, results []expect.Result) {
	if len(results) == 0 {
		return
	}
	failed := expect.Failed(results)
	remark := "all hold"
	if failed > 0 {
		remark = fmt.Sprintf("%d of %d failed", failed, len(results))
	}
	p.section("Expectations", remark)
	for _, r := range results {
		writeExpectation(p, r)
	}
}

func writeExpectation(p *page, r expect.Result) {
	if r.OK {
		p.paragraph(2, "✓ ", r.That, plain)
		return
	}
	p.paragraph(2, "✗ ", r.That, red)
	p.paragraph(4, "when     ", When(r), plain)
	if r.Message != "" {
		p.paragraph(4, "why      ", r.Message, plain)
	}
	for i, line := range expect.ValueLines(r.Values) {
		label := "         "
		if i == 0 {
			label = "values   "
		}
		p.paragraph(4, label, line, plain)
	}
	if r.Because != "" {
		p.paragraph(4, "because  ", r.Because, plain)
	}
	for i, line := range r.Events {
		label := "         "
		if i == 0 {
			label = "events   "
		}
		p.paragraph(4, label, line, plain)
	}
}
