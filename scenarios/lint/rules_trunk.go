package lint

import (
	"fmt"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

var sourceTrunk = Source{"EKS user guide, Assign security groups to individual pods", "https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html"}

const podENI = "ENABLE_POD_ENI"

var trunkRules = []Rule{
	{
		ID: "pod-eni-off", Severity: Error,
		Summary: "pods have security groups and ENABLE_POD_ENI is off",
		Why:     "No agent asks for a trunk, so no node ever offers a branch ENI: the pods stay Pending.",
		Source:  sourceTrunk,
		find:    podENIOff,
	},
	{
		ID: "pod-eni-no-trunk-type", Severity: Error,
		Summary: "pods with security groups and no node whose type can have a trunk",
		Why:     "Branch ENIs hang off a trunk, which t-family and pre-Nitro types can't have.",
		Source:  sourceTrunk,
		find:    noTrunkType,
	},
	{
		ID: "pod-eni-type-without-trunk", Severity: Warning,
		Summary: "ENABLE_POD_ENI on an instance type that can have no trunk",
		Why:     "Pods with security groups are never placed there. Before v1.20.4 the agent also keeps an ENI's place for the trunk that never comes, and drops what serves pods there.",
		Source:  Source{"amazon-vpc-cni-k8s issue 1203, CHANGELOG v1.20.4", "https://github.com/aws/amazon-vpc-cni-k8s/issues/1203"},
		find:    typeWithoutTrunk,
	},
	{
		ID: "trunk-no-slot", Severity: Error,
		Summary: "a trunk does not fit beside the primary ENI",
		Why:     "The trunk takes the place of an ENI. With one ENI in all there is none, and pods with security groups stay Pending.",
		Source:  sourceTrunk,
		find:    trunkNoSlot,
	},
	{
		ID: "trunk-too-late", Severity: Warning,
		Summary: "security groups for pods are switched on when nodes may have used up their ENIs",
		Why:     "A trunk needs a free place. On a node that has all of its ENIs it comes only after pods have gone and an ENI was given back; until then pods with security groups are Pending.",
		Source:  sourceTrunk,
		find:    trunkTooLate,
	},
	{
		ID: "branch-pods-exceed-limit", Severity: Warning,
		Summary: "more pods with security groups than branch ENIs",
		Why:     "The type's limit of branch ENIs holds for each node. What is above it is Pending with Insufficient vpc.amazonaws.com/pod-eni.",
		Source:  sourceTrunk,
		find:    branchPodsExceedLimit,
	},
	{
		ID: "branch-rollout-cooldown", Severity: Warning,
		Summary: "a roll-out of pods with security groups finds its branch ENIs cooling",
		Why:     "The branch ENI of a pod that is gone rests for a minute and counts against the limit, though the scheduler sees it free: the new pod waits on the node in ContainerCreating.",
		Source:  Source{"amazon-vpc-resource-controller-k8s, Security groups for pods", "https://github.com/aws/amazon-vpc-resource-controller-k8s/blob/master/docs/sgp/sgp_config_options.md"},
		find:    branchRolloutCooldown,
	},
	{
		ID: "branch-cooldown-corrected", Severity: Warning,
		Summary: "a branch-eni-cooldown that the controller corrects",
		Why:     "Below 30 seconds 30 hold; for what is no whole number of seconds 60.",
		Source:  Source{"amazon-vpc-resource-controller-k8s, Security groups for pods", "https://github.com/aws/amazon-vpc-resource-controller-k8s/blob/master/docs/sgp/sgp_config_options.md"},
		find:    branchCooldownCorrected,
	},
	{
		ID: "policy-selects-nothing", Severity: Warning,
		Summary: "a SecurityGroupPolicy that selects no pod",
		Why:     "A label that is misspelt gives its pods the node's security groups, and says nothing.",
		Source:  sourceTrunk,
		find:    policySelectsNothing,
	},
	{
		ID: "host-network-branch", Severity: Warning,
		Summary: "security groups on pods of the host network",
		Why:     "Such pods have the node's network and its security groups; they get no branch ENI.",
		Source:  sourceTrunk,
		find:    hostNetworkBranch,
	},
}

// branchWorkloads are the indices of the workloads whose pods get branch ENIs.
func (p *pass) branchWorkloads() []int {
	var all []int
	for i, w := range p.cfg.Workloads {
		if !p.onECS() && branch(w.Pod) {
			all = append(all, i)
		}
	}
	return all
}

// everOn reports whether some environment has security groups for pods on.
func (p *pass) everOn() bool {
	on := slices.ContainsFunc(p.envs, func(e environment) bool { return e.settings.PodENI })
	for _, step := range p.Steps {
		on = on || step.RestartAgent != nil && step.RestartAgent.Env[podENI] != nil
	}
	return on
}

func podENIOff(p *pass) {
	for _, i := range p.branchWorkloads() {
		if !p.everOn() {
			p.report(workloadPath(i), fmt.Sprintf("the pods of %s have security groups, and ENABLE_POD_ENI is not true", p.cfg.Workloads[i].Name), "cni.env: {ENABLE_POD_ENI: true}")
		}
	}
}

func (p *pass) trunkGroups() []group {
	return slices.DeleteFunc(slices.Clone(p.groups), func(g group) bool { return g.Windows || g.nodes == 0 || !g.Type.TrunkingCompatible })
}

func noTrunkType(p *pass) {
	for _, i := range p.branchWorkloads() {
		w := p.cfg.Workloads[i]
		open := slices.ContainsFunc(p.groups, func(g group) bool { return g.nodes > 0 && p.takes(g, w.Pod) })
		with := slices.ContainsFunc(p.trunkGroups(), func(g group) bool { return p.takes(g, w.Pod) })
		if p.everOn() && open && !with {
			p.report(workloadPath(i), fmt.Sprintf("the pods of %s need a branch ENI, and no node that they may be on can have a trunk", w.Name), "a node group of a type with trunking, such as m5.large")
		}
	}
}

func typeWithoutTrunk(p *pass) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if !s.PodENI || g.Type.TrunkingCompatible {
			return
		}
		message := fmt.Sprintf("%s can have no trunk: ENABLE_POD_ENI gives the nodes of %s nothing", g.Type.Name, g.Name)
		if !s.Version.Has(model.FeatureTrunkSlotByType) {
			message += fmt.Sprintf(", and %s keeps the place of an ENI for it (%s)", s.Version, plural(g.Type.SlotsPerENI(), "address"))
		}
		p.report(g.path+".instanceType", message, "a type with trunking, such as m5.large, where pods have security groups")
	})
}

func trunkNoSlot(p *pass) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if n := usableENIs(g.Type, s); s.PodENI && g.Type.TrunkingCompatible && n < 2 {
			path := g.path + ".instanceType"
			if s.MaxENI > 0 {
				path = e.path("MAX_ENI")
			}
			p.report(path, fmt.Sprintf("a node of %s may have %s, and the trunk needs a second", g.Name, plural(n, "ENI")), "MAX_ENI: 3 or more, or none")
		}
	})
}

func trunkTooLate(p *pass) {
	for k := 1; k < len(p.envs); k++ {
		was, is := p.envs[k-1].settings, p.envs[k].settings
		if was.PodENI || !is.PodENI || p.ipv6() {
			continue
		}
		for _, g := range p.trunkGroups() {
			s, _ := was.ForType(g.Type)
			pods := 0
			for i, w := range p.cfg.Workloads {
				if !branch(w.Pod) && !w.Pod.HostNetwork && p.takes(g, w.Pod) {
					pods += ceilDiv(p.most(p.cfg.Workloads[i]), g.nodes)
				}
			}
			pods = min(pods, g.MaxPods)
			enis := poolFor(g.Type, s, g.MaxPods, pods).enis
			if s.CustomNetworking {
				enis++
			}
			if enis >= usableENIs(g.Type, s) {
				p.report(p.envs[k].path(podENI), fmt.Sprintf("by then a node of %s may have all of its %s (%s at its height)", g.Name, plural(enis, "ENI"), plural(pods, "pod")),
					"ENABLE_POD_ENI: true from the start, or new nodes")
			}
		}
	}
}

// branchPlaces is how many branch ENIs the nodes that such pods may be on have.
func (p *pass) branchPlaces(pod sim.PodSpec) int {
	n := 0
	for _, g := range p.trunkGroups() {
		if p.takes(g, pod) {
			n += g.nodes * g.Type.BranchENIs
		}
	}
	return n
}

func branchPodsExceedLimit(p *pass) {
	if !p.everOn() {
		return
	}
	wanted, places := 0, 0
	all := p.branchWorkloads()
	for _, i := range all {
		w := p.cfg.Workloads[i]
		n := p.most(w)
		for _, g := range p.trunkGroups() {
			if w.Kind == sim.DaemonSet && p.takes(g, w.Pod) {
				n += g.nodes
			}
		}
		wanted += n
		places = max(places, p.branchPlaces(w.Pod))
	}
	if wanted > places && places > 0 {
		i := all[0]
		p.report(workloadPath(i)+".replicas", fmt.Sprintf("%s with security groups, and %s on the nodes that they may be on: %d Pending",
			plural(wanted, "pod"), plural(places, "branch ENI"), wanted-places), "more nodes, or types with a higher limit ('simulate instance-types --trunking')")
	}
}

func branchRolloutCooldown(p *pass) {
	for i, step := range p.Steps {
		if step.Rollout == nil || !p.everOn() {
			continue
		}
		for _, k := range p.branchWorkloads() {
			w := p.cfg.Workloads[k]
			places := p.branchPlaces(w.Pod)
			if string(w.Name) != step.Rollout.Workload || w.Kind == sim.DaemonSet || 2*p.most(w) <= places || places == 0 {
				continue
			}
			p.report(fmt.Sprintf("steps[%d].rollout", i), fmt.Sprintf("a roll-out of %s of %s needs up to %d branch ENIs, those that cool included; the nodes have %d",
				plural(p.most(w), "pod"), w.Name, 2*p.most(w), places), "more nodes, a smaller maxSurge with slower steps, or cni.branchCooldown: 30")
		}
	}
}

func branchCooldownCorrected(p *pass) {
	say := func(path, text string) {
		if _, note := model.BranchCooldown(text); note != "" {
			p.report(path, note, "30 or more, in whole seconds")
		}
	}
	say("cni.branchCooldown", p.CNI.BranchCooldown)
	for i, step := range p.Steps {
		if step.SetBranchCooldown != nil {
			say(fmt.Sprintf("steps[%d].setBranchCooldown.seconds", i), step.SetBranchCooldown.Seconds)
		}
	}
}

func policySelectsNothing(p *pass) {
	for i, policy := range p.SecurityGroupPolicies {
		if p.PolicySelects(i) {
			continue
		}
		p.report(fmt.Sprintf("securityGroupPolicies[%d]", i), fmt.Sprintf("%s selects no pod of the scenario in namespace %s", policy.Name, policy.Namespace), "labels that the pods have, and their namespace")
	}
}

func hostNetworkBranch(p *pass) {
	for i, w := range p.cfg.Workloads {
		if !p.onECS() && w.Pod.HostNetwork && (len(w.Pod.BranchGroups) > 0 || w.Pod.PodENI) {
			p.report(workloadPath(i), fmt.Sprintf("the pods of %s are on the host network; their security groups are the node's", w.Name), "leave out securityGroups, or hostNetwork")
		}
	}
}
