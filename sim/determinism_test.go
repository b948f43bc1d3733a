package sim_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"net/netip"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
)

// TestSameInputSameBytes runs random scenarios again: as they were, with the
// runtime set otherwise, and with maps built in another order. Each time the
// log has the same bytes.
func TestSameInputSameBytes(t *testing.T) {
	first, end := sim.Seeds(t, 60)
	for seed := first; seed < end; seed++ {
		want := digest(t, sim.Generate(seed))
		require.Equal(t, want, digest(t, sim.Generate(seed)), "seed %d, run again", seed)
		require.Equal(t, want, digest(t, rebuilt(sim.Generate(seed))), "seed %d, maps built anew", seed)
		if seed%4 == 0 {
			procs, gc := runtime.GOMAXPROCS(1), debug.SetGCPercent(10)
			got := digest(t, sim.Generate(seed))
			runtime.GOMAXPROCS(procs)
			debug.SetGCPercent(gc)
			require.Equal(t, want, got, "seed %d, another runtime", seed)
		}
	}
}

// The same with Windows nodes.
func TestSameInputSameBytesWithWindowsNodes(t *testing.T) {
	first, end := sim.Seeds(t, 30)
	for seed := first; seed < end; seed++ {
		want := digest(t, sim.GenerateWindows(seed))
		require.Equal(t, want, digest(t, sim.GenerateWindows(seed)), "seed %d, run again", seed)
		require.Equal(t, want, digest(t, rebuilt(sim.GenerateWindows(seed))), "seed %d, maps built anew", seed)
	}
}

func digest(t *testing.T, cfg sim.Config) [32]byte { return sha256.Sum256(logOf(t, cfg)) }

// logOf is the run's log as JSON Lines.
func logOf(t *testing.T, cfg sim.Config) []byte {
	var out bytes.Buffer
	require.NoError(t, sim.Run(cfg, func(ev sim.Event) error {
		line, err := json.Marshal(ev)
		out.Write(append(line, '\n'))
		return err
	}))
	return out.Bytes()
}

// rebuilt fills the configuration's maps from the other end.
func rebuilt(cfg sim.Config) sim.Config {
	cfg.CNI.Env, cfg.CNI.Windows = reversed(cfg.CNI.Env), reversed(cfg.CNI.Windows)
	cfg.EC2.Latency = reversed(cfg.EC2.Latency)
	for i, s := range cfg.Steps {
		switch a := s.Action.(type) {
		case sim.SetEnv:
			a.Env = reversed(a.Env)
			cfg.Steps[i].Action = a
		case sim.RestartAgent:
			a.Env = reversed(a.Env)
			cfg.Steps[i].Action = a
		case sim.SetWindows:
			a.Keys = reversed(a.Keys)
			cfg.Steps[i].Action = a
		}
	}
	return cfg
}

func reversed[K ~string, V any](m map[K]V) map[K]V {
	out := map[K]V{}
	for _, k := range slices.Backward(slices.Sorted(maps.Keys(m))) {
		out[k] = m[k]
	}
	return out
}

// TestSeedMatters: a run that leaves something to chance is another with
// another seed.
func TestSeedMatters(t *testing.T) {
	cfg := sim.Generate(1)
	cfg.Agent.Order, cfg.EC2.Order = sim.OrderRandom, sim.OrderRandom
	other := cfg
	other.Seed++
	require.NotEqual(t, digest(t, cfg), digest(t, other))
}

var renamed = regexp.MustCompile(`other-(p-\d+)-name`)

// TestNamesOfPodsAreOnlyNames renames all pods, workloads included: the log is
// the same but for the names.
func TestNamesOfPodsAreOnlyNames(t *testing.T) {
	first, end := sim.Seeds(t, 40)
	for seed := first; seed < end; seed++ {
		cfg := sim.Generate(seed)
		if len(cfg.Workloads) > 0 {
			continue // a churn's stream is named after its workload
		}
		want := logOf(t, cfg)
		for i, s := range cfg.Steps {
			switch a := s.Action.(type) {
			case sim.Create:
				a.Pod = "other-" + a.Pod + "-name"
				cfg.Steps[i].Action = a
			case sim.Delete:
				a.Pod = "other-" + a.Pod + "-name"
				cfg.Steps[i].Action = a
			}
		}
		got := renamed.ReplaceAllString(string(logOf(t, cfg)), "$1") // in messages, too
		require.Equal(t, string(want), got, "seed %d", seed)
	}
}

// TestClusterBesideChangesNothing adds to each random scenario another group of
// nodes with pods in a subnet of its own. What happens to the first nodes stays
// the same; only the numbers of calls and of episodes are counted over the run.
func TestClusterBesideChangesNothing(t *testing.T) {
	first, end := sim.Seeds(t, 40)
	for seed := first; seed < end; seed++ {
		alone := withoutWorkloads(sim.Generate(seed))
		first := alone.NodeGroups
		want := linesOf(t, alone, first)

		beside := withoutWorkloads(sim.Generate(seed))
		besideIt(&beside)
		requireSame(t, want, linesOf(t, beside, first), seed)

		idle := withoutWorkloads(sim.Generate(seed))
		besideIt(&idle)
		idle.Steps = idle.Steps[:len(idle.Steps)-20]
		requireSame(t, want, linesOf(t, idle, first), seed)
	}
}

// requireSame shows the first line that differs.
func requireSame(t *testing.T, want, got []string, seed uint64) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		require.Equal(t, want[i], got[i], "seed %d, line %d", seed, i)
	}
	require.Equal(t, len(want), len(got), "seed %d", seed)
}

// withoutWorkloads leaves the scheduler out, which looks at all nodes, and what
// concerns the whole cluster.
func withoutWorkloads(cfg sim.Config) sim.Config {
	cfg.Workloads = nil
	var steps []sim.Step
	for _, s := range cfg.Steps {
		switch a := s.Action.(type) {
		case sim.Scale, sim.Rollout, sim.Churn:
			continue
		case sim.Delete:
			if a.Workload != "" {
				continue
			}
		case sim.SetEnv:
			s.Over = 0 // a roll-out's pace hangs on the number of nodes
		}
		steps = append(steps, s)
	}
	cfg.Steps = steps
	// With discovery nodes would take the new subnet, and a control plane ENI
	// is shared out over all.
	cfg.CNI.Env = maps.Clone(cfg.CNI.Env)
	cfg.CNI.Env["ENABLE_SUBNET_DISCOVERY"] = "false"
	return cfg
}

// besideIt adds the other group; the last 20 steps are its pods.
func besideIt(cfg *sim.Config) {
	cfg.Subnets = append(slices.Clone(cfg.Subnets), sim.SubnetConfig{Name: "beside", Zone: "z-c", CIDR: netip.MustParsePrefix("10.9.0.0/24")})
	g := cfg.NodeGroups[0]
	g.Name, g.Subnets, g.Count = "beside", []model.SubnetID{"beside"}, 2
	g.Labels = map[string]string{"vpc.amazonaws.com/externalEniConfig": "none"} // nor a subnet of the others
	cfg.NodeGroups = append(slices.Clone(cfg.NodeGroups), g)
	for i := range 20 {
		cfg.Steps = append(cfg.Steps, sim.Step{
			At:     time.Duration(i) * 13 * time.Second,
			Action: sim.Create{Pod: model.PodName("beside-" + string(rune('a'+i))), Spec: sim.PodSpec{Node: "beside-1"}},
		})
	}
}

// linesOf are the log's lines about nodes of the groups, without what is
// counted over the whole run.
func linesOf(t *testing.T, cfg sim.Config, groups []sim.NodeGroup) []string {
	var out []string
	require.NoError(t, sim.Run(cfg, func(ev sim.Event) error {
		if !slices.ContainsFunc(groups, func(g sim.NodeGroup) bool { return strings.HasPrefix(string(ev.Node), g.Name+"-") }) {
			return nil
		}
		ev.Seq = 0
		switch b := ev.Body.(type) {
		case sim.EC2Call:
			b.Call = 0
			ev.Body = b
		case sim.EC2Returned:
			b.Call = 0
			ev.Body = b
		case sim.ExhaustionBegan:
			b.ID = 0
			ev.Body = b
		case sim.ExhaustionEnded:
			b.ID = 0
			ev.Body = b
		}
		line, err := json.Marshal(ev)
		out = append(out, string(line))
		return err
	}))
	return out
}

// TestLaterIsTheSameLater moves the launch of a node and all that happens on it
// by a time that no period of the agent divides: everything is the same, later.
func TestLaterIsTheSameLater(t *testing.T) {
	const shift = 1234567 * time.Millisecond
	first, end := sim.Seeds(t, 40)
	for seed := first; seed < end; seed++ {
		cfg := withoutWorkloads(sim.Generate(seed))
		cfg.NodeGroups = slices.Clone(cfg.NodeGroups[:1])
		g := &cfg.NodeGroups[0]
		g.Count, g.AgentStartLater = 1, g.AgentStart
		cfg.Steps = slices.DeleteFunc(cfg.Steps, func(s sim.Step) bool {
			_, adds := s.Action.(sim.AddNodes)
			return adds
		})
		want := moved(t, cfg, 0)

		// The first node of the group is launched by a step.
		g.Count = 0
		later := []sim.Step{{At: shift, Action: sim.AddNodes{Group: g.Name, Count: 1}}}
		for _, s := range cfg.Steps {
			s.At += shift
			later = append(later, s)
		}
		cfg.Steps = later
		cfg.Duration += shift
		requireSame(t, want, moved(t, cfg, shift), seed)
	}
}

// moved are the log's events after the first, moved back by the shift and
// without their place in the whole. Sums of waiting and ends of cooling hold
// instants of their own.
func moved(t *testing.T, cfg sim.Config, shift time.Duration) []string {
	var out []string
	require.NoError(t, sim.Run(cfg, func(ev sim.Event) error {
		ev.At = ev.At.Add(-shift)
		ev.Seq = 0
		switch b := ev.Body.(type) {
		case sim.RunStarted, sim.RunEnded:
			return nil
		case sim.PodReleased:
			if b.CoolUntilMs != nil {
				until := b.CoolUntilMs.Add(-shift)
				b.CoolUntilMs = &until
			}
			b.More = movedAddresses(b.More, shift)
			ev.Body = b
		case sim.PodSetupFailed:
			b.GaveBack = movedAddresses(b.GaveBack, shift)
			ev.Body = b
		case sim.BranchFailed:
			if b.RetryMs != nil {
				retry := b.RetryMs.Add(-shift)
				b.RetryMs = &retry
			}
			ev.Body = b
		}
		line, err := json.Marshal(ev)
		out = append(out, string(line))
		return err
	}))
	return out
}

// movedAddresses are addresses that cool until an instant moved back.
func movedAddresses(all []sim.PodAddress, shift time.Duration) []sim.PodAddress {
	for i := range all {
		if until := all[i].CoolUntilMs; until != nil {
			moved := until.Add(-shift)
			all[i].CoolUntilMs = &moved
		}
	}
	return all
}
