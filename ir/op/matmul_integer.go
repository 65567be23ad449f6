package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// MatMulInteger is the matrix product of 8-bit integers less their zero points, in 32 bits. A zero point is one number, one for each
// row of a or column of b, or a tensor that broadcasts to the operand.
var MatMulInteger = define(Def[None]{
	Name: "matmul_integer", ONNX: "MatMulInteger", Sig: "a A, b B, a_zero_point? A, b_zero_point? B -> y i32; A i8|u8, B i8|u8",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		if err := perRow(sc, in[2], in[0].Type, "a_zero_point"); err != nil {
			return ir.Known{}, err
		}
		if err := perColumn(sc, in[3], in[1].Type, "b_zero_point"); err != nil {
			return ir.Known{}, err
		}
		t, err := matmulType(sc, tensor.I32, in[0].Type, in[1].Type)
		return of(t), err
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		y, dims, err := integerProduct(e, tens(in, 0), tens(in, 1), tens(in, 2), tens(in, 3))
		if err != nil {
			return nil, err
		}
		return value(store(e, tensor.I32, y, dims...))
	},
})

// perRow requires that an operand, where it is present, is one number, or holds one for each row of the last two axes of t.
func perRow(sc *ir.Scope, k ir.Known, t ir.Type, what string) error {
	if !k.Present() || k.Type.Unranked || t.Unranked || k.Rank() == 0 || len(t.Shape) < 2 {
		return nil
	}
	if k.Rank() > 1 {
		return broadcastsTo(sc, k.Type.Shape, t.Shape, what)
	}
	return broadcastsTo(sc, ir.Shape{k.Type.Shape[0], sym.Const(1)}, t.Shape[len(t.Shape)-2:], what)
}

// perColumn is perRow for columns.
func perColumn(sc *ir.Scope, k ir.Known, t ir.Type, what string) error {
	if !k.Present() || k.Type.Unranked || t.Unranked {
		return nil
	}
	if n, ok := sym.Prod(k.Type.Shape...).Int(); ok && n == 1 {
		return nil
	}
	return broadcastsTo(sc, k.Type.Shape, t.Shape, what)
}

// rowsOf returns the sizes by which a zero point or scale of sizes k broadcasts along the rows of an operand, columnsOf along its columns.
func rowsOf(k, operand []int) []int {
	if len(k) == 1 && len(operand) > 1 {
		return []int{k[0], 1}
	}
	return columnsOf(k, operand)
}

func columnsOf(k, operand []int) []int {
	if n, ok := tensor.Count(k); ok && n == 1 && len(k) > len(operand) {
		return nil
	}
	return k
}

// shift subtracts a zero point that broadcasts by sizes zd from v.
func shift(e *ir.Env, v []int64, dims []int, zero *tensor.Tensor, zd []int, what string) error {
	if zero == nil {
		return nil
	}
	z, err := load[int64](e, zero)
	if err != nil {
		return err
	}
	if len(z) == 1 {
		for i := range v {
			v[i] -= z[0]
		}
		return nil
	}
	if z, err = spreadTo(z, zd, dims, what); err != nil {
		return err
	}
	for i := range v {
		v[i] -= z[i]
	}
	return nil
}

// integerProduct is the matrix product of integers less their zero points.
func integerProduct(e *ir.Env, a, b, za, zb *tensor.Tensor) ([]int64, []int, error) {
	v, err := loadAll[int64](e, a, b)
	if err != nil {
		return nil, nil, err
	}
	if za != nil {
		if err := shift(e, v[0], a.Dims(), za, rowsOf(za.Dims(), a.Dims()), "a_zero_point"); err != nil {
			return nil, nil, err
		}
	}
	if zb != nil {
		if err := shift(e, v[1], b.Dims(), zb, columnsOf(zb.Dims(), b.Dims()), "b_zero_point"); err != nil {
			return nil, nil, err
		}
	}
	return matmulData(e, v[0], a.Dims(), v[1], b.Dims())
}

// scalarOf returns the only element of t, and def where t is absent.
func scalarOf(t *tensor.Tensor, def float64, what string) (float64, error) {
	if t == nil {
		return def, nil
	}
	if t.Len() != 1 {
		return 0, fmt.Errorf("%s of sizes %v is not one number", what, t.Dims())
	}
	return t.Float64s()[0], nil
}
