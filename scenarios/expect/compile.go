package expect

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/interpreter"
	"cel.dev/cel-go/parser"
)

// MaxBytes bounds the text of an expression.
const MaxBytes = 4000

// maxDepth bounds how deep an expression may be nested.
const maxDepth = 50

// The work of an evaluation is counted in CEL's cost units, about one for each
// thing that is read or computed. An evaluation may take maxCost, and those of a
// condition over time maxTotalCost together: some seconds.
const (
	maxCost      = 20_000_000
	maxTotalCost = 400_000_000
)

// Scope is what a scenario has, as far as it is known before it runs.
type Scope struct {
	Subnets, Groups, Workloads []string
	// Zones and InstanceTypes are those of its subnets and nodes; nil: any.
	Zones, InstanceTypes []string
	Cluster              string // its name; empty: any
	Name                 string // of the scenario
	// SecurityGroups and TagKeys are those that it names; nil: any.
	SecurityGroups, TagKeys []string
	// CIDRs are its subnets' blocks of addresses; nil: any.
	CIDRs []netip.Prefix
	// Node and Pod say why there can be no node or pod of that name, "" if there
	// can be one. Nil: any name may be one.
	Node, Pod func(name string) string
	// NodeName and PodName say the same of texts that names are compared with. They
	// let pass a number that is too high, of which it is true that there is none.
	NodeName, PodName func(name string) string
	// NodeNames and PodNames are what names are made of, for texts that names are to
	// begin with or to contain.
	NodeNames, PodNames Naming
}

// Naming is how names are made. The zero Naming knows nothing.
type Naming struct {
	// Stems are what a number stands behind: "web-".
	Stems []string
	// Whole are names that have no stem.
	Whole []string
}

// Mistake is something wrong with an expression.
type Mistake struct {
	// Line counts from 1, Column from 0, in characters.
	Line, Column int
	Message      string
}

// Expression is an expression that was checked. Runs can share it.
type Expression struct {
	piece
	// over are the conditions over time in it.
	over []*temporal
}

// piece is an expression that is evaluated at an instant.
type piece struct {
	text    string
	ast     *ast.AST
	checked *cel.Ast
	program cel.Program
	reads   topics
	names   names
}

// names are those that an expression names, for what to tell of a failure.
type names struct{ nodes, pods []string }

// temporal is a condition over time: always(x), eventually(x) or never(x).
type temporal struct {
	id       int64 // of the call, in the expression around it
	function string
	piece
}

// environment is made once: that takes longer than anything else here.
var environment = sync.OnceValues(newEnv)

// Compile checks an expression, which must be a condition. What is wrong with it
// comes in order of its place; then there is no expression.
func Compile(text string, scope Scope) (*Expression, []Mistake) {
	if len(text) > MaxBytes {
		return nil, []Mistake{{1, 0, fmt.Sprintf("the expression has more than %d characters", MaxBytes)}}
	}
	if strings.TrimSpace(text) == "" {
		return nil, []Mistake{{1, 0, "the expression is empty"}}
	}
	env, err := environment()
	if err != nil {
		return nil, []Mistake{{1, 0, err.Error()}}
	}
	checked, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return nil, explainAll(env, text, issues)
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) {
		return nil, []Mistake{{1, 0, fmt.Sprintf("the expression gives %s; it must be a condition, which is true or false%s", typeText(t), wayToCondition(t))}}
	}
	r := &reader{scope: scope, native: checked.NativeRep(), insides: map[int64]locals{}}
	r.read(checked.NativeRep().Expr(), nil)
	if len(r.mistakes) > 0 {
		return nil, r.sorted()
	}
	x := &Expression{piece: piece{text: text, ast: checked.NativeRep(), checked: checked, reads: r.reads, names: r.names}}
	if x.program, err = newProgram(env, checked); err != nil {
		return nil, []Mistake{{1, 0, err.Error()}}
	}
	for _, call := range r.temporals {
		t, err := newTemporal(env, x, call)
		if err != nil {
			at := checked.NativeRep().SourceInfo().GetStartLocation(call.expr.ID())
			return nil, []Mistake{{at.Line(), at.Column(), err.Error()}}
		}
		x.over = append(x.over, t)
	}
	return x, nil
}

// newProgram plans an expression. The functions of the vocabulary have no
// implementations of their own: they need the run, which only evaluation knows.
func newProgram(env *cel.Env, checked *cel.Ast, options ...cel.ProgramOption) (cel.Program, error) {
	return env.Program(checked, append(options, cel.CostLimit(maxCost), cel.CustomDecoratorV2(bindFunctions))...)
}

// newTemporal makes an expression of its own of a condition over time.
func newTemporal(env *cel.Env, x *Expression, found foundTemporal) (*temporal, error) {
	call := found.expr.AsCall()
	text, err := parser.Unparse(call.Args()[0], x.ast.SourceInfo())
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return nil, issues.Err()
	}
	t := &temporal{id: found.expr.ID(), function: call.FunctionName()}
	t.piece = piece{text: text, ast: checked.NativeRep(), checked: checked, reads: found.reads, names: found.names}
	t.program, err = newProgram(env, checked)
	return t, err
}

// String returns the expression as it was written.
func (x *Expression) String() string { return x.text }

// readsLog reports whether the log has to be kept.
func (x *Expression) readsLog() bool { return x.reads&topicLog != 0 }

// bindFunctions puts what finds things, and the outcomes of conditions over
// time, in place of the calls of the vocabulary's functions.
func bindFunctions(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	call, ok := i.(interpreter.InterpretableCall)
	if !ok {
		return i, nil
	}
	switch name := call.Function(); {
	case isOneOf(name, finders):
		return &finder{call.ID(), name, call.Args()[0]}, nil
	case isOneOf(name, temporals):
		return &outcome{call.ID()}, nil
	}
	return i, nil
}
