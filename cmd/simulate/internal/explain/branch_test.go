package explain

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// A branch ENI at the front of a delete queue goes in the round that is foreseen
// an instant before, and in none before that.
func TestABranchGoesInTheForeseenRound(t *testing.T) {
	foreseen := 0
	for _, entry := range scenarios.Library() {
		sc, err := entry.Load(scenarios.Options{})
		require.NoError(t, err)
		foreseen += foreseesRounds(t, sc.Config())
	}
	foreseen += foreseesRounds(t, load(t, `
name: churn-of-branches
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
cni: {env: {ENABLE_POD_ENI: true}, branchCooldown: 45}
nodeGroups: [{name: n, instanceType: m5.large, count: 2}]
workloads: [{name: db, replicas: 2, at: 1m, securityGroups: [db]}]
steps:
  - {at: 1m, churn: {workload: db, perMinute: 5, lifetime: {min: 5s, max: 50s}, for: 20m}}
  - {at: 8m, setBranchCooldown: {seconds: 90}}
  - {at: 13m3s, restartController: {}}
`))
	require.Greater(t, foreseen, 20)
}

// foreseesRounds plays a run and compares.
func foreseesRounds(t *testing.T, cfg sim.Config) (foreseen int) {
	queues := map[model.NodeName]*deleteQueue{}
	gone := map[model.NodeName]bool{}
	var started sim.RunStarted
	require.NoError(t, sim.Run(cfg, func(e sim.Event) error {
		switch b := e.Body.(type) {
		case sim.RunStarted:
			started = b
		case sim.NodeLaunched:
			queues[e.Node] = newDeleteQueue(resolvedOf(started))
		case sim.NodeTerminated:
			gone[e.Node] = true // what is left goes at once after a minute
		}
		for name, q := range queues {
			if e.Node != "" && e.Node != name {
				continue
			}
			if b, ok := e.Body.(sim.EC2Call); ok && begins(q, b) && e.At != q.base && !gone[name] {
				foreseen++
				if at := q.goes(0, e.At-1); at != e.At {
					return fmt.Errorf("event %d at %s: the round was foreseen at %s", e.Seq, e.At, at)
				}
			}
			q.apply(e)
		}
		return nil
	}))
	return foreseen
}

// begins reports whether a call is the first of a round that deletes.
func begins(q *deleteQueue, b sim.EC2Call) bool {
	return q.deleting == "" && b.Action == sim.DisassociateTrunkInterface && q.index(b.ENI) == 0
}

// A branch that is exactly as old as the cooldown at a round is left for the
// next.
func TestABranchAsOldAsTheCooldownWaitsForAnotherRound(t *testing.T) {
	at := func(queued model.Instant) model.Instant {
		q := &deleteQueue{base: 0, cooldown: model.BranchCooldownDefault, waiting: []queuedBranch{{eni: "eni-1", at: queued}}}
		return q.goes(0, queued)
	}
	require.Equal(t, model.Instant(90_000), at(29_999))
	require.Equal(t, model.Instant(120_000), at(30_000))
	require.Equal(t, model.Instant(120_000), at(30_001))
}

// What was made in vain goes at the next round; what stands behind a branch that
// is not due waits with it.
func TestTheDeleteQueueGoesFromTheFront(t *testing.T) {
	q := &deleteQueue{base: 0, cooldown: model.BranchCooldownDefault, waiting: []queuedBranch{
		{eni: "eni-vain", at: 5_000, front: true}, {eni: "eni-late", at: 50_000}, {eni: "eni-early", at: 1_000},
	}}
	require.Equal(t, model.Instant(30_000), q.goes(0, 6_000))
	require.Equal(t, model.Instant(120_000), q.goes(1, 6_000))
	require.Equal(t, model.Instant(120_000), q.goes(2, 6_000))
}

// A request that was refused six times is looked at again in the resource controller's
// pass over all pods, or a second after its restart, and not when there is room again.
func TestADroppedRequestIsForeseen(t *testing.T) {
	const text = `
name: dropped
duration: 40m
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/27, inUse: {count: 9}}]}
cni: {env: {ENABLE_POD_ENI: true, WARM_IP_TARGET: 1}}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: web, replicas: 15, at: 20s}, {name: db, replicas: 5, at: 2m, securityGroups: [db]}]
steps: [{at: 5m, scale: {workload: web, replicas: 2}}%s]
`
	for _, c := range []struct {
		steps string
		at    model.Instant
		again string
		comes model.Instant
	}{
		{"", 12 * 60_000, "30m", 30 * 60_000},
		{", {at: 13m, restartController: {}}", 13*60_000 + 500, "13m1s", 13*60_000 + 1000},
	} {
		play := playOf(load(t, fmt.Sprintf(text, c.steps)))
		x, err := Explain(play, Target{Pod: "db-4", Device: -1, At: &c.at})
		require.NoError(t, err)
		sound(t, x)
		require.Contains(t, x.Answer, "Its request for a branch ENI was dropped, and nothing that comes free brings it back before "+c.again+".")
		require.Equal(t, c.again, x.Next[0].Name)
		require.Equal(t, rules.Dropped, x.Next[0].Rule)
		created := model.Never
		_, err = told(play, func(e sim.Event, _ *replay.State) error {
			if b, ok := e.Body.(sim.BranchCreated); ok && b.Pod == "db-4" {
				created = e.At
			}
			return nil
		})
		require.NoError(t, err)
		require.GreaterOrEqual(t, created, c.comes)
		require.Less(t, created, c.comes+10_000)
	}
}
