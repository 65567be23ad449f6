package wire

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// DecodeValue reads a file that holds a value of type t, such as an input of a test: a TensorProto, SequenceProto, MapProto or
// OptionalProto, whichever t asks for. A t that is nil or of no kind asks for a tensor. External data are refused.
func DecodeValue(data []byte, t *Type, b Budget) (tensor.Value, error) {
	kind := KindTensor
	if t != nil && t.Kind != KindNone {
		kind = t.Kind
	}
	switch kind {
	case KindTensor:
		return decodeAs(data, b, DecodeTensor, (*Tensor).Tensor)
	case KindSequence:
		return decodeAs(data, b, DecodeSequence, (*Sequence).Value)
	case KindMap:
		return decodeAs(data, b, DecodeMap, (*Map).Value)
	case KindOptional:
		return decodeAs(data, b, DecodeOptional, (*Optional).Value)
	}
	return nil, formatf("values of kind %d have no encoding", kind)
}

func decodeAs[P any, V tensor.Value](data []byte, b Budget, dec func([]byte, Budget) (*P, error), val func(*P, External) (V, error)) (tensor.Value, error) {
	p, err := dec(data, b)
	if err != nil {
		return nil, err
	}
	v, err := val(p, nil)
	if err != nil {
		return nil, err
	}
	return v, nil
}

var errSparse = formatError("sparse tensors in sequences and optionals are not supported")

// Value returns s's elements. An element's error names its position.
func (s *Sequence) Value(external External) (*tensor.Sequence, error) {
	if len(s.Sparses) > 0 {
		return nil, errSparse
	}
	kinds := 0
	for _, n := range []int{len(s.Tensors), len(s.Sequences), len(s.Maps), len(s.Optionals)} {
		if n > 0 {
			kinds++
		}
	}
	if kinds > 1 {
		return nil, formatf("a sequence with elements of %d kinds", kinds)
	}
	out := &tensor.Sequence{}
	err := errors.Join( // at most one of the arrays has elements
		elemValues(out, s.Tensors, (*Tensor).Tensor, external),
		elemValues(out, s.Sequences, (*Sequence).Value, external),
		elemValues(out, s.Maps, (*Map).Value, external),
		elemValues(out, s.Optionals, (*Optional).Value, external),
	)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func elemValues[P any, V tensor.Value](out *tensor.Sequence, list []*P, val func(*P, External) (V, error), external External) error {
	for i, p := range list {
		v, err := val(p, external)
		if err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
		out.Elems = append(out.Elems, v)
	}
	return nil
}

// Value returns o's element, or an Optional without one.
func (o *Optional) Value(external External) (*tensor.Optional, error) {
	var v tensor.Value
	var err error
	switch {
	case o.Sparse != nil:
		err = errSparse
	case o.Tensor != nil:
		v, err = o.Tensor.Tensor(external)
	case o.Sequence != nil:
		v, err = o.Sequence.Value(external)
	case o.Map != nil:
		v, err = o.Map.Value(external)
	case o.Optional != nil:
		v, err = o.Optional.Value(external)
	}
	if err != nil {
		return nil, err
	}
	return &tensor.Optional{Elem: v}, nil
}

// Value returns m's keys, of m's key type, and its values: one tensor, or tensors of one element type one after the other, with as many
// elements as there are keys.
func (m *Map) Value(external External) (*tensor.Map, error) {
	if m.Values == nil {
		return nil, formatf("a map without values")
	}
	seq, err := m.Values.Value(external)
	if err != nil {
		return nil, err
	}
	keys, err := m.keys()
	if err != nil {
		return nil, err
	}
	values, err := concat(seq.Elems)
	if err != nil {
		return nil, err
	}
	if values == nil {
		return nil, formatf("a map without values")
	}
	if keys.Len() != values.Len() {
		return nil, formatf("a map of %d keys and %d values", keys.Len(), values.Len())
	}
	return &tensor.Map{Keys: keys, Values: values}, nil
}

func (m *Map) keys() (*tensor.Tensor, error) {
	if len(m.Keys) > 0 && len(m.StringKeys) > 0 {
		return nil, formatf("a map with both integer and string keys")
	}
	d := tensor.Invalid
	if m.KeyType > 0 && m.KeyType < 1<<8 {
		d = tensor.DType(m.KeyType)
	}
	switch {
	case d == tensor.String && len(m.Keys) == 0:
		list := make([]string, len(m.StringKeys))
		for i, s := range m.StringKeys {
			list[i] = string(s)
		}
		return tensor.OfStrings(list, len(list)), nil
	case !d.IsInt() || d.Bits() < 8 || len(m.StringKeys) > 0:
		return nil, formatf("a map with keys of type %v and %d string keys", d, len(m.StringKeys))
	}
	t := tensor.New(d, len(m.Keys))
	size := d.Bits() / 8
	for i, k := range m.Keys {
		if !fits(k, d) {
			return nil, formatf("key %d of a map is %d, which is not a %v", i, k, d)
		}
		for j := range size {
			t.Bytes()[i*size+j] = byte(k >> (8 * j))
		}
	}
	return t, nil
}

// fits reports whether k is a d, an integer type. Keys of type u64 are stored as their bits.
func fits(k int64, d tensor.DType) bool {
	if d.Bits() == 64 {
		return true
	}
	if d.IsSigned() {
		return k >= -1<<(d.Bits()-1) && k < 1<<(d.Bits()-1)
	}
	return k >= 0 && k < 1<<d.Bits()
}

// concat returns the elements of all tensors in list as one of rank 1; nil if list is empty.
func concat(list []tensor.Value) (*tensor.Tensor, error) {
	var d tensor.DType
	var data []byte
	var strs []string
	for i, v := range list {
		t, ok := v.(*tensor.Tensor)
		if !ok {
			return nil, formatf("a map with values that are not tensors")
		}
		if i > 0 && t.DType() != d {
			return nil, formatf("a map with values of types %v and %v", d, t.DType())
		}
		if d = t.DType(); d != tensor.String && d.Bits() < 8 {
			return nil, formatf("a map with values of type %v", d)
		}
		data, strs = append(data, t.Bytes()...), append(strs, t.Strings()...)
	}
	switch d {
	case tensor.Invalid:
		return nil, nil
	case tensor.String:
		return tensor.OfStrings(strs, len(strs)), nil
	}
	n := len(data) * 8 / d.Bits()
	e := elems{dtype: d, dims: []int{n}, count: n, bytes: len(data)}
	return e.fromBytes("a map's values", data)
}
