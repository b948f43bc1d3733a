package scenarios

// The reference says of each field of the language what it means. The schema
// takes its descriptions and defaults from here, and the tables in
// docs/scenarios.md are made of it: `go generate ./scenarios`.
//
// A field that a reader reads and that has no row here fails
// TestReferenceHasEveryField, which says what to add.

// referenceTable has the rows below one heading of the page.
type referenceTable struct {
	// base is what the paths of the rows begin with, "vpc.subnets[].": [] is a
	// member of a list, * a name of the author's. Empty: the top level.
	base string
	rows []referenceRow
}

// referenceRow is about one field. The texts are Markdown.
type referenceRow struct {
	field string
	// byDefault is the value that a field has when it is left out: in backquotes
	// as it would be written, otherwise in words. See required.
	byDefault string
	meaning   string
}

// required is the default of a field that has to be there.
const required = "*required*"

var reference = []referenceTable{
	{"", []referenceRow{
		{"name", "the file's name", "of the scenario"},
		{"summary", "none", "one line: what to look for"},
		{"platform", "`eks`", "`eks`, or `ecs`: [Amazon ECS](#on-ecs) on EC2 instances"},
		{"seed", "`1`", "of all that is drawn, 0 to 18446744073709551615"},
		{"duration", "until settled", "the run ends at this instant, events at it included. Left out: when it has settled, which is when no step is left and nothing has changed for five minutes but repeated failures; at most 24h"},
	}},
	{"limits.", []referenceRow{
		{"events", "`20000000`", "events in the log"},
		{"pods", "`500000`", "pods, all that ever were"},
		{"nodes", "`20000`", "nodes; more in the file are a mistake"},
		{"logSize", "`8589934592`", "bytes of the log, a quantity such as `500Mi`"},
	}},
	{"vpc.", []referenceRow{
		{"cidrs", required, "CIDR blocks of the VPC, /16 to /28. More than 5 need a raised quota, and the run notes that; at most 50"},
	}},
	{"vpc.subnets[].", []referenceRow{
		{"name", required, ""},
		{"zone", "`us-west-2a`", "availability zone"},
		{"cidr", required, "/16 to /28 within one block of the VPC, overlapping no other"},
		{"ipv6Cidr", "none", "of an IPv6 cluster, required in subnets with nodes: /44 to /64 in steps of 4"},
		{"tags", "none", "steer where agents make ENIs, see [subnet discovery](#subnet-discovery)"},
		{"inUse.count", "none", "how many addresses others hold (load balancers, endpoints, other nodes)"},
		{"inUse.placement", "`scattered` with a count", "`scattered` (seeded) or `packed` (from the lowest up). Both keep out of reservations"},
		{"inUse.addresses", "none", "single addresses that others hold"},
		{"reservations[].cidr", required, "a subnet CIDR reservation"},
		{"reservations[].type", required, "`prefix`: EC2 takes only prefixes of it, and takes prefixes there first; `explicit`: EC2 takes nothing of it by itself"},
	}},
	{"cluster.", []referenceRow{
		{"name", "`cluster`", ""},
		{"ipFamily", "`ipv4`", "`ipv4` or `ipv6`. `ipv6` sets `ENABLE_IPv6` and `ENABLE_PREFIX_DELEGATION`, and switches `ENABLE_IPv4` off: each node gets one /80, which no number of pods exhausts; IPv4 addresses are those of the nodes only"},
		{"systemPods", "`2`", "host-network pods on every node (aws-node and kube-proxy): they count towards max-pods, request nothing, take no address and aren't in the list of pods"},
		{"controlPlaneENIs", "`0`", "network interfaces of the EKS control plane, one address each, of the subnets in turn. EKS has 2 to 4"},
	}},
	{"cni.", []referenceRow{
		{"windows", "none", "keys of the ConfigMap `amazon-vpc-cni` about [Windows nodes](#windows-nodes); numbers and booleans need no quotes"},
		{"version", "`v1.23.1`", "of the VPC CNI, v1.9.0 to v1.23.2, also as `v1.20.4-eksbuild.1`: [what differs](versions.md)"},
		{"env", "the DaemonSet's", "[variables of aws-node](#variables-of-aws-node), on top of the released DaemonSet's defaults. Numbers and booleans need no quotes"},
		{"branchCooldown", "not set, which is 60 s", "`branch-eni-cooldown` of the ConfigMap amazon-vpc-cni, in seconds: how long the branch ENI of a pod that is gone rests before it is deleted. Below 30 it counts as 30, what is no whole number as 60, and the run says so"},
	}},
	{"cni.eniConfigs[].", []referenceRow{
		{"name", required, ""},
		{"subnet", required, "where pods' ENIs are made"},
		{"securityGroups", "the primary ENI's", ""},
	}},
	{"ec2.", []referenceRow{
		{"addressOrder", "`random`", "which free address or prefix EC2 takes: `lowest`, for pictures, or `random`"},
		{"latency", "see below", "`none`, or a range by action. `none`: everything happens at once, also agents' starts and restarts, trunks and branch ENIs, readiness, stopping, and the pause before an ENI is deleted, where the scenario doesn't set them itself"},
		{"throttling", "`true`", "the account's request rate: a bucket of tokens for each action, which all nodes and the resource controller share. Creating and deleting ENIs, assigning and unassigning, modifying: 100, and 5 more a second; attaching, detaching, associating: 50 and 5; describing: 50 and 10"},
		{"quotas.networkInterfaces", "`5000`", "network interfaces per Region, 0: no limit. Those of instances, agents, trunks and branches count"},
		{"quotas.networkAddressUnits", "`64000`", "network address units per VPC, 0: no limit. One for each address and prefix, and one for each ENI that isn't an instance's first"},
		{"reservationFallback", "`true`", "a prefix request that finds the prefix reservations full takes from the rest of the subnet"},
		{"branchOverflow", "`false`", "EC2 lets a trunk have more branch ENIs than the instance type's limit. Requests under way together can all pass the resource controller's own check of it; the surplus is refused, keeps its address until the next round of the node's delete queue, and its pods wait a cooldown"},
	}},
	{"agent.", []referenceRow{
		{"order", "`random`", "how the agent picks among ENIs and addresses: `ordered` (by device number and address, for pictures) or `random`, as the real one does by walking hash maps"},
		{"restart", "`5s`", "the gap of a restart, in which requests for addresses fail"},
		{"exitBackoff", "`{min: 10s, max: 5m0s}`", "when kubelet starts an agent again that exited: doubling from min to max; or `never`"},
	}},
	{"scheduler.", []referenceRow{
		{"strategy", "`kube`", "`kube`: fewest pods of the workload (of a Deployment those of its revision) in the zone, then on the node, then least allocated, then by chance; `binpack`: most allocated; `first-fit`: the first node; `random`"},
		{"delay", "`0s`", "from a pod's creation to the first attempt to place it"},
		{"seesAddresses", "false", "a counterfactual, see [a scheduler that sees addresses](#a-scheduler-that-sees-addresses)"},
	}},
	{"kubelet.", []referenceRow{
		{"retry", "`{min: 10s, max: 15s}`", "from a failed attempt to the next, a range; or `never`"},
		{"start", "`0s`", "from bound to the first attempt"},
	}},
	{"controller.", []referenceRow{
		{"trunkDelay", "`8s`", "from the agent's signal to the trunk attached"},
		{"branchDelay", "`1s`", "from a pod bound to its branch ENI annotated"},
	}},
	{"instanceTypes.*.", []referenceRow{
		{"maxENIs", "the type's", "ENIs that an instance may have on its default network card, 1 to 1,000"},
		{"ipv4PerENI", "the type's", "IPv4 addresses of an ENI, the primary included, 2 to 1,000"},
		{"vcpu", "the type's", "vCPUs; unknown ones limit nothing, and the run says so"},
		{"memoryMiB", "the type's", "memory; likewise"},
		{"hypervisor", "the type's; `nitro` for an unknown one", "`nitro` or `xen`. Prefixes need Nitro"},
		{"bareMetal", "the type's", "bare metal counts as Nitro"},
		{"networkCards", "the type's; 1", "1 to 1,000; see [several network cards](#several-network-cards)"},
		{"maxENIsAllCards", "the type's; with `maxENIs` or `networkCards` set their product", "ENIs over all network cards. What the default card leaves is spread evenly over the others, lower cards taking one more"},
		{"branchENIs", "the type's", "branch ENIs that a node may have, 0 to 1,000"},
		{"trunkingCompatible", "the type's", "whether it can have a trunk ENI; without one there are no branch ENIs"},
		{"ecsTasksTrunking", "the type's", "tasks in awsvpc mode that an ECS container instance with a trunk takes; 0: the type has no trunking on ECS"},
	}},
	{"nodeGroups[].", []referenceRow{
		{"name", required, ""},
		{"instanceType", required, "an EC2 instance type, such as `m5.large`"},
		{"count", "`1`", "nodes at the beginning"},
		{"subnets", "all", "names of subnets; the nodes go to them in turn"},
		{"maxPods", "`auto`", "a number; `auto`: what an AL2023 node computes, ENIs × (IPv4 − 1) + 2, blind to custom networking and prefixes; `managed`: that, at most 110, or 250 above 30 vCPUs; `recommended`: the same with prefixes, custom networking and `MAX_ENI` reckoned in; or a CEL expression over `default_enis`, `ips_per_eni`, `max_pods`, `vcpus`, such as `\"(default_enis - 1) * (ips_per_eni - 1) + 2\"`"},
		{"reservedENIs", "`0`", "ENIs that the formula of max-pods leaves out; nothing else changes"},
		{"labels", "none", "besides the four above"},
		{"annotations", "none", ""},
		{"taints[].key", required, ""},
		{"taints[].value", "empty", ""},
		{"taints[].effect", required, "`NoSchedule` and `NoExecute` keep new pods off; `PreferNoSchedule` changes nothing"},
		{"securityGroups", "the group's name", "every ENI of the node carries them, but those of an ENIConfig that names its own"},
		{"every", "`0s`", "from the launch of a node to that of the next"},
		{"agentStart", "0s for nodes of the beginning, 45s for later ones", "from launch to the agent's start"},
		{"os", "`linux`", "`linux` or `windows`: see [Windows nodes](#windows-nodes)"},
		{"awsvpcTrunking", "false", "of ECS: the account setting when these instances are launched. They keep what they were launched with: to turn it on later, have a second group and `addNodes`"},
		{"autoscale.max", required, "[the cluster autoscaler](#the-cluster-autoscaler) adds nodes to the group, up to so many in all; at least `count`"},
		{"autoscale.delay", "`10s`", "from a pod for which no node was found to the launch of one. The least of all groups holds"},
	}},
	{"workloads[].", []referenceRow{
		{"name", required, ""},
		{"kind", "`Deployment`", "`Deployment`, `DaemonSet`, `StatefulSet`, `Job`; on ECS `service`, the default there"},
		{"namespace", "`default`", "what policies look for"},
		{"replicas", "`1`", "pods; of a Job: how many at once. A DaemonSet has none"},
		{"at", "`0s`", "when the workload appears"},
		{"requests.cpu", "none", "a pod without requests counts 100m and 200MB in the scheduler's score, and nothing in its filters"},
		{"requests.memory", "none", ""},
		{"requests.vpc.amazonaws.com/pod-eni", "none", "`1`: a branch ENI, with the security groups of the trunk where the pod has none of its own"},
		{"securityGroups", "none", "of the pods' branch ENIs, at most 5; those of the [policies](#securitygrouppolicies) that select the pods are added. Of a service: those of the tasks' ENIs, `default` if left out, at most 5"},
		{"hostNetwork", "false", "takes no address, counts towards max-pods"},
		{"labels", "none", "what policies select by"},
		{"serviceAccount", "`default`", ""},
		{"serviceAccountLabels", "none", "what policies select service accounts by; the same wherever the account is named"},
		{"annotations", "none", "`k8s.amazonaws.com/nicConfig: multi-nic-attachment` asks for an address of [each network card](#several-network-cards); others have no bearing on a run"},
		{"nodeSelector", "none", "labels that the node must have"},
		{"tolerations[].key", "any, with `Exists`", ""},
		{"tolerations[].operator", "`Equal`", "`Equal` or `Exists`"},
		{"tolerations[].value", "empty", ""},
		{"tolerations[].effect", "every", ""},
		{"node", "none", "pins the pods, as `spec.nodeName` does: no scheduler, no max-pods, no filters"},
		{"strategy.maxSurge", "`25%`; 0 for a DaemonSet or StatefulSet", "of a roll-out: a number or a per cent, rounded up"},
		{"strategy.maxUnavailable", "`25%`; 1 for a DaemonSet or StatefulSet", "likewise, rounded down"},
		{"strategy.minimumHealthyPercent", "100", "of a service: tasks that stay RUNNING in a deployment, in per cent of the replicas, rounded up; 0 to 100"},
		{"strategy.maximumPercent", "200", "of a service: tasks that run or start, in per cent of the replicas, rounded down; 100 to 200"},
		{"completions", "as `replicas`", "of a Job: pods in all"},
		{"runFor", "for ever", "of a Job or a service: from ready to completed. A service starts another task then"},
		{"readyAfter", "`1s`", "from addressed to ready"},
		{"stopAfter", "`1s`", "from deletion asked to the address given up"},
		{"networkMode", "awsvpc", "of a service: `awsvpc` (each task has an ENI), `bridge` or `host` (none has)"},
		{"subnets", "the instance's", "of a service: subnets of the tasks' ENIs, at most 16. Tasks are placed in their zones only"},
		{"placement[].type", "spread", "of a service: `spread` (fewest of its tasks), `binpack` (least left), `random`. Up to 5, one after the other; one word or one mapping needs no list. What is left then is drawn from"},
		{"placement[].field", "zone, memory", "`zone` or `instance` for spread, `cpu` or `memory` for binpack; ECS's own names are understood, too"},
	}},
	{"securityGroupPolicies[].", []referenceRow{
		{"name", required, ""},
		{"namespace", "`default`", "of the pods that it selects"},
		{"podSelector.matchLabels", "none", "labels that the pods must have. `podSelector: {}` selects all pods of the namespace"},
		{"podSelector.matchExpressions[].key", required, "a label"},
		{"podSelector.matchExpressions[].operator", required, "`In`, `NotIn` (also where the label is missing), `Exists`, `DoesNotExist`"},
		{"podSelector.matchExpressions[].values", "none", "of `In` and `NotIn`"},
		{"serviceAccountSelector.matchLabels", "none", "likewise, of the labels of the pods' service accounts. One of the two selectors is needed; where both are given both must match"},
		{"serviceAccountSelector.matchExpressions[].key", required, ""},
		{"serviceAccountSelector.matchExpressions[].operator", required, ""},
		{"serviceAccountSelector.matchExpressions[].values", "none", ""},
		{"securityGroups", required, "1 to 5"},
	}},
	{"state.", []referenceRow{
		{"nodes[].name", required, "GROUP-N. The nodes of the state are the first of their group"},
		{"nodes[].cordoned", "false", ""},
		{"nodes[].enis[].device", "the index", "ascending; 0 is the primary one"},
		{"nodes[].enis[].kind", "`primary` at device 0, else `secondary`", "or `trunk`"},
		{"nodes[].enis[].subnet", "the primary one's", "which is that of the node"},
		{"nodes[].enis[].securityGroups", "the group's", ""},
		{"nodes[].enis[].primaryAddress", required, ""},
		{"nodes[].enis[].addresses", "none", "secondary addresses"},
		{"nodes[].enis[].prefixes", "none", "/28s"},
		{"nodes[].enis[].branches[].vlan", required, "of a trunk: 1 to 120"},
		{"nodes[].enis[].branches[].subnet", required, ""},
		{"nodes[].enis[].branches[].address", required, "a branch whose address no pod has cools from 0"},
		{"nodes[].enis[].branches[].securityGroups", "the trunk's", ""},
		{"pods[].name", required, "the oldest pods first. Those of a StatefulSet are called WORKLOAD-N"},
		{"pods[].workload", "none", "counts among its replicas; none: no controller replaces it"},
		{"pods[].node", "none", "one of the state's; none: Pending"},
		{"pods[].address", "none", "on that node, then the pod runs. None: it waits for one, or is on the host network and runs"},
		{"pods[].requests.cpu", "none", "of a pod without a workload"},
		{"pods[].requests.memory", "none", "likewise"},
		{"pods[].requests.vpc.amazonaws.com/pod-eni", "none", "likewise"},
		{"pods[].hostNetwork", "false", "likewise"},
	}},
	{"steps[].", []referenceRow{
		{"at", "`0s`", "the instant"},
		{"over", "`0s`", "spreads item i of n to `at + over·i/n`; for `scale`, `rollout`, `setEnv`, `addNodes` and `delete`"},
		{"scale.workload", required, "sets the replicas of a workload"},
		{"scale.replicas", required, ""},
		{"rollout.workload", required, "replaces its pods by new ones, as its `strategy` says"},
		{"create.pod", required, "makes one pod outside of any controller"},
		{"create.node", "none", "pins it"},
		{"create.workload", "none", "takes that workload's spec"},
		{"create.requests.cpu", "none", ""},
		{"create.requests.memory", "none", ""},
		{"create.requests.vpc.amazonaws.com/pod-eni", "none", "as of a workload"},
		{"create.labels", "none", "what policies select by, in place of the workload's"},
		{"create.securityGroups", "none", "in place of the workload's; `[]` takes them away"},
		{"create.networkMode", "the workload's, else awsvpc", "on ECS"},
		{"create.subnets", "the workload's, else the instance's", "on ECS"},
		{"delete.pod", "this or `workload`", "deletes one pod"},
		{"delete.workload", "this or `pod`", "deletes its oldest pods"},
		{"delete.count", "1", "how many"},
		{"setEnv", "", "variables of aws-node, null unsets one. All agents restart with them, and nodes to come have them"},
		{"addNodes.group", required, "launches more nodes of a group"},
		{"addNodes.count", "1", ""},
		{"cordon.node", required, "no new pods; the agent neither grows nor frees ENIs"},
		{"uncordon.node", required, ""},
		{"drain.node", required, "cordons it and deletes its pods at once; those of DaemonSets stay"},
		{"terminate.node", required, "the instance goes, everything returns to the subnet, its pods are replaced elsewhere"},
		{"restartAgent.node", required, "kills the node's agent and starts it again"},
		{"restartAgent.gap", "`agent.restart`", "how long it is down"},
		{"restartAgent.env", "none", "variables of this node from then on"},
		{"tagSubnet.subnet", required, "replaces a subnet's tags. ENIs that are there keep what they are; a new ENI, and an agent that starts, sees it"},
		{"tagSubnet.tags", required, "all of them: a tag that isn't named is gone"},
		{"setBranchCooldown.seconds", required, "sets `branch-eni-cooldown`, as `cni.branchCooldown`; it holds at once, also for branch ENIs that cool already"},
		{"setWindows", "", "keys of the ConfigMap amazon-vpc-cni, as `cni.windows`, null unsets one; but not `enable-windows-ipam`. [Living Windows nodes](#windows-nodes) take them in at once"},
		{"restartController", "", "`{}`: restarts the VPC resource controller. Branch ENIs that cooled cool anew"},
		{"churn.workload", required, "makes short-lived pods beside its replicas, called WORKLOAD-churn-N, evenly spaced"},
		{"churn.perMinute", required, "how many, 1 to 60,000"},
		{"churn.lifetime", required, "a range: from creation to the deletion asked"},
		{"churn.for", required, "how long new ones come"},
		{"replay.trace", required, "creates and deletes the pods of a CSV file (gzip, too), whose path is relative to the scenario's folder. Columns: `pod`, `createSeconds`, `deleteSeconds` (empty: stays), and if you like `cpuMilli`, `memMiB`, `node` (pins the pod, as `spec.nodeName` does; empty: scheduled). One of a real cluster comes with the library: `trace-of-a-real-cluster`"},
		{"replay.speed", "1", "divides the trace's times"},
	}},
	{"expect[].", []referenceRow{
		{"that", required, "a condition in [CEL](https://cel.dev), such as `pods.running == 27`"},
		{"at", "the whole run", "an instant after the start, when all that happens at it has happened, or `end`"},
		{"because", "none", "why it is so, for whoever sees it fail"},
	}},
}
