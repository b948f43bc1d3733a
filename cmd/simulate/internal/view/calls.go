package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// writeCalls counts the calls to EC2 by action, with what was refused.
func writeCalls(p *page, s *replay.State) {
	actions := s.Calls.ByAction()
	if len(actions) == 0 {
		return
	}
	p.section("EC2 calls", "")
	g := newGrid("lrl")
	for _, a := range actions {
		g.add(c(string(a.Action)), c(number(a.Count)), styled(red, refusals(a)))
	}
	if len(actions) > 1 {
		g.add(styled(dim, "all"), styled(dim, number(s.Calls.Total)), c(""))
	}
	g.write(p, 2)
}

func refusals(a replay.ActionCalls) string {
	if len(a.Refused) == 0 {
		return ""
	}
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(a.Refused)) {
		n := number(a.Refused[code])
		if a.Refused[code] == a.Count {
			n = "all"
		}
		parts = append(parts, fmt.Sprintf("%s %s", n, code))
	}
	return "refused: " + strings.Join(parts, ", ")
}

// writeLatency tells how long pods waited for their address.
func writeLatency(p *page, s *replay.State) {
	if s.Pods.StartLatency.Count() == 0 {
		return
	}
	p.section("Wait for an address", "")
	g := newGrid("lrrrr")
	g.head("", "median", "p90", "p99", "longest")
	for _, row := range []struct {
		name string
		l    *replay.Latencies
	}{
		{"from created", &s.Pods.StartLatency},
		{"from bound to a node", &s.Pods.TimeToIP},
	} {
		g.add(c(row.name), c(duration(row.l.Percentile(50))), c(duration(row.l.Percentile(90))),
			c(duration(row.l.Percentile(99))), c(duration(row.l.Max())))
	}
	g.write(p, 2)
	if n := s.Pods.Count().FailedAttempts; n > 0 {
		p.linef("  %s found no free address.", count(n, "attempt"))
	}
}

// CallLog keeps the calls to EC2 for the wide table. A nil CallLog is empty.
type CallLog struct{ rows []callRow }

type callRow struct {
	at   model.Instant
	node model.NodeName
	sim.CallFields
}

// Apply notes the event if it is a call.
func (l *CallLog) Apply(e sim.Event) {
	if b, ok := e.Body.(sim.EC2Call); ok {
		l.rows = append(l.rows, callRow{e.At, e.Node, b.CallFields})
	}
}

func (l *CallLog) write(p *page) {
	if l == nil || len(l.rows) == 0 {
		return
	}
	p.section("Calls", "")
	g := newGrid("rrllllrrl")
	g.head("at", "call", "action", "node", "eni", "subnet", "want", "took", "error")
	for _, r := range l.rows {
		g.add(c(instant(r.at)), c(number(r.Call)), c(string(r.Action)), c(string(r.node)), c(string(r.ENI)),
			c(string(r.Subnet)), c(number(r.Want)), c(millis(r.LatencyMs)), styled(red, string(r.Error)))
	}
	g.write(p, 2)
}
