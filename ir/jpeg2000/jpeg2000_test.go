package jpeg2000

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/testdata"
)

func free(int) error { return nil }

// vectors returns the files of testdata by name. Beside each, name.pix holds the samples that OpenJPEG gives, pixel by pixel; those of
// more than eight bits low byte first; those of subsampled components one component after the other.
func vectors(t testing.TB) map[string][]byte { return testdata.Files(t, "testdata/*.j*", 10) }

// samples lays out m as the files of expected samples are.
func samples(m *Image) (out []byte) {
	if m.Comps[len(m.Comps)-1].DX > 1 {
		for _, c := range m.Comps {
			for _, v := range c.Samples {
				out = append(out, byte(v))
			}
		}
		return out
	}
	for i := range m.Comps[0].Samples {
		for _, c := range m.Comps {
			if c.Bits > 8 {
				out = binary.LittleEndian.AppendUint16(out, c.Samples[i])
			} else {
				out = append(out, byte(c.Samples[i]))
			}
		}
	}
	return out
}

func TestSamplesAreThoseOfOpenJPEG(t *testing.T) {
	for name, data := range vectors(t) {
		want, err := os.ReadFile("testdata/" + name + ".pix")
		if err != nil {
			t.Fatal(err)
		}
		m, err := Decode(data, free)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := samples(m); !bytes.Equal(got, want) {
			t.Errorf("%s: %d by %d: samples differ from the expected %d", name, m.Width, m.Height, len(want))
		}
		if c, err := DecodeConfig(data); err != nil || c.Width != m.Width || c.Height != m.Height || len(c.Comps) != len(m.Comps) {
			t.Errorf("%s: the head says %v, %v", name, c, err)
		}
	}
}

func TestBoxesTellColours(t *testing.T) {
	for name, want := range map[string]Colour{"reversible": Red, "cmyk": Ink, "grey": Unsaid} {
		m, err := Decode(vectors(t)[name], free)
		if err != nil || m.Colour != want {
			t.Errorf("%s: %v, %v; want %v", name, m, err, want)
		}
	}
}

func TestPalettesAreRead(t *testing.T) {
	data := vectors(t)["reversible"]
	at := bytes.Index(data, []byte("jp2h")) - 4
	n := int(binary.BigEndian.Uint32(data[at:]))
	pclr := []byte("\x00\x00\x00\x14pclr\x00\x02\x03\x07\x07\x07\x01\x02\x03\xff\xfe\xfd")
	binary.BigEndian.PutUint32(pclr, uint32(len(pclr)))
	with := slices.Concat(data[:at+n], pclr, data[at+n:])
	binary.BigEndian.PutUint32(with[at:], uint32(n+len(pclr)))
	m, err := Decode(with, free)
	if err != nil || len(m.Palette) != 2 || m.Palette[1][2] != 0xfd {
		t.Errorf("%v, %v", m, err)
	}
}

func TestWhatIsNotReadIsRefusedByName(t *testing.T) {
	data := vectors(t)["grey"]
	at := func(marker string) int { return bytes.Index(data, []byte(marker)) }
	for want, change := range map[string]struct {
		at    int
		value byte
	}{
		"17 bits":         {at("\xff\x51") + 40, 16},
		"high throughput": {at("\xff\x52") + 12, 64},
	} {
		bad := slices.Clone(data)
		bad[change.at] = change.value
		if _, err := Decode(bad, free); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestFilesThatEndTooSoonAreErrors(t *testing.T) {
	for name, data := range vectors(t) {
		for n := range data {
			if m, err := Decode(data[:n], free); err == nil {
				t.Fatalf("%s: %d of %d bytes are an image of %d by %d", name, n, len(data), m.Width, m.Height)
			}
		}
	}
}

func TestMemoryIsAskedForBeforeItIsTaken(t *testing.T) {
	data := slices.Clone(vectors(t)["grey"])
	at := bytes.Index(data, []byte{0xff, 0x51}) + 6
	for _, i := range []int{0, 4, 16, 20} {
		binary.BigEndian.PutUint32(data[at+i:], 16000) // the sizes of the image, and of its tiles
	}
	stop, asked := errors.New("stop"), 0
	_, err := Decode(data, func(n int) error {
		if asked += n; asked > 1<<20 {
			return stop
		}
		return nil
	})
	if err != stop || asked < 16000*16000 {
		t.Errorf("asked for %d bytes: %v", asked, err)
	}
	for _, i := range []int{0, 4} {
		binary.BigEndian.PutUint32(data[at+i:], 1<<20)
	}
	if _, err := Decode(data, free); err == nil || !strings.Contains(err.Error(), "1048576 by 1048576") {
		t.Errorf("2⁴⁰ pixels: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range vectors(f) {
		f.Add(data)
	}
	full := errors.New("full")
	f.Fuzz(func(t *testing.T, data []byte) {
		left := 1 << 22
		m, err := Decode(data, func(n int) error {
			if left -= n; left < 0 {
				return full
			}
			return nil
		})
		if err == nil && len(m.Comps[0].Samples) != m.Comps[0].Width*m.Comps[0].Height {
			t.Errorf("%d samples for %d by %d", len(m.Comps[0].Samples), m.Width, m.Height)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := vectors(b)["reversible"]
	for b.Loop() {
		if _, err := Decode(data, free); err != nil {
			b.Fatal(err)
		}
	}
}
