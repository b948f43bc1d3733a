package expect

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"vpcsim/scenarios/internal/near"
)

// reader walks a checked expression: what it reads of a run, which conditions
// over time are in it, and which names it has that can't be right.
type reader struct {
	scope  Scope
	native *ast.AST

	reads     topics
	names     names
	temporals []foundTemporal
	within    *foundTemporal // the one whose condition is read
	mistakes  []Mistake
	insides   map[int64]locals // of macros, by their place
}

type foundTemporal struct {
	expr  ast.Expr
	reads topics
	names names
}

func (r *reader) fail(e ast.Expr, format string, args ...any) {
	at := r.native.SourceInfo().GetStartLocation(e.ID())
	column := at.Column()
	if e.Kind() == ast.CallKind {
		column -= nameLength(e)
	}
	r.mistakes = append(r.mistakes, Mistake{at.Line(), max(column, 0), fmt.Sprintf(format, args...)})
}

// failAtField tells of the name of a field.
func (r *reader) failAtField(e ast.Expr, message string) {
	at := r.native.SourceInfo().GetStartLocation(e.ID())
	r.mistakes = append(r.mistakes, Mistake{at.Line(), at.Column() + 1, message})
}

func (r *reader) sorted() []Mistake {
	slices.SortStableFunc(r.mistakes, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(r.mistakes)
}

// depends notes that the expression reads something.
func (r *reader) depends(e ast.Expr, on topics) {
	if r.within == nil {
		r.reads |= on
		return
	}
	if on&topicLog != 0 {
		r.fail(e, "log can't be read inside of %s, which looks at every instant: the log has them all, ask it alone", r.within.expr.AsCall().FunctionName())
	}
	r.within.reads |= on
}

// read walks an expression. The locals are the variables of the macros around it.
func (r *reader) read(e ast.Expr, in locals) {
	switch e.Kind() {
	case ast.IdentKind:
		r.readIdent(e, in)
	case ast.SelectKind:
		r.readSelect(e, in)
	case ast.CallKind:
		r.readCall(e, in)
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			r.read(item, in)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			r.read(entry.AsMapEntry().Key(), in)
			r.read(entry.AsMapEntry().Value(), in)
		}
	case ast.StructKind:
		r.fail(e, "%v", errNotMade)
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		r.read(c.IterRange(), in)
		inside := r.inside(e, in)
		for _, part := range []ast.Expr{c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
			r.read(part, inside)
		}
	}
}

func (r *reader) readIdent(e ast.Expr, in locals) {
	name := e.AsIdent()
	if in.find(name) != nil {
		return
	}
	for _, v := range variables {
		if v.name == name {
			r.depends(e, v.reads)
			return
		}
	}
	if r.within != nil {
		r.fail(e, "%s can't use %s, a variable of what stands around it: it looks at other instants", r.within.expr.AsCall().FunctionName(), name)
	}
}

func (r *reader) readSelect(e ast.Expr, in locals) {
	s := e.AsSelect()
	if t := objectTypes[r.typeName(s.Operand())]; t != nil && t.byName[s.FieldName()] != nil {
		r.depends(e, t.byName[s.FieldName()].reads)
		if t == eventType {
			r.readCarried(e, in)
		}
	}
	if w := r.keys(s.Operand(), in); w != nil { // a key that is written like a field
		if why := w.never(s.FieldName()); why != "" {
			r.failAtField(e, why)
		}
	}
	r.read(s.Operand(), in)
}

func (r *reader) readCall(e ast.Expr, in locals) {
	call := e.AsCall()
	name, args := call.FunctionName(), call.Args()
	switch {
	case isOneOf(name, temporals):
		r.readTemporal(e)
		return
	case name == operators.LogicalAnd, name == operators.LogicalOr:
		r.readJoined(e, name, in)
		return
	case name == operators.Conditional:
		r.read(args[0], in)
		r.read(args[1], in.with(r.facts(args[0], true, in)))
		r.read(args[2], in.with(r.facts(args[0], false, in)))
		return
	case isOneOf(name, finders):
		r.readFinder(e, in)
	case name == operators.Equals, name == operators.NotEquals:
		r.readWord(args[0], args[1], in)
		r.readWord(args[1], args[0], in)
	case name == operators.In:
		r.readIn(args[0], args[1], in)
	case name == overloads.TypeConvertDuration && len(args) == 1:
		r.readDuration(args[0])
	case name == overloads.Matches && len(args) > 0:
		r.readPattern(args[len(args)-1])
		r.readPart(call, in)
	case isOneOf(name, partTests):
		r.readPart(call, in)
	case name == operators.Index:
		r.readIndex(args[0], args[1], in)
	}
	if call.IsMemberFunction() {
		r.read(call.Target(), in)
	}
	for _, arg := range args {
		r.read(arg, in)
	}
}

// readJoined reads conditions that && or || joins. Where one is looked at, the
// others hold, or do not: of an event whose type they name only its fields count.
func (r *reader) readJoined(e ast.Expr, operator string, in locals) {
	parts := joined(e, operator)
	known := make([][]fact, len(parts))
	for i, part := range parts {
		known[i] = r.facts(part, operator == operators.LogicalAnd, in)
	}
	for i, part := range parts {
		about := in
		for j := range parts {
			if j != i {
				about = about.with(known[j])
			}
		}
		r.read(part, about)
	}
}

// readTemporal reads the condition by itself: it is evaluated at other instants
// than what is around it.
func (r *reader) readTemporal(e ast.Expr) {
	function := e.AsCall().FunctionName()
	if r.within != nil {
		r.fail(e, "%s can't stand inside of %s", function, r.within.expr.AsCall().FunctionName())
		return
	}
	r.within = &foundTemporal{expr: e}
	r.read(e.AsCall().Args()[0], nil)
	r.temporals = append(r.temporals, *r.within)
	r.within = nil
}

// readFinder checks the name of a node, pod or subnet where it is written out.
func (r *reader) readFinder(e ast.Expr, in locals) {
	function, arg := e.AsCall().FunctionName(), e.AsCall().Args()[0]
	noted := &r.names
	if r.within != nil {
		noted = &r.within.names
	}
	switch function {
	case functionNode:
		r.depends(e, topicNodes)
	case functionPod:
		r.depends(e, topicPods)
	}
	names, _ := literalsOf(arg, in)
	for _, l := range names {
		name, ok := stringOf(l)
		switch {
		case !ok:
		case function == functionNode:
			noted.nodes = append(noted.nodes, name)
			r.refuse(l, r.scope.Node, name)
		case function == functionPod:
			noted.pods = append(noted.pods, name)
			r.refuse(l, r.scope.Pod, name)
		case !slices.Contains(r.scope.Subnets, name):
			r.fail(l, "there is no subnet %s%s", name, orWords(name, r.scope.Subnets))
		}
	}
}

func (r *reader) refuse(arg ast.Expr, why func(string) string, name string) {
	if why == nil {
		return
	}
	if message := why(name); message != "" {
		r.fail(arg, "%s", message)
	}
}

// readDuration checks a time that is written out: it would stop an evaluation.
func (r *reader) readDuration(arg ast.Expr) {
	word, ok := stringOf(arg)
	if !ok {
		return
	}
	if _, err := time.ParseDuration(word); err == nil {
		return
	}
	tight := strings.Join(strings.Fields(word), "")
	if _, err := time.ParseDuration(tight); err == nil {
		r.fail(arg, "%q is no duration (did you mean %s?)", word, tight)
		return
	}
	r.fail(arg, "%q is no duration: write it as 1m30s, with the units h, m, s and ms", word)
}

// readPattern checks a regular expression that is written out.
func (r *reader) readPattern(arg ast.Expr) {
	if pattern, ok := stringOf(arg); ok {
		if _, err := regexp.Compile(pattern); err != nil {
			r.fail(arg, "%v", err)
		}
	}
}

// typeName is the name of an expression's type.
func (r *reader) typeName(e ast.Expr) string {
	t := r.native.GetType(e.ID())
	if t == nil {
		return ""
	}
	return t.TypeName()
}

func stringOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func didYouMean(name string, candidates []string) string {
	if nearest := near.Name(name, candidates); nearest != "" {
		return fmt.Sprintf(" (did you mean %s?)", nearest)
	}
	return ""
}

// orWords suggests the nearest word, or lists a few.
func orWords(word string, words []string) string {
	if suggestion := didYouMean(word, words); suggestion != "" {
		return suggestion
	}
	const most = 15
	if words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" }); len(words) > most {
		return ""
	}
	if len(words) == 0 {
		return "; there is none"
	}
	return "; there is " + strings.Join(words, ", ")
}
