package npy

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// An Entry is an array of an archive.
type Entry struct {
	Name   string // without .npy
	Tensor *tensor.Tensor
}

// DecodeZip returns the arrays of a .npz archive in their order. Their sizes may not exceed limit bytes together.
func DecodeZip(r io.ReaderAt, size, limit int64) ([]Entry, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, formatf("%v", err)
	}
	var out []Entry
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			return nil, formatf("entry %.40q is no array", f.Name)
		}
		if f.UncompressedSize64 > uint64(limit) {
			return nil, formatf("entry %.40q of %d bytes goes over the limit", f.Name, f.UncompressedSize64)
		}
		t, n, err := readEntry(f, limit)
		if err != nil {
			return nil, fmt.Errorf("entry %.40q: %w", f.Name, err)
		}
		limit -= n
		out = append(out, Entry{name, t})
	}
	return out, nil
}

// readEntry reads one array. An entry that holds more than it declares is cut off.
func readEntry(f *zip.File, limit int64) (*tensor.Tensor, int64, error) {
	rc, err := f.Open()
	if err != nil {
		return nil, 0, formatf("%v", err)
	}
	defer rc.Close()
	data, err := io.ReadAll(io.LimitReader(rc, limit+1))
	if err != nil {
		return nil, 0, formatf("%v", err)
	}
	if int64(len(data)) > limit {
		return nil, 0, formatf("it goes over the limit")
	}
	t, err := Decode(data)
	return t, int64(len(data)), err
}

// EncodeZip writes arrays as a .npz archive, without compression, as NumPy's savez does.
func EncodeZip(w io.Writer, entries []Entry) error {
	z := zip.NewWriter(w)
	for _, e := range entries {
		f, err := z.CreateHeader(&zip.FileHeader{Name: e.Name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if err := Encode(f, e.Tensor); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
	}
	return z.Close()
}
