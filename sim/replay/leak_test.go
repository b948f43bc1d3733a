package replay_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/replay/logtest"
)

// withSecond is oneNode with a second ENI that has two addresses and its own.
func withSecond() *logtest.Log {
	return oneNode().Attach("n", 1, "10.0.0.30", "10.0.0.31", "10.0.0.32")
}

func leaksOf(t *testing.T, l *logtest.Log) []replay.Leak {
	t.Helper()
	s := fold(t, l)
	sum := 0
	for _, one := range s.Leaks() {
		sum += one.Addresses
		byID, ok := s.Leak(one.ENI)
		require.True(t, ok)
		require.Equal(t, one, byID)
	}
	require.Equal(t, sum, s.Subnet("a").Leaked())
	return s.Leaks()
}

// An ENI that is detached has leaked when EC2 has refused to delete it, and has not
// while somebody deletes it.
func TestAnENILeaksWhereItsDeletionIsRefused(t *testing.T) {
	l := withSecond()
	require.Empty(t, leaksOf(t, l))
	l.Detach("n", 1)
	require.Empty(t, leaksOf(t, l), "it is about to be deleted")
	l.At(10*time.Second).Delete("n", 1, model.UnauthorizedOperation)
	at := l.Events[len(l.Events)-1].At
	want := replay.Leak{
		ENI: logtest.ENI("n", 1), Node: "n", Kind: model.ENISecondary, Subnet: "a", MadeAt: 0, Since: at,
		Cause: replay.LeakRefused, CleanUp: replay.CleanUpAgent, Addresses: 3,
		Action: sim.DeleteNetworkInterface, Error: model.UnauthorizedOperation, Refused: 1,
	}
	require.Equal(t, []replay.Leak{want}, leaksOf(t, l))
	l.At(time.Hour).Delete("n", 1, model.UnauthorizedOperation)
	want.Refused = 2
	require.Equal(t, []replay.Leak{want}, leaksOf(t, l), "since the first")
	l.At(2*time.Hour).Delete("n", 1, "")
	require.Empty(t, leaksOf(t, l), "a clean-up has it")
}

// While the client tries again nothing is lost.
func TestNoENILeaksBeforeTheLastAttempt(t *testing.T) {
	refuse := func(l *logtest.Log, attempt int, throttled bool) *logtest.Log {
		return l.Asked("n", sim.CallFields{
			Action: sim.DeleteNetworkInterface, ENI: logtest.ENI("n", 1), Error: model.RequestLimitExceeded, Throttled: throttled, Attempt: attempt,
		})
	}
	require.Empty(t, leaksOf(t, refuse(withSecond().Detach("n", 1), 9, true)))
	require.Len(t, leaksOf(t, refuse(withSecond().Detach("n", 1), 10, true)), 1)
	require.Len(t, leaksOf(t, refuse(withSecond().Detach("n", 1), 1, false)), 1)
}

// What an agent has in hand when it is killed leaks; what is attached does not, nor
// what EC2 is deleting.
func TestAnENILeaksWithItsAgent(t *testing.T) {
	killed := func(l *logtest.Log) []replay.Leak { return leaksOf(t, l.Add("n", sim.AgentExited{Reason: "restart"})) }
	require.Empty(t, killed(withSecond()))
	leaks := killed(withSecond().Detach("n", 1))
	require.Len(t, leaks, 1)
	require.Equal(t, replay.LeakAgent, leaks[0].Cause)
	require.Empty(t, leaks[0].Error)
	require.Empty(t, killed(withSecond().Detach("n", 1).Delete("n", 1, "")))

	created := oneNode().Add("n", sim.ENICreated{ENI: "eni-1", Subnet: "a", PrimaryAddress: netip.MustParseAddr("10.0.0.40")})
	require.Len(t, killed(created), 1, "it was to be attached")
}

// What its agent has in hand when an instance is terminated stays, and has leaked; what
// is attached goes, and what EC2 is deleting. Then the agents of other nodes look for it.
func TestAnENILeaksWithItsInstance(t *testing.T) {
	gone := func(l *logtest.Log) *logtest.Log { return l.At(10*time.Second).Add("n", sim.NodeTerminated{}) }
	detached := func() *logtest.Log { return withSecond().Detach("n", 1) }
	leaks := leaksOf(t, gone(detached()))
	require.Len(t, leaks, 1)
	require.Equal(t, replay.LeakNode, leaks[0].Cause)
	require.Equal(t, replay.CleanUpNobody, leaks[0].CleanUp)
	require.Empty(t, leaks[0].Error)
	require.Empty(t, leaksOf(t, gone(withSecond())))
	require.Empty(t, leaksOf(t, gone(detached().Delete("n", 1, ""))))
	before := leaksOf(t, gone(detached().Delete("n", 1, model.UnauthorizedOperation)))
	require.Equal(t, replay.LeakRefused, before[0].Cause, "it had leaked before")
	require.Equal(t, replay.CleanUpNobody, before[0].CleanUp)

	ecs := detached()
	started := ecs.Events[0].Body.(sim.RunStarted)
	started.Platform = sim.PlatformECS
	ecs.Events[0].Body = started
	require.Empty(t, leaksOf(t, gone(ecs)), "ECS deletes its own")

	var keeps model.Settings
	keeps.KeepLeakedENIs = true
	other := func(l *logtest.Log, name model.NodeName, address string, settings model.Settings) *logtest.Log {
		return l.Node(name, address, 4, 9, settings)
	}
	for _, c := range []struct {
		log  *logtest.Log
		want replay.CleanUp
	}{
		{other(detached(), "m", "10.0.0.60", warmENI), replay.CleanUpOthers},
		{other(detached(), "m", "10.0.0.60", keeps), replay.CleanUpOff},
		{other(other(detached(), "m", "10.0.0.60", keeps), "k", "10.0.0.61", warmENI), replay.CleanUpOthers},
		{other(detached(), "m", "10.0.0.60", warmENI).Add("m", sim.AgentConfigured{Settings: keeps}), replay.CleanUpOff},
		{other(detached(), "m", "10.0.0.60", warmENI).Add("m", sim.NodeTerminated{}), replay.CleanUpNobody},
	} {
		require.Equal(t, c.want, leaksOf(t, gone(c.log))[0].CleanUp)
	}

	l := gone(other(detached(), "m", "10.0.0.60", warmENI))
	l.Asked("m", sim.CallFields{Action: sim.DeleteNetworkInterface, ENI: logtest.ENI("n", 1)})
	require.Empty(t, leaksOf(t, l))
	addrs, _ := logtest.Blocks("10.0.0.31", "10.0.0.32")
	l.Add("n", sim.ENIDeleted{ENI: logtest.ENI("n", 1), Subnet: "a", PrimaryAddress: netip.MustParseAddr("10.0.0.30"), Addresses: addrs, Released: 3})
	var kinds []replay.ChangeKind
	for _, c := range fold(t, l).Node("n").History.Changes {
		kinds = append(kinds, c.Kind)
	}
	require.Equal(t, []replay.ChangeKind{replay.Terminated, replay.Leaked, replay.Cleaned}, kinds[len(kinds)-3:])
}

// Nobody deletes it where the agent may not.
func TestWhoDeletesALeak(t *testing.T) {
	for _, c := range []struct {
		change func(*model.Settings)
		want   replay.CleanUp
	}{
		{func(*model.Settings) {}, replay.CleanUpAgent},
		{func(s *model.Settings) { s.KeepLeakedENIs = true }, replay.CleanUpOff},
		{func(s *model.Settings) { s.NoProvisioning = true }, replay.CleanUpOff},
	} {
		settings := warmENI
		c.change(&settings)
		l := withSecond().Detach("n", 1).Delete("n", 1, model.UnauthorizedOperation).Add("n", sim.AgentConfigured{Settings: settings})
		require.Equal(t, c.want, leaksOf(t, l)[0].CleanUp)
	}
}

// A branch leaks when the controller forgets it, whatever EC2 refused before; it does
// no longer when a restarted controller queues it.
func TestABranchLeaksWhenItIsForgotten(t *testing.T) {
	l := withTrunk().MakeBranch("n", branch0)
	l.Asked("n", sim.CallFields{Action: sim.AssociateTrunkInterface, ENI: branch0.ENI, Trunk: branch0.Trunk, VLAN: 1})
	l.Branched("n", branch0).Add("n", sim.BranchQueued{BranchFields: branch0})
	l.Asked("n", sim.CallFields{Action: sim.DisassociateTrunkInterface, ENI: branch0.ENI, Trunk: branch0.Trunk, VLAN: 1})
	l.Asked("n", sim.CallFields{Action: sim.DeleteNetworkInterface, ENI: branch0.ENI, Error: model.InternalError, Attempt: 3})
	require.Empty(t, leaksOf(t, l), "there are two more tries")
	l.Add("n", sim.BranchDeleted{BranchFields: branch0, Error: model.InternalError, Leaked: true})
	leaks := leaksOf(t, l)
	require.Equal(t, replay.LeakForgotten, leaks[0].Cause)
	require.Equal(t, replay.CleanUpController, leaks[0].CleanUp)
	require.Equal(t, 1, leaks[0].Addresses)
	require.Empty(t, leaksOf(t, l.Add("", sim.ControllerRestarted{}).Add("n", sim.BranchQueued{BranchFields: branch0})))

	l = withTrunk().MakeBranch("n", branch0)
	l.Asked("n", sim.CallFields{Action: sim.AssociateTrunkInterface, ENI: branch0.ENI, Trunk: branch0.Trunk, VLAN: 1})
	l.Branched("n", branch0).Add("n", sim.BranchDeleted{BranchFields: branch0, Leaked: true})
	leaks = leaksOf(t, l)
	require.Equal(t, replay.LeakUnseen, leaks[0].Cause)
	require.Equal(t, replay.CleanUpRestart, leaks[0].CleanUp, "to EC2 it is with its trunk")
}

// A trunk that is not attached leaks with the controller that made it.
func TestATrunkLeaksWithItsController(t *testing.T) {
	trunk := sim.ENICreated{ENI: "eni-1", Kind: model.ENITrunk, Subnet: "a", PrimaryAddress: netip.MustParseAddr("10.0.0.40")}
	leaks := leaksOf(t, oneNode().Add("n", trunk).Add("", sim.ControllerRestarted{}))
	require.Len(t, leaks, 1)
	require.Equal(t, replay.LeakTrunk, leaks[0].Cause)
	require.Empty(t, leaksOf(t, oneNode().Add("n", trunk, sim.AgentExited{})), "it is not the agent's")
	require.Empty(t, leaksOf(t, withTrunk().Add("", sim.ControllerRestarted{})), "attached")
}

// ECS asks again and again: what a stopped task has is lost until it succeeds.
func TestATasksENILeaksWhileECSIsRefused(t *testing.T) {
	l := oneNode()
	started := l.Events[0].Body.(sim.RunStarted)
	started.Platform = sim.PlatformECS
	l.Events[0].Body = started
	l.Add("n", sim.ENICreated{ENI: "eni-1", Subnet: "a", PrimaryAddress: netip.MustParseAddr("10.0.0.40")})
	detach := func(code model.ErrorCode) {
		l.Asked("n", sim.CallFields{Action: sim.DetachNetworkInterface, ENI: "eni-1", Error: code, Attempt: 1})
	}
	detach(model.UnauthorizedOperation)
	leaks := leaksOf(t, l)
	require.Equal(t, replay.LeakECS, leaks[0].Cause)
	require.Equal(t, replay.CleanUpECS, leaks[0].CleanUp)
	detach("")
	l.Asked("n", sim.CallFields{Action: sim.DeleteNetworkInterface, ENI: "eni-1"})
	require.Empty(t, leaksOf(t, l))
}

// A refusal stands until a call of the same action, for the same node and about ENIs
// of the same kind, is carried out.
func TestARefusalStandsUntilACallSucceeds(t *testing.T) {
	ask := func(l *logtest.Log, action sim.Action, code model.ErrorCode) {
		l.Asked("n", sim.CallFields{Action: action, ENI: logtest.ENI("n", 0), Error: code})
	}
	l := oneNode()
	require.Empty(t, fold(t, l).Calls.Standing())
	ask(l, sim.AttachNetworkInterface, model.UnauthorizedOperation)
	ask(l, sim.AttachNetworkInterface, model.UnauthorizedOperation)
	want := replay.Standing{Node: "n", Action: sim.AttachNetworkInterface, Kind: model.ENIPrimary, Code: model.UnauthorizedOperation, Count: 2, All: true}
	require.Equal(t, []replay.Standing{want}, fold(t, l).Calls.Standing())
	ask(l, sim.ModifyNetworkInterfaceAttribute, "")
	require.Equal(t, []replay.Standing{want}, fold(t, l).Calls.Standing(), "another action")
	ask(l, sim.AttachNetworkInterface, "")
	require.Empty(t, fold(t, l).Calls.Standing())
	ask(l, sim.AttachNetworkInterface, model.InternalError)
	want.Code, want.Count, want.All = model.InternalError, 1, false
	require.Equal(t, []replay.Standing{want}, fold(t, l).Calls.Standing(), "since the last that was carried out")
}

// The node's history tells of a leak once, and of its end.
func TestTheHistoryTellsOfALeak(t *testing.T) {
	l := withSecond().Detach("n", 1).At(10*time.Second).Delete("n", 1, model.UnauthorizedOperation).Delete("n", 1, model.UnauthorizedOperation)
	l.Asked("n", sim.CallFields{Action: sim.DeleteNetworkInterface, ENI: logtest.ENI("n", 1)})
	addrs, _ := logtest.Blocks("10.0.0.31", "10.0.0.32")
	l.Add("n", sim.ENIDeleted{ENI: logtest.ENI("n", 1), Subnet: "a", PrimaryAddress: netip.MustParseAddr("10.0.0.30"), Addresses: addrs, Released: 3})
	var kinds []replay.ChangeKind
	for _, c := range fold(t, l).Node("n").History.Changes {
		if c.ENI == logtest.ENI("n", 1) {
			require.Equal(t, 1, c.Device, c.Kind)
			kinds = append(kinds, c.Kind)
		}
	}
	require.Equal(t, []replay.ChangeKind{replay.Attached, replay.Detached, replay.Leaked, replay.Cleaned}, kinds)
}
