package kern

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A SoftmaxParam is the parameter of [SoftmaxF32].
type SoftmaxParam struct {
	Axis int // negative counts from the end
	Log  bool
}

// axisOf brings an axis that may count from the end into range.
func axisOf(axis, rank int) (int, error) {
	a := axis
	if a < 0 {
		a += rank
	}
	if a < 0 || a >= rank {
		return 0, fmt.Errorf("axis %d of %d", axis, rank)
	}
	return a, nil
}

// A loops is an operand seen as outer × n × inner, with n the size of one axis.
type loops struct{ axis, outer, n, inner int }

// loopsOf returns the loops around an axis. A scalar has one axis, of size 1.
func loopsOf(dims []int, axis int) (l loops, err error) {
	if l.axis, err = axisOf(axis, max(1, len(dims))); err != nil {
		return l, err
	}
	l.outer, l.n, l.inner = 1, 1, 1
	for i, d := range dims {
		switch {
		case i < l.axis:
			l.outer *= d
		case i == l.axis:
			l.n = d
		default:
			l.inner *= d
		}
	}
	return l, nil
}

type softmaxState struct {
	loops
	log   bool
	x, y  []float32
	rows  *rowKernels
	table *pwTable
	tiles int // of inner, where it is more than 1
}

// SoftmaxF32 makes e^x along an axis add up to 1, or gives the logarithm of that. A row that holds
// NaN or +Inf, or nothing but -Inf, is NaN throughout. The result may take the place of the operand.
func SoftmaxF32(c *Call) error {
	p, ok := c.Param.(*SoftmaxParam)
	if !ok {
		return fmt.Errorf("softmax: parameter is a %T", c.Param)
	}
	if len(c.Args) != 2 || !slices.Equal(c.Args[0].Dims, c.Args[1].Dims) {
		return fmt.Errorf("softmax: %d operands and results, or dims that differ", len(c.Args))
	}
	n, err := c.Args[0].count(4)
	_, err2 := c.Args[1].count(4)
	s := StateOf[softmaxState](c)
	var err3 error
	s.loops, err3 = loopsOf(c.Args[0].Dims, p.Axis)
	if err := cmp.Or(err, err2, err3); err != nil {
		return fmt.Errorf("softmax: %w", err)
	}
	if n == 0 {
		return nil
	}
	s.log, s.x, s.y, s.rows, s.table = p.Log, F32(&c.Args[0])[:n], F32(&c.Args[1])[:n], rowsBest(), pwBest()
	s.tiles = (s.inner + innerTile - 1) / innerTile
	c.ParallelTask(s.outer*s.tiles, max(1, 8192/(s.n*min(s.inner, innerTile))), s)
	s.x, s.y = nil, nil
	return nil
}

// innerTile is how many neighbours a kernel along an axis handles at a time.
const innerTile = 256

func (s *softmaxState) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		if s.inner == 1 {
			s.row(s.x[i*s.n:(i+1)*s.n], s.y[i*s.n:(i+1)*s.n])
			continue
		}
		o, t := i/s.tiles, i%s.tiles
		s.columns(o*s.n*s.inner+t*innerTile, min(innerTile, s.inner-t*innerTile))
	}
}

func (s *softmaxState) row(x, y []float32) {
	m := foldMax(s.rows.max, x)
	if s.log {
		sum := foldSum(s.rows.sumExp, x, m)
		mapRow(s.rows.norm, y, x, nil, nil, m+float32(math.Log(sum)), 1)
		return
	}
	sum := 0.0
	for at := 0; at < len(x); at += rowBlock {
		sum += float64(s.rows.exp(min(rowBlock, len(x)-at), &y[at], &x[at], m))
	}
	mapRow(s.rows.norm, y, y, nil, nil, 0, float32(1/sum))
}

// columns does w neighbouring columns from position at: each instruction takes them all.
func (s *softmaxState) columns(at, w int) {
	mem := takeRegs(3)
	defer giveRegs(mem)
	top, sum, e := mem.buf[:w], mem.buf[pwTileLen:][:w], mem.buf[2*pwTileLen:][:w]
	t := s.table
	for i := range w {
		top[i], sum[i] = -inf32, 0
	}
	maxV, sub, exp, add := t[int(OpMax)<<formBits], t[int(OpSub)<<formBits], t[int(OpExp)<<formBits], t[int(OpAdd)<<formBits]
	for k := range s.n {
		maxV(w, &top[0], &top[0], &s.x[at+k*s.inner], nil, 0)
	}
	for k := range s.n {
		d := &e[0]
		if !s.log {
			d = &s.y[at+k*s.inner]
		}
		sub(w, d, &s.x[at+k*s.inner], &top[0], nil, 0)
		exp(w, d, d, nil, nil, 0)
		add(w, &sum[0], &sum[0], d, nil, 0)
	}
	if s.log {
		t[int(OpLog)<<formBits](w, &sum[0], &sum[0], nil, nil, 0)
		add(w, &sum[0], &sum[0], &top[0], nil, 0)
		for k := range s.n {
			sub(w, &s.y[at+k*s.inner], &s.x[at+k*s.inner], &sum[0], nil, 0)
		}
		return
	}
	t[int(OpReciprocal)<<formBits](w, &sum[0], &sum[0], nil, nil, 0)
	for k := range s.n {
		t[int(OpMul)<<formBits](w, &s.y[at+k*s.inner], &s.y[at+k*s.inner], &sum[0], nil, 0)
	}
}
