package view

import (
	"slices"
	"strings"

	"vpcsim/sim/replay"
)

// Notes lists what the run assumed or ignored, each once, with all the node groups of
// which it is said.
func Notes(s *replay.State) []string {
	var out []string
	add := func(notes []string) {
		for _, n := range notes {
			if i := slices.IndexFunc(out, func(have string) bool { return sameOfGroups(have, n) }); i >= 0 {
				group, text := ofGroup(n)
				groups, _ := ofGroup(out[i])
				out[i] = groups + ", " + group + ": " + text
			} else if !slices.ContainsFunc(out, func(have string) bool { return says(have, n) }) {
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
	if group, text := ofGroup(have); group != "" && text == note {
		return true
	}
	return have == note || have == "cni.env."+note || have == "cni.windows."+note || strings.HasSuffix(have, ".setWindows: "+note)
}

// ofGroup parts a note from the node groups that it is about, if it is about such.
func ofGroup(note string) (groups, text string) {
	groups, text, is := strings.Cut(note, ": ")
	if !is || !strings.HasPrefix(groups, "nodeGroups[") {
		return "", note
	}
	return groups, text
}

// sameOfGroups reports whether two notes say the same of different node groups.
func sameOfGroups(have, note string) bool {
	groups, text := ofGroup(have)
	group, same := ofGroup(note)
	return groups != "" && group != "" && text == same && !slices.Contains(strings.Split(groups, ", "), group)
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
