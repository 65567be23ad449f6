package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// An adapter brings a node of an older opset to the newest form: it changes the node, or builds what it means and returns the results.
type adapter struct {
	domain, op string
	before     int // the opset that changed the form; 0: every opset
	adapt      func(*node) ([]*ir.Value, error)
}

// adapters holds every change of meaning or form between opsets, oldest change of an operator first: each row brings its operator one step on.
var adapters = []adapter{
	{"", "Constant", 0, constantOp},
	{"", "Squeeze", 13, attrToOperand("axes", 1)},
	{"", "Unsqueeze", 13, attrToOperand("axes", 1)},
}

type opName struct{ domain, op string }

var adaptersOf = func() map[opName][]adapter {
	out := map[opName][]adapter{}
	for _, a := range adapters {
		k := opName{a.domain, a.op}
		out[k] = append(out[k], a)
	}
	return out
}()

// adapted reports whether adapters take every node of an operator, so that the catalogue need not have it.
func adapted(domain, name string) bool {
	for _, a := range adaptersOf[opName{domain, name}] {
		if a.before == 0 {
			return true
		}
	}
	return false
}

// adapt applies the adapters of the node's operator that its opset needs. Results mean that the node is built.
func (n *node) adapt() ([]*ir.Value, error) {
	for _, a := range adaptersOf[opName{n.domain, n.op}] {
		if a.before != 0 && n.version >= a.before {
			continue
		}
		outs, err := a.adapt(n)
		if outs != nil || err != nil {
			return outs, err
		}
	}
	return nil, nil
}

// attrToOperand moves a list of integers from an attribute to operand at.
func attrToOperand(name string, at int) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		a := n.take(name)
		if a == nil {
			return nil, nil
		}
		for len(n.in) <= at {
			n.in = append(n.in, nil)
		}
		n.in[at] = n.ints(a.Ints)
		return nil, nil
	}
}

// constantOp makes a constant of whichever attribute holds the value.
func constantOp(n *node) ([]*ir.Value, error) {
	for name, a := range n.attrs {
		var t *tensor.Tensor
		switch name {
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
			s := make([]string, len(a.Strings))
			for i, x := range a.Strings {
				s[i] = string(x)
			}
			t = tensor.OfStrings(s, len(s))
		case "sparse_value":
			if a.Sparse == nil {
				return nil, fmt.Errorf("%w: attribute sparse_value holds no tensor", wire.ErrFormat)
			}
			var err error
			if t, err = sparse(a.Sparse, n.s.im.opts.External); err != nil {
				return nil, err
			}
		default:
			continue
		}
		return []*ir.Value{n.s.g.Const(n.s.prefix+label(n.proto), t)}, nil
	}
	return nil, fmt.Errorf("%w: it has no value", wire.ErrFormat)
}
