package view

import (
	"fmt"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// What is particular to container instances of ECS: there is no pool, and each
// ENI of a task has one address.

// instanceGroup describes a node group of ECS.
func instanceGroup(l sim.NodeLaunched, n int) string {
	t := fmt.Sprintf("%s: %s × %s, each %s", l.Group, number(n), l.InstanceType, count(l.MaxENIs, "ENI"))
	if l.AWSVPCTrunking {
		t += ", one a trunk"
	}
	return t + fmt.Sprintf(", for %s in awsvpc mode", count(l.TaskENIs, "task"))
}

// writeInstance draws a container instance: a line of numbers, a line for each
// ENI that is attached.
func writeInstance(p *page, s *replay.State, n *replay.Node, title string) {
	for _, l := range wrapItems(title+"  ", NodeFacts(s, n), pageWidth-2) {
		p.line("  " + l)
	}
	if t := instanceCondition(n); t != "" {
		p.paragraph(4, "", t, yellow)
	}
	for _, e := range n.ENIs {
		strip := ""
		switch e.Kind {
		case model.ENITrunk:
			strip = taskStrip(len(n.TaskBranches), n.Launched.TaskENIs)
		case model.ENITask:
			strip = taskStrip(1, 1)
		}
		p.linef("    %-6s%s  %s", fmt.Sprintf("eni%d", e.Device), paintStrip(p.palette, strip), taskENINote(n, e))
	}
}

// taskENINote says what an ENI of a container instance is for.
func taskENINote(n *replay.Node, e *replay.ENI) string {
	note := "primary: the instance's own"
	switch e.Kind {
	case model.ENITrunk:
		note = fmt.Sprintf("%s/%s trunk with branch ENIs", number(len(n.TaskBranches)), number(n.Launched.TaskENIs))
	case model.ENITask:
		note = string(e.Pod)
	}
	if e.Subnet != n.Launched.Subnet {
		note += " in " + string(e.Subnet)
	}
	return note
}

// stripLength is how many branch ENIs a strip shows one by one.
const stripLength = 40

// taskStrip draws the ENIs of tasks, one rune each, or each for several.
func taskStrip(held, limit int) string {
	if limit > stripLength {
		held, limit = (held*stripLength+limit-1)/limit, stripLength
	}
	return strings.Repeat(string(glyphAssigned), held) + strings.Repeat(string(glyphEmpty), limit-held)
}

func instanceCondition(n *replay.Node) string {
	switch {
	case !n.Ready && n.NotReadyReason != "":
		return n.NotReadyReason
	case !n.Ready && n.AgentUp:
		return "REGISTERING: its trunk is being made"
	case !n.Ready:
		return "not registered yet"
	case n.Cordoned:
		return "DRAINING: it takes no more tasks"
	}
	return ""
}

// taskENIs counts over all instances that live the ENIs that tasks may have, and
// those that they have not.
func taskENIs(s *replay.State) (limit, free int) {
	for _, n := range s.Nodes {
		if !n.Gone() {
			limit += n.Launched.TaskENIs
			free += n.Launched.TaskENIs - n.Totals(s.Now).Assigned
		}
	}
	return limit, free
}

// explainECS is explain for what reads otherwise on ECS.
func explainECS(t *trouble, at string) string {
	switch t.first.Kind {
	case sim.KindENILimit:
		return "Every task in awsvpc mode takes an ENI, and " + instances(at) + " may have no more."
	case sim.KindBranchLimit:
		return "Every task in awsvpc mode takes a branch ENI, and " + instances(at) + " may have no more."
	case sim.KindCPUMemory:
		return "No container instance has enough CPU or memory left. ENIs are not what is short."
	case sim.KindMisconfig:
		return "Nothing is short: the configuration keeps ECS from starting tasks."
	}
	return ""
}

func instances(at string) string {
	if at == "cluster" {
		return "the container instances"
	}
	return at
}
