package replay_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// What is done to the cluster is state, and stands in the history of the nodes
// that it concerns: tags in the subnet's zone, the controller where there is a
// trunk to care for.
func TestChangesOfTheClusterAreTold(t *testing.T) {
	var s replay.State
	apply := func(at model.Instant, node model.NodeName, body sim.Body) {
		require.NoError(t, s.Apply(sim.Event{Seq: s.Events, At: at, Node: node, Body: body}))
	}
	apply(0, "", sim.RunStarted{Subnets: []sim.SubnetStart{
		{Name: "a", Zone: "z1", CIDR: netip.MustParsePrefix("10.0.0.0/24"), Tags: map[string]string{"team": "x"}},
		{Name: "b", Zone: "z2", CIDR: netip.MustParsePrefix("10.0.1.0/24")},
	}})
	apply(0, "n-a", sim.NodeLaunched{Subnet: "a", Zone: "z1", ENI: "eni-1", PrimaryAddress: netip.MustParseAddr("10.0.0.4")})
	apply(0, "n-b", sim.NodeLaunched{Subnet: "b", Zone: "z2", ENI: "eni-2", PrimaryAddress: netip.MustParseAddr("10.0.1.4")})
	apply(1000, "n-b", sim.TrunkSignalled{})
	apply(2000, "", sim.SubnetTagged{Subnet: "a", Tags: map[string]string{"kubernetes.io/role/cni": "0"}})
	apply(3000, "", sim.ControllerConfigured{BranchCooldown: "30", CooldownMs: 30_000})
	apply(4000, "", sim.ControllerRestarted{})
	require.Equal(t, map[string]string{"kubernetes.io/role/cni": "0"}, s.Subnet("a").Tags, "the old ones are gone")

	require.Len(t, s.Node("n-a").History.Changes, 1)
	require.Equal(t, replay.SubnetTagged, s.Node("n-a").History.Changes[0].Kind)
	of := s.Node("n-b").History.Changes
	require.Equal(t, []replay.ChangeKind{replay.TrunkSignalled, replay.ControllerConfigured, replay.ControllerRestarted},
		[]replay.ChangeKind{of[0].Kind, of[1].Kind, of[2].Kind})
	require.Equal(t, 30*time.Second, of[1].Cooldown)

	require.ErrorContains(t, s.Apply(sim.Event{Seq: s.Events, At: 5000, Body: sim.SubnetTagged{Subnet: "c"}}), `no subnet "c"`)
}

// TestNodeWithoutAgentHasItsInstancesENI: no agent has looked at it, and EC2 has it.
func TestNodeWithoutAgentHasItsInstancesENI(t *testing.T) {
	n := &replay.Node{
		TerminatedAt: model.Never,
		Launched:     sim.NodeLaunched{ENI: "eni-0", Subnet: "a", PrimaryAddress: netip.MustParseAddr("10.0.0.4")},
	}
	require.Len(t, n.Attached(), 1)
	require.Equal(t, model.ENIPrimary, n.Attached()[0].Kind)
	n.ENIs = []*replay.ENI{{ID: "eni-0"}, {ID: "eni-1"}}
	require.Len(t, n.Attached(), 2)
	n.ENIs, n.TerminatedAt = nil, 5
	require.Empty(t, n.Attached())
}
