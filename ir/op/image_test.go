package op_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// decodeAs runs ImageDecoder on a file with a budget of bytes.
func decodeAs(format string, file []byte, budget int) (*tensor.Tensor, error) {
	e := &ir.Env{Outs: 1, Charge: func(n int) error {
		if budget -= n; budget < 0 {
			return errBudget
		}
		return nil
	}}
	out, err := op.ImageDecoder.Op.Eval(e, op.ImageDecoderAttrs{PixelFormat: format}, []tensor.Value{tensor.Of(file, len(file))})
	if err != nil {
		return nil, err
	}
	return out[0].(*tensor.Tensor), nil
}

var errBudget = errors.New("over the budget")

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPNGsOfSixteenBits(t *testing.T) {
	grey := image.NewGray16(image.Rect(0, 0, 3, 1))
	for x, v := range []uint16{200, 255, 4000} {
		grey.SetGray16(x, 0, color.Gray16{Y: v})
	}
	clear := image.NewNRGBA64(image.Rect(0, 0, 1, 1))
	clear.SetNRGBA64(0, 0, color.NRGBA64{R: 0x1234, G: 0xff00, B: 0x00ff, A: 0x0100})
	for _, c := range []struct {
		name, format string
		m            image.Image
		want         string
	}{
		{"grey is cut off at 255", "Grayscale", grey, "\xc8\xff\xff"},
		{"colours keep their upper bits, whatever the opacity", "RGB", clear, "\x12\xff\x00"},
		{"and in the other order", "BGR", clear, "\x00\xff\x12"},
	} {
		y, err := decodeAs(c.format, pngOf(t, c.m), 1<<20)
		if err != nil || string(y.Bytes()) != c.want {
			t.Errorf("%s: %v, %v", c.name, y, err)
		}
	}
}

func TestGIFsKeepTransparentColoursOnTheirScreen(t *testing.T) {
	palette := color.Palette{color.RGBA{1, 2, 3, 255}, color.RGBA{4, 5, 6, 255}}
	m := image.NewPaletted(image.Rect(1, 0, 2, 1), palette)
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{m}, Delay: []int{0}, Config: image.Config{Width: 3, Height: 1, ColorModel: palette}}); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	at := bytes.IndexByte(file[13:], ',') + 13
	for transparent, want := range map[byte]string{0: "\x01\x02\x03\x01\x02\x03\x01\x02\x03", 1: "\x04\x05\x06\x01\x02\x03\x04\x05\x06", 9: "\x00\x00\x00\x01\x02\x03\x00\x00\x00"} {
		with := slices.Concat(file[:at], []byte{'!', 0xf9, 4, 1, 0, 0, transparent, 0}, file[at:])
		y, err := decodeAs("RGB", with, 1<<20)
		if err != nil || string(y.Bytes()) != want {
			t.Errorf("transparent %d: %v, %v", transparent, y, err)
		}
	}
}

// bmpOf is a bitmap of two by one pixels.
func bmpOf(bits, packing int, masks, palette, pixels string) []byte {
	head := make([]byte, 54)
	copy(head, "BM")
	le := binary.LittleEndian
	le.PutUint32(head[10:], uint32(54+len(masks)+len(palette)))
	le.PutUint32(head[14:], 40)
	le.PutUint32(head[18:], 2)
	le.PutUint32(head[22:], 1)
	le.PutUint16(head[28:], uint16(bits))
	le.PutUint32(head[30:], uint32(packing))
	return []byte(string(head) + masks + palette + pixels)
}

func TestBitmapsOfAllDepths(t *testing.T) {
	two := "\x03\x02\x01\x00\x06\x05\x04\x00"
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"1 bit", bmpOf(1, 0, "", two, "\x40\x00\x00\x00"), "\x01\x02\x03\x04\x05\x06"},
		{"4 bits", bmpOf(4, 0, "", two+strings.Repeat("\x00", 56), "\x10\x00\x00\x00"), "\x04\x05\x06\x01\x02\x03"},
		{"4 bits in runs", bmpOf(4, 2, "", two+strings.Repeat("\x00", 56), "\x02\x01\x00\x01"), "\x01\x02\x03\x04\x05\x06"},
		{"8 bits in runs", bmpOf(8, 1, "", two+strings.Repeat("\x00", 1016), "\x01\x01\x01\x00\x00\x01"), "\x04\x05\x06\x01\x02\x03"},
		{"16 bits", bmpOf(16, 0, "", "", "\xff\x7f\x01\x00"), "\xff\xff\xff\x00\x00\x08"},
		{"16 bits, six of them green", bmpOf(16, 3, "\x00\xf8\x00\x00\xe0\x07\x00\x00\x1f\x00\x00\x00", "", "\x20\x00\x00\xf8"), "\x00\x04\x00\xff\x00\x00"},
		{"24 bits", bmpOf(24, 0, "", "", "\x03\x02\x01\x06\x05\x04\x00\x00"), "\x01\x02\x03\x04\x05\x06"},
		{"32 bits, red lowest", bmpOf(32, 3, "\xff\x00\x00\x00\x00\xff\x00\x00\x00\x00\xff\x00", "", "\x01\x02\x03\x00\x04\x05\x06\x00"), "\x01\x02\x03\x04\x05\x06"},
	} {
		y, err := decodeAs("RGB", c.file, 1<<20)
		if err != nil || string(y.Bytes()) != c.want {
			t.Errorf("%s: %v, %v", c.name, y, err)
		}
	}
}

// tiffOf is a picture of two by one pixels in one strip.
func tiffOf(order binary.AppendByteOrder, pixels string, tags ...[2]uint16) []byte {
	tags = append(tags, [][2]uint16{{256, 2}, {257, 1}, {278, 1}, {273, 8}, {279, uint16(len(pixels))}}...)
	slices.SortFunc(tags, func(a, b [2]uint16) int { return int(a[0]) - int(b[0]) })
	file := []byte("II*\x00")
	if order.AppendUint16(nil, 1)[1] == 1 {
		file = []byte("MM\x00*")
	}
	pixels += strings.Repeat("\x00", len(pixels)%2)
	file = append(order.AppendUint32(file, uint32(8+len(pixels))), pixels...)
	file = order.AppendUint16(file, uint16(len(tags)))
	for _, tag := range tags {
		file = order.AppendUint32(order.AppendUint16(order.AppendUint16(file, tag[0]), 3), 1)
		file = order.AppendUint16(order.AppendUint16(file, tag[1]), 0)
	}
	return append(file, 0, 0, 0, 0)
}

func TestTIFFsOfManyKinds(t *testing.T) {
	for _, c := range []struct {
		name, format string
		file         []byte
		want         string
	}{
		{"white is 0", "Grayscale", tiffOf(binary.LittleEndian, "\x40", [2]uint16{258, 1}, [2]uint16{262, 0}), "\xff\x00"},
		{"two bits", "Grayscale", tiffOf(binary.BigEndian, "\x60", [2]uint16{258, 2}, [2]uint16{262, 1}), "\x55\xaa"},
		{"16 bits are cut off", "Grayscale", tiffOf(binary.BigEndian, "\x00\x07\x01\x00", [2]uint16{258, 16}, [2]uint16{262, 1}), "\x07\xff"},
		{"so are signed ones", "Grayscale", tiffOf(binary.LittleEndian, "\x07\x00\xff\xff", [2]uint16{258, 16}, [2]uint16{262, 1}, [2]uint16{339, 2}), "\x07\x00"},
		{"and fractions", "Grayscale", tiffOf(binary.LittleEndian, "\x00\x00\x20\x40\x00\x00\xc0\x7f", [2]uint16{258, 32}, [2]uint16{262, 1}, [2]uint16{339, 3}), "\x02\x00"},
		{"runs", "RGB", tiffOf(binary.LittleEndian, "\xfd\x05\x01\x06\x07", [2]uint16{258, 8}, [2]uint16{262, 2}, [2]uint16{277, 3}, [2]uint16{259, 32773}), "\x05\x05\x05\x05\x06\x07"},
		{"inks", "RGB", tiffOf(binary.LittleEndian, "\xff\x00\x80\x00\x00\x00\x00\x55", [2]uint16{258, 8}, [2]uint16{262, 5}, [2]uint16{277, 4}), "\x00\xff\x7f\xaa\xaa\xaa"},
		{"mirrored", "Grayscale", tiffOf(binary.LittleEndian, "\x01\x02", [2]uint16{258, 8}, [2]uint16{262, 1}, [2]uint16{274, 2}), "\x02\x01"},
		{"a difference to the left", "Grayscale", tiffOf(binary.LittleEndian, "\x78\x9c\x63\x64\x04\x00\x00\x04\x00\x03", [2]uint16{258, 8}, [2]uint16{262, 1}, [2]uint16{259, 8}, [2]uint16{317, 2}), "\x01\x02"},
	} {
		y, err := decodeAs(c.format, c.file, 1<<20)
		if err != nil || string(y.Bytes()) != c.want {
			t.Errorf("%s: %v, %v", c.name, y, err)
		}
	}
	if _, err := decodeAs("RGB", bmpOf(16, 1, "", "", "\x01\x01\x01\x00\x00\x01"), 1<<20); !errors.Is(err, ir.ErrUnsupported) {
		t.Errorf("16 bits in runs: %v", err)
	}
	for name, file := range map[string][]byte{
		"the compression 50000": tiffOf(binary.LittleEndian, "\x01\x02", [2]uint16{258, 8}, [2]uint16{262, 1}, [2]uint16{259, 50000}),
		"that mean 8":           tiffOf(binary.LittleEndian, "\x01\x02\x03\x04\x05\x06", [2]uint16{258, 8}, [2]uint16{262, 8}, [2]uint16{277, 3}),
	} {
		if _, err := decodeAs("RGB", file, 1<<20); !errors.Is(err, ir.ErrUnsupported) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLargeTIFFsHaveLongerNumbers(t *testing.T) {
	le := binary.LittleEndian
	file := le.AppendUint64([]byte("II+\x00\x08\x00\x00\x00"), 24)
	file = le.AppendUint64(append(file, "\x07\x09\x00\x00\x00\x00\x00\x00"...), 8)
	for _, tag := range [][3]uint64{{256, 3, 2}, {257, 3, 1}, {258, 3, 8}, {262, 3, 1}, {273, 16, 16}, {277, 3, 1}, {278, 3, 1}, {279, 16, 2}} {
		file = le.AppendUint16(le.AppendUint16(file, uint16(tag[0])), uint16(tag[1]))
		file = le.AppendUint64(le.AppendUint64(file, 1), tag[2])
	}
	y, err := decodeAs("Grayscale", file, 1<<20)
	if err != nil || string(y.Bytes()) != "\x07\x09" {
		t.Errorf("%v, %v", y, err)
	}
	le.PutUint64(file[8:], 1<<63)
	if y, err := decodeAs("Grayscale", file, 1<<20); err != nil || y.Len() != 0 {
		t.Errorf("a directory far beyond the end: %v, %v", y, err)
	}
}

// twoPixels is the picture of a WebP file.
const twoPixels = "VP8L\x1b\x00\x00\x00\x2f\x01\x00\x00\x00\x0f\x70\x81\xfc\xcd\x27\x93\xb6\x69\x3b\xff\x82\xf7\xcd\x7f\xb0\x1f\x2a\x10\xd1\xff\x00\x00"

func TestWebPsThatMoveGiveTheirFirstPicture(t *testing.T) {
	chunk := func(kind, body string) string {
		return kind + string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) + body
	}
	head := chunk("VP8X", "\x02\x00\x00\x00\x03\x00\x00\x00\x00\x00")
	frame := chunk("ANMF", "\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"+twoPixels)
	for name, c := range map[string]struct{ chunks, want string }{
		"still":  {twoPixels, "\x01\x02\x03\xfa\xfb\xfc"},
		"moving": {head + chunk("ANIM", "\x00\x00\x00\x00\x00\x00") + frame, "\x00\x00\x00\x00\x00\x00\x01\x02\x03\xfa\xfb\xfc"},
		"empty":  {head, ""},
	} {
		file := "RIFF" + string(binary.LittleEndian.AppendUint32(nil, uint32(4+len(c.chunks)))) + "WEBP" + c.chunks
		y, err := decodeAs("RGB", []byte(file), 1<<20)
		if err != nil || string(y.Bytes()) != c.want {
			t.Errorf("%s: %v, %v", name, y, err)
		}
	}
}

// photographs are the files that the decoders of JPEG are tested with.
func photographs(t testing.TB) (files [][]byte) {
	t.Helper()
	for _, pattern := range []string{"../jpeg/testdata/*.jpg", "../jpeg2000/testdata/*.j*"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", pattern, names, err)
		}
		for _, name := range names {
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	return files
}

func TestFormatsOfPixelsAgree(t *testing.T) {
	for _, file := range photographs(t) {
		rgb, err := decodeAs("RGB", file, 1<<24)
		if err != nil {
			t.Fatal(err)
		}
		bgr, err := decodeAs("BGR", file, 1<<24)
		if err != nil {
			t.Fatal(err)
		}
		grey, err := decodeAs("Grayscale", file, 1<<24)
		if err != nil {
			t.Fatal(err)
		}
		if d := rgb.Dims(); d[2] != 3 || !slices.Equal(bgr.Dims(), d) || !slices.Equal(grey.Dims(), []int{d[0], d[1], 1}) {
			t.Fatalf("%v, %v, %v", d, bgr.Dims(), grey.Dims())
		}
		for i, y := range grey.Bytes() {
			p, q := rgb.Bytes()[3*i:3*i+3], bgr.Bytes()[3*i:3*i+3]
			sum := (19595*int(p[0]) + 38470*int(p[1]) + 7471*int(p[2]) + 1<<15) >> 16
			if p[0] != q[2] || p[1] != q[1] || p[2] != q[0] || int(y) != sum {
				t.Fatalf("pixel %d: %v, %v, %v", i, p, q, y)
			}
		}
	}
}

func TestPicturesOverTheBudgetAreRefused(t *testing.T) {
	for i, file := range photographs(t) {
		if _, err := decodeAs("RGB", file, 64); !errors.Is(err, errBudget) {
			t.Errorf("file %d: %v", i, err)
		}
	}
}

func FuzzImageDecoder(f *testing.F) {
	for _, file := range photographs(f) {
		f.Add(file)
	}
	grey := image.NewGray16(image.Rect(0, 0, 3, 2))
	f.Add(pngOf(f, grey))
	var b bytes.Buffer
	if err := gif.Encode(&b, grey, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("P3\n2 1\n9 1 2 3 4 5 6\n"))
	f.Add([]byte("RIFF\x40\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x00\x00ANMF\x33\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00" + twoPixels))
	f.Add([]byte("P4\n9 1\n\x55\x80"))
	f.Add(bmpOf(8, 1, "", strings.Repeat("\x01\x02\x03\x00", 256), "\x01\x01\x00\x02\x01\x00\x00\x03\x01\x02\x03\x00\x00\x01"))
	f.Add(bmpOf(16, 3, "\x00\xf8\x00\x00\xe0\x07\x00\x00\x1f\x00\x00\x00", "", "\x20\x00\x00\xf8"))
	for _, compression := range []uint16{1, 2, 3, 4, 5, 7, 8, 32773} {
		f.Add(tiffOf(binary.LittleEndian, "\xfd\x05\x01\x06\x07\x08\x09\x0a", [2]uint16{258, 8}, [2]uint16{262, 2}, [2]uint16{277, 3}, [2]uint16{259, compression}))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, format := range []string{"RGB", "Grayscale"} {
			y, err := decodeAs(format, file, 1<<22)
			if err == nil && y.Rank() != 3 {
				t.Errorf("sizes %v", y.Dims())
			}
		}
	})
}
