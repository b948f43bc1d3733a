package sim

// The words that fields of events can have which are no type of their own. Tests
// hold runs against them.
var (
	// Scopes are where an exhaustion point is.
	Scopes = []string{"node", "subnet", "cluster"}
	// EndedBy is why a run ended.
	EndedBy = []string{"settled", "duration", "limit"}
	// ExitReasons are why an agent stopped.
	ExitReasons = []string{"restart", "failed"}
	// ReleaseReasons are why an address was given up otherwise than by a deletion.
	ReleaseReasons = []string{"agent-down", "terminated"}
	// TrunkReasons are those of the messages that a node without a trunk shows.
	TrunkReasons = []string{reasonTrunkInit, reasonTrunkCreation, reasonUnsupported}
	// BranchReasons are those of the messages that a pod without a branch ENI shows.
	BranchReasons = []string{reasonAllocation, reasonAnnotation}
	// CappedBy is what limits the ENIs of a node, or the tasks of an instance.
	CappedBy = []string{
		"instance type", "MAX_ENI", "custom networking", "trunk reserved", "leftovers", "awsvpcTrunking off",
	}
)

// Kinds are the kinds of exhaustion.
var Kinds = []Kind{
	KindWarmPoolLag, KindCooldown, KindENILimit, KindSubnetIPs, KindPrefixFragmentation, KindThrottling, KindQuota,
	KindMisconfig, KindMaxPods, KindCPUMemory, KindBranchLimit, KindBranchCooldown, KindNoTrunk,
}

// Actions are the calls to EC2 that there are.
var Actions = []Action{
	RunInstances, TerminateInstances, CreateNetworkInterface, AttachNetworkInterface, ModifyNetworkInterfaceAttribute,
	AssignPrivateIpAddresses, UnassignPrivateIpAddresses, AssignIpv6Addresses, DescribeInstances,
	DescribeNetworkInterfaces, DetachNetworkInterface, DeleteNetworkInterface, AssociateTrunkInterface,
	DisassociateTrunkInterface,
}
