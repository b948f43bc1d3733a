// Package doc reads YAML, and with it JSON, into a tree in which every value
// knows where it stands.
//
// The tree is plainer than YAML: maps with text keys, lists and scalars.
// Aliases are copied in, merge keys are merged, and what a scenario has no use
// for (tags, several documents, keys that are not text) is refused. Reading is
// bounded in every direction, so that no input takes for ever.
package doc

import "fmt"

// Kind is what a node is.
type Kind int

// The kinds of nodes. The zero Kind is Null.
const (
	Null Kind = iota
	Bool
	Number // any scalar that YAML takes for a number, infinities included
	Text
	Map
	List
)

// String names the kind in the words of an error message.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "a boolean"
	case Number:
		return "a number"
	case Text:
		return "text"
	case Map:
		return "a mapping"
	case List:
		return "a list"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// Pos is where something stands: a line and a column of the file, both from 1
// and counted in characters, or an option of the command line.
type Pos struct {
	Line, Column int
	// Option is the whole option where the value comes from one, "--set
	// seed=3"; Line and Column are then 0.
	Option string
}

// Node is a value of the tree.
type Node struct {
	Kind Kind
	Pos  Pos
	// Scalar is a scalar as written, or what the quotes of a Text stand for.
	Scalar string
	Fields []Field // of a Map, in the file's order, names unique
	Items  []*Node // of a List
}

// Field is an entry of a Map.
type Field struct {
	Name  string
	Pos   Pos // of the name
	Value *Node
}

// Get returns the value of the field, nil if there is none.
func (n *Node) Get(name string) *Node {
	if f := n.field(name); f != nil {
		return f.Value
	}
	return nil
}

func (n *Node) field(name string) *Field {
	if n == nil || n.Kind != Map {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return &n.Fields[i]
		}
	}
	return nil
}

// Put sets the field of a Map, or adds it.
func (n *Node) Put(name string, pos Pos, value *Node) {
	if f := n.field(name); f != nil {
		f.Pos, f.Value = pos, value
		return
	}
	n.Fields = append(n.Fields, Field{Name: name, Pos: pos, Value: value})
}

// Error is a mistake in the text of a file.
type Error struct {
	Pos     Pos
	Message string
}

// Error returns the message; the position is the caller's to show.
func (e *Error) Error() string { return e.Message }
