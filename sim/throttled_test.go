package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// playThrottled plays the scenario; before it begins, arrange may change the
// account's buckets.
func playThrottled(t *testing.T, cfg Config, arrange func(e *engine)) []Event {
	cfg.EC2.Throttling = true
	cfg.EC2.Refused = Range{100 * time.Millisecond, 100 * time.Millisecond}
	var log []Event
	e, err := newEngine(cfg, func(ev Event) error {
		log = append(log, ev)
		return nil
	})
	require.NoError(t, err)
	arrange(e)
	e.start()
	e.loop()
	e.end()
	return log
}

// filled is a bucket with so many tokens, to which nothing ever comes in.
func filled(tokens int) *tokenBucket { return &tokenBucket{size: tokens, tokens: tokens} }

func kindsAt(log []Event) map[model.Instant]Kind {
	out := map[model.Instant]Kind{}
	for _, ev := range find[PodSetupFailed](log, nil) {
		out[ev.At] = ev.Body.(PodSetupFailed).Reason
	}
	return out
}

// TestPodsWaitForACallThatIsTriedAgain: an attempt before EC2 refuses finds a pool
// that lags; those while the client tries again, and those after it has given up,
// wait for EC2's rate; and the next after a call got through does no more.
func TestPodsWaitForACallThatIsTriedAgain(t *testing.T) {
	cfg := baseConfig("a")
	cfg.CNI.Env["WARM_IP_TARGET"] = "1"
	cfg.Kubelet.Retry = Range{time.Second, time.Second}
	cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", 1)}
	cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Replicas: 2, At: 500 * time.Millisecond}}
	cfg.Duration = 5 * time.Minute
	log := playThrottled(t, cfg, func(e *engine) {
		// One address at the start; the check at 2.5 s finds none. The bucket fills
		// again at 3 min.
		e.ec2.throttle.buckets[AssignPrivateIpAddresses] = filled(1)
		e.at(model.Instant(0).Add(3*time.Minute), func() { e.ec2.throttle.buckets[AssignPrivateIpAddresses] = filled(100) })
	})
	gaveUp := find(log, func(b EC2Returned) bool { return b.Attempt == clientAttempts })
	require.NotEmpty(t, gaveUp)
	addressed := find[PodAddressed](log, nil)
	require.Len(t, addressed, 2)
	kinds := kindsAt(log)
	require.Greater(t, len(kinds), 100)
	for at, kind := range kinds {
		want := KindThrottling
		if at < 2600 { // the first attempt of the call returns 100 ms after the check
			want = KindWarmPoolLag
		}
		require.Equal(t, want, kind, "%s", at)
	}
	open := find(log, func(b ExhaustionEnded) bool { return b.Kind == KindThrottling })
	require.Len(t, open, 1)
	require.Equal(t, addressed[1].At, open[0].At)
}

// TestCallsBesideTheLoopHoldNobodyUp: the pool grows as it should while the clean-up
// of a leak is throttled.
func TestCallsBesideTheLoopHoldNobodyUp(t *testing.T) {
	for _, beside := range []bool{true, false} {
		cfg := baseConfig("a")
		cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", 1)}
		cfg.Duration = time.Minute
		playThrottled(t, cfg, func(e *engine) {
			e.ec2.throttle.buckets[DeleteNetworkInterface] = filled(0)
			e.at(10_000, func() {
				in := e.nodes[0].instance
				r := e.ec2.deletion(in, &eni{subnet: e.ec2.subnets[0]}, func(model.ErrorCode) {})
				r.beside = beside
				e.ec2.send(r)
			})
			e.at(10_200, func() { require.Equal(t, !beside, e.nodes[0].agent.heldBy.code == model.RequestLimitExceeded) })
		})
	}
}

// TestNodesHeldUpAtTheirStart: pods that wait for nodes whose start-up EC2's rate
// holds up wait for the rate, not for what the nodes that are ready lack, if the
// others have room for all of them, or are more.
func TestNodesHeldUpAtTheirStart(t *testing.T) {
	for _, c := range []struct {
		ready, heldUp, pods int
		want                Kind
	}{
		{1, 1, 5 + 5, KindThrottling},
		{1, 1, 5 + 6, KindMaxPods}, // one too many: and as many nodes as are full
		{1, 2, 5 + 11, KindThrottling},
		{0, 1, 20, KindThrottling},
		{2, 1, 10 + 6, KindMaxPods},
	} {
		cfg := baseConfig("a")
		cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", c.ready+c.heldUp)}
		cfg.NodeGroups[0].MaxPods = 7 // two of them aws-node and kube-proxy
		cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Replicas: c.pods, At: time.Second}}
		cfg.Duration = 10 * time.Second
		log := playThrottled(t, cfg, func(e *engine) {
			e.ec2.throttle.buckets[AssignPrivateIpAddresses] = filled(c.ready)
			e.at(9_000, func() { e.ec2.throttle.buckets[AssignPrivateIpAddresses] = filled(100) })
		})
		last := map[model.PodName]Kind{}
		for _, ev := range find[PodUnschedulable](log, nil) {
			if b := ev.Body.(PodUnschedulable); ev.At < 9_000 {
				last[b.Pod] = b.Reason
			}
		}
		require.Len(t, last, c.pods-5*c.ready, "%+v", c)
		for pod, kind := range last {
			require.Equal(t, c.want, kind, "%+v %s", c, pod)
		}
		for _, ev := range find[ExhaustionBegan](log, func(b ExhaustionBegan) bool { return b.Kind == KindThrottling }) {
			require.Equal(t, reasonStartUp, ev.Body.(ExhaustionBegan).Reason)
		}
	}
}

// TestPodsLearnThatAStartIsHeldUp although nothing has changed for the better; and
// that it is no more, when the node is gone.
func TestPodsLearnThatAStartIsHeldUp(t *testing.T) {
	cfg := baseConfig("a")
	cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", 2)}
	cfg.NodeGroups[0].MaxPods = 7
	cfg.NodeGroups[0].AgentStart = 0
	cfg.NodeGroups[0].Every = 20 * time.Second
	cfg.NodeGroups[0].AgentStartLater = time.Second
	cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Replicas: 10, At: time.Second}}
	cfg.Steps = []Step{{At: 30 * time.Second, Action: Terminate{Node: "n-1"}}}
	cfg.Duration = time.Minute
	log := playThrottled(t, cfg, func(e *engine) { e.ec2.throttle.buckets[AssignPrivateIpAddresses] = filled(1) })
	kinds := map[Kind]model.Instant{}
	began := find[ExhaustionBegan](log, nil)
	for _, ev := range began {
		kinds[ev.Body.(ExhaustionBegan).Kind] = ev.At
	}
	require.Len(t, began, 3)
	require.Equal(t, KindMaxPods, began[0].Body.(ExhaustionBegan).Kind)
	require.Equal(t, KindThrottling, began[1].Body.(ExhaustionBegan).Kind)
	require.Equal(t, model.Instant(21_100), began[1].At, "the start-up's first refusal")
	require.Equal(t, KindMaxPods, began[2].Body.(ExhaustionBegan).Kind)
	require.Equal(t, model.Instant(30_000), began[2].At)
}

// TestPodsOnANodeThatIsHeldUp: row a, by the code of the start-up's last refusal.
func TestPodsOnANodeThatIsHeldUp(t *testing.T) {
	cfg := baseConfig("a")
	cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", 1)}
	cfg.Kubelet.Retry = Range{time.Second, time.Second}
	cfg.Steps = []Step{{Action: Create{Pod: "pinned", Spec: PodSpec{Node: "n-0"}}}}
	cfg.Duration = 30 * time.Second
	log := playThrottled(t, cfg, func(e *engine) { e.ec2.throttle.buckets[AssignPrivateIpAddresses] = filled(0) })
	kinds := kindsAt(log)
	require.Equal(t, KindMisconfig, kinds[0], "nothing is refused yet")
	require.Equal(t, KindThrottling, kinds[1000])
	require.Equal(t, KindThrottling, kinds[29_000])
}

// TestBranchesWaitForTheControllersPace, and for EC2's rate: pods that the controller
// comes to late wait for its calls; those that it serves at once wait for nothing.
func TestBranchesWaitForTheControllersPace(t *testing.T) {
	branches := func(pods int, arrange func(e *engine)) []Event {
		cfg := baseConfig("a")
		cfg.CNI.Env["ENABLE_POD_ENI"] = "true"
		cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", 10)}
		cfg.NodeGroups[0].Type.TrunkingCompatible, cfg.NodeGroups[0].Type.BranchENIs = true, 20
		cfg.Controller.BranchDelay = time.Second
		cfg.Workloads = []Workload{{Name: "sg", Kind: Deployment, Replicas: pods, At: time.Minute, Pod: PodSpec{BranchGroups: []model.SecurityGroup{"sg"}}}}
		cfg.Duration = 5 * time.Minute
		return playThrottled(t, cfg, arrange)
	}
	nothing := func(*engine) {}
	// A pod takes two calls; by the second attempt, 10 s after the first, 18 + 12·9
	// are through.
	require.Empty(t, find[ExhaustionBegan](branches(60, nothing), nil))
	began := find[ExhaustionBegan](branches(150, nothing), nil)
	require.Len(t, began, 1)
	b := began[0].Body.(ExhaustionBegan)
	require.Equal(t, []any{KindThrottling, reasonPace}, []any{b.Kind, b.Reason})
	began = find[ExhaustionBegan](branches(3, func(e *engine) {
		e.at(60_000, func() { e.ec2.throttle.buckets[CreateNetworkInterface] = filled(0) })
	}), nil)
	require.Len(t, began, 1)
	b = began[0].Body.(ExhaustionBegan)
	require.Equal(t, []any{KindThrottling, string(model.RequestLimitExceeded)}, []any{b.Kind, b.Reason})
}

// TestPodsWaitForATrunkThatIsHeldUp, those without a node and one that is on it; while
// the trunk only takes its time they wait for nothing.
func TestPodsWaitForATrunkThatIsHeldUp(t *testing.T) {
	for _, tokens := range []int{1, 0} {
		cfg := baseConfig("a")
		cfg.CNI.Env["ENABLE_POD_ENI"] = "true"
		cfg.Kubelet.Retry = Range{time.Second, time.Second}
		cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", 1)}
		cfg.NodeGroups[0].Type.TrunkingCompatible, cfg.NodeGroups[0].Type.BranchENIs = true, 9
		cfg.CNI.Env["WARM_IP_TARGET"] = "1" // the agent attaches no ENI
		cfg.Controller.TrunkDelay = 8 * time.Second
		spec := PodSpec{BranchGroups: []model.SecurityGroup{"sg"}}
		cfg.Workloads = []Workload{{Name: "sg", Kind: Deployment, Replicas: 2, At: 2 * time.Second, Pod: spec}}
		spec.Node = "n-0"
		cfg.Steps = []Step{{At: 3 * time.Second, Action: Create{Pod: "pinned", Spec: spec}}}
		cfg.Duration = 10 * time.Second
		log := playThrottled(t, cfg, func(e *engine) {
			e.ec2.throttle.buckets[AttachNetworkInterface] = filled(tokens)
		})
		tried := find(log, func(b EC2Returned) bool { return b.Action == AttachNetworkInterface })
		require.NotEmpty(t, tried)
		waits := map[model.PodName]Kind{}
		for _, ev := range log {
			switch b := ev.Body.(type) {
			case PodUnschedulable:
				waits[b.Pod] = b.Reason
			case PodSetupFailed:
				waits[b.Pod] = b.Reason
			}
			if ev.At < tried[0].At {
				require.NotEqual(t, TypeExhaustionBegan, ev.Body.Type())
			}
		}
		want := map[model.PodName]Kind{"sg-0": KindThrottling, "sg-1": KindThrottling, "pinned": KindThrottling}
		if tokens > 0 {
			want = map[model.PodName]Kind{"sg-0": "", "sg-1": "", "pinned": ""}
		}
		require.Equal(t, want, waits)
	}
}

// A call that fails on EC2's side and is tried again is no matter of EC2's rate: what
// waits for it says so, while the client tries and when it has given up.
func TestFailingCallIsNotPutDownToTheRate(t *testing.T) {
	for _, code := range []model.ErrorCode{model.InternalError, model.RequestLimitExceeded} {
		cfg := faulty(Fault{Action: CreateNetworkInterface, Error: code})
		cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Replicas: 25, At: time.Second}}
		began := find[ExhaustionBegan](events(t, cfg), nil)
		kinds := map[Kind]string{}
		for _, e := range began {
			kinds[e.Body.(ExhaustionBegan).Kind] = e.Body.(ExhaustionBegan).Reason
		}
		if code == model.InternalError {
			require.Equal(t, string(code), kinds[KindMisconfig])
			require.NotContains(t, kinds, KindThrottling)
		} else {
			require.Contains(t, kinds, KindThrottling)
		}
	}
}
