package testreport

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios/expect"
)

// Table writes a report as people read it, case by case.
type Table struct {
	// Changed: the scenarios were changed for these runs, and their golden
	// summaries can't be written of them.
	Changed bool

	w       *bufio.Writer
	palette view.Palette
}

// NewTable returns a writer of cases.
func NewTable(w io.Writer, p view.Palette) *Table {
	return &Table{w: bufio.NewWriter(w), palette: p}
}

// mostChanges is how many changes of a golden summary the table shows, and
// mostAnnotated how many an annotation has.
const (
	mostChanges   = 20
	mostAnnotated = 8
)

var words = map[Status]string{Passed: "ok     ", Failed: "FAILED ", Broken: "BROKEN "}

// Case writes one case; failures are told in full.
func (t *Table) Case(c *Case) error {
	fmt.Fprintf(t.w, "%s %s\n", t.palette.Outcome(words[c.Status()], c.Status() == Passed), heading(c))
	if len(c.Mistakes) > 0 {
		t.indented(8, c.Mistakes.Error())
	}
	if c.Err != nil {
		t.indented(8, c.Err.Error())
	}
	var told []string
	for _, r := range c.Results {
		if !r.OK {
			t.failure(r, told)
			told = r.Events
		}
	}
	switch c.Golden.State {
	case GoldenDiffers:
		hint := "; --update takes the new one over"
		if t.Changed {
			hint = " with these changes"
		}
		fmt.Fprintf(t.w, "        %s %s differs%s\n", t.palette.Outcome("✗", false), c.Golden.File, hint)
		t.indented(10, cutLines(c.Golden.Diff, mostChanges, "; -o json has all"))
	case GoldenWritten:
		fmt.Fprintf(t.w, "        %s written\n", c.Golden.File)
	}
	return t.w.Flush()
}

// heading names a case and says how much was checked.
func heading(c *Case) string {
	name := c.Name
	if c.File != c.Name {
		name = c.File
	}
	if c.Status() == Broken {
		return name
	}
	var checked []string
	switch n := len(c.Results); n {
	case 0:
	case 1:
		checked = append(checked, "1 expectation")
	default:
		checked = append(checked, fmt.Sprintf("%d expectations", n))
	}
	if c.Golden.State == GoldenSame || c.Golden.State == GoldenDiffers {
		checked = append(checked, "golden")
	}
	if len(checked) == 0 {
		checked = append(checked, "no expectations")
	}
	return name + " (" + strings.Join(checked, ", ") + ")"
}

func (t *Table) failure(r expect.Result, told []string) {
	for i, line := range view.Wrap(r.That, view.PageWidth-10) {
		if i == 0 {
			fmt.Fprintf(t.w, "        %s %s\n", t.palette.Outcome("✗", false), line)
			continue
		}
		t.indented(10, line)
	}
	for _, line := range view.FailureLines(r, told) {
		label := line.Label
		for _, text := range view.Wrap(line.Text, view.PageWidth-10-len(label)) {
			t.indented(10, label+text)
			label = strings.Repeat(" ", len(label))
		}
	}
}

func (t *Table) indented(by int, text string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); line == "" {
			fmt.Fprintln(t.w)
			continue
		}
		fmt.Fprintln(t.w, strings.Repeat(" ", by)+line)
	}
}

// End writes the last line.
func (t *Table) End(r *Report) error {
	fmt.Fprintf(t.w, "%s\n", t.palette.Outcome(r.Summary(), r.Count(Passed) == len(r.Cases)))
	return t.w.Flush()
}
