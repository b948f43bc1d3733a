package sim

import "vpcsim/model"

// NetworkMode is how an ECS task is connected.
type NetworkMode string

// The network modes. Only awsvpc gives a task an ENI, and an address, of its
// own; in the others it uses the instance's.
const (
	NetworkAWSVPC NetworkMode = "awsvpc"
	NetworkBridge NetworkMode = "bridge"
	NetworkHost   NetworkMode = "host"
)

// MaxTaskSubnets and MaxTaskSecurityGroups bound the network configuration of
// tasks in awsvpc mode. Source: Amazon ECS API reference, AwsVpcConfiguration.
const (
	MaxTaskSubnets        = 16
	MaxTaskSecurityGroups = 5
)

// TaskSpec is what ECS tasks have beside what pods have.
type TaskSpec struct {
	NetworkMode NetworkMode // empty: awsvpc
	// Subnets are those of the tasks' ENIs, at most MaxTaskSubnets. A task can
	// only be placed in the zones of these, and takes those of its instance's
	// zone in turn. None: the subnet of the instance.
	Subnets []model.SubnetID
	// SecurityGroups are those of the tasks' ENIs, at most MaxTaskSecurityGroups.
	SecurityGroups []model.SecurityGroup
	// Placement are strategies, each of which chooses among what those before it
	// leave; what is left then is drawn from. None: any instance that fits.
	Placement []Placement
}

// Placement is a task placement strategy. Source: Amazon ECS developer guide,
// "Use strategies to define Amazon ECS task placement".
type Placement struct {
	Type  PlacementType
	Field PlacementField // empty for random
}

// PlacementType is the kind of a placement strategy.
type PlacementType string

// The kinds of placement strategies.
const (
	PlaceSpread  PlacementType = "spread"  // where the fewest tasks of the service are
	PlaceBinpack PlacementType = "binpack" // where the least is left
	PlaceRandom  PlacementType = "random"
)

// PlacementField is what tasks are spread over, or packed by.
type PlacementField string

// The fields of placement strategies.
const (
	FieldZone     PlacementField = "zone"
	FieldInstance PlacementField = "instance"
	FieldCPU      PlacementField = "cpu"
	FieldMemory   PlacementField = "memory"
)

// awsvpc reports whether tasks of the spec take an ENI.
func (s TaskSpec) awsvpc() bool { return s.NetworkMode == "" || s.NetworkMode == NetworkAWSVPC }
