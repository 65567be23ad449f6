package ir

import "github.com/cameo-onnx/cameo/ir/tensor"

// symbols holds the sizes that one evaluation of a graph has met; those of the graph around it stay visible.
type symbols struct {
	sizes map[string]int
	outer *symbols
}

// bind reads the sizes of x that v's type names by a lone symbol. The first value to show a size tells it.
func (s *symbols) bind(v *Value, x tensor.Value) {
	t, ok := x.(*tensor.Tensor)
	if !ok || t == nil || t.Rank() != len(v.Type.Shape) {
		return
	}
	for i, d := range v.Type.Shape {
		name, ok := d.Name()
		if !ok {
			continue
		}
		if _, known := s.sizes[name]; !known {
			if s.sizes == nil {
				s.sizes = map[string]int{}
			}
			s.sizes[name] = t.Dims()[i]
		}
	}
}

// Sym returns the size that the symbol stands for in this run; false where nothing has shown it yet.
func (e *Env) Sym(name string) (int, bool) {
	for s := e.symbols; s != nil; s = s.outer {
		if n, ok := s.sizes[name]; ok {
			return n, true
		}
	}
	if e.Syms != nil {
		return e.Syms(name)
	}
	return 0, false
}
