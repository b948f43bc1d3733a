package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// groups makes node groups of nodes that are alike: of one node group or node
// pool, one type, and the same in all that bears on a run.
func (b *builder) groups() {
	byKey := map[string]*outGroup{}
	for _, m := range b.members {
		g := b.groupOf(m)
		raw, err := json.Marshal(g)
		if err != nil {
			panic(err) // text and numbers
		}
		key := g.label + " " + string(raw)
		if byKey[key] == nil {
			byKey[key] = g
			b.doc.NodeGroups = append(b.doc.NodeGroups, g)
		}
		m.group = byKey[key]
		m.group.nodes = append(m.group.nodes, m)
	}
	b.pools()
	b.nameGroups()
	for _, g := range b.doc.NodeGroups {
		g.Count = max(g.Count, len(g.nodes))
		slices.SortStableFunc(g.nodes, func(a, c *member) int { return cmp.Compare(min(len(c.enis), 1), min(len(a.enis), 1)) })
		for i, m := range g.nodes {
			m.as = fmt.Sprintf("%s-%d", g.Name, i)
		}
		if len(g.nodes) > 0 || g.Subnets == nil {
			g.Subnets = b.subnetsOf(g)
		}
	}
	if len(b.doc.NodeGroups) == 0 {
		kind := cmp.Or(b.options.InstanceType, "m5.large")
		b.doc.NodeGroups = []*outGroup{{Name: "nodes", InstanceType: kind, Count: 3}}
		b.g.say("nodeGroups: no file tells the nodes: three %s are an invention; add what kubectl get nodes -o json prints", kind)
	}
}

// groupOf is the group of a node, without a name.
func (b *builder) groupOf(m *member) *outGroup {
	g := &outGroup{InstanceType: m.kind, MaxPods: m.maxPods, SecurityGroups: m.groups}
	if m.windows {
		g.OS = osWindows
	}
	for _, label := range groupLabels {
		if g.label = m.Labels[label]; g.label != "" {
			break
		}
	}
	for _, label := range slices.Sorted(maps.Keys(b.labels)) {
		if value, ok := m.Labels[label]; ok && !ownLabel(label) {
			g.Labels = with(g.Labels, label, value)
		}
	}
	key := cmp.Or(b.envOf("ENI_CONFIG_ANNOTATION_DEF"), "k8s.amazonaws.com/eniConfig")
	if value := m.Annotations[key]; value != "" && len(b.doc.CNI.ENIConfigs) > 0 {
		g.Annotations = with(g.Annotations, key, value)
	}
	for _, t := range m.Spec.Taints {
		// Those of a node's state come and go with it.
		if !strings.HasPrefix(t.Key, "node.kubernetes.io/") && t.Key != "node.cilium.io/agent-not-ready" && t.Key != "karpenter.sh/disrupted" {
			g.Taints = append(g.Taints, t)
		}
	}
	slices.SortFunc(g.Taints, func(a, c taint) int { return cmp.Or(cmp.Compare(a.Key, c.Key), cmp.Compare(a.Effect, c.Effect)) })
	return g
}

func with(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

// ownLabel reports whether every node of a scenario has the label by itself.
func ownLabel(label string) bool {
	return slices.Contains([]string{labelZone, labelHost, labelType, labelGroup, labelOS}, label)
}

// neededLabels are the labels of nodes that pods or ENIConfigs look at.
func (b *builder) neededLabels() {
	b.labels["vpc.amazonaws.com/externalEniConfig"] = true
	b.labels[cmp.Or(b.envOf("ENI_CONFIG_LABEL_DEF"), "k8s.amazonaws.com/eniConfig")] = true
	for spec := range b.s.podSpecs {
		for key := range spec.NodeSelector {
			b.labels[key] = true
		}
		for key := range affinity(spec) {
			b.labels[key] = true
		}
	}
}

// nameGroups names the groups for what launched their nodes; where one has
// several kinds of nodes, by their type, too.
func (b *builder) nameGroups() {
	count := map[string]int{}
	for _, g := range b.doc.NodeGroups {
		count[name(g.label, "nodes")]++
	}
	taken := map[string]bool{}
	for _, g := range b.doc.NodeGroups {
		base := name(g.label, "nodes")
		if count[base] > 1 {
			base += "-" + strings.ReplaceAll(g.InstanceType, ".", "-")
			if g.OS != "" && !strings.Contains(base, g.OS) {
				base += "-" + g.OS
			}
		}
		g.Name = unique(taken, name(base, "nodes"))
	}
	for _, g := range b.doc.NodeGroups {
		if len(g.nodes) > 0 && g.Name != g.nodes[0].Labels[labelGroup] && b.labels[labelGroup] {
			b.renamed[g.nodes[0].Labels[labelGroup]] = true
		}
	}
	for _, g := range b.doc.NodeGroups {
		if len(g.nodes) > 0 && b.renamed[g.nodes[0].Labels[labelGroup]] {
			g.Labels = with(g.Labels, labelImported, g.nodes[0].Labels[labelGroup])
		}
	}
}

// labelImported has the name of a node's managed node group where its group in
// the scenario is called otherwise and pods select by it.
const labelImported = "imported/nodegroup"

// name makes a name of a text.
func name(text, otherwise string) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.':
			return c
		case 'A' <= c && c <= 'Z':
			return c + 'a' - 'A'
		}
		return '-'
	}, text)
	text = strings.Trim(text[:min(len(text), 200)], "-.")
	return cmp.Or(text, otherwise)
}

// unique is the name, or the name with the first letter that makes it so.
func unique(taken map[string]bool, name string) string {
	out := name
	for i := 0; taken[out]; i++ {
		out = name + "-" + letters(i)
	}
	taken[out] = true
	return out
}

// letters count b, c, … z, bb, bc: a number would look like a node's or a pod's.
func letters(i int) string {
	if i < 25 {
		return string(rune('b' + i))
	}
	return letters(i/25-1) + letters(i%25)
}

// subnetsOf are the subnets in which the group's nodes are, for those to come;
// for want of any those of its zones. Where nodes begin anew they are in the
// order in which these go round them, so that each is in its own.
func (b *builder) subnetsOf(g *outGroup) []string {
	var each, out []string // of each node, empty where it is not known; of all
	fresh := false
	for _, m := range g.nodes {
		name := ""
		if len(m.enis) > 0 {
			name = m.enis[0].Subnet
		} else if n := b.subnetWith(m); n != nil {
			name, fresh = n.Name, true
		}
		each = append(each, name)
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if fresh && !slices.Contains(each, "") {
		return round(each, func(i int) bool { return len(g.nodes[i].enis) == 0 })
	}
	if len(out) > 0 {
		return out
	}
	for _, n := range b.doc.VPC.Subnets {
		inZone := func(m *member) bool { return n.Zone == m.zone }
		if slices.ContainsFunc(g.nodes, inZone) && !slices.Contains(out, n.Name) {
			out = append(out, n.Name)
		}
	}
	return out
}

// round is the shortest beginning of the list, with every name that is in it,
// that gone round and round has each item that matters in its place.
func round(list []string, matters func(i int) bool) []string {
	for n := 1; n < len(list); n++ {
		fits := true
		for i, name := range list {
			fits = fits && slices.Contains(list[:n], name) && (!matters(i) || list[i%n] == name)
		}
		if fits {
			return list[:n]
		}
	}
	return list
}

// state writes the nodes down.
func (b *builder) state() {
	if !b.hasState {
		return
	}
	b.doc.State = &outState{}
	for _, g := range b.doc.NodeGroups {
		for _, m := range g.nodes {
			if len(m.enis) == 0 {
				continue
			}
			m.out = &outNode{Name: m.as, ENIs: m.enis, comment: m.Name, Cordoned: m.Spec.Unschedulable}
			if !m.out.Cordoned && notReady(m.node) {
				m.out.Cordoned = true
				b.g.add("is not Ready: it is taken for one that is, and cordoned", "node "+m.Name)
			}
			for i, e := range m.enis {
				if slices.Equal(e.SecurityGroups, g.SecurityGroups) {
					e.SecurityGroups = nil
				}
				if i > 0 && e.Subnet == m.enis[0].Subnet {
					e.Subnet = ""
				}
			}
			b.doc.State.Nodes = append(b.doc.State.Nodes, m.out)
		}
	}
}

func notReady(n *node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == "Ready" {
			return c.Status != "True"
		}
	}
	return false
}

// number is the ordinal at the end of a name, −1 if there is none.
func number(name, base string) int {
	text, ok := strings.CutPrefix(name, base+"-")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 0 {
		return -1
	}
	return n
}
