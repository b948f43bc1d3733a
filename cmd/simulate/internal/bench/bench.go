// Package bench plays a scenario that somebody edits: text in, a film or the
// mistakes out. It reads no file and contacts nobody; what shows it, a server or a
// page, is somebody else's.
package bench

import (
	"context"
	"errors"
	"fmt"
	"path"

	"vpcsim/cmd/simulate/internal/film"
	"vpcsim/scenarios"
	"vpcsim/scenarios/expect"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// Request is a scenario and what is to be changed of it for the run.
type Request struct {
	Text string   `json:"text"`
	Set  []string `json:"set,omitempty"` // path=value
	Env  []string `json:"env,omitempty"` // NAME=value, or NAME- to unset it
	Seed *uint64  `json:"seed,omitempty"`
}

// Answer is what came of a request. Either Film or a reason is set.
type Answer struct {
	Film     *film.Film `json:"film,omitempty"`
	Mistakes []Mistake  `json:"mistakes,omitempty"` // of the scenario
	Problem  string     `json:"problem,omitempty"`  // of the run
	// Expectations are those of the scenario, where it was played.
	Expectations []Expectation `json:"expectations,omitempty"`
}

// Mistake is a mistake in the text.
type Mistake struct {
	Line    int    `json:"line"` // from 1; 0: it is in a change, or has no place
	Column  int    `json:"column"`
	Where   string `json:"where,omitempty"` // the path, or the change
	Message string `json:"message"`
}

// Expectation is what came of one.
type Expectation struct {
	That    string `json:"that"`
	OK      bool   `json:"ok"`
	Because string `json:"because,omitempty"`
	Failure string `json:"failure,omitempty"`
}

// Limits bound what one request may cost. A scenario's own are lowered to them.
var Limits = sim.Limits{Events: 3_000_000, Pods: 200_000, Nodes: 5_000}

// file is what messages call the text.
const file = "scenario.yaml"

// checkEvery is how many events pass between looks at whether somebody still
// wants the answer.
const checkEvery = 1024

// Play answers a request. The error is the context's, or a defect of the engine.
func Play(ctx context.Context, r Request) (answer Answer, err error) {
	scenario, err := scenarios.Load(file, []byte(r.Text), scenarios.Options{Set: r.Set, Env: r.Env, Seed: r.Seed, ReadFile: readFile})
	var mistakes scenarios.Errors
	switch {
	case errors.As(err, &mistakes):
		return Answer{Mistakes: mistakesOf(mistakes)}, nil
	case err != nil:
		return Answer{Problem: err.Error()}, nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("a defect of the program: %v", v)
		}
	}()
	cfg := scenario.Config()
	cfg.Limits = lower(cfg.Limits)
	checker := expect.NewChecker(scenario.Expect)
	var s replay.State
	recorder := film.NewRecorder(&s)
	err = sim.Run(cfg, func(e sim.Event) error {
		if e.Seq%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := checker.Apply(&s, e); err != nil {
			return err
		}
		return recorder.Apply(e)
	})
	if err != nil {
		return Answer{}, err
	}
	if s.Ended.EndedBy == "limit" {
		return Answer{Problem: "cut short at " + s.Now.String() + " by " + s.Ended.Message + "; play it with simulate run, which takes more"}, nil
	}
	return Answer{Film: recorder.Film(scenario.Summary), Expectations: expectationsOf(checker.Results())}, nil
}

// readFile reads what a scenario names: the library's traces, and nothing else.
func readFile(name string) ([]byte, error) {
	return scenarios.ReadLibraryFile(path.Join("library", name))
}

// lower takes the lower of each limit; 0 is none.
func lower(l sim.Limits) sim.Limits {
	least := func(a, b int) int {
		if a == 0 {
			return b
		}
		return min(a, b)
	}
	l.Events, l.Pods, l.Nodes = least(l.Events, Limits.Events), least(l.Pods, Limits.Pods), least(l.Nodes, Limits.Nodes)
	return l
}

func mistakesOf(errs scenarios.Errors) []Mistake {
	var out []Mistake
	for _, e := range errs {
		m := Mistake{e.Line, e.Column, e.Path, e.Message}
		if e.File != file {
			m.Where = e.File
		}
		out = append(out, m)
	}
	return out
}

func expectationsOf(results []expect.Result) []Expectation {
	var out []Expectation
	for _, r := range results {
		x := Expectation{That: r.That, OK: r.OK, Because: r.Because}
		if !r.OK {
			x.Failure = r.Failure()
		}
		out = append(out, x)
	}
	return out
}
