package sim

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestRollingUpdateOfHalfANodeHitsTheLimit: five pods on a limit of nine,
// replaced one every 10 s with a surge of one. The fifth finds five in use and
// four cooling.
func TestRollingUpdateOfHalfANodeHitsTheLimit(t *testing.T) {
	events := "1000 create p1..p5\n"
	for i := range 5 {
		events += fmt.Sprintf("%d create p%d\n%d delete p%d\n", 60_000+10_000*i, 6+i, 61_000+10_000*i, 1+i)
	}
	r := replay(t, script(events))
	require.EqualValues(t, 90_000, r.createdAt("p9"))
	require.Equal(t, 9, r.at(100_000).Counted)
	require.Equal(t, []int64{100_000}, r.pod("p10").RefusalsMs)
	require.EqualValues(t, 160_000, r.createdAt("p10"))
}

// TestEC2CountsCoolingBranches: five cool, associated as before, and nine ask
// at once; the controller lets all through, EC2 four.
func TestEC2CountsCoolingBranches(t *testing.T) {
	var events strings.Builder
	events.WriteString("1000 create p1..p5\n40000 delete p1..p5\n")
	for i := range 9 {
		fmt.Fprintf(&events, "45000 create p%d\n", 6+i)
	}
	rec := script(events.String())
	rec.Inject.LatencyMs = map[Action]int64{CreateNetworkInterface: 400, AttachNetworkInterface: 200, AssociateTrunkInterface: 200}
	rec.Inject.EC2RefusesAboveBranchLimit = true
	r := replay(t, rec)
	s := r.at(45_600)
	require.Len(t, s.Branches, 4)
	require.Equal(t, 14, s.Counted)
	require.Equal(t, []*int64{nil, nil, nil, nil, nil}, []*int64{
		s.Queue[0].SinceMs, s.Queue[1].SinceMs, s.Queue[2].SinceMs, s.Queue[3].SinceMs, s.Queue[4].SinceMs,
	}, "what EC2 refused is in front of what cools")
	require.Equal(t, []recordedFailure{{45_600, "BranchLimitExceeded"}}, r.pod("p14").Failures)
	require.EqualValues(t, 45_605, r.pod("p14").RefusalsMs[0])
	require.Equal(t, 9, r.at(60_600).Counted, "at the next round those of no pod go, and only those")
	require.EqualValues(t, 105_605, r.pod("p14").RefusalsMs[1])
	require.Equal(t, 4, r.at(120_600).Counted)
	require.EqualValues(t, 166_205, r.createdAt("p14"))
}

// TestSubnetFullOfCoolingBranches: six tries within 155 ms, and no seventh when
// the cooled ones have given their addresses back.
func TestSubnetFullOfCoolingBranches(t *testing.T) {
	rec := script("1000 create p1..p3\n40000 delete p1..p3\n41000 create p4\n200000 podUpdate p4")
	for i := 8; i < 255; i++ {
		rec.Subnet.Taken = append(rec.Subnet.Taken, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	rec.Subnet.Taken = rec.Subnet.Taken[1:] // .8 is left for p3
	r := replay(t, rec)
	require.EqualValues(t, 1020, r.createdAt("p3"))
	var at []int64
	for _, f := range r.pod("p4").Failures {
		require.Equal(t, string(model.InsufficientFreeAddressesInSubnet), f.Error)
		at = append(at, f.AtMs)
	}
	require.Equal(t, []int64{41_000, 41_005, 41_015, 41_035, 41_075, 41_155}, at)
	require.Equal(t, 3, r.at(41_155).Used, "the VLAN ids of the tries are free again")
	require.Equal(t, 3, r.at(120_000).SubnetFree)
	require.EqualValues(t, 200_000, r.createdAt("p4"))
	require.Equal(t, 1, *r.pod("p4").VLAN)
}

// TestTrunkInAFullPodSubnet: with custom networking the trunk needs an address
// of the ENIConfig's subnet.
func TestTrunkInAFullPodSubnet(t *testing.T) {
	rec := script("1000 create p1\n10000 nodeInit")
	rec.ENIConfigSubnet = &recordedSubnet{ID: "pods", CIDR: netip.MustParsePrefix("100.64.0.0/28")}
	for i := 4; i < 15; i++ {
		rec.ENIConfigSubnet.Taken = append(rec.ENIConfigSubnet.Taken, netip.AddrFrom4([4]byte{100, 64, 0, byte(i)}))
	}
	r := replay(t, rec)
	require.Equal(t, []recordedMessage{
		{0, "node", "Warning", "TrunkENICreationFailed"}, {0, "node", "Normal", "NodeTrunkFailedInit"},
		{10_000, "node", "Warning", "TrunkENICreationFailed"}, {10_000, "node", "Normal", "NodeTrunkFailedInit"},
	}, r.messages)
	require.Len(t, r.pod("p1").Failures, 6)
	require.Equal(t, "trunk not found for node node", r.pod("p1").Failures[0].Error)
}

// TestStrayVLANsAreTriedAgain: branches that a restart has lost from sight keep
// their VLAN ids at EC2. Those of the tries that failed are free again after the
// next round, so that the next pod tries them once more.
func TestStrayVLANsAreTriedAgain(t *testing.T) {
	rec := script("1000 create p1..p2\n5000 eniConfigChange\n8000 stop\n9000 restart\n10000 relist\n20000 create p3\n100000 create p4")
	rec.FirstRoundDelayMs = 1
	rec.ENIConfigSubnet = &recordedSubnet{ID: "old", CIDR: netip.MustParsePrefix("100.64.0.0/28")}
	rec.ENIConfigSubnetLater = &recordedSubnet{ID: "new", CIDR: netip.MustParsePrefix("100.65.0.0/28")}
	r := replay(t, rec)
	require.Equal(t, 3, *r.pod("p3").VLAN)
	require.Equal(t, []int{3}, r.at(39_001).UsedVlans)
	require.Equal(t, []recordedFailure{{100_000, "VlanInUse"}, {100_005, "VlanInUse"}}, r.pod("p4").Failures)
	require.Equal(t, 4, *r.pod("p4").VLAN)
	require.EqualValues(t, 100_015, r.createdAt("p4"))
}
