package wire

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

func f32s(v ...float32) *Tensor {
	return &Tensor{DataType: 1, Dims: []int64{int64(len(v))}, Floats: v}
}

func TestValuesAreOfTheTypeAskedFor(t *testing.T) {
	elem := &Type{Kind: KindTensor, Elem: 1}
	seq := &Sequence{Elem: ElemTensor, Tensors: []*Tensor{f32s(1), f32s(2, 3)}}
	one, two := tensor.Of([]float32{1}), tensor.Of([]float32{2, 3})
	tests := []struct {
		name string
		data []byte
		typ  *Type
		want tensor.Value
	}{
		{"a tensor", f32s(1).Append(nil), elem, one},
		{"no type", f32s(1).Append(nil), nil, one},
		{"a sequence", seq.Append(nil), &Type{Kind: KindSequence, Of: elem}, &tensor.Sequence{Elems: []tensor.Value{one, two}}},
		{"an empty sequence", nil, &Type{Kind: KindSequence, Of: elem}, &tensor.Sequence{}},
		{"an optional", (&Optional{Elem: ElemSequence, Sequence: seq}).Append(nil), &Type{Kind: KindOptional}, &tensor.Optional{Elem: &tensor.Sequence{Elems: []tensor.Value{one, two}}}},
		{"an empty optional", (&Optional{Elem: ElemTensor}).Append(nil), &Type{Kind: KindOptional}, &tensor.Optional{}},
		{"a map of integers", (&Map{KeyType: 6, Keys: []int64{-1, 5, 7}, Values: seq}).Append(nil), &Type{Kind: KindMap},
			&tensor.Map{Keys: tensor.Of([]int32{-1, 5, 7}), Values: tensor.Of([]float32{1, 2, 3})}},
		{"a map of strings", (&Map{KeyType: 8, StringKeys: [][]byte{[]byte("a")}, Values: &Sequence{Tensors: []*Tensor{f32s(1)}}}).Append(nil), &Type{Kind: KindMap},
			&tensor.Map{Keys: tensor.OfStrings([]string{"a"}), Values: one}},
		{"a sequence of maps", (&Sequence{Elem: ElemMap, Maps: []*Map{{KeyType: 7, Keys: []int64{4}, Values: &Sequence{Tensors: []*Tensor{f32s(1)}}}}}).Append(nil),
			&Type{Kind: KindSequence}, &tensor.Sequence{Elems: []tensor.Value{&tensor.Map{Keys: tensor.Of([]int64{4}), Values: one}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeValue(tt.data, tt.typ, Budget{})
			if err != nil || !same(got, tt.want) {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// same compares values by type, sizes and bytes.
func same(a, b tensor.Value) bool {
	switch a := a.(type) {
	case *tensor.Tensor:
		b, ok := b.(*tensor.Tensor)
		return ok && a.DType() == b.DType() && reflect.DeepEqual(a.Dims(), b.Dims()) && string(a.Bytes()) == string(b.Bytes()) && reflect.DeepEqual(a.Strings(), b.Strings())
	case *tensor.Sequence:
		b, ok := b.(*tensor.Sequence)
		if !ok || len(a.Elems) != len(b.Elems) {
			return false
		}
		for i := range a.Elems {
			if !same(a.Elems[i], b.Elems[i]) {
				return false
			}
		}
		return true
	case *tensor.Optional:
		b, ok := b.(*tensor.Optional)
		return ok && (a.Elem == nil && b.Elem == nil || a.Elem != nil && b.Elem != nil && same(a.Elem, b.Elem))
	case *tensor.Map:
		b, ok := b.(*tensor.Map)
		return ok && same(a.Keys, b.Keys) && same(a.Values, b.Values)
	}
	return false
}

func TestValuesThatLieAreRefused(t *testing.T) {
	vals := &Sequence{Tensors: []*Tensor{f32s(1)}}
	tests := []struct {
		name string
		data []byte
		kind TypeKind
		want string
	}{
		{"a sparse tensor", nil, KindSparse, "values of kind 5 have no encoding"},
		{"a sequence of two kinds", (&Sequence{Tensors: []*Tensor{f32s(1)}, Maps: []*Map{{}}}).Append(nil), KindSequence, "a sequence with elements of 2 kinds"},
		{"a broken element", (&Sequence{Tensors: []*Tensor{f32s(1), {Name: "b"}}}).Append(nil), KindSequence, `element 1: tensor "b": element type 0 is unknown`},
		{"a sparse optional", (&Optional{Sparse: &SparseTensor{}}).Append(nil), KindOptional, "sparse tensors in sequences and optionals are not supported"},
		{"a map without values", (&Map{KeyType: 7}).Append(nil), KindMap, "a map without values"},
		{"a map of unequal halves", (&Map{KeyType: 7, Keys: []int64{1, 2}, Values: vals}).Append(nil), KindMap, "a map of 2 keys and 1 values"},
		{"a key out of range", (&Map{KeyType: 3, Keys: []int64{128}, Values: vals}).Append(nil), KindMap, "key 0 of a map is 128, which is not a i8"},
		{"a negative unsigned key", (&Map{KeyType: 12, Keys: []int64{-1}, Values: vals}).Append(nil), KindMap, "key 0 of a map is -1, which is not a u32"},
		{"keys of floats", (&Map{KeyType: 1, Keys: []int64{1}, Values: vals}).Append(nil), KindMap, "a map with keys of type f32"},
		{"keys of two kinds", (&Map{KeyType: 7, Keys: []int64{1}, StringKeys: [][]byte{{}}, Values: vals}).Append(nil), KindMap, "a map with both integer and string keys"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := DecodeValue(tt.data, &Type{Kind: tt.kind}, Budget{})
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant …%s…", err, tt.want)
			}
		})
	}
}
