package view

import (
	"fmt"
	"slices"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

// leaks are ENIs that have leaked, summed.
type leaks struct {
	all       []replay.Leak
	addresses map[model.SubnetID]int
	subnets   []model.SubnetID // in the order of the scenario
}

func leaksOf(s *replay.State) leaks {
	l := leaks{all: s.Leaks(), addresses: map[model.SubnetID]int{}}
	for _, e := range l.all {
		l.addresses[e.Subnet] += e.Addresses
	}
	for _, sn := range s.Subnets {
		if l.addresses[sn.Name] > 0 {
			l.subnets = append(l.subnets, sn.Name)
		}
	}
	return l
}

// line says in the verdict how many addresses are lost; empty: none.
func (l leaks) line() string {
	if len(l.all) == 0 {
		return ""
	}
	var held []string
	for _, sn := range l.subnets {
		held = append(held, fmt.Sprintf("%s of %s", count(l.addresses[sn], "address"), sn))
	}
	return fmt.Sprintf(" %s %s %s.", count(len(l.all), "leaked ENI"), pick(len(l.all) == 1, "holds", "hold"), listOf(held))
}

// explanation tells somebody who never met one what a leaked ENI is, why there is
// one, and who ends that; of the first, where there are several.
func (l leaks) explanation(s *replay.State) string {
	if len(l.all) == 0 {
		return ""
	}
	first := l.all[0]
	return fmt.Sprintf("A leaked ENI is in use by nobody, and EC2 has it still. %s %s; %s. simulate explain --eni %s says more.",
		first.ENI, LeakCause(s, first), LeakFate(s, first), first.ENI)
}

// LeakCause says why an ENI leaked.
func LeakCause(s *replay.State, l replay.Leak) string {
	refused := fmt.Sprintf("EC2 refused %s (%s)", l.Action, l.Error)
	switch {
	case l.Refused > 1 && l.Cause == replay.LeakECS: // several actions
		refused = fmt.Sprintf("EC2 refused %s to take it away, the last %s (%s)", count(l.Refused, "call"), l.Action, l.Error)
	case l.Refused > 1:
		refused = fmt.Sprintf("EC2 refused %s %s (%s)", l.Action, count(l.Refused, "time"), l.Error)
	}
	switch l.Cause {
	case replay.LeakAgent:
		return fmt.Sprintf("leaked as the agent of %s was killed before it had attached or deleted it", l.Node)
	case replay.LeakNode:
		return fmt.Sprintf("leaked as the instance of %s was terminated before the agent had attached or deleted it", l.Node)
	case replay.LeakTrunk:
		return "leaked as the resource controller was killed before it had attached or deleted it"
	case replay.LeakForgotten:
		return "leaked as the resource controller forgot it after three tries to delete it: " + refused
	case replay.LeakUnseen:
		if n := s.Node(l.Node); n != nil && n.Gone() {
			return "leaked as the resource controller was restarted when its node was gone, and looks for branch ENIs of living nodes only"
		}
		return "leaked as the restarted resource controller does not look for it: it is in another subnet than new branch ENIs would be"
	}
	return "leaked as " + refused
}

// LeakFate says who deletes a leaked ENI, or that nobody does.
func LeakFate(s *replay.State, l replay.Leak) string {
	switch l.CleanUp {
	case replay.CleanUpECS:
		return "ECS asks EC2 again every 10 s"
	case replay.CleanUpRestart:
		return "no clean-up takes it, as EC2 shows it with its trunk; the resource controller finds it when it is restarted"
	case replay.CleanUpController:
		return "the resource controller's clean-up, every 30 min, deletes what it has seen unused twice"
	case replay.CleanUpOthers:
		return "the clean-up of another node's agent deletes it; each has one about every hour"
	case replay.CleanUpNobody:
		return "nobody deletes it until another node's agent starts"
	case replay.CleanUpOff:
		if !keepsByName(s, l.Node) {
			return "nobody deletes it, as the agent may not call EC2 (DISABLE_NETWORK_RESOURCE_PROVISIONING or ENABLE_IMDS_ONLY_MODE)"
		}
		return "nobody deletes it, as DISABLE_LEAKED_ENI_CLEANUP is on"
	}
	return "the agent's clean-up, about every hour, deletes it"
}

// keepsByName reports whether DISABLE_LEAKED_ENI_CLEANUP is on where it would have to
// be off: for the agent of the node or, where that is gone, for one that lives.
func keepsByName(s *replay.State, node model.NodeName) bool {
	if n := s.Node(node); n != nil && !n.Gone() {
		return n.Config.Settings.KeepLeakedENIs
	}
	return slices.ContainsFunc(s.Nodes, func(n *replay.Node) bool { return !n.Gone() && n.Config.Settings.KeepLeakedENIs })
}
