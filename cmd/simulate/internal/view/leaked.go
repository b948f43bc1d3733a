package view

import (
	"fmt"

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
	n := s.Node(l.Node)
	switch {
	case l.Error != "":
		times := "once"
		if l.Refused > 1 {
			times = count(l.Refused, "time")
		}
		return fmt.Sprintf("leaked as EC2 refused %s %s (%s)", l.Action, times, l.Error)
	case l.Kind == model.ENISecondary:
		return fmt.Sprintf("leaked as the agent of %s was killed while it attached or gave back the ENI", l.Node)
	case l.Kind == model.ENIBranch && n != nil && !n.Gone():
		return "leaked as the restarted resource controller looks for branch ENIs in the node's present subnet only"
	}
	return "leaked as the resource controller was killed while it had the ENI in hand"
}

// LeakFate says who deletes a leaked ENI, or that nobody does.
func LeakFate(s *replay.State, l replay.Leak) string {
	n := s.Node(l.Node)
	switch {
	case onECS(s):
		return "ECS asks again every 10 s"
	case l.Kind == model.ENIBranch && l.Associated:
		return "no clean-up finds it, as EC2 shows it with its trunk; the resource controller does when it restarts"
	case l.Kind != model.ENISecondary:
		return "the resource controller's clean-up deletes it, which looks every 30 min and takes what it has seen twice"
	case n != nil && n.Config.Settings.KeepLeakedENIs:
		return "nobody deletes it, as DISABLE_LEAKED_ENI_CLEANUP is on"
	case n != nil && n.Config.Settings.NoProvisioning:
		return "nobody deletes it, as the agent may not call EC2 (DISABLE_NETWORK_RESOURCE_PROVISIONING, ENABLE_IMDS_ONLY_MODE)"
	}
	return "the agent's clean-up deletes it, which runs about every hour"
}
