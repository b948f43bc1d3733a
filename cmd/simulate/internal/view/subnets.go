package view

import (
	"vpcsim/sim/replay"
)

// writeSubnets tells what EC2 has given out of each subnet.
func writeSubnets(p *page, s *replay.State) {
	if len(s.Subnets) == 0 {
		return
	}
	p.section("Subnets", "the five addresses that EC2 keeps not counted")
	reserved := false
	for _, sn := range s.Subnets {
		reserved = reserved || len(sn.Reservations) > 0
	}
	align, head := "llrrrrr", []string{"", "", "usable", "used", "free", "free /28s", "largest run"}
	if reserved {
		align, head = align+"r", append(head, "reserved")
	}
	g := newGrid(align)
	g.head(head...)
	for _, sn := range s.Subnets {
		st := sn.Stats()
		warn := plain
		if st.Free == 0 {
			warn = red
		}
		row := []cell{
			c(string(sn.Name)), c(sn.CIDR.String()), c(number(st.Usable)), c(number(st.Used)),
			styled(warn, number(st.Free)), c(number(st.FreePrefixes)), c(number(st.LargestFree)),
		}
		if reserved {
			row = append(row, c(number(st.ReservedFree)))
		}
		g.add(row...)
	}
	g.write(p, 2)
}
