package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// SequenceConstruct is the sequence of its operands.
var SequenceConstruct = define(Def[None]{
	Name: "sequence_construct", ONNX: "SequenceConstruct", Sig: "x* T -> s seq; T " + movable,
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		if len(in) == 0 || !in[0].Present() {
			return ir.Known{}, errNoOperands
		}
		t := in[0].Type
		for _, k := range in[1:] {
			t = joinTypes(t, k.Type)
		}
		return of(ir.SequenceOf(t)), nil
	},
	Eval: func(_ *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		return &tensor.Sequence{Elems: slices.Clone(in)}, nil
	},
})

// joinTypes returns a type that takes values of two types of one kind and element type: a sequence's elements share no sizes but those
// that all have.
func joinTypes(a, b ir.Type) ir.Type {
	if a.Kind != ir.Tensor || a.Equal(b) {
		return a
	}
	return ir.UnrankedOf(a.DType)
}

// SequenceEmptyAttrs holds the element type of the tensors to come, by ONNX's number; 0 is float32.
type SequenceEmptyAttrs struct {
	DType int `ir:"dtype"`
}

// SequenceEmpty is a sequence of no tensors.
var SequenceEmpty = define(Def[SequenceEmptyAttrs]{
	Name: "sequence_empty", ONNX: "SequenceEmpty", Sig: "-> s seq",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, a SequenceEmptyAttrs, _ []ir.Known) (ir.Known, error) {
		d := tensor.F32
		if a.DType != 0 {
			if d = tensor.DType(a.DType); a.DType < 0 || a.DType > 255 || !d.Valid() {
				return ir.Known{}, fmt.Errorf("dtype %d", a.DType)
			}
		}
		return of(ir.SequenceOf(ir.UnrankedOf(d))), nil
	},
	Eval: func(*ir.Env, SequenceEmptyAttrs, []tensor.Value) (tensor.Value, error) {
		return &tensor.Sequence{}, nil
	},
})

// elems returns the elements of a sequence.
func elems(v tensor.Value) ([]tensor.Value, error) {
	s, ok := v.(*tensor.Sequence)
	if !ok || s == nil {
		return nil, fmt.Errorf("the operand is no sequence")
	}
	return s.Elems, nil
}

// placeIn returns the place that operand v names among n, counted from the front; last where it is absent.
func placeIn(v tensor.Value, n, last int) (int, error) {
	if v == nil {
		if last < 0 {
			return 0, fmt.Errorf("the sequence is empty")
		}
		return last, nil
	}
	at := intsOf(v.(*tensor.Tensor))
	if len(at) != 1 {
		return 0, fmt.Errorf("%d positions", len(at))
	}
	return normIndex(int64(at[0]), n)
}

// SequenceAt is the element of s at a place; negative ones count from the end.
var SequenceAt = define(Def[None]{
	Name: "sequence_at", ONNX: "SequenceAt", Sig: "s seq, at i32|i64 -> x any",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, _ None, in []ir.Known) (ir.Known, error) { return of(*in[0].Type.Elem), nil },
	Eval: func(_ *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		s, err := elems(in[0])
		if err != nil {
			return nil, err
		}
		i, err := placeIn(in[1], len(s), -1)
		if err != nil {
			return nil, err
		}
		return s[i], nil
	},
	Lower: lowerSequenceAt,
})

// lowerSequenceAt takes an element from where it comes: an operand of a sequence that is listed, or a part of a tensor that is split,
// where it is certain that there is such a part.
func lowerSequenceAt(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
	at, ok := in[1].Known().Ints()
	from := in[0].Def
	if !ok || len(at) != 1 || at[0] < 0 || from == nil {
		return nil
	}
	i := at[0]
	if from.Op.Name == "sequence_construct" && i < len(from.In) {
		return Identity.New(b, None{}, from.In[i])
	}
	a, is := from.Attrs.(SplitToSequenceAttrs)
	if !is || from.Op.Name != "split_to_sequence" {
		return nil
	}
	x, split := from.In[0], operand(from, 1)
	sizes, known := split.Known().Ints()
	axis, err := normAxis(a.Axis, x.Type.Rank())
	if x.Type.Unranked || err != nil || split != nil && (!known || split.Type.Rank() < 0) {
		return nil
	}
	start, end := 0, 0
	if split != nil && split.Type.Rank() == 1 {
		if i >= len(sizes) {
			return nil
		}
		for _, s := range sizes[:i] {
			start += s
		}
		end = start + sizes[i]
	} else {
		size := 1
		if split != nil {
			size = sizes[0]
		}
		if d, ok := x.Type.Shape[axis].Int(); !ok || size < 1 || i > d/size || i*size >= d {
			return nil
		}
		start, end = i*size, (i+1)*size
	}
	y := Slice.New(b, None{}, x, intsConst(b, start), intsConst(b, end), intsConst(b, axis))
	if split == nil && !a.KeepDims {
		y = Squeeze.New(b, None{}, y, intsConst(b, axis))
	}
	return y
}

// SequenceInsert is s with x inserted before a place, or at the end.
var SequenceInsert = define(Def[None]{
	Name: "sequence_insert", ONNX: "SequenceInsert", Sig: "s seq, x any, at? i32|i64 -> y seq",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		s, x := *in[0].Type.Elem, in[1].Type
		if s.Kind != x.Kind || s.DType != x.DType {
			return ir.Known{}, fmt.Errorf("a sequence of %v takes no %v", s, x)
		}
		return of(ir.SequenceOf(joinTypes(s, x))), nil
	},
	Eval: func(_ *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		s, err := elems(in[0])
		if err != nil {
			return nil, err
		}
		i := len(s)
		if in[2] != nil {
			if at := intsOf(tens(in, 2)); len(at) == 1 && at[0] == len(s) {
				i = len(s)
			} else if i, err = placeIn(in[2], len(s), len(s)); err != nil {
				return nil, err
			}
		}
		return &tensor.Sequence{Elems: slices.Insert(slices.Clone(s), i, in[1])}, nil
	},
})

// SequenceErase is s without the element at a place, or without the last.
var SequenceErase = define(Def[None]{
	Name: "sequence_erase", ONNX: "SequenceErase", Sig: "s seq, at? i32|i64 -> y seq",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, _ None, in []ir.Known) (ir.Known, error) { return of(in[0].Type), nil },
	Eval: func(_ *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		s, err := elems(in[0])
		if err != nil {
			return nil, err
		}
		i, err := placeIn(in[1], len(s), len(s)-1)
		if err != nil {
			return nil, err
		}
		return &tensor.Sequence{Elems: slices.Delete(slices.Clone(s), i, i+1)}, nil
	},
})

// SequenceLength is the number of elements of s.
var SequenceLength = define(Def[None]{
	Name: "sequence_length", ONNX: "SequenceLength", Sig: "s seq -> n i64",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, _ []ir.Known) (ir.Known, error) { return of(ir.TensorOf(tensor.I64)), nil },
	Eval: func(_ *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		s, err := elems(in[0])
		return tensor.Scalar(int64(len(s))), err
	},
})

// SplitToSequenceAttrs holds the axis to cut, and whether parts of one element keep it.
type SplitToSequenceAttrs struct {
	Axis     int  `ir:"axis"`
	KeepDims bool `ir:"keepdims"`
}

// SplitToSequence is the parts of x along an axis: of the given sizes, of one size (the last may be smaller), or single elements.
var SplitToSequence = define(Def[SplitToSequenceAttrs]{
	Name: "split_to_sequence", ONNX: "SplitToSequence", Sig: "x T, split? i32|i64 -> y seq; T " + movable,
	Props: ir.Pure,
	Attrs: SplitToSequenceAttrs{KeepDims: true},
	Infer: inferSplitToSequence,
	Eval: func(e *ir.Env, a SplitToSequenceAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		axis, err := normAxis(a.Axis, x.Rank())
		if err != nil {
			return nil, err
		}
		sizes := intsOf(tens(in, 1))
		if in[1] == nil || tens(in, 1).Rank() == 0 {
			size, left := 1, x.Dims()[axis]
			if in[1] != nil {
				size = sizes[0]
			}
			if size < 1 {
				return nil, fmt.Errorf("parts of %d elements", size)
			}
			if sizes, err = indexSpace(e, (left+size-1)/size); err != nil {
				return nil, err
			}
			for i := range sizes {
				sizes[i] = min(size, left)
				left -= sizes[i]
			}
		}
		parts, err := cut(e, x, axis, sizes)
		if err != nil {
			return nil, err
		}
		if in[1] == nil && !a.KeepDims {
			dims := slices.Delete(slices.Clone(x.Dims()), axis, axis+1)
			for i, p := range parts {
				parts[i] = p.(*tensor.Tensor).Reshape(dims...)
			}
		}
		return &tensor.Sequence{Elems: parts}, nil
	},
})

func inferSplitToSequence(_ *ir.Scope, a SplitToSequenceAttrs, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	if x.Unranked {
		return of(ir.SequenceOf(x)), nil
	}
	axis, err := normAxis(a.Axis, len(x.Shape))
	if err != nil {
		return ir.Known{}, err
	}
	shape := slices.Clone(x.Shape)
	shape[axis] = sym.Const(1)
	if !in[1].Present() {
		if !a.KeepDims {
			shape = slices.Delete(shape, axis, axis+1)
		}
		return of(ir.SequenceOf(x.WithShape(shape...))), nil
	}
	sizes, ok := in[1].Sizes()
	if !ok || len(sizes) == 0 {
		return of(ir.SequenceOf(ir.UnrankedOf(x.DType))), nil
	}
	for _, s := range sizes {
		if n, ok := s.Int(); ok && n < 0 {
			return ir.Known{}, fmt.Errorf("parts of %d elements", n)
		}
		if !s.Equal(sizes[0]) {
			return of(ir.SequenceOf(ir.UnrankedOf(x.DType))), nil
		}
	}
	if _, whole := sym.DivExact(x.Shape[axis], sizes[0]); !whole && in[1].Rank() == 0 {
		return of(ir.SequenceOf(ir.UnrankedOf(x.DType))), nil
	}
	shape[axis] = sizes[0]
	return of(ir.SequenceOf(x.WithShape(shape...))), nil
}

// ConcatFromSequenceAttrs holds the axis to join along, which NewAxis makes a new one. The axis has no default.
type ConcatFromSequenceAttrs struct {
	Axis    int  `ir:"axis"`
	NewAxis bool `ir:"new_axis"`
}

// ConcatFromSequence joins the tensors of a sequence.
var ConcatFromSequence = define(Def[ConcatFromSequenceAttrs]{
	Name: "concat_from_sequence", ONNX: "ConcatFromSequence", Sig: "s seq -> y tensor",
	Props: ir.Pure,
	Attrs: ConcatFromSequenceAttrs{Axis: required},
	Infer: func(sc *ir.Scope, a ConcatFromSequenceAttrs, in []ir.Known) (ir.Known, error) {
		x := *in[0].Type.Elem
		switch {
		case a.Axis == required:
			return ir.Known{}, errRequired("axis")
		case x.Kind != ir.Tensor:
			return ir.Known{}, fmt.Errorf("a sequence of %v does not join", x)
		case x.Unranked:
			return of(x), nil
		}
		shape := slices.Clone(x.Shape)
		if a.NewAxis {
			shape = append(shape, sym.Const(1))
		}
		axis, err := normAxis(a.Axis, len(shape))
		if err != nil {
			return ir.Known{}, err
		}
		if a.NewAxis {
			shape = slices.Insert(slices.Clone(x.Shape), axis, sym.Const(1))
		}
		shape[axis] = sc.Fresh()
		return of(x.WithShape(shape...)), nil
	},
	Eval: func(e *ir.Env, a ConcatFromSequenceAttrs, in []tensor.Value) (tensor.Value, error) {
		s, err := elems(in[0])
		if err != nil {
			return nil, err
		}
		all := make([]*tensor.Tensor, len(s))
		for i, v := range s {
			t, ok := v.(*tensor.Tensor)
			if !ok {
				return nil, fmt.Errorf("element %d is no tensor", i)
			}
			if all[i] = t; !a.NewAxis {
				continue
			}
			axis, err := normAxis(a.Axis, t.Rank()+1)
			if err != nil {
				return nil, err
			}
			all[i] = t.Reshape(slices.Insert(slices.Clone(t.Dims()), axis, 1)...)
		}
		return concatTensors(e, all, a.Axis)
	},
})
