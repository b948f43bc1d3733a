package bench

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
	"vpcsim/sim"
)

const text = `name: mine
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, zone: us-west-2a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large}]
workloads: [{name: web, replicas: 12}]
expect:
  - {at: end, that: pods.running == 12}
`

func play(t *testing.T, r Request) Answer {
	t.Helper()
	answer, err := Play(t.Context(), r)
	require.NoError(t, err)
	return answer
}

func TestPlay(t *testing.T) {
	answer := play(t, Request{Text: text})
	require.Empty(t, answer.Mistakes)
	require.Equal(t, "mine", answer.Film.Name)
	require.Len(t, answer.Film.Pods, 12)
	require.Equal(t, []Expectation{{That: "pods.running == 12", OK: true}}, answer.Expectations)

	answer = play(t, Request{Text: text, Set: []string{"workloads.web.replicas=13"}, Env: []string{"WARM_IP_TARGET=1"}})
	require.Len(t, answer.Film.Pods, 13)
	require.False(t, answer.Expectations[0].OK)
	require.Contains(t, answer.Expectations[0].Failure, "pods.running = 13")
}

func TestMistakesHavePlaces(t *testing.T) {
	answer := play(t, Request{Text: "name: mine\nvpc: {cidrs: [10.0.0.0/16]}\nnodeGroup: []\n"})
	require.Nil(t, answer.Film)
	require.Equal(t, Mistake{3, 1, "nodeGroup", "unknown field (did you mean nodeGroups?)"}, answer.Mistakes[len(answer.Mistakes)-1])
	answer = play(t, Request{Text: text, Env: []string{"WARM_IP_TARGT=1"}})
	require.Equal(t, "--env WARM_IP_TARGT=1", answer.Mistakes[0].Where)
	require.Zero(t, answer.Mistakes[0].Line)
}

// A scenario's own limits are kept where they are lower, and lowered where they
// are not.
func TestLimits(t *testing.T) {
	require.Equal(t, Limits, lower(sim.Limits{}))
	require.Equal(t, Limits, lower(sim.Limits{Events: Limits.Events + 1, Pods: Limits.Pods + 1, Nodes: Limits.Nodes + 1}))
	require.Equal(t, sim.Limits{Events: 1, Pods: 2, Nodes: 3, LogBytes: 4}, lower(sim.Limits{Events: 1, Pods: 2, Nodes: 3, LogBytes: 4}))
	answer := play(t, Request{Text: text, Set: []string{"limits.events=20"}})
	require.Contains(t, answer.Problem, "cut short at ")
	require.Nil(t, answer.Film)
}

// No file is read but the library's traces.
func TestFilesAreTheLibrarys(t *testing.T) {
	entry, ok := scenarios.Find("trace-of-a-real-cluster")
	require.True(t, ok)
	require.NotNil(t, play(t, Request{Text: string(entry.Data())}).Film)
	for _, name := range []string{"/etc/hostname", "../../../../../etc/hostname", "bench_test.go"} {
		answer := play(t, Request{Text: text + "steps: [{replay: {trace: " + name + "}}]\n"})
		require.NotEmpty(t, answer.Mistakes, name)
		require.NotContains(t, answer.Mistakes[0].Message, "columns", "%s was read", name)
	}
}

func TestWhoLeavesStopsTheRun(t *testing.T) {
	entry, ok := scenarios.Find("large-fleet")
	require.True(t, ok)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Play(ctx, Request{Text: string(entry.Data())})
	require.ErrorIs(t, err, context.Canceled)
}
