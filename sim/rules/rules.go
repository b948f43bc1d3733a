// Package rules says in words what the ids in the log mean: the rules of the
// agent's pool and the reasons that they give, the kinds of exhaustion, the codes
// of refusals, the filters of the scheduler.
//
// Each entry has the condition as a formula over the numbers that the log's events
// carry, on which side of it the boundary falls, and the public source.
package rules

import (
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
)

// Rule is what one id means.
type Rule struct {
	// ID is as the log has it. A reason stands behind the rule or the kind that it
	// answers: "pool-too-low/warm-ip-target", "misconfig/cordoned".
	ID string `json:"id"`
	// Title says it in words, as a sentence without its full stop.
	Title string `json:"title"`
	// Condition is the formula; empty where there is nothing to compute. The
	// variables are explained at the head of the group.
	Condition string `json:"condition,omitempty"`
	// Boundary says what holds where both sides are equal; may be empty.
	Boundary string `json:"boundary,omitempty"`
	Source   Source `json:"source"`
}

// Source is where a rule can be read, or how it was observed.
type Source struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Group is rules about the same thing.
type Group struct {
	Title string
	Intro string
	Rules []Rule
}

// Groups returns all rules in the order of the documentation.
func Groups() []Group {
	return []Group{pool, grow, shrink, free, others, leaks, kinds, misconfigs, refusals, filters}
}

// Find returns the rule of an id.
func Find(id string) (Rule, bool) {
	for _, g := range Groups() {
		for _, r := range g.Rules {
			if r.ID == id {
				return r, true
			}
		}
	}
	return Rule{}, false
}

// Decision is the id of what a pool event says.
func Decision(rule model.Rule, reason model.Reason) string {
	return string(rule) + "/" + string(reason)
}

// Exhaustion is the id that says most about an exhaustion: that of its reason, or
// of what caps the node's ENIs, or else of its kind.
func Exhaustion(kind sim.Kind, reason, cappedBy string) string {
	for _, narrower := range []string{cappedBy, reason} {
		id := string(kind) + "/" + narrower
		if _, ok := Find(id); ok && narrower != "" {
			return id
		}
	}
	return string(kind)
}

// Refusal is the id of a code.
func Refusal(code model.ErrorCode) string { return "refused/" + string(code) }

// Dropped is the id of when a branch request is looked at that was refused too often.
const Dropped = "branch-request"

// Fault is the id of a refusal that a step of the scenario asked for.
const Fault = "fault"

// By is the id of what changed a datastore.
func By(by sim.By) string { return "by/" + string(by) }

// Filters returns the rules of the filters that a scheduler's or a service's
// message names.
func Filters(message string) []Rule {
	var out []Rule
	for _, r := range filters.Rules {
		_, text, _ := strings.Cut(r.ID, "/")
		if strings.Contains(message, text) {
			out = append(out, r)
		}
	}
	return out
}
