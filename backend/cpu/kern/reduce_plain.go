package kern

import "math"

// reducePlain handles the rarer types one element at a time; integers wrap, and their means, roots
// and logarithms lose the fraction.
func reducePlain[T number](s *reducer, lo, hi int, least, most T) {
	x, y := elements[T](&s.x), elements[T](&s.y)
	for i := lo; i < hi; i++ {
		g := group[T]{s: s, x: x, n: s.last, step: 1}
		if s.reduced[s.rank-1] {
			g.off = s.at(i, false)
		} else {
			g.off, g.n, g.step = s.at(i/s.last, false)+i%s.last, 1, 0
		}
		acc, top := T(0), least
		switch s.p.Op {
		case ReduceMax:
			acc = least
		case ReduceMin:
			acc = most
		case ReduceProd:
			acc = 1
		}
		if s.red > 0 {
			acc, top = g.fold(acc, top)
		}
		switch s.p.Op {
		case ReduceMean:
			acc /= T(max(s.red, 1))
		case ReduceL2, ReduceLogSum:
			acc = T(s.finish(float64(acc), 0))
		case ReduceLogSumExp:
			acc = T(s.finish(g.sum, float64(top)))
		}
		y[i] = acc
	}
}

// A group is the elements that make one result: runs of n, step apart.
type group[T number] struct {
	s            *reducer
	x            []T
	off, n, step int
	sum          float64 // of exponentials
}

func (g *group[T]) fold(acc, top T) (T, T) {
	op := g.s.p.Op
	if op == ReduceLogSumExp {
		g.each(func(v T) { top = max(top, v) })
	}
	g.each(func(v T) {
		switch op {
		case ReduceMax:
			acc = max(acc, v)
		case ReduceMin:
			acc = min(acc, v)
		case ReduceProd:
			acc *= v
		case ReduceL1:
			if v < 0 {
				v = -v
			}
			acc += v
		case ReduceL2, ReduceSumSquare:
			acc += v * v
		case ReduceLogSumExp:
			g.sum += math.Exp(float64(v) - float64(top))
		default:
			acc += v
		}
	})
	return acc, top
}

func (g *group[T]) each(f func(v T)) {
	for r := range g.s.red / g.n {
		at := g.off + g.s.at(r, true)
		for k := range g.n {
			f(g.x[at+k*g.step])
		}
	}
}
