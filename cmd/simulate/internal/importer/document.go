package importer

import (
	"net/netip"
)

// Document is a scenario as it is written: of the language's fields those that
// the import sets, in the order in which a reader wants them.
type Document struct {
	APIVersion    string             `json:"apiVersion"`
	Kind          string             `json:"kind"`
	Name          string             `json:"name"`
	Summary       string             `json:"summary,omitempty"`
	VPC           outVPC             `json:"vpc"`
	Cluster       outCluster         `json:"cluster"`
	CNI           outCNI             `json:"cni,omitzero"`
	InstanceTypes map[string]outType `json:"instanceTypes,omitempty"`
	NodeGroups    []*outGroup        `json:"nodeGroups"`
	Workloads     []*outWorkload     `json:"workloads,omitempty"`
	Policies      []outPolicy        `json:"securityGroupPolicies,omitempty"`
	State         *outState          `json:"state,omitempty"`
	Steps         []outStep          `json:"steps,omitempty"`
	guesses       []string
}

// Guesses are what the files did not tell, and what the scenario leaves out.
func (d *Document) Guesses() []string { return d.guesses }

type outVPC struct {
	CIDRs   []netip.Prefix `json:"cidrs"`
	Subnets []*outSubnet   `json:"subnets"`
}

type outSubnet struct {
	Name         string            `json:"name"`
	Zone         string            `json:"zone,omitempty"`
	CIDR         netip.Prefix      `json:"cidr"`
	IPv6CIDR     netip.Prefix      `json:"ipv6Cidr,omitzero"`
	Tags         map[string]string `json:"tags,omitempty"`
	InUse        *outInUse         `json:"inUse,omitempty"`
	Reservations []outReservation  `json:"reservations,omitempty"`

	id        string
	allTags   map[string]string
	ipv6      netip.Prefix // its IPv6 CIDR, whatever the cluster is
	available *int
	held      map[netip.Addr]bool // by the state
	others    map[netip.Addr]bool
	used      bool // something of the cluster is in it
}

type outInUse struct {
	Count     int          `json:"count,omitempty"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
}

type outReservation struct {
	CIDR netip.Prefix `json:"cidr"`
	Type string       `json:"type"`
}

type outCluster struct {
	Name       string `json:"name,omitempty"`
	IPFamily   string `json:"ipFamily,omitempty"`
	SystemPods *int   `json:"systemPods,omitempty"`
}

type outCNI struct {
	Version        string             `json:"version,omitempty"`
	Env            map[string]*string `json:"env,omitempty"`
	BranchCooldown string             `json:"branchCooldown,omitempty"`
	ENIConfigs     []outENIConfig     `json:"eniConfigs,omitempty"`
	Windows        map[string]string  `json:"windows,omitempty"`
}

type outENIConfig struct {
	Name           string   `json:"name"`
	Subnet         string   `json:"subnet"`
	SecurityGroups []string `json:"securityGroups,omitempty"`
}

type outType struct {
	MaxENIs    int    `json:"maxENIs"`
	IPv4PerENI int    `json:"ipv4PerENI"`
	VCPU       int    `json:"vcpu,omitempty"`
	MemoryMiB  int    `json:"memoryMiB,omitempty"`
	Hypervisor string `json:"hypervisor,omitempty"`
	BareMetal  bool   `json:"bareMetal,omitempty"`
	Cards      int    `json:"networkCards,omitempty"`
	AllCards   int    `json:"maxENIsAllCards,omitempty"`
	BranchENIs int    `json:"branchENIs,omitempty"`
	Trunking   bool   `json:"trunkingCompatible,omitempty"`
}

type outGroup struct {
	Name           string            `json:"name"`
	InstanceType   string            `json:"instanceType"`
	OS             string            `json:"os,omitempty"`
	Count          int               `json:"count"`
	Subnets        []string          `json:"subnets,omitempty"`
	MaxPods        int               `json:"maxPods,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	Annotations    map[string]string `json:"annotations,omitempty"`
	Taints         []taint           `json:"taints,omitempty"`
	SecurityGroups []string          `json:"securityGroups,omitempty"`

	label   string // of the node group or node pool
	comment string
	nodes   []*member
}

type outWorkload struct {
	Name                 string            `json:"name"`
	Kind                 string            `json:"kind,omitempty"`
	At                   string            `json:"at,omitempty"`
	Replicas             *int              `json:"replicas,omitempty"`
	Namespace            string            `json:"namespace,omitempty"`
	Requests             map[string]any    `json:"requests,omitempty"`
	HostNetwork          bool              `json:"hostNetwork,omitempty"`
	Labels               map[string]string `json:"labels,omitempty"`
	Annotations          map[string]string `json:"annotations,omitempty"`
	ServiceAccount       string            `json:"serviceAccount,omitempty"`
	ServiceAccountLabels map[string]string `json:"serviceAccountLabels,omitempty"`
	NodeSelector         map[string]string `json:"nodeSelector,omitempty"`
	Tolerations          []toleration      `json:"tolerations,omitempty"`
	Strategy             *rolling          `json:"strategy,omitempty"`
	Completions          int               `json:"completions,omitempty"`
	RunFor               string            `json:"runFor,omitempty"`

	comment string
}

type outPolicy struct {
	Name                   string    `json:"name"`
	Namespace              string    `json:"namespace"`
	PodSelector            *selector `json:"podSelector,omitempty"`
	ServiceAccountSelector *selector `json:"serviceAccountSelector,omitempty"`
	SecurityGroups         []string  `json:"securityGroups"`
}

type outState struct {
	Nodes []*outNode `json:"nodes,omitempty"`
	Pods  []*outPod  `json:"pods,omitempty"`
}

type outNode struct {
	Name     string    `json:"name"`
	Cordoned bool      `json:"cordoned,omitempty"`
	ENIs     []*outENI `json:"enis"`

	comment string
}

type outENI struct {
	Card           int            `json:"card,omitempty"`
	Device         int            `json:"device"`
	Kind           string         `json:"kind,omitempty"`
	Subnet         string         `json:"subnet,omitempty"`
	SecurityGroups []string       `json:"securityGroups,omitempty"`
	PrimaryAddress netip.Addr     `json:"primaryAddress"`
	Addresses      []netip.Addr   `json:"addresses,omitempty"`
	Prefixes       []netip.Prefix `json:"prefixes,omitempty"`
	Branches       []outBranch    `json:"branches,omitempty"`

	id string
}

type outBranch struct {
	VLAN           int        `json:"vlan"`
	Subnet         string     `json:"subnet"`
	Address        netip.Addr `json:"address"`
	IPv6Address    netip.Addr `json:"ipv6Address,omitzero"`
	SecurityGroups []string   `json:"securityGroups,omitempty"`
}

type outPod struct {
	Name        string         `json:"name"`
	Workload    string         `json:"workload,omitempty"`
	Node        string         `json:"node,omitempty"`
	Address     netip.Addr     `json:"address,omitzero"`
	Requests    map[string]any `json:"requests,omitempty"`
	HostNetwork bool           `json:"hostNetwork,omitempty"`
}

type outStep struct {
	Create *outCreate `json:"create,omitempty"`
	Delete *outDelete `json:"delete,omitempty"`
}

type outCreate struct {
	Pod      string            `json:"pod"`
	Requests map[string]any    `json:"requests,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
}

type outDelete struct {
	Pod string `json:"pod"`
}
