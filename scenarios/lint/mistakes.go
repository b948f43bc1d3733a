package lint

import (
	"errors"
	"fmt"
	"strings"

	"vpcsim/scenarios"
)

// The rules about files that are no scenario. They have nothing to find in one
// that loads; Mistakes tells of one that doesn't.
const (
	noScenario      = "no-scenario"
	scenarioMistake = "scenario-mistake"
)

var sourceLanguage = Source{"the scenario language, docs/scenarios.md", ""}

var mistakeRules = []Rule{
	{
		ID: noScenario, Severity: Error,
		Summary: "a file that can't be read",
		Why:     "Nothing in it was looked at.",
		Source:  sourceLanguage,
	},
	{
		ID: scenarioMistake, Severity: Error,
		Summary: "a field, a value or a name that a scenario can't have",
		Why:     "Such a file is not run, and its smells are not looked for: what is meant can't be known.",
		Source:  sourceLanguage,
	},
	{
		ID: scenarios.RuleVPCBlock, Severity: Error,
		Summary: "a CIDR block that a VPC can't have, or that may not join it",
		Why:     "AssociateVpcCidrBlock refuses it: a VPC of one private range takes no block of another, none may overlap, and 100.64.0.0/10 and public ranges may join any.",
		Source:  Source{"VPC user guide, IPv4 CIDR block association restrictions", "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"},
	},
	{
		ID: scenarios.RuleSubnetBlock, Severity: Error,
		Summary: "a subnet that is outside of its VPC's blocks, overlaps another, or is no /16 to /28",
		Why:     "CreateSubnet refuses it (InvalidSubnet.Range, InvalidSubnet.Conflict).",
		Source:  Source{"VPC user guide, Subnet sizing", "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"},
	},
}

// remedies are what to write, where the message doesn't say it.
var remedies = map[string]string{
	noScenario:                "a file that can be read, or a name of the library ('simulate list')",
	scenarioMistake:           "a scenario as docs/scenarios.md describes it; 'simulate show default-secondary-ip' prints one to begin with",
	scenarios.RuleVPCBlock:    "a block of /16 to /28 that overlaps none of the VPC's, of the primary block's own private range or of 100.64.0.0/10",
	scenarios.RuleSubnetBlock: "a block of /16 to /28 inside one of vpc.cidrs that overlaps no other subnet",
}

// Mistakes tells why a scenario didn't load, as findings: one for each mistake.
// Where the error is none of a scenario's, it is one about the file.
func Mistakes(file string, err error) []Finding {
	var all scenarios.Errors
	if !errors.As(err, &all) {
		rule, _ := Find(noScenario)
		return []Finding{{Rule: rule, Place: scenarios.Place{File: file}, Message: strings.TrimPrefix(err.Error(), file+": "), Remedy: remedies[noScenario]}}
	}
	var out []Finding
	for _, e := range all {
		rule, ok := Find(e.Rule)
		if !ok {
			rule, _ = Find(scenarioMistake)
		}
		message := e.Message
		if e.Path != "" {
			message = fmt.Sprintf("%s: %s", e.Path, message)
		}
		out = append(out, Finding{
			Rule: rule, Place: scenarios.Place{File: e.File, Line: e.Line, Column: e.Column, Path: e.Path},
			Message: message, Remedy: remedyOf(rule, e), Excerpt: e.Excerpt,
		})
	}
	return out
}

// remedyOf is what to write: what the message asks for, what the field is, or
// what the rule says.
func remedyOf(rule Rule, e scenarios.Error) string {
	_, rest, ok := strings.Cut(e.Message, "(did you mean ")
	if meant, _, whole := strings.Cut(rest, "?)"); ok && whole {
		return meant
	}
	if rule.ID != scenarioMistake {
		return remedies[rule.ID]
	}
	if strings.HasPrefix(e.Message, "unknown field") {
		return "nothing here, or a field that there is: docs/scenarios.md has all, and with 'simulate schema' editors complete them"
	}
	if meaning := scenarios.FieldMeaning(e.Path); meaning != "" {
		field, _, _ := strings.Cut(e.Path[strings.LastIndexByte(e.Path, '.')+1:], "[")
		return field + ": " + meaning
	}
	return remedies[rule.ID]
}

// IsMistake reports whether a rule is about files that are no scenario, which
// can't be left out.
func IsMistake(id string) bool {
	for _, r := range mistakeRules {
		if r.ID == id {
			return true
		}
	}
	return false
}
