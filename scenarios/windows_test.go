package scenarios_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// eventfulWindows writes a scenario in which pods come and go on Windows nodes,
// in a subnet that is nearly too small.
func eventfulWindows(rng *rand.Rand) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, cidr: 10.0.0.0/%d, inUse: {count: 9}}]
cni: {windows: {enable-windows-prefix-delegation: %t, windows-warm-ip-target: %d, windows-minimum-ip-target: %d}}
nodeGroups: [{name: n, instanceType: m5.large, count: 3, os: windows}]
workloads: [{name: w, replicas: 0, nodeSelector: {kubernetes.io/os: windows}}]
steps:
`, 25+rng.Intn(3), rng.Intn(2) == 0, rng.Intn(4), rng.Intn(12))
	for at := 1; at < 900; at += 1 + rng.Intn(12) {
		switch k := rng.Intn(13); {
		case k == 12:
			fmt.Fprintf(&b, "  - {at: %ds, setWindows: {enable-windows-prefix-delegation: %t, windows-warm-ip-target: %d}}\n", at, rng.Intn(2) == 0, rng.Intn(4))
		case k < 10:
			fmt.Fprintf(&b, "  - {at: %ds, scale: {workload: w, replicas: %d}}\n", at, rng.Intn(30))
		case k == 10:
			fmt.Fprintf(&b, "  - {at: %ds, %s: {node: n-%d}}\n", at, []string{"cordon", "uncordon", "drain"}[rng.Intn(3)], rng.Intn(3))
		case rng.Intn(5) == 0:
			fmt.Fprintf(&b, "  - {at: %ds, terminate: {node: n-2}}\n", at)
		}
	}
	return b.String()
}

// The log of Windows nodes is complete: folded, it gives the numbers that the
// pools' decisions rest on, and contradicts itself nowhere: no address is given
// to two pods, none while it cools. Restarts of the controller included.
func TestWindowsLogsFold(t *testing.T) {
	addressed, switched := 0, 0
	for seed := range int64(40) {
		rng := rand.New(rand.NewSource(seed))
		s, err := scenarios.Load("eventful.yaml", []byte(eventfulWindows(rng)), scenarios.Options{})
		require.NoError(t, err)
		cfg := s.Config()
		for range 3 {
			at := time.Duration(rng.Intn(900_000)) * time.Millisecond
			cfg.Steps = append(cfg.Steps, sim.Step{At: at, Action: sim.RestartController{}})
		}
		var state replay.State
		decided := func(e sim.Event, d sim.PoolDecision) {
			have := state.Node(e.Node).Totals(e.At)
			require.Equal(t, []int{have.Total, have.Assigned, have.Cooling}, []int{d.Total, d.Assigned, d.Cooling}, "seed %d, event %d at %s", seed, e.Seq, e.At)
		}
		require.NoError(t, sim.Run(cfg, func(e sim.Event) error {
			switch b := e.Body.(type) {
			case sim.PoolGrow:
				decided(e, b.PoolDecision)
			case sim.PoolShrink:
				decided(e, b.PoolDecision)
			case sim.PodAddressed:
				addressed++
			case sim.PoolConfigured:
				switched++
			case sim.AgentStarted:
				require.LessOrEqual(t, len(state.Node(e.Node).ENIs), 1)
			}
			return state.Apply(e)
		}), "seed %d", seed)
	}
	require.NotZero(t, addressed)
	require.NotZero(t, switched)
}

// What a step sets in vain is noted where it stands, in the order of the steps'
// instants: the second in the file is the first in time.
func TestSetWindowsIsNoted(t *testing.T) {
	const text = `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: win, instanceType: m5.large, os: %s}]
steps:
  - {at: 2m, setWindows: {enable-windows-prefix-delegation: true}}
  - {at: 1m, setWindows: {windows-warm-prefix-target: 2}}
`
	notes := func(os string) []string {
		s, err := scenarios.Load("w.yaml", fmt.Appendf(nil, text, os), scenarios.Options{})
		require.NoError(t, err)
		return s.Config().Notes
	}
	require.Equal(t, []string{"steps[1].setWindows: windows-warm-prefix-target: counts in prefix mode only"}, notes("windows"))
	require.Equal(t, []string{"steps[0].setWindows: there are no Windows nodes", "steps[1].setWindows: there are no Windows nodes"}, notes("linux"))
}

func TestWindowsGroupResolves(t *testing.T) {
	const text = `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
cni: {windows: {windows-warm-ip-target: 0, warm-prefix-target: 2}}
nodeGroups:
  - {name: win, instanceType: m4.large, os: windows, maxPods: %s}
  - {name: linux, instanceType: m5.large}
`
	for written, pods := range map[string]int{"auto": 110, "managed": 110, "recommended": 110, "30": 30, "max_pods + 1": 111} {
		s, err := scenarios.Load("w.yaml", fmt.Appendf(nil, text, written), scenarios.Options{})
		require.NoError(t, err)
		c := s.Config()
		require.True(t, c.NodeGroups[0].Windows)
		require.False(t, c.NodeGroups[1].Windows)
		require.Equal(t, pods, c.NodeGroups[0].MaxPods, written)
		require.Equal(t, 29, c.NodeGroups[1].MaxPods)
		require.Equal(t, map[string]string{"enable-windows-ipam": "true", "windows-warm-ip-target": "0", "warm-prefix-target": "2"}, c.CNI.Windows)
		require.Equal(t, []string{
			"cni.windows.warm-prefix-target: counts in prefix mode only",
			"cni.windows.windows-warm-ip-target: 0 counts as 1: an address is never fetched for a pod that waits",
		}, c.Notes)
	}
	s, err := scenarios.Load("w.yaml", []byte(strings.Replace(fmt.Sprintf(text, "auto"), ", os: windows", "", 1)), scenarios.Options{})
	require.NoError(t, err)
	require.Contains(t, s.Config().Notes, "cni.windows: there are no Windows nodes")
}
