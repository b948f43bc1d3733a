package conformance

// answers are what the simulator says, under the names of the documents.
type answers map[string]any

// runners answer the topics.
var runners = map[string]func(Given) (answers, error){
	"secondary-ip warm pool":                      linuxPool,
	"prefix delegation warm pool":                 linuxPool,
	"secondary-ip warm pool, cluster":             linuxPool,
	"ECS address use":                             ecsAddresses,
	"subnet consumption":                          linuxPool,
	"custom networking without lowering max-pods": linuxPool,
	"security groups for pods":                    branches,
	"Windows secondary-IP warm pool":              windowsPool,
	"Windows prefix delegation warm pool":         windowsPool,
	"Windows node capacity":                       windowsCapacity,
	"Windows node capacity, mode switch":          windowsCapacity,
	"pool-too-low decision":                       decisions,
	"warm target short/over":                      decisions,
	"warm target short/over (prefixes)":           decisions,
	"instance limits":                             limits,
	"prefix delegation limits":                    limits,
	"ECS task limits":                             limits,
	"max pods":                                    maxPods,
	"max pods expression":                         maxPods,
	"secondary CIDR rules":                        addressSpace,
	"subnet size":                                 addressSpace,
	"API throttling":                              throttling,
}

// notCovered are the examples that the simulator cannot answer, and why.
var notCovered = map[string]string{
	"bpg-ipv6-egress": "the node-local IPv4 range for the egress of IPv6 pods takes nothing from the VPC and is not modelled",
	"bpg-xeni":        "advice about the control plane's subnets; a scenario says how many ENIs the control plane has (cluster.controlPlaneENIs)",
	"nau-02":          "network address units are counted for one VPC; peered VPCs are not modelled",
}
