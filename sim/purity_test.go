package sim_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// The same scenario, seed and version give the same bytes: model and sim have
// no clock, no goroutines, no order of maps, no chance but the seeded one, and
// decide nothing with floating point.

func TestModelAndSimArePure(t *testing.T) {
	for _, p := range load(t, "vpcsim/model", "vpcsim/sim") {
		for _, f := range impurities(p) {
			if f.rule == "import" && f.what == "golang.org/x/exp/rand" && filepath.Base(f.at.Filename) == "rand.go" {
				continue // the one file that the generator is reached through
			}
			t.Errorf("%s: %s: %s", f.at, f.rule, f.what)
		}
	}
}

// TestImpurityIsFound: the fixture says behind each line what it is found for.
func TestImpurityIsFound(t *testing.T) {
	p := load(t, "./testdata/impure")[0]
	source, err := os.ReadFile("testdata/impure/impure.go")
	require.NoError(t, err)
	want := map[int]string{}
	for i, line := range strings.Split(string(source), "\n") {
		if _, rules, ok := strings.Cut(line, "// want "); ok {
			want[i+1] = rules
		}
	}
	got := map[int]string{}
	for _, f := range impurities(p) {
		rules := strings.Split(got[f.at.Line], ", ")
		if rules[0] == "" {
			rules = nil
		}
		if !slices.Contains(rules, f.rule) {
			rules = append(rules, f.rule)
		}
		slices.Sort(rules)
		got[f.at.Line] = strings.Join(rules, ", ")
	}
	for line, rules := range want {
		sorted := strings.Split(rules, ", ")
		slices.Sort(sorted)
		want[line] = strings.Join(sorted, ", ")
	}
	require.Equal(t, want, got)
}

// directions are what a directory of the project may import of it; nothing
// imports cmd.
var directions = []struct {
	of  string
	may []string
}{
	{"vpcsim/model", nil},
	{"vpcsim/sim", []string{"vpcsim/model"}},
	{"vpcsim/scenarios", []string{"vpcsim/model", "vpcsim/sim"}},
	{"vpcsim/cmd", []string{"vpcsim/model", "vpcsim/sim", "vpcsim/scenarios"}},
}

// mayImport reports whether a package of the project may import another.
func mayImport(from, to string) bool {
	within := func(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
	for _, d := range directions {
		if within(from, d.of) {
			return within(to, d.of) || slices.ContainsFunc(d.may, func(dir string) bool { return within(to, dir) })
		}
	}
	return !within(to, "vpcsim/cmd")
}

func TestImportsGoOneWay(t *testing.T) {
	cfg := &packages.Config{Mode: packages.NeedName | packages.NeedImports, Dir: ".."}
	all, err := packages.Load(cfg, "./...")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, p := range all {
		for path := range p.Imports {
			if strings.HasPrefix(path, "vpcsim/") && !mayImport(p.PkgPath, path) {
				t.Errorf("%s imports %s", p.PkgPath, path)
			}
		}
	}
	require.True(t, mayImport("vpcsim/sim/replay", "vpcsim/model"))
	require.True(t, mayImport("vpcsim/cmd/simulate", "vpcsim/scenarios"))
	require.False(t, mayImport("vpcsim/model", "vpcsim/sim"))
	require.False(t, mayImport("vpcsim/sim", "vpcsim/scenarios"))
	require.False(t, mayImport("vpcsim/scenarios", "vpcsim/cmd/simulate"))
}

func load(t *testing.T, patterns ...string) []*packages.Package {
	cfg := &packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports,
	}
	loaded, err := packages.Load(cfg, patterns...)
	require.NoError(t, err)
	require.Len(t, loaded, len(patterns))
	for _, p := range loaded {
		require.Empty(t, p.Errors, p.PkgPath)
		require.NotEmpty(t, p.Syntax, p.PkgPath)
	}
	return loaded
}

// finding is something impure.
type finding struct {
	at   token.Position
	rule string // import, clock, goroutine, channel, map order, float
	what string
}

// finder walks a package.
type finder struct {
	*packages.Package
	found  []finding
	sorted map[ast.Expr]bool // arguments of slices.Sorted…
}

func impurities(p *packages.Package) []finding {
	f := &finder{Package: p, sorted: map[ast.Expr]bool{}}
	for _, file := range p.Syntax {
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err == nil && slices.Contains(bannedImports, path) {
				f.add(spec, "import", path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			f.look(n)
			return true
		})
	}
	return f.found
}

var bannedImports = []string{
	"context", "crypto/rand", "golang.org/x/exp/rand", "log", "log/slog", "math/rand", "math/rand/v2", "net", "os", "runtime",
	"sync", "sync/atomic", "unsafe",
}

var bannedTime = []string{"Now", "Sleep", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Timer", "Ticker"}

func (f *finder) add(n ast.Node, rule, what string) {
	f.found = append(f.found, finding{f.Fset.Position(n.Pos()), rule, what})
}

func (f *finder) look(n ast.Node) {
	switch n := n.(type) {
	case *ast.GoStmt:
		f.add(n, "goroutine", "go")
	case *ast.SelectStmt:
		f.add(n, "channel", "select")
	case *ast.SendStmt:
		f.add(n, "channel", "send")
	case *ast.ChanType:
		f.add(n, "channel", "type")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			f.add(n, "channel", "receive")
		}
	case *ast.RangeStmt:
		f.rangeOver(n)
	case *ast.CallExpr:
		f.call(n)
	case *ast.SelectorExpr:
		if o := f.TypesInfo.Uses[n.Sel]; o != nil && o.Pkg() != nil && o.Pkg().Path() == "time" && o.Parent() == o.Pkg().Scope() && slices.Contains(bannedTime, o.Name()) {
			f.add(n, "clock", "time."+o.Name())
		}
	}
	if e, ok := n.(ast.Expr); ok {
		f.float(e)
	}
}

func (f *finder) rangeOver(n *ast.RangeStmt) {
	switch f.TypesInfo.TypeOf(n.X).Underlying().(type) {
	case *types.Map:
		f.add(n, "map order", "range over a map")
	case *types.Chan:
		f.add(n, "channel", "range")
	}
}

// call finds iterators over maps that nothing sorts.
func (f *finder) call(n *ast.CallExpr) {
	switch path, name := f.callee(n); {
	case path == "slices" && strings.HasPrefix(name, "Sorted"):
		f.sorted[n.Args[0]] = true
	case path == "maps" && slices.Contains([]string{"Keys", "Values", "All"}, name) && !f.sorted[n]:
		f.add(n, "map order", "maps."+name)
	}
}

// callee is the function of a package that is called.
func (f *finder) callee(n *ast.CallExpr) (path, name string) {
	s, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	o := f.TypesInfo.Uses[s.Sel]
	if o == nil || o.Pkg() == nil {
		return "", ""
	}
	return o.Pkg().Path(), o.Name()
}

func (f *finder) float(e ast.Expr) {
	tv, ok := f.TypesInfo.Types[e]
	if !ok || tv.Type == nil {
		return
	}
	if b, ok := tv.Type.Underlying().(*types.Basic); ok && b.Info()&(types.IsFloat|types.IsComplex) != 0 {
		f.add(e, "float", fmt.Sprint(tv.Type))
	}
}
