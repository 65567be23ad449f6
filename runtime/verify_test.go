package runtime_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime"
)

var (
	casesFlag = flag.String("cases", "", "folders of cases to run instead of the default ones")
	matchFlag = flag.String("match", "", "regular expression of the names of cases to run")
)

func TestCases(t *testing.T) {
	root := os.Getenv("CAMEO_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no test material: set CAMEO_SHARED or put it at ../shared (%v)", err)
	}
	dirs := []string{filepath.Join(root, "models", "trained")}
	if *casesFlag != "" {
		dirs = filepath.SplitList(*casesFlag)
	}
	match := regexp.MustCompile(*matchFlag)
	passed, failed, refused := 0, 0, 0
	for _, dir := range dirs {
		cases, err := vectors.Find(dir, vectors.DefaultTolerance)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if !match.MatchString(c.Name) {
				continue
			}
			switch err := runCase(c); {
			case err == nil:
				passed++
			case errors.Is(err, ir.ErrUnsupported):
				refused++
			default:
				failed++
				t.Errorf("%s: %v", c.Name, err)
			}
		}
	}
	t.Logf("%d passed, %d failed, %d refused", passed, failed, refused)
}

func runCase(c vectors.Case) error {
	data, err := os.ReadFile(c.ModelPath())
	if err != nil {
		return err
	}
	p, err := wire.DecodeModel(data, wire.Budget{})
	if err != nil {
		return err
	}
	im, err := onnx.Import(p, onnx.Options{})
	if err != nil {
		return err
	}
	m, err := runtime.Compile(im.Graph, runtime.Options{Backend: cpu.Backend{}})
	if err != nil {
		return err
	}
	for _, set := range c.Sets {
		in, want, err := c.Read(set, p)
		if err != nil {
			return err
		}
		byName := map[string]tensor.Value{}
		for i, vi := range vectors.Inputs(p) {
			byName[vi.Name] = in[i]
		}
		got, err := m.Run(context.Background(), byName)
		if err != nil {
			return err
		}
		for i, o := range m.Outputs() {
			if want[i] == nil {
				continue
			}
			if diff := vectors.Compare(got[o.Name], want[i], c.Tolerance, c.Random); diff != nil {
				return fmt.Errorf("output %s: %w", o.Name, diff)
			}
		}
	}
	return nil
}
