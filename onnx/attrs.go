package onnx

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// decodeAttrs fills a copy of o's default attributes from the node's. An attribute that the op does not have is refused: it might
// change the meaning.
func (n *node) decodeAttrs(o *ir.Op) (any, error) {
	if o.Attrs == nil {
		return nil, n.noAttrs(nil, o.Bodies)
	}
	v := reflect.New(reflect.TypeOf(o.Attrs)).Elem()
	v.Set(reflect.ValueOf(o.Attrs))
	fields := ir.Fields(o.Attrs)
	for _, f := range fields {
		a := n.attrs[f.Name]
		if a == nil {
			continue
		}
		if isDerived(o, f.Name) {
			return nil, fmt.Errorf("attribute %s: %w", wire.Quote(f.Name), ir.ErrUnsupported)
		}
		if err := n.setAttr(v.Field(f.Index), a); err != nil {
			return nil, fmt.Errorf("attribute %s: %w", f.Name, err)
		}
	}
	return v.Interface(), n.noAttrs(fields, o.Bodies)
}

func (n *node) noAttrs(fields []ir.Field, bodies []string) error {
	for name := range n.attrs {
		if !slices.ContainsFunc(fields, func(f ir.Field) bool { return f.Name == name }) && !slices.Contains(bodies, name) {
			return fmt.Errorf("attribute %s: %w", wire.Quote(name), ir.ErrUnsupported)
		}
	}
	return nil
}

// wantType refuses an attribute of another type than t.
func wantType(a *wire.Attr, t wire.AttrType) error {
	if a.Type != t {
		return fmt.Errorf("%w: it is of type %d, not %d", wire.ErrFormat, a.Type, t)
	}
	return nil
}

// setAttr sets a field of an attribute struct; their Go types are those of package ir.
func (n *node) setAttr(f reflect.Value, a *wire.Attr) error {
	switch p := f.Addr().Interface().(type) {
	case *int:
		*p = int(a.I)
		return wantType(a, wire.AttrInt)
	case **int:
		x := int(a.I)
		*p = &x
		return wantType(a, wire.AttrInt)
	case *bool:
		*p = a.I != 0
		return wantType(a, wire.AttrInt)
	case *tensor.DType:
		d := tensor.DType(a.I)
		if a.I < 0 || a.I > 255 || a.I != 0 && !d.Valid() {
			return fmt.Errorf("element type %d: %w", a.I, ir.ErrUnsupported)
		}
		*p = d
		return wantType(a, wire.AttrInt)
	case *float32:
		*p = a.F
		return wantType(a, wire.AttrFloat)
	case **float32:
		x := a.F
		*p = &x
		return wantType(a, wire.AttrFloat)
	case *string:
		if a.Type == wire.AttrTypeProto {
			t, err := n.s.typeOf(a.TP, nil)
			*p = t.String()
			return err
		}
		*p = string(a.S)
		return wantType(a, wire.AttrString)
	case *[]int:
		*p = make([]int, len(a.Ints))
		for i, x := range a.Ints {
			(*p)[i] = int(x)
		}
		return wantType(a, wire.AttrInts)
	case *[]float32:
		*p = append([]float32{}, a.Floats...)
		return wantType(a, wire.AttrFloats)
	case *[]string:
		*p = texts(a.Strings)
		return wantType(a, wire.AttrStrings)
	case **tensor.Tensor:
		return n.setTensor(p, a)
	}
	return fmt.Errorf("field of Go type %v", f.Type())
}

func (n *node) setTensor(p **tensor.Tensor, a *wire.Attr) error {
	if err := wantType(a, wire.AttrTensor); err != nil {
		return err
	}
	if a.T == nil {
		return fmt.Errorf("%w: the tensor is missing", wire.ErrFormat)
	}
	t, err := a.T.Tensor(n.s.im.opts.External)
	*p = t
	return err
}

// texts returns byte strings as strings; never nil, which stands for absent.
func texts(list [][]byte) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}
