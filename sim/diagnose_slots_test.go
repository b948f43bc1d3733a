package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// switched plays a node with one ENI of nine slots: pods before the mode is
// switched at one minute, and pods after it. It returns the eni-limits.
func switched(t *testing.T, on bool, env map[string]string, before, deleted, after int) []ExhaustionBegan {
	cfg := baseConfig("a")
	g := baseGroup(cfg, "w", 1)
	cfg.CNI.Env["ENABLE_PREFIX_DELEGATION"], cfg.CNI.Env["MAX_ENI"] = fmt.Sprint(!on), "1"
	for name, value := range env {
		cfg.CNI.Env[name] = value
	}
	g.MaxPods, g.Type.IPv4PerENI = 250, 10
	cfg.NodeGroups = []NodeGroup{g}
	create := func(at time.Duration, name string, n int) {
		for i := range n {
			cfg.Steps = append(cfg.Steps, Step{At: at, Action: Create{Pod: model.PodName(fmt.Sprintf("%s-%d", name, i))}})
		}
	}
	create(10*time.Second, "old", before)
	to := fmt.Sprint(on)
	cfg.Steps = append(cfg.Steps, Step{At: time.Minute, Action: SetEnv{Env: map[string]*string{"ENABLE_PREFIX_DELEGATION": &to}}})
	for i := range deleted {
		cfg.Steps = append(cfg.Steps, Step{At: 2 * time.Minute, Action: Delete{Pod: model.PodName(fmt.Sprintf("old-%d", i))}})
	}
	create(5*time.Minute, "new", after)
	cfg.Duration = 7 * time.Minute
	_, began := bodies[ExhaustionBegan](playAll(t, cfg))
	var out []ExhaustionBegan
	for _, b := range began {
		if b.Kind == KindENILimit {
			out = append(out, b)
		}
	}
	return out
}

// Nine single addresses that pods hold leave no slot for a prefix; with eight the
// ninth slot takes one.
func TestLeftoverAddressesAreWhatFillsANode(t *testing.T) {
	require.Empty(t, switched(t, true, map[string]string{"WARM_IP_TARGET": "1"}, 7, 0, 1), "eight addresses, and a prefix")

	began := switched(t, true, nil, 9, 0, 1)
	require.Len(t, began, 1)
	require.Equal(t, "slots-held", began[0].Reason)
	require.Equal(t, "leftovers", began[0].CappedBy)
	require.Equal(t, 9, began[0].Numbers["leftover"])
	require.Equal(t, 9, began[0].Numbers["leftoverHeld"])
	require.Contains(t, began[0].Remedy, "replace the node: 9 single addresses from before prefix mode (9 held by pods)")
	require.Contains(t, began[0].Remedy, "or raise MAX_ENI (1)")
	require.NotContains(t, began[0].Remedy, "16 addresses a slot")
}

// When no pod holds the single addresses any more a restart is enough.
func TestFreeLeftoverAddressesWantARestart(t *testing.T) {
	for _, deleted := range []int{8, 9} {
		began := switched(t, true, nil, 9, deleted, 1)
		require.Len(t, began, 1)
		require.Equal(t, 9-deleted, began[0].Numbers["leftoverHeld"])
		if deleted == 9 {
			require.Contains(t, began[0].Remedy, "restart the agent: 9 single addresses from before prefix mode, which no pod holds")
		} else {
			require.Contains(t, began[0].Remedy, "replace the node: 9 single addresses from before prefix mode (1 held by pods)")
		}
	}
}

// Prefix mode off: prefixes in which pods are keep their slots, and what is free in
// them serves nobody.
func TestLeftoverPrefixesAreWhatFillsANode(t *testing.T) {
	// Two prefixes for 17 pods, and seven slots for single addresses.
	began := switched(t, false, nil, 17, 0, 8)
	require.Len(t, began, 1)
	require.Equal(t, "slots-held", began[0].Reason)
	require.Equal(t, 2, began[0].Numbers["leftover"])
	require.Contains(t, began[0].Remedy, "2 prefixes from before keep their slots, each until its last pod has gone: switch it on again")
	require.Contains(t, began[0].Remedy, "a new node of this type has 9 addresses for pods then, so lower max-pods (250)")

	require.Empty(t, switched(t, false, nil, 17, 0, 7))
}

// Without leftovers it is the ENIs; prefix mode is no remedy where it is on.
func TestPrefixModeIsNoRemedyInPrefixMode(t *testing.T) {
	for _, prefixes := range []bool{false, true} {
		cfg := baseConfig("a")
		g := baseGroup(cfg, "w", 1)
		g.Type.MaxENIs, g.Type.IPv4PerENI = 1, 2 // one slot
		cfg.CNI.Env["ENABLE_PREFIX_DELEGATION"] = fmt.Sprint(prefixes)
		g.MaxPods = 250
		cfg.NodeGroups = []NodeGroup{g}
		for i := range 17 {
			cfg.Steps = append(cfg.Steps, Step{At: 10 * time.Second, Action: Create{Pod: model.PodName(fmt.Sprintf("p-%d", i))}})
		}
		cfg.Duration = time.Minute
		_, began := bodies[ExhaustionBegan](playAll(t, cfg))
		require.Len(t, began, 1)
		require.Equal(t, "instance type", began[0].CappedBy)
		require.Empty(t, began[0].Reason)
		if prefixes {
			require.NotContains(t, began[0].Remedy, "prefix mode")
		} else {
			require.Contains(t, began[0].Remedy, "prefix mode (16 addresses a slot)")
		}
	}
}
