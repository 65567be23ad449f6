package kern

import (
	"fmt"
	"math"
	"slices"
)

// A NormParam is the parameter of [LayerNormF32].
type NormParam struct {
	Axis int // the first of the dimensions normalised over; negative counts from the end
	Eps  float32
	RMS  bool // divide by the root of the mean square, without taking the mean off
}

type normState struct {
	p         *NormParam
	n         int
	x, y      []float32
	g, h      []float32
	mean, inv []float32
	rows      *rowKernels
}

// LayerNormF32 normalises rows: operands x, scale and bias (each of a row's size, or absent), results
// y, which may take the place of x, and, if there, the mean and the inverse deviation of each row.
func LayerNormF32(c *Call) error {
	p, ok := c.Param.(*NormParam)
	if !ok || len(c.Args) < 4 || len(c.Args) > 6 {
		return fmt.Errorf("layer_norm: parameter %v for %d operands", c.Param, len(c.Args))
	}
	axis := p.Axis
	if axis < 0 {
		axis += len(c.Args[0].Dims)
	}
	if axis < 0 || axis > len(c.Args[0].Dims) || !slices.Equal(c.Args[0].Dims, c.Args[3].Dims) {
		return fmt.Errorf("layer_norm: %v to %v from axis %d", c.Args[0].Dims, c.Args[3].Dims, p.Axis)
	}
	rows, n := 1, 1
	for i, d := range c.Args[0].Dims {
		if i < axis {
			rows *= d
		} else {
			n *= d
		}
	}
	s := StateOf[normState](c)
	*s = normState{p: p, n: n, rows: rowsBest()}
	for i, want := range []int{rows * n, n, n, rows * n, rows, rows}[:len(c.Args)] {
		a := &c.Args[i]
		if !a.Has() && i != 0 && i != 3 {
			continue
		}
		have, err := a.count(4)
		if err != nil || have != want {
			return fmt.Errorf("layer_norm: operand %d of dims %v, want %d elements", i, a.Dims, want)
		}
		*[]*[]float32{&s.x, &s.g, &s.h, &s.y, &s.mean, &s.inv}[i] = F32(a)[:have]
	}
	if s.h != nil && s.g == nil {
		return fmt.Errorf("layer_norm: bias without scale")
	}
	if rows*n > 0 {
		c.ParallelTask(rows, max(1, 1<<14/n), s)
	} else { // means of nothing are 0
		clear(s.mean)
		for i := range s.inv {
			s.inv[i] = inverse(0, p.Eps)
		}
	}
	*s = normState{}
	return nil
}

func (s *normState) Do(_, lo, hi int) {
	f := s.rows.norm
	if s.h != nil {
		f = s.rows.normGH
	} else if s.g != nil {
		f = s.rows.normG
	}
	for i := lo; i < hi; i++ {
		x, y := s.x[i*s.n:(i+1)*s.n], s.y[i*s.n:(i+1)*s.n]
		mean := float32(0)
		if !s.p.RMS {
			mean = float32(foldSum(s.rows.sum, x, 0) / float64(s.n))
		}
		inv := inverse(foldSum(s.rows.sumSq, x, mean)/float64(s.n), s.p.Eps)
		mapRow(f, y, x, s.g, s.h, mean, inv)
		if s.mean != nil {
			s.mean[i] = mean
		}
		if s.inv != nil {
			s.inv[i] = inv
		}
	}
}

// inverse is 1 / sqrt(v + eps).
func inverse(v float64, eps float32) float32 { return float32(1 / math.Sqrt(v+float64(eps))) }

// A GroupNormParam is the parameter of [GroupNormF32]. As many groups as channels is instance_norm.
type GroupNormParam struct {
	Groups int
	Eps    float32
}

type groupState struct {
	p       *GroupNormParam
	per, sp int // channels in a group, elements of a channel
	ch      int
	x, y    []float32
	g, h    []float32
	rows    *rowKernels
}

// GroupNormF32 normalises each group of channels of an operand [N, C, ...]: operands x, scale [C] and
// bias [C], result y, which may take the place of x.
func GroupNormF32(c *Call) error {
	p, err := groupNorm(c, 1)
	if err != nil {
		return err
	}
	batch, ch := c.Args[0].Dims[0], c.Args[0].Dims[1]
	s := StateOf[groupState](c)
	n := c.Args[0].Len()
	if n == 0 {
		return nil
	}
	*s = groupState{p: p, per: ch / p.Groups, ch: ch, sp: n / batch / ch, x: F32(&c.Args[0])[:n], y: F32(&c.Args[3])[:n],
		g: F32(&c.Args[1])[:ch], h: F32(&c.Args[2])[:ch], rows: rowsBest()}
	c.ParallelTask(batch*p.Groups, max(1, 1<<14/(s.per*s.sp)), s)
	*s = groupState{}
	return nil
}

// groupNorm checks the operands of a group normalisation with channels along an axis, and returns its parameter.
func groupNorm(c *Call, axis int) (*GroupNormParam, error) {
	p, ok := c.Param.(*GroupNormParam)
	if !ok || len(c.Args) != 4 || len(c.Args[0].Dims) < 2 || !slices.Equal(c.Args[0].Dims, c.Args[3].Dims) {
		return nil, fmt.Errorf("group_norm: parameter %v for %d operands", c.Param, len(c.Args))
	}
	if axis < 0 {
		axis += len(c.Args[0].Dims)
	}
	ch := c.Args[0].Dims[axis]
	if p.Groups < 1 || ch%p.Groups != 0 {
		return nil, fmt.Errorf("group_norm: %d channels in %d groups", ch, p.Groups)
	}
	for i := range c.Args {
		n, err := c.Args[i].count(4)
		if err != nil || (i == 1 || i == 2) && n != ch {
			return nil, fmt.Errorf("group_norm: operand %d of dims %v for %d channels", i, c.Args[i].Dims, ch)
		}
	}
	return p, nil
}

func (s *groupState) Do(_, lo, hi int) {
	n := s.per * s.sp
	for i := lo; i < hi; i++ {
		x := s.x[i*n : (i+1)*n]
		mean := float32(foldSum(s.rows.sum, x, 0) / float64(n))
		inv := inverse(foldSum(s.rows.sumSq, x, mean)/float64(n), s.p.Eps)
		for k := range s.per {
			ch := (i*s.per + k) % s.ch
			a := inv * s.g[ch]
			at := i*n + k*s.sp
			mapRow(s.rows.linear, s.y[at:at+s.sp], s.x[at:at+s.sp], nil, nil, a, s.h[ch]-mean*a)
		}
	}
}

// A BatchNormParam is the parameter of [BatchNormF32].
type BatchNormParam struct {
	Eps  float32
	Last bool // channels are the last dimension in memory, else the second
}

type batchState struct {
	loops
	a, b []float32 // per channel
	x, y []float32
	rows *rowKernels
	fma  pwFunc
}

// BatchNormF32 is batch normalisation when inferring: operands x, scale, bias, mean and variance, the
// last four one per channel; result y, which may take the place of x.
func BatchNormF32(c *Call) error {
	p, ok := c.Param.(*BatchNormParam)
	if !ok || len(c.Args) != 6 || len(c.Args[0].Dims) < 1 || !slices.Equal(c.Args[0].Dims, c.Args[5].Dims) {
		return fmt.Errorf("batch_norm: parameter %v for %d operands", c.Param, len(c.Args))
	}
	axis := min(1, len(c.Args[0].Dims)-1)
	if p.Last {
		axis = -1
	}
	s := StateOf[batchState](c)
	var err error
	if s.loops, err = loopsOf(c.Args[0].Dims, axis); err != nil {
		return fmt.Errorf("batch_norm: %w", err)
	}
	for i := range c.Args {
		n, err := c.Args[i].count(4)
		if err != nil || i > 0 && i < 5 && n != s.n {
			return fmt.Errorf("batch_norm: operand %d of dims %v for %d channels", i, c.Args[i].Dims, s.n)
		}
	}
	if c.Args[0].Len() == 0 {
		return nil
	}
	s.a, s.b = s.a[:0], s.b[:0]
	for k := range s.n {
		a := float64(F32(&c.Args[1])[k]) / math.Sqrt(float64(F32(&c.Args[4])[k])+float64(p.Eps))
		s.a = append(s.a, float32(a))
		s.b = append(s.b, float32(float64(F32(&c.Args[2])[k])-float64(F32(&c.Args[3])[k])*a))
	}
	s.x, s.y, s.rows, s.fma = F32(&c.Args[0]), F32(&c.Args[5]), rowsBest(), pwBest()[int(OpFMA)<<formBits]
	if s.inner == 1 {
		c.ParallelTask(s.outer, max(1, 1<<14/s.n), s)
	} else {
		c.ParallelTask(s.outer*s.n, max(1, 1<<14/s.inner), s)
	}
	s.x, s.y = nil, nil
	return nil
}

func (s *batchState) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		if s.inner == 1 {
			for at := 0; at < s.n; at += rowBlock {
				s.fma(min(rowBlock, s.n-at), &s.y[i*s.n+at], &s.x[i*s.n+at], &s.a[at], &s.b[at], 0)
			}
			continue
		}
		at := i * s.inner
		mapRow(s.rows.linear, s.y[at:at+s.inner], s.x[at:at+s.inner], nil, nil, s.a[i%s.n], s.b[i%s.n])
	}
}
