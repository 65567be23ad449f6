package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/cameo-onnx/cameo/ir/npy"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/testdata"
)

const (
	digits = "../../testdata/digits_cnn.onnx"
	names  = "../../testdata/names_rnn.onnx"
	seven  = "../../testdata/digits/7.png"

	passengers = "../../testdata/passengers.onnx --input age=1x1=29 --input fare=1x1=211.34 --input port=1x1=Southampton --input class=1x1=first"
)

// cameoRun runs a command line and returns what it printed.
func cameoRun(args ...string) (out, errs string, status int) {
	var o, e bytes.Buffer
	status = run(context.Background(), args, &o, &e)
	return o.String(), e.String(), status
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitStatusAndMessage(t *testing.T) {
	html := write(t, "page.onnx", "<!DOCTYPE html><html>not found</html>")
	whole, err := os.ReadFile(digits)
	if err != nil {
		t.Fatal(err)
	}
	cut := write(t, "cut.onnx", string(whole[:len(whole)/2]))
	empty := write(t, "empty.onnx", "")
	for _, c := range []struct {
		args   string
		status int
		says   string // on either stream
	}{
		{"", 0, "Usage"},
		{"--help", 0, "Usage"},
		{"rum", exitUsage, "did you mean run"},
		{"zzzzzz", exitUsage, "see cameo --help"},
		{"run", exitUsage, "want cameo run MODEL"},
		{"run --nope", exitUsage, "unknown flag: --nope; see cameo run --help"},
		{"run --help", 0, "cameo run digits.onnx"},
		{"run missing.onnx", exitData, "no such file"},
		{"run " + html, exitData, "HTML"},
		{"run " + cut, exitData, ""},
		{"run " + empty, exitData, ""},
		{"run " + digits, exitData, "--random 1"},
		{"run " + digits + " --random 1 --threads -1", exitUsage, "--threads"},
		{"run " + digits + " --random -4", exitUsage, "seed"},
		{"run " + digits + " --random 1 --dim N", exitUsage, "NAME=SIZE"},
		{"run " + digits + " --random 1 --dim bacth=4", exitUsage, "there are: \"batch\""},
		{"inspect " + digits + " --dim bacth=4", exitUsage, "there are: \"batch\""},
		{"run " + digits + " --random 1 --passes fold", exitUsage, "want off"},
		{"run " + digits + " --random 1 --passes=-nope", exitUsage, "nope"},
		{"run " + digits + " --random 1 --max-memory 1potato", exitUsage, "500MB"},
		{"run " + digits + " --random 1 --dim batch=99999999 --max-memory 1MB", exitUsage, "more than"},
		{"run " + digits + " --input " + seven + " --max-memory 1kB", exitBudget, "--max-memory allows more"},
		{"run " + digits + " --input " + seven + " --timeout 1ns", exitBudget, "longer than 1ns; --timeout allows more"},
		{"run " + digits + " --input " + seven + " --dim batch=4", exitUsage, "--dim goes with --random"},
		{"run " + digits + " --input " + seven + " --output nope=x.npy", exitUsage, "the outputs are \"logits\""},
		{"run " + digits + " --input " + seven + " --scores raw", exitUsage, "go with --top"},
		{"run " + digits + " --random 1 --show nope", exitData, "nope"},
		{"run " + digits + " --input nope=" + seven, exitUsage, "the inputs are"},
		{"run " + digits + " --input 2x2=1,2,3", exitUsage, "3 elements"},
		{"run " + digits + " --input 2x2=1,2,3,4", exitData, "f32[2,2]"},
		{"run " + digits + " --input readme.txt", exitUsage, "readme.txt"},
		{"run " + digits + " --input " + html, exitUsage, "neither"},
		{"run " + digits + " --input " + seven + " --layout up", exitUsage, "--layout"},
		{"run " + digits + " --input " + seven + " --mean 1,2", exitUsage, "2 numbers"},
		{"run " + digits + " --input " + seven + " --top 1 --labels nope.txt", exitUsage, "nope.txt"},
		{"run " + digits + " --input " + seven + " --output x.bmp", exitUsage, ".npz"},
		{"run " + digits + " --input " + seven + " --timeout -1s", exitUsage, "--timeout"},
		{"run " + digits + " --input " + seven + " --top 1", 0, "     7  0.99"},
		{"run " + digits + " --input " + seven + " --top 2 --passes off --threads 1", 0, "by softmax of the output"},
		{"run " + digits + " --input " + seven + " --top 1 --scores raw", 0, "as the model gives them"},
		{"run " + digits + " --input 1x1x28x28=NaN --top 1 --json", 0, `"score":"NaN"`},
		{"run " + digits + " --input 1x1x28x28=NaN --json", 0, `"NaN","NaN"`},
		{"run " + passengers, 0, `{"lost": 0.000598032, "survived": 0.999402}`},
		{"run " + passengers + " --top 1", 0, "     1  0.999402 survived"},
		{"run " + names + " --random 1", 0, `"next_hidden" f32[1,128]`},
		{"inspect " + digits, 0, "2.258 MFLOP a run"},
		{"inspect " + digits + " --dim batch=10", 0, "22.577 MFLOP a run (batch*2257696)"},
		{"inspect " + digits + " --ir", 0, "max_pool("},
		{"inspect " + digits + " --after fuse", 0, "return %logits"},
		{"inspect " + digits + " --after place", 0, "conv.f32"},
		{"inspect " + digits + " --after nope", exitUsage, "select, pack, schedule, place"},
		{"inspect " + digits + " --times", 0, "fuse-patterns"},
		{"inspect " + digits + " --json", 0, "\"elements\":105868"},
		{"inspect " + digits + " --ir --times", exitUsage, "give one"},
		{"inspect " + html, exitData, "HTML"},
		{"check " + digits, 0, "nothing stops"},
		{"check " + html, exitData, "HTML"},
		{"check --json " + html, exitData, "{\"faults\":[\""},
		{"bench " + digits + " --runs 3 --threads 1", 0, "allocations"},
		{"bench " + digits + " --runs 3 --json", 0, "\"p90_ns\""},
		{"bench " + digits + " --runs 3 --profile", 0, "longest steps"},
		{"bench " + digits + " --runs 3 --profile --json", 0, "\"total_ns\""},
		{"bench " + digits + " --runs -3", exitUsage, "--runs"},
		{"ops", 0, "LeakyRelu"},
		{"ops Conv", 0, "T float"},
		{"ops Nope", exitUsage, "no operator"},
		{"ops --json Gemm", 0, "gemm.f32"},
		{"verify --precision bf16 .", exitUsage, "fp32"},
		{"run " + digits + " --input " + seven + " --precision fp16", exitUsage, "fp32-strict"},
		{"run " + digits + " --input " + seven + " --precision fp32-strict --top 1", 0, "     7  0.99"},
		{"verify " + t.TempDir(), exitUsage, "no test case"},
		{"verify --rtol x .", exitUsage, "invalid argument"},
		{"verify --rtol nan .", exitUsage, "tolerance"},
		{"verify --threads -1 .", exitUsage, "--threads"},
		{"verify --timeout -1s .", exitUsage, "--timeout"},
		{"verify", exitUsage, "want cameo verify DIR…"},
		{"ops --json --markdown", exitUsage, "give one"},
		{"--version", 0, "cameo version"},
	} {
		out, errs, status := cameoRun(strings.Fields(c.args)...)
		if status != c.status || !strings.Contains(out+errs, c.says) {
			t.Errorf("cameo %s: status %d, want %d and %q:\n%s%s", c.args, status, c.status, c.says, out, errs)
		}
		if status != 0 && !strings.HasPrefix(c.args, "check") && strings.Count(errs, "\n") != 1+strings.Count(errs, "note: ") {
			t.Errorf("cameo %s: the error takes more than a line:\n%s", c.args, errs)
		}
	}
}

// full refuses every byte, as a full disk does.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestLostOutputIsAnError(t *testing.T) {
	for _, args := range []string{"ops", "ops --json", "inspect " + digits, "inspect " + digits + " --ir", "check " + digits, "run " + digits + " --input " + seven, "zoo list", "--help"} {
		var errs bytes.Buffer
		if status := run(context.Background(), strings.Fields(args), full{}, &errs); status != exitData || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("cameo %s: status %d: %s", args, status, &errs)
		}
	}
}

func TestRandomInputsKeepToTheSizesThatTheModelNeedsEqual(t *testing.T) {
	model := strings.Fields(passengers)[0]
	_, errs, status := cameoRun("run", model, "--random", "1", "--dim", "u2=3")
	if status != 0 || errs != "" {
		t.Errorf("one size given for all: status %d: %s", status, errs)
	}
	_, errs, status = cameoRun("run", model, "--random", "1", "--input", "age=3x1=1,2,3", "--input", "fare=2x1=1,2")
	if status != exitData || !strings.Contains(errs, "where the model needs u0 == u1") {
		t.Errorf("sizes that differ: status %d: %s", status, errs)
	}
}

func TestAFileIsLeftAloneWhereTheOutputsAreNotForIt(t *testing.T) {
	path := write(t, "kept.npy", "kept")
	_, errs, status := cameoRun("run", strings.Fields(passengers)[0], "--random", "1", "--output", path)
	if data, err := os.ReadFile(path); status == 0 || err != nil || string(data) != "kept" {
		t.Errorf("status %d, %q, %v: %s", status, data, err, errs)
	}
}

func TestACancelledRunIsOverTime(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var o, e bytes.Buffer
	if status := run(ctx, []string{"run", digits, "--input", seven}, &o, &e); status != exitBudget {
		t.Errorf("status %d:\n%s%s", status, o.String(), e.String())
	}
}

// saved writes a model of nodes from x to y.
func saved(t *testing.T, nodes ...*wire.Node) string {
	t.Helper()
	info := func(name string) *wire.ValueInfo {
		return &wire.ValueInfo{Name: name, Type: &wire.Type{Kind: wire.KindTensor, Elem: int32(tensor.F32), HasShape: true, Shape: []wire.Dim{{Value: 2, HasValue: true}, {Param: "N"}}}}
	}
	m := wire.Model{IRVersion: 8, Opsets: []wire.OpsetID{{Version: 20}}, Graph: &wire.Graph{Name: "g", Nodes: nodes, Inputs: []*wire.ValueInfo{info("x")}, Outputs: []*wire.ValueInfo{info("y")}}}
	return write(t, "m.onnx", string(m.Append(nil)))
}

func node(op, in, out string) *wire.Node {
	return &wire.Node{OpType: op, Name: "node of " + out, In: strings.Fields(in), Out: strings.Fields(out)}
}

func TestCheckListsAllThatStopsAModel(t *testing.T) {
	path := saved(t, node("Frobnicate", "x", "a"), node("Relu", "x", "b"), node("Gemm", "x", "c"), node("Add", "a c", "d"), node("Swizzle\x1b[2J", "b", "e"), node("Concat", "x x", "f"), node("Add", "d b", "y"))
	out, errs, status := cameoRun("check", path)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if status != exitData || errs != "" || len(lines) != 4 || strings.ContainsRune(out, 0x1b) {
		t.Errorf("status %d, %d lines:\n%s%s", status, len(lines), out, errs)
	}
	for _, want := range []string{"Frobnicate", "Swizzle", "node of c", "node of f"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
}

func TestOddNamesNeverReachTheTerminalRaw(t *testing.T) {
	odd := "y\x1b[31m\u202e"
	path := saved(t, node("Relu", "x", odd), node("Relu", odd, "y"))
	for _, args := range [][]string{{"run", path, "--random", "1", "--show", odd}, {"inspect", path}, {"inspect", path, "--after", "place"}, {"inspect", path, "--ir"}, {"run", path, "--input", "x=" + odd}, {"run", path, "--show", odd + "z"}} {
		out, errs, _ := cameoRun(args...)
		for _, r := range out + errs {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Errorf("cameo %q prints %U:\n%q", args, r, out+errs)
				break
			}
		}
	}
}

func TestRunWritesWhatItComputes(t *testing.T) {
	dir := t.TempDir()
	x, y := filepath.Join(dir, "x.npz"), filepath.Join(dir, "y.npy")
	f, err := os.Create(x)
	if err != nil {
		t.Fatal(err)
	}
	if err := npy.EncodeZip(f, []npy.Entry{{Name: "pixels", Tensor: tensor.New(tensor.F64, 2, 1, 28, 28)}}); err != nil {
		t.Fatal(err)
	}
	f.Close()
	out, errs, status := cameoRun("run", digits, "--input", x, "--output", y)
	if status != 0 || out != "" || !strings.Contains(errs, "f64 converted to f32") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	data, err := os.ReadFile(y)
	if err != nil {
		t.Fatal(err)
	}
	got, err := npy.Decode(data)
	if err != nil || got.Dims()[0] != 2 || got.Dims()[1] != 10 {
		t.Fatalf("wrote %v, %v", got, err)
	}
	out, _, status = cameoRun("run", digits, "--input", x, "--json")
	var res struct {
		Outputs []struct {
			Name   string
			Shape  []int
			Values []float64
		}
	}
	if err := json.Unmarshal([]byte(out), &res); err != nil || status != 0 {
		t.Fatalf("status %d, %v:\n%s", status, err, out)
	}
	for i, v := range res.Outputs[0].Values {
		if float32(v) != tensor.Data[float32](got)[i] {
			t.Fatalf("element %d: %v in JSON, %v in the file", i, v, tensor.Data[float32](got)[i])
		}
	}
}

func TestLabelsNameTheClasses(t *testing.T) {
	labels := write(t, "labels.txt", "zero\none\ntwo\nthree\nfour\nfive\nsix\nsev\x1b[31men\n")
	out, _, status := cameoRun("run", digits, "--input", seven, "--top", "1", "--labels", labels)
	if status != 0 || !strings.Contains(out, "7  0.99") || !strings.Contains(out, "sev [31men") || strings.ContainsRune(out, 0x1b) {
		t.Errorf("status %d:\n%q", status, out)
	}
}

func TestSkipsForgiveFailuresAndNothingElse(t *testing.T) {
	wrong, right := testdata.Shared(t, "onnx-tests", "types", "gru_f64_forward"), testdata.Shared(t, "onnx-tests", "types", "abs_bf16")
	for _, c := range []struct {
		dir, names string
		status     int
		says       string
	}{
		{wrong, "gru_f64_forward a reason", 0, "SKIPPED gru_f64_forward: a reason"},
		{wrong, "types/gru_f64_forward a reason", 0, "1 skipped"},
		{filepath.Dir(filepath.Dir(wrong)), "types/gru_f64_forward", exitUsage, "no reason"},
		{wrong, "forward a reason", exitData, `called "forward"`},
		{right, "# all is well\nabs_bf16 it differs", exitData, "it passes, and --skips names it"},
	} {
		out, errs, status := cameoRun("verify", c.dir, "--skips", write(t, "skips.txt", c.names))
		if status != c.status || !strings.Contains(out+errs, c.says) {
			t.Errorf("%s with %q: status %d, want %d and %q:\n%s%s", c.dir, c.names, status, c.status, c.says, out, errs)
		}
	}
}
