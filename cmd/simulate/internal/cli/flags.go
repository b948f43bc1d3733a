package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vpcsim/cmd/simulate/internal/view"
)

// globals are the flags of every command.
type globals struct {
	quiet bool
	color choice
}

func (g *globals) register(root *cobra.Command) {
	g.color = choice{value: "auto", of: []string{"auto", "always", "never"}}
	flags := root.PersistentFlags()
	flags.BoolVarP(&g.quiet, "quiet", "q", false, "write nothing but results and errors")
	flags.Var(&g.color, "color", "colour the output: auto, always or never; auto does on a terminal unless NO_COLOR is set")
	complete(root, "color", g.color.of)
}

// palette decides on colour: what was asked for wins over NO_COLOR, and that
// over the terminal.
func (a *App) palette(g *globals) view.Palette {
	switch g.color.value {
	case "always":
		return view.Palette{On: true}
	case "never":
		return view.Palette{}
	}
	return view.Palette{On: a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb" && isTerminal(a.Out)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// choice is a flag with a few values.
type choice struct {
	value string
	of    []string
}

// String returns the value, the default before the flag is parsed.
func (c *choice) String() string { return c.value }

// Type names the flag's type in the help; empty there looks best.
func (c *choice) Type() string { return strings.Join(c.of, "|") }

// Set takes a value, if it is one of those there are.
func (c *choice) Set(v string) error {
	if !slices.Contains(c.of, v) {
		return fmt.Errorf("it is one of %s", strings.Join(c.of, ", "))
	}
	c.value = v
	return nil
}

// output adds the -o flag; its first value is the default.
func output(c *cobra.Command, formats ...string) *choice {
	out := &choice{value: formats[0], of: formats}
	c.Flags().VarP(out, "output", "o", "how to write the result")
	complete(c, "output", formats)
	return out
}

// complete makes the shell offer the values of a flag.
func complete(c *cobra.Command, flag string, values []string) {
	err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(fmt.Sprintf("flag --%s of %s: %v", flag, c.Name(), err))
	}
}
