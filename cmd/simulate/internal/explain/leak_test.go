package explain

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// leakyAgents leaks ENIs in the ways in which agents do: by refusals of EC2, by
// restarts between two calls.
const leakyAgents = `
name: leaky-agents
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/23}]}
nodeGroups: [{name: n, instanceType: m5.large, count: 3}]
workloads: [{name: web, replicas: 45}]
steps:
  - {at: 13s, restartAgent: {node: n-0}}
  - {at: 5m, fault: {action: DeleteNetworkInterface, error: UnauthorizedOperation, count: 4}}
  - {at: 6m, scale: {workload: web, replicas: 3}}
  - {at: 30m, scale: {workload: web, replicas: 45}}
  - {at: 50m, fault: {action: DeleteNetworkInterface, node: n-1, error: Unavailable, for: 25m}}
  - {at: 51m, scale: {workload: web, replicas: 3}}
  - {at: 70m, restartAgent: {node: n-2, gap: 1m}}
`

// leakyController does so with trunk and branch ENIs.
const leakyController = `
name: leaky-controller
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/23}]}
cni: {env: {ENABLE_POD_ENI: true}}
nodeGroups: [{name: n, instanceType: m5.large, count: 3}]
workloads: [{name: db, replicas: 12, at: 1m, securityGroups: [sg]}]
steps:
  - {at: 0s, fault: {action: AttachNetworkInterface, error: UnauthorizedOperation, count: 2}}
  - {at: 0s, fault: {action: DeleteNetworkInterface, error: UnauthorizedOperation, count: 1}}
  - {at: 10m, fault: {action: DeleteNetworkInterface, error: UnauthorizedOperation, for: 10m}}
  - {at: 10m, scale: {workload: db, replicas: 5}}
  - {at: 100m, terminate: {node: n-0}}
  - {at: 100m20s, restartController: {}}
  - {at: 4h, scale: {workload: db, replicas: 4}}
`

// orphans are what nodes leave behind that go while their agents make an ENI or give
// one back, and what they had leaked before; one agent keeps from cleaning up.
const orphans = `
name: orphans
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/22}]}
ec2: {latency: {DetachNetworkInterface: 20s, CreateNetworkInterface: 10s}}
nodeGroups: [{name: n, instanceType: m5.large, count: 5}]
workloads: [{name: web, replicas: 60, at: 1m}]
steps:
  - {at: 1m8s, terminate: {node: n-0}}
  - {at: 3m, restartAgent: {node: n-4, env: {DISABLE_LEAKED_ENI_CLEANUP: "true"}}}
  - {at: 10m, scale: {workload: web, replicas: 0}}
  - {at: 10m45s, terminate: {node: n-1}}
  - {at: 11m, restartAgent: {node: n-2}}
  - {at: 30m, addNodes: {group: n, count: 2}}
  - {at: 31m, terminate: {node: n-2}}
  - {at: 31m, fault: {action: DeleteNetworkInterface, error: UnauthorizedOperation, count: 2}}
`

// A clean-up deletes what has leaked within the span that is foreseen an instant
// before, and the resource controller's to the millisecond, but for its pace.
func TestACleanUpComesWhenItIsForeseen(t *testing.T) {
	seen := map[replay.CleanUp]int{}
	for _, text := range []string{leakyAgents, leakyController, orphans} {
		for seed := range uint64(12) {
			foreseesCleanUps(t, text, seed+1, seen)
		}
	}
	require.Greater(t, seen[replay.CleanUpAgent], 50)
	require.Greater(t, seen[replay.CleanUpController], 30)
	require.Greater(t, seen[replay.CleanUpOthers], 20)
}

func foreseesCleanUps(t *testing.T, text string, seed uint64, seen map[replay.CleanUp]int) {
	sc, err := scenarios.Load("leaky.yaml", []byte(text), scenarios.Options{Seed: &seed})
	require.NoError(t, err)
	cleans := newCleanUps()
	refused := map[model.ENIID]model.Instant{}
	var s replay.State
	require.NoError(t, sim.Run(sc.Config(), func(e sim.Event) error {
		if b, ok := e.Body.(sim.EC2Call); ok && b.Action == sim.DeleteNetworkInterface && b.Attempt == 1 {
			if l, leaked := s.Leak(b.ENI); leaked {
				seen[l.CleanUp]++
				from := max(l.Since, l.MadeAt.Add(agentCleanMinAge))
				if at, again := refused[b.ENI]; again {
					from = at
				}
				first, last, ok := cleans.next(s.Node(l.Node), e.At-1, from)
				if l.CleanUp == replay.CleanUpController {
					first, ok = cleans.round(max(l.Since, refused[b.ENI])), true
					last = first + 1000
				}
				a := cleans.agents[e.Node]
				same := a.seen && a.at == e.At // as another ENI's
				if !same && (!ok || e.At < first || e.At > last) {
					return fmt.Errorf("event %d at %s: the %s's clean-up of %s, leaked at %s, was foreseen between %s and %s", e.Seq, e.At, l.CleanUp, b.ENI, l.Since, first, last)
				}
				refused[b.ENI] = e.At
			}
		}
		cleans.apply(e, &s)
		return s.Apply(e)
	}), "seed %d of %s", seed, sc.Name)
}

// The agent's clean-ups are up to 299 s late, each after the one before. One that
// comes before the ENI is 5 min old leaves it for the next.
func TestTheSpanOfACleanUp(t *testing.T) {
	const minute = 60_000
	span := func(c agentCleanUps, after, from model.Instant) [2]model.Instant {
		first, last := c.next(after, from)
		return [2]model.Instant{first, last}
	}
	started := agentCleanUps{at: 0}
	require.Equal(t, [2]model.Instant{60 * minute, 60*minute + 2*299_000}, span(started, 10*minute, 7*minute))
	require.Equal(t, [2]model.Instant{61 * minute, 60*minute + 2*299_000}, span(started, 61*minute, 7*minute), "none has come yet: it would have been seen")
	require.Equal(t, [2]model.Instant{62 * minute, 122*minute + 299_000}, span(started, 10*minute, 62*minute), "the first may come too early for it")
	require.Equal(t, [2]model.Instant{70 * minute, 70*minute + 299_000}, span(agentCleanUps{at: 10 * minute, seen: true}, 11*minute, 10*minute))
	require.Equal(t, model.Instant(60*minute), (&cleanUps{}).round(0))
	require.Equal(t, model.Instant(60*minute), (&cleanUps{}).round(30*minute-1))
	require.Equal(t, model.Instant(90*minute), (&cleanUps{}).round(30*minute))
}

// Of every ENI that EC2 ever made, at any time of its life, the answer is whole: it
// says what it is of, why it came and how it stands.
func TestEveryENIHasAnAnswer(t *testing.T) {
	for _, text := range []string{leakyAgents, leakyController, orphans} {
		sc, err := scenarios.Load("leaky.yaml", []byte(text), scenarios.Options{})
		require.NoError(t, err)
		cfg := sc.Config()
		play := func(take func(sim.Event, *replay.State) error) (*replay.State, error) {
			var s replay.State
			return &s, sim.Run(cfg, func(e sim.Event) error {
				if err := take(e, &s); err != nil {
					return err
				}
				return s.Apply(e)
			})
		}
		made := map[model.ENIID]model.Instant{}
		var ids []model.ENIID
		end, err := play(func(e sim.Event, _ *replay.State) error {
			if b, ok := e.Body.(sim.ENICreated); ok {
				made[b.ENI], ids = e.At, append(ids, b.ENI)
			}
			return nil
		})
		require.NoError(t, err)
		require.Greater(t, len(ids), 10)
		for _, id := range ids {
			for _, after := range []model.Instant{0, 1_100, 5_000, 61_000, 400_000, 3_000_000, 3_700_000, end.Now} {
				at := min(made[id]+after, end.Now)
				x, err := Explain(play, Target{ENI: id, Device: -1, At: &at})
				require.NoError(t, err, "%s at %s", id, at)
				require.Contains(t, x.Answer, string(id))
				for _, hole := range []string{": .", ": ;", "  ", "%!", " at .", "<nil>", ".."} {
					require.NotContains(t, x.Answer, hole, "%s at %s", id, at)
				}
				for _, rule := range x.Rules {
					require.NotEmpty(t, rule.Source.URL)
				}
			}
		}
	}
}

// An ENI that its node has left behind has leaked, in every view: the node's story, the
// ENI's and that of the pods that find the subnet full.
func TestWhatANodeLeavesBehindIsTold(t *testing.T) {
	const text = `
name: left-behind
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/27}]}
cni: {env: {WARM_ENI_TARGET: "1"}}
ec2: {latency: {CreateNetworkInterface: 10s}}
nodeGroups: [{name: n, instanceType: m5.large, count: 1}]
workloads: [{name: web, replicas: 3, at: 1m}]
steps:
  - {at: 1m8s, terminate: {node: n-0}}
  - {at: %s, addNodes: {group: n, count: 1}}
`
	answer := func(at model.Instant, late string, of Target, options ...string) string {
		sc, err := scenarios.Load("left.yaml", []byte(fmt.Sprintf(text, late)), scenarios.Options{Set: options})
		require.NoError(t, err)
		play := func(take func(sim.Event, *replay.State) error) (*replay.State, error) {
			var s replay.State
			return &s, sim.Run(sc.Config(), func(e sim.Event) error {
				if b, ok := e.Body.(sim.ENICreated); ok && e.At > 60_000 && of.ENI == "?" {
					of.ENI = b.ENI
				}
				if err := take(e, &s); err != nil {
					return err
				}
				return s.Apply(e)
			})
		}
		if of.ENI == "?" {
			_, err = play(func(sim.Event, *replay.State) error { return nil })
			require.NoError(t, err)
		}
		of.At = &at
		x, err := Explain(play, of)
		require.NoError(t, err)
		for _, l := range x.Chain {
			require.NotContains(t, l.What, "goes with the node")
		}
		return x.Answer
	}
	const minute = 60_000
	lost := Target{ENI: "?", Device: -1}
	got := answer(2*minute, "10m", lost)
	require.Contains(t, got, "At 2m it has leaked: the instance of n-0 was terminated before the agent had attached or deleted it")
	require.Contains(t, got, "Nobody deletes it until another node's agent starts.")
	require.Contains(t, answer(2*minute, "10m", Target{Node: "n-0", Device: -1}), "1 leaked ENI that EC2 made for it and nobody uses holds 10 addresses.")
	got = answer(11*minute, "10m", lost)
	require.Contains(t, got, "The clean-up of another node's agent may delete it between 11m and 15m44s, or that of a new node within 5 min of its start.")
	require.Contains(t, answer(12*minute, "10m", lost, "cni.env.DISABLE_LEAKED_ENI_CLEANUP=true"), "Nobody deletes it, as DISABLE_LEAKED_ENI_CLEANUP is on.")
	require.Contains(t, answer(18*minute, "10m", lost), "until the clean-up of n-1's agent deleted it at ")
}
