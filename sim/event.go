package sim

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"vpcsim/model"
)

// Event is one record of the log. The log is complete: replaying it gives the
// state at any instant, the agents' view and EC2's. Every output is a view of
// it.
//
// Events are ordered by Seq, which counts from 0 without gaps; At never goes
// back.
type Event struct {
	Seq  int64
	At   model.Instant
	Node model.NodeName // empty where the event is not about one node
	Body Body
}

// Body is what an event says besides when and where: one of the structs below.
type Body interface {
	// Type returns the event's type as it stands in the log, "pod.addressed".
	Type() EventType
}

// EventType is the type of an event, in the form noun.verb.
type EventType string

// The types of events, in the order of the nouns' appearance in a run.
const (
	TypeRunStarted       EventType = "run.started"
	TypeRunEnded         EventType = "run.ended"
	TypeNodeLaunched     EventType = "node.launched"
	TypeNodeReady        EventType = "node.ready"
	TypeNodeNotReady     EventType = "node.notReady"
	TypeNodeCordoned     EventType = "node.cordoned"
	TypeNodeUncordoned   EventType = "node.uncordoned"
	TypeNodeTerminated   EventType = "node.terminated"
	TypeAgentConfigured  EventType = "agent.configured"
	TypeAgentStarted     EventType = "agent.started"
	TypeAgentExited      EventType = "agent.exited"
	TypeENIAttached      EventType = "eni.attached"
	TypeENIDetached      EventType = "eni.detached"
	TypeAddressesAdded   EventType = "eni.addressesAdded"
	TypeAddressesRemoved EventType = "eni.addressesRemoved"
	TypeENIExcluded      EventType = "eni.excluded"
	TypeENICreated       EventType = "eni.created"
	TypeENIDeleted       EventType = "eni.deleted"
	TypeTrunkSignalled   EventType = "trunk.signalled"
	TypeTrunkFailed      EventType = "trunk.failed"
	TypeBranchRequested  EventType = "branch.requested"
	TypeBranchCreated    EventType = "branch.created"
	TypeBranchFailed     EventType = "branch.failed"
	TypeBranchQueued     EventType = "branch.queued"
	TypeBranchDeleted    EventType = "branch.deleted"
	TypePoolGrow         EventType = "pool.grow"
	TypePoolShrink       EventType = "pool.shrink"
	TypePoolFree         EventType = "pool.free"
	TypePoolSkip         EventType = "pool.skip"
	TypeEC2Call          EventType = "ec2.call"
	TypeEC2Returned      EventType = "ec2.returned"
	TypePodCreated       EventType = "pod.created"
	TypePodBound         EventType = "pod.bound"
	TypePodUnschedulable EventType = "pod.unschedulable"
	TypePodSetupFailed   EventType = "pod.setupFailed"
	TypePodAddressed     EventType = "pod.addressed"
	TypePodReady         EventType = "pod.ready"
	TypePodDeleted       EventType = "pod.deleted"
	TypePodReleased      EventType = "pod.released"
	TypePodCompleted     EventType = "pod.completed"
	TypeExhaustionBegan  EventType = "exhaustion.began"
	TypeExhaustionEnded  EventType = "exhaustion.ended"
)

// RunStarted is the first event of every run.
type RunStarted struct {
	APIVersion string          `json:"apiVersion"` // "vpcsim/v1"
	Name       string          `json:"name"`
	Platform   Platform        `json:"platform,omitempty"` // empty: EKS
	Scenario   json.RawMessage `json:"scenario,omitempty"` // resolved, as JSON
	Seed       uint64          `json:"seed"`
	Digest     string          `json:"digest,omitempty"` // of the resolved scenario
	Version    string          `json:"version,omitempty"`
	Subnets    []SubnetStart   `json:"subnets"`
	// Autoscale are the node groups that the cluster autoscaler may add nodes to.
	Autoscale []AutoscaleStart `json:"autoscale,omitempty"`
	Notes     []string         `json:"notes,omitempty"` // what was ignored or assumed
}

// SubnetStart is a subnet as it is before anything happens in it.
type SubnetStart struct {
	Name         model.SubnetID     `json:"name"`
	Zone         string             `json:"zone"`
	CIDR         netip.Prefix       `json:"cidr"`
	IPv6CIDR     netip.Prefix       `json:"ipv6Cidr,omitzero"`
	Reserved     []netip.Addr       `json:"reserved"`               // the five that EC2 keeps
	InUse        []netip.Addr       `json:"inUse,omitempty"`        // held by others
	Reservations []ReservationStart `json:"reservations,omitempty"` // subnet CIDR reservations
	Tags         map[string]string  `json:"tags,omitempty"`
	ControlPlane []netip.Addr       `json:"controlPlane,omitempty"` // of the EKS control plane's ENIs
}

// ReservationStart is a subnet CIDR reservation.
type ReservationStart struct {
	CIDR netip.Prefix          `json:"cidr"`
	Type model.ReservationType `json:"type"`
}

// RunEnded is the last event of every run.
type RunEnded struct {
	// EndedBy is "settled", "duration" (also where a run did not settle within
	// the longest time) or "limit".
	EndedBy string `json:"endedBy"`
	// Message says which limit it was, and its value, or that it never settled.
	Message string `json:"message,omitempty"`
	// Open are the exhaustion episodes that had not ended.
	Open []ExhaustionEnded `json:"open,omitempty"`
}

// NodeLaunched says that an instance runs and has registered as a node.
type NodeLaunched struct {
	Group          string                `json:"group"`
	Instance       model.InstanceID      `json:"instance"`
	InstanceType   string                `json:"instanceType"`
	Subnet         model.SubnetID        `json:"subnet"`
	Zone           string                `json:"zone"`
	MaxPods        int                   `json:"maxPods"`
	SystemPods     int                   `json:"systemPods"`                // host-network, counted in maxPods
	MaxENIs        int                   `json:"maxENIs"`                   // of the default network card
	NetworkCards   int                   `json:"networkCards,omitempty"`    // where the type has several
	MaxENIsAll     int                   `json:"maxENIsAllCards,omitempty"` // likewise: over all of them
	SlotsPerENI    int                   `json:"slotsPerENI"`               // IPv4 per ENI − 1
	BranchENIs     int                   `json:"branchENIs,omitempty"`      // 0: the type cannot have a trunk
	OS             string                `json:"os,omitempty"`              // "windows", which uses one ENI; empty: Linux
	ENI            model.ENIID           `json:"eni"`
	PrimaryAddress netip.Addr            `json:"primaryAddress"`
	SecurityGroups []model.SecurityGroup `json:"securityGroups,omitempty"`
	Existing       bool                  `json:"existing,omitempty"` // it has run before the run began
	// TaskENIs is how many tasks in awsvpc mode an ECS container instance takes,
	// AWSVPCTrunking whether it gets a trunk for them.
	TaskENIs       int  `json:"taskENIs,omitempty"`
	AWSVPCTrunking bool `json:"awsvpcTrunking,omitempty"`
}

// NodeReady says that the agent's start-up, first growth included, is done. A
// container instance of ECS is ACTIVE.
type NodeReady struct{}

// NodeNotReady says why the node does not become ready. A container instance of
// ECS is REGISTRATION_FAILED.
type NodeNotReady struct {
	Reason string `json:"reason"`
}

// NodeCordoned says that the node takes no new pods; its agent neither grows
// nor frees ENIs. A container instance of ECS is DRAINING.
type NodeCordoned struct{}

// NodeUncordoned undoes NodeCordoned.
type NodeUncordoned struct{}

// NodeTerminated says that the instance is gone, its ENIs and pods with it.
type NodeTerminated struct{}

// AgentConfigured tells the settings that an agent starts with.
//
// On a Windows node, which has none, this and all other events of an agent's
// datastore are about the resource controller's pool for the node: Env are the
// ConfigMap's keys, Settings what they make of the warm targets. Restarted, the
// controller configures the pool again.
type AgentConfigured struct {
	Env        map[string]string `json:"env"`               // as set
	Settings   model.Settings    `json:"settings"`          // as understood
	Ignored    []string          `json:"ignored,omitempty"` // variable: why
	CooldownMs int64             `json:"cooldownMs"`
}

// AgentStarted says that the agent's start-up is done: from here on it serves
// requests. A start forgets what the agent before it knew: cooling, ages. On ECS
// it registers the container instance, which is REGISTERING until NodeReady.
type AgentStarted struct {
	Start int `json:"start"` // 1 for the node's first
}

// AgentExited says that the agent stopped, by a restart (no error) or because
// its start-up failed. While it is down every request for an address fails.
type AgentExited struct {
	Error  string `json:"error,omitempty"`
	Reason string `json:"reason"` // restart, failed
}

// ENIAttached says that the agent took an ENI into its datastore; on ECS, which has
// none, that the ENI is attached, or associated with the trunk.
type ENIAttached struct {
	ENI            model.ENIID           `json:"eni"`
	Kind           model.ENIKind         `json:"kind"`
	Card           int                   `json:"card,omitempty"` // network card; Device is on it
	Device         int                   `json:"device"`
	Subnet         model.SubnetID        `json:"subnet"`
	SecurityGroups []model.SecurityGroup `json:"securityGroups,omitempty"`
	PrimaryAddress netip.Addr            `json:"primaryAddress"`
	Addresses      []netip.Addr          `json:"addresses,omitempty"`
	Prefixes       []netip.Prefix        `json:"prefixes,omitempty"`
	By             By                    `json:"by"`
	// Trunk and VLAN are of a branch ENI of ECS, whose device is −1; Pod is the
	// task that an ENI of ECS is for.
	Trunk model.ENIID   `json:"trunk,omitempty"`
	VLAN  int           `json:"vlan,omitempty"`
	Pod   model.PodName `json:"pod,omitempty"`
}

// ENIDetached says that the agent dropped an ENI from its datastore, with what
// was on it.
type ENIDetached struct {
	ENI            model.ENIID    `json:"eni"`
	Kind           model.ENIKind  `json:"kind"`
	Card           int            `json:"card,omitempty"`
	Device         int            `json:"device"`
	Subnet         model.SubnetID `json:"subnet"`
	PrimaryAddress netip.Addr     `json:"primaryAddress"`
	Addresses      []netip.Addr   `json:"addresses,omitempty"`
	Prefixes       []netip.Prefix `json:"prefixes,omitempty"`
	By             By             `json:"by"`
}

// AddressesAdded says that blocks came into the agent's datastore, free.
type AddressesAdded struct {
	ENI       model.ENIID    `json:"eni"`
	Card      int            `json:"card,omitempty"`
	Device    int            `json:"device"`
	Addresses []netip.Addr   `json:"addresses,omitempty"`
	Prefixes  []netip.Prefix `json:"prefixes,omitempty"`
	By        By             `json:"by"`
}

// AddressesRemoved says that blocks left the agent's datastore.
type AddressesRemoved struct {
	ENI       model.ENIID    `json:"eni"`
	Card      int            `json:"card,omitempty"`
	Device    int            `json:"device"`
	Addresses []netip.Addr   `json:"addresses,omitempty"`
	Prefixes  []netip.Prefix `json:"prefixes,omitempty"`
	By        By             `json:"by"`
}

// ENIExcluded says that an ENI that has entered the datastore serves no pods: its
// subnet is tagged 0, or for other clusters only.
type ENIExcluded struct {
	ENI    model.ENIID `json:"eni"`
	Card   int         `json:"card,omitempty"`
	Device int         `json:"device"`
}

// TrunkSignalled says that the agent asked the resource controller for a trunk.
type TrunkSignalled struct{}

// TrunkFailed says that the resource controller could not give the node a
// trunk. It tries again at the node's next event (cordoned, uncordoned, its status
// reported 5 min later), but for a type that cannot have one.
type TrunkFailed struct {
	Subnet model.SubnetID `json:"subnet,omitempty"`
	// Error is EC2's code, or one of the controller's Err… codes.
	Error   model.ErrorCode `json:"error"`
	Attempt int             `json:"attempt"` // 1 for the node's first
	// Reasons are those of the messages that the node shows (kubectl describe
	// node): NodeTrunkFailedInit, TrunkENICreationFailed, Unsupported.
	Reasons []string `json:"reasons,omitempty"`
}

// BranchRequested says that a pod that needs a branch ENI is bound to a node.
type BranchRequested struct {
	Pod   model.PodName `json:"pod"`
	Trunk model.ENIID   `json:"trunk,omitempty"` // none: the node has no trunk yet
}

// BranchFields are what the events of one branch ENI share.
type BranchFields struct {
	Pod     model.PodName `json:"pod,omitempty"` // whose it is, or was
	ENI     model.ENIID   `json:"eni,omitempty"`
	Trunk   model.ENIID   `json:"trunk,omitempty"`
	VLAN    int           `json:"vlan,omitempty"`
	Address netip.Addr    `json:"address,omitzero"`
	// IPv6Address is the one that the pod goes by in an IPv6 cluster.
	IPv6Address netip.Addr     `json:"ipv6Address,omitzero"`
	Subnet      model.SubnetID `json:"subnet,omitempty"`
}

// BranchCreated says that a branch ENI is associated with the trunk and the pod
// annotated: the pod can be set up.
type BranchCreated struct {
	BranchFields
	SecurityGroups []model.SecurityGroup `json:"securityGroups,omitempty"`
}

// BranchFailed says that a pod got no branch ENI. An ENI that was made all the
// same is named; a BranchQueued follows.
type BranchFailed struct {
	BranchFields
	// Error is EC2's code, or one of the controller's Err… codes.
	Error   model.ErrorCode `json:"error"`
	Attempt int             `json:"attempt"` // 1 for the pod's first failure
	// Reason is that of the message that the pod shows: BranchAllocationFailed
	// or BranchENIAnnotationFailed; empty where it shows none.
	Reason string `json:"reason,omitempty"`
	// RetryMs is when the request is tried again. Null: it was dropped until the
	// controller's next pass over all pods.
	RetryMs *model.Instant `json:"retryMs,omitempty"`
}

// BranchQueued says that a branch ENI waits for its deletion: at the end of the
// node's delete queue, cooling from this instant, or at its front without a
// time. A restart of the controller queues anew what no pod holds; for what a call
// of before is deleting then, BranchDeleted comes at once.
type BranchQueued struct {
	BranchFields
	Front bool `json:"front,omitempty"`
}

// BranchDeleted says that the controller is done with a branch ENI: it is
// deleted and its VLAN id free, or it was forgotten.
type BranchDeleted struct {
	BranchFields
	// Error is the code of the last failed deletion.
	Error model.ErrorCode `json:"error,omitempty"`
	// Leaked: the controller has forgotten it without deleting it. It counts no
	// longer against the limit, but its address stays taken, and a pod that has
	// it keeps it.
	Leaked bool `json:"leaked,omitempty"`
}

// By is what changed the agent's datastore.
type By string

// What changes the agent's datastore.
const (
	ByStart     By = "start"
	ByGrow      By = "grow"
	ByShrink    By = "shrink"
	ByFree      By = "free"
	ByReconcile By = "reconcile"
	ByRelease   By = "release"  // the last pod of a leftover prefix left
	ByExcluded  By = "excluded" // the last pod of a block on an excluded ENI left
	ByTerminate By = "terminate"
	ByECS       By = "ecs" // ECS itself, for an instance or a task
)

// ENICreated is EC2's instant of creation: the addresses are taken from the
// subnet.
type ENICreated struct {
	ENI model.ENIID `json:"eni"`
	// Kind is trunk or branch; empty for ENIs of the instance, its
	// agent or ECS.
	Kind           model.ENIKind  `json:"kind,omitempty"`
	Subnet         model.SubnetID `json:"subnet"`
	PrimaryAddress netip.Addr     `json:"primaryAddress"`
	Addresses      []netip.Addr   `json:"addresses,omitempty"`
	Prefixes       []netip.Prefix `json:"prefixes,omitempty"`
}

// ENIDeleted is EC2's instant of deletion: all the addresses are back.
type ENIDeleted struct {
	ENI            model.ENIID    `json:"eni"`
	Subnet         model.SubnetID `json:"subnet"`
	PrimaryAddress netip.Addr     `json:"primaryAddress"`
	Addresses      []netip.Addr   `json:"addresses,omitempty"`
	Prefixes       []netip.Prefix `json:"prefixes,omitempty"`
	Released       int            `json:"released"` // addresses that are free again
}

// PoolDecision is what a pool check decided and the numbers it saw.
type PoolDecision struct {
	Card      int          `json:"card,omitempty"` // the network card whose pool it is
	Rule      model.Rule   `json:"rule"`
	Reason    model.Reason `json:"reason"`
	Total     int          `json:"total"`
	Assigned  int          `json:"assigned"`
	Available int          `json:"available"` // cooling ones included
	Cooling   int          `json:"cooling"`
	Short     int          `json:"short"` // addresses, or prefixes in prefix mode
	Over      int          `json:"over"`  // likewise
	ENI       model.ENIID  `json:"eni,omitempty"`
}

// PoolGrow says that the pool is too low and what the agent does about it.
type PoolGrow struct{ PoolDecision }

// PoolShrink says that the agent gives blocks back.
type PoolShrink struct{ PoolDecision }

// PoolFree says that the agent gives an ENI back.
type PoolFree struct{ PoolDecision }

// PoolSkip says why a check changed nothing. It is logged when the reason or
// the numbers (other than cooling) change, not at every check.
type PoolSkip struct{ PoolDecision }

// Action is the name of an EC2 API action.
type Action string

// The EC2 actions that are simulated.
const (
	RunInstances                    Action = "RunInstances"
	TerminateInstances              Action = "TerminateInstances"
	CreateNetworkInterface          Action = "CreateNetworkInterface"
	AttachNetworkInterface          Action = "AttachNetworkInterface"
	ModifyNetworkInterfaceAttribute Action = "ModifyNetworkInterfaceAttribute"
	AssignPrivateIpAddresses        Action = "AssignPrivateIpAddresses"
	UnassignPrivateIpAddresses      Action = "UnassignPrivateIpAddresses"
	AssignIpv6Addresses             Action = "AssignIpv6Addresses"
	DescribeInstances               Action = "DescribeInstances"
	DescribeNetworkInterfaces       Action = "DescribeNetworkInterfaces"
	DetachNetworkInterface          Action = "DetachNetworkInterface"
	DeleteNetworkInterface          Action = "DeleteNetworkInterface"
	AssociateTrunkInterface         Action = "AssociateTrunkInterface"
	DisassociateTrunkInterface      Action = "DisassociateTrunkInterface"
)

// CallFields are what the two events of an EC2 call share. Addresses, prefixes
// and the error are known to EC2 when the call begins; the caller learns them
// when it returns.
type CallFields struct {
	Call      int64            `json:"call"` // number of the call in the run, from 1
	Action    Action           `json:"action"`
	Instance  model.InstanceID `json:"instance,omitempty"`
	ENI       model.ENIID      `json:"eni,omitempty"`
	Card      int              `json:"card,omitempty"`  // network card of the ENI, or that it is to be attached to
	Trunk     model.ENIID      `json:"trunk,omitempty"` // of a branch ENI
	VLAN      int              `json:"vlan,omitempty"`  // likewise
	Subnet    model.SubnetID   `json:"subnet,omitempty"`
	Want      int              `json:"want"` // addresses or prefixes asked for or given back, the primary not counted
	Addresses []netip.Addr     `json:"addresses,omitempty"`
	Prefixes  []netip.Prefix   `json:"prefixes,omitempty"`
	Error     model.ErrorCode  `json:"error,omitempty"`
	LatencyMs int64            `json:"latencyMs"`
	Attempt   int              `json:"attempt"` // 1 for the first, counting the client's retries
	Throttled bool             `json:"throttled,omitempty"`
	Fault     int              `json:"fault,omitempty"` // number of the scenario's fault that it met
}

// EC2Call is the instant at which a call begins. What it takes from a subnet is
// taken at this instant, what an unassign call gives back is free from it on.
type EC2Call struct{ CallFields }

// EC2Returned is the instant at which the caller has the answer.
type EC2Returned struct{ CallFields }

// PodCreated says that a pod exists.
type PodCreated struct {
	Pod         model.PodName      `json:"pod"`
	Workload    model.WorkloadName `json:"workload,omitempty"`
	HostNetwork bool               `json:"hostNetwork,omitempty"`
}

// PodBound says that a pod has a node.
type PodBound struct {
	Pod      model.PodName      `json:"pod"`
	Workload model.WorkloadName `json:"workload,omitempty"`
}

// PodUnschedulable says that no node passes the scheduler's filters.
type PodUnschedulable struct {
	Pod      model.PodName      `json:"pod"`
	Workload model.WorkloadName `json:"workload,omitempty"`
	Reason   Kind               `json:"reason,omitempty"` // empty: not exhausted, no node is ready yet
	Attempt  int                `json:"attempt"`
	Message  string             `json:"message"`
}

// PodSetupFailed says that the CNI could not give the pod an address.
type PodSetupFailed struct {
	Pod      model.PodName      `json:"pod"`
	Workload model.WorkloadName `json:"workload,omitempty"`
	Reason   Kind               `json:"reason"`  // empty: not exhausted, its branch ENI is being made
	Attempt  int                `json:"attempt"` // 1 for the first
	Message  string             `json:"message"`
	// GaveBack are addresses that a pod which wants one of each network card was
	// given, and that were taken back as another card had none: they cool.
	GaveBack []PodAddress `json:"gaveBack,omitempty"`
}

// PodAddress is an address of a pod beside the first.
type PodAddress struct {
	ENI     model.ENIID  `json:"eni"`
	Card    int          `json:"card,omitempty"`
	Device  int          `json:"device"`
	Address netip.Addr   `json:"address"`
	Prefix  netip.Prefix `json:"prefix,omitzero"`
	// CoolUntilMs is the last instant at which an address that was given up is
	// still cooling; null as that of PodReleased.
	CoolUntilMs *model.Instant `json:"coolUntilMs,omitempty"`
}

// PodAddressed says that a pod holds an address.
type PodAddressed struct {
	Pod      model.PodName      `json:"pod"`
	Workload model.WorkloadName `json:"workload,omitempty"`
	ENI      model.ENIID        `json:"eni"`
	Card     int                `json:"card,omitempty"`
	Device   int                `json:"device"`
	Address  netip.Addr         `json:"address"`
	Prefix   netip.Prefix       `json:"prefix,omitzero"` // where the address is of a delegated prefix
	VLAN     int                `json:"vlan,omitempty"`  // of a branch ENI, whose device is −1
	Attempt  int                `json:"attempt"`         // 0: it has held the address since before the run
	// More are the addresses of the other network cards, in ascending order, of a
	// pod that has one of each.
	More []PodAddress `json:"moreAddresses,omitempty"`
}

// PodReady says that the pod's containers run.
type PodReady struct {
	Pod model.PodName `json:"pod"`
}

// PodDeleted says that the pod's deletion was asked for.
type PodDeleted struct {
	Pod model.PodName `json:"pod"`
}

// PodReleased says that a pod is gone from its node and its address given up.
// A pod on the host network has none.
type PodReleased struct {
	Pod     model.PodName `json:"pod"`
	ENI     model.ENIID   `json:"eni,omitempty"`
	Card    int           `json:"card,omitempty"`
	Device  int           `json:"device"`
	Address netip.Addr    `json:"address,omitzero"`
	Prefix  netip.Prefix  `json:"prefix,omitzero"`
	// CoolUntilMs is the last instant at which the address is still cooling.
	// Null where it does not cool: the agent was down (the address stays taken
	// in its datastore until its next start, then it is free at once), the
	// node went away, the pod had no address, or it had a branch ENI, for which
	// see BranchQueued.
	CoolUntilMs *model.Instant `json:"coolUntilMs,omitempty"`
	// Reason is "agent-down" or "terminated"; empty for an ordinary release.
	Reason string `json:"reason,omitempty"`
	// More are the addresses of the other network cards that it held.
	More []PodAddress `json:"moreAddresses,omitempty"`
}

// PodCompleted says that a Job's pod ran to its end.
type PodCompleted struct {
	Pod model.PodName `json:"pod"`
}

// Kind is the kind of an exhaustion point.
type Kind string

// The kinds of exhaustion.
const (
	KindWarmPoolLag         Kind = "warm-pool-lag"
	KindCooldown            Kind = "cooldown"
	KindENILimit            Kind = "eni-limit"
	KindSubnetIPs           Kind = "subnet-ips"
	KindPrefixFragmentation Kind = "prefix-fragmentation"
	KindThrottling          Kind = "throttling"
	KindQuota               Kind = "quota"
	KindMisconfig           Kind = "misconfig"
	KindMaxPods             Kind = "max-pods"
	KindCPUMemory           Kind = "cpu-memory"
	KindBranchLimit         Kind = "branch-limit"
	KindBranchCooldown      Kind = "branch-cooldown"
	KindNoTrunk             Kind = "no-trunk"
)

// Cures reports whether this kind cures itself: pods wait, but nothing is
// missing.
func (k Kind) Cures() bool {
	return k == KindWarmPoolLag || k == KindCooldown || k == KindBranchCooldown
}

// Cures reports whether this exhaustion cures itself. A branch-cooldown is one in name
// only where pods hold all branch ENIs that their node may have.
func (b ExhaustionBegan) Cures() bool { return b.Kind.Cures() && !inUse(b.Reason) }

// inUse reports whether that is the reason.
func inUse(reason string) bool { return reason == "in-use" }

// ExhaustionBegan opens an episode of a kind at a place. There is one at a
// time for each (kind, scope, name).
type ExhaustionBegan struct {
	ID     int           `json:"id"` // from 1
	Kind   Kind          `json:"kind"`
	Scope  string        `json:"scope"` // node, subnet, cluster
	Name   string        `json:"name"`
	Pod    model.PodName `json:"pod,omitempty"` // the first it hit; none where a node could not be launched
	Reason string        `json:"reason,omitempty"`
	Fault  int           `json:"fault,omitempty"` // whose refusal it is
	// CappedBy is what limits the node's ENIs, of an eni-limit; of an ECS branch-limit
	// what limits its tasks. See the list of the same name.
	CappedBy string `json:"cappedBy,omitempty"`
	Message  string `json:"message"` // as a real cluster shows it
	// Numbers are the figures the verdict rests on, by name.
	Numbers map[Number]int `json:"numbers,omitempty"`
	Remedy  string         `json:"remedy"`
}

// ExhaustionEnded closes an episode: no pod waits for it any more.
type ExhaustionEnded struct {
	ID    int    `json:"id"`
	Kind  Kind   `json:"kind"`
	Scope string `json:"scope"`
	Name  string `json:"name"`
	Pods  int    `json:"pods"`  // how many it hit
	PodMs int64  `json:"podMs"` // how long they waited, summed
}

func (RunStarted) Type() EventType       { return TypeRunStarted }
func (RunEnded) Type() EventType         { return TypeRunEnded }
func (NodeLaunched) Type() EventType     { return TypeNodeLaunched }
func (NodeReady) Type() EventType        { return TypeNodeReady }
func (NodeNotReady) Type() EventType     { return TypeNodeNotReady }
func (NodeCordoned) Type() EventType     { return TypeNodeCordoned }
func (NodeUncordoned) Type() EventType   { return TypeNodeUncordoned }
func (NodeTerminated) Type() EventType   { return TypeNodeTerminated }
func (AgentConfigured) Type() EventType  { return TypeAgentConfigured }
func (AgentStarted) Type() EventType     { return TypeAgentStarted }
func (AgentExited) Type() EventType      { return TypeAgentExited }
func (ENIAttached) Type() EventType      { return TypeENIAttached }
func (ENIDetached) Type() EventType      { return TypeENIDetached }
func (AddressesAdded) Type() EventType   { return TypeAddressesAdded }
func (AddressesRemoved) Type() EventType { return TypeAddressesRemoved }
func (ENIExcluded) Type() EventType      { return TypeENIExcluded }
func (TrunkSignalled) Type() EventType   { return TypeTrunkSignalled }
func (TrunkFailed) Type() EventType      { return TypeTrunkFailed }
func (BranchRequested) Type() EventType  { return TypeBranchRequested }
func (BranchCreated) Type() EventType    { return TypeBranchCreated }
func (BranchFailed) Type() EventType     { return TypeBranchFailed }
func (BranchQueued) Type() EventType     { return TypeBranchQueued }
func (BranchDeleted) Type() EventType    { return TypeBranchDeleted }
func (ENICreated) Type() EventType       { return TypeENICreated }
func (ENIDeleted) Type() EventType       { return TypeENIDeleted }
func (PoolGrow) Type() EventType         { return TypePoolGrow }
func (PoolShrink) Type() EventType       { return TypePoolShrink }
func (PoolFree) Type() EventType         { return TypePoolFree }
func (PoolSkip) Type() EventType         { return TypePoolSkip }
func (EC2Call) Type() EventType          { return TypeEC2Call }
func (EC2Returned) Type() EventType      { return TypeEC2Returned }
func (PodCreated) Type() EventType       { return TypePodCreated }
func (PodBound) Type() EventType         { return TypePodBound }
func (PodUnschedulable) Type() EventType { return TypePodUnschedulable }
func (PodSetupFailed) Type() EventType   { return TypePodSetupFailed }
func (PodAddressed) Type() EventType     { return TypePodAddressed }
func (PodReady) Type() EventType         { return TypePodReady }
func (PodDeleted) Type() EventType       { return TypePodDeleted }
func (PodReleased) Type() EventType      { return TypePodReleased }
func (PodCompleted) Type() EventType     { return TypePodCompleted }
func (ExhaustionBegan) Type() EventType  { return TypeExhaustionBegan }
func (ExhaustionEnded) Type() EventType  { return TypeExhaustionEnded }

type eventHead struct {
	Seq  int64          `json:"seq"`
	At   model.Instant  `json:"atMs"`
	Type EventType      `json:"type"`
	Node model.NodeName `json:"node,omitempty"`
}

// MarshalJSON writes the event as one flat object: seq, atMs, type, node, then
// the body's fields.
func (e Event) MarshalJSON() ([]byte, error) {
	head, err := json.Marshal(eventHead{e.Seq, e.At, e.Body.Type(), e.Node})
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(e.Body)
	if err != nil {
		return nil, fmt.Errorf("event %d (%s): %w", e.Seq, e.Body.Type(), err)
	}
	if len(body) == len("{}") {
		return head, nil
	}
	head[len(head)-1] = ','
	return append(head, body[1:]...), nil
}
