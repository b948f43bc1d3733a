package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestPerCentsRoundSurgeUpAndUnavailableDown: Kubernetes documentation,
// "Deployments", Max Unavailable and Max Surge.
func TestPerCentsRoundSurgeUpAndUnavailableDown(t *testing.T) {
	quarter := IntOrPercent{25, true}
	for _, c := range []struct {
		replicas                 int
		maxSurge, maxUnavailable IntOrPercent
		surge, unavailable       int
	}{
		{0, quarter, quarter, 0, 1},
		{1, quarter, quarter, 1, 0},
		{3, quarter, quarter, 1, 0},
		{4, quarter, quarter, 1, 1},
		{5, quarter, quarter, 2, 1},
		{8, quarter, quarter, 2, 2},
		{10, quarter, quarter, 3, 2},
		{10, IntOrPercent{100, true}, IntOrPercent{0, true}, 10, 0},
		{10, IntOrPercent{3, false}, IntOrPercent{4, false}, 3, 4},
		{10, IntOrPercent{}, IntOrPercent{}, 0, 1},
		{3, IntOrPercent{}, quarter, 0, 1}, // 25 % of 3 is none
	} {
		w := &workload{Workload: &Workload{MaxSurge: c.maxSurge, MaxUnavailable: c.maxUnavailable}, replicas: c.replicas}
		b := w.bounds()
		require.Equal(t, c.surge, b.surge, "surge of %d", c.replicas)
		require.Equal(t, c.unavailable, b.unavailable, "unavailable of %d", c.replicas)
	}
}

func TestRolloutPlan(t *testing.T) {
	bounds := rolloutBounds{replicas: 4, surge: 1, unavailable: 1, quota: noQuota}
	for _, c := range []struct {
		name string
		have rolloutPods
		plan rolloutPlan
	}{
		{"fresh", rolloutPods{}, rolloutPlan{create: 4}},
		{"done", rolloutPods{new: 4, newReady: 4}, rolloutPlan{}},
		{"too many", rolloutPods{new: 6, newReady: 1}, rolloutPlan{deleteNew: 2}},
		{"begin", rolloutPods{old: 4, oldReady: 4}, rolloutPlan{create: 1}},
		{"surge is there", rolloutPods{new: 1, old: 4, oldReady: 4}, rolloutPlan{deleteOld: 1}},
		{"one was deleted", rolloutPods{new: 1, old: 3, oldReady: 3}, rolloutPlan{create: 1}},
		{"wait for readiness", rolloutPods{new: 2, old: 3, oldReady: 3}, rolloutPlan{}},
		{"one is ready", rolloutPods{new: 2, newReady: 1, old: 3, oldReady: 3}, rolloutPlan{deleteOld: 1}},
		{"old ones that serve nobody", rolloutPods{new: 1, old: 4}, rolloutPlan{deleteOld: 1}},
		{"the last old one", rolloutPods{new: 4, newReady: 3, old: 1, oldReady: 1}, rolloutPlan{deleteOld: 1}},
		{"lowered meanwhile", rolloutPods{new: 3, old: 4, oldReady: 4}, rolloutPlan{deleteOld: 2}},
		{"lowered far", rolloutPods{new: 9, old: 1}, rolloutPlan{deleteOld: 1, deleteNew: 4}},
		{"old ones lost", rolloutPods{new: 1, old: 1, oldReady: 1}, rolloutPlan{create: 3}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.plan, planRollout(c.have, bounds)) })
	}
	t.Run("quota", func(t *testing.T) {
		b := bounds
		b.quota = 0
		require.Equal(t, rolloutPlan{}, planRollout(rolloutPods{old: 4, oldReady: 4}, b))
		b.quota = 1
		require.Equal(t, rolloutPlan{create: 1}, planRollout(rolloutPods{old: 4, oldReady: 4}, b))
		require.Equal(t, rolloutPlan{deleteOld: 1}, planRollout(rolloutPods{new: 1, newReady: 1, old: 4, oldReady: 4}, b))
		require.Equal(t, rolloutPlan{}, planRollout(rolloutPods{new: 1, newReady: 1, old: 3, oldReady: 3}, b))
	})
}

// TestRolloutKeepsItsBounds counts along the log: never more pods than replicas
// and surge, never fewer that are ready than replicas less unavailable, and at
// the end as many new ones as replicas.
func TestRolloutKeepsItsBounds(t *testing.T) {
	for _, replicas := range []int{1, 4, 5, 10, 37} {
		for _, over := range []time.Duration{0, 7 * time.Second} {
			t.Run(fmt.Sprintf("%d over %s", replicas, over), func(t *testing.T) {
				cfg := baseConfig("a")
				cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "workers", 4)}
				cfg.Workloads = []Workload{{
					Name: "web", Kind: Deployment, Replicas: replicas, MaxSurge: IntOrPercent{25, true}, MaxUnavailable: IntOrPercent{25, true},
					Pod: PodSpec{ReadyAfter: 1300 * time.Millisecond, StopAfter: 2 * time.Second},
				}}
				at := 10 * time.Second
				cfg.Steps = []Step{
					{At: at, Over: over, Action: Rollout{"web"}},
					{At: at + 2*time.Second, Over: over, Action: Rollout{"web"}},
				}
				surge, unavailable := (replicas+3)/4, replicas/4
				pods, ready := map[model.PodName]bool{}, map[model.PodName]bool{}
				for _, e := range playAll(t, cfg) {
					switch b := e.Body.(type) {
					case PodCreated:
						pods[b.Pod] = true
					case PodReady:
						ready[b.Pod] = true
					case PodDeleted:
						delete(pods, b.Pod)
						delete(ready, b.Pod)
					}
					require.LessOrEqual(t, len(pods), replicas+surge)
					if e.At >= model.Instant(0).Add(at) {
						require.GreaterOrEqual(t, len(ready), replicas-unavailable)
					}
				}
				require.Len(t, ready, replicas)
				for i := range replicas {
					require.False(t, pods[model.PodName(fmt.Sprintf("web-%d", i))], "web-%d is of the first revision", i)
				}
			})
		}
	}
}
