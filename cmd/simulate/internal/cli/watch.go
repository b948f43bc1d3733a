package cli

import (
	"errors"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/watch"
	"vpcsim/sim"
)

func (a *App) watchCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "watch NAME|FILE|-",
		Short: "Watch the run in the terminal",
		Long: `Watch the run in the terminal.

It plays the run: how ENIs and subnets fill, what is short, what changed last. On
the bar ━ is where something is short, ┄ what cures itself.

  space      play or pause                + −    faster, slower
  ← →        one event back or on         n      to the next shortage
  H L        ten seconds back or on       j k    scroll
  home end   to the start or the end      q      quit`,
		Example: `  simulate watch default-secondary-ip
  simulate watch my-cluster.yaml --env WARM_IP_TARGET=5`,
		Args:              one("a scenario (NAME, FILE or -)"),
		ValidArgsFunction: completeScenario,
	}
	changes := changesFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if !isTerminal(a.Out) {
			return errors.New("standard output is no terminal: watch draws on one. run prints the outcome, report makes a page")
		}
		if args[0] == "-" {
			return errors.New("- reads the scenario from standard input, where watch reads keys: give it as a file")
		}
		scenario, err := a.loadChanged(c, args[0], changes)
		if err != nil {
			return err
		}
		r := run{app: a, ctx: c.Context(), cfg: configOf(scenario)}
		var log []sim.Event
		r.also = func(e sim.Event) error { log = append(log, e); return nil }
		if err := r.whole(g); err != nil {
			return err
		}
		_, err = tea.NewProgram(watch.New(log, &r.state, a.palette(g)), tea.WithContext(c.Context()), tea.WithInput(a.In), tea.WithOutput(a.Out)).Run()
		return err
	}
	return c
}
