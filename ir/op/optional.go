package op

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// OptionalAttrs holds, as IR text, the type of the element that is not there.
type OptionalAttrs struct {
	Type string `ir:"type"`
}

// Optional is an optional value that holds x, or none.
var Optional = define(Def[OptionalAttrs]{
	Name: "optional", ONNX: "Optional", Sig: "x? any -> y opt",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, a OptionalAttrs, in []ir.Known) (ir.Known, error) {
		if in[0].Present() {
			return of(ir.OptionalOf(in[0].Type)), nil
		}
		if a.Type == "" {
			return ir.Known{}, errors.New("neither an operand nor a type")
		}
		t, err := ir.ParseType(a.Type)
		if err != nil {
			return ir.Known{}, fmt.Errorf("attribute type: %w", err)
		}
		return of(ir.OptionalOf(t)), nil
	},
	Eval: func(_ *ir.Env, _ OptionalAttrs, in []tensor.Value) (tensor.Value, error) {
		return &tensor.Optional{Elem: in[0]}, nil
	},
})

// OptionalHasElement reports whether x is there: a value that is no optional is, an absent operand is not.
var OptionalHasElement = define(Def[None]{
	Name: "optional_has_element", ONNX: "OptionalHasElement", Sig: "x? any -> y bool",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		has := sym.Unknown()
		switch in[0].Type.Kind {
		case ir.NoKind:
			has = sym.Const(0)
		case ir.Tensor, ir.Sequence, ir.Map:
			has = sym.Const(1)
		}
		return holding(ir.TensorOf(tensor.Bool), []sym.Dim{has}), nil
	},
	Eval: func(_ *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		o, ok := in[0].(*tensor.Optional)
		return tensor.Scalar(in[0] != nil && (!ok || o.Elem != nil)), nil
	},
})

// OptionalGetElement is what an optional holds, which must be there; another value is itself.
var OptionalGetElement = define(Def[None]{
	Name: "optional_get_element", ONNX: "OptionalGetElement", Sig: "x any -> y any",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		if in[0].Type.Kind == ir.Optional {
			return of(*in[0].Type.Elem), nil
		}
		return in[0], nil
	},
	Eval: func(_ *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		o, ok := in[0].(*tensor.Optional)
		switch {
		case !ok:
			return in[0], nil
		case o.Elem == nil:
			return nil, errors.New("the optional is empty")
		}
		return o.Elem, nil
	},
})
