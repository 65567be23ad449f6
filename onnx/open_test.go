package onnx_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// externalModel returns the bytes of a model that adds two weights of two elements in other files to its input.
func externalModel(entries ...[]wire.StringString) []byte {
	g := &wire.Graph{Name: "g", Inputs: []*wire.ValueInfo{vinfo("x", tensor.F32, 2)}, Outputs: vnames("y")}
	last := "x"
	for i, e := range entries {
		w, y := fmt.Sprintf("w%d", i), fmt.Sprintf("s%d", i)
		g.Inits = append(g.Inits, &wire.Tensor{Name: w, DataType: int32(tensor.F32), Dims: []int64{2}, DataLocation: wire.LocationExternal, External: e})
		g.Nodes = append(g.Nodes, nodeOf("Add", last+" "+w, y))
		last = y
	}
	g.Nodes = append(g.Nodes, nodeOf("Identity", last, "y"))
	return modelOf(17, g).Append(nil)
}

func at(location, offset, length string) []wire.StringString {
	out := []wire.StringString{{Key: "location", Value: location}, {Key: "checksum", Value: "?"}, {Key: "__class__", Value: "x"}}
	if offset != "" {
		out = append(out, wire.StringString{Key: "offset", Value: offset})
	}
	if length != "" {
		out = append(out, wire.StringString{Key: "length", Value: length})
	}
	return out
}

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenReadsExternalDataByRange(t *testing.T) {
	dir := t.TempDir()
	data := wire.FromTensor("", tensor.Of([]float32{1, 2, 30, 40}, 4)).Raw
	write(t, filepath.Join(dir, "sub", "w.bin"), data)
	model := externalModel(at("sub/w.bin", "", ""), at("./sub/w.bin", "8", "8"), at("sub/w.bin", "0", "8"))
	path := write(t, filepath.Join(dir, "m.onnx"), model)
	files := fstest.MapFS{"a/m.onnx": {Data: model}, "a/sub/w.bin": {Data: data}}
	for name, open := range map[string]func() (*onnx.Model, error){
		"Open":   func() (*onnx.Model, error) { return onnx.Open(path, onnx.Options{}) },
		"OpenFS": func() (*onnx.Model, error) { return onnx.OpenFS(files, "a/m.onnx", onnx.Options{}) },
		"DirFS":  func() (*onnx.Model, error) { return onnx.OpenFS(os.DirFS(dir), "m.onnx", onnx.Options{}) },
	} {
		m, err := open()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		out, err := m.Graph.Eval(&ir.Env{}, []tensor.Value{tensor.Of([]float32{100, 200}, 2)})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(out[0].(*tensor.Tensor).Float64s()); got != "[132 244]" {
			t.Errorf("%s: got %s", name, got)
		}
		w0, w2 := m.Graph.Value("w0").Data, m.Graph.Value("w2").Data
		if &w0.Bytes()[0] != &w2.Bytes()[0] {
			t.Errorf("%s: one range is in memory twice", name)
		}
	}
}

func TestOpenRefusesExternalDataOutsideItsFolder(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "model")
	secret := write(t, filepath.Join(top, "secret"), make([]byte, 64))
	write(t, filepath.Join(dir, "good"), make([]byte, 64))
	write(t, filepath.Join(dir, "two"), make([]byte, 64))
	for _, err := range []error{
		os.Symlink(secret, filepath.Join(dir, "link")),
		os.Symlink("good", filepath.Join(dir, "inner")),
		os.Symlink(top, filepath.Join(dir, "up")),
		os.Link(filepath.Join(dir, "two"), filepath.Join(dir, "three")),
		os.Mkdir(filepath.Join(dir, "folder"), 0o755),
		mkfifo(filepath.Join(dir, "pipe")),
	} {
		if err != nil {
			t.Skip(err)
		}
	}
	for _, c := range []struct{ location, offset, length, want string }{
		{"../secret", "", "", "below the model's folder"},
		{"a/../../secret", "", "", "below the model's folder"},
		{"folder/../good", "", "", "below the model's folder"},
		{secret, "", "", "below the model's folder"},
		{`..\secret`, "", "", "below the model's folder"},
		{".", "", "", "below the model's folder"},
		{"", "", "", "without a location"},
		{"good\x00", "", "", "below the model's folder"},
		{"*/_ORT_MEM_ADDR_/*", "123", "8", "no such file"},
		{"link", "", "", "no regular file"},
		{"inner", "", "", "no regular file"},
		{"up/secret", "", "", "no folder"},
		{"three", "", "", "hard links"},
		{"folder", "", "", "no regular file"},
		{"pipe", "", "", "no regular file"},
		{"missing", "", "", "no such file"},
		{"good", "60", "", "do not lie in the file's 64"},
		{"good", "9223372036854775799", "", "do not lie"},
		{"good", "9223372036854775807", "", "out of range"},
		{"good", "-8", "", "not a position"},
		{"good", "99999999999999999999", "", "not a position"},
		{"good", "0", "99999999999", "want 8"},
	} {
		path := write(t, filepath.Join(dir, "m.onnx"), externalModel(at(c.location, c.offset, c.length)))
		_, err := onnx.Open(path, onnx.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "w0") {
			t.Errorf("%q at %q: %v, want %q", c.location, c.offset, err, c.want)
		}
		if _, err := onnx.OpenFS(os.DirFS(dir), "m.onnx", onnx.Options{}); err == nil {
			t.Errorf("OpenFS accepts %q at %q", c.location, c.offset)
		}
	}
}

func TestOpenRefusesOverlappingRangesThatMultiplyAFile(t *testing.T) {
	var entries [][]wire.StringString
	for i := range 40 {
		entries = append(entries, at("w", fmt.Sprint(i), "8"))
	}
	files := fstest.MapFS{"m.onnx": {Data: externalModel(entries...)}, "w": {Data: make([]byte, 64)}}
	if _, err := onnx.OpenFS(files, "m.onnx", onnx.Options{}); !errors.Is(err, wire.ErrBudget) {
		t.Errorf("got %v, want a budget error", err)
	}
}

func TestOpenSaysWhatAFileIs(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ data, want string }{
		{"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n", "a Git LFS pointer"},
		{"<!DOCTYPE html><html></html>", "an HTML page"},
		{"", "an empty file"},
	} {
		_, err := onnx.Open(write(t, filepath.Join(dir, "m.onnx"), []byte(c.data)), onnx.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, wire.ErrFormat) {
			t.Errorf("%q: %v, want %q", c.data, err, c.want)
		}
	}
	if _, err := onnx.Open(dir, onnx.Options{}); err == nil {
		t.Error("a folder was opened as a model")
	}
	if _, err := onnx.Open(filepath.Join(dir, "none"), onnx.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	big := write(t, filepath.Join(dir, "big.onnx"), make([]byte, 1000))
	if _, err := onnx.Open(big, onnx.Options{MaxBytes: 999}); !errors.Is(err, wire.ErrBudget) {
		t.Errorf("a file beyond the limit: %v", err)
	}
}
