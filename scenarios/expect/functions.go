package expect

import (
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

func isOneOf(name string, names []string) bool { return slices.Contains(names, name) }

// viewOf finds the run in what an evaluation knows.
func viewOf(a interpreter.Activation) *view {
	w, _ := a.ResolveName(viewName)
	v, _ := w.(*view)
	return v
}

// finder is a call of node, pod or subnet.
type finder struct {
	id       int64
	function string
	arg      interpreter.InterpretableV2
}

// ID is that of the call.
func (f *finder) ID() int64 { return f.id }

// Eval finds the thing that the argument names.
func (f *finder) Eval(a interpreter.Activation) ref.Val { return f.found(a, f.arg.Eval(a)) }

// Exec does as Eval.
func (f *finder) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	return f.found(frame, f.arg.Exec(frame))
}

func (f *finder) found(a interpreter.Activation, arg ref.Val) ref.Val {
	name, ok := arg.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(arg)
	}
	return viewOf(a).find(f.function, string(name))
}

// outcome is a call of always, eventually or never: what came of it by now.
type outcome struct{ id int64 }

// ID is that of the call.
func (o *outcome) ID() int64 { return o.id }

// Eval returns what came of the condition.
func (o *outcome) Eval(a interpreter.Activation) ref.Val {
	if v, ok := viewOf(a).held[o.id]; ok {
		return v
	}
	return types.NewErr("the condition over time was not looked at")
}

// Exec does as Eval.
func (o *outcome) Exec(frame *interpreter.ExecutionFrame) ref.Val { return o.Eval(frame) }
