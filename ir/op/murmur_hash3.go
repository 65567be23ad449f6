package op

import (
	"encoding/binary"
	"math/bits"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// MurmurHash3Attrs holds whether hashes are of u32 rather than i32, and what they start from, of which 32 bits count.
type MurmurHash3Attrs struct {
	Positive bool `ir:"positive"`
	Seed     int  `ir:"seed"`
}

func (a MurmurHash3Attrs) dtype() tensor.DType {
	if a.Positive {
		return tensor.U32
	}
	return tensor.I32
}

// MurmurHash3 is the hash MurmurHash3_x86_32 of the bytes of each element.
var MurmurHash3 = define(Def[MurmurHash3Attrs]{
	Name: "murmur_hash3", ONNX: "MurmurHash3", Domain: "com.microsoft", Sig: "x T -> y i32|u32; T u32|i32|u64|i64|f32|f64|str",
	Props: ir.Pure | ir.Elementwise,
	Attrs: MurmurHash3Attrs{Positive: true},
	Infer: func(_ *ir.Scope, a MurmurHash3Attrs, in []ir.Known) (ir.Known, error) {
		t := in[0].Type.WithDType(a.dtype())
		return of(t), nil
	},
	Eval: func(e *ir.Env, a MurmurHash3Attrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		v, err := alloc[int64](e, x.Dims()...)
		if err != nil {
			return nil, err
		}
		bytes := func(i int) []byte { return []byte(x.Strings()[i]) }
		if x.DType() != tensor.String {
			size := x.DType().Bits() / 8
			bytes = func(i int) []byte { return x.Bytes()[i*size : (i+1)*size] }
		}
		for i := range v {
			h := murmur3(bytes(i), uint32(a.Seed))
			if v[i] = int64(h); !a.Positive {
				v[i] = int64(int32(h))
			}
		}
		return value(store(e, a.dtype(), v, x.Dims()...))
	},
})

// murmur3 is Austin Appleby's MurmurHash3_x86_32.
func murmur3(b []byte, h uint32) uint32 {
	mix := func(k uint32) uint32 { return bits.RotateLeft32(k*0xcc9e2d51, 15) * 0x1b873593 }
	n := len(b)
	for ; len(b) >= 4; b = b[4:] {
		h = bits.RotateLeft32(h^mix(binary.LittleEndian.Uint32(b)), 13)*5 + 0xe6546b64
	}
	var k uint32
	for i, c := range b {
		k |= uint32(c) << (8 * i)
	}
	h ^= mix(k) ^ uint32(n)
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}
