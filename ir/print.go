package ir

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// inlineElems is the largest constant that IR text spells out.
const inlineElems = 16

// String returns the graph as IR text, which Parse reads back.
func (g *Graph) String() string {
	p := &printer{}
	p.b.WriteString("graph " + nameText(g.Name))
	p.graph(g)
	p.b.WriteByte('\n')
	return p.b.String()
}

type printer struct {
	b     strings.Builder
	depth int
}

func (p *printer) line(s string) {
	p.b.WriteString(strings.Repeat("\t", p.depth))
	p.b.WriteString(s)
	p.b.WriteByte('\n')
}

func (p *printer) graph(g *Graph) {
	p.b.WriteByte('(')
	for i, v := range g.Inputs {
		if i > 0 {
			p.b.WriteString(", ")
		}
		p.b.WriteString(valueText(v) + ": " + v.Type.String())
		if v.Data != nil {
			p.b.WriteString(" = " + constText(v))
		}
	}
	p.b.WriteString(") {\n")
	p.depth++
	for _, f := range g.Assumes {
		p.line("assume " + f.String())
	}
	for _, v := range g.Consts() {
		p.line(valueText(v) + " = const " + constText(v) + " : " + v.Type.String())
	}
	for _, n := range g.Nodes {
		p.node(n)
	}
	outs := make([]string, len(g.Outputs))
	for i, o := range g.Outputs {
		outs[i] = valueText(o.Value)
		if o.Name != o.Value.Name {
			outs[i] += " as " + strconv.Quote(o.Name)
		}
		if o.Into != nil {
			outs[i] += " into " + valueText(o.Into)
		}
	}
	p.line(strings.TrimRight("return "+strings.Join(outs, ", "), " "))
	p.depth--
	p.b.WriteString(strings.Repeat("\t", p.depth) + "}")
}

// Consts returns the constants that g uses, in order of first use.
func (g *Graph) Consts() (out []*Value) {
	seen := map[*Value]bool{}
	add := func(v *Value) {
		if v != nil && v.IsConst() && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			add(v)
		}
	}
	for _, o := range g.Outputs {
		add(o.Value)
	}
	return out
}

func (p *printer) node(n *Node) {
	p.b.WriteString(strings.Repeat("\t", p.depth))
	p.b.WriteString(n.head())
	if len(n.Bodies) > 0 {
		p.b.WriteString(" {\n")
		p.depth++
		for _, body := range n.Bodies {
			p.b.WriteString(strings.Repeat("\t", p.depth) + "body")
			p.graph(body)
			p.b.WriteByte('\n')
		}
		p.depth--
		p.b.WriteString(strings.Repeat("\t", p.depth) + "}")
	}
	p.b.WriteString(" : " + n.types() + "\n")
}

// String returns the node as one line of IR text, without its bodies.
func (n *Node) String() string { return n.head() + " : " + n.types() }

func (n *Node) head() string {
	outs := make([]string, len(n.Out))
	for i, v := range n.Out {
		outs[i] = valueText(v)
	}
	ins := make([]string, len(n.In))
	for i, v := range n.In {
		ins[i] = "_"
		if v != nil {
			ins[i] = valueText(v)
		}
	}
	s := strings.Join(outs, ", ") + " = " + n.Op.Name + "(" + strings.Join(ins, ", ") + ")"
	if a := AttrsText(n.Attrs, n.Op.Attrs); a != "" {
		s += " {" + a + "}"
	}
	if len(n.From) > 0 {
		q := make([]string, len(n.From))
		for i, f := range n.From {
			q[i] = strconv.Quote(f)
		}
		s += " from " + strings.Join(q, " ")
	}
	return s
}

func (n *Node) types() string {
	ts := make([]string, len(n.Out))
	for i, v := range n.Out {
		ts[i] = v.Type.String()
	}
	return strings.Join(ts, ", ")
}

func isIdent(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if !isIdentByte(s[i], i == 0) {
			return false
		}
	}
	return s != "_"
}

func isIdentByte(c byte, first bool) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || !first && (c >= '0' && c <= '9' || c == '.')
}

func nameText(s string) string {
	if isIdent(s) {
		return s
	}
	return strconv.Quote(s)
}

func valueText(v *Value) string { return "%" + nameText(v.Name) }

// constText returns a small constant's elements, a splat, or a reference by name.
func constText(v *Value) string {
	t := v.Data
	if texts, ok := inlineTexts(t); ok {
		return "[" + strings.Join(texts, ", ") + "]"
	}
	if s, ok := splatText(t); ok {
		return "splat " + s
	}
	return "@" + nameText(v.Name)
}

func inlineTexts(t *tensor.Tensor) ([]string, bool) {
	if t.Len() > inlineElems || hasOddNaN(t) {
		return nil, false
	}
	return elemTexts(t), true
}

// splatText returns the text of the element that all of t's are, for types of whole bytes.
func splatText(t *tensor.Tensor) (string, bool) {
	size := t.DType().Bits() / 8
	b := t.Bytes()
	if size == 0 || len(b) == 0 || string(b[size:]) != string(b[:len(b)-size]) {
		return "", false
	}
	one, err := tensor.FromBytes(t.DType(), b[:size], nil)
	if err != nil || hasOddNaN(one) {
		return "", false
	}
	return elemTexts(one)[0], true
}

// hasOddNaN reports whether t holds a NaN whose text would not read back as the same bits.
func hasOddNaN(t *tensor.Tensor) bool {
	if !t.DType().IsFloat() && !t.DType().IsComplex() {
		return false
	}
	for _, x := range t.Complex128s() {
		if math.IsNaN(real(x)) || math.IsNaN(imag(x)) {
			return true
		}
	}
	return false
}

// elemTexts returns the elements of t in row-major order.
func elemTexts(t *tensor.Tensor) []string {
	out := make([]string, t.Len())
	d := t.DType()
	switch {
	case d == tensor.String:
		for i, s := range t.Strings() {
			out[i] = strconv.Quote(s)
		}
	case d.IsComplex():
		for i, x := range t.Complex128s() {
			out[i] = strconv.FormatComplex(x, 'g', -1, d.Bits())
		}
	case d.IsFloat():
		size := 32
		if d == tensor.F64 {
			size = 64
		}
		for i, x := range t.Float64s() {
			out[i] = strconv.FormatFloat(x, 'g', -1, size)
		}
	case d == tensor.U64:
		for i, x := range t.Int64s() {
			out[i] = strconv.FormatUint(uint64(x), 10)
		}
	default:
		for i, x := range t.Int64s() {
			out[i] = fmt.Sprint(x)
		}
	}
	return out
}
