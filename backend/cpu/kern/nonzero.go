package kern

import "fmt"

// A NonZeroParam is the parameter of [NonZero].
type NonZeroParam struct{ Type DType }

// NonZeroDims sets the dims of the result of [NonZero]: rank, and how many elements are not zero.
func NonZeroDims(c *Call) error {
	p, ok := c.Param.(*NonZeroParam)
	if !ok || len(c.Args) != 2 || p.Type >= Float16 || len(c.Args[1].Dims) != 2 {
		return fmt.Errorf("non_zero: parameter %v for %d operands", c.Param, len(c.Args))
	}
	x := &c.Args[0]
	n, err := x.count(p.Type.Size())
	if err != nil {
		return fmt.Errorf("non_zero: %w", err)
	}
	d := c.Args[1].Dims
	d[0] = len(x.Dims)
	switch p.Type {
	case Float32:
		d[1] = countTrue(F32(x)[:n])
	case Float64:
		d[1] = countTrue(Of[float64](x)[:n])
	default:
		switch p.Type.Size() {
		case 1:
			d[1] = countTrue(Of[uint8](x)[:n])
		case 2:
			d[1] = countTrue(Of[uint16](x)[:n])
		case 4:
			d[1] = countTrue(Of[uint32](x)[:n])
		default:
			d[1] = countTrue(Of[uint64](x)[:n])
		}
	}
	return nil
}

func countTrue[T number](x []T) int {
	n := 0
	for _, v := range x {
		if v != 0 {
			n++
		}
	}
	return n
}

// NonZero writes the coordinates of the elements that are not zero, as int64, one column each, in order.
func NonZero(c *Call) error {
	p, ok := c.Param.(*NonZeroParam)
	if !ok || len(c.Args) != 2 || p.Type >= Float16 {
		return fmt.Errorf("non_zero: parameter %v for %d operands", c.Param, len(c.Args))
	}
	x := &c.Args[0]
	n, err := x.count(p.Type.Size())
	if err != nil {
		return fmt.Errorf("non_zero: %w", err)
	}
	switch p.Type {
	case Float32:
		return coordinates(c, F32(x)[:n])
	case Float64:
		return coordinates(c, Of[float64](x)[:n])
	}
	switch p.Type.Size() {
	case 1:
		return coordinates(c, Of[uint8](x)[:n])
	case 2:
		return coordinates(c, Of[uint16](x)[:n])
	case 4:
		return coordinates(c, Of[uint32](x)[:n])
	}
	return coordinates(c, Of[uint64](x)[:n])
}

func coordinates[T number](c *Call, x []T) error {
	d, out := c.Args[0].Dims, c.Args[1].Dims
	y, rank := Of[int64](&c.Args[1]), len(d)
	if len(out) != 2 || out[0] != rank || len(y) < out[1]*rank {
		return fmt.Errorf("non_zero: %v to %v", d, out)
	}
	m, at, row := out[1], 0, 1
	if rank > 0 {
		row = d[rank-1]
	}
	for lo := 0; lo < len(x); lo += row {
		for j, v := range x[lo : lo+row] {
			if v == 0 {
				continue
			}
			if at >= m {
				return fmt.Errorf("non_zero: more than %d elements", m)
			}
			if rank > 0 {
				y[(rank-1)*m+at] = int64(j)
			}
			for k, q := rank-2, lo/row; k >= 0; k-- {
				y[k*m+at] = int64(q % d[k])
				q /= d[k]
			}
			at++
		}
	}
	if at != m {
		return fmt.Errorf("non_zero: %d elements, not %d", at, m)
	}
	return nil
}

// A CompressParam is the parameter of [Compress]. Flat takes the operand for one row.
type CompressParam struct {
	Axis int
	Flat bool
	Size int
}

type compressState struct {
	p       *CompressParam
	l       loops
	keep    []int32
	x, y    []byte
	perItem int
}

func (s *compressState) prepare(c *Call) (axis int, err error) {
	p, ok := c.Param.(*CompressParam)
	if !ok || len(c.Args) != 3 {
		return 0, fmt.Errorf("compress: parameter %v for %d operands", c.Param, len(c.Args))
	}
	x := &c.Args[0]
	if _, err := x.count(p.Size); err != nil {
		return 0, fmt.Errorf("compress: %w", err)
	}
	if s.p, s.l = p, (loops{1, x.Len(), 1}); !p.Flat {
		if s.l, err = loopsOf(x.Dims, p.Axis); err != nil {
			return 0, fmt.Errorf("compress: %w", err)
		}
		if axis = p.Axis; axis < 0 {
			axis += len(x.Dims)
		}
	}
	s.keep = s.keep[:0]
	for i, b := range c.Args[1].Data {
		if b == 0 {
			continue
		}
		if i >= s.l.n {
			return 0, fmt.Errorf("compress: condition selects %d of %d", i, s.l.n)
		}
		s.keep = append(s.keep, int32(i))
	}
	return axis, nil
}

// CompressDims sets the dims of the result of [Compress].
func CompressDims(c *Call) error {
	s := StateOf[compressState](c)
	axis, err := s.prepare(c)
	if err != nil {
		return err
	}
	out := c.Args[2].Dims
	if !s.p.Flat {
		copy(out, c.Args[0].Dims)
	}
	out[axis] = len(s.keep)
	return nil
}

// Compress copies those slices of operand 0 along an axis for which operand 1, of bools, holds.
func Compress(c *Call) error {
	s := StateOf[compressState](c)
	if _, err := s.prepare(c); err != nil {
		return err
	}
	y := &c.Args[2]
	if n, err := y.count(s.p.Size); err != nil || n != s.l.outer*len(s.keep)*s.l.inner {
		return fmt.Errorf("compress: %v to %v", c.Args[0].Dims, y.Dims)
	}
	s.x, s.y, s.perItem = c.Args[0].Data, y.Data, s.l.inner*s.p.Size
	if s.perItem > 0 {
		c.ParallelTask(s.l.outer*len(s.keep), max(1, 1<<14/s.perItem), s)
	}
	s.x, s.y = nil, nil
	return nil
}

func (s *compressState) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		o, k := i/len(s.keep), i%len(s.keep)
		copy(s.y[i*s.perItem:][:s.perItem], s.x[(o*s.l.n+int(s.keep[k]))*s.perItem:])
	}
}
