package capacity

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// A growing number passes its limit when it is more than it, reckoned exactly.
func TestGrowthPasses(t *testing.T) {
	for _, c := range []struct {
		rate        string
		from, most  int
		units, days int
		value       int64
	}{
		{"5%/week", 60, 62, 1, 7, 63},
		{"5%/week", 60, 63, 2, 14, 66},
		{"5%/week", 60, 60, 1, 7, 63},
		{"5%/week", 60, 59, 0, 0, 60},
		{"10/day", 0, 29, 3, 3, 30},
		{"10/day", 0, 30, 4, 4, 40},
		{"2.5/month", 10, 14, 2, 60, 15},
		{"100%/year", 1, 1023, 10, 3650, 1024},
		{"100%/year", 1, 1024, 11, 4015, 2048},
	} {
		g, err := ParseGrowth(c.rate)
		require.NoError(t, err, c.rate)
		f := g.Passes(c.from, c.most)
		require.False(t, f.Never)
		require.Equal(t, []int{c.units, c.days, c.most + 1}, []int{f.Units, f.Days, f.Reaches}, "%+v", c)
		require.Equal(t, c.value, f.Value, "%+v", c)
	}
	for _, c := range []struct {
		rate       string
		from, most int
	}{{"50%/day", 0, 5}, {"0.001/year", 1, 100}, {"0.001%/year", 10, 11}} {
		g, err := ParseGrowth(c.rate)
		require.NoError(t, err)
		require.True(t, g.Passes(c.from, c.most).Never, c.rate)
	}
}

func TestBadGrowthIsRefused(t *testing.T) {
	for _, text := range []string{"", "5%", "/week", "5/fortnight", "-5%/week", "0/day", "0%/day", "x/day", "1e9/day", "5%%/day", "2000000/day", "1.2.3/day", "./day"} {
		_, err := ParseGrowth(text)
		require.Error(t, err, text)
	}
}

func TestResizeKeepsTheFirstAddress(t *testing.T) {
	for _, c := range []struct {
		cidr string
		bits int
		want string
	}{
		{"10.0.8.0/24", 22, "10.0.8.0/22"},
		{"10.0.8.0/24", 21, "10.0.8.0/21"},
		{"10.0.8.0/24", 20, ""},
		{"10.0.8.0/24", 28, "10.0.8.0/28"},
		{"10.0.0.16/28", 27, ""},
	} {
		got, fits := Resize(netip.MustParsePrefix(c.cidr), c.bits)
		require.Equal(t, c.want != "", fits, c.cidr)
		if fits {
			require.Equal(t, c.want, got.String())
		}
	}
}

func TestLookupFindsValues(t *testing.T) {
	s := scenario(t, `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24, inUse: {count: 7}}]}
cni: {env: {WARM_IP_TARGET: 5}}
nodeGroups: [{name: m5.workers, instanceType: m5.large, count: 3}]
workloads: [{name: web, replicas: 12}]
`)
	for path, want := range map[string]int{
		"vpc.subnets.private-a.inUse.count": 7,
		"cni.env.WARM_IP_TARGET":            5,
		"nodeGroups.m5.workers.count":       3,
		"nodeGroups.0.count":                3,
		"workloads[0].replicas":             12,
	} {
		v, err := Lookup(s.Config().Scenario, path)
		require.NoError(t, err)
		n, ok := Number(v)
		require.True(t, ok, path)
		require.Equal(t, want, n, path)
	}
	for _, path := range []string{"workloads.other.replicas", "nodeGroups.7.count", "vpc.subnets.private-a.tags.x", "x", ""} {
		v, err := Lookup(s.Config().Scenario, path)
		require.NoError(t, err)
		require.Nil(t, v, path)
	}
	v, err := Lookup(s.Config().Scenario, "nodeGroups.0.maxPods")
	require.NoError(t, err)
	_, ok := Number(v)
	require.False(t, ok)
}

func scenario(t *testing.T, text string, set ...string) *scenarios.Scenario {
	s, err := scenarios.Load("test.yaml", []byte(text), scenarios.Options{Set: set})
	require.NoError(t, err)
	return s
}

func play(t *testing.T, s *scenarios.Scenario) *replay.State {
	var state replay.State
	require.NoError(t, sim.Run(s.Config(), state.Apply))
	return &state
}

const small = `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/26}]}
nodeGroups: [{name: workers, instanceType: m5.large}]
workloads: [{name: web, replicas: 27}]
`

// A run fits if nobody waits at its end; both sides of each boundary.
func TestJudge(t *testing.T) {
	fits := play(t, scenario(t, small))
	require.Nil(t, Judge(fits, Demands{}))
	longest := fits.Pods.StartLatency.Max()
	require.Nil(t, Judge(fits, Demands{MaxWait: longest}))
	late := Judge(fits, Demands{MaxWait: longest - time.Millisecond})
	require.Equal(t, KindMaxWait, late.Kind)

	full := Judge(play(t, scenario(t, small, "workloads.web.replicas=28")), Demands{})
	require.Equal(t, Kind(sim.KindMaxPods), full.Kind)
	require.Equal(t, []int{1, 0, 27}, []int{full.Pending, full.Creating, full.Running})
	require.True(t, full.Exhausted())

	// A node that can't be launched doesn't fit, though no pod waits.
	launch := Judge(play(t, scenario(t, small, "vpc.subnets.private-a.cidr=10.0.0.0/28", "workloads=[]", "nodeGroups.workers.count=12")), Demands{})
	require.Equal(t, Kind(sim.KindSubnetIPs), launch.Kind)
	require.Equal(t, "launch", launch.Reason)

	require.Equal(t, KindWaiting, Judge(play(t, scenario(t, small, "duration=600ms")), Demands{}).Kind)
	early := Judge(play(t, scenario(t, small, "duration=2s")), Demands{})
	require.Equal(t, Kind(sim.KindWarmPoolLag), early.Kind)
}

// Ten pods on a /28, which has addresses for nine, until they are five: the tenth is
// gone before it has one. It fits with nine.
func TestJudgeCountsPodsThatAreGone(t *testing.T) {
	starving := func(replicas int, set ...string) *replay.State {
		return play(t, scenario(t, small, append(set, "vpc.subnets.private-a.cidr=10.0.0.0/28", fmt.Sprintf("workloads.web.replicas=%d", replicas),
			"steps=[{at: 2m, scale: {workload: web, replicas: 5}}]")...))
	}
	nine, ten := starving(9), starving(10)
	require.Nil(t, Judge(nine, Demands{MaxWait: 30 * time.Second}))

	stop := Judge(ten, Demands{})
	require.NotNil(t, stop)
	require.Equal(t, Kind(sim.KindSubnetIPs), stop.Kind)
	require.Equal(t, "private-a", stop.Name)
	require.NotEmpty(t, stop.Numbers)
	require.Equal(t, []int{1, 10, 0, 5}, []int{stop.Gone, stop.Created, stop.Waiting(), stop.Running})
	require.Equal(t, 2*time.Minute, UseOf(ten).LongestWait)

	// A job that is gone a moment after its creation, before any node was ready:
	// nothing ran out.
	early := play(t, scenario(t, small, "workloads=[]", "steps=[{at: 0s, create: {pod: j}}, {at: 900ms, delete: {pod: j}}]"))
	require.Equal(t, KindGone, Judge(early, Demands{}).Kind)
	require.Nil(t, Judge(play(t, scenario(t, small, "workloads=[]", "steps=[{at: 0s, create: {pod: j}}, {at: 2s, delete: {pod: j}}]")), Demands{}))
}

// Remedies are changes that the scenario takes, against what stopped it, and
// never of the number that is varied.
func TestRemedies(t *testing.T) {
	for _, c := range []struct {
		set    []string
		kind   sim.Kind
		varied string
		names  []string
	}{
		{[]string{"workloads.web.replicas=28"}, sim.KindMaxPods, "workloads.web.replicas",
			[]string{"prefix mode, with max-pods as recommended", "max-pods 110 and nothing else", "one more node in workers", "m5.xlarge instead of m5.large"}},
		{[]string{"workloads.web.replicas=28"}, sim.KindMaxPods, "nodeGroups.workers.count",
			[]string{"prefix mode, with max-pods as recommended", "max-pods 110 and nothing else", "m5.xlarge instead of m5.large"}},
		{[]string{"workloads.web.replicas=28", "nodeGroups.workers.autoscale={max: 1}"}, sim.KindMaxPods, "workloads.web.replicas",
			[]string{"prefix mode, with max-pods as recommended", "max-pods 110 and nothing else", "one more node at most in workers", "m5.xlarge instead of m5.large"}},
		{[]string{"workloads.web.replicas=20", "cni.env.MAX_ENI=2"}, sim.KindENILimit, "workloads.web.replicas",
			[]string{"without MAX_ENI", "prefix mode, with max-pods as recommended", "one more node in workers", "m5.xlarge instead of m5.large"}},
		{[]string{"vpc.subnets.private-a.cidr=10.0.0.0/28"}, sim.KindSubnetIPs, "workloads.web.replicas",
			[]string{"another /24 in us-west-2a, tagged for pods", "private-a planned as a /27", "prefix mode, with max-pods as recommended", "fewer idle addresses: WARM_IP_TARGET=2"}},
		{[]string{"vpc.subnets.private-a.inUse={count: 30}", "cni.env.ENABLE_PREFIX_DELEGATION=true"}, sim.KindPrefixFragmentation, "workloads.web.replicas",
			[]string{"another /24 in us-west-2a, tagged for pods", "private-a planned as a /25", "single addresses instead of prefixes", "fewer idle addresses: WARM_IP_TARGET=2"}},
		{[]string{"workloads.web.requests={cpu: 200m}"}, sim.KindCPUMemory, "workloads.web.replicas",
			[]string{"one more node in workers", "m5.xlarge instead of m5.large"}},
		{[]string{"workloads.web.securityGroups=[db]", "nodeGroups.workers.instanceType=t3.large", "cni.env.ENABLE_POD_ENI=true"}, sim.KindNoTrunk, "workloads.web.replicas", nil},
		{[]string{"ec2.quotas={networkInterfaces: 2}"}, sim.KindQuota, "workloads.web.replicas",
			[]string{"a quota of 4 network interfaces", "a quota of 128000 network address units", "prefix mode, with max-pods as recommended", "fewer idle addresses: WARM_IP_TARGET=2"}},
		{[]string{"cni.env.MINIMUM_IP_TARGET=10"}, sim.KindMisconfig, "workloads.web.replicas", []string{"WARM_IP_TARGET=1"}},
	} {
		s := scenario(t, small, c.set...)
		stop := Judge(play(t, s), Demands{})
		require.NotNil(t, stop, "%v", c.set)
		require.Equal(t, Kind(c.kind), stop.Kind, "%v", c.set)
		remedies := Remedies(s, stop, c.varied)
		var names []string
		for _, r := range remedies {
			names = append(names, r.Name)
			changed := scenario(t, small, append(c.set, r.Changes...)...)
			require.NotEqual(t, s.Config().Digest, changed.Config().Digest, r.Name)
		}
		if c.names == nil {
			require.Len(t, names, 1)
			require.True(t, strings.HasPrefix(names[0], "a type that can have a trunk, "), names[0])
			continue
		}
		require.Equal(t, c.names, names, "%v", c.set)
	}
}

// The /24 that is added is free: where the VPC has none, it gets a secondary
// block.
func TestAnotherSubnetIsFree(t *testing.T) {
	s := scenario(t, small, "vpc.cidrs=[10.0.0.0/24]", "vpc.subnets.private-a.cidr=10.0.0.0/28")
	remedies := Remedies(s, Judge(play(t, s), Demands{}), "workloads.web.replicas")
	require.Equal(t, []string{
		"vpc.cidrs[1]=100.64.0.0/16",
		`vpc.subnets[1]={name: more-1, zone: "us-west-2a", cidr: 100.64.0.0/24, tags: {kubernetes.io/role/cni: "1"}}`,
		`nodeGroups.workers.subnets=["private-a"]`,
	}, remedies[0].Changes)
	require.Nil(t, Judge(play(t, scenario(t, small, append([]string{"vpc.cidrs=[10.0.0.0/24]", "vpc.subnets.private-a.cidr=10.0.0.0/28"}, remedies[0].Changes...)...)), Demands{}))
}
