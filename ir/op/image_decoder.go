package op

import (
	"errors"
	"fmt"

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

// ImageDecoder is the pixels, of sizes [height, width, channels], of the file that x holds: PNG, JPEG, JPEG 2000, GIF, BMP, TIFF, WebP
// or a portable map; of what is none of these, or damaged, no pixels.
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
		p, err := decodeImage(e, tens(in, 0).Bytes())
		if errors.Is(err, errNoImage) {
			return value(e.New(tensor.U8, 0, 0, n))
		}
		if err != nil {
			return nil, err
		}
		return a.pixels(e, p)
	},
})

// errNoImage marks a file that cannot be decoded, which ONNX makes an empty result.
var errNoImage = errors.New("no image")

// imageFormat is a kind of file, known by its first bytes, in which a question mark is any byte.
type imageFormat struct {
	name, magic string
	decode      func(e *ir.Env, data []byte) (*picture, error)
}

var imageFormats = []imageFormat{
	{"PNG", "\x89PNG\r\n\x1a\n", decodePNG},
	{"JPEG", "\xff\xd8\xff", decodeJPEG},
	{"GIF", "GIF8?a", decodeGIF},
	{"BMP", "BM", decodeBMP},
	{"TIFF", "II*\x00", decodeTIFF},
	{"TIFF", "MM\x00*", decodeTIFF},
	{"TIFF", "II+\x00", decodeTIFF},
	{"TIFF", "MM\x00+", decodeTIFF},
	{"WebP", "RIFF????WEBP", decodeWebP},
	{"portable map", "P?", decodePNM},
	{"JPEG 2000", "\x00\x00\x00\x0cjP  \r\n\x87\n", decodeJPEG2000},
	{"JPEG 2000", "\xff\x4f\xff\x51", decodeJPEG2000},
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

func decodeImage(e *ir.Env, data []byte) (*picture, error) {
	for _, f := range imageFormats {
		if !f.matches(data) {
			continue
		}
		p, err := f.decode(e, data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		return p, nil
	}
	return nil, errNoImage
}
