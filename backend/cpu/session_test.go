package cpu_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes"
	"github.com/cameo-onnx/cameo/runtime"
)

// plain is how most tests here compile: without passes, so that each node is a step.
func plain(t testing.TB, g *ir.Graph, o runtime.Options) *runtime.Model {
	t.Helper()
	o.Backend = cpu.Backend{}
	o.Passes = passes.Options{Off: []string{"all"}}
	m, err := runtime.Compile(g, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// loopOf returns a graph of a loop of n trips, given at run time, over one carried tensor of k float32; build makes the next
// carried value, and one to be stacked or nil.
func loopOf(k int, build func(b *ir.Builder, g *ir.Graph, trip, x *ir.Value) (next, stacked *ir.Value)) *ir.Graph {
	g := ir.NewGraph("g")
	n, x := g.Input("n", ir.TensorOf(tensor.I64)), g.Input("x", ir.TensorOf(tensor.F32, sym.Const(k)))
	body := g.NewBody("body")
	trip, cond := body.Input("trip", ir.TensorOf(tensor.I64)), body.Input("cond", ir.TensorOf(tensor.Bool))
	v := body.Input("v", ir.TensorOf(tensor.F32, sym.Const(k)))
	next, stacked := build(ir.NewBuilder(body), body, trip, v)
	body.Output("cond", cond)
	body.Output("next", next)
	outs := 1
	if stacked != nil {
		body.Output("stacked", stacked)
		outs = 2
	}
	b := ir.NewBuilder(g)
	node := b.Add(op.Loop.Op, op.LoopAttrs{Carried: 1}, []*ir.Graph{body}, outs, n, nil, x)
	if node == nil {
		panic(b.Err())
	}
	for i, v := range node.Out {
		g.Output(fmt.Sprint("y", i), v)
	}
	return g
}

func loopInputs(n int64, k int) map[string]tensor.Value {
	return map[string]tensor.Value{"n": tensor.Scalar(n), "x": tensor.New(tensor.F32, k)}
}

// evaluated returns hardmax(x), which has no row of the kernel table: its evaluation takes from the budget each time.
func evaluated(b *ir.Builder, x *ir.Value) *ir.Value {
	return op.Hardmax.New(b, op.Hardmax.Default(), x)
}

func TestLongLoopNeedsTheMemoryOfOneTrip(t *testing.T) {
	g := loopOf(1000, func(b *ir.Builder, g *ir.Graph, _, x *ir.Value) (*ir.Value, *ir.Value) {
		return op.Add.New(b, op.None{}, evaluated(b, x), g.Const("", tensor.Scalar(float32(1)))), nil
	})
	m := plain(t, g, runtime.Options{Memory: 100_000})
	for range 2 {
		if _, err := m.Run(context.Background(), loopInputs(500, 1000)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoopThatKeepsItsResultsRunsOutOfMemory(t *testing.T) {
	g := loopOf(1000, func(b *ir.Builder, g *ir.Graph, _, x *ir.Value) (*ir.Value, *ir.Value) {
		return x, op.Neg.New(b, op.None{}, x)
	})
	m := plain(t, g, runtime.Options{Memory: 1 << 20, Trips: 1 << 40})
	if _, err := m.Run(context.Background(), loopInputs(1<<40, 1000)); !errors.Is(err, backend.ErrBudget) {
		t.Fatalf("error %v", err)
	}
	if _, err := m.Run(context.Background(), loopInputs(3, 1000)); err != nil {
		t.Fatalf("the session cannot be used again: %v", err)
	}
}

func TestLoopsDrawAnewInEachTrip(t *testing.T) {
	g := loopOf(2, func(b *ir.Builder, g *ir.Graph, _, x *ir.Value) (*ir.Value, *ir.Value) {
		return x, op.RandomNormalLike.New(b, op.RandomNormalLike.Default(), x)
	})
	in := []tensor.Value{tensor.Scalar(int64(4)), tensor.New(tensor.F32, 2)}
	want, err := g.Eval(&ir.Env{Seed: 7}, in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := plain(t, g, runtime.Options{Seed: 7}).Run(context.Background(), loopInputs(4, 2))
	if err != nil {
		t.Fatal(err)
	}
	if !tensor.Equal(got["y1"], want[1]) {
		t.Errorf("drew %v, the reference %v", got["y1"], want[1])
	}
}

func TestCancelledRunEndsSoonAndTheSessionRunsAgain(t *testing.T) {
	g := loopOf(16, func(b *ir.Builder, g *ir.Graph, _, x *ir.Value) (*ir.Value, *ir.Value) {
		return op.Add.New(b, op.None{}, x, g.Const("", tensor.Scalar(float32(1)))), nil
	})
	m := plain(t, g, runtime.Options{MaxSessions: 1, Trips: 1 << 60})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := m.Run(ctx, loopInputs(1<<60, 16)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v", err)
	}
	got, err := m.Run(context.Background(), loopInputs(3, 16))
	if err != nil {
		t.Fatal(err)
	}
	if y := got["y0"].(*tensor.Tensor); y.Float64At(15) != 3 {
		t.Errorf("result %v", y)
	}
}

// TestCancellationStopsNoOtherRun cancels runs as they end: the session's next run must not see it.
func TestCancellationStopsNoOtherRun(t *testing.T) {
	g := ir.NewGraph("g")
	x := g.Input("x", ir.TensorOf(tensor.F32, sym.Const(4)))
	b := ir.NewBuilder(g)
	for range 20 {
		x = op.Add.New(b, op.None{}, x, g.Const("", tensor.Scalar(float32(1))))
	}
	g.Output("y", x)
	m := plain(t, g, runtime.Options{MaxSessions: 1})
	in := map[string]tensor.Value{"x": tensor.New(tensor.F32, 4)}
	for range 300 {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		if _, err := m.Run(ctx, in); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		got, err := m.Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		if y := got["y"].(*tensor.Tensor); !slices.Equal(y.Float64s(), []float64{20, 20, 20, 20}) {
			t.Fatalf("result %v", y)
		}
	}
}

// signalling compiles g for one run at a time, and without an end to its loops; the channel tells that a step is done.
func signalling(t *testing.T, g *ir.Graph) (*runtime.Model, <-chan struct{}) {
	started := make(chan struct{}, 1)
	return plain(t, g, runtime.Options{MaxSessions: 1, Trips: 1 << 60, Timed: func(*backend.Step, time.Duration) {
		select {
		case started <- struct{}{}:
		default:
		}
	}}), started
}

func TestWaitingForASessionEndsWithItsContext(t *testing.T) {
	g := loopOf(16, func(b *ir.Builder, g *ir.Graph, _, x *ir.Value) (*ir.Value, *ir.Value) { return evaluated(b, x), nil })
	m, started := signalling(t, g)
	long, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := m.Run(long, loopInputs(1<<60, 16))
		done <- err
	}()
	<-started
	short, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := m.Run(short, loopInputs(1, 16)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second run: error %v", err)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the first run: error %v", err)
	}
}

func TestRunningSessionRefusesAnotherRunAndClose(t *testing.T) {
	g := loopOf(16, func(b *ir.Builder, g *ir.Graph, _, x *ir.Value) (*ir.Value, *ir.Value) { return evaluated(b, x), nil })
	m, started := signalling(t, g)
	s, err := m.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range loopInputs(1<<60, 16) {
		if err := s.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	<-started
	if err := s.Run(context.Background()); err == nil {
		t.Error("two runs at a time")
	}
	if err := s.Close(); err == nil {
		t.Error("closed while it runs")
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the first run: error %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSessionRunsAgainAfterAnError(t *testing.T) {
	g := ir.NewGraph("g")
	n := sym.Sym("N")
	x, at := g.Input("x", ir.TensorOf(tensor.F32, n)), g.Input("at", ir.TensorOf(tensor.I64, sym.Const(1)))
	y := g.Input("y", ir.TensorOf(tensor.F32, n))
	b := ir.NewBuilder(g)
	sum := op.Add.New(b, op.None{}, x, y)
	g.Output("z", op.Gather.New(b, op.Gather.Default(), sum, at))
	m := plain(t, g, runtime.Options{MaxSessions: 1, Memory: 1 << 12})
	run := func(x, y int, at int64) (map[string]tensor.Value, error) {
		return m.Run(context.Background(), map[string]tensor.Value{
			"x": tensor.New(tensor.F32, x), "y": tensor.Of(slices.Repeat([]float32{2}, y)), "at": tensor.Of([]int64{at}),
		})
	}
	for name, c := range map[string]struct {
		x, y int
		at   int64
	}{"an index out of range": {3, 3, 3}, "sizes that contradict": {3, 4, 0}, "more memory than allowed": {1 << 12, 1 << 12, 0}} {
		if _, err := run(c.x, c.y, c.at); err == nil {
			t.Errorf("%s is no error", name)
		}
		got, err := run(5, 5, -1)
		if err != nil {
			t.Fatalf("after %s: %v", name, err)
		}
		if z := got["z"].(*tensor.Tensor); !slices.Equal(z.Float64s(), []float64{2}) {
			t.Errorf("after %s: %v", name, z)
		}
	}
}

func TestClosedSessionRefusesToRun(t *testing.T) {
	g := ir.NewGraph("g")
	x := g.Input("x", ir.TensorOf(tensor.F32, sym.Const(4)))
	g.Output("y", op.Neg.New(ir.NewBuilder(g), op.None{}, x))
	s, err := plain(t, g, runtime.Options{}).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Input("x"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var bug *runtime.InternalError
	if err := s.Run(context.Background()); err == nil || errors.As(err, &bug) {
		t.Errorf("error %v", err)
	}
}

func TestSessionServesSizesThatGrowAndShrink(t *testing.T) {
	g := ir.NewGraph("g")
	n := sym.Sym("N")
	x := g.Input("x", ir.TensorOf(tensor.F32, n, sym.Const(3)))
	b := ir.NewBuilder(g)
	at := op.NonZero.New(b, op.None{}, x)
	g.Output("sum", op.Add.New(b, op.None{}, op.Neg.New(b, op.None{}, x), x))
	g.Output("at", op.Neg.New(b, op.None{}, at))
	g.Output("x", x)
	m := plain(t, g, runtime.Options{})
	s, err := m.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []int{3, 100, 1, 0, 100, 2} {
		v := tensor.New(tensor.F32, k, 3)
		for i := range v.Len() {
			v.SetFloat64At(i, float64(i%4))
		}
		want, err := g.Eval(&ir.Env{}, []tensor.Value{v})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Set("x", v); err != nil {
			t.Fatal(err)
		}
		if err := s.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"sum", "at", "x"} {
			if got := s.Output(name); got == nil || !tensor.Equal(got, want[i]) {
				t.Errorf("N = %d: %s is %v, not %v", k, name, got, want[i])
			}
		}
	}
}
