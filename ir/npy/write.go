package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

var descrs = func() map[tensor.DType]string {
	out := map[tensor.DType]string{}
	for name, d := range elements {
		switch {
		case name == "?":
		case d.Bits() == 8:
			out[d] = "|" + name
		default:
			out[d] = "<" + name
		}
	}
	return out
}()

// Encode writes t as a .npy file, in C order.
func Encode(w io.Writer, t *tensor.Tensor) error {
	t, err := widen(t)
	if err != nil {
		return err
	}
	body, descr := t.Bytes(), descrs[t.DType()]
	if t.DType() == tensor.String {
		if body, descr, err = wideStrings(t.Strings()); err != nil {
			return err
		}
	}
	dims := make([]string, t.Rank())
	for i, d := range t.Dims() {
		dims[i] = fmt.Sprint(d)
	}
	tuple := strings.Join(dims, ", ")
	if len(dims) == 1 {
		tuple += ","
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	// The elements begin at a multiple of 64 bytes; the header ends in a newline.
	text += strings.Repeat(" ", 63-(len(magic)+4+len(text))%64) + "\n"
	head := append([]byte(magic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
	if _, err := w.Write(append(head, text...)); err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

// widen returns t in an element type that NumPy has.
func widen(t *tensor.Tensor) (*tensor.Tensor, error) {
	d := t.DType()
	if d == tensor.String || descrs[d] != "" {
		return t, nil
	}
	to := tensor.U8
	switch {
	case d.IsFloat():
		to = tensor.F32
	case d.IsSigned():
		to = tensor.I8
	}
	return tensor.Convert(t, to, false, tensor.Rounding(0))
}

// wideStrings returns strings as NumPy's U lays them out, with the element type.
func wideStrings(ss []string) ([]byte, string, error) {
	longest := 1
	for _, s := range ss {
		longest = max(longest, utf8.RuneCountInString(s))
	}
	if size, ok := tensor.ByteSize(tensor.U32, []int{len(ss), longest}); !ok || size > 1<<30 {
		return nil, "", fmt.Errorf("npy: %d strings of up to %d characters take more than 1 GiB", len(ss), longest)
	}
	out := make([]byte, 4*longest*len(ss))
	for i, s := range ss {
		at := 4 * longest * i
		for _, r := range s {
			binary.LittleEndian.PutUint32(out[at:], uint32(r))
			at += 4
		}
	}
	return out, fmt.Sprintf("<U%d", longest), nil
}
