package sim

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

func TestChurnIsEvenlySpaced(t *testing.T) {
	for _, c := range []struct {
		perMinute int
		span      time.Duration
		count     int
		last      time.Duration
	}{
		{60, time.Minute, 60, 59 * time.Second},
		{60, time.Minute + time.Millisecond, 61, time.Minute},
		{7, time.Minute, 7, 51428 * time.Millisecond},
		{1, time.Minute, 1, 0},
		{1, time.Minute + time.Millisecond, 2, time.Minute},
		{1, time.Millisecond, 1, 0},
		{120_000, time.Second, 2000, 999 * time.Millisecond}, // two in a millisecond
		{10, 0, 0, 0},
		{0, time.Minute, 0, 0},
	} {
		name := fmt.Sprintf("%d a minute for %s", c.perMinute, c.span)
		a := Churn{PerMinute: c.perMinute, For: c.span}
		require.Equal(t, c.count, churnCount(a), name)
		if c.count > 0 {
			require.Equal(t, c.last, churnAt(c.count-1, c.perMinute), name)
			require.GreaterOrEqual(t, churnAt(c.count, c.perMinute), c.span, name)
		}
	}
}

// TestChurnLifetimesAreUniform: between min and max, both met, and in whole
// milliseconds.
func TestChurnLifetimesAreUniform(t *testing.T) {
	cfg := baseConfig("a")
	g := baseGroup(cfg, "workers", 1)
	g.MaxPods = 1000
	cfg.NodeGroups = []NodeGroup{g}
	cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Pod: PodSpec{HostNetwork: true}}}
	cfg.Steps = []Step{{Action: Churn{Workload: "web", PerMinute: 600, For: time.Minute, Lifetime: Range{1 * time.Millisecond, 4 * time.Millisecond}}}}
	created := map[model.PodName]model.Instant{}
	counts := map[time.Duration]int{}
	for _, e := range playAll(t, cfg) {
		switch b := e.Body.(type) {
		case PodCreated:
			created[b.Pod] = e.At
		case PodDeleted:
			counts[e.At.Sub(created[b.Pod])]++
		}
	}
	require.Len(t, created, 600)
	require.Len(t, counts, 4)
	for life := 1; life <= 4; life++ {
		require.InDelta(t, 150, counts[time.Duration(life)*time.Millisecond], 50)
	}
}

// TestReplayKeepsItsInstants plays a trace and reads its instants off the log.
func TestReplayKeepsItsInstants(t *testing.T) {
	cfg := baseConfig("a")
	g := baseGroup(cfg, "workers", 2)
	g.MaxPods = 3
	cfg.NodeGroups = []NodeGroup{g}
	pinned := PodSpec{Node: "workers-1"}
	cfg.Steps = []Step{{At: 10 * time.Second, Action: Replay{Pods: []TracePod{
		{Pod: "long", CreateAt: 0, DeleteAt: 9 * time.Second},
		{Pod: "stays", CreateAt: 0, Stays: true, Spec: pinned},
		{Pod: "short", CreateAt: time.Second, DeleteAt: time.Second},
		{Pod: "early", CreateAt: 2 * time.Second, DeleteAt: 4 * time.Second, Spec: pinned},
		{Pod: "long", CreateAt: 3 * time.Second, DeleteAt: 5 * time.Second}, // the name is taken
		{Pod: "next", CreateAt: 4 * time.Second, DeleteAt: 6 * time.Second, Spec: pinned},
	}}}}
	require.Equal(t, `10s    created: long stays
10s    bound         workers-1: stays
10s    bound         workers-0: long
11s    created: short
11s    deleted: short
12s    created: early
12s    bound         workers-1: early
14s    deleted       workers-1: early
14s    created: next
14s    bound         workers-1: next
16s    deleted       workers-1: next
19s    deleted       workers-0: long
`, story(playAll(t, cfg), []string{"created", "bound", "deleted"}))
}

// TestReplayHasOneTimer: a long trace does not fill the queue.
func TestReplayHasOneTimer(t *testing.T) {
	cfg := baseConfig("a")
	cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "workers", 1)}
	var rows []TracePod
	for i := range 1000 {
		at := time.Duration(i+1) * time.Second
		rows = append(rows, TracePod{Pod: model.PodName(fmt.Sprint(i)), CreateAt: at, DeleteAt: at + time.Hour, Spec: PodSpec{HostNetwork: true}})
	}
	e := readyEngine(t, cfg)
	before := e.queue.len()
	e.workloads.replay(Replay{Pods: rows})
	require.Equal(t, before+1, e.queue.len())
}

// TestCreateTakesWhatIsSet: fields of the step win over the workload's.
func TestCreateTakesWhatIsSet(t *testing.T) {
	base := PodSpec{
		Namespace: "shop", Labels: map[string]string{"app": "web"}, ServiceAccount: "web", CPUMilli: 100, MemoryMiB: 200,
		NodeSelector: map[string]string{"disk": "ssd"}, Tolerations: []Toleration{{Key: "gpu"}},
		Annotations: map[string]string{"a": "b"}, ReadyAfter: time.Second, StopAfter: time.Second, RunFor: time.Minute,
	}
	want := base
	want.ReadyAfter, want.StopAfter = 0, 0
	require.Equal(t, want, overlay(base, PodSpec{}))

	full := PodSpec{
		Namespace: "other", Labels: map[string]string{}, ServiceAccount: "other", CPUMilli: 1, MemoryMiB: 2,
		NodeSelector: map[string]string{}, Tolerations: []Toleration{}, Annotations: map[string]string{},
		HostNetwork: true, Node: "workers-0", ReadyAfter: 3, StopAfter: 4, RunFor: 5,
	}
	require.Equal(t, full, overlay(base, full))
}

// TestNamesThatNothingHasAreRefused before the run begins.
func TestNamesThatNothingHasAreRefused(t *testing.T) {
	for _, action := range []StepAction{
		Scale{Workload: "no"}, Rollout{"no"}, Churn{Workload: "no"}, Create{Pod: "x", Workload: "no"}, Delete{Workload: "no", Count: 1},
	} {
		cfg := baseConfig("a")
		cfg.Steps = []Step{{Action: action}}
		err := Run(cfg, func(Event) error { return nil })
		require.EqualError(t, err, `step 1: no workload "no"`)
	}
	cfg := baseConfig("a")
	cfg.Workloads = []Workload{{Name: "web", Kind: Deployment}, {Name: "web", Kind: Job}}
	require.EqualError(t, Run(cfg, func(Event) error { return nil }), `two workloads "web"`)
}

// busyConfig has everything at once that makes and places pods.
func busyConfig(seed uint64) Config {
	cfg := twinCluster(StrategyKube)
	cfg.Seed = seed
	cfg.Scheduler.Delay = 30 * time.Millisecond
	for i := range cfg.Workloads {
		w := &cfg.Workloads[i]
		w.Kind = []WorkloadKind{Deployment, StatefulSet, DaemonSet, Job}[i]
		w.Replicas, w.Completions = 12, 40
		w.MaxSurge, w.MaxUnavailable = IntOrPercent{25, true}, IntOrPercent{25, true}
		w.Pod.ReadyAfter, w.Pod.StopAfter = time.Second, 2*time.Second
	}
	cfg.Workloads[3].Pod.RunFor = 20 * time.Second
	sec := time.Second
	cfg.Steps = []Step{
		{At: 5 * sec, Over: 30 * sec, Action: Scale{"w0", 90}},
		{At: 10 * sec, Action: Churn{"w0", 120, Range{sec, 40 * sec}, 2 * time.Minute}},
		{At: 20 * sec, Action: Rollout{"w0"}},
		{At: 30 * sec, Over: 20 * sec, Action: Rollout{"w2"}},
		{At: 35 * sec, Action: Rollout{"w1"}},
		{At: 40 * sec, Action: Terminate{"big-3"}},
		{At: 45 * sec, Action: Drain{"big-4"}},
		{At: 50 * sec, Action: AddNodes{"big", 2}},
		{At: 60 * sec, Over: 10 * sec, Action: Delete{Workload: "w0", Count: 20}},
		{At: 90 * sec, Over: 10 * sec, Action: Scale{"w0", 3}},
		{At: 95 * sec, Action: Uncordon{"big-4"}},
	}
	return cfg
}

// TestSameSeedSameLog compares the bytes of two runs, and of two seeds.
func TestSameSeedSameLog(t *testing.T) {
	log := func(seed uint64) string {
		var out []byte
		for _, e := range playAll(t, busyConfig(seed)) {
			line, err := json.Marshal(e)
			require.NoError(t, err)
			out = append(append(out, line...), '\n')
		}
		return string(out)
	}
	require.Equal(t, log(1), log(1))
	require.NotEqual(t, log(1), log(2))
}

// TestWhatCanStartDoes checks the end of a busy run: replicas are met, each
// living node that matches has its DaemonSet's pod, the Job is done, and no
// node has more pods or requests than it takes.
func TestWhatCanStartDoes(t *testing.T) {
	first, end := seeds(t, 10)
	for seed := first; seed < end; seed++ {
		cfg := busyConfig(seed)
		e, err := newEngine(cfg, func(Event) error { return nil })
		require.NoError(t, err)
		e.start()
		e.loop()
		require.Equal(t, "settled", e.endedBy)
		ready := map[model.WorkloadName]int{}
		living := 0
		for _, n := range e.nodes {
			if n.gone {
				require.Empty(t, n.pods)
				continue
			}
			living++
			require.LessOrEqual(t, n.podCount(), n.maxPods)
			require.LessOrEqual(t, n.cpuMilli, n.group.CPUMilli)
			for _, p := range n.pods {
				require.Equal(t, podRunning, p.phase, "%s", p.name)
				require.False(t, p.beside, "%s", p.name)
				ready[p.owner.Name]++
			}
		}
		require.Equal(t, 3, ready["w0"])
		require.Equal(t, 12, ready["w1"])
		require.Len(t, e.workloads.named["w2"].control.(*daemonSet).order, 7)
		require.Zero(t, ready["w3"])
		require.Equal(t, 40, e.workloads.named["w3"].control.(*job).done)
		require.Equal(t, living, e.scheduler.living)
		for _, spread := range e.scheduler.spreadList {
			sum := 0
			for _, n := range spread.node {
				sum += n
			}
			for _, n := range spread.zone {
				sum -= n
			}
			require.Zero(t, sum)
		}
	}
}
