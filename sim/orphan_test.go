package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// leaving is a node that is terminated while its agent has an ENI made, beside n-1,
// which stays.
func leaving(steps ...Step) Config {
	cfg := branchCluster(2, append([]Step{
		{At: 10 * time.Second, Action: Create{Pod: "p", Spec: PodSpec{Node: "n-0"}}}, // eight left: another ENI
		{At: 30 * time.Second, Action: Terminate{Node: "n-0"}},
	}, steps...)...)
	cfg.CNI.Env = model.DaemonSetEnv()
	cfg.EC2.Latency = map[Action]Range{CreateNetworkInterface: {time.Minute, time.Minute}}
	cfg.Duration = 3 * time.Hour
	return cfg
}

// orphan is the ENI that n-0 left.
func orphan(t *testing.T, log []Event) (id model.ENIID, madeAt model.Instant) {
	made := find(log, func(b ENICreated) bool { return len(b.Addresses) > 0 })
	require.Len(t, made, 1)
	return made[0].Body.(ENICreated).ENI, made[0].At
}

// TestENIOutlivesItsInstance where it was not attached: another node's agent deletes
// it, once it is five minutes old. What was attached is gone at once.
func TestENIOutlivesItsInstance(t *testing.T) {
	log := events(t, leaving())
	id, madeAt := orphan(t, log)
	deleted := find[ENIDeleted](log, nil)
	require.Len(t, deleted, 2)
	require.Equal(t, model.Instant(0).Add(30*time.Second), deleted[0].At, "the primary one")
	require.Equal(t, id, deleted[1].Body.(ENIDeleted).ENI)
	require.Equal(t, model.NodeName("n-0"), deleted[1].Node)
	require.Equal(t, 10, deleted[1].Body.(ENIDeleted).Released)
	require.GreaterOrEqual(t, deleted[1].At.Sub(madeAt), leakMinAge)
	require.Less(t, deleted[1].At.Sub(madeAt), leakPeriod+2*leakDelay)
	calls := find(log, func(b EC2Call) bool { return b.Action == DeleteNetworkInterface })
	require.Len(t, calls, 1)
	require.Equal(t, model.NodeName("n-1"), calls[0].Node, "who has found it")
}

// TestOrphanStays where no agent cleans up, until one does.
func TestOrphanStays(t *testing.T) {
	kept := leaving()
	kept.CNI.Env["DISABLE_LEAKED_ENI_CLEANUP"] = "true"
	require.Len(t, find[ENIDeleted](events(t, kept), nil), 1)

	alone := leaving(Step{At: 40 * time.Second, Action: Terminate{Node: "n-1"}})
	require.Len(t, find[ENIDeleted](events(t, alone), nil), 2, "the primary ones")

	later := leaving(Step{At: 40 * time.Second, Action: Terminate{Node: "n-1"}},
		Step{At: time.Hour, Action: AddNodes{Group: "n", Count: 1}})
	deleted := find[ENIDeleted](events(t, later), nil)
	require.Len(t, deleted, 3)
	require.Equal(t, model.NodeName("n-0"), deleted[2].Node, "a new node's agent, within five minutes of its start")
	require.Less(t, deleted[2].At, model.Instant(0).Add(time.Hour+10*time.Minute))
}

// TestOrphanIsDeletedThoughItsFinderGoes: EC2 ends what it has begun.
func TestOrphanIsDeletedThoughItsFinderGoes(t *testing.T) {
	cfg := leaving()
	cfg.EC2.Latency[DeleteNetworkInterface] = Range{time.Minute, time.Minute}
	calls := find(events(t, cfg), func(b EC2Call) bool { return b.Action == DeleteNetworkInterface })
	require.Len(t, calls, 1)
	cfg.Steps = append(cfg.Steps, Step{At: time.Duration(calls[0].At)*time.Millisecond + 30*time.Second, Action: Terminate{Node: "n-1"}})
	log := events(t, cfg)
	id, _ := orphan(t, log)
	deleted := find(log, func(b ENIDeleted) bool { return b.ENI == id })
	require.Len(t, deleted, 1)
	require.Equal(t, calls[0].At.Add(time.Minute), deleted[0].At)
}
