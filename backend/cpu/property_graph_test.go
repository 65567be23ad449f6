package cpu_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes"
	"github.com/cameo-onnx/cameo/runtime"
)

// A grower builds a random graph over values of sizes [N,6] and what broadcasts to them.
type grower struct {
	r *rand.Rand
	g *ir.Graph
	b *ir.Builder
	v []*ir.Value
}

func (w *grower) any() *ir.Value { return w.v[w.r.IntN(len(w.v))] }

func (w *grower) floats(dims ...int) *ir.Value {
	t := tensor.New(tensor.F32, dims...)
	for i := range t.Len() {
		t.SetFloat64At(i, w.r.Float64()*2-1)
	}
	return w.g.Const("", t)
}

func (w *grower) ints(x ...int64) *ir.Value { return w.g.Const("", tensor.Of(x)) }

// steps are what a graph may grow by; each result is of sizes [N,6].
var steps = []func(*grower) *ir.Value{
	func(w *grower) *ir.Value { return op.Add.New(w.b, op.None{}, w.any(), w.any()) },
	func(w *grower) *ir.Value { return op.Mul.New(w.b, op.None{}, w.any(), w.floats(6)) },
	func(w *grower) *ir.Value { return op.Sub.New(w.b, op.None{}, w.floats(), w.any()) },
	func(w *grower) *ir.Value { return op.Tanh.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Relu.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Identity.New(w.b, op.None{}, w.any()) },
	func(w *grower) *ir.Value { return op.Hardmax.New(w.b, op.Hardmax.Default(), w.any()) },
	func(w *grower) *ir.Value { return op.Softmax.New(w.b, op.Softmax.Default(), w.any()) },
	func(w *grower) *ir.Value {
		return op.Gemm.New(w.b, op.Gemm.Default(), w.any(), w.floats(6, 6), w.floats(6))
	},
	func(w *grower) *ir.Value {
		return op.Add.New(w.b, op.None{}, op.MatMul.New(w.b, op.None{}, w.any(), w.floats(6, 6)), w.any())
	},
	func(w *grower) *ir.Value {
		p := op.Split.NewN(w.b, op.SplitAttrs{Axis: 1}, 2, w.any())
		return op.Concat.New(w.b, op.ConcatAttrs{Axis: -1}, p[1], p[0])
	},
	func(w *grower) *ir.Value {
		return op.Slice.New(w.b, op.None{}, w.any(), w.ints(-1), w.ints(math.MinInt64), w.ints(1), w.ints(-1))
	},
	func(w *grower) *ir.Value {
		x := op.Reshape.New(w.b, op.Reshape.Default(), w.any(), w.ints(-1, 2, 3))
		return op.Reshape.New(w.b, op.Reshape.Default(), op.Abs.New(w.b, op.None{}, x), w.ints(-1, 6))
	},
	func(w *grower) *ir.Value {
		x := op.Reshape.New(w.b, op.Reshape.Default(), w.any(), w.ints(-1, 1, 2, 3))
		a := op.ConvAttrs{AutoPad: "NOTSET", Group: 1, Pads: []int{1, 1, 1, 1}}
		y := op.Relu.New(w.b, op.None{}, op.Conv.New(w.b, a, x, w.floats(4, 1, 3, 3), w.floats(4)))
		y = op.Conv.New(w.b, a, op.Add.New(w.b, op.None{}, y, x), w.floats(1, 4, 3, 3))
		return op.Reshape.New(w.b, op.Reshape.Default(), op.Add.New(w.b, op.None{}, y, x), w.ints(-1, 6))
	},
	func(w *grower) *ir.Value { return w.loop() },
}

// loop adds a loop of three trips whose body captures a value.
func (w *grower) loop() *ir.Value {
	x, c := w.any(), w.any()
	body := w.g.NewBody("body")
	body.Input("trip", ir.TensorOf(tensor.I64))
	cond := body.Input("cond", ir.TensorOf(tensor.Bool))
	v, k := body.Input("v", x.Type), body.Input("k", c.Type)
	b := ir.NewBuilder(body)
	next := op.Add.New(b, op.None{}, op.Tanh.New(b, op.None{}, v), k)
	body.Output("cond", cond)
	body.Output("next", next)
	n := w.b.Add(op.Loop.Op, op.LoopAttrs{Carried: 1}, []*ir.Graph{body}, 1, w.g.Const("", tensor.Scalar(int64(3))), nil, x, c)
	if n == nil {
		return nil
	}
	return n.Out[0]
}

// sprout returns a random graph, the same for the same seed: with values used twice, outputs that are inputs, constants or each
// other, and an input that nobody uses.
func sprout(seed uint64) *ir.Graph {
	g := ir.NewGraph("g")
	w := &grower{r: rand.New(rand.NewPCG(seed, 5)), g: g}
	n, six := sym.Sym("N"), sym.Const(6)
	w.v = []*ir.Value{g.Input("x", ir.TensorOf(tensor.F32, n, six)), g.Input("y", ir.TensorOf(tensor.F32, n, six))}
	g.Input("unused", ir.TensorOf(tensor.F32, n))
	for range 40 {
		if len(w.v) == 10 {
			break
		}
		w.b = ir.NewBuilder(g)
		v := steps[w.r.IntN(len(steps))](w)
		if v != nil && w.b.Err() == nil && v.Type.Shape.Equal(w.v[0].Type.Shape) {
			w.v = append(w.v, v)
		}
	}
	last := w.v[len(w.v)-1]
	for i, v := range []*ir.Value{last, w.any(), last, w.v[0], w.floats(2)} {
		g.Output(fmt.Sprint("o", i), v)
	}
	g.Sweep()
	return g
}

func feed(seed uint64, n int) map[string]tensor.Value {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	in := map[string]tensor.Value{"unused": tensor.New(tensor.F32, n)}
	for _, name := range []string{"x", "y"} {
		t := tensor.New(tensor.F32, n, 6)
		for i := range t.Len() {
			t.SetFloat64At(i, r.Float64()*2-1)
		}
		in[name] = t
	}
	return in
}

// TestRandomGraphsOnOneModel runs random graphs with sizes that grow and shrink, alone and from eight goroutines, on one thread
// and on all: results are those of the reference, and the same bits everywhere.
func TestRandomGraphsOnOneModel(t *testing.T) {
	graphs := 60
	if testing.Short() {
		graphs = 8
	}
	for seed := range uint64(graphs) {
		if err := oneModel(*baseSeed + seed); err != nil {
			t.Fatalf("seed %d: %v\n%s", *baseSeed+seed, err, sprout(*baseSeed+seed))
		}
	}
}

func oneModel(seed uint64) error {
	var models []*runtime.Model
	for _, o := range []runtime.Options{{}, {Threads: 1}, {Passes: passes.Options{Off: []string{"all"}}}} {
		o.Backend, o.MaxSessions, o.Passes.Verify = cpu.Backend{}, 2, true
		m, err := runtime.Compile(sprout(seed), o)
		if err != nil {
			return err
		}
		models = append(models, m)
	}
	alone := map[int]map[string]tensor.Value{}
	sizes := []int{3, 17, 1, 0, 40, 2}
	for _, n := range sizes {
		in := feed(seed, n)
		g := sprout(seed)
		want, err := g.Eval(&ir.Env{}, []tensor.Value{in["x"], in["y"], in["unused"]})
		if err != nil {
			return err
		}
		for k, m := range models {
			got, err := m.Run(context.Background(), in)
			if err != nil {
				return fmt.Errorf("N = %d, model %d: %w", n, k, err)
			}
			for i := range want {
				x, y := got[fmt.Sprint("o", i)].(*tensor.Tensor), want[i].(*tensor.Tensor)
				if !slices.Equal(x.Dims(), y.Dims()) {
					return fmt.Errorf("N = %d, model %d: output %d is of sizes %v, not %v", n, k, i, x.Dims(), y.Dims())
				}
				for j := range x.Len() {
					if a, b := x.Float64At(j), y.Float64At(j); !(math.Abs(a-b) <= 1e-4*(1+math.Abs(b))) && !isChoice(g) {
						return fmt.Errorf("N = %d, model %d: output %d: element %d is %v, not %v", n, k, i, j, a, b)
					}
				}
			}
			switch {
			case k == 0:
				alone[n] = got
			case k == 1 && !same(got, alone[n]):
				return fmt.Errorf("N = %d: one thread gives other bits than all", n)
			}
		}
	}
	return crowd(models[0], seed, sizes, alone)
}

// isChoice reports whether g holds an op that a rounding error can send elsewhere.
func isChoice(g *ir.Graph) bool {
	return slices.ContainsFunc(g.Nodes, func(n *ir.Node) bool { return n.Op == op.Hardmax.Op })
}

func same(a, b map[string]tensor.Value) bool {
	for name := range a {
		if !tensor.Equal(a[name], b[name]) {
			return false
		}
	}
	return len(a) == len(b)
}

// crowd runs m from eight goroutines at once and compares with what it gave alone.
func crowd(m *runtime.Model, seed uint64, sizes []int, alone map[int]map[string]tensor.Value) error {
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for k := range sizes {
				n := sizes[(i+k)%len(sizes)]
				got, err := m.Run(context.Background(), feed(seed, n))
				if err == nil && !same(got, alone[n]) {
					err = fmt.Errorf("N = %d: other bits in a crowd than alone", n)
				}
				if err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
