package op_test

import (
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestIndexingInfersSymbolicSizes(t *testing.T) {
	checkInfer(t, []inferCase{
		{op.Tile.Op, nil, 1, []string{"f32[N,4]", "i64 2 M"}, "f32[N*2,M*4]"},
		{op.Tile.Op, nil, 1, []string{"f32[N,4]", "i64 2"}, "error: 1 repeats for rank 2"},
		{op.Tile.Op, nil, 1, []string{"i64 N 3", "i64 2"}, "i64[4]=[N,3,N,3]"},
		{op.Pad.Op, nil, 1, []string{"f32[N,4]", "i64 0 1 0 M"}, "f32[N,M+5]"},
		{op.Pad.Op, nil, 1, []string{"f32[N,4]", "i64 1 M", "_", "i64 -1"}, "f32[N,M+5]"},
		{op.Pad.Op, nil, 1, []string{"f32[N,4]", "i64 0 -3 0 -2"}, "error: pads -3 and -2 for size 4"},
		{op.Pad.Op, op.PadAttrs{Mode: "mirror"}, 1, []string{"f32[4]", "i64 0 1"}, `error: mode "mirror"`},
		{op.Where.Op, nil, 1, []string{"bool 0 1", "i64 5 6", "i64 N M"}, "i64[2]=[N,6]"},
		{op.Where.Op, nil, 1, []string{"bool ? ?", "i64 N 6", "i64 N M"}, "i64[2]=[N,?]"},
		{op.Where.Op, nil, 1, []string{"bool[N,1]", "f32[1,M]", "f32[]"}, "f32[N,M]"},
		{op.GatherElements.Op, op.AxisAttrs{Axis: 1}, 1, []string{"f32[N,4]", "i64[N,M]"}, "f32[N,M]"},
		{op.GatherElements.Op, nil, 1, []string{"f32[2,4]", "i64[2,5]"}, "error: indices: axis 1: 5 > 4"},
		{op.GatherND.Op, op.GatherNDAttrs{BatchDims: 1}, 1, []string{"f32[N,4,5]", "i64[N,7,1]"}, "f32[N,7,5]"},
		{op.GatherND.Op, nil, 1, []string{"f32[N,4]", "i64[7,3]"}, "error: tuples of 3 indices for 2 axes"},
		{op.ScatterND.Op, nil, 1, []string{"f32[N,4]", "i64[7,1]", "f32[7,5]"}, "error: updates: axis 1: 5 != 4"},
		{op.ScatterElements.Op, op.ScatterElementsAttrs{Reduction: "min"}, 1, []string{"c64[2]", "i64[1]", "c64[1]"}, `error: reduction "min" of c64`},
		{op.OneHot.Op, nil, 1, []string{"i64[N]", "scalar i64 M", "f32[2]"}, "f32[N,M]"},
		{op.OneHot.Op, nil, 1, []string{"i64[N]", "scalar i64 -1", "f32[2]"}, "error: depth -1"},
		{op.NonZero.Op, nil, 1, []string{"f32[N,M]"}, "i64[2,u0]"},
		{op.TopK.Op, nil, 2, []string{"f32[N,8]", "i64 3"}, "f32[N,3] i64[N,3]"},
		{op.TopK.Op, nil, 2, []string{"f32[N,8]", "i64 9"}, "error: k: 9 > 8"},
		{op.Trilu.Op, nil, 1, []string{"f32[N]"}, "error: rank 1, not at least 2"},
		{op.DepthToSpace.Op, op.BlockAttrs{BlockSize: 2, Mode: "CRD"}, 1, []string{"f32[N,8,H,W]"}, "f32[N,2,H*2,W*2]"},
		{op.DepthToSpace.Op, op.BlockAttrs{BlockSize: 3, Mode: "DCR"}, 1, []string{"f32[N,8,H,W]"}, "error: channels: 8 is not a multiple of 9"},
		{op.SpaceToDepth.Op, op.BlockAttrs{BlockSize: 2, Mode: "DCR"}, 1, []string{"f32[N,3,H*2,W]"}, "f32[N,12,H,W//2]"},
		{op.SpaceToDepth.Op, nil, 1, []string{"f32[N,3,H*2,W]"}, "error: attribute blocksize is missing"},
		{op.ArgMax.Op, op.ArgAttrs{Axis: -1}, 1, []string{"f32[N,8]"}, "i64[N]"},
		{op.CumSum.Op, nil, 1, []string{"f32[N,8]", "scalar i64 2"}, "error: axis 2 is out of range for rank 2"},
		{op.Resize.Op, nil, 1, []string{"f32[N,3,H,W]", "_", "_", "i64 N 3 20 M"}, "f32[N,3,20,M]"},
		{op.Resize.Op, nil, 1, []string{"f32[N,3,H,W]", "_", "f32[4]"}, "f32[u0,u1,u2,u3]"},
		{op.Resize.Op, nil, 1, []string{"f32[N,3,H,W]"}, "error: scales or sizes must be given, and not both"},
		{op.GridSample.Op, nil, 1, []string{"f32[N,3,H,W]", "f32[N,5,M,2]"}, "f32[N,3,5,M]"},
		{op.GridSample.Op, nil, 1, []string{"f32[N,3,H,W]", "f32[N,5,M,3]"}, "error: coordinates of a place: 3 != 2"},
		{op.AffineGrid.Op, nil, 1, []string{"f32[N,2,3]", "i64 N 3 H W"}, "f32[N,H,W,2]"},
		{op.Col2Im.Op, nil, 1, []string{"f32[N,C*4,L]", "i64 H W", "i64 2 2"}, "f32[N,C,H,W]"},
		{op.NonMaxSuppression.Op, nil, 1, []string{"f32[1,N,4]", "f32[1,80,M]"}, "i64[u0,3]"},
		{op.RoiAlign.Op, op.RoiAlignAttrs{CoordinateTransformationMode: "half_pixel", Mode: "max", OutputHeight: 7, OutputWidth: 5}, 1,
			[]string{"f32[N,C,H,W]", "f32[R,4]", "i64[R]"}, "f32[R,C,7,5]"},
	})
}

func TestResizeScalesSymbolicSizesExactly(t *testing.T) {
	infer := func(scale ...float32) string {
		in := []ir.Known{typed(t, "f32[N,H]"), {}, {Type: typed(t, "f32[2]").Type, Const: tensor.Of(scale)}}
		out, err := ir.Infer(ir.NewGraph("g"), op.Resize.Op, op.Resize.Op.Attrs, nil, 1, in)
		if err != nil {
			return err.Error()
		}
		return out[0].Type.String()
	}
	for _, c := range []struct {
		scale []float32
		want  string
	}{
		{[]float32{1, 2}, "f32[N,H*2]"},
		{[]float32{1, 0.5}, "f32[N,H//2]"},
		{[]float32{1, 1.5}, "f32[N,H*3//2]"},
		{[]float32{1, 0.6}, "f32[N,u0]"},
		{[]float32{1, 0}, "scale 0"},
	} {
		if got := infer(c.scale...); got != c.want {
			t.Errorf("scales %v: got %s, want %s", c.scale, got, c.want)
		}
	}
}

// The entries of pads that exporters reshape to two columns, reverse and transpose are followed all the way.
func TestEntriesOfMatricesAreFollowedWhereTheyMove(t *testing.T) {
	g, err := ir.Parse(`graph g(%x: f32[N,8]) {
	%two = const [-1, 2] : i64[2]
	%flat = const [-1] : i64[1]
	%start = const [-1] : i64[1]
	%end = const [-9223372036854775808] : i64[1]
	%axis = const [0] : i64[1]
	%zero = const [0, 0] : i64[2]
	%s = shape(%x) : i64[2]
	%c = concat(%zero, %s) {axis=0} : i64[4]
	%m = reshape(%c, %two) : i64[2,2]
	%r = slice(%m, %start, %end, %axis, %start) : i64[2,2]
	%t = transpose(%r) : i64[2,2]
	%f = reshape(%t, %flat) : i64[4]
	%y = pad(%x, %f) : f32[*]
	return %y
}
`, op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := ir.Shape(g.Value("f").Known().Elems).String(); got != "[N,0,8,0]" {
		t.Errorf("the pads are %s, want [N,0,8,0]", got)
	}
	out, err := g.Eval(&ir.Env{}, []tensor.Value{tensor.New(tensor.F32, 3, 8)})
	if err != nil {
		t.Fatal(err)
	}
	if got := out[0].(*tensor.Tensor).Dims(); got[0] != 14 || got[1] != 8 {
		t.Errorf("the result has sizes %v, want [14 8]", got)
	}
}

// run evaluates o with its default attributes, or those given.
func run(o *ir.Op, attrs any, in ...tensor.Value) ([]tensor.Value, error) {
	if attrs == nil {
		attrs = o.Attrs
	}
	return o.Eval(&ir.Env{Outs: max(1, len(o.Sig.Out))}, attrs, in)
}

func TestHostileValuesAreErrors(t *testing.T) {
	f := tensor.New(tensor.F32, 2, 3)
	i := func(v ...int64) tensor.Value { return tensor.Of(v) }
	const big = 1 << 62
	nan := tensor.Of([]float32{0, 0, 0, 0})
	for _, c := range []struct {
		o     *ir.Op
		attrs any
		in    []tensor.Value
		want  string
	}{
		{op.Reshape.Op, nil, []tensor.Value{f, i(big, 4)}, "out of range"},
		{op.Reshape.Op, nil, []tensor.Value{f, i(-7)}, "size -7"},
		{op.Reshape.Op, nil, []tensor.Value{f, i(5)}, "another number of elements"},
		{op.Reshape.Op, nil, []tensor.Value{f, i(4, -1)}, "do not divide"},
		{op.Expand.Op, nil, []tensor.Value{f, i(big, 2, 3)}, "out of range"},
		{op.Expand.Op, nil, []tensor.Value{f, i(-1, 3)}, "out of range"},
		{op.Gather.Op, nil, []tensor.Value{f, i(2)}, "index 2 is out of range for size 2"},
		{op.Gather.Op, nil, []tensor.Value{f, i(-3)}, "index -3"},
		{op.GatherND.Op, nil, []tensor.Value{f, tensor.Of([]int64{1, 3}, 1, 2)}, "axis 1: index 3"},
		{op.ScatterElements.Op, nil, []tensor.Value{f, tensor.Of([]int64{2}, 1, 1), tensor.New(tensor.F32, 1, 1)}, "index 2"},
		{op.Slice.Op, nil, []tensor.Value{f, i(0), i(1), i(0), i(0)}, "step 0"},
		{op.Slice.Op, nil, []tensor.Value{f, i(0), i(1, 2)}, "1 starts, 2 ends"},
		{op.Split.Op, nil, []tensor.Value{f, i(3)}, "sizes [3] for 2 elements"},
		{op.Tile.Op, nil, []tensor.Value{f, i(big, big)}, "out of range"},
		{op.Tile.Op, nil, []tensor.Value{f, i(-1, 1)}, "out of range"},
		{op.Pad.Op, nil, []tensor.Value{f, i(big, 0, big, 0)}, "pads"},
		{op.Pad.Op, nil, []tensor.Value{f, i(-9, 0, 9, 0)}, "pads -9 and 9 for size 2"},
		{op.Pad.Op, op.PadAttrs{Mode: "edge"}, []tensor.Value{tensor.New(tensor.F32, 0), i(1, 1)}, "no elements"},
		{op.ConstantOfShape.Op, nil, []tensor.Value{i(big, big)}, "not possible"},
		{op.ConstantOfShape.Op, nil, []tensor.Value{i(-1)}, "not possible"},
		{op.Range.Op, nil, []tensor.Value{tensor.Scalar(int64(0)), tensor.Scalar(int64(1)), tensor.Scalar(int64(0))}, "delta is 0"},
		{op.Range.Op, nil, []tensor.Value{tensor.Scalar(int64(-big * 2)), tensor.Scalar(int64(big)), tensor.Scalar(int64(1))}, "too long"},
		{op.Range.Op, nil, []tensor.Value{tensor.Scalar(float32(0)), tensor.Scalar(float32(1)), tensor.Scalar(float32(0))}, "delta is 0"},
		{op.OneHot.Op, nil, []tensor.Value{i(0), i(-1), i(0, 1)}, "not possible"},
		{op.TopK.Op, nil, []tensor.Value{f, i(4)}, "k is 4 for 3"},
		{op.TopK.Op, nil, []tensor.Value{f, i()}, "0 values for k"},
		{op.Compress.Op, nil, []tensor.Value{f, tensor.Of([]bool{false, false, false, false, false, false, true})}, "selects 6 of 6"},
		{op.Squeeze.Op, nil, []tensor.Value{f, i(0)}, "size 2, not 1"},
		{op.Unsqueeze.Op, nil, []tensor.Value{f, i(5)}, "out of range"},
		{op.ReverseSequence.Op, nil, []tensor.Value{f, i(1, -1, 1)}, "length -1"},
		{op.TensorScatter.Op, op.TensorScatterAttrs{Mode: "linear", Axis: 1}, []tensor.Value{f, f, i(0, 1)}, "does not fit"},
		{op.Resize.Op, nil, []tensor.Value{f, nil, tensor.Of([]float32{1, 1e30})}, "scale"},
		{op.Resize.Op, nil, []tensor.Value{f, nil, nil, i(2, -1)}, "becomes -1"},
		{op.RoiAlign.Op, nil, []tensor.Value{tensor.New(tensor.F32, 1, 1, 2, 2), nan.Reshape(1, 4), i(1)}, "image 1 of 1"},
		{op.Col2Im.Op, nil, []tensor.Value{tensor.New(tensor.F32, 1, 4, 9), i(big, 4), i(2, 2)}, "image"},
		{op.SequenceAt.Op, nil, []tensor.Value{&tensor.Sequence{}, i(0)}, "index 0 is out of range for size 0"},
		{op.SequenceErase.Op, nil, []tensor.Value{&tensor.Sequence{}}, "empty"},
		{op.ConcatFromSequence.Op, op.ConcatFromSequenceAttrs{}, []tensor.Value{&tensor.Sequence{}}, "no operands"},
		{op.OptionalGetElement.Op, nil, []tensor.Value{&tensor.Optional{}}, "empty"},
	} {
		_, err := run(c.o, c.attrs, c.in...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.o.Name, err, c.want)
		}
	}
}
