package importer

import (
	"fmt"
	"strings"
)

// guesses are what the files do not tell and the scenario says all the same, and
// what they tell and the scenario leaves out. Objects of which the same is to be
// said are named together.
type guesses struct {
	order []string
	about map[string][]string
}

func newGuesses() *guesses { return &guesses{about: map[string][]string{}} }

// say notes something about the whole.
func (g *guesses) say(format string, args ...any) { g.add(fmt.Sprintf(format, args...), "") }

// add notes something of an object; empty: of none.
func (g *guesses) add(text, object string) {
	if _, ok := g.about[text]; !ok {
		g.order = append(g.order, text)
		g.about[text] = nil
	}
	if object != "" {
		g.about[text] = append(g.about[text], object)
	}
}

// namedObjects is how many objects a line names.
const namedObjects = 4

// lines are the guesses in the order in which they came, one a line.
func (g *guesses) lines() []string {
	var out []string
	for _, text := range g.order {
		objects := g.about[text]
		if len(objects) == 0 {
			out = append(out, text)
			continue
		}
		list := strings.Join(objects[:min(len(objects), namedObjects)], ", ")
		if more := len(objects) - namedObjects; more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		out = append(out, printable(list, 400)+": "+text)
	}
	return out
}
