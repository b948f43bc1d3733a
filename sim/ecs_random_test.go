package sim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// randomECS is a cluster of ECS in which much happens: services of all network
// modes in small subnets, deployments, drained and lost instances. For the last
// ten minutes nothing happens any more, and there is room for all.
func randomECS(rng *rand.Rand, roomy bool) sim.Config {
	second := func(n int) time.Duration { return time.Duration(rng.Intn(n*4)) * 250 * time.Millisecond }
	constant := func(d time.Duration) sim.Range { return sim.Range{Min: d, Max: 2 * d} }
	cfg := sim.Config{
		Name: "random", Seed: rng.Uint64(), Platform: sim.PlatformECS, Duration: 40 * time.Minute,
		Cluster: sim.ClusterConfig{Name: "cluster"},
		EC2: sim.EC2Config{Order: sim.OrderRandom, Refused: constant(100 * time.Millisecond), Latency: map[sim.Action]sim.Range{
			sim.CreateNetworkInterface: constant(time.Second), sim.AttachNetworkInterface: constant(2 * time.Second),
			sim.AssociateTrunkInterface: constant(time.Second), sim.DisassociateTrunkInterface: constant(time.Second),
			sim.DetachNetworkInterface: constant(time.Second), sim.DeleteNetworkInterface: constant(time.Second),
		}},
	}
	bits := 28
	if roomy {
		bits = 24
	}
	for i, name := range []model.SubnetID{"a", "b", "tasks-a", "tasks-b"} {
		cfg.Subnets = append(cfg.Subnets, sim.SubnetConfig{
			Name: name, Zone: string(name[len(name)-1:]), CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), bits),
		})
	}
	for i, kind := range []string{"c5.large", "m5.xlarge", "t3.small"} {
		instance, _ := model.LookupInstanceType(kind)
		cfg.NodeGroups = append(cfg.NodeGroups, sim.NodeGroup{
			Name: fmt.Sprint("g", i), Type: instance, Count: 1 + rng.Intn(2), Subnets: []model.SubnetID{"a", "b"},
			CPUMilli: 1000 * instance.VCPU, MemoryMiB: instance.MemoryMiB, AWSVPCTrunking: rng.Intn(3) > 0,
			AgentStart: second(20), AgentStartLater: second(60),
		})
	}
	placements := []sim.Placement{
		{Type: sim.PlaceSpread, Field: sim.FieldZone}, {Type: sim.PlaceSpread, Field: sim.FieldInstance},
		{Type: sim.PlaceBinpack, Field: sim.FieldCPU}, {Type: sim.PlaceBinpack, Field: sim.FieldMemory}, {Type: sim.PlaceRandom},
	}
	bounds := [][2]int{{100, 200}, {50, 100}, {50, 200}, {0, 150}}
	for i, mode := range []sim.NetworkMode{sim.NetworkAWSVPC, sim.NetworkAWSVPC, sim.NetworkBridge} {
		task := sim.TaskSpec{NetworkMode: mode, Placement: []sim.Placement{placements[rng.Intn(5)], placements[rng.Intn(5)]}}
		if i == 1 {
			task.Subnets = []model.SubnetID{"tasks-a", "tasks-b"}
		}
		b := bounds[rng.Intn(len(bounds))]
		cfg.Workloads = append(cfg.Workloads, sim.Workload{
			Name: model.WorkloadName(fmt.Sprint("s", i)), Kind: sim.Service, Replicas: rng.Intn(8), At: second(30),
			MinimumHealthyPercent: b[0], MaximumPercent: b[1],
			Pod: sim.PodSpec{
				CPUMilli: 10 + rng.Intn(200), MemoryMiB: 10 + rng.Intn(100), ReadyAfter: second(3), StopAfter: second(3), Task: task,
			},
		})
	}
	for i := range 60 {
		service := model.WorkloadName(fmt.Sprint("s", rng.Intn(3)))
		node := model.NodeName(fmt.Sprintf("g%d-%d", rng.Intn(3), rng.Intn(3)))
		var action sim.StepAction
		switch rng.Intn(10) {
		case 0, 1, 2:
			action = sim.Scale{Workload: service, Replicas: rng.Intn(10)}
		case 3:
			action = sim.Rollout{Workload: service}
		case 4:
			action = sim.Delete{Workload: service, Count: 1 + rng.Intn(3)}
		case 5:
			action = sim.Create{Pod: model.PodName(fmt.Sprint("lone-", i)), Workload: service, Spec: sim.PodSpec{RunFor: second(90)}}
		case 6:
			action = sim.Churn{Workload: service, PerMinute: 1 + rng.Intn(20), For: second(60), Lifetime: sim.Range{Max: 20 * time.Second}}
		case 7:
			action = sim.Drain{Node: node}
		case 8:
			action = sim.Uncordon{Node: node}
		case 9:
			action = sim.Terminate{Node: node}
		}
		s := sim.Step{At: second(1200), Action: action}
		switch action.(type) {
		case sim.Scale, sim.Rollout, sim.Delete:
			s.Over = second(10)
		}
		cfg.Steps = append(cfg.Steps, s)
	}
	if roomy {
		cfg.Steps = append(cfg.Steps, sim.Step{At: 25 * time.Minute, Action: sim.AddNodes{Group: "g1", Count: 12}})
	}
	return cfg
}

// addFaults lets EC2 refuse, or take long for, some of ECS's calls. All faults are over when
// the steps are.
func addFaults(cfg *sim.Config, rng *rand.Rand) {
	for range 12 {
		at := time.Duration(rng.Intn(1200)) * time.Second
		f := sim.Fault{
			Action: sim.FaultActions[rng.Intn(len(sim.FaultActions))], Error: sim.FaultCodes[rng.Intn(len(sim.FaultCodes))],
			Count: rng.Intn(8), For: time.Duration(1+rng.Intn(200)) * time.Second,
		}
		if rng.Intn(3) == 0 {
			f.Node = model.NodeName(fmt.Sprintf("g%d-0", rng.Intn(3)))
		}
		if rng.Intn(4) == 0 {
			f.Error, f.Latency = "", time.Duration(rng.Intn(60))*time.Second
		}
		cfg.Steps = append(cfg.Steps, sim.Step{At: at, Action: f})
	}
}

// TestRandomECSKeepsItsWord plays random clusters twice. The log is the same,
// byte by byte; it folds without contradiction, which is that no address is taken
// twice and no instance has more task ENIs than its limit; and in the end every
// address that is taken is one of an instance, its trunk or a task. A third of the
// clusters has room for all, in another EC2 refuses calls.
func TestRandomECSKeepsItsWord(t *testing.T) {
	from, end := sim.Seeds(t, 60)
	for seed := from; seed < end; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewSource(int64(seed)))
			roomy, faulty := seed%3 == 0, seed%3 == 1
			cfg := randomECS(rng, roomy)
			if faulty {
				addFaults(&cfg, rng)
			}
			var first, second bytes.Buffer
			var s replay.State
			require.NoError(t, sim.Run(cfg, func(e sim.Event) error {
				line, err := json.Marshal(e)
				require.NoError(t, err)
				first.Write(append(line, '\n'))
				if err := errors.Join(s.Apply(e), sim.UnknownWord(e)); err != nil {
					return err
				}
				return checkVLANs(s.Node(e.Node))
			}))
			require.NoError(t, sim.Run(cfg, func(e sim.Event) error { return json.NewEncoder(&second).Encode(e) }))
			require.Equal(t, first.String(), second.String())
			checkEnd(t, &s, roomy)
		})
	}
}

// checkVLANs: no two branches of a trunk have the same VLAN id.
func checkVLANs(n *replay.Node) error {
	if n == nil {
		return nil
	}
	taken := map[int]bool{}
	for _, e := range n.TaskBranches {
		if e.VLAN < 1 || taken[e.VLAN] {
			return fmt.Errorf("%s: VLAN %d of %s is another's, or none", n.Name, e.VLAN, e.ID)
		}
		taken[e.VLAN] = true
	}
	return nil
}

// checkEnd looks at a cluster in which nothing has happened for a long time.
func checkEnd(t *testing.T, s *replay.State, roomy bool) {
	held := 0
	for _, n := range s.Nodes {
		if n.Gone() {
			continue
		}
		held += len(n.ENIs) + len(n.TaskBranches)
		require.Equal(t, n.Totals(s.Now).Assigned, len(n.ENIs)+len(n.TaskBranches)-1-trunks(n), n.Name)
		require.LessOrEqual(t, len(n.ENIs), n.Launched.MaxENIs, n.Name)
	}
	used := 0
	for _, sn := range s.Subnets {
		used += sn.Stats().Used
	}
	if s.Pods.Count().ContainerCreating == 0 && s.Pods.Count().Terminating == 0 {
		require.Equal(t, used, held)
	}
	for _, p := range s.Pods.All() {
		if p.Address.IsValid() {
			require.True(t, s.Subnet(subnetOf(s, p)).Taken(p.Address))
		}
		if p.Waits() && p.Reason != "" {
			require.True(t, anyOpen(s), "%s waits for %s and no episode is open", p.Name, p.Reason)
		}
	}
	if !roomy {
		return
	}
	require.Zero(t, s.Pods.Count().Waiting(), "there is room for all: %+v", s.Pods.Count())
	for _, ep := range s.Episodes {
		// Bounds such as 50 % and 150 % of one replica leave no room however large
		// the cluster is. The episode is one with all that is misconfigured in the
		// cluster, and has the reason with which it began.
		if ep.Kind != sim.KindMisconfig || ep.Scope != "cluster" {
			require.False(t, ep.Open(), "%s %s %s", ep.Kind, ep.Name, ep.Reason)
		}
	}
}

func trunks(n *replay.Node) int {
	if len(n.ENIs) > 1 && n.ENIs[1].Kind == model.ENITrunk {
		return 1
	}
	return 0
}

func subnetOf(s *replay.State, p *replay.Pod) model.SubnetID {
	n := s.Node(p.Node)
	if e := n.ENI(p.ENI); e != nil {
		return e.Subnet
	}
	return n.TaskBranch(p.ENI).Subnet
}

func anyOpen(s *replay.State) bool {
	for _, ep := range s.Episodes {
		if ep.Open() {
			return true
		}
	}
	return false
}
