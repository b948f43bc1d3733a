package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// smallTrunk is a node of a type with two ENIs, of which the trunk is one.
func smallTrunk(env map[string]string, steps ...Step) Config {
	cfg := branchCluster(1, steps...)
	cfg.NodeGroups[0].Type, _ = model.LookupInstanceType("m6g.medium")
	cfg.NodeGroups[0].MaxPods = 8
	cfg.Agent.Exit = Backoff{Min: 10 * time.Second, Max: 5 * time.Minute}
	for name, value := range env {
		cfg.CNI.Env[name] = value
	}
	return cfg
}

// ordinary are steps that make count pods without a branch.
func ordinary(count int) []Step {
	steps := branchPods(time.Minute, "n-0", 1, count)
	for i := range steps {
		create := steps[i].Action.(Create)
		create.Spec.BranchGroups = nil
		steps[i].Action = create
	}
	return steps
}

// TestTrunkIsWhatCapsTheENIs, whether it is attached or has its slot kept; a release
// whose trunk serves ordinary pods is capped by its type.
func TestTrunkIsWhatCapsTheENIs(t *testing.T) {
	first := func(cfg Config) ExhaustionBegan {
		began := find(events(t, cfg), func(b ExhaustionBegan) bool { return b.Kind == KindENILimit })
		require.NotEmpty(t, began)
		return began[0].Body.(ExhaustionBegan)
	}
	b := first(smallTrunk(nil, ordinary(4)...))
	require.Equal(t, "trunk reserved", b.CappedBy)
	require.Equal(t, 1, b.Numbers["trunks"])
	require.Contains(t, b.Remedy, "one of the 2 ENIs is the trunk")

	cfg := smallTrunk(nil, ordinary(4)...)
	cfg.Controller.TrunkDelay = 5 * time.Minute
	b = first(cfg)
	require.Equal(t, "trunk reserved", b.CappedBy, "its slot is kept")
	require.Equal(t, 1, b.Numbers["trunks"])

	b = first(smallTrunk(map[string]string{"ENABLE_POD_ENI": "false"}, ordinary(7)...))
	require.Equal(t, "instance type", b.CappedBy)
	require.NotContains(t, b.Numbers, "trunks")

	cfg = smallTrunk(nil, ordinary(7)...)
	cfg.CNI.Version, _ = model.ParseVersion("v1.16.3")
	b = first(cfg)
	require.Equal(t, "instance type", b.CappedBy)
	require.NotContains(t, b.Numbers, "trunks")
}

// TestNoENIIsLeftForPods with custom networking and a trunk on a type with two ENIs, and
// the remedy says so.
func TestNoENIIsLeftForPods(t *testing.T) {
	cfg := smallTrunk(map[string]string{"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true"}, ordinary(1)...)
	cfg.CNI.ENIConfigs = []ENIConfig{{Name: "default", Subnet: "a"}}
	b := find[ExhaustionBegan](events(t, cfg), nil)[0].Body.(ExhaustionBegan)
	require.Equal(t, KindMisconfig, b.Kind)
	require.Contains(t, b.Remedy, "of 2 ENIs custom networking leaves the primary without pods, and ENABLE_POD_ENI takes one for the trunk")
}

// TestIPv6WithCustomNetworkingIsNotAboutAnENIConfig: the agent refuses the settings.
func TestIPv6WithCustomNetworkingIsNotAboutAnENIConfig(t *testing.T) {
	cfg := smallTrunk(map[string]string{
		"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true", "ENABLE_IPv4": "false", "ENABLE_IPv6": "true", "ENABLE_PREFIX_DELEGATION": "true",
	}, append(ordinary(1), Step{At: 2 * time.Minute, Action: Create{Pod: "unbound"}})...)
	began := find[ExhaustionBegan](events(t, cfg), nil)
	require.Len(t, began, 2, "one of the node, one of the cluster")
	for _, ev := range began {
		b := ev.Body.(ExhaustionBegan)
		require.NotContains(t, b.Remedy, "there is no ENIConfig")
		require.Contains(t, b.Remedy, "ENABLE_IPv6 excludes custom networking", b.Reason)
	}
}

// TestRestartedAgentIsNotSaidToFail: what its last start failed with is history.
func TestRestartedAgentIsNotSaidToFail(t *testing.T) {
	off, on := "false", "true"
	steps := append([]Step{
		{At: 10 * time.Second, Action: RestartAgent{Node: "n-0", Env: map[string]*string{"ENABLE_IPv4": &off}}},
		{At: 30 * time.Second, Action: RestartAgent{Node: "n-0", Gap: 2 * time.Minute, Env: map[string]*string{"ENABLE_IPv4": &on}}},
	}, ordinary(1)...)
	b := find[ExhaustionBegan](events(t, smallTrunk(nil, steps...)), nil)[0].Body.(ExhaustionBegan)
	require.Equal(t, "agent-down", b.Reason)
	require.Contains(t, b.Remedy, "it starts, restarts or fails to start")
}
