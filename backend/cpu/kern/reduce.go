package kern

import (
	"fmt"
	"math"
)

// A ReduceOp is a way to make one number out of many.
type ReduceOp uint8

const (
	ReduceSum ReduceOp = iota
	ReduceMean
	ReduceMax
	ReduceMin
	ReduceProd
	ReduceL1
	ReduceL2
	ReduceSumSquare
	ReduceLogSum
	ReduceLogSumExp
	numReduceOps
)

// A ReduceParam is the parameter of [Reduce]. Axes may be negative; none reduces over all, unless
// Keep is set: then over none.
type ReduceParam struct {
	Op   ReduceOp
	Axes []int
	Keep bool
	Type DType // Float32, Float64, Int32, Int64, and with max and min Int8, Uint8, Bool
}

// A reducer has the dims of its operand as runs, alternately kept and reduced, with dimensions of
// size 1 dropped and neighbours of a kind joined.
type reducer struct {
	p         *ReduceParam
	rank      int
	dims      [MaxRank]int
	reduced   [MaxRank]bool
	step      [MaxRank]int
	kept, red int // how many results, and how many elements make each
	last      int // the size of the last run
	tiles     int // of the last run where that is kept
	x, y      Arg
	rows      *rowKernels
	table     *pwTable
}

// Reduce reduces operand 0 over a set of axes; the result's elements are those that are left, in
// order, with or without dimensions of size 1 in place of the others. Further operands are not read.
// Over no elements sum is 0, product 1, max and min the end of the type, mean NaN. Max and min are
// NaN where an element is.
func Reduce(c *Call) error {
	p, ok := c.Param.(*ReduceParam)
	if !ok || len(c.Args) < 2 || p.Type >= Float16 || p.Op >= numReduceOps {
		return fmt.Errorf("reduce: parameter %v for %d operands", c.Param, len(c.Args))
	}
	in, out := &c.Args[0], &c.Args[len(c.Args)-1]
	size := p.Type.Size()
	if err := sized(in, size, "reduce"); err != nil {
		return err
	}
	n, err := out.count(size)
	if err != nil {
		return fmt.Errorf("reduce: %w", err)
	}
	s := StateOf[reducer](c)
	if err := s.layOut(p, in.Dims); err != nil {
		return fmt.Errorf("reduce: %w", err)
	}
	if n != s.kept {
		return fmt.Errorf("reduce: %v over %v to %v", in.Dims, p.Axes, out.Dims)
	}
	s.p, s.x, s.y, s.rows, s.table = p, *in, *out, rowsBest(), pwBest()
	items, each := s.kept, s.red
	s.tiles = 1
	if p.Type == Float32 && s.last > 0 && s.red > 0 && !s.reduced[s.rank-1] {
		s.tiles = (s.last + innerTile - 1) / innerTile
		items, each = s.kept/s.last*s.tiles, s.red*min(s.last, innerTile)
	}
	c.ParallelTask(items, max(1, 1<<14/max(1, each)), s)
	s.x, s.y = Arg{}, Arg{}
	return nil
}

func (s *reducer) layOut(p *ReduceParam, dims []int) error {
	var over [MaxRank]bool
	for _, a := range p.Axes {
		a, err := axisOf(a, len(dims))
		if err != nil {
			return err
		}
		over[a] = true
	}
	s.rank, s.kept, s.red = 0, 1, 1
	for i, d := range dims {
		r := over[i] || len(p.Axes) == 0 && !p.Keep
		if r {
			s.red *= d
		} else {
			s.kept *= d
		}
		if d == 1 {
			continue
		}
		if s.rank == 0 || s.reduced[s.rank-1] != r {
			s.dims[s.rank], s.reduced[s.rank] = 1, r
			s.rank++
		}
		s.dims[s.rank-1] *= d
	}
	if s.rank == 0 {
		s.rank, s.dims[0], s.reduced[0] = 1, 1, true
	}
	st := 1
	for i := s.rank - 1; i >= 0; i-- {
		s.step[i] = st
		st *= s.dims[i]
	}
	s.last = s.dims[s.rank-1]
	return nil
}

// at returns where, among the runs of one kind but the last run, the i-th combination lies.
func (s *reducer) at(i int, reduced bool) int {
	off := 0
	for k := s.rank - 2; k >= 0 && i > 0; k-- {
		if s.reduced[k] == reduced {
			q := i / s.dims[k]
			off += (i - q*s.dims[k]) * s.step[k]
			i = q
		}
	}
	return off
}

func (s *reducer) Do(_, lo, hi int) {
	switch s.p.Type {
	case Float32:
		for i := lo; i < hi; i++ {
			if s.red == 0 {
				F32(&s.y)[i] = s.empty()
			} else if s.reduced[s.rank-1] {
				F32(&s.y)[i] = s.whole(s.at(i, false))
			} else {
				s.columns(i/s.tiles, i%s.tiles)
			}
		}
	case Float64:
		reducePlain[float64](s, lo, hi, math.Inf(-1), math.Inf(1))
	case Int64:
		reducePlain[int64](s, lo, hi, math.MinInt64, math.MaxInt64)
	case Int32:
		reducePlain[int32](s, lo, hi, math.MinInt32, math.MaxInt32)
	case Int8:
		reducePlain[int8](s, lo, hi, math.MinInt8, math.MaxInt8)
	case Uint8, Bool:
		reducePlain[uint8](s, lo, hi, 0, math.MaxUint8)
	}
}

// empty is what no elements come to.
func (s *reducer) empty() float32 {
	switch s.p.Op {
	case ReduceMax, ReduceLogSum, ReduceLogSumExp:
		return -inf32
	case ReduceMin:
		return inf32
	case ReduceProd:
		return 1
	}
	return 0
}

// whole reduces rows that lie side by side in memory, at off and the places of the other reduced runs.
func (s *reducer) whole(off int) float32 {
	x, n := F32(&s.x), s.red/s.last
	k := s.rows
	fold, shift := k.sum, float32(0)
	switch s.p.Op {
	case ReduceMax, ReduceMin, ReduceProd:
		r := s.empty()
		for i := range n {
			row := x[off+s.at(i, true):][:s.last]
			switch s.p.Op {
			case ReduceMax:
				r = max(r, foldMax(k.max, row))
			case ReduceMin:
				r = min(r, foldMin(k.min, row))
			default:
				for at := 0; at < len(row); at += rowBlock {
					r *= k.prod(min(rowBlock, len(row)-at), &row[at], 0)
				}
			}
		}
		return r
	case ReduceL1:
		fold = k.sumAbs
	case ReduceL2, ReduceSumSquare:
		fold = k.sumSq
	case ReduceLogSumExp:
		fold, shift = k.sumExp, -inf32
		for i := range n {
			shift = max(shift, foldMax(k.max, x[off+s.at(i, true):][:s.last]))
		}
		if math.IsInf(float64(shift), 0) {
			return shift
		}
	}
	sum := 0.0
	for i := range n {
		sum += foldSum(fold, x[off+s.at(i, true):][:s.last], shift)
	}
	return float32(s.finish(sum, float64(shift)))
}

// finish turns a sum into the result.
func (s *reducer) finish(sum, shift float64) float64 {
	switch s.p.Op {
	case ReduceMean:
		return sum / float64(max(s.red, 1))
	case ReduceL2:
		return math.Sqrt(sum)
	case ReduceLogSum:
		return math.Log(sum)
	case ReduceLogSumExp:
		return math.Log(sum) + shift
	}
	return sum
}

// sumRun is how many elements are added up before their sum is added to the others'.
const sumRun = 32

// columns reduces a tile of neighbours at a time: each instruction takes them all.
func (s *reducer) columns(row, tile int) {
	lo := tile * innerTile
	w := min(innerTile, s.last-lo)
	mem := takeRegs(4)
	defer giveRegs(mem)
	acc, top, e, part := mem.buf[:w], mem.buf[pwTileLen:][:w], mem.buf[2*pwTileLen:][:w], mem.buf[3*pwTileLen:][:w]
	clear(acc)
	clear(part)
	x, off := F32(&s.x), s.at(row, false)+lo
	t := s.table
	one := func(op Op, d, a, b, c *float32) { t[int(op)<<formBits](w, d, a, b, c, 0) }
	each := func(f func(v *float32)) {
		for i := range s.red {
			f(&x[off+s.at(i, true)])
		}
	}
	p := &acc[0]
	// Sums are sums of sums of sumRun elements each, so that many small numbers do not get lost.
	q, left := &part[0], sumRun
	add := func(f func(v *float32)) {
		each(func(v *float32) {
			f(v)
			if left--; left == 0 {
				one(OpAdd, p, p, q, nil)
				clear(part)
				left = sumRun
			}
		})
		one(OpAdd, p, p, q, nil)
	}
	switch s.p.Op {
	case ReduceMax, ReduceMin, ReduceProd:
		for i := range w {
			acc[i] = s.empty()
		}
		op := vectorOp(s.p.Op)
		each(func(v *float32) { one(op, p, p, v, nil) })
	case ReduceL1:
		add(func(v *float32) { one(OpAbs, &e[0], v, nil, nil); one(OpAdd, q, q, &e[0], nil) })
	case ReduceL2, ReduceSumSquare:
		add(func(v *float32) { one(OpFMA, q, v, v, q) })
	case ReduceLogSumExp:
		for i := range w {
			top[i] = -inf32
		}
		each(func(v *float32) { one(OpMax, &top[0], &top[0], v, nil) })
		add(func(v *float32) {
			one(OpSub, &e[0], v, &top[0], nil)
			one(OpExp, &e[0], &e[0], nil, nil)
			one(OpAdd, q, q, &e[0], nil)
		})
	default:
		add(func(v *float32) { one(OpAdd, q, q, v, nil) })
	}
	s.store(F32(&s.y)[row*s.last+lo:][:w], acc, top)
}

// store finishes a tile of results: acc holds what was added up or found, top the greatest exponents.
func (s *reducer) store(y, acc, top []float32) {
	for i := range y {
		switch {
		case s.p.Op >= ReduceMax && s.p.Op <= ReduceProd:
			y[i] = acc[i]
		case s.p.Op == ReduceLogSumExp && math.IsInf(float64(top[i]), 0):
			y[i] = top[i]
		default:
			y[i] = float32(s.finish(float64(acc[i]), float64(top[i])))
		}
	}
}

func vectorOp(op ReduceOp) Op {
	switch op {
	case ReduceMax:
		return OpMax
	case ReduceMin:
		return OpMin
	}
	return OpMul
}
