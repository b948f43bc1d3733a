package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// object is JSON as the APIs print it.
type object = map[string]any

// export writes the state of a run as kubectl and the AWS command line print
// that of a cluster.
type export struct {
	s                                *replay.State
	nodes, pods, subnets, interfaces []object
	workloads, reservations          []object
	kinds                            map[string]string // of workloads
	env                              []object
}

func exported(s *replay.State, cfg sim.Config) *export {
	x := &export{s: s, kinds: map[string]string{}}
	for _, w := range cfg.Workloads {
		w.Replicas = 0 // steps may have scaled it
		for _, p := range s.Pods.All() {
			if p.Workload == w.Name && !strings.HasPrefix(string(p.Name), string(w.Name)+"-churn-") {
				w.Replicas++
			}
		}
		x.workload(w)
	}
	for _, n := range s.Nodes {
		if !n.Gone() {
			x.node(n)
		}
	}
	for _, p := range s.Pods.All() {
		x.pod(p, cfg)
	}
	for _, sn := range s.Subnets {
		x.subnet(sn)
	}
	env := cfg.CNI.Env
	if len(s.Nodes) > 0 {
		env = s.Nodes[0].Config.Env
	}
	if slices.ContainsFunc(s.Nodes, func(n *replay.Node) bool { return n.Launched.OS != "" }) {
		env = cfg.CNI.Env
	}
	for name, text := range env {
		x.env = append(x.env, object{"name": name, "value": text})
	}
	return x
}

func (x *export) workload(w sim.Workload) {
	x.kinds[string(w.Name)] = string(w.Kind)
	spec := object{"containers": []object{{"name": "main", "resources": object{"requests": requestsOf(w.Pod)}}}, "hostNetwork": w.Pod.HostNetwork, "nodeSelector": w.Pod.NodeSelector}
	x.workloads = append(x.workloads, object{
		"kind": string(w.Kind), "metadata": object{"name": string(w.Name), "namespace": "default"},
		"spec": object{"replicas": w.Replicas, "template": object{"spec": spec}},
	})
}

func requestsOf(p sim.PodSpec) object {
	out := object{}
	if p.CPUMilli > 0 {
		out["cpu"] = fmt.Sprintf("%dm", p.CPUMilli)
	}
	if p.MemoryMiB > 0 {
		out["memory"] = fmt.Sprintf("%dMi", p.MemoryMiB)
	}
	if p.PodENI || len(p.BranchGroups) > 0 {
		out[podENI] = "1"
	}
	return out
}

func (x *export) node(n *replay.Node) {
	x.nodes = append(x.nodes, object{
		"kind":     "Node",
		"metadata": object{"name": string(n.Name), "labels": object{labelType: n.Launched.InstanceType, labelZone: n.Launched.Zone, labelGroup: n.Launched.Group, labelOS: cmp.Or(n.Launched.OS, "linux")}, "creationTimestamp": fmt.Sprintf("%012d.%06d", n.LaunchedAt, len(x.nodes))},
		"spec":     object{"providerID": "aws:///" + n.Launched.Zone + "/" + string(n.Launched.Instance), "unschedulable": n.Cordoned},
		"status":   object{"capacity": object{"pods": fmt.Sprint(n.Launched.MaxPods), "cpu": "2"}},
	})
	for _, system := range []string{"aws-node", "kube-proxy"}[:n.Launched.SystemPods] {
		x.pods = append(x.pods, object{
			"kind":     "Pod",
			"metadata": object{"name": system + "-" + string(n.Name), "namespace": "kube-system", "ownerReferences": []object{{"kind": "DaemonSet", "name": system, "controller": true}}},
			"spec":     object{"nodeName": string(n.Name), "hostNetwork": true},
			"status":   object{"phase": "Running"},
		})
	}
	for _, e := range n.ENIs {
		one := eniObject(string(e.ID), e.Subnet, e.PrimaryAddress, e.SecurityGroups)
		one["Attachment"] = object{"InstanceId": string(n.Launched.Instance), "NetworkCardIndex": e.Card, "DeviceIndex": e.Device, "Status": "attached"}
		if e.Kind == model.ENITrunk {
			one["InterfaceType"] = "trunk"
		}
		for _, b := range e.Blocks {
			if b.Prefix.Addr().Is6() {
				one["Ipv6Prefixes"] = []object{{"Ipv6Prefix": b.Prefix.String()}}
			} else if b.IsPrefix() {
				one["Ipv4Prefixes"] = append(one["Ipv4Prefixes"].([]object), object{"Ipv4Prefix": b.Prefix.String()})
			} else {
				one["PrivateIpAddresses"] = append(one["PrivateIpAddresses"].([]object), object{"PrivateIpAddress": b.Prefix.Addr().String()})
			}
		}
		x.interfaces = append(x.interfaces, one)
	}
	for _, b := range n.Branches {
		one := eniObject(string(b.ENI), b.Subnet, b.Address, b.SecurityGroups)
		one["InterfaceType"] = "branch"
		if b.IPv6Address.IsValid() {
			one["Ipv6Addresses"] = []object{{"Ipv6Address": b.IPv6Address.String()}}
		}
		one["TagSet"] = []object{{"Key": "vpcresources.k8s.aws/trunk-eni-id", "Value": string(n.Trunk.ENI)}, {"Key": "vpcresources.k8s.aws/vlan-id", "Value": fmt.Sprint(b.VLAN)}}
		x.interfaces = append(x.interfaces, one)
	}
}

func eniObject(id string, subnet model.SubnetID, primary netip.Addr, groups []model.SecurityGroup) object {
	var all []object
	for _, g := range groups {
		all = append(all, object{"GroupId": string(g)})
	}
	return object{
		"NetworkInterfaceId": id, "SubnetId": "subnet-" + string(subnet), "InterfaceType": "interface", "Status": "in-use",
		"PrivateIpAddress": primary.String(), "Groups": all, "Ipv4Prefixes": []object{},
		"PrivateIpAddresses": []object{{"Primary": true, "PrivateIpAddress": primary.String()}},
	}
}

func (x *export) pod(p *replay.Pod, cfg sim.Config) {
	spec := object{"nodeName": string(p.Node), "hostNetwork": p.HostNetwork}
	meta := object{"name": string(p.Name), "namespace": "default", "creationTimestamp": fmt.Sprintf("%012d", p.CreatedAt)}
	if i := slices.IndexFunc(cfg.Workloads, func(w sim.Workload) bool { return w.Name == p.Workload }); i >= 0 {
		meta["ownerReferences"] = []object{{"kind": x.kinds[string(p.Workload)], "name": string(p.Workload), "controller": true}}
		spec["containers"] = []object{{"resources": object{"requests": requestsOf(cfg.Workloads[i].Pod)}}}
		spec["nodeSelector"] = cfg.Workloads[i].Pod.NodeSelector
		meta["annotations"] = cfg.Workloads[i].Pod.Annotations
	}
	if x.kinds[string(p.Workload)] == "Deployment" {
		meta["ownerReferences"] = []object{{"kind": "ReplicaSet", "name": string(p.Workload) + "-7d9f8b6c5", "controller": true}}
		meta["labels"] = object{"pod-template-hash": "7d9f8b6c5"}
	}
	status := object{"phase": "Pending"}
	if p.Address.IsValid() {
		status = object{"phase": "Running", "podIP": p.Address.String()}
	}
	x.pods = append(x.pods, object{"kind": "Pod", "metadata": meta, "spec": spec, "status": status})
}

func (x *export) subnet(sn *replay.Subnet) {
	id := "subnet-" + string(sn.Name)
	var tags []object
	for key, value := range sn.Tags {
		tags = append(tags, object{"Key": key, "Value": value})
	}
	tags = append(tags, object{"Key": "Name", "Value": string(sn.Name)})
	x.subnets = append(x.subnets, object{
		"SubnetId": id, "VpcId": "vpc-1", "AvailabilityZone": sn.Zone, "CidrBlock": sn.CIDR.String(), "AvailableIpAddressCount": sn.Stats().Free, "Tags": tags,
	})
	if sn.IPv6CIDR.IsValid() {
		x.subnets[len(x.subnets)-1]["Ipv6CidrBlockAssociationSet"] = []object{{"Ipv6CidrBlock": sn.IPv6CIDR.String(), "Ipv6CidrBlockState": object{"State": "associated"}}}
	}
	for i, a := range append(slices.Clone(sn.InUse), sn.ControlPlane...) {
		x.interfaces = append(x.interfaces, eniObject(fmt.Sprintf("eni-other-%s-%d", sn.Name, i), sn.Name, a, nil))
	}
	for _, r := range sn.Reservations {
		x.reservations = append(x.reservations, object{"SubnetId": id, "Cidr": r.CIDR.String(), "ReservationType": string(r.Type)})
	}
}

// files are the exported objects, by file.
func (x *export) files(cfg sim.Config) map[string]any {
	affinity := object{"nodeAffinity": object{"requiredDuringSchedulingIgnoredDuringExecution": object{"nodeSelectorTerms": []object{{"matchExpressions": []object{
		{"key": labelOS, "operator": "In", "values": []string{"linux"}},
		{"key": "kubernetes.io/arch", "operator": "In", "values": []string{"amd64", "arm64"}},
		{"key": labelCompute, "operator": "NotIn", "values": []string{"fargate", "hybrid", "auto"}},
	}}}}}}
	daemon := object{"kind": "DaemonSet", "metadata": object{"name": "aws-node", "namespace": "kube-system"}, "spec": object{"template": object{"spec": object{"hostNetwork": true, "affinity": affinity, "containers": []object{{"name": "aws-node", "image": "1.dkr.ecr/amazon-k8s-cni:" + cfg.CNI.Version.String(), "env": x.env}}}}}}
	var configs []object
	if len(cfg.CNI.Windows) > 0 {
		configs = append(configs, object{"kind": "ConfigMap", "metadata": object{"name": "amazon-vpc-cni", "namespace": "kube-system"}, "data": cfg.CNI.Windows})
	}
	for _, c := range cfg.CNI.ENIConfigs {
		configs = append(configs, object{"kind": "ENIConfig", "metadata": object{"name": c.Name}, "spec": object{"subnet": "subnet-" + string(c.Subnet), "securityGroups": c.SecurityGroups}})
	}
	return map[string]any{
		"nodes.json":        object{"kind": "List", "apiVersion": "v1", "items": x.nodes},
		"pods.json":         object{"kind": "PodList", "items": x.pods},
		"workloads.json":    object{"kind": "List", "items": append(append(x.workloads, daemon), configs...)},
		"subnets.json":      object{"Subnets": x.subnets},
		"interfaces.json":   object{"NetworkInterfaces": x.interfaces},
		"reservations.json": object{"SubnetIpv4CidrReservations": x.reservations, "SubnetIpv6CidrReservations": []object{}},
		"vpcs.json":         object{"Vpcs": []object{{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}}},
	}
}

// errStop ends a run from its sink.
var errStop = errors.New("stop")

// played folds a run up to and with the instant.
func played(t *testing.T, cfg sim.Config, until model.Instant) *replay.State {
	var s replay.State
	err := sim.Run(cfg, func(e sim.Event) error {
		if e.At > until {
			return errStop
		}
		return s.Apply(e)
	})
	if !errors.Is(err, errStop) {
		require.NoError(t, err)
	}
	return &s
}

// oneWay are scenarios of the library whose end does not come back, and why.
var oneWay = map[string]string{
	"pod-eni-on-type-without-trunk":            "the agent has dropped an address under a living pod, which EC2 does not tell",
	"agent-restart-forgets-cooldown":           "one node's agent has an environment of its own",
	"custom-networking-zone-without-eniconfig": "a node's agent never was up, and those of a state have been",
	"daemonset-surge-needs-a-place":            "a DaemonSet's second pod for a node waits, in a roll-out, which no state has",
	"large-fleet":                              "takes long",
	"throttling-storm":                         "takes long",
	"windows-prefix-mode-switch":               "a step switches the ConfigMap's mode in the run",
}

// The end of a run, written as kubectl and aws print a cluster, comes back as a
// scenario that begins in it: the same ENIs, addresses, prefixes and branches on
// the nodes, the same address for each pod, and the same room in each subnet.
func TestEndOfARunComesBack(t *testing.T) {
	for _, e := range scenarios.Library() {
		if oneWay[e.Name] != "" || strings.HasPrefix(e.Name, "ecs-") {
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			scenario, err := e.Load(scenarios.Options{})
			require.NoError(t, err)
			before := played(t, scenario.Config(), model.Never)

			snapshot := NewSnapshot()
			for file, v := range exported(before, scenario.Config()).files(scenario.Config()) {
				text, err := json.Marshal(v)
				require.NoError(t, err)
				require.NoError(t, snapshot.Read(file, text))
			}
			d, err := snapshot.Scenario(Options{})
			require.NoError(t, err)
			text, err := d.YAML()
			require.NoError(t, err)
			imported, err := scenarios.Load("imported.yaml", text, scenarios.Options{})
			require.NoError(t, err)
			after := played(t, imported.Config(), 0)
			requireSameState(t, before, after, string(text))
		})
	}
}

func requireSameState(t *testing.T, before, after *replay.State, text string) {
	for i, n := range slices.DeleteFunc(slices.Clone(before.Nodes), (*replay.Node).Gone) {
		require.Equal(t, nodeText(before, n), nodeText(after, after.Nodes[i]), text)
		require.Equal(t, n.Cordoned, after.Nodes[i].Cordoned)
	}
	addresses := func(s *replay.State) []string {
		var all []string
		for _, p := range s.Pods.All() {
			if p.Address.IsValid() {
				all = append(all, fmt.Sprint(p.Address, " ", p.Workload, " ", p.Phase))
			}
		}
		slices.Sort(all)
		return all
	}
	require.Equal(t, addresses(before), addresses(after), text)
	waits := func(s *replay.State) (pending, creating int) {
		for _, p := range s.Pods.All() {
			switch p.Phase {
			case replay.Pending:
				pending++
			case replay.ContainerCreating:
				creating++
			}
		}
		return pending, creating
	}
	pending, creating := waits(before)
	pendingAfter, creatingAfter := waits(after)
	require.Equal(t, []int{pending, creating}, []int{pendingAfter, creatingAfter}, text)
	for _, sn := range after.Subnets {
		require.Equal(t, before.Subnet(sn.Name).Stats(), sn.Stats(), "%s\n%s", sn.Name, text)
	}
}

// nodeText is a node's ENIs with all that is on them. A trunk that serves no
// pods has no blocks.
func nodeText(s *replay.State, n *replay.Node) string {
	var b strings.Builder
	fmt.Fprintln(&b, n.Launched.InstanceType, n.Launched.Subnet, n.Launched.MaxPods, n.Bound()+n.Launched.SystemPods)
	for _, e := range n.ENIs {
		fmt.Fprintln(&b, e.Card, e.Device, e.Kind, e.Subnet, e.PrimaryAddress, e.SecurityGroups)
		for _, blk := range e.Blocks {
			fmt.Fprintln(&b, " ", blk.Prefix, blk.Assigned)
		}
	}
	var branches []string
	for _, br := range n.Branches {
		branches = append(branches, fmt.Sprintln(br.VLAN, br.Address, br.Subnet, br.SecurityGroups, br.State))
	}
	slices.Sort(branches)
	return b.String() + strings.Join(branches, "")
}
