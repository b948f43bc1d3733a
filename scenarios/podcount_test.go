package scenarios

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pod whose number is too high is refused where nothing can make it, and only
// there.
func TestPodsThatNothingMakes(t *testing.T) {
	const refused = "there is no pod web-3: the last of workload web is web-2"
	for _, test := range []struct {
		name, workload, steps, pod, want string
	}{
		{"the last", "replicas: 3", "", "web-2", ""},
		{"one more", "replicas: 3", "", "web-3", refused},
		{"one", "replicas: 1", "", "web-1", "there is no pod web-1: the only one of workload web is web-0"},
		{"none", "replicas: 0", "", "web-0", "there is no pod web-0: workload web has no replicas"},
		{"scaled up", "replicas: 3", "{at: 1m, scale: {workload: web, replicas: 9}}", "web-8", ""},
		{"another scaled", "replicas: 3", "{at: 1m, scale: {workload: api, replicas: 9}}", "web-3", refused},
		{"rolled out", "replicas: 3", "{at: 1m, rollout: {workload: web}}", "web-3", ""},
		{"another rolled out", "replicas: 3", "{at: 1m, rollout: {workload: api}}", "web-3", refused},
		{"a pod deleted", "replicas: 3", "{at: 1m, delete: {pod: web-0}}", "web-3", ""},
		{"a node drained", "replicas: 3", "{at: 1m, drain: {node: workers-0}}", "web-3", ""},
		{"a node terminated", "replicas: 3", "{at: 1m, terminate: {node: workers-0}}", "web-3", ""},
		{"churn", "replicas: 3", "{at: 1m, churn: {workload: web, perMinute: 1, lifetime: 1m, for: 5m}}", "web-3", ""},
		{"a node cordoned", "replicas: 3", "{at: 1m, cordon: {node: workers-0}}", "web-3", refused},
		{"an agent restarted", "replicas: 3", "{at: 1m, restartAgent: {node: workers-0}}", "web-3", refused},
		{"a StatefulSet's names come again", "kind: StatefulSet, replicas: 3", "{at: 1m, rollout: {workload: web}}", "web-3", refused},
		{"a StatefulSet scaled", "kind: StatefulSet, replicas: 2", "{at: 1m, scale: {workload: web, replicas: 3}}", "web-3", refused},
		{"and its last", "kind: StatefulSet, replicas: 2", "{at: 1m, scale: {workload: web, replicas: 3}}", "web-2", ""},
		{"a Job", "kind: Job, replicas: 3, completions: 5, runFor: 1m", "", "web-4", ""},
		{"a DaemonSet", "kind: DaemonSet", "", "web-1", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := fmt.Sprintf(`
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large, count: 2}]
workloads: [{name: web, %s}, {name: api, replicas: 1}]
steps: [%s]
expect: [{that: "pod('%s').phase == 'Running'"}]
`, test.workload, test.steps, test.pod)
			_, err := Load("test.yaml", []byte(text), Options{})
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

// Nodes that an autoscaler adds can be named, up to its max.
func TestNodesOfAnAutoscalerCanBeNamed(t *testing.T) {
	for node, want := range map[string]string{"workers-4": "", "workers-5": "there is no node workers-5: the last of workers is workers-4"} {
		_, err := Load("test.yaml", []byte(fmt.Sprintf(`
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large, count: 1, autoscale: {max: 5}}]
workloads: [{name: web, replicas: 60}]
expect: [{that: "node('%s').ready"}]
`, node)), Options{})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}
