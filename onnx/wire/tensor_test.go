package wire

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestReadEveryInitializer(t *testing.T) {
	read, elsewhere := 0, 0
	eachFile(t, ".onnx", func(path string, data []byte) {
		if filepath.Base(filepath.Dir(path)) == "bench" {
			return // stored without weights
		}
		m, err := DecodeModel(data, Budget{})
		if err != nil || m.Graph == nil {
			return // TestDecodeEveryModel says so
		}
		for _, p := range m.Graph.Inits {
			if p.DataLocation == LocationExternal {
				elsewhere++
				continue
			}
			v, err := p.Tensor(nil)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			read++
			if int(v.DType()) != int(p.DataType) || v.Rank() != len(p.Dims) {
				t.Errorf("%s: %s: %v%v", path, Quote(p.Name), v.DType(), v.Dims())
			}
		}
	})
	t.Logf("%d tensors read, %d in other files", read, elsewhere)
}

func TestTypedFieldsHoldWhatRawDataHold(t *testing.T) {
	tests := []struct {
		name string
		p    Tensor
		want []byte
	}{
		{"f32", Tensor{DataType: 1, Dims: []int64{1}, Floats: []float32{1}}, []byte{0, 0, 0x80, 0x3f}},
		{"u8", Tensor{DataType: 2, Dims: []int64{2}, Int32s: []int32{255, 0}}, []byte{255, 0}},
		{"i8", Tensor{DataType: 3, Dims: []int64{2}, Int32s: []int32{-128, 127}}, []byte{0x80, 0x7f}},
		{"u16", Tensor{DataType: 4, Dims: []int64{1}, Int32s: []int32{65535}}, []byte{255, 255}},
		{"i16", Tensor{DataType: 5, Dims: []int64{1}, Int32s: []int32{-2}}, []byte{0xfe, 0xff}},
		{"i32", Tensor{DataType: 6, Dims: []int64{1}, Int32s: []int32{-2}}, []byte{0xfe, 0xff, 0xff, 0xff}},
		{"i64", Tensor{DataType: 7, Dims: []int64{1}, Int64s: []int64{1}}, []byte{1, 0, 0, 0, 0, 0, 0, 0}},
		{"bool", Tensor{DataType: 9, Dims: []int64{3}, Int32s: []int32{0, 1, 2}}, []byte{0, 1, 1}},
		{"f16", Tensor{DataType: 10, Dims: []int64{1}, Int32s: []int32{0x3c00}}, []byte{0, 0x3c}},
		{"f64", Tensor{DataType: 11, Doubles: []float64{1}}, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}},
		{"u32", Tensor{DataType: 12, Dims: []int64{1}, Uint64s: []uint64{1<<32 - 1}}, []byte{255, 255, 255, 255}},
		{"u64", Tensor{DataType: 13, Dims: []int64{1}, Uint64s: []uint64{2}}, []byte{2, 0, 0, 0, 0, 0, 0, 0}},
		{"c64", Tensor{DataType: 14, Dims: []int64{1}, Floats: []float32{0, 1}}, []byte{0, 0, 0, 0, 0, 0, 0x80, 0x3f}},
		{"c128", Tensor{DataType: 15, Dims: []int64{1}, Doubles: []float64{0, 1}}, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}},
		{"bf16", Tensor{DataType: 16, Dims: []int64{1}, Int32s: []int32{0x3f80}}, []byte{0x80, 0x3f}},
		{"f8e4m3fn", Tensor{DataType: 17, Dims: []int64{1}, Int32s: []int32{0xff}}, []byte{0xff}},
		{"f8e4m3fnuz", Tensor{DataType: 18, Dims: []int64{1}, Int32s: []int32{1}}, []byte{1}},
		{"f8e5m2", Tensor{DataType: 19, Dims: []int64{1}, Int32s: []int32{1}}, []byte{1}},
		{"f8e5m2fnuz", Tensor{DataType: 20, Dims: []int64{1}, Int32s: []int32{1}}, []byte{1}},
		{"u4", Tensor{DataType: 21, Dims: []int64{4}, Int32s: []int32{0x21, 0x43}}, []byte{0x21, 0x43}},
		{"i4 of odd length, its padding cleared", Tensor{DataType: 22, Dims: []int64{3}, Int32s: []int32{0x21, 0xf3}}, []byte{0x21, 0x03}},
		{"f4e2m1", Tensor{DataType: 23, Dims: []int64{1}, Int32s: []int32{7}}, []byte{7}},
		{"f6e2m3, an entry an element", Tensor{DataType: 27, Dims: []int64{3}, Int32s: []int32{1, 63, 31}}, []byte{0xc1, 0xff, 0x01}},
		{"f6e3m2", Tensor{DataType: 28, Dims: []int64{3}, Raw: []byte{0xc1, 0xff, 0xfd}}, []byte{0xc1, 0xff, 0x01}},
		{"f8e8m0", Tensor{DataType: 24, Dims: []int64{1}, Int32s: []int32{127}}, []byte{127}},
		{"u2", Tensor{DataType: 25, Dims: []int64{5}, Int32s: []int32{0xe4, 3}}, []byte{0xe4, 3}},
		{"i2, its padding cleared", Tensor{DataType: 26, Dims: []int64{1}, Int32s: []int32{0xff}}, []byte{3}},
		{"raw_data", Tensor{DataType: 6, Dims: []int64{2, 1}, Raw: []byte{1, 2, 3, 4, 5, 6, 7, 8}, HasRaw: true}, []byte{1, 2, 3, 4, 5, 6, 7, 8}},
		{"raw_data of no element", Tensor{DataType: 6, Dims: []int64{3, 0}, HasRaw: true}, []byte{}},
		{"no data, no element", Tensor{DataType: 1, Dims: []int64{0}}, []byte{}},
		{"raw bools that are neither 0 nor 1", Tensor{DataType: 9, Dims: []int64{3}, Raw: []byte{0, 255, 1}}, []byte{0, 1, 1}},
		{"raw data with padding", Tensor{DataType: 21, Dims: []int64{1}, Raw: []byte{0xf5}}, []byte{5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := tt.p.Tensor(nil)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(v.Bytes(), tt.want) || int32(v.DType()) != tt.p.DataType || v.Rank() != len(tt.p.Dims) {
				t.Errorf("%v%v % x, want % x", v.DType(), v.Dims(), v.Bytes(), tt.want)
			}
			again, err := FromTensor("t", v).Tensor(nil)
			if err != nil || !bytes.Equal(again.Bytes(), tt.want) || again.DType() != v.DType() {
				t.Errorf("there and back: %v, %v", again, err)
			}
		})
	}
}

func TestStringsAreCopied(t *testing.T) {
	p := &Tensor{DataType: 8, Dims: []int64{2}, Strings: [][]byte{[]byte("ab"), {}}}
	v, err := p.Tensor(nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Strings[0][0] = 'x'
	if got := v.Strings(); len(got) != 2 || got[0] != "ab" || got[1] != "" {
		t.Errorf("%q", got)
	}
	if q := FromTensor("s", v); len(q.Strings) != 2 || string(q.Strings[0]) != "ab" || q.HasRaw {
		t.Errorf("%+v", q)
	}
}

func TestAlignedDataAliasTheFileAndOthersDoNot(t *testing.T) {
	file := tensor.Aligned(64)
	for _, at := range []int{0, 1, 2, 4, 8} {
		v, err := (&Tensor{DataType: 1, Dims: []int64{2}, Raw: file[at : at+8]}).Tensor(nil)
		if err != nil {
			t.Fatal(err)
		}
		file[at]++
		if aliases, want := v.Bytes()[0] == file[at], at%4 == 0; aliases != want {
			t.Errorf("at %d: aliases: %v, want %v", at, aliases, want)
		}
		tensor.Data[float32](v)[1] = 1
	}
}

func TestTensorsThatLieAreRefused(t *testing.T) {
	huge := make([]int64, 100_000)
	for i := range huge {
		huge[i] = 1
	}
	raw := func(n int) []byte { return make([]byte, n) }
	ext := func(kv ...string) (list []StringString) {
		for i := 0; i < len(kv); i += 2 {
			list = append(list, StringString{kv[i], kv[i+1]})
		}
		return list
	}
	tests := []struct {
		name string
		p    Tensor
		want string
	}{
		{"no element type", Tensor{}, `tensor "w": element type 0 is unknown`},
		{"an element type of ONNX that has no tensor", Tensor{DataType: 29}, "element type 29 is unknown"},
		{"an element type beyond a byte", Tensor{DataType: 257}, "element type 257 is unknown"},
		{"a negative element type", Tensor{DataType: -1}, "element type -1 is unknown"},
		{"a negative size", Tensor{DataType: 1, Dims: []int64{3, -2}}, "size -2 of dimension 1 is out of range"},
		{"an overflowing count", Tensor{DataType: 1, Dims: []int64{1 << 32, 1 << 32}, Raw: raw(4)}, "f32[4294967296,4294967296] has too many elements"},
		{"an overflowing number of bytes", Tensor{DataType: 11, Dims: []int64{1 << 60}}, "f64[1152921504606846976] has too many elements"},
		{"1 TiB without data", Tensor{DataType: 1, Dims: []int64{1 << 38}}, "no data for f32[274877906944]"},
		{"1 TiB with four bytes", Tensor{DataType: 1, Dims: []int64{1 << 38}, Raw: raw(4)}, "4 bytes of raw_data, want 1099511627776 for f32"},
		{"1 TiB of strings", Tensor{DataType: 8, Dims: []int64{1 << 36}, Strings: [][]byte{nil}}, "1 entries of string_data, want 68719476736 for str"},
		{"a rank of 100,000", Tensor{DataType: 1, Dims: huge}, "no data for f32[1,1,1,1,1,1,1,1,… 100000 sizes]"},
		{"raw data too short", Tensor{DataType: 1, Dims: []int64{2, 3}, Raw: raw(20)}, "20 bytes of raw_data, want 24 for f32[2,3]"},
		{"raw data too long", Tensor{DataType: 1, Raw: raw(5)}, "5 bytes of raw_data, want 4 for f32[]"},
		{"raw strings", Tensor{DataType: 8, Dims: []int64{1}, Raw: raw(1)}, "raw_data cannot hold strings"},

		{"two kinds of typed data", Tensor{DataType: 1, Dims: []int64{1}, Int64s: []int64{1}, Floats: []float32{1}}, "both float_data and int64_data"},
		{"data of another type", Tensor{DataType: 1, Dims: []int64{1}, Int64s: []int64{1}}, "int64_data instead of float_data for f32[1]"},
		{"too few entries", Tensor{DataType: 14, Dims: []int64{2}, Floats: []float32{1, 2, 3}}, "3 entries of float_data, want 4 for c64[2]"},
		{"too many packed entries", Tensor{DataType: 22, Dims: []int64{3}, Int32s: []int32{1, 2, 3}}, "3 entries of int32_data, want 2 for i4[3]"},
		{"a byte of 256", Tensor{DataType: 2, Dims: []int64{1}, Int32s: []int32{256}}, "int32_data[0] is 256, which is not a u8"},
		{"a half of 17 bits", Tensor{DataType: 10, Dims: []int64{2}, Int32s: []int32{0, 1 << 16}}, "int32_data[1] is 65536, which is not a f16"},
		{"a u32 of 33 bits", Tensor{DataType: 12, Dims: []int64{1}, Uint64s: []uint64{1 << 32}}, "uint64_data[0] is 4294967296, which is not a u32"},
		{"a segment", Tensor{DataType: 1, Segment: &Segment{}}, "segments of tensors are not supported"},
		{"an unknown location", Tensor{DataType: 1, DataLocation: 2}, "data location 2 is unknown"},
		{"external data and raw data", Tensor{DataType: 1, DataLocation: 1, Raw: raw(4)}, "both external data and raw_data"},
		{"external data nowhere", Tensor{DataType: 1, DataLocation: 1}, "external data without a location"},
		{"external data not at hand", Tensor{DataType: 1, DataLocation: 1, External: ext("location", "a\nb")}, `its data lie in the file "a\nb", which is not at hand`},
		{"external strings", Tensor{DataType: 8, DataLocation: 1, External: ext("location", "a")}, "external data cannot hold strings"},
		{"an external length that lies", Tensor{DataType: 1, DataLocation: 1, External: ext("location", "a", "length", "5")}, "external data of 5 bytes, want 4"},
		{"an external length that is none", Tensor{DataType: 1, DataLocation: 1, External: ext("location", "a", "length", "x")}, `length "x" of external data is not a length`},
		{"a negative external offset", Tensor{DataType: 1, DataLocation: 1, External: ext("location", "a", "offset", "-1")}, `offset "-1" of external data is not a position`},
		{"an external range that overflows", Tensor{DataType: 1, DataLocation: 1, External: ext("location", "a", "offset", "9223372036854775807")}, "is out of range"},
		{"an external location twice", Tensor{DataType: 1, DataLocation: 1, External: ext("location", "a", "location", "b")}, "external data gives location twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.p.Name = "w"
			_, err := tt.p.Tensor(nil)
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant …%s…", err, tt.want)
			}
		})
	}
}

func TestExternalDataAreAskedForByRange(t *testing.T) {
	p := &Tensor{Name: "w", DataType: 6, Dims: []int64{2}, DataLocation: LocationExternal,
		External: []StringString{{"location", "d/w.bin"}, {"offset", "4096"}, {"length", "8"}, {"checksum", "?"}}}
	v, err := p.Tensor(func(location string, offset, length int64) ([]byte, error) {
		if location != "d/w.bin" || offset != 4096 || length != 8 {
			t.Errorf("%s at %d, %d bytes", location, offset, length)
		}
		return []byte{1, 0, 0, 0, 2, 0, 0, 0}, nil
	})
	if err != nil || tensor.Data[int32](v)[1] != 2 {
		t.Errorf("%v, %v", v, err)
	}
	_, err = p.Tensor(func(string, int64, int64) ([]byte, error) { return make([]byte, 7), nil })
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "7 bytes of external data, want 8") {
		t.Error(err)
	}
	_, err = p.Tensor(func(string, int64, int64) ([]byte, error) { return nil, fs.ErrNotExist })
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), `tensor "w": `) {
		t.Error(err)
	}
}
