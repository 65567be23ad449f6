package values

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func typ(t *testing.T, s string) ir.Type {
	t.Helper()
	out, err := ir.ParseType(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLiteralsAreReadAsWritten(t *testing.T) {
	for _, c := range []struct {
		arg, typ string
		want     *tensor.Tensor // nil: refused
	}{
		{"x=1x3=1,2,3", "f32[1,3]", tensor.Of([]float32{1, 2, 3}, 1, 3)},
		{"1x3=1,-2.5e1, 3", "f32[1,3]", tensor.Of([]float32{1, -25, 3}, 1, 3)},
		{"=5", "i64[]", tensor.Scalar(int64(5))},
		{"x==5", "i64[]", tensor.Scalar(int64(5))},
		{"x=2x2=7", "u8[N,N]", tensor.Of([]uint8{7, 7, 7, 7}, 2, 2)},
		{"x=3=1", "i4[3]", tensor.FromInt64s(tensor.I4, []int64{1, 1, 1}, 3)},
		{"x=2=true,false", "bool[2]", tensor.Of([]bool{true, false})},
		{"x=2=a,b c", "str[2]", tensor.OfStrings([]string{"a", "b c"})},
		{"x=0x4=", "f32[N,4]", tensor.New(tensor.F32, 0, 4)},
		{"x=1=NaN", "f32[1]", nil},
		{"x=2=1,2,3", "f32[2]", nil},
		{"x=2=1,z", "f32[2]", nil},
		{"x=1=1.5", "i64[1]", nil},
		{"x=99999999999x99999999999=1", "f32[N,N]", nil},
		{"x=-1=1", "f32[1]", nil},
		{"x=1=1", "seq(f32[*])", nil},
		{"y=1=1", "f32[1]", nil},
		{"x=1=1,", "f32[1]", nil},
	} {
		var r Reader
		got, err := r.Read([]string{c.arg}, []Input{{"x", typ(t, c.typ)}})
		switch {
		case c.arg == "x=1=NaN":
			if err != nil || !strings.Contains(got["x"].(*tensor.Tensor).String(), "NaN") {
				t.Errorf("%s: %v, %v", c.arg, got, err)
			}
		case c.want == nil && (!errors.Is(err, ErrSyntax)):
			t.Errorf("%s for %s: got %v, %v", c.arg, c.typ, got, err)
		case c.want != nil && (err != nil || !tensor.Equal(got["x"], c.want)):
			t.Errorf("%s for %s: got %v, %v; want %v", c.arg, c.typ, got["x"], err, c.want)
		}
	}
}

func TestNamesMayHoldEqualSigns(t *testing.T) {
	var r Reader
	f := typ(t, "f32[1]")
	got, err := r.Read([]string{"a=1=1", "a=b=1=2"}, []Input{{"a", f}, {"a=b", f}})
	if err != nil || got["a"].(*tensor.Tensor).Float64At(0) != 1 || got["a=b"].(*tensor.Tensor).Float64At(0) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := r.Read([]string{"a=1=1", "a=1=2"}, []Input{{"a", f}}); !errors.Is(err, ErrSyntax) {
		t.Errorf("an input was given twice: %v", err)
	}
}

// paint writes a picture of 2×3 pixels that differ.
func paint(t *testing.T) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 2, 3))
	for i := range 6 {
		img.SetNRGBA(i%2, i/2, color.NRGBA{uint8(i), uint8(10 * i), uint8(40 * i), 255})
	}
	path := filepath.Join(t.TempDir(), "p.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPicturesLieAsTheLayoutSays(t *testing.T) {
	path := paint(t)
	for _, c := range []struct {
		typ, layout string
		dims        []int
		at          int     // an element
		want        float64 // of pixel 5: row 2, column 1
	}{
		{"u8[N,3,H,W]", "", []int{1, 3, 3, 2}, 11, 50},
		{"u8[N,H,W,3]", "", []int{1, 3, 2, 3}, 16, 50},
		{"u8[3,H,W]", "", []int{3, 3, 2}, 17, 200},
		{"u8[H,W,3]", "nhwc", []int{3, 2, 3}, 17, 200},
		{"f32[N,3,3,2]", "nchw", []int{1, 3, 3, 2}, 11, 50. / 255},
		{"u8[1,H,W]", "", []int{1, 3, 2}, 5, 54},
		{"u8[H,W]", "", []int{3, 2}, 5, 54},
		{"u8[N,1,H,W]", "", []int{1, 1, 3, 2}, 5, 54},
	} {
		r := Reader{Layout: c.layout}
		got, err := r.Read([]string{path}, []Input{{"x", typ(t, c.typ)}})
		if err != nil {
			t.Errorf("%s: %v", c.typ, err)
			continue
		}
		x := got["x"].(*tensor.Tensor)
		if len(x.Dims()) != len(c.dims) || x.Len() != tensor.New(tensor.U8, c.dims...).Len() || x.Dims()[len(c.dims)-1] != c.dims[len(c.dims)-1] {
			t.Errorf("%s: sizes %v, want %v", c.typ, x.Dims(), c.dims)
		}
		if v := x.Float64At(c.at); v < c.want-1e-6 || v > c.want+1e-6 {
			t.Errorf("%s: element %d is %v, want %v", c.typ, c.at, v, c.want)
		}
	}
}

func TestPicturesAreScaledOnlyWhenAsked(t *testing.T) {
	path := paint(t)
	in := []Input{{"x", typ(t, "f32[1,3,6,4]")}}
	var r Reader
	if _, err := r.Read([]string{path}, in); err == nil || !strings.Contains(err.Error(), "--resize") {
		t.Errorf("got %v", err)
	}
	r = Reader{Resize: true, Mean: []float64{0.5}, Std: []float64{0.5, 0.25, 1}}
	got, err := r.Read([]string{path}, in)
	if err != nil || len(r.Notes) != 1 {
		t.Fatalf("%v, notes %v", err, r.Notes)
	}
	if v := got["x"].(*tensor.Tensor).Float64At(0); v != -1 {
		t.Errorf("the first pixel is %v, want (0-0.5)/0.5", v)
	}
	r = Reader{Std: []float64{0}, Resize: true}
	if _, err := r.Read([]string{path}, in); !errors.Is(err, ErrSyntax) {
		t.Errorf("a division by zero was taken: %v", err)
	}
}

func TestRandomInputsAreTheSameForASeed(t *testing.T) {
	for _, d := range []tensor.DType{tensor.F32, tensor.F16, tensor.I64, tensor.Bool, tensor.String, tensor.C64, tensor.U4} {
		a, err := Random(d, []int{2, 30}, 1, "x", DefaultLimit)
		b, err2 := Random(d, []int{2, 30}, 1, "x", DefaultLimit)
		c, _ := Random(d, []int{2, 30}, 2, "x", DefaultLimit)
		if err != nil || err2 != nil || !tensor.Equal(a, b) || tensor.Equal(a, c) {
			t.Errorf("%v: %v %v", d, a, b)
		}
	}
	if _, err := Random(tensor.F32, []int{1 << 40, 1 << 40}, 1, "x", DefaultLimit); err == nil {
		t.Error("sizes that overflow were taken")
	}
}

func TestOpenSizesBecomeOneAndAreNamed(t *testing.T) {
	sizes := map[string]int{"N": 4}
	dims, unbound, err := Dims(typ(t, "f32[N,2*T,3]"), sizes)
	if err != nil || len(unbound) != 1 || unbound[0] != "T" || dims[0] != 4 || dims[1] != 2 || sizes["T"] != 1 {
		t.Errorf("%v %v %v", dims, unbound, err)
	}
}

func TestPrintShowsTheEdgesOfLargeTensors(t *testing.T) {
	var b strings.Builder
	big := tensor.New(tensor.F32, 40, 50)
	if err := Print(&b, big); err != nil || strings.Count(b.String(), "\n") != 8 || !strings.Contains(b.String(), "…") {
		t.Errorf("%v:\n%s", err, b.String())
	}
	for _, c := range []struct {
		v    tensor.Value
		want string
	}{
		{tensor.Scalar(float32(1.5)), "f32[]\n1.5\n"},
		{tensor.Of([]int64{1, -20}), "i64[2]\n[  1 -20]\n"},
		{tensor.New(tensor.F32, 0, 2), "f32[0,2]\n[]\n"},
		{tensor.Of([]bool{true, false}, 2, 1), "bool[2,1]\n[[ true]\n [false]]\n"},
		{tensor.OfStrings([]string{"a\x1b"}), "str[1]\n[\"a\\x1b\"]\n"},
		{&tensor.Sequence{Elems: []tensor.Value{tensor.Scalar(int8(1))}}, "sequence of 1\n  i8[]\n  1\n"},
		{&tensor.Optional{}, "empty optional\n"},
		{&tensor.Map{Keys: tensor.OfStrings([]string{"no", "yes"}), Values: tensor.Of([]float32{0.25, 0.75})}, "{\"no\": 0.25, \"yes\": 0.75}\n"},
	} {
		b.Reset()
		if err := Print(&b, c.v); err != nil || b.String() != c.want {
			t.Errorf("%v: printed %q, want %q", c.v, b.String(), c.want)
		}
	}
}

func TestTopRanksEveryRow(t *testing.T) {
	rows, err := Top(tensor.Of([]float32{1, 3, 2, 5, 5, 0}, 2, 3), 2, Softmax)
	if err != nil || len(rows) != 2 || rows[0][0].Class != 1 || rows[0][1].Class != 2 || rows[1][0].Class != 0 || rows[1][1].Class != 1 {
		t.Errorf("%v, %v", rows, err)
	}
	if p := rows[1][0].Score; p < 0.49 || p > 0.5 {
		t.Errorf("softmax of 5, 5, 0 begins with %v", p)
	}
	if _, err := Top(tensor.Scalar(float32(1)), 1, nil); err == nil {
		t.Error("a scalar was ranked")
	}
}

func TestPicturesReadBackAsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.png")
	x := tensor.Of([]uint8{0, 50, 100, 150, 200, 250}, 1, 1, 3, 2)
	if err := Write(path, []Named{{"y", x}}); err != nil {
		t.Fatal(err)
	}
	var r Reader
	got, err := r.Read([]string{path}, []Input{{"x", typ(t, "u8[1,1,3,2]")}})
	if err != nil || !tensor.Equal(got["x"], x) {
		t.Errorf("got %v, %v", got["x"], err)
	}
	if err := Write(path, []Named{{"y", tensor.New(tensor.F32, 2, 2, 2, 2, 2)}}); err == nil {
		t.Error("five axes became a picture")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("what failed left a file behind")
	}
}
