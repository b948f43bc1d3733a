package scenarios

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"vpcsim/scenarios/internal/doc"
	"vpcsim/scenarios/internal/near"
)

//go:embed library
var libraryFiles embed.FS

const libraryFolder = "library/"

// Entry is a named scenario of the library.
type Entry struct {
	Name    string
	Summary string
	// File is the path of the scenario in the library, "library/NAME.yaml".
	File string
}

// Library returns the named scenarios, sorted by name.
func Library() []Entry {
	files, err := libraryFiles.ReadDir(strings.TrimSuffix(libraryFolder, "/"))
	if err != nil {
		panic(fmt.Sprintf("the embedded library cannot be read: %v", err))
	}
	entries := make([]Entry, 0, len(files))
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".yaml")
		if !ok {
			continue // a trace that a scenario replays
		}
		e := Entry{Name: name, File: libraryFolder + f.Name()}
		// Only the summary is wanted here; what is wrong with a file Load says.
		root, _ := doc.Parse(e.Data())
		if summary := root.Get("summary"); summary != nil {
			e.Summary = summary.Scalar
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries
}

// Find returns the scenario of that name.
func Find(name string) (Entry, bool) {
	for _, e := range Library() {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// NearNames returns the names of the library's scenarios that are near to the
// name, the nearest first, at most n.
func NearNames(name string, n int) []string {
	var names []string
	for _, e := range Library() {
		names = append(names, e.Name)
	}
	return Near(name, names, n)
}

// Near returns those of the names that are near to the name, the nearest first,
// at most n.
func Near(name string, names []string, n int) []string {
	names = slices.Clone(names)
	var found []string
	for len(found) < n {
		nearest := near.Name(name, names)
		if nearest == "" {
			break
		}
		found = append(found, nearest)
		names = slices.DeleteFunc(names, func(s string) bool { return s == nearest })
	}
	return found
}

// Data returns the scenario's text. The caller owns it.
func (e Entry) Data() []byte {
	data, err := libraryFiles.ReadFile(e.File)
	if err != nil {
		panic(fmt.Sprintf("no scenario %s in the library: %v", e.File, err))
	}
	return data
}

// Load loads the scenario. The files that it names are the library's, unless
// the options say how to read them.
func (e Entry) Load(o Options) (*Scenario, error) {
	if o.ReadFile == nil {
		o.ReadFile = libraryFiles.ReadFile
	}
	return Load(e.File, e.Data(), o)
}
