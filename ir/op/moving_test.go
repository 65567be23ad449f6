package op_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// show writes sizes and elements of a result.
func show(v tensor.Value) string {
	t := v.(*tensor.Tensor)
	switch d := t.DType(); {
	case d == tensor.String:
		return fmt.Sprint(t.Dims(), t.Strings())
	case d.IsComplex():
		return fmt.Sprint(t.Dims(), t.Complex128s())
	case d.IsFloat():
		return fmt.Sprint(t.Dims(), t.Float64s())
	}
	return fmt.Sprint(t.Dims(), t.Int64s())
}

// seq is 0, 1, 2 ... in a tensor of the given type.
func seq(d tensor.DType, dims ...int) *tensor.Tensor {
	n, _ := tensor.Count(dims)
	v := make([]int64, n)
	for i := range v {
		v[i] = int64(i)
	}
	if d.IsInt() {
		return tensor.FromInt64s(d, v, dims...)
	}
	f := make([]float64, n)
	for i := range f {
		f[i] = float64(i)
	}
	return tensor.FromFloat64s(d, f, dims...)
}

func TestMovesKeepElementsOfEveryWidth(t *testing.T) {
	for _, d := range []tensor.DType{tensor.U2, tensor.I4, tensor.U8, tensor.F8E5M2, tensor.BF16, tensor.F32, tensor.F64} {
		x := seq(d, 2, 2)
		for _, c := range []struct {
			o     *ir.Op
			attrs any
			in    []tensor.Value
			want  string
		}{
			{op.Transpose.Op, nil, []tensor.Value{x}, "[2 2] [0 2 1 3]"},
			{op.Pad.Op, nil, []tensor.Value{x, tensor.Of([]int64{0, 1, -1, 0})}, "[1 3] [0 0 1]"},
			{op.Pad.Op, op.PadAttrs{Mode: "wrap"}, []tensor.Value{x, tensor.Of([]int64{0, 3, 0, 0})}, "[2 5] [1 0 1 0 1 3 2 3 2 3]"},
		} {
			want := c.want
			out, err := run(c.o, c.attrs, c.in...)
			if err != nil {
				t.Errorf("%s of %v: %v", c.o.Name, d, err)
			} else if got := show(out[0]); got != want {
				t.Errorf("%s of %v: got %s, want %s", c.o.Name, d, got, want)
			}
		}
	}
}

func TestEvaluationOfCornerCases(t *testing.T) {
	i := func(v ...int64) tensor.Value { return tensor.Of(v) }
	nan := float32(math.NaN())
	scalar := tensor.Scalar(float32(7))
	three := 3
	for _, c := range []struct {
		name  string
		o     *ir.Op
		attrs any
		in    []tensor.Value
		want  string
	}{
		{"reflection over several periods", op.Pad.Op, op.PadAttrs{Mode: "reflect"}, []tensor.Value{seq(tensor.F32, 3), i(5, 0)}, "[8] [1 0 1 2 1 0 1 2]"},
		{"what is cut off is not reflected", op.Pad.Op, op.PadAttrs{Mode: "reflect"}, []tensor.Value{seq(tensor.F32, 4), i(-1, 2)}, "[5] [1 2 3 2 1]"},
		{"strings are padded with empty ones", op.Pad.Op, nil, []tensor.Value{tensor.OfStrings([]string{"a"}), i(1, 1)}, "[3] [ a ]"},
		{"a slice from the end in steps", op.Slice.Op, nil, []tensor.Value{seq(tensor.I64, 5), i(math.MaxInt64), i(math.MinInt64), i(0), i(-2)}, "[3] [4 2 0]"},
		{"a step beyond the tensor", op.Slice.Op, nil, []tensor.Value{seq(tensor.I64, 5), i(1), i(5), i(0), i(math.MaxInt64)}, "[1] [1]"},
		{"the least step", op.Slice.Op, nil, []tensor.Value{seq(tensor.I64, 5), i(3), i(math.MinInt64), i(0), i(math.MinInt64)}, "[1] [3]"},
		{"reshape of nothing", op.Reshape.Op, op.ReshapeAttrs{AllowZero: true}, []tensor.Value{seq(tensor.F32, 0, 3), i(3, 0)}, "[3 0] []"},
		{"a copied zero cancels", op.Reshape.Op, nil, []tensor.Value{seq(tensor.F32, 0, 6), i(0, 2, -1)}, "[0 2 3] []"},
		{"no gathers from nothing", op.Gather.Op, nil, []tensor.Value{seq(tensor.F32, 0, 3), tensor.New(tensor.I64, 0)}, "[0 3] []"},
		{"non-zeros of a scalar", op.NonZero.Op, nil, []tensor.Value{scalar}, "[0 1] []"},
		{"updates are appended to strings", op.ScatterND.Op, op.ScatterNDAttrs{Reduction: "add"}, []tensor.Value{tensor.OfStrings([]string{"a", "b"}, 2), tensor.Of([]int64{1, 1}, 2, 1), tensor.OfStrings([]string{"c", "d"}, 2)}, "[2] [a bcd]"},
		{"non-zero of NaN", op.NonZero.Op, nil, []tensor.Value{tensor.Of([]float32{0, nan})}, "[1 1] [1]"},
		{"the largest unsigned integer", op.ArgMax.Op, op.ArgAttrs{}, []tensor.Value{tensor.Of([]uint64{1, math.MaxUint64, 5})}, "[] [1]"},
		{"the last of equal elements", op.ArgMin.Op, op.ArgAttrs{SelectLastIndex: true}, []tensor.Value{i(3, 1, 1, 2)}, "[] [2]"},
		{"NaN is the largest and the smallest", op.ArgMin.Op, op.ArgAttrs{}, []tensor.Value{tensor.Of([]float32{3, nan, 1})}, "[] [1]"},
		{"equal elements in order", op.TopK.Op, nil, []tensor.Value{i(5, 7, 5, 7), i(3)}, "[3] [7 7 5]"},
		{"empty lanes", op.TopK.Op, nil, []tensor.Value{seq(tensor.F32, 0, 3), i(2)}, "[0 2] []"},
		{"unique values in order of appearance", op.Unique.Op, op.UniqueAttrs{}, []tensor.Value{i(3, 1, 3, 2)}, "[3] [3 1 2]"},
		{"no unique values", op.Unique.Op, nil, []tensor.Value{i()}, "[0] []"},
		{"NaNs are one value", op.Unique.Op, nil, []tensor.Value{tensor.Of([]float32{nan, 1, nan})}, "[2] [1 NaN]"},
		{"an exclusive reverse sum", op.CumSum.Op, op.CumAttrs{Exclusive: true, Reverse: true}, []tensor.Value{i(1, 2, 3), i(0)}, "[3] [5 3 0]"},
		{"sums wrap around", op.CumSum.Op, nil, []tensor.Value{i(math.MaxInt64, 1), i(0)}, "[2] [9223372036854775807 -9223372036854775808]"},
		{"the largest of updates", op.ScatterElements.Op, op.ScatterElementsAttrs{Reduction: "max"}, []tensor.Value{i(1, 2), i(0, 0, -1), i(5, 4, 0)}, "[2] [5 2]"},
		{"one-hot beyond the depth", op.OneHot.Op, nil, []tensor.Value{i(-1, 3, 0), tensor.Scalar(int64(2)), i(8, 9)}, "[3 2] [8 9 8 8 9 8]"},
		{"a write around the end", op.TensorScatter.Op, op.TensorScatterAttrs{Mode: "circular", Axis: 1}, []tensor.Value{seq(tensor.I64, 1, 4), tensor.Of([]int64{8, 9}, 1, 2), i(3)}, "[1 4] [9 1 2 8]"},
		{"a lower triangle above the diagonal", op.Trilu.Op, op.TriluAttrs{}, []tensor.Value{seq(tensor.I64, 2, 3), i(1)}, "[2 3] [0 1 0 3 4 5]"},
		{"a triangle far away", op.Trilu.Op, nil, []tensor.Value{seq(tensor.I64, 2, 2), i(math.MaxInt64)}, "[2 2] [0 0 0 0]"},
		{"a crop and a pad", op.CenterCropPad.Op, nil, []tensor.Value{seq(tensor.I64, 3, 1), i(2, 4)}, "[2 4] [0 0 0 0 0 1 0 0]"},
		{"whole steps in float32", op.Resize.Op, op.ResizeAttrs{Mode: "linear", CoordinateTransformationMode: "asymmetric", NearestMode: "floor", KeepAspectRatioPolicy: "stretch"},
			[]tensor.Value{tensor.Of([]uint8{0, 10}), nil, nil, i(4)}, "[4] [0 5 10 10]"},
		{"a quotient that is whole in float32", op.Resize.Op, op.ResizeAttrs{Mode: "nearest", CoordinateTransformationMode: "asymmetric", NearestMode: "floor", KeepAspectRatioPolicy: "stretch"},
			[]tensor.Value{seq(tensor.I64, 11), nil, tensor.Of([]float32{0.6})}, "[6] [0 1 3 5 6 8]"},
		{"corners that meet though the scale leaves a fraction", op.Resize.Op, op.ResizeAttrs{Mode: "linear", CoordinateTransformationMode: "align_corners", NearestMode: "floor", KeepAspectRatioPolicy: "stretch"},
			[]tensor.Value{tensor.Of([]float32{0, 4, 8}), nil, tensor.Of([]float32{1.75})}, "[5] [0 2 4 6 8]"},
		{"a cubic beyond the border", op.GridSample.Op, op.GridSampleAttrs{Mode: "cubic", PaddingMode: "border", AlignCorners: true},
			[]tensor.Value{tensor.Of([]float32{0, 8}, 1, 1, 1, 2), tensor.Of([]float32{2, 0}, 1, 1, 1, 2)}, "[1 1 1 1] [8.75]"},
		{"a mean of nothing", op.ReduceMean.Op, op.ReduceAttrs{}, []tensor.Value{seq(tensor.F32, 0, 2), i(0)}, "[2] [0 0]"},
		{"a signal without parts", op.STFT.Op, op.STFTAttrs{Onesided: true}, []tensor.Value{tensor.Of([]float32{1, 2, 3}, 1, 3), tensor.Scalar(int64(1)), nil, tensor.Scalar(int64(2))}, "[1 2 2 2] [3 0 -1 0 5 0 -1 0]"},
		{"places outside by no number", op.GridSample.Op, nil, []tensor.Value{seq(tensor.F32, 1, 1, 2, 2), tensor.Of([]float32{nan, 0}, 1, 1, 1, 2)}, "[1 1 1 1] [0]"},
		{"splits at most", op.StringSplit.Op, op.StringSplitAttrs{MaxSplit: &three}, []tensor.Value{tensor.OfStrings([]string{" a  b c d e "})}, "[1 4] [a b c d e ]"},
		{"a pattern with alternatives", op.RegexFullMatch.Op, op.RegexFullMatchAttrs{Pattern: "a|ab"}, []tensor.Value{tensor.OfStrings([]string{"ab", "abc"})}, "[2] [1 0]"},
	} {
		out, err := run(c.o, c.attrs, c.in...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got := show(out[0]); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestStepsOutsideTheBudgetAreRefusedBeforeTheyAllocate(t *testing.T) {
	e := &ir.Env{Outs: 1, Charge: func(n int) error {
		if n > 1<<20 {
			return fmt.Errorf("%d bytes", n)
		}
		return nil
	}}
	x := seq(tensor.F32, 2, 3)
	huge := tensor.Of([]int64{1 << 40, 1})
	for _, c := range []struct {
		o  *ir.Op
		in []tensor.Value
	}{
		{op.Tile.Op, []tensor.Value{x, huge}},
		{op.ConstantOfShape.Op, []tensor.Value{huge}},
		{op.Expand.Op, []tensor.Value{x, tensor.Of([]int64{1 << 40, 2, 3})}},
		{op.Pad.Op, []tensor.Value{x, tensor.Of([]int64{1 << 40, 0, 0, 0})}},
		{op.OneHot.Op, []tensor.Value{huge, tensor.Scalar(int64(1 << 40)), huge}},
		{op.Range.Op, []tensor.Value{tensor.Scalar(int64(0)), tensor.Scalar(int64(1 << 50)), tensor.Scalar(int64(1))}},
		{op.Resize.Op, []tensor.Value{x, nil, nil, huge}},
		{op.CenterCropPad.Op, []tensor.Value{x, huge}},
		{op.AffineGrid.Op, []tensor.Value{seq(tensor.F32, 1, 2, 3), tensor.Of([]int64{1, 1, 1 << 30, 1 << 30})}},
	} {
		if _, err := c.o.Eval(e, c.o.Attrs, c.in); err == nil {
			t.Errorf("%s: no error", c.o.Name)
		}
	}
}

func TestBlocksEqualTheirDecompositions(t *testing.T) {
	for _, mode := range []string{"DCR", "CRD"} {
		for _, c := range []struct {
			o *ir.Op
			x *tensor.Tensor
		}{{op.DepthToSpace.Op, seq(tensor.I64, 2, 8, 2, 3)}, {op.SpaceToDepth.Op, seq(tensor.I64, 2, 2, 4, 6)}, {op.DepthToSpace.Op, seq(tensor.I64, 0, 8, 2, 3)}} {
			y, z := evalBoth(t, c.o, op.BlockAttrs{BlockSize: 2, Mode: mode}, c.x)
			if show(y) != show(z) {
				t.Errorf("%s %s: %s, lowered to %s", c.o.Name, mode, show(y), show(z))
			}
		}
	}
}

func TestDecompositionOfBlocksKeepsSymbolicSizes(t *testing.T) {
	g, err := ir.Parse("graph g(%x: f32[N,C*4,H,W]) {\n\t%y = depth_to_space(%x) {blocksize=2} : f32[N,C,H*2,W*2]\n\treturn %y\n}\n", op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := op.DepthToSpace.Lower(ir.NewBuilder(g), g.Nodes[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := out[0].Type.String(); got != "f32[N,C,H*2,W*2]" {
		t.Errorf("lowered to %s", got)
	}
}
