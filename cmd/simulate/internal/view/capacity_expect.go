package view

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/capacity"
)

// askedOf counts the expectations that values are held against.
func askedOf(r capacity.Report) int {
	n := 0
	for _, e := range r.Expected {
		if e.Aside == "" {
			n++
		}
	}
	return n
}

// writeUnmet tells of an expectation that stops a value.
func writeUnmet(p *page, indent int, u *capacity.Unmet) {
	p.paragraph(indent, "expects  ", oneLine(u.That), plain)
	p.paragraph(indent, "when     ", u.When, plain)
	if u.Why != "" {
		p.paragraph(indent, "why      ", u.Why, plain)
	}
	label := "values   "
	for _, line := range u.Values {
		p.paragraph(indent, label, line, plain)
		label = "         "
	}
	if u.Because != "" {
		p.paragraph(indent, "because  ", u.Because, plain)
	}
}

// longestThat is how much of an expectation the answer has.
const longestThat = 100

// stopperWords name what stops a value, for a sentence.
func stopperWords(s *capacity.Stop) string {
	if s.Expectation == nil {
		return string(s.Kind)
	}
	that := []rune(oneLine(s.Expectation.That))
	if len(that) > longestThat {
		that = append(that[:longestThat-1], '…')
	}
	return fmt.Sprintf("the expectation %s", string(that))
}

// writeAside tells of the expectations that values were not held against.
func writeAside(p *page, r capacity.Report) {
	told := false
	for i, e := range r.Expected {
		if e.Aside == "" {
			continue
		}
		if !told {
			p.section("Not asked", "--expect=all asks them")
			told = true
		}
		p.paragraph(2, fmt.Sprintf("[%d] ", i), fmt.Sprintf("%s (%s): %s", oneLine(e.That), e.When, asideWords(e.Aside)), plain)
	}
}

func asideWords(a capacity.Aside) string {
	if a == capacity.Shortage {
		return "it says how something runs out: it holds with the value of the file, where not everything fits, and not with those that fit, or only with the last of them"
	}
	return "it is about the value of the file: it holds with that, and neither with the one below nor with the one above"
}

// breaks names the expectations that a remedy breaks.
func breaks(m capacity.Remedied) string {
	if len(m.Breaks) == 0 {
		return ""
	}
	var all []string
	for _, u := range m.Breaks {
		all = append(all, fmt.Sprintf("[%d] %s", u.Index, oneLine(u.That)))
	}
	return " (no longer holds: " + strings.Join(all, ", ") + ")"
}

// withoutWords says what fits without the expectations, where that is something
// else.
func withoutWords(r capacity.Report) string {
	if r.Without == nil {
		return ""
	}
	if a, without := r.Answer, *r.Without; a.Gap != nil && without.Gap == nil && sameValue(a.Smallest, without.Smallest) && sameValue(a.Largest, without.Largest) {
		return " Without what the scenario expects all between do."
	}
	_, text, _ := strings.Cut(edgesAnswer(r, *r.Without), ": ")
	return " Without what the scenario expects: " + text
}

func sameValue(a, b *capacity.Probe) bool {
	return a != nil && b != nil && a.Value == b.Value
}
