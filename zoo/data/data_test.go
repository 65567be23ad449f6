package data

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

func idx(dims []byte, data ...byte) []byte {
	out := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		out = append(out, 0, 0, 0, d)
	}
	return append(out, data...)
}

func TestImagesAreReadPlainAndZipped(t *testing.T) {
	dir := t.TempDir()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(idx([]byte{2, 1, 2}, 0, 51, 102, 255))
	w.Close()
	for name, b := range map[string][]byte{"x-images-idx3-ubyte.gz": z.Bytes(), "x-labels-idx1-ubyte": idx([]byte{2}, 7, 3)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := ReadImages(dir, "x")
	if err != nil {
		t.Fatal(err)
	}
	b := s.Batch(1, 2, 1, 1, 2)
	if x := tensor.Data[float32](b); s.Len() != 2 || s.Labels[1] != 3 || b.Rank() != 4 || x[0] != 0.4 || x[1] != 1 {
		t.Errorf("%+v, batch %v", s, x)
	}
}

func TestFilesThatLieAreRefused(t *testing.T) {
	for want, b := range map[string][]byte{
		"no IDX header":       {0, 0, 8},
		"is not that of":      idx([]byte{2}, make([]byte, 9)...),
		"1 bytes for sizes":   idx([]byte{1, 1, 2}, 1),
		"more than 107374182": {0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
	} {
		if _, _, err := decodeIDX(bytes.NewReader(b), 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, not %q", err, want)
		}
	}
	for want, text := range map[string]string{
		"no header":         "",
		"row 2 has 1":       "t\n0\n",
		`"x" is no number`:  "t,v\n0,x\n",
		`"NaN" is no numbe`: "t,v\n0,NaN\n",
		"neither 0 nor 1":   "t,v,a\n0,1,x\n",
	} {
		if _, err := decodeSeries(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, not %q", err, want)
		}
	}
}

func TestSeriesKeepTheirMarks(t *testing.T) {
	s, err := decodeSeries(strings.NewReader("t,v,a\n0,1.5,0\n1,-2,1.0\n"))
	if err != nil || len(s.Values) != 2 || s.Values[1] != -2 || s.Anomaly[0] || !s.Anomaly[1] {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestNamesFoldToTheAlphabet(t *testing.T) {
	for name, want := range map[string]string{"Ślusàrski": "Slusarski", "O'Néàl": "O'Neal", "Łuk1": "uk", "Dov": "Dov"} {
		if got := Fold(name); got != want {
			t.Errorf("%s folds to %q, not %q", name, got, want)
		}
	}
	if len(Alphabet) != 57 || len(Languages) != 18 {
		t.Errorf("%d letters, %d languages", len(Alphabet), len(Languages))
	}
}
