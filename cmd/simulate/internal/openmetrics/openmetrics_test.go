package openmetrics

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// record runs a scenario of the library and returns what is written of it, and
// its log.
func record(t *testing.T, name string, interval time.Duration, start time.Time) (string, []sim.Event) {
	entry, ok := scenarios.Find(name)
	require.True(t, ok, name)
	scenario, err := entry.Load(scenarios.Options{})
	require.NoError(t, err)
	var s replay.State
	var log []sim.Event
	r := NewRecorder(&s, interval)
	require.NoError(t, sim.Run(scenario.Config(), func(e sim.Event) error {
		log = append(log, e)
		if err := r.Apply(e); err != nil {
			return err
		}
		return s.Apply(e)
	}))
	require.NoError(t, r.Finish())
	var out strings.Builder
	require.NoError(t, r.Write(&out, start))
	return out.String(), log
}

// samples reads the samples of a series: timestamp to value.
func samples(t *testing.T, text, series string) map[string]float64 {
	all := map[string]float64{}
	for _, m := range regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(series)+` (\S+) (\S+)$`).FindAllStringSubmatch(text, -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		require.NoError(t, err)
		require.NotContains(t, all, m[2], "%s twice at %s", series, m[2])
		all[m[2]] = v
	}
	return all
}

// stateAt folds the log up to an instant, it included.
func stateAt(t *testing.T, log []sim.Event, at model.Instant) *replay.State {
	var s replay.State
	for _, e := range log {
		if e.At > at {
			break
		}
		require.NoError(t, s.Apply(e))
	}
	return &s
}

// Every scrape shows what the log says up to that instant and not beyond.
func TestSamplesAreTheStateAtTheirInstant(t *testing.T) {
	text, log := record(t, "churn-and-cooldown", 10*time.Second, time.Unix(0, 0))
	agent := `{instance="10.0.0.4:61678",job="aws-node",node="workers-0"}`
	total := samples(t, text, "awscni_total_ip_addresses"+agent)
	assigned := samples(t, text, "awscni_assigned_ip_addresses"+agent)
	cooling := samples(t, text, `vpcsim_cooling_ip_addresses{node="workers-0"}`)
	used := samples(t, text, `vpcsim_subnet_used_ip_addresses{subnet="private-a",zone="us-west-2a"}`)
	running := samples(t, text, `vpcsim_pods{phase="Running"}`)
	gone := samples(t, text, "vpcsim_pods_gone_total")
	adds := samples(t, text, "awscni_add_ip_req_count"+agent)
	end := log[len(log)-1].At
	seen := 0
	for at := model.Instant(0); at <= end; at = min(at.Add(10*time.Second), max(end, at+1)) {
		s, key := stateAt(t, log, at), stamp(int64(at))
		n := s.Node("workers-0")
		totals := n.Totals(at)
		require.EqualValues(t, totals.Cooling, cooling[key], key)
		require.EqualValues(t, s.Subnet("private-a").Stats().Used, used[key], key)
		require.EqualValues(t, s.Pods.Count().Running, running[key], key)
		require.EqualValues(t, s.Pods.Count().Gone, gone[key], key)
		if !n.AgentUp {
			require.NotContains(t, total, key)
			continue
		}
		seen++
		require.EqualValues(t, totals.Total, total[key], key)
		require.EqualValues(t, totals.Assigned, assigned[key], key)
		c := s.Pods.Count()
		require.EqualValues(t, c.Addressed+c.FailedAttempts, adds[key], key)
	}
	require.Len(t, total, seen)
	require.Greater(t, seen, 20)
	require.EqualValues(t, 27, gone[stamp(int64(end))])
}

// A restarted agent counts from 0, and while it is down nobody answers.
func TestARestartedAgentCountsAnew(t *testing.T) {
	text, log := record(t, "agent-restart-forgets-cooldown", time.Second, time.Unix(0, 0))
	var exit, up model.Instant
	var node *replay.Node
	for _, e := range log {
		switch e.Body.(type) {
		case sim.AgentExited:
			exit, node = e.At, stateAt(t, log, e.At).Node(e.Node)
		case sim.AgentStarted:
			if exit > 0 && up == 0 {
				up = e.At
			}
		}
	}
	require.Positive(t, up)
	adds := samples(t, text, "awscni_add_ip_req_count"+labelText(agentLabels(node)))
	before, after := stamp(int64(exit-exit%1000)-1000), stamp(int64(up+1000-up%1000))
	require.Contains(t, adds, before)
	require.NotContains(t, adds, stamp(int64(exit-exit%1000)+1000), "down")
	require.Contains(t, adds, after)
	require.Less(t, adds[after], adds[before])
}

// The end of the run is a sample of its own, also off the grid.
func TestTheEndIsSampled(t *testing.T) {
	text, log := record(t, "default-secondary-ip", 7*time.Second, time.Unix(0, 0))
	end := log[len(log)-1].At
	require.NotZero(t, end%7000)
	require.Contains(t, samples(t, text, `vpcsim_pods{phase="Running"}`), stamp(int64(end)))
}

// The agent's calls are its own: those of the resource controller for trunk and
// branch ENIs count for the account, not for the agent.
func TestTheControllersCallsAreNotTheAgents(t *testing.T) {
	text, log := record(t, "security-groups-trunk-first", 30*time.Second, time.Unix(0, 0))
	created := map[bool]int{}
	kinds := map[model.ENIID]model.ENIKind{}
	for _, e := range log {
		switch b := e.Body.(type) {
		case sim.ENICreated:
			kinds[b.ENI] = b.Kind
		case sim.EC2Call:
			if b.Action == sim.CreateNetworkInterface {
				created[kinds[b.ENI] == ""]++
			}
		}
	}
	last := func(series string) float64 {
		return samples(t, text, series)[stamp(int64(log[len(log)-1].At))]
	}
	require.Equal(t, map[bool]int{true: 1, false: 10}, created)
	require.EqualValues(t, 1, last(`awscni_ec2api_req_count{instance="10.0.0.4:61678",job="aws-node",node="workers-0",fn="CreateNetworkInterface"}`))
	require.EqualValues(t, 11, last(`vpcsim_ec2_requests_total{action="CreateNetworkInterface"}`))
	require.EqualValues(t, 9, last(`vpcsim_branch_enis{node="workers-0",state="in-use"}`))
}

// What max-pods keeps pods from is stranded: 29 places, two of them taken by
// system pods, and a pool that grew beyond.
func TestStrandedAddresses(t *testing.T) {
	n := &replay.Node{Launched: sim.NodeLaunched{MaxPods: 10, SystemPods: 2}}
	for _, c := range []struct{ total, assigned, want int }{
		{8, 0, 0}, {9, 0, 1}, {18, 0, 10}, {0, 0, 0},
	} {
		require.Equal(t, c.want, stranded(n, replay.Totals{Total: c.total, Assigned: c.assigned}))
	}
	n.Cordoned = true
	require.Equal(t, 5, stranded(n, replay.Totals{Total: 8, Assigned: 3}))
}

func TestBucketsIncludeTheirBound(t *testing.T) {
	var b buckets
	b.observe([]float64{1, 5}, time.Second)
	b.observe([]float64{1, 5}, time.Second+time.Millisecond)
	b.observe([]float64{1, 5}, 6*time.Second)
	require.Equal(t, []int{1, 2}, b.counts)
	require.Equal(t, 3, b.count)
}

func TestTimestampsCountFromTheStart(t *testing.T) {
	text, _ := record(t, "default-secondary-ip", 30*time.Second, time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC))
	require.Contains(t, text, `vpcsim_pods{phase="Running"} 0 1769850000`+"\n")
	require.Contains(t, text, " 1769850030\n")
	for ms, want := range map[int64]string{0: "0", 1: "0.001", 1000: "1", 1500: "1.5", 10_000: "10"} {
		require.Equal(t, want, stamp(ms))
	}
}

func TestLabelsAreEscaped(t *testing.T) {
	require.Equal(t, `{a="x\"\\\n"}`, labelText([]label{{"a", "x\"\\\n"}}))
	require.Empty(t, labelText(nil))
}

// A family is written in one piece, with its type first, metric by metric, and
// within a metric time goes on.
func TestTextIsWellFormed(t *testing.T) {
	for _, name := range []string{"churn-and-cooldown", "prefix-mode", "branch-cooldown-rollout", "ecs-with-trunking", "windows-secondary-ip", "ipv6-max-pods"} {
		text, _ := record(t, name, 30*time.Second, time.Unix(0, 0))
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		require.Equal(t, "# EOF", lines[len(lines)-1])
		family, seen := "", map[string]bool{}
		last := map[string]float64{}
		sample := regexp.MustCompile(`^([a-z][a-z0-9_]*)(\{[^}]*\})? \S+ (\S+)$`)
		for _, l := range lines[:len(lines)-1] {
			if f, ok := strings.CutPrefix(l, "# TYPE "); ok {
				family, _, _ = strings.Cut(f, " ")
				require.False(t, seen[family], "%s twice", family)
				seen[family] = true
				continue
			}
			if strings.HasPrefix(l, "# HELP "+family+" ") {
				continue
			}
			m := sample.FindStringSubmatch(l)
			require.NotNil(t, m, l)
			suffix, ok := strings.CutPrefix(m[1], family)
			require.True(t, ok && slices.Contains([]string{"", "_total", "_bucket", "_count", "_sum"}, suffix), l)
			at, err := strconv.ParseFloat(m[3], 64)
			require.NoError(t, err)
			if before, ok := last[m[1]+m[2]]; ok {
				require.Greater(t, at, before, l)
			}
			last[m[1]+m[2]] = at
		}
	}
}

// The page lists every series, and no other.
func TestSeriesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/metrics.md")
	require.NoError(t, err)
	var listed, there []string
	for _, m := range regexp.MustCompile("(?m)^\\| `((?:awscni|vpcsim)_[a-z0-9_]+)` \\| ([a-z]+) \\|").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, m[1]+" "+m[2])
	}
	for _, f := range NewRecorder(new(replay.State), time.Second).families {
		there = append(there, fmt.Sprintf("%s %s", f.name, f.kind))
	}
	require.ElementsMatch(t, there, listed)
}

// Too many samples are an error that says what to do.
func TestTooManySamplesAreRefused(t *testing.T) {
	var s replay.State
	r := NewRecorder(&s, time.Second)
	r.samples = MaxSamples
	require.ErrorContains(t, r.scrape(0), "--scrape-interval")
}
