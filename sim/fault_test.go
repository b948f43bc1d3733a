package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// callsOf are those of the action, in order.
func callsOf(log []Event, action Action) []EC2Call {
	var out []EC2Call
	for _, ev := range find(log, func(b EC2Call) bool { return b.Action == action }) {
		out = append(out, ev.Body.(EC2Call))
	}
	return out
}

// faulty is two nodes whose agents have the fault from the start; no trunks.
func faulty(f Fault, steps ...Step) Config {
	cfg := branchCluster(2, append([]Step{{Action: f}}, steps...)...)
	cfg.CNI.Env["ENABLE_POD_ENI"] = "false"
	cfg.Agent.Exit = Backoff{Min: 10 * time.Second, Max: 5 * time.Minute}
	return cfg
}

// TestFaultOfOneNode meets no other, and so many of its calls.
func TestFaultOfOneNode(t *testing.T) {
	log := events(t, faulty(Fault{Action: AssignPrivateIpAddresses, Node: "n-1", Error: model.UnauthorizedOperation, Count: 3}))
	met := map[model.NodeName]int{}
	for _, ev := range find(log, func(b EC2Call) bool { return b.Action == AssignPrivateIpAddresses && b.Fault == 1 }) {
		require.Equal(t, model.UnauthorizedOperation, ev.Body.(EC2Call).Error)
		require.Equal(t, 1, ev.Body.(EC2Call).Attempt, "no client tries that again")
		met[ev.Node]++
	}
	require.Equal(t, map[model.NodeName]int{"n-1": 3}, met)
	ended := find[FaultEnded](log, nil)
	require.Len(t, ended, 1)
	require.Equal(t, 3, ended[0].Body.(FaultEnded).Calls)
	began := find[FaultBegan](log, nil)
	require.Equal(t, model.NodeName("n-1"), began[0].Node)
	require.Equal(t, 18, assigned(log), "both pools are filled in the end")
}

// assigned is how many addresses calls have added.
func assigned(log []Event) int {
	n := 0
	for _, c := range callsOf(log, AssignPrivateIpAddresses) {
		if c.Error == "" {
			n += len(c.Addresses)
		}
	}
	return n
}

// TestFaultForAWhile is over after it, to the millisecond, and the run waits for that.
func TestFaultForAWhile(t *testing.T) {
	cfg := faulty(Fault{Action: AssignPrivateIpAddresses, Error: model.UnauthorizedOperation, For: 20 * time.Minute})
	cfg.Duration = 0
	log := events(t, cfg)
	require.EqualValues(t, 20*60_000, find[FaultEnded](log, nil)[0].At)
	for _, ev := range find(log, func(b EC2Call) bool { return b.Action == AssignPrivateIpAddresses }) {
		require.Equal(t, ev.At < 20*60_000, ev.Body.(EC2Call).Error != "", "at %s", ev.At)
	}
	require.Equal(t, 18, assigned(log))
}

// TestFaultsThatClientsTryAgain: the agent's client ten times, and each of them counts.
func TestFaultsThatClientsTryAgain(t *testing.T) {
	for _, code := range []model.ErrorCode{model.InternalError, model.Unavailable, model.RequestLimitExceeded} {
		log := events(t, faulty(Fault{Action: AssignPrivateIpAddresses, Node: "n-0", Error: code, Count: 9}))
		var attempts []int
		for _, ev := range find(log, func(b EC2Call) bool { return b.Action == AssignPrivateIpAddresses }) {
			if ev.Node == "n-0" {
				attempts = append(attempts, ev.Body.(EC2Call).Attempt)
			}
		}
		require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, attempts, code)
		log = events(t, faulty(Fault{Action: AssignPrivateIpAddresses, Node: "n-0", Error: code, Count: 10}))
		attempt := 0
		for _, ev := range find(log, func(b EC2Call) bool { return b.Action == AssignPrivateIpAddresses }) {
			if ev.Node == "n-0" {
				attempt = ev.Body.(EC2Call).Attempt
			}
		}
		require.Equal(t, 1, attempt, "after ten the agent itself asks anew")
	}
}

// TestFaultThatIsOnlySlow: the calls are carried out.
func TestFaultThatIsOnlySlow(t *testing.T) {
	log := events(t, faulty(Fault{Action: AssignPrivateIpAddresses, Count: 1, Latency: 40 * time.Second}))
	c := callsOf(log, AssignPrivateIpAddresses)
	require.Len(t, c, 2)
	require.EqualValues(t, 40_000, c[0].LatencyMs)
	require.Empty(t, c[0].Error)
	require.Zero(t, c[1].LatencyMs, "the second does not meet it")
	require.EqualValues(t, 40_000, find[AddressesAdded](log, nil)[1].At)
}

// TestFirstFaultComesFirst where two meet a call; the other follows.
func TestFirstFaultComesFirst(t *testing.T) {
	log := events(t, faulty(
		Fault{Action: AssignPrivateIpAddresses, Error: model.UnauthorizedOperation, Count: 1},
		Step{Action: Fault{Action: AssignPrivateIpAddresses, Error: model.InvalidParameterValue, Count: 1}}))
	c := callsOf(log, AssignPrivateIpAddresses)
	require.Equal(t, model.UnauthorizedOperation, c[0].Error)
	require.Equal(t, model.InvalidParameterValue, c[1].Error)
	require.Empty(t, c[2].Error)
}

// leaks is a node whose third ENI is given back five minutes into the run and cannot be
// deleted so often.
func leaks(count int) Config {
	var steps []Step
	for _, ev := range branchPods(0, "n-0", 1, 15) {
		create := ev.Action.(Create)
		create.Spec.BranchGroups = nil
		steps = append(steps, Step{At: time.Second, Action: create}, Step{At: 6 * time.Minute, Action: Delete{Pod: create.Pod}})
	}
	cfg := branchCluster(1, append(steps, Step{At: 5 * time.Minute, Action: Fault{Action: DeleteNetworkInterface, Error: model.UnauthorizedOperation, Count: count}})...)
	cfg.CNI.Env["ENABLE_POD_ENI"] = "false"
	cfg.Agent.Exit = Backoff{Min: 10 * time.Second, Max: 5 * time.Minute}
	cfg.Duration = 0
	return cfg
}

// TestLeakedENIIsFoundByTheHourlyCleanUp: the agent's clean-ups are by its start, the
// second an hour and up to twice five minutes after it, and the run waits for it.
func TestLeakedENIIsFoundByTheHourlyCleanUp(t *testing.T) {
	log := events(t, leaks(1))
	gone := find[ENIDeleted](log, nil)
	require.Len(t, gone, 2)
	require.Less(t, gone[0].At, model.Instant(0).Add(10*time.Minute), "the second that is given back is deleted")
	require.GreaterOrEqual(t, gone[1].At, model.Instant(0).Add(time.Hour))
	require.Less(t, gone[1].At, model.Instant(0).Add(time.Hour+2*leakDelay))
	require.Equal(t, "settled", log[len(log)-1].Body.(RunEnded).EndedBy)
}

// TestLeakThatCannotBeDeletedDoesNotHoldTheRunUp beyond one clean-up.
func TestLeakThatCannotBeDeletedDoesNotHoldTheRunUp(t *testing.T) {
	log := events(t, leaks(0))
	require.Empty(t, find[ENIDeleted](log, nil))
	end := log[len(log)-1]
	require.Equal(t, "settled", end.Body.(RunEnded).EndedBy)
	require.Less(t, end.At, model.Instant(0).Add(2*time.Hour))

	cfg := leaks(0)
	cfg.Duration = 6 * time.Hour
	require.Greater(t, len(callsOf(events(t, cfg), DeleteNetworkInterface)), 8, "each clean-up tries again")
}

// TestRefusedDeletionFreesTheDeviceNumber: the ENI is detached, and the next takes its
// place.
func TestRefusedDeletionFreesTheDeviceNumber(t *testing.T) {
	cfg := leaks(0)
	for _, ev := range branchPods(0, "n-0", 21, 20) {
		create := ev.Action.(Create)
		create.Spec.BranchGroups = nil
		cfg.Steps = append(cfg.Steps, Step{At: 10 * time.Minute, Action: create})
	}
	var devices []int
	for _, ev := range find[ENIAttached](events(t, cfg), nil) {
		devices = append(devices, ev.Body.(ENIAttached).Device)
	}
	require.Equal(t, []int{0, 1, 2, 1, 2}, devices[:5])
}

// TestCodesThatDoNotFitTheAction are told all the same: a full subnet that refuses to
// attach an ENI.
func TestCodesThatDoNotFitTheAction(t *testing.T) {
	for _, code := range FaultCodes {
		cfg := branchCluster(1, ordinary(20)...)
		cfg.CNI.Env["ENABLE_POD_ENI"] = "false"
		cfg.Agent.Exit = Backoff{Min: 10 * time.Second, Max: 5 * time.Minute}
		cfg.Steps = append([]Step{{Action: Fault{Action: AttachNetworkInterface, Error: code}}}, cfg.Steps...)
		require.NotEmpty(t, find[ExhaustionBegan](events(t, cfg), nil), code)
	}
}

// TestRemediesOfWhatEC2Refuses name the permission, or the trunk that is refused.
func TestRemediesOfWhatEC2Refuses(t *testing.T) {
	cfg := branchCluster(1, ordinary(20)...)
	cfg.CNI.Env["ENABLE_POD_ENI"] = "false"
	cfg.Steps = append([]Step{{Action: Fault{Action: CreateNetworkInterface, Error: model.UnauthorizedOperation}}}, cfg.Steps...)
	b := find(events(t, cfg), func(b ExhaustionBegan) bool { return b.Kind == KindMisconfig })[0].Body.(ExhaustionBegan)
	require.Equal(t, string(model.UnauthorizedOperation), b.Reason)
	require.Contains(t, b.Remedy, "AmazonEKS_CNI_Policy")

	cfg = branchCluster(1, branchPods(time.Minute, "", 1, 1)...)
	cfg.CNI.Env["WARM_IP_TARGET"] = "1"
	cfg.Steps = append([]Step{{Action: Fault{Action: AttachNetworkInterface, Error: model.UnauthorizedOperation}}}, cfg.Steps...)
	b = find[ExhaustionBegan](events(t, cfg), nil)[0].Body.(ExhaustionBegan)
	require.Equal(t, KindNoTrunk, b.Kind)
	require.Contains(t, b.Remedy, "EC2 refuses the trunk ENI of n-0 with UnauthorizedOperation")
}
