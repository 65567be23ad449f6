package op

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// standard is a decoder of the standard library's kind, which is asked for the sizes that the file claims before it decodes.
func standard(e *ir.Env, data []byte, config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error)) (image.Image, error) {
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
	return m, nil
}

// decodePNG decodes PNG files. Grey of 16 bits is cut off at 255, as ONNX's reference has it; colours of 16 bits keep their upper eight.
func decodePNG(e *ir.Env, data []byte) (*picture, error) {
	m, err := standard(e, data, png.DecodeConfig, png.Decode)
	if err != nil {
		return nil, err
	}
	if data[24] == 16 && data[25] == 0 { // the header comes first: bits, and kind of colours
		return fromImage(e, cutOff{m})
	}
	return fromImage(e, m)
}

// cutOff is a grey image of 16 bits, of which only values up to 255 are told from white.
type cutOff struct{ image.Image }

func (m cutOff) rgb(x, y int) (r, g, b uint8) {
	var v uint16
	switch c := m.At(x, y).(type) {
	case color.Gray16:
		v = c.Y
	case color.NRGBA64:
		v = c.R
	}
	k := uint8(min(v, 255))
	return k, k, k
}

// decodeGIF decodes the first picture of GIF files, on a screen of the transparent colour, or else of the first one. Transparency is
// left out: that colour is what the palette says.
func decodeGIF(e *ir.Env, data []byte) (*picture, error) {
	at, ground := gifTransparency(data)
	if at > 0 {
		if err := e.Take(tensor.U8, []int{len(data)}); err != nil {
			return nil, err
		}
		data = slices.Clone(data)
		data[at] &^= 1
	}
	m, err := standard(e, data, gif.DecodeConfig, gif.Decode)
	if err != nil {
		return nil, err
	}
	frame, ok := m.(*image.Paletted)
	if !ok || len(data) < 10 {
		return fromImage(e, m)
	}
	screen := image.Rect(0, 0, int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))).Union(frame.Rect)
	if screen == frame.Rect {
		return fromImage(e, frame)
	}
	if err := takePixels(e, screen.Dx(), screen.Dy(), 1); err != nil {
		return nil, err
	}
	colours := slices.Clone(frame.Palette)
	for len(colours) <= int(ground) {
		colours = append(colours, color.RGBA{A: 255})
	}
	full := image.NewPaletted(screen, colours)
	for i := range full.Pix {
		full.Pix[i] = ground
	}
	for y := frame.Rect.Min.Y; y < frame.Rect.Max.Y; y++ {
		copy(full.Pix[full.PixOffset(frame.Rect.Min.X, y):], frame.Pix[frame.PixOffset(frame.Rect.Min.X, y):][:frame.Rect.Dx()])
	}
	return fromImage(e, full)
}

// gifTransparency finds the flags of the first picture, if they name a transparent colour, and the colour's number.
func gifTransparency(data []byte) (at int, colour uint8) {
	if len(data) < 13 {
		return 0, 0
	}
	i := 13
	if data[10]&0x80 != 0 {
		i += 3 << (data[10]&7 + 1)
	}
	for i+7 < len(data) && data[i] == '!' {
		if data[i+1] == 0xf9 && data[i+2] == 4 && data[i+3]&1 != 0 {
			at, colour = i+3, data[i+6]
		}
		for i += 2; i < len(data) && data[i] > 0; {
			i += int(data[i]) + 1
		}
		i++
	}
	return at, colour
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
	case interface {
		rgb(x, y int) (r, g, b uint8)
	}:
		return m.rgb
	case *image.NRGBA:
		return func(x, y int) (r, g, b uint8) {
			p := m.Pix[m.PixOffset(x, y):]
			return p[0], p[1], p[2]
		}
	case *image.NRGBA64:
		return func(x, y int) (r, g, b uint8) {
			p := m.Pix[m.PixOffset(x, y):]
			return p[0], p[2], p[4]
		}
	case *image.RGBA: // of these files only opaque ones
		return func(x, y int) (r, g, b uint8) {
			p := m.Pix[m.PixOffset(x, y):]
			return p[0], p[1], p[2]
		}
	}
	return func(x, y int) (r, g, b uint8) {
		c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
		return c.R, c.G, c.B
	}
}
