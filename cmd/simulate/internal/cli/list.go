package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios"
)

func (a *App) listCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List the scenarios of the library",
		Long: `List the scenarios of the library.

With --incidents those of real incidents are listed instead: what users of the
VPC CNI reported in public, each with a scenario that shows it and one with its
cure.`,
		Example: `  simulate list
  simulate list --incidents`,
		Args: usage(cobra.NoArgs),
	}
	format := output(c, "table", "json", "yaml")
	incidents := c.Flags().Bool("incidents", false, "list real incidents and their scenarios")
	c.RunE = func(*cobra.Command, []string) error {
		if *incidents {
			return a.listIncidents(format.value, g)
		}
		list := view.ScenarioList{APIVersion: view.APIVersion, Kind: "ScenarioList", Scenarios: []view.ScenarioItem{}}
		for _, e := range scenarios.Library() {
			list.Scenarios = append(list.Scenarios, view.ScenarioItem{Name: e.Name, Summary: e.Summary})
		}
		switch format.value {
		case "json":
			return written(view.JSON(a.Out, list))
		case "yaml":
			return written(view.YAML(a.Out, list))
		}
		return written(view.ListTable(a.Out, list, a.palette(g)))
	}
	return c
}

func (a *App) listIncidents(format string, g *globals) error {
	list := view.Incidents(scenarios.Incidents(), scenarios.IncidentLibrary())
	switch format {
	case "json":
		return written(view.JSON(a.Out, list))
	case "yaml":
		return written(view.YAML(a.Out, list))
	}
	return written(view.IncidentTable(a.Out, list, a.palette(g)))
}

func (a *App) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a scenario of the library as it is written",
		Example: `  simulate show default-secondary-ip
  simulate show default-secondary-ip > mine.yaml`,
		Args:              one("a scenario's name"),
		ValidArgsFunction: completeName,
		RunE: func(_ *cobra.Command, args []string) error {
			entry, err := find(args[0])
			if info, statErr := os.Stat(args[0]); err != nil && statErr == nil && !info.IsDir() {
				return fmt.Errorf("%[1]s is a file, and this takes names of the library: 'simulate run %[1]s' runs it", args[0])
			}
			if err != nil {
				return err
			}
			_, err = a.Out.Write(entry.Data())
			return written(err)
		},
	}
}
