package onnx

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// plainSyms returns the names that are a whole dim_param of some input: those that binding can read.
func plainSyms(inputs []*wire.ValueInfo, inits map[string]bool) map[string]bool {
	out := map[string]bool{}
	for _, vi := range inputs {
		if vi.Type == nil || vi.Type.Kind != wire.KindTensor || inits[vi.Name] {
			continue
		}
		for _, d := range vi.Type.Shape {
			if d, err := sym.Parse(d.Param); err == nil {
				if name, ok := d.Name(); ok {
					out[name] = true
				}
			}
		}
	}
	return out
}

var errNoType = errors.New("it has no type")

// typeOf turns a declared type into one of the IR. plain holds the symbols that binding can read; sizes of others become fresh.
func (s *scope) typeOf(t *wire.Type, plain map[string]bool) (ir.Type, error) {
	return s.nestedType(t, plain, 0)
}

const maxTypeDepth = 16

func (s *scope) nestedType(t *wire.Type, plain map[string]bool, depth int) (ir.Type, error) {
	if depth > maxTypeDepth {
		return ir.Type{}, fmt.Errorf("%w: a type nested more than %d deep", wire.ErrBudget, maxTypeDepth)
	}
	if t == nil || t.Kind == wire.KindNone {
		return ir.Type{}, errNoType
	}
	switch t.Kind {
	case wire.KindTensor:
		d := tensor.DType(t.Elem)
		if t.Elem < 0 || t.Elem > 255 || !d.Valid() {
			return ir.Type{}, fmt.Errorf("element type %d: %w", t.Elem, ir.ErrUnsupported)
		}
		if !t.HasShape {
			return ir.UnrankedOf(d), nil
		}
		out := ir.TensorOf(d)
		for _, dim := range t.Shape {
			n, err := s.dim(dim, plain)
			if err != nil {
				return out, err
			}
			out.Shape = append(out.Shape, n)
		}
		return out, nil
	case wire.KindSequence, wire.KindOptional:
		elem, err := s.nestedType(t.Of, plain, depth+1)
		if t.Kind == wire.KindSequence {
			return ir.SequenceOf(elem), err
		}
		return ir.OptionalOf(elem), err
	case wire.KindMap:
		if k := tensor.DType(t.Elem); t.Elem < 0 || t.Elem > 255 || !k.Valid() || !k.IsInt() && k != tensor.String {
			return ir.Type{}, fmt.Errorf("%w: keys of element type %d", wire.ErrFormat, t.Elem)
		}
		elem, err := s.nestedType(t.Of, plain, depth+1)
		return ir.MapOf(tensor.DType(t.Elem), elem), err
	}
	return ir.Type{}, fmt.Errorf("this kind of type: %w", ir.ErrUnsupported)
}

func (s *scope) dim(d wire.Dim, plain map[string]bool) (sym.Dim, error) {
	if d.HasValue && d.Value >= 0 {
		return sym.Const(int(d.Value)), nil
	}
	if d.Param == "" {
		return s.g.FreshSym(), nil
	}
	n, err := sym.Parse(d.Param)
	if err != nil {
		return sym.Sym(d.Param), nil
	}
	for _, name := range n.Syms() {
		if !plain[name] {
			return s.g.FreshSym(), nil
		}
	}
	return n, nil
}

// maxWarnings bounds the list of warnings.
const maxWarnings = 32

// contradictions warns of declared types that what was inferred contradicts. Inference is what counts.
func (im *importer) contradictions(s *scope, pg *wire.Graph) {
	for _, list := range [][]*wire.ValueInfo{pg.ValueInfo, pg.Outputs} {
		for _, vi := range list {
			v := s.vals[vi.Name]
			if v == nil || vi.Type == nil || len(im.warnings) >= maxWarnings {
				continue
			}
			if what := contradicts(vi.Type, v.Type); what != "" {
				im.warnings = append(im.warnings, fmt.Sprintf("%s is declared with %s but is %v", wire.Quote(vi.Name), what, v.Type))
			}
		}
	}
}

// contradicts says in what a declared type cannot hold of a value of type t, or nothing.
func contradicts(decl *wire.Type, t ir.Type) string {
	if decl.Kind != wire.KindTensor || t.Kind != ir.Tensor {
		return ""
	}
	if decl.Elem != 0 && decl.Elem != int32(t.DType) {
		return fmt.Sprintf("element type %v", tensor.DType(min(max(decl.Elem, 0), 255)))
	}
	if !decl.HasShape || t.Unranked {
		return ""
	}
	if len(decl.Shape) != len(t.Shape) {
		return fmt.Sprintf("rank %d", len(decl.Shape))
	}
	for i, d := range decl.Shape {
		if n, ok := t.Shape[i].Int(); ok && d.HasValue && d.Value >= 0 && d.Value != int64(n) {
			return fmt.Sprintf("size %d of axis %d", d.Value, i)
		}
	}
	return ""
}
