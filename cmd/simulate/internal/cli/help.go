package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/view"
)

// wrappedUsage makes the texts of flags as wide as a page.
func wrappedUsage(template string) string {
	return strings.ReplaceAll(template, ".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", view.PageWidth))
}

// writeHelp writes what a command is and takes, no wider than a page.
func writeHelp(w io.Writer, c *cobra.Command) {
	what := c.Long
	if what == "" {
		what = c.Short
	}
	io.WriteString(w, wrapHelp(strings.TrimSpace(what)+"\n\n"+c.UsageString()))
}

// wrapHelp breaks the lines that are wider than a page: paragraphs are filled anew,
// rows of a list go on below their last column, and examples behind a backslash.
func wrapHelp(text string) string {
	var out []string
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := 0; i < len(lines); {
		end := i + 1
		if isProse(lines[i]) {
			for end < len(lines) && isProse(lines[end]) {
				end++
			}
		}
		out = append(out, wrapBlock(lines[i:end])...)
		i = end
	}
	return strings.Join(out, "\n") + "\n"
}

func isProse(line string) bool { return line != "" && line[0] != ' ' }

func wrapBlock(lines []string) []string {
	fits := true
	for _, l := range lines {
		fits = fits && utf8.RuneCountInString(l) <= view.PageWidth
	}
	first := lines[0]
	switch {
	case fits:
		return lines
	case isProse(first):
		return view.Wrap(strings.Join(lines, " "), view.PageWidth)
	case strings.HasPrefix(strings.TrimSpace(first), "simulate "):
		return wrapExample(first)
	default:
		return wrapRow(first)
	}
}

// wrapRow breaks the last column of a row of a list.
func wrapRow(line string) []string {
	text := strings.TrimLeft(line, " ")
	indent := len(line) - len(text)
	if at := strings.LastIndex(text, "  "); at >= 0 {
		indent += at + 2
	}
	var out []string
	head := line[:indent]
	for _, l := range view.Fold(line[indent:], view.PageWidth-utf8.RuneCountInString(head)) {
		out = append(out, head+l)
		head = strings.Repeat(" ", utf8.RuneCountInString(head))
	}
	return out
}

// wrapExample breaks a command so that a shell takes its lines for one: before a
// flag or a pipe.
func wrapExample(line string) []string {
	const indent = "  "
	text := strings.TrimSpace(line)
	var out []string
	head := indent
	for utf8.RuneCountInString(head+text) > view.PageWidth {
		cut := -1
		for _, before := range []string{" --", " -o ", " | ", " > "} {
			for at := 0; ; {
				next := strings.Index(text[at:], before)
				if next < 0 || utf8.RuneCountInString(head+text[:at+next])+2 > view.PageWidth {
					break
				}
				cut = max(cut, at+next)
				at += next + 1
			}
		}
		if cut <= 0 {
			break
		}
		out = append(out, head+text[:cut]+` \`)
		head, text = indent+"    ", text[cut+1:]
	}
	return append(out, head+text)
}
