package kern

import (
	"fmt"
	"slices"
	"unsafe"
)

// An ArgParam is the parameter of [ArgReduce].
type ArgParam struct {
	Axis int
	Min  bool // the least instead of the greatest
	Last bool // of equals the last instead of the first
	Type DType
}

type argState struct {
	loops
	p *ArgParam
	x Arg
	y []int64
}

// ArgReduce writes, as int64, where along an axis the greatest or least element stands. NaN counts
// as beyond both.
func ArgReduce(c *Call) error {
	p, ok := c.Param.(*ArgParam)
	if !ok || len(c.Args) != 2 || p.Type >= Float16 {
		return fmt.Errorf("arg: parameter %v for %d operands", c.Param, len(c.Args))
	}
	s := StateOf[argState](c)
	var err error
	if s.loops, err = loopsOf(c.Args[0].Dims, p.Axis); err != nil {
		return fmt.Errorf("arg: %w", err)
	}
	if err := sized(&c.Args[0], p.Type.Size(), "arg"); err != nil {
		return err
	}
	n, err := c.Args[1].count(8)
	if err != nil || n != s.outer*s.inner {
		return fmt.Errorf("arg: %v along axis %d to %v", c.Args[0].Dims, p.Axis, c.Args[1].Dims)
	}
	if s.n == 0 && n > 0 {
		return fmt.Errorf("arg: axis %d is empty", p.Axis)
	}
	s.p, s.x, s.y = p, c.Args[0], Of[int64](&c.Args[1])
	c.ParallelTask(n, max(1, 1<<14/max(1, s.n)), s)
	s.x, s.y = Arg{}, nil
	return nil
}

func (s *argState) Do(_, lo, hi int) { argRowsOf[s.p.Type](s, lo, hi) }

var argRowsOf = perType[func(s *argState, lo, hi int)]{
	argRows[float32], argRows[float64], argRows[int8], argRows[int16], argRows[int32], argRows[int64],
	argRows[uint8], argRows[uint16], argRows[uint32], argRows[uint64], argRows[uint8],
}

// elements views an operand as any numeric type.
func elements[T number](a *Arg) []T {
	var z T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(a.Data))), len(a.Data)/int(unsafe.Sizeof(z)))
}

func argRows[T number](s *argState, lo, hi int) {
	x := elements[T](&s.x)
	for i := lo; i < hi; i++ {
		at := i/s.inner*s.n*s.inner + i%s.inner
		best, where := x[at], 0
		for k := 1; k < s.n; k++ {
			v := x[at+k*s.inner]
			if v == best && s.p.Last || (v > best) != s.p.Min && v != best && best == best || v != v && best == best {
				best, where = v, k
			}
		}
		s.y[i] = int64(where)
	}
}

// A CumSumParam is the parameter of [CumSum].
type CumSumParam struct {
	Axis               int
	Exclusive, Reverse bool
	Product            bool  // of what CumSum adds up
	Type               DType // Float32, Float64, Int32, Int64
}

type cumSumState struct {
	loops
	p    *CumSumParam
	x, y Arg
}

// CumSum adds up along an axis: operand 0 is x, the last argument the result of the same dims;
// operands between are not read. Sums of float32 are kept in float64 on the way.
func CumSum(c *Call) error {
	p, ok := c.Param.(*CumSumParam)
	if !ok || len(c.Args) < 2 || p.Type >= Float16 {
		return fmt.Errorf("cumsum: parameter %v for %d operands", c.Param, len(c.Args))
	}
	in, out := &c.Args[0], &c.Args[len(c.Args)-1]
	s := StateOf[cumSumState](c)
	var err error
	if s.loops, err = loopsOf(in.Dims, p.Axis); err != nil {
		return fmt.Errorf("cumsum: %w", err)
	}
	if !slices.Equal(in.Dims, out.Dims) {
		return fmt.Errorf("cumsum: %v to %v", in.Dims, out.Dims)
	}
	for _, a := range []*Arg{in, out} {
		if err := sized(a, p.Type.Size(), "cumsum"); err != nil {
			return err
		}
	}
	s.p, s.x, s.y = p, *in, *out
	if in.Len() > 0 {
		c.ParallelTask(s.outer*s.inner, max(1, 1<<14/s.n), s)
	}
	s.x, s.y = Arg{}, Arg{}
	return nil
}

func (s *cumSumState) Do(_, lo, hi int) {
	switch s.p.Type {
	case Float32:
		cumRows[float32, float64](s, lo, hi)
	case Float64:
		cumRows[float64, float64](s, lo, hi)
	case Int32:
		cumRows[int32, int32](s, lo, hi)
	case Int64:
		cumRows[int64, int64](s, lo, hi)
	}
}

func cumRows[T, S number](s *cumSumState, lo, hi int) {
	x, y := elements[T](&s.x), elements[T](&s.y)
	for i := lo; i < hi; i++ {
		at, step := i/s.inner*s.n*s.inner+i%s.inner, s.inner
		if s.p.Reverse {
			at, step = at+(s.n-1)*step, -step
		}
		sum := S(0)
		if s.p.Product {
			sum = 1
		}
		for range s.n {
			v := S(x[at])
			if s.p.Product {
				if s.p.Exclusive {
					y[at] = T(sum)
				}
				if sum *= v; !s.p.Exclusive {
					y[at] = T(sum)
				}
				at += step
				continue
			}
			if s.p.Exclusive {
				y[at] = T(sum)
				sum += v
			} else {
				sum += v
				y[at] = T(sum)
			}
			at += step
		}
	}
}
