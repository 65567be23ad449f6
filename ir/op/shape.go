package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// of returns what is known of a result of which only the type is.
func of(t ir.Type) ir.Known { return ir.Known{Type: t} }

// sameAsInput infers the type of the first operand.
func sameAsInput[A any](_ *ir.Scope, _ A, in []ir.Known) (ir.Known, error) {
	t := in[0].Type
	t.Layout = ir.RowMajor
	return of(t), nil
}

// broadcastDim returns the size that a and b broadcast to.
func broadcastDim(sc *ir.Scope, a, b sym.Dim) (sym.Dim, error) {
	if a.Equal(b) {
		return a, nil
	}
	if n, ok := a.Int(); ok && n == 1 {
		return b, nil
	}
	if n, ok := b.Int(); ok && n == 1 {
		return a, nil
	}
	for _, p := range [][2]sym.Dim{{a, b}, {b, a}} {
		if d, ok, err := bounded(sc, p[0], p[1]); ok {
			return d, err
		}
	}
	if err := sc.Assume(ir.Fact{Rel: ir.Broadcast, A: a, B: b}); err != nil {
		return a, err
	}
	if n, ok := a.Int(); ok && n != 1 {
		return a, nil
	}
	if n, ok := b.Int(); ok && n != 1 {
		return b, nil
	}
	// Of two sizes that broadcast, the result is the larger, except that 0 wins over 1.
	one, larger := sym.Const(1), sym.Max(a, b)
	if sym.GE(a, one, nil) && sym.GE(b, one, nil) {
		return larger, nil
	}
	if exact := sym.Mul(larger, sym.Min(one, sym.Min(a, b))); exact.Valid() && len(exact.String()) <= maxBroadcastText {
		return exact, nil
	}
	// That grows with every further operand: beyond a bound, 0 against 1 is refused instead when sizes are bound.
	if product := sym.Mul(a, b); larger.Valid() && product.Valid() {
		return larger, sc.Assume(ir.Fact{Rel: ir.Le, A: larger, B: product, What: "sizes that broadcast, one of them 0"})
	}
	return sc.Fresh(), nil
}

// bounded returns the size that a broadcasts to with itself under a bound: min(a,c), which wants a ≤ c where c is above 1, or max(a,1).
func bounded(sc *ir.Scope, a, b sym.Dim) (sym.Dim, bool, error) {
	_, aConst := a.Int()
	if _, bConst := b.Int(); aConst || bConst || !a.Valid() || !b.Valid() {
		return a, false, nil
	}
	one := sym.Const(1)
	if b.Equal(sym.Max(a, one)) || b.Equal(sym.Add(sym.Max(sym.Sub(a, one), sym.Const(0)), one)) { // a slice from 1 on, padded by 1
		return a, true, nil
	}
	// A minimum with a constant is that constant where all symbols are large.
	c, err := b.Eval(func(string) (int, bool) { return 1 << 30, true })
	if err != nil || c < 1 || !b.Equal(sym.Min(a, sym.Const(c))) {
		return a, false, nil
	}
	if c == 1 {
		return a, true, nil
	}
	return a, true, sc.Assume(ir.Fact{Rel: ir.Le, A: a, B: sym.Const(c), What: "sizes that broadcast, one of them bounded"})
}

// maxBroadcastText bounds the text of a size that two others broadcast to.
const maxBroadcastText = 64

// broadcast returns the shape that several broadcast to.
func broadcast(sc *ir.Scope, shapes ...ir.Shape) (ir.Shape, error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make(ir.Shape, rank)
	for i := range out {
		out[i] = sym.Const(1)
		for _, s := range shapes {
			j := i - (rank - len(s))
			if j < 0 {
				continue
			}
			d, err := broadcastDim(sc, out[i], s[j])
			if err != nil {
				return nil, err
			}
			out[i] = d
		}
	}
	return out, nil
}

// broadcastType infers a result of element type d with the broadcast shape of the operands that are present.
func broadcastType(sc *ir.Scope, d tensor.DType, in ...ir.Known) (ir.Type, error) {
	var shapes []ir.Shape
	for _, k := range in {
		if !k.Present() {
			continue
		}
		if k.Type.Unranked {
			return ir.UnrankedOf(d), nil
		}
		shapes = append(shapes, k.Type.Shape)
	}
	s, err := broadcast(sc, shapes...)
	return ir.TensorOf(d, s...), err
}

// normAxis returns axis counted from the front, for a tensor of the given rank.
func normAxis(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d is out of range for rank %d", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis, nil
}

// normAxes is normAxis for several axes, which must differ; it returns one flag per axis of the tensor.
func normAxes(axes []int, rank int) ([]bool, error) {
	on := make([]bool, rank)
	for _, a := range axes {
		n, err := normAxis(a, rank)
		if err != nil {
			return nil, err
		}
		if on[n] {
			return nil, fmt.Errorf("axis %d is given twice", a)
		}
		on[n] = true
	}
	return on, nil
}
