package sim

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim/internal/sourcetest"
)

// unknownWord says which figure or code of an event the declared lists lack.
func unknownWord(e Event) error {
	unknown := func(code model.ErrorCode) error {
		if code == "" || slices.Contains(Codes(e.Body.Type()), code) {
			return nil
		}
		return fmt.Errorf("%s has the undeclared code %q", e.Body.Type(), code)
	}
	switch b := e.Body.(type) {
	case ExhaustionBegan:
		for name := range b.Numbers {
			if m := meaningOf(name); m == nil || !slices.Contains(m.Kinds, b.Kind) {
				return fmt.Errorf("%s has the undeclared number %q", b.Kind, name)
			}
		}
		if b.CappedBy != "" && !slices.Contains(CappedBy, b.CappedBy) {
			return fmt.Errorf("%s is capped by the undeclared %q", b.Kind, b.CappedBy)
		}
	case EC2Call:
		return unknown(b.Error)
	case EC2Returned:
		return unknown(b.Error)
	case FaultBegan:
		return unknown(b.Error)
	case TrunkFailed:
		return unknown(b.Error)
	case BranchFailed:
		return unknown(b.Error)
	case BranchDeleted:
		return unknown(b.Error)
	}
	return nil
}

func meaningOf(name Number) *NumberMeaning {
	for _, g := range Numbers() {
		for _, m := range g.Numbers {
			if m.Name == name {
				return &m
			}
		}
	}
	return nil
}

func TestDeclaredListsAreTheConstants(t *testing.T) {
	var names []string
	for _, g := range Numbers() {
		for _, m := range g.Numbers {
			names = append(names, string(m.Name))
			require.NotEmpty(t, m.Unit, m.Name)
			require.NotEmpty(t, m.Meaning, m.Name)
			require.NotEmpty(t, m.Kinds, m.Name)
		}
	}
	require.ElementsMatch(t, sourcetest.Constants(t, ".", "Number"), names)

	var codes []string
	for _, code := range Codes(TypeBranchFailed) {
		codes = append(codes, string(code))
	}
	// A VPC's are told when a scenario is loaded.
	codes = append(codes, string(model.InvalidSubnetRange), string(model.InvalidSubnetConflict))
	require.ElementsMatch(t, append(sourcetest.Constants(t, "../model", "ErrorCode"), sourcetest.Constants(t, ".", "ErrorCode")...), codes)

	require.ElementsMatch(t, sourcetest.Constants(t, ".", "Kind"), texts(Kinds))
	// The log leaves out the agent's DescribeSubnets.
	require.ElementsMatch(t, sourcetest.Constants(t, ".", "Action"), append(texts(Actions), string(describeSubnets)))
}

func texts[T ~string](words []T) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return all
}

// Figures and codes are written by their constants: no text in the source makes one.
func TestNoWordIsWrittenAsText(t *testing.T) {
	isText := func(e ast.Expr) bool {
		lit, ok := e.(*ast.BasicLit)
		return ok && lit.Kind == token.STRING
	}
	ofNumbers := func(e ast.Expr) bool {
		m, ok := e.(*ast.MapType)
		if !ok {
			return false
		}
		key, ok := m.Key.(*ast.Ident)
		return ok && key.Name == "Number"
	}
	// gives reports whether a function has figures as its result.
	gives := func(f *ast.FuncType) bool {
		return f.Results != nil && slices.ContainsFunc(f.Results.List, func(r *ast.Field) bool { return ofNumbers(r.Type) })
	}
	functions := 0
	noIndex := func(body *ast.BlockStmt) {
		functions++
		ast.Inspect(body, func(n ast.Node) bool {
			if index, ok := n.(*ast.IndexExpr); ok && isText(index.Index) {
				t.Errorf("a figure is written as %s", index.Index.(*ast.BasicLit).Value)
			}
			return true
		})
	}
	look := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if gives(n.Type) {
				noIndex(n.Body)
			}
		case *ast.FuncLit:
			if gives(n.Type) {
				noIndex(n.Body)
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && ofNumbers(n.Type) && isText(kv.Key) {
					t.Errorf("a figure is written as %s", kv.Key.(*ast.BasicLit).Value)
				}
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "Error" || key.Name == "code") && isText(n.Value) {
				t.Errorf("a code is written as %s", n.Value.(*ast.BasicLit).Value)
			}
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			if len(n.Args) == 1 && (name == "Number" || name == "ErrorCode") && isText(n.Args[0]) {
				t.Errorf("%s is made of %s", name, n.Args[0].(*ast.BasicLit).Value)
			}
		}
		return true
	}
	for _, f := range sourcetest.Files(t, ".") {
		ast.Inspect(f, look)
	}
	require.Greater(t, functions, 10)
}
