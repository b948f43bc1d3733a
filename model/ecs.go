package model

// TaskENIs is how many tasks in awsvpc mode an ECS container instance of the
// type takes, and whether it has a trunk.
//
// Without trunking each task's ENI is attached to the instance: the ENIs over
// all network cards less the primary one; where ECS publishes a figure, that.
// With trunking each has a branch ENI, up to the published figure, which ECS
// enforces whatever VLAN ids a trunk has. A type for which none is published
// has no trunk, and the setting changes nothing.
//
// Source: Amazon ECS developer guide, "Increasing Amazon ECS Linux container
// instance network interfaces" and its table of supported instances.
func (t InstanceType) TaskENIs(trunking bool) (limit int, trunk bool) {
	if trunking && t.ECSTasksTrunking > 0 {
		return t.ECSTasksTrunking, true
	}
	if t.ECSTasks > 0 {
		return t.ECSTasks, false
	}
	return max(t.MaxENIs, t.MaxENIsAllCards, 1) - 1, false
}
