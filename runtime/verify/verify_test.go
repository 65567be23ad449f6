package verify_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime"
	"github.com/cameo-onnx/cameo/runtime/verify"
	"github.com/cameo-onnx/cameo/testdata"
)

// cases returns the cases below a folder of the test material, or skips.
func cases(t *testing.T, folder ...string) []vectors.Case {
	found, err := vectors.Find(testdata.Shared(t, folder...), vectors.DefaultTolerance)
	if err != nil || len(found) == 0 {
		t.Fatalf("%d cases: %v", len(found), err)
	}
	return found
}

func options(change func(*verify.Options)) verify.Options {
	o := verify.Options{Runtime: runtime.Options{Backend: cpu.Backend{}, Threads: 2}, Timeout: time.Minute}
	change(&o)
	return o
}

var modes = map[string]verify.Options{
	"default":         options(func(*verify.Options) {}),
	"one thread":      options(func(o *verify.Options) { o.Runtime.Threads = 1 }),
	"no passes":       options(func(o *verify.Options) { o.Runtime.Passes.Off = []string{"all"} }),
	"each pass":       options(func(o *verify.Options) { o.EachPass = true }),
	"dynamic":         options(func(o *verify.Options) { o.Dynamic = true }),
	"constant inputs": options(func(o *verify.Options) { o.ConstInputs = true }),
}

func TestModelsGiveTheirReferencesInEveryMode(t *testing.T) {
	all := cases(t, "models")
	for name, o := range modes {
		step := 1
		if testing.Short() || o.EachPass {
			step = 7 // a sample: all of them take minutes
		}
		for i := 0; i < len(all); i += step {
			if r := verify.Run(context.Background(), all[i], o); r.Status != verify.Pass {
				t.Errorf("%s: %s %s: %s", name, r.Status, r.Case, r.Detail)
			}
		}
	}
}

// TestAWrongReferenceFails plants a reference that is off, and expects to be told where.
func TestAWrongReferenceFails(t *testing.T) {
	c := cases(t, "models", "trained", "digits_cnn")[0]
	dir := t.TempDir()
	set := filepath.Join(dir, "test_data_set_0")
	if err := os.Mkdir(set, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"model.onnx", "test_data_set_0/input_0.pb", "test_data_set_0/output_0.pb"} {
		data, err := os.ReadFile(filepath.Join(c.Dir, f))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f, "output_0.pb") {
			p, err := wire.DecodeTensor(data, wire.Budget{})
			if err != nil {
				t.Fatal(err)
			}
			x, err := p.Tensor(nil)
			if err != nil {
				t.Fatal(err)
			}
			x = x.Clone()
			x.SetFloat64At(3, x.Float64At(3)+1)
			data = wire.FromTensor(p.Name, x).Append(nil)
		}
		if err := os.WriteFile(filepath.Join(dir, f), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := vectors.Find(dir, vectors.DefaultTolerance)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d cases: %v", len(found), err)
	}
	r := verify.Run(context.Background(), found[0], modes["default"])
	if r.Status != verify.Fail || !strings.Contains(r.Detail, "worst at [0 3]") {
		t.Errorf("got %s: %s", r.Status, r.Detail)
	}
}
