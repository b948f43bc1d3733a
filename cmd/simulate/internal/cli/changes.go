package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vpcsim/scenarios"
	"vpcsim/sim"
)

// changes are the flags with which commands change a scenario before they run
// it.
type changes struct {
	options scenarios.Options
	seed    uint64
	until   time.Duration
}

// changesFlags adds the flags to a command.
func changesFlags(c *cobra.Command) *changes {
	var ch changes
	flags := c.Flags()
	flags.StringArrayVar(&ch.options.Set, "set", nil, "change a value of the scenario: `path=value`, e.g. nodeGroups.workers.count=3")
	flags.StringArrayVar(&ch.options.Env, "env", nil, "set a variable of aws-node: `NAME=value`, or NAME- to unset it")
	flags.Var((*seedFlag)(&ch.seed), "seed", "use this seed instead of the scenario's")
	flags.Var((*untilFlag)(&ch.until), "until", "end at this instant of virtual time, e.g. 5m")
	return &ch
}

// of returns what the flags of the command say, once they are parsed.
func (ch *changes) of(c *cobra.Command) (scenarios.Options, error) {
	o := ch.options
	if c.Flags().Changed("seed") {
		o.Seed = &ch.seed
	}
	if c.Flags().Changed("until") {
		if ch.until <= 0 {
			return o, usageError{fmt.Errorf("--until %s: it must be more than 0", ch.until)}
		}
		o.Until = &ch.until
	}
	return o, nil
}

// any reports whether the command's flags change the scenario; what changes its
// expectations alone does not.
func (ch *changes) any(c *cobra.Command) bool {
	ofRun := func(set string) bool { return !strings.HasPrefix(set, "expect") }
	flags := c.Flags()
	return slices.ContainsFunc(ch.options.Set, ofRun) || len(ch.options.Env) > 0 || flags.Changed("seed") || flags.Changed("until")
}

// loadChanged loads the scenario that a word names, with the command's changes.
func (a *App) loadChanged(c *cobra.Command, word string, ch *changes) (*scenarios.Scenario, error) {
	o, err := ch.of(c)
	if err != nil {
		return nil, err
	}
	return a.load(c.Context(), word, o)
}

// configOf is the run of a scenario, which says which program plays it.
func configOf(s *scenarios.Scenario) sim.Config {
	cfg := s.Config()
	cfg.Version = version()
	return cfg
}
