package kern

import (
	"fmt"
	"math"
)

// A dynQuant is what a step keeps from run to run.
type dynQuant struct {
	src   []float32
	dst   []byte
	scale float32
	zero  float32
	parts []extremes // by worker
	looks bool       // extremes are sought; else bytes are made
}

// extremes holds the least and the greatest number, 0 among them; both are NaN where one was seen.
type extremes struct {
	lo, hi float32
	_      [56]byte
}

// DynamicQuantizeLinear quantises float32 to uint8 such that 0 and all of them lie in range: scale
// = (most − least)/255, zero = −least/scale rounded to even, bytes = x/scale rounded to even + zero,
// each step in float32. Where the scale is no positive number the bytes and the zero point are 0.
// Args: x, y, y_scale, y_zero_point.
func DynamicQuantizeLinear(c *Call) error {
	if len(c.Args) != 4 || len(c.Args[2].Data) != 4 || len(c.Args[3].Data) != 1 {
		return fmt.Errorf("dynamic quantisation: %d operands", len(c.Args))
	}
	s := StateOf[dynQuant](c)
	s.src, s.dst = F32(&c.Args[0]), c.Args[1].Data
	if len(s.src) != len(s.dst) {
		return fmt.Errorf("dynamic quantisation: %d numbers to %d bytes", len(s.src), len(s.dst))
	}
	s.parts = roomOf(s.parts, c.Workers())
	clear(s.parts)
	s.looks = true
	s.all(c)
	var lo, hi float32
	for _, p := range s.parts {
		lo, hi = min(lo, p.lo), max(hi, p.hi)
	}
	s.scale, s.zero, s.looks = (hi-lo)/255, 0, false
	if s.scale > 0 {
		s.zero = float32(math.RoundToEven(float64(min(max(0-lo/s.scale, 0), 255))))
		s.all(c)
	} else {
		clear(s.dst)
	}
	F32(&c.Args[2])[0] = s.scale
	c.Args[3].Data[0] = uint8(s.zero)
	return nil
}

func (s *dynQuant) all(c *Call) {
	const some = 1 << 13
	if len(s.src) < 4*some {
		s.Do(0, 0, len(s.src))
		return
	}
	c.ParallelTask(len(s.src), some, s)
}

// Do handles numbers lo to hi-1.
func (s *dynQuant) Do(worker, lo, hi int) {
	if s.looks {
		p := &s.parts[worker]
		p.look(s.src[lo:hi])
		return
	}
	src, dst := s.src[lo:hi], s.dst[lo:hi]
	n := quantizeVectors(dst, src, s.scale, s.zero)
	for i, v := range src[n:] {
		dst[n+i] = uint8(int32(min(max(float32(math.RoundToEven(float64(v/s.scale)))+s.zero, 0), 255)))
	}
}

func (p *extremes) look(src []float32) {
	var lanes [32]float32
	n, w := extremesOfVectors(src, &lanes)
	for i := range w {
		p.lo, p.hi = min(p.lo, lanes[i]), max(p.hi, lanes[w+i])
	}
	for _, v := range src[n:] {
		p.lo, p.hi = min(p.lo, v), max(p.hi, v)
	}
}
