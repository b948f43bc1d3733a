package cli_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/cli"
)

// A scenario that says how it runs at its own size, names a node, and demands
// something.
const expectingScenario = `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large, count: 2}]
workloads: [{name: web, replicas: 14}]
expect:
  - {at: end, that: pods.running == 14}
  - that: node('workers-1').totals.total > 0
  - {that: "pods.startLatency.p99 < duration('20s')", because: customers wait}
`

func onExpecting(t *testing.T, args string) (int, string, string) {
	t.Helper()
	a, out, errs := app(args)
	a.In = strings.NewReader(expectingScenario)
	code := a.Run(context.Background())
	return code, out.String(), errs.String()
}

// A cell's expectations are those that run --set finds failing.
func TestASweepTellsWhichExpectationsFail(t *testing.T) {
	const args = "sweep - --vary workloads.web.replicas=10,14,18,40 --vary nodeGroups.workers.count=1,2 --metrics nodes -q"
	code, out, errs := onExpecting(t, args+" -o csv")
	require.Equal(t, cli.ExitOK, code, errs)
	require.Equal(t, `workloads.web.replicas,nodeGroups.workers.count,fits,fitting,runs,lasting,keeps,expect,failed,pareto,recommended,nodes
10,1,true,1,1,,true,false,0 1,false,false,1
10,2,true,1,1,,true,true,0,false,false,2
14,1,true,1,1,,true,false,1,false,false,1
14,2,true,1,1,,true,true,,false,false,2
18,1,true,1,1,,true,false,0 1,false,false,1
18,2,true,1,1,,true,true,0,true,true,2
40,1,false,0,1,max-pods,true,false,0 1 2,false,false,1
40,2,true,1,1,,true,false,0 2,false,false,2
`, out)
	_, table, _ := onExpecting(t, args)
	require.Contains(t, table, "→        18      2  yes           yes")
	require.Contains(t, table, "✗        40      2  yes           no: [2]")
	require.Contains(t, table, "not asked, since it\n    is about replicas=14, the value of the file")

	_, out, _ = onExpecting(t, args+" --expect=none -o csv")
	require.Contains(t, out, "40,2,true,1,1,,true,true,,")
	_, out, _ = onExpecting(t, args+" --expect=all -o csv")
	require.Contains(t, out, "14,2,true,1,1,,true,true,,true,true,2", "the only one in which all hold")
}

// However the runs are spread, the expectations come out the same.
func TestShardsKeepTheExpectations(t *testing.T) {
	const args = "sweep - --vary workloads.web.replicas=10,14,18,40 --vary nodeGroups.workers.count=1,2 --seeds 2 -q"
	for _, format := range []string{"table", "csv", "json"} {
		_, whole, _ := onExpecting(t, args+" -o "+format)
		require.Contains(t, whole, map[string]string{"table": "[2]", "csv": ",0 2,", "json": `"aside": "own-value"`}[format])
		dir, names := t.TempDir(), ""
		for i := range 3 {
			name := filepath.Join(dir, fmt.Sprint(i))
			code, part, errs := onExpecting(t, fmt.Sprintf("%s --shard %d/3", args, i))
			require.Equal(t, cli.ExitOK, code, errs)
			require.NoError(t, os.WriteFile(name, []byte(part), 0o600))
			names += " " + name
		}
		require.Equal(t, whole, simulate(t, "merge -o "+format+names))
	}
}

// Where no expectation can be right the mistake is told, as by run.
func TestASweepRefusesAMistakenExpectation(t *testing.T) {
	code, _, errs := onExpecting(t, `sweep - --vary workloads.web.replicas=1,2 --set expect.0.that=nods.size()>0`)
	require.Equal(t, cli.ExitUsage, code)
	require.Contains(t, errs, "nods")
	code, _, errs = onExpecting(t, `sweep - --vary expect.0.that=pods.running==1,pods.running==2`)
	require.Equal(t, cli.ExitUsage, code)
	require.Contains(t, errs, "expect is varied")
	code, _, errs = onExpecting(t, `sweep - --seeds 2 --expect=some`)
	require.Equal(t, cli.ExitUsage, code)
	require.Contains(t, errs, "it is one of auto, all, none")
}

// A scenario of the library states what it shows as it stands.
func TestALibraryScenarioIsSweptWithoutItsExpectations(t *testing.T) {
	const args = "sweep two-nodes-one-27 --vary cni.env.WARM_IP_TARGET=1,2 -q -o json"
	require.Contains(t, simulate(t, args), `"expect": [],`)
	require.Contains(t, simulate(t, args+" --expect=all"), `"that": "nodes.all(`)
	require.Contains(t, simulate(t, args+` --set expect=[{that:enis>0}]`), `"that": "enis>0"`, "these are the user's")
}

func TestCapacityIsHeldAgainstTheExpectations(t *testing.T) {
	code, out, errs := onExpecting(t, "capacity - --vary workloads.web.replicas --remedies=false -q")
	require.Equal(t, cli.ExitOK, code, errs)
	require.Contains(t, out, `
  37  doesn't fit: expectation
      expects  pods.startLatency.p99 < duration('20s')
      when     at the end, over the whole run
      values   pods.startLatency.p99 = 27.612s
      because  customers wait
`)
	require.Contains(t, out, "  [0] pods.running == 14 (at the end): it is about the value of the file")
	require.True(t, strings.HasSuffix(out, `
workloads.web.replicas: 36 is the largest that fits; at 37, the expectation
pods.startLatency.p99 < duration('20s') stops it. Without what the scenario
expects: 54 is the largest that fits; at 55, max-pods stops it.
`), out)

	_, out, _ = onExpecting(t, "capacity - --vary workloads.web.replicas --remedies=false --expect=none -q")
	require.Contains(t, out, "workloads.web.replicas: 54 is the largest that fits; at 55, max-pods stops it.")
	_, out, _ = onExpecting(t, "capacity - --vary workloads.web.replicas --remedies=false --expect=all -q -o json")
	require.Contains(t, out, `"smallest": 14,`)
	require.Contains(t, out, `"largest": 14,`)
	require.Contains(t, out, `"that": "pods.running == 14"`)
}

// A node that an expectation names, and that there isn't, fails it.
func TestCapacityWithoutANodeThatIsExpected(t *testing.T) {
	_, out, _ := onExpecting(t, "capacity - --fewest nodeGroups.workers.count -q")
	require.Contains(t, out, "why      there is no node workers-1: the last of workers is workers-0")
	require.Contains(t, out, "2 is the smallest that fits; at 1, the expectation\nnode('workers-1').totals.total > 0 stops it.")
}

// What a remedy breaks where all fits without it doesn't hide what it gives.
func TestARemedySaysWhatItBreaks(t *testing.T) {
	_, out, _ := onExpecting(t, `capacity - --vary workloads.web.replicas --set expect=[{that:nodes.size()==2}] -q`)
	require.Regexp(t, `one more node in workers \(no longer +81   \+27  max-pods\s+holds: \[0\] nodes.size\(\)==2\)`, out)
}

func TestTheSmallestSubnetIsHeldAgainstTheExpectations(t *testing.T) {
	_, out, _ := onExpecting(t, `capacity - --smallest vpc.subnets.private-a.cidr --set expect=[{that:subnet("private-a").free>=80}] -q`)
	require.Contains(t, out, "10.0.0.0/25 is the smallest that fits")
	require.Contains(t, out, "With 10.0.0.0/26, the expectation")
	require.Contains(t, out, "Without what the scenario expects")
}

// A file that says how something runs out is asked how much fits all the same.
func TestCapacityOfAScenarioThatExpectsAShortage(t *testing.T) {
	on := func(args string) string {
		a, out, errs := app("capacity - --vary steps.0.scale.replicas -q " + args)
		a.In = strings.NewReader(simulate(t, "show default-secondary-ip"))
		require.Equal(t, cli.ExitOK, a.Run(context.Background()), errs.String())
		return out.String()
	}
	out := on("")
	require.Contains(t, out, "\n  [0] pods.running == 27 (at the end): it says how something runs out")
	require.Contains(t, out, "\n  [1] exhaustion.exists(e, e.kind == 'max-pods')")
	require.Regexp(t, `one more node in workers +54 +\+27 +max-pods`, out)
	require.Contains(t, out, "27 is the largest that fits; at 28, max-pods stops it.")

	// A single value is found, although the search meets it by its neighbours only.
	out = on("--expect=all --remedies=false --set expect=[{that:pods.running==26}]")
	require.Contains(t, out, "26 alone fits; at 25, the expectation")
}
