package importer

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
)

// samples are the files of a made-up cluster, as the APIs print them.
func samples(t testing.TB) map[string][]byte { return jsonFiles(t, "../../testdata/import") }

// jsonFiles are the JSON files of a folder, by name.
func jsonFiles(t testing.TB, folder string) map[string][]byte {
	names, err := filepath.Glob(folder + "/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	all := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		all[filepath.Base(name)] = data
	}
	return all
}

// imported makes a scenario of texts, and returns it with its guesses.
func imported(t *testing.T, texts ...string) (string, *Document) {
	s := NewSnapshot()
	for _, text := range texts {
		require.NoError(t, s.Read("input", []byte(text)))
	}
	d, err := s.Scenario(Options{})
	require.NoError(t, err)
	text, err := d.YAML()
	require.NoError(t, err)
	return string(text), d
}

// A pod requests what its containers do together, or what its start needs if
// that is more: Kubernetes' formula for init containers and sidecars.
func TestRequestsArePodsOwn(t *testing.T) {
	for _, c := range []struct{ name, spec, want string }{
		{"none", `{containers: [{name: a}]}`, "{name: w, replicas: 1}"},
		{"sum", `{containers: [{resources: {requests: {cpu: 100m}}}, {resources: {requests: {cpu: 0.5, memory: 1Gi}}}]}`, "{cpu: 600m, memory: 1024Mi}"},
		{"a start that needs more", `{initContainers: [{resources: {requests: {cpu: 2}}}], containers: [{resources: {requests: {cpu: 1}}}]}`, "{cpu: 2000m}"},
		{"a start that needs less", `{initContainers: [{resources: {requests: {cpu: 500m}}}], containers: [{resources: {requests: {cpu: 1}}}]}`, "{cpu: 1000m}"},
		{"a sidecar, then a start beside it", `{initContainers: [{restartPolicy: Always, resources: {requests: {cpu: 300m}}}, {resources: {requests: {cpu: 1}}}], containers: [{resources: {requests: {cpu: 900m}}}]}`, "{cpu: 1300m}"},
		{"a start before the sidecar", `{initContainers: [{resources: {requests: {cpu: 1}}}, {restartPolicy: Always, resources: {requests: {cpu: 300m}}}], containers: [{resources: {requests: {cpu: 900m}}}]}`, "{cpu: 1200m}"},
		{"overhead", `{overhead: {memory: 100Mi}, containers: [{resources: {requests: {memory: 28Mi}}}]}`, "{memory: 128Mi}"},
	} {
		text, _ := imported(t, `{kind: Deployment, metadata: {name: w}, spec: {template: {spec: `+c.spec+`}}}`)
		require.Contains(t, text, c.want, c.name)
	}
}

// aNode is a node of a type in a node group, with more in its metadata and spec.
func aNode(name, kind, group, more, spec string) string {
	return `{kind: Node, metadata: {name: ` + name + `, labels: {node.kubernetes.io/instance-type: ` + kind + `, eks.amazonaws.com/nodegroup: ` + group + more + `}}, spec: {providerID: "aws:///us-west-2a/i-` + name + `"` + spec + `}, status: {capacity: {pods: "29"}}}`
}

// Nodes of one node group that differ in what bears on a run are groups of their
// own; what makes no difference does not split them.
func TestNodesAreGrouped(t *testing.T) {
	_, d := imported(t,
		aNode("a", "m5.large", "web", ", team: x", ""),
		aNode("b", "m5.large", "web", ", team: y", ""),
		aNode("c", "m5.xlarge", "web", "", ""),
		aNode("d", "m5.large", "jobs", "", ""),
		aNode("e", "m5.large", "jobs", "", ", taints: [{key: k, effect: NoSchedule}, {key: node.kubernetes.io/not-ready, effect: NoSchedule}]"),
	)
	var got []string
	for _, g := range d.NodeGroups {
		got = append(got, g.Name)
	}
	require.Equal(t, []string{"web-m5-large", "web-m5-xlarge", "jobs-m5-large", "jobs-m5-large-b"}, got)
	require.Equal(t, 2, d.NodeGroups[0].Count)
	require.Len(t, d.NodeGroups[3].Taints, 1)
}

// A label that a workload selects by splits the nodes, and is kept.
func TestLabelsThatPodsLookAtAreKept(t *testing.T) {
	text, d := imported(t,
		aNode("a", "m5.large", "web", ", team: x, other: z", ""), aNode("b", "m5.large", "web", ", team: y", ""),
		`{kind: Deployment, metadata: {name: w}, spec: {template: {spec: {nodeSelector: {team: x}, affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [us-west-2a]}]}]}}}}}}}`)
	require.Len(t, d.NodeGroups, 2)
	require.NotContains(t, text, "other")
	require.Contains(t, text, "nodeSelector: {team: x, topology.kubernetes.io/zone: us-west-2a}")
}

// Workloads of one name in two namespaces have names of their own.
func TestNamesAreUnique(t *testing.T) {
	of := func(kind, namespace string) string {
		return `{kind: ` + kind + `, metadata: {name: web, namespace: ` + namespace + `}, spec: {template: {spec: {}}}}`
	}
	_, d := imported(t, of("Deployment", "default"), of("Deployment", "shop"), of("StatefulSet", "shop"))
	var got []string
	for _, w := range d.Workloads {
		got = append(got, w.Name)
	}
	require.Equal(t, []string{"web", "web-shop", "web-shop-b"}, got)
	require.Equal(t, "b y z bb", strings.Join([]string{letters(0), letters(23), letters(24), letters(25)}, " "))
}

// The agents' settings: what runs counts before what is configured, and what the
// release has by default and the DaemonSet has not is unset.
func TestSettingsOfTheAgents(t *testing.T) {
	const daemon = `{kind: DaemonSet, metadata: {name: aws-node, namespace: kube-system}, spec: {template: {spec: {containers: [
		{name: aws-node, image: "registry/amazon-k8s-cni:v1.18.3-eksbuild.1", env: [{name: WARM_IP_TARGET, value: "4"}, {name: ENABLE_SUBNET_DISCOVERY, value: "true"}, {name: AWS_VPC_ENI_MTU, value: "9001"}, {name: WARM_PREFIX_TARGET, value: "1"}, {name: MY_NODE_NAME, valueFrom: {}}]},
		{name: other, env: [{name: WARM_IP_TARGET, value: "9"}]}]}}}}`
	values := `{env: {WARM_IP_TARGET: 7}, branchENICooldown: 45}`
	configMap := `{kind: ConfigMap, metadata: {name: amazon-vpc-cni, namespace: kube-system}, data: {branch-eni-cooldown: "50"}}`
	text, d := imported(t, daemon, values, configMap)
	require.Contains(t, text, `cni: {version: v1.18.3, env: {WARM_ENI_TARGET: null, WARM_IP_TARGET: "4"}, branchCooldown: "50"}`)
	require.Contains(t, strings.Join(d.Guesses(), "\n"), "the values of input are not looked at")

	text, _ = imported(t, `{kind: Deployment, metadata: {name: w}}`, `{"addon": {"addonName": "vpc-cni", "addonVersion": "v1.19.0-eksbuild.1", "configurationValues": "env:\n  WARM_IP_TARGET: 7\nbranchENICooldown: 45\n"}}`)
	require.Contains(t, text, `cni: {version: v1.19.0, env: {WARM_IP_TARGET: "7"}, branchCooldown: "45"}`)
}

// A prefix is a node's, its pods have addresses of it; a trunk has its branches,
// found by their tags, and one that no pod has cools.
func TestPrefixesAndBranches(t *testing.T) {
	text, _ := imported(t, aNode("a", "m5.large", "web", "", ", unschedulable: true"),
		`{kind: DaemonSet, metadata: {name: aws-node, namespace: kube-system}, spec: {template: {spec: {containers: [{name: aws-node, image: "x:v1.20.0", env: [{name: ENABLE_PREFIX_DELEGATION, value: "true"}, {name: ENABLE_POD_ENI, value: "true"}]}]}}}}`,
		`{"Subnets": [{"SubnetId": "s1", "VpcId": "v", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "z", "AvailableIpAddressCount": 231}]}`,
		`{"NetworkInterfaces": [
			{"NetworkInterfaceId": "e0", "SubnetId": "s1", "Attachment": {"InstanceId": "i-a", "DeviceIndex": 0}, "Groups": [{"GroupId": "sg-n"}], "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.4"}], "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.0.16/28"}]},
			{"NetworkInterfaceId": "e1", "SubnetId": "s1", "InterfaceType": "trunk", "Attachment": {"InstanceId": "i-a", "DeviceIndex": 2}, "Groups": [{"GroupId": "sg-n"}], "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.5"}]},
			{"NetworkInterfaceId": "b1", "SubnetId": "s1", "InterfaceType": "branch", "Groups": [{"GroupId": "sg-p"}], "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.6"}], "TagSet": [{"Key": "vpcresources.k8s.aws/trunk-eni-id", "Value": "e1"}, {"Key": "vpcresources.k8s.aws/vlan-id", "Value": "2"}]},
			{"NetworkInterfaceId": "b2", "SubnetId": "s1", "InterfaceType": "branch", "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.7"}], "TagSet": [{"Key": "vpcresources.k8s.aws/trunk-eni-id", "Value": "e1"}, {"Key": "vpcresources.k8s.aws/vlan-id", "Value": "1"}]}]}`,
		`{"kind": "PodList", "items": [
			{"metadata": {"name": "p1", "namespace": "x"}, "spec": {"nodeName": "a"}, "status": {"phase": "Running", "podIP": "10.0.0.17"}},
			{"metadata": {"name": "p2", "namespace": "x"}, "spec": {"nodeName": "a", "containers": [{"resources": {"requests": {"vpc.amazonaws.com/pod-eni": "1"}}}]}, "status": {"phase": "Running", "podIP": "10.0.0.6"}}]}`)
	for _, line := range []string{
		"      cordoned: true\n",
		"        - {device: 0, subnet: s1, primaryAddress: 10.0.0.4, prefixes: [10.0.0.16/28]}\n",
		"        - {device: 2, kind: trunk, primaryAddress: 10.0.0.5, branches: [{vlan: 1, subnet: s1, address: 10.0.0.7},\n            {vlan: 2, subnet: s1, address: 10.0.0.6, securityGroups: [sg-p]}]}\n",
		"    - {name: p1, node: web-0, address: 10.0.0.17}\n",
		"    - {name: p2, node: web-0, address: 10.0.0.6, requests: {vpc.amazonaws.com/pod-eni: 1}}\n",
		"    - {name: s1, zone: z, cidr: 10.0.0.0/24}  # s1\n",
	} {
		require.Contains(t, text, line)
	}
}

// Whatever the files hold: no panic; what is refused has a message, and what is
// not is a scenario that loads.
func FuzzImport(f *testing.F) {
	all := samples(f)
	f.Add(string(all["nodes.json"]), string(all["network-interfaces.json"]), string(all["subnets.json"]), true)
	f.Add(string(all["aws-node.json"]), string(all["vpcs.json"]), `{"kind": "PodList", "items": [{"metadata": {"name": "a-1"}}]}`, false)
	// Lists in lists, wrong kinds of values, and nothing at all.
	f.Add(`[[{"kind": "List", "items": [{"kind": "Node", "metadata": {"name": "a"}}]}]]`, `{"Subnets": [null, {"CidrBlock": 1}]}`, "null", true)
	f.Add(`{"addon": {"configurationValues": "{\"addon\": null}"}}`, "kind: {}", "---\n---\n- kind: Pod\n", false)
	// Numbers at their edges.
	f.Add(`{"kind": "Job", "metadata": {"name": "j"}, "spec": {"parallelism": -5, "completions": 99999999999}}`,
		`{"kind": "StatefulSet", "metadata": {"name": "s"}, "spec": {"replicas": 2147483648}}`, `{"kind": "Pod", "metadata": {"name": "s-999999999", "ownerReferences": [{"kind": "StatefulSet", "name": "s"}]}}`, true)
	// IPv6, Windows and several cards, with files that fit. Short ones: the fuzzer
	// spends its time on making long ones shorter.
	f.Add(aNode("a", "m5.large", "web", "", ""), `{"Subnets": [{"SubnetId": "s1", "VpcId": "v", "CidrBlock": "10.0.0.0/24", "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8::/64"}]}], "cluster": {"kubernetesNetworkConfig": {"ipFamily": "ipv6"}}}`,
		`{"NetworkInterfaces": [{"NetworkInterfaceId": "e0", "SubnetId": "s1", "Attachment": {"InstanceId": "i-a"}, "PrivateIpAddress": "10.0.0.4", "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:0:0:5::/80"}]}]}`, true)
	f.Add(aNode("a", "m5.large", "win", ", kubernetes.io/os: windows", ""), `{"Subnets": [{"SubnetId": "s1", "VpcId": "v", "CidrBlock": "10.0.0.0/24"}]}`,
		`{"NetworkInterfaces": [{"NetworkInterfaceId": "e0", "SubnetId": "s1", "Attachment": {"InstanceId": "i-a"}, "PrivateIpAddress": "10.0.0.4", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.9"}]}]}`, true)
	f.Add(aNode("a", "p4d.24xlarge", "gpu", "", ""), `{"Subnets": [{"SubnetId": "s1", "VpcId": "v", "CidrBlock": "10.0.0.0/24"}]}`,
		`{"NetworkInterfaces": [{"NetworkInterfaceId": "e0", "SubnetId": "s1", "Attachment": {"InstanceId": "i-a"}, "PrivateIpAddress": "10.0.0.4"}, {"NetworkInterfaceId": "e1", "SubnetId": "s1", "Attachment": {"InstanceId": "i-a", "NetworkCardIndex": 1}, "PrivateIpAddress": "10.0.0.5"}]}`, true)
	// Schedules and node pools.
	f.Add(`{"kind": "CronJob", "metadata": {"name": "c"}, "spec": {"schedule": "*/7 1-5 * * 1,3", "timeZone": "UTC", "jobTemplate": {"spec": {"completions": 3}}}}`, aPool("p", "{key: karpenter.k8s.aws/instance-cpu, operator: Gt, values: ['3']}"), "{}", false)
	f.Fuzz(func(t *testing.T, a, b, c string, yaml bool) {
		s := NewSnapshot()
		for _, text := range []string{a, b, c} {
			if err := s.Read("fuzz", []byte(text)); err != nil {
				require.NotEmpty(t, err.Error())
			}
		}
		d, err := s.Scenario(Options{Cron: 2 * time.Hour})
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		write := d.JSON
		if yaml {
			write = d.YAML
		}
		_, err = write()
		require.NoError(t, err)
	})
}

// The network interfaces of describe-instances will do: what others hold is
// then a number.
func TestInstancesTellTheirInterfaces(t *testing.T) {
	text, d := imported(t, aNode("a", "m5.large", "web", "", ""),
		`{"Subnets": [{"SubnetId": "s1", "VpcId": "v", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "z", "AvailableIpAddressCount": 240}]}`,
		`{"Reservations": [{"Instances": [{"InstanceId": "i-a", "InstanceType": "m5.large", "NetworkInterfaces": [
			{"NetworkInterfaceId": "e0", "SubnetId": "s1", "Attachment": {"DeviceIndex": 0, "Status": "attached"}, "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.4"}, {"PrivateIpAddress": "10.0.0.9"}]}]}]}]}`)
	require.Contains(t, text, "- {name: s1, zone: z, cidr: 10.0.0.0/24, inUse: {count: 9}}")
	require.Contains(t, text, "primaryAddress: 10.0.0.4, addresses: [10.0.0.9]")
	require.Contains(t, strings.Join(d.Guesses(), "\n"), "which addresses others hold is not known, only how many")
}

// Nodes that begin anew are each in their own subnet: the group's subnets are as
// many as it takes for that, and none that has a node is missing.
func TestSubnetsGoRoundTheNodes(t *testing.T) {
	all := func(int) bool { return true }
	require.Equal(t, []string{"a", "b"}, round([]string{"a", "b", "a", "b", "a"}, all))
	require.Equal(t, []string{"a", "b", "b"}, round([]string{"a", "b", "b"}, all))
	require.Equal(t, []string{"a", "b", "b"}, round([]string{"a", "b", "b", "a", "b"}, all))
	require.Equal(t, []string{"a"}, round([]string{"a"}, all))
}

// aPool is a NodePool of Karpenter with the requirements.
func aPool(name, requirements string) string {
	return `{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {name: ` + name + `}, spec: {template: {spec: {nodeClassRef: {name: default}, requirements: [` + requirements + `]}}}}`
}

// A node pool without nodes gets the only type that its requirements leave, or
// the cheapest that holds the largest pod; the one asked for where they allow it.
func TestNodePoolsChooseAType(t *testing.T) {
	const pod = `{kind: Deployment, metadata: {name: w}, spec: {template: {spec: {containers: [{resources: {requests: {cpu: %s, memory: %s}}}]}}}}`
	key := func(name, operator, values string) string {
		return `{key: karpenter.k8s.aws/instance-` + name + `, operator: ` + operator + `, values: [` + values + `]}`
	}
	for _, c := range []struct{ name, requirements, cpu, memory, asked, want, guess string }{
		{"one type", `{key: node.kubernetes.io/instance-type, operator: In, values: [m5.xlarge]}`, "1", "1Gi", "", "m5.xlarge", ""},
		{"the cheaper of two", `{key: node.kubernetes.io/instance-type, operator: In, values: [m5.xlarge, m5.large]}`, "1", "1Gi", "", "m5.large", "among 2 types"},
		{"the one that holds the pod", `{key: node.kubernetes.io/instance-type, operator: In, values: [m5.xlarge, m5.large]}`, "1", "8Gi", "", "m5.xlarge", "among 2 types"},
		{"a pod of all of it", `{key: node.kubernetes.io/instance-type, operator: In, values: [m5.xlarge, m5.large]}`, "1800m", "1Gi", "", "m5.large", "among 2 types"},
		{"a pod of more", `{key: node.kubernetes.io/instance-type, operator: In, values: [m5.xlarge, m5.large]}`, "1801m", "1Gi", "", "m5.xlarge", "among 2 types"},
		{"asked for", `{key: node.kubernetes.io/instance-type, operator: In, values: [m5.xlarge, m5.large]}`, "1", "1Gi", "m5.xlarge", "m5.xlarge", ""},
		{"asked for and not allowed", `{key: node.kubernetes.io/instance-type, operator: In, values: [m5.xlarge, m5.large]}`, "1", "1Gi", "c5.large", "m5.large", "does not allow c5.large"},
		{"family and size", key("family", "In", "c5, c5n") + `, ` + key("size", "NotIn", "large, xlarge"), "1", "1Gi", "", "c5.2xlarge", "types"},
		{"category, generation and CPU", key("category", "In", "m") + `, ` + key("generation", "Gt", `"5"`) + `, ` + key("cpu", "Lt", `"8"`) + `, ` + key("cpu", "Gt", `"2"`), "1", "1Gi", "", "m6a.xlarge", "types"},
		{"memory", key("family", "In", "m5") + `, ` + key("memory", "Gt", `"16384"`), "1", "1Gi", "", "m5.2xlarge", "types"},
		{"arm", key("family", "In", "m6g, m6i") + `, {key: kubernetes.io/arch, operator: In, values: [arm64]}`, "1", "1Gi", "", "m6g.large", "types"},
		{"no arm of itself", key("family", "In", "m6g, m6i"), "1", "1Gi", "", "m6i.large", "types"},
		{"not looked at", key("family", "In", "m5") + `, ` + key("gpu-count", "Gt", `"0"`), "1", "1Gi", "", "m5.large", "instance-gpu-count, which is not looked at"},
		{"none", key("family", "In", "zz9"), "1", "1Gi", "", "", "no type of the table meets its requirements"},
	} {
		s := NewSnapshot()
		require.NoError(t, s.Read("input", []byte(aPool("p", c.requirements))))
		require.NoError(t, s.Read("input", []byte(fmt.Sprintf(pod, c.cpu, c.memory))))
		d, err := s.Scenario(Options{InstanceType: c.asked})
		require.NoError(t, err, c.name)
		guesses := strings.Join(d.Guesses(), "\n")
		require.Contains(t, guesses, c.guess, c.name)
		if c.guess == "" {
			require.NotContains(t, guesses, "leaves the choice", c.name)
		}
		if c.want == "" {
			require.Equal(t, "nodes", d.NodeGroups[0].Name, c.name)
			continue
		}
		require.Equal(t, c.want, d.NodeGroups[0].InstanceType, c.name)
	}
}

// Nodes of a pool go to the subnets that its class selects, by id or tags; all
// tags of one term.
func TestNodeClassesSelectSubnets(t *testing.T) {
	const subnets = `{"Subnets": [
		{"SubnetId": "s1", "VpcId": "v", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "a", "Tags": [{"Key": "discovery", "Value": "shop"}, {"Key": "tier", "Value": "pods"}]},
		{"SubnetId": "s2", "VpcId": "v", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "b", "Tags": [{"Key": "discovery", "Value": "shop"}]},
		{"SubnetId": "s3", "VpcId": "v", "CidrBlock": "10.0.2.0/24", "AvailabilityZone": "c"}]}`
	pool := aPool("p", `{key: node.kubernetes.io/instance-type, operator: In, values: [m5.large]}`)
	for terms, want := range map[string][]string{
		`[{tags: {discovery: shop}}]`:             {"s1", "s2"},
		`[{tags: {discovery: shop, tier: pods}}]`: {"s1"},
		`[{tags: {tier: "*"}}, {id: s3}]`:         {"s1", "s3"},
		`[{tags: {discovery: other}}]`:            nil,
	} {
		_, d := imported(t, pool, subnets, `{kind: EC2NodeClass, metadata: {name: default}, spec: {subnetSelectorTerms: `+terms+`}}`)
		if want == nil {
			require.Contains(t, strings.Join(d.Guesses(), "\n"), "selects none of the subnets in the files")
			require.Len(t, d.VPC.Subnets, 3)
			continue
		}
		require.Equal(t, want, d.NodeGroups[0].Subnets, terms)
		require.Len(t, d.VPC.Subnets, len(want), "others are left out")
	}
	_, d := imported(t, pool, subnets, `{kind: EC2NodeClass, metadata: {name: default}, spec: {subnetSelectorTerms: [{tags: {discovery: shop}}]}, status: {subnets: [{id: s2}]}}`)
	require.Equal(t, []string{"s2"}, d.NodeGroups[0].Subnets, "what the class has found counts")
}

// A CronJob that is followed becomes a Job for each time of its schedule, which
// takes as long as its last run; from the latest time in the files.
func TestCronJobsAreFollowed(t *testing.T) {
	const cron = `{"kind": "CronJob", "metadata": {"name": "report", "namespace": "shop"}, "spec": {"schedule": "*/10 * * * *", "concurrencyPolicy": "%s", "jobTemplate": {"spec": {"parallelism": 2, "completions": 5, "template": {"spec": {}}}}}, "status": {"lastScheduleTime": "2026-11-02T02:50:00Z"}}`
	const job = `{"kind": "Job", "metadata": {"name": "report-29634290", "namespace": "shop", "ownerReferences": [{"kind": "CronJob", "name": "report", "controller": true}]}, "status": {"startTime": "2026-11-02T02:40:00Z", "completionTime": "2026-11-02T02:5%s:00Z"}}`
	runs := func(policy, end string, o Options) ([]string, string) {
		s := NewSnapshot()
		require.NoError(t, s.Read("input", []byte(fmt.Sprintf(cron, policy))))
		if end != "" {
			require.NoError(t, s.Read("input", []byte(fmt.Sprintf(job, end))))
		}
		d, err := s.Scenario(o)
		require.NoError(t, err)
		var out []string
		for _, w := range d.Workloads {
			require.Equal(t, []int{2, 5}, []int{*w.Replicas, w.Completions})
			out = append(out, w.Name+" "+w.At+" "+w.RunFor)
		}
		return out, strings.Join(d.Guesses(), "\n")
	}
	got, guesses := runs("Allow", "", Options{Cron: 30 * time.Minute})
	require.Equal(t, []string{"report-at-10m 10m 1m", "report-at-20m 20m 1m", "report-at-30m 30m 1m"}, got)
	require.Contains(t, guesses, "takes 1m a run, which is a guess")
	require.Contains(t, guesses, "begins at 2026-11-02T02:50:00Z, the latest time that the files tell (CronJob shop/report)")

	got, guesses = runs("Allow", "5", Options{Cron: 20 * time.Minute, From: time.Date(2026, 11, 2, 3, 1, 0, 0, time.UTC)})
	require.Equal(t, []string{"report-at-9m 9m 15m", "report-at-19m 19m 15m"}, got)
	require.NotContains(t, guesses, "guess")

	got, _ = runs("Forbid", "5", Options{Cron: 30 * time.Minute})
	require.Equal(t, []string{"report-at-10m 10m 15m", "report-at-30m 30m 15m"}, got)

	got, _ = runs("Replace", "5", Options{Cron: 20 * time.Minute})
	require.Equal(t, []string{"report-at-10m 10m 10m", "report-at-20m 20m 15m"}, got)

	s := NewSnapshot()
	require.NoError(t, s.Read("input", []byte(`{"kind": "CronJob", "metadata": {"name": "c"}, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {}}}}`)))
	_, err := s.Scenario(Options{Cron: 17 * time.Hour})
	require.ErrorContains(t, err, "more than 1000 Jobs within 17h")
}

// What PowerShell's > writes is read; what is compressed is refused, with the
// way out.
func TestEncodings(t *testing.T) {
	text := `{"kind": "Deployment", "metadata": {"name": "wéb"}}`
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		var data []byte
		for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
			data = order.AppendUint16(data, unit)
		}
		s := NewSnapshot()
		require.NoError(t, s.Read("utf16", data))
		require.Equal(t, "wéb", s.workloads[0].Name)
	}
	require.NoError(t, NewSnapshot().Read("utf8", []byte("\ufeff"+text)))
	require.ErrorContains(t, NewSnapshot().Read("a.gz", []byte("\x1f\x8b\x08")), "a.gz: is compressed: unpack it first")
	require.ErrorContains(t, NewSnapshot().Read("odd", []byte{0xff, 0xfe, '{'}), "is empty")
}

// A node group of two types is two groups, and pods that select it find both.
func TestSelectingASplitNodeGroup(t *testing.T) {
	const workload = `{kind: Deployment, metadata: {name: w}, spec: {template: {spec: {nodeSelector: {eks.amazonaws.com/nodegroup: web}}}}}`
	text, d := imported(t, aNode("a", "m5.large", "web", "", ""), aNode("b", "m5.xlarge", "web", "", ""), aNode("c", "m5.large", "other", "", ""), workload)
	require.Contains(t, text, "nodeSelector: {imported/nodegroup: web}")
	require.Contains(t, text, "{name: web-m5-xlarge, instanceType: m5.xlarge, count: 1, maxPods: 29, labels: {imported/nodegroup: web}}")
	require.NotContains(t, strings.Join(d.Guesses(), "\n"), "Pending")

	text, _ = imported(t, aNode("a", "m5.large", "web", "", ""), workload)
	require.Contains(t, text, "nodeSelector: {eks.amazonaws.com/nodegroup: web}")
	text, _ = imported(t, aNode("a", "m5.large", "Web_1", "", ""), strings.ReplaceAll(workload, "nodegroup: web", "nodegroup: Web_1"))
	require.Contains(t, text, "nodeSelector: {imported/nodegroup: Web_1}")
}

// Pods on Fargate and on hybrid nodes are not among a workload's replicas, and
// none is made in their place; their address of the subnet is in use.
func TestPodsElsewhereAreNoReplicas(t *testing.T) {
	const elsewhere = `{kind: Node, metadata: {name: fargate-1, labels: {eks.amazonaws.com/compute-type: fargate}}}`
	pod := func(name, owner, node, address string) string {
		return `{kind: Pod, metadata: {name: ` + name + `, namespace: default, ownerReferences: [{kind: ` + owner + `, name: ` + strings.Split(name, "-")[0] + `, controller: true}]}, spec: {nodeName: ` + node + `}, status: {phase: Running, podIP: ` + address + `}}`
	}
	text, d := imported(t, aNode("a", "m5.large", "web", "", ""), elsewhere,
		`{kind: Deployment, metadata: {name: web}, spec: {replicas: 3, template: {spec: {}}}}`,
		`{kind: StatefulSet, metadata: {name: db}, spec: {replicas: 2, template: {spec: {}}}}`,
		pod("web-x", "ReplicaSet", "a", "10.0.0.9"), pod("web-y", "ReplicaSet", "fargate-1", "10.0.0.77"),
		pod("db-0", "StatefulSet", "fargate-1", "10.0.0.78"), pod("db-1", "StatefulSet", "fargate-1", "10.0.0.79"),
		`{"Subnets": [{"SubnetId": "s1", "VpcId": "v", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "z", "AvailableIpAddressCount": 246}]}`,
		`{"NetworkInterfaces": [
			{"NetworkInterfaceId": "e0", "SubnetId": "s1", "Attachment": {"InstanceId": "i-a", "DeviceIndex": 0}, "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.4"}, {"PrivateIpAddress": "10.0.0.9"}]},
			{"NetworkInterfaceId": "f0", "SubnetId": "s1", "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.77"}]},
			{"NetworkInterfaceId": "f1", "SubnetId": "s1", "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.78"}]},
			{"NetworkInterfaceId": "f2", "SubnetId": "s1", "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.79"}]}]}`)
	require.Contains(t, text, "{name: web, replicas: 2}")
	require.Contains(t, text, "{name: db, kind: StatefulSet, replicas: 0}")
	require.Contains(t, text, "inUse: {addresses: [10.0.0.77, 10.0.0.78, 10.0.0.79]}")
	require.Contains(t, strings.Join(d.Guesses(), "\n"), "StatefulSet default/db: has 2 pods on nodes that are left out: they are not among its replicas")
}

// Rules of placement that the scenario has not are said, with what they change.
func TestPlacementThatIsNotFollowedIsSaid(t *testing.T) {
	for spec, want := range map[string]string{
		`affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: x}]}}`:                                                                   "required affinity of pods: not followed, its new pods go where there is room",
		`affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: x}]}}`:                                                               "required anti-affinity of pods: not followed, its new pods may share a node",
		`affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1}]}}`:                                                                   "preferences of placement: not followed",
		`affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1}]}}`:                                                                      "preferences of placement: not followed",
		`affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}]}}}`: "required node affinity that no nodeSelector can say: not followed, its new pods may go to nodes that it rules out",
		`topologySpreadConstraints: [{topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule}]`:                                                       "topologySpreadConstraints over topology.kubernetes.io/zone that hold",
		`topologySpreadConstraints: [{topologyKey: kubernetes.io/hostname}]`:                                                                                              "topologySpreadConstraints over kubernetes.io/hostname that hold",
		`topologySpreadConstraints: [{topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway}]`:                                                           "preferences of placement: not followed",
		`nodeSelector: {kubernetes.io/hostname: ip-10-0-0-1}`:                                                                                                             "selects a node by its host name: not followed",
	} {
		_, d := imported(t, `{kind: Deployment, metadata: {name: w}, spec: {template: {spec: {`+spec+`}}}}`)
		require.Contains(t, strings.Join(d.Guesses(), "\n"), want, spec)
	}
}

// A pod that waits for Fargate is not put on a node of EC2.
func TestPodThatWaitsForFargateIsLeftOut(t *testing.T) {
	text, d := imported(t, aNode("a", "m5.large", "web", "", ""),
		`{kind: Deployment, metadata: {name: web}, spec: {replicas: 2, template: {spec: {}}}}`,
		`{kind: Pod, metadata: {name: web-x, namespace: default, ownerReferences: [{kind: ReplicaSet, name: web, controller: true}]}, spec: {schedulerName: fargate-scheduler}, status: {phase: Pending}}`)
	require.Contains(t, text, "{name: web, replicas: 1}")
	require.Contains(t, strings.Join(d.Guesses(), "\n"), "pod default/web-x: waits for Fargate: left out")
}

// In an IPv6 cluster a pod with security groups goes by its branch ENI's IPv6
// address; a branch without one is nobody's.
func TestBranchesOfAnIPv6Cluster(t *testing.T) {
	branch := func(id, address, ipv6 string, vlan int) string {
		return fmt.Sprintf(`{"NetworkInterfaceId": %q, "SubnetId": "s1", "InterfaceType": "branch", "PrivateIpAddress": %q%s, "TagSet": [{"Key": "vpcresources.k8s.aws/trunk-eni-id", "Value": "e1"}, {"Key": "vpcresources.k8s.aws/vlan-id", "Value": "%d"}]}`, id, address, ipv6, vlan)
	}
	text, d := imported(t, aNode("a", "m5.large", "web", "", ""),
		`{kind: DaemonSet, metadata: {name: aws-node, namespace: kube-system}, spec: {template: {spec: {containers: [{name: aws-node, image: "x:v1.20.0", env: [{name: ENABLE_IPv6, value: "true"}, {name: ENABLE_IPv4, value: "false"}, {name: ENABLE_PREFIX_DELEGATION, value: "true"}, {name: ENABLE_POD_ENI, value: "true"}]}]}}}}`,
		`{"Subnets": [{"SubnetId": "s1", "VpcId": "v", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "z", "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8:0:1::/64", "Ipv6CidrBlockState": {"State": "associated"}}]}]}`,
		`{"NetworkInterfaces": [
			{"NetworkInterfaceId": "e0", "SubnetId": "s1", "Attachment": {"InstanceId": "i-a", "DeviceIndex": 0}, "PrivateIpAddress": "10.0.0.4", "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:0:1:5::/80"}]},
			{"NetworkInterfaceId": "e1", "SubnetId": "s1", "InterfaceType": "trunk", "Attachment": {"InstanceId": "i-a", "DeviceIndex": 2}, "PrivateIpAddress": "10.0.0.5"},`+
			branch("b1", "10.0.0.6", `, "Ipv6Addresses": [{"Ipv6Address": "2001:db8:0:1::66"}]`, 1)+","+branch("b2", "10.0.0.7", "", 2)+`]}`,
		`{kind: Pod, metadata: {name: db}, spec: {nodeName: a, containers: [{resources: {requests: {vpc.amazonaws.com/pod-eni: "1"}}}]}, status: {phase: Running, podIP: "2001:db8:0:1::66"}}`)
	require.Contains(t, strings.Join(strings.Fields(text), " "), `branches: [{vlan: 1, subnet: s1, address: 10.0.0.6, ipv6Address: "2001:db8:0:1::66"}]`)
	require.Contains(t, text, `{name: db, node: web-0, address: "2001:db8:0:1::66", requests: {vpc.amazonaws.com/pod-eni: 1}}`)
	require.Contains(t, text, "inUse: {addresses: [10.0.0.7]}")
	require.Contains(t, strings.Join(d.Guesses(), "\n"), "b2: is a branch whose trunk, VLAN, subnet or address is not known")
}

// Of a release whose rules are not known the nearest counts; what is no release
// is none.
func TestNearestRelease(t *testing.T) {
	for image, want := range map[string]string{
		"x:v1.5.7": "version: v1.9.0,", "x:v1.8.99-eksbuild.1": "version: v1.9.0,", "x:v1.9.0": "version: v1.9.0,",
		"x:v1.99.0": "version: v1.23.2,", "x:v2.0.0": "version: v1.23.2,", "x:latest": "cni: {env:",
	} {
		text, d := imported(t, `{kind: DaemonSet, metadata: {name: aws-node}, spec: {template: {spec: {containers: [{name: aws-node, image: "`+image+`", env: [{name: MAX_ENI, value: "3"}]}]}}}}`)
		require.Contains(t, text, want, image)
		require.Equal(t, image != "x:v1.9.0", strings.Contains(strings.Join(d.Guesses(), "\n"), "cni.version"), image)
	}
}

// A DaemonSet of a file is not counted a second time among the pods that every
// node has anyway.
func TestSystemPodsAreCountedOnce(t *testing.T) {
	daemon := func(name string) string {
		return fmt.Sprintf(`{"kind": "DaemonSet", "metadata": {"name": %q, "namespace": "kube-system"}, "spec": {"template": {"spec": {"hostNetwork": true, "containers": [{"name": %[1]q}]}}}}`, name)
	}
	web := `{"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3}}`
	for _, c := range []struct {
		files []string
		want  *int
	}{
		{[]string{web}, nil},
		{[]string{web, daemon("node-exporter")}, nil},
		{[]string{web, daemon("aws-node")}, new(1)},
		{[]string{web, daemon("kube-proxy")}, new(1)},
		{[]string{web, daemon("aws-node"), daemon("kube-proxy")}, new(0)},
	} {
		_, doc := imported(t, c.files...)
		require.Equal(t, c.want, doc.Cluster.SystemPods, c.files)
	}
}

// How a controller replaces its pods comes along where it isn't the default; what a
// scenario hasn't is told.
func TestHowPodsAreReplaced(t *testing.T) {
	for _, c := range []struct{ kind, spec, want, guess string }{
		{"DaemonSet", `updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}`, "{name: w, kind: DaemonSet}", ""},
		{"DaemonSet", `updateStrategy: {rollingUpdate: {maxSurge: 0%}}`, "{name: w, kind: DaemonSet}", ""},
		{"DaemonSet", `updateStrategy: {rollingUpdate: {maxUnavailable: 2}}`, "strategy: {maxUnavailable: 2}", ""},
		{"DaemonSet", `updateStrategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}`, "strategy: {maxSurge: 25%, maxUnavailable: 0}", ""},
		{"DaemonSet", `updateStrategy: {rollingUpdate: {maxSurge: 1}}`, "strategy: {maxSurge: 1, maxUnavailable: 0}", "has maxSurge and no maxUnavailable"},
		{"DaemonSet", `updateStrategy: {type: OnDelete}`, "{name: w, kind: DaemonSet}", "has updateStrategy OnDelete"},
		{"Deployment", `updateStrategy: {rollingUpdate: {maxSurge: 1}}`, "{name: w, replicas: 1}", ""},
		{"Deployment", `strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}`, "{name: w, replicas: 1}", ""},
		{"Deployment", `strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}`, "strategy: {maxSurge: 1, maxUnavailable: 25%}", ""},
		{"Deployment", `strategy: {type: Recreate}`, "strategy: {maxSurge: 0, maxUnavailable: 100%}", "has the strategy Recreate"},
		{"StatefulSet", `updateStrategy: {rollingUpdate: {maxUnavailable: 1, partition: 0}}`, "{name: w, kind: StatefulSet, replicas: 1}", ""},
		{"StatefulSet", `updateStrategy: {rollingUpdate: {maxUnavailable: 2}}`, "{name: w, kind: StatefulSet, replicas: 1}", "has a maxUnavailable other than 1"},
		{"StatefulSet", `updateStrategy: {rollingUpdate: {partition: 1}}`, "{name: w, kind: StatefulSet, replicas: 1}", "with a partition"},
	} {
		text, d := imported(t, `{kind: `+c.kind+`, metadata: {name: w}, spec: {`+c.spec+`, template: {spec: {containers: [{name: a}]}}}}`)
		require.Contains(t, text, c.want, c.spec)
		guesses := strings.Join(d.Guesses(), "\n")
		if c.guess != "" {
			require.Contains(t, guesses, c.guess, c.spec)
		} else {
			require.NotContains(t, guesses, c.kind+" default/w", c.spec)
		}
		_, err := scenarios.Load("imported.yaml", []byte(text), scenarios.Options{})
		require.NoError(t, err, c.spec)
	}
}

// Pods alone don't tell the CNI's settings, which the guesses say.
func TestPodsAloneHaveTheDefaultSettings(t *testing.T) {
	const pod = `{kind: Pod, metadata: {name: web}, spec: {nodeName: n, containers: [{name: c}]}, status: {phase: Running, podIP: 10.0.0.5}}`
	_, d := imported(t, pod)
	require.Contains(t, strings.Join(d.Guesses(), "\n"), "cni.env: no DaemonSet aws-node and no values of the CNI were given: the defaults hold")
	_, d = imported(t, pod, `{kind: DaemonSet, metadata: {name: aws-node, namespace: kube-system}, spec: {template: {spec: {containers: [{name: aws-node, env: [{name: WARM_IP_TARGET, value: "2"}]}]}}}}`)
	require.NotContains(t, strings.Join(d.Guesses(), "\n"), "cni.env: no DaemonSet")
}
