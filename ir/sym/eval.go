package sym

import "fmt"

// Eval computes d; env gives the symbols. Errors: an unbound symbol, which it names, a symbol below 0, a division by zero, an overflow,
// an invalid size.
func (d Dim) Eval(env func(name string) (int, bool)) (int, error) {
	if d.e == nil {
		return d.n, nil
	}
	var values []int
	var unbound error
	p, err := Compile(d, func(name string) int {
		v, ok := env(name)
		if !ok {
			unbound = fmt.Errorf("size %v: symbol %q has no value", d, name)
		}
		values = append(values, v)
		return len(values) - 1
	})
	if err != nil {
		return 0, err
	}
	if unbound != nil {
		return 0, unbound
	}
	return p.Eval(values)
}

// Subst replaces symbols, all at once; one that f does not know stays.
func (d Dim) Subst(f func(name string) (Dim, bool)) Dim {
	if d.e == nil || d.e == bad {
		return d
	}
	sum := Dim{}
	for _, t := range d.e.terms {
		x := Dim{n: t.c}
		for _, a := range t.f {
			x = Mul(x, a.subst(f))
		}
		sum = Add(sum, x)
	}
	return sum
}

func (a *atom) subst(f func(name string) (Dim, bool)) Dim {
	if a.kind == kindSym {
		if d, ok := f(a.name); ok {
			return d
		}
		return fromAtom(a)
	}
	xs := make([]Dim, len(a.args))
	for i, x := range a.args {
		xs[i] = x.Subst(f)
	}
	if a.kind == kindDiv {
		return FloorDiv(xs[0], xs[1])
	}
	return extreme(a.kind, xs...)
}

type opcode uint8

const (
	opConst opcode = iota
	opSym
	opAdd
	opMul
	opDiv
	opMin
	opMax
)

type instr struct {
	op opcode
	n  int
}

// Prog computes one size from symbols in a slice; it allocates nothing and is safe for concurrent use. The zero value computes 0.
type Prog struct {
	code []instr
	text string
}

// maxStack suffices for maxDepth atoms, one in the other: a sum, a product and a division's dividend each wait for the next.
const maxStack = 4 * (maxDepth + 1)

// Compile makes d's program; index gives a symbol's place in the slice, negative if it has none, which is an error.
func Compile(d Dim, index func(name string) int) (Prog, error) {
	if !d.Valid() {
		return Prog{}, fmt.Errorf("size is invalid: overflow, division by zero, or too large")
	}
	p := Prog{text: d.String()}
	return p, p.emit(d, index)
}

func (p *Prog) emit(d Dim, index func(name string) int) error {
	if len(d.terms()) == 0 {
		p.code = append(p.code, instr{opConst, 0})
	}
	for i, t := range d.terms() {
		if t.c != 1 || len(t.f) == 0 {
			p.code = append(p.code, instr{opConst, t.c})
		}
		for j, a := range t.f {
			if err := p.emitAtom(a, index); err != nil {
				return err
			}
			if j > 0 || t.c != 1 {
				p.code = append(p.code, instr{op: opMul})
			}
		}
		if i > 0 {
			p.code = append(p.code, instr{op: opAdd})
		}
	}
	return nil
}

func (p *Prog) emitAtom(a *atom, index func(name string) int) error {
	if a.kind == kindSym {
		i := index(a.name)
		if i < 0 {
			return fmt.Errorf("size %s: symbol %q has no value", p.text, a.name)
		}
		p.code = append(p.code, instr{opSym, i})
		return nil
	}
	for i, x := range a.args {
		if err := p.emit(x, index); err != nil {
			return err
		}
		if i > 0 {
			p.code = append(p.code, instr{op: map[kind]opcode{kindDiv: opDiv, kindMin: opMin, kindMax: opMax}[a.kind]})
		}
	}
	return nil
}

// Eval computes the size. Errors: an overflow, a division by zero, too few symbols or one below 0.
func (p Prog) Eval(syms []int) (int, error) {
	var stack [maxStack]int
	n := 0
	for _, in := range p.code {
		switch in.op {
		case opConst:
			stack[n] = in.n
			n++
			continue
		case opSym:
			if in.n >= len(syms) {
				return 0, fmt.Errorf("size %s: symbol %d of %d", p.text, in.n, len(syms))
			}
			if syms[in.n] < 0 {
				return 0, fmt.Errorf("size %s: symbol %d is %d, below 0", p.text, in.n, syms[in.n])
			}
			stack[n] = syms[in.n]
			n++
			continue
		}
		n--
		x, y, ok := stack[n-1], stack[n], true
		switch in.op {
		case opAdd:
			x, ok = addInt(x, y)
		case opMul:
			x, ok = mulInt(x, y)
		case opDiv:
			if y == 0 {
				return 0, fmt.Errorf("size %s: division by zero", p.text)
			}
			x = floorInt(x, y)
		case opMin:
			x = min(x, y)
		case opMax:
			x = max(x, y)
		}
		if !ok {
			return 0, fmt.Errorf("size %s: overflow", p.text)
		}
		stack[n-1] = x
	}
	return stack[0], nil
}
