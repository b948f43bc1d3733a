package rules

import (
	"fmt"
	"strings"
)

// Markdown is the documentation's page of the rules.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# The rules

Every id that [the log](log.md#the-pool) and [` + "`simulate explain`" + `](explain.md) name: what it means, the condition, on which side its boundary falls, and where it can be read.
A reason stands behind the rule or the kind that it answers. This page is written by ` + "`go test ./sim/rules -update`" + `.

`)
	for _, g := range Groups() {
		fmt.Fprintf(&b, "- [%s](#%s)\n", g.Title, anchor(g.Title))
	}
	for _, g := range Groups() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| id | what it means | condition | where equal | source |\n| --- | --- | --- | --- | --- |\n", g.Title, g.Intro)
		for _, r := range g.Rules {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | [%s](%s) |\n", r.ID, r.Title, r.Condition, r.Boundary, r.Source.Name, r.Source.URL)
		}
	}
	return b.String()
}

// anchor is what GitHub makes of a heading.
func anchor(title string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(title) {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case c >= 'a' && c <= 'z' || c == '-':
			b.WriteRune(c)
		}
	}
	return b.String()
}
