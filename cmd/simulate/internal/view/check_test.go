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

// What check writes is valid by the official schema of SARIF 2.1.0, which knows
// no other properties than its own.
//
// The schema is that of OASIS, errata 01, unchanged but for blanks at its ends.
// Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json
// Copyright © OASIS Open. All Rights Reserved.
func TestSARIFIsValid(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("testdata/sarif-schema-2.1.0.json")
	require.NoError(t, err)
	for name, c := range map[string]*Check{
		"nothing is found":       checkOf(t, "warm-ip-target"),
		"smells":                 checkOf(t, "subnet-28-exhausted"),
		"the place is an option": checkOf(t, "warm-ip-target", "nodeGroups.workers.maxPods=40"),
		"mistakes":               mistakesOf("some folder/mistake.yaml", "vpc:\n  cidrs: [10.0.0.0/16, 172.16.0.0/16]\n  subnts: []\n"),
		"no file":                mistakesOf("mistake.yaml", ""),
	} {
		t.Run(name, func(t *testing.T) {
			written, err := json.Marshal(c.SARIF("v1.2.3"))
			require.NoError(t, err)
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(written))
			require.NoError(t, err)
			require.NoError(t, schema.Validate(value))
		})
	}
}

// mistakesOf checks a text that is no scenario.
func mistakesOf(file, text string) *Check {
	_, err := scenarios.Load(file, []byte(text), scenarios.Options{})
	var c Check
	c.Break(file, lint.Mistakes(file, err))
	return &c
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
