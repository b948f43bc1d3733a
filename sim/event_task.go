package sim

import (
	"net/netip"

	"vpcsim/model"
)

// The types of events of ECS tasks. They are those of pods with ECS's words:
// placed is bound, unplaceable is unschedulable, failed is setupFailed. Their
// fields have the names that they have with pods: the task's is "pod".
//
// A task has its name from when it is wanted: of real ones only those exist that
// have been placed. When one fails for want of an ENI, ECS starts another in its
// stead; here that has the same name.
const (
	TypeTaskCreated     EventType = "task.created"
	TypeTaskPlaced      EventType = "task.placed"
	TypeTaskUnplaceable EventType = "task.unplaceable"
	TypeTaskFailed      EventType = "task.failed"
	TypeTaskAddressed   EventType = "task.addressed"
	TypeTaskReady       EventType = "task.ready"
	TypeTaskDeleted     EventType = "task.deleted"
	TypeTaskReleased    EventType = "task.released"
	TypeTaskCompleted   EventType = "task.completed"
)

// TaskCreated says that a task is wanted.
type TaskCreated struct {
	Pod         model.PodName      `json:"pod"`
	Workload    model.WorkloadName `json:"workload,omitempty"` // the service
	NetworkMode NetworkMode        `json:"networkMode"`
}

// TaskPlaced says that a task has a container instance: it is PROVISIONING.
type TaskPlaced struct {
	Pod      model.PodName      `json:"pod"`
	Workload model.WorkloadName `json:"workload,omitempty"`
	Attempt  int                `json:"attempt"` // 1 for the first; more after failures
}

// TaskUnplaceable says that no container instance meets a task's requirements:
// the service shows the message as an event.
type TaskUnplaceable struct {
	Pod      model.PodName      `json:"pod"`
	Workload model.WorkloadName `json:"workload,omitempty"`
	Reason   Kind               `json:"reason,omitempty"` // empty: not exhausted, no instance is ACTIVE yet
	Code     ResourceCode       `json:"code,omitempty"`   // of the reason, where ECS has one
	Attempt  int                `json:"attempt"`
	Message  string             `json:"message"`
}

// ResourceCode is ECS's code for what an instance is short of.
type ResourceCode string

// ECS's codes for what an instance is short of. Source: Amazon ECS developer
// guide, "API failures messages".
const (
	ResourceCPU       ResourceCode = "RESOURCE:CPU"
	ResourceMemory    ResourceCode = "RESOURCE:MEMORY"
	ResourceENI       ResourceCode = "RESOURCE:ENI"
	ResourceAttribute ResourceCode = "ATTRIBUTE" // not in a zone of the task's subnets
)

// TaskFailed says that a task's ENI could not be made: the task is STOPPED, with
// the message as its reason, and has left its instance.
type TaskFailed struct {
	Pod      model.PodName      `json:"pod"`
	Workload model.WorkloadName `json:"workload,omitempty"`
	Reason   Kind               `json:"reason"`
	Attempt  int                `json:"attempt"` // 1 for the first
	Message  string             `json:"message"`
	// RetryMs is when the service places tasks again.
	RetryMs model.Instant `json:"retryMs"`
}

// TaskAddressed says that a task in awsvpc mode holds the primary address of its
// ENI.
type TaskAddressed struct {
	Pod      model.PodName      `json:"pod"`
	Workload model.WorkloadName `json:"workload,omitempty"`
	ENI      model.ENIID        `json:"eni"`
	Kind     model.ENIKind      `json:"kind"`           // task or branch
	Device   int                `json:"device"`         // −1 of a branch
	VLAN     int                `json:"vlan,omitempty"` // of a branch
	Subnet   model.SubnetID     `json:"subnet"`
	Address  netip.Addr         `json:"address"`
	Attempt  int                `json:"attempt"`
}

// TaskReady says that a task is RUNNING.
type TaskReady struct {
	Pod model.PodName `json:"pod"`
}

// TaskDeleted says that a task is to stop. One that was placed is gone when it is
// released, any other at once.
type TaskDeleted struct {
	Pod model.PodName `json:"pod"`
}

// TaskReleased says that a task is STOPPED: its ENI is deleted, and its instance
// has back what it took.
type TaskReleased struct {
	Pod     model.PodName `json:"pod"`
	ENI     model.ENIID   `json:"eni,omitempty"`
	Device  int           `json:"device"` // −1 of a branch
	Address netip.Addr    `json:"address,omitzero"`
	// Reason is "terminated"; empty for an ordinary release.
	Reason string `json:"reason,omitempty"`
}

// TaskCompleted says that a task ended by itself.
type TaskCompleted struct {
	Pod model.PodName `json:"pod"`
}

func (TaskCreated) Type() EventType     { return TypeTaskCreated }
func (TaskPlaced) Type() EventType      { return TypeTaskPlaced }
func (TaskUnplaceable) Type() EventType { return TypeTaskUnplaceable }
func (TaskFailed) Type() EventType      { return TypeTaskFailed }
func (TaskAddressed) Type() EventType   { return TypeTaskAddressed }
func (TaskReady) Type() EventType       { return TypeTaskReady }
func (TaskDeleted) Type() EventType     { return TypeTaskDeleted }
func (TaskReleased) Type() EventType    { return TypeTaskReleased }
func (TaskCompleted) Type() EventType   { return TypeTaskCompleted }
