package wire

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/testdata"
)

// eachFile calls f with every file under the shared folder whose name ends in ext.
func eachFile(t *testing.T, ext string, f func(path string, data []byte)) {
	n := 0
	err := filepath.WalkDir(testdata.Shared(t), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ext) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		f(path, data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files", n)
}

func TestDecodeEveryModel(t *testing.T) {
	eachFile(t, ".onnx", func(path string, data []byte) {
		m, err := DecodeModel(data, Budget{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if m.Graph == nil || len(m.Graph.Outputs) == 0 && len(m.Graph.Nodes) > 0 {
			t.Errorf("%s: no graph, or none with outputs", path)
		}
	})
}
