package lint

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
)

// Each mistake is a finding with its rule, its place and what to write.
func TestMistakesAreFindings(t *testing.T) {
	for _, c := range []struct {
		name, text, rule, path, remedy string
		line, column                   int
	}{
		{"a block of another private range", "vpc:\n  cidrs: [10.0.0.0/16, 192.168.0.0/16]\n  subnets: [{name: a, cidr: 10.0.0.0/24}]\n", "vpc-cidr-not-allowed", "vpc.cidrs[1]", "or of 100.64.0.0/10", 2, 24},
		{"a block that overlaps", "vpc:\n  cidrs: [10.0.0.0/16, 10.0.0.0/20]\n  subnets: [{name: a, cidr: 10.0.0.0/24}]\n", "vpc-cidr-not-allowed", "vpc.cidrs[1]", "overlaps none", 2, 24},
		{"a subnet elsewhere", "vpc:\n  cidrs: [10.0.0.0/16]\n  subnets: [{name: a, cidr: 10.1.0.0/24}]\n", "subnet-cidr-not-allowed", "vpc.subnets[0].cidr", "inside one of vpc.cidrs", 3, 29},
		{"an unknown field", "vpc:\n  cidr: [10.0.0.0/16]\n  subnets: [{name: a, cidr: 10.0.0.0/24}]\n", "scenario-mistake", "vpc.cidr", "cidrs", 2, 3},
		{"a field of elsewhere", "vpc:\n  image: x\n  cidrs: [10.0.0.0/16]\n  subnets: [{name: a, cidr: 10.0.0.0/24}]\n", "scenario-mistake", "vpc.image", "a field that there is", 2, 3},
		{"a bad value", "vpc:\n  cidrs: [10.0.0.0/16]\n  subnets: [{name: a, cidr: 10.0.0.0/24}]\nnodeGroups: [{name: w, instanceType: m5.large, count: -1}]\n", "scenario-mistake", "nodeGroups[0].count", "count: nodes at the beginning", 4, 55},
		{"a bad member", "vpc:\n  cidrs: [10.0.0.0/16]\n  subnets: [{name: a, cidr: 10.0.0.0/24}]\nnodeGroups: [{name: w, instanceType: m5.large, subnets: [zzz]}]\n", "scenario-mistake", "nodeGroups[0].subnets[0]", "subnets: names of subnets", 4, 58},
		{"an empty file", "# nothing\n", "scenario-mistake", "", "'simulate show default-secondary-ip' prints one", 1, 1},
		{"no YAML", "vpc: [a\n", "scenario-mistake", "", "docs/scenarios.md", 1, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := scenarios.Load("mistake.yaml", []byte(c.text), scenarios.Options{})
			require.Error(t, err)
			found := Mistakes("mistake.yaml", err)
			require.NotEmpty(t, found)
			f := found[0]
			require.Equal(t, c.rule, f.Rule.ID, f.Message)
			require.Equal(t, scenarios.Place{File: "mistake.yaml", Line: c.line, Column: c.column, Path: c.path}, f.Place)
			require.Contains(t, f.Remedy, c.remedy)
			require.NotEmpty(t, f.Excerpt)
		})
	}
	// 100.64.0.0/10 may join any VPC.
	_, err := scenarios.Load("fine.yaml", []byte("vpc:\n  cidrs: [10.0.0.0/16, 100.64.0.0/16]\n  subnets: [{name: a, cidr: 10.0.0.0/24}]\n"), scenarios.Options{})
	require.NoError(t, err)
}

// What is wrong with the file itself is one finding about it.
func TestAFileThatCannotBeReadIsAFinding(t *testing.T) {
	found := Mistakes("a.yaml", errors.New("a.yaml: permission denied"))
	require.Len(t, found, 1)
	require.Equal(t, "a.yaml: error: permission denied [no-scenario]", found[0].String())
}
