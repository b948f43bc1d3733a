package importer

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vpcsim/model"
)

// pools makes groups of Karpenter's node pools that have no node.
func (b *builder) pools() {
	for _, p := range b.s.pools {
		spec := p.Spec.Template.Spec
		kubelet := spec.Kubelet
		class := b.class(spec.NodeClassRef.Name)
		if class != nil {
			kubelet.MaxPods, kubelet.PodsPerCore = cmp.Or(class.Spec.Kubelet.MaxPods, kubelet.MaxPods), cmp.Or(class.Spec.Kubelet.PodsPerCore, kubelet.PodsPerCore)
		}
		if slices.ContainsFunc(b.doc.NodeGroups, func(g *outGroup) bool { return g.label == p.Name }) {
			continue // its nodes tell
		}
		t, ok := b.choose(p)
		if !ok {
			continue
		}
		g := &outGroup{InstanceType: t.Name, label: p.Name, Taints: spec.Taints, Subnets: b.classSubnets(class)}
		if requires(spec.Requirements, labelOS, osWindows) {
			g.OS = osWindows
			b.hasWindows = true
			b.windowsSettings()
		}
		for label, value := range p.Spec.Template.Labels {
			if b.labels[label] && !ownLabel(label) {
				g.Labels = with(g.Labels, label, value)
			}
		}
		g.MaxPods = maxPodsOf(kubelet, t.VCPU)
		if len(b.s.nodes) == 0 {
			g.Count = 1
			b.g.add("begins with one node, an invention", "NodePool "+p.Name)
		}
		b.g.add("launches no nodes by itself in the scenario: nodeGroups[].autoscale does that", "NodePool "+p.Name)
		b.doc.NodeGroups = append(b.doc.NodeGroups, g)
	}
}

// class is the EC2NodeClass of the name, or nil.
func (b *builder) class(name string) *nodeClass {
	for _, c := range b.s.classes {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// selectedByClasses marks the subnets that EC2NodeClasses select, so that they
// stay although nothing is in them.
func (b *builder) selectedByClasses() {
	for _, p := range b.s.pools {
		c := b.class(p.Spec.Template.Spec.NodeClassRef.Name)
		if c == nil {
			continue
		}
		names := b.classSubnets(c)
		if len(names) == 0 && len(b.allSubnets) > 0 && len(c.Spec.SubnetSelectorTerms) > 0 {
			b.g.add("selects none of the subnets in the files: nodes to come go where those are that there are", "EC2NodeClass "+c.Name)
		}
		for _, n := range b.allSubnets {
			n.used = n.used || slices.Contains(names, n.Name)
		}
	}
}

// classSubnets are the subnets that an EC2NodeClass has found, else those that
// its terms select: one term is enough, and all that it says has to fit. Source:
// Karpenter documentation, "NodeClasses" (spec.subnetSelectorTerms).
func (b *builder) classSubnets(c *nodeClass) []string {
	if c == nil {
		return nil
	}
	var out []string
	for _, n := range b.allSubnets {
		fits := false
		for _, found := range c.Status.Subnets {
			fits = fits || found.ID == n.id
		}
		for _, term := range c.Spec.SubnetSelectorTerms {
			if len(c.Status.Subnets) > 0 || term.ID == "" && len(term.Tags) == 0 {
				continue
			}
			all := term.ID == "" || term.ID == n.id
			for key, value := range term.Tags {
				have, there := n.allTags[key]
				all = all && there && (value == "*" || value == have)
			}
			fits = fits || all
		}
		if fits {
			out = append(out, n.Name)
		}
	}
	return out
}

// choose is the type of a node pool's nodes: that of the options, the only one
// that the requirements leave, or the cheapest that holds the largest pod.
// Karpenter's own choice depends on the pods that wait, on spot prices and on
// what is to be had.
func (b *builder) choose(p *nodePool) (model.InstanceType, bool) {
	object := "NodePool " + p.Name
	requirements := p.Spec.Template.Spec.Requirements
	for _, r := range requirements {
		if _, known := typeLabel(r.Key, model.InstanceType{}); !known && strings.HasPrefix(r.Key, "karpenter.k8s.aws/") {
			b.g.add(fmt.Sprintf("requires %s, which is not looked at", printable(r.Key, 80)), object)
		}
	}
	cpu, memory := b.largestPod()
	anyArch := slices.ContainsFunc(requirements, func(r expression) bool { return r.Key == labelArch })
	var fits, all []model.InstanceType
	for _, t := range model.InstanceTypes() {
		if !allows(requirements, t) {
			continue
		}
		all = append(all, t)
		arch, _ := typeLabel(labelArch, t)
		// The system keeps about a tenth.
		if t.VCPU*900 >= cpu && t.MemoryMiB/10*9 >= memory && t.VCPU >= 2 && t.MemoryMiB >= 4096 && (anyArch || arch == "amd64") {
			fits = append(fits, t)
		}
	}
	if want := b.options.InstanceType; want != "" {
		if i := slices.IndexFunc(all, func(t model.InstanceType) bool { return t.Name == want }); i >= 0 {
			return all[i], true
		}
		if len(all) > 1 {
			b.g.add(fmt.Sprintf("does not allow %s, the type that was asked for", want), object)
		}
	}
	switch {
	case len(all) == 0:
		b.g.add("has no node, and no type of the table meets its requirements: left out", object)
		return model.InstanceType{}, false
	case len(all) == 1:
		return all[0], true
	case len(fits) == 0:
		fits = all
	}
	best := slices.MinFunc(fits, func(a, c model.InstanceType) int {
		return cmp.Or(unpricedLast(a, c), cmp.Compare(a.MicroUSDPerHour, c.MicroUSDPerHour), cmp.Compare(a.VCPU, c.VCPU),
			cmp.Compare(a.MemoryMiB, c.MemoryMiB), cmp.Compare(a.Name, c.Name))
	})
	b.g.add(fmt.Sprintf("leaves the choice among %d types: %s, the cheapest with 2 vCPUs and 4 GiB that holds the largest pod, is a guess; --instance-type says another", len(all), best.Name), object)
	return best, true
}

func unpricedLast(a, c model.InstanceType) int {
	switch {
	case a.MicroUSDPerHour == 0 && c.MicroUSDPerHour != 0:
		return 1
	case a.MicroUSDPerHour != 0 && c.MicroUSDPerHour == 0:
		return -1
	}
	return 0
}

// largestPod is the most CPU and memory that a pod requests, in thousandths of a
// vCPU and MiB.
func (b *builder) largestPod() (cpu, memory int) {
	for spec := range b.s.podSpecs {
		c, m := b.sums(spec, "")
		cpu, memory = max(cpu, c), max(memory, m)
	}
	return cpu, memory
}

// requires reports whether the requirements leave the label this one value.
func requires(all []expression, key, value string) bool {
	return slices.ContainsFunc(all, func(r expression) bool {
		return r.Key == key && r.Operator == "In" && len(r.Values) == 1 && r.Values[0] == value
	})
}

// allows reports whether a node of the type meets the requirements, as far as
// they are about the type.
func allows(requirements []expression, t model.InstanceType) bool {
	for _, r := range requirements {
		have, known := typeLabel(r.Key, t)
		if known && !meets(r, have) {
			return false
		}
	}
	return true
}

// meets reports whether a label's value meets the requirement.
func meets(r expression, have string) bool {
	compare := func() (int, bool) {
		n, err := strconv.Atoi(have)
		if err != nil || len(r.Values) != 1 {
			return 0, false
		}
		bound, err := strconv.Atoi(r.Values[0])
		return cmp.Compare(n, bound), err == nil
	}
	switch r.Operator {
	case "In":
		return slices.Contains(r.Values, have)
	case "NotIn":
		return !slices.Contains(r.Values, have)
	case "DoesNotExist":
		return have == ""
	case "Gt":
		c, ok := compare()
		return ok && c > 0
	case "Lt":
		c, ok := compare()
		return ok && c < 0
	}
	return true
}

// typeParts are category, generation and attributes of an instance family: m, 5,
// dn.
var typeParts = regexp.MustCompile(`^([a-z]+)(?:-[0-9a-z]+)?([0-9]*)([a-z-]*)`)

// typeLabel is what Karpenter labels nodes of the type with; known is false for
// labels that are not about the type, or whose value the table has not. Source:
// Karpenter documentation, "Scheduling" (well-known labels) and "Instance types".
func typeLabel(key string, t model.InstanceType) (value string, known bool) {
	family, size, _ := strings.Cut(t.Name, ".")
	parts := typeParts.FindStringSubmatch(family)
	if parts == nil {
		parts = make([]string, 4)
	}
	switch key {
	case labelType, labelTypeBeta:
		return t.Name, true
	case "karpenter.k8s.aws/instance-family":
		return family, true
	case "karpenter.k8s.aws/instance-size":
		return size, true
	case "karpenter.k8s.aws/instance-category":
		return parts[1], true
	case "karpenter.k8s.aws/instance-generation":
		return parts[2], true
	case "karpenter.k8s.aws/instance-cpu":
		return strconv.Itoa(t.VCPU), true
	case "karpenter.k8s.aws/instance-memory":
		return strconv.Itoa(t.MemoryMiB), true
	case "karpenter.k8s.aws/instance-hypervisor":
		return t.Hypervisor, true
	case labelArch, "beta.kubernetes.io/arch":
		// Graviton's families have a g first after the generation; a1 is older, and
		// some Macs have Apple's chips.
		if family == "a1" || strings.HasPrefix(parts[3], "g") || strings.HasPrefix(family, "mac2") || strings.HasPrefix(family, "mac-m") {
			return "arm64", true
		}
		return "amd64", true
	}
	return "", false
}

// maxPodsOf is what Karpenter gives kubelet; 0: its default. Source: Karpenter
// documentation, "NodeClasses" (podsPerCore cannot exceed maxPods).
func maxPodsOf(k kubeletConfig, vcpus int) int {
	most := 0
	if k.MaxPods != nil {
		most = *k.MaxPods
	}
	if k.PodsPerCore != nil && *k.PodsPerCore > 0 && vcpus > 0 {
		byCore := *k.PodsPerCore * vcpus
		if most == 0 || byCore < most {
			most = byCore
		}
	}
	return max(0, min(most, 100_000))
}
