package kern

import (
	"fmt"
	"slices"
)

// A OneHotParam is the parameter of [OneHot]: the new axis, the types of indices and depth, the bytes of a value.
type OneHotParam struct {
	Axis         int
	Index, Depth DType
	Size         int
}

type oneHotState struct {
	p            *OneHotParam
	ix, v, y     Arg
	depth, inner int
}

// wholeAt reads element i of an operand of numbers without its fraction.
func wholeAt(a *Arg, t DType, i int) int64 {
	switch t {
	case Float32:
		return truncated(float64(F32(a)[i]))
	case Float64:
		return truncated(Of[float64](a)[i])
	case Int8:
		return int64(Of[int8](a)[i])
	case Int16:
		return int64(Of[int16](a)[i])
	case Int32:
		return int64(Of[int32](a)[i])
	case Uint8, Bool:
		return int64(Of[uint8](a)[i])
	case Uint16:
		return int64(Of[uint16](a)[i])
	case Uint32:
		return int64(Of[uint32](a)[i])
	}
	return Of[int64](a)[i]
}

// truncated drops the fraction; what is out of range stays at its end, and NaN is 0.
func truncated(f float64) int64 {
	switch {
	case f != f:
		return 0
	case f >= 1<<63:
		return 1<<63 - 1
	case f < -1<<63:
		return -1 << 63
	}
	return int64(f)
}

// OneHotDims sets the dims of the result of [OneHot].
func OneHotDims(c *Call) error {
	p, ok := c.Param.(*OneHotParam)
	if !ok || len(c.Args) != 4 {
		return fmt.Errorf("one_hot: parameter %v for %d operands", c.Param, len(c.Args))
	}
	in, out := c.Args[0].Dims, c.Args[3].Dims
	axis, err := axisOf(p.Axis, len(out))
	if n, err2 := c.Args[1].count(p.Depth.Size()); err != nil || err2 != nil || n != 1 || len(out) != len(in)+1 {
		return fmt.Errorf("one_hot: %d depths, axis %d of %d", n, p.Axis, len(out))
	}
	copy(out, in[:axis])
	copy(out[axis+1:], in[axis:])
	depth := wholeAt(&c.Args[1], p.Depth, 0)
	if out[axis] = int(depth); depth < 0 {
		return fmt.Errorf("depth %d", depth)
	}
	return nil
}

// OneHot writes values[1] where the place along the new axis is the index, and values[0] elsewhere: operands indices, depth and
// values. Negative indices count from the end; others out of range match nowhere.
func OneHot(c *Call) error {
	p, ok := c.Param.(*OneHotParam)
	if !ok || len(c.Args) != 4 {
		return fmt.Errorf("one_hot: parameter %v for %d operands", c.Param, len(c.Args))
	}
	y := &c.Args[3]
	l, err := loopsOf(y.Dims, p.Axis)
	if err != nil {
		return fmt.Errorf("one_hot: %w", err)
	}
	n, err1 := c.Args[0].count(p.Index.Size())
	values, err2 := c.Args[2].count(p.Size)
	_, err3 := y.count(p.Size)
	if err1 != nil || err2 != nil || err3 != nil || values != 2 || n != l.outer*l.inner {
		return fmt.Errorf("one_hot: %d values, %v to %v", values, c.Args[0].Dims, y.Dims)
	}
	if d, err := c.Args[1].count(p.Depth.Size()); err != nil || d != 1 || wholeAt(&c.Args[1], p.Depth, 0) != int64(l.n) {
		return fmt.Errorf("one_hot: %d depths for a size of %d", d, l.n)
	}
	if y.Len() == 0 {
		return nil
	}
	s := StateOf[oneHotState](c)
	*s = oneHotState{p, c.Args[0], c.Args[2], *y, l.n, l.inner}
	c.ParallelTask(l.outer, max(1, 1<<14/(l.n*l.inner)), s)
	*s = oneHotState{}
	return nil
}

func (s *oneHotState) Do(_, lo, hi int) { oneHotBlocksOf.of(s.p.Size)(s, lo, hi) }

var oneHotBlocksOf = perWord[func(s *oneHotState, lo, hi int)]{
	oneHotBlocks[uint8], oneHotBlocks[uint16], oneHotBlocks[uint32], oneHotBlocks[uint64], oneHotBlocks[[2]uint64],
}

func oneHotBlocks[T word](s *oneHotState, lo, hi int) {
	v, size := words[T](s.v.Data), s.depth*s.inner
	for o := lo; o < hi; o++ {
		y := words[T](s.y.Data)[o*size:][:size]
		for i := range y {
			y[i] = v[0]
		}
		for i := range s.inner {
			k := wholeAt(&s.ix, s.p.Index, o*s.inner+i)
			if k < 0 {
				k += int64(s.depth)
			}
			if k >= 0 && k < int64(s.depth) {
				y[int(k)*s.inner+i] = v[1]
			}
		}
	}
}

// A TriluParam is the parameter of [Trilu].
type TriluParam struct {
	Upper bool
	Size  int
}

type triluState struct {
	upper         bool
	x, y          []byte
	rows, cols, k int
	size          int
}

// Trilu copies the upper or lower triangle of each matrix of its operand, with zeros elsewhere; operand 1, if there, is the
// diagonal that belongs to it, counted upwards.
func Trilu(c *Call) error {
	p, ok := c.Param.(*TriluParam)
	if !ok {
		return fmt.Errorf("trilu: parameter is a %T", c.Param)
	}
	in, out, err := inOut(c, 2, 3, p.Size)
	if err != nil || len(in.Dims) < 2 || !slices.Equal(in.Dims, out.Dims) {
		return fmt.Errorf("trilu: %v to %v", in.Dims, out.Dims)
	}
	s := StateOf[triluState](c)
	r := len(in.Dims)
	*s = triluState{upper: p.Upper, x: in.Data, y: out.Data, rows: in.Dims[r-2], cols: in.Dims[r-1], size: p.Size}
	if len(c.Args) == 3 && c.Args[1].Has() {
		if c.Args[1].Len() != 1 {
			return fmt.Errorf("trilu: %d values for k", c.Args[1].Len())
		}
		s.k = min(max(int(Of[int64](&c.Args[1])[0]), -s.rows), s.cols)
	}
	if n := in.Len(); n > 0 {
		c.ParallelTask(n/s.cols, max(1, 1<<14/(s.cols*s.size)), s)
	}
	*s = triluState{}
	return nil
}

func (s *triluState) Do(_, lo, hi int) {
	for r := lo; r < hi; r++ {
		x, y := s.x[r*s.cols*s.size:][:s.cols*s.size], s.y[r*s.cols*s.size:][:s.cols*s.size]
		from, to := 0, min(max(r%s.rows+s.k+1, 0), s.cols)*s.size
		if s.upper {
			from, to = min(max(r%s.rows+s.k, 0), s.cols)*s.size, len(x)
		}
		clear(y[:from])
		copy(y[from:to], x[from:to])
		clear(y[to:])
	}
}

// A ReverseParam is the parameter of [ReverseSequence]: whether time is the first axis and batch the second, or the other way round.
type ReverseParam struct {
	TimeFirst bool
	Size      int
}

type reverseState struct {
	p     *ReverseParam
	x, y  []byte
	lens  []int64
	d     [2]int
	inner int // bytes
}

// ReverseSequence copies operand 0 with the first steps of each row of the batch, as many as operand 1 says, in reverse.
func ReverseSequence(c *Call) error {
	p, ok := c.Param.(*ReverseParam)
	if !ok {
		return fmt.Errorf("reverse_sequence: parameter is a %T", c.Param)
	}
	in, out, err := inOut(c, 3, 3, p.Size)
	if err != nil || len(in.Dims) < 2 || !slices.Equal(in.Dims, out.Dims) {
		return fmt.Errorf("reverse_sequence: %v to %v", in.Dims, out.Dims)
	}
	s := StateOf[reverseState](c)
	*s = reverseState{p: p, x: in.Data, y: out.Data, lens: Of[int64](&c.Args[1]), d: [2]int(in.Dims[:2]), inner: p.Size}
	batch := s.d[0]
	if p.TimeFirst {
		batch = s.d[1]
	}
	if len(s.lens) != batch || c.Args[1].Len() != batch {
		return fmt.Errorf("%d lengths for a batch of %d", len(s.lens), batch)
	}
	for _, n := range s.lens {
		if n < 0 {
			return fmt.Errorf("length %d", n)
		}
	}
	for _, n := range in.Dims[2:] {
		s.inner *= n
	}
	if s.inner > 0 {
		c.ParallelTask(s.d[0]*s.d[1], max(1, 1<<14/s.inner), s)
	}
	*s = reverseState{}
	return nil
}

func (s *reverseState) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		b, t, steps, step := i/s.d[1], i%s.d[1], s.d[1], 1
		if s.p.TimeFirst {
			b, t, steps, step = t, b, s.d[0], s.d[1]
		}
		from := i
		if last := int(min(s.lens[b], int64(steps))) - 1; t <= last {
			from += (last - 2*t) * step
		}
		copy(s.y[i*s.inner:][:s.inner], s.x[from*s.inner:])
	}
}
