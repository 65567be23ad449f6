package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Inverse is the inverse of each matrix in x[…,M,M]; that of a singular one is NaN throughout.
var Inverse = define(Def[None]{
	Name: "inverse", ONNX: "Inverse", Domain: "com.microsoft", Sig: "x T -> y T; T f32|f16|f64",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		t := in[0].Type
		t.Layout = ir.RowMajor
		if t.Unranked {
			return of(t), nil
		}
		return of(t), squareType(sc, t)
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		t := tens(in, 0)
		x, n, err := loadSquares(e, t)
		if err != nil {
			return nil, err
		}
		y, err := alloc[float64](e, t.Dims()...)
		if err != nil {
			return nil, err
		}
		for at := 0; at < len(y); at += n * n {
			if err := invert(e, x[at:at+n*n], y[at:at+n*n], n); err != nil {
				return nil, err
			}
		}
		return value(store(e, t.DType(), y, t.Dims()...))
	},
})

// invert sets y to the inverse of the n×n matrix a, which it overwrites, by elimination with the greatest pivot of each column.
func invert(e *ir.Env, a, y []float64, n int) error {
	for i := range n {
		y[i*n+i] = 1
	}
	for k := range n {
		if err := e.Err(); err != nil {
			return err
		}
		p := k
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i*n+k]) > math.Abs(a[p*n+k]) {
				p = i
			}
		}
		pivot := a[p*n+k]
		if pivot == 0 {
			fill(y, math.NaN())
			return nil
		}
		for _, m := range [][]float64{a, y} {
			up, down := m[k*n:(k+1)*n], m[p*n:(p+1)*n]
			for j, v := range down {
				down[j] = up[j]
				up[j] = v / pivot
			}
		}
		for i := range n {
			if f := a[i*n+k]; i != k && f != 0 {
				subtract(a[i*n:(i+1)*n], a[k*n:(k+1)*n], f)
				subtract(y[i*n:(i+1)*n], y[k*n:(k+1)*n], f)
			}
		}
	}
	return nil
}

// subtract takes f·from off to.
func subtract(to, from []float64, f float64) {
	for j, v := range from {
		to[j] -= f * v
	}
}
