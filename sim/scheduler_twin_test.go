package sim

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// readyEngine is an engine at the instant at which all nodes are ready and
// nothing else has happened.
func readyEngine(t testing.TB, cfg Config) *engine {
	cfg.Duration = time.Millisecond
	e, err := newEngine(cfg, func(Event) error { return nil })
	require.NoError(t, err)
	e.start()
	e.loop()
	e.endedBy = ""
	return e
}

// choiceTwin chooses by walking over all nodes and all of their pods.
type choiceTwin struct {
	e     *engine
	owner *workload
	class *podClass
}

// rank is what choose should minimise.
func (w choiceTwin) rank(n *node) [3]int {
	switch w.e.cfg.Scheduler.Strategy {
	case StrategyBinpack:
		return [3]int{-allocated(w.class.spec, n), n.index}
	case StrategyFirstFit:
		return [3]int{n.index}
	case StrategyRandom:
		return [3]int{}
	default:
		out := [3]int{0, 0, allocated(w.class.spec, n)}
		for _, other := range w.e.nodes {
			for _, p := range other.pods {
				if w.owner == nil || p.owner != w.owner {
					continue
				}
				if other.subnet.zone == n.subnet.zone {
					out[0]++
				}
				if other == n {
					out[1]++
				}
			}
		}
		return out
	}
}

// best returns the least rank, and the nodes that do not fit by outcome.
func (w choiceTwin) best() (best [3]int, found bool, t tally, living int) {
	for _, n := range w.e.nodes {
		if n.gone {
			continue
		}
		living++
		o := w.e.scheduler.judge(w.class, n)
		t.count(o, 1)
		if o != outcomeFits {
			continue
		}
		if r := w.rank(n); !found || compareRanks(r, best) < 0 {
			best, found = r, true
		}
	}
	return best, found, t, living
}

func compareRanks(a, b [3]int) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]), cmp.Compare(a[2], b[2]))
}

// twinCluster is two node groups in three zones and some workloads.
func twinCluster(strategy Strategy) Config {
	cfg := baseConfig("a", "b", "c")
	cfg.Scheduler.Strategy = strategy
	big, small := baseGroup(cfg, "big", 9), baseGroup(cfg, "small", 7)
	big.CPUMilli, big.MemoryMiB, big.MaxPods = 4000, 8000, 12
	small.CPUMilli, small.MaxPods = 1000, 8
	small.Taints = []Taint{{"small", "yes", "NoSchedule"}}
	small.Labels = map[string]string{"size": "small"}
	cfg.NodeGroups = []NodeGroup{big, small}
	tolerant := []Toleration{{Key: "small", Operator: "Exists"}}
	for i, spec := range []PodSpec{
		{},
		{CPUMilli: 300, MemoryMiB: 100, Tolerations: tolerant},
		{CPUMilli: 900, NodeSelector: map[string]string{"size": "small"}, Tolerations: tolerant},
		{MemoryMiB: 2500, Tolerations: []Toleration{{Key: "node.kubernetes.io/not-ready", Operator: "Exists"}}},
	} {
		cfg.Workloads = append(cfg.Workloads, Workload{Name: model.WorkloadName(fmt.Sprintf("w%d", i)), Kind: Job, Pod: spec})
	}
	return cfg
}

// TestChoiceIsThatOfAWalkOverAllNodes does random things to random clusters,
// and compares each choice, and each message, with the twin's.
func TestChoiceIsThatOfAWalkOverAllNodes(t *testing.T) {
	for _, strategy := range []Strategy{StrategyKube, StrategyBinpack, StrategyFirstFit, StrategyRandom} {
		first, end := seeds(t, 4)
		for seed := first; seed < end; seed++ {
			t.Run(fmt.Sprintf("%s/%d", strategy, seed), func(t *testing.T) {
				chance := newStream(seed, "twin")
				e := readyEngine(t, twinCluster(strategy))
				var placed []*pod
				for i := range 2500 {
					switch op := chance.pick(40); {
					case op < 20:
						if p := placeLikeTwin(t, e, chance, i); p != nil {
							placed = append(placed, p)
						}
					case op < 35 && len(placed) > 0:
						at := chance.pick(len(placed))
						e.kubelet.delete(placed[at])
						placed = append(placed[:at], placed[at+1:]...)
					case op == 35:
						e.nodes[chance.pick(len(e.nodes))].cordon()
					case op == 36 || op == 37:
						if n := e.nodes[chance.pick(len(e.nodes))]; !n.gone {
							n.uncordon()
						}
					case op == 38 && len(e.nodes) < 60:
						e.launch(e.groups[chance.pick(2)])
						if n := e.nodes[len(e.nodes)-1]; chance.pick(3) > 0 {
							n.agent.start()
						}
					case op == 39 && chance.pick(3) == 0:
						e.nodes[chance.pick(len(e.nodes))].terminate()
					}
				}
			})
		}
	}
}

func placeLikeTwin(t *testing.T, e *engine, chance *stream, i int) *pod {
	s := e.scheduler
	p := &pod{name: model.PodName(fmt.Sprint(i)), beside: true, seq: i}
	if k := chance.pick(6); k < 4 {
		p.owner = e.workloads.all[k]
		p.spec = &p.owner.Pod
	} else {
		p.spec = &PodSpec{CPUMilli: 100 * (k - 4), HostNetwork: true}
	}
	c := s.classOf(p)
	twin := choiceTwin{e, p.owner, c}
	best, found, tally, living := twin.best()
	n := s.choose(c)
	require.Equal(t, found, n != nil)
	require.Equal(t, s.living, living)
	require.Equal(t, s.message(tally, living), s.message(c.index.tally, living))
	if n == nil {
		return nil
	}
	require.Equal(t, best, twin.rank(n), "node %s", n.name)
	e.podNamed[p.name] = p
	e.kubelet.bind(p, n, false)
	return p
}

// TestTiesAreDrawnEvenly places pods without requests that all nodes take alike
// and counts: 3,000 draws of 3 have a standard deviation of 26.
func TestTiesAreDrawnEvenly(t *testing.T) {
	cfg := baseConfig("a")
	cfg.Scheduler.Strategy = StrategyRandom
	g := baseGroup(cfg, "workers", 3)
	g.MaxPods = 5000
	cfg.NodeGroups = []NodeGroup{g}
	e := readyEngine(t, cfg)
	c := e.scheduler.classOf(&pod{spec: &PodSpec{}})
	counts := make([]int, 3)
	for range 3000 {
		counts[e.scheduler.choose(c).index]++
	}
	for _, n := range counts {
		require.InDelta(t, 1000, n, 130)
	}
}

// TestIndexForgetsWhatItNeedNot: the log of changes and the empty buckets do
// not grow with the length of a run.
func TestIndexForgetsWhatItNeedNot(t *testing.T) {
	cfg := baseConfig("a")
	cfg.Scheduler.Strategy = StrategyBinpack
	g := baseGroup(cfg, "workers", 50)
	g.CPUMilli, g.MaxPods = 100_000, 1000
	cfg.NodeGroups = []NodeGroup{g}
	e := readyEngine(t, cfg)
	spec := &PodSpec{CPUMilli: 100, HostNetwork: true}
	idle := e.scheduler.classOf(&pod{spec: &PodSpec{CPUMilli: 1}})
	require.NotNil(t, e.scheduler.choose(idle))
	for i := range 20_000 {
		p := &pod{name: model.PodName(fmt.Sprint(i)), spec: spec, seq: i}
		c := e.scheduler.classOf(p)
		require.NotNil(t, e.scheduler.choose(c))
		e.kubelet.bind(p, e.nodes[i*7%50], false)
		require.LessOrEqual(t, len(e.scheduler.changes.nodes), 2*50+1024)
		require.LessOrEqual(t, c.index.parts[0].heap.len(), 2*50+2*64)
	}
	require.Nil(t, idle.index, "an index that nobody asks for is given up")
}

// BenchmarkPlace places 150,000 pods of a Deployment on 5,000 nodes: the whole
// run, the nodes' launch included. The pods are on the host network, so that
// no addresses are handed out.
func BenchmarkPlace(b *testing.B) {
	for _, strategy := range []Strategy{StrategyKube, StrategyBinpack, StrategyFirstFit, StrategyRandom} {
		b.Run(string(strategy), func(b *testing.B) {
			cfg := baseConfig("a", "b", "c")
			cfg.Scheduler.Strategy = strategy
			g := baseGroup(cfg, "workers", 5000)
			g.MaxPods, g.CPUMilli, g.MemoryMiB = 32, 4000, 16000
			cfg.NodeGroups = []NodeGroup{g}
			cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Replicas: 150_000, Pod: PodSpec{HostNetwork: true, CPUMilli: 100}}}
			for b.Loop() {
				bound := 0
				require.NoError(b, Run(cfg, func(e Event) error {
					if e.Body.Type() == TypePodBound {
						bound++
					}
					return nil
				}))
				require.Equal(b, 150_000, bound)
			}
		})
	}
}

// BenchmarkRetry tries one pending pod again among 5,000 full nodes, one of
// which has changed.
func BenchmarkRetry(b *testing.B) {
	cfg := baseConfig("a", "b", "c")
	g := baseGroup(cfg, "workers", 5000)
	g.MaxPods = 2
	cfg.NodeGroups = []NodeGroup{g}
	e := readyEngine(b, cfg)
	e.createPod(&pod{name: "pending", spec: &PodSpec{}})
	e.scheduler.run()
	for i := 0; b.Loop(); i++ {
		e.now = e.now.Add(backoffMax)
		e.scheduler.nodeChanged(e.nodes[i%5000])
		e.scheduler.run()
	}
	require.Positive(b, e.podNamed["pending"].tries)
}

// BenchmarkScaleDown deletes 150,000 pods of 5,000 nodes one after the other.
func BenchmarkScaleDown(b *testing.B) {
	cfg := baseConfig("a")
	g := baseGroup(cfg, "workers", 5000)
	g.MaxPods = 32
	cfg.NodeGroups = []NodeGroup{g}
	cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Replicas: 150_000, Pod: PodSpec{HostNetwork: true}}}
	cfg.Steps = []Step{{At: time.Minute, Over: 150 * time.Second, Action: Scale{"web", 0}}}
	for b.Loop() {
		deleted := 0
		require.NoError(b, Run(cfg, func(e Event) error {
			if e.Body.Type() == TypePodDeleted {
				deleted++
			}
			return nil
		}))
		require.Equal(b, 150_000, deleted)
	}
}

// BenchmarkManyClasses replays 8,000 pods of 500 different requests on 1,500
// nodes.
func BenchmarkManyClasses(b *testing.B) {
	cfg := baseConfig("a", "b")
	g := baseGroup(cfg, "workers", 1500)
	g.CPUMilli, g.MemoryMiB = 64_000, 256_000
	cfg.NodeGroups = []NodeGroup{g}
	var rows []TracePod
	for i := range 8000 {
		at := time.Duration(i) * time.Second
		rows = append(rows, TracePod{Pod: model.PodName(fmt.Sprint(i)), CreateAt: at, DeleteAt: at + time.Hour, Spec: PodSpec{HostNetwork: true, CPUMilli: 1 + i*7919%500}})
	}
	cfg.Steps = []Step{{Action: Replay{rows}}}
	for b.Loop() {
		require.NoError(b, Run(cfg, func(Event) error { return nil }))
	}
}
