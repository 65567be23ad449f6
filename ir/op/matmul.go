package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// MatMul is the matrix product by numpy's rules: leading axes broadcast, an operand of rank 1 is a row or a column that vanishes from
// the result.
var MatMul = define(Def[None]{
	Name: "matmul", ONNX: "MatMul", Sig: "a T, b T -> y T; T float|i32|i64|u32|u64",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		t, err := matmulType(sc, in[0].Type.DType, in[0].Type, in[1].Type)
		return of(t), err
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		a, b := tens(in, 0), tens(in, 1)
		if a.DType().IsInt() {
			return value(matmul[int64](e, a, b, a.DType()))
		}
		return value(matmul[float64](e, a, b, a.DType()))
	},
})

// matmulType infers the matrix product of tensors of types a and b, with elements of type d.
func matmulType(sc *ir.Scope, d tensor.DType, a, b ir.Type) (ir.Type, error) {
	if a.Unranked || b.Unranked {
		return ir.UnrankedOf(d), nil
	}
	if len(a.Shape) == 0 || len(b.Shape) == 0 {
		return ir.Type{}, fmt.Errorf("operands of rank %d and %d: a scalar has no matrix product", len(a.Shape), len(b.Shape))
	}
	x, y := a.Shape, b.Shape
	k, l := x[len(x)-1], y[max(0, len(y)-2)]
	if _, err := sc.Same(k, l, "inner dimensions"); err != nil {
		return ir.Type{}, err
	}
	batch, err := broadcast(sc, x[:max(0, len(x)-2)], y[:max(0, len(y)-2)])
	if err != nil {
		return ir.Type{}, err
	}
	out := append([]sym.Dim(nil), batch...)
	if len(x) > 1 {
		out = append(out, x[len(x)-2])
	}
	if len(y) > 1 {
		out = append(out, y[len(y)-1])
	}
	return ir.TensorOf(d, out...), nil
}

// matmul computes the product of a and b in the working type T, rounded once to type d.
func matmul[T number](e *ir.Env, a, b *tensor.Tensor, d tensor.DType) (*tensor.Tensor, error) {
	x, err := load[T](e, a)
	if err != nil {
		return nil, err
	}
	y, err := load[T](e, b)
	if err != nil {
		return nil, err
	}
	z, dims, err := matmulData(e, x, a.Dims(), y, b.Dims())
	if err != nil {
		return nil, err
	}
	return store(e, d, z, dims...)
}

// matmulData multiplies x, of sizes a, by y, of sizes b, and returns the product's elements and sizes.
func matmulData[T number](e *ir.Env, x []T, a []int, y []T, b []int) ([]T, []int, error) {
	if len(a) == 0 || len(b) == 0 {
		return nil, nil, fmt.Errorf("a scalar has no matrix product")
	}
	m, k, n := 1, a[len(a)-1], 1
	if len(a) > 1 {
		m = a[len(a)-2]
	}
	l := b[0]
	if len(b) > 1 {
		l, n = b[len(b)-2], b[len(b)-1]
	}
	if k != l {
		return nil, nil, fmt.Errorf("inner dimensions: %d != %d", k, l)
	}
	ba, bb := a[:max(0, len(a)-2)], b[:max(0, len(b)-2)]
	batch, err := broadcastDims(ba, bb)
	if err != nil {
		return nil, nil, err
	}
	dims := append([]int(nil), batch...)
	if len(a) > 1 {
		dims = append(dims, m)
	}
	if len(b) > 1 {
		dims = append(dims, n)
	}
	z, err := alloc[T](e, dims...)
	if err != nil || len(z) == 0 {
		return z, dims, err
	}
	ia, ib := broadcastIndex(ba, batch), broadcastIndex(bb, batch)
	for i := range len(z) / (m * n) {
		p, q := i, i
		if ia != nil {
			p = int(ia[i])
		}
		if ib != nil {
			q = int(ib[i])
		}
		if err := product(e, m, n, k, x[p*m*k:(p+1)*m*k], y[q*k*n:(q+1)*k*n], z[i*m*n:(i+1)*m*n]); err != nil {
			return nil, nil, err
		}
	}
	return z, dims, nil
}
