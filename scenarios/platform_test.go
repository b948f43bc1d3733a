package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
)

const baseECS = `
platform: ecs
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, cidr: 10.0.0.0/24}, {name: tasks, cidr: 10.0.1.0/24}]
nodeGroups: [{name: instances, instanceType: c5.large}]
`

// TestECSDefaults: what is left out is as ECS has it.
func TestECSDefaults(t *testing.T) {
	c := config(t, baseECS+`
workloads: [{name: web}, {name: plain, networkMode: bridge}]
steps: [{create: {pod: lone}}]
`, Options{})
	require.Equal(t, sim.PlatformECS, c.Platform)
	require.Equal(t, sim.CNIConfig{}, c.CNI)
	require.Zero(t, c.Cluster.SystemPods)
	g := c.NodeGroups[0]
	require.False(t, g.AWSVPCTrunking)
	require.Zero(t, g.MaxPods)
	require.Equal(t, [2]int{2000, 4096}, [2]int{g.CPUMilli, g.MemoryMiB}, "all that the instance has")
	spread := []sim.Placement{{Type: sim.PlaceSpread, Field: sim.FieldZone}}
	require.Equal(t, []sim.Workload{
		{
			Name: "web", Kind: sim.Service, Replicas: 1, MinimumHealthyPercent: 100, MaximumPercent: 200,
			Pod: sim.PodSpec{ReadyAfter: time.Second, StopAfter: time.Second, Task: sim.TaskSpec{
				NetworkMode: sim.NetworkAWSVPC, SecurityGroups: []model.SecurityGroup{"default"}, Placement: spread,
			}},
		},
		{
			Name: "plain", Kind: sim.Service, Replicas: 1, MinimumHealthyPercent: 100, MaximumPercent: 200,
			Pod: sim.PodSpec{ReadyAfter: time.Second, StopAfter: time.Second, Task: sim.TaskSpec{
				NetworkMode: sim.NetworkBridge, Placement: spread,
			}},
		},
	}, c.Workloads)
	require.Equal(t, sim.Create{Pod: "lone", Spec: sim.PodSpec{}}, c.Steps[0].Action)
}

// TestECSLanguage says everything once that ECS has of its own.
func TestECSLanguage(t *testing.T) {
	more := strings.Replace(baseECS, "c5.large}]", "c5.large}, {name: more, instanceType: my.large, awsvpcTrunking: true}]", 1)
	c := config(t, more+`
instanceTypes: {my.large: {maxENIs: 4, ipv4PerENI: 10, ecsTasksTrunking: 33}}
workloads:
  - name: web
    kind: service
    networkMode: awsvpc
    subnets: [tasks, a]
    securityGroups: [s1, s2]
    placement: [{type: spread, field: "attribute:ecs.availability-zone"}, {type: spread, field: host}, {type: binpack, field: MEMORY}, binpack, random]
    strategy: {minimumHealthyPercent: 50, maximumPercent: 150}
    runFor: 1m
steps:
  - {create: {pod: lone, node: instances-0, networkMode: awsvpc, subnets: [tasks], securityGroups: [s3]}}
  - {drain: {node: instances-0}}
  - {uncordon: {node: instances-0}}
`, Options{})
	requireCanonical(t, c)
	require.True(t, c.NodeGroups[1].AWSVPCTrunking)
	limit, trunk := c.NodeGroups[1].Type.TaskENIs(true)
	require.Equal(t, 33, limit)
	require.True(t, trunk)
	w := c.Workloads[0]
	require.Equal(t, [2]int{50, 150}, [2]int{w.MinimumHealthyPercent, w.MaximumPercent})
	require.Equal(t, time.Minute, w.Pod.RunFor)
	require.Equal(t, sim.TaskSpec{
		NetworkMode: sim.NetworkAWSVPC, Subnets: []model.SubnetID{"tasks", "a"}, SecurityGroups: []model.SecurityGroup{"s1", "s2"},
		Placement: []sim.Placement{
			{Type: sim.PlaceSpread, Field: sim.FieldZone}, {Type: sim.PlaceSpread, Field: sim.FieldInstance},
			{Type: sim.PlaceBinpack, Field: sim.FieldMemory}, {Type: sim.PlaceBinpack, Field: sim.FieldMemory}, {Type: sim.PlaceRandom},
		},
	}, w.Pod.Task)
	require.Equal(t, sim.Create{Pod: "lone", Spec: sim.PodSpec{Node: "instances-0", Task: sim.TaskSpec{
		NetworkMode: sim.NetworkAWSVPC, Subnets: []model.SubnetID{"tasks"}, SecurityGroups: []model.SecurityGroup{"s3"},
	}}}, c.Steps[0].Action)
}

// TestECSNotes: a type without trunking is told of.
func TestECSNotes(t *testing.T) {
	c := config(t, baseECS, Options{Set: []string{"nodeGroups.instances.instanceType=t3.small", "nodeGroups.instances.awsvpcTrunking=true"}})
	require.Equal(t, []string{"nodeGroups[0].awsvpcTrunking: ECS does not list t3.small for ENI trunking; its instances take 2 tasks in awsvpc mode, as without"}, c.Notes)
	c = config(t, baseECS, Options{Set: []string{"nodeGroups.instances.awsvpcTrunking=true"}})
	require.Empty(t, c.Notes)
}

// TestECSOverrideOfENIs: a type that is given more ENIs takes more tasks.
func TestECSOverrideOfENIs(t *testing.T) {
	c := config(t, baseECS, Options{Set: []string{"instanceTypes={c5.large: {maxENIs: 5}}"}})
	limit, _ := c.NodeGroups[0].Type.TaskENIs(false)
	require.Equal(t, 4, limit)
}

// TestECSCanonicalForm: it loads again, and means the same run.
func TestECSCanonicalForm(t *testing.T) {
	for _, e := range Library() {
		s, err := e.Load(Options{})
		require.NoError(t, err)
		if s.Platform != PlatformECS {
			continue
		}
		requireCanonical(t, s.Config())
	}
}

// TestEnvIsNoECSThing: --env sets variables of aws-node.
func TestEnvIsNoECSThing(t *testing.T) {
	_, err := Load("test.yaml", []byte(baseECS), Options{Env: []string{"WARM_IP_TARGET=5"}})
	require.ErrorContains(t, err, "cni: is Kubernetes' and has no meaning with platform ecs")
}
