package testreport

import (
	"fmt"
	"io"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios/expect"
)

// Annotations writes GitHub's workflow commands, which put a mark beside the
// line of a file. Source: GitHub documentation, "Workflow commands for GitHub
// Actions".
func (r *Report) Annotations(w io.Writer) error {
	var b strings.Builder
	for _, c := range r.Cases {
		for _, m := range c.Mistakes {
			line, column := m.Line, m.Column
			annotate(&b, c.Path, line, column, "scenario is broken", m.Error())
		}
		if c.Err != nil {
			annotate(&b, c.Path, 0, 0, "scenario does not run", c.Err.Error())
		}
		for _, result := range c.Results {
			if !result.OK {
				annotate(&b, c.Path, result.Line, result.Column, "expectation failed: "+result.That, failureText(result))
			}
		}
		if c.Golden.State == GoldenDiffers {
			annotate(&b, c.Path, 0, 0, c.Golden.File+" differs", cutLines(c.Golden.Diff, mostAnnotated, "; the summary of the step has all"))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func annotate(b *strings.Builder, file string, line, column int, title, message string) {
	var properties []string
	if file != "" {
		properties = append(properties, "file="+escapeProperty(file))
		if line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", line), fmt.Sprintf("col=%d", column))
		}
	}
	properties = append(properties, "title="+escapeProperty(title))
	fmt.Fprintf(b, "::error %s::%s\n", strings.Join(properties, ","), escapeData(strings.TrimRight(message, "\n")))
}

func escapeData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func escapeProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// maxMarkdown is somewhat less than the size that GitHub takes of a step's
// summary, 1 MiB.
const maxMarkdown = 1_000_000

// Markdown writes the report as a summary of a workflow's step.
func (r *Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### simulate test: %s\n\n", r.Summary())
	b.WriteString("| | scenario | expectations | outcome |\n| --- | --- | --- | --- |\n")
	for _, c := range r.Cases {
		mark := "✅"
		if c.Status() != Passed {
			mark = "❌"
		}
		held := "none"
		if n := len(c.Results); n > 0 {
			held = fmt.Sprintf("%d of %d hold", n-expect.Failed(c.Results), n)
		}
		outcome := c.Verdict
		if c.Status() == Broken {
			held, outcome = "not checked", "broken"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", mark, cellText(c.File), held, cellText(outcome))
	}
	for _, c := range r.Cases {
		c.markdown(&b)
	}
	text := b.String()
	if len(text) > maxMarkdown {
		text = strings.ToValidUTF8(text[:maxMarkdown], "") + "\n```\n\nThe rest was cut.\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// markdown tells the failures of a case in full.
func (c *Case) markdown(b *strings.Builder) {
	if c.Status() == Passed {
		return
	}
	fmt.Fprintf(b, "\n#### `%s`\n", c.File)
	if len(c.Mistakes) > 0 {
		fence(b, "text", c.Mistakes.Error())
	}
	if c.Err != nil {
		fence(b, "text", c.Err.Error())
	}
	for _, r := range c.Results {
		if !r.OK {
			fmt.Fprintf(b, "\nFailed %s:\n", view.When(r))
			fence(b, "text", failureText(r))
		}
	}
	if c.Golden.State == GoldenDiffers {
		fence(b, "text", c.Golden.Diff)
	}
}

// fence puts text into a code block that it cannot end.
func fence(b *strings.Builder, language, text string) {
	ticks := "```"
	for strings.Contains(text, ticks) {
		ticks += "`"
	}
	fmt.Fprintf(b, "\n%s%s\n%s\n%s\n", ticks, language, strings.TrimRight(text, "\n"), ticks)
}

// cellText fits text into a cell of a table.
func cellText(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "`", "'").Replace(text)
}
