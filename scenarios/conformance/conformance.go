// Package conformance compares the simulator with the numbers that public
// documents state: worked examples and tables of AWS's pages and repositories,
// which come with it as data.
//
// An example is given in the terms of its document. What the simulator answers
// is either what the document states, or the document contradicts itself or the
// agent, and the example says so:
//
//	for _, e := range conformance.Examples() {
//		r, err := conformance.Check(e)
//		…
//	}
package conformance

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed examples.json
var data []byte

// Example is a number, or a few, that a document states.
type Example struct {
	// ID is unique: the document and the place in it.
	ID    string
	Topic string
	// Source is the document.
	Source string
	Given  Given
	// Expect is what must come out, by name.
	Expect map[string]any
	// Stated is what the document says where that is wrong; Expect then has what
	// the agent does.
	Stated map[string]any
	Note   string
}

// Examples returns all examples, by ID.
func Examples() []Example {
	var all []Example
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		panic(fmt.Sprintf("conformance: examples.json: %v", err))
	}
	return all
}

// Status is how an example comes out.
type Status string

// The statuses.
const (
	Agrees        Status = "agrees"
	DocumentWrong Status = "document wrong" // the simulator gives what Expect has, which the document hasn't
	Differs       Status = "differs"        // a defect of the simulator
	NotCovered    Status = "not covered"
)

// Difference is a number that the document states otherwise than the simulator
// has it.
type Difference struct {
	Name           string
	Stated, Actual any
}

// Result is how an example comes out.
type Result struct {
	Example
	Status Status
	// Differences are in the order of their names.
	Differences []Difference
	// Why is the reason why an example is not covered.
	Why string
}

// Check lets the simulator answer an example. The error says what in it cannot
// be read, or has no answer.
func Check(e Example) (Result, error) {
	r := Result{Example: e}
	run := runners[e.Topic]
	if run == nil {
		return r, fmt.Errorf("%s: nothing answers %q", e.ID, e.Topic)
	}
	have, err := run(e.Given.completed(e.Topic))
	var why uncovered
	if errors.As(err, &why) {
		r.Status, r.Why = NotCovered, string(why)
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", e.ID, err)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Expect)) {
		if _, ok := have[name]; !ok {
			return r, fmt.Errorf("%s: nothing says %s; there is %v", e.ID, name, slices.Sorted(maps.Keys(have)))
		}
	}
	if r.Differences = differences(e.Expect, have); len(r.Differences) > 0 {
		r.Status = Differs
		return r, nil
	}
	r.Status = Agrees
	if r.Differences = differences(e.Stated, have); len(r.Differences) > 0 {
		r.Status = DocumentWrong
	}
	return r, nil
}

func differences(stated map[string]any, have answers) []Difference {
	var all []Difference
	for _, name := range slices.Sorted(maps.Keys(stated)) {
		if !agree(name, stated[name], have[name]) {
			all = append(all, Difference{name, stated[name], have[name]})
		}
	}
	return all
}
