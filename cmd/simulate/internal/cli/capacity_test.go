package cli

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/sim"
)

const capacityScenario = `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/26}]}
nodeGroups: [{name: workers, instanceType: m5.large, autoscale: {max: 2}}]
workloads: [{name: web, replicas: 10}]
`

// capacity runs the command on the scenario above.
func runCapacity(app *App, args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	app.Args = append([]string{"capacity", "-"}, args...)
	app.In, app.Out, app.Err = strings.NewReader(capacityScenario), &stdout, &stderr
	app.Getenv = func(string) string { return "" }
	if app.Simulate == nil {
		app.Simulate = sim.Run
	}
	code = app.Run(context.Background())
	return code, stdout.String(), stderr.String()
}

// The runs go on side by side; what comes out doesn't depend on how many do.
func TestCapacityIsTheSameOnAnyNumberOfCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, args := range [][]string{
		{"--vary", "workloads.web.replicas", "-o", "json"},
		{"--smallest", "vpc.subnets.private-a.cidr", "--headroom", "10%"},
	} {
		runtime.GOMAXPROCS(1)
		code, one, errs := runCapacity(&App{}, args...)
		require.Equal(t, ExitOK, code, errs)
		for _, cores := range []int{2, 7} {
			runtime.GOMAXPROCS(cores)
			_, many, _ := runCapacity(&App{}, args...)
			require.Equal(t, one, many, "%d cores", cores)
		}
	}
}

// A panic in one of the runs is a defect of the program, reported with its run.
func TestCapacityReportsADefect(t *testing.T) {
	var runs atomic.Int32
	app := &App{Simulate: func(cfg sim.Config, sink func(sim.Event) error) error {
		if runs.Add(1) == 3 {
			panic("an invariant is broken")
		}
		return sim.Run(cfg, sink)
	}}
	code, out, errs := runCapacity(app, "--vary", "workloads.web.replicas")
	require.Equal(t, ExitDefect, code)
	require.Empty(t, out)
	require.Contains(t, errs, "an invariant is broken")
	require.Contains(t, errs, "seed      1")
}

// A run that a limit ends doesn't fit, and the limit is named.
func TestCapacityNamesTheLimit(t *testing.T) {
	code, out, errs := runCapacity(&App{}, "--vary", "workloads.web.replicas=1..40", "--set", "limits.events=150", "--remedies=false")
	require.Equal(t, ExitOK, code, errs)
	require.Contains(t, out, "limit stops it.")
	require.Contains(t, out, "limits.events: 150 events")

	// A value that a limit refuses beforehand is not possible.
	code, out, _ = runCapacity(&App{}, "--vary", "workloads.web.replicas=1..40", "--set", "limits.pods=20", "--remedies=false")
	require.Equal(t, ExitOK, code)
	require.Contains(t, out, "workloads[0].replicas: 21 pods; limits.pods is 20")
}

func TestCapacityEndsAtAnInterrupt(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	app := &App{Simulate: func(cfg sim.Config, sink func(sim.Event) error) error {
		stop()
		return sim.Run(cfg, sink)
	}}
	var stderr bytes.Buffer
	app.Args = []string{"capacity", "-", "--vary", "workloads.web.replicas"}
	app.In, app.Out, app.Err = strings.NewReader(capacityScenario), &bytes.Buffer{}, &stderr
	app.Getenv = func(string) string { return "" }
	require.Equal(t, ExitInterrupted, app.Run(ctx))
	require.Equal(t, "simulate: interrupted\n", stderr.String())
}

// Remedies are tried as far as the budget goes, and what it doesn't reach is
// named; --remedies=all tries them all.
func TestCapacityKeepsToItsBudget(t *testing.T) {
	answer := func(budget capacityBudget, args ...string) string {
		code, out, errs := runCapacity(&App{Events: &budget}, append([]string{"--vary", "workloads.web.replicas"}, args...)...)
		require.Equal(t, ExitOK, code, errs)
		return out
	}
	enough := answer(defaultBudget)
	require.NotContains(t, enough, "Not tried")
	require.Contains(t, enough, "each was run")
	require.Contains(t, enough, "\n  seeds    with 1 to 5: ")

	small := defaultBudget
	small.remedies, small.chance = 1, 1
	out := answer(small)
	require.Contains(t, out, "Not tried, as the runs are costly: ")
	require.NotContains(t, out, "each was run")
	require.Contains(t, out, "\n  seeds    1 alone, as others would take ")
	require.Contains(t, answer(small, "--remedies=all"), "each was run")
	require.NotContains(t, answer(small, "--remedies=all"), "Not tried")

	small.search = 1
	require.Contains(t, answer(small, "--remedies=false"), "costly")
}
