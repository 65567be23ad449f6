package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// AffineGridAttrs says whether -1 and 1 are the centres of the outermost places, or their outer edges.
type AffineGridAttrs struct {
	AlignCorners bool `ir:"align_corners"`
}

// AffineGrid is the grid for GridSample that transforms a plane or a space: theta [N,r,r+1], size N, C and r sizes, result [N,E1...Er,r].
var AffineGrid = define(Def[AffineGridAttrs]{
	Name: "affine_grid", ONNX: "AffineGrid", Sig: "theta T, size i64 -> y T; T float",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a AffineGridAttrs, in []ir.Known) (ir.Known, error) {
		theta := in[0].Type
		size, ok, err := wanted(in[1], "size")
		if err != nil || !ok {
			return of(ir.UnrankedOf(theta.DType)), err
		}
		r := len(size) - 2
		if r != 2 && r != 3 {
			return ir.Known{}, fmt.Errorf("%d sizes, not 4 or 5", len(size))
		}
		shape := append(asShape(sc, size), sym.Const(r))
		n := shape[0]
		if !theta.Unranked {
			if len(theta.Shape) != 3 {
				return ir.Known{}, fmt.Errorf("theta is of rank %d, not 3", len(theta.Shape))
			}
			for i, d := range []sym.Dim{n, sym.Const(r), sym.Const(r + 1)} {
				if i == 0 && !size[0].Valid() {
					shape[0] = theta.Shape[0]
					continue
				}
				if _, err := sc.Same(theta.Shape[i], d, fmt.Sprintf("theta: axis %d", i)); err != nil {
					return ir.Known{}, err
				}
			}
		}
		return of(theta.WithShape(append(ir.Shape{shape[0]}, shape[2:]...)...)), nil
	},
	Eval: func(e *ir.Env, a AffineGridAttrs, in []tensor.Value) (tensor.Value, error) {
		theta, size := tens(in, 0), intsOf(tens(in, 1))
		r := len(size) - 2
		if r != 2 && r != 3 {
			return nil, fmt.Errorf("%d sizes, not 4 or 5", len(size))
		}
		if t := theta.Dims(); len(t) != 3 || t[0] != size[0] || t[1] != r || t[2] != r+1 {
			return nil, fmt.Errorf("theta of sizes %v for size %v", t, size)
		}
		dims := append(append([]int{size[0]}, size[2:]...), r)
		if err := e.Take(tensor.C128, dims); err != nil {
			return nil, err
		}
		n := count(dims)
		out, m, places := make([]float64, n), theta.Float64s(), dims[1:r+1]
		k := 0
		for b := range size[0] {
			t := m[b*r*(r+1):]
			walk(places, func(_ int, at []int) {
				for i := range r {
					sum := t[i*(r+1)+r]
					for j := range r {
						sum += t[i*(r+1)+j] * a.base(at[r-1-j], places[r-1-j])
					}
					out[k] = sum
					k++
				}
			})
		}
		return tensor.FromFloat64s(theta.DType(), out, dims...), nil
	},
})

// base returns the normalised coordinate of place i of n; where corners are aligned, the only place there is lies at the first corner.
func (a AffineGridAttrs) base(i, n int) float64 {
	switch {
	case !a.AlignCorners:
		return (2*float64(i)+1)/float64(n) - 1
	case n == 1:
		return -1
	}
	return 2*float64(i)/float64(n-1) - 1
}
