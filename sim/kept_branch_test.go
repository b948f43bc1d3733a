package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// completing is a Job of two rounds of nine pods on a node with nine branch ENIs,
// under a controller that keeps those of completed pods.
func completing(steps ...Step) Config {
	cfg := branchCluster(1, steps...)
	cfg.Controller.KeepsCompleted = true
	cfg.Duration = time.Hour
	cfg.Workloads = []Workload{{
		Name: "job", Kind: Job, At: time.Minute, Replicas: 9, Completions: 18,
		Pod: PodSpec{BranchGroups: []model.SecurityGroup{"sg"}, RunFor: 20 * time.Second},
	}}
	return cfg
}

// TestCompletedPodsKeepTheirBranches, though the scheduler takes them for free: the
// pods that come next are on the node and never get one.
func TestCompletedPodsKeepTheirBranches(t *testing.T) {
	log := events(t, completing())
	require.Len(t, find[BranchCreated](log, nil), 9)
	require.Empty(t, find[BranchQueued](log, nil))
	require.Len(t, find[PodBound](log, nil), 18)
	began := find(log, func(b ExhaustionBegan) bool { return b.Kind == KindBranchCooldown })
	require.Len(t, began, 1)
	require.Equal(t, "in-use", began[0].Body.(ExhaustionBegan).Reason)
	require.Contains(t, began[0].Body.(ExhaustionBegan).Remedy, "completed")

	cfg := completing()
	cfg.Controller.KeepsCompleted = false
	require.Len(t, find[BranchCreated](events(t, cfg), nil), 18)
}

// TestDeletedPodGivesUpTheBranchThatItKept, also after a restart of the controller.
func TestDeletedPodGivesUpTheBranchThatItKept(t *testing.T) {
	log := events(t, completing(
		Step{At: 5 * time.Minute, Action: RestartController{}},
		Step{At: 10 * time.Minute, Action: Delete{Pod: "job-0"}},
	))
	queued := find[BranchQueued](log, nil)
	require.Len(t, queued, 1)
	require.Equal(t, model.Instant(0).Add(10*time.Minute), queued[0].At)
	require.Equal(t, model.PodName("job-0"), queued[0].Body.(BranchQueued).Pod)
	require.Len(t, find[BranchCreated](log, nil), 10, "one of those that wait has it")
}
