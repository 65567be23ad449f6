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
	d[1] = countTrueOf[p.Type](x, n)
	return nil
}

var countTrueOf = perType[func(x *Arg, n int) int]{
	countTrue[float32], countTrue[float64], countTrue[int8], countTrue[int16], countTrue[int32], countTrue[int64],
	countTrue[uint8], countTrue[uint16], countTrue[uint32], countTrue[uint64], countTrue[uint8],
}

func countTrue[T number](x *Arg, n int) int {
	sum := 0
	for _, v := range elements[T](x)[:n] {
		if v != 0 {
			sum++
		}
	}
	return sum
}

// NonZero writes the coordinates of the elements that are not zero, as int64, one column each, in order.
func NonZero(c *Call) error {
	p, ok := c.Param.(*NonZeroParam)
	if !ok || len(c.Args) != 2 || p.Type >= Float16 {
		return fmt.Errorf("non_zero: parameter %v for %d operands", c.Param, len(c.Args))
	}
	n, err := c.Args[0].count(p.Type.Size())
	if err != nil {
		return fmt.Errorf("non_zero: %w", err)
	}
	return coordinatesOf[p.Type](c, n)
}

var coordinatesOf = perType[func(c *Call, n int) error]{
	coordinates[float32], coordinates[float64], coordinates[int8], coordinates[int16], coordinates[int32], coordinates[int64],
	coordinates[uint8], coordinates[uint16], coordinates[uint32], coordinates[uint64], coordinates[uint8],
}

func coordinates[T number](c *Call, n int) error {
	x := elements[T](&c.Args[0])[:n]
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

func (s *compressState) prepare(c *Call) (err error) {
	p, ok := c.Param.(*CompressParam)
	if !ok || len(c.Args) != 3 {
		return fmt.Errorf("compress: parameter %v for %d operands", c.Param, len(c.Args))
	}
	x := &c.Args[0]
	if _, err := x.count(p.Size); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if s.p, s.l = p, (loops{0, 1, x.Len(), 1}); !p.Flat {
		if s.l, err = loopsOf(x.Dims, p.Axis); err != nil {
			return fmt.Errorf("compress: %w", err)
		}
	}
	s.keep = s.keep[:0]
	for i, b := range c.Args[1].Data {
		if b == 0 {
			continue
		}
		if i >= s.l.n {
			return fmt.Errorf("compress: condition selects %d of %d", i, s.l.n)
		}
		s.keep = append(s.keep, int32(i))
	}
	return nil
}

// CompressDims sets the dims of the result of [Compress].
func CompressDims(c *Call) error {
	s := StateOf[compressState](c)
	if err := s.prepare(c); err != nil {
		return err
	}
	out := c.Args[2].Dims
	if !s.p.Flat {
		copy(out, c.Args[0].Dims)
	}
	out[s.l.axis] = len(s.keep)
	return nil
}

// Compress copies those slices of operand 0 along an axis for which operand 1, of bools, holds.
func Compress(c *Call) error {
	s := StateOf[compressState](c)
	if err := s.prepare(c); err != nil {
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
