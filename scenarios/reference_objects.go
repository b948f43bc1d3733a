package scenarios

// objects says what the mappings and lists of the language are that have rows of
// the reference below them and none of their own: for the schema.
var objects = map[string]string{
	"limits":                "Bounds of a run, which protect a laptop.",
	"vpc":                   "The address space.",
	"vpc.subnets":           "The subnets of the VPC, with what others hold of them.",
	"vpc.subnets.inUse":     "What others hold of the subnet.",
	"cluster":               "What the cluster as a whole has.",
	"cni":                   "The configuration of the VPC CNI.",
	"cni.eniConfigs":        "The custom resources of custom networking.",
	"ec2":                   "How EC2 behaves.",
	"ec2.quotas":            "Limits of the account; 0: none.",
	"agent":                 "How the node agents behave beyond their environment.",
	"scheduler":             "How pods are placed.",
	"kubelet":               "How kubelet sets pods up.",
	"controller":            "How fast the VPC resource controller is.",
	"instanceTypes":         "Instance types that are added, or changed, by name.",
	"nodeGroups":            "Groups of like nodes, which are called GROUP-N.",
	"workloads":             "Controllers of pods, which are called WORKLOAD-N.",
	"securityGroupPolicies": "Policies that give the pods which they select a branch ENI.",
	"state":                 "What is there when the run begins, of a cluster that has run before.",
	"steps":                 "What happens, and when. Each step has one action.",
	"expect":                "What is expected of the run.",

	"vpc.subnets.reservations": "Subnet CIDR reservations.",
	"nodeGroups.autoscale":     "Lets the group grow, as a cluster autoscaler does.",
	"nodeGroups.taints":        "Taints, which keep pods off that don't tolerate them.",
	"workloads.requests":       "What each pod asks for.",
	"workloads.tolerations":    "Taints that the pods tolerate.",
	"workloads.strategy":       "How pods are replaced in a roll-out.",
	"workloads.placement":      "Task placement strategies of ECS.",

	"securityGroupPolicies.podSelector":                             "Selects pods by their labels.",
	"securityGroupPolicies.podSelector.matchExpressions":            "Requirements on labels, all of which must hold.",
	"securityGroupPolicies.serviceAccountSelector":                  "Selects pods by the labels of their service accounts.",
	"securityGroupPolicies.serviceAccountSelector.matchExpressions": "Requirements on labels, all of which must hold.",

	"state.nodes":               "Nodes that are there, the first of their groups.",
	"state.nodes.enis":          "Attached ENIs, by device number; the first is the primary one.",
	"state.nodes.enis.branches": "Branch ENIs of a trunk.",
	"state.pods":                "Pods that are there, the oldest first.",
	"state.pods.requests":       "What a pod without a workload asks for.",

	"steps.scale":             "Sets the replicas of a workload.",
	"steps.rollout":           "Replaces a workload's pods by new ones, as its strategy says.",
	"steps.create":            "Makes one pod outside of any controller.",
	"steps.create.requests":   "What the pod asks for.",
	"steps.delete":            "Deletes a pod, or the oldest of a workload.",
	"steps.addNodes":          "Launches more nodes of a group.",
	"steps.cordon":            "Keeps new pods off a node.",
	"steps.uncordon":          "Lets pods onto a node again.",
	"steps.drain":             "Cordons a node and deletes its pods at once; those of DaemonSets stay.",
	"steps.terminate":         "Ends an instance; everything returns to the subnet.",
	"steps.restartAgent":      "Kills a node's agent and starts it again.",
	"steps.fault":             "Lets EC2 refuse calls, or take long for them.",
	"steps.tagSubnet":         "Replaces a subnet's tags.",
	"steps.setBranchCooldown": "Sets branch-eni-cooldown in the ConfigMap amazon-vpc-cni.",
	"steps.churn":             "Makes short-lived pods beside a workload's replicas.",
	"steps.replay":            "Creates and deletes the pods of a trace.",
}

// named says what the fields of the shapes are that stand in several places, or
// whose fields are the names of something else: by the shape's name.
var named = map[string]map[string]string{
	"range": {
		"min": "the least, a duration such as `2s`",
		"max": "the most, a duration such as `5s`",
	},
	"latencies": {
		"refused": "how long a call takes that EC2 refuses, whatever its action",
		"":        "how long the call takes: a duration, or `{min, max}` between which it is drawn",
	},
	"windows": {
		"enable-windows-ipam":              "whether the resource controller gives pods of Windows nodes addresses",
		"enable-windows-prefix-delegation": "whether Windows nodes get /28 prefixes in place of single addresses",
		"windows-warm-ip-target":           "addresses that are kept warm on a Windows node",
		"windows-minimum-ip-target":        "addresses that a Windows node has at least",
		"windows-warm-prefix-target":       "free prefixes that are kept on a Windows node, where no IP target is set",
		"warm-ip-target":                   "the older name of windows-warm-ip-target, which wins",
		"minimum-ip-target":                "the older name of windows-minimum-ip-target, which wins",
		"warm-prefix-target":               "the older name of windows-warm-prefix-target, which wins",
	},
}

// describeNamed is what a field of such a shape is, empty for one of another.
func describeNamed(shape, field string) string { return cmpText(named[shape][field], named[shape][""]) }
