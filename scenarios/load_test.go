package scenarios

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
)

// base is as little as a scenario needs, and a node group.
const base = `vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, cidr: 10.0.0.0/24}, {name: b, cidr: 10.0.1.0/24}]
nodeGroups: [{name: workers, instanceType: m5.large}]
`

func load(t *testing.T, text string, o Options) (*Scenario, error) {
	t.Helper()
	return Load("test.yaml", []byte(text), o)
}

func config(t *testing.T, text string, o Options) sim.Config {
	t.Helper()
	s, err := load(t, text, o)
	require.NoError(t, err)
	return s.Config()
}

func constant(length time.Duration) sim.Range { return sim.Range{Min: length, Max: length} }

// Every default of the language, by the numbers.
func TestDefaults(t *testing.T) {
	c := config(t, base+`
workloads: [{name: web}, {name: each, kind: DaemonSet}, {name: set, kind: StatefulSet}]
steps:
  - {create: {pod: lone}}
  - {delete: {workload: web}}
  - {addNodes: {group: workers}}
  - {restartAgent: {node: workers-0}}
`, Options{})
	require.Equal(t, "test", c.Name)
	require.Equal(t, uint64(1), c.Seed)
	require.Zero(t, c.Duration)
	require.Empty(t, c.Notes)
	require.Equal(t, "us-west-2a", c.Subnets[0].Zone)
	require.Equal(t, sim.ClusterConfig{Name: "cluster", SystemPods: 2}, c.Cluster)
	require.Equal(t, model.DefaultVersion, c.CNI.Version)
	require.Equal(t, model.DaemonSetEnv(), c.CNI.Env)
	require.Equal(t, sim.EC2Config{
		Order: sim.OrderRandom,
		Latency: map[sim.Action]sim.Range{
			sim.CreateNetworkInterface:          constant(time.Second),
			sim.AttachNetworkInterface:          constant(3 * time.Second),
			sim.ModifyNetworkInterfaceAttribute: constant(200 * time.Millisecond),
			sim.AssignPrivateIpAddresses:        constant(500 * time.Millisecond),
			sim.UnassignPrivateIpAddresses:      constant(500 * time.Millisecond),
			sim.AssignIpv6Addresses:             constant(500 * time.Millisecond),
			sim.AssociateTrunkInterface:         constant(500 * time.Millisecond),
			sim.DisassociateTrunkInterface:      constant(500 * time.Millisecond),
			sim.DetachNetworkInterface:          constant(time.Second),
			sim.DeleteNetworkInterface:          constant(500 * time.Millisecond),
			sim.DescribeInstances:               constant(100 * time.Millisecond),
			sim.DescribeNetworkInterfaces:       constant(100 * time.Millisecond),
		},
		Refused:             constant(200 * time.Millisecond),
		DetachPause:         2 * time.Second,
		Throttling:          true,
		BranchLimit:         true,
		Quotas:              sim.Quotas{ENIs: 5000, Units: 64000},
		ReservationFallback: true,
	}, c.EC2)
	require.Equal(t, sim.AgentConfig{
		Order:   sim.OrderRandom,
		Restart: 5 * time.Second,
		Exit:    sim.Backoff{Min: 10 * time.Second, Max: 5 * time.Minute},
	}, c.Agent)
	require.Equal(t, sim.SchedulerConfig{Strategy: sim.StrategyKube}, c.Scheduler)
	require.Equal(t, sim.ControllerConfig{TrunkDelay: 8 * time.Second, BranchDelay: time.Second}, c.Controller)
	require.Empty(t, c.CNI.BranchCooldown)
	require.Equal(t, sim.KubeletConfig{Retry: sim.Range{Min: 10 * time.Second, Max: 15 * time.Second}}, c.Kubelet)

	g := c.NodeGroups[0]
	require.Equal(t, 1, g.Count)
	require.Equal(t, []model.SubnetID{"a", "b"}, g.Subnets)
	require.Equal(t, 29, g.MaxPods)
	require.Equal(t, []model.SecurityGroup{"workers"}, g.SecurityGroups)
	require.Zero(t, g.Every)
	require.Zero(t, g.AgentStart)
	require.Equal(t, 45*time.Second, g.AgentStartLater)
	require.Equal(t, 1930, g.CPUMilli)                // 2000 − 60 − 10
	require.Equal(t, 8192-29*11-255-100, g.MemoryMiB) // kube-reserved and eviction

	quarter := sim.IntOrPercent{Value: 25, Percent: true}
	require.Equal(t, sim.Workload{
		Name: "web", Kind: sim.Deployment, Replicas: 1, MaxSurge: quarter, MaxUnavailable: quarter,
		Pod: sim.PodSpec{Namespace: "default", ServiceAccount: "default", ReadyAfter: time.Second, StopAfter: time.Second},
	}, c.Workloads[0])
	for _, w := range c.Workloads[1:] {
		require.Zero(t, w.MaxSurge, w.Name)
		require.Equal(t, sim.IntOrPercent{Value: 1}, w.MaxUnavailable, w.Name)
	}
	require.Zero(t, c.Workloads[1].Replicas)

	require.Equal(t, sim.Limits{Events: 20_000_000, Pods: 500_000, Nodes: 20_000, LogBytes: 8 << 30}, c.Limits)
	require.Equal(t, []sim.Step{
		{Action: sim.Create{Pod: "lone"}},
		{Action: sim.Delete{Workload: "web", Count: 1}},
		{Action: sim.AddNodes{Group: "workers", Count: 1}},
		{Action: sim.RestartAgent{Node: "workers-0", Gap: 5 * time.Second}},
	}, c.Steps)
}

func TestWithoutLatencyEverythingHappensAtOnce(t *testing.T) {
	text := base + "workloads: [{name: web}]\nsteps: [{restartAgent: {node: workers-0}}]\nec2: {latency: none}\n"
	c := config(t, text, Options{})
	require.Empty(t, c.EC2.Latency)
	require.Zero(t, c.EC2.Refused)
	require.Zero(t, c.EC2.DetachPause)
	require.Zero(t, c.Agent.Restart)
	require.Zero(t, c.Controller)
	require.Zero(t, c.NodeGroups[0].AgentStartLater)
	require.Zero(t, c.Workloads[0].Pod.ReadyAfter)
	require.Zero(t, c.Workloads[0].Pod.StopAfter)
	require.Equal(t, sim.RestartAgent{Node: "workers-0"}, c.Steps[0].Action)
	// A retry of 0 would never let time pass.
	require.Equal(t, sim.Range{Min: 10 * time.Second, Max: 15 * time.Second}, c.Kubelet.Retry)

	// What the scenario says itself holds all the same.
	c = config(t, text+"agent: {restart: 7s}\n", Options{Set: []string{"workloads.web.readyAfter=3s", "nodeGroups.workers.agentStart=1s"}})
	require.Equal(t, 7*time.Second, c.Agent.Restart)
	require.Equal(t, sim.RestartAgent{Node: "workers-0", Gap: 7 * time.Second}, c.Steps[0].Action)
	require.Equal(t, 3*time.Second, c.Workloads[0].Pod.ReadyAfter)
	require.Equal(t, time.Second, c.NodeGroups[0].AgentStart)
	require.Equal(t, time.Second, c.NodeGroups[0].AgentStartLater)
}

// Everything that the language can say, once.
func TestWholeLanguage(t *testing.T) {
	c := config(t, `
name: whole
summary: Everything once
platform: eks
seed: 18446744073709551615
duration: 9600h
limits: {events: 10, pods: 100, nodes: 20, logSize: 1Gi}
vpc:
  cidrs: [10.0.0.0/16, 100.64.0.0/16]
  subnets:
    - name: Private A
      zone: eu-west-1b
      cidr: 10.0.0.0/24
      inUse: {count: 20, placement: packed, addresses: [10.0.0.9]}
      reservations: [{cidr: 10.0.0.64/26, type: prefix}, {cidr: 10.0.0.128/28, type: explicit}]
    - {name: pods, cidr: 100.64.0.0/24}
cluster: {name: prod, ipFamily: ipv4, systemPods: 3, controlPlaneENIs: 4}
cni:
  version: v1.23.1
  env: {WARM_IP_TARGET: 5, WARM_ENI_TARGET: null, AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: true, AWS_VPC_ENI_MTU: 1500}
  eniConfigs: [{name: eu-west-1b, subnet: pods, securityGroups: [pods]}]
  branchCooldown: 40
ec2: {addressOrder: random, latency: {AssociateTrunkInterface: 9ms, CreateNetworkInterface: {min: 1s, max: 2s}, refused: 1ms}, throttling: false, reservationFallback: false}
agent: {order: random, restart: 1s, exitBackoff: never}
scheduler: {strategy: binpack, delay: 20ms}
kubelet: {retry: never, start: 30ms}
controller: {trunkDelay: 3s, branchDelay: 250ms}
instanceTypes: {my.type: {maxENIs: 4, ipv4PerENI: 8, vcpu: 4, memoryMiB: 16384, branchENIs: 9}, m5.large: {maxENIs: 2}}
nodeGroups:
  - name: workers
    instanceType: my.type
    count: 2
    subnets: [Private A]
    maxPods: 17
    labels: {tier: "1"}
    annotations: {k8s.amazonaws.com/eniConfig: eu-west-1b}
    taints: [{key: dedicated, value: db, effect: NoSchedule}]
    securityGroups: [one, two]
    every: 5s
    agentStart: 3s
    reservedENIs: 1
    os: linux
  - {name: other, instanceType: m5.large, count: 0}
workloads:
  - name: web
    kind: Job
    replicas: 5
    at: 10s
    requests: {cpu: 0.25, memory: 1Gi}
    hostNetwork: true
    namespace: shop
    labels: {app: web}
    serviceAccount: web
    annotations: {a: b}
    nodeSelector: {tier: "1"}
    tolerations: [{key: dedicated, value: db, effect: NoSchedule}, {operator: Exists}]
    node: other-1
    strategy: {maxSurge: 2, maxUnavailable: 10%}
    completions: 9
    runFor: 1m
    readyAfter: 2s
    stopAfter: 30s
  - name: db
    requests: {vpc.amazonaws.com/pod-eni: 1}
    securityGroups: [db]
    namespace: shop
    serviceAccount: db
    serviceAccountLabels: {team: data}
securityGroupPolicies:
  - {name: web, namespace: shop, podSelector: {matchLabels: {app: web}, matchExpressions: [{key: x, operator: DoesNotExist}]}, securityGroups: [web]}
  - {name: data, namespace: shop, serviceAccountSelector: {matchLabels: {team: data}}, securityGroups: [db, audit]}
steps:
  - {at: 1s, over: 2s, scale: {workload: web, replicas: 7}}
  - {rollout: {workload: web}}
  - {create: {pod: lone, node: workers-1, workload: web, requests: {cpu: 1, memory: 1Mi}, labels: {x: y}}}
  - {delete: {pod: web-3}}
  - {delete: {pod: lone}}
  - {delete: {workload: web, count: 2}}
  - {setEnv: {WARM_IP_TARGET: null, MINIMUM_IP_TARGET: 3}}
  - {addNodes: {group: other, count: 2}}
  - {cordon: {node: workers-0}}
  - {uncordon: {node: workers-0}}
  - {drain: {node: workers-0}}
  - {terminate: {node: other-1}}
  - {restartAgent: {node: workers-1, gap: 9s, env: {MAX_ENI: 2}}}
  - {setBranchCooldown: {seconds: 30}}
  - {setBranchCooldown: {seconds: ""}}
  - {setWindows: {windows-warm-ip-target: 3, warm-ip-target: null}}
  - {restartController: {}}
  - {create: {pod: branched, node: workers-1, securityGroups: [one]}}
  - {churn: {workload: web, perMinute: 6, lifetime: {min: 1s, max: 2s}, for: 1m}}
  - {delete: {pod: web-churn-4}}
`, Options{})
	env := model.DaemonSetEnv()
	delete(env, "WARM_ENI_TARGET")
	env["WARM_IP_TARGET"], env["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"], env["AWS_VPC_ENI_MTU"] = "5", "true", "1500"
	require.Equal(t, env, c.CNI.Env)
	require.Equal(t, []string{
		"cni.env.AWS_VPC_ENI_MTU: has no bearing on addresses, and changes nothing here",
		"cni.env.ENABLE_POD_ENI is off: pods with security groups find no node that offers a branch ENI",
		"steps[15].setWindows: there are no Windows nodes",
		"workloads[0].annotations: have no bearing on addresses, and change nothing here",
	}, c.Notes)
	require.Equal(t, uint64(18446744073709551615), c.Seed)
	require.Equal(t, 400*24*time.Hour, c.Duration)
	require.Equal(t, sim.Limits{Events: 10, Pods: 100, Nodes: 20, LogBytes: 1 << 30}, c.Limits)
	require.Equal(t, sim.ClusterConfig{Name: "prod", SystemPods: 3, ControlPlaneENIs: 4}, c.Cluster)
	require.Equal(t, 20, c.Subnets[0].InUseCount)
	require.True(t, c.Subnets[0].InUsePacked)
	require.Len(t, c.Subnets[0].InUse, 1)
	require.Len(t, c.Subnets[0].Reservations, 2)
	require.Equal(t, []sim.ENIConfig{{Name: "eu-west-1b", Subnet: "pods", SecurityGroups: []model.SecurityGroup{"pods"}}}, c.CNI.ENIConfigs)
	require.Equal(t, sim.Range{Min: time.Second, Max: 2 * time.Second}, c.EC2.Latency[sim.CreateNetworkInterface])
	require.Equal(t, constant(3*time.Second), c.EC2.Latency[sim.AttachNetworkInterface], "the others keep their default")
	require.Equal(t, constant(time.Millisecond), c.EC2.Refused)
	require.False(t, c.EC2.ReservationFallback)
	require.Equal(t, "40", c.CNI.BranchCooldown)
	require.Equal(t, constant(9*time.Millisecond), c.EC2.Latency[sim.AssociateTrunkInterface])
	require.Equal(t, sim.ControllerConfig{TrunkDelay: 3 * time.Second, BranchDelay: 250 * time.Millisecond}, c.Controller)
	require.Equal(t, []model.SecurityGroup{"db", "audit"}, c.Workloads[1].Pod.BranchGroups)
	require.True(t, c.Workloads[1].Pod.PodENI)
	require.True(t, c.Agent.Exit.Never)
	require.True(t, c.Kubelet.NeverRetry)
	require.Equal(t, 30*time.Millisecond, c.Kubelet.Start)
	require.Equal(t, sim.SchedulerConfig{Strategy: sim.StrategyBinpack, Delay: 20 * time.Millisecond}, c.Scheduler)

	g := c.NodeGroups[0]
	require.Equal(t, model.InstanceType{
		Name: "my.type", VCPU: 4, MemoryMiB: 16384, MaxENIs: 4, IPv4PerENI: 8,
		NetworkCards: 1, MaxENIsAllCards: 4, BranchENIs: 9, Hypervisor: "nitro",
	}, g.Type)
	require.Equal(t, 17, g.MaxPods)
	require.Equal(t, 3*time.Second, g.AgentStart)
	require.Equal(t, []sim.Taint{{Key: "dedicated", Value: "db", Effect: "NoSchedule"}}, g.Taints)
	require.Equal(t, 2, c.NodeGroups[1].Type.MaxENIs)
	require.Equal(t, 2, c.NodeGroups[1].Type.MaxENIsAllCards)
	require.Equal(t, 10, c.NodeGroups[1].Type.IPv4PerENI, "what is not overridden stays")
	require.Equal(t, 2*9+2, c.NodeGroups[1].MaxPods)

	require.Equal(t, sim.Workload{
		Name: "web", Kind: sim.Job, At: 10 * time.Second, Replicas: 5, Completions: 9,
		MaxSurge: sim.IntOrPercent{Value: 2}, MaxUnavailable: sim.IntOrPercent{Value: 10, Percent: true},
		Pod: sim.PodSpec{
			Namespace: "shop", Labels: map[string]string{"app": "web"}, ServiceAccount: "web",
			Annotations: map[string]string{"a": "b"}, NodeSelector: map[string]string{"tier": "1"},
			Tolerations: []sim.Toleration{{Key: "dedicated", Operator: "Equal", Value: "db", Effect: "NoSchedule"}, {Operator: "Exists"}},
			CPUMilli:    250, MemoryMiB: 1024, HostNetwork: true, Node: "other-1",
			ReadyAfter: 2 * time.Second, StopAfter: 30 * time.Second, RunFor: time.Minute,
		},
	}, c.Workloads[0])

	three := "3"
	two := "2"
	require.Equal(t, []sim.Step{
		{At: time.Second, Over: 2 * time.Second, Action: sim.Scale{Workload: "web", Replicas: 7}},
		{Action: sim.Rollout{Workload: "web"}},
		{Action: sim.Create{Pod: "lone", Workload: "web", Spec: sim.PodSpec{Labels: map[string]string{"x": "y"}, CPUMilli: 1000, MemoryMiB: 1, Node: "workers-1"}}},
		{Action: sim.Delete{Pod: "web-3"}},
		{Action: sim.Delete{Pod: "lone"}},
		{Action: sim.Delete{Workload: "web", Count: 2}},
		{Action: sim.SetEnv{Env: map[string]*string{"WARM_IP_TARGET": nil, "MINIMUM_IP_TARGET": &three}}},
		{Action: sim.AddNodes{Group: "other", Count: 2}},
		{Action: sim.Cordon{Node: "workers-0"}},
		{Action: sim.Uncordon{Node: "workers-0"}},
		{Action: sim.Drain{Node: "workers-0"}},
		{Action: sim.Terminate{Node: "other-1"}},
		{Action: sim.RestartAgent{Node: "workers-1", Gap: 9 * time.Second, Env: map[string]*string{"MAX_ENI": &two}}},
		{Action: sim.SetBranchCooldown{Seconds: "30"}},
		{Action: sim.SetBranchCooldown{}},
		{Action: sim.SetWindows{Keys: map[string]*string{"windows-warm-ip-target": &three, "warm-ip-target": nil}}},
		{Action: sim.RestartController{}},
		{Action: sim.Create{Pod: "branched", Spec: sim.PodSpec{Node: "workers-1", BranchGroups: []model.SecurityGroup{"one"}}}},
		{Action: sim.Churn{Workload: "web", PerMinute: 6, Lifetime: sim.Range{Min: time.Second, Max: 2 * time.Second}, For: time.Minute}},
		{Action: sim.Delete{Pod: "web-churn-4"}},
	}, c.Steps)
	requireCanonical(t, c)
}

// requireCanonical checks that the canonical form is a scenario that means the
// same run.
func requireCanonical(t *testing.T, c sim.Config) {
	t.Helper()
	again, err := Load("canonical.json", c.Scenario, Options{})
	require.NoError(t, err)
	require.Equal(t, string(c.Scenario), string(again.Config().Scenario))
	require.Equal(t, c.Digest, again.Config().Digest)
	a, err := json.Marshal(c)
	require.NoError(t, err)
	b, err := json.Marshal(again.Config())
	require.NoError(t, err)
	require.JSONEq(t, string(a), string(b))
}

// The canonical form is read by others and hashed: a change of it is a change
// of every digest, and must be meant.
func TestCanonicalFormIsStable(t *testing.T) {
	e, ok := Find("default-secondary-ip")
	require.True(t, ok)
	s, err := e.Load(Options{})
	require.NoError(t, err)
	const golden = "testdata/resolved/default-secondary-ip.json"
	if *update {
		require.NoError(t, os.WriteFile(golden, append(s.Config().Scenario, '\n'), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), string(s.Config().Scenario)+"\n")
	requireCanonical(t, s.Config())
}

func TestDigestFollowsTheMeaningOnly(t *testing.T) {
	one := config(t, base+"seed: 7\nagent: {order: ordered}\n", Options{})
	same := config(t, "agent:\n  order: ordered # as in books\nseed: 7\n"+base+"kubelet: {retry: {min: 10s, max: 15000ms}}\n", Options{})
	require.Equal(t, one.Digest, same.Digest)
	require.Len(t, one.Digest, 16)
	seed := uint64(8)
	require.NotEqual(t, one.Digest, config(t, base+"seed: 7\nagent: {order: ordered}\n", Options{Seed: &seed}).Digest)
}

func TestJSONIsRead(t *testing.T) {
	text := "{\n\t\"vpc\": {\"cidrs\": [\"10.0.0.0/16\"],\n\t\t\"subnets\": [{\"name\": \"a\", \"cidr\": \"10.0.0.0/24\"}]},\n\t\"seed\": 3\n}\n"
	require.Equal(t, uint64(3), config(t, text, Options{}).Seed)
}

func TestNullIsLeftOut(t *testing.T) {
	c := config(t, base+"seed:\nagent: ~\nworkloads: null\n", Options{})
	require.Equal(t, uint64(1), c.Seed)
	require.Empty(t, c.Workloads)
}

func TestAnchorsAndMergeKeys(t *testing.T) {
	c := config(t, `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
nodeGroups:
  - &group {name: one, instanceType: m5.large, count: 2}
  - {<<: *group, name: two}
  - {name: three, count: 3, <<: [*group, {count: 9, every: 1s}]}
`, Options{Set: []string{"nodeGroups.two.instanceType=c5.xlarge"}})
	require.Equal(t, []int{2, 2, 3}, []int{c.NodeGroups[0].Count, c.NodeGroups[1].Count, c.NodeGroups[2].Count})
	require.Equal(t, time.Second, c.NodeGroups[2].Every)
	require.Equal(t, "m5.large", c.NodeGroups[0].Type.Name, "an option changes one place only")
	require.Equal(t, "c5.xlarge", c.NodeGroups[1].Type.Name)
}

func TestOptionsReplaceSeedAndDuration(t *testing.T) {
	seed, until := uint64(42), 90*time.Second
	c := config(t, base+"seed: 7\nduration: 1h\n", Options{Seed: &seed, Until: &until})
	require.Equal(t, seed, c.Seed)
	require.Equal(t, until, c.Duration)

	for _, bad := range []time.Duration{0, -time.Second, time.Microsecond, 9601 * time.Hour} {
		_, err := load(t, base, Options{Until: &bad})
		require.ErrorContains(t, err, "--until "+bad.String()+": must ")
	}
}

func TestNameComesFromTheFile(t *testing.T) {
	for file, want := range map[string]string{
		"dir/My-Case.yaml": "my-case", "a.json": "a", "-": "scenario", "x y.yml": "scenario", `C:\in\b.yml`: "b",
	} {
		s, err := Load(file, []byte(base), Options{})
		require.NoError(t, err)
		require.Equal(t, want, s.Name)
	}
}

func TestNodesThatJoinLaterCanBeNamed(t *testing.T) {
	text := base + "steps: [{at: 1m, addNodes: {group: workers, count: 2}}, {at: 5m, drain: {node: workers-%}}]\n"
	_, err := load(t, strings.Replace(text, "%", "2", 1), Options{})
	require.NoError(t, err)
	_, err = load(t, strings.Replace(text, "%", "3", 1), Options{})
	require.ErrorContains(t, err, "the last of workers is workers-2")
	for _, bad := range []string{"02", "-1", "", "99999999999999999999"} {
		_, err = load(t, strings.Replace(text, "%", bad, 1), Options{})
		require.ErrorContains(t, err, "there is no node", bad)
	}
}

func TestInUseFillsASubnetToTheLast(t *testing.T) {
	for _, test := range []struct {
		inUse string
		eni   string
		ok    bool
	}{
		{"{count: 11}", "0", true},
		{"{count: 12}", "0", false},
		{"{count: 10, addresses: [10.0.0.4]}", "0", true},
		{"{count: 11, addresses: [10.0.0.4]}", "0", false},
		{"{count: 10}", "1", true},
		{"{count: 11}", "1", false},
	} {
		_, err := load(t, "vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/28, inUse: "+test.inUse+"}]}\ncluster: {controlPlaneENIs: "+test.eni+"}\n", Options{})
		require.Equal(t, test.ok, err == nil, "%s with %s control-plane ENIs: %v", test.inUse, test.eni, err)
	}
}

func TestNotesTellWhatWasIgnored(t *testing.T) {
	c := config(t, base+`
duration: 1m
cni: {env: {MAX_ENI: lots, ENABLE_PREFIX_DELEGATION: true, WARM_PREFIX_TARGET: 0}}
instanceTypes: {my.type: {maxENIs: 2, ipv4PerENI: 4}}
steps: [{at: 1m, rollout: {workload: web}}, {at: 61s, rollout: {workload: web}}]
workloads: [{name: web}]
`, Options{Set: []string{"nodeGroups.1={name: mine, instanceType: my.type}", "nodeGroups.2={name: old, instanceType: m4.large}"}})
	notes := strings.Join(c.Notes, "\n")
	require.Contains(t, notes, "cni.env.MAX_ENI")
	require.Contains(t, notes, "a real aws-node would not start")
	require.Contains(t, notes, "nodeGroups[1]: the vCPUs of my.type are unknown")
	require.Contains(t, notes, "nodeGroups[1]: the memory of my.type is unknown")
	require.Contains(t, notes, "nodeGroups[2]: ENABLE_PREFIX_DELEGATION: m4.large")
	require.Contains(t, notes, "steps[1]: at 1m1s is after the end")
	require.NotContains(t, notes, "steps[0]", "what happens at the end happens")
}

func TestErrorsSayWhere(t *testing.T) {
	_, err := load(t, "naem: x\n"+base, Options{})
	var all Errors
	require.ErrorAs(t, err, &all)
	require.Equal(t, Errors{{
		File: "test.yaml", Line: 1, Column: 1, Path: "naem",
		Message: "unknown field (did you mean name?)",
		Excerpt: "naem: x\n^",
	}}, all)
	require.Equal(t, "test.yaml:1:1: naem: unknown field (did you mean name?)", all[0].Error())
}

func TestMistakesAreBounded(t *testing.T) {
	_, err := load(t, base+"steps:\n"+strings.Repeat("  - {scale: {workload: nobody, replicas: -1}}\n", 5000), Options{})
	var all Errors
	require.ErrorAs(t, err, &all)
	require.Len(t, all, maxErrors+1)
	require.Equal(t, "and 9900 more mistakes", all[maxErrors].Message)
}

func TestTraces(t *testing.T) {
	files := map[string]string{
		"dir/t.csv":     "pod,createSeconds,deleteSeconds,cpuMilli,memMiB,node\nb,20,50,100,200,\na,20,,0,0,workers-0\nz,10.5,10.5,1,1,\n",
		"dir/few.csv":   "deleteSeconds,pod,createSeconds\n5,p,3\n",
		"dir/bad.csv":   "pod,createSeconds,deleteSeconds,cpuMilli,memMiB,node\nb,x,50,100,200,\nb,5,4,-1,200,nowhere-0\nc,1\nB,1,2,,,\nok,1,2,,,\nok,1,2,,,\nweb-0,1,2,,,\n",
		"dir/empty.csv": "",
		"dir/head.csv":  "pod,created\n",
		"dir/part.csv":  "pod,createSeconds\n",
		"dir/blank.csv": "\npod,createSeconds\n",
		"dir/bin.csv":   "\x1b[2J\xff\n",
		"dir/wide.csv":  strings.Repeat("x", 60_000) + "\n",
		"dir/long.csv":  strings.Repeat("x", 70_000) + "\n",
		"dir/esc.csv":   "pod,createSeconds,deleteSeconds\n\x1b[2J,1,2\n",
	}
	read := func(path string) ([]byte, error) {
		text, ok := files[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
	replay := func(what string) (*Scenario, error) {
		return Load("dir/s.yaml", []byte(base+"workloads: [{name: web}]\nsteps: [{at: 1m, replay: "+what+"}]\n"), Options{ReadFile: read})
	}
	s, err := replay("{trace: t.csv, speed: 2}")
	require.NoError(t, err)
	spec := sim.PodSpec{ReadyAfter: time.Second, StopAfter: time.Second}
	z, a, b := spec, spec, spec
	z.CPUMilli, z.MemoryMiB = 1, 1
	a.Node = "workers-0"
	b.CPUMilli, b.MemoryMiB = 100, 200
	require.Equal(t, sim.Replay{Pods: []sim.TracePod{
		{Pod: "z", CreateAt: 5250 * time.Millisecond, DeleteAt: 5250 * time.Millisecond, Spec: z},
		{Pod: "a", CreateAt: 10 * time.Second, Stays: true, Spec: a},
		{Pod: "b", CreateAt: 10 * time.Second, DeleteAt: 25 * time.Second, Spec: b},
	}}, s.Config().Steps[0].Action)

	digest := s.Config().Digest
	files["dir/t.csv"] += "y,1,2,0,0,\n"
	s, err = replay("{trace: t.csv, speed: 2}")
	require.NoError(t, err)
	require.NotEqual(t, digest, s.Config().Digest, "the trace is part of the scenario")

	s, err = replay("{trace: few.csv, speed: 0.5}")
	require.NoError(t, err)
	require.Equal(t, 6*time.Second, s.Config().Steps[0].Action.(sim.Replay).Pods[0].CreateAt)

	_, err = replay("{trace: bad.csv}")
	require.Equal(t, strings.TrimSpace(`
dir/s.yaml:6:34: steps[0].replay.trace: the trace has a pod web-0, and workload web names its own pods so
dir/bad.csv:2:1: createSeconds: "x" is no number of seconds
dir/bad.csv:3:1: cpuMilli: "-1" is no whole number from 0 to 1000000000
dir/bad.csv:3:1: deleteSeconds: "4" is before createSeconds
dir/bad.csv:3:1: node: "nowhere-0" is no node of the scenario; nodes are called GROUP-N
dir/bad.csv:4:1: 2 columns, not 6
dir/bad.csv:5:1: pod: "B" is no name of a pod
dir/bad.csv:7:1: pod: "ok" is in line 6 already`), withoutExcerpts(err))

	for name, want := range map[string]string{
		"empty.csv": "dir/empty.csv:1:1: the trace is empty",
		"head.csv":  "dir/head.csv:1:1: created: unknown column",
		"part.csv":  "dir/part.csv:1:1: deleteSeconds: the column is required",
		"blank.csv": "dir/blank.csv:1:1: a column without a name",
		"bin.csv":   "dir/bin.csv:1:1: the trace is no CSV file: its first line is not text\n    \ufffd[2J\ufffd\n    ^",
		"wide.csv":  "dir/wide.csv:1:1: " + strings.Repeat("x", 60) + "…: unknown column\n    " + strings.Repeat("x", 60) + "…\n    ^",
		"long.csv":  "dir/long.csv:1:1: the line has more than 64 KiB",
		"esc.csv":   "dir/esc.csv:2:1: pod: \"\\x1b[2J\" is no name of a pod\n    \ufffd[2J,1,2\n    ^",
		"none.csv":  "steps[0].replay.trace: open dir/none.csv: file does not exist",
	} {
		_, err = replay("{trace: " + name + "}")
		require.ErrorContains(t, err, want)
	}
	_, err = Load("s.yaml", []byte(base+"steps: [{replay: {trace: x}}]\n"), Options{})
	require.ErrorContains(t, err, "no files can be read here")
}

// The copy of a scenario of the library finds the library's trace, and the file
// of that name where there is one.
func TestTraceOfTheLibrary(t *testing.T) {
	entry, ok := Find("trace-of-a-real-cluster")
	require.True(t, ok)
	text := entry.Data()
	want, err := entry.Load(Options{})
	require.NoError(t, err)

	copied, err := Load("mine.yaml", text, Options{ReadFile: noFiles})
	require.NoError(t, err)
	require.Equal(t, want.Config().Digest, copied.Config().Digest)

	own, err := Load("mine.yaml", text, Options{ReadFile: func(path string) ([]byte, error) {
		require.Equal(t, "traces/openb-2023.csv.gz", path)
		return []byte("pod,createSeconds,deleteSeconds\na,1,2\n"), nil
	}})
	require.NoError(t, err)
	require.NotEqual(t, want.Config().Digest, own.Config().Digest)

	for _, name := range []string{"traces/openb-2024.csv.gz", "openb-2023.csv.gz", "traces/../default-secondary-ip.yaml", "/traces/openb-2023.csv.gz", "traces"} {
		_, err := Load("mine.yaml", []byte(strings.ReplaceAll(string(text), "traces/openb-2023.csv.gz", name)), Options{ReadFile: noFiles})
		require.ErrorContains(t, err, "steps[0].replay.trace: open ", name)
	}
}

// What a trace unpacks to is bounded, not only what it takes on disk.
func TestAPackedTraceIsBounded(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(make([]byte, 1<<20))
	require.NoError(t, err)
	require.NoError(t, w.Close())

	data, err := unpack(packed.Bytes(), 1<<20)
	require.NoError(t, err)
	require.Len(t, data, 1<<20)
	_, err = unpack(packed.Bytes(), 1<<20-1)
	require.EqualError(t, err, "the trace has more than 0 MiB, unpacked")
}

func withoutExcerpts(err error) string {
	var lines []string
	for _, e := range err.(Errors) {
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "\n")
}

func TestLimitsAreReachedBeforeTheyArePassed(t *testing.T) {
	const text = base + "workloads: [{name: web}]\nsteps: [{addNodes: {group: workers, count: 5}}]\nlimits: {nodes: 20, pods: 10}\n"
	for set, ok := range map[string]bool{
		"nodeGroups.workers.count=15":                       true,
		"nodeGroups.workers.count=16":                       false,
		"nodeGroups.workers.count=21":                       false,
		"workloads.web.replicas=10":                         true,
		"workloads.web.replicas=11":                         false,
		"steps.1={scale: {workload: web, replicas: 10}}":    true,
		"steps.1={scale: {workload: web, replicas: 11}}":    false,
		"workloads.1={name: j, kind: Job, completions: 10}": true,
		"workloads.1={name: j, kind: Job, completions: 11}": false,
	} {
		_, err := load(t, text, Options{Set: []string{set}})
		require.Equal(t, ok, err == nil, "%s: %v", set, err)
	}
}
