package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vpcsim/scenarios"
)

// load loads the scenario that a word names: the library's, a file, or - for
// what comes in.
func (a *App) load(word string, o scenarios.Options) (*scenarios.Scenario, error) {
	if entry, ok := scenarios.Find(word); ok {
		return entry.Load(o)
	}
	o.ReadFile = a.ReadFile
	if word == "-" {
		data, err := io.ReadAll(a.In)
		if err != nil {
			return nil, fmt.Errorf("reading the scenario: %w", err)
		}
		return scenarios.Load("stdin", data, o)
	}
	data, err := a.ReadFile(word)
	if err != nil {
		if looksLikeFile(word) {
			return nil, fmt.Errorf("reading the scenario: %w", err)
		}
		return nil, unknownScenario(word)
	}
	return scenarios.Load(word, data, o)
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
	for _, e := range scenarios.Library() {
		out = append(out, cobra.CompletionWithDesc(e.Name, e.Summary))
	}
	return out
}
