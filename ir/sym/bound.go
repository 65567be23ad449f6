package sym

import "math"

// Range is the integers from Lo to Hi, both included; Hi math.MaxInt means no upper bound, Lo math.MinInt no lower one.
type Range struct{ Lo, Hi int }

// Bounds gives symbols their ranges; one that is absent is anything >= 0.
type Bounds map[string]Range

var everything = Range{math.MinInt, math.MaxInt}

// Range is bounds of d, not always the tightest, wherever the symbols keep to theirs and d can be evaluated.
func (d Dim) Range(b Bounds) Range {
	if !d.Valid() {
		return everything
	}
	p := prover{b, maxSteps, math.MaxInt}
	r := p.bound(d)
	r.Lo = max(r.Lo, p.relax(d, 0))
	if hi := p.relax(Mul(d, Dim{n: -1}), 0); hi != math.MinInt {
		r.Hi = min(r.Hi, -hi)
	}
	return r
}

// GE reports that a >= b is proved wherever the symbols keep to their bounds; false means not proved.
func GE(a, b Dim, bounds Bounds) bool {
	p := prover{bounds, maxSteps, 0}
	return p.lower(Sub(a, b), 0) >= 0
}

// Limits of a proof: the sizes bounded on the way, for a caller's question and for one pair of a minimum's operands, and the atoms
// replaced in one size.
const (
	maxSteps  = 400
	pairSteps = 64
	maxRelax  = 4
)

type prover struct {
	bounds Bounds
	steps  int
	goal   int // a lower bound that is good enough
}

// bound adds up the intervals of d's terms.
func (p *prover) bound(d Dim) Range {
	if d.e == nil {
		return Range{d.n, d.n}
	}
	if p.steps--; p.steps < 0 {
		return everything
	}
	sum := Range{}
	for _, t := range d.terms() {
		r := Range{t.c, t.c}
		for _, a := range t.f {
			r = mulRange(r, p.atom(a))
		}
		sum = Range{lowInt(sum.Lo, r.Lo), highInt(sum.Hi, r.Hi)}
	}
	return sum
}

func (p *prover) atom(a *atom) Range {
	switch a.kind {
	case kindSym:
		r, ok := p.bounds[a.name]
		if !ok {
			return Range{0, math.MaxInt}
		}
		return Range{min(max(r.Lo, 0), math.MaxInt-1), max(r.Hi, 0)}
	case kindDiv:
		return divRange(p.bound(a.args[0]), p.bound(a.args[1]))
	}
	r := p.bound(a.args[0])
	for _, x := range a.args[1:] {
		s := p.bound(x)
		if a.kind == kindMin {
			r = Range{min(r.Lo, s.Lo), min(r.Hi, s.Hi)}
		} else {
			r = Range{max(r.Lo, s.Lo), max(r.Hi, s.Hi)}
		}
	}
	return r
}

// relax is a lower bound of d from replacing one atom after another: a minimum or maximum by its operands, x//k by (x-k+1)/k or x/k.
func (p *prover) relax(d Dim, depth int) int {
	best := math.MinInt
	if depth == maxRelax {
		return best
	}
	for _, t := range d.terms() {
		if best >= p.goal {
			break
		}
		if len(t.f) != 1 || t.f[0].kind == kindSym {
			continue
		}
		a, c := t.f[0], Dim{n: t.c}
		rest := Sub(d, Mul(fromAtom(a), c))
		if a.kind == kindDiv {
			x, k := a.args[0], a.args[1]
			if k.e != nil {
				continue
			}
			if t.c > 0 {
				x = Sub(x, Dim{n: k.n - 1})
			}
			if lo := p.lower(Add(Mul(rest, k), Mul(x, c)), depth+1); lo != math.MinInt {
				best = max(best, -floorInt(-lo, k.n))
			}
			continue
		}
		// A minimum subtracted, or a maximum added, is bounded by each operand; otherwise the result is one of the operands'.
		either := (a.kind == kindMin) == (t.c < 0)
		lo := math.MaxInt
		if either {
			lo = math.MinInt
		}
		for _, x := range a.args {
			l := p.lower(Add(rest, Mul(x, c)), depth+1)
			if either {
				lo = max(lo, l)
			} else {
				lo = min(lo, l)
			}
		}
		best = max(best, lo)
	}
	return best
}

// lower is a lower bound of d, math.MinInt if none is found.
func (p *prover) lower(d Dim, depth int) int {
	if !d.Valid() {
		return math.MinInt
	}
	lo := p.bound(d).Lo
	if lo >= p.goal || p.steps < 0 {
		return lo
	}
	return max(lo, p.relax(d, depth))
}

// The finite ends of a Range never take the values that mean unbounded: they stop one short, which only widens it.

func lowInt(a, b int) int {
	if a == math.MinInt || b == math.MinInt {
		return math.MinInt
	}
	if s, ok := addInt(a, b); ok {
		return min(s, math.MaxInt-1)
	}
	if a > 0 {
		return math.MaxInt - 1
	}
	return math.MinInt
}

func highInt(a, b int) int {
	if a == math.MaxInt || b == math.MaxInt {
		return math.MaxInt
	}
	if s, ok := addInt(a, b); ok {
		return s
	}
	if a > 0 {
		return math.MaxInt
	}
	return math.MinInt + 1
}

// mulEnd multiplies two ends; an overflow is unbounded, as is an unbounded end times anything but 0.
func mulEnd(a, b int) int {
	switch p, ok := mulInt(a, b); {
	case a == 0 || b == 0:
		return 0
	case ok && a != math.MaxInt && a != math.MinInt && b != math.MaxInt && b != math.MinInt:
		return p
	case (a < 0) != (b < 0):
		return math.MinInt
	}
	return math.MaxInt
}

func mulRange(a, b Range) Range {
	p, q, r, s := mulEnd(a.Lo, b.Lo), mulEnd(a.Lo, b.Hi), mulEnd(a.Hi, b.Lo), mulEnd(a.Hi, b.Hi)
	return Range{min(p, q, r, s, math.MaxInt-1), max(p, q, r, s, math.MinInt+1)}
}

// divRange bounds a//b for b >= 1; where b may be negative it says nothing.
func divRange(a, b Range) Range {
	if b.Lo < 0 {
		return everything
	}
	lo, hi := max(b.Lo, 1), max(b.Hi, 1)
	if a.Lo >= 0 {
		a.Lo /= hi
	} else if a.Lo != math.MinInt {
		a.Lo = floorInt(a.Lo, lo)
	}
	if a.Hi < 0 {
		a.Hi = floorInt(a.Hi, hi)
	} else if a.Hi != math.MaxInt {
		a.Hi /= lo
	}
	return a
}
