package scenarios

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios/expect"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// An incident's expectations say that it happened, those of its cure that it is
// gone: asked of the other's run, one of them at least fails. One that would hold
// all the same says nothing.
func TestIncidentAndCureAreToldApart(t *testing.T) {
	for _, i := range Incidents() {
		if i.NotCovered != "" {
			continue
		}
		t.Run(i.ID, func(t *testing.T) {
			t.Parallel()
			run, expected := split(t, i.Scenario())
			curedRun, curedExpected := split(t, i.Cured())
			require.True(t, fails(t, run+curedExpected), "the cure's expectations hold without the cure")
			require.True(t, fails(t, curedRun+expected), "the incident's expectations hold with the cure")
		})
	}
}

// split parts a scenario of the library from its expectations.
func split(t *testing.T, name string) (run, expected string) {
	e, ok := Find(name)
	require.True(t, ok, name)
	text := string(e.Data())
	at := strings.Index(text, "\nexpect:\n") + 1
	require.Positive(t, at, name)
	return text[:at], text[at:]
}

// fails reports whether some expectation doesn't hold. One that names what the
// scenario hasn't is one.
func fails(t *testing.T, text string) bool {
	s, err := Load("scenario.yaml", []byte(text), Options{})
	if err != nil {
		require.Contains(t, err.Error(), "expect[")
		return true
	}
	checker, state := expect.NewChecker(s.Expect), new(replay.State)
	require.NoError(t, sim.Run(s.Config(), func(e sim.Event) error { return checker.Apply(state, e) }))
	for _, r := range checker.Results() {
		if !r.OK {
			return true
		}
	}
	return false
}
