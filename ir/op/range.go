package op

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// RangeAttrs holds the element type, by ONNX's number, in which float16 and bfloat16 are computed.
type RangeAttrs struct {
	StashType int `ir:"stash_type"`
}

// check refuses what no intermediate type of ours is.
func (a RangeAttrs) check(d tensor.DType) error {
	if (d == tensor.F16 || d == tensor.BF16) && a.StashType != int(tensor.F32) && a.StashType != int(tensor.F64) {
		return fmt.Errorf("stash_type %d", a.StashType)
	}
	return nil
}

// inFloat32 reports whether elements of type d are computed in float32.
func (a RangeAttrs) inFloat32(d tensor.DType) bool {
	return a.StashType == int(tensor.F32) && (d == tensor.F16 || d == tensor.BF16)
}

var errDelta = errors.New("delta is 0")

// Range is start, start+delta, ... as far as limit, which is not part of it.
var Range = define(Def[RangeAttrs]{
	Name: "range", ONNX: "Range", Sig: "start T, limit T, delta T -> y T; T float|i16|i32|i64",
	Props: ir.Pure,
	Attrs: RangeAttrs{StashType: 1},
	Infer: inferRange,
	Eval: func(e *ir.Env, a RangeAttrs, in []tensor.Value) (tensor.Value, error) {
		for i := range 3 {
			if tens(in, i).Len() != 1 {
				return nil, errors.New("operands must be scalars")
			}
		}
		d := tens(in, 0).DType()
		if d.IsInt() {
			return rangeInts(e, d, tens(in, 0).Int64s()[0], tens(in, 1).Int64s()[0], tens(in, 2).Int64s()[0])
		}
		start, delta := tens(in, 0).Float64s()[0], tens(in, 2).Float64s()[0]
		n, err := rangeFloats(start, tens(in, 1).Float64s()[0], delta)
		if err != nil {
			return nil, err
		}
		if err := e.Take(tensor.F64, []int{n}); err != nil {
			return nil, err
		}
		v := make([]float64, n)
		for i := range v {
			if v[i] = start + float64(i)*delta; a.inFloat32(d) {
				v[i] = float64(float32(start) + float32(float32(i)*float32(delta)))
			}
		}
		return tensor.FromFloat64s(d, v, n), nil
	},
})

func rangeInts(e *ir.Env, d tensor.DType, start, limit, delta int64) (tensor.Value, error) {
	n, err := rangeCount(start, limit, delta)
	if err != nil {
		return nil, err
	}
	if err := e.Take(tensor.I64, []int{n}); err != nil {
		return nil, err
	}
	v := make([]int64, n)
	for i := range v {
		v[i] = start + int64(i)*delta
	}
	return tensor.FromInt64s(d, v, n), nil
}

// rangeCount returns the number of integers from start in steps of delta before limit.
func rangeCount(start, limit, delta int64) (int, error) {
	if delta == 0 {
		return 0, errDelta
	}
	if (delta > 0) != (limit > start) || limit == start {
		return 0, nil
	}
	span := new(big.Int).Sub(big.NewInt(limit), big.NewInt(start))
	n := span.Add(span, big.NewInt(delta))
	if delta > 0 {
		n.Sub(n, big.NewInt(1))
	} else {
		n.Add(n, big.NewInt(1))
	}
	if n.Quo(n, big.NewInt(delta)); !n.IsInt64() {
		return 0, fmt.Errorf("range from %d to %d is too long", start, limit)
	}
	return int(n.Int64()), nil
}

// rangeFloats is rangeCount for floats.
func rangeFloats(start, limit, delta float64) (int, error) {
	if delta == 0 {
		return 0, errDelta
	}
	n := math.Ceil((limit - start) / delta)
	if math.IsNaN(n) || n > 1<<53 {
		return 0, fmt.Errorf("range from %v to %v by %v has no length", start, limit, delta)
	}
	return int(max(n, 0)), nil
}

func inferRange(sc *ir.Scope, a RangeAttrs, in []ir.Known) (ir.Known, error) {
	d := in[0].Type.DType
	if err := a.check(d); err != nil {
		return ir.Known{}, err
	}
	for i, name := range []string{"start", "limit", "delta"} {
		if r := in[i].Rank(); r > 1 {
			return ir.Known{}, fmt.Errorf("%s is of rank %d, not a scalar", name, r)
		}
	}
	if !d.IsInt() {
		n := sc.Fresh()
		if a, b, c := in[0].Const, in[1].Const, in[2].Const; a != nil && b != nil && c != nil && a.Len() == 1 && b.Len() == 1 && c.Len() == 1 {
			count, err := rangeFloats(a.Float64s()[0], b.Float64s()[0], c.Float64s()[0])
			if err != nil {
				return ir.Known{}, err
			}
			n = sym.Const(count)
		}
		return of(ir.TensorOf(d, n)), nil
	}
	start, limit, delta := sizesOr(in[0], 1)[0], sizesOr(in[1], 1)[0], sizesOr(in[2], 1)[0]
	n, err := rangeSize(start, limit, delta)
	if err != nil {
		return ir.Known{}, err
	}
	if !n.Valid() {
		return of(ir.TensorOf(d, sc.Fresh())), nil
	}
	t := ir.TensorOf(d, n)
	count, ok := n.Int()
	if !ok || count > ir.MaxElems {
		return of(t), nil
	}
	entries := make([]sym.Dim, count)
	for i := range entries {
		entries[i] = sym.Add(start, sym.Mul(sym.Const(i), delta))
	}
	return holding(t, entries), nil
}

// rangeSize is rangeCount for sizes; not Valid where the sign of delta is not known.
func rangeSize(start, limit, delta sym.Dim) (sym.Dim, error) {
	a, ok1 := start.Int()
	b, ok2 := limit.Int()
	c, ok3 := delta.Int()
	switch {
	case ok1 && ok2 && ok3:
		n, err := rangeCount(int64(a), int64(b), int64(c))
		return sym.Const(n), err
	case ok3 && c == 0:
		return sym.Unknown(), errDelta
	case !ok3 && !atLeast(delta, 1) && !atMost(delta, -1):
		return sym.Unknown(), nil
	}
	return sym.Max(sym.CeilDiv(sym.Sub(limit, start), delta), sym.Const(0)), nil
}
