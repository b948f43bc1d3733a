package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"vpcsim/sim"
)

// Exit codes. Exhaustion within a run is a result: the code is ExitOK.
const (
	ExitOK          = 0
	ExitDifferent   = 1   // an expectation failed, or a comparison differs
	ExitUsage       = 2   // bad input or usage
	ExitDefect      = 3   // a defect of the program
	ExitInterrupted = 130 // by SIGINT or SIGTERM; as shells count the first
)

// App is the program's surroundings. The zero value of a field that is a
// function or a stream is no good; tests replace what they need of Default.
type App struct {
	Args     []string // without the program's name
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	// Simulate plays a run, as sim.Run does.
	Simulate func(sim.Config, func(sim.Event) error) error
	// Events bounds what capacity simulates; nil: as usual.
	Events *capacityBudget
}

// Default is the process.
func Default() *App {
	return &App{
		Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Getenv: os.Getenv, Simulate: sim.Run,
	}
}

// Main runs the process's command and returns its exit code.
func Main() int {
	// A reader that goes away shows as EPIPE at the next write, and not as a
	// signal that kills the process in the middle of it.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Whoever sends a second signal wants an end at once.
	context.AfterFunc(ctx, stop)
	return Default().Run(ctx)
}

// Run runs the command that the arguments name and returns its exit code.
func (a *App) Run(ctx context.Context) (code int) {
	defer func() {
		if v := recover(); v != nil {
			a.report(panicked(v))
			code = ExitDefect
		}
	}()
	root := a.rootCommand()
	root.SetArgs(a.Args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	command, err := root.ExecuteContextC(ctx)
	return a.exit(command.CommandPath(), err)
}
