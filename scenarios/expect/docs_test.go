package expect

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// page reads the reference of the vocabulary.
func page(t *testing.T) string {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "expectations.md"))
	require.NoError(t, err)
	return string(text)
}

// section is what stands under a heading, up to the next one.
func section(t *testing.T, text, heading string) string {
	_, rest, ok := strings.Cut(text, "\n"+heading+"\n")
	require.True(t, ok, "no heading %q", heading)
	if next := regexp.MustCompile(`(?m)^#+ `).FindStringIndex(rest); next != nil {
		rest = rest[:next[0]]
	}
	return rest
}

// documented is a name in the first column of a table, with its type.
type documented struct{ name, typ string }

var link = regexp.MustCompile(`\[(\w+)\]\(#\w+\)`)

// tableOf reads rows of names and types. A row may have several names, of one
// type or one each.
func tableOf(text string) []documented {
	var all []documented
	for _, row := range regexp.MustCompile("(?m)^\\| (`.+?`) \\| ([^|]+) \\| [^|]+ \\|$").FindAllStringSubmatch(text, -1) {
		names, types := strings.Split(row[1], ", "), strings.Split(link.ReplaceAllString(row[2], "$1"), ", ")
		for i, name := range names {
			all = append(all, documented{strings.Trim(name, "`"), types[min(i, len(types)-1)]})
		}
	}
	return all
}

// asDocumented is a type as the page names it.
func asDocumented(typ string) string {
	typ = regexp.MustCompile(`^list\((.*)\)$`).ReplaceAllString(typ, "list of $1")
	return regexp.MustCompile(`^map\(string, (.*)\)$`).ReplaceAllString(typ, "map of $1")
}

// The page has every variable and function, every type, and every field with its
// type, and no other.
func TestVocabularyIsDocumented(t *testing.T) {
	text := page(t)
	var want []documented
	for _, v := range variables {
		want = append(want, documented{v.name, asDocumented(typeText(v.typ))})
	}
	require.ElementsMatch(t, want, tableOf(section(t, text, "## Variables")))

	var functions []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)\\((?:x|name)\\)` \\|").FindAllStringSubmatch(text, -1) {
		functions = append(functions, m[1])
	}
	require.ElementsMatch(t, functionNames(), functions)

	var headings []string
	for _, m := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(text, -1) {
		headings = append(headings, m[1])
	}
	var names []string
	for _, typ := range sortedTypes() {
		names = append(names, typ.name)
		have := tableOf(section(t, text, "### "+typ.name))
		if typ == eventType {
			have = append(have, listedFields(section(t, text, "### Event"))...)
		}
		want = nil
		for _, f := range typ.fields {
			want = append(want, documented{f.name, asDocumented(typeText(f.typ))})
		}
		require.ElementsMatch(t, want, have, typ.name)
	}
	require.ElementsMatch(t, names, headings)
}

// listedFields are those of a list of names by type: "- int: `a`, `b`".
func listedFields(text string) []documented {
	var all []documented
	for _, item := range regexp.MustCompile("(?m)^- ([a-z ]+): ((?:`\\w+`,?\\s*)+)$").FindAllStringSubmatch(text, -1) {
		for _, name := range regexp.MustCompile(`\w+`).FindAllString(item[2], -1) {
			all = append(all, documented{name, item[1]})
		}
	}
	return all
}

// The words that a field may have are those that the page names.
func TestWordsAreDocumented(t *testing.T) {
	text := page(t)
	for _, typ := range sortedTypes() {
		for _, f := range typ.fields {
			if f.words == nil || typ == eventType {
				continue
			}
			row := regexp.MustCompile("(?m)^\\| `" + f.name + "` .*$").FindString(section(t, text, "### "+typ.name))
			if f.name == "reason" || f.name == "cappedBy" {
				require.Contains(t, row, "exhaustion.md")
				continue
			}
			for _, word := range f.words(Scope{}) {
				require.Contains(t, row, "`"+word+"`", "%s.%s", typ.name, f.name)
			}
		}
	}
}

var documentedScope = Scope{Subnets: []string{"private-a"}, Groups: []string{"workers"}, Workloads: []string{"web"}}

// examples are the expressions that the page shows, one a line.
func examples(t testing.TB, text string) []string {
	_, block, ok := strings.Cut(text, "\n```cel\n")
	require.True(t, ok)
	block, _, _ = strings.Cut(block, "\n```\n")
	return slices.DeleteFunc(strings.Split(block, "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "//")
	})
}

// Every expression on the page is one.
func TestExamplesCompile(t *testing.T) {
	all := examples(t, page(t))
	require.Greater(t, len(all), 30)
	for _, text := range all {
		_, mistakes := Compile(text, documentedScope)
		require.Empty(t, mistakes, text)
	}
}

// Expressions know every type of event that the engine writes.
func TestAllEventsAreKnown(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "sim", "event*.go"))
	require.NoError(t, err)
	var all []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^\t\w+ +EventType += "([^"]+)"`).FindAllSubmatch(source, -1) {
			all = append(all, string(m[1]))
		}
	}
	require.ElementsMatch(t, all, eventTypes(Scope{}))
}
