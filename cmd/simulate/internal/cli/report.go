package cli

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/film"
	"vpcsim/cmd/simulate/internal/page"
)

func (a *App) reportCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "report NAME|FILE|-",
		Short: "Make a page that replays the run in a browser",
		Long: `Make a page that replays the run in a browser.

The page is one file with everything in it: it works offline, and can be mailed,
attached to a ticket or kept by CI. It plays the run with a slider: how ENIs and
subnets fill, which pods wait, what runs out and when. Every instant has an
address of its own to link to.`,
		Example: `  simulate report default-secondary-ip -o report.html
  simulate report my-cluster.yaml --env WARM_IP_TARGET=5 > report.html`,
		Args:              one("a scenario (NAME, FILE or -)"),
		ValidArgsFunction: completeScenario,
	}
	var out string
	c.Flags().StringVarP(&out, "output", "o", "html", "write to this file, x.html; html alone: to standard output")
	changes := changesFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if out != "html" && filepath.Ext(out) != ".html" {
			return usageError{fmt.Errorf("-o %s: name a file that ends in .html, or html alone for standard output", out)}
		}
		scenario, err := a.loadChanged(c, args[0], changes)
		if err != nil {
			return err
		}
		r := run{app: a, ctx: c.Context(), cfg: configOf(scenario)}
		recorder := film.NewRecorder(&r.state)
		r.then = recorder.Apply
		if err := r.whole(g); err != nil {
			return err
		}
		var made bytes.Buffer
		if err := page.Write(&made, recorder.Film(scenario.Summary)); err != nil {
			return err
		}
		return a.save(out, "html", made.Bytes())
	}
	return c
}
