package diagram

import (
	"fmt"
	"io"
	"strings"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim/replay"
)

// The page, in pixels: nodes at the left, subnets at the right, what ran out
// below both.
const (
	pageWidth   = 1200
	margin      = 24
	leftWidth   = 768
	rightAt     = margin + leftWidth + margin
	rightWidth  = pageWidth - margin - rightAt
	lineHeight  = 16
	slotsAt     = margin + 16 + 168 // where the slots of an ENI begin
	slotsWidth  = margin + leftWidth - 16 - slotsAt
	mostWaiting = 120 // pods without an address that are drawn one by one
)

// SVG draws the state.
func SVG(w io.Writer, s *replay.State, o Options) error {
	d := drawing{s: s}
	y := d.heading()
	left, right := d.nodes(y, o), d.subnets(y)
	y = d.points(max(left, right))
	y = d.legend(y + 8)
	return d.write(w, pageWidth, y+margin, s.Started.Name, facts(s))
}

type drawing struct {
	canvas
	s *replay.State
	// used are the kinds of squares that occur, for the legend.
	used map[string]bool
}

func (d *drawing) square(x, y, size int, class, tip string) {
	if d.used == nil {
		d.used = map[string]bool{}
	}
	d.used[class] = true
	d.rect(x, y, size, size, class, tip)
	if class == "left" {
		d.cross(x, y, size)
	}
}

func (d *drawing) heading() int {
	y := margin + 18
	d.text(margin, y, "h1", fitHead(d.s.Started.Name, pageWidth-2*margin, 20))
	y += 22
	d.text(margin, y, "dim", fit(facts(d.s), pageWidth-2*margin))
	return y + 16
}

// nodes draws a card for each node.
func (d *drawing) nodes(y int, o Options) int {
	shown, left := o.groups(d.s)
	for _, g := range shown {
		y = d.node(y, g) + 12
	}
	if left > 0 {
		d.text(margin, y+10, "dim", fmt.Sprintf("and %s more, which look different", view.Count(left, nodeWord(d.s))))
		y += 24
	}
	if len(shown) == 0 {
		d.text(margin, y+12, "dim", "no "+nodeWord(d.s)+" yet")
		y += 28
	}
	pending := d.waiting("")
	if len(pending) > 0 {
		d.text(margin, y+12, "h2", fmt.Sprintf("%s without a %s", view.Count(len(pending), podWord(d.s)), nodeWord(d.s)))
		y = d.waitingSquares(margin, y+20, leftWidth, pending) + 8
	}
	return y
}

// node draws a node: a line of numbers, a row of squares for each ENI.
func (d *drawing) node(top int, g picture.Alike) int {
	return d.framed(margin, top, leftWidth, "node", func() int { return d.inside(top+24, g) })
}

func (d *drawing) inside(y int, g picture.Alike) int {
	n := g.First
	kind := fit(fmt.Sprintf("%s · %s", n.Launched.InstanceType, n.Launched.Subnet), leftWidth/2)
	d.text(margin+leftWidth-16, y, "right", kind)
	d.text(margin+16, y, "h2", fitHead(title(g), leftWidth-48-widthOf(kind), 14))
	y += 18
	d.text(margin+16, y, "dim", fit(strings.Join(view.NodeFacts(d.s, n), " · "), leftWidth-32))
	if t := view.NodeCondition(d.s, n); t != "" {
		for _, l := range view.Wrap(t, charsIn(leftWidth-32)) {
			y += lineHeight
			d.text(margin+16, y, "bad", l)
		}
	}
	y += 12
	for _, k := range picture.CardsOf(d.s, n) {
		for _, e := range k.ENIs {
			y = d.eni(y, n, e, k)
		}
	}
	if n.ENI(n.Trunk.ENI) == nil && len(n.Branches) > 0 {
		d.text(margin+16, y+12, "h3", "branch ENIs")
		y = d.branches(y, n)
	}
	if waiting := d.waiting(n.Name); len(waiting) > 0 {
		d.text(margin+16, y+12, "h3", "waiting")
		y = d.waitingSquares(slotsAt, y, slotsWidth, waiting)
	}
	return y + 6
}

// eni draws an ENI and what its slots hold.
func (d *drawing) eni(y int, n *replay.Node, e *replay.ENI, k picture.Cards) int {
	each := ""
	if k.Several() {
		each = ", each"
	}
	d.text(margin+16, y+12, "h3", k.Name(n, e)+" "+string(e.Kind))
	d.text(margin+16, y+26, "small", fit(fmt.Sprintf("%s %s", e.PrimaryAddress, e.Subnet), slotsAt-margin-20))
	bottom := y
	switch {
	case onECS(d.s):
		bottom = d.taskENI(y, n, e)
	case e.Kind == model.ENITrunk && len(e.Blocks) == 0:
		bottom = d.branches(y, n)
	case picture.ServesNoPods(n, e), n.Config.Settings.IPv6:
		d.text(slotsAt, y+12, "dim", view.ENINote(d.s, n, e)+each)
	default:
		bottom = d.slots(y, n, e)
	}
	return max(bottom, y+32) + 4
}

const (
	slotSize    = 14
	slotPitch   = 17
	cellSize    = 5 // of an address in a prefix
	prefixSize  = 4*cellSize + 3
	prefixPitch = prefixSize + 5
)

// slots draws the slots of an ENI: a square an address, or, for a prefix, a
// square of its 16.
func (d *drawing) slots(y int, n *replay.Node, e *replay.ENI) int {
	slots := picture.Slots(n, e, d.s.Now)
	pitch := slotPitch
	for _, slot := range slots {
		if slot.Block != nil && slot.Block.IsPrefix() || slot.Block == nil && n.PrefixMode() {
			pitch = prefixPitch
		}
	}
	x := slotsAt
	for _, slot := range slots {
		if x+pitch > slotsAt+slotsWidth {
			x, y = slotsAt, y+pitch
		}
		d.slot(x, y, slot, n.PrefixMode())
		x += pitch
	}
	if note := view.ENINote(d.s, n, e); x+8+widthOf(note) <= slotsAt+slotsWidth {
		d.text(x+8, y+(pitch-slotPitch)/2+12, "small", note)
	}
	return y + pitch
}

var slotClasses = map[picture.SlotState]string{
	picture.Empty: "empty", picture.Free: "free", picture.Held: "held", picture.Cooling: "cooling", picture.LeftOver: "left",
}

func (d *drawing) slot(x, y int, slot picture.Slot, prefixes bool) {
	class := slotClasses[slot.State]
	switch {
	case slot.Block == nil && prefixes:
		d.square(x, y, prefixSize, class, "")
	case slot.Block == nil:
		d.square(x, y, slotSize, class, "")
	case slot.State == picture.LeftOver && slot.Block.IsPrefix():
		d.square(x, y, prefixSize, class, slot.Block.Prefix.String()+" serves no new pod")
	case slot.State == picture.LeftOver:
		d.square(x, y, slotSize, class, slot.Block.Prefix.Addr().String()+" serves no new pod")
	case !slot.Block.IsPrefix():
		d.square(x, y, slotSize, class, tipOf(slot.Block.Addresses(d.s.Now)[0]))
	default:
		d.rect(x, y, prefixSize, prefixSize, "block", slot.Block.Prefix.String())
		for i, a := range slot.Block.Addresses(d.s.Now) {
			class := string(a.State)
			if a.State == replay.Assigned {
				class = "held"
			}
			d.square(x+2+i%4*cellSize, y+2+i/4*cellSize, cellSize-1, class, tipOf(a))
		}
	}
}

// tipOf tells of an address what the picture shows as a colour.
func tipOf(a replay.Address) string {
	switch a.State {
	case replay.Assigned:
		return fmt.Sprintf("%s %s", a.Addr, a.Pod)
	case replay.Cooling:
		return fmt.Sprintf("%s cools until %s, %s had it", a.Addr, view.Instant(a.CoolUntil), a.Pod)
	}
	return a.Addr.String() + " is free"
}

// branches draws the branch ENIs of a node, and the places that are left up to
// its limit.
func (d *drawing) branches(y int, n *replay.Node) int {
	x, places := slotsAt, n.Launched.BranchENIs
	put := func(class, tip string) {
		if x+slotPitch > slotsAt+slotsWidth {
			x, y = slotsAt, y+slotPitch
		}
		d.square(x, y, slotSize, class, tip)
		x += slotPitch
	}
	for _, b := range n.Branches {
		tip := fmt.Sprintf("%s, VLAN %d, %s", b.Address, b.VLAN, b.State)
		switch b.State {
		case replay.BranchInUse:
			put("held", fmt.Sprintf("%s %s, VLAN %d", b.Address, b.Pod, b.VLAN))
		case replay.BranchCooling, replay.BranchQueued:
			put("cooling", tip)
		case replay.BranchCreating:
			put("free", tip)
		case replay.BranchLeaked:
			put("left", tip)
			continue // it counts no more
		}
		places--
	}
	for ; places > 0; places-- {
		put("empty", "")
	}
	return y + slotPitch
}

// taskENI draws what an ENI of a container instance is for.
func (d *drawing) taskENI(y int, n *replay.Node, e *replay.ENI) int {
	switch e.Kind {
	case model.ENITask:
		d.square(slotsAt, y, slotSize, "held", fmt.Sprintf("%s %s", e.PrimaryAddress, e.Pod))
		d.text(slotsAt+slotPitch+4, y+12, "dim", string(e.Pod))
		return y
	case model.ENITrunk:
	default:
		d.text(slotsAt, y+12, "dim", view.ENINote(d.s, n, e))
		return y
	}
	x := slotsAt
	for i := range max(n.Launched.TaskENIs, len(n.TaskBranches)) {
		if x+slotPitch > slotsAt+slotsWidth {
			x, y = slotsAt, y+slotPitch
		}
		if i < len(n.TaskBranches) {
			b := n.TaskBranches[i]
			d.square(x, y, slotSize, "held", fmt.Sprintf("%s %s, VLAN %d", b.PrimaryAddress, b.Pod, b.VLAN))
		} else {
			d.square(x, y, slotSize, "empty", "")
		}
		x += slotPitch
	}
	return y + slotPitch
}

// waiting are the pods that wait on a node, or, with an empty name, for one.
func (d *drawing) waiting(node model.NodeName) []*replay.Pod {
	var out []*replay.Pod
	for _, p := range d.s.Pods.All() {
		if p.Node == node && p.Waits() && !p.Address.IsValid() {
			out = append(out, p)
		}
	}
	return out
}

func (d *drawing) waitingSquares(left, y, width int, pods []*replay.Pod) int {
	x := left
	for _, p := range pods[:min(len(pods), mostWaiting)] {
		if x+slotPitch > left+width {
			x, y = left, y+slotPitch
		}
		tip := string(p.Name)
		if p.Reason != "" {
			tip += ": " + string(p.Reason)
		}
		d.square(x+1, y+1, slotSize-2, "waits", tip)
		x += slotPitch
	}
	y += slotPitch
	if more := len(pods) - mostWaiting; more > 0 {
		d.text(left, y+12, "dim", fmt.Sprintf("and %s more", view.Number(more)))
		y += lineHeight
	}
	return y
}

// points tells what ran out and is not over.
func (d *drawing) points(y int) int {
	const room = pageWidth - 2*margin - 32
	for _, p := range view.OpenPoints(d.s) {
		head := fmt.Sprintf("%s %s", p.Mark, p.Title)
		tail := p.Since
		if p.Pods > 0 {
			tail += ", " + view.Count(p.Pods, podWord(d.s))
		}
		lines := view.Wrap(p.Message, charsIn(room))
		d.box(margin, y, pageWidth-2*margin, 34+len(lines)*lineHeight, "point")
		d.text(margin+16, y+22, "h2", head)
		d.text(pageWidth-margin-16, y+22, "right", tail)
		for i, l := range lines {
			d.text(margin+16, y+22+(i+1)*lineHeight, "small", l)
		}
		y += 34 + len(lines)*lineHeight + 12
	}
	return y
}

// legend names the squares that occur.
func (d *drawing) legend(y int) int {
	x := margin
	for _, it := range []struct{ class, name string }{
		{"held", "held by a " + podWord(d.s)}, {"cooling", "cooling"}, {"free", "free, ready for a pod"}, {"empty", "empty slot"},
		{"left", "left over or leaked"}, {"waits", podWord(d.s) + " without address"}, {"own", "an ENI's own address"}, {"other", "taken by others, or on its way to a node"},
		{"kept", "kept by EC2"}, {"reserved", "reserved"}, {"open", "free in the subnet"},
	} {
		if !d.used[it.class] {
			continue
		}
		wide := 30 + widthOf(it.name)
		if x+wide > pageWidth-margin {
			x, y = margin, y+20
		}
		d.rect(x, y, 12, 12, it.class, "")
		d.text(x+18, y+10, "small", it.name)
		x += wide
	}
	return y + 12
}
