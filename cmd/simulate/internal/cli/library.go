package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"vpcsim/scenarios"
)

// load loads the scenario that a word names: the library's, a file, or - for
// what comes in.
func (a *App) load(ctx context.Context, word string, o scenarios.Options) (*scenarios.Scenario, error) {
	src, err := a.source(ctx, word)
	if err != nil {
		return nil, err
	}
	return src.load(ctx, o)
}

// source is a scenario's text, which may be loaded several times, each time
// changed otherwise.
type source struct {
	file     string // for messages, and for the paths of what it names
	data     []byte
	readFile func(name string) ([]byte, error)
	read     map[string]readFile // by name, once it is to remember
}

// source reads the scenario that a word names.
func (a *App) source(ctx context.Context, word string) (*source, error) {
	if entry, ok := scenarios.Find(word); ok {
		return &source{file: entry.File, data: entry.Data(), readFile: scenarios.ReadLibraryFile}, nil
	}
	read := func(name string) ([]byte, error) { return readTrace(ctx, name) }
	if word == "-" {
		data, err := readStandardInput(ctx, a.In)
		if err != nil {
			return nil, fmt.Errorf("reading the scenario: %w", err)
		}
		return &source{file: "stdin", data: data, readFile: read}, nil
	}
	data, err := readScenario(ctx, word)
	if errors.Is(err, fs.ErrNotExist) && !looksLikeFile(word) {
		return nil, unknownScenario(word)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the scenario: %w", err)
	}
	return &source{file: word, data: data, readFile: read}, nil
}

// remember makes the source read each file that the scenario names once, however
// often and from how many goroutines it is loaded.
func (s *source) remember() {
	var mu sync.Mutex // guards s.read; held while reading, so that nobody reads twice
	s.read = map[string]readFile{}
	from := s.readFile
	s.readFile = func(name string) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		f, ok := s.read[name]
		if !ok {
			f.data, f.err = from(name)
			s.read[name] = f
		}
		return f.data, f.err
	}
}

// readFile is a file that was read, or not.
type readFile struct {
	data []byte
	err  error
}

func (s *source) load(ctx context.Context, o scenarios.Options) (*scenarios.Scenario, error) {
	o.ReadFile = s.readFile
	return loadText(ctx, s.file, s.data, o)
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
