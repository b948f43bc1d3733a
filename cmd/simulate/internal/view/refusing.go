package view

import (
	"fmt"
	"slices"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

// refusing tells, where everything fits, that it is by a hair: EC2 refused the last
// calls of an action; or it refused calls of the nodes for want of room in their
// subnets, and some have none still. Empty where that is not so.
func refusing(s *replay.State) string {
	if what := standing(s); what != "" {
		return what
	}
	refused := 0
	for _, a := range s.Calls.ByAction() {
		refused += a.Refused[model.InsufficientCidrBlocks] + a.Refused[model.InsufficientFreeAddressesInSubnet]
	}
	if refused == 0 {
		return ""
	}
	var without, scarce []string // of /28s, of addresses for an ENI
	for _, sn := range s.Subnets {
		st := sn.Stats()
		prefixes, slots := wantedOf(s, sn.Name)
		switch {
		case prefixes && st.FreePrefixes == 0:
			without = append(without, string(sn.Name))
		case slots > 0 && st.Free < slots+1:
			scarce = append(scarce, string(sn.Name))
		}
	}
	var what string
	switch {
	case len(without) > 0:
		what = fmt.Sprintf("%s %s no free /28", listOf(without), pick(len(without) == 1, "has", "have"))
	case len(scarce) > 0:
		what = fmt.Sprintf("%s %s too few free addresses for another ENI", listOf(scarce), pick(len(scarce) == 1, "has", "have"))
	default:
		return ""
	}
	return fmt.Sprintf(" But EC2 refused %s of the nodes, and %s: the next pods may hang.", count(refused, "call"), what)
}

// wantedOf says what the nodes that have ENIs in the subnet ask it for: prefixes, or
// as many addresses at once as an ENI has slots.
func wantedOf(s *replay.State, subnet model.SubnetID) (prefixes bool, slots int) {
	for _, n := range s.Nodes {
		in := func(e *replay.ENI) bool { return e.Subnet == subnet }
		if n.Gone() || !slices.ContainsFunc(n.ENIs, in) {
			continue
		}
		if n.PrefixMode() {
			prefixes = true
		} else {
			slots = max(slots, n.Launched.SlotsPerENI)
		}
	}
	return prefixes, slots
}
