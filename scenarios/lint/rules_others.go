package lint

import (
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
)

var (
	sourceECS     = Source{"ECS developer guide, Increasing Amazon ECS Linux container instance network interfaces", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html"}
	sourceWindows = Source{"EKS user guide, Deploy Windows nodes on EKS clusters", "https://docs.aws.amazon.com/eks/latest/userguide/windows-support.html"}
)

var ecsRules = []Rule{
	{
		ID: "ecs-trunking-not-supported", Severity: Warning,
		Summary: "awsvpcTrunking on an instance type that ECS doesn't list for it",
		Why:     "The account setting changes nothing for such instances: each task takes one of their ENIs.",
		Source:  sourceECS,
		find:    ecsTrunkingNotSupported,
	},
	{
		ID: "ecs-tasks-exceed-enis", Severity: Warning,
		Summary: "more tasks in awsvpc mode than the instances have ENIs for",
		Why:     "Placement fails with RESOURCE:ENI for those above it.",
		Source:  sourceECS,
		find:    ecsTasksExceedENIs,
	},
	{
		ID: "ecs-task-subnet-other-zone", Severity: Error,
		Summary: "a service whose subnets are in zones without instances",
		Why:     "A task's ENI is in the zone of its instance; tasks are placed only where one of the service's subnets is.",
		Source:  Source{"ECS developer guide, Allocate a network interface for an Amazon ECS task", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html"},
		find:    ecsTaskSubnetOtherZone,
	},
}

var windowsRules = []Rule{
	{
		ID: "windows-ipam-off", Severity: Error,
		Summary: "Windows nodes without enable-windows-ipam",
		Why:     "Nobody gives Windows pods an address then.",
		Source:  sourceWindows,
		find:    windowsIPAMOff,
	},
	{
		ID: "windows-prefix-not-supported", Severity: Warning,
		Summary: "enable-windows-prefix-delegation on a type without prefixes",
		Why:     "Only Nitro types get prefixes; the node stays with single addresses.",
		Source:  Source{"EKS best practices guide, Prefix mode for Windows", "https://docs.aws.amazon.com/eks/latest/best-practices/prefix-mode-win.html"},
		find:    windowsPrefixNotSupported,
	},
	{
		ID: "windows-pods-exceed-addresses", Severity: Warning,
		Summary: "more Windows pods than the one ENI of each node has addresses",
		Why:     "A Windows node has the addresses of one ENI. What is above is Pending with Insufficient vpc.amazonaws.com/PrivateIPv4Address, whatever max-pods is.",
		Source:  sourceWindows,
		find:    windowsPodsExceedAddresses,
	},
}

func ecsTrunkingNotSupported(p *pass) {
	if !p.onECS() {
		return
	}
	for _, g := range p.groups {
		limit, trunk := g.Type.TaskENIs(true)
		if g.AWSVPCTrunking && !trunk {
			p.report(g.path+".awsvpcTrunking", fmt.Sprintf("ECS does not list %s for trunking: its instances take %s in awsvpc mode, as without", g.Type.Name, plural(limit, "task")),
				"a type that it lists ('simulate instance-types --trunking')")
		}
	}
}

func ecsTasksExceedENIs(p *pass) {
	if !p.onECS() {
		return
	}
	places, better := 0, 0
	for _, g := range p.groups {
		limit, _ := g.Type.TaskENIs(g.AWSVPCTrunking)
		trunked, _ := g.Type.TaskENIs(true)
		places += g.nodes * limit
		better += g.nodes * trunked
	}
	tasks, where := p.demand(func(w sim.Workload) bool { return w.Pod.Task.NetworkMode == sim.NetworkAWSVPC })
	if tasks <= places || where < 0 {
		return
	}
	remedy := "more instances, or a type with more ENIs"
	if better > places {
		remedy = fmt.Sprintf("awsvpcTrunking: true, with which these instances take %d; or more instances", better)
	}
	p.report(workloadPath(where)+".replicas", fmt.Sprintf("%s in awsvpc mode, and %s with ENIs for %d of them", plural(tasks, "task"), plural(p.nodeCount(), "instance"), places), remedy)
}

func ecsTaskSubnetOtherZone(p *pass) {
	if !p.onECS() {
		return
	}
	for i, w := range p.cfg.Workloads {
		if len(w.Pod.Task.Subnets) == 0 || p.nodeCount() == 0 {
			continue
		}
		var zones []string
		for _, name := range w.Pod.Task.Subnets {
			zones = append(zones, p.zone(name))
		}
		if !slices.ContainsFunc(p.groups, func(g group) bool {
			return g.nodes > 0 && slices.ContainsFunc(p.zones(g), func(zone string) bool { return slices.Contains(zones, zone) })
		}) {
			slices.Sort(zones)
			p.report(workloadPath(i)+".subnets", fmt.Sprintf("the subnets of %s are in %s, where no instances are", w.Name, strings.Join(slices.Compact(zones), ", ")), "a subnet in a zone with instances")
		}
	}
}

// windows is the controller's configuration, as a node of the type has it.
func (p *pass) windows(t model.InstanceType) model.WindowsSettings {
	s, _ := model.ParseWindowsSettings(p.cfg.CNI.Windows)
	s, _ = s.ForType(t)
	return s
}

// switchesOn reports whether the ConfigMap asks for prefixes on Windows nodes at
// some time of the run.
func (p *pass) switchesOn() bool {
	wants := func(text string) bool {
		s, _ := model.ParseWindowsSettings(map[string]string{model.WindowsPrefixKey: text})
		return s.PrefixDelegation
	}
	return wants(p.cfg.CNI.Windows[model.WindowsPrefixKey]) || slices.ContainsFunc(p.cfg.Steps, func(s sim.Step) bool {
		a, ok := s.Action.(sim.SetWindows)
		return ok && a.Keys[model.WindowsPrefixKey] != nil && wants(*a.Keys[model.WindowsPrefixKey])
	})
}

func (p *pass) windowsGroups() []group {
	return slices.DeleteFunc(slices.Clone(p.groups), func(g group) bool { return !g.Windows || g.nodes == 0 })
}

func windowsIPAMOff(p *pass) {
	for _, g := range p.windowsGroups() {
		if !p.windows(g.Type).IPAM {
			p.report("cni.windows.enable-windows-ipam", fmt.Sprintf("the pods of %s get no address", g.Name), "enable-windows-ipam: true")
		}
	}
}

func windowsPrefixNotSupported(p *pass) {
	for _, g := range p.windowsGroups() {
		if p.switchesOn() && !g.Type.SupportsPrefixes() {
			p.report(g.path+".instanceType", fmt.Sprintf("%s is not Nitro: the nodes of %s keep single addresses, %d each", g.Type.Name, g.Name, model.WindowsCapacity(g.Type, false)), "a Nitro type"+similarNitro(g.Type))
		}
	}
}

func windowsPodsExceedAddresses(p *pass) {
	places := 0
	groups := p.windowsGroups()
	for _, g := range groups {
		places += g.nodes * model.WindowsCapacity(g.Type, p.switchesOn() && g.Type.SupportsPrefixes())
	}
	pods, where := p.demand(func(w sim.Workload) bool {
		return w.Pod.NodeSelector["kubernetes.io/os"] == "windows" && !w.Pod.HostNetwork
	})
	if len(groups) > 0 && pods > places && where >= 0 {
		p.report(workloadPath(where)+".replicas", fmt.Sprintf("%s for Windows nodes, which have %s together", plural(pods, "pod"), plural(places, "address")),
			"more nodes, or enable-windows-prefix-delegation: true on Nitro types")
	}
}
