package scenarios

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:generate go test . -run IsGenerated -update

// leaves are the paths of a shape's fields as the reference writes them: down to
// what is one value there. A shape with a name is one.
func leaves(base string, s *shape) []string {
	var paths []string
	for _, f := range s.fields {
		if !f.notYet {
			paths = append(paths, leavesOf(base+f.name, &f.shape)...)
		}
	}
	return paths
}

func leavesOf(path string, s *shape) []string {
	switch {
	case s.name != "" || s.refused:
	case len(s.union) > 0:
		return leavesOf(path, s.union[len(s.union)-1])
	case s.item != nil && len(s.item.fields)+len(s.item.union) > 0:
		return leavesOf(path+"[]", s.item)
	case s.others != nil && len(s.others.fields) > 0:
		return leavesOf(path+".*", s.others)
	case len(s.fields) > 0:
		return leaves(path+".", s)
	}
	return []string{path}
}

// The reference has a row for every field that a reader reads, and no other: and
// with it the page and the schema.
func TestReferenceHasEveryField(t *testing.T) {
	both := merge(language(PlatformEKS), language(PlatformECS))
	rows := referenceRows()
	read := map[string]bool{}
	for _, path := range leaves("", both) {
		read[path] = true
		_, ok := rows[path]
		require.True(t, ok, "the readers know %s: add a row for it to reference.go, then run go generate ./scenarios", path)
	}
	for path := range rows {
		require.True(t, read[path], "reference.go has a row for %s, which no reader reads: correct or remove it, then run go generate ./scenarios", path)
	}
}

// What has no row of its own is in objects, and nothing else is.
func TestObjectsOfTheReference(t *testing.T) {
	rows, left := referenceRows(), maps.Clone(objects)
	var visit func(path string, s *shape)
	visit = func(path string, s *shape) {
		if _, ok := rows[path]; path != "" && !ok && !strings.HasSuffix(path, "[]") && !strings.HasSuffix(path, ".*") {
			require.NotEmpty(t, objects[plainPath(path)], "%s has no row of its own: say in reference_objects.go what it is", path)
			delete(left, plainPath(path))
		}
		for _, one := range s.union {
			if s.name == "" && (len(one.fields) > 0 || one.item != nil) {
				visit(path, one)
			}
		}
		if s.item != nil && len(s.item.fields) > 0 && s.name == "" {
			visit(path+"[]", s.item)
		}
		if s.others != nil && len(s.others.fields) > 0 {
			visit(path+".*", s.others)
		}
		for _, f := range s.fields {
			if s.name == "" && !f.notYet {
				visit(strings.TrimPrefix(path+"."+f.name, "."), &f.shape)
			}
		}
	}
	visit("", merge(language(PlatformEKS), language(PlatformECS)))
	require.Empty(t, left, "reference_objects.go has what no reader reads")
}

// A reader that looks at a value by itself says what it would take.
func TestEveryReaderDescribesItself(t *testing.T) {
	var visit func(path string, s *shape)
	visit = func(path string, s *shape) {
		require.False(t, len(s.types)+len(s.union) == 0, "the reader of %s says nothing of itself: begin it with d.describes, see shape.go", path)
		for _, one := range s.union {
			visit(path, one)
		}
		if s.item != nil {
			visit(path+"[]", s.item)
		}
		if s.others != nil {
			visit(path+".*", s.others)
		}
		for _, f := range s.fields {
			if !f.notYet {
				visit(path+"."+f.name, &f.shape)
			}
		}
	}
	visit("", merge(language(PlatformEKS), language(PlatformECS)))
}

// field | default | meaning, under the heading of each table.
func TestReferenceIsGenerated(t *testing.T) {
	text := docs(t, "scenarios.md")
	generated := text
	for _, table := range reference {
		heading := "### Top level"
		if table.base != "" {
			heading = "### `" + strings.TrimSuffix(table.base, ".") + "`"
		}
		within := section(t, text, heading)
		at := regexp.MustCompile(`(?m)^\| field \| default \| meaning \|\n(\|.*\n)+`).FindStringIndex(within)
		require.NotNil(t, at, "no table of fields under %q", heading)
		if !*update {
			require.Equal(t, referenceMarkdown(table), within[at[0]:at[1]], "the table under %q is not what reference.go says: correct reference.go, then run go generate ./scenarios", heading)
		}
		changed := within[:at[0]] + referenceMarkdown(table) + within[at[1]:]
		generated = strings.Replace(generated, "\n"+heading+"\n"+within, "\n"+heading+"\n"+changed, 1)
	}
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join("..", "docs", "scenarios.md"), []byte(generated), 0o644))
	}
}

func referenceMarkdown(table referenceTable) string {
	var b strings.Builder
	b.WriteString("| field | default | meaning |\n| --- | --- | --- |\n")
	for _, r := range table.rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.field, r.byDefault, r.meaning)
	}
	return strings.ReplaceAll(b.String(), "|  |", "| |")
}

// The schema beside the documentation is that of the code.
func TestSchemaIsGenerated(t *testing.T) {
	file := filepath.Join("..", "docs", "scenario.schema.json")
	if *update {
		require.NoError(t, os.WriteFile(file, Schema(), 0o644))
		return
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, string(Schema()) == string(have), "docs/scenario.schema.json is not what the readers and reference.go say: run go generate ./scenarios")
}
