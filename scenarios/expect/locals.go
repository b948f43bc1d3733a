package expect

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// local is a variable of a macro, with what is known of it.
type local struct {
	name string
	// text is what it can be, if it is a text; nil: anything, or no text.
	text *wording
	// items are what it goes through, if they are written out.
	items []ast.Expr
	// types are those that the event can be of, kinds those of the exhaustion; nil:
	// any.
	types, kinds []string
}

// locals are the variables of the macros around an expression, the inner ones last.
type locals []*local

func (in locals) find(name string) *local {
	for _, l := range slices.Backward(in) {
		if l.name == name {
			return l
		}
	}
	return nil
}

// fact is what a condition says of a variable: that its type or kind is one of the
// words.
type fact struct {
	name, field string
	words       []string
}

// with are the locals where the facts hold.
func (in locals) with(facts []fact) locals {
	if len(facts) == 0 {
		return in
	}
	out := slices.Clone(in)
	for _, f := range facts {
		for i, l := range slices.Backward(out) {
			if l.name != f.name {
				continue
			}
			known := *l
			switch f.field {
			case "type":
				known.types = both(known.types, f.words)
			case "kind":
				known.kinds = both(known.kinds, f.words)
			}
			out[i] = &known
			break
		}
	}
	return out
}

// both are the words that are in two lists, of which nil has all. Where none is,
// nothing is known: the condition contradicts itself, or a word is misspelt.
func both(a, b []string) []string {
	if a == nil {
		return b
	}
	all := slices.DeleteFunc(slices.Clone(a), func(w string) bool { return !slices.Contains(b, w) })
	if len(all) == 0 {
		return nil
	}
	return all
}

// facts are what is known of variables where the condition holds, or where it
// doesn't.
func (r *reader) facts(e ast.Expr, holds bool, in locals) []fact {
	if e.Kind() != ast.CallKind {
		return nil
	}
	name, args := e.AsCall().FunctionName(), e.AsCall().Args()
	switch {
	case name == operators.LogicalNot:
		return r.facts(args[0], !holds, in)
	case name == operators.LogicalAnd && holds, name == operators.LogicalOr && !holds:
		return append(r.facts(args[0], holds, in), r.facts(args[1], holds, in)...)
	case name == operators.LogicalAnd, name == operators.LogicalOr:
		return either(r.facts(args[0], holds, in), r.facts(args[1], holds, in))
	case name == operators.Equals && holds, name == operators.NotEquals && !holds:
		return append(r.factOf(args[0], args[1], in), r.factOf(args[1], args[0], in)...)
	case name == operators.In && holds:
		return r.factOf(args[0], args[1], in)
	case name == overloads.StartsWith && holds && e.AsCall().IsMemberFunction():
		return r.beginning(e.AsCall().Target(), args[0])
	}
	return nil
}

// beginning is what it means that the type of an event begins with a text.
func (r *reader) beginning(selected, text ast.Expr) []fact {
	begin, ok := stringOf(text)
	if !ok || selected.Kind() != ast.SelectKind || selected.AsSelect().FieldName() != "type" {
		return nil
	}
	of := selected.AsSelect().Operand()
	types := slices.DeleteFunc(eventTypes(r.scope), func(t string) bool { return !strings.HasPrefix(t, begin) })
	if len(types) == 0 || of.Kind() != ast.IdentKind || r.typeName(of) != eventType.name {
		return nil
	}
	return []fact{{of.AsIdent(), "type", types}}
}

// either is what is known where one of two things is.
func either(a, b []fact) []fact {
	var all []fact
	for _, f := range a {
		for _, g := range b {
			if f.name == g.name && f.field == g.field {
				all = append(all, fact{f.name, f.field, slices.Concat(f.words, g.words)})
			}
		}
	}
	return all
}

// factOf is what it means that a field is one of the texts.
func (r *reader) factOf(selected, texts ast.Expr, in locals) []fact {
	if selected.Kind() != ast.SelectKind {
		return nil
	}
	s := selected.AsSelect()
	typ := r.typeName(s.Operand())
	of := typ == eventType.name && (s.FieldName() == "type" || s.FieldName() == "kind") || typ == exhaustionType.name && s.FieldName() == "kind"
	if !of || s.Operand().Kind() != ast.IdentKind || in.find(s.Operand().AsIdent()) == nil {
		return nil
	}
	var known []string
	literals, all := literalsOf(texts, in)
	if !all {
		return nil
	}
	for _, l := range literals {
		word, ok := stringOf(l)
		if !ok {
			return nil
		}
		if slices.Contains(eventTypes(r.scope), word) || slices.Contains(kinds(r.scope), word) {
			known = append(known, word)
		}
	}
	if len(known) == 0 {
		return nil
	}
	return []fact{{s.Operand().AsIdent(), s.FieldName(), known}}
}

// inside are the locals inside of a macro.
func (r *reader) inside(e ast.Expr, in locals) locals {
	if known, ok := r.insides[e.ID()]; ok { // a chain of macros asks each time for all before
		return known
	}
	c := e.AsComprehension()
	v := &local{name: c.IterVar(), items: itemsOf(c.IterRange())}
	if t := r.native.GetType(c.IterRange().ID()); t != nil && t.Kind() == types.MapKind {
		v.text = r.keys(c.IterRange(), in)
	} else {
		v.text = r.elements(c.IterRange(), in)
	}
	v.types, v.kinds = r.filtered(c.IterRange(), in)
	inside := append(slices.Clone(in), v, &local{name: c.AccuVar()})
	if c.HasIterVar2() {
		inside = append(inside, &local{name: c.IterVar2()})
	}
	r.insides[e.ID()] = inside
	return inside
}

// filtered is what is known of the elements of a list that a filter made.
func (r *reader) filtered(e ast.Expr, in locals) (types, kinds []string) {
	if e.Kind() != ast.ComprehensionKind {
		return nil, nil
	}
	c := e.AsComprehension()
	condition, item := made(c)
	if condition == nil || item.Kind() != ast.IdentKind || item.AsIdent() != c.IterVar() {
		return nil, nil
	}
	inside := r.inside(e, in)
	v := inside.with(r.facts(condition, true, inside)).find(c.IterVar())
	return v.types, v.kinds
}

// made is what a macro puts into the list that it makes, and under which condition:
// that of filter, or map. Nil: it makes none.
func made(c ast.ComprehensionExpr) (condition, item ast.Expr) {
	step := c.LoopStep()
	if step.Kind() == ast.CallKind && step.AsCall().FunctionName() == operators.Conditional {
		condition, step = step.AsCall().Args()[0], step.AsCall().Args()[1]
	}
	if step.Kind() != ast.CallKind || step.AsCall().FunctionName() != operators.Add {
		return nil, nil
	}
	if added := step.AsCall().Args()[1]; added.Kind() == ast.ListKind && added.AsList().Size() == 1 {
		return condition, added.AsList().Elements()[0]
	}
	return nil, nil
}

// itemsOf are the items of a list that is written out.
func itemsOf(e ast.Expr) []ast.Expr {
	switch {
	case e.Kind() == ast.ListKind:
		return e.AsList().Elements()
	case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Add:
		return slices.Concat(itemsOf(e.AsCall().Args()[0]), itemsOf(e.AsCall().Args()[1]))
	}
	return nil
}

// literalsOf are the literals that a value can be, or be in. They are all if it can
// be nothing else.
func literalsOf(e ast.Expr, in locals) (found []ast.Expr, all bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		return []ast.Expr{e}, true
	case ast.ListKind:
		return literalsOfAll(e.AsList().Elements(), in)
	case ast.MapKind: // its keys
		var keys []ast.Expr
		for _, entry := range e.AsMap().Entries() {
			keys = append(keys, entry.AsMapEntry().Key())
		}
		return literalsOfAll(keys, in)
	case ast.IdentKind:
		if l := in.find(e.AsIdent()); l != nil {
			return literalsOfAll(l.items, in)
		}
	case ast.CallKind:
		args := e.AsCall().Args()
		switch e.AsCall().FunctionName() {
		case operators.Conditional:
			return literalsOfAll(args[1:], in)
		case operators.Add: // of lists; the parts of a text say nothing
			if args[0].Kind() != ast.LiteralKind && args[1].Kind() != ast.LiteralKind {
				return literalsOfAll(args, in)
			}
		}
	}
	return nil, false
}

func literalsOfAll(items []ast.Expr, in locals) (found []ast.Expr, all bool) {
	all = len(items) > 0
	for _, item := range items {
		of, ok := literalsOf(item, in)
		found, all = append(found, of...), all && ok
	}
	return found, all
}

// joined are the conditions that && or || joins.
func joined(e ast.Expr, operator string) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operator {
		return []ast.Expr{e}
	}
	var all []ast.Expr
	for _, arg := range e.AsCall().Args() {
		all = append(all, joined(arg, operator)...)
	}
	return all
}
