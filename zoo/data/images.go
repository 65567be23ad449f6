package data

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// maxBytes bounds the elements of an IDX file.
const maxBytes = 1 << 30

// Images are grey pictures with a class each.
type Images struct {
	H, W   int
	Pixels []byte // N·H·W, 0 … 255
	Labels []byte // N
}

// Len returns the number of pictures.
func (s *Images) Len() int { return len(s.Labels) }

// Batch returns pictures from … to−1 as numbers from 0 to 1, each of the sizes dims, whose product must be H·W.
func (s *Images) Batch(from, to int, dims ...int) *tensor.Tensor {
	t := tensor.New(tensor.F32, append([]int{to - from}, dims...)...)
	x := tensor.Data[float32](t)
	for i, p := range s.Pixels[from*s.H*s.W : to*s.H*s.W] {
		x[i] = float32(p) / 255
	}
	return t
}

// ReadImages reads SPLIT-images-idx3-ubyte and SPLIT-labels-idx1-ubyte in dir, either possibly with .gz behind; MNIST's splits
// are train and t10k.
func ReadImages(dir, split string) (*Images, error) {
	pixels, dims, err := readIDX(filepath.Join(dir, split+"-images-idx3-ubyte"), 3)
	if err != nil {
		return nil, err
	}
	labels, n, err := readIDX(filepath.Join(dir, split+"-labels-idx1-ubyte"), 1)
	if err != nil {
		return nil, err
	}
	if n[0] != dims[0] {
		return nil, fmt.Errorf("data: %s: %d labels for %d pictures", dir, n[0], dims[0])
	}
	return &Images{H: dims[1], W: dims[2], Pixels: pixels, Labels: labels}, nil
}

// readIDX reads a file of bytes of the given rank.
func readIDX(path string, rank int) ([]byte, []int, error) {
	f, err := os.Open(path + ".gz")
	zipped := err == nil
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	var r io.Reader = bufio.NewReader(f)
	if zipped {
		if r, err = gzip.NewReader(r); err != nil {
			return nil, nil, fmt.Errorf("data: %s: %w", f.Name(), err)
		}
	}
	x, dims, err := decodeIDX(r, rank)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %s: %w", f.Name(), err)
	}
	return x, dims, nil
}

// decodeIDX reads two zero bytes, the element type 8 (bytes), the rank, the sizes as big-endian 32-bit numbers, and the elements.
func decodeIDX(r io.Reader, rank int) ([]byte, []int, error) {
	head := make([]byte, 4+4*rank)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, nil, fmt.Errorf("no IDX header: %w", err)
	}
	if head[0] != 0 || head[1] != 0 || head[2] != 8 || int(head[3]) != rank {
		return nil, nil, fmt.Errorf("header % x is not that of an IDX file of bytes of rank %d", head[:4], rank)
	}
	dims := make([]int, rank)
	for i := range dims {
		dims[i] = int(binary.BigEndian.Uint32(head[4+4*i:]))
	}
	n, ok := tensor.Count(dims)
	if !ok || n > maxBytes {
		return nil, nil, fmt.Errorf("sizes %v are more than %d bytes", dims, maxBytes)
	}
	// The memory grows with what is there, not with what the header says.
	x, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil {
		return nil, nil, err
	}
	if len(x) != n {
		return nil, nil, fmt.Errorf("%d bytes for sizes %v", len(x), dims)
	}
	return x, dims, nil
}
