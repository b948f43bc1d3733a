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
	align, head := "lrr", []string{"", "calls", "refused"}
	if s.Calls.Throttled > 0 {
		align, head = align+"r", append(head, "throttled")
	}
	g := newGrid(align)
	if refused > 0 {
		g.head(head...)
	}
	for _, a := range actions {
		row := []cell{c(string(a.Action)), c(number(a.Count)), styled(red, unlessNone(a.Refusals()))}
		if s.Calls.Throttled > 0 {
			row = append(row, styled(red, unlessNone(a.Throttled)))
		}
		g.add(row...)
	}
	if len(actions) > 1 {
		row := []cell{styled(dim, "all"), styled(dim, number(s.Calls.Total)), styled(dim, unlessNone(refused))}
		if s.Calls.Throttled > 0 {
			row = append(row, styled(dim, number(s.Calls.Throttled)))
		}
		g.add(row...)
	}
	g.write(p, 2)
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		p.linef("  refused with %s: %s", code, number(codes[code]))
	}
	if s.Calls.Throttled > 0 {
		p.linef("  throttled from %s to %s; busiest second: %s at %s", instant(s.Calls.ThrottledFrom),
			instant(s.Calls.ThrottledTo), count(s.Calls.BusiestCalls, "call"), instant(s.Calls.Busiest))
		p.line("")
		writeCallChart(p, &s.Calls.Over)
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
