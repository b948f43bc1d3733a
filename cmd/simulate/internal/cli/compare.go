package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/compare"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

func (a *App) compareCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "compare A [B]",
		Short: "Run two scenarios, or one with a change, side by side",
		Long: `Run two scenarios, or one with a change, side by side: what differs in the input
and in the outcome, how addresses were used over time, what ran out, and the
first event at which the runs part.

--set, --env and --cni-version change the second run: without B it is A with
these changes. --seed and --until hold for both.`,
		Example: `  simulate compare default-secondary-ip --env WARM_IP_TARGET=5
  simulate compare trunk-serves-pods-v1-16-2 --cni-version v1.16.4
  simulate compare prefix-fragmentation prefix-reservation
  simulate compare mine.yaml --cni-version v1.23.1 --exit-code`,
		Args: usage(func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return fmt.Errorf("a scenario (NAME, FILE or -) is missing")
			case 1, 2:
				return nil
			}
			return fmt.Errorf("one scenario or two are expected, and nothing after them: %q", args[2])
		}),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 1 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return libraryNames(), cobra.ShellCompDirectiveDefault
		},
	}
	format := output(c, "table", "json", "yaml")
	ch := changesFlags(c)
	cniVersion := c.Flags().String("cni-version", "", "the release of the VPC CNI in the second run, e.g. v1.18.3")
	exitCode := c.Flags().Bool("exit-code", false, "exit with 1 if anything happens otherwise in the second run")
	c.RunE = func(c *cobra.Command, args []string) error {
		both, err := ch.of(c)
		if err != nil {
			return err
		}
		second := both
		both.Set, both.Env = nil, nil
		if *cniVersion != "" {
			second.Set = append(slices.Clone(second.Set), "cni.version="+*cniVersion)
		}
		if len(args) == 1 && len(second.Set)+len(second.Env) == 0 {
			return usageError{fmt.Errorf("there is nothing to compare %s with: name a second scenario, or a change (--set, --env, --cni-version)", args[0])}
		}
		x, y, err := a.loadTwo(c.Context(), args, both, second)
		var mistakes scenarios.Errors
		if *cniVersion != "" && errors.As(err, &mistakes) {
			for i := range mistakes {
				if mistakes[i].File == "--set cni.version="+*cniVersion {
					mistakes[i].File = "--cni-version " + *cniVersion
				}
			}
		}
		if err != nil {
			return err
		}
		labels := view.CompareLabels{A: args[0], B: args[len(args)-1] + changesText(second)}
		return a.compare(c.Context(), x, y, labels, format.value, *exitCode, g)
	}
	return c
}

// loadTwo loads the scenarios that the words name; one word names both. Standard
// input is read once.
func (a *App) loadTwo(ctx context.Context, words []string, both, second scenarios.Options) (x, y *scenarios.Scenario, err error) {
	first, other := words[0], words[len(words)-1]
	if first == "-" && other == "-" {
		data, err := readStandardInput(ctx, a.In)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the scenario: %w", err)
		}
		if x, err = loadText(ctx, "stdin", data, both); err != nil {
			return nil, nil, err
		}
		y, err = loadText(ctx, "stdin", data, second)
		return x, y, err
	}
	if x, err = a.load(ctx, first, both); err != nil {
		return nil, nil, err
	}
	y, err = a.load(ctx, other, second)
	return x, y, err
}

// changesText writes the changes as they stand on the command line.
func changesText(o scenarios.Options) string {
	var b strings.Builder
	for _, set := range o.Set {
		b.WriteString(" --set " + set)
	}
	for _, env := range o.Env {
		b.WriteString(" --env " + env)
	}
	return b.String()
}

// compare plays both runs and writes what differs.
func (a *App) compare(ctx context.Context, x, y *scenarios.Scenario, labels view.CompareLabels, format string, exitCode bool, g *globals) (err error) {
	cfgA, cfgB := configOf(x), configOf(y)
	playing := &cfgA
	defer func() {
		if v := recover(); v != nil {
			bug := panicked(v)
			bug.run = playing
			err = bug
		}
	}()
	engine := func(cfg *sim.Config) compare.Engine {
		return func(sink func(sim.Event) error) error {
			return a.Simulate(*cfg, func(e sim.Event) error {
				playing = cfg
				if e.Seq%checkEvery == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				return sink(e)
			})
		}
	}
	c, err := compare.Play(engine(&cfgA), engine(&cfgB))
	if err != nil {
		return err
	}
	for _, s := range []compare.Side{c.A, c.B} {
		r := run{state: *s.State}
		if err := r.cut(); err != nil {
			return err
		}
	}
	switch format {
	case "json":
		err = view.JSON(a.Out, view.CompareJSON(c, labels))
	case "yaml":
		err = view.YAML(a.Out, view.CompareJSON(c, labels))
	default:
		err = view.CompareTable(a.Out, c, labels, a.palette(g))
	}
	if err != nil {
		return written(err)
	}
	if exitCode && c.Parting != nil {
		return different{"the runs differ"}
	}
	return nil
}
