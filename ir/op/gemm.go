package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// GemmAttrs holds the factors of the product and of c, and which operands are transposed.
type GemmAttrs struct {
	Alpha  float32 `ir:"alpha"`
	Beta   float32 `ir:"beta"`
	TransA bool    `ir:"transA"`
	TransB bool    `ir:"transB"`
}

// Gemm is Alpha·a·b + Beta·c for matrices a and b, each possibly transposed; c broadcasts to the product.
var Gemm = define(Def[GemmAttrs]{
	Name: "gemm", ONNX: "Gemm", Sig: "a T, b T, c? T -> y T; T float|i32|i64|u32|u64",
	Props: ir.Pure,
	Attrs: GemmAttrs{Alpha: 1, Beta: 1},
	Infer: func(sc *ir.Scope, a GemmAttrs, in []ir.Known) (ir.Known, error) {
		t, err := gemmType(sc, a, in)
		return of(t), err
	},
	Eval: func(e *ir.Env, a GemmAttrs, in []tensor.Value) (tensor.Value, error) {
		d := tens(in, 0).DType()
		if !d.IsInt() {
			y, dims, err := gemm(e, a, in, scaleFloat)
			if err != nil {
				return nil, err
			}
			return value(store(e, d, y, dims...))
		}
		y, dims, err := gemm(e, a, in, scaleInt)
		if err != nil {
			return nil, err
		}
		return value(store(e, d, y, dims...))
	},
})

func gemmType(sc *ir.Scope, a GemmAttrs, in []ir.Known) (ir.Type, error) {
	d := in[0].Type.DType
	for _, k := range in[:2] {
		if r := k.Rank(); r >= 0 && r != 2 {
			return ir.Type{}, fmt.Errorf("an operand of rank %d is no matrix", r)
		}
	}
	var out ir.Shape
	if x, y := in[0].Type, in[1].Type; !x.Unranked && !y.Unranked {
		m, k := x.Shape[0], x.Shape[1]
		if a.TransA {
			m, k = k, m
		}
		l, n := y.Shape[0], y.Shape[1]
		if a.TransB {
			l, n = n, l
		}
		if _, err := sc.Same(k, l, "inner dimensions"); err != nil {
			return ir.Type{}, err
		}
		out = ir.Shape{m, n}
	} else {
		out = sc.FreshShape(2)
	}
	if c := in[2]; c.Present() && !c.Type.Unranked {
		if err := broadcastsTo(sc, c.Type.Shape, out, "operand c"); err != nil {
			return ir.Type{}, err
		}
	}
	return ir.TensorOf(d, out...), nil
}

// broadcastsTo requires that s broadcasts to shape out without changing it.
func broadcastsTo(sc *ir.Scope, s, out ir.Shape, what string) error {
	if len(s) > len(out) {
		return fmt.Errorf("%s of rank %d does not broadcast to rank %d", what, len(s), len(out))
	}
	for i, d := range s {
		to := out[len(out)-len(s)+i]
		n, ok := d.Int()
		if ok && n == 1 {
			continue
		}
		rel := ir.Broadcast
		if ok {
			rel = ir.Eq // a constant size other than 1 must be the result's
		}
		if m, ok := to.Int(); ok && m == 1 {
			rel = ir.Eq
		}
		if err := sc.Assume(ir.Fact{Rel: rel, A: d, B: to, What: what}); err != nil {
			return err
		}
	}
	return nil
}

// spreadTo is spread for an operand that must not enlarge the result.
func spreadTo[T any](v []T, dims, out []int, what string) ([]T, error) {
	b, err := broadcastDims(dims, out)
	if err != nil {
		return nil, err
	}
	if len(b) != len(out) {
		return nil, fmt.Errorf("%s of sizes %v does not broadcast to %v", what, dims, out)
	}
	for i, n := range b {
		if n != out[i] {
			return nil, fmt.Errorf("%s of sizes %v does not broadcast to %v", what, dims, out)
		}
	}
	return spread(v, dims, out), nil
}

// scaleFloat and scaleInt multiply by an attribute; integers are truncated, as a cast of the real product would.
func scaleFloat(x float64, by float32) float64 { return x * float64(by) }

func scaleInt(x int64, by float32) int64 {
	if by == float32(math.Trunc(float64(by))) && math.Abs(float64(by)) < 1<<62 {
		return x * int64(by)
	}
	return int64(float64(x) * float64(by))
}

func gemm[T number](e *ir.Env, a GemmAttrs, in []tensor.Value, scale func(T, float32) T) ([]T, []int, error) {
	x, xd, err := matrix[T](e, tens(in, 0), a.TransA)
	if err != nil {
		return nil, nil, err
	}
	y, yd, err := matrix[T](e, tens(in, 1), a.TransB)
	if err != nil {
		return nil, nil, err
	}
	z, dims, err := matmulData(e, x, xd, y, yd)
	if err != nil {
		return nil, nil, err
	}
	if a.Alpha != 1 {
		for i, v := range z {
			z[i] = scale(v, a.Alpha)
		}
	}
	c := tens(in, 2)
	if c == nil || a.Beta == 0 {
		return z, dims, nil
	}
	w, err := load[T](e, c)
	if err != nil {
		return nil, nil, err
	}
	if w, err = spreadTo(w, c.Dims(), dims, "operand c"); err != nil {
		return nil, nil, err
	}
	for i, v := range w {
		z[i] += scale(v, a.Beta)
	}
	return z, dims, nil
}

// matrix loads a tensor of rank 2, transposed if so asked.
func matrix[T number](e *ir.Env, t *tensor.Tensor, trans bool) ([]T, []int, error) {
	if t.Rank() != 2 {
		return nil, nil, fmt.Errorf("an operand of rank %d is no matrix", t.Rank())
	}
	v, err := load[T](e, t)
	d := t.Dims()
	if err != nil || !trans {
		return v, d, err
	}
	if err := e.Take(tensor.F64, d); err != nil {
		return nil, nil, err
	}
	return flipped(v, d[0], d[1]), []int{d[1], d[0]}, nil
}
