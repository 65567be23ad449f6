package sym

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	maxInput = 4 * maxText
	maxNest  = 100
)

// Parse reads a size as exporters and [Dim.String] write it: + - * ** // % and unary minus with Python's precedence, min, max, Min,
// Max, floor(x), floor(x/y), parentheses, integers, names and quoted names. The size is invalid where the error is not nil.
func Parse(s string) (Dim, error) {
	if len(s) > maxInput {
		return invalid, fmt.Errorf("size: %d bytes, at most %d", len(s), maxInput)
	}
	p := parser{s: s, slash: true}
	d := p.sum()
	if p.peek(); p.i < len(s) {
		p.fail("unexpected %.20q", p.s[p.i:])
	}
	if p.err == nil && !d.Valid() {
		p.fail("overflow, division by zero, or too large")
	}
	if p.err != nil {
		return invalid, fmt.Errorf("size %.200q: %w", s, p.err)
	}
	return d, nil
}

type parser struct {
	s     string
	i     int
	nest  int
	slash bool // names may hold a slash: not so within floor
	err   error
}

func (p *parser) fail(format string, args ...any) Dim {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.i = len(p.s)
	return invalid
}

// peek skips spaces and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
	if p.i == len(p.s) {
		return 0
	}
	return p.s[p.i]
}

func (p *parser) take(tok string) bool {
	p.peek()
	if !strings.HasPrefix(p.s[p.i:], tok) {
		return false
	}
	p.i += len(tok)
	return true
}

func (p *parser) expect(tok string) {
	if !p.take(tok) {
		p.fail("expected %q at byte %d", tok, p.i)
	}
}

func (p *parser) sum() Dim { return p.sumFrom(p.product()) }

func (p *parser) sumFrom(d Dim) Dim {
	for {
		switch {
		case p.take("+"):
			d = Add(d, p.product())
		case p.take("-"):
			d = Sub(d, p.product())
		default:
			return d
		}
	}
}

func (p *parser) product() Dim {
	d := p.unary()
	for {
		switch {
		case p.take("*"):
			d = Mul(d, p.unary())
		case p.take("//"):
			d = FloorDiv(d, p.unary())
		case p.take("%"):
			d = Mod(d, p.unary())
		default:
			return d
		}
	}
}

func (p *parser) unary() Dim {
	if p.nest++; p.nest > maxNest {
		return p.fail("nested deeper than %d", maxNest)
	}
	defer func() { p.nest-- }()
	sign := Dim{n: 1}
	for p.take("-") {
		sign.n = -sign.n
	}
	d := p.primary()
	if p.take("**") {
		n, ok := p.unary().Int()
		if !ok || n < 0 || n > maxDegree {
			return p.fail("exponent is not an integer from 0 to %d", maxDegree)
		}
		base := d
		for d = (Dim{n: 1}); n > 0; n-- {
			d = Mul(d, base)
		}
	}
	return Mul(sign, d)
}

func (p *parser) primary() Dim {
	c := p.peek()
	switch n := identLen(p.s[p.i:], p.slash); {
	case n > 0:
		name := p.s[p.i : p.i+n]
		if p.i += n; p.take("(") {
			return p.call(name)
		}
		return Sym(name)
	case c >= '0' && c <= '9':
		start := p.i
		for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
			p.i++
		}
		v, err := strconv.Atoi(p.s[start:p.i])
		if err != nil {
			return p.fail("integer out of range")
		}
		return Const(v)
	case c == '"':
		q, err := strconv.QuotedPrefix(p.s[p.i:])
		if err != nil {
			return p.fail("unfinished quoted name")
		}
		p.i += len(q)
		name, _ := strconv.Unquote(q)
		return Sym(name)
	case p.take("("):
		d := p.sum()
		p.expect(")")
		return d
	}
	return p.fail("expected a size at byte %d", p.i)
}

// call reads a function's operands and the closing parenthesis.
func (p *parser) call(name string) Dim {
	var k kind
	switch name {
	case "min", "Min":
		k = kindMin
	case "max", "Max":
		k = kindMax
	case "floor":
		slash := p.slash
		p.slash = false
		d := p.product()
		if p.take("/") {
			d = FloorDiv(d, p.unary())
		} else {
			d = p.sumFrom(d)
		}
		p.slash = slash
		p.expect(")")
		return d
	default:
		return p.fail("unknown function %q", name)
	}
	xs := []Dim{p.sum()}
	for p.take(",") {
		xs = append(xs, p.sum())
	}
	p.expect(")")
	return extreme(k, xs...)
}

// identLen is the length of the name that s begins with: a letter or _, then letters, digits, _ . : and, with slash, a / that another
// of these follows.
func identLen(s string, slash bool) int {
	for i := 0; i < len(s); i++ {
		ok := isWord(s[i]) && (i > 0 || s[i] < '0' || s[i] > '9')
		if i > 0 && !ok {
			ok = s[i] == '.' || s[i] == ':' || slash && s[i] == '/' && i+1 < len(s) && isWord(s[i+1])
		}
		if !ok {
			return i
		}
	}
	return len(s)
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
