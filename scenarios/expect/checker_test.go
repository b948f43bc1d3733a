package expect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/scenarios/expect"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// full is a node that max-pods fills: 27 of 40 pods run.
const full = `
name: full
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large}]
workloads: [{name: web, replicas: 40}]
duration: 2m
`

// scope is what full has.
var scope = expect.Scope{Subnets: []string{"private-a"}, Groups: []string{"workers"}, Workloads: []string{"web"}}

// logOf is the log of a run.
func logOf(t testing.TB, text string) []sim.Event {
	s, err := scenarios.Load("test.yaml", []byte(text), scenarios.Options{})
	require.NoError(t, err)
	var log []sim.Event
	require.NoError(t, sim.Run(s.Config(), func(e sim.Event) error {
		log = append(log, e)
		return nil
	}))
	return log
}

// check is what comes of an expression that was compiled, after the log.
func check(t testing.TB, x *expect.Expression, log []sim.Event, at *expect.At) expect.Result {
	c := expect.NewChecker([]expect.Expectation{{That: x.String(), At: at, Compiled: x}})
	var s replay.State
	for _, e := range log {
		require.NoError(t, c.Apply(&s, e))
	}
	require.Len(t, c.Results(), 1)
	return c.Results()[0]
}

func compile(t testing.TB, text string) *expect.Expression {
	x, mistakes := expect.Compile(text, scope)
	require.Empty(t, mistakes, text)
	return x
}

// A failure shows the values that say why: of macros how many there are, how
// many matched and a few of them, and never the beginning of a long list.
func TestFailureShowsWhatDecided(t *testing.T) {
	log := logOf(t, full)
	for _, c := range []struct {
		that   string
		values []string
	}{
		{"pods.running == 40", []string{"pods.running = 27"}},
		{"pods.running + pods.pending < 40", []string{"pods.pending = 13", "pods.running = 27"}},
		{"log.exists(e, e.type == 'pod.setupFailed' && e.node == 'workers-9')", []string{
			"log.filter(e, e.node == 'workers-9').size() = 0",
			"log.filter(e, e.type == 'pod.setupFailed').size() = 27",
			"log.size() = 241",
		}},
		{"log.filter(e, e.type == 'pod.addressed').size() == 40", []string{"log.filter(e, e.type == 'pod.addressed').size() = 27"}},
		{"pods.list.all(p, p.addressedAt < duration('10s'))", []string{
			"p.addressedAt = 11.749s",
			"pods.list.filter(p, !(p.addressedAt < duration('10s'))) = web-9, web-10, web-11, web-12, web-13, … 31 in all",
			"pods.list.size() = 40",
		}},
		{"exhaustion.exists(e, e.kind == 'subnet-ips')", []string{
			"exhaustion = warm-pool-lag workers-0 from 1s to 28.88s, max-pods cluster from 1s",
			"exhaustion.filter(e, e.kind == 'subnet-ips').size() = 0",
		}},
		{"pods.list.exists_one(p, p.node == 'workers-0')", []string{
			"pods.list.filter(p, p.node == 'workers-0').size() = 27",
			"pods.list.size() = 40",
		}},
		{"!nodes.exists(n, n.pods > 3)", []string{
			"nodes = workers-0",
			"nodes.exists(n, n.pods > 3) = true",
			"nodes.filter(n, n.pods > 3) = workers-0",
		}},
		{"never(exhaustion.exists(e, e.kind == 'max-pods'))", []string{
			"exhaustion = warm-pool-lag workers-0 from 1s, max-pods cluster from 1s",
			"exhaustion.filter(e, e.kind == 'max-pods') = max-pods cluster from 1s",
		}},
	} {
		r := check(t, compile(t, c.that), log, nil)
		require.False(t, r.OK, c.that)
		require.Equal(t, c.values, expect.ValueLines(r.Values), c.that)
		require.NotEmpty(t, r.Events, c.that)
	}
}

// always, eventually and never agree with the state at each instant, and say
// when they failed.
func TestConditionsOverTime(t *testing.T) {
	log := logOf(t, full)
	tenth := expect.At(10_000)
	for _, c := range []struct {
		that    string
		at      *expect.At
		ok      bool
		decided string
	}{
		{"always(subnet('private-a').free >= 221)", nil, true, "2m0s"},
		{"always(subnet('private-a').free > 230)", nil, false, "12.3s"},
		{"always(subnet('private-a').free > 230)", &tenth, true, "10s"},
		{"eventually(pods.running == 27)", nil, true, "2m0s"},
		{"eventually(pods.running == 27)", &tenth, false, "10s"},
		{"never(node('workers-0').enis.size() > 2)", nil, false, "16.6s"},
		{"never(pods.running > 27)", nil, true, "2m0s"},
		{"always(pods.running < 20) || eventually(pods.pending == 13)", nil, true, "2m0s"},
	} {
		r := check(t, compile(t, c.that), log, c.at)
		require.Empty(t, r.Message, c.that)
		require.Equal(t, c.ok, r.OK, c.that)
		require.Equal(t, c.decided, r.DecidedAt.String(), c.that)
	}
}

// Maps are gone through by key, and not in the order that Go happens to have.
func TestMapsHaveAnOrder(t *testing.T) {
	log := logOf(t, full)
	x := compile(t, "ec2Calls.all(a, ec2Calls[a] == 0)")
	for range 20 {
		require.Equal(t, []string{
			"ec2Calls = AssignPrivateIpAddresses 1, AttachNetworkInterface 2, CreateNetworkInterface 2, DescribeInstances 2, ModifyNetworkInterfaceAttribute 2",
			"ec2Calls.filter(a, !(ec2Calls[a] == 0)) = AssignPrivateIpAddresses, AttachNetworkInterface, CreateNetworkInterface, DescribeInstances, ModifyNetworkInterfaceAttribute",
			"ec2Calls[a] = 1",
		}, expect.ValueLines(check(t, x, log, nil).Values))
	}
}

// Pods that are replaced, one that keeps its name, and a node that goes.
const leaving = `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large, count: 2}]
workloads:
  - {name: web, replicas: 3}
  - {name: db, kind: StatefulSet, replicas: 1}
steps:
  - {at: 1m, delete: {workload: web, count: 2}}
  - {at: 1m, delete: {pod: db-0}}
  - {at: 2m, terminate: {node: workers-1}}
duration: 5m
`

// Without an instant lists have what is gone; at the end they have what is there.
func TestListsOfTheWholeRunHaveWhatIsGone(t *testing.T) {
	log := logOf(t, leaving)
	end := expect.AtEnd
	for _, c := range []struct {
		that         string
		whole, atEnd bool
	}{
		{"pods.created == pods.list.size()", true, false},
		{"pods.list.all(p, p.phase == 'Running')", false, true},
		{"pods.list.filter(p, p.phase == 'Running').size() == 4", true, true},
		{"pods.list.filter(p, p.name == 'db-0').size() >= 2", true, false},
		{"pods.list.exists(p, p.name == 'web-0')", true, false},
		{"pods.running == 4", true, true},
		{"pods.running == 3", false, false},
		{"nodes.size() == 1", false, true},
		{"nodes.filter(n, has(n.terminatedAt)).map(n, n.name) == ['workers-1']", true, false},
		{"nodes.filter(n, !has(n.terminatedAt)).size() == 1", true, true},
		{"always(nodes.size() == 2 || now >= duration('2m'))", true, true},
	} {
		whole := check(t, compile(t, c.that), log, nil)
		require.Equal(t, c.whole, whole.OK, "%s over the whole run: %v %s", c.that, whole.Values, whole.Message)
		hint := ""
		if !c.whole && c.atEnd {
			hint = "it is true of what is there at the end; without at what is gone counts, too"
		}
		require.Equal(t, hint, whole.Message, c.that)
		atEnd := check(t, compile(t, c.that), log, &end)
		require.Equal(t, c.atEnd, atEnd.OK, "%s at the end: %v %s", c.that, atEnd.Values, atEnd.Message)
	}
	require.Equal(t, "at the end, over the whole run", check(t, compile(t, "enis > 0"), log, nil).When())
	require.Equal(t, "over the whole run", check(t, compile(t, "always(enis > 0)"), log, nil).When())
	require.Equal(t, "at the end", check(t, compile(t, "enis > 0"), log, &end).When())
}

// starving is a subnet in which nine of ten pods get an address; the tenth waits
// till it is scaled away at 2m.
const starving = `
name: starving
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/28}]}
nodeGroups: [{name: workers, instanceType: m5.large}]
workloads: [{name: web, replicas: 10}]
steps: [{at: 2m, scale: {workload: web, replicas: 5}}]
duration: 3m
`

func expectAt(t *testing.T, log []sim.Event, that string, at string) bool {
	var when *expect.At
	if at != "" {
		d, err := time.ParseDuration(at)
		require.NoError(t, err)
		v := expect.At(d.Milliseconds())
		when = &v
	}
	return check(t, compile(t, that), log, when).OK
}

// A pod without an address counts with what it has waited so far, also at an
// instant at which nothing happens, and no longer once it is deleted.
func TestLatenciesCountPodsWithoutAddress(t *testing.T) {
	log := logOf(t, starving)
	for _, c := range []struct{ that, at string }{
		{"pods.startLatency.max == duration('70.123s')", "70.123s"},
		{"pods.startLatencyMs.max == 70123 && pods.startLatency.p90 == duration('1s')", "70.123s"},
		{"pods.timeToIP.max == duration('69.123s') && pods.timeToIP.p50 == duration('0s')", "70.123s"}, // the node is ready at 1 s
		{"pods.gone == 0 && pods.startLatency.count == 10", "1m59.999s"},
		{"pods.gone == 1 && pods.startLatency.count == 10", "2m"},
		{"pods.startLatency.max == duration('2m')", "2m30s"},
		// So do exhaustion points: the pod's wait counts until it is deleted.
		{"exhaustion.exists(e, e.kind == 'subnet-ips' && e.lastAt == duration('2m') && e.podTime == e.lastAt - e.firstAt)", ""},
		{"pods.startLatency.max == duration('2m') && pods.gone == 1 && pods.pending == 0", ""},
		{"never(pods.startLatency.max > duration('2m'))", ""},
		{"always(pods.startLatency.max <= duration('2m')) && !always(pods.startLatency.max <= duration('1m59s'))", ""},
	} {
		require.True(t, expectAt(t, log, c.that, c.at), "%s at %s", c.that, c.at)
	}
}

// Nothing happens to a pod that no node takes: a condition over time sees its wait
// grow all the same, whenever anything else happens. Here the agent asks EC2 for an
// ENI at 2m8.2s.
func TestConditionsOverTimeSeeWaitsGrow(t *testing.T) {
	log := logOf(t, `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/28}]}
cni: {env: {WARM_ENI_TARGET: 2}}
nodeGroups: [{name: workers, instanceType: m5.large}]
workloads: [{name: web, replicas: 1, nodeSelector: {no: where}}]
duration: 4m
`)
	r := check(t, compile(t, "always(pods.startLatency.max < duration('60s'))"), log, nil)
	require.False(t, r.OK)
	require.Equal(t, model.Instant(128_200), r.DecidedAt)
}

// A percentile of no waits is an error, and fails: a bound on it would hold while
// no node was launched. Who asks for the count first means it.
func TestAPercentileOfNothingFails(t *testing.T) {
	log := logOf(t, nowhere)
	for that, why := range map[string]string{
		"pods.timeToIP.p99 < duration('30s')":                                    "given a node",
		"pods.timeToIPMs.max < 30000":                                            "given a node",
		"always(pods.timeToIP.max < duration('30s'))":                            "given a node",
		"pods.timeToIP.count == 0 || pods.timeToIP.p99 < duration('30s')":        "",
		"pods.startLatency.count == 3 && pods.startLatency.p50 > duration('1h')": "", // for ever
	} {
		r := check(t, compile(t, that), log, nil)
		require.Equal(t, why == "", r.OK, that)
		require.Equal(t, why != "", r.Nothing, that)
		require.Contains(t, r.Message, why, that)
	}

	idle := logOf(t, strings.Replace(nowhere, "replicas: 3", "replicas: 0", 1))
	r := check(t, compile(t, "pods.startLatency.p99 < duration('30s')"), idle, nil)
	require.False(t, r.OK)
	require.Contains(t, r.Message, "no pod needs an address")
}

const nowhere = `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/28, inUse: {count: 11}}]}
nodeGroups: [{name: workers, instanceType: m5.large}]
workloads: [{name: web, replicas: 3}]
`

// When a run has come to rest those who still wait do so for ever, however long it
// lasted. One that was cut short knows only how long they have waited.
func TestWaitsHaveNoEndWhereTheRunRests(t *testing.T) {
	const most = "pods.startLatency.p50 < duration('1m') && pods.startLatency.max < duration('1h')"
	crowded := `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large}]
workloads: [{name: web, replicas: 28}]
`
	fits := strings.Replace(crowded, "28", "27", 1)
	require.False(t, check(t, compile(t, most), logOf(t, crowded), nil).OK)
	require.True(t, check(t, compile(t, most), logOf(t, crowded+"duration: 10m\n"), nil).OK)
	require.True(t, check(t, compile(t, most), logOf(t, fits), nil).OK, "both sides of max-pods")
	require.True(t, check(t, compile(t, "pods.startLatency.p90 < duration('1m') && pods.startLatency.p99 > duration('1h')"), logOf(t, crowded), nil).OK)

	// While it goes on, waits count as they stand.
	at := expect.At(30_000)
	require.True(t, check(t, compile(t, most), logOf(t, crowded), &at).OK)

	// Where nobody was ever given an address nobody's wait has an end, whether it
	// was cut short or not.
	none := strings.Replace(nowhere, "workloads", "duration: 20s\nworkloads", 1)
	require.False(t, check(t, compile(t, "pods.startLatency.p99 < duration('30s')"), logOf(t, none), nil).OK)
}
