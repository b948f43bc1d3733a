package expect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/parser"

	"vpcsim/model"
)

// part is a part of an expression whose value is shown.
type part struct {
	id   int64
	text string
	// counterexample: it is of an all() that does not hold, and its value that of
	// the first element for which it doesn't.
	counterexample bool
}

// valuesIn evaluates the expression once more and returns the values of its
// parts. Parts that could not be evaluated have none.
func (p *piece) valuesIn(w *view) map[string]any {
	values := map[string]any{}
	all := p.states(w, cel.OptExhaustiveEval, cel.OptTrackState)
	first := p.states(w, cel.OptTrackState)
	if all == nil || first == nil {
		return values
	}
	finder := partFinder{piece: p, view: w, first: first, values: values}
	finder.find(p.ast.Expr(), nil, true)
	for _, part := range finder.parts {
		state := all
		if part.counterexample {
			state = first
		}
		if v, ok := state(part.id); ok {
			if shown, ok := shownValue(v); ok {
				values[part.text] = shown
			}
		}
	}
	return values
}

type stateOf func(id int64) (ref.Val, bool)

func (p *piece) states(w *view, options ...cel.EvalOption) stateOf {
	env, err := environment()
	if err != nil {
		return nil
	}
	program, err := newProgram(env, p.checked, cel.EvalOptions(options...))
	if err != nil {
		return nil
	}
	_, details, _ := program.Eval(cel.Activation(w)) // the state is there with an error, too
	if details == nil {
		return nil
	}
	return details.State().Value
}

// partFinder finds the parts of an expression that are worth showing.
type partFinder struct {
	*piece
	view   *view
	first  stateOf
	parts  []part
	values map[string]any
}

// looksThrough are operators whose operands say more than their result.
var looksThrough = []string{
	operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional,
	operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
	operators.In, operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate,
}

// find looks for parts of e. The locals are variables of an all() that does not
// hold; only what has one of them is of interest there.
func (f *partFinder) find(e ast.Expr, locals []string, top bool) {
	switch e.Kind() {
	case ast.IdentKind, ast.SelectKind:
		f.add(e, locals)
	case ast.CallKind:
		f.findInCall(e, locals, top)
	case ast.ComprehensionKind:
		f.findInMacro(e, locals, top)
	}
}

func (f *partFinder) findInCall(e ast.Expr, locals []string, top bool) {
	call := e.AsCall()
	if top && isOneOf(call.FunctionName(), temporals) {
		return // it is the expectation itself
	}
	if slices.Contains(looksThrough, call.FunctionName()) {
		for _, arg := range call.Args() {
			f.find(arg, locals, false)
		}
		return
	}
	f.add(e, locals)
}

func (f *partFinder) findInMacro(e ast.Expr, locals []string, top bool) {
	if !top {
		f.add(e, locals)
	}
	c := e.AsComprehension()
	if c.IterRange().Kind() != ast.ListKind {
		f.find(c.IterRange(), locals, false)
	}
	if f.macro(e) != operators.All {
		return
	}
	if v, ok := f.first(e.ID()); ok && v == types.False {
		f.addOffenders(e)
		inside := append(slices.Clone(locals), c.IterVar())
		f.find(c.LoopStep(), inside, false)
	}
}

// addOffenders shows the elements for which an all() does not hold, as the
// expression that finds them.
func (f *partFinder) addOffenders(e ast.Expr) {
	call, _ := f.ast.SourceInfo().GetMacroCall(e.ID())
	var texts []string
	for _, part := range append([]ast.Expr{call.AsCall().Target()}, call.AsCall().Args()...) {
		text, err := parser.Unparse(part, f.ast.SourceInfo())
		if err != nil {
			return
		}
		texts = append(texts, text)
	}
	text := fmt.Sprintf("%s.filter(%s, !(%s))", texts[0], texts[1], texts[2])
	env, err := environment()
	if err != nil {
		return
	}
	checked, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return // it is about the variable of a macro around it
	}
	program, err := newProgram(env, checked)
	if err != nil {
		return
	}
	if out, _, err := program.Eval(cel.Activation(f.view)); err == nil {
		if shown, ok := shownValue(out); ok {
			f.values[f.quoted(text)] = shown
		}
	}
}

// macro is the macro that a comprehension was written as.
func (f *partFinder) macro(e ast.Expr) string {
	call, ok := f.ast.SourceInfo().GetMacroCall(e.ID())
	if !ok || call.Kind() != ast.CallKind {
		return ""
	}
	return call.AsCall().FunctionName()
}

// add shows a part, if it is of the run: a constant needs no telling.
func (f *partFinder) add(e ast.Expr, locals []string) {
	ofRun, ofLocals, ofMacro := false, false, false
	var inside []string
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(sub ast.Expr) {
		switch sub.Kind() {
		case ast.ComprehensionKind:
			inside = append(inside, sub.AsComprehension().IterVar(), sub.AsComprehension().AccuVar())
		case ast.CallKind:
			ofRun = ofRun || isOneOf(sub.AsCall().FunctionName(), functionNames())
		case ast.IdentKind:
			name := sub.AsIdent()
			switch {
			case slices.Contains(locals, name):
				ofLocals = true
			case slices.Contains(inside, name):
			case slices.Contains(variableNames(), name):
				ofRun = true
			default:
				ofMacro = true
			}
		}
	}))
	if ofMacro || !ofRun && !ofLocals {
		return
	}
	text, err := parser.Unparse(e, f.ast.SourceInfo())
	if err != nil {
		return
	}
	f.parts = append(f.parts, part{e.ID(), f.quoted(text), ofLocals})
}

// quoted writes texts with the quotes that the expression has.
func (f *partFinder) quoted(text string) string {
	if strings.Contains(f.text, `"`) && strings.Contains(f.text, "'") || strings.ContainsAny(text, `'\`) {
		return text
	}
	return strings.ReplaceAll(text, `"`, "'")
}

// shownItems is how many items of a list are shown.
const shownItems = 10

// shownValue is a value as a document has it: false if it says nothing to
// people.
func shownValue(v ref.Val) (any, bool) {
	switch v := v.(type) {
	case types.Int:
		return int64(v), true
	case types.Uint:
		return uint64(v), true
	case types.Double:
		return float64(v), true
	case types.Bool:
		return bool(v), true
	case types.String:
		return string(v), true
	case types.Duration:
		return durationText(v.Duration), true
	case *object:
		if v.of.title == nil {
			return nil, false
		}
		return v.title(), true
	case traits.Lister:
		return shownList(v), true
	case traits.Mapper:
		return shownMap(v), true
	}
	return nil, false
}

func durationText(d time.Duration) string {
	if d == neverAt {
		return model.Never.String()
	}
	return d.String()
}

func shownList(l traits.Lister) any {
	shown := []any{}
	size := int(l.Size().(types.Int))
	for i := range min(size, shownItems) {
		if v, ok := shownValue(l.Get(types.Int(i))); ok {
			shown = append(shown, v)
		}
	}
	if size > shownItems {
		shown = append(shown, "… "+types.Int(size-shownItems).ConvertToType(types.StringType).(types.String).Value().(string)+" more")
	}
	return shown
}

// shownMap leaves zeros out: of the calls to EC2 those that were made are told.
func shownMap(m traits.Mapper) any {
	shown := map[string]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		v, ok := shownValue(m.Get(key))
		if name, isText := key.(types.String); ok && isText && v != int64(0) {
			shown[string(name)] = v
		}
	}
	return shown
}

// ValueLines writes values for people, "pods.running = 25", by their text.
func ValueLines(values map[string]any) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, name+" = "+valueText(values[name]))
	}
	return lines
}
