package op

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ReshapeAttrs says what an entry 0 means: the size of x at that place, or with AllowZero the size 0.
type ReshapeAttrs struct {
	AllowZero bool `ir:"allowzero"`
}

var (
	errTwoInferred  = errors.New("more than one size is -1")
	errZeroInferred = errors.New("sizes 0 and -1 do not go together where zeros are allowed")
)

// Reshape is the elements of x, in order, as a tensor of sizes shape; one size may be -1: whatever is left.
var Reshape = define(Def[ReshapeAttrs]{
	Name: "reshape", ONNX: "Reshape", Sig: "x T, shape i64 -> y T; T tensor",
	Props: ir.Pure,
	Infer: inferReshape,
	Eval: func(e *ir.Env, a ReshapeAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		dims, err := reshapeDims(a, x.Dims(), intsOf(tens(in, 1)))
		if err != nil {
			return nil, err
		}
		return reshaped(x, dims)
	},
})

func inferReshape(sc *ir.Scope, a ReshapeAttrs, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	want, ok, err := wanted(in[1], "shape")
	if err != nil || !ok {
		return of(ir.UnrankedOf(x.DType)), err
	}
	shape, err := reshapeSizes(sc, a, x, want)
	if err != nil {
		return ir.Known{}, err
	}
	return moved(in[0], shape), nil
}

// reshapeSizes returns the sizes of a tensor of type x reshaped to want.
func reshapeSizes(sc *ir.Scope, a ReshapeAttrs, x ir.Type, want []sym.Dim) (ir.Shape, error) {
	out := make(ir.Shape, len(want))
	open, zeros, minus := -1, 0, 0 // open is the place of the one size that is not given
	several := false
	kept := make([]bool, len(x.Shape))
	for i, d := range want {
		n, isConst := d.Int()
		switch {
		case isConst && n == 0 && !a.AllowZero:
			if x.Unranked {
				out[i] = sc.Fresh()
				several = true
				continue
			}
			if i >= len(x.Shape) {
				return nil, fmt.Errorf("entry %d of shape is 0, but x is of rank %d", i, len(x.Shape))
			}
			out[i], kept[i] = x.Shape[i], true
			continue
		case isConst && n < -1:
			return nil, fmt.Errorf("size %d", n)
		case isConst && n == -1:
			if minus++; minus > 1 {
				return nil, errTwoInferred
			}
		case isConst && n == 0:
			zeros++
		}
		if d.Valid() && !(isConst && n == -1) {
			if out[i] = d; !isConst && i < len(x.Shape) && d.Equal(x.Shape[i]) {
				kept[i] = true // whether it is 0 or not
				continue
			}
			if !a.AllowZero && !isConst {
				if err := neverKept(sc, x, i, d); err != nil {
					return nil, err
				}
			}
			continue
		}
		several = several || open >= 0
		open = i
	}
	if zeros > 0 && minus > 0 {
		return nil, errZeroInferred
	}
	if several || x.Unranked {
		for i, d := range want {
			if n, isConst := d.Int(); !d.Valid() || isConst && n == -1 {
				out[i] = sc.Fresh()
			}
		}
		return out, nil
	}
	return out, closeReshape(sc, x.Shape, kept, out, open)
}

// neverKept records that size d in place i is not 0, which would mean to keep the size of x there, unless that is 0 too.
func neverKept(sc *ir.Scope, x ir.Type, i int, d sym.Dim) error {
	least := sym.Const(1)
	if !x.Unranked && i < len(x.Shape) {
		least = sym.Min(least, x.Shape[i])
		// The coefficient of a product is its value where all symbols are 1.
		c, err := d.Eval(func(string) (int, bool) { return 1, true })
		if _, ok := sym.DivExact(sym.Mul(x.Shape[i], sym.Const(c)), d); ok && err == nil && c > 0 {
			return nil
		}
	}
	return sc.Assume(ir.Fact{Rel: ir.Le, A: least, B: d, What: "a size of 0 would keep that of the operand"})
}

// closeReshape sets the open size of out, if there is one, so that the numbers of elements agree; sizes that are kept cancel.
func closeReshape(sc *ir.Scope, x ir.Shape, kept []bool, out ir.Shape, open int) error {
	total, rest := sym.Const(1), sym.Const(1)
	for i, d := range x {
		if n, ok := d.Int(); ok && n == 0 && kept[i] && open < 0 {
			return nil // no elements on either side
		}
		if !kept[i] {
			total = sym.Mul(total, d)
		}
	}
	for i, d := range out {
		if i != open && (i >= len(kept) || !kept[i]) {
			rest = sym.Mul(rest, d)
		}
	}
	if !total.Valid() || !rest.Valid() {
		if open >= 0 {
			out[open] = sc.Fresh()
		}
		return nil
	}
	if open < 0 {
		_, err := sc.Same(total, rest, "numbers of elements")
		return err
	}
	if n, ok := rest.Int(); ok && n == 0 {
		if m, ok := total.Int(); ok && m == 0 {
			return errors.New("size -1 beside a size 0 could be anything")
		}
		out[open] = sc.Fresh()
		return nil
	}
	if q, ok := sym.DivExact(total, rest); ok {
		out[open] = q
		return nil
	}
	if err := sc.Assume(ir.Fact{Rel: ir.Divides, A: rest, B: total, What: "size -1"}); err != nil {
		return err
	}
	out[open] = sym.FloorDiv(total, rest)
	return nil
}

// reshapeDims returns the sizes that a tensor of sizes x takes when it is reshaped to want.
func reshapeDims(a ReshapeAttrs, x, want []int) ([]int, error) {
	out := make([]int, len(want))
	open, total, rest := -1, 1, 1
	zero := false
	left := append([]int(nil), x...)
	for i, n := range want {
		switch {
		case n == 0 && !a.AllowZero:
			if i >= len(x) {
				return nil, fmt.Errorf("entry %d of shape is 0, but x is of rank %d", i, len(x))
			}
			out[i], left[i] = x[i], 1
			continue
		case n == -1 && open >= 0:
			return nil, errTwoInferred
		case n == -1:
			open = i
			continue
		case n < 0:
			return nil, fmt.Errorf("size %d", n)
		}
		zero = zero || n == 0
		out[i] = n
		p, ok := tensor.Count([]int{rest, n})
		if !ok {
			return nil, fmt.Errorf("sizes %v are out of range", want)
		}
		rest = p
	}
	if open < 0 {
		return out, nil
	}
	if zero {
		return nil, errZeroInferred
	}
	for _, n := range left {
		total *= n
	}
	if rest == 0 || total%rest != 0 {
		return nil, fmt.Errorf("%d elements do not divide by %d, for shape %v", total, rest, want)
	}
	out[open] = total / rest
	return out, nil
}
