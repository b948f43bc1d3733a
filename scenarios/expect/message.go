package expect

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

var (
	undeclared  = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	undefined   = regexp.MustCompile(`^undefined field '([^']*)'`)
	noOverload  = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)
	memberCall  = regexp.MustCompile(`^(\S+)\.\((.*)\)$`)
	syntaxError = regexp.MustCompile(`^Syntax error: `)
)

// explainAll says CEL's mistakes in the words of users.
func explainAll(env *cel.Env, text string, issues *cel.Issues) []Mistake {
	parsed, parseIssues := env.Parse(text)
	if parseIssues != nil && parseIssues.Err() != nil {
		parsed = nil
	}
	var all []Mistake
	for _, e := range issues.Errors() {
		all = append(all, Mistake{max(e.Location.Line(), 1), columnOf(parsed, e), explain(env, parsed, e)})
	}
	return all
}

// columnOf is where what is wrong begins: CEL points to the dot before a field,
// and to the parenthesis behind a function's name.
func columnOf(parsed *cel.Ast, e *cel.Error) int {
	column := max(e.Location.Column(), 0)
	if undefined.MatchString(e.Message) {
		return column + 1
	}
	if x := exprOf(parsed, e.ExprID); x != nil && x.Kind() == ast.CallKind {
		column -= nameLength(x)
	}
	return max(column, 0)
}

// nameLength is the length of a called function's name, 0 of an operator.
func nameLength(call ast.Expr) int {
	if name := call.AsCall().FunctionName(); !strings.ContainsAny(name, "_@!") {
		return len(name)
	}
	return 0
}

func explain(env *cel.Env, parsed *cel.Ast, e *cel.Error) string {
	switch {
	case undeclared.MatchString(e.Message):
		name := undeclared.FindStringSubmatch(e.Message)[1]
		if isCall(parsed, e.ExprID) {
			return fmt.Sprintf("there is no function %s%s", name, didYouMean(name, allFunctions(env)))
		}
		if slices.Contains(functionNames(), name) {
			return fmt.Sprintf("%s is a function, and stands before brackets: %s(…)", name, name)
		}
		return fmt.Sprintf("there is no %s%s", name, didYouMean(name, append(variableNames(), functionNames()...)))
	case undefined.MatchString(e.Message):
		name := undefined.FindStringSubmatch(e.Message)[1]
		return undefinedField(env, parsed, e.ExprID, name)
	case noOverload.MatchString(e.Message):
		m := noOverload.FindStringSubmatch(e.Message)
		applied := memberCall.ReplaceAllString(strings.ReplaceAll(m[2], durationName, "duration"), "($1, $2)")
		applied = strings.ReplaceAll(applied, ", )", ")")
		return fmt.Sprintf("%s does not apply to %s%s", operatorText(m[1]), applied, overloadHint(applied))
	}
	if message := syntaxError.ReplaceAllString(e.Message, ""); message != e.Message {
		return explainSyntax(message)
	}
	return e.Message
}

// explainSyntax leaves out of a message which symbols the parser would have
// taken.
func explainSyntax(message string) string {
	message, _, _ = strings.Cut(message, " expecting ")
	if strings.Contains(message, "'<EOF>'") {
		if missing, ok := strings.CutSuffix(message, " at '<EOF>'"); ok {
			return "is no CEL: " + missing + " at the end"
		}
		return "is no CEL: the expression ends too early"
	}
	return "is no CEL: " + message
}

// undefinedField names the type that lacks a field, and its nearest field.
func undefinedField(env *cel.Env, parsed *cel.Ast, id int64, name string) string {
	if t := operandType(env, parsed, id); t != nil {
		return fmt.Sprintf("%s has no field %s%s", t.name, name, orFields(name, t.fieldNames()))
	}
	var all []string
	for _, typ := range sortedTypes() {
		all = append(all, typ.fieldNames()...)
	}
	return fmt.Sprintf("there is no field %s%s", name, didYouMean(name, all))
}

func orFields(name string, fields []string) string {
	if suggestion := didYouMean(name, fields); suggestion != "" {
		return suggestion
	}
	const most = 15
	if len(fields) > most {
		return ""
	}
	return "; it has " + strings.Join(fields, ", ")
}

// operandType is the type of what a field is asked of, as far as it can be told
// by itself: nil where it depends on a macro's variable.
func operandType(env *cel.Env, parsed *cel.Ast, id int64) *objectType {
	e := exprOf(parsed, id)
	if e == nil || e.Kind() != ast.SelectKind {
		return nil
	}
	operand := e.AsSelect().Operand()
	return objectOf(env, parsed, operand)
}

func objectOf(env *cel.Env, parsed *cel.Ast, e ast.Expr) *objectType {
	switch e.Kind() {
	case ast.IdentKind:
		if of := elementOf(env, parsed, e.AsIdent()); of != nil {
			return of
		}
	case ast.SelectKind:
		if t := objectOf(env, parsed, e.AsSelect().Operand()); t != nil && t.byName[e.AsSelect().FieldName()] != nil {
			return objectTypes[t.byName[e.AsSelect().FieldName()].typ.TypeName()]
		}
	}
	return typeOf(env, parsed, e)
}

func typeOf(env *cel.Env, parsed *cel.Ast, e ast.Expr) *objectType {
	text, err := parser.Unparse(e, parsed.NativeRep().SourceInfo())
	if err != nil {
		return nil
	}
	checked, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return nil
	}
	return objectTypes[checked.OutputType().TypeName()]
}

// elementOf is the type of a macro's variable: that of the list's elements.
func elementOf(env *cel.Env, parsed *cel.Ast, name string) *objectType {
	var found *objectType
	ast.PreOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.ComprehensionKind || e.AsComprehension().IterVar() != name || found != nil {
			return
		}
		text, err := parser.Unparse(e.AsComprehension().IterRange(), parsed.NativeRep().SourceInfo())
		if err != nil {
			return
		}
		checked, issues := env.Compile(text)
		if issues != nil && issues.Err() != nil || checked.OutputType().Kind() != types.ListKind {
			return
		}
		found = objectTypes[checked.OutputType().Parameters()[0].TypeName()]
	}))
	return found
}

func exprOf(parsed *cel.Ast, id int64) ast.Expr {
	if parsed == nil {
		return nil
	}
	var found ast.Expr
	ast.PreOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id {
			found = e
		}
	}))
	return found
}

func isCall(parsed *cel.Ast, id int64) bool {
	e := exprOf(parsed, id)
	return e != nil && e.Kind() == ast.CallKind
}

// allFunctions are those that a user may have meant: the vocabulary's, CEL's and
// its macros.
func allFunctions(env *cel.Env) []string {
	all := functionNames()
	for name := range env.Functions() {
		if !strings.ContainsAny(name, "_@!") {
			all = append(all, name)
		}
	}
	for _, m := range env.Macros() {
		all = append(all, m.Function())
	}
	return all
}

// operatorText is an operator as it is written: == for _==_.
func operatorText(function string) string {
	if text := strings.Trim(function, "_"); text != function && text != "" {
		return text
	}
	return function
}

// overloadHint says what was probably meant by an operation on types that don't
// go together.
func overloadHint(applied string) string {
	switch applied {
	case "(duration, int)", "(int, duration)", "(duration, string)", "(string, duration)":
		return ": write a time as duration('30s')"
	case "(int, double)", "(double, int)":
		return ": write double(…) around the whole number"
	case "(int, string)", "(string, int)":
		return ": leave the quotes out of a number"
	}
	if strings.HasPrefix(applied, "(Pods") {
		return ": pods.list is the list of pods"
	}
	return ""
}

const durationName = "google.protobuf.Duration"

// typeText is a type as messages name it.
func typeText(t *cel.Type) string { return strings.ReplaceAll(t.String(), durationName, "duration") }

// wayToCondition says how to make a condition of what is none.
func wayToCondition(t *cel.Type) string {
	switch t.Kind() {
	case types.IntKind:
		return ": compare it with a number, ... == 27"
	case types.DurationKind:
		return ": compare it with a time, ... < duration('30s')"
	case types.ListKind, types.MapKind:
		return ": ask for its size(), or whether something exists() in it"
	}
	return ""
}

func sortedTypes() []*objectType {
	var all []*objectType
	for _, name := range slices.Sorted(maps.Keys(objectTypes)) {
		all = append(all, objectTypes[name])
	}
	return all
}
