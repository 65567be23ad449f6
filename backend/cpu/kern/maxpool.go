package kern

import "fmt"

// A MaxPoolParam is the parameter of [MaxPool]. With Columns, indices count the first spatial axis fastest.
type MaxPoolParam struct {
	Pool    PoolParam
	Type    DType
	Columns bool
}

type maxPoolState struct {
	poolState
	t       DType
	columns bool
	xs, ys  Arg
	idx     []int64
}

// MaxPool takes the maximum over windows of [N, C, spatial...]: results y and, if it is wanted, where in the operand each
// maximum was found, the first of equals; NaN counts as the greatest. A window that lies in the padding alone gives the least
// number and -1.
func MaxPool(c *Call) error {
	p, ok := c.Param.(*MaxPoolParam)
	if !ok || len(c.Args) != 3 || p.Pool.Last || p.Pool.Average || p.Type >= Float16 {
		return fmt.Errorf("max_pool: parameter %v for %d operands", c.Param, len(c.Args))
	}
	s := StateOf[maxPoolState](c)
	_, m, err := s.layOut(&p.Pool, c, p.Type.Size())
	if err != nil || m == 0 {
		return err
	}
	s.t, s.columns, s.xs, s.ys, s.idx = p.Type, p.Columns, c.Args[0], c.Args[1], nil
	if a := &c.Args[2]; a.Has() {
		if n, err := a.count(8); err != nil || n != m {
			return fmt.Errorf("max_pool: indices of %v for %v", a.Dims, c.Args[1].Dims)
		}
		s.idx = Of[int64](a)
	}
	c.ParallelTask(s.rows, s.grain(1<<13), s)
	s.xs, s.ys, s.idx = Arg{}, Arg{}, nil
	return nil
}

// Do computes output rows lo to hi-1.
func (s *maxPoolState) Do(_, lo, hi int) {
	switch s.t {
	case Float32:
		maxRows(s, F32(&s.xs), F32(&s.ys), -inf32, lo, hi)
	case Float64:
		maxRows(s, Of[float64](&s.xs), Of[float64](&s.ys), float64(-inf32), lo, hi)
	case Int8:
		maxRows(s, Of[int8](&s.xs), Of[int8](&s.ys), -1<<7, lo, hi)
	case Uint8:
		maxRows(s, Of[uint8](&s.xs), Of[uint8](&s.ys), 0, lo, hi)
	}
}

func maxRows[T number](s *maxPoolState, x, y []T, least T, lo, hi int) {
	dz, dy, dx := &s.d[0], &s.d[1], &s.d[2]
	size := dz.in * dy.in * dx.in
	for row := lo; row < hi; row++ {
		oy, oz, plane := row%dy.out, row/dy.out%dz.out, row/dy.out/dz.out
		z0, z1, _ := dz.span(oz)
		y0, y1, _ := dy.span(oy)
		src := x[plane*size:][:size]
		for ox := range dx.out {
			if s.wide && s.call.Stopped() {
				return
			}
			x0, x1, _ := dx.span(ox)
			best, at := least, -1
			for kz := z0; kz < z1; kz++ {
				for ky := y0; ky < y1; ky++ {
					line := ((oz*dz.stride-dz.before+kz*dz.dil)*dy.in + oy*dy.stride - dy.before + ky*dy.dil) * dx.in
					for kx := x0; kx < x1; kx++ {
						k := line + ox*dx.stride - dx.before + kx*dx.dil
						if v := src[k]; at < 0 || v > best || v != v && best == best {
							best, at = v, k
						}
					}
				}
			}
			y[row*dx.out+ox] = best
			if s.idx != nil {
				s.idx[row*dx.out+ox] = s.index(plane*size, at)
			}
		}
	}
}

// index spells an element of a plane that starts at base.
func (s *maxPoolState) index(base, at int) int64 {
	if at < 0 {
		return -1
	}
	if !s.columns {
		return int64(base + at)
	}
	dz, dy, dx := &s.d[0], &s.d[1], &s.d[2]
	x, y, z := at%dx.in, at/dx.in%dy.in, at/dx.in/dy.in
	return int64(base + (x*dy.in+y)*dz.in + z)
}

// An UnpoolParam is the parameter of [MaxUnpool]: for each spatial axis what the size of the pool's least operand is made of,
// and the bytes of an element.
type UnpoolParam struct {
	Kernel, Strides, Pads []int
	Size                  int
}

// MaxUnpool puts each element of operand 0 where operand 1, of int64, says, among zeros. Indices count the elements of the
// least operand that the pool can have had.
func MaxUnpool(c *Call) error {
	p, ok := c.Param.(*UnpoolParam)
	if !ok || len(c.Args) < 3 {
		return fmt.Errorf("max_unpool: parameter %v for %d operands", c.Param, len(c.Args))
	}
	x, ix, y := &c.Args[0], &c.Args[1], &c.Args[len(c.Args)-1]
	n, err := x.count(p.Size)
	m, err2 := ix.count(8)
	if _, err3 := y.count(p.Size); err != nil || err2 != nil || err3 != nil || n != m || len(x.Dims) != len(p.Kernel)+2 || len(y.Dims) != len(x.Dims) {
		return fmt.Errorf("max_unpool: %d indices for %v to %v", m, x.Dims, y.Dims)
	}
	var from [MaxRank]int
	if err := p.from(x.Dims, &from); err != nil {
		return err
	}
	total, rank := 1, len(x.Dims)
	for _, d := range from[:rank] {
		if d < 0 || d > 0 && total > (1<<62)/d {
			return fmt.Errorf("sizes %v are not possible", from[:rank])
		}
		total *= d
	}
	clear(y.Data)
	st := strides(y.Dims)
	for i, j := range Of[int64](ix)[:m] {
		if j < 0 || j >= int64(total) {
			return fmt.Errorf("index %d is out of range for %d elements", j, total)
		}
		off, rest := 0, int(j)
		for k := rank - 1; k >= 0; k-- {
			at := rest % from[k]
			rest /= from[k]
			if at >= y.Dims[k] {
				return fmt.Errorf("index %d lies outside sizes %v", j, y.Dims)
			}
			off += at * st[k]
		}
		copy(y.Data[off*p.Size:][:p.Size], x.Data[i*p.Size:])
	}
	return nil
}

// from sets the sizes of the least operand.
func (p *UnpoolParam) from(x []int, out *[MaxRank]int) error {
	copy(out[:], x)
	n := len(p.Kernel)
	for i, k := range p.Kernel {
		if x[2+i] > 1<<31 {
			return fmt.Errorf("size %d is out of range", x[2+i])
		}
		out[2+i] = (x[2+i]-1)*p.Strides[i] + k - p.Pads[i] - p.Pads[n+i]
	}
	return nil
}

// MaxUnpoolDims sets the dims of the result of [MaxUnpool]: operand 2, or those of the pool's least operand.
func MaxUnpoolDims(c *Call) error {
	p, ok := c.Param.(*UnpoolParam)
	x, y := c.Args[0].Dims, c.Args[len(c.Args)-1].Dims
	if !ok || len(x) != len(p.Kernel)+2 || len(y) != len(x) {
		return fmt.Errorf("max_unpool: %v to rank %d", x, len(y))
	}
	var from [MaxRank]int
	if err := p.from(x, &from); err != nil {
		return err
	}
	copy(y, from[:])
	if len(c.Args) > 3 && c.Args[2].Has() {
		want := Of[int64](&c.Args[2])
		if len(want) != len(y) {
			return fmt.Errorf("output_shape has %d entries, not %d", len(want), len(y))
		}
		for i, n := range want {
			y[i] = int(n)
		}
	}
	return nil
}
