package sim

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// script makes a recording's input of events, one a line: "1000 create p1". A
// range makes one pod after the other, 10 ms apart: "1000 create p1..p9".
func script(events string) *recording {
	kind, _ := model.LookupInstanceType("m5.large")
	rec := &recording{
		InstanceType: kind.Name, BranchLimit: kind.BranchENIs, ENILimit: kind.MaxENIs,
		Subnet:                recordedSubnet{ID: "node", CIDR: netip.MustParsePrefix("10.0.0.0/24")},
		AttachedDeviceIndexes: []int{0},
		EndMs:                 400_000,
	}
	for line := range strings.Lines(events) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		at, err := strconv.ParseInt(f[0], 10, 64)
		if err != nil {
			panic(err)
		}
		ev := recordedEvent{AtMs: at, Op: f[1]}
		arg := strings.Join(f[2:], " ")
		first, last, many := strings.Cut(arg, "..p")
		switch n, err := strconv.Atoi(arg); {
		case many:
			from, _ := strconv.Atoi(first[1:])
			to, _ := strconv.Atoi(last)
			for i := range to - from + 1 {
				ev.AtMs, ev.Pod = at+int64(10*i), model.PodName(fmt.Sprintf("p%d", from+i))
				rec.Events = append(rec.Events, ev)
			}
			continue
		case ev.Op == "setCooldown":
			ev.Value = []byte(`"` + arg + `"`)
		case err == nil:
			ev.Count = &n
		default:
			ev.Pod = model.PodName(arg)
		}
		rec.Events = append(rec.Events, ev)
	}
	return rec
}

// of sets the instance type.
func (rec *recording) of(name string) *recording {
	kind, _ := model.LookupInstanceType(name)
	rec.InstanceType, rec.BranchLimit, rec.ENILimit = kind.Name, kind.BranchENIs, kind.MaxENIs
	return rec
}

// pod returns the newest result of the pod.
func (r *replayed) pod(name model.PodName) recordedPod { return r.current[name].result }

// createdAt is the instant at which the pod's branch was annotated, −1 if never.
func (r *replayed) createdAt(name model.PodName) int64 {
	if at := r.pod(name).CreatedMs; at != nil {
		return *at
	}
	return -1
}

// at is the state at the instant.
func (r *replayed) at(ms int64) recordedState {
	var out recordedState
	for _, s := range r.trace {
		if s.AtMs <= ms {
			out = s
		}
	}
	return out
}

// goneAt is when the address was free again, −1 if never.
func (r *replayed) goneAt(address string) int64 {
	for _, c := range r.calls {
		if c.Call == string(DeleteNetworkInterface) && c.Error == "" && c.Address.String() == address {
			return c.AtMs
		}
	}
	return -1
}

func (r *replayed) count(call Action, failed bool) int {
	n := 0
	for _, c := range r.calls {
		if c.Call == string(call) && failed == (c.Error != "") {
			n++
		}
	}
	return n
}

// TestCooldownIsStrict: a branch goes at the first 30 s round that is later than
// its cooldown, by a millisecond at least.
func TestCooldownIsStrict(t *testing.T) {
	for _, c := range []struct {
		cooldown    string
		left, gone  int64
		change      string
		description string
	}{
		{"", 59_999, 120_000, "", "1 ms before a round"},
		{"", 60_000, 150_000, "", "on a round"},
		{"", 60_001, 150_000, "", "1 ms after a round"},
		{"", 89_999, 150_000, "", "1 ms before the next"},
		{"", 91_000, 180_000, "", "31 s after a round"},
		{"30", 59_999, 90_000, "", "the least cooldown"},
		{"30", 60_000, 120_000, "", "on a round"},
		{"29", 59_999, 90_000, "", "below 30 counts as 30"},
		{"-5", 59_999, 90_000, "", "negative counts as 30"},
		{"60s", 59_999, 120_000, "", "no whole number counts as 60"},
		{"45", 44_999, 90_000, "", "45 works as 45: last instant"},
		{"45", 45_000, 120_000, "", "45 works as 45: first instant"},
		{"", 61_000, 120_000, "100000 setCooldown 30", "shorter while it cools"},
		{"30", 61_000, 210_000, "91000 setCooldown 120", "longer while it cools, after a round that was too early"},
	} {
		t.Run(c.cooldown+" "+c.description, func(t *testing.T) {
			rec := script(fmt.Sprintf("1000 create p1\n%d delete p1\n%s", c.left, c.change))
			rec.CooldownConfigured = &c.cooldown
			require.Equal(t, c.gone, replay(t, rec).goneAt("10.0.0.6"))
		})
	}
}

// TestRequestAtTheLimitWaitsOneCooldown: eight leave room, nine do not; it comes
// back on a timer of its own, which a release does not touch.
func TestRequestAtTheLimitWaitsOneCooldown(t *testing.T) {
	r := replay(t, script("1000 create p1..p9\n2000 create p10\n2500 create p11\n3000 delete p11"))
	require.EqualValues(t, 1080, r.createdAt("p9"))
	require.Equal(t, []int64{2000, 62000, 122000, 182000, 242000, 302000, 362000}, r.pod("p10").RefusalsMs)
	require.Equal(t, []int64{2500}, r.pod("p11").RefusalsMs, "a pod that is gone asks no more")

	r = replay(t, script("1000 create p1..p9\n65000 delete p1..p9\n65500 create p11..p19"))
	for i := range 9 {
		require.EqualValues(t, 185_500+10*i, r.createdAt(model.PodName(fmt.Sprintf("p%d", 11+i))))
	}
	short := "30"
	rec := script("1000 create p1..p9\n65000 delete p1..p9\n65500 create p11..p19")
	rec.CooldownConfigured = &short
	require.EqualValues(t, 125_500, replay(t, rec).createdAt("p11"))
}

// TestPodEventBringsARequestForward: it is handled at once, and the timer that
// was set stays.
func TestPodEventBringsARequestForward(t *testing.T) {
	r := replay(t, script("1000 create p1..p9\n1900 create p10\n30000 podUpdate p10\n70000 delete p1"))
	require.Equal(t, []int64{1900, 30000, 61900, 121900}, r.pod("p10").RefusalsMs)
	require.EqualValues(t, 181_900, r.createdAt("p10"))

	r = replay(t, script("1000 create p1..p9\n1900 create p10\n70000 delete p1\n149999 podUpdate p10\n150001 podUpdate p10"))
	require.EqualValues(t, 150_001, r.createdAt("p10"))
}

// TestPodMadeAgainUnderItsName: the new one gets a branch of its own while the
// old one's cools; on a full node it inherits the old one's timer.
func TestPodMadeAgainUnderItsName(t *testing.T) {
	r := replay(t, script("1000 create p1\n40000 delete p1\n41000 create p1"))
	require.Equal(t, 2, *r.pod("p1").VLAN)
	require.Equal(t, 2, r.at(41_000).Counted)
	require.EqualValues(t, 120_000, r.goneAt("10.0.0.6"))

	r = replay(t, script("1000 create p1..p9\n2000 create p10\n20000 delete p10\n25000 create p10"))
	require.Equal(t, []int64{25000, 62000, 122000, 182000, 242000, 302000, 362000}, r.pod("p10").RefusalsMs)
}

// TestRequestsInFlightTogetherPassTheLimit: twelve on a limit of nine, and what
// becomes of the surplus where EC2 refuses it.
func TestRequestsInFlightTogetherPassTheLimit(t *testing.T) {
	var events strings.Builder
	for i := range 12 {
		fmt.Fprintf(&events, "10000 create p%d\n", i+1)
	}
	rec := script(events.String())
	rec.Inject.LatencyMs = map[Action]int64{CreateNetworkInterface: 400, AttachNetworkInterface: 200, AssociateTrunkInterface: 200}
	r := replay(t, rec)
	require.Equal(t, 12, r.at(10_600).Counted)
	require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, r.at(10_000).UsedVlans, "taken before the calls")
	require.Empty(t, r.at(10_599).Branches)

	rec.Inject.EC2RefusesAboveBranchLimit = true
	r = replay(t, rec)
	require.Len(t, r.at(10_600).Branches, 9)
	require.Len(t, r.at(10_600).Queue, 3)
	require.Nil(t, r.at(10_600).Queue[0].SinceMs)
	require.Equal(t, []recordedFailure{{10_600, "BranchLimitExceeded"}}, r.pod("p12").Failures)
	require.Equal(t, 10_605, int(r.pod("p12").RefusalsMs[0]))
	require.Equal(t, 70_605, int(r.pod("p12").RefusalsMs[1]))
	require.Len(t, r.at(30_599).Queue, 3)
	require.Empty(t, r.at(30_600).Queue, "rounds count from the end of the trunk's initialisation")
}

// TestThirtyWorkersForTheCluster: the thirty-first request waits for a worker.
func TestThirtyWorkersForTheCluster(t *testing.T) {
	var events strings.Builder
	for i := range 54 {
		fmt.Fprintf(&events, "10000 create p%d\n", i+1)
	}
	rec := script(events.String()).of("c5.4xlarge")
	rec.Inject.LatencyMs = map[Action]int64{CreateNetworkInterface: 400, AssociateTrunkInterface: 200}
	r := replay(t, rec)
	require.EqualValues(t, 10_600, r.createdAt("p30"))
	require.EqualValues(t, 11_200, r.createdAt("p31"))
	require.EqualValues(t, 11_200, r.createdAt("p54"))
}

// TestReleaseWaitsForAWorker: all thirty are busy, so that the branch cools
// later than its pod left.
func TestReleaseWaitsForAWorker(t *testing.T) {
	var events strings.Builder
	events.WriteString("1000 create p0\n")
	for i := range 30 {
		fmt.Fprintf(&events, "10000 create p%d\n", i+1)
	}
	events.WriteString("10100 delete p0\n")
	rec := script(events.String()).of("c5.4xlarge")
	rec.Inject.LatencyMs = map[Action]int64{CreateNetworkInterface: 600}
	r := replay(t, rec)
	require.Empty(t, r.at(10_599).Queue)
	require.EqualValues(t, 10_600, *r.at(10_600).Queue[0].SinceMs)
}

// TestFailedAssociationsHoldAddresses: each of six attempts makes an ENI that
// counts until the next round, and goes before those that cool.
func TestFailedAssociationsHoldAddresses(t *testing.T) {
	rec := script("1000 create p1\n20000 delete p1\n31000 create p2\n40000 podUpdate p2")
	rec.Inject.AssociateFailures = 0
	rec.Events = append(rec.Events, recordedEvent{AtMs: 30_500, Op: "failAssociate", Count: ptr(6)})
	r := replay(t, rec)
	require.Len(t, r.pod("p2").Failures, 6)
	require.EqualValues(t, 31_155, r.pod("p2").Failures[5].AtMs)
	s := r.at(31_155)
	require.Equal(t, 7, s.Counted)
	require.Equal(t, 249-7, s.SubnetFree)
	require.Equal(t, 7, s.Queue[0].VLAN, "the last roll-back is at the front")
	require.NotNil(t, s.Queue[6].SinceMs, "the one that cools is at the end")
	require.EqualValues(t, 40_000, r.createdAt("p2"))
	require.Equal(t, 8, *r.pod("p2").VLAN)
	require.Equal(t, 2, r.at(60_000).Counted, "untimed ones go at the next round")
	require.Equal(t, 1, r.at(90_000).Counted)
}

func ptr[T any](v T) *T { return &v }

// TestFailedAnnotationRollsBack: the ENI was associated, so that it is
// disassociated before it goes.
func TestFailedAnnotationRollsBack(t *testing.T) {
	rec := script("31000 create p1")
	rec.Inject.AnnotateFailures = 2
	r := replay(t, rec)
	require.EqualValues(t, 31_015, r.createdAt("p1"))
	require.Equal(t, 3, r.at(31_015).Counted)
	require.Equal(t, 1, r.at(60_000).Counted)
	require.Equal(t, 2, r.count(DisassociateTrunkInterface, false))
	require.Equal(t, "BranchENIAnnotationFailed", r.messages[0].Reason)
}

// TestThirdFailedDeletionLeaks: two cost nothing; after the third the branch
// counts no more, but address and VLAN id stay taken.
func TestThirdFailedDeletionLeaks(t *testing.T) {
	for failures := 1; failures <= 3; failures++ {
		rec := script("1000 create p1..p9\n65000 delete p1\n66000 delete p2\n160000 create p10..p11")
		rec.Inject.DeleteFailures = map[netip.Addr]int{netip.MustParseAddr("10.0.0.6"): failures}
		r := replay(t, rec)
		s := r.at(150_000)
		require.Equal(t, 7, s.Counted)
		if failures < 3 {
			require.EqualValues(t, 150_000, r.goneAt("10.0.0.6"))
			require.Equal(t, 7, s.Used)
			continue
		}
		require.EqualValues(t, -1, r.goneAt("10.0.0.6"))
		require.Equal(t, 8, s.Used)
		require.Equal(t, 10, *r.pod("p11").VLAN, "beyond the limit of nine")
	}
}

// TestFailingDeleteCallsHoldTheRound: three tries of five calls; the round
// stands still, the branch is not counted, and the next round is 30 s after.
func TestFailingDeleteCallsHoldTheRound(t *testing.T) {
	for _, failures := range []int{14, 15} {
		rec := script("1000 create p1..p9\n65000 delete p1..p2\n151000 create p10")
		rec.Inject.DeleteAPIFailures = map[netip.Addr]int{netip.MustParseAddr("10.0.0.6"): failures}
		r := replay(t, rec)
		require.Equal(t, 8, r.at(150_000).Counted, "the one that is tried does not count")
		require.EqualValues(t, 151_000, r.createdAt("p10"))
		require.Equal(t, failures, r.count(DeleteNetworkInterface, true))
		first, second := r.goneAt("10.0.0.6"), r.goneAt("10.0.0.7")
		if failures == 14 {
			require.InDelta(t, 150_000+28_200, first, 2_820, "the fifteenth call succeeds")
			require.Equal(t, first, second)
		} else {
			require.EqualValues(t, -1, first)
			require.InDelta(t, 150_000+36_300, second, 3_630)
			require.GreaterOrEqual(t, second, int64(150_000+36_300))
		}
	}
}

// TestRestartFindsWhatNobodyHolds: what cooled or leaked cools anew, and rounds
// count from the restart.
func TestRestartFindsWhatNobodyHolds(t *testing.T) {
	events := "1000 create p1..p3\n40000 delete p2\n62000 stop\n70000 restart\n71000 relist"
	rec := script(events)
	rec.FirstRoundDelayMs = 1
	r := replay(t, rec)
	require.EqualValues(t, 130_001, r.goneAt("10.0.0.7"))

	rec = script(events)
	require.EqualValues(t, 160_000, replay(t, rec).goneAt("10.0.0.7"), "no time at all between queueing and round")

	rec = script("1000 create p1\n5000 delete p1\n100000 stop\n100000 restart\n101000 relist")
	rec.FirstRoundDelayMs = 1
	rec.Inject.DeleteFailures = map[netip.Addr]int{netip.MustParseAddr("10.0.0.6"): 3}
	r = replay(t, rec)
	require.Equal(t, 0, r.at(90_001).Counted)
	require.Equal(t, 1, r.at(100_000).Counted)
	require.EqualValues(t, 160_001, r.goneAt("10.0.0.6"))
}

// TestRestartTriesWaitingPodsAtOnce and forgets their timers.
func TestRestartTriesWaitingPodsAtOnce(t *testing.T) {
	r := replay(t, script("1000 create p1..p9\n2000 create p10\n3000 delete p1\n62500 stop\n95000 restart\n96000 relist\n97000 create p11"))
	require.Equal(t, []int64{2000, 62000, 96000}, r.pod("p10").RefusalsMs[:3])
	require.EqualValues(t, 216_000, r.createdAt("p10"), "its branch went at 185 s, the request comes at 96 s and every 60 s")
}

// TestCompletedPodReleasesItsBranch at completion; its later deletion does
// nothing, after a restart neither.
func TestCompletedPodReleasesItsBranch(t *testing.T) {
	r := replay(t, script("1000 create p1\n20000 complete p1\n80000 delete p1"))
	require.EqualValues(t, 90_000, r.goneAt("10.0.0.6"))

	r = replay(t, script("1000 create p1\n20000 complete p1\n30000 stop\n31000 restart\n32000 relist\n80000 delete p1"))
	require.EqualValues(t, 121_000, r.goneAt("10.0.0.6"), "queued anew at 31 s, on a round itself")
}

// TestMissedDeletionIsFoundByTheLeakCheck: cooling starts then.
func TestMissedDeletionIsFoundByTheLeakCheck(t *testing.T) {
	r := replay(t, script("1000 create p1..p2\n20000 deleteUnseen p1\n100000 reconcile"))
	require.Len(t, r.at(99_999).Branches, 2)
	require.EqualValues(t, 180_000, r.goneAt("10.0.0.6"))
}

// TestNodeDeletedKeepsItsRoundsForAMinute: then everything goes, also where the
// node has come back under its name meanwhile.
func TestNodeDeletedKeepsItsRoundsForAMinute(t *testing.T) {
	r := replay(t, script("1000 create p1..p3\n10000 delete p1\n70000 nodeDelete\n125000 delete p2\n131000 create p4"))
	require.EqualValues(t, 90_000, r.goneAt("10.0.0.6"))
	require.EqualValues(t, 130_000, r.goneAt("10.0.0.7"), "not cooled")
	require.EqualValues(t, 130_000, r.goneAt("10.0.0.8"), "its pod not even deleted")
	require.Len(t, r.pod("p4").Failures, 6)

	r = replay(t, script("1000 create p1..p3\n10000 delete p1\n70000 nodeDelete\n80000 nodeInit\n85000 create p4\n131000 create p5"))
	require.EqualValues(t, 80_000, r.goneAt("10.0.0.6"), "the return is a round")
	require.EqualValues(t, 85_000, r.createdAt("p4"))
	require.EqualValues(t, 130_000, r.goneAt("10.0.0.8"))
	require.Equal(t, "trunk not found for node node", r.pod("p5").Failures[0].Error)
}

// TestReturnedNodeKeepsItsRounds: the extra round at its return does not move
// those that follow.
func TestReturnedNodeKeepsItsRounds(t *testing.T) {
	r := replay(t, script("1000 create p1\n55000 delete p1\n70000 nodeDelete\n80000 nodeInit"))
	require.EqualValues(t, 120_000, r.goneAt("10.0.0.6"))
}

// TestBranchesFollowTheENIConfig: a change holds for new branches, the trunk
// stays; after a restart the old subnet's branches are unknown.
func TestBranchesFollowTheENIConfig(t *testing.T) {
	custom := func(events string) *recording {
		rec := script(events)
		rec.ENIConfigSubnet = &recordedSubnet{ID: "old", CIDR: netip.MustParsePrefix("100.64.0.0/28")}
		rec.ENIConfigSubnetLater = &recordedSubnet{ID: "new", CIDR: netip.MustParsePrefix("100.65.0.0/28")}
		return rec
	}
	r := replay(t, custom("1000 create p1\n5000 eniConfigChange\n6000 create p2\n7000 delete p1"))
	require.Equal(t, "100.64.0.4", r.inits[0].Address.String())
	require.Equal(t, "100.64.0.5", r.pod("p1").Address.String())
	require.Equal(t, "100.65.0.4", r.pod("p2").Address.String())
	require.EqualValues(t, 90_000, r.goneAt("100.64.0.5"))

	r = replay(t, custom("1000 create p1..p2\n5000 eniConfigChange\n8000 stop\n9000 restart\n10000 relist\n20000 create p3\n30000 delete p1"))
	require.Equal(t, 0, r.at(19_999).Counted)
	require.Equal(t, []recordedFailure{{20_000, "VlanInUse"}, {20_005, "VlanInUse"}}, r.pod("p3").Failures)
	require.Equal(t, 3, *r.pod("p3").VLAN)
	require.EqualValues(t, -1, r.goneAt("100.64.0.5"), "never released")
	require.Equal(t, []model.PodName{"p1", "p2"}, r.leaked)
}

// TestTrunkTakesTheHighestFreeDevice: a gap, too.
func TestTrunkTakesTheHighestFreeDevice(t *testing.T) {
	rec := script("")
	rec.AttachedDeviceIndexes = []int{0, 2}
	require.Equal(t, 1, replay(t, rec).inits[0].DeviceIndex)
}

// TestTrunkInAFullSubnet: EC2's refusal shows besides, and the node is tried
// again at its next event.
func TestTrunkInAFullSubnet(t *testing.T) {
	rec := script("10000 nodeInit\n20000 othersFree 2\n30000 nodeInit\n31000 create p1")
	rec.Subnet.CIDR = netip.MustParsePrefix("10.0.0.0/28")
	for i := 5; i < 15; i++ {
		rec.Subnet.Taken = append(rec.Subnet.Taken, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	r := replay(t, rec)
	require.Equal(t, []recordedMessage{
		{0, "node", "Warning", "TrunkENICreationFailed"}, {0, "node", "Normal", "NodeTrunkFailedInit"},
		{10_000, "node", "Warning", "TrunkENICreationFailed"}, {10_000, "node", "Normal", "NodeTrunkFailedInit"},
	}, r.messages)
	require.True(t, r.inits[2].Created)
	require.EqualValues(t, 31_000, r.createdAt("p1"))
}

// TestAllVLANsTaken: with a leaked id the count leaves room for one that no id
// is left for.
func TestAllVLANsTaken(t *testing.T) {
	rec := script("1000 create p1..p120\n5000 delete p1\n100000 create p121").of("m5.metal")
	require.Equal(t, model.MaxVLAN, rec.BranchLimit)
	r := replay(t, rec)
	require.Equal(t, model.MaxVLAN, r.at(4_999).Used)
	require.Equal(t, 1, *r.pod("p121").VLAN)

	rec.Inject.DeleteFailures = map[netip.Addr]int{netip.MustParseAddr("10.0.0.6"): 3}
	r = replay(t, rec)
	require.Equal(t, 119, r.at(100_000).Counted)
	require.Len(t, r.pod("p121").Failures, 6)
	require.Nil(t, r.pod("p121").CreatedMs)
}

// TestRetriesOfManyAreHeldBack: beyond a burst of a hundred, ten a second.
func TestRetriesOfManyAreHeldBack(t *testing.T) {
	p := newPacer(itemRetryRate, itemRetryBurst)
	for range 100 {
		require.Zero(t, p.reserve(0))
	}
	require.EqualValues(t, 100, p.reserve(0).Milliseconds())
	require.EqualValues(t, 200, p.reserve(0).Milliseconds())
	require.EqualValues(t, 201, p.reserve(99).Milliseconds())
	require.EqualValues(t, 0, p.reserve(500).Milliseconds(), "four have come, three were reserved")

	p = newPacer(clientRate, clientBurst)
	for range 18 {
		require.Zero(t, p.reserve(0))
	}
	require.EqualValues(t, 84, p.reserve(0).Milliseconds(), "a twelfth of a second, in whole milliseconds")
}
