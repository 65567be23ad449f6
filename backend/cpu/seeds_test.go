package cpu

import (
	"context"
	"os"
	"testing"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/passes"
	"github.com/cameo-onnx/cameo/testdata"
)

func TestDocumentedModelsRunOnKernelsAloneAndAllocateNothing(t *testing.T) {
	cases, err := vectors.Find(testdata.Shared(t, "models", "seeds"), vectors.DefaultTolerance)
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for i, c := range cases {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(c.Name, func(t *testing.T) { allocatesNothing(t, c) })
	}
}

func allocatesNothing(t *testing.T, c vectors.Case) {
	data, err := os.ReadFile(c.ModelPath())
	if err != nil {
		t.Fatal(err)
	}
	file, err := wire.DecodeModel(data, wire.Budget{})
	if err != nil {
		t.Fatal(err)
	}
	in, _, err := c.Read(c.Sets[0], file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Open(c.ModelPath(), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := passes.Run(m.Graph, Backend{}, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	p, err := Backend{}.Compile(m.Graph)
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range p.Steps {
		if st.Kernel == evalKernel {
			t.Errorf("%s of %v is left to its evaluation", st.Node.Op.Name, st.From)
		}
	}
	pr, err := device{}.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	s, err := pr.Bind(backend.Limits{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	args, out := make([]backend.Arg, len(in)), make([]backend.Arg, len(p.Outputs))
	for i, v := range in {
		args[i] = backend.ArgOf(v)
	}
	run := func() {
		clear(out)
		if err := s.Run(context.Background(), args, out); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(3, run); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}
