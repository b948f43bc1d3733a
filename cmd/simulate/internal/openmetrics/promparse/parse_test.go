package promparse

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/openmetrics"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// manyNodes is how many nodes make a run so large that it is left out: it has the
// same series as a small one.
const manyNodes = 100

// Prometheus takes what is written of every run of the library: each sample is
// read, has a name and a timestamp within the run, and there is no series twice
// at an instant.
func TestPrometheusReadsEveryRunOfTheLibrary(t *testing.T) {
	for _, entry := range scenarios.Library() {
		t.Run(entry.Name, func(t *testing.T) {
			scenario, err := entry.Load(scenarios.Options{})
			require.NoError(t, err)
			nodes := 0
			for _, g := range scenario.NodeGroups {
				nodes += g.Count
			}
			if nodes > manyNodes {
				return
			}
			text, end := write(t, scenario)
			samples, series := read(t, text, end)
			require.Positive(t, samples)
			require.Contains(t, series, "vpcsim_pods")
		})
	}
}

// start stands for the beginning of the runs.
var start = time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)

// write plays a scenario and returns what is written of it, and when it ends.
func write(t *testing.T, scenario *scenarios.Scenario) (string, time.Time) {
	var s replay.State
	r := openmetrics.NewRecorder(&s, 30*time.Second)
	require.NoError(t, sim.Run(scenario.Config(), func(e sim.Event) error {
		if err := r.Apply(e); err != nil {
			return err
		}
		return s.Apply(e)
	}))
	require.NoError(t, r.Finish())
	var out strings.Builder
	require.NoError(t, r.Write(&out, start))
	return out.String(), start.Add(time.Duration(s.Now) * time.Millisecond)
}

// read parses the text and returns how many samples it has, and their names.
func read(t *testing.T, text string, end time.Time) (samples int, names map[string]bool) {
	p := textparse.NewOpenMetricsParser([]byte(text), labels.NewSymbolTable())
	seen := map[string]int64{}
	names = map[string]bool{}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return samples, names
		}
		require.NoError(t, err)
		if entry != textparse.EntrySeries {
			continue
		}
		series, at, _ := p.Series()
		require.NotNil(t, at, "%s has no timestamp", series)
		require.GreaterOrEqual(t, *at, start.UnixMilli())
		require.LessOrEqual(t, *at, end.UnixMilli())
		if before, ok := seen[string(series)]; ok {
			require.Greater(t, *at, before, "%s goes back in time", series)
		}
		seen[string(series)] = *at
		var l labels.Labels
		p.Labels(&l)
		names[l.Get(labels.MetricName)] = true
		samples++
	}
}
