package simtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/scenarios/expect"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// keptEvents is up to how many events a log is kept. A longer one is played
// again when it is asked for: the memory of a test is bounded, and the run is the
// same.
const keptEvents = 200_000

// Played is a run that was played to its end. Tests may share it.
type Played struct {
	source   loaded
	scenario *scenarios.Scenario
	state    *replay.State
	results  []expect.Result
	last     map[model.NodeName]sim.Event // the last decision of each node's pool
	log      []sim.Event                  // nil: too long to be kept

	telling sync.Mutex
	told    bool // a test has the timeline in its log
}

// loaded is what a run was loaded from.
type loaded struct {
	file    string
	data    []byte
	options scenarios.Options
}

// Run plays a scenario and ends the test if it can't be played. If the test
// fails later, its log has the timeline of the run.
func Run(t testing.TB, s Source, options ...Option) *Played {
	t.Helper()
	r, err := Play(s, options...)
	if err != nil {
		t.Fatalf("the scenario can't be played:\n%s", err)
		return nil
	}
	t.Cleanup(func() {
		t.Helper()
		if t.Failed() {
			r.tell(t)
		}
	})
	return r
}

// Play plays a scenario. The error is scenarios.Errors for mistakes in it, or
// says what else was in the way. A run that a limit of the scenario cuts short is
// an error: its numbers would not be those of the end.
func Play(s Source, options ...Option) (*Played, error) {
	if s.read == nil {
		return nil, errors.New("no source: it is File, Library, Text or Build")
	}
	file, data, err := s.read()
	if err != nil {
		return nil, err
	}
	r := &Played{source: loaded{file, data, scenarios.Options{ReadFile: s.files}}, state: new(replay.State), last: map[model.NodeName]sim.Event{}}
	for _, change := range options {
		change(&r.source.options)
	}
	if r.scenario, err = scenarios.Load(file, data, r.source.options); err != nil {
		return nil, err
	}
	checker := expect.NewChecker(r.scenario.Expect)
	keeps := true
	err = sim.Run(r.scenario.Config(), func(e sim.Event) error {
		if keeps = keeps && len(r.log) < keptEvents; keeps {
			r.log = append(r.log, e)
		} else {
			r.log = nil
		}
		switch e.Body.(type) {
		case sim.PoolGrow, sim.PoolShrink, sim.PoolFree, sim.PoolSkip:
			r.last[e.Node] = e
		}
		return checker.Apply(r.state, e)
	})
	if err != nil {
		return nil, err
	}
	if end := r.state.Ended; end.EndedBy == "limit" {
		return nil, fmt.Errorf("cut short at %s by %s; raise the limit, or end the run earlier with Until", r.state.Now, end.Message)
	}
	r.results = checker.Results()
	return r, nil
}

// Scenario is what was played. It is to be read only.
func (r *Played) Scenario() *scenarios.Scenario { return r.scenario }

// State is the state at the end of the run. It is to be read only.
func (r *Played) State() *replay.State { return r.state }

// Events is the log, in order.
func (r *Played) Events() iter.Seq[sim.Event] {
	return func(yield func(sim.Event) bool) {
		r.each(func(e sim.Event) error {
			if !yield(e) {
				return errEnough
			}
			return nil
		})
	}
}

// errEnough ends a walk over the log.
var errEnough = errors.New("enough")

// each walks over the log. Playing again what was played before doesn't fail.
func (r *Played) each(do func(sim.Event) error) {
	var err error
	if r.log == nil {
		err = sim.Run(r.scenario.Config(), do)
	} else {
		for _, e := range r.log {
			if err = do(e); err != nil {
				break
			}
		}
	}
	if err != nil && !errors.Is(err, errEnough) {
		panic(fmt.Sprintf("a run that was played can't be played again: %v", err))
	}
}

// At returns the state at an instant, when all that happens at it has happened,
// as an expectation with at sees it. It is the caller's. After the end of a run
// that has settled nothing changes but what cools; any other must not have ended
// before the instant.
func (r *Played) At(after time.Duration) (*replay.State, error) {
	at, err := expect.AtDuration(after)
	if err != nil {
		return nil, err
	}
	instant := model.Instant(at)
	if instant > r.state.Now && r.state.Ended.EndedBy != "settled" {
		return nil, fmt.Errorf("the run ended at %s, before %s", r.state.Now, instant)
	}
	s := new(replay.State)
	r.each(func(e sim.Event) error {
		if e.At > instant {
			return errEnough
		}
		return s.Apply(e)
	})
	// What cools does so without an event.
	s.Now = instant
	return s, nil
}

// Expectations are what came of those that the scenario has, in their order.
func (r *Played) Expectations() []expect.Result { return slices.Clone(r.results) }

// Check evaluates conditions in CEL, each over the whole run, as `expect` in a
// scenario without `at` does: docs/expectations.md. The error is scenarios.Errors
// and says what is wrong with the conditions.
func (r *Played) Check(that ...string) ([]expect.Result, error) { return r.check(nil, that) }

// CheckAt evaluates conditions at an instant.
func (r *Played) CheckAt(after time.Duration, that ...string) ([]expect.Result, error) {
	at, err := expect.AtDuration(after)
	if err != nil {
		return nil, err
	}
	return r.check(&at, that)
}

// check loads the scenario with the conditions for its own, so that they are
// checked against its names as those are, and follows the log once more.
func (r *Played) check(at *expect.At, that []string) ([]expect.Result, error) {
	if len(that) == 0 {
		return nil, errors.New("no condition is given")
	}
	list := []expect.Expectation{}
	for _, text := range that {
		list = append(list, expect.Expectation{At: at, That: text})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	o := r.source.options
	o.Set = append(slices.Clone(o.Set), "expect="+string(text))
	s, err := scenarios.Load(r.source.file, r.source.data, o)
	var mistakes scenarios.Errors
	if errors.As(err, &mistakes) {
		return nil, ofConditions(mistakes, that)
	}
	if err != nil {
		return nil, err
	}
	checker := expect.NewChecker(s.Expect)
	state := new(replay.State)
	r.each(func(e sim.Event) error { return checker.Apply(state, e) })
	return checker.Results(), nil
}

// ofConditions says of mistakes in which condition they are, and not in which
// option.
func ofConditions(mistakes scenarios.Errors, that []string) scenarios.Errors {
	mistakes = slices.Clone(mistakes)
	for i, m := range mistakes {
		var n int
		if _, err := fmt.Sscanf(m.Path, "expect[%d]", &n); err == nil && n < len(that) {
			mistakes[i].File, mistakes[i].Path = "expectation "+that[n], ""
			mistakes[i].Line, mistakes[i].Column, mistakes[i].Excerpt = 0, 0, ""
		}
	}
	return mistakes
}
