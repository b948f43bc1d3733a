package lint

import (
	"cmp"
	"fmt"
	"slices"

	"vpcsim/scenarios"
)

// Severity is how bad a smell is.
type Severity string

// The severities: pods will go without addresses, or agents won't start; it
// costs or breaks under load, or does not do what it says; good to know.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// severities are those there are, the worst first.
var severities = []Severity{Error, Warning, Note}

// AtLeast reports whether s is as bad as other, or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(severities, s) <= slices.Index(severities, other)
}

// Source is what a rule rests on: a public page, or a release that was observed.
type Source struct {
	Title string
	URL   string
}

// Rule is a smell and how it is found.
type Rule struct {
	ID       string // stable, kebab-case
	Severity Severity
	// Summary says in a few words what is wrong, without a full stop.
	Summary string
	// Why says what comes of it, in sentences.
	Why    string
	Source Source

	find func(*pass) // nil: see Mistakes
}

// Finding is a smell at a place.
type Finding struct {
	Rule    Rule
	Place   scenarios.Place
	Message string // with the numbers of the scenario, without a full stop
	Remedy  string // what to write, without a full stop
	// Excerpt is the line of the file and below it a caret, where the file is no
	// scenario; else empty.
	Excerpt string
}

// String returns "file:line:column: severity: message [rule]".
func (f Finding) String() string {
	place := f.Place.File
	if f.Place.Line > 0 {
		place += fmt.Sprintf(":%d:%d", f.Place.Line, f.Place.Column)
	}
	return fmt.Sprintf("%s: %s: %s [%s]", place, f.Rule.Severity, f.Message, f.Rule.ID)
}

// Theme is a group of rules about one thing.
type Theme struct {
	Name  string
	Rules []Rule
}

// Themes returns all rules by theme, in the order in which the documentation has
// them.
func Themes() []Theme {
	return []Theme{
		{"Files that are no scenario", mistakeRules},
		{"max-pods", maxPodsRules},
		{"The warm pool", poolRules},
		{"aws-node and its release", envRules},
		{"Subnets, zones, quotas", subnetRules},
		{"Custom networking", customRules},
		{"Security groups for pods", trunkRules},
		{"Several network cards", cardRules},
		{"Pods and steps", podRules},
		{"Amazon ECS", ecsRules},
		{"Windows nodes", windowsRules},
	}
}

// Rules returns all rules, in the order of their themes.
func Rules() []Rule {
	var all []Rule
	for _, t := range Themes() {
		all = append(all, t.Rules...)
	}
	return all
}

// Find returns the rule of that id.
func Find(id string) (Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// Check returns the findings of all rules but the disabled ones, by their place,
// the worst first where there are several.
func Check(s *scenarios.Scenario, disabled ...string) []Finding {
	p := newPass(s)
	for _, r := range Rules() {
		if r.find != nil && !slices.Contains(disabled, r.ID) {
			p.rule = r
			r.find(p)
		}
	}
	slices.SortStableFunc(p.findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Place.Line, b.Place.Line),
			cmp.Compare(a.Place.Column, b.Place.Column),
			cmp.Compare(slices.Index(severities, a.Rule.Severity), slices.Index(severities, b.Rule.Severity)))
	})
	return p.findings
}
