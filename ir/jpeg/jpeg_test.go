package jpeg

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/testdata"
)

func free(int) error { return nil }

// vectors returns the files of testdata by name. Beside each, name.pix holds the pixels that libjpeg-turbo gives, CMYK inverted.
func vectors(t testing.TB) map[string][]byte { return testdata.Files(t, "testdata/*.jpg", 10) }

func TestSamplesAreThoseOfLibjpeg(t *testing.T) {
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
		if len(m.Pix) != m.Width*m.Height*m.Channels || !bytes.Equal(m.Pix, want) {
			t.Errorf("%s: %d by %d by %d: pixels differ from the expected %d", name, m.Width, m.Height, m.Channels, len(want))
		}
		if c, err := DecodeConfig(data); err != nil || c != m.Config {
			t.Errorf("%s: the head says %v, %v; the image is %v", name, c, err, m.Config)
		}
	}
}

func TestWhatIsNotReadIsRefusedByName(t *testing.T) {
	for want, m := range map[string]byte{"arithmetic": 0xc9, "lossless": 0xc3, "hierarchical": 0xc5} {
		data := slices.Clone(vectors(t)["444"])
		at := bytes.Index(data, []byte{0xff, 0xc0})
		data[at+1] = m
		if _, err := Decode(data, free); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	data := slices.Clone(vectors(t)["444"])
	data[bytes.Index(data, []byte{0xff, 0xc0})+4] = 12
	if _, err := Decode(data, free); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "12 bits") {
		t.Errorf("12 bits: %v", err)
	}
}

func TestFilesThatEndTooSoonAreErrors(t *testing.T) {
	for name, data := range vectors(t) {
		for n := range data {
			if m, err := Decode(data[:n], free); err == nil {
				t.Fatalf("%s: %d of %d bytes are an image of %v", name, n, len(data), m.Config)
			}
		}
	}
}

func TestDamageLastsUpToTheNextRestartMarker(t *testing.T) {
	data := slices.Clone(vectors(t)["restart"])
	want, err := Decode(data, free)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte{0xff, 0xd0})
	data[at-2] ^= 0x55
	got, err := Decode(data, free)
	if err != nil {
		t.Fatal(err)
	}
	// The first unit, of 16 by 16 pixels, is damaged, and the next one's edge is interpolated with it.
	differs := false
	for y := range got.Height {
		for x := range got.Width {
			i := 3 * (y*got.Width + x)
			same := bytes.Equal(got.Pix[i:i+3], want.Pix[i:i+3])
			if differs = differs || !same; !same && (x > 16 || y > 16) {
				t.Fatalf("pixel %d, %d differs", x, y)
			}
		}
	}
	if !differs {
		t.Error("no pixel differs")
	}
}

func TestMemoryIsAskedForBeforeItIsTaken(t *testing.T) {
	data := slices.Clone(vectors(t)["progressive"])
	at := bytes.Index(data, []byte{0xff, 0xc2})
	copy(data[at+5:], "\xff\xff\xff\xff") // 65535 by 65535 pixels
	stop, asked := errors.New("stop"), 0
	_, err := Decode(data, func(n int) error {
		if asked += n; asked > 1<<30 {
			return stop
		}
		return nil
	})
	if err != stop || asked < 65535*65535*4 {
		t.Errorf("asked for %d bytes: %v", asked, err)
	}
}

func TestWorkIsBounded(t *testing.T) {
	data := vectors(t)["444"]
	at := bytes.Index(data, []byte{0xff, 0xda})
	head := data[at : at+14]
	many := slices.Clone(data[:at])
	for range maxScans + 1 {
		many = append(many, head...)
	}
	if _, err := Decode(append(many, 0xff, 0xd9), free); !errors.Is(err, ErrUnsupported) {
		t.Errorf("%d scans: %v", maxScans+1, err)
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
		if err == nil && len(m.Pix) != m.Width*m.Height*m.Channels {
			t.Errorf("%d bytes for %v", len(m.Pix), m.Config)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := vectors(b)["420"]
	for b.Loop() {
		if _, err := Decode(data, free); err != nil {
			b.Fatal(err)
		}
	}
}
