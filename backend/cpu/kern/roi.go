package kern

import (
	"fmt"
	"math"
)

// A RoiAlignParam is the parameter of [RoiAlign] and, but for what only that has, of [MaxRoiPool]. Sampling 0 takes as many
// samples as a bin has places; with Half, places have their centres half a place from their edges.
type RoiAlignParam struct {
	Max, Half     bool
	Height, Width int
	Sampling      int
	Scale         float64
}

type roiState struct {
	c          *Call
	p          *RoiAlignParam
	x, rois, y []float32
	image      []int64
	last       []float32 // x with channels last
	bins       []float32 // for each worker, the bins of a region with channels last
	ch, h, w   int
	mul, add   pwFunc
	top        pwFunc
	flip       Call
	flipArgs   [2]Arg
	flipDims   [2][3]int
	flipParam  TransposeParam
}

// RoiScratch returns the bytes that [RoiAlign] needs.
func RoiScratch(p *RoiAlignParam, args []Arg, workers int) int {
	if len(args[0].Dims) != 4 || args[len(args)-1].Len() == 0 {
		return 0 // without regions bins may be of any size
	}
	return 4 * (args[0].Len() + workers*(p.Height*p.Width+1)*args[0].Dims[1])
}

// RoiAlign pools regions [R,4] of x [N,C,H,W], each of image i[R], into [R,C,Height,Width], by samples between the places of x.
// Operands x, regions and images.
func RoiAlign(c *Call) error {
	p, ok := c.Param.(*RoiAlignParam)
	if !ok || len(c.Args) != 4 || len(c.Args[0].Dims) != 4 || len(c.Args[1].Dims) != 2 {
		return fmt.Errorf("roi_align: parameter %v for %d operands", c.Param, len(c.Args))
	}
	d, n := c.Args[0].Dims, c.Args[1].Dims[0]
	for i, want := range []int{c.Args[0].Len(), 4 * n, n, n * d[1] * p.Height * p.Width} {
		size := 4
		if i == 2 {
			size = 8
		}
		if have, err := c.Args[i].count(size); err != nil || have != want {
			return fmt.Errorf("roi_align: operand %d of dims %v", i, c.Args[i].Dims)
		}
	}
	if c.Args[3].Len() == 0 {
		return nil
	}
	s := StateOf[roiState](c)
	s.c, s.p, s.ch, s.h, s.w = c, p, d[1], d[2], d[3]
	s.x, s.rois, s.image, s.y = F32(&c.Args[0]), F32(&c.Args[1]), Of[int64](&c.Args[2]), F32(&c.Args[3])
	for k, image := range s.image[:n] {
		if image < 0 || image >= int64(d[0]) {
			return fmt.Errorf("image %d of %d", image, d[0])
		}
		if _, err := s.region(k); err != nil {
			return err
		}
	}
	all := Arg{Data: c.Scratch}
	size := c.Args[0].Len()
	if len(F32(&all)) < RoiScratch(p, c.Args, c.Workers())/4 {
		return fmt.Errorf("roi_align: %d bytes of scratch", len(c.Scratch))
	}
	s.last, s.bins = F32(&all)[:size], F32(&all)[size:]
	if err := s.channelsLast(d); err != nil {
		return err
	}
	t := pwBest()
	s.mul, s.add, s.top = t[int(OpMul)<<formBits+formB], t[int(OpFMA)<<formBits+formB], t[int(OpMax)<<formBits]
	c.ParallelTask(n, 1, s)
	s.x, s.rois, s.image, s.y, s.last, s.bins, s.c = nil, nil, nil, nil, nil, nil, nil
	return nil
}

// channelsLast copies x so that the channels of a place lie side by side.
func (s *roiState) channelsLast(d []int) error {
	s.flipDims = [2][3]int{{d[0], d[1], d[2] * d[3]}, {d[0], d[2] * d[3], d[1]}}
	s.flipParam = TransposeParam{Perm: rowsToColumns[:], Size: 4}
	s.flipArgs = [2]Arg{{Data: s.c.Args[0].Data, Dims: s.flipDims[0][:]}, {Data: Bytes(s.last), Dims: s.flipDims[1][:]}}
	s.flip.Args, s.flip.Param, s.flip.Threads, s.flip.Stop = s.flipArgs[:], &s.flipParam, s.c.Threads, s.c.Stop
	err := Transpose(&s.flip)
	s.flipArgs = [2]Arg{}
	return err
}

var rowsToColumns = [3]int{0, 2, 1}

// A roiRegion is where the samples of a region lie: its corner, the size of its bins, samples along each.
type roiRegion struct {
	y, x, bh, bw, gh, gw float64
	ny, nx               int
}

func (s *roiState) region(k int) (r roiRegion, err error) {
	p, roi := s.p, s.rois[4*k:4*k+4]
	shift := 0.0
	if p.Half {
		shift = 0.5
	}
	r.x, r.y = float64(roi[0])*p.Scale-shift, float64(roi[1])*p.Scale-shift
	w, h := float64(roi[2])*p.Scale-shift-r.x, float64(roi[3])*p.Scale-shift-r.y
	if !p.Half {
		w, h = max(w, 1), max(h, 1)
	}
	r.bh, r.bw = h/float64(p.Height), w/float64(p.Width)
	r.gh, r.gw = float64(p.Sampling), float64(p.Sampling)
	if p.Sampling == 0 {
		r.gh, r.gw = math.Ceil(r.bh), math.Ceil(r.bw)
	}
	if !(r.gh*r.gw < 1<<24) || math.IsNaN(r.y+r.x) {
		return r, fmt.Errorf("region %v of a plane of %d by %d", roi, s.h, s.w)
	}
	r.ny, r.nx = int(max(r.gh, 0)), int(max(r.gw, 0))
	return r, nil
}

// Do pools regions lo to hi-1.
func (s *roiState) Do(worker, lo, hi int) {
	plane := s.p.Height * s.p.Width
	size := (plane + 1) * s.ch
	room := s.bins[worker*size : (worker+1)*size]
	bins, one := room[:plane*s.ch], room[plane*s.ch:]
	for k := lo; k < hi && !s.c.Stopped(); k++ {
		r, _ := s.region(k)
		x := s.last[int(s.image[k])*s.h*s.w*s.ch:][:s.h*s.w*s.ch]
		for bin := range plane {
			if s.c.Stopped() {
				return
			}
			s.bin(&r, bin, x, bins[bin*s.ch:][:s.ch], one)
		}
		y := s.y[k*plane*s.ch:][:plane*s.ch]
		flip(words[uint32](Bytes(y)), words[uint32](Bytes(bins)), 0, 0, s.ch, plane, plane, s.ch)
	}
}

// bin computes one bin of all channels.
func (s *roiState) bin(r *roiRegion, bin int, x, dst, one []float32) {
	n, first := s.ch, true
	if r.ny*r.nx == 0 || len(x) == 0 {
		clear(dst)
		return
	}
	for k := range r.ny * r.nx {
		y := r.y + (float64(bin/s.p.Width)+(float64(k/r.nx)+0.5)/r.gh)*r.bh
		at := r.x + (float64(bin%s.p.Width)+(float64(k%r.nx)+0.5)/r.gw)*r.bw
		places, weights := roiSample(y, at, s.h, s.w)
		for j, w := range weights {
			src := &x[places[j]*n]
			switch {
			case first:
				s.mul(n, &dst[0], src, nil, nil, w)
				first = false
			case s.p.Max:
				s.mul(n, &one[0], src, nil, nil, w)
				s.top(n, &dst[0], &dst[0], &one[0], nil, 0)
			default:
				s.add(n, &dst[0], src, nil, &dst[0], w)
			}
		}
	}
	if !s.p.Max {
		s.mul(n, &dst[0], &dst[0], nil, nil, 1/float32(r.ny*r.nx))
	}
}

// roiSample returns the four neighbours of a place in a plane of h by w and their weights; beyond a margin of one place they weigh nothing.
func roiSample(y, x float64, h, w int) (at [4]int, weight [4]float32) {
	if !(y >= -1) || y > float64(h) || !(x >= -1) || x > float64(w) {
		return at, weight
	}
	y, x = min(max(y, 0), float64(h-1)), min(max(x, 0), float64(w-1))
	y0, x0 := int(y), int(x)
	y1, x1 := min(y0+1, h-1), min(x0+1, w-1)
	fy, fx := y-float64(y0), x-float64(x0)
	return [4]int{y0*w + x0, y0*w + x1, y1*w + x0, y1*w + x1},
		[4]float32{float32((1 - fy) * (1 - fx)), float32((1 - fy) * fx), float32(fy * (1 - fx)), float32(fy * fx)}
}

type roiMax struct {
	p          *RoiAlignParam
	x, rois, y []float32
	d          [4]int
}

// MaxRoiPool takes the largest elements of bins of regions [R,5] (image, x1, y1, x2, y2) of x [N,C,H,W], whole places only;
// empty bins are 0.
func MaxRoiPool(c *Call) error {
	p, ok := c.Param.(*RoiAlignParam)
	if !ok || len(c.Args) != 3 || len(c.Args[0].Dims) != 4 || len(c.Args[1].Dims) != 2 {
		return fmt.Errorf("max_roi_pool: parameter %v for %d operands", c.Param, len(c.Args))
	}
	n := c.Args[1].Dims[0]
	for i, want := range []int{c.Args[0].Len(), 5 * n, n * c.Args[0].Dims[1] * p.Height * p.Width} {
		if have, err := c.Args[i].count(4); err != nil || have != want {
			return fmt.Errorf("max_roi_pool: operand %d of dims %v", i, c.Args[i].Dims)
		}
	}
	s := StateOf[roiMax](c)
	s.p, s.d, s.x, s.rois, s.y = p, [4]int(c.Args[0].Dims), F32(&c.Args[0]), F32(&c.Args[1]), F32(&c.Args[2])
	for k := range n {
		roi := s.rois[5*k : 5*k+5]
		for _, f := range roi {
			if !(math.Abs(float64(f)*p.Scale) < 1<<40) {
				return fmt.Errorf("region %v", roi)
			}
		}
		if roi[0] < 0 || int(roi[0]) >= s.d[0] {
			return fmt.Errorf("image %v of %d", roi[0], s.d[0])
		}
	}
	c.ParallelTask(n*s.d[1], 4, s)
	s.x, s.rois, s.y = nil, nil, nil
	return nil
}

// Do pools channels lo to hi-1, counted over all regions.
func (s *roiMax) Do(_, lo, hi int) {
	bins, size := s.p.Height*s.p.Width, s.d[2]*s.d[3]
	for i := lo; i < hi; i++ {
		k, ch := i/s.d[1], i%s.d[1]
		roi := s.rois[5*k : 5*k+5]
		at := func(j int) float64 { return math.Round(float64(roi[1+j]) * s.p.Scale) }
		x1, y1 := at(0), at(1)
		w, h := max(at(2)-x1+1, 1), max(at(3)-y1+1, 1)
		plane := s.x[(int(roi[0])*s.d[1]+ch)*size:][:size]
		for b := range bins {
			top, bottom := roiSpan(b/s.p.Width, s.p.Height, y1, h, s.d[2])
			left, right := roiSpan(b%s.p.Width, s.p.Width, x1, w, s.d[3])
			best := float32(0)
			if top < bottom && left < right {
				best = -inf32
			}
			for y := top; y < bottom; y++ {
				for _, v := range plane[y*s.d[3]+left : y*s.d[3]+max(left, right)] {
					best = max(best, v)
				}
			}
			s.y[i*bins+b] = best
		}
	}
}

// roiSpan returns the places of bin i of n, within size.
func roiSpan(i, n int, first, length float64, size int) (int, int) {
	lo := first + math.Floor(float64(i)*length/float64(n))
	hi := first + math.Ceil(float64(i+1)*length/float64(n))
	return int(min(max(lo, 0), float64(size))), int(min(max(hi, 0), float64(size)))
}
