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
		f.addRange(c.IterRange(), locals)
	}
	v, ok := f.first(e.ID())
	if !ok {
		return
	}
	switch macro := f.macro(e); {
	case macro == operators.All && v == types.False:
		f.addOffenders(e)
		inside := append(slices.Clone(locals), c.IterVar())
		f.find(c.LoopStep(), inside, false)
	case macro == operators.Exists && v == types.False, macro == operators.ExistsOne && v == types.False:
		f.addMatches(e)
	case macro == operators.Exists: // it was to hold for none
		f.addFound(e)
	}
}

// addRange shows what a macro goes through: a short list in whole, of a long one
// and of the log how many there are.
func (f *partFinder) addRange(e ast.Expr, locals []string) {
	t := f.ast.GetType(e.ID())
	v, ok := f.first(e.ID())
	if list, isList := v.(traits.Lister); ok && isList && t.Kind() == types.ListKind {
		ofLog := t.Parameters()[0].IsExactType(eventType.cel)
		if size := list.Size().(types.Int); ofLog || size > shownItems {
			if text, err := parser.Unparse(e, f.ast.SourceInfo()); err == nil && f.isOfRun(e, locals) {
				f.values[f.quoted(text)+".size()"] = int64(size)
			}
			return
		}
	}
	f.find(e, locals, false)
}

// macroTexts are a macro's list, variable and condition as they are written.
func (f *partFinder) macroTexts(e ast.Expr) (list, variable, condition string, ok bool) {
	call, _ := f.ast.SourceInfo().GetMacroCall(e.ID())
	var texts []string
	for _, part := range append([]ast.Expr{call.AsCall().Target()}, call.AsCall().Args()...) {
		text, err := parser.Unparse(part, f.ast.SourceInfo())
		if err != nil {
			return "", "", "", false
		}
		texts = append(texts, text)
	}
	if len(texts) != 3 {
		return "", "", "", false
	}
	return texts[0], texts[1], texts[2], true
}

// addOffenders shows the elements for which an all() does not hold, as the
// expression that finds them.
func (f *partFinder) addOffenders(e ast.Expr) {
	if list, variable, condition, ok := f.macroTexts(e); ok {
		f.addComputed(fmt.Sprintf("%s.filter(%s, !(%s))", list, variable, condition))
	}
}

// addFound shows the elements for which an exists() holds.
func (f *partFinder) addFound(e ast.Expr) {
	if list, variable, condition, ok := f.macroTexts(e); ok {
		f.addComputed(fmt.Sprintf("%s.filter(%s, %s)", list, variable, condition))
	}
}

// addMatches shows for how many elements an exists() holds and, of conditions
// that are joined by &&, for how many each does.
func (f *partFinder) addMatches(e ast.Expr) {
	list, variable, condition, ok := f.macroTexts(e)
	if !ok {
		return
	}
	call, _ := f.ast.SourceInfo().GetMacroCall(e.ID())
	if f.macro(e) == operators.ExistsOne {
		f.addComputed(fmt.Sprintf("%s.filter(%s, %s).size()", list, variable, condition))
	}
	parts := conjuncts(call.AsCall().Args()[1])
	for _, part := range parts {
		text, err := parser.Unparse(part, f.ast.SourceInfo())
		if err != nil {
			return
		}
		f.addComputed(fmt.Sprintf("%s.filter(%s, %s).size()", list, variable, text))
	}
}

// conjuncts are the conditions that && joins.
func conjuncts(e ast.Expr) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.LogicalAnd {
		return []ast.Expr{e}
	}
	var all []ast.Expr
	for _, arg := range e.AsCall().Args() {
		all = append(all, conjuncts(arg)...)
	}
	return all
}

// addComputed shows the value of an expression that is made of parts of this
// one. It has none if it is about the variable of a macro around it.
func (f *partFinder) addComputed(text string) {
	env, err := environment()
	if err != nil {
		return
	}
	checked, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return
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
	ofRun, ofLocals := f.reads(e, locals)
	if !ofRun && !ofLocals {
		return
	}
	text, err := parser.Unparse(e, f.ast.SourceInfo())
	if err != nil {
		return
	}
	f.parts = append(f.parts, part{e.ID(), f.quoted(text), ofLocals})
}

// isOfRun reports whether a part means the same wherever it stands.
func (f *partFinder) isOfRun(e ast.Expr, locals []string) bool {
	ofRun, ofLocals := f.reads(e, locals)
	return ofRun && !ofLocals
}

// reads reports whether a part is of the run, and whether of the locals: neither
// if it is of another macro's variable.
func (f *partFinder) reads(e ast.Expr, locals []string) (ofRun, ofLocals bool) {
	ofMacro := false
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
	return ofRun && !ofMacro, ofLocals && !ofMacro
}

// quoted writes texts with the quotes that the expression has.
func (f *partFinder) quoted(text string) string {
	if strings.Contains(f.text, `"`) && strings.Contains(f.text, "'") || strings.ContainsAny(text, `'\`) {
		return text
	}
	return strings.ReplaceAll(text, `"`, "'")
}

// shownItems is how many items of a list are shown.
const shownItems = 5

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
		shown = append(shown, fmt.Sprintf("… %d in all", size))
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
