package expect

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"

	"vpcsim/sim"
)

// wording is what a text can be. A nil wording is any text.
type wording struct {
	what  string // the field whose value it is
	words []string
	// wrong say why a text is no name, or no address, "" if it may be one.
	wrong []func(string) string
	// names are those that the wrong ones let pass, as far as they are known.
	names Naming
	// messages: beside the words there are whole messages, which have a space.
	messages bool
	// keys: it is about the keys of a map.
	keys bool
	// refuse says why it is never the word, in other words than the ordinary ones; may
	// be nil.
	refuse func(word string) string
}

// never says why it can't be the word, "" if it can.
func (w *wording) never(word string) string {
	if w == nil || slices.Contains(w.words, word) || w.messages && strings.Contains(word, " ") {
		return ""
	}
	for _, wrong := range w.wrong {
		if wrong(word) == "" {
			return ""
		}
	}
	switch {
	case w.refuse != nil:
		return w.refuse(word)
	case len(w.words) == 0 && len(w.wrong) > 0:
		return w.wrong[0](word)
	}
	if w.keys {
		return fmt.Sprintf("%s never has %q%s", w.what, word, orWords(word, w.words))
	}
	return fmt.Sprintf("%s is never %q%s", w.what, word, orWords(word, w.words))
}

// or is a wording that either allows.
func (w *wording) or(v *wording) *wording {
	if w == nil || v == nil {
		return nil
	}
	sum := *w
	sum.what = cmp.Or(w.what, v.what)
	for _, word := range v.words {
		if !slices.Contains(sum.words, word) {
			sum.words = append(slices.Clip(sum.words), word)
		}
	}
	sum.wrong = slices.Concat(w.wrong, v.wrong)
	sum.names = Naming{slices.Concat(w.names.Stems, v.names.Stems), slices.Concat(w.names.Whole, v.names.Whole)}
	sum.messages = w.messages || v.messages
	return &sum
}

// partTests are functions that look for a part of a text.
var partTests = []string{overloads.StartsWith, overloads.EndsWith, overloads.Contains}

// noneWith says that nothing it can be has the part, "" if something has.
func (w *wording) noneWith(function, part string) string {
	named := len(w.names.Stems)+len(w.names.Whole) > 0
	switch {
	case len(w.wrong) > 0 && !named:
		return ""
	case w.messages && (strings.ContainsAny(part, " .") || function != overloads.StartsWith && function != overloads.Contains):
		return "" // of a message, which may have a version in it
	}
	has := func(word string) bool { return true }
	switch function {
	case overloads.StartsWith:
		has = func(word string) bool { return strings.HasPrefix(word, part) }
	case overloads.EndsWith:
		has = func(word string) bool { return strings.HasSuffix(word, part) }
	case overloads.Contains:
		has = func(word string) bool { return strings.Contains(word, part) }
	case overloads.Matches:
		pattern, err := regexp.Compile(part)
		if err != nil || len(w.names.Stems) > 0 {
			return "" // it is said elsewhere; or any number may be asked for
		}
		has = pattern.MatchString
	}
	if w.messages && slices.ContainsFunc(sim.StartUpErrors(), has) {
		return ""
	}
	if slices.ContainsFunc(w.words, has) || slices.ContainsFunc(w.names.Whole, has) ||
		slices.ContainsFunc(w.names.Stems, func(stem string) bool { return stemHas(function, stem, part) }) {
		return ""
	}
	return fmt.Sprintf("%s never %s %q%s", w.what, partVerbs[function], part, orWords(part, slices.Concat(w.words, w.names.Whole, w.names.Stems)))
}

var partVerbs = map[string]string{
	overloads.StartsWith: "starts with", overloads.EndsWith: "ends with", overloads.Contains: "contains", overloads.Matches: "matches",
}

// stemHas reports whether a name of the stem and a number can have the part.
func stemHas(function, stem, part string) bool {
	head := strings.TrimRight(part, "0123456789")
	numbered := len(head) < len(part)
	switch function {
	case overloads.StartsWith:
		return strings.HasPrefix(stem, part) || numbered && head == stem
	case overloads.EndsWith:
		return numbered && strings.HasSuffix(stem, head)
	}
	return strings.Contains(stem, part) || numbered && strings.HasSuffix(stem, head)
}

// wording is what the field's text can be, its elements, or its keys.
func (f *field) wording(s Scope) *wording {
	switch {
	case f.wrong != nil:
		w := &wording{what: f.name, wrong: []func(string) string{func(word string) string { return f.wrong(s, word) }}}
		if f.naming != nil {
			w.names = f.naming(s)
		}
		return w
	case f.words != nil:
		if words := f.words(s); words != nil {
			return &wording{what: f.name, words: words}
		}
	}
	return nil
}

// selected is what a field of an object can be.
func (r *reader) selected(e ast.Expr, in locals) *wording {
	s := e.AsSelect()
	t := objectTypes[r.typeName(s.Operand())]
	if t == nil || t.byName[s.FieldName()] == nil {
		return nil
	}
	l := &local{}
	if s.Operand().Kind() == ast.IdentKind {
		if known := in.find(s.Operand().AsIdent()); known != nil {
			l = known
		}
	}
	switch {
	case s.FieldName() == "numbers":
		return numberWording(l.kinds)
	case t == eventType:
		return eventWording(s.FieldName(), l.types, r.scope)
	}
	return t.byName[s.FieldName()].wording(r.scope)
}

// textOf is what a text can be.
func (r *reader) textOf(e ast.Expr, in locals) *wording {
	switch e.Kind() {
	case ast.IdentKind:
		if l := in.find(e.AsIdent()); l != nil {
			return l.text
		}
	case ast.SelectKind:
		if r.typeName(e) == "string" {
			return r.selected(e, in)
		}
	case ast.CallKind:
		args := e.AsCall().Args()
		switch e.AsCall().FunctionName() {
		case operators.Index:
			return r.elements(args[0], in)
		case overloads.TypeConvertString, overloads.TypeConvertDyn:
			return r.textOf(args[0], in)
		case operators.Conditional:
			return r.textOrLiteral(args[1], in).or(r.textOrLiteral(args[2], in))
		}
	}
	return nil
}

// textOrLiteral is what a text can be, which may be written out.
func (r *reader) textOrLiteral(e ast.Expr, in locals) *wording {
	if word, ok := stringOf(e); ok {
		return &wording{words: []string{word}}
	}
	return r.textOf(e, in)
}

// elements are what the elements of a list of texts can be.
func (r *reader) elements(e ast.Expr, in locals) *wording {
	if r.typeName(e) != "list" {
		return nil
	}
	switch e.Kind() {
	case ast.SelectKind:
		return r.selected(e, in)
	case ast.ComprehensionKind:
		inside := r.inside(e, in)
		if condition, item := made(e.AsComprehension()); item != nil {
			if condition != nil {
				inside = inside.with(r.facts(condition, true, inside))
			}
			return r.textOf(item, inside)
		}
	case ast.CallKind:
		if e.AsCall().FunctionName() == operators.Add {
			return r.elements(e.AsCall().Args()[0], in).or(r.elements(e.AsCall().Args()[1], in))
		}
	}
	return nil
}

// keys are what the keys of a map can be.
func (r *reader) keys(e ast.Expr, in locals) *wording {
	if r.typeName(e) != "map" {
		return nil
	}
	switch {
	case e.Kind() == ast.SelectKind:
		w := r.selected(e, in)
		if w != nil {
			w.keys = true
		}
		return w
	case e.Kind() == ast.IdentKind && in.find(e.AsIdent()) == nil && (e.AsIdent() == "ec2Calls" || e.AsIdent() == "ec2Refused"):
		return &wording{words: actions, refuse: func(word string) string {
			return fmt.Sprintf("no call to EC2 is named %s%s", word, didYouMean(word, actions))
		}}
	}
	return nil
}

// readWord checks texts that something is compared with, where it can only be
// certain texts; of lists likewise.
func (r *reader) readWord(something, with ast.Expr, in locals) {
	if something.Kind() == ast.ListKind && with.Kind() == ast.ListKind {
		others := with.AsList().Elements()
		for i, item := range something.AsList().Elements() {
			if i < len(others) {
				r.readWord(item, others[i], in)
			}
		}
		return
	}
	w := r.textOf(something, in)
	if w == nil {
		w = r.elements(something, in)
	}
	r.checkWords(w, with, in)
}

// readIn checks texts that are looked for in a list or a map, or the other way
// round.
func (r *reader) readIn(item, list ast.Expr, in locals) {
	r.checkWords(r.textOf(item, in), list, in)
	w := r.keys(list, in)
	if w == nil {
		w = r.elements(list, in)
	}
	r.checkWords(w, item, in)
}

// readIndex checks the key of a map.
func (r *reader) readIndex(of, key ast.Expr, in locals) {
	r.checkWords(r.keys(of, in), key, in)
	if of.Kind() == ast.MapKind {
		r.checkWords(r.textOf(key, in), of, in)
	}
}

func (r *reader) checkWords(w *wording, texts ast.Expr, in locals) {
	if w == nil {
		return
	}
	literals, _ := literalsOf(texts, in)
	for _, l := range literals {
		if word, ok := stringOf(l); ok && word != "" {
			if why := w.never(word); why != "" {
				r.fail(l, "%s", why)
			}
		}
	}
}

// readPart checks a text that something is to begin with, to end with, to contain
// or to match.
func (r *reader) readPart(call ast.CallExpr, in locals) {
	if !call.IsMemberFunction() || len(call.Args()) != 1 {
		return
	}
	w := r.textOf(call.Target(), in)
	if w == nil {
		return
	}
	literals, _ := literalsOf(call.Args()[0], in)
	for _, l := range literals {
		if part, ok := stringOf(l); ok && part != "" {
			if why := w.noneWith(call.FunctionName(), part); why != "" {
				r.fail(l, "%s", why)
			}
		}
	}
}

// address says why there is no such address.
func address(s Scope, word string) string {
	a, err := netip.ParseAddr(word)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is no IP address: write it as 10.0.0.23", word)
	case a.String() != word:
		return fmt.Sprintf("addresses are written as %s, not %q", a, word)
	case s.CIDRs != nil && !slices.ContainsFunc(s.CIDRs, func(n netip.Prefix) bool { return n.Contains(a) }):
		return fmt.Sprintf("no subnet has the address %s", word)
	}
	return ""
}

// block says why there is no such prefix.
func block(s Scope, word string) string {
	p, err := netip.ParsePrefix(word)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is no prefix: write it as 10.0.0.16/28", word)
	case p.Masked().String() != word:
		return fmt.Sprintf("prefixes are written as %s, not %q", p.Masked(), word)
	case s.CIDRs != nil && !slices.ContainsFunc(s.CIDRs, func(n netip.Prefix) bool { return n.Overlaps(p) && n.Bits() <= p.Bits() }):
		return fmt.Sprintf("no subnet has the prefix %s", word)
	}
	return ""
}

var hexID = regexp.MustCompile(`^[0-9a-f]{17}$`)

// idOf says why a text is no id that begins so.
func idOf(begin string) func(Scope, string) string {
	return func(_ Scope, word string) string {
		if id, ok := strings.CutPrefix(word, begin); ok && hexID.MatchString(id) {
			return ""
		}
		return fmt.Sprintf("%q is no id: they are %s and 17 hex digits", word, begin)
	}
}
