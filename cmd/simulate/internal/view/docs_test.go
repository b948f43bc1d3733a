package view

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/sim/replay"
)

// docs/output.md has every field of the document, and no other.
func TestDocumentIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "output.md"))
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "\n## The document\n")
	require.True(t, ok)
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\|").FindAllStringSubmatch(table, -1) {
		documented = append(documented, m[1])
	}
	require.ElementsMatch(t, documentFields("", reflect.TypeFor[RunDocument]()), documented)
}

// documentFields lists the paths of a type's JSON fields.
func documentFields(base string, t reflect.Type) []string {
	var paths []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		path, of := base+name, f.Type
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() == reflect.Slice {
			if of.Elem().Kind() == reflect.Struct {
				path += "[]"
			}
			of = of.Elem()
		}
		if of.Kind() == reflect.Struct {
			paths = append(paths, documentFields(path+".", of)...)
		} else {
			paths = append(paths, path)
		}
	}
	return paths
}

// The columns of the CSV form are the fields of a pod in the document.
func TestColumnsAreThePodsFields(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, CSV(&out, new(replay.State)))
	fields := slices.DeleteFunc(documentFields("", reflect.TypeFor[podDocument]()), func(f string) bool {
		return f == "card" || strings.HasPrefix(f, "moreAddresses")
	})
	require.Equal(t, fields, strings.Split(strings.TrimSpace(out.String()), ","), "those of network cards follow where there are several")
}
