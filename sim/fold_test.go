package sim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// TestFoldOfLogIsTheState folds the logs of random scenarios while they run and
// compares, at random instants and at the end, what the fold says with what the
// engine has: the agents' datastores, EC2's subnets, the pods, the episodes.
// At the end the log that was written as JSON Lines and read back must come to
// the same state.
func TestFoldOfLogIsTheState(t *testing.T) {
	first, end := sim.Seeds(t, 60)
	for seed := first; seed < end; seed++ {
		requireFoldIsTheState(t, seed, sim.Generate(seed))
	}
}

// The same with Windows nodes, whose pools are switched to and fro.
func TestFoldOfLogWithWindowsNodes(t *testing.T) {
	first, end := sim.Seeds(t, 40)
	for seed := first; seed < end; seed++ {
		requireFoldIsTheState(t, seed, sim.GenerateWindows(seed))
	}
}

// The same of runs that begin with a state.
func TestFoldOfLogThatBeginsWithAState(t *testing.T) {
	first, end := sim.Seeds(t, 30)
	for seed := first; seed < end; seed++ {
		requireFoldIsTheState(t, seed, sim.Continue(t, seed))
	}
}

// The same of runs with slow calls, faults and restarts of the controller.
func TestFoldOfSlowLogIsTheState(t *testing.T) {
	// Restarts while a branch is being deleted.
	requireFoldIsTheState(t, 468, sim.GenerateSlow(468))
	first, end := sim.Seeds(t, 10)
	for seed := first; seed < end; seed++ {
		requireFoldIsTheState(t, seed, sim.GenerateSlow(seed))
	}
}

// A branch is queued that EC2 has no more.
func TestFoldOfASweptBranch(t *testing.T) { requireFoldIsTheState(t, 1, sim.SweptBranch()) }

func requireFoldIsTheState(t *testing.T, seed uint64, cfg sim.Config) {
	var folded replay.State
	var lines bytes.Buffer
	chance := rand.New(rand.NewPCG(seed, 3))
	last := sim.Snapshot{}
	err := sim.RunInspected(cfg, func(ev sim.Event) error {
		line, err := json.Marshal(ev)
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
		return folded.Apply(ev)
	}, func(snapshot func() sim.Snapshot) error {
		if folded.Ended == nil && chance.IntN(40) > 0 {
			return nil
		}
		last = snapshot()
		if err := usageOf(&folded); err != nil {
			return err
		}
		if err := leaksOf(&folded, last); err != nil {
			return err
		}
		return compare(last, stateOf(&folded, last.Now))
	})
	require.NoError(t, err, "seed %d", seed)
	require.NotNil(t, folded.Ended, "seed %d", seed)

	var again replay.State
	for ev, err := range replay.Decode(&lines) {
		require.NoError(t, err, "seed %d", seed)
		require.NoError(t, again.Apply(ev), "seed %d", seed)
	}
	require.NoError(t, compare(last, stateOf(&again, last.Now)), "seed %d, read back", seed)
}

// usageOf compares the sums that are kept as events come with counting.
func usageOf(s *replay.State) error {
	var totals replay.Totals
	for _, n := range s.Nodes {
		if t := n.Totals(s.Now); !n.Config.Settings.IPv6 {
			totals.Total += t.Total
			totals.Assigned += t.Assigned
		}
	}
	if total, assigned := s.Usage.Addresses(); total != totals.Total || assigned != totals.Assigned {
		return fmt.Errorf("usage: %d addresses, %d held; counted: %d, %d", total, assigned, totals.Total, totals.Assigned)
	}
	return nil
}

// leaksOf compares which ENIs have leaked, and how many addresses of each subnet.
func leaksOf(s *replay.State, engine sim.Snapshot) error {
	leaked, addresses := map[model.NodeName][]model.ENIID{}, map[model.SubnetID]int{}
	for _, l := range s.Leaks() {
		addresses[l.Subnet] += l.Addresses
		if l.Kind != model.ENIBranch {
			leaked[l.Node] = append(leaked[l.Node], l.ENI)
		}
	}
	for node, want := range engine.Leaked {
		got := leaked[node]
		if slices.Sort(got); !slices.Equal(got, want) {
			return fmt.Errorf("leaked of %s at %s: %v by the engine, %v by the log", node, s.Now, want, got)
		}
	}
	for _, sn := range s.Subnets {
		if sn.Leaked() != addresses[sn.Name] {
			return fmt.Errorf("subnet %s: %d leaked addresses, counted: %d", sn.Name, sn.Leaked(), addresses[sn.Name])
		}
	}
	return nil
}

// compare tells the first difference.
func compare(engine, fold sim.Snapshot) error {
	for i := range max(len(engine.Nodes), len(fold.Nodes)) {
		if a, b := engine.Nodes[i], fold.Nodes[i]; fmt.Sprint(a) != fmt.Sprint(b) {
			return fmt.Errorf("node\n%+v by the engine,\n%+v by the log", a, b)
		}
	}
	for i := range engine.Subnets {
		if a, b := engine.Subnets[i], fold.Subnets[i]; fmt.Sprint(a) != fmt.Sprint(b) {
			return fmt.Errorf("subnet\n%+v by the engine,\n%+v by the log", a, b)
		}
	}
	if len(engine.Pods) != len(fold.Pods) {
		return fmt.Errorf("%d pods by the engine, %d by the log", len(engine.Pods), len(fold.Pods))
	}
	for i := range engine.Pods {
		if a, b := engine.Pods[i], fold.Pods[i]; a != b {
			return fmt.Errorf("pod\n%+v by the engine,\n%+v by the log", a, b)
		}
	}
	if !slices.Equal(engine.Open, fold.Open) {
		return fmt.Errorf("episodes %v by the engine, %v by the log", engine.Open, fold.Open)
	}
	return nil
}

// stateOf says of a fold what a Snapshot says of the engine.
func stateOf(s *replay.State, now model.Instant) sim.Snapshot {
	var out sim.Snapshot
	for _, n := range s.Nodes {
		out.Nodes = append(out.Nodes, nodeOf(n, now))
	}
	for _, sn := range s.Subnets {
		st := sn.Stats()
		one := sim.SubnetSnapshot{
			Name: sn.Name, Used: st.Used, Free: st.Free, ReservedFree: st.ReservedFree,
			Prefixes: st.FreePrefixes, LargestFree: st.LargestFree,
		}
		for a := sn.CIDR.Addr(); sn.CIDR.Contains(a); a = a.Next() {
			if sn.Taken(a) {
				one.Taken = append(one.Taken, a)
			}
		}
		out.Subnets = append(out.Subnets, one)
	}
	for _, p := range s.Pods.All() {
		out.Pods = append(out.Pods, sim.PodSnapshot{Name: p.Name, Node: p.Node, Phase: string(p.Phase), Address: p.Address, More: moreOf(p), Failed: p.FailedAttempts})
	}
	slices.SortFunc(out.Pods, func(a, b sim.PodSnapshot) int { return strings.Compare(string(a.Name), string(b.Name)) })
	for _, ep := range s.Episodes {
		if ep.Open() {
			out.Open = append(out.Open, ep.ID)
		}
	}
	return out
}

// moreOf are the pod's addresses of other network cards.
func moreOf(p *replay.Pod) string {
	more := ""
	for _, one := range p.More {
		more += " " + one.Address.String()
	}
	return more
}

func nodeOf(n *replay.Node, now model.Instant) sim.NodeSnapshot {
	out := sim.NodeSnapshot{Name: n.Name, Ready: n.Ready, Cordoned: n.Cordoned, Gone: n.Gone(), Up: n.AgentUp, Pods: n.Bound()}
	if !n.AgentUp {
		return out
	}
	totals := n.Totals(now)
	out.Total, out.Assigned, out.CoolHere = totals.Total, totals.Assigned, totals.Cooling
	for _, e := range n.ENIs {
		one := sim.ENISnapshot{ID: e.ID, Kind: e.Kind, Card: e.Card, Device: e.Device, Subnet: e.Subnet}
		for _, b := range e.Blocks {
			one.Blocks = append(one.Blocks, b.Prefix)
			for _, a := range b.Addresses(now) {
				if a.State == replay.Cooling {
					one.Cooling = append(one.Cooling, a.Addr)
				}
			}
		}
		out.ENIs = append(out.ENIs, one)
	}
	return out
}
