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

// encoders write tensors to files, by ending.
var encoders = map[string]func(io.Writer, []npy.Entry) error{
	".npz": npy.EncodeZip,
	".npy": func(w io.Writer, e []npy.Entry) error { return npy.Encode(w, e[0].Tensor) },
	".png": func(w io.Writer, e []npy.Entry) error { return writePicture(w, e[0].Tensor) },
	".pb": func(w io.Writer, e []npy.Entry) error {
		_, err := w.Write(wire.FromTensor(e[0].Name, e[0].Tensor).Append(nil))
		return err
	},
}

func ending(path string) string { return strings.ToLower(filepath.Ext(path)) }

// Writes reports whether Write knows the kind of file that a path names.
func Writes(path string) bool { return encoders[ending(path)] != nil }

// Write writes results to a file: all of them to .npz, one to .npy, .pb or .png.
func Write(path string, results []Named) (err error) {
	encode := encoders[ending(path)]
	if encode == nil {
		return fmt.Errorf("%w: %s is not .npz, .npy, .png or .pb", ErrSyntax, path)
	}
	entries, err := tensors(results)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if ending(path) != ".npz" && len(entries) != 1 {
		return fmt.Errorf("%w: %s holds one output, and there are %d: NAME=FILE says which, a .npz file holds all", ErrSyntax, path, len(entries))
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
	if err := encode(b, entries); err != nil {
		return err
	}
	return b.Flush()
}

// tensors returns results as entries of an archive.
func tensors(results []Named) ([]npy.Entry, error) {
	var entries []npy.Entry
	for _, r := range results {
		t, ok := r.Value.(*tensor.Tensor)
		if !ok {
			return nil, fmt.Errorf("output %s is no tensor, and no file of arrays holds it", wire.Quote(r.Name))
		}
		entries = append(entries, npy.Entry{Name: r.Name, Tensor: t})
	}
	return entries, nil
}

// writePicture writes [H,W], [C,H,W], [N,C,H,W], [H,W,C] or [N,H,W] with 1 or 3 channels; several pictures stand in rows.
// Floats are cut to 0…1, integers to 0…255.
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
