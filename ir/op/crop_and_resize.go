package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// CropAndResizeAttrs holds how places between those of x are read, bilinear or nearest, and what lies beyond x.
type CropAndResizeAttrs struct {
	ExtrapolationValue float32 `ir:"extrapolation_value"`
	Mode               string  `ir:"mode"`
}

func (a CropAndResizeAttrs) check() error {
	if a.Mode != "bilinear" && a.Mode != "nearest" {
		return fmt.Errorf("mode %q", a.Mode)
	}
	return nil
}

// CropAndResize resizes regions [R,4] (y1, x1, y2, x2, as parts of the image, whose last places are at 1) of x [N,C,H,W], each of image
// i[R], to crop_size (h, w). The corners of a region become those of the result.
var CropAndResize = define(Def[CropAndResizeAttrs]{
	Name: "crop_and_resize", ONNX: "CropAndResize", Domain: "com.microsoft",
	Sig:   "x T, rois T, i i32, crop_size i32 -> y T; T f32|f16|f64",
	Props: ir.Pure,
	Attrs: CropAndResizeAttrs{Mode: "bilinear"},
	Infer: func(sc *ir.Scope, a CropAndResizeAttrs, in []ir.Known) (ir.Known, error) {
		if err := a.check(); err != nil {
			return ir.Known{}, err
		}
		rois, err := roiCount(sc, in[0].Type, in[1].Type, 4)
		if err != nil {
			return ir.Known{}, err
		}
		t := roiType(sc, in[0].Type, rois, 1, 1)
		t.Shape[2], t.Shape[3] = sc.Fresh(), sc.Fresh()
		if s, ok := in[3].Sizes(); ok && len(s) == 2 {
			for k, d := range s {
				if d.Valid() && sym.GE(d, sym.Const(1), nil) {
					t.Shape[2+k] = d
				}
			}
		}
		return of(t), inferBatch(sc, in[2], rois)
	},
	Eval: func(e *ir.Env, a CropAndResizeAttrs, in []tensor.Value) (tensor.Value, error) {
		x, rois, images, size := tens(in, 0), tens(in, 1), intsOf(tens(in, 2)), intsOf(tens(in, 3))
		if err := a.check(); err != nil {
			return nil, err
		}
		if x.Rank() != 4 || rois.Rank() != 2 || rois.Dims()[1] != 4 || rois.Dims()[0] != len(images) {
			return nil, fmt.Errorf("x of sizes %v, rois of sizes %v, %d images", x.Dims(), rois.Dims(), len(images))
		}
		if len(size) != 2 || min(size[0], size[1]) < 1 {
			return nil, fmt.Errorf("crop_size %v", size)
		}
		return value(a.eval(e, x, rois, images, size))
	},
})

func (a CropAndResizeAttrs) eval(e *ir.Env, x, rois *tensor.Tensor, images, size []int) (*tensor.Tensor, error) {
	d := x.Dims()
	v, err := loadAll[float64](e, x, rois)
	if err != nil {
		return nil, err
	}
	out, err := alloc[float64](e, len(images), d[1], size[0], size[1])
	if err != nil {
		return nil, err
	}
	area, plane := size[0]*size[1], d[2]*d[3]
	for k, image := range images {
		if err := e.Err(); err != nil {
			return nil, err
		}
		if image < 0 || image >= d[0] {
			return nil, fmt.Errorf("image %d of %d", image, d[0])
		}
		roi := v[1][4*k:]
		ys, err := a.places(e, roi[0], roi[2], d[2], size[0], x.DType())
		if err != nil {
			return nil, err
		}
		xs, err := a.places(e, roi[1], roi[3], d[3], size[1], x.DType())
		if err != nil {
			return nil, err
		}
		for c := range d[1] {
			from, to := v[0][(image*d[1]+c)*plane:], out[(k*d[1]+c)*area:]
			for i, py := range ys {
				for j, px := range xs {
					to[i*size[1]+j] = a.read(from, d[3], py, px)
				}
			}
		}
	}
	return store(e, x.DType(), out, len(images), d[1], size[0], size[1])
}

// places returns where the n rows or columns of a crop from lo to hi lie among those of an image; NaN beyond it. Places of float32 are
// rounded to it.
func (a CropAndResizeAttrs) places(e *ir.Env, lo, hi float64, size, n int, d tensor.DType) ([]float64, error) {
	out, err := alloc[float64](e, n)
	if err != nil {
		return nil, err
	}
	round := func(x float64) float64 {
		if d == tensor.F64 {
			return x
		}
		return float64(float32(x))
	}
	last := float64(size - 1)
	for i := range out {
		p := round(0.5 * round(lo+hi) * last)
		switch {
		case n > 1 && i == 0:
			p = round(lo * last)
		case n > 1 && i == n-1:
			p = round(hi * last)
		case n > 1:
			step := round(round(round(hi-lo)*last) / float64(n-1))
			p = round(round(lo*last) + round(float64(i)*step))
		}
		if !(p >= 0 && p <= last) {
			p = math.NaN()
		}
		out[i] = p
	}
	return out, nil
}

// read returns the element of a plane at y and x.
func (a CropAndResizeAttrs) read(plane []float64, width int, y, x float64) float64 {
	if math.IsNaN(y) || math.IsNaN(x) {
		return float64(a.ExtrapolationValue)
	}
	at := func(y, x float64) float64 { return plane[int(y)*width+int(x)] }
	if a.Mode == "nearest" {
		return at(math.Round(y), math.Round(x))
	}
	top, left := math.Floor(y), math.Floor(x)
	down, right := math.Ceil(y), math.Ceil(x)
	upper := at(top, left) + (at(top, right)-at(top, left))*(x-left)
	lower := at(down, left) + (at(down, right)-at(down, left))*(x-left)
	return upper + (lower-upper)*(y-top)
}
