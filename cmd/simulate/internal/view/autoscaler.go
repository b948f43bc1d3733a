package view

import (
	"fmt"
	"slices"

	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// mostScaleUps is how many scale-ups the table lists; the last are left out.
const mostScaleUps = 8

// writeAutoscaler tells what the cluster autoscaler did, where there is one.
func writeAutoscaler(p *page, s *replay.State) {
	if len(s.Started.Autoscale) == 0 {
		return
	}
	p.section("Cluster autoscaler", "adds nodes for Pending pods only")
	g := newGrid("rlll")
	for i, up := range s.ScaleUps {
		if i == mostScaleUps {
			break
		}
		g.add(c(instant(up.At)), c(up.Group), c("+"+count(up.Count, "node")),
			c(fmt.Sprintf("for %s; %s of at most %s", count(up.Pods, "pod"), count(up.Nodes, "node"), number(up.Max))))
	}
	g.write(p, 2)
	if more := len(s.ScaleUps) - mostScaleUps; more > 0 {
		p.linef("  … and %s more times", number(more))
	}
	if len(s.ScaleUps) == 0 {
		p.line("  added no node")
	}
	for _, no := range unhelped(s) {
		p.paragraph(2, "none for ", fmt.Sprintf("%s (%s): %s", count(no.Pods, "pod"), no.Pod, whyNoNode(no.Reason)), plain)
	}
}

// unhelped are the pods for which no node comes and that still wait.
func unhelped(s *replay.State) []sim.AutoscalerNotScaledUp {
	return slices.DeleteFunc(slices.Clone(s.Unhelped), func(no sim.AutoscalerNotScaledUp) bool {
		p := s.Pods.Get(no.Pod)
		return p == nil || p.Phase != replay.Pending
	})
}

func whyNoNode(reason sim.ScaleReason) string {
	switch reason {
	case sim.ScaleMaxReached:
		return "the group has as many nodes as autoscale.max allows"
	case sim.ScaleNoAddresses:
		return "the subnets have no addresses for a node and its pods"
	}
	return "no group's node would take them"
}

// blindTo says that no autoscaler reacts to the pods that wait, if there is one
// and they have a node; empty otherwise.
func blindTo(s *replay.State) string {
	n := s.Pods.Count()
	if len(s.Started.Autoscale) == 0 || n.ContainerCreating == 0 {
		return ""
	}
	return fmt.Sprintf(" The autoscaler brings no node for %s that %s one already.", plural(n.ContainerCreating, "pod", "pods"), hasHave(n.ContainerCreating))
}

func hasHave(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}
