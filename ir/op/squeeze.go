package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Squeeze is x without the axes, which must have size 1; without axes given, without all that have size 1.
var Squeeze = define(Def[None]{
	Name: "squeeze", ONNX: "Squeeze", Sig: "x T, axes? i64 -> y T; T tensor",
	Props: ir.Pure,
	Infer: inferSqueeze,
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		var out []int
		if in[1] == nil {
			for _, d := range x.Dims() {
				if d != 1 {
					out = append(out, d)
				}
			}
			return x.Reshape(out...), nil
		}
		drop, err := normAxes(intsOf(tens(in, 1)), x.Rank())
		if err != nil {
			return nil, err
		}
		for i, d := range x.Dims() {
			if drop[i] && d != 1 {
				return nil, fmt.Errorf("axis %d has size %d, not 1", i, d)
			}
			if !drop[i] {
				out = append(out, d)
			}
		}
		return x.Reshape(out...), nil
	},
})

func inferSqueeze(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	if x.Unranked {
		return of(x), nil
	}
	axes, known := in[1].Ints()
	if in[1].Present() && !known {
		if n, ok := knownLength(in[1]); ok && n <= len(x.Shape) {
			return of(x.WithShape(sc.FreshShape(len(x.Shape) - n)...)), nil
		}
		return of(ir.UnrankedOf(x.DType)), nil
	}
	drop, err := normAxes(axes, len(x.Shape))
	if err != nil {
		return ir.Known{}, err
	}
	var shape ir.Shape
	for i, d := range x.Shape {
		n, isConst := d.Int()
		switch {
		case drop[i]:
			if _, err := sc.Same(d, sym.Const(1), fmt.Sprintf("axis %d", i)); err != nil {
				return ir.Known{}, err
			}
		case in[1].Present():
			shape = append(shape, d)
		case isConst && n == 1:
		case !isConst && !atLeast(d, 2):
			return of(ir.UnrankedOf(x.DType)), nil
		default:
			shape = append(shape, d)
		}
	}
	return moved(in[0], shape), nil
}

// moved is what is known of x reshaped: its entries stay in order.
func moved(x ir.Known, shape ir.Shape) ir.Known {
	t := x.Type.WithShape(shape...)
	if entries, ok := laidEntries(x); ok {
		return laidOut(t, entries)
	}
	return of(t)
}

// Unsqueeze is x with axes of size 1 inserted; axes are places in the result.
var Unsqueeze = define(Def[None]{
	Name: "unsqueeze", ONNX: "Unsqueeze", Sig: "x T, axes i64 -> y T; T tensor",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		n, ok := knownLength(in[1])
		if x.Unranked || !ok {
			return of(ir.UnrankedOf(x.DType)), nil
		}
		if n > maxRank {
			return ir.Known{}, fmt.Errorf("%d axes, more than %d", n, maxRank)
		}
		axes, ok := in[1].Ints()
		if !ok {
			return of(x.WithShape(sc.FreshShape(len(x.Shape) + n)...)), nil
		}
		shape, err := insertAxes(axes, x.Shape, sym.Const(1))
		if err != nil {
			return ir.Known{}, err
		}
		return moved(in[0], shape), nil
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		dims, err := insertAxes(intsOf(tens(in, 1)), x.Dims(), 1)
		if err != nil {
			return nil, err
		}
		return x.Reshape(dims...), nil
	},
})

// insertAxes returns sizes with one inserted at each of axes.
func insertAxes[D any](axes []int, sizes []D, one D) ([]D, error) {
	added, err := normAxes(axes, len(axes)+len(sizes))
	if err != nil {
		return nil, err
	}
	out := make([]D, 0, len(added))
	for _, isNew := range added {
		if isNew {
			out = append(out, one)
			continue
		}
		out = append(out, sizes[0])
		sizes = sizes[1:]
	}
	return out, nil
}
