package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ErrFormat marks what is no array file, or one that is not supported.
var ErrFormat = errors.New("not a readable NumPy file")

const (
	magic     = "\x93NUMPY"
	maxHeader = 64 << 10
	maxRank   = 64
)

func formatf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// Decode returns the array in data, a whole .npy file, as a tensor of its own.
func Decode(data []byte) (*tensor.Tensor, error) {
	text, body, err := cutHeader(data)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return nil, err
	}
	n, ok := tensor.Count(h.shape)
	if !ok || h.elem.size > 0 && n > len(body)/h.elem.size || n*h.elem.size != len(body) {
		return nil, formatf("%v elements of %d bytes in %d bytes", h.shape, h.elem.size, len(body))
	}
	if h.elem.size == 0 && n > maxHeader {
		return nil, formatf("%d empty strings", n)
	}
	if h.fortran && len(h.shape) > 1 {
		body = rowMajor(body, h.shape, h.elem.size)
	}
	if h.elem.dtype == tensor.String {
		return readStrings(body, n, h)
	}
	t := tensor.New(h.elem.dtype, h.shape...)
	copy(t.Bytes(), body)
	if h.elem.big {
		swap(t.Bytes(), h.elem.word)
	}
	if h.elem.dtype == tensor.Bool {
		for i, b := range t.Bytes() {
			t.Bytes()[i] = min(b, 1)
		}
	}
	return t, nil
}

// cutHeader splits a file into the text of its header and the bytes behind it.
func cutHeader(data []byte) (string, []byte, error) {
	if len(data) < len(magic)+4 || string(data[:len(magic)]) != magic {
		return "", nil, formatf("it does not begin like one")
	}
	major, rest := data[6], data[8:]
	n, at := int(binary.LittleEndian.Uint16(rest)), 2
	switch {
	case major < 1 || major > 3:
		return "", nil, formatf("version %d", major)
	case major > 1 && len(rest) < 4:
		return "", nil, formatf("it ends in its header")
	case major > 1:
		n, at = int(binary.LittleEndian.Uint32(rest)), 4
	}
	if n > maxHeader || n > len(rest)-at {
		return "", nil, formatf("a header of %d bytes in a file of %d", n, len(data))
	}
	text := string(rest[at : at+n])
	if major == 3 && !utf8.ValidString(text) {
		return "", nil, formatf("its header is not UTF-8")
	}
	return text, rest[at+n:], nil
}

type header struct {
	elem    element
	fortran bool
	shape   []int
}

// element is how one element lies in a file.
type element struct {
	dtype tensor.DType
	size  int  // bytes
	word  int  // bytes that the byte order applies to: half a complex number
	big   bool // big-endian
	wide  bool // strings of 4 bytes a character
}

var elements = map[string]tensor.DType{
	"b1": tensor.Bool, "i1": tensor.I8, "i2": tensor.I16, "i4": tensor.I32, "i8": tensor.I64,
	"u1": tensor.U8, "u2": tensor.U16, "u4": tensor.U32, "u8": tensor.U64,
	"f2": tensor.F16, "f4": tensor.F32, "f8": tensor.F64, "c8": tensor.C64, "c16": tensor.C128, "?": tensor.Bool,
}

func parseElement(descr string) (element, error) {
	order, kind := byte('='), descr
	if descr != "" && strings.IndexByte("<>=|", descr[0]) >= 0 {
		order, kind = descr[0], descr[1:]
	}
	if d := elements[kind]; d.Valid() {
		e := element{dtype: d, size: d.Bits() / 8, word: d.Bits() / 8, big: order == '>'}
		if d.IsComplex() {
			e.word /= 2
		}
		return e, nil
	}
	if len(kind) > 1 && (kind[0] == 'U' || kind[0] == 'S') {
		if n, err := strconv.Atoi(kind[1:]); err == nil && n >= 0 && n <= 1<<24 {
			e := element{dtype: tensor.String, size: n, wide: kind[0] == 'U', big: order == '>'}
			if e.wide {
				e.size *= 4
			}
			return e, nil
		}
	}
	if strings.Contains(kind, "O") {
		return element{}, formatf("arrays of Python objects are not read")
	}
	return element{}, formatf("element type %.20q", descr)
}

// rowMajor returns elements that lie in Fortran order in C order.
func rowMajor(body []byte, shape []int, size int) []byte {
	out := make([]byte, len(body))
	strides := make([]int, len(shape)) // of the Fortran order, in elements
	n := 1
	for i, d := range shape {
		strides[i] = n
		n *= d
	}
	at := make([]int, len(shape))
	from := 0
	for to := 0; to < len(out); to += size {
		copy(out[to:to+size], body[from*size:])
		for k := len(shape) - 1; k >= 0; k-- {
			at[k]++
			from += strides[k]
			if at[k] < shape[k] {
				break
			}
			from -= strides[k] * shape[k]
			at[k] = 0
		}
	}
	return out
}

func swap(b []byte, word int) {
	for ; len(b) >= word && word > 1; b = b[word:] {
		for i := range word / 2 {
			b[i], b[word-1-i] = b[word-1-i], b[i]
		}
	}
}

func readStrings(body []byte, n int, h header) (*tensor.Tensor, error) {
	out := make([]string, n)
	for i := range out {
		b := body[i*h.elem.size : (i+1)*h.elem.size]
		if !h.elem.wide {
			out[i] = string(bytes.TrimRight(b, "\x00"))
			continue
		}
		var s []rune
		for ; len(b) > 0; b = b[4:] {
			r := binary.LittleEndian.Uint32(b)
			if h.elem.big {
				r = binary.BigEndian.Uint32(b)
			}
			if r > utf8.MaxRune {
				return nil, formatf("element %d holds no character", i)
			}
			s = append(s, rune(r))
		}
		for len(s) > 0 && s[len(s)-1] == 0 {
			s = s[:len(s)-1]
		}
		out[i] = string(s)
	}
	return tensor.OfStrings(out, h.shape...), nil
}
