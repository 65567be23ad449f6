package op

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ImageDecoderAttrs names the channels: "RGB", "BGR" or "Grayscale".
type ImageDecoderAttrs struct {
	PixelFormat string `ir:"pixel_format"`
}

func (a ImageDecoderAttrs) channels() (int, error) {
	switch a.PixelFormat {
	case "RGB", "BGR":
		return 3, nil
	case "Grayscale":
		return 1, nil
	}
	return 0, fmt.Errorf("pixel_format %q", a.PixelFormat)
}

// maxPixels bounds an image, whatever its file is: a few bytes may claim to be billions of pixels.
const maxPixels = 1 << 28

// ImageDecoder is the pixels, of sizes [height, width, channels], of the file that x holds: PNG, JPEG, GIF, BMP, TIFF, WebP or a portable map; of what is none of these, no pixels.
var ImageDecoder = define(Def[ImageDecoderAttrs]{
	Name: "image_decoder", ONNX: "ImageDecoder", Sig: "x u8 -> y u8",
	Props: ir.Pure,
	Attrs: ImageDecoderAttrs{PixelFormat: "RGB"},
	Infer: func(sc *ir.Scope, a ImageDecoderAttrs, in []ir.Known) (ir.Known, error) {
		if r := in[0].Rank(); r >= 0 && r != 1 {
			return ir.Known{}, fmt.Errorf("a file of rank %d, not 1", r)
		}
		n, err := a.channels()
		return of(ir.TensorOf(tensor.U8, sc.Fresh(), sc.Fresh(), sym.Const(n))), err
	},
	Eval: func(e *ir.Env, a ImageDecoderAttrs, in []tensor.Value) (tensor.Value, error) {
		n, err := a.channels()
		if err != nil {
			return nil, err
		}
		img, err := decodeImage(e, tens(in, 0).Bytes())
		if errors.Is(err, errNoImage) {
			return value(e.New(tensor.U8, 0, 0, n))
		}
		if err != nil {
			return nil, err
		}
		return a.pixels(e, img, n)
	},
})

// errNoImage marks a file that cannot be decoded, which ONNX makes an empty result.
var errNoImage = errors.New("no image")

// imageFormat is a kind of file, known by its first bytes, in which a question mark is any byte.
type imageFormat struct {
	name, magic string
	config      func([]byte) (image.Config, error)
	decode      func([]byte) (image.Image, error)
}

var imageFormats = []imageFormat{
	stdFormat("PNG", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode),
	{"JPEG", "\xff\xd8", nil, nil}, // the standard library's decoder differs by up to 2 from the one that ONNX's cases expect
	stdFormat("GIF", "GIF8?a", gif.DecodeConfig, gif.Decode),
	stdFormat("BMP", "BM", bmp.DecodeConfig, bmp.Decode),
	stdFormat("TIFF", "II*\x00", tiff.DecodeConfig, tiff.Decode),
	stdFormat("TIFF", "MM\x00*", tiff.DecodeConfig, tiff.Decode),
	stdFormat("WebP", "RIFF????WEBP", webp.DecodeConfig, webp.Decode),
	{"portable map", "P?", pnmConfig, decodePNM},
	{"JPEG 2000", "\x00\x00\x00\x0cjP  ", nil, nil},
	{"JPEG 2000", "\xff\x4f\xff\x51", nil, nil},
}

func stdFormat(name, magic string, config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error)) imageFormat {
	return imageFormat{name, magic,
		func(data []byte) (image.Config, error) { return config(bytes.NewReader(data)) },
		func(data []byte) (image.Image, error) { return decode(bytes.NewReader(data)) }}
}

func (f imageFormat) matches(data []byte) bool {
	if len(data) < len(f.magic) {
		return false
	}
	for i := range len(f.magic) {
		if c := f.magic[i]; c != '?' && c != data[i] {
			return false
		}
	}
	return true
}

// decodeImage looks at the sizes that the file claims, and charges for them, before it decodes.
func decodeImage(e *ir.Env, data []byte) (image.Image, error) {
	for _, f := range imageFormats {
		if !f.matches(data) {
			continue
		}
		if f.decode == nil {
			return nil, fmt.Errorf("an image in the format %s: %w", f.name, ir.ErrUnsupported)
		}
		c, err := f.config(data)
		if err != nil {
			return nil, fmt.Errorf("%w: %v", errNoImage, err)
		}
		if c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
			return nil, fmt.Errorf("an image of %d by %d pixels", c.Width, c.Height)
		}
		// Decoders hold up to 8 bytes a pixel, and as much again in working memory.
		if err := e.Take(tensor.U8, []int{c.Height, c.Width, 16}); err != nil {
			return nil, err
		}
		img, err := f.decode(data)
		if err != nil {
			return nil, fmt.Errorf("%w: %v", errNoImage, err)
		}
		if m, ok := img.(*image.YCbCr); ok && f.name == "WebP" {
			return studioImage{m}, nil
		}
		return img, nil
	}
	return nil, errNoImage
}

// pixels returns the image's channels; transparency is left out.
func (a ImageDecoderAttrs) pixels(e *ir.Env, img image.Image, n int) (tensor.Value, error) {
	b := img.Bounds()
	out, err := e.New(tensor.U8, b.Dy(), b.Dx(), n)
	if err != nil {
		return nil, err
	}
	p, at := out.Bytes(), pixelAt(img)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		if err := e.Err(); err != nil {
			return nil, err
		}
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl := at(x, y)
			switch a.PixelFormat {
			case "RGB":
				p[0], p[1], p[2] = r, g, bl
			case "BGR":
				p[0], p[1], p[2] = bl, g, r
			default:
				// The weights of ITU-R BT.601, in 16-bit fixed point.
				p[0] = uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(bl) + 1<<15) >> 16)
			}
			p = p[n:]
		}
	}
	return out, nil
}

// pixelAt returns a function that gives the channels of a pixel.
func pixelAt(img image.Image) func(x, y int) (r, g, b uint8) {
	switch m := img.(type) {
	case *image.YCbCr:
		return smoothChroma(m)
	case studioImage:
		return m.rgb
	case *image.Gray:
		return func(x, y int) (r, g, b uint8) {
			c := m.GrayAt(x, y).Y
			return c, c, c
		}
	}
	return func(x, y int) (r, g, b uint8) {
		c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
		return c.R, c.G, c.B
	}
}
