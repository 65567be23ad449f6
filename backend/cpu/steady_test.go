package cpu_test

import (
	"context"
	"testing"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes"
)

func TestConvolutionsByComputedWeightsAllocateNothing(t *testing.T) {
	for name, text := range map[string]string{
		"plain": `graph g(%x: f32[2,4,9,9], %v: f32[6,4,3,3]) {
	%w = neg(%v) : f32[6,4,3,3]
	%y = conv(%x, %w, _) {pads=[1,1,1,1]} : f32[2,6,9,9]
	return %y as "y"
}
`,
		"depthwise": `graph g(%x: f32[2,4,9,9], %v: f32[4,1,3,3]) {
	%w = neg(%v) : f32[4,1,3,3]
	%y = conv(%x, %w, _) {group=4} : f32[2,4,7,7]
	return %y as "y"
}
`,
		"transposed": `graph g(%x: f32[2,4,9,9], %v: f32[4,5,3,3]) {
	%w = neg(%v) : f32[4,5,3,3]
	%y = conv_transpose(%x, %w, _) {strides=[2,2]} : f32[2,5,19,19]
	return %y as "y"
}
`,
	} {
		t.Run(name, func(t *testing.T) {
			s, in, out := bound(t, text)
			run := func() {
				clear(out)
				if err := s.Run(context.Background(), in, out); err != nil {
					t.Fatal(err)
				}
			}
			run()
			if n := testing.AllocsPerRun(5, run); n != 0 {
				t.Errorf("%v allocations a run", n)
			}
		})
	}
}

// bound returns a session of a graph on one thread, with operands of zeros.
func bound(t *testing.T, text string) (s backend.Session, in, out []backend.Arg) {
	t.Helper()
	g, err := ir.Parse(text, op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := passes.Run(g, cpu.Backend{}, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	p, err := cpu.Backend{}.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range g.Inputs {
		dims, _ := v.Type.Shape.Ints()
		in = append(in, backend.ArgOf(tensor.New(v.Type.DType, dims...)))
	}
	d, err := cpu.Backend{}.Open(0)
	if err != nil {
		t.Fatal(err)
	}
	pr, err := d.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = pr.Bind(backend.Limits{Threads: 1}); err != nil {
		t.Fatal(err)
	}
	return s, in, make([]backend.Arg, len(p.Outputs))
}
