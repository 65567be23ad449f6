package kern

import (
	"fmt"
	"slices"
	"sync/atomic"
)

// An IndexError tells of an index in an operand's data that lies outside its axis.
type IndexError struct {
	Op                string
	Index, Axis, Size int
}

func (e *IndexError) Error() string {
	return fmt.Sprintf("%s: index %d: out of range for axis %d of size %d", e.Op, e.Index, e.Axis, e.Size)
}

// A GatherParam is the parameter of [Gather], [GatherElements] and [GatherND]: Size is the bytes of
// an element, Index the type of the indices, Int32 or Int64. Axis is for the first two, Batch for
// the third.
type GatherParam struct {
	Axis, Batch, Size int
	Index             DType
}

type gatherState struct {
	op                  string
	p                   *GatherParam
	data, idx, out      Arg
	axis, size          int // the axis, and its size
	outer, count, inner int
	ss, is              [MaxRank]int
	fault               atomic.Pointer[IndexError]
	do                  func(s *gatherState, lo, hi int)
}

func (s *gatherState) Do(_, lo, hi int) { s.do(s, lo, hi) }

// at reads index i and brings it into range; it reports false, and notes the fault, where it is not.
func (s *gatherState) at(i, axis, size int) (int, bool) {
	v := indexAt(&s.idx, s.p.Index, i)
	k := v
	if k < 0 {
		k += size
	}
	if k < 0 || k >= size {
		s.fault.CompareAndSwap(nil, &IndexError{s.op, v, axis, size})
		return 0, false
	}
	return k, true
}

func (s *gatherState) prepare(c *Call, op string) error {
	p, ok := c.Param.(*GatherParam)
	if !ok || p.Index != Int32 && p.Index != Int64 {
		return fmt.Errorf("%s: parameter %v", op, c.Param)
	}
	in, out, err := inOut(c, 3, 3, p.Size)
	if err == nil {
		err = sized(&c.Args[1], p.Index.Size(), "indices")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	s.op, s.p, s.data, s.idx, s.out = op, p, *in, c.Args[1], *out
	if s.axis, err = axisOf(p.Axis, max(1, len(in.Dims))); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// run does n items that copy so many bytes each.
func (s *gatherState) run(c *Call, n, bytes int, do func(s *gatherState, lo, hi int)) error {
	s.do = do
	s.fault.Store(nil)
	c.ParallelTask(n, max(1, 1<<16/max(bytes, 16)), s)
	s.data, s.idx, s.out = Arg{}, Arg{}, Arg{}
	if f := s.fault.Load(); f != nil {
		return f
	}
	return nil
}

// Gather picks slices of operand 0 along an axis by the indices of operand 1; negative ones count
// from the end. Result dims: those of the operand with the axis replaced by those of the indices.
func Gather(c *Call) error {
	s := StateOf[gatherState](c)
	if err := s.prepare(c, "gather"); err != nil {
		return err
	}
	if len(s.data.Dims) == 0 {
		return fmt.Errorf("gather: operand is a scalar")
	}
	l, _ := loopsOf(s.data.Dims, s.axis)
	s.outer, s.size, s.inner, s.count = l.outer, l.n, l.inner*s.p.Size, s.idx.Len()
	if s.out.Len()*s.p.Size != s.outer*s.count*s.inner {
		return fmt.Errorf("gather: dims %v by %v to %v", s.data.Dims, s.idx.Dims, s.out.Dims)
	}
	if s.inner == 0 {
		return nil
	}
	return s.run(c, s.outer*s.count, s.inner, gatherSlices)
}

func gatherSlices(s *gatherState, lo, hi int) {
	o, k := lo/s.count, lo%s.count
	n := s.inner
	for i := lo; i < hi; i++ {
		v, ok := s.at(k, s.axis, s.size)
		if !ok {
			return
		}
		from := (o*s.size + v) * n
		moveBytes(s.out.Data[i*n:i*n+n], s.data.Data[from:from+n])
		if k++; k == s.count {
			o, k = o+1, 0
		}
	}
}

// moveBytes is copy, with a short way for single elements.
func moveBytes(d, s []byte) {
	switch len(d) {
	case 4:
		*(*[4]byte)(d) = *(*[4]byte)(s)
	case 8:
		*(*[8]byte)(d) = *(*[8]byte)(s)
	default:
		copy(d, s)
	}
}

// GatherElements picks single elements: the result, of the dims of the indices, holds at each place
// the element of operand 0 at that place but for the axis, where the index says.
func GatherElements(c *Call) error {
	s := StateOf[gatherState](c)
	if err := s.prepare(c, "gather_elements"); err != nil {
		return err
	}
	if len(s.idx.Dims) != len(s.data.Dims) || !slices.Equal(s.idx.Dims, s.out.Dims) || len(s.data.Dims) == 0 {
		return fmt.Errorf("gather_elements: dims %v by %v to %v", s.data.Dims, s.idx.Dims, s.out.Dims)
	}
	for i, d := range s.idx.Dims {
		if i != s.axis && d > s.data.Dims[i] {
			return fmt.Errorf("gather_elements: dims %v by %v", s.data.Dims, s.idx.Dims)
		}
	}
	s.size = s.data.Dims[s.axis]
	s.ss, s.is = strides(s.data.Dims), strides(s.idx.Dims)
	return s.run(c, s.idx.Len(), s.p.Size, gatherElements)
}

func gatherElements(s *gatherState, lo, hi int) {
	n := s.p.Size
	for i := lo; i < hi; i++ {
		from, rest := 0, i
		for k, st := range s.is[:len(s.idx.Dims)] {
			q := rest / st
			rest -= q * st
			if k != s.axis {
				from += q * s.ss[k]
			}
		}
		v, ok := s.at(i, s.axis, s.size)
		if !ok {
			return
		}
		from = (from + v*s.ss[s.axis]) * n
		moveBytes(s.out.Data[i*n:i*n+n], s.data.Data[from:from+n])
	}
}

// GatherND picks slices of operand 0 by tuples of indices, the last dimension of operand 1, within
// the same place of the first Batch dimensions.
func GatherND(c *Call) error {
	s := StateOf[gatherState](c)
	if err := s.prepare(c, "gather_nd"); err != nil {
		return err
	}
	b, r, q := s.p.Batch, len(s.data.Dims), len(s.idx.Dims)
	if b < 0 || q < 1 || b >= q || b+s.idx.Dims[q-1] > r || !slices.Equal(s.data.Dims[:b], s.idx.Dims[:b]) {
		return fmt.Errorf("gather_nd: dims %v by %v, batch %d", s.data.Dims, s.idx.Dims, b)
	}
	s.ss = strides(s.data.Dims)
	s.size = s.idx.Dims[q-1]
	s.inner, s.count, s.outer = s.p.Size, 1, 1
	for _, d := range s.data.Dims[b+s.size:] {
		s.inner *= d
	}
	for i, d := range s.idx.Dims[:q-1] {
		if i < b {
			s.outer *= d
		} else {
			s.count *= d
		}
	}
	if s.out.Len()*s.p.Size != s.outer*s.count*s.inner {
		return fmt.Errorf("gather_nd: dims %v by %v to %v", s.data.Dims, s.idx.Dims, s.out.Dims)
	}
	if s.inner == 0 {
		return nil
	}
	return s.run(c, s.outer*s.count, s.inner, gatherTuples)
}

func gatherTuples(s *gatherState, lo, hi int) {
	b, n := s.p.Batch, s.inner
	batch := s.data.Len() / max(1, s.outer)
	for i := lo; i < hi; i++ {
		from := i / s.count * batch
		for j := range s.size {
			v, ok := s.at(i*s.size+j, b+j, s.data.Dims[b+j])
			if !ok {
				return
			}
			from += v * s.ss[b+j]
		}
		from *= s.p.Size
		moveBytes(s.out.Data[i*n:i*n+n], s.data.Data[from:from+n])
	}
}
