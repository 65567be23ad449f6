package rewrite

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
)

type termKind uint8

const (
	opTerm termKind = iota
	varTerm
	litTerm
	absentTerm
)

// A term is one place of a pattern.
type term struct {
	kind     termKind
	slot     int // of the name or label; negative without one
	optional bool
	constant bool

	lit, tol float64
	isInt    bool

	ops    []*ir.Op // several only in From
	attrs  any      // what stands in braces, over the op's defaults
	fields []string // its names
	rest   bool     // any further operands
	args   []*term
}

type patternParser struct {
	src    string
	pos    int
	to     bool
	slots  map[string]int
	lookup func(string) *ir.Op
}

func (p *patternParser) parse() (*term, error) {
	t, err := p.term()
	if err == nil && p.peek() != 0 {
		err = fmt.Errorf("text behind the pattern: %q", p.src[p.pos:])
	}
	return t, err
}

func (p *patternParser) peek() byte {
	for p.pos < len(p.src) && (p.src[p.pos] == ' ' || p.src[p.pos] == '\n' || p.src[p.pos] == '\t') {
		p.pos++
	}
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *patternParser) eat(c byte) bool {
	if p.peek() == c {
		p.pos++
		return true
	}
	return false
}

// word reads letters, digits and what else a name, a number or a list of ops may hold.
func (p *patternParser) word() string {
	p.peek()
	start := p.pos
	for p.pos < len(p.src) && strings.IndexByte(" ,(){}:\n\t?!", p.src[p.pos]) < 0 {
		p.pos++
	}
	return p.src[start:p.pos]
}

func (p *patternParser) term() (*term, error) {
	w := p.word()
	t := &term{slot: -1}
	switch {
	case w == "":
		return nil, fmt.Errorf("want an op, a name or a number at %q", p.src[p.pos:])
	case w == "_":
		t.kind = absentTerm
		return t, nil
	case w[0] >= '0' && w[0] <= '9' || w[0] == '-' || w[0] == '.' && w != "...":
		return p.number(t, w)
	}
	label := ""
	if p.eat(':') {
		label, w = w, p.word()
	}
	if c := p.peek(); c != '(' && c != '{' {
		if label != "" {
			return nil, fmt.Errorf("label %s of no op", label)
		}
		return p.variable(t, w)
	}
	return t, p.op(t, label, w)
}

func (p *patternParser) number(t *term, w string) (*term, error) {
	t.kind = litTerm
	w, tol, given := strings.Cut(w, "~")
	_, err := strconv.Atoi(w)
	t.isInt = err == nil && !given
	if t.lit, err = strconv.ParseFloat(w, 64); err != nil {
		return nil, err
	}
	if given {
		t.tol, err = strconv.ParseFloat(tol, 64)
	}
	return t, err
}

func (p *patternParser) variable(t *term, w string) (*term, error) {
	t.kind = varTerm
	_, known := p.slots[w]
	if p.to && !known {
		return nil, fmt.Errorf("name %s is not in From", w)
	}
	t.slot = p.slotOf(w)
	if !p.to {
		t.optional = p.eat('?')
		t.constant = p.eat('!')
	}
	return t, nil
}

func (p *patternParser) slotOf(name string) int {
	i, ok := p.slots[name]
	if !ok {
		i = len(p.slots)
		p.slots[name] = i
	}
	return i
}

func (p *patternParser) op(t *term, label, names string) error {
	for name := range strings.SplitSeq(names, "|") {
		o := p.lookup(name)
		if o == nil {
			return fmt.Errorf("no op %q", name)
		}
		t.ops = append(t.ops, o)
	}
	if label != "" {
		if _, known := p.slots[label]; p.to && !known {
			return fmt.Errorf("label %s is not in From", label)
		}
		t.slot = p.slotOf(label)
	}
	if len(t.ops) > 1 && (p.to || p.peek() == '{') {
		return fmt.Errorf("one of several ops can neither be built nor have attributes")
	}
	if p.peek() == '{' {
		if err := p.attrs(t); err != nil {
			return err
		}
	}
	if !p.eat('(') {
		return fmt.Errorf("want ( at %q", p.src[p.pos:])
	}
	for !p.eat(')') {
		if (len(t.args) > 0) && !p.eat(',') {
			return fmt.Errorf("want , or ) at %q", p.src[p.pos:])
		}
		if p.peek() == '.' && strings.HasPrefix(p.src[p.pos:], "...") {
			p.pos += 3
			t.rest = true
			if p.to || !p.eat(')') {
				return fmt.Errorf("... must end the operands of a pattern")
			}
			break
		}
		a, err := p.term()
		if err != nil {
			return err
		}
		t.args = append(t.args, a)
	}
	return nil
}

func (p *patternParser) attrs(t *term) error {
	end := strings.IndexByte(p.src[p.pos:], '}')
	if end < 0 {
		return fmt.Errorf("want }")
	}
	text := p.src[p.pos : p.pos+end+1]
	p.pos += end + 1
	a, err := ir.ParseAttrs(t.ops[0], text)
	if err != nil {
		return err
	}
	t.attrs = a
	for _, f := range ir.Fields(a) {
		for part := range strings.SplitSeq(strings.Trim(text, "{}"), ",") {
			if name, _, ok := strings.Cut(part, "="); ok && strings.TrimSpace(name) == f.Name {
				t.fields = append(t.fields, f.Name)
			}
		}
	}
	return nil
}
