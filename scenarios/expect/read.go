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

// read walks an expression. The variables are those of the macros around it.
func (r *reader) read(e ast.Expr, locals []string) {
	switch e.Kind() {
	case ast.IdentKind:
		r.readIdent(e, locals)
	case ast.SelectKind:
		s := e.AsSelect()
		if t := objectTypes[r.typeName(s.Operand())]; t != nil && t.byName[s.FieldName()] != nil {
			r.depends(e, t.byName[s.FieldName()].reads)
		}
		r.read(s.Operand(), locals)
	case ast.CallKind:
		r.readCall(e, locals)
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			r.read(item, locals)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			r.read(entry.AsMapEntry().Key(), locals)
			r.read(entry.AsMapEntry().Value(), locals)
		}
	case ast.StructKind:
		r.fail(e, "%v", errNotMade)
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		r.read(c.IterRange(), locals)
		inside := append(slices.Clone(locals), c.IterVar(), c.AccuVar())
		if c.HasIterVar2() {
			inside = append(inside, c.IterVar2())
		}
		for _, part := range []ast.Expr{c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
			r.read(part, inside)
		}
	}
}

func (r *reader) readIdent(e ast.Expr, locals []string) {
	name := e.AsIdent()
	if slices.Contains(locals, name) {
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

func (r *reader) readCall(e ast.Expr, locals []string) {
	call := e.AsCall()
	name, args := call.FunctionName(), call.Args()
	switch {
	case isOneOf(name, temporals):
		r.readTemporal(e)
		return
	case isOneOf(name, finders):
		r.readFinder(e)
	case name == operators.Equals, name == operators.NotEquals, name == operators.In:
		r.readWord(args[0], args[1])
		r.readWord(args[1], args[0])
	case name == overloads.TypeConvertDuration && len(args) == 1:
		r.readDuration(args[0])
	case name == overloads.Matches && len(args) > 0:
		r.readPattern(args[len(args)-1])
	case name == operators.Index:
		r.readIndex(args[0], args[1])
	}
	if call.IsMemberFunction() {
		r.read(call.Target(), locals)
	}
	for _, arg := range args {
		r.read(arg, locals)
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
func (r *reader) readFinder(e ast.Expr) {
	function, arg := e.AsCall().FunctionName(), e.AsCall().Args()[0]
	noted := &r.names
	if r.within != nil {
		noted = &r.within.names
	}
	name, literal := stringOf(arg)
	switch function {
	case functionNode:
		r.depends(e, topicNodes)
		if literal {
			noted.nodes = append(noted.nodes, name)
			r.refuse(arg, r.scope.Node, name)
		}
	case functionPod:
		r.depends(e, topicPods)
		if literal {
			noted.pods = append(noted.pods, name)
			r.refuse(arg, r.scope.Pod, name)
		}
	case functionSubnet:
		if literal && !slices.Contains(r.scope.Subnets, name) {
			r.fail(arg, "there is no subnet %s%s", name, orWords(name, r.scope.Subnets))
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

// readWord checks a text that a field is compared with, where the field has only
// certain texts.
func (r *reader) readWord(selected, with ast.Expr) {
	if selected.Kind() != ast.SelectKind {
		return
	}
	s := selected.AsSelect()
	t := objectTypes[r.typeName(s.Operand())]
	if t == nil || t.byName[s.FieldName()] == nil {
		return
	}
	f := t.byName[s.FieldName()]
	literals := []ast.Expr{with}
	if with.Kind() == ast.ListKind {
		literals = with.AsList().Elements()
	}
	for _, l := range literals {
		if word, ok := stringOf(l); ok && word != "" {
			if why := f.never(r.scope, word); why != "" {
				r.fail(l, "%s", why)
			}
		}
	}
}

// never says why the field can't have that text, "" if it can.
func (f *field) never(scope Scope, word string) string {
	if f.wrong != nil {
		return f.wrong(scope, word)
	}
	if f.words == nil {
		return ""
	}
	words := f.words(scope)
	if words == nil || slices.Contains(words, word) {
		return ""
	}
	return fmt.Sprintf("%s is never %q%s", f.name, word, orWords(word, words))
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

// readIndex checks the name of a call to EC2.
func (r *reader) readIndex(of, key ast.Expr) {
	if of.Kind() != ast.IdentKind || of.AsIdent() != "ec2Calls" && of.AsIdent() != "ec2Refused" {
		return
	}
	if action, ok := stringOf(key); ok && !slices.Contains(actions, action) {
		r.fail(key, "no call to EC2 is named %s%s", action, didYouMean(action, actions))
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
