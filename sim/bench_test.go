package sim

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// Benchmarks of whole runs. Besides the time they report events a second of
// real time and, where pods stay, bytes a pod.
//
//	go test ./sim -run - -bench . -benchmem

// BenchmarkChurn is one node on which pods come and go for an hour.
func BenchmarkChurn(b *testing.B) {
	cfg := benchConfig(1, 1, 29, false)
	for i := range 3600 {
		at := time.Duration(i) * time.Second
		name := model.PodName(fmt.Sprint("p-", i))
		cfg.Steps = append(cfg.Steps,
			Step{At: at, Action: Create{Pod: name, Spec: PodSpec{Node: "n-0"}}},
			Step{At: at + 10*time.Second, Action: Delete{Pod: name}})
	}
	cfg.Duration = time.Hour
	bench(b, cfg)
}

// BenchmarkIdle is a day of 10,000 nodes without pods: agents that have nothing
// to do must cost nothing.
func BenchmarkIdle(b *testing.B) {
	cfg := benchConfig(10_000, 0, 29, false)
	cfg.Duration = 24 * time.Hour
	bench(b, cfg)
}

// BenchmarkFleet is 5,000 nodes that fill with 150,000 pods at once, until all
// has settled.
func BenchmarkFleet(b *testing.B) {
	for _, prefixes := range []bool{false, true} {
		b.Run(fmt.Sprintf("prefixes=%t", prefixes), func(b *testing.B) {
			bench(b, benchConfig(5000, 150_000, 110, prefixes))
		})
	}
}

// BenchmarkRollout replaces 10,000 pods on 500 nodes.
func BenchmarkRollout(b *testing.B) {
	cfg := benchConfig(500, 10_000, 110, false)
	cfg.Steps = []Step{{At: 10 * time.Minute, Action: Rollout{"web"}}}
	bench(b, cfg)
}

// BenchmarkStarved is 20,000 pods that are pinned to nodes of a full subnet and
// try again for half an hour.
func BenchmarkStarved(b *testing.B) {
	cfg := benchConfig(400, 0, 110, false)
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/20")
	cfg.NodeGroups[0].Subnets = cfg.NodeGroups[0].Subnets[:1]
	for i := range 20_000 {
		cfg.Steps = append(cfg.Steps, Step{Action: Create{Pod: model.PodName(fmt.Sprint("p-", i)), Spec: PodSpec{Node: model.NodeName(fmt.Sprint("n-", i%400))}}})
	}
	cfg.Duration = 30 * time.Minute
	bench(b, cfg)
}

// benchConfig is a cluster with the usual latencies and chance everywhere, with
// pods of one workload.
func benchConfig(nodes, pods, maxPods int, prefixes bool) Config {
	cfg := baseConfig()
	cfg.EC2 = EC2Config{Order: OrderRandom, DetachPause: 2 * time.Second, Latency: map[Action]Range{}}
	for action, d := range map[Action]time.Duration{
		CreateNetworkInterface: time.Second, AttachNetworkInterface: 3 * time.Second, ModifyNetworkInterfaceAttribute: 200 * time.Millisecond,
		AssignPrivateIpAddresses: 500 * time.Millisecond, UnassignPrivateIpAddresses: 500 * time.Millisecond,
		DescribeInstances: 100 * time.Millisecond, DescribeNetworkInterfaces: 100 * time.Millisecond,
		DetachNetworkInterface: time.Second, DeleteNetworkInterface: 500 * time.Millisecond,
	} {
		cfg.EC2.Latency[action] = Range{d, d}
	}
	cfg.Agent = AgentConfig{Order: OrderRandom, Restart: 5 * time.Second, Exit: Backoff{Min: 10 * time.Second, Max: 5 * time.Minute}}
	kind, _ := model.LookupInstanceType("m5.xlarge")
	group := NodeGroup{Name: "n", Type: kind, Count: nodes, MaxPods: maxPods, CPUMilli: 3920, MemoryMiB: 14000}
	// Enough subnets for all: 20 /16 in three zones.
	for i := range 20 {
		id := model.SubnetID(fmt.Sprint("s", i))
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{
			Name: id, Zone: string(rune('a' + i%3)), CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 16),
		})
		group.Subnets = append(group.Subnets, id)
	}
	cfg.NodeGroups = []NodeGroup{group}
	if prefixes {
		cfg.CNI.Env["ENABLE_PREFIX_DELEGATION"] = "true"
	}
	cfg.Workloads = []Workload{{
		Name: "web", Kind: Deployment, Replicas: pods, MaxSurge: IntOrPercent{25, true}, MaxUnavailable: IntOrPercent{25, true},
		Pod: PodSpec{ReadyAfter: time.Second, StopAfter: time.Second},
	}}
	return cfg
}

func bench(b *testing.B, cfg Config) {
	b.ReportAllocs()
	events := 0
	var perPod uint64
	for b.Loop() {
		e, err := newEngine(cfg, func(Event) error {
			events++
			return nil
		})
		require.NoError(b, err)
		before := heap()
		e.start()
		e.loop()
		e.end()
		require.NoError(b, e.sinkErr)
		if n := len(e.podNamed); n > 1000 {
			b.StopTimer()
			perPod = (heap() - before) / uint64(n)
			b.StartTimer()
		}
		runtime.KeepAlive(e)
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	if perPod > 0 {
		b.ReportMetric(float64(perPod), "B/pod")
	}
}

// heap is what lives on the heap.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestIdleNodesSleep counts timers in place of time: however long idle nodes
// live, they take no more of them.
func TestIdleNodesSleep(t *testing.T) {
	timers := func(d time.Duration) int {
		cfg := benchConfig(20, 0, 29, false)
		cfg.Duration = d
		e, err := newEngine(cfg, func(Event) error { return nil })
		require.NoError(t, err)
		n := 0
		e.afterTimer = func() { n++ }
		e.start()
		e.loop()
		return n
	}
	require.Equal(t, timers(10*time.Minute), timers(24*time.Hour))
}
