package values

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// Tensors of more elements than maxShown are printed with only the first and the last edge entries of each axis.
const (
	maxShown = 1000
	edge     = 3
	width    = 100 // columns of a line
)

// Print writes v for people to read: type and sizes, then the elements to six digits, the way NumPy lays them out.
func Print(w io.Writer, v tensor.Value) error {
	b := bufio.NewWriter(w)
	printValue(b, v, "")
	return b.Flush()
}

func printValue(b *bufio.Writer, v tensor.Value, indent string) {
	switch v := v.(type) {
	case *tensor.Tensor:
		printTensor(b, v, indent)
	case *tensor.Sequence:
		fmt.Fprintf(b, "%ssequence of %d\n", indent, len(v.Elems))
		for i, e := range v.Elems {
			if i == maxShown {
				fmt.Fprintf(b, "%s  …\n", indent)
				return
			}
			printValue(b, e, indent+"  ")
		}
	case *tensor.Optional:
		if v.Elem == nil {
			fmt.Fprintf(b, "%sempty optional\n", indent)
			return
		}
		printValue(b, v.Elem, indent)
	case *tensor.Map:
		printMap(b, v, indent)
	default:
		fmt.Fprintf(b, "%snothing\n", indent)
	}
}

// printMap writes a map as keys and their values, as many to a line as fit.
func printMap(b *bufio.Writer, m *tensor.Map, indent string) {
	keys, values := printer{t: m.Keys}, printer{t: m.Values}
	b.WriteString(indent + "{")
	col := len(indent) + 1
	for i := range m.Keys.Len() {
		entry := keys.text(i) + ": " + values.text(i)
		if i == maxShown {
			entry = "…"
		}
		switch {
		case i == 0:
		case col+len(entry)+3 > width:
			b.WriteString(",\n " + indent)
			col = len(indent) + 1
		default:
			b.WriteString(", ")
			col += 2
		}
		b.WriteString(entry)
		if col += len(entry); i == maxShown {
			break
		}
	}
	b.WriteString("}\n")
}

func printTensor(b *bufio.Writer, t *tensor.Tensor, indent string) {
	fmt.Fprintf(b, "%s%v\n%s", indent, ir.TypeOf(t), indent)
	p := printer{b: b, t: t, indent: indent, all: t.Len() <= maxShown, strides: make([]int, t.Rank())}
	n := 1
	for i := t.Rank() - 1; i >= 0; i-- {
		p.strides[i] = n
		n *= t.Dims()[i]
	}
	switch {
	case t.Rank() == 0:
		b.WriteString(p.text(0))
	case t.Len() == 0:
		b.WriteString("[]")
	case t.Rank() > 8 && !p.all:
		b.WriteString("[…]")
	default:
		p.measure(0, 0)
		p.axis(0, 0)
	}
	b.WriteByte('\n')
}

type printer struct {
	b       *bufio.Writer
	t       *tensor.Tensor
	indent  string
	all     bool
	wide    int // columns of the longest element
	strides []int
}

// text returns an element; floats to six digits.
func (p *printer) text(i int) string {
	d := p.t.DType()
	switch {
	case d == tensor.String:
		return wire.Quote(p.t.Strings()[i])
	case d == tensor.Bool:
		return strconv.FormatBool(p.t.Int64At(i) != 0)
	case d == tensor.U64:
		return strconv.FormatUint(tensor.Data[uint64](p.t)[i], 10)
	case d == tensor.C64:
		return strconv.FormatComplex(complex128(tensor.Data[complex64](p.t)[i]), 'g', 6, 64)
	case d == tensor.C128:
		return strconv.FormatComplex(tensor.Data[complex128](p.t)[i], 'g', 6, 128)
	case d.IsFloat():
		return strconv.FormatFloat(p.t.Float64At(i), 'g', 6, 64)
	}
	return strconv.FormatInt(p.t.Int64At(i), 10)
}

// entries calls f for the entries of an axis that are shown; -1 stands for those left out.
func (p *printer) entries(axis int, f func(i int)) {
	n := p.t.Dims()[axis]
	for i := range n {
		switch {
		case p.all || n <= 2*edge+1 || i < edge || i >= n-edge:
			f(i)
		case i == edge:
			f(-1)
		}
	}
}

func (p *printer) measure(axis, base int) {
	p.entries(axis, func(i int) {
		switch {
		case i < 0:
		case axis == p.t.Rank()-1:
			p.wide = max(p.wide, len(p.text(base+i)))
		default:
			p.measure(axis+1, base+i*p.strides[axis])
		}
	})
}

func (p *printer) axis(axis, base int) {
	p.b.WriteByte('[')
	col, pad, first := 0, p.indent+strings.Repeat(" ", axis+1), true
	last := axis == p.t.Rank()-1
	p.entries(axis, func(i int) {
		switch {
		case first:
		case last && col+2*(p.wide+1) > width-len(pad):
			p.b.WriteString("\n" + pad)
			col = 0
		case last:
			p.b.WriteByte(' ')
		default:
			p.b.WriteString("\n" + pad)
		}
		first = false
		switch {
		case i < 0:
			p.b.WriteString("…")
		case last:
			s := p.text(base + i)
			p.b.WriteString(strings.Repeat(" ", p.wide-len(s)) + s)
		default:
			p.axis(axis+1, base+i*p.strides[axis])
		}
		col += p.wide + 1
	})
	p.b.WriteByte(']')
}
