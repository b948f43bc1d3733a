package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// trouble is what the table shows of the episodes of one kind that ended alike:
// one of them in full, and how many there were.
type trouble struct {
	first *replay.Episode
	tells *replay.Episode // the first with the reason that cost pods the longest wait
	open  bool
	n     int
	names int
	pods  int // each once
	podMs int64
	until model.Instant
}

// outcome is how an exhaustion point turned out.
func (t *trouble) outcome() (mark string, st style, words string) {
	switch {
	case t.open && t.first.Cures():
		return "●", yellow, "not over yet"
	case t.open:
		return "✗", red, "never over"
	case t.first.Cures():
		return "✓", green, "cured itself"
	}
	return "✓", green, "over"
}

// troubles groups the episodes by kind and outcome: what never ended first,
// then what cost pods the longest wait.
func troubles(s *replay.State) []*trouble {
	type key struct {
		kind  sim.Kind
		cures bool
		open  bool
	}
	byKey := map[key]*trouble{}
	names := map[key]map[string]bool{}
	episodes := map[key][]*replay.Episode{}
	var out []*trouble
	for _, ep := range s.Episodes {
		k := key{ep.Kind, ep.Cures(), ep.Open()}
		t := byKey[k]
		if t == nil {
			t = &trouble{first: ep, open: ep.Open()}
			byKey[k], names[k] = t, map[string]bool{}
			out = append(out, t)
		}
		t.n++
		names[k][ep.Scope+"/"+ep.Name] = true
		t.names = len(names[k])
		episodes[k] = append(episodes[k], ep)
		t.podMs += ep.PodMs
		if !ep.Open() {
			t.until = max(t.until, ep.EndedAt)
		}
	}
	for k, t := range byKey { // in any order
		t.pods = replay.PodsHit(episodes[k])
		t.tells = telling(episodes[k])
	}
	rank := func(t *trouble) int {
		switch {
		case t.open && !t.first.Cures():
			return 0
		case t.open:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b *trouble) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.podMs, a.podMs))
	})
	return out
}

// telling is the episode whose reason and remedy stand for all: the first with the reason
// that cost pods the longest wait.
func telling(episodes []*replay.Episode) *replay.Episode {
	waited := map[string]int64{}
	for _, ep := range episodes {
		waited[ep.Reason] += ep.PodMs
	}
	best := episodes[0]
	for _, ep := range episodes {
		if waited[ep.Reason] > waited[best.Reason] {
			best = ep
		}
	}
	return best
}

// writeExhaustion tells what ran out, when, and what would have helped.
func writeExhaustion(p *page, s *replay.State) {
	all := troubles(s)
	if len(all) == 0 {
		p.section("Exhaustion points", "")
		p.line("  none")
		return
	}
	p.section("Exhaustion points", "✗ never over  ✓ over")
	said := ""
	for i, t := range all {
		if i > 0 {
			p.line("")
		}
		message := t.tells.Message
		if message != "" && message == said {
			message = "the same"
		} else {
			said = message
		}
		writeTrouble(p, t, message)
	}
}

func writeTrouble(p *page, t *trouble, message string) {
	mark, st, words := t.outcome()
	ep := t.first
	at := place(ep)
	if t.names > 1 {
		at = fmt.Sprintf("%s and %s more", at, number(t.names-1))
	}
	if t.n > t.names {
		at += fmt.Sprintf(", %s times", number(t.n))
	}
	span := "from " + instant(ep.BeganAt)
	if !t.open {
		span += " to " + instant(t.until)
	}
	head := "  " + p.palette.paint(st, mark+" "+string(ep.Kind)) + p.palette.paint(bold, "  "+at)
	length := span + ", " + p.palette.paint(st, words)
	if width("  "+mark+" "+string(ep.Kind)+"  "+at+"  "+span+", "+words) <= pageWidth {
		p.line(head + "  " + length)
	} else {
		p.line(head)
		p.line("    " + length)
	}

	if t.pods > 0 {
		hit := fmt.Sprintf("%s waited %s in all", count(t.pods, p.words.pod), millis(t.podMs))
		if t.pods > 1 {
			hit += fmt.Sprintf(", %s on average", millis(t.podMs/int64(t.pods)))
		}
		if ep.Pod != "" {
			hit += "; the first was " + string(ep.Pod)
		}
		p.paragraph(4, fmt.Sprintf("%-9s", p.words.pod+"s"), hit, plain)
	} else if ep.Pod != "" {
		p.paragraph(4, "first    ", string(ep.Pod), plain)
	}
	ep = t.tells
	if ep.Reason != "" {
		p.paragraph(4, "reason   ", ep.Reason, plain)
	}
	if ep.CappedBy != "" {
		p.paragraph(4, "limit    ", ep.CappedBy, plain)
	}
	if message != "" {
		p.paragraph(4, "message  ", message, plain)
	}
	if len(ep.Numbers) > 0 {
		p.paragraph(4, "numbers  ", numbers(ep.Numbers), plain)
	}
	if ep.Remedy != "" {
		p.paragraph(4, "remedy   ", ep.Remedy, plain)
	}
}

// place names where an episode was. The cluster is one.
// Place says where an episode was, in a word or two.
func Place(ep *replay.Episode) string { return place(ep) }

func place(ep *replay.Episode) string {
	switch {
	case ep.Scope == "cluster":
		return "cluster"
	case ep.Scope == "subnet":
		return "subnet " + ep.Name
	}
	return ep.Name
}

func numbers(m map[sim.Number]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %s", k, number(m[k])))
	}
	return strings.Join(parts, ", ")
}
