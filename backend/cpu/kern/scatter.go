package kern

import (
	"fmt"
	"slices"
)

// A ScatterOp says what becomes of an element that is written to.
type ScatterOp uint8

const (
	ScatterSet ScatterOp = iota
	ScatterAdd
	ScatterMul
	ScatterMax
	ScatterMin
)

// A ScatterParam is the parameter of [ScatterND] and [ScatterElements]. Type is that of the elements;
// ScatterSet only minds its size. Index is Int32 or Int64.
type ScatterParam struct {
	Axis  int // of ScatterElements
	Op    ScatterOp
	Type  DType
	Index DType
}

type scatterState struct {
	gatherState
	sp    *ScatterParam
	gp    GatherParam
	mover mover
	upd   Arg
}

// prepare checks the operands data, indices, updates and the result, and copies data to the result
// where the two are not the same memory.
func (s *scatterState) prepare(c *Call, op string) error {
	p, ok := c.Param.(*ScatterParam)
	if !ok || p.Index != Int32 && p.Index != Int64 || p.Type >= Float16 || p.Op > ScatterMin || len(c.Args) != 4 {
		return fmt.Errorf("%s: parameter %v for %d operands", op, c.Param, len(c.Args))
	}
	for i := range c.Args {
		t := p.Type
		if i == 1 {
			t = p.Index
		}
		if err := sized(&c.Args[i], t.Size(), op); err != nil {
			return err
		}
	}
	if !slices.Equal(c.Args[0].Dims, c.Args[3].Dims) || len(c.Args[0].Dims) == 0 {
		return fmt.Errorf("%s: %v to %v", op, c.Args[0].Dims, c.Args[3].Dims)
	}
	s.sp, s.gp = p, GatherParam{Size: p.Type.Size(), Index: p.Index}
	s.op, s.p, s.data, s.idx, s.upd, s.out = op, &s.gp, c.Args[0], c.Args[1], c.Args[2], c.Args[3]
	s.fault.Store(nil)
	if n := s.out.Len(); n > 0 && &s.data.Data[0] != &s.out.Data[0] {
		s.mover.reset(s.gp.Size, s.out.Data, s.data.Data)
		s.mover.dim(n, 1, 1)
		return s.mover.finish(c, op)
	}
	return nil
}

func (s *scatterState) done() error {
	s.data, s.idx, s.out, s.upd = Arg{}, Arg{}, Arg{}, Arg{}
	if f := s.fault.Load(); f != nil {
		return f
	}
	return nil
}

// write puts n updates from element from of the updates to element to of the result.
func (s *scatterState) write(to, from, n int) {
	if s.sp.Op == ScatterSet {
		size := s.gp.Size
		moveBytes(s.out.Data[to*size:(to+n)*size], s.upd.Data[from*size:(from+n)*size])
		return
	}
	scatterRows[s.sp.Type](s, to, from, n)
}

var scatterRows = perType[func(s *scatterState, to, from, n int)]{
	scatterRow[float32], scatterRow[float64], scatterRow[int8], scatterRow[int16], scatterRow[int32], scatterRow[int64],
	scatterRow[uint8], scatterRow[uint16], scatterRow[uint32], scatterRow[uint64], scatterRow[uint8],
}

func scatterRow[T number](s *scatterState, to, from, n int) {
	y, u := elements[T](&s.out)[to:to+n], elements[T](&s.upd)[from:from+n]
	for i, v := range u {
		switch s.sp.Op {
		case ScatterAdd:
			y[i] += v
		case ScatterMul:
			y[i] *= v
		case ScatterMax:
			y[i] = max(y[i], v)
		case ScatterMin:
			y[i] = min(y[i], v)
		}
	}
}

// ScatterND writes slices of updates where tuples of indices, the last dimension of operand 1, say.
// Updates are written in order, by one thread, so that indices which occur twice are well defined.
func ScatterND(c *Call) error {
	s := StateOf[scatterState](c)
	if err := s.prepare(c, "scatter_nd"); err != nil {
		return err
	}
	r, q := len(s.data.Dims), len(s.idx.Dims)
	if q < 1 || s.idx.Dims[q-1] > r {
		return fmt.Errorf("scatter_nd: dims %v by %v", s.data.Dims, s.idx.Dims)
	}
	depth, n, inner := s.idx.Dims[q-1], 1, 1
	for _, d := range s.idx.Dims[:q-1] {
		n *= d
	}
	for _, d := range s.data.Dims[depth:] {
		inner *= d
	}
	if s.upd.Len() != n*inner {
		return fmt.Errorf("scatter_nd: dims %v by %v from %v", s.data.Dims, s.idx.Dims, s.upd.Dims)
	}
	ss := strides(s.data.Dims)
	for i := 0; i < n && inner > 0; i++ {
		to := 0
		for j := range depth {
			v, ok := s.at(i*depth+j, j, s.data.Dims[j])
			if !ok {
				return s.done()
			}
			to += v * ss[j]
		}
		s.write(to, i*inner, inner)
	}
	return s.done()
}

// ScatterElements writes single updates: each to its own place in the result but for the axis, where
// the index says. Updates are written in order, by one thread.
func ScatterElements(c *Call) error {
	s := StateOf[scatterState](c)
	if err := s.prepare(c, "scatter_elements"); err != nil {
		return err
	}
	rank := len(s.data.Dims)
	axis, err := axisOf(s.sp.Axis, rank)
	if err != nil || !slices.Equal(s.idx.Dims, s.upd.Dims) || len(s.idx.Dims) != rank {
		return fmt.Errorf("scatter_elements: dims %v by %v from %v along axis %d", s.data.Dims, s.idx.Dims, s.upd.Dims, s.sp.Axis)
	}
	for i, d := range s.idx.Dims {
		if i != axis && d > s.data.Dims[i] {
			return fmt.Errorf("scatter_elements: dims %v by %v", s.data.Dims, s.idx.Dims)
		}
	}
	ss, is := strides(s.data.Dims), strides(s.idx.Dims)
	for i := range s.idx.Len() {
		v, ok := s.at(i, axis, s.data.Dims[axis])
		if !ok {
			return s.done()
		}
		to, rest := v*ss[axis], i
		for k := range rank {
			q := rest / is[k]
			rest -= q * is[k]
			if k != axis {
				to += q * ss[k]
			}
		}
		s.write(to, i, 1)
	}
	return s.done()
}
