package runtime

import (
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestValuesOfEveryKindAreHeldAgainstTheirType(t *testing.T) {
	f32, word := tensor.New(tensor.F32, 2, 3), tensor.OfStrings([]string{"a"})
	seq := func(elems ...tensor.Value) tensor.Value { return &tensor.Sequence{Elems: elems} }
	for _, c := range []struct {
		name string
		typ  string
		v    tensor.Value
		fits bool
	}{
		{"a tensor of open sizes", "f32[N,3]", f32, true},
		{"a tensor of any rank", "f32[*]", f32, true},
		{"a tensor of another size", "f32[N,4]", f32, false},
		{"a tensor of another rank", "f32[N]", f32, false},
		{"a tensor of another element type", "i64[N,3]", f32, false},
		{"an empty sequence", "seq(f32[*])", seq(), true},
		{"a sequence of tensors of other sizes than declared", "seq(f32[7])", seq(f32, tensor.New(tensor.F32, 9)), true},
		{"a sequence of another element type", "seq(str[*])", seq(f32), false},
		{"a sequence one of whose elements is another", "seq(f32[*])", seq(f32, word), false},
		{"a tensor for a sequence", "seq(f32[*])", f32, false},
		{"a sequence that holds nil", "seq(f32[*])", seq(f32, nil), false},
		{"an absent optional", "opt(f32[*])", &tensor.Optional{}, true},
		{"an optional of another element type", "opt(f32[*])", &tensor.Optional{Elem: word}, false},
		{"an optional of a nil tensor", "opt(f32[*])", &tensor.Optional{Elem: (*tensor.Tensor)(nil)}, false},
		{"a map", "map(str,f32[*])", &tensor.Map{Keys: word, Values: tensor.New(tensor.F32, 1)}, true},
		{"a map of other keys", "map(i64,f32[*])", &tensor.Map{Keys: word, Values: tensor.New(tensor.F32, 1)}, false},
		{"a map of more values than keys", "map(str,f32[*])", &tensor.Map{Keys: word, Values: tensor.New(tensor.F32, 2)}, false},
		{"nil", "f32[*]", nil, false},
	} {
		typ, err := ir.ParseType(c.typ)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkInput(c.v, typ); (err == nil) != c.fits {
			t.Errorf("%s for %s: %v", c.name, c.typ, err)
		}
	}
}
