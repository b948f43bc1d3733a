package sim

import "vpcsim/model"

// The types of the cluster autoscaler's events.
const (
	TypeScaledUp    EventType = "autoscaler.scaledUp"
	TypeNotScaledUp EventType = "autoscaler.notScaledUp"
)

// AutoscaleStart is a node group that the autoscaler may add nodes to.
type AutoscaleStart struct {
	Group   string `json:"group"`
	Max     int    `json:"max"` // nodes of the group, those of the beginning included
	DelayMs int64  `json:"delayMs"`
}

// AutoscalerScaledUp says that the autoscaler launches nodes of a group. Each
// has a NodeLaunched of its own, or a refused call of RunInstances.
type AutoscalerScaledUp struct {
	Group string `json:"group"`
	Count int    `json:"count"` // nodes that it launches
	Nodes int    `json:"nodes"` // of the group, with them
	Max   int    `json:"max"`
	// Pods is how many of the pods that wait the new nodes are for.
	Pods int `json:"pods"`
	// For is the first of them.
	For model.PodName `json:"for"`
}

// AutoscalerNotScaledUp says that pods without a node wait for which the
// autoscaler can add none. It is logged when the reason or the number of pods
// changes.
type AutoscalerNotScaledUp struct {
	Pod      model.PodName      `json:"pod"` // the first of those that are alike
	Workload model.WorkloadName `json:"workload,omitempty"`
	Pods     int                `json:"pods"`
	Reason   ScaleReason        `json:"reason"`
	// Message is what the pod shows in a real cluster (kubectl describe).
	Message string `json:"message"`
}

// ScaleReason is why the autoscaler adds no node for a pod.
type ScaleReason string

// The reasons.
const (
	// ScaleMaxReached: a node of some group would do, and the group has as many
	// nodes as it may have.
	ScaleMaxReached ScaleReason = "max-reached"
	// ScaleNoAddresses: a node would do, and its subnets have no addresses for
	// its pods. Only with a scheduler that sees addresses.
	ScaleNoAddresses ScaleReason = "no-addresses"
	// ScaleNoFit: no group's node would take the pod.
	ScaleNoFit ScaleReason = "no-fit"
)

// Type returns autoscaler.scaledUp.
func (AutoscalerScaledUp) Type() EventType { return TypeScaledUp }

// Type returns autoscaler.notScaledUp.
func (AutoscalerNotScaledUp) Type() EventType { return TypeNotScaledUp }
