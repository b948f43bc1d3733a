package view

import (
	"maps"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// writeCalls counts the calls to EC2 by action, and what was refused by code.
func writeCalls(p *page, s *replay.State) {
	actions := s.Calls.ByAction()
	if len(actions) == 0 {
		return
	}
	p.section("EC2 calls", "")
	codes := map[model.ErrorCode]int{}
	refused := 0
	for _, a := range actions {
		refused += a.Refusals()
		for code, n := range a.Refused {
			codes[code] += n
		}
	}
	g := newGrid("lrr")
	if refused > 0 {
		g.head("", "calls", "refused")
	}
	for _, a := range actions {
		g.add(c(string(a.Action)), c(number(a.Count)), styled(red, unlessNone(a.Refusals())))
	}
	if len(actions) > 1 {
		g.add(styled(dim, "all"), styled(dim, number(s.Calls.Total)), styled(dim, unlessNone(refused)))
	}
	g.write(p, 2)
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		p.linef("  refused with %s: %s", code, number(codes[code]))
	}
}

func unlessNone(n int) string {
	if n == 0 {
		return ""
	}
	return number(n)
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
