package op_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// operand is one that inference knows by sizes of N and M, and evaluation by numbers.
type operand struct {
	known ir.Known
	value func(n, m int) tensor.Value
}

func at(d sym.Dim, n, m int) int {
	v, err := d.Eval(sizesAt(n, m))
	if err != nil {
		panic(err)
	}
	return v
}

// sized is an operand of floats of the given sizes.
func sized(dims ...sym.Dim) operand {
	return operand{ir.Known{Type: ir.TensorOf(tensor.F32, dims...)}, func(n, m int) tensor.Value {
		out := make([]int, len(dims))
		for i, d := range dims {
			out[i] = at(d, n, m)
		}
		return tensor.New(tensor.F32, out...)
	}}
}

// list is an operand of integers that inference follows; scalar where there is one and rank is 0.
func list(rank int, entries ...sym.Dim) operand {
	t := ir.TensorOf(tensor.I64)
	if rank == 1 {
		t = ir.TensorOf(tensor.I64, sym.Const(len(entries)))
	}
	return operand{ir.Known{Type: t, Elems: entries}, func(n, m int) tensor.Value {
		v := make([]int64, len(entries))
		for i, d := range entries {
			v[i] = int64(at(d, n, m))
		}
		if rank == 0 {
			return tensor.Scalar(v[0])
		}
		return tensor.Of(v)
	}}
}

// drawSize returns a size that may be negative, near the ends of a small tensor, or beyond all.
func drawSize(r *rand.Rand) sym.Dim {
	n, m := sym.Sym("N"), sym.Sym("M")
	switch r.IntN(8) {
	case 0:
		return n
	case 1:
		return sym.Add(m, sym.Const(r.IntN(3)))
	case 2:
		return sym.Sub(n, sym.Const(1))
	case 3:
		return sym.Const([]int{math.MaxInt, -math.MaxInt, math.MaxInt32, math.MinInt32}[r.IntN(4)])
	}
	return sym.Const(r.IntN(11) - 5)
}

// drawNode returns an op with operands drawn at random.
func drawNode(r *rand.Rand) (*ir.Op, any, []operand) {
	n, m, c := sym.Sym("N"), sym.Sym("M"), sym.Const
	x := sized([]sym.Dim{n, m, c(4), sym.Add(n, c(2))}[r.IntN(4)], []sym.Dim{c(6), m, sym.Mul(n, c(2))}[r.IntN(3)])
	one := func(d sym.Dim) operand { return list(1, d) }
	switch r.IntN(9) {
	case 0, 1, 2:
		step := []int{1, 1, 2, 3, -1, -1, -2}[r.IntN(7)]
		return op.Slice.Op, nil, []operand{x, one(drawSize(r)), one(drawSize(r)), one(c(r.IntN(4) - 2)), one(c(step))}
	case 3:
		return op.Reshape.Op, nil, []operand{x, list(1, []sym.Dim{c(0), n, m, c(2), c(-1)}[r.IntN(5)], []sym.Dim{c(-1), m, c(3), sym.Mul(n, c(2))}[r.IntN(4)])}
	case 4:
		return op.Pad.Op, nil, []operand{x, list(1, c(r.IntN(5)-2), c(0), c(r.IntN(5)-2), n)}
	case 5:
		return op.Range.Op, nil, []operand{list(0, drawSize(r)), list(0, drawSize(r)), list(0, c(r.IntN(7)-3))}
	case 6:
		return op.Tile.Op, nil, []operand{x, list(1, m, c(r.IntN(3)))}
	case 7:
		return op.Expand.Op, nil, []operand{x, list(1, []sym.Dim{c(1), n, c(4)}[r.IntN(3)], []sym.Dim{c(1), m, c(6)}[r.IntN(3)])}
	}
	return op.Div.Op, nil, []operand{list(1, drawSize(r), sym.Mul(n, m)), list(1, []sym.Dim{c(2), n, c(3), c(-2)}[r.IntN(4)])}
}

// Whatever inference says of sizes and entries, evaluation finds for every N and M for which it succeeds and the recorded facts hold.
func TestInferredSizesAndEntriesHold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	checked := 0
	for range 4000 {
		o, attrs, operands := drawNode(r)
		if attrs == nil {
			attrs = o.Attrs
		}
		g := ir.NewGraph("g")
		b := ir.NewBuilder(g)
		known, vals := make([]ir.Known, len(operands)), make([]*ir.Value, len(operands))
		for i, x := range operands {
			if known[i] = x.known; x.known.Elems == nil {
				vals[i] = g.Input("", x.known.Type)
			} else {
				vals[i] = op.Sizes.New(b, op.SizesOf(x.known.Type, x.known.Elems))
			}
		}
		node := b.Add(o, attrs, nil, 1, vals...)
		inferErr := b.Err()
		for k := range 25 {
			n, m := k%5, k/5
			in := make([]tensor.Value, len(operands))
			for i, x := range operands {
				in[i] = x.value(n, m)
			}
			if tooLong(o, in) {
				continue
			}
			got, err := run(o, attrs, in...)
			if err != nil {
				continue
			}
			if !factsHold(g.Assumes, n, m) {
				continue
			}
			if inferErr != nil && got[0].(*tensor.Tensor).Len() == 0 {
				continue // valid for nothing but empty tensors
			}
			if inferErr != nil {
				t.Fatalf("%s of %v at N=%d M=%d is %s, but inference says: %v", o.Name, describe(known), n, m, show(got[0]), inferErr)
			}
			checked++
			if fault := disagrees(node.Out[0].Known(), got[0].(*tensor.Tensor), n, m); fault != "" {
				t.Fatalf("%s of %v at N=%d M=%d is %s, but inferred as %s", o.Name, describe(known), n, m, show(got[0]), fault)
			}
		}
	}
	if checked < 20000 {
		t.Errorf("only %d evaluations succeeded", checked)
	}
}

// factsHold reports whether the recorded relations hold; one with fresh sizes does. Of two sizes that broadcast the larger one is
// inferred, which 0 and 1 belie.
func factsHold(facts []ir.Fact, n, m int) bool {
	env := sizesAt(n, m)
	for _, f := range facts {
		a, err := f.A.Eval(env)
		b, err2 := f.B.Eval(env)
		if err == nil && err2 == nil && (!f.Rel.Holds(a, b) || f.Rel == ir.Broadcast && a+b == 1) {
			return false
		}
	}
	return true
}

func sizesAt(n, m int) func(string) (int, bool) {
	return func(name string) (int, bool) { v, ok := map[string]int{"N": n, "M": m}[name]; return v, ok }
}

// tooLong reports whether evaluation would make a range of absurd length.
func tooLong(o *ir.Op, in []tensor.Value) bool {
	if o != op.Range.Op {
		return false
	}
	for _, v := range in {
		if x := v.(*tensor.Tensor).Int64s()[0]; x > 100 || x < -100 {
			return true
		}
	}
	return false
}

func describe(known []ir.Known) (out []string) {
	for _, k := range known {
		s := k.Type.String()
		if k.Elems != nil {
			s += "=" + ir.Shape(k.Elems).String()
		}
		out = append(out, s)
	}
	return out
}

// disagrees describes k where it says something else than x; fresh sizes say nothing.
func disagrees(k ir.Known, x *tensor.Tensor, n, m int) string {
	if k.Type.Unranked {
		return ""
	}
	env := sizesAt(n, m)
	text := fmt.Sprint(k.Type, "=", ir.Shape(k.Elems))
	if len(k.Type.Shape) != x.Rank() {
		return text
	}
	for i, d := range k.Type.Shape {
		if v, err := d.Eval(env); err == nil && v != x.Dims()[i] {
			return text
		}
	}
	if k.Elems == nil {
		return ""
	}
	if len(k.Elems) != x.Len() {
		return text
	}
	for i, d := range k.Elems {
		if !d.Valid() {
			continue
		}
		if v, err := d.Eval(env); err == nil && int64(v) != x.Int64At(i) {
			return text
		}
	}
	return ""
}
