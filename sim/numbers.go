package sim

// Number is the name of a figure that an exhaustion point rests on.
type Number string

// The figures, by what they are of.
const (
	// The pool of a node's agent, or of a Windows node.
	NumberMaxPods      Number = "maxPods"
	NumberMaxENI       Number = "maxENI"
	NumberSlots        Number = "slots"
	NumberENIs         Number = "enis"
	NumberTotal        Number = "total"
	NumberAssigned     Number = "assigned"
	NumberAvailable    Number = "available"
	NumberCooling      Number = "cooling"
	NumberCard         Number = "card"
	NumberTrunks       Number = "trunks"
	NumberLeftover     Number = "leftover"
	NumberLeftoverHeld Number = "leftoverHeld"
	NumberCapacity     Number = "capacity"
	NumberSlotsHeld    Number = "slotsHeld"

	// A subnet.
	NumberUsable       Number = "usable"
	NumberUsed         Number = "used"
	NumberFree         Number = "free"
	NumberReservedFree Number = "reservedFree"
	NumberFreePrefixes Number = "freePrefixes"
	NumberLargestFree  Number = "largestFree"
	NumberWanted       Number = "wanted"

	// A node's trunk.
	NumberBranchLimit Number = "branchLimit"
	NumberBranches    Number = "branches"
	NumberQueued      Number = "queued"
	NumberVLANs       Number = "vlans"

	// Nodes, by why each takes no pod.
	NumberNodes           Number = "nodes"
	NumberAtMaxPods       Number = "nodesAtMaxPods"
	NumberShortOfCPU      Number = "nodesShortOfCPUOrMemory"
	NumberAtBranchLimit   Number = "nodesAtBranchLimit"
	NumberWithoutTrunk    Number = "nodesWithoutTrunk"
	NumberOutOfIPv4       Number = "nodesOutOfPrivateIPv4Addresses"
	NumberNotMatching     Number = "nodesNotMatching"
	NumberStarting        Number = "nodesStarting"
	NumberInFullSubnets   Number = "nodesInFullSubnets"
	NumberInFragmented    Number = "nodesInFragmentedSubnets"
	NumberThrottled       Number = "nodesThrottled"
	NumberAtQuota         Number = "nodesAtQuota"
	NumberWithCooling     Number = "nodesWithCoolingAddresses"
	NumberWithGrowingPool Number = "nodesWithGrowingPools"

	// Container instances and services of ECS.
	NumberInstances       Number = "instances"
	NumberInstancesCPU    Number = "instancesShortOfCPU"
	NumberInstancesMemory Number = "instancesShortOfMemory"
	NumberInstancesENIs   Number = "instancesShortOfENIs"
	NumberInstancesZone   Number = "instancesInOtherZones"
	NumberTaskENIs        Number = "taskENIs"
	NumberTaskENIsUsed    Number = "taskENIsUsed"
	NumberReplicas        Number = "replicas"
	NumberMinimumHealthy  Number = "minimumHealthyPercent"
	NumberMaximumPercent  Number = "maximumPercent"
)

// NumberMeaning says what a figure is.
type NumberMeaning struct {
	Name    Number
	Unit    string
	Meaning string
	// Kinds are those of the exhaustion points that can have it.
	Kinds []Kind
}

// NumberGroup is figures of the same thing.
type NumberGroup struct {
	Title   string
	Numbers []NumberMeaning
}

var (
	// An agent's pool, or that of a Windows node, where no subnet is to blame.
	ofPool   = []Kind{KindWarmPoolLag, KindCooldown, KindENILimit, KindThrottling, KindQuota, KindMisconfig}
	ofSubnet = []Kind{KindSubnetIPs, KindPrefixFragmentation}
	ofTrunk  = []Kind{KindBranchLimit, KindBranchCooldown, KindMisconfig}
	ofECS    = []Kind{KindENILimit, KindMisconfig, KindCPUMemory, KindBranchLimit}
	// A pod that no node takes: anything but what only a pod on a node can wait for.
	ofNodes = []Kind{
		KindWarmPoolLag, KindCooldown, KindENILimit, KindSubnetIPs, KindPrefixFragmentation, KindThrottling, KindQuota,
		KindMisconfig, KindMaxPods, KindCPUMemory, KindBranchLimit, KindNoTrunk,
	}
	onlyLimit     = []Kind{KindENILimit}
	onlyMisconfig = []Kind{KindMisconfig}
)

// Numbers returns all figures, in the order of the documentation.
func Numbers() []NumberGroup {
	return []NumberGroup{
		{"Of a node's pool", []NumberMeaning{
			{NumberMaxPods, "pods", "kubelet's max-pods", ofPool},
			{NumberMaxENI, "ENIs", "how many the node may have: the type's limit, or MAX_ENI if that is less; left out on Windows, as are the next two", append([]Kind{KindNoTrunk}, ofPool...)},
			{NumberSlots, "addresses or prefixes", "how many an ENI holds besides its primary address", ofPool},
			{NumberENIs, "ENIs", "how many are attached", append([]Kind{KindNoTrunk}, ofPool...)},
			{NumberTotal, "addresses", "in the pool", ofPool},
			{NumberAssigned, "addresses", "held by pods", ofPool},
			{NumberAvailable, "addresses", "the rest, cooling ones included", ofPool},
			{NumberCooling, "addresses", "given up a moment ago: they rest", ofPool},
			{NumberCard, "index", "the network card whose pool it is, if it is above 0", ofPool},
			{NumberTrunks, "ENIs", "how many of them are a trunk, or kept for one; left out if none", onlyLimit},
			{NumberLeftover, "addresses or prefixes", "from before a switch of prefix mode, which keep slots and serve no new pod; left out if none", onlyLimit},
			{NumberLeftoverHeld, "addresses or prefixes", "those of the leftover ones in which a pod is", onlyLimit},
			{NumberCapacity, "addresses", "how many a Windows node's one ENI can have", ofPool},
			{NumberSlotsHeld, "slots", "of a Windows node's ENI, which the mode that is off still has; left out if none", ofPool},
		}},
		{"Of a subnet", []NumberMeaning{
			{NumberUsable, "addresses", "all but the five that EC2 keeps", ofSubnet},
			{NumberUsed, "addresses", "on network interfaces, prefixes in whole", ofSubnet},
			{NumberFree, "addresses", "that are not used", ofSubnet},
			{NumberReservedFree, "addresses", "those of the free ones that lie in subnet CIDR reservations", ofSubnet},
			{NumberFreePrefixes, "prefixes", "whole, aligned /28s of free addresses", ofSubnet},
			{NumberLargestFree, "addresses", "the longest run of free ones", ofSubnet},
			{NumberWanted, "addresses", "asked for at once", ofSubnet},
		}},
		{"Of a node's trunk", []NumberMeaning{
			{NumberBranchLimit, "branch ENIs", "how many the instance type may have", append([]Kind{KindNoTrunk}, ofTrunk...)},
			{NumberBranches, "branch ENIs", "of pods", ofTrunk},
			{NumberQueued, "branch ENIs", "that wait for their deletion", ofTrunk},
			{NumberVLANs, "VLAN ids", "taken", ofTrunk},
		}},
		{"Of pods that no node takes", []NumberMeaning{
			{NumberNodes, "nodes", "the sum of those below, each of which is left out at 0", ofNodes},
			{NumberAtMaxPods, "nodes", "have as many pods as they may", ofNodes},
			{NumberShortOfCPU, "nodes", "have too little CPU or memory left", ofNodes},
			{NumberAtBranchLimit, "nodes", "offer no further branch ENI", ofNodes},
			{NumberWithoutTrunk, "nodes", "have no trunk", ofNodes},
			{NumberOutOfIPv4, "nodes", "run Windows and offer no further address, or have full ENIs (of a scheduler that sees addresses, or of nodes that failed to start)", ofNodes},
			{NumberNotMatching, "nodes", "are out by selector, taint or cordon, have failed to start, or have a pool that a setting keeps small (of a scheduler that sees addresses)", ofNodes},
			{NumberStarting, "nodes", "are not ready yet", ofNodes},
			{NumberInFullSubnets, "nodes", "are in a full subnet (of a scheduler that sees addresses, or of nodes that failed to start)", ofNodes},
			{NumberInFragmented, "nodes", "are in a subnet without a whole /28 (likewise)", ofNodes},
			{NumberThrottled, "nodes", "are held up as EC2 throttles calls", ofNodes},
			{NumberAtQuota, "nodes", "are held up by a quota of the account", ofNodes},
			{NumberWithCooling, "nodes", "have cooling addresses alone (of a scheduler that sees addresses)", ofNodes},
			{NumberWithGrowingPool, "nodes", "have a pool that is growing (likewise)", ofNodes},
		}},
		{"Of ECS", []NumberMeaning{
			{NumberInstances, "container instances", "that are ACTIVE", ofECS},
			{NumberInstancesCPU, "container instances", "of these, too few CPU units left; left out at 0, as are the next three", ofECS},
			{NumberInstancesMemory, "container instances", "too little memory left", ofECS},
			{NumberInstancesENIs, "container instances", "as many task ENIs as they may have", ofECS},
			{NumberInstancesZone, "container instances", "in no zone of the task's subnets", ofECS},
			{NumberTaskENIs, "tasks", "in awsvpc mode that the instances can have, summed", ofECS},
			{NumberTaskENIsUsed, "tasks", "in awsvpc mode that they have", ofECS},
			{NumberReplicas, "tasks", "that the service wants", onlyMisconfig},
			{NumberMinimumHealthy, "per cent", "the deployment's lower bound", onlyMisconfig},
			{NumberMaximumPercent, "per cent", "its upper bound", onlyMisconfig},
		}},
	}
}
