package npy

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// file returns a .npy file of version 1 with the given header and body.
func file(header string, body ...byte) []byte {
	return append([]byte(fmt.Sprintf("%s\x01\x00%c%c%s", magic, byte(len(header)), 0, header)), body...)
}

func TestEveryTypeReadsBackAsWritten(t *testing.T) {
	for _, x := range []*tensor.Tensor{
		tensor.Of([]float32{1, -2.5, 3}, 3), tensor.Of([]float64{1, 2, 3, 4, 5, 6}, 1, 2, 3), tensor.Scalar(int64(-7)), tensor.Of([]uint8{}, 0, 4),
		tensor.Of([]bool{true, false}), tensor.Of([]int16{-1}), tensor.Of([]uint64{1 << 63}), tensor.Of([]complex64{1 + 2i}), tensor.Of([]complex128{3i}),
		tensor.Of([]tensor.Float16{0x3c00}, 1, 1, 1, 1), tensor.OfStrings([]string{"ab", "", "grün"}, 3, 1),
	} {
		var b bytes.Buffer
		if err := Encode(&b, x); err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b.Bytes())
		if err != nil || !tensor.Equal(got, x) {
			t.Errorf("%v became %v, %v", x, got, err)
		}
	}
}

func TestTypesNumPyLacksAreWidened(t *testing.T) {
	for want, x := range map[tensor.DType]*tensor.Tensor{
		tensor.F32: tensor.FromFloat64s(tensor.BF16, []float64{1.5}, 1), tensor.I8: tensor.FromInt64s(tensor.I4, []int64{-3, 2, 1}, 3), tensor.U8: tensor.FromInt64s(tensor.U2, []int64{3}, 1),
	} {
		var b bytes.Buffer
		if err := Encode(&b, x); err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b.Bytes())
		if err != nil || got.DType() != want || got.Float64At(0) != x.Float64At(0) {
			t.Errorf("%v became %v, %v", x, got, err)
		}
	}
}

func TestOrdersAndOldForms(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want *tensor.Tensor
	}{
		{"Fortran order", file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}\n", 1, 4, 2, 5, 3, 6), tensor.Of([]uint8{1, 2, 3, 4, 5, 6}, 2, 3)},
		{"Fortran order, rank 3", file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 1, 2), }", 1, 3, 2, 4), tensor.Of([]uint8{1, 2, 3, 4}, 2, 1, 2)},
		{"big-endian", file("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", 1, 2, 0xff, 0xff), tensor.Of([]int16{258, -1})},
		{"big-endian complex", file("{'descr': '>c8', 'fortran_order': False, 'shape': (), }", 0x3f, 0x80, 0, 0, 0x40, 0, 0, 0), tensor.Scalar(complex64(1 + 2i))},
		{"long integers", file("{'descr': '|i1', 'fortran_order': False, 'shape': (1L, 2L)}", 1, 2), tensor.Of([]int8{1, 2}, 1, 2)},
		{"bytes as strings", file("{\"descr\": '|S3', 'fortran_order': False, 'shape': (2,)}", 'a', 0, 0, 'a', 'b', 'c'), tensor.OfStrings([]string{"a", "abc"})},
		{"version 2", []byte(magic + "\x02\x00\x37\x00\x00\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}\x07"), tensor.Of([]uint8{7})},
	} {
		got, err := Decode(c.data)
		if err != nil || !tensor.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

func TestHostileFilesAreRefusedBeforeMemoryIsTaken(t *testing.T) {
	for name, data := range map[string][]byte{
		"empty":               {},
		"other file":          []byte("PK\x03\x04 and so on"),
		"cut header":          file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}")[:20],
		"lying header length": []byte(magic + "\x02\x00\xff\xff\xff\xff{}"),
		"version 9":           []byte(magic + "\x09\x00\x02\x00{}"),
		"huge shape":          file("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 1099511627776)}"),
		"overflowing size":    file("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
		"many empty strings":  file("{'descr': '<U0', 'fortran_order': False, 'shape': (1099511627776,)}"),
		"objects":             file("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 1),
		"records":             file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 1, 2, 3, 4),
		"short body":          file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 1, 2, 3, 4),
		"long body":           file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 1, 2),
		"negative size":       file("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}"),
		"no shape":            file("{'descr': '|u1', 'fortran_order': False}", 1),
		"shape twice":         file("{'descr': '|u1', 'shape': (1,), 'shape': (1,)}", 1),
		"no character":        file("{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", 0xff, 0xff, 0xff, 0xff),
	} {
		if got, err := Decode(data); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestArchivesReadBackWithinTheirLimit(t *testing.T) {
	want := []Entry{{"x", tensor.Of([]float32{1, 2})}, {"a.b", tensor.Scalar(int64(3))}}
	var b bytes.Buffer
	if err := EncodeZip(&b, want); err != nil {
		t.Fatal(err)
	}
	r := bytes.NewReader(b.Bytes())
	got, err := DecodeZip(r, r.Size(), 1<<20)
	if err != nil || len(got) != 2 || got[1].Name != "a.b" || !tensor.Equal(got[0].Tensor, want[0].Tensor) || !tensor.Equal(got[1].Tensor, want[1].Tensor) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := DecodeZip(r, r.Size(), 200); !errors.Is(err, ErrFormat) {
		t.Errorf("two arrays of 264 bytes passed a limit of 200: %v", err)
	}
	if _, err := DecodeZip(r, r.Size()-1, 1<<20); !errors.Is(err, ErrFormat) {
		t.Errorf("a truncated archive was read: %v", err)
	}
}
