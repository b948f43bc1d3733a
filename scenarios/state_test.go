package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
)

// withState has everything that a state can have.
const withState = `
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, cidr: 10.0.0.0/24}, {name: pods, cidr: 10.0.1.0/24}]
cni: {env: {ENABLE_POD_ENI: true, ENABLE_PREFIX_DELEGATION: true}}
nodeGroups: [{name: workers, instanceType: m5.large, count: 2, securityGroups: [sg-nodes]}]
workloads:
  - {name: web, replicas: 3}
  - {name: db, kind: StatefulSet, replicas: 2, requests: {vpc.amazonaws.com/pod-eni: 1}}
  - {name: proxy, kind: DaemonSet, hostNetwork: true}
state:
  nodes:
    - name: workers-0
      cordoned: true
      enis:
        - {subnet: a, primaryAddress: 10.0.0.10, addresses: [10.0.0.11], prefixes: [10.0.0.16/28]}
        - device: 2
          kind: trunk
          primaryAddress: 10.0.0.12
          branches:
            - {vlan: 3, subnet: pods, address: 10.0.1.10, securityGroups: [sg-db]}
            - {vlan: 1, subnet: a, address: 10.0.0.40}
  pods:
    - {name: web-7, workload: web, node: workers-0, address: 10.0.0.17}
    - {name: db-0, workload: db, node: workers-0, address: 10.0.0.40}
    - {name: web-x, workload: web}
    - {name: proxy-x, workload: proxy, node: workers-0}
    - {name: bare, node: workers-0, address: 10.0.0.11, requests: {cpu: 100m, memory: 1Gi}}
    - {name: static, node: workers-0, hostNetwork: true}
steps: [{delete: {pod: bare}}]
`

// What the state leaves out is filled in, and its canonical form is the same
// state.
func TestState(t *testing.T) {
	s, err := Load("state.yaml", []byte(withState), Options{})
	require.NoError(t, err)
	requireCanonical(t, s.Config())
	state := s.Config().State
	require.Len(t, state.Nodes, 1)
	enis := state.Nodes[0].ENIs
	require.Equal(t, model.ENIPrimary, enis[0].Kind)
	require.Equal(t, model.SubnetID("a"), enis[1].Subnet)
	require.Equal(t, []model.SecurityGroup{"sg-nodes"}, enis[1].Branches[1].SecurityGroups)
	require.Equal(t, []model.SecurityGroup{"sg-db"}, enis[1].Branches[0].SecurityGroups)
	require.Len(t, enis[0].Blocks, 2)
	require.Equal(t, 1024, state.Pods[4].Spec.MemoryMiB)
}

// callsOf are the calls to EC2 of a run's first seconds, with their instants,
// and the addresses that pods have at 0.
func callsOf(t *testing.T, text string) (calls []string, addressed map[model.PodName]string) {
	s, err := Load("state.yaml", []byte(text), Options{})
	require.NoError(t, err)
	requireCanonical(t, s.Config())
	addressed = map[model.PodName]string{}
	require.NoError(t, sim.Run(s.Config(), func(e sim.Event) error {
		switch b := e.Body.(type) {
		case sim.EC2Call:
			if e.At < 60_000 {
				calls = append(calls, fmt.Sprintf("%d %s %s %d", e.At, e.Node, b.Action, b.Want))
			}
		case sim.PodAddressed:
			if e.At == 0 {
				addressed[b.Pod] = b.Address.String()
				for _, more := range b.More {
					addressed[b.Pod] += " " + more.Address.String()
				}
			}
		}
		return nil
	}))
	return calls, addressed
}

// A node of an IPv6 cluster keeps its /80, and its pods their addresses; only a
// node that is not in the state asks for one, for another.
func TestStateOfAnIPv6Cluster(t *testing.T) {
	calls, addressed := callsOf(t, `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24, ipv6Cidr: "2001:db8:0:1::/64"}]}
cluster: {ipFamily: ipv6}
cni: {env: {ENABLE_POD_ENI: true}}
nodeGroups: [{name: workers, instanceType: m5.large, count: 2}, {name: plain, instanceType: t3.large, count: 1}]
workloads: [{name: web, replicas: 2}, {name: db, requests: {vpc.amazonaws.com/pod-eni: 1}, replicas: 1}]
state:
  nodes:
    - name: workers-0
      enis:
        - {subnet: a, primaryAddress: 10.0.0.10, prefixes: ["2001:db8:0:1:5::/80"]}
        - {device: 2, kind: trunk, primaryAddress: 10.0.0.11, branches: [{vlan: 1, subnet: a, address: 10.0.0.12, ipv6Address: "2001:db8:0:1::77"}]}
    - {name: plain-0, enis: [{subnet: a, primaryAddress: 10.0.0.13, prefixes: ["2001:db8:0:1:9::/80"]}]}
  pods:
    - {name: web-0, workload: web, node: workers-0, address: "2001:db8:0:1:5::"}
    - {name: web-1, workload: web, node: plain-0, address: "2001:db8:0:1:9::3"}
    - {name: db-0, workload: db, node: workers-0, address: "2001:db8:0:1::77"}
`)
	require.Equal(t, map[model.PodName]string{"web-0": "2001:db8:0:1:5::", "web-1": "2001:db8:0:1:9::3", "db-0": "2001:db8:0:1::77"}, addressed)
	for _, c := range calls {
		require.Contains(t, c, "workers-1", calls)
	}
	require.Contains(t, calls, "0 workers-1 AssignIpv6Addresses 1")
}

// The controller takes a Windows node over with what its pods hold. It asks EC2
// for nothing where that is on target, and else at its next round.
func TestStateOfWindowsNodes(t *testing.T) {
	const base = `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: win, instanceType: m5.large, count: 1, os: windows}]
workloads: [{name: iis, replicas: 1, nodeSelector: {kubernetes.io/os: windows}}]
state:
  nodes: [{name: win-0, enis: [{subnet: a, primaryAddress: 10.0.0.10, addresses: [%s]}]}]
  pods: [{name: iis-0, workload: iis, node: win-0, address: 10.0.0.12}, {name: bare, node: win-0, address: 10.0.0.11}]
`
	for _, c := range []struct {
		addresses string
		calls     []string
	}{
		{"10.0.0.11, 10.0.0.12, 10.0.0.13, 10.0.0.14, 10.0.0.15", nil}, // two held, three warm
		{"10.0.0.11, 10.0.0.12, 10.0.0.13, 10.0.0.14", []string{"30000 win-0 AssignPrivateIpAddresses 1"}},
		{"10.0.0.11, 10.0.0.12, 10.0.0.13, 10.0.0.14, 10.0.0.15, 10.0.0.16", []string{"30000 win-0 UnassignPrivateIpAddresses 1"}},
	} {
		calls, addressed := callsOf(t, fmt.Sprintf(base, c.addresses))
		require.Equal(t, map[model.PodName]string{"iis-0": "10.0.0.12", "bare": "10.0.0.11"}, addressed)
		calls = slices.DeleteFunc(calls, func(call string) bool { return strings.Contains(call, "Describe") })
		require.Equal(t, c.calls, calls, c.addresses)
	}
}

// ENIs on network cards above 0 are in the pools of their cards. A pod that asks
// for an address of each card has the lowest free ones of the others.
func TestStateOfNetworkCards(t *testing.T) {
	calls, addressed := callsOf(t, `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
cni: {env: {ENABLE_MULTI_NIC: true, WARM_IP_TARGET: 1, MINIMUM_IP_TARGET: 3}}
nodeGroups: [{name: gpu, instanceType: my.gpu, count: 1}]
instanceTypes: {my.gpu: {maxENIs: 2, ipv4PerENI: 5, networkCards: 2}}
workloads: [{name: train, replicas: 1, annotations: {k8s.amazonaws.com/nicConfig: multi-nic-attachment}}, {name: web, replicas: 1}]
state:
  nodes:
    - name: gpu-0
      enis:
        - {subnet: a, primaryAddress: 10.0.0.10, addresses: [10.0.0.11, 10.0.0.12, 10.0.0.13]}
        - {card: 1, primaryAddress: 10.0.0.20, addresses: [10.0.0.21, 10.0.0.22, 10.0.0.23]}
  pods:
    - {name: web-0, workload: web, node: gpu-0, address: 10.0.0.21}
    - {name: train-0, workload: train, node: gpu-0, address: 10.0.0.12}
`)
	require.Equal(t, map[model.PodName]string{"web-0": "10.0.0.21", "train-0": "10.0.0.12 10.0.0.22"}, addressed)
	for _, c := range calls {
		require.NotContains(t, c, "AssignPrivate", calls)
		require.NotContains(t, c, "Create", calls)
	}
}
