package view

import (
	"slices"
	"strings"

	"vpcsim/sim/replay"
)

// Notes lists what the run assumed or ignored, each once.
func Notes(s *replay.State) []string {
	var out []string
	add := func(notes []string) {
		for _, n := range notes {
			if !slices.ContainsFunc(out, func(have string) bool { return says(have, n) }) {
				out = append(out, n)
			}
		}
	}
	add(s.Started.Notes)
	for _, n := range s.Nodes {
		add(n.Config.Ignored)
	}
	return out
}

// says reports whether a note is there already, with its place or without.
func says(have, note string) bool {
	return have == note || have == "cni.env."+note || have == "cni.windows."+note || strings.HasSuffix(have, ".setWindows: "+note)
}

func writeNotes(p *page, s *replay.State) {
	notes := Notes(s)
	if len(notes) == 0 {
		return
	}
	p.section("Notes", "")
	for _, n := range notes {
		p.paragraph(2, "- ", n, plain)
	}
}
