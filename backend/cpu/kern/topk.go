package kern

import (
	"fmt"
	"slices"
)

// A TopKParam is the parameter of [TopK].
type TopKParam struct {
	Axis     int
	Smallest bool
	Type     DType
}

type topKState struct {
	loops
	p         *TopKParam
	k         int
	x, v, idx Arg
	heaps     []int32 // k for each worker
}

// TopK finds the k greatest or least elements along an axis, in order; equals come in the order of
// their places, and NaN counts as the greatest of all. Operands x and k (not read: the dims of the
// results tell), results values and, as int64, their places.
func TopK(c *Call) error {
	p, ok := c.Param.(*TopKParam)
	if !ok || len(c.Args) < 3 || len(c.Args) > 4 || p.Type >= Float16 {
		return fmt.Errorf("top_k: parameter %v for %d operands", c.Param, len(c.Args))
	}
	in, val, idx := &c.Args[0], &c.Args[len(c.Args)-2], &c.Args[len(c.Args)-1]
	s := StateOf[topKState](c)
	var err error
	if s.loops, err = loopsOf(in.Dims, p.Axis); err != nil {
		return fmt.Errorf("top_k: %w", err)
	}
	axis := s.axis
	if !slices.Equal(val.Dims, idx.Dims) || len(in.Dims) == 0 || !alike(val.Dims, in.Dims, axis) || val.Dims[axis] > s.n || s.n > 1<<31-1 {
		return fmt.Errorf("top_k: %v along axis %d to %v and %v", in.Dims, p.Axis, val.Dims, idx.Dims)
	}
	if err := sized(in, p.Type.Size(), "top_k"); err != nil {
		return err
	}
	if err := sized(val, p.Type.Size(), "top_k"); err != nil {
		return err
	}
	if err := sized(idx, 8, "top_k"); err != nil {
		return err
	}
	if val.Len() == 0 {
		return nil
	}
	s.p, s.k, s.x, s.v, s.idx = p, val.Dims[axis], *in, *val, *idx
	if n := s.k * c.Workers(); len(s.heaps) < n {
		s.heaps = make([]int32, n)
	}
	c.ParallelTask(s.outer*s.inner, max(1, 1<<12/s.n), s)
	s.x, s.v, s.idx = Arg{}, Arg{}, Arg{}
	return nil
}

func (s *topKState) Do(worker, lo, hi int) {
	heap := s.heaps[worker*s.k : (worker+1)*s.k]
	topRowsOf[s.p.Type](s, heap, lo, hi)
}

var topRowsOf = perType[func(s *topKState, heap []int32, lo, hi int)]{
	topRows[float32], topRows[float64], topRows[int8], topRows[int16], topRows[int32], topRows[int64],
	topRows[uint8], topRows[uint16], topRows[uint32], topRows[uint64], topRows[uint8],
}

// A ranking orders the places of one row.
type ranking[T number] struct {
	x        []T
	at, step int
	smallest bool
}

// before reports whether place a goes in front of place b.
func (r *ranking[T]) before(a, b int32) bool {
	u, v := r.x[r.at+int(a)*r.step], r.x[r.at+int(b)*r.step]
	if r.smallest {
		u, v = v, u
	}
	switch {
	case u > v || u != u && v == v:
		return true
	case u == v || u != u && v != v:
		return a < b
	}
	return false
}

// sink lets h[i] go down until no place below it ranks behind it: the last in rank is on top.
func (r *ranking[T]) sink(h []int32, i int) {
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && r.before(h[c], h[c+1]) {
			c++
		}
		if !r.before(h[i], h[c]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

func topRows[T number](s *topKState, heap []int32, lo, hi int) {
	x, v, idx := elements[T](&s.x), elements[T](&s.v), Of[int64](&s.idx)
	for i := lo; i < hi; i++ {
		o, in := i/s.inner, i%s.inner
		r := ranking[T]{x, o*s.n*s.inner + in, s.inner, s.p.Smallest}
		for k := range heap {
			heap[k] = int32(k)
		}
		for k := s.k / 2; k >= 0; k-- {
			r.sink(heap, k)
		}
		for k := s.k; k < s.n; k++ {
			if r.before(int32(k), heap[0]) {
				heap[0] = int32(k)
				r.sink(heap, 0)
			}
		}
		for k := s.k - 1; k > 0; k-- {
			heap[0], heap[k] = heap[k], heap[0]
			r.sink(heap[:k], 0)
		}
		to := o*s.k*s.inner + in
		for _, k := range heap {
			v[to], idx[to] = x[r.at+int(k)*s.inner], int64(k)
			to += s.inner
		}
	}
}
