package lint

import (
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
)

// multiNIC is the variable that lets the agent manage network cards above 0.
const multiNIC = "ENABLE_MULTI_NIC"

// What no page says was seen in the released agent.
var sourceMultiNICAgent = Source{"observed in VPC CNI v1.23.1", "https://github.com/aws/amazon-vpc-cni-k8s/releases/tag/v1.23.1"}

var cardRules = []Rule{
	{
		ID: "multi-nic-without-cards", Severity: Warning,
		Summary: "ENABLE_MULTI_NIC, and no instance type with several network cards",
		Why:     "The agent manages the cards that there are: on a type with one card the variable changes nothing.",
		Source:  sourceReadme,
		find:    multiNICWithoutCards,
	},
	{
		ID: "multi-nic-off", Severity: Error,
		Summary: "pods that ask for an address of each network card, and ENABLE_MULTI_NIC off",
		Why:     "The agent refuses such a pod whole, and it hangs in ContainerCreating.",
		Source:  sourceReadme,
		find:    multiNICOff,
	},
	{
		ID: "multi-nic-release-too-old", Severity: Warning,
		Summary: "pods that ask for an address of each network card, and a release that doesn't know the annotation",
		Why:     "Before v1.20.0 the agent doesn't look at the annotation: such a pod gets one address, and starts without its other interfaces.",
		Source:  sourceReadme,
		find:    multiNICReleaseTooOld,
	},
	{
		ID: "multi-nic-pods-on-one-card", Severity: Warning,
		Summary: "pods that ask for an address of each network card can land on nodes with one",
		Why:     "The scheduler doesn't know how many cards a node has. On one card such a pod gets a single address, and no error.",
		Source:  sourceReadme,
		find:    multiNICPodsOnOneCard,
	},
	{
		ID: "multi-nic-branch-pods", Severity: Warning,
		Summary: "pods with security groups that ask for an address of each network card",
		Why:     "A pod with a branch ENI stays on it: it has the one address of the branch, whatever its annotation.",
		Source:  sourceReadme,
		find:    multiNICBranchPods,
	},
	{
		ID: "multi-nic-annotation-unknown", Severity: Warning,
		Summary: "a value of the annotation for several network cards that means nothing to the CNI",
		Why:     "It knows one value. With another the pod is an ordinary one, with one address.",
		Source:  sourceReadme,
		find:    multiNICAnnotationUnknown,
	},
	{
		ID: "multi-nic-prefix-mode", Severity: Warning,
		Summary: "prefix mode on nodes with several network cards",
		Why:     "A card above 0 wants one warm address and has a prefix of 16: the agent takes the 15 for too many prefixes, gives the prefix back while no pod is in it, and takes another half a minute later, for ever. In between the card has no address.",
		Source:  sourceMultiNICAgent,
		find:    multiNICPrefixMode,
	},
	{
		ID: "multi-nic-burst", Severity: Note,
		Summary: "several pods a node that ask for an address of each network card",
		Why:     "A card above 0 keeps one address warm, whatever the targets say. Of pods that come at once one runs; the others follow one by one, and each failed attempt lets the addresses of the cards before rest for the cooldown.",
		Source:  sourceReadme,
		find:    multiNICBurst,
	},
}

// manyCards reports whether the agent finds cards above 0 on the group's nodes.
func (g group) manyCards() bool { return g.Type.NetworkCards > 1 && !g.Windows }

// cardsOn reports whether the agent manages cards above 0 at some time.
func (p *pass) cardsOn() bool {
	return slices.ContainsFunc(p.envs, func(e environment) bool { return e.settings.MultiNIC })
}

// eachCard yields the workloads whose pods ask for an address of each card, with
// where they do.
func (p *pass) eachCard(yield func(w sim.Workload, path string)) {
	if p.onECS() {
		return
	}
	for i, w := range p.cfg.Workloads {
		if w.Pod.Annotations[model.AnnotationNICs] == model.AnnotationNICsAll && !w.Pod.HostNetwork {
			yield(w, workloadPath(i)+".annotations")
		}
	}
}

func multiNICWithoutCards(p *pass) {
	if slices.ContainsFunc(p.groups, group.manyCards) || len(p.groups) == 0 {
		return
	}
	for _, e := range p.envs {
		if e.settings.MultiNIC {
			p.report(e.path(multiNIC), "no instance type of the scenario has more than one network card", "leave it out, or a type with several cards such as p4d.24xlarge")
		}
	}
}

func multiNICOff(p *pass) {
	p.eachCard(func(w sim.Workload, path string) {
		if p.CNI.Version.Has(model.FeatureMultiNIC) && !p.cardsOn() && !branch(w.Pod) {
			p.report(path, fmt.Sprintf("the %s of %s get no address at all", plural(p.most(w), "pod"), w.Name), multiNIC+": true, or pods without the annotation")
		}
	})
}

func multiNICReleaseTooOld(p *pass) {
	p.eachCard(func(w sim.Workload, path string) {
		if !p.CNI.Version.Has(model.FeatureMultiNIC) {
			p.report(path, fmt.Sprintf("%s does not know the annotation %s: the pods of %s get one address each", p.CNI.Version, model.AnnotationNICs, w.Name), "cni.version v1.20.0 or later, with "+multiNIC+": true")
		}
	})
}

func multiNICPodsOnOneCard(p *pass) {
	if !p.cardsOn() {
		return
	}
	p.eachCard(func(w sim.Workload, path string) {
		var one []string
		for _, g := range p.groups {
			if g.nodes > 0 && !g.Windows && !g.manyCards() && p.takes(g, w.Pod) {
				one = append(one, fmt.Sprintf("%s (%s)", g.Name, g.Type.Name))
			}
		}
		if len(one) > 0 {
			p.report(path, fmt.Sprintf("the pods of %s may land on %s, with one network card: they get one address there", w.Name, strings.Join(one, ", ")), "a nodeSelector or a taint that keeps them on nodes with several cards")
		}
	})
}

func multiNICBranchPods(p *pass) {
	p.eachCard(func(w sim.Workload, path string) {
		if branch(w.Pod) {
			p.report(path, fmt.Sprintf("the pods of %s have a branch ENI, and no address of another card", w.Name), "leave the annotation out, or the security groups")
		}
	})
}

func multiNICAnnotationUnknown(p *pass) {
	if p.onECS() {
		return
	}
	for i, w := range p.cfg.Workloads {
		if value, ok := w.Pod.Annotations[model.AnnotationNICs]; ok && value != model.AnnotationNICsAll {
			p.report(workloadPath(i)+".annotations", fmt.Sprintf("%s: %s means nothing to the CNI", model.AnnotationNICs, value), model.AnnotationNICs+": "+model.AnnotationNICsAll)
		}
	}
}

func multiNICPrefixMode(p *pass) {
	p.linux(func(g group, e environment, s model.Settings) {
		if s.MultiNIC && s.PrefixDelegation && s.IPv4 && g.manyCards() {
			p.report(e.path(multiNIC), fmt.Sprintf("a node of %s takes a prefix on each of %s and gives it back, every half a minute while no pod is in it", g.Name, plural(g.Type.NetworkCards-1, "network card")+" above 0"), "single addresses for nodes with several cards (ENABLE_PREFIX_DELEGATION: false)")
		}
	})
}

func multiNICBurst(p *pass) {
	if !p.cardsOn() {
		return
	}
	p.eachCard(func(w sim.Workload, path string) {
		nodes := 0
		for _, g := range p.groups {
			if g.manyCards() && p.takes(g, w.Pod) {
				nodes += g.nodes
			}
		}
		if pods := p.most(w); nodes > 0 && pods > nodes && !branch(w.Pod) {
			p.report(path, fmt.Sprintf("%s of %s on %s with several cards, each of which keeps one address warm above card 0: they start one by one", plural(pods, "pod"), w.Name, plural(nodes, "node")), "start them one after the other (minReadySeconds, maxSurge), or more nodes")
		}
	})
}
