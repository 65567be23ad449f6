package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Det is the determinant of each matrix in x[…,M,M].
var Det = define(Def[None]{
	Name: "det", ONNX: "Det", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		t := in[0].Type
		if t.Unranked {
			return of(ir.UnrankedOf(t.DType)), nil
		}
		if err := squareType(sc, t); err != nil {
			return ir.Known{}, err
		}
		return of(t.WithShape(t.Shape[:len(t.Shape)-2]...)), nil
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		t := tens(in, 0)
		x, n, err := loadSquares(e, t)
		if err != nil {
			return nil, err
		}
		dims := t.Dims()
		out := dims[:len(dims)-2]
		y, err := alloc[float64](e, out...)
		if err != nil {
			return nil, err
		}
		for i := range y {
			if y[i], err = determinant(e, x[i*n*n:(i+1)*n*n], n); err != nil {
				return nil, err
			}
		}
		return value(store(e, t.DType(), y, out...))
	},
})

// squareType requires that t, of a known rank, holds square matrices.
func squareType(sc *ir.Scope, t ir.Type) error {
	n := len(t.Shape)
	if n < 2 {
		return fmt.Errorf("operand of rank %d is no matrix", n)
	}
	_, err := sc.Same(t.Shape[n-2], t.Shape[n-1], "rows and columns")
	return err
}

// loadSquares loads square matrices, and returns how many rows they have.
func loadSquares(e *ir.Env, t *tensor.Tensor) ([]float64, int, error) {
	dims := t.Dims()
	r := len(dims)
	if r < 2 || dims[r-1] != dims[r-2] {
		return nil, 0, fmt.Errorf("sizes %v are no square matrices", dims)
	}
	x, err := load[float64](e, t)
	return x, dims[r-1], err
}

// determinant eliminates below the pivots of an n×n matrix, which it overwrites; that of no rows is 1.
func determinant(e *ir.Env, a []float64, n int) (float64, error) {
	det := 1.0
	for k := range n {
		if err := e.Err(); err != nil {
			return 0, err
		}
		p := k
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i*n+k]) > math.Abs(a[p*n+k]) {
				p = i
			}
		}
		pivot := a[p*n+k]
		if pivot == 0 {
			return 0, nil
		}
		if p != k {
			det = -det
			for j := range n {
				a[p*n+j], a[k*n+j] = a[k*n+j], a[p*n+j]
			}
		}
		det *= pivot
		for i := k + 1; i < n; i++ {
			f := a[i*n+k] / pivot
			for j := k + 1; j < n; j++ {
				a[i*n+j] -= f * a[k*n+j]
			}
		}
	}
	return det, nil
}
