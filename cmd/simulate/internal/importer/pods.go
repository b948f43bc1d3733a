package importer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// lives reports whether a pod counts: it has not run to its end, is not being
// deleted, and is on a node that is imported or on none.
func (b *builder) lives(p *pod) bool {
	return !ended(p) && p.DeletionTimestamp == "" && !b.away(p) &&
		(p.Spec.NodeName == "" || b.member[p.Spec.NodeName] != nil || len(b.s.nodes) == 0)
}

// ended reports whether the pod has run to its end.
func ended(p *pod) bool { return p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" }

// checkPods says which pods are left out.
func (b *builder) checkPods() {
	for _, p := range b.s.pods {
		object := "pod " + p.id()
		switch node := p.Spec.NodeName; {
		case ended(p):
			b.g.add("has run to its end: left out", object)
		case node != "" && b.member[node] == nil && !b.elsewhere[node] && len(b.s.nodes) > 0:
			b.g.add("is on a node that no file tells: left out", object)
		case node == "" && b.away(p):
			b.g.add("waits for Fargate: left out", object)
		}
	}
}

// onNode is what the pods of a node can hold.
type onNode struct {
	singles  map[netip.Addr]string // of what: pool, branch, trunk, or why not
	prefixes []onPrefix
	given    map[netip.Addr]bool
}

type onPrefix struct {
	prefix netip.Prefix
	of     string
}

// has is of what the address is; empty: the node has it not.
func (h *onNode) has(a netip.Addr) string {
	if of := h.singles[a]; of != "" {
		return of
	}
	for _, p := range h.prefixes {
		if p.prefix.Contains(a) {
			return p.of
		}
	}
	return ""
}

func (b *builder) heldBy(m *member) *onNode {
	if h := b.onNodes[m]; h != nil {
		return h
	}
	h := &onNode{singles: map[netip.Addr]string{}, given: map[netip.Addr]bool{}}
	b.onNodes[m] = h
	cards := b.settings(m).ManagedCards(b.limits(m.kind))
	for _, e := range m.enis {
		single, prefix := "pool", "pool"
		switch {
		case m.windows && !b.windowsServed():
			single = "an address of a Windows node, and enable-windows-ipam is off"
			prefix = single
		case m.windows && b.windowsPrefixes(m.kind):
			single = "a secondary address, and Windows nodes are in prefix mode"
		case m.windows:
			prefix = "an address of a prefix, and Windows nodes are in secondary mode"
		case e.Kind == "trunk" && !b.settings(m).TrunkServes():
			single = "an address of the trunk, which serves no pods in this release"
			prefix = single
		case e.Card >= cards:
			single = "an address of a network card above 0, and ENABLE_MULTI_NIC is off"
			prefix = single
		}
		for _, a := range e.Addresses {
			h.singles[a] = single
		}
		for _, p := range e.Prefixes {
			h.prefixes = append(h.prefixes, onPrefix{p, prefix})
		}
		for _, br := range e.Branches {
			h.singles[br.podAddress()] = "branch"
		}
	}
	return h
}

// podAddress is the one that a pod with the branch goes by.
func (br outBranch) podAddress() netip.Addr {
	if br.IPv6Address.IsValid() {
		return br.IPv6Address
	}
	return br.Address
}

// pods writes the pods down, the oldest first.
func (b *builder) pods() {
	if !b.hasState {
		b.makeBare()
		return
	}
	groupOf := map[*pod]*group{}
	var all []*pod
	for _, g := range b.found {
		if g.out.Name == "" {
			continue
		}
		for _, p := range g.pods {
			groupOf[p] = g
			all = append(all, p)
		}
	}
	all = append(all, b.bare...)
	slices.SortFunc(all, func(a, c *pod) int {
		return cmp.Or(cmp.Compare(a.CreationTimestamp, c.CreationTimestamp), cmp.Compare(a.id(), c.id()))
	})
	taken := map[string]bool{}
	for _, p := range all {
		b.pod(p, groupOf[p], taken)
	}
}

// makeBare makes the pods that have no controller at the beginning, where no state
// has them.
func (b *builder) makeBare() {
	taken := map[string]bool{}
	for _, p := range b.bare {
		object := "pod " + p.id()
		switch {
		case !b.lives(p):
			continue
		case p.Spec.HostNetwork:
			b.g.add("is on the host network and has no controller: left out; it takes no address, but counts towards max-pods", object)
			continue
		case len(p.Spec.NodeSelector) > 0:
			b.g.add("is made at 0 wherever there is room: its nodeSelector is not followed", object)
		}
		b.doc.Steps = append(b.doc.Steps, outStep{Create: &outCreate{
			Pod: b.bareName(p, taken), Requests: b.requests(&p.Spec, object), Labels: p.Labels,
		}})
	}
}

// pod writes a pod down. One that is being deleted, or that its workload does
// not describe, is no controller's.
func (b *builder) pod(p *pod, g *group, taken map[string]bool) {
	object := "pod " + p.id()
	deleting := p.DeletionTimestamp != "" && !ended(p) && b.member[p.Spec.NodeName] != nil
	m := b.member[p.Spec.NodeName]
	switch {
	case !b.lives(p) && !deleting:
		return
	case m != nil && m.out == nil:
		b.g.add("is on a node that begins anew: left out, its controller makes another", object)
		return
	case g != nil && g.kind == "DaemonSet" && m == nil:
		return // the controller makes it
	case g == nil && m == nil && isWindows(&p.Spec) && !b.hasWindows:
		b.g.add("is for Windows nodes, of which there is none: left out", object)
		return
	}
	out := &outPod{}
	of := ""
	if m != nil {
		out.Node = m.as
		out.Address, of = b.addressOf(p, m)
	}
	branch := of == "branch"
	switch {
	case deleting && !out.Address.IsValid():
		return
	case deleting:
		g = nil
		b.g.add("is being deleted: it is deleted at 0, and its address is free a second later", object)
	case g == nil:
	case g.alone:
		g = nil
	case out.Address.IsValid() && branch != g.branch:
		b.g.add("has a branch ENI, or none, other than its workload asks for: it is no controller's", object)
		b.without(g)
		g = nil
	}
	if g != nil {
		out.Workload = g.out.Name
		out.Name = b.podName(p, g, taken)
	} else {
		out.Name = b.bareName(p, taken)
		out.HostNetwork = p.Spec.HostNetwork
		out.Requests = b.requests(&p.Spec, object)
		delete(out.Requests, podENI)
		if branch {
			out.Requests[podENI] = 1
		}
	}
	if deleting {
		b.doc.Steps = append(b.doc.Steps, outStep{Delete: &outDelete{Pod: out.Name}})
	}
	b.doc.State.Pods = append(b.doc.State.Pods, out)
}

// without lowers the replicas for a pod that is none of them.
func (b *builder) without(g *group) {
	if g.out.Replicas != nil && *g.out.Replicas > 0 {
		less := *g.out.Replicas - 1
		g.out.Replicas = &less
	}
}

// addressOf is the pod's address on its node, and of what it is.
func (b *builder) addressOf(p *pod, m *member) (netip.Addr, string) {
	if p.Spec.HostNetwork || p.Status.PodIP == "" {
		return netip.Addr{}, ""
	}
	a, err := netip.ParseAddr(p.Status.PodIP)
	if err != nil {
		b.g.add("has an address that cannot be read: it waits for one", "pod "+p.id())
		return netip.Addr{}, ""
	}
	h := b.heldBy(m)
	of := h.has(a)
	switch {
	case of == "":
		b.g.add("has an address that no network interface of its node has: the files are of different instants; it waits for another one", "pod "+p.id())
	case h.given[a]:
		b.g.add("has the address of another pod: it waits for another one", "pod "+p.id())
	case of == "pool" && m.windows && !isWindows(&p.Spec):
		b.g.add("is on a Windows node and does not select one: it waits there for ever", "pod "+p.id())
	case of != "pool" && of != "branch":
		b.g.add("has "+of+": it waits for another one", "pod "+p.id())
	default:
		h.given[a] = true
		return a, of
	}
	return netip.Addr{}, ""
}

// podName is WORKLOAD and the end of the pod's own name: web-7d9f8b6c5-x2x4z is
// web-x2x4z.
func (b *builder) podName(p *pod, g *group, taken map[string]bool) string {
	if g.kind == "StatefulSet" {
		n := fmt.Sprintf("%s-%d", g.out.Name, max(0, number(p.Name, g.name)))
		taken[n] = true
		return n
	}
	end := p.Name[strings.LastIndexByte(p.Name, '-')+1:]
	return unique(taken, name(g.out.Name+"-"+end, "pod"))
}

// bareName is the pod's own name, but for one that a workload would give.
func (b *builder) bareName(p *pod, taken map[string]bool) string {
	n := name(p.Name, "pod")
	if cut := strings.LastIndexByte(n, '-'); cut > 0 && strings.Trim(n[cut+1:], "0123456789") == "" {
		n += "-pod"
	}
	return unique(taken, n)
}

// daemons reports whether a DaemonSet has a pod wherever the scenario would make
// one. Where it has not, placement is not all told: its pods are then no
// controller's.
func (b *builder) daemons(g *group) bool {
	if len(g.pods) == 0 || !b.hasState {
		return true
	}
	on := map[*member]bool{}
	unplaced := 0
	for _, p := range g.pods {
		if m := b.member[p.Spec.NodeName]; m != nil && b.lives(p) {
			on[m] = true
		} else if p.Spec.NodeName == "" && b.lives(p) {
			unplaced++
		}
	}
	eligible := 0
	for _, m := range b.members {
		if m.out != nil && b.admits(m.group, g, m) {
			eligible++
		}
	}
	if len(on)+unplaced >= eligible {
		return true
	}
	b.g.add(fmt.Sprintf("has pods on %d of the %d nodes that its nodeSelector and tolerations admit: they are no controller's", len(on), eligible), "DaemonSet "+g.namespace+"/"+g.name)
	g.alone = true
	return false
}

// admits reports whether the scenario would make a DaemonSet's pod for the node.
func (b *builder) admits(of *outGroup, g *group, m *member) bool {
	for key, value := range g.out.NodeSelector {
		have := of.Labels[key]
		switch key {
		case labelType:
			have = of.InstanceType
		case labelGroup:
			have = of.Name
		case labelZone:
			have = m.zone
		case labelOS:
			have = m.os()
		}
		if have != value {
			return false
		}
	}
	return !slices.ContainsFunc(of.Taints, func(t taint) bool {
		return t.Effect != "PreferNoSchedule" && !slices.ContainsFunc(g.out.Tolerations, func(has toleration) bool { return tolerates(has, t) })
	})
}
