package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// constantOp makes a constant of whichever attribute holds the value.
func constantOp(n *node) ([]*ir.Value, error) {
	if len(n.attrs) > 1 {
		return nil, fmt.Errorf("%w: it has %d attributes, not one", wire.ErrFormat, len(n.attrs))
	}
	name := label(n.proto)
	if len(n.proto.Out) > 0 {
		name = n.proto.Out[0]
	}
	for attr, a := range n.attrs {
		var t *tensor.Tensor
		switch attr {
		case "value":
			if a.T == nil {
				return nil, fmt.Errorf("%w: attribute value holds no tensor", wire.ErrFormat)
			}
			var err error
			if t, err = a.T.Tensor(n.s.im.opts.External); err != nil {
				return nil, err
			}
		case "value_float":
			t = tensor.Scalar(a.F)
		case "value_floats":
			t = tensor.Of(append([]float32{}, a.Floats...), len(a.Floats))
		case "value_int":
			t = tensor.Scalar(a.I)
		case "value_ints":
			t = tensor.Of(append([]int64{}, a.Ints...), len(a.Ints))
		case "value_string":
			t = tensor.OfStrings([]string{string(a.S)}).Reshape()
		case "value_strings":
			t = tensor.OfStrings(texts(a.Strings), len(a.Strings))
		case "sparse_value":
			if a.Sparse == nil {
				return nil, fmt.Errorf("%w: attribute sparse_value holds no tensor", wire.ErrFormat)
			}
			var err error
			if t, err = n.s.im.sparse(a.Sparse); err != nil {
				return nil, err
			}
		default:
			continue
		}
		return []*ir.Value{n.s.g.Const(n.s.prefix+name, t)}, nil
	}
	return nil, fmt.Errorf("%w: it has no value", wire.ErrFormat)
}
