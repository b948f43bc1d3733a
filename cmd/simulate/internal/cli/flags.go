package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

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

// seedFlag is a flag for a seed.
type seedFlag uint64

// String returns nothing: the default is the scenario's seed.
func (s *seedFlag) String() string { return "" }

// Type names the flag's value in the help.
func (s *seedFlag) Type() string { return "uint" }

// Set takes a whole number.
func (s *seedFlag) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("it is a whole number from 0 to %d", uint64(1<<64-1))
	}
	*s = seedFlag(n)
	return nil
}

// untilFlag is a flag for an instant of virtual time.
type untilFlag time.Duration

// String returns nothing: the default is the scenario's end.
func (u *untilFlag) String() string { return "" }

// Type names the flag's value in the help.
func (u *untilFlag) Type() string { return "duration" }

// Set takes a duration as Go writes it, and guesses what was meant by others.
func (u *untilFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err == nil {
		*u = untilFlag(d)
		return nil
	}
	const form = "it is a number with a unit (ms, s, m or h), such as 90s or 1h30m"
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return fmt.Errorf("%s; did you mean %ds?", form, n)
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return fmt.Errorf("%s; did you mean %dh?", form, 24*n)
		}
	}
	return fmt.Errorf("%s", form)
}
