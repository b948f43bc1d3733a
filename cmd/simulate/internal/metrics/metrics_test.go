package metrics_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

func run(t *testing.T, name string, set ...string) *replay.State {
	t.Helper()
	entry, ok := scenarios.Find(name)
	require.True(t, ok, name)
	s, err := entry.Load(scenarios.Options{Set: set})
	require.NoError(t, err)
	var state replay.State
	require.NoError(t, sim.Run(s.Config(), state.Apply))
	return &state
}

func value(t *testing.T, n metrics.Numbers, name string) metrics.Value {
	t.Helper()
	m, ok := metrics.Find(name)
	require.True(t, ok, name)
	return n.Get(m)
}

func know(n int64) metrics.Value { return metrics.Value{N: n, Known: true} }

// The numbers are those of run -o json and of its last line, over the whole
// library but what takes seconds.
func TestNumbersAreThoseOfTheRun(t *testing.T) {
	for _, e := range scenarios.Library() {
		if e.Name == "large-fleet" || e.Name == "throttling-storm" {
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			s := run(t, e.Name)
			n := metrics.Of(s)
			require.Equal(t, strings.HasPrefix(view.Verdict(s), "Everything fits"), n.Fits())
			sum := view.Document(s).Summary
			for name, want := range map[string]int{
				"pods.created": sum.Pods.Created, "pods.running": sum.Pods.Running, "pods.pending": sum.Pods.Pending,
				"pods.failedAttempts": sum.Pods.FailedAttempts, "pods.gone": sum.Pods.Gone, "nodes": sum.Nodes, "enis": sum.ENIs,
			} {
				require.Equal(t, know(int64(want)), value(t, n, name), name)
			}
			total := 0
			for action, calls := range sum.EC2Calls {
				require.Equal(t, know(int64(calls)), value(t, n, "ec2.calls."+string(action)), action)
				total += calls
			}
			require.Equal(t, know(int64(total)), value(t, n, "ec2.calls"))
			if l := sum.Pods.WaitMs; l != nil {
				require.Equal(t, know(l.P99), value(t, n, "latency.startP99"))
				require.LessOrEqual(t, value(t, n, "latency.toIPMax").N, l.Max)
			}
			if got := s.Pods.StartLatency.Count(); got > 0 && got == s.Pods.Wait.Count() {
				require.Equal(t, sum.Pods.StartLatencyMs, sum.Pods.WaitMs)
				require.Equal(t, know(sum.Pods.TimeToIPMs.Max), value(t, n, "latency.toIPMax"))
			}
		})
	}
}

func TestNumbersOfARunThatFillsANode(t *testing.T) {
	n := metrics.Of(run(t, "default-secondary-ip"))
	require.False(t, n.Fits())
	require.Equal(t, []sim.Kind{sim.KindMaxPods}, n.Lasting)
	require.Equal(t, []sim.Kind{sim.KindWarmPoolLag}, n.Over)
	require.Equal(t, know(27), value(t, n, "addresses.assigned"))
	require.Equal(t, know(0), value(t, n, "addresses.idle"))
	require.Equal(t, know(96_000), value(t, n, "cost.perHour"), "an m5.large")
	// A /24 has 251 addresses: three ENIs of ten.
	require.Equal(t, know(30), value(t, n, "subnets.used"))
	require.Equal(t, know(221), value(t, n, "subnets.free"))
	require.Equal(t, know(221), value(t, n, "subnets.freeMin"))
}

// After a scale-down there are more free addresses than there were at the peak.
func TestFewestFreeAddressesAreThoseOfTheWorstInstant(t *testing.T) {
	n := metrics.Of(run(t, "scale-down-warm-ip-target"))
	require.Less(t, value(t, n, "subnets.freeMin").N, value(t, n, "subnets.free").N)
}

// An idle node's pool is at its size from its start-up on: the mean lies below
// that, but near, and is no less exact than a thousandth.
func TestMeanIsOverTime(t *testing.T) {
	s := run(t, "default-secondary-ip", "workloads.web.replicas=0", "steps=[]", "duration=1h")
	n := metrics.Of(s)
	require.Equal(t, know(9), value(t, n, "addresses.idle"))
	ms := s.Usage.IdleMs(s.Now)
	require.EqualValues(t, 3_600_000, s.Now)
	mean := value(t, n, "addresses.idleMean").N
	require.InDelta(t, float64(ms)/3_600, float64(mean), 0.5)
	require.Less(t, mean, int64(9000))
	require.Greater(t, mean, int64(8900))
}

// What isn't known is unknown, not 0: the latency of no pods, the price of a
// type that nobody lists.
func TestUnknownIsNotZero(t *testing.T) {
	n := metrics.Of(run(t, "default-secondary-ip", "workloads.web.replicas=0", "steps=[]",
		"instanceTypes={our.type: {maxENIs: 2, ipv4PerENI: 4, vcpu: 2, memoryMiB: 4096}}",
		"nodeGroups.workers.instanceType=our.type"))
	require.False(t, value(t, n, "latency.startP99").Known)
	require.False(t, value(t, n, "cost.perHour").Known)
	require.Equal(t, []string{"our.type"}, n.Unpriced)
	require.Equal(t, know(1), value(t, n, "nodes"))
	require.True(t, n.Fits())
}

func TestBetterIsByTheMetricsDirection(t *testing.T) {
	less, _ := metrics.Find("ec2.calls")
	more, _ := metrics.Find("pods.running")
	tells, _ := metrics.Find("addresses.total")
	require.Negative(t, less.Compare(know(1), know(2)))
	require.Positive(t, less.Compare(know(2), know(1)))
	require.Negative(t, more.Compare(know(2), know(1)))
	require.Zero(t, tells.Compare(know(2), know(1)))
	for _, m := range []metrics.Metric{less, more} {
		require.Positive(t, m.Compare(metrics.Value{}, know(9)), "unknown is worst")
		require.Negative(t, m.Compare(know(9), metrics.Value{}))
		require.Zero(t, m.Compare(metrics.Value{}, metrics.Value{}))
	}
}

func TestBoundsHoldOnTheirSide(t *testing.T) {
	for text, keeps := range map[string][3]bool{ // below, at, above
		"latency.startP99<=5s":     {true, true, false},
		"latency.startP99 < 5s":    {true, false, false},
		"latency.startP99>=5000ms": {false, true, true},
		"latency.startP99>5s":      {false, false, true},
		"latency.startP99==5s":     {false, true, false},
		"latency.startP99!=5s":     {true, false, true},
	} {
		b, err := metrics.ParseBound(text)
		require.NoError(t, err, text)
		require.Equal(t, keeps, [3]bool{b.Keeps(know(4999)), b.Keeps(know(5000)), b.Keeps(know(5001))}, text)
		require.False(t, b.Keeps(metrics.Value{}), "unknown keeps nothing")
	}
}

func TestValuesAreReadInTheirUnit(t *testing.T) {
	for text, want := range map[string]int64{
		"addresses.idleMean<=4.25": 4250, "addresses.idleMean<=4": 4000, "cost.perHour<=$0.2": 200_000,
		"cost.perHour<=0.000001": 1, "fits==yes": 1, "ec2.calls<=31": 31, "pods.waited<=1h": 3_600_000,
	} {
		b, err := metrics.ParseBound(text)
		require.NoError(t, err, text)
		require.Equal(t, want, b.N, text)
	}
	for text, message := range map[string]string{
		"latency.startP99<=5":        "is a duration with a unit",
		"latency.startP99<=5.5us":    "in whole milliseconds",
		"addresses.idleMean<=1.234":  "",
		"addresses.idleMean<=1.2345": "at most 3 decimals",
		"ec2.calls<=3.5":             "is a whole number",
		"ec2.calls<=-3":              "is a number from 0",
		"ec2.calls<=":                "is a number from 0",
		"ec2.calls=3":                "write METRIC<=VALUE",
		"fits==maybe":                "is yes or no",
		"latency.startp99<=5s":       "did you mean latency.startP99?",
		"colour<=5s":                 `no metric "colour"; 'simulate sweep --help'`,
	} {
		_, err := metrics.ParseBound(text)
		if message == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorContains(t, err, message, text)
	}
}

func TestExactNumbersAreDecimals(t *testing.T) {
	mean, _ := metrics.Find("addresses.idleMean")
	cost, _ := metrics.Find("cost.perHour")
	calls, _ := metrics.Find("ec2.calls")
	require.Equal(t, []string{"4.25", "0.005", "10", "0", ""}, []string{
		mean.Exact(know(4250)), mean.Exact(know(5)), mean.Exact(know(10_000)), mean.Exact(know(0)), mean.Exact(metrics.Value{})})
	require.Equal(t, "0.096", cost.Exact(know(96_000)))
	require.Equal(t, "100", calls.Exact(know(100)))
}

// The names are unique, and each number says what it is.
func TestMetricsAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range metrics.All() {
		require.False(t, seen[m.Name], m.Name)
		seen[m.Name] = true
		require.NotEmpty(t, m.Means)
		require.NotEmpty(t, m.Title)
	}
	require.True(t, seen["ec2.calls.AssignPrivateIpAddresses"])
}

// The page lists every metric as it is, and no other; those of single actions
// in one line.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/sweep.md")
	require.NoError(t, err)
	var listed, there []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-zA-Z0-9.]+)` \\| (\\S*) ?\\| (\\S*) ?\\| (.*) \\|$").FindAllStringSubmatch(string(page), -1) {
		if m[1] != "ec2.calls.ACTION" {
			listed = append(listed, strings.Join(m[1:], "|"))
		}
	}
	for _, m := range metrics.All() {
		if !strings.HasPrefix(m.Name, "ec2.calls.") {
			there = append(there, strings.Join([]string{m.Name, string(m.ExactUnit()), string(m.Better), m.Means}, "|"))
		}
	}
	require.Equal(t, there, listed)
}
