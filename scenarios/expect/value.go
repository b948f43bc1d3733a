package expect

import (
	"errors"
	"fmt"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// ConvertToNative is asked for by nobody: objects stay within expressions.
func (o *object) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s cannot be converted to %s", o.of.name, t)
}

// ConvertToType gives the object's type, and itself as its own type.
func (o *object) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.TypeType:
		return o.of.cel
	case types.StringType:
		return types.String(o.title())
	}
	if t.TypeName() == o.of.name {
		return o
	}
	return types.NewErr("%s cannot be converted to %s", o.of.name, t.TypeName())
}

// Equal reports whether it is the same thing of the same run.
func (o *object) Equal(other ref.Val) ref.Val {
	p, ok := other.(*object)
	return types.Bool(ok && o.of == p.of && o.v == p.v)
}

// Type returns the object's type.
func (o *object) Type() ref.Type { return o.of.cel }

// Value returns the object: getters of fields take it.
func (o *object) Value() any { return o }

// title is how the object is named where values are shown.
func (o *object) title() string {
	if o.of.title == nil {
		return o.of.name
	}
	return o.of.title(o.v)
}

// provider tells CEL of the vocabulary's types.
type provider struct{ types.Provider }

var errNotMade = errors.New("an expectation cannot make objects")

// FindStructType finds a type by its name.
func (p provider) FindStructType(name string) (*types.Type, bool) {
	if t := objectTypes[name]; t != nil {
		return types.NewTypeTypeWithParam(t.cel), true
	}
	return p.Provider.FindStructType(name)
}

// FindStructFieldNames lists the fields of a type.
func (p provider) FindStructFieldNames(name string) ([]string, bool) {
	if t := objectTypes[name]; t != nil {
		return t.fieldNames(), true
	}
	return p.Provider.FindStructFieldNames(name)
}

// FindStructFieldType finds a field, with what reads it.
func (p provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	t := objectTypes[name]
	if t == nil {
		return p.Provider.FindStructFieldType(name, field)
	}
	f := t.byName[field]
	if f == nil {
		return nil, false
	}
	return &types.FieldType{
		Type: f.typ,
		IsSet: func(target any) bool {
			o, ok := target.(*object)
			return ok && (f.isSet == nil || f.isSet(o.v))
		},
		GetFrom: func(target any) (any, error) {
			o, ok := target.(*object)
			if !ok {
				return nil, fmt.Errorf("%T has no field %s", target, field)
			}
			return f.get(o.run, o.v), nil
		},
	}, true
}

// NewValue refuses to make objects of the vocabulary.
func (p provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if objectTypes[name] != nil {
		return types.WrapErr(errNotMade)
	}
	return p.Provider.NewValue(name, fields)
}

// newEnv declares the vocabulary.
func newEnv() (*cel.Env, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	options := []cel.EnvOption{
		cel.CustomTypeAdapter(registry),
		cel.CustomTypeProvider(provider{registry}),
		cel.EnableMacroCallTracking(),
		// What a nested expression may cost is bounded when it runs; how deep it
		// is, and how often a macro is in itself, when it is read.
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserExpressionSizeLimit(MaxBytes),
		cel.Function(functionNode, cel.Overload("node_string", []*cel.Type{cel.StringType}, nodeType.cel)),
		cel.Function(functionPod, cel.Overload("pod_string", []*cel.Type{cel.StringType}, podType.cel)),
		cel.Function(functionSubnet, cel.Overload("subnet_string", []*cel.Type{cel.StringType}, subnetType.cel)),
	}
	for _, name := range temporals {
		options = append(options, cel.Function(name, cel.Overload(name+"_bool", []*cel.Type{cel.BoolType}, cel.BoolType)))
	}
	for _, v := range variables {
		options = append(options, cel.Variable(v.name, v.typ))
	}
	return cel.NewEnv(options...)
}
