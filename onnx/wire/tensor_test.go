package wire

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestReadEveryInitializer(t *testing.T) {
	read, elsewhere := 0, 0
	eachFile(t, ".onnx", func(path string, data []byte) {
		if filepath.Base(filepath.Dir(path)) == "bench" {
			return // stored without weights
		}
		m, err := DecodeModel(data, Budget{})
		if err != nil || m.Graph == nil {
			return // TestDecodeEveryModel says so
		}
		for _, p := range m.Graph.Inits {
			if p.DataLocation == LocationExternal {
				elsewhere++
				continue
			}
			v, err := p.Tensor(nil)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			read++
			if int(v.DType()) != int(p.DataType) || v.Rank() != len(p.Dims) {
				t.Errorf("%s: %s: %v%v", path, Quote(p.Name), v.DType(), v.Dims())
			}
		}
	})
	t.Logf("%d tensors read, %d in other files", read, elsewhere)
}

var _ = errors.Is
var _ = strings.Contains
var _ = tensor.F32
