package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/openmetrics"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios"
	"vpcsim/scenarios/expect"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

func (a *App) runCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "run NAME|FILE|-",
		Short: "Run a scenario and show what filled and what ran out",
		Long: `Run a scenario and show what filled and what ran out.

The scenario is one of the library, a file (YAML or JSON), or - for standard
input. Exhaustion is a result and no error. What the scenario expects is checked:
the exit code is 1 if an expectation fails. A scenario of the library that is
changed fails by nothing: its expectations say what it shows as it stands.`,
		Example: `  simulate run default-secondary-ip
  simulate run default-secondary-ip --env WARM_IP_TARGET=5 --env MINIMUM_IP_TARGET=10
  simulate run my-cluster.yaml --set nodeGroups.workers.count=20 --until 30m
  simulate show default-secondary-ip | simulate run - -o jsonl | grep exhaustion
  simulate run default-secondary-ip -o openmetrics > run.om`,
		Args:              one("a scenario (NAME, FILE or -)"),
		ValidArgsFunction: completeScenario,
	}
	format := output(c, "table", "wide", "json", "yaml", "jsonl", "csv", "openmetrics")
	series := openMetricsFlags(c)
	changes := changesFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		scenario, err := a.loadChanged(c, args[0], changes)
		if err != nil {
			return err
		}
		if err := series.check(c, format.value); err != nil {
			return err
		}
		_, library := scenarios.Find(args[0])
		expected := expected{expect.NewChecker(scenario.Expect), changes.any(c), library}
		return a.play(c.Context(), configOf(scenario), expected, format.value, series, g)
	}
	return c
}

// expected is what a scenario expects of a run.
type expected struct {
	checker *expect.Checker
	changed bool // the run is not that of the scenario as it stands
	library bool // the scenario is one of the library, which is there to be changed
}

// play runs a scenario and writes its outcome, and what came of its
// expectations.
func (a *App) play(ctx context.Context, cfg sim.Config, expected expected, format string, series *openMetrics, g *globals) error {
	r := run{app: a, ctx: ctx, cfg: cfg, checker: expected.checker}
	var lines *view.Lines
	var recorder *openmetrics.Recorder
	switch format {
	case "jsonl":
		out := a.Out
		if most := cfg.Limits.LogBytes; most > 0 {
			out = &capped{w: a.Out, left: most}
		}
		lines = view.NewLines(out)
		r.also = func(e sim.Event) error { return written(lines.Apply(e)) }
	case "openmetrics":
		recorder = openmetrics.NewRecorder(&r.state, series.interval)
		r.also = recorder.Apply
	case "wide":
		r.calls = new(view.CallLog)
		r.also = func(e sim.Event) error { r.calls.Apply(e); return nil }
	}
	if !g.quiet && !(lines != nil && isTerminal(a.Out)) {
		r.progress = newProgress(a.Err, cfg.Duration)
	}
	err := r.play()
	r.progress.done()
	if lines != nil {
		if flushErr := written(lines.Flush()); err == nil {
			err = flushErr
		}
	}
	if err != nil {
		return err
	}
	if format != "table" && format != "wide" && !g.quiet {
		for _, note := range view.Notes(&r.state) {
			a.notef("%s", note)
		}
	}
	results := expected.checker.Results()
	switch format {
	case "json":
		err = view.JSON(a.Out, view.Document(&r.state).WithExpectations(results))
	case "yaml":
		err = view.YAML(a.Out, view.Document(&r.state).WithExpectations(results))
	case "csv":
		err = view.CSV(a.Out, &r.state)
	case "openmetrics":
		err = series.write(a.Out, recorder)
	case "table", "wide":
		err = view.Table(a.Out, &r.state, view.TableOptions{Palette: a.palette(g), Wide: format == "wide", Calls: r.calls, Expectations: results, Changed: expected.changed})
	}
	if err != nil {
		return written(err)
	}
	if err := r.cut(); err != nil {
		return err
	}
	return a.failed(results, expected, format, g)
}

// failed is the error of a run of which not everything that was expected came.
// The formats in which the results don't show have them told beside. A scenario
// of the library states what it shows as it stands, and is there to be changed:
// what a change makes of that is no failure.
func (a *App) failed(results []expect.Result, e expected, format string, g *globals) error {
	failed := expect.Failed(results)
	if failed == 0 {
		return nil
	}
	changed := fmt.Sprintf("with these changes %d of %d expectations of the scenario don't hold", failed, len(results))
	if e.changed && e.library {
		if !g.quiet {
			a.notef("%s", changed)
		}
		return nil
	}
	if format == "csv" || format == "jsonl" || format == "openmetrics" {
		for _, r := range results {
			if !r.OK {
				fmt.Fprintln(a.Err, r.Failure())
			}
		}
	}
	if e.changed {
		return different{changed}
	}
	return different{fmt.Sprintf("%d of %d expectations failed", failed, len(results))}
}

// run is a run under way: its log is folded as it comes.
type run struct {
	app      *App
	ctx      context.Context
	cfg      sim.Config
	state    replay.State
	also     func(sim.Event) error // takes each event, before the state has it; may be nil
	then     func(sim.Event) error // likewise, when the state has it
	checker  *expect.Checker       // nil: nothing is expected
	calls    *view.CallLog
	progress *progress
}

// replayed plays a run to its end and returns the state there: what commands do
// that look at many runs. What is expected of it is checked by the way; nil:
// nothing.
func (a *App) replayed(ctx context.Context, cfg sim.Config, checker *expect.Checker) (*replay.State, error) {
	r := run{app: a, ctx: ctx, cfg: cfg, checker: checker}
	if err := r.play(); err != nil {
		return nil, err
	}
	if err := r.cut(); err != nil {
		return nil, err
	}
	return &r.state, nil
}

// whole plays the run to its end with a progress bar, for what needs all of it: a
// run that a limit cuts short is an error.
func (r *run) whole(g *globals) error {
	if !g.quiet {
		r.progress = newProgress(r.app.Err, r.cfg.Duration)
	}
	err := r.play()
	r.progress.done()
	if err != nil {
		return err
	}
	return r.cut()
}

// cut says that a limit ended the run early, nil if none did.
func (r *run) cut() error {
	if end := r.state.Ended; end != nil && end.EndedBy == "limit" {
		return fmt.Errorf("cut short at %s by %s; raise the limit, or end the run earlier with --until", r.state.Now, end.Message)
	}
	return nil
}

// play plays the run to its end. A panic of the engine, or a log that
// contradicts itself, is a defect.
func (r *run) play() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = r.blame(panicked(v))
		}
	}()
	return r.app.Simulate(r.cfg, r.take)
}

// checkEvery is how many events pass between looks at the clock and at
// whether somebody wants the run to end.
const checkEvery = 256

func (r *run) take(e sim.Event) error {
	if e.Seq%checkEvery == 0 {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		r.progress.at(e)
	}
	if r.also != nil {
		if err := r.also(e); err != nil {
			return err
		}
	}
	if err := r.checker.Apply(&r.state, e); err != nil {
		return r.blame(panicked(err))
	}
	if r.then != nil {
		return r.then(e)
	}
	return nil
}

func (r *run) blame(d *defect) *defect {
	d.run, d.seq, d.at = &r.cfg, r.state.Events, r.state.Now
	return d
}
