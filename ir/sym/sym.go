package sym

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	maxTerms  = 64
	maxDegree = 64
	maxArgs   = 8
	maxDepth  = 16
	maxText   = 4096
)

// Dim is a size in normal form; the zero value is the constant 0. Compare with [Dim.Equal], not with ==.
type Dim struct {
	n int
	e *expr // nil for a constant
}

// expr is never a constant: its first term has a factor.
type expr struct {
	terms []term
	text  string
	depth int // of nested atoms; 0 for a polynomial over symbols
}

// term is c times the product of f, which is sorted by text and may repeat; the constant term has no factors.
type term struct {
	c int
	f []*atom
}

type kind uint8

const (
	kindSym kind = iota
	kindDiv
	kindMin
	kindMax
)

// atom is a symbol, args[0]//args[1], or the minimum or maximum of args. Atoms with the same text are the same.
type atom struct {
	kind  kind
	name  string
	args  []Dim
	text  string
	depth int
}

var (
	bad     = &expr{text: "?"}
	invalid = Dim{e: bad}
)

// Unknown returns a size that is not Valid, for an entry of which nothing is known.
func Unknown() Dim { return invalid }

// Const is the size n. The least int is out of range, so that every constant has a negative.
func Const(n int) Dim {
	if n == math.MinInt {
		return invalid
	}
	return Dim{n: n}
}

// Sym is the symbol of that name, an integer >= 0. A name that is no identifier is quoted in text.
func Sym(name string) Dim {
	text := name
	if name == "" || identLen(name, true) != len(name) {
		text = strconv.Quote(name)
	}
	return fromAtom(&atom{kind: kindSym, name: name, text: text})
}

// Int returns the constant that d is, if it is one.
func (d Dim) Int() (n int, ok bool) { return d.n, d.e == nil }

// Name returns the symbol's name, if d is a lone symbol.
func (d Dim) Name() (string, bool) {
	if a := d.lone(); a != nil && a.kind == kindSym {
		return a.name, true
	}
	return "", false
}

// Valid reports that d is a size: not the result of an overflow, of a division by zero, or of an expression beyond the package's limits.
func (d Dim) Valid() bool { return d.e != bad }

// String is d's text, which [Parse] reads; of an invalid size it is "?", which it does not.
func (d Dim) String() string {
	if d.e == nil {
		return strconv.Itoa(d.n)
	}
	return d.e.text
}

// Equal reports that d and e have the same normal form; an invalid size equals nothing.
func (d Dim) Equal(e Dim) bool {
	if d.e == nil || e.e == nil {
		return d.e == e.e && d.n == e.n
	}
	return d.e != bad && (d.e == e.e || d.e.text == e.e.text)
}

// Syms returns the names of the symbols in d, distinct and sorted.
func (d Dim) Syms() []string {
	var names []string
	d.atoms(func(a *atom) {
		if a.kind == kindSym {
			names = append(names, a.name)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// atoms visits every atom of d, nested ones too.
func (d Dim) atoms(visit func(*atom)) {
	if d.e == nil {
		return
	}
	for _, t := range d.e.terms {
		for _, a := range t.f {
			visit(a)
			for _, x := range a.args {
				x.atoms(visit)
			}
		}
	}
}

// lone returns the atom that d is, or nil.
func (d Dim) lone() *atom {
	if d.e != nil && len(d.e.terms) == 1 && d.e.terms[0].c == 1 && len(d.e.terms[0].f) == 1 {
		return d.e.terms[0].f[0]
	}
	return nil
}

func fromAtom(a *atom) Dim { return fromTerms([]term{{1, []*atom{a}}}) }

func newAtom(k kind, args ...Dim) Dim {
	a := &atom{kind: k, args: args}
	for _, x := range args {
		if !x.Valid() {
			return invalid
		}
		if x.e != nil {
			a.depth = max(a.depth, x.e.depth)
		}
	}
	a.depth++
	switch k {
	case kindDiv:
		x, y := args[0], args[1]
		a.text = group(x, len(x.terms()) > 1 || x.leads() < 0) + "//" + group(y, y.e != nil && (y.lone() == nil || y.lone().kind == kindDiv))
	default:
		var s []string
		for _, x := range args {
			s = append(s, x.String())
		}
		a.text = map[kind]string{kindMin: "min(", kindMax: "max("}[k] + strings.Join(s, ",") + ")"
	}
	return fromAtom(a)
}

func group(d Dim, paren bool) string {
	if paren {
		return "(" + d.String() + ")"
	}
	return d.String()
}

// fromTerms makes a size of sorted terms, without zeros and duplicates, that it may keep.
func fromTerms(ts []term) Dim {
	if len(ts) == 0 {
		return Dim{}
	}
	if len(ts[0].f) == 0 {
		return Const(ts[0].c)
	}
	if len(ts) > maxTerms {
		return invalid
	}
	e := &expr{terms: ts}
	n := 0
	for _, t := range ts {
		if len(t.f) > maxDegree || t.c == math.MinInt {
			return invalid
		}
		for _, a := range t.f {
			e.depth = max(e.depth, a.depth)
			n += len(a.text) + 1
		}
	}
	if n > maxText || e.depth > maxDepth {
		return invalid
	}
	var b strings.Builder
	for i, t := range ts {
		t.write(&b, i == 0)
	}
	if e.text = b.String(); len(e.text) > maxText {
		return invalid
	}
	return Dim{e: e}
}

// write appends t; a division is bare only where it leads a positive term, since -x//2 means (-x)//2.
func (t term) write(b *strings.Builder, first bool) {
	switch {
	case t.c < 0:
		b.WriteByte('-')
	case !first:
		b.WriteByte('+')
	}
	c := max(t.c, -t.c)
	for i, a := range t.f {
		if i > 0 {
			b.WriteByte('*')
		}
		if a.kind == kindDiv && (i > 0 || t.c < 0) {
			b.WriteString("(" + a.text + ")")
		} else {
			b.WriteString(a.text)
		}
	}
	if len(t.f) == 0 {
		b.WriteString(strconv.Itoa(c))
	} else if c != 1 {
		b.WriteString("*" + strconv.Itoa(c))
	}
}
