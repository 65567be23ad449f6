package passes

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A grower builds a random graph of smooth ops: nothing that a rounding error could send elsewhere.
type grower struct {
	r *rand.Rand
	g *ir.Graph
	b *ir.Builder
	v []*ir.Value // f32
	i []*ir.Value // i64, of rank 0 or 1: arithmetic on shapes
}

func (w *grower) size() *ir.Value { return w.i[w.r.IntN(len(w.i))] }

// small returns a constant of one of a few integers.
func (w *grower) small() *ir.Value { return w.g.Const("", tensor.Scalar(int64(w.r.IntN(5)-1))) }

func (w *grower) any() *ir.Value { return w.v[w.r.IntN(len(w.v))] }

func (w *grower) ints(x ...int64) *ir.Value { return w.g.Const("", tensor.Of(x)) }

// floats returns a constant of sizes dims: random numbers, or one number that rules look for.
func (w *grower) floats(dims ...int) *ir.Value {
	t := random(fmt.Sprint("c", w.g.NumValues()), tensor.F32, dims)
	if k := []float64{0, 1, 2, math.Copysign(0, -1)}; w.r.IntN(2) == 0 {
		for i, x := 0, k[w.r.IntN(len(k))]; i < t.Len(); i++ {
			t.SetFloat64At(i, x)
		}
	}
	return w.g.Const("", t)
}

func (w *grower) perm(n int) []int { return w.r.Perm(n) }

// grow is what may be added; a nil result, or an error of the builder, adds nothing.
var grow = []func(*grower) *ir.Value{
	func(w *grower) *ir.Value { return op.Relu.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Neg.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Abs.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Tanh.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Sigmoid.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Identity.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Add.New(w.b, op.None{}, w.any(), w.any()) },
	func(w *grower) *ir.Value { return op.Mul.New(w.b, op.None{}, w.any(), w.any()) },
	func(w *grower) *ir.Value { return op.Sub.New(w.b, op.None{}, w.any(), w.any()) },
	func(w *grower) *ir.Value { return op.Max.New(w.b, op.None{}, w.any(), w.any()) },
	func(w *grower) *ir.Value { return op.Add.New(w.b, op.None{}, w.floats(), w.any()) },
	func(w *grower) *ir.Value { return op.Mul.New(w.b, op.None{}, w.any(), w.floats(1, 1)) },
	func(w *grower) *ir.Value { return op.Sub.New(w.b, op.None{}, w.any(), w.floats()) },
	func(w *grower) *ir.Value {
		return op.Pow.New(w.b, op.None{}, w.any(), w.g.Const("", tensor.Scalar(float32(2))))
	},
	func(w *grower) *ir.Value { return op.Clip.New(w.b, op.None{}, w.any(), w.floats(), w.floats()) },
	func(w *grower) *ir.Value {
		c := op.ConvAttrs{AutoPad: "NOTSET", Group: 1}
		if w.r.IntN(2) == 0 {
			c.Pads = []int{1, 1, 1, 1}
		}
		return op.Conv.New(w.b, c, w.any(), w.floats(3, 3, 2, 2), w.floats(3))
	},
	func(w *grower) *ir.Value { return op.Mul.New(w.b, op.None{}, w.any(), w.floats(3, 1, 1)) },
	func(w *grower) *ir.Value { return op.Add.New(w.b, op.None{}, w.any(), w.floats(3, 1, 1)) },
	func(w *grower) *ir.Value {
		v := random("variance", tensor.F32, []int{3})
		return op.BatchNormalization.New(w.b, op.BatchNormalization.Default(), w.any(), w.floats(3), w.floats(3), w.floats(3), w.g.Const("", v))
	},
	func(w *grower) *ir.Value { return op.MatMul.New(w.b, op.MatMul.Default(), w.any(), w.floats(4, 4)) },
	func(w *grower) *ir.Value { return op.Add.New(w.b, op.None{}, w.any(), w.floats(4)) },
	func(w *grower) *ir.Value {
		return op.Gemm.New(w.b, op.GemmAttrs{Alpha: 0.5, Beta: 2, TransB: true}, w.any(), w.floats(4, 4))
	},
	func(w *grower) *ir.Value {
		v := w.any()
		return op.Transpose.New(w.b, op.TransposeAttrs{Perm: w.perm(len(v.Type.Shape))}, v)
	},
	func(w *grower) *ir.Value {
		v := w.any()
		return op.Unsqueeze.New(w.b, op.None{}, v, w.ints(int64(w.r.IntN(len(v.Type.Shape)+1))))
	},
	func(w *grower) *ir.Value {
		v := w.any()
		for i, d := range v.Type.Shape {
			if n, ok := d.Int(); ok && n == 1 {
				return op.Squeeze.New(w.b, op.None{}, v, w.ints(int64(i)))
			}
		}
		return nil
	},
	func(w *grower) *ir.Value { return op.Flatten.New(w.b, op.Flatten.Default(), w.any()) },
	func(w *grower) *ir.Value { return op.Reshape.New(w.b, op.Reshape.Default(), w.any(), w.ints(0, -1)) },
	func(w *grower) *ir.Value {
		v := w.any()
		return op.Reshape.New(w.b, op.Reshape.Default(), w.any(), op.Shape.New(w.b, op.Shape.Default(), v))
	},
	func(w *grower) *ir.Value { return op.Reshape.New(w.b, op.Reshape.Default(), w.any(), w.ints(-1, 4)) },
	func(w *grower) *ir.Value {
		return op.Expand.New(w.b, op.None{}, w.any(), op.Shape.New(w.b, op.Shape.Default(), w.any()))
	},
	func(w *grower) *ir.Value {
		return op.Slice.New(w.b, op.None{}, w.any(), w.ints(int64(w.r.IntN(2))), w.ints(1<<40), w.ints(-1))
	},
	func(w *grower) *ir.Value {
		a := op.Concat.Default()
		a.Axis = w.r.IntN(2)
		return op.Concat.New(w.b, a, w.any(), w.any())
	},
	func(w *grower) *ir.Value {
		s := op.SplitAttrs{Axis: -1}
		p := op.Split.NewN(w.b, s, 2, w.any())
		w.v = append(w.v, p[0])
		return op.Concat.New(w.b, op.ConcatAttrs{Axis: -1}, p...)
	},
	func(w *grower) *ir.Value {
		return op.ReduceMean.New(w.b, op.ReduceMean.Default(), w.any(), w.ints(2, 3))
	},
	func(w *grower) *ir.Value { return op.Softmax.New(w.b, op.Softmax.Default(), w.any()) },
	func(w *grower) *ir.Value {
		return op.Where.New(w.b, op.None{}, w.g.Const("", tensor.Scalar(w.r.IntN(2) == 0)), w.any(), w.any())
	},
	func(w *grower) *ir.Value {
		d := []tensor.DType{tensor.F64, tensor.F32}[w.r.IntN(2)]
		c := op.Cast.Default()
		c.To = d
		wide := op.Cast.New(w.b, c, w.any())
		c.To = tensor.F32
		return op.Cast.New(w.b, c, wide)
	},
	func(w *grower) *ir.Value {
		p := op.Pad.New(w.b, op.Pad.Default(), w.any(), w.ints(0, 0, 1, 0, 0, 0, 0, 1))
		return op.Conv.New(w.b, op.ConvAttrs{AutoPad: "NOTSET", Group: 1}, p, w.floats(3, 3, 2, 2))
	},
}

// count is what may be added to the arithmetic on shapes.
var count = []func(*grower) *ir.Value{
	func(w *grower) *ir.Value { return op.Shape.New(w.b, op.Shape.Default(), w.any()) },
	func(w *grower) *ir.Value { return op.Size.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Gather.New(w.b, op.Gather.Default(), w.size(), w.small()) },
	func(w *grower) *ir.Value { return op.Add.New(w.b, op.None{}, w.size(), w.size()) },
	func(w *grower) *ir.Value { return op.Sub.New(w.b, op.None{}, w.size(), w.small()) },
	func(w *grower) *ir.Value { return op.Mul.New(w.b, op.None{}, w.size(), w.small()) },
	func(w *grower) *ir.Value {
		return op.Div.New(w.b, op.None{}, w.size(), w.g.Const("", tensor.Scalar(int64(2))))
	},
	func(w *grower) *ir.Value {
		return op.Mod.New(w.b, op.Mod.Default(), w.size(), w.g.Const("", tensor.Scalar(int64(3))))
	},
	func(w *grower) *ir.Value { return op.Min.New(w.b, op.None{}, w.size(), w.size()) },
	func(w *grower) *ir.Value { return op.Max.New(w.b, op.None{}, w.size(), w.size()) },
	func(w *grower) *ir.Value { return op.Neg.New(w.b, op.None{}, w.size()) },
	func(w *grower) *ir.Value { return op.Concat.New(w.b, op.ConcatAttrs{}, w.size(), w.size()) },
	func(w *grower) *ir.Value { return op.Unsqueeze.New(w.b, op.None{}, w.size(), w.ints(0)) },
	func(w *grower) *ir.Value { return op.Slice.New(w.b, op.None{}, w.size(), w.ints(1), w.ints(1<<40)) },
	func(w *grower) *ir.Value {
		return op.Slice.New(w.b, op.None{}, w.size(), w.ints(-1), w.ints(-1<<40), w.ints(0), w.ints(-1))
	},
	func(w *grower) *ir.Value {
		return op.Where.New(w.b, op.None{}, op.Equal.New(w.b, op.None{}, w.size(), w.size()), w.size(), w.size())
	},
	func(w *grower) *ir.Value {
		return op.Where.New(w.b, op.None{}, op.Less.New(w.b, op.None{}, w.size(), w.size()), w.size(), w.size())
	},
	func(w *grower) *ir.Value { return op.ReduceProd.New(w.b, op.ReduceAttrs{}, w.size()) },
	func(w *grower) *ir.Value {
		c := op.Cast.Default()
		c.To = []tensor.DType{tensor.I32, tensor.F32, tensor.Bool}[w.r.IntN(3)]
		v := op.Cast.New(w.b, c, w.size())
		c.To = tensor.I64
		return op.Cast.New(w.b, c, v)
	},
	func(w *grower) *ir.Value { return op.Expand.New(w.b, op.None{}, w.size(), w.ints(2)) },
	func(w *grower) *ir.Value { return op.Tile.New(w.b, op.None{}, w.size(), w.ints(2)) },
}

// sprout returns a random graph of some nodes over three inputs.
func sprout(seed uint64) *ir.Graph {
	g := ir.NewGraph("g")
	n, m := sym.Sym("N"), sym.Sym("M")
	w := &grower{r: rand.New(rand.NewPCG(seed, 2)), g: g}
	w.v = []*ir.Value{
		g.Input("x", ir.TensorOf(tensor.F32, n, sym.Const(3), sym.Const(4), m)),
		g.Input("y", ir.TensorOf(tensor.F32, n, sym.Const(4))),
		g.Input("z", ir.TensorOf(tensor.F32, sym.Const(1), sym.Const(4), sym.Const(4))),
	}
	w.i = []*ir.Value{w.small()}
	for range 150 {
		if len(w.v) > 25 {
			break
		}
		w.b = ir.NewBuilder(g)
		if v := count[w.r.IntN(len(count))](w); v != nil && w.b.Err() == nil && len(g.Assumes) == 0 && v.Type.Rank() <= 1 && w.r.IntN(4) == 0 {
			w.i = append(w.i, v)
		}
		g.Assumes = nil
		w.b = ir.NewBuilder(g)
		if v := grow[w.r.IntN(len(grow))](w); v != nil && w.b.Err() == nil && len(g.Assumes) == 0 && v.Type.Rank() <= 5 {
			w.v = append(w.v, v)
		}
		g.Assumes = nil
	}
	for i, v := range w.v[max(3, len(w.v)-3):] {
		g.Output(fmt.Sprint("o", i), v)
	}
	for i, v := range w.i[max(0, len(w.i)-3):] {
		g.Output(fmt.Sprint("i", i), v)
	}
	g.Sweep()
	return g
}

// again returns a copy of g.
func again(g *ir.Graph) (*ir.Graph, error) {
	consts := map[string]*tensor.Tensor{}
	for _, v := range g.Consts() {
		consts[v.Name] = v.Data
	}
	return ir.Parse(g.String(), op.Lookup, func(name string, _ ir.Type) (*tensor.Tensor, error) { return consts[name], nil })
}

// sameWith runs the pipeline on a copy of g, with sizes from first on, and compares results to a part in ten thousand of the
// largest number that arises.
func sameWith(g *ir.Graph, t Target, first int) error {
	in, err := inputs(g, first)
	if err != nil {
		return err
	}
	top := 1.0
	before := &ir.Env{Watch: func(_ *ir.Value, x tensor.Value) {
		if x, ok := x.(*tensor.Tensor); ok && x.DType().IsFloat() && x.Len() < 1<<16 {
			for _, f := range x.Float64s() {
				top = max(top, math.Abs(f))
			}
		}
	}}
	want, err := g.Eval(before, in)
	if err != nil {
		return nil // sizes that do not fit: another random graph
	}
	h, err := again(g)
	if err != nil {
		return err
	}
	text := ""
	see := func(pass, rule string, n *ir.Node, err error) {
		if err != nil {
			text += fmt.Sprintf("rule %s at %s: %v\n", rule, n, err)
		}
	}
	if err := Run(h, t, Options{Verify: true, Fired: see}); err != nil || text != "" {
		return fmt.Errorf("%w%s", err, text)
	}
	got, err := h.Eval(&ir.Env{}, in)
	if err != nil {
		return fmt.Errorf("after: %w\n%s", err, h)
	}
	for i := range want {
		x, y := want[i].(*tensor.Tensor), got[i].(*tensor.Tensor)
		if !slices.Equal(x.Dims(), y.Dims()) {
			return fmt.Errorf("output %d: sizes %v, not %v\n%s", i, y.Dims(), x.Dims(), h)
		}
		if x.DType().IsInt() {
			if !tensor.Equal(x, y) {
				return fmt.Errorf("output %d is %v, not %v\n%s", i, y, x, h)
			}
			continue
		}
		for k, a := range x.Float64s() {
			if b := y.Float64At(k); a != b && !(math.Abs(a-b) <= 1e-4*top) && !(math.IsNaN(a) && math.IsNaN(b)) && !math.IsInf(top, 0) && top < 1e30 {
				return fmt.Errorf("output %d: element %d is %v, not %v\n%s", i, k, b, a, h)
			}
		}
	}
	return nil
}

func TestRandomGraphsMeanTheSameAfterwards(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 300
	}
	for seed := range uint64(n) {
		g := sprout(seed)
		for _, target := range []Target{every{}, images{}} {
			if err := sameWith(g, target, int(seed%4)); err != nil {
				t.Fatalf("seed %d, %T: %v\nbefore:\n%s", seed, target, err, g)
			}
		}
	}
}

func FuzzPasses(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := sprout(seed)
		for _, target := range []Target{every{}, images{}} {
			if err := sameWith(g, target, int(seed%4)); err != nil {
				t.Fatalf("%T: %v\nbefore:\n%s", target, err, g)
			}
		}
	})
}
