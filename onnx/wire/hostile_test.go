package wire

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// field returns a length-delimited field.
func field(num protowire.Number, body []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), body)
}

// number returns a varint field.
func number(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}

// nested returns levels graphs, each the attribute of a node of the one around it.
func nested(levels int) []byte {
	b := field(2, []byte("g"))
	for range levels - 1 {
		b = field(1, field(5, field(6, b)))
	}
	return field(7, b)
}

func nestedTypes(levels int) []byte {
	b := field(1, number(1, 1))
	for range levels - 1 {
		b = field(4, field(1, b))
	}
	return field(7, field(11, field(2, b)))
}

func groups(levels int) []byte {
	var b []byte
	for range levels {
		b = protowire.AppendTag(b, 99, protowire.StartGroupType)
	}
	for range levels {
		b = protowire.AppendTag(b, 99, protowire.EndGroupType)
	}
	return append(b, field(7, nil)...)
}

func TestHostileModelsAreRefusedWithTheirPlace(t *testing.T) {
	node := func(b []byte) []byte { return field(7, field(1, b)) }
	attr := func(b []byte) []byte { return node(field(5, b)) }
	init := func(b []byte) []byte { return field(7, field(5, b)) }
	tests := []struct {
		name string
		data []byte
		kind error
		want string
	}{
		{"a length beyond the file", []byte{0x3a, 0x05, 1}, ErrFormat, "onnx: offset 0: graph: the field claims 5 bytes, 1 are left"},
		{"a length beyond its message", field(7, []byte{0x0a, 0x7f}), ErrFormat, "onnx: offset 2: graph.node: the field claims 127 bytes, 0 are left"},
		{"a length of 2^63", append([]byte{0x3a}, protowire.AppendVarint(nil, 1<<63)...), ErrFormat, "claims 9223372036854775808 bytes"},
		{"a length without an end", []byte{0x3a, 0x80}, ErrFormat, "offset 0: graph: the field's length is malformed or cut short"},
		{"a tag cut short", []byte{0x80}, ErrFormat, "offset 0: a field's tag is malformed or cut short"},
		{"field number 0", []byte{0x00, 0x00, 0x01}, ErrFormat, "offset 0: a field's tag is malformed"},
		{"a varint of 11 bytes", append([]byte{0x08}, bytes.Repeat([]byte{0xff}, 11)...), ErrFormat, "ir_version: the number is malformed"},
		{"a wrong wire type", number(7, 3), ErrFormat, "offset 0: graph: wire type varint, want length-delimited"},
		{"a reserved wire type", []byte{0x3f, 0}, ErrFormat, "graph: wire type reserved"},
		{"a reserved wire type of an unknown field", []byte{0x9f, 0x06, 0}, ErrFormat, "unknown field 99"},
		{"a group for a known field", []byte{0x3b, 0x3c}, ErrFormat, "graph: wire type group"},
		{"a group's end alone", []byte{0x9c, 0x06}, ErrFormat, "field 99 ends a group that it did not begin"},
		{"a group without an end", []byte{0x9b, 0x06}, ErrFormat, "group 99 is malformed or cut short"},
		{"a group ended by another", []byte{0x9b, 0x06, 0xa4, 0x06}, ErrFormat, "field 100 ends a group that it did not begin"},
		{"groups 65 deep", groups(65), ErrBudget, "groups nest deeper than 64"},
		{"groups a million deep", groups(1e6), ErrBudget, "groups nest deeper than 64"},
		{"the 18th node's 3rd attribute", field(7, append(bytes.Repeat(field(1, nil), 17), field(1, append(bytes.Repeat(field(5, nil), 2), field(5, number(4, 1))...))...)),
			ErrFormat, "onnx: offset 44: graph.node[17].attribute[2].s: wire type varint, want length-delimited"},
		{"floats of 5 bytes", attr(field(7, make([]byte, 5))), ErrFormat, "attribute[0].floats: 5 bytes are not a whole number of elements of 4 bytes"},
		{"doubles of 9 bytes", init(field(10, make([]byte, 9))), ErrFormat, "initializer[0].double_data: 9 bytes are not"},
		{"packed integers cut short", attr(field(8, []byte{1, 2, 0x80})), ErrFormat, "ints: a number is malformed or cut short"},
		{"packed integers without an end", init(field(1, bytes.Repeat([]byte{0x80}, 30))), ErrFormat, "dims: a number is malformed"},
		{"a fixed32 cut short", attr([]byte{0x15, 1, 2}), ErrFormat, "attribute[0].f: the number is cut short"},
		{"a fixed64 cut short", init([]byte{0x51, 1, 2}), ErrFormat, "double_data: the number is cut short"},
		{"graphs 65 deep", nested(65), ErrBudget, "nesting deeper than 64"},
		{"graphs 2,500 deep", nested(2500), ErrBudget, "nesting deeper than 64"},
		{"types 2,500 deep", nestedTypes(2500), ErrBudget, "nesting deeper than 64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := DecodeModel(tt.data, Budget{})
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %v: …%s…", err, tt.kind, tt.want)
			}
		})
	}
}

func TestNestingWithinTheBudgetIsRead(t *testing.T) {
	for name, data := range map[string][]byte{"graphs": nested(64), "types": nestedTypes(63), "groups": groups(64)} {
		if _, err := DecodeModel(data, Budget{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := DecodeModel(nested(4), Budget{Depth: 3}); !errors.Is(err, ErrBudget) {
		t.Errorf("depth 4 of 3: %v", err)
	}
}

// TestDeepValuesAreRefused covers the messages that contain themselves outside graphs.
func TestDeepValuesAreRefused(t *testing.T) {
	var seq, opt []byte
	for range 3000 {
		seq, opt = field(5, seq), field(7, opt)
	}
	if _, err := DecodeSequence(seq, Budget{}); !errors.Is(err, ErrBudget) {
		t.Errorf("sequences: %v", err)
	}
	if _, err := DecodeOptional(opt, Budget{}); !errors.Is(err, ErrBudget) {
		t.Errorf("optionals: %v", err)
	}
}

func TestEveryTruncationIsRefusedOrRead(t *testing.T) {
	full := everything().Append(nil)
	for n := range full {
		m, err := DecodeModel(full[:n], Budget{})
		if err == nil && m == nil || err != nil && !errors.Is(err, ErrFormat) {
			t.Fatalf("first %d bytes: %v", n, err)
		}
	}
}

// TestTenMegabytesOfNothing holds what decoding may take for small files that protobuf libraries blow up to gigabytes.
func TestTenMegabytesOfNothing(t *testing.T) {
	const size = 10 << 20
	fill := func(b []byte) []byte { return bytes.Repeat(b, size/len(b)) }
	tests := []struct {
		name    string
		data    []byte
		ceiling uint64
		fails   bool
	}{
		{"empty nodes", field(7, fill(field(1, nil))), 400 << 20, true},
		{"empty initializers", field(7, fill(field(5, nil))), 400 << 20, true},
		{"empty value infos", field(7, fill(field(11, nil))), 400 << 20, true},
		{"empty functions", fill(field(25, nil)), 400 << 20, true},
		{"empty attributes", field(7, field(1, fill(field(5, nil)))), 400 << 20, true},
		{"empty metadata", fill(field(14, nil)), 400 << 20, true},
		{"empty names", field(7, field(1, fill(field(1, nil)))), 400 << 20, true},
		{"empty strings", field(7, field(1, field(5, fill(field(9, nil))))), 400 << 20, true},
		{"one-byte packed integers", field(7, field(5, field(1, fill([]byte{1})))), 200 << 20, false},
		{"one-byte unpacked integers", field(7, field(5, fill(number(1, 1)))), 200 << 20, false},
		{"short runs of packed integers", field(7, field(5, fill(field(1, []byte{1})))), 200 << 20, false},
		{"short runs of floats", field(7, field(5, fill(field(4, make([]byte, 4))))), 200 << 20, false},
		{"the same graph over and over", fill(field(7, field(1, nil))), 400 << 20, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := DecodeModel(tt.data, Budget{})
			runtime.ReadMemStats(&after)
			taken := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d MiB taken in all: %v", taken>>20, err)
			if taken > tt.ceiling {
				t.Errorf("%d MiB taken, want at most %d", taken>>20, tt.ceiling>>20)
			}
			if tt.fails != (err != nil) || err != nil && !errors.Is(err, ErrBudget) {
				t.Errorf("%v; should fail: %v", err, tt.fails)
			}
		})
	}
}

func TestBudgetsAreKept(t *testing.T) {
	data := field(7, append(field(1, field(3, make([]byte, 1000))), field(1, nil)...))
	for _, tt := range []struct {
		name   string
		budget Budget
		want   string
	}{
		{"messages", Budget{Messages: 2}, "graph.node[1]: more than 2 messages"},
		{"bytes", Budget{Bytes: 1200}, "graph.node[0]: decoding takes more than 1200 bytes"},
	} {
		_, err := DecodeModel(data, tt.budget)
		if !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := DecodeModel(data, Budget{Messages: 3, Bytes: 4000}); err != nil {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(everything().Append(nil))
	f.Add(nested(5))
	f.Add(groups(3))
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		Sniff(data)
		if s, err := DecodeSequence(data, Budget{}); err == nil {
			s.Value(nil)
		}
		if p, err := DecodeTensor(data, Budget{}); err == nil {
			if v, err := p.Tensor(nil); err == nil && v.Len() < 0 {
				t.Errorf("%v", v.Dims())
			}
		}
		m, err := DecodeModel(data, Budget{})
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrBudget) {
				t.Errorf("%v is of no kind", err)
			}
			return
		}
		if m.Graph == nil {
			return // may encode to nothing, which passes for an empty file
		}
		enc := m.Append(nil)
		again, err := DecodeModel(enc, Budget{Bytes: 1 << 30})
		if err != nil {
			t.Fatalf("encoded: %v", err)
		}
		if !bytes.Equal(again.Append(nil), enc) {
			t.Error("encoding is not stable")
		}
	})
}
