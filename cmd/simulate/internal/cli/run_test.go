package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/cli"
	"vpcsim/sim"
)

const onePod = `
name: one-pod
seed: 42
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, zone: us-west-2a, cidr: 10.0.0.0/24}]
nodeGroups: [{name: workers, instanceType: m5.large, count: 1, subnets: [a]}]
steps:
  - {at: 1s, create: {pod: p-0, node: workers-0}}
`

// app runs a scenario that comes in, with a changed engine or output.
func app(args string) (*cli.App, *bytes.Buffer, *bytes.Buffer) {
	var out, errs bytes.Buffer
	a := cli.Default()
	a.Args = strings.Fields(args)
	a.In, a.Out, a.Err = strings.NewReader(onePod), &out, &errs
	a.Getenv = func(string) string { return "" }
	return a, &out, &errs
}

func TestAPanicOfTheEngineBecomesABugReport(t *testing.T) {
	a, out, errs := app("run -")
	a.Simulate = func(cfg sim.Config, sink func(sim.Event) error) error {
		return sim.Run(cfg, func(e sim.Event) error {
			if e.Seq == 5 {
				panic("subnet a: released 10.0.0.9 twice")
			}
			return sink(e)
		})
	}
	require.Equal(t, cli.ExitDefect, a.Run(context.Background()))
	require.Empty(t, out.String())
	for _, want := range []string{"a defect of the program", "released 10.0.0.9 twice", "one-pod, digest ", "seed      42", "event 5,", "goroutine"} {
		require.Contains(t, errs.String(), want)
	}
}

func TestALogThatContradictsItselfIsADefect(t *testing.T) {
	a, _, errs := app("run -")
	a.Simulate = func(_ sim.Config, sink func(sim.Event) error) error {
		if err := sink(sim.Event{Body: sim.RunStarted{}}); err != nil {
			return err
		}
		return sink(sim.Event{Seq: 1, Body: sim.PodReady{Pod: "ghost"}})
	}
	require.Equal(t, cli.ExitDefect, a.Run(context.Background()))
	require.Contains(t, errs.String(), `event 1 (pod.ready at 0s): there is no pod "ghost"`)
}

func TestWhatTheEngineRefusesIsBadInput(t *testing.T) {
	a, _, errs := app("run -")
	a.Simulate = func(sim.Config, func(sim.Event) error) error { return errors.New("no such thing") }
	require.Equal(t, cli.ExitUsage, a.Run(context.Background()))
	require.Equal(t, "simulate run: no such thing\n", errs.String())
}

func TestAnInterruptEndsTheRun(t *testing.T) {
	for _, format := range []string{"table", "jsonl"} {
		ctx, cancel := context.WithCancel(context.Background())
		a, _, errs := app("run - -o " + format)
		a.Simulate = func(cfg sim.Config, sink func(sim.Event) error) error {
			cancel()
			return sim.Run(cfg, sink)
		}
		require.Equal(t, cli.ExitInterrupted, a.Run(ctx))
		require.Equal(t, "simulate: interrupted\n", errs.String())
	}
}

// failing is an output that fails after some bytes.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestFailuresToWrite(t *testing.T) {
	for _, command := range []string{
		"run -", "run - -o wide", "run - -o json", "run - -o yaml", "run - -o jsonl", "run - -o csv",
		"max-pods m5.large", "max-pods --all -q", "max-pods m5.large -o json", "max-pods m5.large -o yaml", "max-pods m5.large -o csv",
		"instance-types -q", "instance-types -q -o json", "instance-types -q -o yaml", "instance-types -q -o csv",
		"compare - --set seed=7", "compare - --set seed=7 -o json", "sweep - --vary seed=1..2", "sweep - --vary seed=1..2 -o csv", "sweep - --vary seed=1..2 -o json",
		"conformance", "conformance -o wide", "conformance -o json", "run - -o openmetrics",
		"test -", "test - -o json", "test - -o yaml",
		"list", "list -o json", "list -o yaml", "show default-secondary-ip", "version", "--help",
	} {
		// A reader that goes away has seen enough.
		a, _, errs := app(command)
		a.Out = &failing{err: &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}}
		require.Equal(t, cli.ExitOK, a.Run(context.Background()), command)
		require.Empty(t, errs.String(), command)
		if command == "--help" {
			continue // cobra prints it and doesn't ask whether that went well
		}

		// A full disk is a failure.
		a, _, errs = app(command)
		a.Out = &failing{err: syscall.ENOSPC}
		require.Equal(t, cli.ExitUsage, a.Run(context.Background()), command)
		require.Equal(t, "simulate: writing the result: no space left on device\n", errs.String(), command)
	}
}

func TestNotesGoToStandardErrorUnlessQuiet(t *testing.T) {
	a, out, errs := app("run - -o json --env AWS_VPC_K8S_CNI_LOGLEVEL=DEBUG")
	require.Equal(t, cli.ExitOK, a.Run(context.Background()))
	require.Contains(t, errs.String(), "note: ")
	require.NotContains(t, out.String(), "note: ")

	a, _, errs = app("run - -o json -q --env AWS_VPC_K8S_CNI_LOGLEVEL=DEBUG")
	require.Equal(t, cli.ExitOK, a.Run(context.Background()))
	require.Empty(t, errs.String())
}

func TestTheSameRunGivesTheSameBytes(t *testing.T) {
	for _, format := range []string{"table", "wide", "json", "yaml", "jsonl", "csv"} {
		var outs [2]string
		for i := range outs {
			a, out, _ := app("run - -o " + format)
			require.Equal(t, cli.ExitOK, a.Run(context.Background()))
			outs[i] = out.String()
		}
		require.Equal(t, outs[0], outs[1], format)
		require.NotEmpty(t, outs[0])
	}
}
