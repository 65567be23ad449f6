package sym

import (
	"cmp"
	"slices"
	"strings"
)

// DivExact is a/b where every term of a is a multiple of the one term of b, or where a equals b; ok is false elsewhere. It assumes b != 0.
func DivExact(a, b Dim) (q Dim, ok bool) {
	if !a.Valid() || !b.Valid() || b.e == nil && b.n == 0 {
		return invalid, false
	}
	if a.Equal(b) {
		return Dim{n: 1}, true
	}
	if len(a.terms()) == 0 {
		return Dim{}, true
	}
	if len(b.terms()) != 1 {
		return invalid, false
	}
	d := b.terms()[0]
	var ts []term
	for _, t := range a.terms() {
		f, ok := without(t.f, d.f)
		if !ok || t.c%d.c != 0 {
			return invalid, false
		}
		ts = append(ts, term{t.c / d.c, f})
	}
	return collect(ts), true
}

// without removes the factors d from f; both are sorted.
func without(f, d []*atom) (rest []*atom, ok bool) {
	for _, a := range f {
		if len(d) > 0 && cmpAtoms(a, d[0]) == 0 {
			d = d[1:]
		} else {
			rest = append(rest, a)
		}
	}
	return rest, len(d) == 0
}

// content is the one term that divides all of ts, greatest in coefficient and factors.
func content(ts []term) term {
	var g term
	for i, t := range ts {
		g.c = gcd(g.c, t.c)
		if i == 0 {
			g.f = t.f
			continue
		}
		g.f = common(g.f, t.f)
	}
	return g
}

func common(f, h []*atom) (both []*atom) {
	for len(f) > 0 && len(h) > 0 {
		switch c := cmpAtoms(f[0], h[0]); {
		case c < 0:
			f = f[1:]
		case c > 0:
			h = h[1:]
		default:
			both, f, h = append(both, f[0]), f[1:], h[1:]
		}
	}
	return both
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}

// FloorDiv is a//b, rounded down; invalid where b is the constant 0.
func FloorDiv(a, b Dim) Dim {
	if !a.Valid() || !b.Valid() || b.e == nil && b.n == 0 {
		return invalid
	}
	if a.e == nil && b.e == nil {
		return Dim{n: floorInt(a.n, b.n)}
	}
	if a.e == nil && a.n == 0 {
		return a
	}
	if q, ok := DivExact(a, b); ok {
		return q
	}
	if b.leads() < 0 {
		return FloorDiv(Mul(a, Dim{n: -1}), Mul(b, Dim{n: -1}))
	}
	x, y := content(a.terms()), content(b.terms())
	if g := (term{gcd(x.c, y.c), common(x.f, y.f)}); g.c > 1 || len(g.f) > 0 {
		c := fromTerms([]term{g})
		p, _ := DivExact(a, c)
		q, _ := DivExact(b, c)
		return FloorDiv(p, q)
	}
	if b.e == nil {
		if d, ok := divByConst(a, b); ok {
			return d
		}
	}
	if GE(a, Dim{}, nil) && GE(Sub(b, a), Dim{n: 1}, nil) {
		return Dim{}
	}
	return newAtom(kindDiv, a, b)
}

// divByConst moves whole multiples of b out of a//b, or else merges a nested division by a constant.
func divByConst(a, b Dim) (Dim, bool) {
	var whole, rest []term
	for _, t := range a.terms() {
		if t.c%b.n == 0 || len(t.f) == 0 {
			if q := floorInt(t.c, b.n); q != 0 {
				whole = append(whole, term{q, t.f})
			}
			if t.c -= floorInt(t.c, b.n) * b.n; t.c == 0 {
				continue
			}
		}
		rest = append(rest, t)
	}
	if len(whole) > 0 {
		return Add(fromTerms(whole), FloorDiv(fromTerms(rest), b)), true
	}
	for _, t := range a.terms() {
		if t.c != 1 || len(t.f) != 1 || t.f[0].kind != kindDiv || t.f[0].args[1].e != nil {
			continue
		}
		x, k := t.f[0].args[0], t.f[0].args[1]
		return FloorDiv(Add(x, Mul(Sub(a, fromAtom(t.f[0])), k)), Mul(k, b)), true
	}
	return Dim{}, false
}

// CeilDiv is a/b, rounded up; invalid where b is the constant 0.
func CeilDiv(a, b Dim) Dim {
	minus := Dim{n: -1}
	return Mul(FloorDiv(Mul(a, minus), b), minus)
}

// Mod is a - b*(a//b), of b's sign; invalid where b is the constant 0.
func Mod(a, b Dim) Dim { return Sub(a, Mul(b, FloorDiv(a, b))) }

// Min is the lesser of a and b.
func Min(a, b Dim) Dim {
	if a.e == nil && b.e == nil {
		return Dim{n: min(a.n, b.n)}
	}
	return extreme(kindMin, a, b)
}

// Max is the greater of a and b.
func Max(a, b Dim) Dim {
	if a.e == nil && b.e == nil {
		return Dim{n: max(a.n, b.n)}
	}
	return extreme(kindMax, a, b)
}

// extreme is the minimum or maximum of xs: flat, sorted, without operands that another one dominates wherever symbols are >= 0.
func extreme(k kind, xs ...Dim) Dim {
	var flat []Dim
	for _, x := range xs {
		if !x.Valid() {
			return invalid
		}
		if a := x.lone(); a != nil && a.kind == k {
			flat = append(flat, a.args...)
		} else {
			flat = append(flat, x)
		}
	}
	slices.SortFunc(flat, cmpArgs)
	flat = slices.CompactFunc(flat, Dim.Equal)
	if len(flat) > 2*maxArgs {
		return invalid
	}
	beats := func(x, y Dim) bool { // x makes y superfluous
		if k == kindMin {
			x, y = y, x
		}
		p := prover{steps: pairSteps}
		return p.lower(Sub(x, y), 0) >= 0
	}
	var keep []Dim
	for i, x := range flat {
		if !slices.ContainsFunc(keep, func(y Dim) bool { return beats(y, x) }) &&
			!slices.ContainsFunc(flat[i+1:], func(y Dim) bool { return beats(y, x) && !beats(x, y) }) {
			keep = append(keep, x)
		}
	}
	if len(keep) > maxArgs {
		return invalid
	}
	if len(keep) == 1 {
		return keep[0]
	}
	return newAtom(k, keep...)
}

// cmpArgs orders operands: constants first, then by text.
func cmpArgs(a, b Dim) int {
	switch {
	case a.e == nil && b.e == nil:
		return cmp.Compare(a.n, b.n)
	case a.e == nil:
		return -1
	case b.e == nil:
		return 1
	}
	return strings.Compare(a.e.text, b.e.text)
}
