package wire

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// magics are files that their bytes at an offset give away. None of them can begin an ONNX model: the rows that could are told apart in
// Sniff.
var magics = []struct {
	offset int
	magic  string
	what   string
}{
	{0, "version https://git-lfs", "a Git LFS pointer"},
	{0, "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", "a PyTorch checkpoint"},
	{0, "\x1f\x8b", "gzip data"},
	{0, "BZh", "bzip2 data"},
	{0, "\xfd7zXZ\x00", "xz data"},
	{0, "\x28\xb5\x2f\xfd", "zstd data"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{257, "ustar", "a tar archive"},
	{0, "\x89HDF\r\n\x1a\n", "an HDF5 file"},
	{0, "\x93NUMPY", "a NumPy array"},
	{0, "GGUF", "a GGUF file"},
	{4, "TFL3", "a TensorFlow Lite model"},
	{4, "ORTM", "an ONNX Runtime model in ORT format"},
	{0, "\x89PNG\r\n", "a PNG image"},
	{0, "\xff\xd8\xff", "a JPEG image"},
	{0, "%PDF", "a PDF document"},
	{0, "\x7fELF", "an ELF program"},
	{0, "\xff\xfe", "a UTF-16 text file"},
	{0, "\xfe\xff", "a UTF-16 text file"},
	{0, "\x80\x02", "a Python pickle"},
	{0, "\x80\x03", "a Python pickle"},
	{0, "\x80\x04", "a Python pickle"},
	{0, "\x80\x05", "a Python pickle"},
}

// sniffed is how much of a file Sniff looks at.
const sniffed = 4096

// Sniff says what data, the beginning of a file or all of it, looks like if it is not an ONNX model: "a Git LFS pointer", "an HTML page",
// "a PyTorch checkpoint", … It returns "" if it has no guess. An ONNX model has none.
func Sniff(data []byte) string {
	if len(data) == 0 {
		return "an empty file"
	}
	data = data[:min(len(data), sniffed)]
	for _, m := range magics {
		if len(data) >= m.offset && bytes.HasPrefix(data[m.offset:], []byte(m.magic)) {
			return m.what
		}
	}
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("PK\x05\x06")):
		return sniffZip(data)
	case isSafetensors(data):
		return "a safetensors file"
	case isSavedModel(data):
		return "a TensorFlow SavedModel"
	case isGraph(data):
		return "a TensorFlow GraphDef, or an ONNX graph without its model"
	case len(bytes.Trim(data, "\x00")) == 0:
		return "a file of zero bytes"
	}
	return sniffText(data)
}

func sniffZip(data []byte) string {
	switch {
	case bytes.Contains(data, []byte("data.pkl")):
		return "a PyTorch checkpoint"
	case bytes.Contains(data, []byte(".npy")):
		return "a NumPy archive"
	}
	return "a zip archive"
}

// isSafetensors looks for the length of a JSON header, and for the header's beginning.
func isSafetensors(data []byte) bool {
	if len(data) < 10 || data[8] != '{' {
		return false
	}
	n := binary.LittleEndian.Uint64(data)
	return n <= 100<<20 && (data[9] == '"' || data[9] == ' ' || data[9] == '}')
}

// isSavedModel looks for schema version 1 and a MetaGraphDef, where an ONNX model has the text of its producer.
func isSavedModel(data []byte) bool {
	rest, ok := bytes.CutPrefix(data, []byte{8, 1, 0x12})
	if !ok {
		return false
	}
	_, n := protowire.ConsumeVarint(rest)
	return n > 1 && len(rest) > n && rest[n] == 0x0a
}

// isGraph looks for a message in field 1 that begins with two printable strings in fields 1 and 2.
func isGraph(data []byte) bool {
	if data[0] != 0x0a {
		return false
	}
	_, n := protowire.ConsumeVarint(data[1:])
	if n < 0 {
		return false
	}
	rest := data[1+n:]
	for _, tag := range []byte{0x0a, 0x12} {
		if len(rest) == 0 || rest[0] != tag {
			return false
		}
		s, n := protowire.ConsumeBytes(rest[1:])
		if n < 0 || len(s) == 0 || !isText(s) {
			return false
		}
		rest = rest[1+n:]
	}
	return true
}

func sniffText(data []byte) string {
	if !isText(data) {
		return ""
	}
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff"))))
	for _, p := range []struct{ prefix, what string }{
		{"<!doctype html", "an HTML page"}, {"<html", "an HTML page"}, {"<?xml", "an XML file"}, {"{", "a JSON file"}, {"[", "a JSON file"},
	} {
		if bytes.HasPrefix(text, []byte(p.prefix)) {
			return p.what
		}
	}
	return "a text file"
}

// isText reports whether b is UTF-8 without control characters other than white space. The last rune may be cut short.
func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(b)
		}
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return false
		}
		b = b[n:]
	}
	return true
}
