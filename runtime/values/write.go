package values

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/cameo-onnx/cameo/ir/npy"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// Named is a result.
type Named struct {
	Name  string
	Value tensor.Value
}

// Write writes results to a file: all of them to .npz, one to .npy, .pb or .png.
func Write(path string, results []Named) (err error) {
	var put func(io.Writer) error
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npz":
		put = func(w io.Writer) error { return writeArchive(w, results) }
	case ".npy":
		put = func(w io.Writer) error { return one(results, func(t *tensor.Tensor) error { return npy.Encode(w, t) }) }
	case ".png":
		put = func(w io.Writer) error {
			return one(results, func(t *tensor.Tensor) error { return writePicture(w, t) })
		}
	case ".pb":
		put = func(w io.Writer) error {
			return one(results, func(t *tensor.Tensor) error {
				_, err := w.Write(wire.FromTensor(results[0].Name, t).Append(nil))
				return err
			})
		}
	default:
		return fmt.Errorf("%w: %s is not .npz, .npy, .png or .pb", ErrSyntax, path)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			os.Remove(path) // half a file would look like a whole one
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	b := bufio.NewWriter(f)
	if err := put(b); err != nil {
		return err
	}
	return b.Flush()
}

func writeArchive(w io.Writer, results []Named) error {
	var entries []npy.Entry
	for _, r := range results {
		t, ok := r.Value.(*tensor.Tensor)
		if !ok {
			return fmt.Errorf("output %s is no tensor, and no array of an archive", wire.Quote(r.Name))
		}
		entries = append(entries, npy.Entry{Name: r.Name, Tensor: t})
	}
	return npy.EncodeZip(w, entries)
}

// one calls put with the only result.
func one(results []Named, put func(*tensor.Tensor) error) error {
	if len(results) != 1 {
		var names []string
		for _, r := range results {
			names = append(names, wire.Quote(r.Name))
		}
		return fmt.Errorf("%w: it holds one output, and there are %s: NAME=FILE says which, a .npz file holds all", ErrSyntax, strings.Join(names, ", "))
	}
	t, ok := results[0].Value.(*tensor.Tensor)
	if !ok {
		return fmt.Errorf("output %s is no tensor", wire.Quote(results[0].Name))
	}
	return put(t)
}

// writePicture writes [H,W], [C,H,W], [N,C,H,W], [H,W,C] or [N,H,W] with 1 or 3 channels; several pictures stand in rows. Floats are cut to 0…1, integers to 0…255.
func writePicture(w io.Writer, t *tensor.Tensor) error {
	d := t.Dims()
	n, h, width, c, nhwc := 1, 0, 0, 1, false
	channel := func(k int) bool { return k == 1 || k == 3 }
	switch {
	case len(d) == 2:
		h, width = d[0], d[1]
	case len(d) == 3 && channel(d[0]):
		c, h, width = d[0], d[1], d[2]
	case len(d) == 3 && channel(d[2]):
		h, width, c, nhwc = d[0], d[1], d[2], true
	case len(d) == 3:
		n, h, width = d[0], d[1], d[2]
	case len(d) == 4 && channel(d[1]):
		n, c, h, width = d[0], d[1], d[2], d[3]
	case len(d) == 4 && channel(d[3]):
		n, h, width, c, nhwc = d[0], d[1], d[2], d[3], true
	default:
		return fmt.Errorf("sizes %v are no picture", d)
	}
	if t.Len() == 0 || t.Len() > maxPixels*3 || !t.DType().IsFloat() && !t.DType().IsInt() {
		return fmt.Errorf("%v of sizes %v is no picture", t.DType(), d)
	}
	cols := int(math.Ceil(math.Sqrt(float64(n))))
	img := image.NewNRGBA(image.Rect(0, 0, cols*width, (n+cols-1)/cols*h))
	for i := range n * h * width {
		x, y, k := i%width, i/width%h, i/(width*h)
		var px [3]uint8
		for ch := range px {
			src := min(ch, c-1)
			at := ((k*c+src)*h+y)*width + x
			if nhwc {
				at = i*c + src
			}
			px[ch] = level(t, at)
		}
		img.SetNRGBA(k%cols*width+x, k/cols*h+y, color.NRGBA{px[0], px[1], px[2], 255})
	}
	return png.Encode(w, img)
}

func level(t *tensor.Tensor, i int) uint8 {
	v := t.Float64At(i)
	if t.DType().IsFloat() {
		v *= 255
	}
	if v != v {
		return 0
	}
	return uint8(math.Round(min(max(v, 0), 255)))
}
