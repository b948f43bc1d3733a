package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vpcsim/model"
)

// member is a node that is imported.
type member struct {
	*node
	instance string
	kind     string // instance type
	windows  bool
	zone     string
	maxPods  int
	enis     []*outENI // by device
	groups   []string  // security groups of the primary ENI
	group    *outGroup
	as       string // its name in the scenario
	out      *outNode
}

// os is the node's operating system as its label has it.
func (m *member) os() string {
	if m.windows {
		return osWindows
	}
	return "linux"
}

// isWindows reports whether a pod of the spec is for Windows nodes.
func isWindows(spec *podSpec) bool {
	return cmp.Or(spec.NodeSelector[labelOS], spec.NodeSelector[labelOSBeta], affinity(spec)[labelOS]) == osWindows
}

// Labels of nodes that are read. Source: EKS user guide, "Managed node groups";
// Karpenter and eksctl documentation.
const (
	labelType     = "node.kubernetes.io/instance-type"
	labelTypeBeta = "beta.kubernetes.io/instance-type"
	labelZone     = "topology.kubernetes.io/zone"
	labelZoneBeta = "failure-domain.beta.kubernetes.io/zone"
	labelOS       = "kubernetes.io/os"
	labelArch     = "kubernetes.io/arch"
	labelOSBeta   = "beta.kubernetes.io/os"
	labelHost     = "kubernetes.io/hostname"
	labelGroup    = "eks.amazonaws.com/nodegroup"
	labelCompute  = "eks.amazonaws.com/compute-type"
	labelCluster  = "alpha.eksctl.io/cluster-name"
)

// groupLabels name what launched a node, the first that is there.
var groupLabels = []string{labelGroup, "karpenter.sh/nodepool", "karpenter.sh/provisioner-name", "alpha.eksctl.io/nodegroup-name"}

// osWindows is the value of labelOS on Windows nodes.
const osWindows = "windows"

// nodes reads the nodes that are instances of EC2.
func (b *builder) nodes() error {
	types := map[string]string{}
	for _, in := range b.s.instances {
		types[in.InstanceId] = in.InstanceType
	}
	for _, n := range b.s.nodes {
		if why := elsewhere(n); why != "" {
			b.g.add(why, "node "+n.Name)
			b.elsewhere[n.Name] = true
			continue
		}
		m := &member{node: n, instance: instanceOf(n), kind: cmp.Or(n.Labels[labelType], n.Labels[labelTypeBeta])}
		m.kind = cmp.Or(m.kind, types[m.instance])
		m.zone = cmp.Or(n.Labels[labelZone], n.Labels[labelZoneBeta])
		m.windows = cmp.Or(n.Labels[labelOS], n.Labels[labelOSBeta]) == osWindows
		if m.kind == "" {
			return fmt.Errorf("%s: Node %s: has no label %s, and no file tells the type of its instance %q: add what aws ec2 describe-instances prints",
				b.fileOf(n), printable(n.Name, 100), labelType, printable(m.instance, 40))
		}
		if pods, err := strconv.Atoi(string(n.Status.Capacity["pods"])); err == nil && pods >= 0 && pods <= 100_000 {
			m.maxPods = pods
		} else {
			b.g.add("tells no capacity for pods: max-pods is auto", "node "+n.Name)
		}
		b.hasWindows = b.hasWindows || m.windows
		if n.Labels[labelCompute] == "auto" {
			b.g.add("is EKS Auto Mode's, whose agent is not the VPC CNI's: it is taken for one of the CNI's", "node "+n.Name)
		}
		b.members = append(b.members, m)
		b.member[n.Name] = m
		if m.instance != "" {
			b.instances[m.instance] = true
		}
	}
	slices.SortFunc(b.members, func(a, c *member) int {
		return cmp.Or(cmp.Compare(a.CreationTimestamp, c.CreationTimestamp), cmp.Compare(a.Name, c.Name))
	})
	return nil
}

// elsewhere says why a node is left out; empty: it is not.
func elsewhere(n *node) string {
	switch {
	case n.Labels[labelCompute] == "fargate" || strings.Contains(n.Spec.ProviderID, "/fargate-"):
		return "is Fargate's: it and its pod are left out, and their address of the subnet is in use by others, for ever"
	case n.Labels[labelCompute] == "hybrid" || strings.HasPrefix(n.Spec.ProviderID, "eks-hybrid:"):
		return "is a hybrid node, outside of the VPC: it and its pods are left out, they have no addresses of the VPC's"
	}
	return ""
}

// away reports whether a pod is on a node that is left out, or for Fargate.
func (b *builder) away(p *pod) bool {
	return b.elsewhere[p.Spec.NodeName] || p.Spec.SchedulerName == "fargate-scheduler"
}

// instanceOf is the id in aws:///us-west-2a/i-0123.
func instanceOf(n *node) string {
	id := n.Spec.ProviderID[strings.LastIndexByte(n.Spec.ProviderID, '/')+1:]
	if !strings.HasPrefix(id, "i-") {
		return ""
	}
	return id
}

// limits are those of an instance type: of the table, of the files, or what its
// nodes have.
func (b *builder) limits(kind string) model.InstanceType {
	if t, ok := model.LookupInstanceType(kind); ok {
		return t
	}
	t := model.InstanceType{Name: kind, MaxENIs: 1, IPv4PerENI: 2, NetworkCards: 1}
	if o, ok := b.doc.InstanceTypes[kind]; ok {
		t.MaxENIs, t.IPv4PerENI, t.VCPU, t.Hypervisor = o.MaxENIs, o.IPv4PerENI, o.VCPU, o.Hypervisor
		t.TrunkingCompatible, t.BranchENIs = o.Trunking, o.BranchENIs
		t.NetworkCards, t.MaxENIsAllCards = max(o.Cards, 1), max(o.AllCards, o.MaxENIs)
	}
	return t
}

// unknownType reports whether neither the table nor a file has the type.
func (b *builder) unknownType(kind string) bool {
	_, known := model.LookupInstanceType(kind)
	_, told := b.doc.InstanceTypes[kind]
	return !known && !told
}

// types takes what files tell of types that the table lacks.
func (b *builder) types() {
	for _, t := range b.s.types {
		if _, known := model.LookupInstanceType(t.InstanceType); known || t.NetworkInfo.MaximumNetworkInterfaces < 1 || t.NetworkInfo.Ipv4AddressesPerInterface < 2 {
			continue
		}
		if !slices.ContainsFunc(b.members, func(m *member) bool { return m.kind == t.InstanceType }) {
			continue
		}
		of := outType{
			MaxENIs: t.NetworkInfo.MaximumNetworkInterfaces, IPv4PerENI: t.NetworkInfo.Ipv4AddressesPerInterface,
			VCPU: t.VCpuInfo.DefaultVCpus, MemoryMiB: t.MemoryInfo.SizeInMiB, Hypervisor: t.Hypervisor, BareMetal: t.BareMetal,
		}
		if cards := t.NetworkInfo.NetworkCards; len(cards) > 1 {
			of.Cards, of.AllCards = len(cards), of.MaxENIs
			for _, c := range cards {
				if c.NetworkCardIndex == t.NetworkInfo.DefaultNetworkCardIndex && c.MaximumNetworkInterfaces > 0 {
					of.MaxENIs = c.MaximumNetworkInterfaces
				}
			}
		}
		b.setType(t.InstanceType, of)
	}
}

func (b *builder) setType(name string, t outType) {
	if b.doc.InstanceTypes == nil {
		b.doc.InstanceTypes = map[string]outType{}
	}
	if t.Hypervisor != "nitro" && t.Hypervisor != "xen" {
		t.Hypervisor = ""
	}
	b.doc.InstanceTypes[name] = t
}

// guessTypes gives types that nothing tells the limits of what their nodes have.
func (b *builder) guessTypes() {
	for _, m := range b.members {
		if _, known := model.LookupInstanceType(m.kind); known {
			continue
		}
		t, told := b.doc.InstanceTypes[m.kind]
		if !told {
			t = outType{MaxENIs: 1, IPv4PerENI: 2}
		}
		for _, e := range m.enis {
			if e.Card == 0 {
				t.MaxENIs = max(t.MaxENIs, e.Device+1)
			}
			t.Cards = max(t.Cards, e.Card+1)
			t.IPv4PerENI = max(t.IPv4PerENI, 1+len(e.Addresses)+len(e.Prefixes))
			t.Trunking = t.Trunking || e.Kind == "trunk"
			t.BranchENIs = max(t.BranchENIs, len(e.Branches))
		}
		if t.Cards == 1 {
			t.Cards = 0
		}
		b.setType(m.kind, t)
		if told {
			continue
		}
		b.g.add("is a type that is not known: its limits are what its nodes have attached; add what aws ec2 describe-instance-types prints", m.kind)
	}
}
