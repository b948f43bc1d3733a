package expect

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// The vocabulary is what an expression may name: variables, functions, and the
// types of objects with their fields. docs/expectations.md lists it, and a test
// compares the two.

// object is a value of one of the vocabulary's types. Its fields are read from
// the run when they are asked for.
type object struct {
	of  *objectType
	run *view
	v   any // what of's getters take
}

// objectType is a type of the vocabulary.
type objectType struct {
	name   string
	cel    *cel.Type
	fields []field
	byName map[string]*field
	// title is how an object is named where values are shown.
	title func(v any) string
}

// field is a field of an object.
type field struct {
	name string
	typ  *cel.Type
	// reads is what of the run it depends on.
	reads topics
	// words are the values that a text can have; nil: any.
	words func(Scope) []string
	// wrong says why a text can't be the field's, "" if it can; nil: any can. It is
	// for names that no list has.
	wrong func(Scope, string) string
	// naming is how these names are made; may be nil.
	naming func(Scope) Naming
	// isSet is for has(); nil: always.
	isSet func(v any) bool
	get   func(w *view, v any) ref.Val
}

// variable is a name that stands for something of the run.
type variable struct {
	name  string
	typ   *cel.Type
	reads topics
	get   func(w *view) ref.Val
}

// of makes a field of a getter of a Go type.
func of[T any](name string, typ *cel.Type, reads topics, get func(w *view, v T) ref.Val) field {
	return field{name: name, typ: typ, reads: reads, get: func(w *view, v any) ref.Val { return get(w, v.(T)) }}
}

func (f field) oneOf(words func(Scope) []string) field {
	f.words = words
	return f
}

func (f field) named(wrong func(Scope, string) string) field {
	f.wrong = wrong
	return f
}

func (f field) madeOf(naming func(Scope) Naming) field {
	f.naming = naming
	return f
}

func newObjectType(name string, title func(any) string, fields ...field) *objectType {
	t := &objectType{name: name, cel: cel.ObjectType(name), fields: fields, title: title, byName: map[string]*field{}}
	for i := range fields {
		t.byName[fields[i].name] = &fields[i]
	}
	return t
}

// fieldNames lists the fields, as they stand in the documentation.
func (t *objectType) fieldNames() []string {
	names := make([]string, len(t.fields))
	for i, f := range t.fields {
		names[i] = f.name
	}
	return names
}

// objectTypes are all types, by name.
var objectTypes = func() map[string]*objectType {
	all := map[string]*objectType{}
	for _, t := range []*objectType{
		podsType, latencyType, latencyMsType, podType, nodeType, totalsType, eniType, addressType, prefixType,
		branchType, subnetType, addressesType, exhaustionType, eventType,
	} {
		all[t.name] = t
	}
	return all
}()

// functions of the vocabulary. The first three find something by its name; the
// others look at a condition over time.
const (
	functionNode       = "node"
	functionPod        = "pod"
	functionSubnet     = "subnet"
	functionAlways     = "always"
	functionEventually = "eventually"
	functionNever      = "never"
)

var finders = []string{functionNode, functionPod, functionSubnet}

var temporals = []string{functionAlways, functionEventually, functionNever}

// topics are parts of a run that change together, as a set.
type topics uint16

const (
	topicPods topics = 1 << iota
	topicNodes
	topicAddresses // ENIs and what is on them
	topicCooling   // changes by time alone
	topicSubnets
	topicCalls
	topicExhaustion
	topicLog
	topicTime
	topicWaiting // changes by time alone while pods wait for an address

	topicsAll = 1<<iota - 1
)

// The values of CEL that are made all the time.
func number[N ~int | ~int64](n N) ref.Val { return types.Int(n) }
func text[S ~string](s S) ref.Val         { return types.String(s) }

func (t *objectType) val(w *view, v any) ref.Val { return &object{t, w, v} }

// listOf makes a list of objects.
func listOf[T any](w *view, t *objectType, items []T) ref.Val {
	all := make([]ref.Val, len(items))
	for i, item := range items {
		all[i] = t.val(w, item)
	}
	return types.NewRefValList(types.DefaultTypeAdapter, all)
}

// variableNames and functionNames are for suggestions.
func variableNames() []string {
	names := make([]string, len(variables))
	for i, v := range variables {
		names[i] = v.name
	}
	return names
}

func functionNames() []string { return slices.Concat(finders, temporals) }
