package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/testreport"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios"
	"vpcsim/scenarios/expect"
)

// testFlags are those of the command test.
type testFlags struct {
	changes *changes
	run     string
	junit   string
	update  bool
	library bool
	workers int
	format  *choice
}

func (a *App) testCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "test PATH|NAME...",
		Short: "Run scenarios and check what they expect",
		Long: `Run scenarios and check what they expect.

Each PATH is a scenario's file, or a folder, of which all scenarios are taken,
those of folders within it included: files *.yaml, *.yml and *.json that have
what only scenarios have at the top. NAME is a scenario of the library.

A scenario fails if one of its expectations (expect) does not hold, or if its
golden summary differs: the file NAME.golden.yaml beside NAME.yaml, which
--update writes. A scenario without either has to load and run. All scenarios
are run, whatever becomes of the others, as many at once as there are cores.

The exit code is 0 if all pass, 1 if one fails, 2 if one is broken (it or its
golden summary can't be read, or a limit ends it early).

In a workflow of GitHub (GITHUB_ACTIONS=true) failures are annotated beside
their lines, and the outcome is added to the step's summary.`,
		Example: `  simulate test scenarios/
  simulate test default-secondary-ip shop.yaml
  simulate test scenarios/ --run 'rollout|surge' --junit report.xml
  simulate test scenarios/ --update
  simulate test --library
  simulate test shop.yaml --set cni.version=v1.16.4`,
		ValidArgsFunction: completeScenarios,
	}
	f := testFlags{format: output(c, "table", "json", "yaml"), changes: changesFlags(c)}
	flags := c.Flags()
	flags.StringVar(&f.run, "run", "", "only scenarios whose name or path matches: `regexp`")
	flags.StringVar(&f.junit, "junit", "", "write a JUnit report to this `file`, too")
	flags.BoolVar(&f.update, "update", false, "write the golden summaries of the scenarios' files")
	flags.BoolVar(&f.library, "library", false, "test the scenarios of the library, those of incidents included")
	flags.IntVar(&f.workers, "parallel", runtime.GOMAXPROCS(0), "how many scenarios to run at once")
	c.RunE = func(c *cobra.Command, args []string) error { return a.test(c, args, f, g) }
	return c
}

// completeScenarios offers the library's names, and files, for every argument.
func completeScenarios(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return libraryNames(), cobra.ShellCompDirectiveDefault
}

func (f testFlags) check(args []string) error {
	o := f.changes.options
	switch {
	case len(args) == 0 && !f.library:
		return usageError{errors.New("a scenario's file, a folder, or --library is missing")}
	case f.workers < 1:
		return usageError{fmt.Errorf("--parallel %d: it is at least 1", f.workers)}
	case f.update && len(o.Set)+len(o.Env) > 0:
		return usageError{errors.New("--update writes what the scenarios come to as they are, and --set and --env change them")}
	}
	return nil
}

func (a *App) test(c *cobra.Command, args []string, f testFlags, g *globals) error {
	if err := f.check(args); err != nil {
		return err
	}
	pattern, err := regexp.Compile(f.run)
	if err != nil {
		return usageError{fmt.Errorf("--run: %w", err)}
	}
	options, err := f.changes.of(c)
	if err != nil {
		return err
	}
	if f.update && (options.Seed != nil || options.Until != nil) {
		return usageError{errors.New("--update writes what the scenarios come to as they are, and --seed and --until change them")}
	}
	found, err := findTests(c.Context(), args, f.library)
	if err != nil {
		return err
	}
	tests := found.matching(pattern)
	if !g.quiet {
		for _, note := range found.notes(tests, f.update) {
			fmt.Fprintf(a.Err, "note: %s\n", note)
		}
	}
	if len(tests) == 0 {
		return usageError{found.nothing(f.run)}
	}
	t := tester{app: a, options: options, update: f.update, changed: f.changes.any(c)}
	report, err := t.all(c.Context(), tests, f, g)
	if err != nil {
		return err
	}
	if note := report.Unwatched(); note != "" && !g.quiet {
		fmt.Fprintf(a.Err, "note: %s\n", note)
	}
	return a.deliver(report, f, t.changed)
}

// deliver writes what is written when all have run, and says how it ended.
func (a *App) deliver(report *testreport.Report, f testFlags, changed bool) error {
	switch f.format.value {
	case "json":
		if err := view.JSON(a.Out, report.Document()); err != nil {
			return written(err)
		}
	case "yaml":
		if err := view.YAML(a.Out, report.Document()); err != nil {
			return written(err)
		}
	}
	if f.junit != "" {
		var b bytes.Buffer
		if err := report.JUnit(&b); err != nil {
			return err
		}
		if err := replaceFile(f.junit, b.Bytes()); err != nil {
			return fmt.Errorf("writing the JUnit report: %w", unwritable(f.junit, err))
		}
	}
	if err := a.tellGitHub(report); err != nil {
		return err
	}
	told := f.format.value == "table" // its last line is the summary
	switch {
	case report.Count(testreport.Broken) > 0 && told:
		return exitCode(ExitUsage)
	case report.Count(testreport.Broken) > 0:
		return errors.New(report.Summary())
	case report.Count(testreport.Failed) > 0 && changed && told:
		return different{"what failed expects what comes without these changes"}
	case report.Count(testreport.Failed) > 0 && changed:
		return different{report.Summary() + "; what failed expects what comes without these changes"}
	case report.Count(testreport.Failed) > 0 && told:
		return exitCode(ExitDifferent)
	case report.Count(testreport.Failed) > 0:
		return different{report.Summary()}
	}
	return nil
}

// tellGitHub annotates failures and adds to the step's summary, where the
// program runs in a workflow of GitHub.
func (a *App) tellGitHub(report *testreport.Report) error {
	if a.Getenv("GITHUB_ACTIONS") != "true" {
		return nil
	}
	if err := report.Annotations(a.Err); err != nil {
		return err
	}
	name := a.Getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing the step's summary: %w", err)
	}
	defer file.Close()
	if err := report.Markdown(file); err != nil {
		return fmt.Errorf("writing the step's summary: %w", err)
	}
	return nil
}

// unwritable says why a file can't be written, of the file and not of the one
// that was to take its place.
func unwritable(name string, err error) error {
	folder := filepath.Dir(name)
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s: make it, or name another", folder)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be written in %s", filepath.Base(name), folder)
	case errors.As(err, &path):
		return fmt.Errorf("%s: %w", name, path.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// replaceFile writes a file in whole or not at all.
func replaceFile(name string, data []byte) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, data, 0o644) // a device or a pipe
	}
	temporary, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // does nothing once it is renamed
	if _, err := temporary.Write(data); err != nil {
		temporary.Close()
		return err
	}
	if err := temporary.Chmod(0o644); err != nil {
		temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), name)
}

// tester runs scenarios that are tested.
type tester struct {
	app     *App
	options scenarios.Options
	update  bool
	changed bool // the options change the scenarios
}

// all runs the tests, some at once, and writes the cases of the table in their
// order, each as soon as it and those before it are there.
func (t *tester) all(ctx context.Context, tests []test, f testFlags, g *globals) (*testreport.Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		c   *testreport.Case
		err error // a defect, or an interrupt
	}
	outcomes := make([]chan outcome, len(tests))
	for i := range outcomes {
		outcomes[i] = make(chan outcome, 1)
	}
	next := make(chan int)
	var running sync.WaitGroup
	for range min(f.workers, len(tests)) {
		running.Go(func() {
			for i := range next {
				c, err := t.one(ctx, tests[i])
				outcomes[i] <- outcome{c, err}
			}
		})
	}
	running.Go(func() {
		defer close(next)
		for i := range tests {
			select {
			case next <- i:
			case <-ctx.Done():
				for ; i < len(tests); i++ {
					outcomes[i] <- outcome{err: ctx.Err()}
				}
				return
			}
		}
	})
	defer running.Wait()
	defer cancel()

	report := &testreport.Report{}
	table := testreport.NewTable(t.app.Out, t.app.palette(g))
	table.Changed = t.changed
	for i := range tests {
		o := <-outcomes[i]
		if o.err != nil {
			return nil, o.err
		}
		report.Cases = append(report.Cases, o.c)
		if f.format.value == "table" {
			if err := table.Case(o.c); err != nil {
				return nil, written(err)
			}
		}
	}
	if f.format.value == "table" {
		return report, written(table.End(report))
	}
	return report, nil
}

// one runs one scenario. What is wrong with it is in the case.
func (t *tester) one(ctx context.Context, of test) (c *testreport.Case, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v) // here, where the stack is
		}
	}()
	c = &testreport.Case{Name: of.name, File: of.word, Path: of.path, Golden: testreport.Golden{State: testreport.GoldenNone}}
	scenario, err := t.app.load(ctx, of.word, t.options)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		if !errors.As(err, &c.Mistakes) {
			c.Err = err
		}
		return c, nil
	}
	c.Name = scenario.Name
	r := run{app: t.app, ctx: ctx, cfg: configOf(scenario), checker: expect.NewChecker(scenario.Expect)}
	if err := r.play(); err != nil {
		return nil, err
	}
	if c.Err = r.cut(); c.Err != nil {
		return c, nil
	}
	c.Results, c.Verdict = r.checker.Results(), view.Verdict(&r.state)
	if of.path != "" {
		c.Golden, err = t.golden(of.path, &r)
	}
	if err != nil {
		c.Err = err
	}
	return c, nil
}

// golden compares the golden summary of a scenario's file, or writes it.
func (t *tester) golden(path string, r *run) (testreport.Golden, error) {
	file := testreport.GoldenFile(path)
	none := testreport.Golden{State: testreport.GoldenNone}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return none, fmt.Errorf("reading the golden summary: %w", err)
	}
	if err != nil && !t.update {
		return none, nil
	}
	got, summaryErr := testreport.Summarize(&r.state)
	if summaryErr != nil {
		return none, summaryErr
	}
	if err == nil && !t.update {
		if err := testreport.Readable(want); err != nil {
			return none, fmt.Errorf("%s is no golden summary: %w; --update writes it anew", file, err)
		}
	}
	compared := testreport.Compare(file, want, got)
	if !t.update || compared.State == testreport.GoldenSame && err == nil {
		return compared, nil
	}
	if err := replaceFile(file, got); err != nil {
		return none, fmt.Errorf("writing the golden summary: %w", unwritable(file, err))
	}
	return testreport.Golden{State: testreport.GoldenWritten, File: file}, nil
}
