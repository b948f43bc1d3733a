package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// rootCommand builds the tree of commands.
func (a *App) rootCommand() *cobra.Command {
	var g globals
	root := &cobra.Command{
		Use:   "simulate",
		Short: "Simulate how the Amazon VPC CNI hands out IP addresses",
		Long: `Simulate how the Amazon VPC CNI hands out IP addresses.

It replays a scenario of nodes, pods and settings in virtual time, and shows in
which order ENIs and addresses fill, and where, when and why they run out. It
needs no AWS account, no cluster and no network.`,
		Example: `  simulate list
  simulate run default-secondary-ip
  simulate run default-secondary-ip --env WARM_IP_TARGET=5
  simulate run my-cluster.yaml -o json | jq .exhaustion`,
		Args:          usage(unknownCommand),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },

		SuggestionsMinimumDistance: 2,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetUsageTemplate(wrappedUsage(root.UsageTemplate()))
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { writeHelp(c.OutOrStdout(), c) })
	root.CompletionOptions.HiddenDefaultCmd = false
	g.register(root)
	root.SetHelpCommand(helpCommand(root))
	root.AddCommand(
		a.listCommand(&g),
		a.showCommand(),
		a.runCommand(&g),
		a.capacityCommand(&g),
		a.explainCommand(&g),
		a.sweepCommand(&g),
		a.mergeCommand(&g),
		a.testCommand(&g),
		a.maxPodsCommand(&g),
		a.instanceTypesCommand(&g),
		a.importCommand(&g),
		a.checkCommand(&g),
		a.schemaCommand(),
		a.compareCommand(&g),
		a.conformanceCommand(&g),
		a.diagramCommand(),
		a.reportCommand(&g),
		a.watchCommand(&g),
		a.serveCommand(&g),
		a.playgroundCommand(&g),
		a.versionCommand(),
	)
	for _, name := range notYet {
		root.AddCommand(notYetCommand(name))
	}
	return root
}

// helpCommand is help for a command. Cobra's own takes an unknown one for no
// mistake.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || c == nil || c == root && len(rest) > 0 {
				return usageError{unknownCommand(root, args)}
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			for _, c := range root.Commands() {
				if len(args) == 0 && c.IsAvailableCommand() {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// unknownCommand refuses a word that is no command, with those that are near.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("unknown command %q", args[0])
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf(" (did you mean %s?)", strings.Join(near, " or "))
	}
	return fmt.Errorf("%s", text)
}

// notYet are the commands whose names are settled and that don't exist yet.
var notYet = []string{
	"fuzz",
}

func notYetCommand(name string) *cobra.Command {
	return &cobra.Command{
		Use: name, Hidden: true, DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error { return fmt.Errorf("not supported yet") },
	}
}
