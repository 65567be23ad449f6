package values

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // decoders that image.Decode finds
	_ "image/png"

	"golang.org/x/image/draw"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// maxPixels bounds the pixels of a picture that is decoded.
const maxPixels = 1 << 26

// A frame is the sizes of a picture in a tensor, 0 where they are open, and the axes that hold them: -1 for channels that have none.
type frame struct {
	h, w, c          int
	atH, atW, atC, n int // n: the rank
}

// layouts place rows, columns and channels in tensors of rank 4, or without the leading axis in such of rank 3.
var layouts = map[string][3]int{"nchw": {2, 3, 1}, "nhwc": {1, 2, 3}}

// frameOf returns where a picture lies in a tensor of type t.
func frameOf(t ir.Type, layout string) (frame, error) {
	if t.Kind != ir.Tensor || t.Unranked {
		return frame{}, fmt.Errorf("%w: a picture cannot be a value of type %v", ErrSyntax, t)
	}
	size := func(i int) int {
		n, _ := t.Shape[i].Int()
		return n
	}
	rank := t.Rank()
	if layout == "" {
		layout = guess(t, size)
	}
	f := frame{n: rank, atC: -1, c: 1}
	at, ok := layouts[layout]
	switch {
	case layout == "hw" && (rank == 2 || rank == 3):
		f.atH, f.atW = rank-2, rank-1
	case ok && (rank == 4 || rank == 3):
		off := 4 - rank
		f.atH, f.atW, f.atC = at[0]-off, at[1]-off, at[2]-off
		f.c = size(f.atC)
	default:
		return f, fmt.Errorf("%w: a picture cannot be %v in layout %q: --layout is nchw, nhwc (rank 4 or 3) or hw (rank 2 or 3)", ErrSyntax, t, layout)
	}
	f.h, f.w = size(f.atH), size(f.atW)
	if f.c == 0 {
		f.c = 3
	}
	if f.c != 1 && f.c != 3 && f.c != 4 {
		return f, fmt.Errorf("%w: %d channels, where a picture has 1, 3 or 4: the layout is not %s", ErrSyntax, f.c, layout)
	}
	for i := range rank {
		if n := size(i); i != f.atH && i != f.atW && i != f.atC && n > 1 {
			return f, fmt.Errorf("%w: %v takes %d pictures at a time: give them as a .npy file", ErrSyntax, t, n)
		}
	}
	return f, nil
}

// guess returns the layout that t's sizes tell: channels are 1, 3 or 4.
func guess(t ir.Type, size func(int) int) string {
	few := func(i int) bool { n := size(i); return n == 1 || n == 3 || n == 4 }
	switch rank := t.Rank(); {
	case rank == 4 && few(3) && !few(1), rank == 3 && few(2) && !few(0):
		return "nhwc"
	case rank == 4, rank == 3 && few(0) && size(0) > 1:
		return "nchw"
	}
	return "hw"
}

// picture reads a picture as a tensor of type t: 0…1 for floats, less Mean and over Std; 0…255 for integers.
func (r *Reader) picture(path string, t ir.Type) (tensor.Value, error) {
	f, err := frameOf(t, r.Layout)
	if err != nil {
		return nil, err
	}
	img, err := readFile(r, path, decodePicture)
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	if f.h == 0 {
		f.h = b.Dy()
	}
	if f.w == 0 {
		f.w = b.Dx()
	}
	if f.h != b.Dy() || f.w != b.Dx() {
		if !r.Resize {
			return nil, fmt.Errorf("%s has %d×%d pixels, the model takes %d×%d: --resize scales it", path, b.Dx(), b.Dy(), f.w, f.h)
		}
		if f.h > maxPixels || f.w > maxPixels/max(1, f.h) {
			return nil, fmt.Errorf("the model takes %d×%d pixels, more than %d", f.w, f.h, maxPixels)
		}
		r.note("%s: %d×%d pixels scaled to %d×%d", path, b.Dx(), b.Dy(), f.w, f.h)
		to := image.NewNRGBA64(image.Rect(0, 0, f.w, f.h))
		draw.BiLinear.Scale(to, to.Bounds(), img, b, draw.Src, nil)
		img = to
	}
	return r.fillPicture(img, t.DType, f)
}

func decodePicture(data []byte) (image.Image, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels/c.Height {
		return nil, fmt.Errorf("%d×%d pixels, more than %d", c.Width, c.Height, maxPixels)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	return img, err
}

// fillPicture returns the tensor of one picture.
func (r *Reader) fillPicture(img image.Image, d tensor.DType, f frame) (tensor.Value, error) {
	if !d.IsFloat() && !d.IsInt() {
		return nil, fmt.Errorf("%w: a picture cannot be %v", ErrSyntax, d)
	}
	mean, std, err := r.scaling(f.c)
	if err != nil {
		return nil, err
	}
	dims := make([]int, f.n)
	for i := range dims {
		dims[i] = 1
	}
	dims[f.atH], dims[f.atW] = f.h, f.w
	if f.atC >= 0 {
		dims[f.atC] = f.c
	}
	stride := func(axis int) int { // of an axis; one that is not there has no steps to take
		n := 1
		for _, d := range dims[axis+1:] {
			n *= d
		}
		return n
	}
	row, column, channel := stride(f.atH), stride(f.atW), stride(f.atC)
	t := tensor.New(d, dims...)
	scaled := d.IsFloat() || r.Mean != nil || r.Std != nil
	b := img.Bounds()
	for y := range f.h {
		for x := range f.w {
			px := channels(img, b.Min.X+x, b.Min.Y+y, f.c)
			for c := range f.c {
				at := y*row + x*column + c*channel
				if scaled {
					t.SetFloat64At(at, (px[c]-mean[c])/std[c])
				} else {
					t.SetInt64At(at, int64(px[c]*255+0.5))
				}
			}
		}
	}
	return t, nil
}

// channels returns a pixel's grey, or red, green, blue and opacity, from 0 to 1.
func channels(img image.Image, x, y, n int) [4]float64 {
	r, g, b, a := img.At(x, y).RGBA()
	if n == 1 {
		return [4]float64{(0.299*float64(r) + 0.587*float64(g) + 0.114*float64(b)) / 0xffff}
	}
	return [4]float64{float64(r) / 0xffff, float64(g) / 0xffff, float64(b) / 0xffff, float64(a) / 0xffff}
}

// scaling returns mean and standard deviation for each of n channels.
func (r *Reader) scaling(n int) (mean, std []float64, err error) {
	each := func(v []float64, def float64, what string) []float64 {
		out := make([]float64, n)
		for i := range out {
			switch {
			case len(v) == 0:
				out[i] = def
			case len(v) == 1:
				out[i] = v[0]
			case len(v) == n:
				out[i] = v[i]
			default:
				err = fmt.Errorf("%w: %d numbers for --%s, the picture has %d channels", ErrSyntax, len(v), what, n)
			}
			if what == "std" && out[i] == 0 && err == nil {
				err = fmt.Errorf("%w: --std 0", ErrSyntax)
			}
		}
		return out
	}
	return each(r.Mean, 0, "mean"), each(r.Std, 1, "std"), err
}
