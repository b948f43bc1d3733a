package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// slowTrunk is a node whose trunk takes a while to be made.
func slowTrunk(create time.Duration, steps ...Step) Config {
	cfg := branchCluster(1, steps...)
	cfg.EC2.Latency = map[Action]Range{CreateNetworkInterface: {create, create}}
	cfg.CNI.Env["WARM_IP_TARGET"] = "1" // no second ENI
	cfg.Duration = 3 * time.Hour
	return cfg
}

// TestAgentLeavesTheControllersENIsAlone: its clean-up, within five minutes of its
// start, does not take a trunk that is not attached yet for a leak.
func TestAgentLeavesTheControllersENIsAlone(t *testing.T) {
	log := events(t, slowTrunk(12*time.Minute, Step{At: 5*time.Minute + time.Second, Action: RestartAgent{Node: "n-0"}}))
	require.Empty(t, find[ENIDeleted](log, nil))
	attached := find(log, func(b ENIAttached) bool { return b.Kind == model.ENITrunk })
	require.Len(t, attached, 1)
	require.Greater(t, attached[0].At, model.Instant(0).Add(12*time.Minute))
}

// TestControllerDeletesATrunkItLost: one that was being made when it was restarted
// goes at the second clean-up, and the node has the one that was made then.
func TestControllerDeletesATrunkItLost(t *testing.T) {
	log := events(t, slowTrunk(12*time.Minute, Step{At: 5 * time.Minute, Action: RestartController{}}))
	made := find(log, func(b ENICreated) bool { return b.Kind == model.ENITrunk })
	require.Len(t, made, 2)
	gone := find[ENIDeleted](log, nil)
	require.Len(t, gone, 1)
	require.Equal(t, made[0].Body.(ENICreated).ENI, gone[0].Body.(ENIDeleted).ENI)
	require.Equal(t, model.Instant(0).Add(65*time.Minute), gone[0].At)
	require.Len(t, find(log, func(b ENIAttached) bool { return b.Kind == model.ENITrunk }), 1)
}

// TestCallsAboutADeadENIAreRefused: from the begin of its deletion EC2 knows it no
// longer, and its address comes back once, when the call ends.
func TestCallsAboutADeadENIAreRefused(t *testing.T) {
	cfg := branchCluster(1)
	cfg.EC2.Latency = map[Action]Range{DeleteNetworkInterface: {time.Minute, time.Minute}}
	e, err := newEngine(cfg, func(Event) error { return nil })
	require.NoError(t, err)
	e.start()
	x, in, s := e.ec2, e.nodes[0].instance, e.ec2.named["a"]
	free := s.FreeForAddresses()
	made := func(kind model.ENIKind) *eni {
		ni, err := x.make(in, s, nil, 2, false, kind)
		require.NoError(t, err)
		return ni
	}
	answers := map[string]model.ErrorCode{}
	to := func(name string) reply { return func(code model.ErrorCode) { answers[name] = code } }

	dead, trunk := made(model.ENISecondary), made(model.ENITrunk)
	blocks := dead.blocks
	x.delete(in, dead, to("delete"))
	x.deleteTrunk(in, trunk, to("delete trunk"))
	refused := map[string]func(name string){
		"describe":     func(name string) { x.describe(in, DescribeNetworkInterfaces, dead, false, to(name)) },
		"modify":       func(name string) { x.modify(in, dead, to(name)) },
		"attach":       func(name string) { x.attach(in, dead, 0, to(name)) },
		"detach":       func(name string) { x.detach(in, dead, to(name)) },
		"delete again": func(name string) { x.delete(in, dead, to(name)) },
		"assign": func(name string) {
			dead.instance = in
			x.assign(dead, 1, false, func(_ []netip.Prefix, code model.ErrorCode) { to(name)(code) })
			x.unassign(dead, blocks, to("unassign"))
			dead.instance = nil
		},
		"attach trunk":       func(name string) { x.attachTrunk(in, trunk, 1, to(name)) },
		"delete trunk again": func(name string) { x.deleteTrunk(in, trunk, to(name)) },
	}
	for name, call := range refused {
		call(name)
		require.Equal(t, model.InvalidNetworkInterfaceIDNotFound, answers[name], name)
	}
	require.Equal(t, model.InvalidNetworkInterfaceIDNotFound, answers["unassign"])
	require.Equal(t, free-6, s.FreeForAddresses(), "taken until the deletions end")
	require.NotContains(t, answers, "delete")
	e.loop()
	require.Empty(t, answers["delete"])
	require.Empty(t, answers["delete trunk"])
	require.Empty(t, in.loose)
}

// TestCallsThatDoNotFitTheENIAreRefused and change nothing.
func TestCallsThatDoNotFitTheENIAreRefused(t *testing.T) {
	e, err := newEngine(branchCluster(1), func(Event) error { return nil })
	require.NoError(t, err)
	e.start()
	x, in, s := e.ec2, e.nodes[0].instance, e.ec2.named["a"]
	ni, err := x.make(in, s, nil, 2, false, model.ENISecondary)
	require.NoError(t, err)
	var got model.ErrorCode
	to := func(code model.ErrorCode) { got = code }

	x.detach(in, ni, to)
	require.Equal(t, model.InvalidAttachmentIDNotFound, got, "it is not attached")
	x.attach(in, ni, 0, to)
	require.Empty(t, got)
	x.attach(in, ni, 0, to)
	require.Equal(t, model.InvalidParameterValue, got, "it is attached")
	x.delete(in, ni, to)
	require.Equal(t, model.InvalidParameterValue, got, "it is attached")
	free := s.FreeForAddresses()
	x.unassign(ni, []netip.Prefix{ni.blocks[0], netip.MustParsePrefix("10.0.0.200/32")}, to)
	require.Equal(t, model.InvalidParameterValue, got, "the second is not the ENI's")
	require.Len(t, ni.blocks, 2, "all or nothing")
	require.Equal(t, free, s.FreeForAddresses())
	x.detach(in, ni, to)
	require.Empty(t, got)
	x.detach(in, ni, to)
	require.Equal(t, model.InvalidAttachmentIDNotFound, got, "it is detached already")
	require.Len(t, in.loose, 1)
}

// TestBranchBeingDeletedIsNotAssociated: a clean-up may be at it while the controller
// still works on it, and the address of a pod would come free.
func TestBranchBeingDeletedIsNotAssociated(t *testing.T) {
	cfg := branchCluster(1)
	cfg.EC2.Latency = map[Action]Range{DeleteNetworkInterface: {time.Minute, time.Minute}}
	e, err := newEngine(cfg, func(Event) error { return nil })
	require.NoError(t, err)
	e.start()
	for e.nodes[0].instance.trunk == nil {
		timer := e.queue.pop()
		e.now = timer.at
		timer.fire()
	}
	var branch *eni
	e.ec2.createBranch(e.nodes[0].instance.trunk, e.ec2.named["a"], nil, 1, func(ni *eni, _ model.ErrorCode) { branch = ni })
	var deleted, associated model.ErrorCode
	e.ec2.deleteBranch(branch, func(code model.ErrorCode) { deleted = code })
	e.ec2.associate(branch, func(code model.ErrorCode) { associated = code })
	require.Equal(t, model.InvalidNetworkInterfaceIDNotFound, associated)
	require.False(t, branch.associated)
	require.Empty(t, deleted)
}
