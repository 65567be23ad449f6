package ir

import (
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Kind says which kind of value a type describes.
type Kind uint8

const (
	NoKind Kind = iota // the zero Type, for an absent operand
	Tensor
	Sequence
	Optional
	Map
)

// Layout says how a tensor lies in memory. Shapes are logical, in ONNX's order, whatever the layout.
type Layout uint8

const (
	RowMajor     Layout = iota
	ChannelsLast        // N, spatial axes, C
)

var layoutNames = []string{RowMajor: "", ChannelsLast: "channels_last"}

// A Shape is the sizes of a tensor, outermost first.
type Shape []sym.Dim

// Type is what is known of a value before running. The zero Type is that of an absent operand.
type Type struct {
	Kind     Kind
	DType    tensor.DType // of a tensor's elements; of a map's keys
	Shape    Shape        // of a tensor of known rank
	Unranked bool         // a tensor whose rank is known only when its step runs
	Layout   Layout
	Elem     *Type // of a sequence, of an optional, of a map's values
}

// TensorOf returns the type of a row-major tensor.
func TensorOf(d tensor.DType, shape ...sym.Dim) Type {
	return Type{Kind: Tensor, DType: d, Shape: shape}
}

// UnrankedOf returns the type of a tensor of unknown rank.
func UnrankedOf(d tensor.DType) Type { return Type{Kind: Tensor, DType: d, Unranked: true} }

// SequenceOf returns the type of a sequence of elem.
func SequenceOf(elem Type) Type { return Type{Kind: Sequence, Elem: &elem} }

// OptionalOf returns the type of an optional elem.
func OptionalOf(elem Type) Type { return Type{Kind: Optional, Elem: &elem} }

// MapOf returns the type of a map.
func MapOf(key tensor.DType, elem Type) Type { return Type{Kind: Map, DType: key, Elem: &elem} }

// ShapeOf returns constant sizes as a Shape.
func ShapeOf(dims ...int) Shape {
	s := make(Shape, len(dims))
	for i, d := range dims {
		s[i] = sym.Const(d)
	}
	return s
}

// Ints returns the sizes as integers, if all are constant.
func (s Shape) Ints() ([]int, bool) {
	out := make([]int, len(s))
	for i, d := range s {
		n, ok := d.Int()
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// Equal reports whether s and t are structurally the same sizes.
func (s Shape) Equal(t Shape) bool { return slices.EqualFunc(s, t, sym.Dim.Equal) }

// String returns s in IR text, such as "[N,784]".
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(d.String())
	}
	b.WriteByte(']')
	return b.String()
}

// Rank returns the number of sizes of a tensor, or -1 where it is not known.
func (t Type) Rank() int {
	if t.Kind != Tensor || t.Unranked {
		return -1
	}
	return len(t.Shape)
}

// IsTensor reports whether t is a tensor type, of known rank or not.
func (t Type) IsTensor() bool { return t.Kind == Tensor }

// WithShape returns t, a tensor type, with other sizes, row-major.
func (t Type) WithShape(s ...sym.Dim) Type { return TensorOf(t.DType, s...) }

// WithDType returns t, a tensor type, with another element type, row-major.
func (t Type) WithDType(d tensor.DType) Type { t.DType, t.Layout = d, RowMajor; return t }

// Equal reports whether t and u are the same type.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || t.DType != u.DType || t.Unranked != u.Unranked || t.Layout != u.Layout || !t.Shape.Equal(u.Shape) {
		return false
	}
	if t.Elem == nil || u.Elem == nil {
		return t.Elem == u.Elem
	}
	return t.Elem.Equal(*u.Elem)
}

// Fits reports whether a value of type t may be of type u too: kinds and element types agree, and no rank or size that is known
// contradicts.
func (t Type) Fits(u Type) bool {
	if t.Kind != u.Kind || t.DType != u.DType {
		return false
	}
	if t.Elem != nil {
		return u.Elem != nil && t.Elem.Fits(*u.Elem)
	}
	if t.Unranked || u.Unranked {
		return true
	}
	if len(t.Shape) != len(u.Shape) {
		return false
	}
	for i, d := range t.Shape {
		n, ok := d.Int()
		if m, ok2 := u.Shape[i].Int(); ok && ok2 && n != m {
			return false
		}
	}
	return true
}

// String returns t in IR text, such as "f32[N,784]", "i64[*]" (unknown rank) or "seq(f32[*])".
func (t Type) String() string {
	switch t.Kind {
	case NoKind:
		return "_"
	case Sequence:
		return "seq(" + t.Elem.String() + ")"
	case Optional:
		return "opt(" + t.Elem.String() + ")"
	case Map:
		return "map(" + t.DType.String() + "," + t.Elem.String() + ")"
	}
	s := t.DType.String()
	if t.Unranked {
		s += "[*]"
	} else {
		s += t.Shape.String()
	}
	if t.Layout != RowMajor {
		s += "@" + layoutNames[t.Layout]
	}
	return s
}
