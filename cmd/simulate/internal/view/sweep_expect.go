package view

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/sweep"
)

// expectCell says whether the expectations hold that are asked, or in how many
// runs, and which don't, by their place in the file.
func expectCell(v *sweep.Verdict, c *sweep.Cell) cell {
	if c.Meets() {
		return cell{text: "yes"}
	}
	text := "no"
	if c.Runs > 1 {
		text = share(c.HoldsAll, c.Runs)
	}
	unmet := v.Unmet(c)
	text += fmt.Sprintf(": [%d]", unmet[0].Index)
	if len(unmet) > 1 {
		text += ", …"
	}
	return styled(red, text)
}

// mostExpectations is how many expectations are told of.
const mostExpectations = 8

// writeSweepExpectations tells the expectations that don't hold everywhere, and
// those that were not asked.
func writeSweepExpectations(p *page, v *sweep.Verdict) {
	told := 0
	for _, a := range v.Expect {
		if a.Holding == len(v.Cells) {
			continue
		}
		if told == mostExpectations {
			p.paragraph(0, "", "and more: -o json has all", dim)
			return
		}
		told++
		p.paragraph(0, fmt.Sprintf("[%d] ", a.Index), expectationWords(v, a), dim)
	}
}

// expectationWords are an expectation with how many cells it holds in, and why
// it is not asked where it isn't.
func expectationWords(v *sweep.Verdict, a sweep.Asked) string {
	text := fmt.Sprintf("%s (%s): holds in %s of %s", oneLine(a.That), a.When, number(a.Holding), count(len(v.Cells), "cell"))
	switch a.Aside {
	case sweep.OwnValue:
		d := v.Plan.Dimensions[a.Dimension]
		text += fmt.Sprintf("; not asked, since it is about %s=%s, the value of the file: it holds with neither the next smaller nor the next larger one",
			v.Plan.Titles()[a.Dimension], *d.Own)
	case sweep.Shortage:
		text += "; not asked, since it holds only where not everything fits"
	}
	return text
}

// oneLine is a text without line breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
