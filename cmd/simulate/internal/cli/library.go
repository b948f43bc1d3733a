package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"vpcsim/scenarios"
)

// load loads the scenario that a word names: the library's, a file, or - for
// what comes in.
func (a *App) load(ctx context.Context, word string, o scenarios.Options) (*scenarios.Scenario, error) {
	if entry, ok := scenarios.Find(word); ok {
		return entry.Load(o)
	}
	o.ReadFile = func(name string) ([]byte, error) { return readTrace(ctx, name) }
	if word == "-" {
		data, err := readStandardInput(ctx, a.In)
		if err != nil {
			return nil, fmt.Errorf("reading the scenario: %w", err)
		}
		return loadText(ctx, "stdin", data, o)
	}
	data, err := readScenario(ctx, word)
	if errors.Is(err, fs.ErrNotExist) && !looksLikeFile(word) {
		return nil, unknownScenario(word)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the scenario: %w", err)
	}
	return loadText(ctx, word, data, o)
}

// loadText loads a scenario's text. An interrupt while a trace is read makes
// the trace a mistake of the scenario, which nobody wants to know then.
func loadText(ctx context.Context, file string, data []byte, o scenarios.Options) (*scenarios.Scenario, error) {
	s, err := scenarios.Load(file, data, o)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return s, err
}

// find returns a scenario of the library.
func find(name string) (scenarios.Entry, error) {
	entry, ok := scenarios.Find(name)
	if !ok {
		return entry, unknownScenario(name)
	}
	return entry, nil
}

// looksLikeFile tells a path from a name: names of the library have neither
// separators nor extensions.
func looksLikeFile(word string) bool { return strings.ContainsAny(word, `/\.`) }

func unknownScenario(name string) error {
	text := fmt.Sprintf("no file and no scenario of the library is called %q", name)
	if near := scenarios.NearNames(name, 3); len(near) > 0 {
		return fmt.Errorf("%s (did you mean %s?)", text, strings.Join(near, " or "))
	}
	return fmt.Errorf("%s; 'simulate list' shows those there are", text)
}

// completeScenario offers the library's names, and files.
func completeScenario(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return libraryNames(), cobra.ShellCompDirectiveDefault
}

// completeName offers the library's names only.
func completeName(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return libraryNames(), cobra.ShellCompDirectiveNoFileComp
}

func libraryNames() []cobra.Completion {
	var out []cobra.Completion
	for _, e := range append(scenarios.Library(), scenarios.IncidentLibrary()...) {
		out = append(out, cobra.CompletionWithDesc(e.Name, e.Summary))
	}
	return out
}
