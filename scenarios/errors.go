package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vpcsim/scenarios/internal/doc"
)

// Error is a mistake in a scenario file, in a file that it names, or in an
// option that changes it.
type Error struct {
	// File is the name that was given to Load, or the whole option: "--set
	// seed=x".
	File string
	// Line and Column count from 1, the column in characters. 0: the mistake is
	// in an option, or has no place.
	Line, Column int
	// Path leads to the value: nodeGroups[0].instanceType. Empty: the whole
	// file.
	Path    string
	Message string
	// Rule is the id of the rule of package lint that says more about such a
	// mistake; empty for one in what a scenario may look like.
	Rule string
	// Excerpt is the line of the file and below it a caret; empty where there
	// is no line.
	Excerpt string
}

// Error returns "file:line:column: path: message".
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if e.Path != "" {
		b.WriteString(": " + e.Path)
	}
	b.WriteString(": " + e.Message)
	return b.String()
}

// The rules about mistakes that AWS would refuse as well.
const (
	RuleVPCBlock    = "vpc-cidr-not-allowed"
	RuleSubnetBlock = "subnet-cidr-not-allowed"
)

// Errors are all the mistakes of a scenario: those of options, those of the
// scenario's file by their place, and those of files that it names.
type Errors []Error

// Error returns a line for each mistake, with its excerpt below it.
func (e Errors) Error() string {
	var b strings.Builder
	for i, one := range e {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.Error())
		for line := range strings.Lines(one.Excerpt) {
			b.WriteString("\n    " + strings.TrimRight(line, "\n"))
		}
	}
	return b.String()
}

// maxErrors bounds what is reported: a file of another kind than a scenario
// would be all mistakes.
const maxErrors = 100

// report collects the mistakes of one load.
type report struct {
	file  string
	lines []string
	errs  Errors
	seen  map[Error]bool
	// dropped counts the mistakes after the first maxKept.
	dropped int
}

// maxKept bounds the mistakes that are kept to be sorted.
const maxKept = 10_000

func newReport(file string, data []byte) *report {
	text := strings.TrimPrefix(string(data), "\ufeff")
	return &report{file: file, lines: strings.Split(text, "\n"), seen: map[Error]bool{}}
}

// add notes a mistake. The same one at the same place counts once: an anchor's
// is found at every alias.
func (r *report) add(at doc.Pos, path, message string) {
	e := Error{File: r.file, Line: at.Line, Column: at.Column, Path: path, Message: message}
	if at.Option != "" {
		e.File, e.Line, e.Column = at.Option, 0, 0
	}
	r.addError(e)
}

// addOf notes a mistake that a rule is about.
func (r *report) addOf(rule string, at doc.Pos, path, message string) {
	before := len(r.errs)
	if r.add(at, path, message); len(r.errs) > before {
		r.errs[before].Rule = rule
	}
}

func (r *report) addError(e Error) {
	if len(r.errs) == maxKept {
		r.dropped++
		return
	}
	if !r.seen[e] {
		r.seen[e] = true
		r.errs = append(r.errs, e)
	}
}

// sorted returns the mistakes in order, nil if there are none.
func (r *report) sorted() error {
	if len(r.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errs, func(a, b Error) int {
		return cmp.Or(
			cmp.Compare(r.rank(a), r.rank(b)),
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message))
	})
	if more := len(r.errs) + r.dropped - maxErrors; len(r.errs) > maxErrors {
		r.errs = append(r.errs[:maxErrors], Error{File: r.file, Message: fmt.Sprintf("and %d more mistakes", more)})
	}
	for i, e := range r.errs {
		if e.File == r.file && e.Excerpt == "" {
			r.errs[i].Excerpt = r.excerpt(e.Line, e.Column)
		}
	}
	return r.errs
}

// rank orders mistakes by where they are: options, the scenario, other files.
func (r *report) rank(e Error) int {
	switch {
	case e.Line == 0:
		return 0
	case e.File == r.file:
		return 1
	}
	return 2
}

// Of a long line, this many characters before and after the place are shown.
const excerptBefore, excerptAfter = 60, 60

// excerpt returns the line and below it a caret under the column.
func (r *report) excerpt(line, column int) string {
	if line < 1 || line > len(r.lines) || column < 1 {
		return ""
	}
	text := printable(strings.TrimRight(r.lines[line-1], "\r"))
	if strings.TrimSpace(text) == "" {
		return ""
	}
	at := characters(text, column-1)
	before, after := text[:at], text[at:]
	if n := utf8.RuneCountInString(before) - excerptBefore; n > 0 {
		before = "…" + before[characters(before, n):]
	}
	if n := characters(after, excerptAfter); n < len(after) {
		after = after[:n] + "…"
	}
	// A tab stays one, so that the caret stands below its place.
	indent := strings.Map(func(c rune) rune {
		if c == '\t' {
			return c
		}
		return ' '
	}, before)
	return before + after + "\n" + indent + "^"
}

// printable replaces what could not be printed, or would do something to a
// terminal.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\t' && !unicode.IsPrint(c) {
			return '\ufffd'
		}
		return c
	}, strings.ToValidUTF8(text, "\ufffd"))
}

// clean is the beginning of a text, printable, on one line.
func clean(text string) string {
	if n := characters(text, excerptAfter); n < len(text) {
		text = text[:n] + "…"
	}
	return printable(text)
}

// characters returns how many bytes the first n characters take, all if there
// are fewer.
func characters(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}
