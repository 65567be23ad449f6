package op

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/jpeg"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Compressions of TIFF files.
const (
	tiffPlain       = 1
	tiffFaxRows     = 2
	tiffFax3        = 3
	tiffFax4        = 4
	tiffLZW         = 5
	tiffJPEGStreams = 7
	tiffDeflate     = 8
	tiffOldDeflate  = 32946
	tiffRuns        = 32773
)

// chunk returns the rows of a strip or tile, each of row bytes, in buf if it is long enough.
func (t *tiffFile) chunk(e *ir.Env, i, row, rows int, buf []byte) ([]byte, error) {
	at, size := int64(t.offsets[i]), int64(t.sizes[i])
	if at+size > int64(len(t.data)) {
		return nil, t.fault("a strip or tile beyond the end")
	}
	data := t.data[at : at+size]
	if t.tag(tiffFillOrder, 1) == 2 {
		if err := e.Take(tensor.U8, []int{len(data)}); err != nil {
			return nil, err
		}
		turned := make([]byte, len(data))
		for k, b := range data {
			turned[k] = bits.Reverse8(b)
		}
		data = turned
	}
	need := row * rows
	if cap(buf) < need {
		buf = make([]byte, row*t.chunkHeight)
	}
	buf = buf[:need]
	if err := t.expand(e, data, buf); err != nil {
		return nil, err
	}
	return buf, t.unpredict(buf, row)
}

// expand fills out with what data holds.
func (t *tiffFile) expand(e *ir.Env, data, out []byte) error {
	var r io.Reader
	switch c := t.tag(tiffCompression, tiffPlain); c {
	case tiffPlain:
		r = bytes.NewReader(data)
	case tiffLZW:
		r = lzw.NewReader(bytes.NewReader(data), lzw.MSB, 8)
	case tiffDeflate, tiffOldDeflate:
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return t.fault("%v", err)
		}
		r = z
	case tiffRuns:
		return t.runs(data, out)
	case tiffFax3, tiffFax4:
		if c == tiffFax3 && t.tag(tiffFaxOptions, 0)&1 != 0 {
			return fmt.Errorf("fax rows in two dimensions: %w", ir.ErrUnsupported)
		}
		format := ccitt.Group3
		if c == tiffFax4 {
			format = ccitt.Group4
		}
		row := (t.chunkWidth + 7) / 8
		r = ccitt.NewReader(bytes.NewReader(data), ccitt.MSB, format, t.chunkWidth, len(out)/row, &ccitt.Options{Invert: true})
	case tiffJPEGStreams:
		return t.jpegStream(e, data, out)
	default:
		return fmt.Errorf("the compression %d: %w", c, ir.ErrUnsupported)
	}
	if _, err := io.ReadFull(r, out); err != nil {
		return t.fault("%v", err)
	}
	return nil
}

// runs undoes PackBits.
func (t *tiffFile) runs(in, out []byte) error {
	for len(out) > 0 {
		if len(in) < 2 {
			return t.fault("runs that end too soon")
		}
		n := int(int8(in[0]))
		switch {
		case n == -128:
			in = in[1:]
		case n < 0:
			k := min(1-n, len(out))
			for i := range out[:k] {
				out[i] = in[1]
			}
			in, out = in[2:], out[k:]
		default:
			if len(in) < n+2 {
				return t.fault("runs that end too soon")
			}
			out = out[copy(out, in[1:n+2]):]
			in = in[n+2:]
		}
	}
	return nil
}

// jpegStream decodes a JPEG stream whose tables stand in a tag, and whose colours the file's meaning tells, which a marker of Adobe's
// says in the stream.
func (t *tiffFile) jpegStream(e *ir.Env, data, out []byte) error {
	tables := t.bytes[tiffJPEG]
	if len(tables) >= 4 {
		tables = tables[2 : len(tables)-2]
	}
	if len(data) < 4 {
		return t.fault("a JPEG stream of %d bytes", len(data))
	}
	if err := e.Take(tensor.U8, []int{len(data) + len(tables) + 16}); err != nil {
		return err
	}
	marker := "\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
	if t.meaning == tiffYCbCr {
		marker = marker[:len(marker)-1] + "\x01"
	}
	stream := append(append([]byte(marker), tables...), data[2:]...)
	budget := &imageBudget{env: e}
	m, err := jpeg.Decode(stream, budget.take)
	if err != nil {
		return budget.fault(err, jpeg.ErrUnsupported)
	}
	per := t.samples
	if t.separate {
		per = 1
	}
	if m.Channels != per || m.Width < t.chunkWidth || len(m.Pix) < len(out) {
		return t.fault("a JPEG stream of %d by %d by %d", m.Width, m.Height, m.Channels)
	}
	if m.Channels == 4 {
		for i, v := range m.Pix {
			m.Pix[i] = ^v // which were not inverted here
		}
	}
	row := t.chunkWidth * per
	for y := range len(out) / row {
		copy(out[y*row:(y+1)*row], m.Pix[y*m.Width*per:])
	}
	return nil
}

// unpredict adds to every sample the one to its left.
func (t *tiffFile) unpredict(data []byte, row int) error {
	switch p := t.tag(tiffPredictor, 1); {
	case p == 1 || t.tag(tiffCompression, tiffPlain) == tiffJPEGStreams:
		return nil
	case p != 2 || t.bits < 8:
		return fmt.Errorf("the predictor %d of samples of %d bits: %w", p, t.bits, ir.ErrUnsupported)
	}
	step := t.samples
	if t.separate {
		step = 1
	}
	for ; len(data) >= row; data = data[row:] {
		line := data[:row]
		switch t.bits {
		case 8:
			for i := step; i < len(line); i++ {
				line[i] += line[i-step]
			}
		case 16:
			for i := step; 2*i+1 < len(line); i++ {
				t.order.PutUint16(line[2*i:], t.order.Uint16(line[2*i:])+t.order.Uint16(line[2*(i-step):]))
			}
		case 32:
			for i := step; 4*i+3 < len(line); i++ {
				t.order.PutUint32(line[4*i:], t.order.Uint32(line[4*i:])+t.order.Uint32(line[4*(i-step):]))
			}
		}
	}
	return nil
}
