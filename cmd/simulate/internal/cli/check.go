package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/testreport"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios"
	"vpcsim/scenarios/lint"
)

func (a *App) checkCommand(g *globals) *cobra.Command {
	var disabled []string
	var rules bool
	failOn := choice{value: string(lint.Error), of: []string{string(lint.Error), string(lint.Warning), string(lint.Note), "never"}}
	c := &cobra.Command{
		Use:   "check NAME|FILE|FOLDER|-…",
		Short: "Find configuration smells, without running anything",
		Long: `Find configuration smells in scenarios, without running anything: max-pods above
what a node's ENIs hold, warm targets that empty a subnet, ENIConfigs in the
wrong zone, trunks without a place. Each finding has the numbers of the scenario
and what to write instead.

A folder stands for the scenarios in it and below, as 'simulate test' finds
them: other files are passed over. The exit code is 1 where something at least
as bad as --fail-on was found, and 2 where a file is no valid scenario, whose
mistakes are among the findings; the others are checked all the same.

On GitHub Actions (GITHUB_ACTIONS=true) the default output is annotations.`,
		Example: `  simulate check my-cluster.yaml
  simulate check scenarios/ --fail-on warning --disable cluster-in-one-zone
  simulate check custom-networking --set nodeGroups.workers.maxPods=29
  simulate check scenarios/ -o sarif > check.sarif
  simulate check --rules`,
		ValidArgsFunction: func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return completeScenario(c, nil, begun)
		},
	}
	format := output(c, "text", "json", "yaml", "sarif", "github")
	flags := c.Flags()
	flags.StringSliceVar(&disabled, "disable", nil, "leave out this `RULE`; may be given several times")
	flags.Var(&failOn, "fail-on", "exit with 1 where something this bad was found, or worse")
	flags.BoolVar(&rules, "rules", false, "list the rules instead")
	complete(c, "fail-on", failOn.of)
	complete(c, "disable", ruleIDs())
	changed := changesFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if !flags.Changed("output") && a.Getenv("GITHUB_ACTIONS") == "true" {
			format.value = "github"
		}
		for _, id := range disabled {
			if _, ok := lint.Find(id); !ok {
				return usageError{fmt.Errorf("--disable %s: there is no such rule%s; 'simulate check --rules' lists them", id, meant(id, ruleIDs()))}
			}
			if lint.IsMistake(id) {
				return usageError{fmt.Errorf("--disable %s: a file with such a mistake is no scenario, and can't be checked without mending it", id)}
			}
		}
		switch {
		case rules && len(args) > 0:
			return usageError{errors.New("--rules lists the rules and takes no scenario")}
		case rules:
			return a.rules(format.value, g)
		case len(args) == 0:
			return usageError{errors.New("which scenarios? Name some, a folder, or - for what comes in")}
		}
		words, found, err := toCheck(c.Context(), args)
		if err != nil {
			return err
		}
		if len(found.passedOver) > 0 && !g.quiet {
			fmt.Fprintln(a.Err, "note: "+found.passed())
		}
		return a.check(c, words, changed, disabled, failOn.value, format.value, g)
	}
	return c
}

// meant is the end of a message about a name that there isn't.
func meant(name string, names []string) string {
	if near := scenarios.Nearest(name, names); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}

func ruleIDs() []string {
	var ids []string
	for _, r := range lint.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

// toCheck are the scenarios that the words name, each once: folders stand for
// the scenarios in and below them, as test finds them.
func toCheck(ctx context.Context, words []string) (all []string, f foundTests, err error) {
	for _, word := range words {
		switch info, err := os.Stat(word); {
		case err == nil && info.IsDir():
			if err := f.scenariosIn(ctx, word); err != nil {
				return nil, f, err
			}
		case err == nil && strings.HasSuffix(word, testreport.GoldenSuffix):
			f.goldens = append(f.goldens, word)
		default:
			f.add(test{word: word}) // a name, or a mistake that reading it tells
		}
	}
	if len(f.tests) == 0 {
		return nil, f, errGoldensOnly
	}
	for _, t := range f.tests {
		all = append(all, t.word)
	}
	return all, f, nil
}

// check checks the scenarios that the words name. Why one can't be loaded is
// among the findings, and the others are checked.
func (a *App) check(c *cobra.Command, words []string, changed *changes, disabled []string, failOn, format string, g *globals) error {
	var report view.Check
	broken := 0
	for _, word := range words {
		s, err := a.loadChanged(c, word, changed)
		var wrong usageError
		if errors.As(err, &wrong) || errors.Is(err, context.Canceled) {
			return err
		}
		var bug *defect
		if errors.As(err, &bug) {
			return err
		}
		if err != nil {
			report.Break(word, lint.Mistakes(word, err))
			broken++
			continue
		}
		report.Add(s.File(), lint.Check(s, disabled...))
	}
	if err := a.writeCheck(report, format, g); err != nil {
		return err
	}
	if !g.quiet {
		fmt.Fprintln(a.Err, report.Summary(len(words), broken))
	}
	switch {
	case broken > 0:
		return exitCode(ExitUsage)
	case failOn != "never" && report.Any(lint.Severity(failOn)):
		return exitCode(ExitDifferent)
	}
	return nil
}

func (a *App) writeCheck(report view.Check, format string, g *globals) error {
	switch format {
	case "json":
		return written(view.JSON(a.Out, report.Document()))
	case "yaml":
		return written(view.YAML(a.Out, report.Document()))
	case "sarif":
		return written(view.JSON(a.Out, report.SARIF(version())))
	case "github":
		return written(report.GitHub(a.Out))
	}
	return written(report.Text(a.Out, a.palette(g)))
}

// rules lists the rules.
func (a *App) rules(format string, g *globals) error {
	list := view.NewRuleList(lint.Rules())
	switch format {
	case "json":
		return written(view.JSON(a.Out, list))
	case "yaml":
		return written(view.YAML(a.Out, list))
	case "text", "github":
		return written(view.RuleTable(a.Out, list, a.palette(g)))
	}
	return usageError{fmt.Errorf("--rules: the rules are text, json or yaml, not %s", format)}
}
