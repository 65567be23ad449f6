package wire

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSniffNamesWhatIsNotONNX(t *testing.T) {
	tar := make([]byte, 512)
	copy(tar[257:], "ustar")
	tests := []struct{ want, data string }{
		{"an empty file", ""},
		{"a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"},
		{"an HTML page", "\n  <!DOCTYPE html><html></html>"},
		{"an HTML page", "\ufeff<HTML><head>"},
		{"an XML file", "<?xml version=\"1.0\"?>"},
		{"a JSON file", "{\"error\": \"not found\"}"},
		{"a text file", "Not found\n"},
		{"a text file", "modèle cut in the middle of a rune: \xc3"},
		{"a zip archive", "PK\x03\x04\x14\x00\x00\x00rest"},
		{"a zip archive", "PK\x05\x06"},
		{"a PyTorch checkpoint", "PK\x03\x04\x00\x00\x08\x08archive/data.pkl"},
		{"a PyTorch checkpoint", "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02"},
		{"a NumPy archive", "PK\x03\x04\x14\x00\x00\x00x.npy"},
		{"a NumPy array", "\x93NUMPY\x01\x00"},
		{"a Python pickle", "\x80\x04\x95"},
		{"a safetensors file", "\x40\x00\x00\x00\x00\x00\x00\x00{\"w\":{\"dtype\":\"F32\""},
		{"gzip data", "\x1f\x8b\x08\x00"},
		{"zstd data", "\x28\xb5\x2f\xfd"},
		{"a tar archive", string(tar)},
		{"an HDF5 file", "\x89HDF\r\n\x1a\n"},
		{"a GGUF file", "GGUF\x03\x00\x00\x00"},
		{"a TensorFlow Lite model", "\x1c\x00\x00\x00TFL3"},
		{"an ONNX Runtime model in ORT format", "\x20\x00\x00\x00ORTM"},
		{"a TensorFlow SavedModel", "\x08\x01\x12\x90\x03\x0a\x05"},
		{"a TensorFlow GraphDef, or an ONNX graph without its model", "\x0a\x0a\x0a\x01x\x12\x05Const"},
		{"a file of zero bytes", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"", "\x08\x0d\x12\x07pytorch"},
		{"", string(everything().Append(nil))},
		{"", "\x0a\x80"}, {"", "\x0a\x05\x0a"}, {"", "\x08\x01\x12"}, {"", "\x08\x01\x12\xff"},
	}
	for _, tt := range tests {
		if got := Sniff([]byte(tt.data)); got != tt.want {
			t.Errorf("Sniff(%.40q) = %q, want %q", tt.data, got, tt.want)
		}
		if tt.want == "" {
			continue
		}
		_, err := DecodeModel([]byte(tt.data), Budget{})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "this looks like "+tt.want) {
			t.Errorf("DecodeModel(%.40q): %v", tt.data, err)
		}
	}
}

func TestQuoteIsShortAndPrintable(t *testing.T) {
	long := strings.Repeat("/model/layers.0", 10) + "/end"
	tests := []struct{ name, want string }{
		{"", `""`}, {"/fc1/Gemm", `"/fc1/Gemm"`}, {"a\nb\x1b[31m", `"a\nb\x1b[31m"`}, {"\xff\x00", `"\xff\x00"`}, {`"`, `"\""`}, {"名前", `"名前"`}, {"\u202e", `"\u202e"`},
	}
	for _, tt := range tests {
		if got := Quote(tt.name); got != tt.want {
			t.Errorf("Quote(%q) = %s, want %s", tt.name, got, tt.want)
		}
	}
	if got := Quote(long); !strings.HasPrefix(got, `"/model/`) || !strings.HasSuffix(got, `/end"`) || len(got) < 70 {
		t.Errorf("Quote(long) = %s", got)
	}
	for _, name := range []string{long, strings.Repeat("\x00", 1e6), strings.Repeat("名", 50), strings.Repeat("\xff", 30), strings.Repeat("\U0001f600", 21), strings.Repeat("a", 79), strings.Repeat("a", 78)} {
		got := Quote(name)
		bad := strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) })
		if len(got) > 80 || bad || !utf8.ValidString(got) {
			t.Errorf("Quote(%.20q…) = %s, %d bytes", name, got, len(got))
		}
	}
}
