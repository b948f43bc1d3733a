package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// baseConfig is a cluster without latencies in one subnet a zone, without node
// groups and workloads.
func baseConfig(zones ...string) Config {
	cfg := Config{
		Name:      "test",
		Seed:      1,
		Cluster:   ClusterConfig{Name: "test", SystemPods: 2},
		CNI:       CNIConfig{Version: model.DefaultVersion, Env: model.DaemonSetEnv()},
		EC2:       EC2Config{Order: OrderLowest},
		Agent:     AgentConfig{Order: OrderOrdered, Exit: Backoff{Never: true}},
		Scheduler: SchedulerConfig{Strategy: StrategyKube},
		Kubelet:   KubeletConfig{Retry: Range{10 * time.Second, 15 * time.Second}},
	}
	for i, zone := range zones {
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{
			Name: model.SubnetID(zone), Zone: zone,
			CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 16),
		})
	}
	return cfg
}

// baseGroup is a node group in all subnets whose nodes have far more addresses
// than pods.
func baseGroup(cfg Config, name string, count int) NodeGroup {
	g := NodeGroup{
		Name: name, Count: count, MaxPods: 29,
		Type: model.InstanceType{Name: "large", VCPU: 2, MemoryMiB: 8192, MaxENIs: 3, IPv4PerENI: 50, NetworkCards: 1, Hypervisor: "nitro"},
	}
	for _, s := range cfg.Subnets {
		g.Subnets = append(g.Subnets, s.Name)
	}
	return g
}

// TestPodScripts plays the clusters of testdata/pods and compares what becomes
// of their pods. A script's command is run; its input has a line for each thing
// that the cluster has or that happens:
//
//	run show=created,bound strategy=binpack until=1m zones=a,b
//	nodes workers count=2 max-pods=5 cpu=2000 memory=4000 taint=gpu=yes:NoSchedule label=disk=ssd
//	workload web kind=StatefulSet replicas=3 at=1s surge=25% unavailable=1 cpu=100
//	at 10s scale workload=web replicas=5 over=4s
//
// Without show all that happens to pods is told. Equal things that follow each
// other are one line.
func TestPodScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/pods", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			require.Equal(t, "run", d.Cmd)
			return playScript(t, d)
		})
	})
}

func playScript(t *testing.T, d *datadriven.TestData) string {
	zones := []string{"a"}
	var show []string
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "zones":
			zones = strings.Split(a.Vals[0], ",")
		case "show":
			show = strings.Split(a.Vals[0], ",")
		}
	}
	cfg := baseConfig(zones...)
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "strategy":
			cfg.Scheduler.Strategy = Strategy(a.Vals[0])
		case "delay":
			cfg.Scheduler.Delay = duration(t, a.Vals[0])
		case "until":
			cfg.Duration = duration(t, a.Vals[0])
		}
	}
	for line := range strings.Lines(d.Input) {
		scriptLine(t, &cfg, strings.Fields(line))
	}
	return story(playAll(t, cfg), show)
}

// playAll runs the configuration and returns its events.
func playAll(t testing.TB, cfg Config) []Event {
	var events []Event
	require.NoError(t, Run(cfg, func(e Event) error {
		events = append(events, e)
		return nil
	}))
	return events
}

func scriptLine(t *testing.T, cfg *Config, words []string) {
	switch words[0] {
	case "nodes":
		g := baseGroup(*cfg, words[1], 1)
		args := arguments(t, words[2:])
		args.number("count", &g.Count)
		args.number("max-pods", &g.MaxPods)
		args.number("cpu", &g.CPUMilli)
		args.number("memory", &g.MemoryMiB)
		args.duration("start", &g.AgentStart)
		args.duration("start-later", &g.AgentStartLater)
		g.Labels = args.pair("label")
		if key, rest, ok := strings.Cut(args.text("taint"), "="); ok {
			value, effect, _ := strings.Cut(rest, ":")
			g.Taints = []Taint{{key, value, effect}}
		}
		args.done()
		cfg.NodeGroups = append(cfg.NodeGroups, g)
	case "workload":
		w := Workload{Name: model.WorkloadName(words[1]), Kind: Deployment, Replicas: 1,
			MaxSurge: IntOrPercent{25, true}, MaxUnavailable: IntOrPercent{25, true},
			Pod: PodSpec{ReadyAfter: time.Second, StopAfter: time.Second}}
		args := arguments(t, words[2:])
		if kind := args.text("kind"); kind != "" {
			w.Kind = WorkloadKind(kind)
		}
		if w.Kind == DaemonSet {
			w.MaxSurge, w.MaxUnavailable = IntOrPercent{}, IntOrPercent{Value: 1}
		}
		args.duration("at", &w.At)
		args.number("replicas", &w.Replicas)
		args.number("completions", &w.Completions)
		args.part("surge", &w.MaxSurge)
		args.part("unavailable", &w.MaxUnavailable)
		args.spec(&w.Pod)
		args.done()
		cfg.Workloads = append(cfg.Workloads, w)
	case "at":
		args := arguments(t, words[3:])
		s := Step{At: duration(t, words[1])}
		args.duration("over", &s.Over)
		s.Action = args.action(words[2])
		args.done()
		cfg.Steps = append(cfg.Steps, s)
	default:
		t.Fatalf("unknown line %q", words)
	}
}

// keywords are a line's arguments that have not been asked for yet.
type keywords struct {
	t     *testing.T
	words map[string]string
}

func arguments(t *testing.T, words []string) keywords {
	k := keywords{t, map[string]string{}}
	for _, w := range words {
		key, value, ok := strings.Cut(w, "=")
		require.True(t, ok, "%q is not key=value", w)
		k.words[key] = value
	}
	return k
}

func (k keywords) done() { require.Empty(k.t, k.words, "unknown arguments") }

func (k keywords) text(key string) string {
	value := k.words[key]
	delete(k.words, key)
	return value
}

func (k keywords) number(key string, to *int) {
	if text := k.text(key); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(k.t, err)
		*to = n
	}
}

func (k keywords) duration(key string, to *time.Duration) {
	if text := k.text(key); text != "" {
		*to = duration(k.t, text)
	}
}

func (k keywords) part(key string, to *IntOrPercent) {
	if text := k.text(key); text != "" {
		number, percent := strings.CutSuffix(text, "%")
		n, err := strconv.Atoi(number)
		require.NoError(k.t, err)
		*to = IntOrPercent{n, percent}
	}
}

func (k keywords) pair(key string) map[string]string {
	if name, value, ok := strings.Cut(k.text(key), "="); ok {
		return map[string]string{name: value}
	}
	return nil
}

func (k keywords) spec(p *PodSpec) {
	k.number("cpu", &p.CPUMilli)
	k.number("memory", &p.MemoryMiB)
	k.duration("ready-after", &p.ReadyAfter)
	k.duration("stop-after", &p.StopAfter)
	k.duration("run-for", &p.RunFor)
	p.NodeSelector = k.pair("selector")
	if key := k.text("tolerate"); key != "" {
		p.Tolerations = []Toleration{{Key: key, Operator: "Exists"}}
	}
	p.Node = model.NodeName(k.text("node"))
}

func (k keywords) action(name string) StepAction {
	workload := func() model.WorkloadName { return model.WorkloadName(k.text("workload")) }
	node := func() model.NodeName { return model.NodeName(k.text("node")) }
	var count int
	k.number("count", &count)
	switch name {
	case "scale":
		s := Scale{Workload: workload()}
		k.number("replicas", &s.Replicas)
		return s
	case "rollout":
		return Rollout{workload()}
	case "create":
		c := Create{Pod: model.PodName(k.text("pod")), Workload: workload()}
		k.spec(&c.Spec)
		return c
	case "delete":
		return Delete{Pod: model.PodName(k.text("pod")), Workload: workload(), Count: count}
	case "addNodes":
		return AddNodes{Group: k.text("group"), Count: count}
	case "cordon":
		return Cordon{node()}
	case "uncordon":
		return Uncordon{node()}
	case "drain":
		return Drain{node()}
	case "terminate":
		return Terminate{node()}
	case "churn":
		c := Churn{Workload: workload()}
		k.number("per-minute", &c.PerMinute)
		k.duration("min", &c.Lifetime.Min)
		k.duration("max", &c.Lifetime.Max)
		k.duration("for", &c.For)
		return c
	default:
		k.t.Fatalf("unknown step %q", name)
		return nil
	}
}

func duration(t *testing.T, text string) time.Duration {
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

// story tells what became of the pods: instant, what, where, which pods.
func story(events []Event, show []string) string {
	var out strings.Builder
	last, end := "", ""
	for _, e := range events {
		what, pod, why := podEvent(e.Body)
		if what == "" || len(show) > 0 && !slices.Contains(show, what) {
			continue
		}
		head := strings.TrimRight(fmt.Sprintf("%-6s %-13s %s", e.At, what, e.Node), " ") + why
		switch {
		case head == last:
			out.WriteString(" " + pod)
		default:
			out.WriteString(end + head + ": " + pod)
			last, end = head, "\n"
		}
	}
	return out.String() + "\n"
}

// podEvent is what happened to which pod, and why, of events about pods.
func podEvent(body Body) (what, pod, why string) {
	_, what, _ = strings.Cut(string(body.Type()), ".")
	switch b := body.(type) {
	case PodCreated:
		return what, string(b.Pod), ""
	case PodBound:
		return what, string(b.Pod), ""
	case PodUnschedulable:
		return what, string(b.Pod), fmt.Sprintf(" attempt %d, kind %q, %s", b.Attempt, b.Reason, b.Message)
	case PodSetupFailed:
		return what, string(b.Pod), ""
	case PodReady:
		return what, string(b.Pod), ""
	case PodDeleted:
		return what, string(b.Pod), ""
	case PodReleased:
		return what, string(b.Pod), ""
	case PodCompleted:
		return what, string(b.Pod), ""
	default:
		return "", "", ""
	}
}
