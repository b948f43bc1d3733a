package view_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// What the scenario's loader says of a node group, and its agents again, is one note.
func TestNotesAreTakenOnce(t *testing.T) {
	s := new(replay.State)
	const note = "ENABLE_PREFIX_DELEGATION: m4.large is neither Nitro nor bare metal; counts as false"
	s.Started.Notes = []string{"nodeGroups[0]: " + note, "nodeGroups[0]: of the first", "nodeGroups[2]: " + note, "cni.env.A: b"}
	for _, ignored := range [][]string{{note}, {"A: b", "C: d"}, {note, "of the first, too"}} {
		n := new(replay.Node)
		n.Config = sim.AgentConfigured{Ignored: ignored}
		s.Nodes = append(s.Nodes, n)
	}
	require.Equal(t, []string{"nodeGroups[0], nodeGroups[2]: " + note, "nodeGroups[0]: of the first", "cni.env.A: b", "C: d", "of the first, too"}, view.Notes(s))
}
