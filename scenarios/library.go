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
	// File is the path of the scenario in the library, "library/NAME.yaml" or
	// "library/incidents/NAME.yaml".
	File string
}

// Library returns the named scenarios, sorted by name. Those of incidents are
// not among them: see Incidents.
func Library() []Entry { return entriesIn(libraryFolder) }

// IncidentLibrary returns the scenarios of incidents, sorted by name.
func IncidentLibrary() []Entry { return entriesIn(incidentsFolder) }

func entriesIn(folder string) []Entry {
	files, err := libraryFiles.ReadDir(strings.TrimSuffix(folder, "/"))
	if err != nil {
		panic(fmt.Sprintf("the embedded library cannot be read: %v", err))
	}
	entries := make([]Entry, 0, len(files))
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".yaml")
		if !ok {
			continue // a folder, or something that scenarios refer to
		}
		e := Entry{Name: name, File: folder + f.Name()}
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

// Find returns the scenario of that name, one of an incident included.
func Find(name string) (Entry, bool) {
	folder := libraryFolder
	if strings.HasPrefix(name, "incident-") {
		folder = incidentsFolder
	}
	for _, e := range entriesIn(folder) {
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
	for _, e := range append(Library(), IncidentLibrary()...) {
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

// Nearest returns the candidate that is nearest to a name, "" if none is near
// enough to be what was meant.
func Nearest(name string, candidates []string) string { return near.Name(name, candidates) }

// Data returns the scenario's text. The caller owns it.
func (e Entry) Data() []byte {
	data, err := libraryFiles.ReadFile(e.File)
	if err != nil {
		panic(fmt.Sprintf("no scenario %s in the library: %v", e.File, err))
	}
	return data
}

// ReadLibraryFile reads a file of the library, "library/NAME.yaml" or a trace
// that a scenario of the library names.
func ReadLibraryFile(name string) ([]byte, error) { return libraryFiles.ReadFile(name) }

// Load loads the scenario. The files that it names are the library's, unless
// the options say how to read them.
func (e Entry) Load(o Options) (*Scenario, error) {
	if o.ReadFile == nil {
		o.ReadFile = ReadLibraryFile
	}
	return Load(e.File, e.Data(), o)
}
