package inspect

import (
	"cmp"
	"slices"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/passes/memory"
)

// A Report tells what is in a model.
type Report struct {
	Producer string            `json:"producer,omitempty"`
	Opsets   []Opset           `json:"opsets"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Warnings []string          `json:"warnings,omitempty"`
	Inputs   []Value           `json:"inputs"`
	Outputs  []Value           `json:"outputs"`
	Sizes    []string          `json:"dynamic_sizes,omitempty"` // names of sizes that the inputs leave open
	Assumes  []string          `json:"assumptions,omitempty"`   // relations between sizes that every run must meet
	Ops      []OpCount         `json:"ops"`
	Params   Params            `json:"parameters"`
	FLOPs    Arithmetic        `json:"flops"`
	Memory   Memory            `json:"memory"`
}

// An Opset is a set of operators that the file imports.
type Opset struct {
	Domain  string `json:"domain"`
	Version int64  `json:"version"`
}

// A Value is an input or an output.
type Value struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default bool   `json:"default,omitempty"` // it may be left out
}

// OpCount says how many nodes of an op there are, by its name in IR text.
type OpCount struct {
	Op       string `json:"op"`
	Imported int    `json:"imported"`
	Compiled int    `json:"compiled"`
}

// Params counts the constants of the model as imported.
type Params struct {
	Tensors  int `json:"tensors"`
	Elements int `json:"elements"`
	Bytes    int `json:"bytes"`
}

// Arithmetic is the work of a run.
type Arithmetic struct {
	Expr  string   `json:"expression,omitempty"` // over the open sizes; empty where it has too many terms
	Count int      `json:"count"`                // at the sizes that the report was made for
	Left  []string `json:"not_counted,omitempty"`
}

// Memory is what the compiled model takes, in bytes, at the sizes that the report was made for.
type Memory struct {
	Weights int `json:"weights"`     // as the kernels read them
	Arena   int `json:"arena"`       // all intermediate values of a run, outputs included
	Lower   int `json:"lower_bound"` // no arrangement takes less
	Late    int `json:"late"`        // values whose sizes only running tells: they come on top
}

// New starts the report of an imported model; Compiled must be called once the graph is compiled. sizes gives the open sizes;
// those it lacks become 1, and are added to it.
func New(m *onnx.Model, sizes map[string]int) *Report {
	g := m.Graph
	r := &Report{Producer: m.Producer, Metadata: m.Metadata, Warnings: m.Warnings}
	for _, o := range m.Opsets {
		r.Opsets = append(r.Opsets, Opset{o.Domain, o.Version})
	}
	for _, v := range g.Inputs {
		r.Inputs = append(r.Inputs, Value{v.Name, v.Type.String(), v.Data != nil})
		for _, d := range v.Type.Shape {
			for _, s := range d.Syms() {
				if !slices.Contains(r.Sizes, s) {
					r.Sizes = append(r.Sizes, s)
				}
			}
		}
	}
	for _, o := range g.Outputs {
		r.Outputs = append(r.Outputs, Value{Name: o.Name, Type: o.Value.Type.String()})
	}
	for _, s := range r.Sizes {
		if _, ok := sizes[s]; !ok {
			sizes[s] = 1
		}
	}
	r.ops(g, func(c *OpCount) *int { return &c.Imported })
	r.Params.Tensors, r.Params.Elements, r.Params.Bytes = params(g, map[*tensor.Tensor]bool{})
	r.flops(g, sizes)
	return r
}

func (r *Report) ops(g *ir.Graph, field func(*OpCount) *int) {
	at := map[string]int{}
	for i, c := range r.Ops {
		at[c.Op] = i
	}
	g.AllNodes(func(_ *ir.Graph, n *ir.Node) bool {
		i, ok := at[n.Op.Name]
		if !ok {
			i = len(r.Ops)
			at[n.Op.Name] = i
			r.Ops = append(r.Ops, OpCount{Op: n.Op.Name})
		}
		*field(&r.Ops[i])++
		return true
	})
	slices.SortStableFunc(r.Ops, func(a, b OpCount) int {
		return cmp.Or(cmp.Compare(max(b.Imported, b.Compiled), max(a.Imported, a.Compiled)), cmp.Compare(a.Op, b.Op))
	})
}

// flops adds up node by node, so that an expression with too many terms still gets its number.
func (r *Report) flops(g *ir.Graph, sizes map[string]int) {
	total, left := FLOPs(g)
	r.FLOPs.Left = left
	if total.Valid() {
		r.FLOPs.Expr = total.String()
	}
	g.AllNodes(func(_ *ir.Graph, n *ir.Node) bool {
		if f, ok := flopsOf(n); ok {
			if k, err := evalSize(f, sizes); err == nil && r.FLOPs.Count+k >= r.FLOPs.Count {
				r.FLOPs.Count += k
			}
		}
		return true
	})
}

// Compiled adds what compiling g gave, the same graph that New saw.
func (r *Report) Compiled(g *ir.Graph, p *backend.Plan, sizes map[string]int) {
	r.ops(g, func(c *OpCount) *int { return &c.Compiled })
	for _, f := range g.Assumes {
		r.Assumes = append(r.Assumes, f.String())
	}
	r.Memory = memoryOf(p, sizes)
}

// memoryOf returns what a plan takes at the given sizes.
func memoryOf(p *backend.Plan, sizes map[string]int) Memory {
	m := Memory{Arena: p.Arena.Size, Lower: p.Arena.LowerBound, Late: p.Lates}
	for _, t := range p.Consts {
		if t == nil { // read only when it was packed
			continue
		}
		n, _ := tensor.ByteSize(t.DType(), t.Dims())
		m.Weights += n
	}
	for _, s := range p.Subs {
		sub := memoryOf(s, sizes)
		m.Weights += sub.Weights
		m.Arena += sub.Arena
		m.Lower += sub.Lower
		m.Late += sub.Late
	}
	if p.Arena.Offsets != nil || len(p.Buffers) == 0 {
		return m
	}
	bufs := make([]memory.Buffer, len(p.Buffers))
	for i, b := range p.Buffers {
		n, err := evalSize(b.Size, sizes)
		if err != nil {
			return m
		}
		bufs[i] = memory.Buffer{Size: n, First: b.First, Last: b.Last}
	}
	if pl, err := memory.Place(bufs, 0); err == nil {
		m.Arena += pl.Size
		m.Lower += pl.LowerBound
	}
	return m
}

// evalSize returns d at the given sizes; those that only running tells count as 1.
func evalSize(d sym.Dim, sizes map[string]int) (int, error) {
	return d.Eval(func(name string) (int, bool) {
		n, ok := sizes[name]
		if !ok {
			n = 1
		}
		return n, true
	})
}
