package sim

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestSleepingAgentMissesNothing runs random scenarios twice: as they are, with
// agents that sleep while no check can do anything, and with agents that check
// and reconcile at every beat. The logs must be the same, but for pool.skip,
// which tells what a check saw. The agent's order is not left to chance, as a
// check that does nothing draws, too.
func TestSleepingAgentMissesNothing(t *testing.T) {
	first, end := seeds(t, 80)
	for seed := first; seed < end; seed++ {
		cfg := generate(seed)
		cfg.Agent.Order = OrderOrdered
		requireSleepHarmless(t, cfg)
	}
}

func requireSleepHarmless(t *testing.T, cfg Config) {
	asleep, awake := actions(t, cfg, false), actions(t, cfg, true)
	for i := range min(len(asleep), len(awake)) {
		require.Equal(t, awake[i], asleep[i], "seed %d", cfg.Seed)
	}
	require.Equal(t, len(awake), len(asleep), "seed %d", cfg.Seed)
}

// An agent starts at 0 and checks at 2.5 s, 7.5 s, … A pod that takes an address
// at 12.5 s is seen by the check of that instant if its attempt was set before
// the check was, at 10 s, or if it is a step's; one that was set later comes
// after the check, whether the agent slept over it or not.
func TestSleepingAgentIsWokenForItsTurn(t *testing.T) {
	for name, c := range map[string]struct {
		at     time.Duration
		action StepAction
		want   model.Instant
	}{
		"set before the check": {9_999 * time.Millisecond, Scale{"web", 1}, 12_500},
		"set together with it": {10 * time.Second, Scale{"web", 1}, 17_500},
		"set after the check":  {11 * time.Second, Scale{"web", 1}, 17_500},
		"bound by a step":      {12_500 * time.Millisecond, Create{Pod: "p", Spec: PodSpec{Node: "w-0"}}, 12_500},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := baseConfig("a")
			cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/24")
			cfg.Duration = time.Minute
			cfg.CNI.Env["WARM_IP_TARGET"] = "1"
			cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "w", 1)}
			cfg.Kubelet.Start = 12_500*time.Millisecond - c.at
			cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, MaxSurge: IntOrPercent{Value: 1}}}
			cfg.Steps = []Step{{At: c.at, Action: c.action}}
			requireSleepHarmless(t, cfg)
			at, _ := bodies[PoolGrow](playAll(t, cfg))
			require.Equal(t, []model.Instant{0, c.want}, at)
		})
	}
}

// An agent that starts at 4 s and has nothing to do reconciles at 9 s, then at
// 74 s, as each reconcile counts as a pool action and the next waits for more
// than 60 s, then at 139 s. The trunk that is attached meanwhile is found by the
// next of them, also if the agent slept over those before.
func TestSleepingAgentReconcilesOnItsGrid(t *testing.T) {
	for name, c := range map[string]struct {
		attached, latency time.Duration
		want              model.Instant
	}{
		"at the start":                      {4_001 * time.Millisecond, 0, 9_000},
		"before the first":                  {8_999 * time.Millisecond, 0, 9_000},
		"at the first, set before it":       {9 * time.Second, 0, 9_000},
		"at the first, set after it":        {9 * time.Second, time.Second, 74_000},
		"after the first":                   {9_001 * time.Millisecond, 0, 74_000},
		"at the second, set before it":      {74 * time.Second, 0, 74_000},
		"at the second, set after it":       {74 * time.Second, time.Second, 139_000},
		"after two that nobody had to make": {100 * time.Second, 0, 139_000},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := baseConfig("a")
			cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/24")
			cfg.Duration = 5 * time.Minute
			cfg.CNI.Env["ENABLE_POD_ENI"] = "true"
			cfg.Controller.TrunkDelay = c.attached
			cfg.EC2.Latency = map[Action]Range{AttachNetworkInterface: {c.latency, c.latency}}
			g := baseGroup(cfg, "w", 1)
			g.Type.MaxENIs, g.Type.TrunkingCompatible, g.Type.BranchENIs = 2, true, 9
			cfg.NodeGroups = []NodeGroup{g}
			off := "false"
			cfg.Steps = []Step{{At: 4 * time.Second, Action: RestartAgent{Node: "w-0", Env: map[string]*string{"ENABLE_POD_ENI": &off}}}}
			requireSleepHarmless(t, cfg)
			at, enis := bodies[ENIAttached](playAll(t, cfg))
			last := len(enis) - 1
			require.Equal(t, model.ENITrunk, enis[last].Kind)
			require.Equal(t, c.want, at[last])
		})
	}
}

// actions are the run's events but pool.skip, without their numbers.
func actions(t *testing.T, cfg Config, sleepless bool) []string {
	var out []string
	e, _, err := newChecked(cfg, func(ev Event) error {
		if ev.Body.Type() == TypePoolSkip {
			return nil
		}
		body, err := json.Marshal(ev.Body)
		out = append(out, fmt.Sprintf("%s %s %s %s", ev.At, ev.Node, ev.Body.Type(), body))
		return err
	})
	require.NoError(t, err)
	e.sleepless = sleepless
	e.start()
	e.loop()
	e.end()
	require.NoError(t, e.sinkErr, "seed %d", cfg.Seed)
	return out
}
