package kern

import "unsafe"

// A rowFold reduces n numbers to one. Which lane takes which element depends on n alone.
type rowFold func(n int, x *float32, imm float32) float32

// A rowMapFunc computes y from x and perhaps the rows g and h and the numbers a and b.
type rowMapFunc func(n int, y, x, g, h *float32, a, b float32)

// rowKernels are the kernels for one row that a level of features has.
type rowKernels struct {
	sum, sumAbs, prod, max, min rowFold
	sumSq                       rowFold                                         // of (x[i]-imm)²
	sumExp                      rowFold                                         // of exp(x[i]-imm)
	exp                         func(n int, y, x *float32, imm float32) float32 // y[i] = exp(x[i]-imm), and their sum
	linear                      rowMapFunc                                      // x[i]*a + b
	norm, normG, normGH         rowMapFunc                                      // (x[i]-a)*b, *g[i], + h[i]
}

// rowBlock is the most elements that one call of assembly handles: it then lasts a few µs.
const rowBlock = 8192

// foldSum adds up what f gives for the blocks of a row, in float64.
func foldSum(f rowFold, x []float32, imm float32) float64 {
	if n := len(x); n <= rowBlock {
		if n == 0 {
			return 0
		}
		return float64(f(n, &x[0], imm))
	}
	s := 0.0
	for len(x) > 0 {
		n := min(len(x), rowBlock)
		s += float64(f(n, &x[0], imm))
		x = x[n:]
	}
	return s
}

// foldMax is the greatest number of a row, NaN if one is, and -Inf for an empty row.
func foldMax(f rowFold, x []float32) float32 {
	m := -inf32
	for len(x) > 0 {
		n := min(len(x), rowBlock)
		m = max(m, f(n, &x[0], 0))
		x = x[n:]
	}
	return m
}

func foldMin(f rowFold, x []float32) float32 {
	m := inf32
	for len(x) > 0 {
		n := min(len(x), rowBlock)
		m = min(m, f(n, &x[0], 0))
		x = x[n:]
	}
	return m
}

// mapRow applies f to a row in blocks; g and h may be nil.
func mapRow(f rowMapFunc, y, x, g, h []float32, a, b float32) {
	gp, hp := unsafe.SliceData(g), unsafe.SliceData(h)
	for at := 0; at < len(x); at += rowBlock {
		n := min(rowBlock, len(x)-at)
		var gq, hq *float32
		if gp != nil {
			gq = &g[at]
		}
		if hp != nil {
			hq = &h[at]
		}
		f(n, &y[at], &x[at], gq, hq, a, b)
	}
}

// rowsGo are the portable kernels; eight lanes keep the sums apart as vectors do.
var rowsGo = rowKernels{
	sum:    sumGo,
	sumAbs: lanes(0, func(s, x, _ float32) float32 { return s + abs32(x) }, func(a, b float32) float32 { return a + b }),
	sumSq:  lanes(0, func(s, x, m float32) float32 { return s + (x-m)*(x-m) }, func(a, b float32) float32 { return a + b }),
	sumExp: lanes(0, func(s, x, m float32) float32 { return s + expTail32(x-m) }, func(a, b float32) float32 { return a + b }),
	prod:   lanes(1, func(s, x, _ float32) float32 { return s * x }, func(a, b float32) float32 { return a * b }),
	max:    lanes(-inf32, func(s, x, _ float32) float32 { return max(s, x) }, func(a, b float32) float32 { return max(a, b) }),
	min:    lanes(inf32, func(s, x, _ float32) float32 { return min(s, x) }, func(a, b float32) float32 { return min(a, b) }),
	exp: func(n int, y, x *float32, imm float32) float32 {
		d := pwTile(y, n)
		for i, v := range pwTile(x, n) {
			d[i] = expTail32(v - imm)
		}
		return sumGo(n, y, 0)
	},
	linear: mapped(func(x, _, _, a, b float32) float32 { return x*a + b }),
	norm:   mapped(func(x, _, _, a, b float32) float32 { return (x - a) * b }),
	normG:  mapped(func(x, g, _, a, b float32) float32 { return (x - a) * b * g }),
	normGH: mapped(func(x, g, h, a, b float32) float32 { return (x-a)*b*g + h }),
}

var sumGo = lanes(0, func(s, x, _ float32) float32 { return s + x }, func(a, b float32) float32 { return a + b })

func lanes(start float32, step func(s, x, imm float32) float32, join func(a, b float32) float32) rowFold {
	return func(n int, p *float32, imm float32) float32 {
		x := pwTile(p, n)
		s := [8]float32{start, start, start, start, start, start, start, start}
		for ; len(x) >= 8; x = x[8:] {
			for i := range s {
				s[i] = step(s[i], x[i], imm)
			}
		}
		for i, v := range x {
			s[i] = step(s[i], v, imm)
		}
		for h := 4; h > 0; h /= 2 {
			for i := range h {
				s[i] = join(s[i], s[i+h])
			}
		}
		return s[0]
	}
}

func mapped(f func(x, g, h, a, b float32) float32) rowMapFunc {
	return func(n int, yp, xp, gp, hp *float32, a, b float32) {
		y, x := pwTile(yp, n), pwTile(xp, n)
		for i, v := range x {
			var g, h float32
			if gp != nil {
				g = pwTile(gp, n)[i]
			}
			if hp != nil {
				h = pwTile(hp, n)[i]
			}
			y[i] = f(v, g, h, a, b)
		}
	}
}
