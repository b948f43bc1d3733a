package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/replay/logtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var warmENI = model.Settings{WarmENITarget: 1, IPv4: true, SubnetDiscovery: true}

func fold(t *testing.T, l *logtest.Log) *replay.State {
	t.Helper()
	var s replay.State
	for _, e := range l.Events {
		require.NoError(t, s.Apply(e))
	}
	return &s
}

// full is the story of one m5.large that fills up: ENI after ENI, then
// max-pods.
func full() *logtest.Log {
	l := new(logtest.Log).Start("one-node", "10.0.0.0/24")
	start := l.Events[0].Body.(sim.RunStarted)
	start.Scenario = json.RawMessage(`{"summary":"A node fills ENI after ENI until max-pods stops it","cni":{"version":"v1.23.1"}}`)
	l.Events[0].Body = start

	l.Node("workers-0", "10.0.0.4", 3, 9, warmENI)
	l.Add("workers-0", sim.PoolGrow{PoolDecision: sim.PoolDecision{Rule: "pool-too-low", Reason: "warm-eni-target"}})
	l.At(500*time.Millisecond).Assign("workers-0", 0, logtest.Run("10.0.0.5", 9)...).Ready("workers-0")
	l.Created("web", 0, 10).Addressed("workers-0", 0, "web", 0, logtest.Run("10.0.0.5", 9)...)
	l.Add("workers-0", sim.PodBound{Pod: "web-9", Workload: "web"})
	l.Add("workers-0", sim.ExhaustionBegan{
		ID: 1, Kind: sim.KindWarmPoolLag, Scope: "node", Name: "workers-0", Pod: "web-9",
		Message: `plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container`,
		Numbers: map[sim.Number]int{"total": 9, "assigned": 9},
		Remedy:  "a larger WARM_IP_TARGET or WARM_ENI_TARGET keeps more addresses ready",
	}, sim.PodSetupFailed{Pod: "web-9", Reason: sim.KindWarmPoolLag, Attempt: 1})
	l.At(3*time.Second).Add("workers-0", sim.PoolGrow{PoolDecision: sim.PoolDecision{Rule: "pool-too-low", Reason: "warm-eni-target", Total: 9, Assigned: 9}})
	l.Attach("workers-0", 1, "10.0.0.14", logtest.Run("10.0.0.15", 9)...)
	l.At(12*time.Second).Add("workers-0",
		sim.PodAddressed{Pod: "web-9", ENI: logtest.ENI("workers-0", 1), Device: 1, Address: netip.MustParseAddr("10.0.0.15"), Attempt: 2},
		sim.ExhaustionEnded{ID: 1, Kind: sim.KindWarmPoolLag, Scope: "node", Name: "workers-0", Pods: 1, PodMs: 11_500},
		sim.PodReady{Pod: "web-9"})
	l.At(13*time.Second).Add("workers-0", sim.PoolGrow{PoolDecision: sim.PoolDecision{Rule: "pool-too-low", Reason: "warm-eni-target", Total: 18, Assigned: 10, Available: 8}})
	l.Attach("workers-0", 2, "10.0.0.24", logtest.Run("10.0.0.25", 9)...)
	l.At(time.Minute).Created("web", 10, 30)
	l.Addressed("workers-0", 1, "web", 10, logtest.Run("10.0.0.16", 8)...)
	l.Addressed("workers-0", 2, "web", 18, logtest.Run("10.0.0.25", 9)...)
	l.Add("", sim.ExhaustionBegan{
		ID: 2, Kind: sim.KindMaxPods, Scope: "cluster", Name: "cluster", Pod: "web-27",
		Message: "0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
		Numbers: map[sim.Number]int{"maxPods": 29, "nodes": 1}, Remedy: "more nodes, or a higher max-pods with prefix delegation",
	})
	return l.At(6*time.Minute).End("settled", sim.ExhaustionEnded{ID: 2, Pods: 3, PodMs: 900_000})
}

// prefixes is a node in prefix mode with churn, cooling and a note.
func prefixes() *logtest.Log {
	l := new(logtest.Log).Start("prefixes", "10.0.0.0/24")
	start := l.Events[0].Body.(sim.RunStarted)
	start.Subnets[0].InUse, _ = logtest.Blocks("10.0.0.100")
	start.Subnets[0].Reservations = []sim.ReservationStart{{CIDR: netip.MustParsePrefix("10.0.0.192/27"), Type: model.ReservationPrefix}}
	start.Notes = []string{"m5.large: vCPU and memory aren't known, so they don't limit"}
	l.Events[0].Body = start
	s := model.Settings{PrefixDelegation: true, WarmPrefixTarget: 1, IPv4: true, SubnetDiscovery: true}
	l.Node("workers-0", "10.0.0.4", 3, 9, s)
	grow := sim.PoolDecision{Rule: "pool-too-low", Reason: "warm-prefix-target"}
	l.Add("workers-0", sim.PoolGrow{PoolDecision: grow}).Assign("workers-0", 0, "10.0.0.192/28").Ready("workers-0")
	pods := func(from, n int, first, prefix string) {
		l.Created("web", from, from+n)
		for i, a := range logtest.Run(first, n) {
			pod := logtest.Pod("web", from+i)
			l.Add("workers-0", sim.PodBound{Pod: pod, Workload: "web"}, sim.PodAddressed{
				Pod: pod, ENI: logtest.ENI("workers-0", 0), Address: netip.MustParseAddr(a),
				Prefix: netip.MustParsePrefix(prefix), Attempt: 1,
			}, sim.PodReady{Pod: pod})
		}
	}
	pods(0, 16, "10.0.0.192", "10.0.0.192/28")
	grow.Total, grow.Assigned = 16, 16
	l.At(2500*time.Millisecond).Add("workers-0", sim.PoolGrow{PoolDecision: grow}).Assign("workers-0", 0, "10.0.0.208/28")
	pods(16, 5, "10.0.0.208", "10.0.0.208/28")
	l.At(7500*time.Millisecond).Add("workers-0", sim.PoolGrow{PoolDecision: grow}).Assign("workers-0", 0, "10.0.0.32/28", "10.0.0.48/28")
	pods(21, 1, "10.0.0.32", "10.0.0.32/28")
	l.At(20*time.Second).Add("", sim.PodDeleted{Pod: "web-21"})
	until := model.Instant(51_000)
	l.At(21*time.Second).Add("workers-0", sim.PodReleased{
		Pod: "web-21", ENI: logtest.ENI("workers-0", 0), Address: netip.MustParseAddr("10.0.0.32"),
		Prefix: netip.MustParsePrefix("10.0.0.32/28"), CoolUntilMs: &until,
	})
	l.Refused("workers-0", sim.AssignPrivateIpAddresses, model.InsufficientCidrBlocks)
	return l.At(30 * time.Second).End("duration")
}

// fleet is a hundred nodes of three looks, many of which lag.
func fleet() *logtest.Log {
	l := new(logtest.Log).Start("fleet", "10.0.0.0/16")
	pod := 0
	for i := range 100 {
		name := model.NodeName(fmt.Sprintf("workers-%d", i))
		base := netip.AddrFrom4([4]byte{10, 0, byte(i), 10}).String()
		l.Node(name, base, 3, 9, warmENI)
		addrs := logtest.Run(netip.MustParseAddr(base).Next().String(), 9)
		l.Assign(name, 0, addrs...).Ready(name)
		n := []int{9, 9, 4}[i%3]
		l.Created("web", pod, pod+n).Addressed(name, 0, "web", pod, addrs[:n]...)
		pod += n
		if i%3 == 1 {
			l.Add(name, sim.ExhaustionBegan{
				ID: i + 1, Kind: sim.KindSubnetIPs, Scope: "subnet", Name: "a", Pod: logtest.Pod("web", pod-1),
				Message: "failed to assign an IP address to container", Remedy: "a larger subnet",
			})
			l.Add("", sim.PodUnschedulable{Pod: logtest.Pod("web", pod-2), Reason: sim.KindSubnetIPs})
			l.Add(name, sim.ExhaustionEnded{ID: i + 1, Pods: 2, PodMs: 4000})
		}
	}
	return l.At(5 * time.Minute).End("settled")
}

// idle is a run in which everything fits.
func idle() *logtest.Log {
	l := new(logtest.Log).Start("idle", "10.0.0.0/26")
	l.Node("workers-0", "10.0.0.4", 2, 3, warmENI).Assign("workers-0", 0, logtest.Run("10.0.0.5", 3)...).Ready("workers-0")
	l.Created("web", 0, 1).Addressed("workers-0", 0, "web", 0, "10.0.0.5")
	return l.At(5 * time.Minute).End("settled")
}

var logs = map[string]func() *logtest.Log{"full": full, "prefixes": prefixes, "fleet": fleet, "idle": idle, "stuck": stuck}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestTables(t *testing.T) {
	for name, l := range logs {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, view.Table(&b, fold(t, l()), view.TableOptions{}))
			golden(t, name+".txt", b.Bytes())
		})
	}
}

func TestTablesAreEightyColumnsWide(t *testing.T) {
	for name, l := range logs {
		var b bytes.Buffer
		require.NoError(t, view.Table(&b, fold(t, l()), view.TableOptions{}))
		for line := range strings.Lines(b.String()) {
			line = strings.TrimSuffix(line, "\n")
			require.LessOrEqual(t, utf8.RuneCountInString(line), 80, "%s: %s", name, line)
			require.Equal(t, strings.TrimRight(line, " "), line, "%s: trailing blanks", name)
		}
	}
}

// stuck is a run that two things stop, one of them at two places.
func stuck() *logtest.Log {
	l := new(logtest.Log).Start("stuck", "10.0.0.0/24")
	l.Node("workers-0", "10.0.0.4", 3, 9, warmENI).Ready("workers-0").Created("web", 0, 5)
	for i, name := range []string{"a", "b"} {
		l.Add("", sim.ExhaustionBegan{ID: 1 + i, Kind: sim.KindSubnetIPs, Scope: "subnet", Name: name, Pod: "web-0"})
	}
	l.Add("", sim.ExhaustionBegan{ID: 3, Kind: sim.KindMaxPods, Scope: "cluster", Name: "cluster", Pod: "web-3"})
	for i := range 3 {
		pod := logtest.Pod("web", i)
		l.Add("workers-0", sim.PodBound{Pod: pod, Workload: "web"}, sim.PodSetupFailed{Pod: pod, Reason: sim.KindSubnetIPs, Attempt: 1})
	}
	for i := range 2 {
		l.Add("", sim.PodUnschedulable{Pod: logtest.Pod("web", 3+i), Reason: sim.KindMaxPods})
	}
	return l.At(time.Minute).End("settled",
		sim.ExhaustionEnded{ID: 1, Pods: 2, PodMs: 1}, sim.ExhaustionEnded{ID: 2, Pods: 1, PodMs: 1}, sim.ExhaustionEnded{ID: 3, Pods: 2, PodMs: 1})
}

// What several things stop, all of them are named for, with the pods of each.
func TestTheVerdictNamesEachCause(t *testing.T) {
	require.Equal(t, "Stopped by subnet-ips (3 pods) and max-pods (2 pods): 5 of 5 pods are waiting.", view.Verdict(fold(t, stuck())))
	var b bytes.Buffer
	require.NoError(t, view.Table(&b, fold(t, stuck()), view.TableOptions{}))
	require.Contains(t, b.String(), "in subnet a and 1 other.")
}

// Colour adds escape sequences and nothing else.
func TestColourOnlyAddsColour(t *testing.T) {
	for name, l := range logs {
		var bare, coloured bytes.Buffer
		require.NoError(t, view.Table(&bare, fold(t, l()), view.TableOptions{}))
		require.NoError(t, view.Table(&coloured, fold(t, l()), view.TableOptions{Palette: view.Palette{On: true}}))
		require.NotEqual(t, bare.String(), coloured.String())
		require.Equal(t, bare.String(), stripANSI(coloured.String()), name)
	}
}

func stripANSI(s string) string {
	for {
		from := strings.Index(s, "\x1b[")
		if from < 0 {
			return s
		}
		to := from + strings.IndexByte(s[from:], 'm')
		s = s[:from] + s[to+1:]
	}
}
