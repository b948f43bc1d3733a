package view

import (
	"fmt"
	"io"
	"slices"

	"vpcsim/sim/replay"
)

// Snapshot writes what somebody wants to see of an instant who watches a run: the
// nodes, the subnets, what is short, and so many of the last changes.
func Snapshot(w io.Writer, s *replay.State, changes int, pal Palette) error {
	p := newPage(w, pal)
	p.words = wordsOf(s)
	writeNodes(p, s)
	writeSubnets(p, s)
	writeOpen(p, s)
	writeLast(p, s, changes)
	return p.w.Flush()
}

// writeOpen tells what is short now.
func writeOpen(p *page, s *replay.State) {
	points := OpenPoints(s)
	if len(points) == 0 {
		return
	}
	p.section("Short of", "")
	for _, pt := range points {
		st := red
		if pt.Mark == "●" {
			st = yellow
		}
		p.line("  " + p.palette.paint(st, pt.Mark+" "+pt.Title) + "  " + pt.Since)
	}
}

// writeLast tells the last changes of the nodes, the last first.
func writeLast(p *page, s *replay.State, most int) {
	type line struct {
		n *replay.Node
		HistoryLine
	}
	var last []line
	for _, n := range s.Nodes {
		h := n.History.Changes
		for _, l := range history(n, h[max(0, len(h)-most):]) {
			last = append(last, line{n, l})
		}
	}
	slices.SortStableFunc(last, func(a, b line) int { return int(b.At - a.At) })
	if len(last) == 0 {
		return
	}
	p.section("Last changes", "")
	g := newGrid("rlll")
	if len(s.Nodes) > 1 {
		g = newGrid("rllll")
	}
	for _, l := range last[:min(len(last), most)] {
		st := plain
		switch l.Tone {
		case "good":
			st = green
		case "bad":
			st = red
		}
		row := []cell{c(instant(l.At)), c(l.ENI), styled(st, l.What), styled(dim, l.Why)}
		if len(s.Nodes) > 1 {
			row = slices.Insert(row, 1, c(string(l.n.Name)))
		}
		g.add(row...)
	}
	g.wrapTo(pageWidth - 4)
	g.write(p, 2)
}

// Line is a state in one line of numbers.
func Line(s *replay.State) string {
	n, w := s.Pods.Count(), wordsOf(s)
	text := count(n.Running, w.pod) + " running"
	if n.Waiting() > 0 {
		text += fmt.Sprintf(" · %s waiting", number(n.Waiting()))
	}
	t := s.Totals()
	if onECS(s) {
		return text + " · " + count(t.Assigned, "task ENI")
	}
	if slices.ContainsFunc(s.Nodes, func(n *replay.Node) bool { return n.Config.Settings.IPv6 }) {
		return text
	}
	return text + fmt.Sprintf(" · %s of %s held", number(t.Assigned), count(t.Total, "address"))
}
