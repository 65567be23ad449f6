package ir

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

const (
	maxParseDepth = 64      // nesting of bodies and types
	maxParseElems = 1 << 24 // elements of a constant that text spells out or splats
)

// Parse reads IR text back. Lookup resolves op names; ref resolves constants that stand by reference (@name) and may be nil.
func Parse(src string, lookup func(string) *Op, ref func(name string, t Type) (*tensor.Tensor, error)) (g *Graph, err error) {
	p := &parser{src: src, lookup: lookup, ref: ref}
	if !p.word("graph") {
		return nil, p.errorf("want graph")
	}
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	g = NewGraph(name)
	if err := p.graph(g); err != nil {
		return nil, err
	}
	if p.space(); p.pos < len(p.src) {
		return nil, p.errorf("text after the graph")
	}
	return g, nil
}

type parser struct {
	src    string
	pos    int
	depth  int
	lookup func(string) *Op
	ref    func(string, Type) (*tensor.Tensor, error)
}

// ParseType reads a type, such as "f32[N,784]" or "seq(f32[*])".
func ParseType(text string) (Type, error) {
	p := &parser{src: text}
	t, err := p.typ()
	if err == nil && p.peek() != 0 {
		err = p.errorf("more than a type")
	}
	return t, err
}

func (p *parser) errorf(format string, args ...any) error {
	line := 1 + strings.Count(p.src[:min(p.pos, len(p.src))], "\n")
	return fmt.Errorf("ir: line %d: %w", line, fmt.Errorf(format, args...))
}

func (p *parser) wrap(err error) error {
	if err == nil {
		return nil
	}
	return p.errorf("%w", err)
}

func (p *parser) space() {
	for p.pos < len(p.src) && (p.src[p.pos] == ' ' || p.src[p.pos] == '\t' || p.src[p.pos] == '\n') {
		p.pos++
	}
}

func (p *parser) peek() byte {
	p.space()
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *parser) eat(c byte) bool {
	if p.peek() == c {
		p.pos++
		return true
	}
	return false
}

// ident reads an identifier, or nothing.
func (p *parser) ident() string {
	p.space()
	end := p.pos
	for end < len(p.src) && isIdentByte(p.src[end], end == p.pos) {
		end++
	}
	s := p.src[p.pos:end]
	p.pos = end
	return s
}

// word reads the identifier w if it stands here.
func (p *parser) word(w string) bool {
	start := p.pos
	if p.ident() == w {
		return true
	}
	p.pos = start
	return false
}

// number reads up to the next delimiter.
func (p *parser) number() string {
	p.space()
	start, depth := p.pos, 0
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		if c == '(' {
			depth++
		}
		if c == ')' && depth > 0 {
			depth--
		} else if strings.IndexByte(",])} \t\n", c) >= 0 {
			break
		}
		p.pos++
	}
	return p.src[start:p.pos]
}

func (p *parser) quoted() (string, error) {
	p.space()
	q, err := strconv.QuotedPrefix(p.src[p.pos:])
	if err != nil {
		return "", p.errorf("want a quoted string")
	}
	p.pos += len(q)
	s, err := strconv.Unquote(q)
	return s, p.wrap(err)
}

func (p *parser) name() (string, error) {
	if p.peek() == '"' {
		return p.quoted()
	}
	if s := p.ident(); s != "" {
		return s, nil
	}
	return "", p.errorf("want a name")
}

func (p *parser) enter() error {
	if p.depth++; p.depth > maxParseDepth {
		return p.errorf("nested more than %d deep", maxParseDepth)
	}
	return nil
}

func (p *parser) typ() (Type, error) {
	if err := p.enter(); err != nil {
		return Type{}, err
	}
	defer func() { p.depth-- }()
	w := p.ident()
	if d := tensor.ParseDType(w); d.Valid() {
		return p.tensorType(d)
	}
	kind := map[string]Kind{"seq": Sequence, "opt": Optional, "map": Map}[w]
	if kind == NoKind || !p.eat('(') {
		return Type{}, p.errorf("want a type, not %q", w)
	}
	t := Type{Kind: kind}
	if kind == Map {
		if t.DType = tensor.ParseDType(p.ident()); !t.DType.Valid() || !p.eat(',') {
			return t, p.errorf("want the type of a map's keys")
		}
	}
	elem, err := p.typ()
	if err != nil {
		return t, err
	}
	t.Elem = &elem
	if !p.eat(')') {
		return t, p.errorf("want )")
	}
	return t, nil
}

func (p *parser) tensorType(d tensor.DType) (Type, error) {
	t := TensorOf(d)
	if !p.eat('[') {
		return t, p.errorf("want [")
	}
	end := closing(p.src[p.pos:])
	if end < 0 {
		return t, p.errorf("want ]")
	}
	list := p.src[p.pos : p.pos+end]
	p.pos += end + 1
	if list == "*" {
		t.Unranked = true
	} else if list != "" {
		for _, s := range splitTop(list) {
			n, err := sym.Parse(s)
			if err != nil {
				return t, p.wrap(err)
			}
			t.Shape = append(t.Shape, n)
		}
	}
	if p.pos < len(p.src) && p.src[p.pos] == '@' {
		p.pos++
		w := p.ident()
		for l, name := range layoutNames {
			if w == name {
				t.Layout = Layout(l)
				return t, nil
			}
		}
		return t, p.errorf("no layout %q", w)
	}
	return t, nil
}

// closing returns the index of the first ] outside quotes, or -1.
func closing(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i += quotedLen(s[i:]) - 1
		case ']':
			return i
		case '\n':
			return -1
		}
	}
	return -1
}

// quotedLen returns the length of the quoted string that s begins with; 1 where it is malformed.
func quotedLen(s string) int {
	if q, err := strconv.QuotedPrefix(s); err == nil {
		return len(q)
	}
	return 1
}

// splitTop splits at the commas outside parentheses and quotes.
func splitTop(s string) (out []string) {
	depth, last := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i += quotedLen(s[i:]) - 1
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out, last = append(out, s[last:i]), i+1
			}
		}
	}
	return append(out, s[last:])
}

// elems reads the elements of a constant of type t between two delimiters.
func (p *parser) elems(t Type, open, end byte) (*tensor.Tensor, error) {
	dims, ok := t.Shape.Ints()
	n, ok2 := tensor.Count(dims)
	if t.Kind != Tensor || t.Unranked || !ok || !ok2 || n > maxParseElems {
		return nil, p.errorf("a constant cannot be %v", t)
	}
	if !p.eat(open) {
		return nil, p.errorf("want %c", open)
	}
	c := tensor.New(t.DType, dims...)
	for i := range n {
		if i > 0 && !p.eat(',') {
			return nil, p.errorf("want %d elements, not %d", n, i)
		}
		if err := p.elem(c, i); err != nil {
			return nil, err
		}
	}
	if !p.eat(end) {
		return nil, p.errorf("want %c after %d elements", end, n)
	}
	return c, nil
}

func (p *parser) elem(c *tensor.Tensor, i int) (err error) {
	d := c.DType()
	if d == tensor.String {
		c.Strings()[i], err = p.quoted()
		return err
	}
	w := p.number()
	switch {
	case d.IsComplex():
		var x complex128
		x, err = strconv.ParseComplex(w, 128)
		if d == tensor.C64 {
			tensor.Data[complex64](c)[i] = complex64(x)
		} else {
			tensor.Data[complex128](c)[i] = x
		}
	case d.IsFloat():
		size := 32
		if d == tensor.F64 {
			size = 64
		}
		var x float64
		x, err = strconv.ParseFloat(w, size)
		c.SetFloat64At(i, x)
	case d == tensor.U64:
		var x uint64
		x, err = strconv.ParseUint(w, 10, 64)
		c.SetInt64At(i, int64(x))
	default:
		var x int64
		x, err = strconv.ParseInt(w, 10, 64)
		c.SetInt64At(i, x)
	}
	return p.wrap(err)
}

// constant reads the right side of a constant whose type is known.
func (p *parser) constant(name string, t Type) (*tensor.Tensor, error) {
	if p.peek() == '[' {
		return p.elems(t, '[', ']')
	}
	if p.word("splat") {
		one, err := p.splatElem(t)
		if err != nil {
			return nil, err
		}
		dims, _ := t.Shape.Ints()
		c := tensor.New(t.DType, dims...)
		for b := c.Bytes(); len(b) > 0; {
			b = b[copy(b, one.Bytes()):]
		}
		return c, nil
	}
	if !p.eat('@') {
		return nil, p.errorf("want a constant")
	}
	ref, err := p.name()
	if err != nil {
		return nil, err
	}
	if p.ref == nil {
		return nil, p.errorf("constant @%s is not given", nameText(ref))
	}
	if dims, ok := t.Shape.Ints(); ok {
		if _, ok := tensor.Count(dims); !ok {
			return nil, p.errorf("constant @%s: sizes %v", nameText(ref), dims)
		}
	}
	c, err := p.ref(ref, t)
	if err != nil {
		return nil, p.errorf("constant @%s: %w", nameText(ref), err)
	}
	return c, nil
}

func (p *parser) splatElem(t Type) (*tensor.Tensor, error) {
	dims, ok := t.Shape.Ints()
	if n, ok2 := tensor.Count(dims); !ok || !ok2 || n > maxParseElems || n == 0 || t.DType.Bits() < 8 {
		return nil, p.errorf("a splat cannot be %v", t)
	}
	one := tensor.New(t.DType)
	return one, p.elem(one, 0)
}
