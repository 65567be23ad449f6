package op

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ResizeAttrs is ONNX's: Mode is "nearest", "linear" or "cubic"; CoordinateTransformationMode says which place of x a place of the
// result is, and has the value tf_half_pixel_for_nn of opsets 11 and 12 too.
type ResizeAttrs struct {
	Antialias                    bool    `ir:"antialias"`
	Axes                         []int   `ir:"axes"`
	CoordinateTransformationMode string  `ir:"coordinate_transformation_mode"`
	CubicCoeffA                  float32 `ir:"cubic_coeff_a"`
	ExcludeOutside               bool    `ir:"exclude_outside"`
	ExtrapolationValue           float32 `ir:"extrapolation_value"`
	KeepAspectRatioPolicy        string  `ir:"keep_aspect_ratio_policy"`
	Mode                         string  `ir:"mode"`
	NearestMode                  string  `ir:"nearest_mode"`
}

var resizeModes = []struct {
	name  string
	of    func(ResizeAttrs) string
	among []string
}{
	{"mode", func(a ResizeAttrs) string { return a.Mode }, []string{"nearest", "linear", "cubic"}},
	{"coordinate_transformation_mode", func(a ResizeAttrs) string { return a.CoordinateTransformationMode },
		[]string{"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize", "tf_half_pixel_for_nn"}},
	{"nearest_mode", func(a ResizeAttrs) string { return a.NearestMode }, []string{"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}},
	{"keep_aspect_ratio_policy", func(a ResizeAttrs) string { return a.KeepAspectRatioPolicy }, []string{"stretch", "not_larger", "not_smaller"}},
}

func (a ResizeAttrs) check() error {
	for _, m := range resizeModes {
		if v := m.of(a); !slices.Contains(m.among, v) {
			return fmt.Errorf("%s %q", m.name, v)
		}
	}
	return nil
}

// Resize is x sampled anew at other sizes, which scales or sizes give; an operand of no elements counts as absent.
var Resize = define(Def[ResizeAttrs]{
	Name: "resize", ONNX: "Resize", Sig: "x T, roi? f16|f32|f64, scales? f32, sizes? i64 -> y T; T " + movable,
	Props: ir.Pure,
	Attrs: ResizeAttrs{
		CoordinateTransformationMode: "half_pixel", CubicCoeffA: -0.75, KeepAspectRatioPolicy: "stretch",
		Mode: "nearest", NearestMode: "round_prefer_floor",
	},
	Infer: inferResize,
	Eval: func(e *ir.Env, a ResizeAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		axes, err := resizeAxes(a, x.Dims(), in)
		if err != nil {
			return nil, err
		}
		if a.Mode == "nearest" {
			return resizeNearest(e, a, x, axes)
		}
		if d := x.DType(); d == tensor.String || d.IsComplex() {
			return nil, fmt.Errorf("mode %q of %v", a.Mode, d)
		}
		if truncates(a, x.DType(), axes) {
			return resizeTruncating(e, a, x, axes)
		}
		return resizeSmooth(e, a, x, axes)
	},
})

// resizeAxis is how one axis changes.
type resizeAxis struct {
	in, out  int
	scale    float64
	from, to float64 // the region of interest, as fractions of the axis
}

var errScalesOrSizes = errors.New("scales or sizes must be given, and not both")

// given returns operand i, or nil where it has no elements.
func given(in []tensor.Value, i int) *tensor.Tensor {
	if t := tens(in, i); t != nil && t.Len() > 0 {
		return t
	}
	return nil
}

// resizeAxes returns how each axis of a tensor of sizes dims changes.
func resizeAxes(a ResizeAttrs, dims []int, in []tensor.Value) ([]resizeAxis, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	axes, err := AxesAttrs{a.Axes}.all(len(dims))
	if err != nil {
		return nil, err
	}
	out := make([]resizeAxis, len(dims))
	for i, d := range dims {
		out[i] = resizeAxis{d, d, 1, 0, 1}
	}
	scales, sizes := given(in, 2), given(in, 3)
	if len(axes) == 0 {
		return out, nil
	}
	switch {
	case (scales == nil) == (sizes == nil):
		return nil, errScalesOrSizes
	case scales != nil:
		err = setScales(out, axes, scales.Float64s())
	default:
		err = setSizes(out, axes, intsOf(sizes), a.KeepAspectRatioPolicy)
	}
	if err != nil || a.CoordinateTransformationMode != "tf_crop_and_resize" {
		return out, err
	}
	roi := given(in, 1)
	if roi == nil || roi.Len() != 2*len(axes) {
		return nil, fmt.Errorf("roi does not hold %d numbers", 2*len(axes))
	}
	r := roi.Float64s()
	for i, k := range axes {
		out[k].from, out[k].to = r[i], r[i+len(axes)]
		if math.IsNaN(out[k].from-out[k].to) || math.IsInf(out[k].from-out[k].to, 0) {
			return nil, fmt.Errorf("roi from %v to %v", out[k].from, out[k].to)
		}
	}
	return out, nil
}

func setScales(out []resizeAxis, axes []int, scales []float64) error {
	if len(scales) != len(axes) {
		return fmt.Errorf("%d scales for %d axes", len(scales), len(axes))
	}
	for i, k := range axes {
		n, err := scaled(out[k].in, scales[i])
		if err != nil {
			return err
		}
		out[k].out, out[k].scale = n, scales[i]
	}
	return nil
}

// scaled returns n times scale, in float32 as everybody does, rounded down.
func scaled(n int, scale float64) (int, error) {
	f := math.Floor(float64(float32(n) * float32(scale)))
	if !(scale > 0) || !(f < 1<<48) {
		return 0, fmt.Errorf("scale %v of size %d", scale, n)
	}
	return int(f), nil
}

func setSizes(out []resizeAxis, axes, sizes []int, policy string) error {
	if len(sizes) != len(axes) {
		return fmt.Errorf("%d sizes for %d axes", len(sizes), len(axes))
	}
	common := math.NaN()
	for i, k := range axes {
		if sizes[i] < 0 || sizes[i] > 1<<48 || out[k].in == 0 && sizes[i] > 0 {
			return fmt.Errorf("size %d becomes %d", out[k].in, sizes[i])
		}
		out[k].out = sizes[i]
		if out[k].in == 0 {
			continue
		}
		s := float64(sizes[i]) / float64(out[k].in)
		out[k].scale = s
		if math.IsNaN(common) || (policy == "not_larger") == (s < common) {
			common = s
		}
	}
	if policy == "stretch" {
		return nil
	}
	for _, k := range axes {
		if out[k].in > 0 {
			out[k].scale, out[k].out = common, int(math.Floor(common*float64(out[k].in)+0.5))
		}
	}
	return nil
}

func inferResize(sc *ir.Scope, a ResizeAttrs, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	if err := a.check(); err != nil || x.Unranked {
		return of(x), err
	}
	axes, err := AxesAttrs{a.Axes}.all(len(x.Shape))
	if err != nil {
		return ir.Known{}, err
	}
	scales, sizes := in[2], in[3]
	shape := slices.Clone(x.Shape)
	switch {
	case empty(scales) && empty(sizes) && len(axes) > 0 || present(scales) && present(sizes):
		return ir.Known{}, errScalesOrSizes
	case scales.Const != nil && scales.Const.Len() > 0:
		v := scales.Const.Float64s()
		if len(v) != len(axes) {
			return ir.Known{}, fmt.Errorf("%d scales for %d axes", len(v), len(axes))
		}
		for i, k := range axes {
			if shape[k], err = scaledSize(sc, x.Shape[k], v[i]); err != nil {
				return ir.Known{}, err
			}
		}
		return of(x.WithShape(shape...)), nil
	case empty(scales) && !empty(sizes):
		if n, ok := knownLength(sizes); ok && n != len(axes) {
			return ir.Known{}, fmt.Errorf("%d sizes for %d axes", n, len(axes))
		}
		want := sizesOr(sizes, len(axes))
		if a.KeepAspectRatioPolicy != "stretch" {
			if want, err = keptAspect(x.Shape, axes, want, a.KeepAspectRatioPolicy); err != nil {
				return ir.Known{}, err
			}
		}
		for i, d := range asShape(sc, want) {
			shape[axes[i]] = d
		}
		return of(x.WithShape(shape...)), nil
	}
	for _, k := range axes {
		shape[k] = sc.Fresh()
	}
	return of(x.WithShape(shape...)), nil
}

// empty reports whether an optional operand is absent or certainly has no elements; present, whether it certainly has some.
func empty(k ir.Known) bool {
	n, ok := knownLength(k)
	return !k.Present() || ok && n == 0
}

func present(k ir.Known) bool {
	n, ok := knownLength(k)
	return k.Present() && ok && n > 0
}

// scaledSize is scaled for sizes; a fresh size where the scale is no fraction that float32 multiplies exactly.
func scaledSize(sc *ir.Scope, d sym.Dim, scale float64) (sym.Dim, error) {
	if n, ok := d.Int(); ok {
		m, err := scaled(n, scale)
		return sym.Const(m), err
	}
	if !(scale > 0) || scale > 1<<20 {
		return d, fmt.Errorf("scale %v", scale)
	}
	for q := 1; q <= 1<<10; q *= 2 {
		if p := scale * float64(q); p == math.Trunc(p) {
			return sym.FloorDiv(sym.Mul(d, sym.Const(int(p))), sym.Const(q)), nil
		}
	}
	return sc.Fresh(), nil
}

// keptAspect returns the sizes that a policy makes of those wanted; not Valid where it depends on sizes that are not known.
func keptAspect(x ir.Shape, axes []int, want []sym.Dim, policy string) ([]sym.Dim, error) {
	out := make([]resizeAxis, len(x))
	sizes := make([]int, len(axes))
	unknown := make([]sym.Dim, len(axes))
	for i, k := range axes {
		unknown[i] = sym.Unknown()
		n, ok := x[k].Int()
		m, ok2 := want[i].Int()
		if !ok || !ok2 {
			for ; i < len(axes); i++ {
				unknown[i] = sym.Unknown()
			}
			return unknown, nil
		}
		out[k].in, sizes[i] = n, m
	}
	if err := setSizes(out, axes, sizes, policy); err != nil {
		return nil, err
	}
	for i, k := range axes {
		unknown[i] = sym.Const(out[k].out)
	}
	return unknown, nil
}
