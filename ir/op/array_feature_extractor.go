package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ArrayFeatureExtractor is the columns of x, along its last axis, that i names, in its order; a vector is one row.
var ArrayFeatureExtractor = define(Def[None]{
	Name: "array_feature_extractor", ONNX: "ArrayFeatureExtractor", Domain: mlDomain, Sig: "x T, i i64 -> z T; T " + features + "|str",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		x, n := in[0].Type, sym.Prod(in[1].Type.Shape...)
		if in[1].Type.Unranked {
			n = sc.Fresh()
		}
		switch x.Rank() {
		case -1:
			return of(x), nil
		case 0:
			return ir.Known{}, fmt.Errorf("x is a scalar")
		case 1:
			return of(x.WithShape(sym.Const(1), n)), nil
		}
		shape := append(ir.Shape{}, x.Shape...)
		shape[len(shape)-1] = n
		return of(x.WithShape(shape...)), nil
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x, at := tens(in, 0), tens(in, 1).Int64s()
		r := x.Rank()
		if r == 0 {
			return nil, fmt.Errorf("x is a scalar")
		}
		cols := x.Dims()[r-1]
		for _, k := range at {
			if k < 0 || k >= int64(cols) {
				return nil, fmt.Errorf("index %d is out of range for %d columns", k, cols)
			}
		}
		dims := with(x.Dims(), r-1, len(at))
		if r == 1 {
			dims = []int{1, len(at)}
		}
		out, err := e.New(x.DType(), dims...)
		if err != nil || out.Len() == 0 {
			return value(out, err)
		}
		for row := range out.Len() / len(at) {
			for j, k := range at {
				setElem(out, row*len(at)+j, x, row*cols+int(k))
			}
		}
		return out, nil
	},
})
