package onnx_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/testdata"
)

var (
	casesFlag   = flag.String("cases", "", "folders of cases to run instead of the default ones, separated by the list separator")
	matchFlag   = flag.String("match", "", "regular expression of the names of cases to run")
	exportFlag  = flag.String("export", "", "folder to which TestExportReadsBackToTheSameText saves what it exports")
	refusedFlag = flag.Bool("refused", false, "list the cases that are refused, with reasons")
)

// TestConformance imports cases and compares the reference evaluation with their outputs. What is not supported must be refused, never
// wrong.
//
//	go test ./onnx -run TestConformance -cases ../../shared/onnx-tests/node -match '^test_conv' -refused
func TestConformance(t *testing.T) {
	root := testdata.Shared(t)
	dirs := []string{filepath.Join(root, "onnx-tests", "node"), filepath.Join(root, "onnx-tests", "types"), filepath.Join(root, "models", "trained")}
	if *casesFlag != "" {
		dirs = filepath.SplitList(*casesFlag)
	}
	match := regexp.MustCompile(*matchFlag)
	passed, failed, refused := 0, 0, 0
	skip := skips(t)
	for _, dir := range dirs {
		cases, err := vectors.Find(dir, vectors.DefaultTolerance)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if !match.MatchString(c.Name) {
				continue
			}
			err := runCase(c)
			switch why := skip[c.Name]; {
			case why != "" && err != nil:
				t.Logf("SKIPPED %s: %s", c.Name, why)
			case why != "":
				t.Errorf("%s passes: testdata/skips.txt need not name it", c.Name)
			case err == nil:
				passed++
			case errors.Is(err, ir.ErrUnsupported):
				refused++
				if *refusedFlag {
					t.Logf("REFUSED %s: %v", c.Name, err)
				}
			default:
				failed++
				t.Errorf("%s: %v", c.Name, err)
			}
		}
	}
	t.Logf("%d passed, %d failed, %d refused", passed, failed, refused)
}

// skips reads the names of cases that cannot pass, with the reasons.
func skips(t *testing.T) map[string]string {
	data, err := os.ReadFile(filepath.Join("testdata", "skips.txt"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if name, why, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			out[name] = strings.TrimSpace(why)
		}
	}
	return out
}

func runCase(c vectors.Case) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	data, err := os.ReadFile(c.ModelPath())
	if err != nil {
		return err
	}
	m, err := wire.DecodeModel(data, wire.Budget{})
	if err != nil {
		return err
	}
	external := func(location string, offset, length int64) ([]byte, error) {
		b, err := os.ReadFile(filepath.Join(c.Dir, filepath.Base(location)))
		if err != nil {
			return nil, err
		}
		if length < 0 {
			return b[offset:], nil
		}
		return b[offset : offset+length], nil
	}
	im, err := onnx.Import(m, onnx.Options{External: external})
	if err != nil {
		return err
	}
	if err := im.Graph.Verify(); err != nil {
		return err
	}
	if err := roundTrip(im.Graph); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, set := range c.Sets {
		in, want, err := c.Read(set, m)
		if err != nil {
			return err
		}
		got, err := im.Graph.Eval(&ir.Env{Ctx: ctx, Seed: 1}, in)
		if err != nil {
			return err
		}
		for i, w := range want {
			if w == nil {
				continue
			}
			if diff := vectors.Compare(got[i], w, c.Tolerance, c.Random || draws(im.Graph)); diff != nil {
				return fmt.Errorf("output %d: %w", i, diff)
			}
			if err := declared(im.Graph.Outputs[i].Value, got[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// draws reports whether g draws random numbers, for which references hold types and sizes only.
func draws(g *ir.Graph) bool {
	return !g.AllNodes(func(_ *ir.Graph, n *ir.Node) bool { return n.Op.Props&ir.Random == 0 })
}

// declared checks that a result is of the type that inference gave it, where that is all numbers.
func declared(v *ir.Value, got tensor.Value) error {
	t, ok := got.(*tensor.Tensor)
	if !ok || v.Type.Unranked {
		return nil
	}
	dims, ok := v.Type.Shape.Ints()
	if len(v.Type.Shape) != t.Rank() || ok && fmt.Sprint(dims) != fmt.Sprint(t.Dims()) {
		return fmt.Errorf("%%%s was inferred as %v but is %v", v.Name, v.Type, t.Dims())
	}
	return nil
}

// roundTrip checks that the graph's text reads back to the same bytes.
func roundTrip(g *ir.Graph) error {
	consts := map[string]*tensor.Tensor{}
	g.AllNodes(func(b *ir.Graph, _ *ir.Node) bool {
		for _, v := range b.Consts() {
			consts[v.Name] = v.Data
		}
		return true
	})
	for _, v := range g.Consts() {
		consts[v.Name] = v.Data
	}
	text := g.String()
	h, err := ir.Parse(text, op.Lookup, func(name string, _ ir.Type) (*tensor.Tensor, error) { return consts[name], nil })
	if err != nil {
		return fmt.Errorf("text does not read back: %w", err)
	}
	if again := h.String(); again != text {
		return fmt.Errorf("text reads back to other text:\n%s\n%s", text, again)
	}
	return nil
}
