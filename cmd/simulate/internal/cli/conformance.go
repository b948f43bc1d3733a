package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios/conformance"
)

func (a *App) conformanceCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "conformance",
		Short: "Compare the simulator with numbers of public documents",
		Long: `Compare the simulator with the numbers that public documents state.

Worked examples and tables of AWS's pages and repositories come with the
program. Each is run, and what comes out is held against what its document says.
Where a document contradicts itself, or the agent, it is shown how. The exit code
is 1 if the simulator has a number that it should not have.`,
		Example: `  simulate conformance
  simulate conformance -o wide
  simulate conformance -o json | jq '.examples[] | select(.status != "agrees")'`,
		Args: usage(cobra.NoArgs),
	}
	format := output(c, "table", "wide", "json", "yaml")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var results []conformance.Result
		differs := 0
		for _, e := range conformance.Examples() {
			if err := c.Context().Err(); err != nil {
				return err
			}
			r, err := conformance.Check(e)
			if err != nil {
				return panicked(err) // the examples come with the program
			}
			if r.Status == conformance.Differs {
				differs++
			}
			results = append(results, r)
		}
		d := view.Conformance(results, conformance.Tables())
		var err error
		switch format.value {
		case "json":
			err = view.JSON(a.Out, d)
		case "yaml":
			err = view.YAML(a.Out, d)
		default:
			err = view.ConformanceTable(a.Out, d, format.value == "wide", a.palette(g))
		}
		if err != nil {
			return written(err)
		}
		if differs > 0 {
			return different{fmt.Sprintf("%d examples differ", differs)}
		}
		return nil
	}
	return c
}
