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
