package kern

import "fmt"

// A FillParam is the parameter of [Fill]: the bytes of one element.
type FillParam struct{ Value []byte }

// Fill sets every element of its only result. Operands before it are not read.
func Fill(c *Call) error {
	p, ok := c.Param.(*FillParam)
	if !ok || len(c.Args) < 1 {
		return fmt.Errorf("fill: parameter is a %T", c.Param)
	}
	out := &c.Args[len(c.Args)-1]
	if err := operands(c, 1, len(c.Args), len(p.Value)); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	if err := sized(out, len(p.Value), "fill"); err != nil {
		return err
	}
	m := StateOf[mover](c)
	m.reset(len(p.Value), out.Data, p.Value)
	m.dim(out.Len(), 1, 0)
	return m.finish(c, "fill")
}

// A RangeParam is the parameter of [Range].
type RangeParam struct{ Type DType }

// Range writes start + i*delta for each i of its result, of one dimension; operands are start,
// limit (not read) and delta, scalars of its type.
func Range(c *Call) error {
	p, ok := c.Param.(*RangeParam)
	if !ok || len(c.Args) != 4 || p.Type >= Float16 {
		return fmt.Errorf("range: parameter %v for %d operands", c.Param, len(c.Args))
	}
	for i := range c.Args {
		n, err := c.Args[i].count(p.Type.Size())
		if err != nil || i < 3 && n != 1 {
			return fmt.Errorf("range: operand %d of dims %v", i, c.Args[i].Dims)
		}
	}
	switch p.Type {
	case Float32:
		fillRange[float32](c)
	case Float64:
		fillRange[float64](c)
	case Int16:
		fillRange[int16](c)
	case Int32:
		fillRange[int32](c)
	case Int64:
		fillRange[int64](c)
	default:
		return fmt.Errorf("range: of type %d", p.Type)
	}
	return nil
}

func fillRange[T number](c *Call) {
	start, delta := Of[T](&c.Args[0])[0], Of[T](&c.Args[2])[0]
	y := Of[T](&c.Args[3])[:c.Args[3].Len()]
	for i := range y {
		y[i] = start + T(i)*delta
	}
}

// A WhereParam is the parameter of [Where].
type WhereParam struct{ Size int }

type whereState struct {
	sweep
	size       int
	c, x, z, y Arg
}

// Where takes elements of operand 1 where operand 0, of bools, is true and of operand 2 elsewhere,
// with broadcasting.
func Where(c *Call) error {
	p, ok := c.Param.(*WhereParam)
	if !ok {
		return fmt.Errorf("where: parameter is a %T", c.Param)
	}
	if err := operands(c, 4, 4, p.Size); err != nil {
		return fmt.Errorf("where: %w", err)
	}
	for i := range c.Args {
		size := p.Size
		if i == 0 {
			size = 1
		}
		if err := sized(&c.Args[i], size, "where"); err != nil {
			return err
		}
	}
	s := StateOf[whereState](c)
	if err := s.prepare(c.Args[3].Dims, c.Args[:3]); err != nil {
		return fmt.Errorf("where: %w", err)
	}
	s.size, s.c, s.x, s.z, s.y = p.Size, c.Args[0], c.Args[1], c.Args[2], c.Args[3]
	c.ParallelTask(s.pieces, s.grain(), s)
	s.c, s.x, s.z, s.y = Arg{}, Arg{}, Arg{}, Arg{}
	return nil
}

func (s *whereState) Do(_, lo, hi int) { wherePiecesOf.of(s.size)(s, lo, hi) }

var wherePiecesOf = perWord[func(s *whereState, lo, hi int)]{
	wherePieces[uint8], wherePieces[uint16], wherePieces[uint32], wherePieces[uint64], wherePieces[[2]uint64],
}

func wherePieces[T word](s *whereState, lo, hi int) {
	for i := lo; i < hi; i++ {
		row, off, n := s.at(i)
		ct, sc := s.from(0, row, off)
		xt, sx := s.from(1, row, off)
		zt, sz := s.from(2, row, off)
		yt := row*s.dims[s.rank-1] + off
		cond, x, z := s.c.Data[ct:], words[T](s.x.Data)[xt:], words[T](s.z.Data)[zt:]
		y := words[T](s.y.Data)[yt : yt+n]
		for j := range y {
			if cond[j*sc] != 0 {
				y[j] = x[j*sx]
			} else {
				y[j] = z[j*sz]
			}
		}
	}
}
