package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// branchReleased is a node with a pod's branch of VLAN 1 whose pod leaves at 2m, and
// whose deletion begins at 3m30s.
func branchReleased(steps ...Step) Config {
	steps = append(branchPods(time.Minute, "n-0", 1, 1), append(steps, Step{At: 2 * time.Minute, Action: Delete{Pod: "p1"}})...)
	cfg := branchCluster(1, steps...)
	cfg.CNI.Env["WARM_IP_TARGET"] = "1" // no second ENI
	return cfg
}

// TestControllerDoesNotFindABranchThatIsBeingDeleted: to EC2 it is unknown from the
// begin of the call on. A controller that starts then counts it no more, and gives
// its VLAN id to the next branch; one that starts before queues it anew.
func TestControllerDoesNotFindABranchThatIsBeingDeleted(t *testing.T) {
	cfg := branchReleased(Step{At: 4 * time.Minute, Action: RestartController{}})
	cfg.EC2.Latency = map[Action]Range{DeleteNetworkInterface: {3 * time.Minute, 3 * time.Minute}}
	cfg.NodeGroups[0].Type.BranchENIs = 1
	cfg.Steps = append(cfg.Steps, branchPods(5*time.Minute, "n-0", 2, 1)...)
	log := events(t, cfg)
	calls := callsOf(log, DeleteNetworkInterface)
	require.Len(t, calls, 1)
	require.Len(t, find[BranchQueued](log, nil), 1)
	deleted := find[BranchDeleted](log, nil)
	require.Len(t, deleted, 1)
	require.Equal(t, model.Instant(0).Add(4*time.Minute), deleted[0].At)
	require.False(t, deleted[0].Body.(BranchDeleted).Leaked)
	created := find(log, func(b BranchCreated) bool { return b.Pod == "p2" })
	require.Len(t, created, 1)
	require.Equal(t, model.Instant(0).Add(5*time.Minute), created[0].At)
	require.Equal(t, 1, created[0].Body.(BranchCreated).VLAN)
	require.NotEqual(t, deleted[0].Body.(BranchDeleted).Address, created[0].Body.(BranchCreated).Address, "the address is taken until the call ends")

	for i, s := range cfg.Steps {
		if _, is := s.Action.(RestartController); is {
			cfg.Steps[i].At = 3 * time.Minute
		}
	}
	log = events(t, cfg)
	require.Len(t, find[BranchQueued](log, nil), 2)
	require.Greater(t, find[BranchDeleted](log, nil)[0].At, model.Instant(0).Add(4*time.Minute))
}

// TestBranchThatEC2DeniesLeaks: a fault lets EC2 say that it is not there. The
// controller believes it and frees the VLAN id; the clean-up finds the branch.
func TestBranchThatEC2DeniesLeaks(t *testing.T) {
	cfg := branchReleased(Step{At: 2 * time.Minute, Action: Fault{
		Action: DeleteNetworkInterface, Error: model.InvalidNetworkInterfaceIDNotFound, Count: 1,
	}})
	cfg.Duration = 2 * time.Hour
	cfg.Steps = append(cfg.Steps, branchPods(5*time.Minute, "n-0", 2, 1)...)
	log := events(t, cfg)
	deleted := find[BranchDeleted](log, nil)
	require.Len(t, deleted, 1)
	b := deleted[0].Body.(BranchDeleted)
	require.True(t, b.Leaked)
	require.Equal(t, model.InvalidNetworkInterfaceIDNotFound, b.Error)
	require.Equal(t, 1, find(log, func(b BranchCreated) bool { return b.Pod == "p2" })[0].Body.(BranchCreated).VLAN)
	gone := find[ENIDeleted](log, nil)
	require.Len(t, gone, 1)
	require.Equal(t, b.ENI, gone[0].Body.(ENIDeleted).ENI)
	require.Equal(t, model.Instant(0).Add(time.Hour), gone[0].At, "at the second clean-up")
}

// TestBranchFoundAgainFreesAnothersVLAN: a restart finds the branch that EC2 had denied,
// whose VLAN id is p2's by now. Deleting it frees the id, and EC2 refuses p3's first try.
func TestBranchFoundAgainFreesAnothersVLAN(t *testing.T) {
	cfg := branchReleased(Step{At: 2 * time.Minute, Action: Fault{
		Action: DeleteNetworkInterface, Error: model.InvalidNetworkInterfaceIDNotFound, Count: 1,
	}}, Step{At: 6 * time.Minute, Action: RestartController{}})
	cfg.Duration = 15 * time.Minute
	cfg.Steps = append(cfg.Steps, branchPods(5*time.Minute, "n-0", 2, 1)...)
	cfg.Steps = append(cfg.Steps, branchPods(10*time.Minute+7*time.Second, "n-0", 3, 1)...)
	var log []Event
	e, _, err := newChecked(cfg, func(ev Event) error { log = append(log, ev); return nil })
	require.NoError(t, err)
	e.start()
	e.loop()
	require.NoError(t, e.sinkErr)
	deleted := find(log, func(b BranchDeleted) bool { return !b.Leaked })
	require.NotEmpty(t, deleted)
	require.Less(t, deleted[0].At, model.Instant(0).Add(10*time.Minute))
	require.Equal(t, 1, deleted[0].Body.(BranchDeleted).VLAN)
	require.Equal(t, 1, e.podNamed["p2"].branch.VLAN)
	failed := find(log, func(b BranchFailed) bool { return b.Pod == "p3" })
	require.Len(t, failed, 1)
	require.Equal(t, model.VlanInUse, failed[0].Body.(BranchFailed).Error)
	require.Equal(t, 1, failed[0].Body.(BranchFailed).VLAN)
	require.Equal(t, 2, e.podNamed["p3"].branch.VLAN)
}

// TestForgottenBranchThatIsGone is no leak: its address is free.
func TestForgottenBranchThatIsGone(t *testing.T) {
	for _, gone := range []bool{true, false} {
		var log []Event
		e, err := newEngine(branchReleased(), func(ev Event) error { log = append(log, ev); return nil })
		require.NoError(t, err)
		tries := 0
		e.controller.failDelete = func(b *model.Branch) bool {
			if tries++; gone && tries == model.BranchDeleteTries {
				e.ec2.deleteBranch(e.nodes[0].instance.trunk.branch(b.ENI), func(model.ErrorCode) {})
			}
			return true
		}
		e.start()
		e.loop()
		deleted := find[BranchDeleted](log, nil)
		require.Len(t, deleted, 1)
		require.Equal(t, !gone, deleted[0].Body.(BranchDeleted).Leaked)
	}
}

// TestFullSubnetOfACallWithoutOne: a fault can give any code to any call, also that of
// a full subnet to one that takes nothing from a subnet. No subnet is to blame then.
func TestFullSubnetOfACallWithoutOne(t *testing.T) {
	for _, action := range []Action{DescribeInstances, ModifyNetworkInterfaceAttribute} {
		cfg := faulty(Fault{Action: action, Error: model.InsufficientFreeAddressesInSubnet})
		cfg.Steps = append(cfg.Steps, branchPods(time.Minute, "n-0", 1, 12)...)
		for i := range cfg.Steps {
			if c, is := cfg.Steps[i].Action.(Create); is {
				c.Spec.BranchGroups = nil
				cfg.Steps[i].Action = c
			}
		}
		log := events(t, cfg)
		began := find(log, func(b ExhaustionBegan) bool { return b.Kind == KindMisconfig })
		require.NotEmpty(t, began, action)
		b := began[0].Body.(ExhaustionBegan)
		require.Equal(t, string(model.InsufficientFreeAddressesInSubnet), b.Reason)
		require.Equal(t, "n-0", b.Name)
	}
}
