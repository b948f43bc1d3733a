package model

// Names and ids are types of their own, so that the compiler catches a swap.
type (
	// NodeName is a Kubernetes node's name, GROUP-N counting from 0.
	NodeName string
	// InstanceID is the EC2 id of a node's instance.
	InstanceID string
	// PodName is a pod's name, unique in a run at any one instant.
	PodName string
	// WorkloadName names a Deployment, DaemonSet, StatefulSet or Job.
	WorkloadName string
	// SubnetID is a subnet's name in the scenario.
	SubnetID string
	// ENIID is "eni-" and 17 hex digits.
	ENIID string
	// SecurityGroup names a security group.
	SecurityGroup string
)
