package sim

import "vpcsim/model"

// What is done to the cluster from outside and concerns no node by itself.
const (
	TypeSubnetTagged         EventType = "subnet.tagged"
	TypeControllerConfigured EventType = "controller.configured"
	TypeControllerRestarted  EventType = "controller.restarted"
)

// SubnetTagged says that a subnet's tags are replaced. Agents read them when
// an ENI enters their datastore and when one is to be made.
type SubnetTagged struct {
	Subnet model.SubnetID    `json:"subnet"`
	Tags   map[string]string `json:"tags,omitempty"` // all of them
}

// ControllerConfigured says that the ConfigMap amazon-vpc-cni is changed. It holds
// at once, branch-eni-cooldown also for branch ENIs that cool already; what it is
// to a Windows node's pool follows as PoolConfigured.
type ControllerConfigured struct {
	BranchCooldown string            `json:"branchCooldown"`    // as set
	CooldownMs     int64             `json:"cooldownMs"`        // as understood
	Windows        map[string]string `json:"windows,omitempty"` // if these are changed: all keys about Windows nodes
}

// ControllerRestarted says that the resource controller starts anew: it knows
// what EC2's tags and the pods' annotations tell, and sees what happens to pods
// again after its first pass over them, a second later.
type ControllerRestarted struct{}

func (SubnetTagged) Type() EventType         { return TypeSubnetTagged }
func (ControllerConfigured) Type() EventType { return TypeControllerConfigured }
func (ControllerRestarted) Type() EventType  { return TypeControllerRestarted }
