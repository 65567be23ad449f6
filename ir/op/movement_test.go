package op_test

import (
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// typed is an operand of which only the type is known, given as IR text.
func typed(t *testing.T, text string) ir.Known {
	t.Helper()
	if text == "_" {
		return ir.Known{}
	}
	g, err := ir.Parse("graph g(%x: "+text+") {\n\treturn %x\n}\n", op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g.Inputs[0].Known()
}

// entries is an operand of integers whose entries are known: "i64 N -1 ?".
func entries(t *testing.T, text string) ir.Known {
	t.Helper()
	words := strings.Fields(text)
	k := ir.Known{Type: ir.TensorOf(tensor.ParseDType(words[0]), sym.Const(len(words)-1)), Elems: []sym.Dim{}}
	if rest, ok := strings.CutPrefix(text, "scalar "); ok {
		words = strings.Fields(rest)
		k.Type = ir.TensorOf(tensor.ParseDType(words[0]))
	}
	for _, w := range words[1:] {
		d := sym.Unknown()
		if w != "?" {
			var err error
			if d, err = sym.Parse(w); err != nil {
				t.Fatal(err)
			}
		}
		k.Elems = append(k.Elems, d)
	}
	return k
}

// infer returns the inferred results as text: types, then entries; or the error. Operands are types, or entries (with a space).
func infer(t *testing.T, o *ir.Op, attrs any, outs int, operands ...string) string {
	t.Helper()
	var in []ir.Known
	for _, s := range operands {
		if strings.Contains(s, " ") {
			in = append(in, entries(t, s))
		} else {
			in = append(in, typed(t, s))
		}
	}
	out, err := ir.Infer(ir.NewGraph("g"), o, attrs, nil, outs, in)
	if err != nil {
		return "error: " + err.Error()
	}
	var parts []string
	for _, k := range out {
		s := k.Type.String()
		if k.Elems != nil {
			s += "=" + ir.Shape(k.Elems).String()
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " ")
}

type inferCase struct {
	op    *ir.Op
	attrs any // nil for the defaults
	outs  int
	in    []string
	want  string
}

func checkInfer(t *testing.T, cases []inferCase) {
	t.Helper()
	for _, c := range cases {
		a := c.attrs
		if a == nil {
			a = c.op.Attrs
		}
		if got := infer(t, c.op, a, c.outs, c.in...); got != c.want {
			t.Errorf("%s %+v %q\n got %s\nwant %s", c.op.Name, a, c.in, got, c.want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestShapeOpsPropagateSymbolicEntries(t *testing.T) {
	checkInfer(t, []inferCase{
		{op.Shape.Op, nil, 1, []string{"f32[N,4]"}, "i64[2]=[N,4]"},
		{op.Shape.Op, op.ShapeAttrs{Start: -1}, 1, []string{"f32[N,4]"}, "i64[1]=[4]"},
		{op.Shape.Op, op.ShapeAttrs{Start: 5}, 1, []string{"f32[N,4]"}, "i64[0]=[]"},
		{op.Shape.Op, op.ShapeAttrs{End: ptr(-1)}, 1, []string{"f32[N,4]"}, "i64[1]=[N]"},
		{op.Shape.Op, nil, 1, []string{"f32[*]"}, "i64[u0]"},
		{op.Size.Op, nil, 1, []string{"f32[N,4]"}, "i64[]=[N*4]"},
		{op.Gather.Op, nil, 1, []string{"i64 N 4 7", "scalar i64 -1"}, "i64[]=[7]"},
		{op.Gather.Op, nil, 1, []string{"i64 N 4 7", "i64 0 2"}, "i64[2]=[N,7]"},
		{op.Gather.Op, nil, 1, []string{"i64 N 4 7", "i64 3"}, "error: index 3 is out of range for size 3"},
		{op.Gather.Op, op.AxisAttrs{Axis: 1}, 1, []string{"f32[N,4,5]", "i64[M,2]"}, "f32[N,M,2,5]"},
		{op.Concat.Op, op.ConcatAttrs{Axis: 0}, 1, []string{"i64 N", "i64[1]", "i64 -1"}, "i64[3]=[N,?,-1]"},
		{op.Concat.Op, op.ConcatAttrs{Axis: -1}, 1, []string{"f32[N,4]", "f32[3,M]"}, "f32[3,M+4]"},
		{op.Concat.Op, op.ConcatAttrs{Axis: 1}, 1, []string{"f32[2,4]", "f32[3,4]"}, "error: axis 0: 2 != 3"},
		{op.Concat.Op, nil, 1, []string{"f32[2,4]"}, "error: attribute axis is missing"},
		{op.Slice.Op, nil, 1, []string{"i64 N 4 7", "i64 1", "i64 9223372036854775807"}, "i64[2]=[4,7]"},
		{op.Slice.Op, nil, 1, []string{"i64 N 4 7", "i64 -1", "i64 -9223372036854775807", "i64 0", "i64 -1"}, "i64[3]=[7,4,N]"},
		{op.Slice.Op, nil, 1, []string{"f32[N,8]", "i64 0", "i64 M", "i64 0"}, "f32[min(M,N),8]"},
		{op.Slice.Op, nil, 1, []string{"f32[N,8]", "i64 0", "i64 -1", "i64 0"}, "f32[max(0,N-1),8]"},
		{op.Slice.Op, nil, 1, []string{"f32[N,8]", "i64 ?", "i64 -1", "i64 0"}, "f32[u0,8]"},
		{op.Slice.Op, nil, 1, []string{"f32[N,8]", "i64 0", "i64 1", "i64 2"}, "error: axis 2 is out of range for rank 2"},
		{op.Slice.Op, nil, 1, []string{"f32[N,8]", "i64 0", "i64 1", "i64 0", "i64 0"}, "error: step 0"},
		{op.Split.Op, nil, 3, []string{"i64 N 4 7"}, "i64[1]=[N] i64[1]=[4] i64[1]=[7]"},
		{op.Split.Op, op.SplitAttrs{Axis: 1}, 2, []string{"f32[N,4]", "i64 3 1"}, "f32[N,3] f32[N,1]"},
		{op.Split.Op, op.SplitAttrs{Axis: 1}, 2, []string{"f32[N,4]", "i64 3 2"}, "error: sizes of the parts: 4 != 5"},
		{op.Split.Op, nil, 2, []string{"f32[N*2]"}, "f32[N] f32[N]"},
		{op.Squeeze.Op, nil, 1, []string{"i64 N", "i64 0"}, "i64[]=[N]"},
		{op.Squeeze.Op, nil, 1, []string{"f32[1,N,4,1]"}, "f32[*]"},
		{op.Squeeze.Op, nil, 1, []string{"f32[1,N+2,4,1]"}, "f32[N+2,4]"},
		{op.Squeeze.Op, nil, 1, []string{"f32[1,N,4]", "i64 2"}, "error: axis 2: 4 != 1"},
		{op.Unsqueeze.Op, nil, 1, []string{"f32[N,4]", "i64 0 -1"}, "f32[1,N,4,1]"},
		{op.Unsqueeze.Op, nil, 1, []string{"f32[N,4]", "i64 0 -4"}, "error: axis -4 is given twice"},
		{op.Flatten.Op, op.FlattenAttrs{Axis: 2}, 1, []string{"f32[N,4]"}, "f32[N*4,1]"},
		{op.Transpose.Op, op.TransposeAttrs{Perm: []int{0, 2, 1}}, 1, []string{"f32[N,4,5]"}, "f32[N,5,4]"},
		{op.Transpose.Op, op.TransposeAttrs{Perm: []int{0, 0, 1}}, 1, []string{"f32[N,4,5]"}, "error: perm [0 0 1]: axis 0 is given twice"},
		{op.Expand.Op, nil, 1, []string{"f32[N,1]", "i64 1 M"}, "f32[N,M]"},
		{op.Expand.Op, nil, 1, []string{"f32[3,1]", "i64 ? ?"}, "f32[3,u1]"},
		{op.Expand.Op, nil, 1, []string{"i64 N", "i64 3"}, "i64[3]=[N,N,N]"},
		{op.ConstantOfShape.Op, nil, 1, []string{"i64 N 3"}, "f32[N,3]"},
		{op.ConstantOfShape.Op, op.ConstantOfShapeAttrs{Value: tensor.Of([]int64{5})}, 1, []string{"i64 3"}, "i64[3]=[5,5,5]"},

		{op.Range.Op, nil, 1, []string{"scalar i64 0", "scalar i64 N", "scalar i64 1"}, "i64[N]"},
		{op.Range.Op, nil, 1, []string{"scalar i64 N", "scalar i64 N+3", "scalar i64 1"}, "i64[3]=[N,N+1,N+2]"},
		{op.Range.Op, nil, 1, []string{"scalar i64 0", "scalar i64 N", "scalar i64 0"}, "error: delta is 0"},
		{op.Identity.Op, nil, 1, []string{"seq(f32[*])"}, "seq(f32[*])"},
	})
}

func TestReshapeDividesSymbolically(t *testing.T) {
	re := op.Reshape.Op
	checkInfer(t, []inferCase{
		{re, nil, 1, []string{"f32[N,12,64]", "i64 0 -1"}, "f32[N,768]"},
		{re, nil, 1, []string{"f32[N,S,768]", "i64 N S 12 64"}, "f32[N,S,12,64]"},
		{re, nil, 1, []string{"f32[N,S,768]", "i64 -1 768"}, "f32[N*S,768]"},
		{re, nil, 1, []string{"f32[N]", "i64 -1 2"}, "f32[N//2,2]"},
		{re, nil, 1, []string{"f32[7]", "i64 -1 2"}, "error: size -1: 7 is not a multiple of 2"},
		{re, nil, 1, []string{"f32[0,5]", "i64 0"}, "f32[0]"},
		{op.Add.Op, nil, 1, []string{"f32[N,2]", "f32[M,2]"}, "f32[max(M,N)*min(1,M,N),2]"},
		{op.Add.Op, nil, 1, []string{"f32[N+1]", "f32[M+1]"}, "f32[max(M+1,N+1)]"},
		{re, nil, 1, []string{"f32[2,3]", "i64 7"}, "error: numbers of elements: 6 != 7"},
		{re, nil, 1, []string{"f32[2,3]", "i64 -1 -1"}, "error: more than one size is -1"},
		{re, nil, 1, []string{"f32[2,3]", "i64 6 1 0"}, "error: entry 2 of shape is 0, but x is of rank 2"},
		{re, nil, 1, []string{"f32[2,3]", "i64 -2 3"}, "error: size -2"},
		{re, op.ReshapeAttrs{AllowZero: true}, 1, []string{"f32[0,3]", "i64 3 0"}, "f32[3,0]"},
		{re, op.ReshapeAttrs{AllowZero: true}, 1, []string{"f32[0,3]", "i64 -1 0"}, "error: sizes 0 and -1 do not go together where zeros are allowed"},
		{re, nil, 1, []string{"f32[2,3]", "i64[2]"}, "f32[u0,u1]"},
		{re, nil, 1, []string{"f32[2,3]", "i64 ? 3"}, "f32[2,3]"},
		{re, nil, 1, []string{"f32[2,3]", "i64[K]"}, "f32[*]"},
		{re, nil, 1, []string{"i64 N", "i64[0]"}, "i64[]=[N]"},
	})
}
