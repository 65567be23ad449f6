package runtime

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var errNil = errors.New("it is nil, or a part of it is")

// checkInput returns why v cannot be an input of type t, or nil. Sizes that t leaves open are not looked at, nor are the sizes of
// parts.
func checkInput(v tensor.Value, t ir.Type) error {
	if !whole(v) {
		return errNil
	}
	if !fits(v, t) {
		return fmt.Errorf("it is %v, not %v", ir.TypeOf(v), t)
	}
	return nil
}

// whole reports whether neither v nor a part of it is nil where it must not be.
func whole(v tensor.Value) bool {
	switch v := v.(type) {
	case *tensor.Tensor:
		return v != nil
	case *tensor.Sequence:
		return v != nil && !slices.ContainsFunc(v.Elems, func(e tensor.Value) bool { return !whole(e) })
	case *tensor.Optional:
		return v != nil && (v.Elem == nil || whole(v.Elem))
	case *tensor.Map:
		return v != nil && v.Keys != nil && v.Values != nil
	}
	return false
}

// fits reports whether v, which is whole, may be of type t. Unlike the type of a sequence, it looks at every element.
func fits(v tensor.Value, t ir.Type) bool {
	switch v := v.(type) {
	case *tensor.Tensor:
		return ir.TypeOf(v).Fits(t)
	case *tensor.Sequence:
		return t.Kind == ir.Sequence && !slices.ContainsFunc(v.Elems, func(e tensor.Value) bool { return !fits(e, part(t)) })
	case *tensor.Optional:
		return t.Kind == ir.Optional && (v.Elem == nil || fits(v.Elem, part(t)))
	case *tensor.Map:
		return t.Kind == ir.Map && v.Keys.DType() == t.DType && fits(v.Values, part(t)) && v.Keys.Len() == v.Values.Len()
	}
	return false
}

// part returns the type of t's elements without their sizes, which models seldom declare as they are.
func part(t ir.Type) ir.Type {
	e := *t.Elem
	e.Unranked, e.Shape = e.Kind == ir.Tensor, nil
	return e
}
