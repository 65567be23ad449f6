package wire

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestEveryModelSurvivesEncoding(t *testing.T) {
	eachFile(t, ".onnx", func(path string, data []byte) {
		m, err := DecodeModel(data, Budget{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		if what := Sniff(data); what != "" {
			t.Errorf("%s: looks like %s", path, what)
		}
		enc := m.Append(nil)
		again, err := DecodeModel(enc, Budget{})
		if err != nil {
			t.Errorf("%s: encoded: %v", path, err)
			return
		}
		if !bytes.Equal(again.Append(nil), enc) {
			t.Errorf("%s: encoding is not stable", path)
		}
		if !reflect.DeepEqual(m, again) && !hasNaN(m) {
			t.Errorf("%s: changed by encoding", path)
		}
	})
}

// hasNaN reports whether m holds an attribute that is not equal to itself.
func hasNaN(m *Model) bool { return !reflect.DeepEqual(clone(m), clone(m)) }

func clone(m *Model) *Model {
	c, err := DecodeModel(m.Append(nil), Budget{})
	if err != nil {
		panic(err)
	}
	return c
}

// eachVector calls f with every test vector under the shared folder and the type that its model declares for it.
func eachVector(t *testing.T, f func(path string, data []byte, typ *Type)) {
	n := 0
	eachFile(t, "model.onnx", func(path string, data []byte) {
		m, err := DecodeModel(data, Budget{})
		if err != nil || m.Graph == nil {
			return
		}
		sets, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "test_data_set_*"))
		for _, set := range sets {
			for kind, list := range map[string][]*ValueInfo{"input": m.Graph.Inputs, "output": m.Graph.Outputs} {
				for i, v := range list {
					file := filepath.Join(set, fmt.Sprintf("%s_%d.pb", kind, i))
					if data, err := os.ReadFile(file); err == nil {
						n++
						f(file, data, v.Type)
					}
				}
			}
		}
	})
	t.Logf("%d vectors", n)
}

func TestEveryVectorIsAValueOfItsType(t *testing.T) {
	eachVector(t, func(path string, data []byte, typ *Type) {
		v, err := DecodeValue(data, typ, Budget{})
		if err != nil {
			t.Errorf("%s: kind %d: %v", path, typ.Kind, err)
			return
		}
		if x, ok := v.(*tensor.Tensor); ok && typ.Kind == KindTensor && int32(x.DType()) != typ.Elem {
			t.Errorf("%s: %v, declared type %d", path, x.DType(), typ.Elem)
		}
	})
}

func TestEveryVectorSurvivesEncoding(t *testing.T) {
	eachVector(t, func(path string, data []byte, typ *Type) {
		switch typ.Kind {
		case KindTensor:
			survives(t, path, data, DecodeTensor)
		case KindSequence:
			survives(t, path, data, DecodeSequence)
		case KindOptional:
			survives(t, path, data, DecodeOptional)
		case KindMap:
			survives(t, path, data, DecodeMap)
		}
	})
}

func survives[P interface{ Append([]byte) []byte }](t *testing.T, path string, data []byte, dec func([]byte, Budget) (P, error)) {
	p, err := dec(data, Budget{})
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	enc := p.Append(nil)
	again, err := dec(enc, Budget{})
	if err != nil {
		t.Errorf("%s: encoded: %v", path, err)
	} else if !bytes.Equal(again.Append(nil), enc) {
		t.Errorf("%s: changed by encoding", path)
	}
}
