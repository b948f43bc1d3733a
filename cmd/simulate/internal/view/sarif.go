package view

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"vpcsim/scenarios/lint"
)

// What follows is the part of SARIF 2.1.0 that code scanning reads. Source:
// OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

// SARIF is a log with one run.
type SARIF struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   string             `json:"id"`
	ShortDescription     sarifText          `json:"shortDescription"`
	FullDescription      sarifText          `json:"fullDescription"`
	Help                 sarifText          `json:"help"`
	HelpURI              string             `json:"helpUri,omitempty"`
	DefaultConfiguration sarifConfiguration `json:"defaultConfiguration"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	PhysicalLocation sarifPhysical  `json:"physicalLocation"`
	LogicalLocations []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
}

type sarifLogical struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
}

// SARIF is the report as SARIF 2.1.0, by a release of the program. It has all
// rules, those that found nothing included.
func (c *Check) SARIF(release string) SARIF {
	driver := sarifDriver{Name: "simulate check", Version: release}
	rules := lint.Rules()
	for _, r := range rules {
		driver.Rules = append(driver.Rules, sarifRule{
			ID: r.ID, ShortDescription: sarifText{sentence(r.Summary)}, FullDescription: sarifText{r.Why},
			Help: sarifText{r.Why + " Source: " + r.Source.Title + "."}, HelpURI: r.Source.URL,
			DefaultConfiguration: sarifConfiguration{string(r.Severity)},
		})
	}
	results := []sarifResult{}
	for _, f := range c.findings {
		at := sarifLocation{PhysicalLocation: sarifPhysical{ArtifactLocation: sarifArtifact{artifactURI(f.file)}}}
		if f.Place.Line > 0 {
			at.PhysicalLocation.Region = &sarifRegion{f.Place.Line, f.Place.Column}
		}
		if f.Place.Path != "" {
			at.LogicalLocations = []sarifLogical{{f.Place.Path}}
		}
		results = append(results, sarifResult{
			RuleID:    f.Rule.ID,
			RuleIndex: slices.IndexFunc(rules, func(r lint.Rule) bool { return r.ID == f.Rule.ID }),
			Level:     string(f.Rule.Severity), // SARIF's levels have the same names
			Message:   sarifText{sentence(f.Message) + " Write: " + f.Remedy + "."},
			Locations: []sarifLocation{at},
		})
	}
	return SARIF{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{{Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: results}},
	}
}

// sentence begins with a capital letter, unless it begins with a name, and ends
// with a full stop.
func sentence(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if strings.ToLower(first) == first && !strings.ContainsAny(first, "-_.:0123456789") {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return text + "."
}

// artifactURI is a path as a URI: relative ones stay relative.
func artifactURI(file string) string {
	path := filepath.ToSlash(file)
	if filepath.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: path}).String()
	}
	return (&url.URL{Path: strings.TrimPrefix(path, "./")}).EscapedPath()
}
