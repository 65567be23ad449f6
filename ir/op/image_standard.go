package op

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"io"

	"github.com/cameo-onnx/cameo/ir"
)

// standard is a decoder of the standard library's kind, which is asked for the sizes that the file claims before it decodes.
func standard(config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error)) func(*ir.Env, []byte) (*picture, error) {
	return func(e *ir.Env, data []byte) (*picture, error) {
		c, err := config(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%w: %v", errNoImage, err)
		}
		// Decoders hold up to 8 bytes a pixel, and as much again in working memory.
		if err := takePixels(e, c.Width, c.Height, 16); err != nil {
			return nil, err
		}
		m, err := decode(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%w: %v", errNoImage, err)
		}
		if w, ok := m.(*image.YCbCr); ok {
			m = studioImage{w} // of these formats only WebP has luma and chroma
		}
		return fromImage(e, m)
	}
}

// fromImage copies an image's channels.
func fromImage(e *ir.Env, m image.Image) (*picture, error) {
	b, channels := m.Bounds(), 3
	gray, grey := m.(*image.Gray)
	if grey {
		channels = 1
	}
	p, err := newPicture(e, b.Dx(), b.Dy(), channels, 0)
	if err != nil {
		return nil, err
	}
	to := p.pix
	at := pixelAt(m)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		if err := e.Err(); err != nil {
			return nil, err
		}
		if grey {
			to = to[copy(to, gray.Pix[gray.PixOffset(b.Min.X, y):][:b.Dx()]):]
			continue
		}
		for x := b.Min.X; x < b.Max.X; x++ {
			to[0], to[1], to[2] = at(x, y)
			to = to[3:]
		}
	}
	return p, nil
}

// pixelAt returns a function that gives the channels of a pixel.
func pixelAt(img image.Image) func(x, y int) (r, g, b uint8) {
	switch m := img.(type) {
	case studioImage:
		return m.rgb
	case *image.NRGBA:
		return func(x, y int) (r, g, b uint8) {
			c := m.NRGBAAt(x, y)
			return c.R, c.G, c.B
		}
	}
	return func(x, y int) (r, g, b uint8) {
		c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
		return c.R, c.G, c.B
	}
}
