package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// MaxRoiPoolAttrs holds the size of the result, which has no default, and the scale from regions to places of x.
type MaxRoiPoolAttrs struct {
	PooledShape  []int   `ir:"pooled_shape"`
	SpatialScale float32 `ir:"spatial_scale"`
}

func (a MaxRoiPoolAttrs) check() error {
	if len(a.PooledShape) != 2 || min(a.PooledShape[0], a.PooledShape[1]) < 1 || max(a.PooledShape[0], a.PooledShape[1]) > 1<<20 {
		return fmt.Errorf("pooled_shape %v", a.PooledShape)
	}
	return nil
}

// MaxRoiPool is the largest elements of bins of regions [R,5] (image, x1, y1, x2, y2) of x [N,C,H,W], whole places only; empty bins are 0.
var MaxRoiPool = define(Def[MaxRoiPoolAttrs]{
	Name: "max_roi_pool", ONNX: "MaxRoiPool", Sig: "x T, rois T -> y T; T float",
	Props: ir.Pure,
	Attrs: MaxRoiPoolAttrs{SpatialScale: 1},
	Infer: func(sc *ir.Scope, a MaxRoiPoolAttrs, in []ir.Known) (ir.Known, error) {
		if err := a.check(); err != nil {
			return ir.Known{}, err
		}
		rois, err := roiCount(sc, in[0].Type, in[1].Type, 5)
		if err != nil {
			return ir.Known{}, err
		}
		return of(roiType(sc, in[0].Type, rois, a.PooledShape[0], a.PooledShape[1])), nil
	},
	Eval: func(e *ir.Env, a MaxRoiPoolAttrs, in []tensor.Value) (tensor.Value, error) {
		x, rois := tens(in, 0), tens(in, 1)
		if err := a.check(); err != nil {
			return nil, err
		}
		if x.Rank() != 4 || rois.Rank() != 2 || rois.Dims()[1] != 5 {
			return nil, fmt.Errorf("x of sizes %v, rois of sizes %v", x.Dims(), rois.Dims())
		}
		d, regions := x.Dims(), rois.Dims()[0]
		dims := []int{regions, d[1], a.PooledShape[0], a.PooledShape[1]}
		if err := e.Take(tensor.C128, dims); err != nil {
			return nil, err
		}
		n := count(dims)
		out, v, r := make([]float64, n), x.Float64s(), rois.Float64s()
		for k := range regions {
			if err := e.Err(); err != nil {
				return nil, err
			}
			roi := r[5*k : 5*k+5]
			for _, f := range roi {
				if !(math.Abs(f*float64(a.SpatialScale)) < 1<<40) {
					return nil, fmt.Errorf("region %v", roi)
				}
			}
			image := int(roi[0])
			if roi[0] < 0 || image >= d[0] {
				return nil, fmt.Errorf("image %v of %d", roi[0], d[0])
			}
			size := d[1] * d[2] * d[3]
			a.pool(out[k*n/regions:][:n/regions], v[image*size:][:size], d[1:], roi[1:])
		}
		return tensor.FromFloat64s(x.DType(), out, dims...), nil
	},
})

// pool sets out, [C,h,w], to the largest elements of the bins of a region of v, of sizes dims [C,H,W].
func (a MaxRoiPoolAttrs) pool(out, v []float64, dims []int, roi []float64) {
	at := func(i int) float64 { return math.Round(roi[i] * float64(a.SpatialScale)) }
	x1, y1 := at(0), at(1)
	w, h := max(at(2)-x1+1, 1), max(at(3)-y1+1, 1)
	k := 0
	for c := range dims[0] {
		plane := v[c*dims[1]*dims[2]:][:dims[1]*dims[2]]
		for i := range a.PooledShape[0] {
			top, bottom := binSpan(i, a.PooledShape[0], y1, h, dims[1])
			for j := range a.PooledShape[1] {
				left, right := binSpan(j, a.PooledShape[1], x1, w, dims[2])
				if top < bottom && left < right {
					out[k] = math.Inf(-1)
					for y := top; y < bottom; y++ {
						out[k] = max(out[k], slices.Max(plane[y*dims[2]+left:y*dims[2]+right]))
					}
				}
				k++
			}
		}
	}
}

// binSpan returns the places, within size, of bin i of n along a region of a length.
func binSpan(i, n int, first, length float64, size int) (lo, hi int) {
	from := first + math.Floor(float64(i)*length/float64(n))
	to := first + math.Ceil(float64(i+1)*length/float64(n))
	return int(min(max(from, 0), float64(size))), int(min(max(to, 0), float64(size)))
}
