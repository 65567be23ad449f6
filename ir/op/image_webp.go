package op

import (
	"encoding/binary"
	"image"

	"golang.org/x/image/webp"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// decodeWebP decodes WebP files; of those that move, the first picture, on a black canvas.
func decodeWebP(e *ir.Env, data []byte) (*picture, error) {
	frame, canvas, at := firstFrame(data)
	if frame == nil {
		return decodeStill(e, data)
	}
	if err := e.Take(tensor.U8, []int{len(frame)}); err != nil {
		return nil, err
	}
	p, err := decodeStill(e, still(frame))
	if err != nil || p.width == canvas.X && p.height == canvas.Y {
		return p, err
	}
	out, err := newPicture(e, canvas.X, canvas.Y, p.channels, 0)
	if err != nil {
		return nil, err
	}
	wide, high := min(p.width, canvas.X-at.X), min(p.height, canvas.Y-at.Y)
	for y := 0; y < high && wide > 0; y++ {
		n := p.channels
		copy(out.pix[((at.Y+y)*canvas.X+at.X)*n:], p.pix[y*p.width*n:(y*p.width+wide)*n])
	}
	return out, nil
}

func decodeStill(e *ir.Env, data []byte) (*picture, error) {
	m, err := standard(e, data, webp.DecodeConfig, webp.Decode)
	if err != nil {
		return nil, err
	}
	switch y := m.(type) {
	case *image.YCbCr:
		m = studioImage{y}
	case *image.NYCbCrA:
		m = studioImage{&y.YCbCr}
	}
	return fromImage(e, m)
}

// riffChunk splits off the first chunk.
func riffChunk(data []byte) (kind string, body, rest []byte) {
	if len(data) < 8 {
		return "", nil, nil
	}
	n := int(min(binary.LittleEndian.Uint32(data[4:]), uint32(len(data)-8)))
	return string(data[:4]), data[8 : 8+n], data[min(8+n+n&1, len(data)):]
}

// firstFrame finds the first picture of a file that moves: its chunks, the canvas's size, and the picture's place there.
func firstFrame(data []byte) (chunks []byte, canvas, at image.Point) {
	three := func(s []byte) int { return int(s[0]) | int(s[1])<<8 | int(s[2])<<16 }
	kind, body, rest := riffChunk(data[12:])
	if kind != "VP8X" || len(body) < 10 || body[0]&2 == 0 {
		return nil, canvas, at
	}
	canvas = image.Pt(three(body[4:])+1, three(body[7:])+1)
	for len(rest) > 0 {
		if kind, body, rest = riffChunk(rest); kind == "ANMF" && len(body) > 16 {
			return body[16:], canvas, image.Pt(2*three(body), 2*three(body[3:]))
		}
	}
	return nil, canvas, at
}

// still makes a file of a frame's picture. What is told of its opacity is left out.
func still(chunks []byte) []byte {
	for len(chunks) > 0 {
		kind, body, rest := riffChunk(chunks)
		if kind == "VP8 " || kind == "VP8L" {
			file := append([]byte("RIFF\x00\x00\x00\x00WEBP"), chunks[:8]...)
			binary.LittleEndian.PutUint32(file[16:], uint32(len(body)))
			file = append(append(file, body...), make([]byte, len(body)&1)...)
			binary.LittleEndian.PutUint32(file[4:], uint32(len(file)-8))
			return file
		}
		chunks = rest
	}
	return nil
}
