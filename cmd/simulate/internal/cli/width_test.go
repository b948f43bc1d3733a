package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// unbreakable is what stays whole: a URL, and what it takes to copy a place.
var unbreakable = regexp.MustCompile(`https://\S+`)

// What people read is no wider than a terminal.
func TestNothingIsWiderThanAPage(t *testing.T) {
	wide := filepath.Join(t.TempDir(), "wide.yaml")
	require.NoError(t, os.WriteFile(wide, []byte(`
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, count: 2, instanceType: m5.large, maxPods: 110}]
workloads: [{name: web, replicas: 70}]
expect:
  - at: end
    that: "pods.running == 70 && nodes.all(n, n.totals.free > 3 && n.enis.size() == 2 && n.branches.size() == 0) && !exhaustion.exists(e, e.kind == 'eni-limit')"
    because: a long reason goes on in the next line, as everything does that people read, since a terminal is eighty columns wide
`), 0o644))
	commands := []string{
		"run " + wide, "test " + wide, "check " + wide, "check custom-networking-max-pods-not-lowered prefix-fragmentation",
		"compare default-secondary-ip prefix-mode", "compare prefix-fragmentation prefix-reservation", "compare default-secondary-ip ecs-with-trunking",
		"conformance", "conformance -o wide", "list", "list --incidents", "max-pods m5.large --pod-eni", "instance-types", "--help",
	}
	for _, c := range []string{"run", "compare", "sweep", "capacity", "check", "test", "explain", "import", "list", "show", "conformance", "max-pods", "instance-types", "schema", "merge", "version"} {
		commands = append(commands, c+" --help")
	}
	for _, command := range commands {
		a, out, errs := app(command)
		a.Run(context.Background())
		for line := range strings.Lines(out.String() + errs.String()) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(line, wide) { // a place, which is as long as it is
				line = strings.TrimPrefix(line, filepath.Dir(wide))
			}
			require.LessOrEqual(t, utf8.RuneCountInString(unbreakable.ReplaceAllString(line, "")), 80, "%s\n%s", command, line)
		}
	}
}

// An example that is broken is one command still.
func TestBrokenExamplesGoOn(t *testing.T) {
	a, out, _ := app("sweep --help")
	a.Run(context.Background())
	require.Contains(t, out.String(), "  simulate sweep warm-ip-target --vary cni.env.WARM_IP_TARGET=1..8 \\\n      --require 'latency.startP99<=5s'\n")
}

// Pods with branch ENIs take places of max-pods; what is not known of a type is
// told from what it can't.
func TestBranchPodsCountTowardsMaxPods(t *testing.T) {
	for command, want := range map[string]string{
		"max-pods m5.large --pod-eni":  "note: m5.large: pods with branch ENIs, up to 9, count towards max-pods, too: all\n      of them leave 9 of 18 places for other pods\n",
		"max-pods t3.nano --pod-eni":   "no trunk ENI, and so no security groups for pods",
		"max-pods c5a.metal --pod-eni": "whether the type can have a trunk ENI is unknown",
	} {
		a, _, errs := app(command)
		a.Run(context.Background())
		require.Contains(t, errs.String(), want)
	}
	a, _, errs := app("max-pods m5.large")
	a.Run(context.Background())
	require.Empty(t, errs.String())

	a, out, _ := app("instance-types c5a.metal t3.nano")
	a.Run(context.Background())
	require.Regexp(t, `(?m)^c5a.metal( +\d+){6} +\? `, out.String())
	require.Regexp(t, `(?m)^t3.nano( +\d+){6} +– `, out.String())

	a, out, _ = app("max-pods t3.nano --max-eni 1 --custom-networking --mode recommended")
	a.Run(context.Background())
	require.Contains(t, out.String(), "The node has no addresses for pods, and takes none that needs one.")
}
