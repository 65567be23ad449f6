package op_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A fuse is a context that ends after it was looked at so many times.
type fuse struct {
	context.Context
	left int
}

func (c *fuse) Err() error {
	if c.left--; c.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// What takes long in one evaluation looks at its context more than a few times, and stops when that has ended.
func TestLongEvaluationsLookAtTheirContext(t *testing.T) {
	ones := func(d tensor.DType, dims ...int) tensor.Value {
		x := tensor.New(d, dims...)
		for i := range x.Len() {
			x.SetInt64At(i, 1)
		}
		return x
	}
	eye := tensor.New(tensor.F64, 300, 300)
	for i := range 300 {
		eye.SetFloat64At(i*301, 1)
	}
	for name, c := range map[string]struct {
		graph string
		in    []tensor.Value
	}{
		"a window":         {`graph g(%n: i64[]) { %y = hann_window(%n) : f32[s0] return %y }`, []tensor.Value{tensor.Scalar(int64(1 << 20))}},
		"a determinant":    {`graph g(%x: f64[300,300]) { %y = det(%x) : f64[] return %y }`, []tensor.Value{eye}},
		"an inverse":       {`graph g(%x: f64[300,300]) { %y = inverse(%x) : f64[300,300] return %y }`, []tensor.Value{eye}},
		"many draws":       {`graph g(%x: f32[1,4]) { %y = multinomial(%x) {dtype=i32, sample_size=1048576} : i32[1,1048576] return %y }`, []tensor.Value{ones(tensor.F32, 1, 4)}},
		"a response":       {`graph g(%x: f64[1,300,2,2]) { %y = lrn(%x) {size=299} : f64[1,300,2,2] return %y }`, []tensor.Value{ones(tensor.F64, 1, 300, 2, 2)}},
		"a warped path":    {`graph g(%x: f32[300,300]) { %y = dynamic_time_warping(%x) : i32[2,s0] return %y }`, []tensor.Value{ones(tensor.F32, 300, 300)}},
		"a pool of pads":   {`graph g(%x: f64[1,1,4,4]) { %y, %i = max_pool(%x) {kernel_shape=[200,200], pads=[200,200,200,200]} : f64[1,1,205,205], i64[1,1,205,205] return %y }`, []tensor.Value{ones(tensor.F64, 1, 1, 4, 4)}},
		"an expression":    {`graph g(%x: str[1]) { %y = regex_full_match(%x) {pattern="(a*)*(a|b|aa)*[a-z]{1,1000}b"} : bool[1] return %y }`, []tensor.Value{tensor.OfStrings([]string{strings.Repeat("a", 1<<12)}, 1)}},
		"a matrix product": {`graph g(%x: f64[500,500]) { %y = matmul(%x, %x) : f64[500,500] return %y }`, []tensor.Value{ones(tensor.F64, 500, 500)}},
	} {
		g, err := ir.Parse(c.graph, op.Lookup, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, err = g.Eval(&ir.Env{Ctx: &fuse{Context: context.Background(), left: 8}}, c.in)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v; it did not look at its context", name, err)
		}
	}
}
