package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vpcsim/cmd/simulate/internal/capacity"
	"vpcsim/cmd/simulate/internal/sweep"
	"vpcsim/scenarios"
	"vpcsim/scenarios/expect"
)

// The values of --expect, which says which of a scenario's expectations the runs of
// a command are held against.
const (
	expectAuto = "auto"
	expectAll  = "all"
	expectNone = "none"
)

const expectUsage = "hold every run against the scenario's expectations: `auto|all|none`; auto: those of a file, but for what is about its own size only"

func expectChoice() choice {
	return choice{value: expectAuto, of: []string{expectAuto, expectAll, expectNone}}
}

// settledExpect is the flag's value without auto's exception: a scenario of the
// library says what it shows as it stands, and is there to be changed; what --set
// makes it expect is the user's own.
func settledExpect(value, word string, o scenarios.Options) string {
	_, library := scenarios.Find(word)
	own := slices.ContainsFunc(o.Set, func(set string) bool { return strings.HasPrefix(strings.TrimSpace(set), "expect") })
	if value == expectAuto && library && !own {
		return expectNone
	}
	return value
}

// loaded is what loads a scenario with options.
type loaded func(scenarios.Options) (*scenarios.Scenario, error)

// withoutExpectations loads scenarios that expect nothing.
func (load loaded) withoutExpectations() loaded {
	return func(o scenarios.Options) (*scenarios.Scenario, error) {
		o.Set = append(slices.Clone(o.Set), "expect=null")
		return load(o)
	}
}

// forgiving loads a scenario of which nothing is wrong but expectations that
// name what it hasn't, such as a node too many: these are returned by their index,
// and fail. Without mistakes it is an ordinary load.
func (load loaded) forgiving(o scenarios.Options) (s *scenarios.Scenario, broken []int, err error) {
	s, err = load(o)
	var mistakes scenarios.Errors
	if !errors.As(err, &mistakes) {
		return s, nil, err
	}
	for _, m := range mistakes {
		i, ok := expectationOf(m.Path)
		if !ok {
			return nil, nil, err
		}
		broken = append(broken, i)
	}
	slices.Sort(broken)
	broken = slices.Compact(broken)
	o.Set = slices.Clone(o.Set)
	for _, i := range broken {
		o.Set = append(o.Set, fmt.Sprintf(`expect.%d={that: "false"}`, i))
	}
	if s, again := load(o); again == nil {
		return s, broken, err
	}
	return nil, nil, err
}

// expectationOf is the index of the expectation that a path is in.
func expectationOf(path string) (int, bool) {
	index, ok := strings.CutPrefix(path, "expect[")
	if !ok {
		return 0, false
	}
	index, _, ok = strings.Cut(index, "]")
	i, err := strconv.Atoi(index)
	return i, ok && err == nil
}

// sweptExpectations are a scenario's expectations for the plan of a sweep.
func sweptExpectations(all []expect.Expectation) []sweep.Expected {
	var out []sweep.Expected
	for _, e := range all {
		out = append(out, sweep.Expected{That: e.That, When: e.When()})
	}
	return out
}

// failedOf are the expectations that don't hold, by their index.
func failedOf(results []expect.Result) []int {
	var failed []int
	for i, r := range results {
		if !r.OK {
			failed = append(failed, i)
		}
	}
	return failed
}

// unmetOf are the expectations that don't hold, as capacity tells of them. One
// about waits is not held against a value with which no pod has any, such as no
// replicas: all that is there runs, which is judged apart.
func unmetOf(results []expect.Result) []capacity.Unmet {
	var unmet []capacity.Unmet
	for i, r := range results {
		if !r.OK && !r.Nothing {
			unmet = append(unmet, capacity.Unmet{Index: i, That: r.That, When: r.When(), Values: expect.ValueLines(r.Values), Why: r.Message, Because: r.Because})
		}
	}
	return unmet
}
