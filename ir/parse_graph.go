package ir

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir/sym"
)

// graph reads "(inputs) { … }" into g.
func (p *parser) graph(g *Graph) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer func() { p.depth-- }()
	if err := p.inputs(g); err != nil {
		return err
	}
	if !p.eat('{') {
		return p.errorf("want {")
	}
	assumed := false
	var facts []Fact
	for {
		switch {
		case p.peek() == '%':
			if err := p.statement(g); err != nil {
				return err
			}
		case p.word("assume"):
			f, err := p.fact()
			if err != nil {
				return err
			}
			facts = append(facts, f)
			assumed = true
		case p.word("return"):
			if assumed || len(g.Assumes) > 0 {
				g.Assumes = facts
			}
			return p.returns(g)
		default:
			return p.errorf("want a statement or return")
		}
	}
}

func (p *parser) inputs(g *Graph) error {
	if !p.eat('(') {
		return p.errorf("want (")
	}
	for first := true; !p.eat(')'); first = false {
		if !first && !p.eat(',') {
			return p.errorf("want , or )")
		}
		name, err := p.valueName()
		if err != nil {
			return err
		}
		if !p.eat(':') {
			return p.errorf("want : after %%%s", nameText(name))
		}
		t, err := p.typ()
		if err != nil {
			return err
		}
		if g.Value(name) != nil {
			return p.errorf("%%%s is defined twice", nameText(name))
		}
		v := g.Input(name, t)
		if p.eat('=') {
			if v.Data, err = p.constant(name, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parser) valueName() (string, error) {
	if !p.eat('%') {
		return "", p.errorf("want a value")
	}
	return p.name()
}

func (p *parser) value(g *Graph) (*Value, error) {
	name, err := p.valueName()
	if err != nil {
		return nil, err
	}
	v := g.Value(name)
	if v == nil {
		return nil, p.errorf("no value %%%s", nameText(name))
	}
	return v, nil
}

// fact reads "A rel B" up to the end of the line.
func (p *parser) fact() (f Fact, err error) {
	p.space()
	end := p.pos
	for end < len(p.src) && p.src[end] != '\n' {
		end++
	}
	line := p.src[p.pos:end]
	for r, name := range relNames {
		for i := 0; i+len(name)+2 <= len(line); i++ {
			if line[i:i+len(name)+2] != " "+name+" " {
				continue
			}
			if f.A, err = sym.Parse(line[:i]); err != nil {
				return f, p.wrap(err)
			}
			if f.B, err = sym.Parse(line[i+len(name)+2:]); err != nil {
				return f, p.wrap(err)
			}
			f.Rel = Rel(r)
			p.pos = end
			return f, nil
		}
	}
	return f, p.errorf("want a relation between sizes")
}

// statement reads a constant or a node.
func (p *parser) statement(g *Graph) error {
	var names []string
	for {
		name, err := p.valueName()
		if err != nil {
			return err
		}
		if g.Value(name) != nil || slices.Contains(names, name) {
			return p.errorf("%%%s is defined twice", nameText(name))
		}
		names = append(names, name)
		if !p.eat(',') {
			break
		}
	}
	if !p.eat('=') {
		return p.errorf("want =")
	}
	word := p.ident()
	if word == "const" {
		return p.constStatement(g, names[0])
	}
	op := p.lookup(word)
	if op == nil {
		return p.errorf("no op %q", word)
	}
	return p.node(g, op, names)
}

// constStatement reads a constant, whose type stands behind its elements.
func (p *parser) constStatement(g *Graph, name string) error {
	start := p.pos
	t, end, err := p.typeBehind()
	if err != nil {
		return err
	}
	p.pos = start
	c, err := p.constant(name, t)
	if err != nil {
		return err
	}
	v := g.Const(name, c)
	if !v.Type.Equal(t) {
		return p.errorf("constant %%%s is %v, not %v", nameText(name), v.Type, t)
	}
	p.pos = end
	return nil
}

// typeBehind finds the type after the next " : " outside quotes, and the position behind it.
func (p *parser) typeBehind() (Type, int, error) {
	for p.pos < len(p.src) && p.src[p.pos] != ':' && p.src[p.pos] != '\n' {
		if p.src[p.pos] == '"' {
			if _, err := p.quoted(); err != nil {
				return Type{}, 0, err
			}
			continue
		}
		p.pos++
	}
	if !p.eat(':') {
		return Type{}, 0, p.errorf("want : and a type")
	}
	t, err := p.typ()
	return t, p.pos, err
}

func (p *parser) node(g *Graph, op *Op, names []string) error {
	in, err := p.operands(g)
	if err != nil {
		return err
	}
	attrs, err := p.attrs(op)
	if err != nil {
		return err
	}
	b := NewBuilder(g)
	if p.word("from") {
		for p.peek() == '"' {
			s, err := p.quoted()
			if err != nil {
				return err
			}
			b.From = append(b.From, s)
		}
	}
	bodies, err := p.bodies(g)
	if err != nil {
		return err
	}
	if !p.eat(':') {
		return p.errorf("want : and types")
	}
	var types []Type
	for range names {
		if len(types) > 0 && !p.eat(',') {
			return p.errorf("want %d types", len(names))
		}
		t, err := p.typ()
		if err != nil {
			return err
		}
		g.useSyms(t)
		types = append(types, t)
	}
	n := b.Add(op, attrs, bodies, len(names), in...)
	if n == nil {
		return p.wrap(b.Err())
	}
	for _, v := range n.Out {
		g.Rename(v, "") // the name that it was built with may be that of another result
	}
	for i, v := range n.Out {
		g.Rename(v, names[i])
		if !v.Type.Fits(types[i]) {
			return p.errorf("%%%s is %v, not %v", nameText(v.Name), v.Type, types[i])
		}
		v.Type = types[i]
	}
	return nil
}

func (p *parser) operands(g *Graph) (in []*Value, err error) {
	if !p.eat('(') {
		return nil, p.errorf("want (")
	}
	for first := true; !p.eat(')'); first = false {
		if !first && !p.eat(',') {
			return nil, p.errorf("want , or )")
		}
		if p.eat('_') {
			in = append(in, nil)
			continue
		}
		v, err := p.value(g)
		if err != nil {
			return nil, err
		}
		in = append(in, v)
	}
	return in, nil
}

func (p *parser) bodies(g *Graph) (out []*Graph, err error) {
	if !p.eat('{') {
		return nil, nil
	}
	for !p.eat('}') {
		if !p.word("body") {
			return nil, p.errorf("want body")
		}
		body := g.NewBody("body")
		if err := p.graph(body); err != nil {
			return nil, err
		}
		out = append(out, body)
	}
	return out, nil
}

func (p *parser) returns(g *Graph) error {
	for first := true; !p.eat('}'); first = false {
		if !first && !p.eat(',') {
			return p.errorf("want , or }")
		}
		v, err := p.value(g)
		if err != nil {
			return err
		}
		o := Output{Name: v.Name, Value: v}
		if p.word("as") {
			if o.Name, err = p.quoted(); err != nil {
				return err
			}
		}
		if p.word("into") {
			if o.Into, err = p.value(g); err != nil {
				return err
			}
			if !o.Into.IsInput() {
				return p.errorf("into %%%s, which is no input", nameText(o.Into.Name))
			}
		}
		g.Outputs = append(g.Outputs, o)
	}
	return nil
}
