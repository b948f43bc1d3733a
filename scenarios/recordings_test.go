package scenarios_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
	"vpcsim/scenarios/internal/recording"
	"vpcsim/sim"
)

// Each recorded run of the real agent is written as a scenario file, loaded and
// run, and its log is compared with what was recorded: every sample of the
// state, every call, every pod.
func TestRunsAreTheRecordedOnes(t *testing.T) {
	for _, file := range recordings(t, "cases") {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			want, err := recording.Parse(readFile(t, file))
			require.NoError(t, err)
			scenario := load(t, name, recording.Ordered, &want.Input)

			var events []sim.Event
			fold := recording.NewFold(&want.Input)
			err = sim.Run(scenario.Config(), func(e sim.Event) error {
				events = append(events, e)
				fold.Add(e)
				return nil
			})
			require.NoError(t, err)
			if diffs := recording.Compare(want.Outcome, fold.Outcome()); len(diffs) > 0 {
				t.Fatal(report(diffs, events))
			}
		})
	}
}

// distributionRuns is how often each recorded distribution is simulated; it was
// recorded 200 times.
const distributionRuns = 2000

// significance is how improbable a difference has to be before it counts.
const significance = 0.001

// The random order of the agent gives the same distributions as the real one:
// for each histogram a chi-square test of the recorded runs against ours. The
// seeds are fixed, so it passes always or never.
func TestDistributionsAreTheRecordedOnes(t *testing.T) {
	for _, file := range recordings(t, "distributions") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			recorded, err := recording.ParseDistribution(readFile(t, file))
			require.NoError(t, err)
			want, err := recorded.Histograms()
			require.NoError(t, err)
			got, err := histograms(load(t, recorded.Name, recording.Random, &recorded.Input), &recorded.Input)
			require.NoError(t, err)
			for _, name := range slices.Sorted(maps.Keys(want)) {
				p := recording.SameDistribution(want[name], got[name])
				require.Greater(t, p, significance, "%s: recorded %v, simulated %v", name, want[name], got[name])
			}
		})
	}
}

// histograms runs the scenario with the seeds from 1 on.
func histograms(s *scenarios.Scenario, in *recording.Input) (recording.Histograms, error) {
	seeds := make(chan uint64)
	var (
		all     = recording.Histograms{}
		failed  error
		mu      sync.Mutex
		workers sync.WaitGroup
	)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed := range seeds {
				outcome, err := random(s, in, seed)
				mu.Lock()
				if err != nil {
					failed = fmt.Errorf("seed %d: %w", seed, err)
				} else {
					outcome.Histograms(all)
				}
				mu.Unlock()
			}
		})
	}
	for seed := range uint64(distributionRuns) {
		seeds <- seed + 1
	}
	close(seeds)
	workers.Wait()
	return all, failed
}

func random(s *scenarios.Scenario, in *recording.Input, seed uint64) (recording.Outcome, error) {
	cfg := s.Config()
	cfg.Seed = seed
	fold := recording.NewEndFold(in)
	err := sim.Run(cfg, func(e sim.Event) error {
		fold.Add(e)
		return nil
	})
	return fold.Outcome(), err
}

// load takes the way of a user's file. The first loading tells which variables
// are set by default, which a recording's environment isn't to have.
func load(t *testing.T, name, order string, in *recording.Input) *scenarios.Scenario {
	t.Helper()
	file := name + ".yaml"
	withDefaults, err := scenarios.Load(file, in.Scenario(name, order, nil), scenarios.Options{})
	require.NoError(t, err)
	defaults := slices.Sorted(maps.Keys(withDefaults.Config().CNI.Env))

	scenario, err := scenarios.Load(file, in.Scenario(name, order, defaults), scenarios.Options{})
	require.NoError(t, err)
	env := maps.Clone(in.Env)
	if _, ok := env["ENABLE_IPv4"]; !ok {
		env["ENABLE_IPv4"] = "true"
	}
	require.Equal(t, env, scenario.Config().CNI.Env)
	return scenario
}

func recordings(t *testing.T, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "recordings", kind, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return data
}

// How much of a report is shown.
const (
	shownDifferences  = 12
	shownEventsBefore = 20
	shownEventsAfter  = 10
)

// report writes the first differences and the events around the first.
func report(diffs []recording.Difference, events []sim.Event) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%d fields differ from the recording\n", len(diffs))
	for _, d := range diffs[:min(len(diffs), shownDifferences)] {
		fmt.Fprintln(&w, d)
	}
	at := diffs[0].AtMs
	behind := slices.IndexFunc(events, func(e sim.Event) bool { return int64(e.At) > at })
	if behind < 0 {
		behind = len(events)
	}
	fmt.Fprintf(&w, "events before and after %d ms:\n", at)
	for i, e := range events[:min(len(events), behind+shownEventsAfter)] {
		if i < behind-shownEventsBefore {
			continue
		}
		line, err := e.MarshalJSON()
		if err != nil {
			line = []byte(err.Error())
		}
		fmt.Fprintf(&w, "  %s\n", line)
	}
	return w.String()
}
