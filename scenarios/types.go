package scenarios

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"vpcsim/model"
	"vpcsim/scenarios/expect"
	"vpcsim/sim"
)

// Scenario is a scenario file as it was understood: checked, every default
// filled in. Its JSON form is a scenario file again, the canonical one, and
// means the same run.
//
// It is to be read; Config does not follow changes.
type Scenario struct {
	Name     string   `json:"name"`
	Summary  string   `json:"summary,omitempty"`
	Platform Platform `json:"platform"`
	Seed     uint64   `json:"seed"`
	// Duration ends the run at this instant. Zero: when it has settled, at most
	// 24 h.
	Duration Duration `json:"duration,omitempty"`

	Limits        Limits                          `json:"limits"`
	VPC           VPC                             `json:"vpc"`
	Cluster       Cluster                         `json:"cluster"`
	CNI           CNI                             `json:"cni,omitzero"` // zero on ECS, as the next ones
	EC2           EC2                             `json:"ec2"`
	Agent         Agent                           `json:"agent,omitzero"`
	Scheduler     Scheduler                       `json:"scheduler,omitzero"`
	Kubelet       Kubelet                         `json:"kubelet,omitzero"`
	Controller    Controller                      `json:"controller,omitzero"`
	InstanceTypes map[string]InstanceTypeOverride `json:"instanceTypes,omitempty"`
	State         State                           `json:"state,omitzero"`
	NodeGroups    []NodeGroup                     `json:"nodeGroups"`
	Workloads     []Workload                      `json:"workloads"`
	// SecurityGroupPolicies give pods branch ENIs, beside the workloads' own
	// security groups.
	SecurityGroupPolicies []SecurityGroupPolicy `json:"securityGroupPolicies,omitempty"`
	Steps                 []Step                `json:"steps"`
	// Expect is what is said of the run. It is no part of the digest: it changes
	// nothing of what happens.
	Expect []expect.Expectation `json:"expect,omitempty"`

	config sim.Config
	file   string
	places places
	used   []bool // by policy: it selects a pod
}

// PolicySelects reports whether the i-th security group policy selects some pod
// of the scenario.
func (s *Scenario) PolicySelects(i int) bool { return s.used[i] }

// Platform is what runs the pods.
type Platform string

// The platforms: a Kubernetes cluster of EKS, the default, and Amazon ECS on EC2
// instances.
const (
	PlatformEKS Platform = "eks"
	PlatformECS Platform = "ecs"
)

// Duration is a length of time in whole milliseconds, at least 0 and at most
// 400 days. Its text is Go's, "1m30s".
type Duration time.Duration

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String writes the duration as Go does.
func (d Duration) String() string { return time.Duration(d).String() }

// Range is a duration that is drawn uniformly from Min … Max, both inclusive.
type Range struct {
	Min Duration `json:"min"`
	Max Duration `json:"max"`
}

func (r Range) sim() sim.Range {
	return sim.Range{Min: time.Duration(r.Min), Max: time.Duration(r.Max)}
}

// Repeat is how long to wait before something is tried again.
type Repeat struct {
	Never bool // not at all; Range is then zero
	Range
}

const never = "never"

// MarshalJSON writes {min, max}, or "never".
func (r Repeat) MarshalJSON() ([]byte, error) {
	if r.Never {
		return json.Marshal(never)
	}
	return json.Marshal(r.Range)
}

// Limits bound a run. All are at least 1.
type Limits struct {
	Events int `json:"events"`
	Pods   int `json:"pods"`
	Nodes  int `json:"nodes"`
	// LogSize is in bytes.
	LogSize int64 `json:"logSize"`
}

// VPC is the address space.
type VPC struct {
	CIDRs   []netip.Prefix `json:"cidrs"`
	Subnets []Subnet       `json:"subnets"`
}

// Subnet is a subnet before the run.
type Subnet struct {
	Name     string       `json:"name"`
	Zone     string       `json:"zone"`
	IPv6CIDR netip.Prefix `json:"ipv6Cidr,omitzero"`
	CIDR     netip.Prefix `json:"cidr"`
	// Tags steer in which subnets the agents make ENIs.
	Tags         map[string]string `json:"tags,omitempty"`
	InUse        InUse             `json:"inUse,omitzero"`
	Reservations []Reservation     `json:"reservations,omitempty"`
}

// InUse is what others hold of a subnet: the addresses named, and Count more.
type InUse struct {
	Count int `json:"count,omitempty"`
	// Placement is packed (from the lowest address up) or scattered.
	Placement string       `json:"placement,omitempty"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
}

// The placements of InUse.
const (
	PlacementScattered = "scattered"
	PlacementPacked    = "packed"
)

// Reservation is a subnet CIDR reservation.
type Reservation struct {
	CIDR netip.Prefix          `json:"cidr"`
	Type model.ReservationType `json:"type"`
}

// Cluster is what the cluster as a whole has.
type Cluster struct {
	Name             string `json:"name"`
	IPFamily         string `json:"ipFamily"`
	SystemPods       int    `json:"systemPods"`
	ControlPlaneENIs int    `json:"controlPlaneENIs"`
}

// The IP families of a cluster.
const (
	familyIPv4 = "ipv4"
	familyIPv6 = "ipv6"
)

// CNI is the configuration of the VPC CNI.
type CNI struct {
	Version model.Version `json:"version"`
	// Env is the environment of aws-node, the DaemonSet's defaults included. A
	// nil value unsets one of these.
	Env        map[string]*string `json:"env"`
	ENIConfigs []ENIConfig        `json:"eniConfigs,omitempty"`
	// BranchCooldown is the text of branch-eni-cooldown in the ConfigMap
	// amazon-vpc-cni: seconds. Empty: not set. See model.BranchCooldown.
	BranchCooldown string `json:"branchCooldown,omitempty"`
	// Windows are the keys of the ConfigMap amazon-vpc-cni that are about Windows
	// nodes.
	Windows map[string]string `json:"windows,omitempty"`
}

// ENIConfig is the custom resource of custom networking. Without security
// groups its ENIs take those of the node's primary ENI.
type ENIConfig struct {
	Name           string                `json:"name"`
	Subnet         string                `json:"subnet"`
	SecurityGroups []model.SecurityGroup `json:"securityGroups,omitempty"`
}

// EC2 is how EC2 behaves.
type EC2 struct {
	AddressOrder        sim.Order `json:"addressOrder"`
	Latency             Latency   `json:"latency"`
	Throttling          bool      `json:"throttling"`
	BranchOverflow      bool      `json:"branchOverflow,omitempty"`
	Quotas              Quotas    `json:"quotas"`
	ReservationFallback bool      `json:"reservationFallback"`
}

// Quotas are limits of the account; 0 is none.
type Quotas struct {
	NetworkInterfaces   int `json:"networkInterfaces"`   // per Region
	NetworkAddressUnits int `json:"networkAddressUnits"` // per VPC
}

// Latency is how long calls to EC2 take.
type Latency struct {
	// None: everything happens at once, calls and all other delays that the
	// scenario doesn't set itself.
	None bool
	// Actions is by action, and "refused" for every call that fails.
	Actions map[string]Range
}

const (
	latencyNone    = "none"
	latencyRefused = "refused"
)

// MarshalJSON writes the latencies by action, or "none".
func (l Latency) MarshalJSON() ([]byte, error) {
	if l.None {
		return json.Marshal(latencyNone)
	}
	return json.Marshal(l.Actions)
}

// Agent is how the node agents behave beyond their environment.
type Agent struct {
	Order       sim.Order `json:"order"`
	Restart     Duration  `json:"restart"`
	ExitBackoff Repeat    `json:"exitBackoff"`
}

// Scheduler is how pods are placed.
type Scheduler struct {
	Strategy sim.Strategy `json:"strategy"`
	Delay    Duration     `json:"delay"`
	// SeesAddresses: a pod is placed only where an address is free for it.
	SeesAddresses bool `json:"seesAddresses,omitempty"`
}

// Kubelet is how kubelet sets pods up.
type Kubelet struct {
	Retry Repeat   `json:"retry"`
	Start Duration `json:"start"`
}

// Controller is how fast the VPC resource controller is.
type Controller struct {
	// TrunkDelay is from the agent's signal to the trunk attached, BranchDelay
	// from a pod bound to its branch ENI annotated. EC2's latencies are part of
	// both; where they alone take longer, it takes that long.
	TrunkDelay  Duration `json:"trunkDelay"`
	BranchDelay Duration `json:"branchDelay"`
	// KeepsCompleted: the branch ENI of a pod that has completed stays until the
	// pod is deleted.
	KeepsCompleted bool `json:"keepsCompleted,omitempty"`
}

// InstanceTypeOverride adds an instance type, or changes what it sets of a
// known one. A nil field is left as it is.
type InstanceTypeOverride struct {
	MaxENIs         *int    `json:"maxENIs,omitempty"`
	IPv4PerENI      *int    `json:"ipv4PerENI,omitempty"`
	VCPU            *int    `json:"vcpu,omitempty"`
	MemoryMiB       *int    `json:"memoryMiB,omitempty"`
	NetworkCards    *int    `json:"networkCards,omitempty"`
	MaxENIsAllCards *int    `json:"maxENIsAllCards,omitempty"`
	BranchENIs      *int    `json:"branchENIs,omitempty"`
	Trunking        *bool   `json:"trunkingCompatible,omitempty"`
	Hypervisor      *string `json:"hypervisor,omitempty"`
	BareMetal       *bool   `json:"bareMetal,omitempty"`
	// ECSTasksTrunking is the limit of ECS tasks in awsvpc mode with awsvpcTrunking;
	// 0: the type has no trunking on ECS.
	ECSTasksTrunking *int `json:"ecsTasksTrunking,omitempty"`
}

// NodeGroup is a group of like nodes.
type NodeGroup struct {
	Name           string                `json:"name"`
	InstanceType   string                `json:"instanceType"`
	Count          int                   `json:"count"`
	Subnets        []string              `json:"subnets"`
	MaxPods        MaxPods               `json:"maxPods,omitzero"` // zero on ECS
	ReservedENIs   int                   `json:"reservedENIs"`
	Labels         map[string]string     `json:"labels,omitempty"`
	Annotations    map[string]string     `json:"annotations,omitempty"`
	Taints         []Taint               `json:"taints,omitempty"`
	SecurityGroups []model.SecurityGroup `json:"securityGroups"`
	Every          Duration              `json:"every"`
	// AgentStart is nil where the default holds: at once for the nodes that are
	// there at 0, and 45 s for those that join later.
	AgentStart *Duration `json:"agentStart,omitempty"`
	OS         string    `json:"os"`
	// Autoscale lets the cluster autoscaler add nodes; nil: it adds none.
	Autoscale *Autoscale `json:"autoscale,omitempty"`
	// AWSVPCTrunking is the account setting of ECS when the instances are
	// launched; of ECS only.
	AWSVPCTrunking bool `json:"awsvpcTrunking,omitempty"`
}

// Autoscale is how the cluster autoscaler lets a node group grow.
type Autoscale struct {
	Max   int      `json:"max"` // nodes of the group
	Delay Duration `json:"delay"`
}

// MaxPods is a number, or an expression: auto, managed, recommended, or CEL.
type MaxPods struct {
	Number     int // used where Expression is empty
	Expression string
}

// MarshalJSON writes the number or the expression.
func (m MaxPods) MarshalJSON() ([]byte, error) {
	if m.Expression != "" {
		return json.Marshal(m.Expression)
	}
	return json.Marshal(m.Number)
}

// Taint keeps pods off a node that don't tolerate it.
type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

// Toleration lets a pod onto a tainted node.
type Toleration struct {
	Key      string `json:"key,omitempty"`
	Operator string `json:"operator"`
	Value    string `json:"value,omitempty"`
	Effect   string `json:"effect,omitempty"`
}

// MilliCPU is an amount of CPU in thousandths of a core.
type MilliCPU int

// MarshalText writes the amount as Kubernetes does, "100m".
func (c MilliCPU) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%dm", int(c)), nil }

// MemoryMiB is an amount of memory in MiB.
type MemoryMiB int

// MarshalText writes the amount as Kubernetes does, "200Mi".
func (m MemoryMiB) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%dMi", int(m)), nil }

// Requests are the resources that a pod asks for. Zero: none.
type Requests struct {
	CPU    MilliCPU  `json:"cpu,omitempty"`
	Memory MemoryMiB `json:"memory,omitempty"`
	// PodENI is 1 for a branch ENI, with the security groups of the trunk unless
	// the pod has its own.
	PodENI int `json:"vpc.amazonaws.com/pod-eni,omitempty"`
}

// Workload is a controller of pods.
type Workload struct {
	Name      string           `json:"name"`
	Kind      sim.WorkloadKind `json:"kind"`
	Namespace string           `json:"namespace,omitempty"` // empty on ECS
	Replicas  *int             `json:"replicas,omitempty"`  // nil for a DaemonSet
	At        Duration         `json:"at"`
	Requests  Requests         `json:"requests,omitzero"`
	// SecurityGroups are those of the pods' branch ENIs; empty: without policies
	// they have none. On ECS they are those of the tasks' ENIs.
	SecurityGroups []model.SecurityGroup `json:"securityGroups,omitempty"`
	HostNetwork    bool                  `json:"hostNetwork,omitempty"`
	Labels         map[string]string     `json:"labels,omitempty"`
	ServiceAccount string                `json:"serviceAccount,omitempty"` // empty on ECS
	// ServiceAccountLabels are what policies select service accounts by.
	ServiceAccountLabels map[string]string `json:"serviceAccountLabels,omitempty"`
	Annotations          map[string]string `json:"annotations,omitempty"`
	NodeSelector         map[string]string `json:"nodeSelector,omitempty"`
	Tolerations          []Toleration      `json:"tolerations,omitempty"`
	Node                 string            `json:"node,omitempty"`
	Strategy             Strategy          `json:"strategy"`
	// Completions is 0 for as many as Replicas; of a Job only.
	Completions int `json:"completions,omitempty"`
	// RunFor is 0 for ever; of a Job, or of a service of ECS.
	RunFor     Duration `json:"runFor,omitempty"`
	ReadyAfter Duration `json:"readyAfter"`
	StopAfter  Duration `json:"stopAfter"`

	// What follows is of a service of ECS only.

	NetworkMode sim.NetworkMode `json:"networkMode,omitempty"`
	Subnets     []string        `json:"subnets,omitempty"` // none: the instance's
	Placement   []Placement     `json:"placement,omitempty"`
}

// Placement is a task placement strategy of ECS.
type Placement struct {
	Type  sim.PlacementType  `json:"type"`
	Field sim.PlacementField `json:"field,omitempty"`
}

// Strategy is how a workload's pods are replaced: by Kubernetes within surge and
// unavailable, by ECS within the two per cents. Those of the other platform are
// nil.
type Strategy struct {
	MaxSurge              *IntOrPercent `json:"maxSurge,omitempty"`
	MaxUnavailable        *IntOrPercent `json:"maxUnavailable,omitempty"`
	MinimumHealthyPercent *int          `json:"minimumHealthyPercent,omitempty"`
	MaximumPercent        *int          `json:"maximumPercent,omitempty"`
}

// IntOrPercent is a number of pods, or a per cent of the replicas.
type IntOrPercent struct {
	Value   int
	Percent bool
}

// MarshalJSON writes 3 or "25%".
func (v IntOrPercent) MarshalJSON() ([]byte, error) {
	if v.Percent {
		return json.Marshal(fmt.Sprintf("%d%%", v.Value))
	}
	return json.Marshal(v.Value)
}

// Step is something that happens at an instant. Exactly one of the actions is
// not nil.
type Step struct {
	At   Duration `json:"at"`
	Over Duration `json:"over,omitempty"`

	Scale             *Scale             `json:"scale,omitempty"`
	Rollout           *Rollout           `json:"rollout,omitempty"`
	Create            *Create            `json:"create,omitempty"`
	Delete            *Delete            `json:"delete,omitempty"`
	SetEnv            map[string]*string `json:"setEnv,omitempty"`
	AddNodes          *AddNodes          `json:"addNodes,omitempty"`
	Cordon            *OneNode           `json:"cordon,omitempty"`
	Uncordon          *OneNode           `json:"uncordon,omitempty"`
	Drain             *OneNode           `json:"drain,omitempty"`
	Terminate         *OneNode           `json:"terminate,omitempty"`
	RestartAgent      *RestartAgent      `json:"restartAgent,omitempty"`
	TagSubnet         *TagSubnet         `json:"tagSubnet,omitempty"`
	SetBranchCooldown *SetBranchCooldown `json:"setBranchCooldown,omitempty"`
	SetWindows        map[string]*string `json:"setWindows,omitempty"`
	RestartController *RestartController `json:"restartController,omitempty"`
	Fault             *Fault             `json:"fault,omitempty"`
	Churn             *Churn             `json:"churn,omitempty"`
	Replay            *Replay            `json:"replay,omitempty"`
}

// Scale sets a workload's replicas.
type Scale struct {
	Workload string `json:"workload"`
	Replicas int    `json:"replicas"`
}

// Rollout replaces a workload's pods.
type Rollout struct {
	Workload string `json:"workload"`
}

// Create makes one pod outside of any controller.
type Create struct {
	Pod      string            `json:"pod"`
	Node     string            `json:"node,omitempty"`
	Workload string            `json:"workload,omitempty"`
	Requests Requests          `json:"requests,omitzero"`
	Labels   map[string]string `json:"labels,omitempty"`
	// NetworkMode and Subnets are of ECS only; empty: the workload's.
	NetworkMode sim.NetworkMode `json:"networkMode,omitempty"`
	Subnets     []string        `json:"subnets,omitempty"`
	// SecurityGroups replace those of the workload.
	SecurityGroups []model.SecurityGroup `json:"securityGroups,omitempty"`
}

// Delete deletes the pod, or the Count oldest of the workload.
type Delete struct {
	Pod      string `json:"pod,omitempty"`
	Workload string `json:"workload,omitempty"`
	Count    int    `json:"count,omitempty"`
}

// TagSubnet replaces a subnet's tags.
type TagSubnet struct {
	Subnet string            `json:"subnet"`
	Tags   map[string]string `json:"tags"`
}

// SetBranchCooldown changes branch-eni-cooldown in the ConfigMap amazon-vpc-cni.
type SetBranchCooldown struct {
	Seconds string `json:"seconds"` // the text; empty unsets it
}

// RestartController restarts the VPC resource controller.
type RestartController struct{}

// Fault lets EC2 refuse calls, or take long for them.
type Fault struct {
	Action  sim.Action      `json:"action"`
	Node    string          `json:"node,omitempty"` // empty: calls about any
	Error   model.ErrorCode `json:"error,omitempty"`
	Count   int             `json:"count,omitempty"`
	For     Duration        `json:"for,omitempty"`
	Latency Duration        `json:"latency,omitempty"`
}

// AddNodes launches more nodes of a group.
type AddNodes struct {
	Group string `json:"group"`
	Count int    `json:"count"`
}

// OneNode is what acts on one node.
type OneNode struct {
	Node string `json:"node"`
}

// RestartAgent restarts a node's agent. A nil value of Env unsets a variable.
type RestartAgent struct {
	Node string             `json:"node"`
	Gap  Duration           `json:"gap"`
	Env  map[string]*string `json:"env,omitempty"`
}

// Churn makes short-lived pods beside the workload's replicas.
type Churn struct {
	Workload  string   `json:"workload"`
	PerMinute int      `json:"perMinute"`
	Lifetime  Range    `json:"lifetime"`
	For       Duration `json:"for"`
}

// Replay creates and deletes the pods of a trace.
type Replay struct {
	Trace string `json:"trace"` // a path, relative to the scenario file's folder
	// Speed divides the trace's times; a decimal number above 0.
	Speed Decimal `json:"speed"`

	pods   []sim.TracePod
	digest string // of the trace's bytes
}

// Decimal is a number in thousandths. Its text is decimal, "1.5".
type Decimal int64

// MarshalJSON writes the number without needless zeros.
func (d Decimal) MarshalJSON() ([]byte, error) {
	text := fmt.Sprintf("%d.%03d", d/1000, d%1000)
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	if text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	return []byte(text), nil
}
