package diagram

import (
	"fmt"
	"net/netip"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/sim/replay"
)

// mostSquares is up to how many addresses a subnet's map has a square each. A
// larger one has a square a /28.
const mostSquares = 256

// mostSubnets is how many subnets are drawn.
const mostSubnets = 8

// subnets draws the map of each subnet: what EC2 has given out of it, and to
// whom.
func (d *drawing) subnets(y int) int {
	owners := d.owners()
	for i, sn := range d.s.Subnets {
		if i == mostSubnets {
			d.text(rightAt, y+12, "dim", fmt.Sprintf("and %s more", view.Count(len(d.s.Subnets)-i, "subnet")))
			return y + 24
		}
		where := fmt.Sprintf("%s · %s", sn.CIDR, sn.Zone)
		d.text(rightAt, y+12, "h2", fitHead(string(sn.Name), rightWidth-16-widthOf(where), 14))
		d.text(rightAt+rightWidth, y+12, "right", where)
		d.text(rightAt, y+28, "dim", subnetFacts(sn))
		y = d.addressMap(y+36, sn, owners) + 20
	}
	return y
}

// owners says of the addresses of nodes and pods whose they are, as a class.
func (d *drawing) owners() map[netip.Addr]string {
	out := map[netip.Addr]string{}
	eni := func(e *replay.ENI) {
		out[e.PrimaryAddress] = "own"
		if e.Pod != "" {
			out[e.PrimaryAddress] = "held"
		}
		for _, b := range e.Blocks {
			if b.Prefix.Addr().Is6() {
				continue
			}
			leftOver := picture.IsLeftOver(e, b)
			for _, a := range b.Addresses(d.s.Now) {
				switch {
				case leftOver:
					out[a.Addr] = "left"
				case a.State == replay.Assigned:
					out[a.Addr] = "held"
				default:
					out[a.Addr] = string(a.State)
				}
			}
		}
	}
	for _, n := range picture.Living(d.s) {
		for _, e := range n.Attached() {
			eni(e)
		}
		for _, e := range n.TaskBranches {
			eni(e)
		}
		if n.Trunk.ENI != "" {
			out[n.Trunk.Address] = "own"
		}
		for _, b := range n.Branches {
			switch b.State {
			case replay.BranchInUse:
				out[b.Address] = "held"
			case replay.BranchLeaked:
				out[b.Address] = "left"
			default:
				out[b.Address] = "cooling"
			}
		}
	}
	for _, l := range d.s.Leaks() {
		for _, b := range d.s.LeakedBlocks(l.ENI) {
			for a := b.Addr(); b.Contains(a); a = a.Next() {
				out[a] = "left"
			}
		}
	}
	for _, sn := range d.s.Subnets {
		for _, a := range sn.Reserved {
			out[a] = "kept"
		}
	}
	return out
}

// addressMap draws a subnet in ascending order.
func (d *drawing) addressMap(y int, sn *replay.Subnet, owners map[netip.Addr]string) int {
	size := 1 << (32 - sn.CIDR.Bits())
	if size > mostSquares {
		return d.blockMap(y, sn, size/16)
	}
	// Two /28s a row, with a gap between them.
	const columns, pitch, gap = 32, 11, 6
	a := sn.CIDR.Masked().Addr()
	for i := range size {
		x := rightAt + i%columns*pitch
		if i%columns >= columns/2 {
			x += gap
		}
		d.square(x, y+i/columns*pitch, pitch-1, classOf(sn, a, owners), a.String())
		a = a.Next()
	}
	return y + (size+columns-1)/columns*pitch
}

func classOf(sn *replay.Subnet, a netip.Addr, owners map[netip.Addr]string) string {
	switch class := owners[a]; {
	case class != "":
		return class
	case sn.Taken(a):
		return "other"
	case reserved(sn, a):
		return "reserved"
	}
	return "open"
}

func reserved(sn *replay.Subnet, a netip.Addr) bool {
	for _, r := range sn.Reservations {
		if r.CIDR.Contains(a) {
			return true
		}
	}
	return false
}

// blockMap draws a subnet with a square for each /28, the darker the more of its
// 16 addresses are taken.
func (d *drawing) blockMap(y int, sn *replay.Subnet, blocks int) int {
	columns := 32
	if blocks > 1024 {
		columns = 64
	}
	pitch := rightWidth / columns
	a := sn.CIDR.Masked().Addr()
	for i := range blocks {
		first, taken := a, 0
		for range 16 {
			if sn.Taken(a) {
				taken++
			}
			a = a.Next()
		}
		class := "open"
		if taken > 0 {
			class = fmt.Sprintf("f%d", (taken*4+15)/16+taken/16)
		}
		d.rect(rightAt+i%columns*pitch, y+i/columns*pitch, pitch-1, pitch-1, class, fmt.Sprintf("%s/28: %d of 16 taken", first, taken))
	}
	y += (blocks + columns - 1) / columns * pitch
	d.text(rightAt, y+14, "small", "a square each /28: the darker, the fewer of its 16 are free")
	return y + 16
}
