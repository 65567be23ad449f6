package kern

import (
	"cmp"
	"fmt"
	"slices"
)

// A UniqueParam is the parameter of [Unique]. Flat takes the operand for one row of elements; results are sorted, or in the
// order in which they first appear.
type UniqueParam struct {
	Axis         int
	Flat, Sorted bool
	Type         DType
}

type uniqueState struct {
	l                      loops
	order                  []int32
	first, counts, inverse []int64
	place                  []int32
}

// UniqueDims finds the distinct slices that [Unique] writes.
func UniqueDims(c *Call) error {
	p, ok := c.Param.(*UniqueParam)
	if !ok || len(c.Args) != 5 || p.Type >= Float16 {
		return fmt.Errorf("unique: parameter %v for %d operands", c.Param, len(c.Args))
	}
	x := &c.Args[0]
	if err := sized(x, p.Type.Size(), "unique"); err != nil {
		return err
	}
	s := StateOf[uniqueState](c)
	if s.l = (loops{0, 1, x.Len(), 1}); !p.Flat {
		var err error
		if s.l, err = loopsOf(x.Dims, p.Axis); err != nil {
			return fmt.Errorf("unique: %w", err)
		}
	}
	if s.l.n > 1<<31-1 {
		return fmt.Errorf("unique: %d slices", s.l.n)
	}
	s.order = s.order[:0]
	for i := range s.l.n {
		s.order = append(s.order, int32(i))
	}
	groupByOf[p.Type](s, x)
	if !p.Sorted {
		s.byAppearance()
	}
	if y := c.Args[1].Dims; !p.Flat {
		copy(y, x.Dims)
		y[s.l.axis] = len(s.first)
	} else {
		y[0] = len(s.first)
	}
	for i, n := range []int{len(s.first), s.l.n, len(s.first)} {
		if d := c.Args[2+i].Dims; len(d) == 1 {
			d[0] = n
		}
	}
	return nil
}

var groupByOf = perType[func(s *uniqueState, x *Arg)]{
	groupBy[float32], groupBy[float64], groupBy[int8], groupBy[int16], groupBy[int32], groupBy[int64],
	groupBy[uint8], groupBy[uint16], groupBy[uint32], groupBy[uint64], groupBy[uint8],
}

// compareLast orders numbers with NaN, which is equal to itself, above all else.
func compareLast[T number](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return -cmp.Compare(a, b)
}

func groupBy[T number](s *uniqueState, arg *Arg) {
	x, l := elements[T](arg), s.l
	compare := func(a, b int32) int {
		for o := range l.outer {
			u, v := (o*l.n+int(a))*l.inner, (o*l.n+int(b))*l.inner
			for k := range l.inner {
				if c := compareLast(x[u+k], x[v+k]); c != 0 {
					return c
				}
			}
		}
		return 0
	}
	slices.SortFunc(s.order, func(a, b int32) int { return cmp.Or(compare(a, b), cmp.Compare(a, b)) })
	s.first, s.counts, s.inverse = s.first[:0], s.counts[:0], s.inverse[:0]
	s.inverse = slices.Grow(s.inverse, len(s.order))[:len(s.order)]
	for i, k := range s.order {
		if i == 0 || compare(s.order[i-1], k) != 0 {
			s.first, s.counts = append(s.first, int64(k)), append(s.counts, 0)
		}
		s.inverse[k] = int64(len(s.first) - 1)
		s.counts[len(s.counts)-1]++
	}
}

// byAppearance reorders sorted groups by where each appears first.
func (s *uniqueState) byAppearance() {
	n := len(s.first)
	s.place = s.place[:0]
	for range n {
		s.place = append(s.place, -1)
	}
	at := 0
	s.order = s.order[:0]
	for i, g := range s.inverse { // a group's number is how many others have appeared
		if s.place[g] < 0 {
			s.place[g] = int32(at)
			s.order = append(s.order, int32(g))
			at++
		}
		s.inverse[i] = int64(s.place[g])
	}
	first, counts := slices.Clone(s.first), slices.Clone(s.counts)
	for i, g := range s.order {
		s.first[i], s.counts[i] = first[g], counts[g]
	}
}

// Unique writes the distinct elements or slices of its operand and, where they are wanted, where each appears first, which of
// them each is, and how often each occurs.
func Unique(c *Call) error {
	p := c.Param.(*UniqueParam)
	s, ok := c.State.(*uniqueState)
	y, size := &c.Args[1], p.Type.Size()
	if !ok {
		return fmt.Errorf("unique: not measured")
	}
	item, n := s.l.inner*size, len(s.first)
	if have, err := y.count(size); err != nil || have != s.l.outer*n*s.l.inner {
		return fmt.Errorf("unique: %v to %v", c.Args[0].Dims, y.Dims)
	}
	for o := range s.l.outer {
		for j, i := range s.first {
			copy(y.Data[(o*n+j)*item:][:item], c.Args[0].Data[(o*s.l.n+int(i))*item:])
		}
	}
	for i, v := range [][]int64{s.first, s.inverse, s.counts} {
		if a := &c.Args[2+i]; a.Has() {
			copy(Of[int64](a), v)
		}
	}
	return nil
}
