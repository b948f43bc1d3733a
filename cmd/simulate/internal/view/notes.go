package view

import (
	"slices"

	"vpcsim/sim/replay"
)

// Notes lists what the run assumed or ignored, each once.
func Notes(s *replay.State) []string {
	var out []string
	add := func(notes []string) {
		for _, n := range notes {
			if !slices.Contains(out, n) && !slices.Contains(out, "cni.env."+n) {
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
