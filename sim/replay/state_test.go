package replay_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/replay/logtest"
)

// warmENI are the DaemonSet's defaults in secondary-IP mode.
var warmENI = model.Settings{WarmENITarget: 1, IPv4: true, SubnetDiscovery: true, Cooldown: 30 * time.Second}

// fold applies a log that must be sound.
func fold(t *testing.T, l *logtest.Log) *replay.State {
	t.Helper()
	var s replay.State
	for _, e := range l.Events {
		require.NoError(t, s.Apply(e))
	}
	return &s
}

// oneNode is a node n with addresses .10 to .12 on its primary ENI, ready.
func oneNode() *logtest.Log {
	l := new(logtest.Log)
	l.Start("test", "10.0.0.0/24").Node("n", "10.0.0.4", 3, 3, warmENI)
	return l.Assign("n", 0, logtest.Run("10.0.0.10", 3)...).Ready("n")
}

func released(pod model.PodName, addr string, until model.Instant) sim.PodReleased {
	return sim.PodReleased{
		Pod: pod, ENI: logtest.ENI("n", 0), Address: netip.MustParseAddr(addr), CoolUntilMs: &until,
	}
}

func TestPrimaryAddressesAreInNoTotalButTakenInTheSubnet(t *testing.T) {
	s := fold(t, oneNode())
	require.Equal(t, replay.Totals{Total: 3}, s.Totals())
	st := s.Subnet("a").Stats()
	require.Equal(t, 251, st.Usable)
	require.Equal(t, 4, st.Used) // one primary, three secondary
	require.Equal(t, 247, st.Free)
}

// Three addresses from 0 on, of which p holds one from 10 s to 25 s, looked at
// half a minute after the start.
func TestUsageIsSummedOverTime(t *testing.T) {
	l := oneNode().Created("web", 0, 1)
	l.At(10*time.Second).Addressed("n", 0, "web", 0, "10.0.0.10")
	l.At(25*time.Second).Add("", sim.PodDeleted{Pod: "web-0"}).Add("n", released("web-0", "10.0.0.10", 55_000))
	s := fold(t, l)
	at := model.Instant(30_000)
	require.EqualValues(t, 3*30_000, s.Usage.TotalMs(at))
	require.EqualValues(t, 15_000, s.Usage.AssignedMs(at))
	require.EqualValues(t, 75_000, s.Usage.IdleMs(at))
	require.Equal(t, []int{3, 1, 3}, []int{s.Usage.PeakTotal, s.Usage.PeakAssigned, s.Usage.PeakIdle})
}

func TestAnAddressCoolsUpToItsLastInstantInclusive(t *testing.T) {
	for _, c := range []struct {
		at            time.Duration
		cooling, free int
	}{
		{40*time.Second - time.Millisecond, 1, 1},
		{40 * time.Second, 1, 1},
		{40*time.Second + time.Millisecond, 0, 2},
	} {
		l := oneNode().Created("web", 0, 2).Addressed("n", 0, "web", 0, "10.0.0.10", "10.0.0.11")
		l.At(9*time.Second).Add("", sim.PodDeleted{Pod: "web-0"})
		l.At(10*time.Second).Add("n", released("web-0", "10.0.0.10", 40_000))
		l.At(c.at).Add("n", sim.NodeCordoned{})
		s := fold(t, l)

		totals := s.Totals()
		require.Equal(t, replay.Totals{Total: 3, Assigned: 1, Cooling: c.cooling}, totals, "at %s", c.at)
		require.Equal(t, c.free, totals.Free())
		require.Equal(t, 2, totals.Available(), "cooling ones are available in the agent's numbers")
	}
}

func TestGivenBackWhileCoolingIsCountedNowhere(t *testing.T) {
	l := oneNode().Created("web", 0, 1).Addressed("n", 0, "web", 0, "10.0.0.10")
	l.At(time.Second).Add("", sim.PodDeleted{Pod: "web-0"}).Add("n", released("web-0", "10.0.0.10", 31_000))
	l.At(2*time.Second).Unassign("n", 0, "10.0.0.10", "10.0.0.12")
	s := fold(t, l)
	require.Equal(t, replay.Totals{Total: 1}, s.Totals())
	l.At(time.Minute).Add("n", sim.NodeCordoned{})
	require.Equal(t, replay.Totals{Total: 1}, fold(t, l).Totals())
}

func TestARestartForgetsCoolingAndKeepsWhatPodsHold(t *testing.T) {
	l := oneNode().Created("web", 0, 3).Addressed("n", 0, "web", 0, logtest.Run("10.0.0.10", 3)...)
	l.At(time.Second).Add("", sim.PodDeleted{Pod: "web-0"}, sim.PodDeleted{Pod: "web-1"})
	l.Add("n", released("web-0", "10.0.0.10", 31_000))
	l.At(2*time.Second).Add("n", sim.AgentExited{Reason: "restart"})
	down := released("web-1", "10.0.0.11", 0)
	down.CoolUntilMs, down.Reason = nil, replay.ReleasedAgentDown
	l.Add("n", down)

	s := fold(t, l)
	require.Equal(t, replay.Totals{Total: 3, Assigned: 2, Cooling: 1}, s.Totals(), "the agent doesn't know yet")
	require.False(t, s.Node("n").AgentUp)

	addrs, _ := logtest.Blocks(logtest.Run("10.0.0.10", 3)...)
	l.At(7*time.Second).Add("n",
		sim.AgentConfigured{Settings: warmENI, CooldownMs: 30_000},
		sim.ENIAttached{
			ENI: logtest.ENI("n", 0), Kind: model.ENIPrimary, Subnet: "a", By: sim.ByStart,
			PrimaryAddress: netip.MustParseAddr("10.0.0.4"), Addresses: addrs,
		},
		sim.AgentStarted{Start: 2},
	)
	s = fold(t, l)
	require.Equal(t, replay.Totals{Total: 3, Assigned: 1}, s.Totals())
	require.True(t, s.Node("n").AgentUp)
	l.Created("web", 3, 4).Addressed("n", 0, "web", 3, "10.0.0.10") // free at once
	fold(t, l)
}

func TestAnENIThatIsNotAttachedAnyMoreVanishesWithTheRestart(t *testing.T) {
	l := oneNode().Attach("n", 1, "10.0.0.20", "10.0.0.21", "10.0.0.22")
	l.Add("n", sim.AgentExited{Reason: "restart"}, sim.AgentConfigured{Settings: warmENI},
		sim.ENIAttached{
			ENI: logtest.ENI("n", 0), Kind: model.ENIPrimary, Subnet: "a", By: sim.ByStart,
			PrimaryAddress: netip.MustParseAddr("10.0.0.4"),
		})
	require.Len(t, fold(t, l).Node("n").ENIs, 2)
	l.Add("n", sim.AgentStarted{Start: 2})
	s := fold(t, l)
	require.Len(t, s.Node("n").ENIs, 1)
	require.Equal(t, replay.Totals{}, s.Totals())
}

func TestLeftoversOfTheOtherModeCountForNothing(t *testing.T) {
	l := oneNode().Created("web", 0, 1).Addressed("n", 0, "web", 0, "10.0.0.10")
	prefixes := warmENI
	prefixes.PrefixDelegation = true
	addrs, _ := logtest.Blocks("10.0.0.10")
	l.Add("n", sim.AgentExited{Reason: "restart"},
		sim.AgentConfigured{Settings: prefixes},
		sim.ENIAttached{
			ENI: logtest.ENI("n", 0), Kind: model.ENIPrimary, Subnet: "a", By: sim.ByStart,
			PrimaryAddress: netip.MustParseAddr("10.0.0.4"), Addresses: addrs,
		},
		sim.AgentStarted{Start: 2},
	).Assign("n", 0, "10.0.0.32/28")
	s := fold(t, l)
	require.Equal(t, replay.Totals{Total: 16}, s.Totals())
	require.Equal(t, 1, s.Node("n").ENIs[0].Assigned())
}

func TestAnAddressDroppedUnderALivingPodMayBeHandedOutAgain(t *testing.T) {
	l := oneNode().Created("web", 0, 2).Addressed("n", 0, "web", 0, "10.0.0.10")
	addrs, _ := logtest.Blocks("10.0.0.10")
	eni := logtest.ENI("n", 0)
	l.Add("n", sim.AddressesRemoved{ENI: eni, Addresses: addrs, By: sim.ByReconcile})
	l.Add("n", sim.AddressesAdded{ENI: eni, Addresses: addrs, By: sim.ByReconcile})
	l.Addressed("n", 0, "web", 1, "10.0.0.10")
	l.Add("", sim.PodDeleted{Pod: "web-0"}).Add("n", released("web-0", "10.0.0.10", 30_000))
	s := fold(t, l)
	require.Equal(t, replay.Totals{Total: 3, Assigned: 1}, s.Totals(), "web-1 still holds it")
}

func TestPhases(t *testing.T) {
	l := oneNode().Created("web", 0, 5)
	l.Addressed("n", 0, "web", 0, "10.0.0.10", "10.0.0.11")
	l.Add("n", sim.PodBound{Pod: "web-2"})
	l.Add("n", sim.PodSetupFailed{Pod: "web-2", Reason: sim.KindWarmPoolLag, Attempt: 1})
	l.Add("", sim.PodDeleted{Pod: "web-1"}, sim.PodCompleted{Pod: "web-0"})
	s := fold(t, l)
	require.Equal(t, replay.PodCount{
		Created: 5, Pending: 2, ContainerCreating: 1, Terminating: 1, Succeeded: 1,
		Addressed: 2, FailedAttempts: 1,
	}, s.Pods.Count())

	// A pod that ran to its end stays when its address is given up; a deleted
	// one goes.
	l.Add("n", released("web-0", "10.0.0.10", 30_000), released("web-1", "10.0.0.11", 30_000))
	s = fold(t, l)
	require.Len(t, s.Pods.All(), 4)
	require.Equal(t, replay.Succeeded, s.Pods.Get("web-0").Phase)
	require.Nil(t, s.Pods.Get("web-1"))
	require.Equal(t, 1, s.Node("n").Bound(), "web-2")
	require.Equal(t, 1, s.Node("n").Waiting(), "web-2")

	// One without an address is gone when it is deleted, with a node or not.
	l.Add("", sim.PodDeleted{Pod: "web-2"}, sim.PodDeleted{Pod: "web-3"}, sim.PodReleased{Pod: "web-2"})
	s = fold(t, l)
	require.Equal(t, 2, len(s.Pods.All()))
	require.Zero(t, s.Pods.Count().Terminating)
	require.Zero(t, s.Node("n").Bound())
	require.Zero(t, s.Node("n").Waiting())
	require.Equal(t, replay.Totals{Total: 3, Cooling: 2}, s.Totals())
}

func TestEC2TakesWhenTheCallBeginsAndGivesBackWhenTheDeletionEnds(t *testing.T) {
	l := oneNode()
	used := func() int { return fold(t, l).Subnet("a").Stats().Used }
	require.Equal(t, 4, used())

	l.Refused("n", sim.AssignPrivateIpAddresses, model.InsufficientFreeAddressesInSubnet)
	require.Equal(t, 4, used(), "a refused call takes nothing")

	addrs, _ := logtest.Blocks("10.0.0.21", "10.0.0.22")
	eni, primary := logtest.ENI("n", 1), netip.MustParseAddr("10.0.0.20")
	l.Add("n", sim.ENICreated{ENI: eni, Subnet: "a", PrimaryAddress: primary, Addresses: addrs})
	require.Equal(t, 7, used())
	require.Equal(t, 3, fold(t, l).Totals().Total, "the agent hasn't it yet")

	l.Add("n", sim.ENIAttached{
		ENI: eni, Kind: model.ENISecondary, Device: 1, Subnet: "a", PrimaryAddress: primary,
		Addresses: addrs, By: sim.ByGrow,
	})
	l.Add("n", sim.ENIDetached{
		ENI: eni, Kind: model.ENISecondary, Device: 1, Subnet: "a", PrimaryAddress: primary,
		Addresses: addrs, By: sim.ByFree,
	})
	require.Equal(t, 3, fold(t, l).Totals().Total)
	require.Equal(t, 7, used())
	l.Add("n", sim.ENIDeleted{ENI: eni, Subnet: "a", PrimaryAddress: primary, Addresses: addrs, Released: 3})
	require.Equal(t, 4, used())
}

func TestSubnetNumbersWithReservationsAndFragments(t *testing.T) {
	l := new(logtest.Log)
	l.Start("test", "10.0.0.0/24")
	start := l.Events[0].Body.(sim.RunStarted)
	start.Subnets[0].InUse, _ = logtest.Blocks("10.0.0.40", "10.0.0.100")
	start.Subnets[0].Reservations = []sim.ReservationStart{
		{CIDR: netip.MustParsePrefix("10.0.0.128/26"), Type: model.ReservationPrefix},
		{CIDR: netip.MustParsePrefix("10.0.0.192/27"), Type: model.ReservationExplicit},
	}
	l.Events[0].Body = start
	st := fold(t, l).Subnet("a").Stats()
	require.Equal(t, replay.SubnetStats{
		Usable: 251, Used: 2, Free: 249,
		ReservedFree: 64 + 32,
		// Sixteen blocks less the first and the last, the two with an address
		// in use, and the two of the explicit reservation.
		FreePrefixes: 16 - 2 - 2 - 2,
		LargestFree:  254 - 100,
	}, st)
}

func TestContradictionsAreRefused(t *testing.T) {
	eni := logtest.ENI("n", 0)
	for name, c := range map[string]struct {
		body sim.Body
		want string
	}{
		"added twice":      {sim.AddressesAdded{ENI: eni, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.10")}}, "already"},
		"removed, unknown": {sim.AddressesRemoved{ENI: eni, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.99")}}, "doesn't have"},
		"detached unknown": {sim.ENIDetached{ENI: "eni-x"}, "not in the datastore"},
		"taken twice":      {sim.ENICreated{ENI: "eni-x", Subnet: "a", PrimaryAddress: netip.MustParseAddr("10.0.0.10")}, "taken twice"},
		"unknown subnet":   {sim.ENICreated{ENI: "eni-x", Subnet: "z"}, "no subnet"},
		"unknown pod":      {sim.PodReady{Pod: "x"}, "no pod"},
		"pod twice":        {sim.PodCreated{Pod: "web-0"}, "already"},
		"second start":     {sim.RunStarted{}, "started already"},
		"unknown episode":  {sim.ExhaustionEnded{ID: 7}, "not open"},
		"held address":     {sim.PodAddressed{Pod: "web-1", ENI: eni, Address: netip.MustParseAddr("10.0.0.10")}, "is assigned (web-0)"},
	} {
		t.Run(name, func(t *testing.T) {
			l := oneNode().Created("web", 0, 2).Addressed("n", 0, "web", 0, "10.0.0.10")
			l.Add("n", sim.PodBound{Pod: "web-1"})
			s := fold(t, l)
			err := s.Apply(sim.Event{Seq: s.Events, At: s.Now, Node: "n", Body: c.body})
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestOrderOfEventsIsChecked(t *testing.T) {
	l := oneNode().At(time.Second).Add("n", sim.NodeCordoned{})
	s := fold(t, l)
	require.ErrorContains(t, s.Apply(sim.Event{Seq: s.Events + 1, At: s.Now, Node: "n", Body: sim.NodeReady{}}), "was expected")
	s = fold(t, l)
	require.ErrorContains(t, s.Apply(sim.Event{Seq: s.Events, At: s.Now - 1, Node: "n", Body: sim.NodeReady{}}), "time goes back")
}

func TestHistoryTellsHowTheENIsFilled(t *testing.T) {
	l := oneNode().Created("web", 0, 4)
	l.At(time.Second).Addressed("n", 0, "web", 0, logtest.Run("10.0.0.10", 3)...)
	grow := sim.PoolDecision{Total: 3, Assigned: 3}
	l.Add("n", sim.PoolGrow{PoolDecision: grow})
	l.At(2500*time.Millisecond).Attach("n", 1, "10.0.0.20", logtest.Run("10.0.0.21", 3)...)
	h := fold(t, l).Node("n").History

	var got []string
	for _, c := range h.Changes {
		got = append(got, fmt.Sprintf("%s %s device=%d by=%s", c.At, c.Kind, c.Device, c.By))
	}
	require.Equal(t, []string{
		"0s attached device=0 by=start",
		"0s added device=0 by=grow",
		"1s filled device=0 by=",
		"6.8s attached device=1 by=grow",
	}, got)
	require.Equal(t, &grow, h.Changes[3].Why)
	require.Equal(t, model.Instant(1000), h.Devices[0].FilledAt)
	require.Equal(t, model.Never, h.Devices[1].FilledAt)
}

// A change is told with the settings that were in force, not with later ones.
func TestHistoryKeepsTheSettingsOfTheTime(t *testing.T) {
	later := warmENI
	later.WarmIPTarget = 5
	l := oneNode()
	l.At(time.Minute).Add("n", sim.AgentExited{Reason: "restart"}, sim.AgentConfigured{Settings: warmENI, CooldownMs: 30_000})
	l.At(2*time.Minute).Add("n", sim.AgentExited{Reason: "restart"}, sim.AgentConfigured{Settings: later, CooldownMs: 30_000})
	l.At(3*time.Minute).Add("n", sim.NodeCordoned{}, sim.NodeUncordoned{}, sim.NodeTerminated{})
	h := fold(t, l).Node("n").History

	require.Len(t, h.Settings, 2, "the first restart changed nothing")
	require.Equal(t, model.Instant(120_000), h.Settings[1].At)
	var kinds []replay.ChangeKind
	for _, c := range h.Changes {
		kinds = append(kinds, c.Kind)
	}
	require.Equal(t, []replay.ChangeKind{
		replay.Attached, replay.Added, replay.Restarted, replay.Restarted,
		replay.Cordoned, replay.Uncordoned, replay.Terminated,
	}, kinds)
	require.Zero(t, h.Changes[1].Settings.WarmIPTarget)
	require.Equal(t, 5, h.Changes[4].Settings.WarmIPTarget)
}

func TestLatenciesAreNearestRanks(t *testing.T) {
	l := oneNode().Created("web", 0, 3) // all three at 0
	for i, a := range logtest.Run("10.0.0.10", 3) {
		l.At(time.Duration(i+1)*time.Second).Addressed("n", 0, "web", i, a)
	}
	s := fold(t, l)
	require.Equal(t, 2*time.Second, s.Pods.StartLatency.Percentile(50))
	require.Equal(t, 3*time.Second, s.Pods.StartLatency.Percentile(90))
	require.Equal(t, 3*time.Second, s.Pods.StartLatency.Max())
	require.Zero(t, s.Pods.TimeToIP.Max())
}

func TestOpenEpisodesGetTheirNumbersAtTheEnd(t *testing.T) {
	l := oneNode().Created("web", 0, 1)
	l.Add("", sim.ExhaustionBegan{ID: 1, Kind: sim.KindMaxPods, Scope: "cluster", Name: "c", Pod: "web-0"})
	l.At(time.Minute).End("settled", sim.ExhaustionEnded{ID: 1, Pods: 1, PodMs: 60_000})
	s := fold(t, l)
	require.True(t, s.Episodes[0].Open())
	require.Equal(t, 1, s.Episodes[0].Pods)
	require.Equal(t, int64(60_000), s.Episodes[0].PodMs)
}

// The log is folded as it is written, as JSON, and read back; both ways give
// the same state.
func TestALogReadBackGivesTheSameState(t *testing.T) {
	l := oneNode().Created("web", 0, 3).Addressed("n", 0, "web", 0, logtest.Run("10.0.0.10", 2)...)
	var direct, readBack replay.State
	for _, e := range l.Events {
		require.NoError(t, direct.Apply(e))
		line, err := json.Marshal(e)
		require.NoError(t, err)
		e, err := replay.DecodeEvent(line)
		require.NoError(t, err)
		require.NoError(t, readBack.Apply(e))
	}
	require.Equal(t, direct.Totals(), readBack.Totals())
	require.Equal(t, direct.Pods.Count(), readBack.Pods.Count())
	require.Equal(t, direct.Subnet("a").Stats(), readBack.Subnet("a").Stats())
}

// BenchmarkApply folds churn on one node: created, bound, addressed, ready,
// deleted, released.
func BenchmarkApply(b *testing.B) {
	l := oneNode()
	for b.Loop() {
		var s replay.State
		for _, e := range l.Events {
			if err := s.Apply(e); err != nil {
				b.Fatal(err)
			}
		}
		addr, eni := netip.MustParseAddr("10.0.0.10"), logtest.ENI("n", 0)
		for i := range 1_000_000 / 6 {
			pod := model.PodName(fmt.Sprintf("p-%d", i))
			until := s.Now + 30_000
			for _, body := range []sim.Body{
				sim.PodCreated{Pod: pod}, sim.PodBound{Pod: pod},
				sim.PodAddressed{Pod: pod, ENI: eni, Address: addr},
				sim.PodReady{Pod: pod}, sim.PodDeleted{Pod: pod},
				sim.PodReleased{Pod: pod, ENI: eni, Address: addr, CoolUntilMs: &until},
			} {
				e := sim.Event{Seq: s.Events, At: s.Now, Node: "n", Body: body}
				if _, ok := body.(sim.PodCreated); ok {
					e.At += 30_001
				}
				if err := s.Apply(e); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}
