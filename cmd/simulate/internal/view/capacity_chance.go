package view

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/capacity"
)

// chanceItem is what other seeds make of the answer. Skipped is how many events
// that would have cost where it was not looked at; null: it was.
type chanceItem struct {
	First   uint64       `json:"first"`
	Seeds   int          `json:"seeds"`
	Agree   *bool        `json:"agree"`
	Values  []seedsTried `json:"values"`
	Skipped *int64       `json:"skippedEvents"`
}

type seedsTried struct {
	Value int     `json:"value"`
	CIDR  *string `json:"cidr"`
	Fits  int     `json:"fits"`
}

func chanceOf(r capacity.Report) *chanceItem {
	c := r.Chance
	if c == nil {
		return nil
	}
	out := &chanceItem{First: c.First, Seeds: c.Seeds, Values: []seedsTried{}}
	if c.Skipped > 0 {
		out.Skipped = &c.Skipped
		return out
	}
	agree := c.Lucky() == nil && c.Open() == nil
	out.Agree = &agree
	for _, t := range c.Tried {
		item := seedsTried{Value: t.Value, Fits: t.Fits}
		if r.Sizes != nil {
			cidr := named(r, t)
			item.CIDR = &cidr
		}
		out.Values = append(out.Values, item)
	}
	return out
}

// named is a value as the answer has it: of a subnet its block.
func named(r capacity.Report, t capacity.SeedsTried) string {
	for _, s := range r.Sizes {
		if s.Value == t.Value {
			return s.CIDR.String()
		}
	}
	return number(t.Value)
}

// writeChance tells in a line what other seeds make of the answer.
func writeChance(p *page, r capacity.Report) {
	switch c := r.Chance; {
	case c == nil:
	case c.Skipped > 0:
		p.paragraph(2, "seeds    ", fmt.Sprintf("%d alone, as others would take %s events more; --seeds %d asks for what fits with each of %d",
			c.First, number(c.Skipped), c.Seeds, c.Seeds), plain)
	default:
		p.paragraph(2, "seeds    ", fmt.Sprintf("with %d to %d: %s", c.First, c.First+uint64(c.Seeds)-1, triedWords(r)), plain)
	}
}

// triedWords says with how many seeds each value fits.
func triedWords(r capacity.Report) string {
	var all []string
	for i, t := range r.Chance.Tried {
		fits := "in"
		if i == 0 {
			fits = "fits in"
		}
		all = append(all, fmt.Sprintf("%s %s %d of %d", named(r, t), fits, t.Fits, r.Chance.Seeds))
	}
	return strings.Join(all, ", ")
}

// chanceWords is the sentence of the answer about chance; empty where the seeds
// agree.
func chanceWords(r capacity.Report) string {
	c := r.Chance
	if c == nil || c.Skipped > 0 {
		return ""
	}
	with := fmt.Sprintf(" With %d seeds %s: ", c.Seeds, triedWords(r))
	if lucky := c.Lucky(); lucky != nil {
		return with + fmt.Sprintf("that %s fits is luck. --seeds %d finds what fits with each.", named(r, *lucky), c.Seeds)
	}
	if c.Open() == nil {
		return ""
	}
	beyond := ""
	if c.Tried[0].Answers {
		beyond = " beyond " + named(r, c.Tried[0])
		if len(c.Tried) > 2 {
			beyond = " beyond what fits in all"
		}
	}
	return with + fmt.Sprintf("chance decides%s. --seeds %d asks that it fits with each.", beyond, c.Seeds)
}
