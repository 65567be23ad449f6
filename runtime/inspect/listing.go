package inspect

import (
	"fmt"
	"strings"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// Listing returns a plan as text, a line a step: number, kernel, results with their places, operands with theirs. Sub-plans
// follow, indented.
func Listing(p *backend.Plan) string {
	var b strings.Builder
	listing(&b, p, "")
	return b.String()
}

func listing(b *strings.Builder, p *backend.Plan, indent string) {
	fmt.Fprintf(b, "%starget %s; %d steps, %d buffers, %d constants", indent, p.Target, len(p.Steps), len(p.Buffers), len(p.Consts))
	if p.Arena.Offsets != nil || len(p.Buffers) == 0 {
		fmt.Fprintf(b, "; arena %d bytes, lower bound %d\n", p.Arena.Size, p.Arena.LowerBound)
	} else {
		b.WriteString("; the arena is placed when sizes are bound\n")
	}
	for i, s := range p.Steps {
		fmt.Fprintf(b, "%s%4d  %s", indent, i, kernelOf(s))
		outs := len(s.Args) - s.Outs
		for k, a := range s.Args[outs:] {
			sep := ", "
			if k == 0 {
				sep = " -> "
			}
			b.WriteString(sep + place(p, a))
		}
		for k, a := range s.Args[:outs] {
			sep := ", "
			if k == 0 {
				sep = " <- "
			}
			b.WriteString(sep + place(p, a))
		}
		if len(s.Subs) > 0 {
			fmt.Fprintf(b, "; runs %v", s.Subs)
		}
		if len(s.From) > 0 {
			fmt.Fprintf(b, "  from %s", wire.Quote(s.From[0]))
		}
		b.WriteByte('\n')
	}
	for i, s := range p.Subs {
		fmt.Fprintf(b, "%splan %d\n", indent, i)
		listing(b, s, indent+"    ")
	}
}

func kernelOf(s backend.Step) string {
	if s.Kernel == "eval" && s.Node != nil {
		return "eval(" + s.Node.Op.Name + ")"
	}
	return s.Kernel
}

// place returns a slot as name, type and place.
func place(p *backend.Plan, slot int) string {
	if slot < 0 {
		return "_"
	}
	s := p.Slots[slot]
	name := s.Name
	if name == "" {
		name = "packed"
	}
	where := ""
	switch s.Space {
	case backend.InArena:
		where = fmt.Sprintf("arena %d", s.Index)
		if s.Index < len(p.Arena.Offsets) {
			where = fmt.Sprintf("arena +%d", p.Arena.Offsets[s.Index])
		}
	case backend.InConsts:
		where = fmt.Sprintf("const %d", s.Index)
	case backend.InInput:
		where = fmt.Sprintf("input %d", s.Index)
	case backend.Late:
		where = "late"
	case backend.Object:
		where = "object"
	}
	return fmt.Sprintf("%s %v (%s)", strings.Trim(wire.Quote(name), `"`), s.Type, where)
}

// Kernels returns the kernels of a plan and its sub-plans with the number of steps that each takes; steps that run a reference
// evaluation are named eval(op).
func Kernels(p *backend.Plan) map[string]int {
	out := map[string]int{}
	for _, s := range p.Steps {
		out[kernelOf(s)]++
	}
	for _, sub := range p.Subs {
		for k, n := range Kernels(sub) {
			out[k] += n
		}
	}
	return out
}
