package onnx_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/testdata"
)

// lowered is the cases whose outputs decompositions must give too.
var lowered = regexp.MustCompile(`^test_(attention|rotary|einsum|swiglu|softmax|logsoftmax|reduce_(l1|l2|log|sum_square)|mvn|lrn|lpn|l[12]norm|layer_norm|group_norm|instance|rms_norm|nll|sce|nllloss|causal_conv|globallp)`)

// TestDecompositionsGiveTheReferenceOutputs runs cases with ops that have nothing but their decomposition.
func TestDecompositionsGiveTheReferenceOutputs(t *testing.T) {
	root := testdata.Shared(t)
	cases, err := vectors.Find(filepath.Join(root, "onnx-tests", "node"), vectors.DefaultTolerance)
	if err != nil {
		t.Fatal(err)
	}
	used := false
	lowerOnly := func(domain, name string) *ir.Op {
		o := op.ByONNX(domain, name)
		if o == nil || o.Lower == nil || o.Eval == nil {
			return nil
		}
		used = true
		c := *o
		c.Eval = nil
		return &c
	}
	same, kept := 0, 0
	for _, c := range cases {
		if !lowered.MatchString(c.Name) || strings.Contains(c.Name, "expanded") {
			continue
		}
		data, err := os.ReadFile(c.ModelPath())
		if err != nil {
			t.Fatal(err)
		}
		file, err := wire.DecodeModel(data, wire.Budget{})
		if err != nil {
			t.Fatal(err)
		}
		used = false
		m, err := onnx.Import(file, onnx.Options{Op: lowerOnly})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		for _, set := range c.Sets {
			in, want, err := c.Read(set, file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Graph.Eval(&ir.Env{Seed: 1}, in)
			if err != nil && strings.Contains(err.Error(), "neither an evaluation nor a decomposition") {
				kept++
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
				continue
			}
			if used {
				same++
			}
			for i, w := range want {
				if diff := vectors.Compare(got[i], w, c.Tolerance, false); w != tensor.Value(nil) && diff != nil {
					t.Errorf("%s: output %d: %v", c.Name, i, diff)
				}
			}
		}
	}
	if t.Logf("%d agree or are named above, %d keep their op", same, kept); same < 150 {
		t.Errorf("only %d cases are lowered", same)
	}
}
