package doc

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of what is read. A scenario of a large fleet stays far below them; a
// file that was made to hang the reader does not.
const (
	// MaxBytes bounds the text.
	MaxBytes = 8 << 20

	maxNodes = 1 << 19
	// maxCopied bounds what aliases copy in: ten lines of them can make a
	// billion values.
	maxCopied = 100_000
	maxDepth  = 100
	// maxKeys bounds the keys of one mapping: the YAML parser's time grows with
	// their square.
	maxKeys = 10_000
)

const byteOrderMark = "\ufeff"

// Parse reads one document. It returns nil for an empty one. The errors are
// all that it found. With errors there may be a tree all the same, when nothing
// is missing in it.
func Parse(data []byte) (*Node, []*Error) {
	if len(data) > MaxBytes {
		return nil, []*Error{{Pos{Line: 1, Column: 1}, fmt.Sprintf("the file has %d bytes; at most %d are read", len(data), MaxBytes)}}
	}
	text := strings.TrimPrefix(string(data), byteOrderMark)
	if err := checkText(text); err != nil {
		return nil, []*Error{err}
	}
	file, err := parseYAML(untab(text))
	if err != nil {
		return nil, []*Error{err}
	}
	r := reader{anchors: map[string]*Node{}}
	root := r.document(file)
	return root, r.errs
}

// untab makes spaces of the tabs that indent the lines of a JSON document. They
// are allowed there, but the parser does not count all of them. In a quoted
// text the indentation of a line means nothing either way.
func untab(text string) string {
	start := strings.TrimLeft(text, " \t\r\n")
	if !strings.HasPrefix(start, "{") && !strings.HasPrefix(start, "[") || !strings.ContainsRune(text, '\t') {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		rest := strings.TrimLeft(line, " \t")
		b.WriteString(strings.Repeat(" ", len(line)-len(rest)) + rest)
	}
	return b.String()
}

// checkText refuses what is not text, before anything counts characters in it.
func checkText(text string) *Error {
	line, column := 1, 1
	for i, c := range text {
		switch {
		case c == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			return &Error{Pos{Line: line, Column: column}, "not UTF-8"}
		case c < ' ' && c != '\t' && c != '\n' && c != '\r':
			return &Error{Pos{Line: line, Column: column}, fmt.Sprintf("control character %U", c)}
		}
		column++
		if c == '\n' {
			line, column = line+1, 1
		}
	}
	return nil
}

// parseYAML runs the YAML parser. A panic in it is an error of the file: the
// parser is not ours, and the file is what it tripped over.
func parseYAML(text string) (file *ast.File, failure *Error) {
	defer func() {
		if p := recover(); p != nil {
			file, failure = nil, &Error{Pos{Line: 1, Column: 1}, fmt.Sprintf("cannot be read as YAML: %v", p)}
		}
	}()
	tokens := lexer.Tokenize(text)
	if err := checkShape(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file, nil
	}
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		return nil, &Error{position(syntax.GetToken()), syntaxMessage(syntax)}
	}
	return nil, &Error{Pos{Line: 1, Column: 1}, err.Error()}
}

func syntaxMessage(err yaml.Error) string {
	if strings.ContainsRune(err.GetMessage(), '\t') {
		return "a tab cannot indent YAML: use spaces"
	}
	if strings.HasPrefix(err.GetMessage(), "',' or ") && err.GetToken() != nil {
		return err.GetMessage() + "; inside of braces and brackets a text that has any of [ ] { } , itself stands in quotes"
	}
	return err.GetMessage()
}

// checkShape refuses nesting and mappings that the parser, which recurses and
// is quadratic in a block mapping's keys, should not be given.
func checkShape(tokens token.Tokens) *Error {
	var open blocks
	flow, run := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			run++
			if flow <= 0 {
				open.close(t.Position.Column)
			}
		case token.MappingKeyType, token.TagType, token.AnchorType:
			run++
		case token.MappingValueType:
			if flow <= 0 && t.Prev != nil && open.key(t.Prev.Position.Column) > maxKeys {
				return &Error{position(t.Prev), fmt.Sprintf("more than %d keys in one mapping", maxKeys)}
			}
		default:
			// The name of an anchor belongs to it.
			if t.Prev == nil || t.Prev.Type != token.AnchorType {
				run = 0
			}
		}
		if flow > maxDepth || run > maxDepth || len(open) > maxDepth {
			return &Error{position(t), fmt.Sprintf("nested more than %d deep", maxDepth)}
		}
	}
	return nil
}

// blocks are the block mappings that are open, outermost first, each with the
// column of its keys and how many there were so far.
type blocks []struct{ column, keys int }

// close ends the mappings whose keys stand further right.
func (b *blocks) close(column int) {
	for len(*b) > 0 && (*b)[len(*b)-1].column > column {
		*b = (*b)[:len(*b)-1]
	}
}

// key counts a key and returns how many its mapping has.
func (b *blocks) key(column int) int {
	b.close(column)
	if len(*b) == 0 || (*b)[len(*b)-1].column < column {
		*b = append(*b, struct{ column, keys int }{column, 0})
	}
	top := &(*b)[len(*b)-1]
	top.keys++
	return top.keys
}

func position(t *token.Token) Pos {
	if t == nil || t.Position == nil {
		return Pos{Line: 1, Column: 1}
	}
	return Pos{Line: max(t.Position.Line, 1), Column: max(t.Position.Column, 1)}
}

// reader turns the parser's tree into ours.
type reader struct {
	anchors map[string]*Node // those that are complete, so that none contains itself
	nodes   int
	copied  int // of aliases, among the nodes
	depth   int
	full    bool // a bound was reached, and said so
	partial bool // something could not be read and is missing in the tree
	errs    []*Error
}

func (r *reader) fail(at Pos, format string, args ...any) {
	r.errs = append(r.errs, &Error{at, fmt.Sprintf(format, args...)})
}

func (r *reader) document(file *ast.File) *Node {
	var root *Node
	seen := false
	for _, d := range file.Docs {
		if _, directive := d.Body.(*ast.DirectiveNode); directive || isNil(d.Body) {
			continue
		}
		if seen {
			r.fail(start(d.Body), "a second document: one scenario a file")
			break
		}
		seen = true
		root = r.node(d.Body)
	}
	if r.partial || r.full {
		return nil
	}
	return root
}

func isNil(n ast.Node) bool {
	if n == nil {
		return true
	}
	comment, ok := n.(*ast.CommentGroupNode)
	return ok && comment != nil
}

// room counts a node, and says no when there are too many.
func (r *reader) room(at Pos) bool {
	r.nodes++
	if r.nodes > maxNodes && !r.full {
		r.full = true
		r.fail(at, "more than %d values", maxNodes)
	}
	return !r.full
}

// roomForCopy counts a node that an alias copies.
func (r *reader) roomForCopy(at Pos) bool {
	r.copied++
	if r.copied > maxCopied && !r.full {
		r.full = true
		r.fail(at, "the aliases stand for more than %d values", maxCopied)
	}
	return r.room(at)
}

// enter goes one level down, and says no when that is too deep; leave comes
// back up.
func (r *reader) enter(at Pos) bool {
	if r.depth == maxDepth {
		if !r.full {
			r.fail(at, "nested more than %d deep", maxDepth)
		}
		r.full = true
		return false
	}
	r.depth++
	return true
}

func (r *reader) leave() { r.depth-- }

func (r *reader) node(n ast.Node) *Node {
	if isNil(n) {
		return &Node{}
	}
	at := position(n.GetToken())
	if !r.room(at) || !r.enter(at) {
		return &Node{Pos: at}
	}
	defer r.leave()
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(n.Values, start(n))
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, start(n))
	case *ast.SequenceNode:
		list := &Node{Kind: List, Pos: at}
		for _, item := range n.Values {
			list.Items = append(list.Items, r.node(item))
		}
		return list
	case *ast.AnchorNode:
		value := r.node(n.Value)
		r.anchors[n.Name.GetToken().Value] = value
		return value
	case *ast.AliasNode:
		return r.alias(n, at)
	case *ast.TagNode:
		r.fail(at, "tags such as %s are not supported", n.Start.Value)
		return r.node(n.Value)
	case *ast.LiteralNode:
		return &Node{Kind: Text, Pos: at, Scalar: n.Value.Value}
	case *ast.NullNode:
		return &Node{Kind: Null, Pos: at}
	case *ast.BoolNode:
		return &Node{Kind: Bool, Pos: at, Scalar: n.Token.Value}
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return &Node{Kind: Number, Pos: at, Scalar: n.GetToken().Value}
	case *ast.StringNode:
		return &Node{Kind: textKind(n), Pos: at, Scalar: n.Value}
	}
	r.partial = true
	r.fail(at, "%s is not supported here", n.Type())
	return &Node{Pos: at}
}

// textKind is Text, but Number for the digits that the parser gave up on
// because they don't fit 64 bits.
func textKind(n *ast.StringNode) Kind {
	if n.Token.Type != token.StringType || n.Value == "" {
		return Text
	}
	digits := strings.TrimLeft(n.Value, "+-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return Text
	}
	return Number
}

// start is where a node begins. The parser has it that a block mapping is at
// its first colon.
func start(n ast.Node) Pos {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return start(n.Values[0])
		}
		return position(n.Start)
	case *ast.MappingValueNode:
		return position(n.Key.GetToken())
	}
	return position(n.GetToken())
}

func (r *reader) alias(n *ast.AliasNode, at Pos) *Node {
	name := n.Value.GetToken().Value
	anchor, ok := r.anchors[name]
	if !ok {
		r.partial = true
		r.fail(at, "no anchor &%s before this alias", name)
		return &Node{Pos: at}
	}
	return r.copy(anchor, at)
}

// copy makes an alias's value the file's own, so that --set changes one place
// only. The positions stay the anchor's: there the text stands. That there is
// no room for more is told of the alias.
func (r *reader) copy(n *Node, alias Pos) *Node {
	if !r.roomForCopy(alias) || !r.enter(alias) {
		return &Node{Pos: n.Pos}
	}
	defer r.leave()
	c := *n
	c.Fields, c.Items = nil, nil
	for _, f := range n.Fields {
		f.Value = r.copy(f.Value, alias)
		c.Fields = append(c.Fields, f)
	}
	for _, item := range n.Items {
		c.Items = append(c.Items, r.copy(item, alias))
	}
	return &c
}

func (r *reader) mapping(values []*ast.MappingValueNode, at Pos) *Node {
	m := &Node{Kind: Map, Pos: at}
	index := make(map[string]int, len(values))
	var merged []*Node
	for _, v := range values {
		key, keyAt := v.Key, position(v.Key.GetToken())
		if _, ok := key.(*ast.MergeKeyNode); ok {
			merged = append(merged, r.mergeSources(v.Value)...)
			continue
		}
		name, ok := keyName(key)
		if !ok {
			r.fail(keyAt, "a key must be text")
			continue
		}
		value := r.node(v.Value)
		if first, ok := index[name]; ok {
			r.fail(keyAt, "%s stands here twice: first in line %d", name, m.Fields[first].Pos.Line)
			continue
		}
		index[name] = len(m.Fields)
		m.Fields = append(m.Fields, Field{Name: name, Pos: keyAt, Value: value})
	}
	// What stands in the mapping itself wins over what is merged in, and an
	// earlier source over a later one.
	for _, source := range merged {
		for _, f := range source.Fields {
			if _, ok := index[f.Name]; ok {
				continue
			}
			index[f.Name] = len(m.Fields)
			m.Fields = append(m.Fields, f)
		}
	}
	return m
}

// keyName is the text of a key. Numbers and booleans count as what is written:
// a label may be called 1.
func keyName(key ast.MapKeyNode) (string, bool) {
	if explicit, ok := key.(*ast.MappingKeyNode); ok {
		inner, ok := explicit.Value.(ast.ScalarNode)
		if !ok {
			return "", false
		}
		return scalarName(inner)
	}
	scalar, ok := key.(ast.ScalarNode)
	if !ok {
		return "", false
	}
	return scalarName(scalar)
}

func scalarName(n ast.ScalarNode) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (r *reader) mergeSources(value ast.Node) []*Node {
	n := r.node(value)
	switch n.Kind {
	case Map:
		return []*Node{n}
	case List:
		var sources []*Node
		for _, item := range n.Items {
			if item.Kind != Map {
				r.fail(item.Pos, "<< merges mappings, not %s", item.Kind)
				continue
			}
			sources = append(sources, item)
		}
		return sources
	}
	r.fail(n.Pos, "<< merges mappings, not %s", n.Kind)
	return nil
}
