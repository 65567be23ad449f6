package wire

import (
	"bytes"
	"path/filepath"
	"reflect"
	"testing"
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

func TestEveryVectorSurvivesEncoding(t *testing.T) {
	eachFile(t, ".pb", func(path string, data []byte) {
		if filepath.Base(path) == "model.pb" {
			return
		}
		p, err := DecodeTensor(data, Budget{})
		if err != nil || p.DataType == 0 {
			return
		}
		again, err := DecodeTensor(p.Append(nil), Budget{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if !bytes.Equal(again.Append(nil), p.Append(nil)) {
			t.Errorf("%s: changed by encoding", path)
		}
	})
}
