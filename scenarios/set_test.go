package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/sim"
)

const forSet = `
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: private-a, cidr: 10.0.0.0/24}, {name: with.dot, cidr: 10.0.1.0/24}]
nodeGroups:
  - {name: workers, instanceType: m5.large, count: 1, labels: {a.b/c: old}}
  - {name: spare, instanceType: m5.large, count: 0}
workloads: [{name: web, replicas: 10}]
steps:
  - {at: 1m, scale: {workload: web, replicas: 40}}
`

func TestSet(t *testing.T) {
	tests := []struct {
		set   string
		check func(*testing.T, sim.Config)
	}{
		{"nodeGroups.workers.count=3", func(t *testing.T, c sim.Config) { require.Equal(t, 3, c.NodeGroups[0].Count) }},
		{"nodeGroups.1.count=3", func(t *testing.T, c sim.Config) { require.Equal(t, 3, c.NodeGroups[1].Count) }},
		{"nodeGroups[1].count=3", func(t *testing.T, c sim.Config) { require.Equal(t, 3, c.NodeGroups[1].Count) }},
		{"vpc.subnets.private-a.cidr=10.0.8.0/24", func(t *testing.T, c sim.Config) { require.Equal(t, "10.0.8.0/24", c.Subnets[0].CIDR.String()) }},
		{"vpc.subnets.with.dot.zone=us-west-2c", func(t *testing.T, c sim.Config) { require.Equal(t, "us-west-2c", c.Subnets[1].Zone) }},
		{"vpc.subnets.private-a.inUse.count=7", func(t *testing.T, c sim.Config) { require.Equal(t, 7, c.Subnets[0].InUseCount) }},
		{"vpc.subnets.2={name: c, cidr: 10.0.2.0/24}", func(t *testing.T, c sim.Config) { require.Len(t, c.Subnets, 3) }},
		{"ec2.latency.CreateNetworkInterface=2s", func(t *testing.T, c sim.Config) {
			require.Equal(t, constant(2*time.Second), c.EC2.Latency[sim.CreateNetworkInterface])
			require.Equal(t, constant(3*time.Second), c.EC2.Latency[sim.AttachNetworkInterface])
		}},
		{"ec2.latency=none", func(t *testing.T, c sim.Config) { require.Empty(t, c.EC2.Latency) }},
		{"cni.env.WARM_IP_TARGET=5", func(t *testing.T, c sim.Config) { require.Equal(t, "5", c.CNI.Env["WARM_IP_TARGET"]) }},
		{"cni.env.WARM_ENI_TARGET=null", func(t *testing.T, c sim.Config) { require.NotContains(t, c.CNI.Env, "WARM_ENI_TARGET") }},
		{"cni.env={WARM_IP_TARGET: 5}", func(t *testing.T, c sim.Config) { require.Equal(t, "5", c.CNI.Env["WARM_IP_TARGET"]) }},
		{"steps.0.at=2m", func(t *testing.T, c sim.Config) { require.Equal(t, 2*time.Minute, c.Steps[0].At) }},
		{"steps.0.scale.replicas=7", func(t *testing.T, c sim.Config) { require.Equal(t, 7, c.Steps[0].Action.(sim.Scale).Replicas) }},
		{"steps.1={rollout: {workload: web}}", func(t *testing.T, c sim.Config) { require.Len(t, c.Steps, 2) }},
		{"steps=[]", func(t *testing.T, c sim.Config) { require.Empty(t, c.Steps) }},
		{"nodeGroups.workers.labels.a.b/c=new", func(t *testing.T, c sim.Config) {
			require.Equal(t, map[string]string{"a.b/c": "new"}, c.NodeGroups[0].Labels)
		}},
		{"nodeGroups.spare.labels.x.y/z=new", func(t *testing.T, c sim.Config) {
			require.Equal(t, map[string]string{"x.y/z": "new"}, c.NodeGroups[1].Labels)
		}},
		{"instanceTypes.m5.large.maxENIs=2", func(t *testing.T, c sim.Config) { require.Equal(t, 20, c.NodeGroups[0].MaxPods) }},
		{"summary=a = b", func(t *testing.T, c sim.Config) {}},
		{"seed=", func(t *testing.T, c sim.Config) { require.Equal(t, uint64(1), c.Seed) }},
		{"nodeGroups.workers.maxPods=max_pods - 1", func(t *testing.T, c sim.Config) { require.Equal(t, 28, c.NodeGroups[0].MaxPods) }},
	}
	for _, test := range tests {
		t.Run(test.set, func(t *testing.T) { test.check(t, config(t, forSet, Options{Set: []string{test.set}})) })
	}
}

// A mistake in an option names the option, and no place in the file.
func TestSetMistakes(t *testing.T) {
	tests := []struct{ set, want string }{
		{"nodeGroups.workers.cuont=3", "nodeGroups[0].cuont: unknown field (did you mean count?)"},
		{"nodeGroup.workers.count=3", "nodeGroup: unknown field (did you mean nodeGroups?)"},
		{"nodeGroups.worker.count=3", "nodeGroups: has no member worker (did you mean workers?)"},
		{"nodeGroups.3.count=3", "nodeGroups: has no item 3: it has 2"},
		{"steps.x.at=3s", "steps: has no member x: its items have no names; address them by index, from 0"},
		{"nodeGroups.workers.count=two", "nodeGroups[0].count: must be a whole number, not text"},
		{"nodeGroups.workers.count.x=1", "nodeGroups.workers.count: is a number, and has no x"},
		{"nodeGroups.workers.count={a: b", "the value: could not find flow mapping end token '}'"},
		{"vpc.subnets.private-a.cidr=10.1.0.0/24", "vpc.subnets[0].cidr: 10.1.0.0/24 is not inside a block of the VPC, which has [10.0.0.0/16]"},
		{"workloads.web.node=workers-1", "workloads[0].node: there is no node workers-1: the last of workers is workers-0"},
		{"seed", "write path=value, such as nodeGroups.workers.count=3"},
		{"=3", "write path=value, such as nodeGroups.workers.count=3"},
		{".=3", ": the path has an empty part: write it as nodeGroups.workers.count"},
		{"nodeGroups..count=2", ": the path has an empty part: write it as nodeGroups.workers.count"},
	}
	for _, test := range tests {
		_, err := load(t, forSet, Options{Set: []string{test.set}})
		require.EqualError(t, err, strings.Replace("--set "+test.set+": "+test.want, ": : ", ": ", 1), test.set)
	}
}

func TestEnv(t *testing.T) {
	c := config(t, forSet+"cni: {env: {WARM_IP_TARGET: 3, MINIMUM_IP_TARGET: 9}}\n", Options{
		Set: []string{"cni.env.WARM_IP_TARGET=4"},
		Env: []string{"WARM_IP_TARGET=5", "WARM_ENI_TARGET-", "MINIMUM_IP_TARGET-", "CLUSTER_NAME=", "ENABLE_PREFIX_DELEGATION=true", "ENI_CONFIG_LABEL_DEF=a=b-"},
	})
	require.Equal(t, "5", c.CNI.Env["WARM_IP_TARGET"])
	require.NotContains(t, c.CNI.Env, "WARM_ENI_TARGET")
	require.NotContains(t, c.CNI.Env, "MINIMUM_IP_TARGET")
	require.Equal(t, "true", c.CNI.Env["ENABLE_PREFIX_DELEGATION"])
	require.Equal(t, "a=b-", c.CNI.Env["ENI_CONFIG_LABEL_DEF"])
	name, set := c.CNI.Env["CLUSTER_NAME"]
	require.True(t, set)
	require.Empty(t, name)

	for option, want := range map[string]string{
		"WARM_IP_TARGE=5": "cni.env.WARM_IP_TARGE: unknown variable of aws-node (did you mean WARM_IP_TARGET?)",
		"WARM_IP_TARGET":  "write NAME=value, or NAME- to unset",
		"=5":              "write NAME=value, or NAME- to unset",
		"-":               "write NAME=value, or NAME- to unset",
	} {
		_, err := load(t, forSet, Options{Env: []string{option}})
		require.EqualError(t, err, "--env "+option+": "+want)
	}
}

func TestMaxPods(t *testing.T) {
	tests := []struct {
		maxPods string
		typ     string
		want    int
		note    string
	}{
		{"17", "m5.large", 17, ""},
		{"auto", "m5.large", 29, ""},
		{"auto", "m5.16xlarge", 737, ""},
		{"managed", "m5.16xlarge", 250, ""},
		{"managed", "m5.large", 29, ""},
		{"recommended", "m5.large", 110, ""},
		{"(default_enis - 1) * (ips_per_eni - 1) + 2", "m5.large", 20, ""},
		{"'vcpus > 30 ? 250 : 110'", "m5.large", 110, ""},
		{"max_pods - 29", "m5.large", 29, "gives 0 on m5.large; the standard 29 holds"},
		{"max_pods - 28", "m5.large", 1, ""},
		{"max_pods / (vcpus - 2)", "m5.large", 29, "fails on m5.large (division by zero); the standard 29 holds"},
	}
	for _, test := range tests {
		c := config(t, base+"cni: {env: {ENABLE_PREFIX_DELEGATION: true}}\n", Options{
			Set: []string{"nodeGroups.workers.instanceType=" + test.typ, "nodeGroups.workers.maxPods=" + test.maxPods},
		})
		require.Equal(t, test.want, c.NodeGroups[0].MaxPods, test.maxPods)
		if test.note == "" {
			require.Empty(t, c.Notes, test.maxPods)
			continue
		}
		require.Len(t, c.Notes, 1)
		require.Contains(t, c.Notes[0], test.note)
	}
}

func TestReservedENIsLowerMaxPods(t *testing.T) {
	c := config(t, base, Options{Set: []string{"nodeGroups.workers.reservedENIs=1"}})
	require.Equal(t, 2*9+2, c.NodeGroups[0].MaxPods)
}
