package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

const (
	// nodeStrips is up to how many nodes each get a strip of their own.
	nodeStrips = 4
	// groupStrips is how many groups of like nodes get one.
	groupStrips = 4
)

// The glyphs of a slot. In prefix mode a slot is a prefix, and the levels say
// how many of its addresses pods hold.
const (
	glyphAssigned = '■'
	glyphCooling  = '░'
	glyphFree     = '□'
	glyphEmpty    = '·'
	glyphLeaked   = '×' // a branch ENI that the controller has forgotten
	glyphLeftOver = '×' // a block of the mode before, which serves no new pod
)

var levels = []rune("▁▂▃▄▅▆▇█")

// writeNodes draws the final state of each node, or of groups of like ones.
func writeNodes(p *page, s *replay.State) {
	var living []*replay.Node
	prefixes := false
	for _, n := range s.Nodes {
		if !n.Gone() {
			living = append(living, n)
			prefixes = prefixes || n.PrefixMode()
		}
	}
	if len(living) == 0 {
		return
	}
	legend := "■ held by a pod  ░ cooling  □ free  · empty slot"
	if prefixes {
		legend = "a prefix each: ▁▄█ held by pods  ░ cooling  □ free  · none"
	}
	if slices.ContainsFunc(living, hasLeftOvers) {
		legend += "  × left over"
	}
	if onECS(s) {
		legend = "■ held by a task  · free"
	}
	p.section(p.words.nodes, legend)
	if len(living) <= nodeStrips {
		for _, n := range living {
			writeNode(p, s, n, string(n.Name))
		}
	} else {
		writeLikeNodes(p, s, living)
	}
}

// writeLikeNodes draws one node for each group of nodes that look the same,
// the largest groups first, and the spread over all if that isn't all.
func writeLikeNodes(p *page, s *replay.State, nodes []*replay.Node) {
	type group struct {
		first *replay.Node
		n     int
	}
	groups := map[string]*group{}
	var order []*group
	for _, n := range nodes {
		look := looks(s, n)
		g := groups[look]
		if g == nil {
			g = &group{first: n}
			groups[look] = g
			order = append(order, g)
		}
		g.n++
	}
	// Stable: among groups of a size the one whose first node is older.
	slices.SortStableFunc(order, func(a, b *group) int { return b.n - a.n })
	shown := order[:min(len(order), groupStrips)]
	for _, g := range shown {
		title := string(g.first.Name)
		if g.n > 1 {
			title += fmt.Sprintf(" and %s like it", number(g.n-1))
		}
		writeNode(p, s, g.first, title)
	}
	if len(order) > len(shown) {
		writeSpread(p, s, nodes)
	}
}

// looks is what two nodes have in common that look the same: the numbers of
// each ENI, not which of its slots are taken.
func looks(s *replay.State, n *replay.Node) string {
	var b strings.Builder
	fmt.Fprint(&b, n.Launched.Group, " ", condition(n), " ", n.Bound(), " ", n.BranchCount(), " ", len(n.TaskBranches))
	for _, e := range n.Attached() {
		fmt.Fprint(&b, " card ", e.Card, eniLooks(s, e))
	}
	return b.String()
}

// writeSpread tells the least, the median and the most over nodes.
func writeSpread(p *page, s *replay.State, nodes []*replay.Node) {
	type measure struct {
		name string
		of   func(*replay.Node) int
	}
	measures := []measure{
		{"ENIs", func(n *replay.Node) int { return len(n.Attached()) + len(n.TaskBranches) }},
		{"addresses for pods", func(n *replay.Node) int { return n.Totals(s.Now).Total }},
		{"held by pods", func(n *replay.Node) int { return n.Totals(s.Now).Assigned }},
		{"free", func(n *replay.Node) int { return n.Totals(s.Now).Free() }},
		{"pods, the system's included", func(n *replay.Node) int { return n.Bound() + n.Launched.SystemPods }},
	}
	each := "per node"
	if onECS(s) {
		each = "each"
		measures = []measure{
			measures[0],
			{"task ENIs", func(n *replay.Node) int { return n.Totals(s.Now).Assigned }},
			{"tasks", func(n *replay.Node) int { return n.Bound() }},
		}
	}
	g := newGrid("lrrrr")
	g.head(fmt.Sprintf("all %s, %s", count(len(nodes), p.words.node), each), "least", "median", "most", "sum")
	for _, m := range measures {
		values := make([]int, len(nodes))
		sum := 0
		for i, n := range nodes {
			values[i] = m.of(n)
			sum += values[i]
		}
		slices.Sort(values)
		g.add(c(m.name), c(number(values[0])), c(number(values[(len(values)-1)/2])), c(number(values[len(values)-1])), c(number(sum)))
	}
	g.write(p, 2)
}

// writeNode draws a node: a line of numbers, a strip for each ENI.
func writeNode(p *page, s *replay.State, n *replay.Node, title string) {
	if onECS(s) {
		writeInstance(p, s, n, title)
		return
	}
	t := n.Totals(s.Now)
	held := fmt.Sprintf("%s of %s addresses held", number(t.Assigned), number(t.Total))
	if n.Config.Settings.IPv6 {
		held = plural(t.Assigned, "IPv6 address", "IPv6 addresses") + " held"
	}
	if t.Cooling > 0 {
		held += fmt.Sprintf(", %s cooling", number(t.Cooling))
	}
	parts := []string{
		held,
		fmt.Sprintf("%s of %s pods", number(n.Bound()+n.Launched.SystemPods), number(n.Launched.MaxPods)),
		fmt.Sprintf("%s of %s", number(len(n.Attached())), plural(maxENIs(n), "ENI", "ENIs")),
	}
	for _, l := range wrapItems(title+"  ", parts, pageWidth-2) {
		p.line("  " + l)
	}
	if t := condition(n); t != "" {
		p.paragraph(4, "", t, yellow)
	}
	runs := cardRuns(s, n)
	wide := nameWidth
	for _, r := range runs {
		for _, e := range r.enis {
			wide = max(wide, width(r.name(n, e))+1)
		}
	}
	for _, r := range runs {
		for _, e := range r.enis {
			drawn, empty := shortened(strip(s, n, e))
			writeStrip(p, wide, r.name(n, e), drawn, eniNote(n, e)+r.note()+empty)
			if e.Kind == model.ENITrunk {
				writeBranches(p, wide, n)
			}
		}
	}
	if n.ENI(n.Trunk.ENI) == nil && len(n.Branches) > 0 {
		writeBranches(p, wide, n) // the agent doesn't see their trunk
	}
}

// writeBranches draws the branch ENIs of a node, and the places that are left
// up to its limit.
func writeBranches(p *page, wide int, n *replay.Node) {
	k := n.BranchCount()
	var b strings.Builder
	for _, part := range []struct {
		glyph rune
		n     int
	}{
		{glyphAssigned, k.InUse}, {glyphCooling, k.Cooling + k.Queued}, {glyphFree, k.Creating},
		{glyphEmpty, n.Launched.BranchENIs - k.Counted() - k.Creating}, {glyphLeaked, k.Leaked},
	} {
		b.WriteString(strings.Repeat(string(part.glyph), max(part.n, 0)))
	}
	note := fmt.Sprintf("%s of %s in use", number(k.InUse), count(n.Launched.BranchENIs, "branch ENI"))
	for _, more := range []struct {
		n    int
		what string
	}{{k.Cooling, "cooling"}, {k.Queued, "made in vain"}, {k.Creating, "being made"}, {k.Leaked, "leaked (×)"}} {
		if more.n > 0 {
			note += fmt.Sprintf(", %s %s", number(more.n), more.what)
		}
	}
	writeStrip(p, wide, "  └─", b.String(), note)
}

// stripWidth is how many glyphs of a strip stand on a line.
const stripWidth = 60

// nameWidth is the width of the column of the strips' names, where they are
// short.
const nameWidth = 6

// writeStrip writes a strip after its name, which has a column of this width, and
// its note behind it or, where there is no room, below.
func writeStrip(p *page, wide int, name, strip, note string) {
	rest := []rune(strip)
	for {
		line := string(rest[:min(len(rest), stripWidth)])
		rest = rest[len([]rune(line)):]
		head := fmt.Sprintf("    %-*s%s", wide, name, paintStrip(p.palette, line))
		room := width(fmt.Sprintf("    %-*s%s", wide, name, line)) + 2 + width(note)
		name = ""
		switch {
		case len(rest) > 0:
			p.line(head)
			continue
		case room <= pageWidth:
			p.line(head + "  " + note)
		default:
			p.line(head)
			p.paragraph(10, "", note, plain)
		}
		return
	}
}

// wrapItems writes items after a title, separated, on as many lines as needed.
func wrapItems(title string, items []string, room int) []string {
	const between = " · "
	line := title + items[0]
	var out []string
	for _, it := range items[1:] {
		if width(line)+width(between)+width(it) > room {
			out = append(out, line)
			line = "  " + it
			continue
		}
		line += between + it
	}
	return append(out, line)
}

// condition says what is out of the ordinary with a node.
func condition(n *replay.Node) string {
	var parts []string
	switch {
	case !n.Ready && n.NotReadyReason != "":
		parts = append(parts, "not ready: "+n.NotReadyReason)
	case !n.Ready:
		parts = append(parts, "not ready yet")
	case !n.AgentUp:
		parts = append(parts, "its agent is down")
	}
	if w := n.Waiting(); w > 0 {
		parts = append(parts, plural(w, "pod waits", "pods wait")+" for an address")
	}
	if n.Config.Settings.PodENI && n.Trunk.AttachedAt == model.Never {
		why := "its agent has not asked for one"
		switch {
		case n.Trunk.Error != "":
			why = cmp.Or(trunkFailure(n.Trunk.Error), string(n.Trunk.Error))
		case n.Trunk.SignalledAt != model.Never:
			why = "it is coming"
		}
		parts = append(parts, "no trunk ENI: "+why)
	}
	if n.Cordoned {
		parts = append(parts, "cordoned: its agent neither grows the pool nor frees ENIs")
	}
	return strings.Join(parts, "; ")
}

// strip draws an ENI's slots, one rune each.
func strip(s *replay.State, n *replay.Node, e *replay.ENI) string {
	var b strings.Builder
	for _, blk := range e.Blocks {
		if isLeftOver(e, blk) {
			b.WriteRune(glyphLeftOver)
		} else {
			b.WriteRune(glyph(blk, s.Now))
		}
	}
	slots := n.Launched.SlotsPerENI
	if servesNoPods(n, e) {
		slots = 0
	}
	for i := len(e.Blocks); i < slots; i++ {
		b.WriteRune(glyphEmpty)
	}
	return b.String()
}

// The trailing empty slots of a long strip are not all drawn: they say nothing
// that a number doesn't, and push what the strip is about off the line.
const (
	longStrip  = 30
	mostEmpty  = 10
	drawnEmpty = 3
)

// shortened cuts the empty slots at the end of a long strip, and says how many
// there are.
func shortened(strip string) (drawn, note string) {
	taken := strings.TrimRight(strip, string(glyphEmpty))
	empty := width(strip) - width(taken)
	if width(strip) <= longStrip || empty <= mostEmpty {
		return strip, ""
	}
	return taken + strings.Repeat(string(glyphEmpty), drawnEmpty), fmt.Sprintf(", %s of %s slots empty", number(empty), number(width(strip)))
}

// servesNoPods: a trunk carries branches only, and in custom networking the
// primary ENI none either.
func servesNoPods(n *replay.Node, e *replay.ENI) bool {
	return len(e.Blocks) == 0 &&
		(e.Kind == model.ENITrunk || e.Kind == model.ENIPrimary && n.Config.Settings.CustomNetworking)
}

func glyph(b *replay.Block, at model.Instant) rune {
	switch {
	case b.Assigned == 0 && b.Cooling(at) > 0:
		return glyphCooling
	case b.Assigned == 0:
		return glyphFree
	case !b.IsPrefix():
		return glyphAssigned
	}
	// An eighth at least, all eight only if all addresses are held.
	return levels[max(b.Assigned*len(levels)/b.Size(), 1)-1]
}

// paintStrip colours runs of like glyphs.
func paintStrip(pal Palette, strip string) string {
	if !pal.On {
		return strip
	}
	colour := func(r rune) style {
		switch r {
		case glyphCooling:
			return cyan
		case glyphFree, glyphEmpty:
			return dim
		}
		return green
	}
	var out strings.Builder
	run := ""
	last := plain
	for _, r := range strip {
		if st := colour(r); st != last {
			out.WriteString(pal.paint(last, run))
			run, last = "", st
		}
		run += string(r)
	}
	out.WriteString(pal.paint(last, run))
	return out.String()
}

// eniNote says how full the ENI is and, where it isn't plain, what it is.
func eniNote(n *replay.Node, e *replay.ENI) string {
	switch {
	case e.Kind == model.ENITrunk && len(e.Blocks) == 0:
		return "trunk: a slot and an address, none for ordinary pods"
	case servesNoPods(n, e):
		return "primary: serves no pods in custom networking"
	}
	before := blocksBefore(e)
	note := fmt.Sprintf("%s/%s", number(e.Assigned()-before.held), number(e.Total()))
	switch {
	case before.n > 0 && before.n == len(e.Blocks):
		note = ""
	case e.Excluded:
		note = "excluded, " + number(e.Assigned()) + " held"
	case n.Config.Settings.IPv6:
		note = number(e.Assigned()) + " held of a /80"
	case e.Kind == model.ENITrunk:
		note += " trunk that serves ordinary pods"
	}
	if e.Kind == model.ENIPrimary {
		note += " primary"
	}
	if e.Subnet != n.Launched.Subnet {
		note += " in " + string(e.Subnet)
	}
	if before.n > 0 && note != "" {
		note += ", "
	}
	return strings.TrimSpace(note + before.words(n))
}
