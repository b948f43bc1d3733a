package sim

import (
	"strings"

	"vpcsim/model"
)

// What an agent says whose start-up fails, besides what is wrong with its settings;
// and ECS, of an instance without a trunk. A code stands behind a colon.
const (
	exitGrowth  = "error while trying to increase datastore pool"
	exitNoENI   = "Failed to attach any ENIs for custom networking"
	exitNoIPv6  = "the node's subnet has no IPv6 CIDR"
	exitPrefix  = "failed to assign an IPv6 prefix: "
	failedTrunk = "REGISTRATION_FAILED: the trunk network interface could not be created: "
)

// StartUpErrors are messages of start-ups that failed, as they stand in the error
// of agent.exited and the reason of node.notReady. Codes are left out.
func StartUpErrors() []string {
	all := []string{exitGrowth, exitNoENI, exitNoIPv6, exitPrefix, failedTrunk}
	for _, s := range []model.Settings{{IPv4: true, IPv6: true, CustomNetworking: true, PodENI: true}, {}} {
		if err := s.Validate(); err != nil {
			all = append(all, strings.Split(err.Error(), "\n")...)
		}
	}
	return all
}

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
