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
	"IPv6":                                        ipv6Node,
	"network address usage":                       without("network address units are counted for one VPC, and there those of instances' ENIs; peered VPCs and other users of addresses are not modelled"),
	"EKS control plane":                           without("advice about the control plane's subnets; a scenario says how many ENIs the control plane has (cluster.controlPlaneENIs)"),
}

// uncovered is why the simulator has no answer to an example.
type uncovered string

func (why uncovered) Error() string { return string(why) }

// without answers a topic that is not covered at all.
func without(why uncovered) func(Given) (answers, error) {
	return func(Given) (answers, error) { return nil, why }
}
