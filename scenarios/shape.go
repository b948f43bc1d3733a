package scenarios

import (
	"vpcsim/scenarios/internal/doc"
)

// A reader not only reads a value, it also describes what it would read: the
// schema of the language and the lists of the reference are made of that, so
// they cannot part from what is accepted. See describes.

// shape is what a value may be, as its reader says of itself. Fields that are
// left out restrict nothing.
type shape struct {
	name  string   // of a shape that stands in many places: it is written once
	types []string // of JSON; none: nothing was said, or it is a union
	// Of text: one of words, what the pattern matches, or anything that isn't
	// empty.
	words    []string
	notEmpty bool
	pattern  string
	// Of numbers, where bounded: both bounds inclusive, most 0 for none.
	bounded     bool
	least, most int64
	// Of lists.
	item       *shape
	mostItems  int
	uniqueItem bool
	// Of mappings: the fields that there may be, or, with others, any name.
	fields     []*fieldShape
	others     *shape
	exactlyOne []string // one of these fields is there, and only one
	noNull     bool     // and that may not be null
	atLeastOne []string

	union []*shape // any of these
	// refused: the platform does not have the field. A 0 passes where zero is
	// set.
	refused, zero bool
	notYet        bool // not supported yet
}

// fieldShape is a field of a mapping.
type fieldShape struct {
	name     string
	required bool
	shape
}

// field returns the field of that name, nil if there is none.
func (s *shape) field(name string) *fieldShape {
	for _, f := range s.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

// describes reports whether the reader is asked what it would read, and not to
// read: it says so with set, and is done.
//
// Every reader that looks at a value itself begins with it; one that only calls
// others need not.
func (d *decoder) describes(set func(*shape)) bool {
	if d.shape == nil {
		return false
	}
	set(d.shape)
	return true
}

// describe asks a reader what it would read.
func (d *decoder) describe(read reader, path string) *shape {
	outer := d.shape
	defer func() { d.shape = outer }()
	d.shape = &shape{}
	read(value{&doc.Node{}, path})
	return d.shape
}

// describesAny is describes for a value of one of several forms.
func (d *decoder) describesAny(v value, readers ...reader) bool {
	return d.describes(func(s *shape) {
		for _, read := range readers {
			s.union = append(s.union, d.describe(read, v.path))
		}
	})
}

// describesObject describes a mapping by its fields.
func (d *decoder) describesObject(v value, fields []field) bool {
	return d.describes(func(s *shape) {
		s.types = []string{"object"}
		for _, f := range fields {
			child := &fieldShape{name: f.name}
			if f.read == nil {
				child.notYet = true
			} else {
				child.shape = *d.describe(f.read, v.child(f.name, nil).path)
			}
			s.fields = append(s.fields, child)
		}
	})
}

// only says that the only thing that a value may be is a word.
func (d *decoder) only(word string) reader {
	return func(value) { d.describes(func(s *shape) { s.types, s.words = []string{"string"}, []string{word} }) }
}

// language describes a whole scenario of the platform.
func language(p Platform) *shape {
	d := newDecoder("", nil)
	d.platform = p
	s := newScenario()
	s.Platform = p
	return d.describe(func(v value) { d.scenario(v, s) }, "")
}
