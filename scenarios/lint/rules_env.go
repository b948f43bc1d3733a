package lint

import (
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
)

var envRules = []Rule{
	{
		ID: "agent-refuses-to-start", Severity: Error,
		Summary: "aws-node does not start with these settings",
		Why:     "The nodes never get Ready, and a roll-out of such settings takes the network from the nodes that restart.",
		Source:  sourceReadme,
		find:    agentRefusesToStart,
	},
	{
		ID: "variable-ignored", Severity: Warning,
		Summary: "a value of aws-node that the agent can't use",
		Why:     "The agent says nothing loud: it goes on as if the variable were not set.",
		Source:  sourceReadme,
		find:    variableIgnored,
	},
	{
		ID: "variable-not-in-release", Severity: Warning,
		Summary: "a variable that the release of the CNI does not know",
		Why:     "A variable that an agent doesn't know is no error to it: it does nothing.",
		Source:  Source{"amazon-vpc-cni-k8s, CHANGELOG", "https://github.com/aws/amazon-vpc-cni-k8s/blob/master/CHANGELOG.md"},
		find:    variableNotInRelease,
	},
	{
		ID: "prefix-mode-not-supported", Severity: Warning,
		Summary: "prefix mode on an instance type without prefixes",
		Why:     "Only Nitro types and bare metal get prefixes. On others the agent falls back to single addresses, without an error.",
		Source:  Source{"EC2 user guide, Assign prefixes to network interfaces", "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html"},
		find:    prefixModeNotSupported,
	},
	{
		ID: "ipv6-not-supported", Severity: Error,
		Summary: "an IPv6 cluster with an instance type without prefixes",
		Why:     "IPv6 mode gives each node one /80 prefix, which only Nitro types and bare metal take; the agent refuses to start on others.",
		Source:  Source{"EKS best practices guide, Running IPv6 clusters", "https://docs.aws.amazon.com/eks/latest/best-practices/ipv6.html"},
		find:    ipv6NotSupported,
	},
	{
		ID: "mode-changed-under-pods", Severity: Warning,
		Summary: "prefix mode or custom networking is switched while nodes run",
		Why:     "ENIs that are there keep their single addresses and their subnet, so nodes are mixed for as long as their pods live. AWS advises new nodes: add a group, drain the old one.",
		Source:  sourcePrefix,
		find:    modeChangedUnderPods,
	},
	{
		ID: "cni-release-problem", Severity: Warning,
		Summary: "a release of the CNI with a known problem that the scenario meets",
		Why:     "A later release repaired it or took it back.",
		Source:  Source{"amazon-vpc-cni-k8s, releases", "https://github.com/aws/amazon-vpc-cni-k8s/releases"},
		find:    releaseProblem,
	},
}

func agentRefusesToStart(p *pass) {
	for _, e := range p.envs {
		if err := e.settings.Validate(); err != nil {
			for line := range strings.Lines(err.Error()) {
				line = strings.TrimSpace(line)
				p.report(e.path(firstVariable(line)), line, "exactly one of ENABLE_IPv4 and ENABLE_IPv6, as the cluster's ipFamily has it")
			}
		}
		for _, line := range model.EntrypointRefusals(e.env) {
			name := firstVariable(line)
			if name != "WARM_PREFIX_TARGET" { // a rule of its own says that
				p.report(e.path(name), line, "a value that the variable can have, or leave it out")
			}
		}
	}
}

// firstVariable is the first word of a text that looks like a variable's name.
func firstVariable(text string) string {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ':' || r == '(' || r == ')' }) {
		if strings.Contains(word, "_") {
			return word
		}
	}
	return ""
}

func variableIgnored(p *pass) {
	for _, e := range p.envs {
		for _, line := range e.ignored {
			name, _, _ := strings.Cut(line, ":")
			p.report(e.path(name), line, "a value that the variable can have, or leave it out")
		}
	}
}

func variableNotInRelease(p *pass) {
	for _, e := range p.envs {
		for _, line := range e.unknown {
			name, _, _ := strings.Cut(line, ":")
			p.report(e.path(name), line, "a later cni.version, or leave the variable out")
		}
	}
}

func prefixModeNotSupported(p *pass) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if !e.settings.PrefixDelegation || s.PrefixDelegation {
			return
		}
		have, _ := holds(g.Type, s)
		p.report(g.path+".instanceType", fmt.Sprintf("ENABLE_PREFIX_DELEGATION does nothing on %s, which gets no prefixes: a node of %s holds %s", g.Type.Name, g.Name, plural(have, "address")),
			"a Nitro type"+similarNitro(g.Type)+", or prefix mode off")
	})
}

// similarNitro names a Nitro type of the same family and size of a later
// generation, where there is one.
func similarNitro(t model.InstanceType) string {
	family, size, _ := strings.Cut(t.Name, ".")
	letter := strings.TrimRight(family, "0123456789abcdefghijklmnopqrstuvwxyz")
	if letter == "" && family != "" {
		letter = family[:1]
	}
	for _, generation := range []string{"3", "5", "6i", "7i"} {
		name := letter + generation + "." + size
		if other, ok := model.LookupInstanceType(name); ok && other.SupportsPrefixes() && name != t.Name {
			return " such as " + name
		}
	}
	return ""
}

func ipv6NotSupported(p *pass) {
	if !p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if e.settings.PrefixDelegation && !s.PrefixDelegation {
			p.report(g.path+".instanceType", fmt.Sprintf("%s gets no prefixes, so the nodes of %s never start in this IPv6 cluster", g.Type.Name, g.Name), "a Nitro type"+similarNitro(g.Type))
		}
	})
}

func modeChangedUnderPods(p *pass) {
	for k := 1; k < len(p.envs); k++ {
		was, is := p.envs[k-1].settings, p.envs[k].settings
		if was.PrefixDelegation != is.PrefixDelegation && !p.ipv6() {
			p.report(p.envs[k].path("ENABLE_PREFIX_DELEGATION"), fmt.Sprintf("prefix mode is switched on nodes that run (%s)", plural(p.nodeCount(), "node")), "new nodes for the new mode (addNodes, drain)")
		}
		if was.CustomNetworking != is.CustomNetworking && !p.ipv6() {
			p.report(p.envs[k].path("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"), fmt.Sprintf("custom networking is switched on nodes that run (%s)", plural(p.nodeCount(), "node")), "new nodes for the new mode (addNodes, drain)")
		}
	}
}

// problem is a known problem of some releases.
type problem struct {
	from, to model.Version // both included
	says     string
	source   string
	meets    func(*pass) bool
	fixed    model.Version
}

var problems = []problem{
	{
		from: model.Version{Major: 1, Minor: 16, Patch: 3}, to: model.Version{Major: 1, Minor: 16, Patch: 3}, fixed: model.Version{Major: 1, Minor: 16, Patch: 4},
		says:   "v1.16.3 spins at 100 % CPU on nodes that reach their ENI limit before their warm target (seen on *.medium)",
		source: "issue 2807",
		meets:  func(p *pass) bool { return p.some(func(_ group, s model.Settings) bool { return !s.DefinesIPs() }) },
	},
	{
		from: model.Version{Major: 1, Minor: 18}, to: model.Version{Major: 1, Minor: 18, Patch: 2}, fixed: model.Version{Major: 1, Minor: 18, Patch: 3},
		says:   "up to v1.18.2 subnet discovery stays with an ENI that isn't full when its subnet is: other tagged subnets are not tried",
		source: "issue 2908",
		meets: func(p *pass) bool {
			return p.some(func(_ group, s model.Settings) bool { return s.SubnetDiscovery && !s.CustomNetworking }) && p.anyRoleTag()
		},
	},
	{
		from: model.Version{Major: 1, Minor: 16, Patch: 4}, to: model.Version{Major: 1, Minor: 19, Patch: 4}, fixed: model.Version{Major: 1, Minor: 19, Patch: 5},
		says:   "before v1.19.5 nodes with custom networking and security groups for pods may fail to start",
		source: "CHANGELOG, v1.19.5",
		meets: func(p *pass) bool {
			return p.some(func(g group, s model.Settings) bool { return s.CustomNetworking && s.PodENI })
		},
	},
	{
		from: model.Version{Major: 1, Minor: 9}, to: model.Version{Major: 1, Minor: 20, Patch: 3}, fixed: model.Version{Major: 1, Minor: 20, Patch: 4},
		says:   "before v1.20.4 ENABLE_POD_ENI keeps an ENI's place for a trunk on types that can have none",
		source: "CHANGELOG, v1.20.4",
		meets: func(p *pass) bool {
			return p.some(func(g group, s model.Settings) bool { return s.PodENI && !g.Type.TrunkingCompatible })
		},
	},
	{
		from: model.Version{Major: 1, Minor: 22}, to: model.Version{Major: 1, Minor: 22, Patch: 1}, fixed: model.Version{Major: 1, Minor: 22, Patch: 2},
		says:   "v1.22.0 and v1.22.1 give ENIs in tagged subnets security groups of their own; v1.22.2 took that back",
		source: "CHANGELOG, v1.22.2",
		meets: func(p *pass) bool {
			return p.some(func(_ group, s model.Settings) bool { return s.SubnetDiscovery && !s.CustomNetworking }) && p.anyRoleTag()
		},
	},
}

func releaseProblem(p *pass) {
	if p.onECS() {
		return
	}
	v := p.CNI.Version
	for _, known := range problems {
		if !v.Before(known.from) && !known.to.Before(v) && known.meets(p) {
			p.report("cni.version", fmt.Sprintf("%s (%s)", known.says, known.source), fmt.Sprintf("version: %s or later", known.fixed))
		}
	}
}

// some reports whether a condition holds for some group in some environment.
func (p *pass) some(holds func(group, model.Settings) bool) bool {
	found := false
	p.linux(func(g group, _ environment, s model.Settings) { found = found || holds(g, s) })
	return found
}

// anyRoleTag reports whether some subnet has the tag of subnet discovery, or
// gets it.
func (p *pass) anyRoleTag() bool {
	for _, n := range p.VPC.Subnets {
		if _, ok := n.Tags[roleTag]; ok {
			return true
		}
	}
	return slices.ContainsFunc(p.Steps, tagsRole)
}
