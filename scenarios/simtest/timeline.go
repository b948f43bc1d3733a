package simtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// How much a timeline tells: of so many nodes, each the last so many changes, and
// so many exhaustion points.
const (
	toldNodes    = 3
	toldChanges  = 12
	toldEpisodes = 8
)

// Timeline tells the run on a page: of the nodes that pods wait on, or of the
// busiest, how their ENIs came and filled, with what the pool had when the agent
// decided so; what ran out, when and where, and what to do; what EC2 refused; and how it
// ended.
func (r *Played) Timeline() string {
	var b strings.Builder
	s := r.state
	fmt.Fprintf(&b, "timeline of %s, seed %d\n", r.scenario.Name, r.scenario.Seed)
	nodes := concerned(s)
	for _, n := range nodes {
		writeNode(&b, s, n)
		if e, ok := r.last[n.Name]; ok {
			fmt.Fprintf(&b, "    last decision %s: %s\n", e.At, decisionText(e.Body))
		}
	}
	if more := len(s.Nodes) - len(nodes); more > 0 {
		fmt.Fprintf(&b, "  … and %d other nodes\n", more)
	}
	writeEpisodes(&b, s.Episodes)
	for _, c := range s.Calls.ByAction() {
		for _, code := range slices.Sorted(maps.Keys(c.Refused)) {
			fmt.Fprintf(&b, "  EC2 refused %s %d of %d times: %s\n", c.Action, c.Refused[code], c.Count, code)
		}
	}
	p, a := s.Pods.Count(), s.Totals()
	fmt.Fprintf(&b, "  end at %s (%s): %d pods Running, %d Pending, %d ContainerCreating; %s addresses: %d held, %d cooling, %s free\n",
		s.Now, s.Ended.EndedBy, p.Running, p.Pending, p.ContainerCreating, inWords(a.Total), a.Assigned, a.Cooling, inWords(a.Free()))
	return b.String()
}

// concerned are the nodes to tell of, first those with waiting pods, then those
// that something ran out on, then those with the most changes.
func concerned(s *replay.State) []*replay.Node {
	ranOut := map[string]bool{}
	for _, ep := range s.Episodes {
		if ep.Scope == "node" {
			ranOut[ep.Name] = true
		}
	}
	rank := func(n *replay.Node) (int, int, int) {
		if ranOut[string(n.Name)] {
			return n.Waiting(), 1, n.History.Count
		}
		return n.Waiting(), 0, n.History.Count
	}
	nodes := slices.Clone(s.Nodes)
	slices.SortStableFunc(nodes, func(a, b *replay.Node) int {
		aw, ar, ac := rank(a)
		bw, br, bc := rank(b)
		return slices.Compare([]int{bw, br, bc}, []int{aw, ar, ac})
	})
	return nodes[:min(len(nodes), toldNodes)]
}

func writeNode(b *strings.Builder, s *replay.State, n *replay.Node) {
	t := n.Totals(s.Now)
	fmt.Fprintf(b, "  %s: %d of %s addresses held, %d pods wait\n", n.Name, t.Assigned, inWords(t.Total), n.Waiting())
	changes := n.History.Changes
	if hidden := len(changes) - toldChanges; hidden > 1 {
		fmt.Fprintf(b, "    … %d changes before\n", hidden)
		changes = changes[hidden:]
	}
	for _, ch := range changes {
		fmt.Fprintf(b, "    %8s  %s\n", ch.At, changeText(ch))
	}
	if more := n.History.Count - len(n.History.Changes); more > 0 {
		fmt.Fprintf(b, "    … and %d more changes\n", more)
	}
}

// changeText writes a change, and the decision that led to it with its numbers.
func changeText(ch replay.Change) string {
	var parts []string
	if ch.ENI != "" {
		name := fmt.Sprintf("eni%d", ch.Device)
		switch {
		case ch.Of == model.ENIBranch:
			name = "branch ENI"
		case ch.Card > 0:
			name = fmt.Sprintf("card%d/eni%d", ch.Card, ch.Device)
		}
		parts = append(parts, name)
	}
	parts = append(parts, string(ch.Kind))
	if ch.Addresses > 0 {
		parts = append(parts, counted(ch.Addresses, "address", "addresses"))
	}
	if ch.Prefixes > 0 {
		parts = append(parts, counted(ch.Prefixes, "prefix", "prefixes"))
	}
	if ch.Branches > 0 {
		parts = append(parts, counted(ch.Branches, "branch ENI", "branch ENIs"))
	}
	if ch.Error != "" {
		parts = append(parts, string(ch.Error))
	}
	if ch.Until > ch.At {
		parts = append(parts, "until "+ch.Until.String())
	}
	text := strings.Join(parts, " ")
	if ch.Why != nil {
		text += " (" + numbersOf(*ch.Why) + ")"
	}
	return text
}

// writeEpisodes writes what ran out: what never ended first, for that is what
// tests fail of.
func writeEpisodes(b *strings.Builder, episodes []*replay.Episode) {
	episodes = slices.Clone(episodes)
	slices.SortStableFunc(episodes, func(x, y *replay.Episode) int { return boolOf(y.Open()) - boolOf(x.Open()) })
	for i, ep := range episodes {
		if i == toldEpisodes {
			fmt.Fprintf(b, "  … and %d more exhaustion points\n", len(episodes)-i)
			return
		}
		until := "never over"
		if !ep.Open() {
			until = "until " + ep.EndedAt.String()
		}
		name := ep.Name
		if name == "" {
			name = ep.Scope
		}
		fmt.Fprintf(b, "  %s %s from %s, %s: %s%s\n", ep.Kind, name, ep.BeganAt, until, counted(ep.Pods, "pod", "pods"), firstOf(ep.ExhaustionBegan))
		fmt.Fprintf(b, "    %s\n", ep.Remedy)
	}
}

func firstOf(e sim.ExhaustionBegan) string {
	if e.Pod == "" {
		return ""
	}
	return ", the first was " + string(e.Pod)
}

// decisionText writes what a pool decided, and the numbers it saw.
func decisionText(b sim.Body) string {
	switch d := b.(type) {
	case sim.PoolSkip:
		return string(d.Type()) + " " + numbersOf(d.PoolDecision)
	case sim.PoolGrow:
		return string(d.Type()) + " " + numbersOf(d.PoolDecision)
	case sim.PoolShrink:
		return string(d.Type()) + " " + numbersOf(d.PoolDecision)
	case sim.PoolFree:
		return string(d.Type()) + " " + numbersOf(d.PoolDecision)
	}
	return string(b.Type())
}

func numbersOf(d sim.PoolDecision) string {
	return fmt.Sprintf("%s, total %d, assigned %d, available %d, cooling %d", d.Reason, d.Total, d.Assigned, d.Available, d.Cooling)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func boolOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// inWords writes a number, the 2^48 addresses of a /80 as some 281 trillion.
func inWords(n int) string {
	const trillion = 1_000_000_000_000
	if n < trillion {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("some %d trillion", (n+trillion/2)/trillion)
}
