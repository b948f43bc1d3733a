// Package sourcetest reads the project's own source, for tests that hold declared
// lists against the code.
package sourcetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Files parses the files of a folder that are no tests.
func Files(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		files = append(files, f)
	}
	return files
}

// Constants are the values of the string constants of a type in a folder, whatever
// package the type is of. There has to be one.
func Constants(t *testing.T, dir, typ string) []string {
	t.Helper()
	var out []string
	for _, f := range Files(t, dir) {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			name := ""
			switch of := spec.Type.(type) {
			case *ast.Ident:
				name = of.Name
			case *ast.SelectorExpr:
				name = of.Sel.Name
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && name == typ {
				value, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				out = append(out, value)
			}
			return true
		})
	}
	require.NotEmpty(t, out, "%s.%s", dir, typ)
	return out
}
