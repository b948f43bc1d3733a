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

// withTrunk is oneNode with a trunk at device 2, and pods db-0 to db-1 bound.
func withTrunk() *logtest.Log {
	l := oneNode().Trunk("n", 2, "10.0.0.20").Created("db", 0, 2)
	return l.Add("n",
		sim.PodBound{Pod: "db-0"}, sim.BranchRequested{Pod: "db-0", Trunk: logtest.ENI("n", 2)},
		sim.PodBound{Pod: "db-1"}, sim.BranchRequested{Pod: "db-1", Trunk: logtest.ENI("n", 2)},
	)
}

var (
	branch0 = logtest.Branch("n", 2, "db-0", 1, "10.0.0.21")
	branch1 = logtest.Branch("n", 2, "db-1", 2, "10.0.0.22")
)

func TestTrunkTakesAnAddressAndServesNoPods(t *testing.T) {
	s := fold(t, withTrunk())
	n := s.Node("n")
	require.Equal(t, logtest.ENI("n", 2), n.Trunk.ENI)
	require.Zero(t, n.Trunk.SignalledAt)
	require.Zero(t, n.Trunk.AttachedAt)
	require.Len(t, n.ENIs, 2)
	require.Equal(t, replay.Totals{Total: 3}, s.Totals())
	require.Equal(t, 5, s.Subnet("a").Stats().Used)
	require.Equal(t, 2, n.Waiting())
}

func TestTrunkNeverAskedFor(t *testing.T) {
	n := fold(t, oneNode()).Node("n")
	require.Equal(t, replay.Trunk{SignalledAt: model.Never, AttachedAt: model.Never}, n.Trunk)
	require.Zero(t, n.BranchCount())
}

// The life of a branch ENI, and what counts it.
func TestBranchFromItsCreationToItsDeletion(t *testing.T) {
	l := withTrunk()
	step := func(want replay.BranchCount, used int) {
		t.Helper()
		s := fold(t, l)
		require.Equal(t, want, s.Node("n").BranchCount())
		require.Equal(t, used, s.Subnet("a").Stats().Used)
		require.Equal(t, replay.Totals{Total: 3}, s.Totals(), "branch ENIs are in no pool")
	}
	l.MakeBranch("n", branch0)
	step(replay.BranchCount{Creating: 1}, 6)
	l.Branched("n", branch0)
	step(replay.BranchCount{InUse: 1}, 6)

	s := fold(t, l)
	require.Equal(t, replay.Branch{
		ENI: "eni-db-0", Pod: "db-0", VLAN: 1, Address: branch0.Address, Subnet: "a",
		SecurityGroups: []model.SecurityGroup{"db"}, State: replay.BranchInUse,
	}, *s.Node("n").Branches[0])
	p := s.Pods.Get("db-0")
	require.Equal(t, replay.Running, p.Phase)
	require.Equal(t, branch0.Address, p.Address)
	require.Equal(t, -1, p.Device)
	require.Equal(t, 1, p.VLAN)
	require.Equal(t, 1, s.Node("n").Waiting())

	l.At(time.Minute).Add("", sim.PodDeleted{Pod: "db-0"})
	l.Add("n", sim.PodReleased{Pod: "db-0", ENI: "eni-db-0", Device: -1, Address: branch0.Address}, sim.BranchQueued{BranchFields: branch0})
	step(replay.BranchCount{Cooling: 1}, 6)
	require.Nil(t, fold(t, l).Pods.Get("db-0"))
	require.Equal(t, model.Instant(60_000), fold(t, l).Node("n").Branches[0].Since)

	l.At(150*time.Second).DeleteBranch("n", branch0)
	step(replay.BranchCount{}, 5)
}

func TestBranchMadeInVainIsQueued(t *testing.T) {
	l := withTrunk().MakeBranch("n", branch0)
	l.Add("n", sim.BranchFailed{BranchFields: branch0, Error: model.VlanInUse, Attempt: 1}, sim.BranchQueued{BranchFields: branch0, Front: true})
	l.Add("n", sim.BranchFailed{BranchFields: sim.BranchFields{Pod: "db-1"}, Error: sim.ErrAtCapacity, Attempt: 1})
	l.Add("n", sim.BranchFailed{BranchFields: sim.BranchFields{Pod: "db-1"}, Error: sim.ErrAtCapacity, Attempt: 2})
	n := fold(t, l).Node("n")
	require.Equal(t, replay.BranchCount{Queued: 1}, n.BranchCount())
	require.Equal(t, 1, n.BranchCount().Counted())
	require.Equal(t, map[model.ErrorCode]int{model.VlanInUse: 1, sim.ErrAtCapacity: 2}, n.BranchFailures)
}

// A leaked branch keeps its address and counts against no limit; a restart of
// the controller finds it.
func TestLeakedBranchIsThereUntilItIsFound(t *testing.T) {
	l := withTrunk().MakeBranch("n", branch0).Branched("n", branch0)
	l.Add("", sim.PodDeleted{Pod: "db-0"})
	l.Add("n",
		sim.PodReleased{Pod: "db-0", ENI: "eni-db-0", Device: -1, Address: branch0.Address},
		sim.BranchQueued{BranchFields: branch0},
		sim.BranchDeleted{BranchFields: branch0, Error: model.InternalError, Leaked: true},
	)
	s := fold(t, l)
	require.Equal(t, replay.BranchCount{Leaked: 1}, s.Node("n").BranchCount())
	require.Zero(t, s.Node("n").BranchCount().Counted())
	require.Equal(t, 1, s.Node("n").BranchCount().All())
	require.Equal(t, 6, s.Subnet("a").Stats().Used)

	l.Add("n", sim.BranchQueued{BranchFields: branch0})
	require.Equal(t, replay.BranchCount{Cooling: 1}, fold(t, l).Node("n").BranchCount())
}

// A log that gives a pod what is not its branch is refused.
func TestBranchMustBeThePods(t *testing.T) {
	for name, b := range map[string]sim.Body{
		"no such branch":  sim.PodAddressed{Pod: "db-0", ENI: "eni-x", Device: -1, Address: branch0.Address, VLAN: 1},
		"another address": sim.PodAddressed{Pod: "db-0", ENI: "eni-db-0", Device: -1, Address: branch1.Address, VLAN: 1},
		"another pod":     sim.PodAddressed{Pod: "db-1", ENI: "eni-db-0", Device: -1, Address: branch0.Address, VLAN: 1},
		"created unmade":  sim.BranchCreated{BranchFields: branch1},
		"queued unmade":   sim.BranchQueued{BranchFields: branch1},
	} {
		l := withTrunk().MakeBranch("n", branch0).Add("n", sim.BranchCreated{BranchFields: branch0})
		s := fold(t, l)
		require.Error(t, s.Apply(sim.Event{Seq: s.Events, At: s.Now, Node: "n", Body: b}), name)
	}
}

func TestFailedTrunk(t *testing.T) {
	l := oneNode().Add("n", sim.TrunkSignalled{}, sim.TrunkFailed{Error: sim.ErrNoDevice, Attempt: 1})
	n := fold(t, l).Node("n")
	require.Equal(t, sim.ErrNoDevice, n.Trunk.Error)
	require.Equal(t, 1, n.Trunk.Failures)
	require.Equal(t, model.Never, n.Trunk.AttachedAt)
	l.Trunk("n", 2, "10.0.0.20")
	require.Empty(t, fold(t, l).Node("n").Trunk.Error)
}

// An excluded ENI counts for nothing, whatever pods hold of it; what comes to it
// later neither.
func TestExcludedENICountsForNothing(t *testing.T) {
	l := oneNode().Attach("n", 1, "10.0.0.30", logtest.Run("10.0.0.31", 3)...)
	l.Created("web", 0, 2).Addressed("n", 0, "web", 0, "10.0.0.10", "10.0.0.11")
	l.Add("", sim.PodDeleted{Pod: "web-1"})
	l.Add("n", released("web-1", "10.0.0.11", 60_000))
	require.Equal(t, replay.Totals{Total: 6, Assigned: 1, Cooling: 1}, fold(t, l).Totals())

	l.Add("n", sim.ENIExcluded{ENI: logtest.ENI("n", 0)})
	s := fold(t, l)
	require.Equal(t, replay.Totals{Total: 3}, s.Totals())
	require.True(t, s.Node("n").ENIs[0].Excluded)
	require.Equal(t, 1, s.Node("n").ENIs[0].Assigned(), "its pod keeps its address")

	l.At(2*time.Minute).Add("n", sim.AddressesRemoved{ENI: logtest.ENI("n", 0), Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.11")}, By: sim.ByExcluded})
	l.Add("n", sim.AddressesAdded{ENI: logtest.ENI("n", 0), Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.11")}, By: sim.ByReconcile})
	l.Add("", sim.PodDeleted{Pod: "web-0"})
	l.Add("n", released("web-0", "10.0.0.10", 200_000))
	require.Equal(t, replay.Totals{Total: 3}, fold(t, l).Totals())
}

func TestThrottledCallsAndTheBusiestSecond(t *testing.T) {
	l := oneNode()
	call := func(at time.Duration, throttled bool) {
		f := sim.CallFields{Call: 99, Action: sim.DescribeInstances, Attempt: 1, Throttled: throttled}
		l.At(at).Add("n", sim.EC2Call{CallFields: f}, sim.EC2Returned{CallFields: f})
	}
	call(2*time.Second, false)
	call(3999*time.Millisecond, true)
	call(4*time.Second, true)
	call(4999*time.Millisecond, true)
	call(5*time.Second, false)
	c := fold(t, l).Calls
	require.Equal(t, 3, c.Throttled)
	require.Equal(t, model.Instant(3999), c.ThrottledFrom)
	require.Equal(t, model.Instant(4999), c.ThrottledTo)
	require.Equal(t, model.Instant(4000), c.Busiest)
	require.Equal(t, 2, c.BusiestCalls)
}
