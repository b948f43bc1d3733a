package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestENIOfAnotherZoneIsNotAttached: EC2 makes it, and the agent deletes it again. With
// custom networking the agent has nothing then, and can't start; the run settles.
func TestENIOfAnotherZoneIsNotAttached(t *testing.T) {
	play := func(zone string, trunk bool) []Event {
		cfg := branchCluster(1, Step{At: 10 * time.Second, Action: Create{Pod: "p", Spec: PodSpec{Node: "n-0"}}})
		cfg.Duration = 0
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{Name: "pods", Zone: zone, CIDR: netip.MustParsePrefix("10.0.8.0/24")})
		cfg.Agent.Exit = Backoff{Min: 10 * time.Second, Max: 5 * time.Minute}
		cfg.CNI.Env = model.DaemonSetEnv()
		if trunk {
			cfg.CNI.Env["ENABLE_POD_ENI"] = "true"
		}
		cfg.CNI.Env["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"] = "true"
		cfg.CNI.ENIConfigs = []ENIConfig{{Name: "default", Subnet: "pods"}}
		return events(t, cfg)
	}
	refused := func(b EC2Returned) bool {
		return b.Action == AttachNetworkInterface && b.Error == model.InvalidParameterCombination
	}
	own := branchCluster(1).Subnets[0].Zone
	log := play(own, true)
	require.Empty(t, find(log, refused))
	require.Len(t, find[PodAddressed](log, nil), 1)

	for _, trunk := range []bool{false, true} {
		log = play(own+"x", trunk)
		require.NotEmpty(t, find(log, refused))
		require.Empty(t, find(log, func(b ENIAttached) bool { return b.Kind != model.ENIPrimary }))
		require.Empty(t, find[PodAddressed](log, nil))
		created, deleted := find[ENICreated](log, nil), find[ENIDeleted](log, nil)
		require.Len(t, deleted, len(created)-1, "all but the primary one go again")
		ended := log[len(log)-1]
		require.Equal(t, "settled", ended.Body.(RunEnded).EndedBy)
		require.Less(t, ended.At, model.Instant(0).Add(15*time.Minute))
		began := find(log, func(b ExhaustionBegan) bool { return b.Kind == KindMisconfig })
		require.NotEmpty(t, began)
	}
}

// TestAFullReservationIsToldOf where EC2 takes no prefix from the rest of the subnet, and
// only there.
func TestAFullReservationIsToldOf(t *testing.T) {
	remedy := func(fallback bool, inUse int) string {
		cfg := wavesOfPods(true, 40, PodSpec{}, map[string]string{"ENABLE_PREFIX_DELEGATION": "true"})
		cfg.EC2.ReservationFallback = fallback
		cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/24")
		cfg.Subnets[0].Reservations = []model.Reservation{{CIDR: netip.MustParsePrefix("10.0.0.64/27"), Type: model.ReservationPrefix}}
		cfg.Subnets[0].InUseCount = inUse
		began := find(playAll(t, cfg), func(b ExhaustionBegan) bool { return b.Kind == KindSubnetIPs || b.Kind == KindPrefixFragmentation })
		if len(began) == 0 {
			return "none"
		}
		return began[0].Body.(ExhaustionBegan).Remedy
	}
	require.Contains(t, remedy(false, 0), "the subnet's reservation of type prefix is full")
	require.Equal(t, "none", remedy(true, 0), "the rest has room")
	full := remedy(false, 205)
	require.NotEqual(t, "none", full)
	require.NotContains(t, full, "reservation of type prefix is full", "the rest has no /28 either")
}
