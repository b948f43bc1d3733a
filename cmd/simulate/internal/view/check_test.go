package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
	"vpcsim/scenarios/lint"
)

// essential is what SARIF 2.1.0 asks of the parts that we write: its required
// properties, its words, and numbers from 1.
const essential = `{
  "type": "object", "required": ["version", "runs"],
  "properties": {
    "version": {"const": "2.1.0"},
    "$schema": {"type": "string", "format": "uri"},
    "runs": {"type": "array", "items": {
      "type": "object", "required": ["tool", "results"],
      "properties": {
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
          "type": "object", "required": ["name"],
          "properties": {"rules": {"type": "array", "uniqueItems": true, "items": {
            "type": "object", "required": ["id"],
            "properties": {
              "shortDescription": {"$ref": "#/$defs/message"}, "fullDescription": {"$ref": "#/$defs/message"}, "help": {"$ref": "#/$defs/message"},
              "helpUri": {"type": "string", "format": "uri"},
              "defaultConfiguration": {"properties": {"level": {"$ref": "#/$defs/level"}}}
            }}}}}}},
        "results": {"type": "array", "items": {
          "type": "object", "required": ["message", "ruleId", "locations"],
          "properties": {
            "message": {"$ref": "#/$defs/message"}, "level": {"$ref": "#/$defs/level"}, "ruleIndex": {"type": "integer", "minimum": 0},
            "locations": {"type": "array", "minItems": 1, "items": {"properties": {"physicalLocation": {
              "type": "object", "required": ["artifactLocation"],
              "properties": {
                "artifactLocation": {"required": ["uri"], "properties": {"uri": {"type": "string", "format": "uri-reference"}}},
                "region": {"required": ["startLine"], "properties": {"startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}}}
              }}}}}
          }}}
      }}}
  },
  "$defs": {
    "message": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}},
    "level": {"enum": ["none", "note", "warning", "error"]}
  }
}`

// checkOf checks a scenario of the library with a change.
func checkOf(t *testing.T, name string, set ...string) *Check {
	e, ok := scenarios.Find(name)
	require.True(t, ok)
	s, err := e.Load(scenarios.Options{Set: set})
	require.NoError(t, err)
	var c Check
	c.Add(s.File(), lint.Check(s))
	return &c
}

func TestSARIFIsWhatCodeScanningReads(t *testing.T) {
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(essential))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("essential.json", parsed))
	schema, err := compiler.Compile("essential.json")
	require.NoError(t, err)

	for _, c := range []*Check{
		checkOf(t, "warm-ip-target"), // nothing is found
		checkOf(t, "subnet-28-exhausted"),
		checkOf(t, "warm-ip-target", "nodeGroups.workers.maxPods=40"), // the place is an option
	} {
		written, err := json.Marshal(c.SARIF("v1.2.3"))
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(written))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(value))
	}
}

func TestSARIFResultsNameTheirRuleAndPlace(t *testing.T) {
	run := checkOf(t, "custom-networking-max-pods-not-lowered").SARIF("v1.2.3").Runs[0]
	require.Len(t, run.Results, 1)
	r := run.Results[0]
	require.Equal(t, r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
	require.Len(t, run.Tool.Driver.Rules, len(lint.Rules()))
	require.Equal(t, "error", r.Level)
	at := r.Locations[0]
	require.Equal(t, "library/custom-networking-max-pods-not-lowered.yaml", at.PhysicalLocation.ArtifactLocation.URI)
	require.Equal(t, &sarifRegion{18, 14}, at.PhysicalLocation.Region)
	require.Equal(t, "nodeGroups[0]", at.LogicalLocations[0].FullyQualifiedName)
	require.True(t, strings.HasPrefix(r.Message.Text, "max-pods 29 lets"), r.Message.Text)
	require.True(t, strings.HasSuffix(r.Message.Text, "recommended."), r.Message.Text)

	option := checkOf(t, "warm-ip-target", "nodeGroups.workers.maxPods=40").SARIF("").Runs[0].Results[0].Locations[0].PhysicalLocation
	require.Nil(t, option.Region)
	require.Equal(t, "library/warm-ip-target.yaml", option.ArtifactLocation.URI)
}

func TestArtifactURIs(t *testing.T) {
	for file, want := range map[string]string{
		"a/b.yaml":     "a/b.yaml",
		"./b.yaml":     "b.yaml",
		"a b/ü#1.yaml": "a%20b/%C3%BC%231.yaml",
		"/x/y.yaml":    "file:///x/y.yaml",
	} {
		require.Equal(t, want, artifactURI(file))
	}
}

// What ends a workflow command, or a property of one, is escaped.
func TestAnnotationsAreEscaped(t *testing.T) {
	var c Check
	c.Add("a,b:c.yaml", []lint.Finding{{
		Rule: lint.Rule{ID: "rule", Severity: lint.Note}, Place: scenarios.Place{File: "a,b:c.yaml", Line: 2, Column: 3},
		Message: "100 % of\nit", Remedy: "x",
	}})
	var b bytes.Buffer
	require.NoError(t, c.GitHub(&b))
	require.Equal(t, "::notice file=a%2Cb%3Ac.yaml,line=2,col=3,title=rule::100 %25 of%0Ait. Write: x\n", b.String())
}
