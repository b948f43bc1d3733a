package recording

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// One input with everything that can be written.
func TestInputIsWrittenAsScenario(t *testing.T) {
	in := Input{
		InstanceType: "m5.large",
		Limits:       &Limits{ENIs: 3, IPv4PerENI: 10},
		MaxPods:      29,
		Subnets: []Subnet{
			{ID: "a", CIDR: "10.0.0.0/28", Preoccupied: []string{"10.0.0.10", "10.0.0.11"}},
			{ID: "b", CIDR: "10.0.1.0/24", Tags: map[string]string{"kubernetes.io/role/cni": "1"}},
			{ID: "pods", CIDR: "100.64.0.0/24"},
		},
		NodeSubnet:   "a",
		PodSubnet:    "pods",
		Env:          map[string]string{"MAX_ENI": "2"},
		EC2LatencyMs: map[string]int64{"AllocENI": 5000, "AllocIPAddresses": 500, "DeallocIPAddresses": 400, "DeallocPrefixAddresses": 400, "FreeENI": 3000},
		Nodes:        []Node{{Name: "n1"}, {Name: "n2", StartMs: 1000}},
		RetryMs:      10000,
		Events: []Event{
			{AtMs: 10001, Op: "add", NamePrefix: "p", From: 3, Count: 2, IntervalMs: 500},
			{AtMs: 20001, Op: "add", Node: "n2", Pod: "x"},
			{AtMs: 30001, Op: "delete", NamePrefix: "p", From: 3, Count: 2},
			{AtMs: 40001, Op: "cordon"},
			{AtMs: 50301, Op: "restartAgent", GapMs: 20000, Env: map[string]string{"MAX_ENI": "", "WARM_IP_TARGET": "2"}},
			{AtMs: 80301, Op: "restartAgent"},
			{AtMs: 90001, Op: "tagSubnet", Subnet: "a", Tags: map[string]string{"kubernetes.io/role/cni": "0"}},
		},
		DurationMs: 120000,
	}
	require.Equal(t, `name: whole
duration: 2m0s
vpc:
  cidrs: [10.0.0.0/16, 100.64.0.0/16]
  subnets:
    - {name: a, zone: us-west-2a, cidr: 10.0.0.0/28, inUse: {addresses: [10.0.0.10, 10.0.0.11]}}
    - {name: b, zone: us-west-2a, cidr: 10.0.1.0/24, tags: {"kubernetes.io/role/cni": "1"}}
    - {name: pods, zone: us-west-2a, cidr: 100.64.0.0/24}
cni:
  env: {ENABLE_IPv4: "true", MAX_ENI: "2", WARM_ENI_TARGET: null}
  eniConfigs: [{name: default, subnet: pods}]
ec2: {addressOrder: lowest, latency: {CreateNetworkInterface: 5s, DescribeInstances: 0s, DescribeNetworkInterfaces: 0s, AttachNetworkInterface: 0s, ModifyNetworkInterfaceAttribute: 0s, AssignPrivateIpAddresses: 500ms, UnassignPrivateIpAddresses: 400ms, DetachNetworkInterface: 1s, DeleteNetworkInterface: 0s, refused: 0s}}
agent: {order: ordered, restart: 0s, exitBackoff: never}
kubelet: {start: 0s, retry: {min: 10s, max: 10s}}
instanceTypes: {m5.large: {maxENIs: 3, ipv4PerENI: 10}}
nodeGroups:
  - {name: n1, instanceType: m5.large, count: 1, subnets: [a], maxPods: 29, agentStart: 0s}
  - {name: n2, instanceType: m5.large, count: 1, subnets: [a], maxPods: 29, agentStart: 1s}
steps:
  - {at: 10.001s, create: {pod: p3, node: n1-0}}
  - {at: 10.501s, create: {pod: p4, node: n1-0}}
  - {at: 20.001s, create: {pod: x, node: n2-0}}
  - {at: 30.001s, delete: {pod: p3}}
  - {at: 30.001s, delete: {pod: p4}}
  - {at: 40.001s, cordon: {node: n1-0}}
  - {at: 50.301s, restartAgent: {node: n1-0, gap: 20s, env: {MAX_ENI: null, WARM_IP_TARGET: "2"}}}
  - {at: 1m20.301s, restartAgent: {node: n1-0, gap: 0s}}
  - {at: 1m30.001s, tagSubnet: {subnet: a, tags: {"kubernetes.io/role/cni": "0"}}}
`, string(in.Scenario("whole", Ordered, []string{"ENABLE_IPv4", "MAX_ENI", "WARM_ENI_TARGET"})))
}

func TestWithoutLatencyAndRetry(t *testing.T) {
	in := Input{InstanceType: "m5.large", Subnets: []Subnet{{ID: "a", CIDR: "10.0.0.0/22"}}, Nodes: []Node{{Name: "n1"}}}
	text := string(in.Scenario("bare", Random, nil))
	require.Contains(t, text, "ec2: {addressOrder: lowest, latency: none}\n")
	require.Contains(t, text, "agent: {order: random, restart: 0s, exitBackoff: never}\n")
	require.Contains(t, text, "kubelet: {start: 0s, retry: never}\n")
	require.NotContains(t, text, "instanceTypes")
}
