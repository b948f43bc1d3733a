package rules

import (
	"flag"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/internal/sourcetest"
)

var update = flag.Bool("update", false, "rewrite docs/rules.md")

func TestTheDocumentationIsTheRegistry(t *testing.T) {
	const page = "../../docs/rules.md"
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(Markdown()), 0o644))
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, Markdown(), string(text), "go test ./sim/rules -update")
}

func TestEveryRuleIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range Groups() {
		for _, r := range g.Rules {
			require.False(t, seen[r.ID], r.ID)
			seen[r.ID] = true
			require.NotEmpty(t, r.Title, r.ID)
			require.False(t, strings.HasSuffix(r.Title, "."), r.ID)
			require.NotEmpty(t, r.Source.Name, r.ID)
			require.Regexp(t, `^https://`, r.Source.URL, r.ID)
		}
	}
}

func sources(t *testing.T, dir string) []*ast.File {
	return sourcetest.Files(t, filepath.Join("../..", dir))
}

func constants(t *testing.T, dir, typ string) []string {
	return sourcetest.Constants(t, filepath.Join("../..", dir), typ)
}

// reasonsInCode are the reasons of exhaustion that the engine writes as text:
// the second argument of onNode, what is put into a verdict's reason, and the
// first result of whyNoNode.
func reasonsInCode(t *testing.T) []string {
	var out []string
	named := map[string]ast.Expr{} // the constants by name
	for _, f := range sources(t, "sim") {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "reason") {
				named[spec.Names[0].Name] = spec.Values[0]
			}
			return true
		})
	}
	add := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && named[id.Name] != nil {
			e = named[id.Name]
		}
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING && lit.Value != `""` {
			value, err := strconv.Unquote(lit.Value)
			require.NoError(t, err)
			out = append(out, value)
		}
	}
	for _, f := range sources(t, "sim") {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				fun, ok := n.Fun.(*ast.SelectorExpr)
				switch {
				case ok && fun.Sel.Name == "onNode":
					add(n.Args[1])
				case ok && fun.Sel.Name == "onTrunk":
					add(n.Args[3])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "reason" {
					add(n.Value)
				}
			case *ast.AssignStmt:
				for i, to := range n.Lhs {
					sel, ok := to.(*ast.SelectorExpr)
					if ok && sel.Sel.Name == "reason" && len(n.Lhs) == len(n.Rhs) {
						add(n.Rhs[i])
					}
				}
			case *ast.FuncDecl:
				if at, ok := map[string]int{"whyNoNode": 0, "behind": 0, "kind": 2}[n.Name.Name]; ok {
					ast.Inspect(n.Body, func(n ast.Node) bool {
						if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > at {
							add(r.Results[at])
						}
						return true
					})
				}
			}
			return true
		})
	}
	require.Contains(t, out, "minimum-ip-target")
	require.Contains(t, out, "no-match")
	return out
}

// cappedByInCode are the limits that the engine names.
func cappedByInCode(t *testing.T) []string {
	var out []string
	for _, f := range sources(t, "sim") {
		ast.Inspect(f, func(n ast.Node) bool {
			fn, ok := n.(*ast.FuncDecl)
			if !ok || fn.Name.Name != "cappedBy" && fn.Name.Name != "remedyUnplaceable" {
				return true
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 2 {
					if lit, ok := r.Results[0].(*ast.BasicLit); ok && lit.Value != `""` {
						value, err := strconv.Unquote(lit.Value)
						require.NoError(t, err)
						out = append(out, value)
					}
				}
				return true
			})
			return true
		})
	}
	require.Contains(t, out, "MAX_ENI")
	return out
}

// Every id that the code can put into the log is in the registry.
func TestEveryIDOfTheCodeIsARule(t *testing.T) {
	ids := map[string]bool{}
	tails := map[string]bool{}  // what stands behind a slash
	narrow := map[string]bool{} // and narrows an exhaustion down
	for _, g := range Groups() {
		for _, r := range g.Rules {
			ids[r.ID] = true
			if head, tail, ok := strings.Cut(r.ID, "/"); ok {
				tails[tail] = true
				narrow[tail] = narrow[tail] || head == "refused" || slices.Contains(sim.Kinds, sim.Kind(head))
			}
		}
	}
	for _, id := range slices.Concat(constants(t, "model", "Rule"), constants(t, "sim", "Kind")) {
		require.True(t, ids[id], id)
	}
	for _, code := range slices.Concat(constants(t, "model", "ErrorCode"), constants(t, "sim", "ErrorCode")) {
		require.True(t, ids[Refusal(model.ErrorCode(code))], code)
	}
	for _, by := range constants(t, "sim", "By") {
		require.True(t, ids[By(sim.By(by))], by)
	}
	for _, cause := range constants(t, "sim/replay", "LeakCause") {
		require.True(t, ids[Leak(cause)], cause)
	}
	for _, by := range constants(t, "sim/replay", "CleanUp") {
		require.True(t, ids[CleanUp(by)], by)
	}
	for _, reason := range constants(t, "model", "Reason") {
		require.True(t, tails[reason], reason)
	}
	for _, reason := range slices.Concat(reasonsInCode(t), cappedByInCode(t), constants(t, "sim", "ResourceCode")) {
		require.True(t, narrow[reason], reason)
	}
	require.ElementsMatch(t, sim.CappedBy, slices.Compact(slices.Sorted(slices.Values(cappedByInCode(t)))))
}

// The registry has no id that the code doesn't.
func TestEveryRuleIsOfTheCode(t *testing.T) {
	heads := slices.Concat(constants(t, "model", "Rule"), constants(t, "sim", "Kind"), []string{"refused", "by", "filter", "leak", "clean-up", Fault, Dropped})
	tails := slices.Concat(constants(t, "model", "Reason"), reasonsInCode(t), cappedByInCode(t), constants(t, "sim", "ResourceCode"),
		constants(t, "model", "ErrorCode"), constants(t, "sim", "ErrorCode"), constants(t, "sim", "By"), constants(t, "model", "WindowsRefusal"),
		constants(t, "sim/replay", "LeakCause"), constants(t, "sim/replay", "CleanUp"))
	texts := texts(t)
	for _, g := range Groups() {
		for _, r := range g.Rules {
			head, tail, has := strings.Cut(r.ID, "/")
			require.Contains(t, heads, head, r.ID)
			switch {
			case head == "filter":
				require.Contains(t, texts, tail, r.ID)
			case has:
				require.Contains(t, tails, tail, r.ID)
			}
		}
	}
}

// texts is all that the engine's code quotes.
func texts(t *testing.T) string {
	var b strings.Builder
	for _, f := range sources(t, "sim") {
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				value, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				b.WriteString(value + "\n")
			}
			return true
		})
	}
	return b.String()
}

func TestTheNarrowestRuleOfAnExhaustionIsFound(t *testing.T) {
	require.Equal(t, "eni-limit/MAX_ENI", Exhaustion(sim.KindENILimit, "", "MAX_ENI"))
	require.Equal(t, "misconfig/cordoned", Exhaustion(sim.KindMisconfig, "cordoned", ""))
	require.Equal(t, "throttling", Exhaustion(sim.KindThrottling, "RequestLimitExceeded", ""))
	require.Equal(t, "max-pods", Exhaustion(sim.KindMaxPods, "", ""))
}

func TestAMessageNamesItsFilters(t *testing.T) {
	var ids []string
	for _, r := range Filters("0/3 nodes are available: 1 Insufficient cpu, 2 Too many pods. preemption: none.") {
		ids = append(ids, r.ID)
	}
	require.Equal(t, []string{"filter/Too many pods", "filter/Insufficient cpu"}, ids)
}
