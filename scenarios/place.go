package scenarios

import "vpcsim/scenarios/internal/doc"

// Place is where a value of a scenario was written.
type Place struct {
	// File is the name that was given to Load, or the whole option: "--set
	// seed=3".
	File string
	// Line and Column count from 1, the column in characters. 0: in an option.
	Line, Column int
	// Path leads to the value: nodeGroups[0].maxPods. Empty: the whole file.
	Path string
}

// Place returns where the value of a path stands, or the innermost part of it
// that the scenario writes down: for a field that was left out, that is what it
// was left out of.
func (s *Scenario) Place(path string) Place {
	at, found := s.places.of(path)
	if at.Option != "" {
		return Place{File: at.Option, Path: found}
	}
	return Place{File: s.file, Line: at.Line, Column: at.Column, Path: found}
}

// Given reports whether the scenario itself says something at the path, which
// otherwise has its default.
func (s *Scenario) Given(path string) bool {
	_, ok := s.places[path]
	return ok
}

// places are where the values of paths stand.
type places map[string]doc.Pos

// of returns the place of a path, or of the innermost part of it that has one,
// and that part.
func (p places) of(path string) (doc.Pos, string) {
	for {
		if at, ok := p[path]; ok || path == "" {
			return at, path
		}
		path = parent(path)
	}
}

// File is the name that was given to Load.
func (s *Scenario) File() string { return s.file }
