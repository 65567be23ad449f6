package cpu_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/runtime"
)

// sameAsEval compiles text with all passes and compares what it makes of in with the reference.
func sameAsEval(t *testing.T, text string, in ...*tensor.Tensor) {
	t.Helper()
	g, err := ir.Parse(text, op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	named, vals := map[string]tensor.Value{}, []tensor.Value{}
	for i, v := range g.Inputs {
		named[v.Name] = in[i]
		vals = append(vals, in[i])
	}
	want, err := g.Eval(&ir.Env{}, vals)
	if err != nil {
		t.Fatal(err)
	}
	m, err := runtime.Compile(g, runtime.Options{Backend: cpu.Backend{}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Run(context.Background(), named)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range g.Outputs {
		if !sameButNaN(got[o.Name], want[i]) {
			t.Errorf("%s is %v, the reference says %v", o.Name, got[o.Name], want[i])
		}
	}
}

// sameButNaN reports whether two values are equal in all bits but those of NaNs.
func sameButNaN(a, b tensor.Value) bool {
	x, ok := a.(*tensor.Tensor)
	y, too := b.(*tensor.Tensor)
	if tensor.Equal(a, b) || !ok || !too || !x.DType().IsFloat() || x.DType() != y.DType() || !slices.Equal(x.Dims(), y.Dims()) {
		return tensor.Equal(a, b)
	}
	for i := range x.Len() {
		if v, w := x.Float64At(i), y.Float64At(i); v != w && !(math.IsNaN(v) && math.IsNaN(w)) {
			return false
		}
	}
	return true
}

func TestBodyWhoseInputsAreSpeltBySizesThatWereMergedAway(t *testing.T) {
	sameAsEval(t, `graph g(%x: f32[N], %c: bool[]) {
	%a = non_zero(%x) : i64[1,u0]
	%b = non_zero(%x) : i64[1,u1]
	%d = concat(%a, %b) {axis=1} : i64[1,u0+u1]
	%y = if(%c, %d) {
		body(%e: i64[1,u0+u1]) {
			%f = neg(%e) : i64[1,u0+u1]
			return %f as "f"
		}
		body(%h: i64[1,u0+u1]) {
			return %h as "h"
		}
	} : i64[1,u0+u1]
	return %y as "y"
}
`, tensor.Of([]float32{1, 0, 2}), tensor.Scalar(true))
}

func TestResizeToSizesGivenAtRunTimeBetweenConvolutions(t *testing.T) {
	x, w := tensor.New(tensor.F32, 1, 16, 8, 8), tensor.New(tensor.F32, 16, 16, 1, 1)
	for i := range 16 * 64 {
		x.SetFloat64At(i, float64(i%37))
	}
	for i := range 16 {
		w.SetFloat64At(17*i, 1)
	}
	sameAsEval(t, `graph g(%x: f32[1,16,8,8], %w: f32[16,16,1,1], %s: i64[2]) {
	%a = max_pool(%x) {kernel_shape=[1,1]} : f32[1,16,8,8]
	%b = conv(%a, %w, _) : f32[1,16,8,8]
	%c = resize(%b, _, _, %s) {axes=[2,3]} : f32[1,16,u0,u1]
	%d = max_pool(%c) {kernel_shape=[1,1]} : f32[1,16,u0,u1]
	return %d as "y"
}
`, x, w, tensor.Of([]int64{4, 4}))
}

func TestConstantPadsOfAResultWhoseSizesOnlyRunningTells(t *testing.T) {
	sameAsEval(t, `graph g(%x: f32[N,M], %c: bool[]) {
	%p = const [1, 0, 0, 2] : i64[4]
	%h = if(%c, %x) {
		body(%a: f32[N,M]) {
			%b = transpose(%a) {perm=[1,0]} : f32[M,N]
			return %b as "b"
		}
		body(%d: f32[N,M]) {
			%e = neg(%d) : f32[N,M]
			return %e as "e"
		}
	} : f32[u0,u1]
	%y = pad(%h, %p, _, _) : f32[u0+1,u1+2]
	return %y as "y"
}
`, tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 2, 3), tensor.Scalar(true))
}

func TestSizesThatAreTooLongToSpellAreMeasured(t *testing.T) {
	const n = 70 // more terms than a size has
	g := ir.NewGraph("g")
	b := ir.NewBuilder(g)
	in, vals, rows := make([]*ir.Value, n), map[string]tensor.Value{}, 0
	for i := range in {
		name := fmt.Sprint("x", i)
		in[i] = g.Input(name, ir.TensorOf(tensor.F32, sym.Sym(fmt.Sprint("N", i)), sym.Const(2)))
		vals[name] = tensor.New(tensor.F32, i%3, 2)
		rows += i % 3
	}
	g.Output("y", op.Neg.New(b, op.None{}, op.Concat.New(b, op.ConcatAttrs{}, in...)))
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	m, err := runtime.Compile(g, runtime.Options{Backend: cpu.Backend{}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Run(context.Background(), vals)
	if err != nil {
		t.Fatal(err)
	}
	if got := out["y"].(*tensor.Tensor).Dims(); !slices.Equal(got, []int{rows, 2}) {
		t.Errorf("sizes %v, want %d rows", got, rows)
	}
}
