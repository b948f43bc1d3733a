package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

// scenario is what the table shows of the resolved scenario. The log carries
// it whole; a run that was configured without one has none.
type scenario struct {
	Summary string `json:"summary"`
	CNI     struct {
		Version        string `json:"version"`
		BranchCooldown string `json:"branchCooldown"`
	} `json:"cni"`
}

func scenarioOf(s *replay.State) scenario {
	var sc scenario
	if len(s.Started.Scenario) > 0 {
		// A scenario of a later version may not fit; the header does without.
		_ = json.Unmarshal(s.Started.Scenario, &sc)
	}
	return sc
}

// writeHeader says what was run.
func writeHeader(p *page, s *replay.State) {
	sc := scenarioOf(s)
	p.line(p.palette.paint(bold, s.Started.Name))
	if sc.Summary != "" {
		p.paragraph(0, "", sc.Summary, plain)
	}
	p.line("")
	nodes := "Nodes"
	if onECS(s) {
		nodes = "ECS"
	}
	for i, g := range groupsOf(s) {
		p.paragraph(2, label(nodes, i), g, plain)
	}
	for i, t := range subnetLines(s) {
		p.paragraph(2, label("Subnets", i), t, plain)
	}
	for i, t := range agentLines(s, sc) {
		p.paragraph(2, label("Agent", i), t, plain)
	}
	p.paragraph(2, label("Run", 0), runLine(s), plain)
}

// label is the left column of the header: the title on its first line only.
func label(title string, line int) string {
	if line > 0 {
		title = ""
	}
	return fmt.Sprintf("%-9s", title)
}

// groupsOf describes the node groups, in order of their first launch.
func groupsOf(s *replay.State) []string {
	type group struct {
		first   *replay.Node
		n, gone int
	}
	var groups []*group
	for _, n := range s.Nodes {
		i := slices.IndexFunc(groups, func(g *group) bool { return g.first.Launched.Group == n.Launched.Group })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &group{first: n})
		}
		groups[i].n++
		if n.TerminatedAt != model.Never {
			groups[i].gone++
		}
	}
	var out []string
	for _, g := range groups {
		l := g.first.Launched
		if onECS(s) {
			out = append(out, instanceGroup(l, g.n))
			continue
		}
		gone := ""
		if g.gone > 0 {
			gone = fmt.Sprintf(" (%s terminated)", number(g.gone))
		}
		t := fmt.Sprintf("%s: %s × %s%s, each %s of %s, max-pods %s",
			l.Group, number(g.n), l.InstanceType, gone,
			count(l.MaxENIs, "ENI"), count(l.SlotsPerENI, "slot"), number(l.MaxPods))
		if l.NetworkCards > 1 && g.first.Config.Settings.MultiNIC {
			t += fmt.Sprintf(", %d network cards with %s in all", l.NetworkCards, count(l.MaxENIsAll, "ENI"))
		}
		if g.first.Config.Settings.PodENI {
			t += ", " + branchesOf(l.BranchENIs)
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		out = []string{"none was launched"}
	}
	return out
}

// branchesOf says how many branch ENIs a node of the type can have.
func branchesOf(limit int) string {
	if limit == 0 {
		return "no trunk ENI on this type"
	}
	return count(limit, "branch ENI")
}

// shownSubnets is how many subnets the header names.
const shownSubnets = 3

func subnetLines(s *replay.State) []string {
	var out []string
	for i, sn := range s.Subnets {
		if i == shownSubnets && len(s.Subnets) > shownSubnets+1 {
			out = append(out, fmt.Sprintf("and %d more", len(s.Subnets)-i))
			break
		}
		t := fmt.Sprintf("%s %s in %s", sn.Name, sn.CIDR, sn.Zone)
		var extra []string
		if sn.IPv6CIDR.IsValid() {
			extra = append(extra, sn.IPv6CIDR.String())
		}
		for _, key := range slices.Sorted(maps.Keys(sn.Tags)) {
			extra = append(extra, fmt.Sprintf("tagged %s=%s", key, sn.Tags[key]))
		}
		if n := len(sn.InUse); n > 0 {
			extra = append(extra, number(n)+" in use by others")
		}
		if n := len(sn.ControlPlane); n > 0 {
			extra = append(extra, number(n)+" of the control plane")
		}
		for _, r := range sn.Reservations {
			extra = append(extra, fmt.Sprintf("%s reserved (%s)", r.CIDR, r.Type))
		}
		if len(extra) > 0 {
			t += ", " + strings.Join(extra, ", ")
		}
		out = append(out, t)
	}
	return out
}

// agentLines describes the settings of the agents, those of most nodes first,
// with their changes.
func agentLines(s *replay.State, sc scenario) []string {
	type variant struct {
		texts []string
		from  []model.Instant // of the first node to have them
		n     int
	}
	var variants []*variant
	for _, n := range s.Nodes {
		v := &variant{n: 1}
		for _, ch := range n.History.Settings {
			v.texts = append(v.texts, poolLine(n, ch.Settings))
			v.from = append(v.from, ch.At)
		}
		if len(v.texts) == 0 {
			continue // its agent never started
		}
		i := slices.IndexFunc(variants, func(w *variant) bool { return slices.Equal(v.texts, w.texts) })
		if i < 0 {
			variants = append(variants, v)
			continue
		}
		w := variants[i]
		w.n++
		for k := range w.from {
			w.from[k] = min(w.from[k], v.from[k])
		}
	}
	slices.SortStableFunc(variants, func(a, b *variant) int { return b.n - a.n })

	var out []string
	hidden := 0
	for i, v := range variants {
		if i >= shownVariants {
			hidden += v.n
			continue
		}
		of := ""
		if len(variants) > 1 {
			of = count(v.n, "node") + " "
		}
		if len(v.texts) > 1 {
			of += "at first "
		}
		if of != "" {
			of = strings.TrimSpace(of) + ": "
		}
		out = append(out, of+v.texts[0])
		for k, t := range v.texts[1:] {
			out = append(out, fmt.Sprintf("from %s: %s", instant(v.from[k+1]), t))
		}
	}
	if hidden > 0 {
		out = append(out, fmt.Sprintf("and others on %s", count(hidden, "node")))
	}
	if len(out) > 0 && sc.CNI.BranchCooldown != "" {
		if d, _ := model.BranchCooldown(sc.CNI.BranchCooldown); d != model.BranchCooldownDefault {
			out[0] += ", branch cooldown " + duration(d)
		}
	}
	if len(out) > 0 && byTags(s) {
		out[0] += ", subnets chosen by tags"
	}
	switch version := "VPC CNI " + sc.CNI.Version; {
	case len(out) == 0 || sc.CNI.Version == "" || !slices.ContainsFunc(s.Nodes, hasAgent):
	case len(out) == 1:
		out[0] = version + ", " + out[0]
	default:
		out = slices.Insert(out, 0, version)
	}
	return out
}

// hasAgent reports whether the CNI's agent runs on the node.
func hasAgent(n *replay.Node) bool { return n.Launched.OS == "" }

// poolLine is the settings line of a node's pool: that of its agent, or on
// Windows the resource controller's for it.
func poolLine(n *replay.Node, st model.Settings) string {
	if hasAgent(n) {
		return settingsLine(st)
	}
	st.SubnetDiscovery = true // of an agent's alone it says that it is off
	return "the resource controller's pool on Windows, " + settingsLine(st)
}

// byTags reports whether subnet discovery has tags to go by: else it comes to the
// node's own subnet.
func byTags(s *replay.State) bool {
	discovers := slices.ContainsFunc(s.Nodes, func(n *replay.Node) bool {
		return n.Config.Settings.SubnetDiscovery && !n.Config.Settings.CustomNetworking
	})
	return discovers && slices.ContainsFunc(s.Subnets, func(sn *replay.Subnet) bool { return len(sn.Tags) > 0 })
}

// shownVariants is how many ways of being configured the header tells.
const shownVariants = 3

// settingsLine names the mode and the settings that decide how much is kept
// warm.
func settingsLine(st model.Settings) string {
	parts := []string{"secondary addresses"}
	switch {
	case st.IPv6 && st.MultiNIC:
		parts[0] = "IPv6: one /80 a network card, no warm pool"
	case st.IPv6:
		parts[0] = "IPv6: one /80 a node, no warm pool"
	case st.PrefixDelegation:
		parts[0] = "prefixes (/28)"
	}
	if !st.IPv6 {
		parts = append(parts, targets(st)...)
	}
	if st.MaxENI > 0 {
		parts = append(parts, fmt.Sprintf("MAX_ENI=%d", st.MaxENI))
	}
	if st.CustomNetworking {
		parts = append(parts, "custom networking")
	}
	if st.PodENI {
		parts = append(parts, "security groups for pods")
	}
	if st.MultiNIC && !st.IPv6 {
		parts = append(parts, "all network cards")
	}
	if !st.SubnetDiscovery && !st.IPv6 {
		parts = append(parts, "no subnet discovery")
	}
	if st.NoProvisioning {
		parts = append(parts, "provisioning disabled")
	}
	if st.Cooldown != model.CooldownDefault {
		parts = append(parts, "cooldown "+duration(st.Cooldown))
	}
	return strings.Join(parts, ", ")
}

// targets names the warm targets that count: IP targets override the others.
func targets(st model.Settings) []string {
	var out []string
	if st.WarmIPTarget != 0 {
		out = append(out, fmt.Sprintf("WARM_IP_TARGET=%d", st.WarmIPTarget))
	}
	if st.MinimumIPTarget != 0 {
		out = append(out, fmt.Sprintf("MINIMUM_IP_TARGET=%d", st.MinimumIPTarget))
	}
	if len(out) > 0 {
		return out
	}
	if st.PrefixDelegation {
		return []string{fmt.Sprintf("WARM_PREFIX_TARGET=%d", st.WarmPrefixTarget)}
	}
	return []string{fmt.Sprintf("WARM_ENI_TARGET=%d", st.WarmENITarget)}
}

func runLine(s *replay.State) string {
	t := fmt.Sprintf("seed %d, %s of virtual time", s.Started.Seed, instant(s.Now))
	if n := s.Calls.Throttled; n > 0 {
		t += fmt.Sprintf(", %s throttled", plural(n, "call to EC2", "calls to EC2"))
	}
	if s.Ended == nil {
		return t + ", still going on"
	}
	switch s.Ended.EndedBy {
	case "settled":
		return t + ", until nothing changed any more"
	case "duration":
		if s.Ended.Message != "" {
			return t + ", " + s.Ended.Message
		}
		return t + ", as asked for"
	}
	return t + ", cut short: " + s.Ended.Message
}
