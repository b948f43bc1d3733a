package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

// usageError is a mistake on the command line; the answer points to the
// command's help.
type usageError struct{ error }

// Unwrap returns the mistake itself.
func (e usageError) Unwrap() error { return e.error }

// usage makes the arguments' check answer as a mistake in a flag does.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// one accepts a single argument, which is called what.
func one(what string) cobra.PositionalArgs {
	return usage(func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return fmt.Errorf("%s is missing", what)
		case 1:
			return nil
		}
		return fmt.Errorf("%s is expected, and nothing after it: %q", what, args[1])
	})
}

// writeError is a failure to write a result.
type writeError struct{ error }

// Unwrap returns why the write failed.
func (e writeError) Unwrap() error { return e.error }

// written marks the error of a write, nil staying nil.
func written(err error) error {
	if err == nil {
		return nil
	}
	return writeError{err}
}

// exitCode ends the program with a code where all that there is to say was said.
type exitCode int

// Error is never shown.
func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// different says that an expectation failed, or that a comparison differs: the
// command did its work, and the exit code is ExitDifferent.
type different struct{ message string }

// Error says what differs.
func (d different) Error() string { return d.message }

// defect is a defect of the program, with what finds it again.
type defect struct {
	what  string // the panic's text
	stack []byte
	run   *sim.Config // nil outside of a run
	seq   int64       // events logged before
	at    model.Instant
}

// Error is the text of the panic.
func (d *defect) Error() string { return d.what }

func panicked(v any) *defect {
	return &defect{what: fmt.Sprint(v), stack: debug.Stack()}
}

// exit tells what went wrong and turns it into an exit code.
func (a *App) exit(command string, err error) int {
	var bug *defect
	var mistakes scenarios.Errors
	var wrong usageError
	var write writeError
	var code exitCode
	var unlike different
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &bug):
		a.report(bug)
		return ExitDefect
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &unlike):
		fmt.Fprintf(a.Err, "%s: %s\n", command, unlike.message)
		return ExitDifferent
	case errors.Is(err, syscall.EPIPE):
		return ExitOK // the reader has seen enough
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(a.Err, "simulate: interrupted")
		return ExitInterrupted
	case errors.As(err, &mistakes):
		fmt.Fprintln(a.Err, mistakes)
	case errors.As(err, &write):
		fmt.Fprintf(a.Err, "simulate: writing the result: %v\n", write.error)
	case errors.As(err, &wrong):
		fmt.Fprintf(a.Err, "%s: %v\n", command, err)
		fmt.Fprintf(a.Err, "See '%s --help'.\n", command)
	default:
		fmt.Fprintf(a.Err, "%s: %v\n", command, err)
	}
	return ExitUsage
}

// report writes a bug report.
func (a *App) report(d *defect) {
	fmt.Fprintf(a.Err, "simulate: a defect of the program, not a mistake of yours.\n"+
		"Please report it with the scenario and all that follows.\n\n")
	fmt.Fprintf(a.Err, "  panic     %s\n", d.what)
	if d.run != nil {
		fmt.Fprintf(a.Err, "  scenario  %s, digest %s\n", d.run.Name, d.run.Digest)
		fmt.Fprintf(a.Err, "  seed      %d\n", d.run.Seed)
		fmt.Fprintf(a.Err, "  at        event %d, %s of virtual time\n", d.seq, d.at)
	}
	fmt.Fprintf(a.Err, "  version   %s\n\n", version())
	a.Err.Write(d.stack)
}
