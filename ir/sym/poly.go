package sym

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// terms returns d's terms; none for zero. The caller must not change them.
func (d Dim) terms() []term {
	if d.e != nil {
		return d.e.terms
	}
	if d.n == 0 {
		return nil
	}
	return []term{{c: d.n}}
}

// leads is the coefficient of d's first term.
func (d Dim) leads() int {
	if d.e == nil || len(d.e.terms) == 0 {
		return d.n
	}
	return d.e.terms[0].c
}

// cmpFactors orders terms: higher degree first, then by the factors' text.
func cmpFactors(a, b term) int {
	if c := cmp.Compare(len(b.f), len(a.f)); c != 0 {
		return c
	}
	return slices.CompareFunc(a.f, b.f, cmpAtoms)
}

func cmpAtoms(x, y *atom) int {
	if x == y {
		return 0
	}
	return cmp.Compare(x.text, y.text)
}

// addInt and mulInt report false on overflow; the least int counts as one.
func addInt(a, b int) (int, bool) {
	s := a + b
	return s, (s > a) == (b > 0) && s != math.MinInt
}

func mulInt(a, b int) (int, bool) {
	hi, lo := bits.Mul64(absInt(a), absInt(b))
	if hi != 0 || lo > math.MaxInt {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int(lo), true
	}
	return int(lo), true
}

func absInt(a int) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// floorInt is a//b for b != 0.
func floorInt(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// Add is a+b.
func Add(a, b Dim) Dim {
	if !a.Valid() || !b.Valid() {
		return invalid
	}
	if a.e == nil && b.e == nil {
		if s, ok := addInt(a.n, b.n); ok {
			return Dim{n: s}
		}
		return invalid
	}
	x, y := a.terms(), b.terms()
	ts := make([]term, 0, len(x)+len(y))
	for len(x) > 0 && len(y) > 0 {
		switch c := cmpFactors(x[0], y[0]); {
		case c < 0:
			ts, x = append(ts, x[0]), x[1:]
		case c > 0:
			ts, y = append(ts, y[0]), y[1:]
		default:
			s, ok := addInt(x[0].c, y[0].c)
			if !ok {
				return invalid
			}
			if s != 0 {
				ts = append(ts, term{s, x[0].f})
			}
			x, y = x[1:], y[1:]
		}
	}
	return fromTerms(append(append(ts, x...), y...))
}

// Sub is a-b.
func Sub(a, b Dim) Dim { return Add(a, Mul(b, Dim{n: -1})) }

// Mul is a*b.
func Mul(a, b Dim) Dim {
	if !a.Valid() || !b.Valid() {
		return invalid
	}
	if a.e == nil && b.e == nil {
		if p, ok := mulInt(a.n, b.n); ok {
			return Dim{n: p}
		}
		return invalid
	}
	x, y := a.terms(), b.terms()
	ts := make([]term, 0, len(x)*len(y))
	for _, s := range x {
		for _, t := range y {
			c, ok := mulInt(s.c, t.c)
			if !ok || len(s.f)+len(t.f) > maxDegree {
				return invalid
			}
			f := s.f
			if len(f) == 0 {
				f = t.f
			} else if len(t.f) > 0 {
				f = slices.Concat(s.f, t.f)
				slices.SortFunc(f, cmpAtoms)
			}
			ts = append(ts, term{c, f})
		}
	}
	return collect(ts)
}

// Prod is the product of ds; 1 of none.
func Prod(ds ...Dim) Dim {
	p := Dim{n: 1}
	for _, d := range ds {
		p = Mul(p, d)
	}
	return p
}

// collect sorts terms, adds those with the same factors and drops zeros.
func collect(ts []term) Dim {
	slices.SortFunc(ts, cmpFactors)
	out := ts[:0]
	for _, t := range ts {
		if n := len(out); n > 0 && cmpFactors(out[n-1], t) == 0 {
			s, ok := addInt(out[n-1].c, t.c)
			if !ok {
				return invalid
			}
			out[n-1].c = s
		} else {
			out = append(out, t)
		}
	}
	return fromTerms(slices.DeleteFunc(out, func(t term) bool { return t.c == 0 }))
}
