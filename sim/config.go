package sim

import (
	"encoding/json"
	"net/netip"
	"time"

	"vpcsim/model"
)

// Config is a run, fully resolved: no default is left to fill in, every name
// refers to something. The scenarios package builds it from a file; a test may
// write it down directly.
type Config struct {
	Name string
	Seed uint64
	// Platform is what runs the workloads; empty: PlatformEKS.
	Platform Platform

	// Duration ends the run at this instant, events at it included. Zero: the
	// run ends when it has settled, at most 24 h.
	Duration time.Duration

	// Scenario, Digest, Version and Notes are handed through to run.started.
	Scenario json.RawMessage
	Digest   string
	Version  string
	Notes    []string

	// State is what is there already when the run begins.
	State State

	Subnets    []SubnetConfig
	Cluster    ClusterConfig
	CNI        CNIConfig
	EC2        EC2Config
	Agent      AgentConfig
	Scheduler  SchedulerConfig
	Kubelet    KubeletConfig
	Controller ControllerConfig
	NodeGroups []NodeGroup
	Workloads  []Workload
	Steps      []Step // in file order; At need not ascend
	Limits     Limits
}

// Order says how something that the real system picks by chance is picked.
type Order string

// The orders. EC2 has lowest and random, the agent ordered and random.
const (
	OrderLowest  Order = "lowest"
	OrderOrdered Order = "ordered"
	OrderRandom  Order = "random"
)

// SubnetConfig is a subnet before the run.
type SubnetConfig struct {
	Name         model.SubnetID
	Zone         string
	CIDR         netip.Prefix
	IPv6CIDR     netip.Prefix // zero: none
	Tags         map[string]string
	InUse        []netip.Addr // addresses of others, explicit
	InUseCount   int          // further addresses of others
	InUsePacked  bool         // InUseCount from the lowest up; else scattered, seeded
	Reservations []model.Reservation
}

// ClusterConfig is what the cluster as a whole has.
type ClusterConfig struct {
	Name             string
	SystemPods       int // on every node: host network, count towards max-pods
	ControlPlaneENIs int // one address each, of the subnets in turn
}

// CNIConfig is the configuration of the VPC CNI.
type CNIConfig struct {
	Version model.Version
	// Env is the whole environment of aws-node: the DaemonSet's defaults with
	// the scenario's changes applied. What is not in it is unset.
	Env        map[string]string
	ENIConfigs []ENIConfig
	// BranchCooldown is the text of branch-eni-cooldown in the ConfigMap
	// amazon-vpc-cni; empty: not set. See model.BranchCooldown.
	BranchCooldown string
	// Windows are the other keys of that ConfigMap, those about Windows nodes.
	// See model.ParseWindowsSettings; nil serves no Windows nodes.
	Windows map[string]string
}

// ENIConfig is the custom resource of custom networking.
type ENIConfig struct {
	Name   string
	Subnet model.SubnetID
	// SecurityGroups are those of the ENIs made from it; empty: the primary
	// ENI's.
	SecurityGroups []model.SecurityGroup
}

// Range is a duration drawn uniformly from Min … Max, both inclusive, in whole
// milliseconds. Min equal to Max is a constant: nothing is drawn.
type Range struct {
	Min, Max time.Duration
}

// EC2Config is how EC2 behaves.
type EC2Config struct {
	Order Order // lowest or random
	// Latency by action; an action that is not in it takes no time.
	Latency map[Action]Range
	// Quotas of the account; 0 = none.
	Quotas Quotas
	// Throttling limits the requests of the account by token buckets.
	Throttling bool
	// Refused is how long a call that fails takes.
	Refused Range
	// DetachPause is the agent's wait between detaching and deleting an ENI.
	DetachPause time.Duration
	// BranchLimit: EC2 itself refuses to associate more branch ENIs than the
	// instance type's limit, which is a property of the type and not of the
	// resource controller. Its own check holds anyway, but requests in flight
	// together can all pass that.
	BranchLimit bool
	// ReservationFallback: a full prefix reservation falls back to the rest of
	// the subnet.
	ReservationFallback bool
}

// Quotas are limits of the account, 0 = none.
type Quotas struct {
	ENIs  int // network interfaces per Region
	Units int // network address units per VPC
}

// AgentConfig is how the node agents behave beyond their environment.
type AgentConfig struct {
	Order   Order         // ordered or random
	Restart time.Duration // gap of a restart
	Exit    Backoff       // when an agent that exited is started again
}

// Backoff is a wait that doubles from Min to Max.
type Backoff struct {
	Never    bool // do not try again at all
	Min, Max time.Duration
}

// Strategy is how the scheduler chooses among the nodes that pass its filters.
type Strategy string

// The strategies.
const (
	StrategyKube     Strategy = "kube"
	StrategyBinpack  Strategy = "binpack"
	StrategyFirstFit Strategy = "first-fit"
	StrategyRandom   Strategy = "random"
)

// SchedulerConfig is how pods are placed.
type SchedulerConfig struct {
	Strategy Strategy
	Delay    time.Duration // from created to the first attempt
	// SeesAddresses: a pod is placed only where an address of the node's pool is
	// free for it, as if addresses were a resource. No real scheduler does that.
	SeesAddresses bool
}

// KubeletConfig is how kubelet behaves.
type KubeletConfig struct {
	Start      time.Duration // from bound to the first attempt
	NeverRetry bool
	Retry      Range // from a failed attempt to the next
}

// ControllerConfig is how fast the VPC resource controller is. EC2's latencies
// are part of both times; where they alone take longer, it takes that long.
type ControllerConfig struct {
	TrunkDelay  time.Duration // from the agent's signal to the trunk attached
	BranchDelay time.Duration // from a pod bound to its branch annotated
	// KeepsCompleted: the branch ENI of a pod that has completed stays until the pod
	// is deleted. Source: VPC resource controller issue 33, since mended.
	KeepsCompleted bool
}

// Taint keeps pods off a node that do not tolerate it.
type Taint struct {
	Key, Value string
	Effect     string // NoSchedule, PreferNoSchedule, NoExecute
}

// Toleration lets a pod onto a tainted node. An empty Key with Operator Exists
// tolerates everything; an empty Effect every effect.
type Toleration struct {
	Key, Operator, Value, Effect string
}

// NodeGroup is a group of like nodes.
type NodeGroup struct {
	Name           string
	Type           model.InstanceType // overrides applied
	Windows        bool               // the nodes run Windows: no agent, the resource controller's pool
	Count          int
	Subnets        []model.SubnetID // in turn
	MaxPods        int
	Labels         map[string]string // zone, hostname, type and group labels are added by the engine
	Annotations    map[string]string
	Taints         []Taint
	SecurityGroups []model.SecurityGroup
	Every          time.Duration // launch interval
	// AgentStart is from launch to the agent's start, for the nodes launched
	// at instant 0 and for those launched later.
	AgentStart, AgentStartLater time.Duration
	// CPUMilli and MemoryMiB are allocatable; 0 = unknown, no limit.
	CPUMilli, MemoryMiB int
	// Autoscale lets the cluster autoscaler add nodes.
	Autoscale AutoscaleConfig
	// AWSVPCTrunking: the account setting of ECS is on when the instances are
	// launched.
	AWSVPCTrunking bool
}

// AutoscaleConfig is how a node group grows. The zero value: it does not.
type AutoscaleConfig struct {
	Max   int           // nodes of the group, those of the beginning included
	Delay time.Duration // from a pod without a node to the launch of one; the least of all groups holds
}

// WorkloadKind is the kind of a workload.
type WorkloadKind string

// The kinds of workloads.
const (
	Deployment  WorkloadKind = "Deployment"
	DaemonSet   WorkloadKind = "DaemonSet"
	StatefulSet WorkloadKind = "StatefulSet"
	Job         WorkloadKind = "Job"
	Service     WorkloadKind = "service" // of ECS, and the only kind there
)

// PodSpec is what pods of a workload, or a pod of a create step, have in common.
type PodSpec struct {
	Namespace      string
	Labels         map[string]string
	ServiceAccount string
	Annotations    map[string]string // model.AnnotationNICs counts
	NodeSelector   map[string]string
	Tolerations    []Toleration
	CPUMilli       int // requests; 0 = none
	MemoryMiB      int
	HostNetwork    bool
	// BranchGroups are the security groups of the pod's branch ENI; with any the
	// pod needs one, unless it is on the host network.
	BranchGroups []model.SecurityGroup
	// PodENI: the pod requests vpc.amazonaws.com/pod-eni, and so needs a branch
	// ENI without BranchGroups, too: it then has the trunk's.
	PodENI bool
	// Node pins the pods, as spec.nodeName does: no scheduler, no admission.
	Node       model.NodeName
	ReadyAfter time.Duration // from addressed to ready
	StopAfter  time.Duration // from deletion asked to address released
	RunFor     time.Duration // from ready to completed; 0 = for ever
	Task       TaskSpec      // of ECS tasks only
}

// Workload is a controller of pods.
type Workload struct {
	Name     model.WorkloadName
	Kind     WorkloadKind
	At       time.Duration // when it appears
	Replicas int           // Job: how many run at once
	// Completions is how many pods of a Job run in all; 0: as many as Replicas.
	Completions int
	// MaxSurge and MaxUnavailable of a roll-out; a per cent of the replicas is
	// rounded up for the surge and down for unavailable.
	MaxSurge, MaxUnavailable IntOrPercent
	// MinimumHealthyPercent and MaximumPercent bound the deployment of a service:
	// running tasks that must stay, rounded up, and tasks that may run or start,
	// rounded down, in per cent of the replicas.
	MinimumHealthyPercent, MaximumPercent int
	Pod                                   PodSpec
}

// IntOrPercent is a number, or a per cent of the replicas.
type IntOrPercent struct {
	Value   int
	Percent bool
}

// Of returns the number out of replicas, a per cent rounded up or down.
func (v IntOrPercent) Of(replicas int, up bool) int {
	if !v.Percent {
		return v.Value
	}
	n := v.Value * replicas
	if up {
		n += 99
	}
	return n / 100
}

// Limits bound a run, so that no input makes it endless. Zero = no limit.
type Limits struct {
	Events, Pods, Nodes int
	LogBytes            int64
}

// Step is something that the scenario does at an instant.
type Step struct {
	At     time.Duration
	Over   time.Duration // item i of n happens at At + Over·i/n
	Action StepAction
}

// StepAction is one of the structs below.
type StepAction interface{ stepAction() }

// Scale sets a workload's replicas.
type Scale struct {
	Workload model.WorkloadName
	Replicas int
}

// Rollout replaces a workload's pods by ones of a new revision.
type Rollout struct{ Workload model.WorkloadName }

// Create makes one pod outside of any controller. With Workload it takes that
// workload's spec (the fields of Pod that are set win), but is not counted in
// its replicas.
type Create struct {
	Pod      model.PodName
	Workload model.WorkloadName
	Spec     PodSpec
}

// Delete deletes the pod, or the Count oldest of the workload.
type Delete struct {
	Pod      model.PodName
	Workload model.WorkloadName
	Count    int
}

// SetEnv changes the environment of all agents and restarts them. A nil value
// unsets a variable.
type SetEnv struct{ Env map[string]*string }

// AddNodes launches more nodes of a group.
type AddNodes struct {
	Group string
	Count int
}

// Cordon, Uncordon, Drain and Terminate act on one node.
type (
	Cordon    struct{ Node model.NodeName }
	Uncordon  struct{ Node model.NodeName }
	Drain     struct{ Node model.NodeName }
	Terminate struct{ Node model.NodeName }
)

// RestartAgent kills the node's agent and starts it again after Gap. Env
// changes its environment from then on; a nil value unsets a variable.
type RestartAgent struct {
	Node model.NodeName
	Gap  time.Duration
	Env  map[string]*string
}

// TagSubnet replaces a subnet's tags.
type TagSubnet struct {
	Subnet model.SubnetID
	Tags   map[string]string
}

// SetBranchCooldown changes branch-eni-cooldown in the ConfigMap
// amazon-vpc-cni. It holds at once, also for branches that cool already.
type SetBranchCooldown struct {
	Seconds string // the text; empty unsets it. See model.BranchCooldown
}

// SetWindows changes keys of the ConfigMap amazon-vpc-cni that are about Windows
// nodes. It holds at once, on the nodes that are there as well.
type SetWindows struct {
	Keys map[string]*string // nil unsets one. See model.ParseWindowsSettings
}

// RestartController restarts the VPC resource controller.
type RestartController struct{}

// Churn makes short-lived pods beside the workload's replicas, evenly spaced.
type Churn struct {
	Workload  model.WorkloadName
	PerMinute int
	Lifetime  Range // from created to deletion asked
	For       time.Duration
}

// Replay creates and deletes the pods of a trace.
type Replay struct {
	Pods []TracePod // times divided by the speed already, ascending
}

// TracePod is one pod of a trace.
type TracePod struct {
	Pod      model.PodName
	CreateAt time.Duration // from the step's instant
	DeleteAt time.Duration // 0 with Stays: never
	Stays    bool
	Spec     PodSpec
}

func (Scale) stepAction()             {}
func (Rollout) stepAction()           {}
func (Create) stepAction()            {}
func (Delete) stepAction()            {}
func (SetEnv) stepAction()            {}
func (AddNodes) stepAction()          {}
func (Cordon) stepAction()            {}
func (Uncordon) stepAction()          {}
func (Drain) stepAction()             {}
func (Terminate) stepAction()         {}
func (RestartAgent) stepAction()      {}
func (TagSubnet) stepAction()         {}
func (SetBranchCooldown) stepAction() {}
func (SetWindows) stepAction()        {}
func (RestartController) stepAction() {}
func (Churn) stepAction()             {}
func (Replay) stepAction()            {}
