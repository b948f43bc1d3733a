package cli

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/playground"
)

func (a *App) playgroundCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "playground",
		Short: "Make a page that edits, runs and replays scenarios by itself",
		Long: `Make a page that edits, runs and replays scenarios by itself.

It is the page of serve with the engine in it, compiled to WebAssembly: one file
of some 9 MB, for a web site, a course or a mail, which needs no server and
contacts nobody. The engine is compiled from its source: run this in a clone of
the repository, with Go. The first time takes a minute or two.`,
		Example:           `  go run ./cmd/simulate playground -o playground.html`,
		Args:              usage(cobra.NoArgs),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var out string
	c.Flags().StringVarP(&out, "output", "o", "html", "write to this file, x.html; html alone: to standard output")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if out != "html" && filepath.Ext(out) != ".html" {
			return usageError{fmt.Errorf("-o %s: name a file that ends in .html, or html alone for standard output", out)}
		}
		if !g.quiet {
			a.notef("compiling the engine for the browser")
		}
		var made bytes.Buffer
		if err := playground.Write(c.Context(), &made, ".", a.Err); err != nil {
			return err
		}
		return a.save(out, "html", made.Bytes())
	}
	return c
}
