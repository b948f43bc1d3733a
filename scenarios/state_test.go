package scenarios

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
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
