package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// RoiAlignAttrs is ONNX's: Mode is "avg" or "max" over the samples of a bin; a SamplingRatio of 0 takes as many as the bin has places.
type RoiAlignAttrs struct {
	CoordinateTransformationMode string  `ir:"coordinate_transformation_mode"`
	Mode                         string  `ir:"mode"`
	OutputHeight                 int     `ir:"output_height"`
	OutputWidth                  int     `ir:"output_width"`
	SamplingRatio                int     `ir:"sampling_ratio"`
	SpatialScale                 float32 `ir:"spatial_scale"`
}

func (a RoiAlignAttrs) check() error {
	switch {
	case a.Mode != "avg" && a.Mode != "max":
		return fmt.Errorf("mode %q", a.Mode)
	case a.CoordinateTransformationMode != "half_pixel" && a.CoordinateTransformationMode != "output_half_pixel":
		return fmt.Errorf("coordinate_transformation_mode %q", a.CoordinateTransformationMode)
	case a.OutputHeight < 1 || a.OutputWidth < 1 || a.SamplingRatio < 0 || max(a.OutputHeight, a.OutputWidth, a.SamplingRatio) > 1<<20:
		return fmt.Errorf("output of %d by %d with sampling_ratio %d", a.OutputHeight, a.OutputWidth, a.SamplingRatio)
	}
	return nil
}

// RoiAlign pools regions [R,4] of x [N,C,H,W], each of image i[R], into [R,C,OutputHeight,OutputWidth], by samples between the places of x.
var RoiAlign = define(Def[RoiAlignAttrs]{
	Name: "roi_align", ONNX: "RoiAlign", Sig: "x T, rois T, i i64 -> y T; T float",
	Props: ir.Pure,
	Attrs: RoiAlignAttrs{CoordinateTransformationMode: "half_pixel", Mode: "avg", OutputHeight: 1, OutputWidth: 1, SpatialScale: 1},
	Infer: func(sc *ir.Scope, a RoiAlignAttrs, in []ir.Known) (ir.Known, error) {
		if err := a.check(); err != nil {
			return ir.Known{}, err
		}
		rois, err := roiCount(sc, in[0].Type, in[1].Type, 4)
		if err != nil {
			return ir.Known{}, err
		}
		return of(roiType(sc, in[0].Type, rois, a.OutputHeight, a.OutputWidth)), inferBatch(sc, in[2], rois)
	},
	Eval: func(e *ir.Env, a RoiAlignAttrs, in []tensor.Value) (tensor.Value, error) {
		x, rois, images := tens(in, 0), tens(in, 1), intsOf(tens(in, 2))
		if err := a.check(); err != nil {
			return nil, err
		}
		if x.Rank() != 4 || rois.Rank() != 2 || rois.Dims()[1] != 4 || rois.Dims()[0] != len(images) {
			return nil, fmt.Errorf("x of sizes %v, rois of sizes %v, %d images", x.Dims(), rois.Dims(), len(images))
		}
		d := x.Dims()
		dims := []int{len(images), d[1], a.OutputHeight, a.OutputWidth}
		if err := e.Take(tensor.C128, dims); err != nil {
			return nil, err
		}
		n := count(dims)
		out, v, r := make([]float64, n), x.Float64s(), rois.Float64s()
		for k, image := range images {
			if err := e.Err(); err != nil {
				return nil, err
			}
			if image < 0 || image >= d[0] {
				return nil, fmt.Errorf("image %d of %d", image, d[0])
			}
			size := d[1] * d[2] * d[3]
			if err := a.pool(e, out[k*n/len(images):][:n/len(images)], v[image*size:][:size], d[1:], r[4*k:4*k+4]); err != nil {
				return nil, err
			}
		}
		return tensor.FromFloat64s(x.DType(), out, dims...), nil
	},
})

// roiCount returns the number of regions, each of width numbers, of a tensor of type x.
func roiCount(sc *ir.Scope, x, rois ir.Type, width int) (sym.Dim, error) {
	if r := x.Rank(); r >= 0 && r != 4 {
		return sym.Dim{}, fmt.Errorf("x is of rank %d, not 4", r)
	}
	if rois.Unranked {
		return sc.Fresh(), nil
	}
	if len(rois.Shape) != 2 {
		return sym.Dim{}, fmt.Errorf("rois are of rank %d, not 2", len(rois.Shape))
	}
	_, err := sc.Same(rois.Shape[1], sym.Const(width), "numbers of a region")
	return rois.Shape[0], err
}

func roiType(sc *ir.Scope, x ir.Type, rois sym.Dim, h, w int) ir.Type {
	if x.Unranked {
		return x.WithShape(rois, sc.Fresh(), sym.Const(h), sym.Const(w))
	}
	return x.WithShape(rois, x.Shape[1], sym.Const(h), sym.Const(w))
}

// sample is a place between four neighbours of a plane, with their weights.
type sample struct {
	at     [4]int
	weight [4]float64
}

// bilinear returns the sample at y, x of a plane of h by w; beyond a margin of one place it weighs nothing.
func bilinear(y, x float64, h, w int) (s sample) {
	if !(y >= -1) || y > float64(h) || !(x >= -1) || x > float64(w) || h == 0 || w == 0 {
		return s
	}
	y, x = min(max(y, 0), float64(h-1)), min(max(x, 0), float64(w-1))
	y0, x0 := int(y), int(x)
	y1, x1 := min(y0+1, h-1), min(x0+1, w-1)
	fy, fx := y-float64(y0), x-float64(x0)
	return sample{[4]int{y0*w + x0, y0*w + x1, y1*w + x0, y1*w + x1}, [4]float64{(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx}}
}

// pool sets out, [C,OutputHeight,OutputWidth], to a region of v, of sizes dims [C,H,W].
func (a RoiAlignAttrs) pool(e *ir.Env, out, v []float64, dims []int, roi []float64) error {
	h, w, scale := dims[1], dims[2], float64(a.SpatialScale)
	shift := 0.0
	if a.CoordinateTransformationMode == "half_pixel" {
		shift = 0.5
	}
	x1, y1 := roi[0]*scale-shift, roi[1]*scale-shift
	rw, rh := roi[2]*scale-shift-x1, roi[3]*scale-shift-y1
	if shift == 0 {
		rw, rh = max(rw, 1), max(rh, 1)
	}
	bh, bw := rh/float64(a.OutputHeight), rw/float64(a.OutputWidth)
	gh, gw := float64(a.SamplingRatio), float64(a.SamplingRatio)
	if a.SamplingRatio == 0 {
		gh, gw = math.Ceil(bh), math.Ceil(bw)
	}
	if !(gh*gw < 1<<24) || math.IsNaN(y1+x1) {
		return fmt.Errorf("region %v of a plane of %d by %d", roi, h, w)
	}
	ny, nx := int(max(gh, 0)), int(max(gw, 0))
	if err := e.Take(tensor.F64, []int{8, ny * nx}); err != nil { // a sample is four places and four weights
		return err
	}
	samples := make([]sample, ny*nx)
	plane := a.OutputHeight * a.OutputWidth
	for bin := range plane {
		if err := e.Err(); err != nil {
			return err
		}
		for k := range samples {
			y := y1 + (float64(bin/a.OutputWidth)+(float64(k/nx)+0.5)/gh)*bh
			x := x1 + (float64(bin%a.OutputWidth)+(float64(k%nx)+0.5)/gw)*bw
			samples[k] = bilinear(y, x, h, w)
		}
		for c := range dims[0] {
			out[c*plane+bin] = pooled(samples, v[c*h*w:][:h*w], a.Mode == "max")
		}
	}
	return nil
}

// pooled returns the mean of samples of a plane, or the largest weighted neighbour of any.
func pooled(samples []sample, plane []float64, largest bool) float64 {
	if len(samples) == 0 || len(plane) == 0 {
		return 0
	}
	sum, top := 0.0, math.Inf(-1)
	for i := range samples {
		s := &samples[i]
		for j, p := range s.at {
			t := s.weight[j] * plane[p]
			sum += t
			top = max(top, t)
		}
	}
	if largest {
		return top
	}
	return sum / float64(len(samples))
}
