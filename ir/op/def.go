package op

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// None is the attributes of an op that has none.
type None struct{}

// Def says what an op with one result means. A is its attributes.
type Def[A any] struct {
	Name   string // its spelling in IR text: "leaky_relu"
	ONNX   string // "LeakyRelu", or empty
	Domain string // ONNX's domain; empty is ai.onnx
	Sig    string // see ir.Sig
	Props  ir.Props
	Attrs  A // the defaults
	Infer  func(*ir.Scope, A, []ir.Known) (ir.Known, error)
	Eval   func(*ir.Env, A, []tensor.Value) (tensor.Value, error)
	Lower  func(*ir.Builder, A, []*ir.Value) *ir.Value
	Grad   func(*ir.Grad, A, *ir.Node) []*ir.Value // adjoints of the operands; nil where the derivative is zero or undefined
}

// DefN says what an op with several results, or with bodies, means. Lower sees the node.
type DefN[A any] struct {
	Name      string
	ONNX      string
	Domain    string
	Sig       string
	Props     ir.Props
	Attrs     A
	Bodies    []string // ONNX's names of the attributes that hold the bodies, in order
	Infer     func(*ir.Scope, A, []ir.Known) ([]ir.Known, error)
	Eval      func(*ir.Env, A, []tensor.Value) ([]tensor.Value, error)
	Lower     func(*ir.Builder, A, *ir.Node) []*ir.Value
	Grad      func(*ir.Grad, A, *ir.Node) []*ir.Value
	Own       func(a A, operands int) A
	BodyTypes func(s *ir.Scope, a A, in []ir.Known, prev [][]ir.Type) ([][]ir.Type, bool, error)
}

// Kind is a defined op with statically typed attributes.
type Kind[A any] struct{ *ir.Op }

// Attrs returns n's attributes; n must be of this kind.
func (k Kind[A]) Attrs(n *ir.Node) A { return n.Attrs.(A) }

// Is reports whether v is a result of a node of this kind.
func (k Kind[A]) Is(v *ir.Value) bool { return v != nil && v.Def != nil && v.Def.Op == k.Op }

// New appends a node and returns its first result; nil after an error.
func (k Kind[A]) New(b *ir.Builder, a A, in ...*ir.Value) *ir.Value {
	n := b.Add(k.Op, a, nil, 0, in...)
	if n == nil {
		return nil
	}
	return n.Out[0]
}

// NewN appends a node of outs results and returns them; after an error, outs nils.
func (k Kind[A]) NewN(b *ir.Builder, a A, outs int, in ...*ir.Value) []*ir.Value {
	n := b.Add(k.Op, a, nil, outs, in...)
	if n == nil {
		return make([]*ir.Value, outs)
	}
	return n.Out
}

// Default returns the default attributes, to be changed and given to New.
func (k Kind[A]) Default() A { return k.Op.Attrs.(A) }

var catalog = map[string]*ir.Op{}

// Lookup returns the op that IR text calls name, or nil.
func Lookup(name string) *ir.Op { return catalog[name] }

// All returns every op, by name.
func All() []*ir.Op {
	out := make([]*ir.Op, 0, len(catalog))
	for _, o := range catalog {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b *ir.Op) int { return strings.Compare(a.Name, b.Name) })
	return out
}

type onnxName struct{ domain, name string }

var byONNX = map[onnxName]*ir.Op{}

// ByONNX returns the op that ONNX calls name in domain (empty: ai.onnx), or nil.
func ByONNX(domain, name string) *ir.Op { return byONNX[onnxName{domain, name}] }

func register(o *ir.Op) {
	if catalog[o.Name] != nil {
		panic("op: " + o.Name + " is defined twice")
	}
	catalog[o.Name] = o
	if o.ONNX != "" {
		key := onnxName{o.Domain, o.ONNX}
		if byONNX[key] != nil {
			panic("op: ONNX's " + o.ONNX + " is defined twice")
		}
		byONNX[key] = o
	}
}

func define[A any](d Def[A]) Kind[A] {
	k := Make(d)
	register(k.Op)
	return k
}

func defineN[A any](d DefN[A]) Kind[A] {
	k := MakeN(d)
	register(k.Op)
	return k
}

// Make returns an op that is not in the catalogue, for a domain of one's own.
func Make[A any](d Def[A]) Kind[A] {
	n := DefN[A]{Name: d.Name, ONNX: d.ONNX, Domain: d.Domain, Sig: d.Sig, Props: d.Props, Attrs: d.Attrs}
	n.Infer = func(s *ir.Scope, a A, in []ir.Known) ([]ir.Known, error) {
		k, err := d.Infer(s, a, in)
		return []ir.Known{k}, err
	}
	if d.Eval != nil {
		n.Eval = func(e *ir.Env, a A, in []tensor.Value) ([]tensor.Value, error) {
			v, err := d.Eval(e, a, in)
			return []tensor.Value{v}, err
		}
	}
	if d.Lower != nil {
		n.Lower = func(b *ir.Builder, a A, m *ir.Node) []*ir.Value {
			if v := d.Lower(b, a, pad(m.In, len(m.Op.Sig.In))); v != nil {
				return []*ir.Value{v}
			}
			return nil
		}
	}
	n.Grad = d.Grad
	return MakeN(n)
}

// MakeN is Make for DefN.
func MakeN[A any](d DefN[A]) Kind[A] {
	if d.Eval == nil && d.Lower == nil {
		panic(fmt.Sprintf("op: %s has neither Eval nor Lower", d.Name))
	}
	o := &ir.Op{Name: d.Name, ONNX: d.ONNX, Domain: d.Domain, Sig: ir.MustSig(d.Sig), Props: d.Props, Attrs: d.Attrs, Bodies: d.Bodies}
	o.Infer = func(s *ir.Scope, a any, in []ir.Known) ([]ir.Known, error) {
		return d.Infer(s, a.(A), pad(in, len(o.Sig.In)))
	}
	if d.Eval != nil {
		o.Eval = func(e *ir.Env, a any, in []tensor.Value) ([]tensor.Value, error) {
			return d.Eval(e, a.(A), pad(in, len(o.Sig.In)))
		}
	}
	if d.Lower != nil {
		o.Lower = func(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
			outs := d.Lower(b, n.Attrs.(A), n)
			return outs, b.Err()
		}
	}
	if d.Grad != nil {
		derive(Kind[A]{o}, d.Grad)
	}
	if d.Own != nil {
		o.Own = func(a any, operands int) any { return d.Own(a.(A), operands) }
	}
	if d.BodyTypes != nil {
		o.BodyTypes = func(s *ir.Scope, a any, in []ir.Known, prev [][]ir.Type) ([][]ir.Type, bool, error) {
			return d.BodyTypes(s, a.(A), pad(in, len(o.Sig.In)), prev)
		}
	}
	return Kind[A]{o}
}

// pad gives trailing optional operands that were left out their zero value, so that an op may index every operand of its signature.
func pad[T any](in []T, n int) []T {
	if len(in) >= n {
		return in
	}
	return append(slices.Clone(in), make([]T, n-len(in))...)
}
