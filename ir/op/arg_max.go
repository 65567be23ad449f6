package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ArgAttrs holds the axis that is searched, whether it stays with size 1, and which of equal elements counts.
type ArgAttrs struct {
	Axis            int  `ir:"axis"`
	KeepDims        bool `ir:"keepdims"`
	SelectLastIndex bool `ir:"select_last_index"`
}

// ArgMax is the index of the largest element along an axis; a NaN is it.
var ArgMax = define(argExtreme("arg_max", "ArgMax", 1))

// ArgMin is the index of the smallest element along an axis; a NaN is it.
var ArgMin = define(argExtreme("arg_min", "ArgMin", -1))

func argExtreme(name, onnx string, sign int) Def[ArgAttrs] {
	return Def[ArgAttrs]{
		Name: name, ONNX: onnx, Sig: "x num -> y i64",
		Props: ir.Pure,
		Attrs: ArgAttrs{KeepDims: true},
		Infer: func(sc *ir.Scope, a ArgAttrs, in []ir.Known) (ir.Known, error) {
			x := in[0].Type
			if x.Unranked {
				return of(ir.UnrankedOf(tensor.I64)), nil
			}
			axis, err := normAxis(a.Axis, len(x.Shape))
			if err != nil {
				return ir.Known{}, err
			}
			shape := slices.Clone(x.Shape)
			if shape[axis] = sym.Const(1); !a.KeepDims {
				shape = slices.Delete(shape, axis, axis+1)
			}
			return of(ir.TensorOf(tensor.I64, shape...)), nil
		},
		Eval: func(e *ir.Env, a ArgAttrs, in []tensor.Value) (tensor.Value, error) {
			x := tens(in, 0)
			axis, err := normAxis(a.Axis, x.Rank())
			if err != nil {
				return nil, err
			}
			dims := with(x.Dims(), axis, 1)
			out, err := e.New(tensor.I64, dims...)
			if err != nil {
				return nil, err
			}
			if x.Dims()[axis] == 0 && out.Len() > 0 {
				return nil, fmt.Errorf("axis %d is empty", axis)
			}
			argLanes(x, axis, a.SelectLastIndex, sign, tensor.Data[int64](out))
			if !a.KeepDims {
				out = out.Reshape(slices.Delete(dims, axis, axis+1)...)
			}
			return out, nil
		},
	}
}

// argLanes sets out to the index of the extreme element of each lane of x along axis: the largest where sign is 1, the smallest where
// it is -1.
func argLanes(x *tensor.Tensor, axis int, last bool, sign int, out []int64) {
	compare := ordering(x)
	isNaN := func(int) bool { return false }
	if x.DType().IsFloat() {
		v := x.Float64s()
		isNaN = func(i int) bool { return v[i] != v[i] }
	}
	outer, n, inner := split(x.Dims(), axis)
	for o := range outer {
		for i := range inner {
			best := o*n*inner + i
			for j := 1; j < n; j++ {
				k := (o*n+j)*inner + i
				c := sign * compare(k, best)
				if isNaN(k) || isNaN(best) {
					c = compare(k, best)
				}
				if c > 0 || c == 0 && last {
					best = k
				}
			}
			out[o*inner+i] = int64(best / inner % n)
		}
	}
}

// Hardmax is 1 at the first largest element along an axis, and 0 elsewhere.
var Hardmax = define(Def[AxisAttrs]{
	Name: "hardmax", ONNX: "Hardmax", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Attrs: AxisAttrs{Axis: -1},
	Infer: alongAxis(func(a AxisAttrs) int { return a.Axis }),
	Eval: func(e *ir.Env, a AxisAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		axis, err := normAxis(a.Axis, x.Rank())
		if err != nil {
			return nil, err
		}
		out, err := e.New(x.DType(), x.Dims()...)
		if err != nil || out.Len() == 0 {
			return out, err
		}
		_, n, inner := split(x.Dims(), axis)
		at := make([]int64, out.Len()/n)
		argLanes(x, axis, false, 1, at)
		for i, j := range at {
			out.SetFloat64At((i/inner*n+int(j))*inner+i%inner, 1)
		}
		return out, nil
	},
})
