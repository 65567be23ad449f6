package op

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Tags of TIFF files.
const (
	tiffWidth, tiffHeight, tiffBits, tiffCompression, tiffMeaning, tiffFillOrder = 256, 257, 258, 259, 262, 266
	tiffStrips, tiffOrientation, tiffSamples, tiffStripRows, tiffStripBytes      = 273, 274, 277, 278, 279
	tiffPlanar, tiffFaxOptions, tiffPredictor, tiffColours                       = 284, 292, 317, 320
	tiffTileWidth, tiffTileHeight, tiffTiles, tiffTileBytes                      = 322, 323, 324, 325
	tiffExtra, tiffFormat, tiffJPEG, tiffSubsampling                             = 338, 339, 347, 530
)

// What the samples of TIFF files mean.
const (
	tiffWhiteIsZero = iota
	tiffBlackIsZero
	tiffRGB
	tiffPalette
	_
	tiffCMYK
	tiffYCbCr
)

// tiffFile is the first picture of a TIFF file.
type tiffFile struct {
	data                    []byte
	order                   binary.ByteOrder
	long                    int // bytes of an offset
	tags                    map[int][]uint32
	bytes                   map[int][]byte // of tags of bytes
	width, height           int
	bits, samples, meaning  int
	separate                bool // samples lie in planes of their own
	chunkWidth, chunkHeight int  // of a strip or tile
	across, down            int
	offsets, sizes          []uint32
}

func (t *tiffFile) fault(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errNoImage, fmt.Sprintf(format, args...))
}

func (t *tiffFile) tag(tag, other int) int {
	if v := t.tags[tag]; len(v) > 0 {
		return int(v[0])
	}
	return other
}

// readTIFF reads the directory of a file's first picture. Numbers in files of the larger kind have eight bytes where others have four.
func readTIFF(e *ir.Env, data []byte) (*tiffFile, error) {
	t := &tiffFile{data: data, order: binary.LittleEndian, long: 4, tags: map[int][]uint32{}, bytes: map[int][]byte{}}
	if data[0] == 'M' {
		t.order = binary.BigEndian
	}
	if t.order.Uint16(data[2:]) == 43 {
		t.long = 8
	}
	if len(data) < 16 {
		return nil, t.fault("the file ends too soon")
	}
	size, count, at := 12, 2, t.number(data[t.long:]) // bytes of an entry, and of the number of entries
	if t.long == 8 {
		size, count = 20, 8
	}
	if at > int64(len(data)-8) {
		return nil, t.fault("no directory")
	}
	n := int64(t.order.Uint16(data[at:]))
	if t.long == 8 {
		n = t.number(data[at:])
	}
	if at += int64(count); n > int64(len(data)) || at+int64(size)*n > int64(len(data)) {
		return nil, t.fault("a directory of %d entries", n)
	}
	for range n {
		if err := t.entry(e, data[at:at+int64(size)]); err != nil {
			return nil, err
		}
		at += int64(size)
	}
	return t, t.layOut()
}

// number reads a number of four bytes or eight; those beyond any file's length are all as good as the greatest.
func (t *tiffFile) number(s []byte) int64 {
	if t.long == 4 {
		return int64(t.order.Uint32(s))
	}
	return int64(min(t.order.Uint64(s), 1<<48))
}

// entry reads a tag's values, if they are integers.
func (t *tiffFile) entry(e *ir.Env, s []byte) error {
	tag, kind, n := int(t.order.Uint16(s)), t.order.Uint16(s[2:]), t.number(s[4:])
	size := map[uint16]int64{1: 1, 3: 2, 4: 4, 7: 1, 16: 8}[kind]
	if size == 0 || n == 0 {
		return nil
	}
	values := s[4+t.long:]
	if n*size > int64(t.long) {
		at := t.number(values)
		if at+n*size > int64(len(t.data)) {
			return t.fault("the tag %d beyond the end", tag)
		}
		values = t.data[at : at+n*size]
	}
	if size == 1 {
		t.bytes[tag] = values[:n]
		return nil
	}
	if err := e.Take(tensor.U32, []int{int(n)}); err != nil {
		return err
	}
	list := make([]uint32, n)
	for i := range list {
		switch size {
		case 2:
			list[i] = uint32(t.order.Uint16(values[2*i:]))
		case 4:
			list[i] = t.order.Uint32(values[4*i:])
		default:
			list[i] = uint32(min(t.order.Uint64(values[8*i:]), math.MaxUint32)) // beyond the end of what is read here
		}
	}
	t.tags[tag] = list
	return nil
}

func (t *tiffFile) layOut() error {
	t.width, t.height = t.tag(tiffWidth, 0), t.tag(tiffHeight, 0)
	t.bits, t.samples, t.meaning = t.tag(tiffBits, 1), t.tag(tiffSamples, 1), t.tag(tiffMeaning, -1)
	t.separate = t.tag(tiffPlanar, 1) == 2 && t.samples > 1
	if t.width < 1 || t.height < 1 || t.width > maxPixels/t.height {
		return fmt.Errorf("an image of %d by %d pixels", t.width, t.height)
	}
	for _, b := range t.tags[tiffBits] {
		if int(b) != t.bits {
			return fmt.Errorf("samples of %d and of %d bits: %w", t.bits, b, ir.ErrUnsupported)
		}
	}
	for _, b := range t.tags[tiffFormat] {
		if b != t.tags[tiffFormat][0] {
			return fmt.Errorf("samples of formats %d and %d: %w", t.tags[tiffFormat][0], b, ir.ErrUnsupported)
		}
	}
	if t.samples < 1 || t.samples > 8 {
		return fmt.Errorf("%d samples a pixel: %w", t.samples, ir.ErrUnsupported)
	}
	if t.tags[tiffTiles] != nil {
		t.chunkWidth, t.chunkHeight = t.tag(tiffTileWidth, 0), t.tag(tiffTileHeight, 0)
		t.offsets, t.sizes = t.tags[tiffTiles], t.tags[tiffTileBytes]
	} else {
		t.chunkWidth, t.chunkHeight = t.width, min(t.tag(tiffStripRows, t.height), t.height)
		t.offsets, t.sizes = t.tags[tiffStrips], t.tags[tiffStripBytes]
	}
	if t.chunkWidth < 1 || t.chunkHeight < 1 || t.chunkWidth > maxPixels/t.chunkHeight {
		return t.fault("strips or tiles of %d by %d pixels", t.chunkWidth, t.chunkHeight)
	}
	t.across, t.down = (t.width-1)/t.chunkWidth+1, (t.height-1)/t.chunkHeight+1
	n := t.across * t.down
	if t.separate {
		n *= t.samples
	}
	if t.sizes == nil && n == 1 && len(t.offsets) == 1 && int64(t.offsets[0]) < int64(len(t.data)) {
		t.sizes = []uint32{uint32(len(t.data)) - t.offsets[0]}
	}
	if len(t.offsets) < n || len(t.sizes) < n {
		return t.fault("%d strips or tiles, not %d", len(t.offsets), n)
	}
	return nil
}

// decodeTIFF decodes the first picture of TIFF files: grey, colour, palettes and CMYK, in strips or tiles.
func decodeTIFF(e *ir.Env, data []byte) (*picture, error) {
	t, err := readTIFF(e, data)
	if err != nil {
		return nil, err
	}
	to, err := t.pixels()
	if err != nil {
		return nil, err
	}
	p, err := newPicture(e, t.width, t.height, to.channels, 0)
	if err != nil {
		return nil, err
	}
	planes := 1
	if t.separate {
		planes = t.samples
	}
	row := (t.chunkWidth*t.samples/planes*t.bits + 7) / 8
	if err := e.Take(tensor.U8, []int{t.chunkHeight, row, 2 * planes}); err != nil {
		return nil, err
	}
	chunks := make([][]byte, planes)
	for i := range t.across * t.down {
		if err := e.Err(); err != nil {
			return nil, err
		}
		x, y := i%t.across*t.chunkWidth, i/t.across*t.chunkHeight
		rows := min(t.chunkHeight, t.height-y)
		for k := range chunks {
			if chunks[k], err = t.chunk(e, k*t.across*t.down+i, row, rows, chunks[k]); err != nil {
				return nil, err
			}
		}
		for r := range rows {
			for c := range min(t.chunkWidth, t.width-x) {
				s := t.pixel(chunks, r*row, c)
				to.put(p.pix[((y+r)*t.width+x+c)*p.channels:], &s)
			}
		}
	}
	if t.chromatic() {
		if err := e.Take(tensor.U8, []int{t.height, t.width}); err != nil {
			return nil, err
		}
		t.mix(p)
	}
	return oriented(e, p, t.tag(tiffOrientation, 1))
}

// pixel returns the samples of pixel c of the row that lies at an offset in the chunk, or in those of all planes.
func (t *tiffFile) pixel(chunks [][]byte, row, c int) (s [8]uint32) {
	for k := range min(t.samples, len(s)) {
		if t.separate {
			s[k] = t.sample(chunks[k][row:], c)
		} else {
			s[k] = t.sample(chunks[0][row:], c*t.samples+k)
		}
	}
	return s
}

// sample returns the i-th sample of a row.
func (t *tiffFile) sample(row []byte, i int) uint32 {
	switch t.bits {
	case 8:
		return uint32(row[i])
	case 16:
		return uint32(t.order.Uint16(row[2*i:]))
	case 32:
		return t.order.Uint32(row[4*i:])
	}
	per := 8 / t.bits
	return uint32(row[i/per]) >> (8 - t.bits - i%per*t.bits) & (1<<t.bits - 1)
}
