package model

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite-docs", false, "rewrite docs/versions.md; read the difference")

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]Version{
		"v1.23.1": {1, 23, 1}, "1.23.1": {1, 23, 1}, "v1.18.3-eksbuild.2": {1, 18, 3},
		"v1.9.0": OldestVersion, "v1.23.2": NewestVersion,
	} {
		got, err := ParseVersion(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for text, message := range map[string]string{
		"v1.8.99":        "the rules of the VPC CNI v1.8.99 are not known: from v1.9.0 to v1.23.2 they are",
		"v1.23.3":        "the rules of the VPC CNI v1.23.3 are not known: from v1.9.0 to v1.23.2 they are",
		"v1.23":          `"v1.23" is no release of the VPC CNI: write it as v1.23.1`,
		"v1.23.-1":       `"v1.23.-1" is no release of the VPC CNI: write it as v1.23.1`,
		"v1.23.1-rc1":    `"v1.23.1-rc1" is no release of the VPC CNI: write it as v1.23.1`,
		"v1.09.0":        `"v1.09.0" is no release of the VPC CNI: write it as v1.23.1`,
		"v01.23.1":       `"v01.23.1" is no release of the VPC CNI: write it as v1.23.1`,
		"v1.+9.0":        `"v1.+9.0" is no release of the VPC CNI: write it as v1.23.1`,
		"latest":         `"latest" is no release of the VPC CNI: write it as v1.23.1`,
		"v1.23.1-eksbui": `"v1.23.1-eksbui" is no release of the VPC CNI: write it as v1.23.1`,
	} {
		_, err := ParseVersion(text)
		require.EqualError(t, err, message)
	}
}

func TestVersionTableIsInOrder(t *testing.T) {
	rules := VersionRules()
	require.True(t, slices.IsSortedFunc(rules, func(a, b VersionRule) int {
		switch {
		case a.Since.Before(b.Since):
			return -1
		case b.Since.Before(a.Since):
			return 1
		default:
			return 0
		}
	}))
	seen := map[Feature]bool{}
	for _, r := range rules {
		require.False(t, seen[r.Feature], "%s twice", r.Feature)
		seen[r.Feature] = true
		require.True(t, OldestVersion.Before(r.Since) && !NewestVersion.Before(r.Since), "%s", r.Since)
		require.True(t, r.Since.Has(r.Feature))
		require.Equal(t, NewestVersion.Has(r.Feature), Version{}.Has(r.Feature), "no release is the newest")
		require.Equal(t, r.Until == Version{}, NewestVersion.Has(r.Feature), "%s", r.Feature)
		if r.Until != (Version{}) {
			require.True(t, r.Since.Before(r.Until) && !NewestVersion.Before(r.Until), "%s", r.Feature)
			require.False(t, r.Until.Has(r.Feature), "%s", r.Feature)
		}
		require.False(t, OldestVersion.Has(r.Feature))
	}
	rules[0].Before = ""
	require.NotEmpty(t, VersionRules()[0].Before, "the table is a copy")
	require.Panics(t, func() { NewestVersion.Has("no-such") })
}

// Variables that a release does not know are told, and count for nothing.
func TestUnknownVariablesOfARelease(t *testing.T) {
	env := map[string]string{
		"ENABLE_IPv6": "true", "IP_COOLDOWN_PERIOD": "5", "ENABLE_MULTI_NIC": "true", "DISABLE_LEAKED_ENI_CLEANUP": "true",
		"DISABLE_NETWORK_RESOURCE_PROVISIONING": "true", "ENABLE_PREFIX_DELEGATION": "true",
		"POD_SECURITY_GROUP_ENFORCING_MODE": "standard", "AWS_MANAGE_ENIS_NON_SCHEDULABLE": "true",
	}
	s, _ := ParseSettings(env)
	old, notes := s.ForVersion(OldestVersion)
	require.Equal(t, []string{
		"IP_COOLDOWN_PERIOD: not in v1.9.0", "ENABLE_MULTI_NIC: not in v1.9.0",
		"DISABLE_NETWORK_RESOURCE_PROVISIONING: not in v1.9.0", "DISABLE_LEAKED_ENI_CLEANUP: not in v1.9.0", "ENABLE_IPv6: not in v1.9.0",
		"ENABLE_IPv4=false: not in v1.9.0", "POD_SECURITY_GROUP_ENFORCING_MODE: not in v1.9.0", "AWS_MANAGE_ENIS_NON_SCHEDULABLE: not in v1.9.0",
	}, notes)
	require.Equal(t, Settings{
		WarmENITarget: 1, PrefixDelegation: true, ENIConfigLabel: ENIConfigKeyDefault, ENIConfigAnnotation: ENIConfigKeyDefault,
		EnforcingMode: "strict", IPv4: true, Cooldown: CooldownDefault, ManageNonSchedulable: true, Version: OldestVersion,
	}, old)
	_, notes = s.ForVersion(NewestVersion)
	require.Empty(t, notes)
}

// versionsPage is docs/versions.md.
func versionsPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Releases of the VPC CNI

`+"`cni.version`"+` chooses the release whose rules hold, from %s to %s; %s if it is left out. This page is made from the table that
the simulator itself goes by (`+"`model.VersionRules`"+`); its source is the CNI's changelog and README. *Inferred* is what they only hint at.

## What differs

| since | before | from then on |
| --- | --- | --- |
`, OldestVersion, NewestVersion, DefaultVersion)
	for _, r := range VersionRules() {
		since := r.Since.String()
		if r.Until != (Version{}) {
			since += ", until " + r.Until.String()
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", since, r.Before, r.After)
	}
	b.WriteString(`
A variable that a release does not know has no effect there, and the run says so.

## What is not shown

Where a scenario depends on one of these, its result holds for some releases only.

| since | change | here |
| --- | --- | --- |
`)
	for _, u := range VersionsUnmodelled() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", u.Since, u.What, u.Why)
	}
	return b.String()
}

func TestVersionsPageIsTheTable(t *testing.T) {
	const page = "../docs/versions.md"
	if *rewrite {
		require.NoError(t, os.WriteFile(page, []byte(versionsPage()), 0o644))
	}
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, versionsPage(), string(have), "rewrite it with go test ./model -run VersionsPage -rewrite-docs")
}
