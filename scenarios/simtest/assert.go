package simtest

import (
	"strings"
	"testing"
	"time"

	"vpcsim/scenarios/expect"
)

// Expect marks the test as failed unless all conditions hold, each over the whole
// run as in Check, and reports whether they do. The message is that of
// `simulate run`, with the events that led there.
func (r *Played) Expect(t testing.TB, that ...string) bool {
	t.Helper()
	results, err := r.Check(that...)
	return r.report(t, results, err)
}

// ExpectAt is Expect for conditions at an instant, as with `at` in a scenario.
func (r *Played) ExpectAt(t testing.TB, after time.Duration, that ...string) bool {
	t.Helper()
	results, err := r.CheckAt(after, that...)
	return r.report(t, results, err)
}

// ExpectScenario is Expect for the expectations that the scenario itself has. It
// fails if it has none: a test that checks nothing is a mistake.
func (r *Played) ExpectScenario(t testing.TB) bool {
	t.Helper()
	if len(r.results) == 0 {
		t.Errorf("scenario %s has no expectations", r.scenario.Name)
		return false
	}
	return r.report(t, r.results, nil)
}

func (r *Played) report(t testing.TB, results []expect.Result, err error) bool {
	t.Helper()
	if err != nil {
		t.Errorf("the expectation can't be checked:\n%s", err)
		return false
	}
	for _, e := range results {
		if !e.OK {
			t.Errorf("%s", failure(e))
		}
	}
	if expect.Failed(results) == 0 {
		return true
	}
	r.tell(t)
	return false
}

func failure(e expect.Result) string {
	lines := []string{e.Failure()}
	if e.Because != "" {
		lines = append(lines, "because "+e.Because)
	}
	return strings.Join(append(lines, e.Events...), "\n    ")
}

// tell writes the timeline to the log of a test, once: many assertions may fail
// on one run.
func (r *Played) tell(t testing.TB) {
	t.Helper()
	r.telling.Lock()
	defer r.telling.Unlock()
	if !r.told {
		r.told = true
		t.Log("\n" + r.Timeline())
	}
}
