package lint

import (
	"fmt"
	"time"

	"vpcsim/sim"
)

var podRules = []Rule{
	{
		ID: "pods-exceed-nodes", Severity: Warning,
		Summary: "more pods than the nodes take by max-pods",
		Why:     "Those above it stay Pending. That is what an autoscaler acts on; without one nothing comes of them.",
		Source:  sourceMaxPods,
		find:    podsExceedNodes,
	},
	{
		ID: "pods-fit-no-node", Severity: Error,
		Summary: "a workload whose pods no node is open to",
		Why:     "Selectors and taints keep the pods off every node: they stay Pending for ever.",
		Source:  Source{"Kubernetes documentation, Assigning Pods to Nodes", "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"},
		find:    podsFitNoNode,
	},
	{
		ID: "requests-exceed-node", Severity: Error,
		Summary: "a pod requests more CPU or memory than any node has",
		Why:     "It is never placed.",
		Source:  Source{"Kubernetes documentation, Resource Management for Pods and Containers", "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"},
		find:    requestsExceedNode,
	},
	{
		ID: "daemonsets-fill-node", Severity: Warning,
		Summary: "system pods and DaemonSets take half of a node's max-pods or more",
		Why:     "They count towards max-pods on every node, those on the host network included: a small type has little left to sell.",
		Source:  sourceMaxPods,
		find:    daemonSetsFillNode,
	},
	{
		ID: "step-after-end", Severity: Warning,
		Summary: "a step after the end of the run",
		Why:     "It never happens, and nothing that it should show does.",
		Source:  Source{Title: "The scenario language, steps"},
		find:    stepAfterEnd,
	},
}

func podsExceedNodes(p *pass) {
	if p.onECS() {
		return
	}
	places := 0
	for _, g := range p.groups {
		places += g.nodes * max(g.MaxPods-p.hostPods(g)-p.daemonPods(g), 0)
	}
	pods, where := p.demand(func(w sim.Workload) bool { return w.Pod.Node == "" && w.Kind != sim.DaemonSet })
	if pods > places && where >= 0 {
		p.report(workloadPath(where)+".replicas", fmt.Sprintf("%s at their height, and %s with places for %d beside the system's and DaemonSets' pods: %d stay Pending",
			plural(pods, "pod"), plural(p.nodeCount(), "node"), places, pods-places), "more nodes, or a type that takes more pods ('simulate instance-types --min-pods')")
	}
}

func podsFitNoNode(p *pass) {
	if p.onECS() {
		return
	}
	for i, w := range p.cfg.Workloads {
		fits := false
		for _, g := range p.groups {
			fits = fits || g.nodes > 0 && p.takes(g, w.Pod)
		}
		if !fits && w.Pod.Node == "" {
			p.report(workloadPath(i), fmt.Sprintf("no node is open to the pods of %s (selectors, taints)", w.Name), "a nodeSelector that a group's labels meet, and tolerations of its taints")
		}
	}
}

func requestsExceedNode(p *pass) {
	for i, w := range p.cfg.Workloads {
		open, fits, cpu, memory := false, false, 0, 0
		for _, g := range p.groups {
			if g.nodes == 0 || !p.onECS() && !p.takes(g, w.Pod) {
				continue
			}
			open = true
			cpu, memory = max(cpu, g.CPUMilli), max(memory, g.MemoryMiB)
			fits = fits || (g.CPUMilli == 0 || w.Pod.CPUMilli <= g.CPUMilli) && (g.MemoryMiB == 0 || w.Pod.MemoryMiB <= g.MemoryMiB)
		}
		if open && !fits {
			p.report(workloadPath(i)+".requests", fmt.Sprintf("a pod of %s requests %dm CPU and %dMi memory; the largest node that it may be on has %dm and %dMi for pods",
				w.Name, w.Pod.CPUMilli, w.Pod.MemoryMiB, cpu, memory), "smaller requests, or a larger instance type")
		}
	}
}

func daemonSetsFillNode(p *pass) {
	if p.onECS() {
		return
	}
	for _, g := range p.groups {
		if g.nodes == 0 {
			continue
		}
		if own := p.hostPods(g) + p.daemonPods(g); 2*own >= g.MaxPods {
			p.report(g.path+".maxPods", fmt.Sprintf("%s of a node of %s are the system's or of DaemonSets, of %d that it takes", plural(own, "pod"), g.Name, g.MaxPods),
				"fewer DaemonSets, or larger instance types")
		}
	}
}

func stepAfterEnd(p *pass) {
	end := time.Duration(p.Duration)
	if end == 0 {
		end = 24 * time.Hour
	}
	for i, step := range p.Steps {
		if time.Duration(step.At) > end {
			p.report(fmt.Sprintf("steps[%d].at", i), fmt.Sprintf("at %s, and the run ends at %s", step.At, end), "a longer duration, or an earlier step")
		}
	}
}
