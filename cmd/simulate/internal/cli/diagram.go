package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/diagram"
	"vpcsim/model"
	"vpcsim/sim/replay"
)

// drawers are the kinds of diagrams by the ending of their files.
var drawers = map[string]func(io.Writer, *replay.State, diagram.Options) error{
	"svg": diagram.SVG,
	"mmd": diagram.Mermaid,
}

func (a *App) diagramCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "diagram NAME|FILE|-",
		Short: "Draw the cluster at an instant, for slides and docs",
		Long: `Draw the cluster at an instant, for slides and docs.

The picture shows each node with its ENIs and what their slots hold, each subnet
with what EC2 has given out of it, and what has run out. --at says when; without
it is the run's end.

-o names the file, and its ending the kind: x.svg for a picture, x.mmd for a
Mermaid flowchart, which Markdown pages render themselves. A bare svg or mmd
writes to standard output. Of more than six nodes those that look the same are
drawn as one; --node picks some.`,
		Example: `  simulate diagram default-secondary-ip --at 1m20s -o fill.svg
  simulate diagram default-secondary-ip -o mmd
  simulate diagram large-fleet --node workers-0 --node workers-7 -o two.svg`,
		Args:              one("a scenario (NAME, FILE or -)"),
		ValidArgsFunction: completeScenario,
	}
	var at time.Duration
	var out string
	var names []string
	flags := c.Flags()
	flags.Var((*untilFlag)(&at), "at", "draw this instant of virtual time, e.g. 1m30s (the end)")
	flags.StringVarP(&out, "output", "o", "svg", "write to this file, x.svg or x.mmd; svg or mmd alone: to standard output")
	flags.StringArrayVar(&names, "node", nil, "draw this node, and only those that are named: its `name`")
	changes := changesFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		kind, err := kindOf(out)
		if err != nil {
			return usageError{err}
		}
		o, err := changes.of(c)
		if err != nil {
			return err
		}
		if c.Flags().Changed("at") {
			if o.Until != nil {
				return usageError{errors.New("--at and --until both end the run: give one")}
			}
			if at <= 0 {
				return usageError{fmt.Errorf("--at %s: it must be more than 0", at)}
			}
			o.Until = &at
		}
		scenario, err := a.load(c.Context(), args[0], o)
		if err != nil {
			return err
		}
		s, err := a.replayed(c.Context(), configOf(scenario), nil)
		if err != nil {
			return err
		}
		nodes, err := nodesOf(s, names)
		if err != nil {
			return usageError{err}
		}
		var drawn bytes.Buffer
		if err := drawers[kind](&drawn, s, diagram.Options{Nodes: nodes}); err != nil {
			return err
		}
		return a.save(out, kind, drawn.Bytes())
	}
	return c
}

// kindOf is the kind of diagram that the value of -o asks for: the ending of a
// file, or the kind itself.
func kindOf(out string) (string, error) {
	if drawers[out] != nil {
		return out, nil
	}
	kind := strings.TrimPrefix(filepath.Ext(out), ".")
	if drawers[kind] == nil {
		return "", fmt.Errorf("-o %s: name a file that ends in .svg or .mmd, or svg or mmd alone for standard output", out)
	}
	return kind, nil
}

// save writes what was made to the file that -o names or, where it names only the
// kind, to standard output.
func (a *App) save(out, kind string, data []byte) error {
	if out == kind {
		_, err := a.Out.Write(data)
		return written(err)
	}
	if err := replaceFile(out, data); err != nil {
		return unwritable(out, err)
	}
	return nil
}

// nodesOf finds the nodes of these names.
func nodesOf(s *replay.State, names []string) ([]*replay.Node, error) {
	var out []*replay.Node
	for _, name := range names {
		n := s.Node(model.NodeName(name))
		switch {
		case n == nil:
			var there []string
			for _, n := range s.Nodes[:min(len(s.Nodes), 5)] {
				there = append(there, string(n.Name))
			}
			return nil, fmt.Errorf("--node %s: no node of that name was launched by %s; there are %d: %s", name, s.Now, len(s.Nodes), strings.Join(there, ", "))
		case n.Gone():
			return nil, fmt.Errorf("--node %s: it was terminated at %s", name, n.TerminatedAt)
		case !slices.Contains(out, n):
			out = append(out, n)
		}
	}
	return out, nil
}
