package expect

import (
	"fmt"
	"strings"
	"time"

	"vpcsim/model"
)

// Expectation is what a scenario says of its run.
type Expectation struct {
	// At is the instant at which it is looked at; nil: the whole run, when it has
	// ended.
	At   *At    `json:"at,omitempty"`
	That string `json:"that"` // CEL
	// Because is why it is so, for people.
	Because string `json:"because,omitempty"`

	// Line and Column are where That stands in the scenario's file, from 1; 0: an
	// option brought it.
	Line   int `json:"-"`
	Column int `json:"-"`
	// Compiled is That, checked.
	Compiled *Expression `json:"-"`
}

// At is an instant of a run at which an expectation is looked at, when all that
// happens at it has happened.
type At model.Instant

// AtEnd is the instant of the run's end.
const AtEnd = At(model.Never)

const end = "end"

// String writes "end", or a duration since the start.
func (a At) String() string {
	if a == AtEnd {
		return end
	}
	return model.Instant(a).String()
}

// MarshalText writes the instant as a scenario's file has it.
func (a At) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// AtDuration is an instant so long after the start. It fails unless the length
// is of whole milliseconds and not negative.
func AtDuration(d time.Duration) (At, error) {
	if d < 0 || d%time.Millisecond != 0 {
		return 0, fmt.Errorf("%s is no instant of a run: whole milliseconds, from 0", d)
	}
	return At(d.Milliseconds()), nil
}

// Result is what came of an expectation.
type Result struct {
	Expectation
	OK bool
	// Message says why it failed where that is not that the expression is false:
	// something named in it is not there, or it can't be computed. Or that it is false
	// of what is gone alone.
	Message string
	// Nothing: it failed since there is no wait that it could be about.
	Nothing bool
	// DecidedAt is the instant that decided: of a condition over time that failed,
	// when; else when the expression was evaluated.
	DecidedAt model.Instant
	// OverTime: a condition over time decided, at DecidedAt.
	OverTime bool
	// Values are those of parts of the expression, by their text; durations and
	// objects as text.
	Values map[string]any
	// Events are those that led there, one a line: of a failure only.
	Events []string
}

// When says at which instant an expectation is looked at, in words.
func (e Expectation) When() string {
	switch {
	case e.At == nil && e.Compiled != nil && len(e.Compiled.over) > 0:
		return "over the whole run"
	case e.At == nil:
		return "at the end, over the whole run"
	}
	if *e.At == AtEnd {
		return "at the end"
	}
	return "at " + e.At.String()
}

// Failure says on one line what is not as expected. It is of a result that
// isn't OK.
func (r Result) Failure() string {
	when := r.When()
	if r.OverTime {
		when += ", false at " + r.DecidedAt.String()
	}
	text := "expectation failed: " + r.That + " (" + when + ")"
	if r.Message != "" {
		text += ": " + r.Message
	}
	if values := ValueLines(r.Values); len(values) > 0 {
		text += "; " + strings.Join(values, ", ")
	}
	return text
}
