package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// MatMulNBitsAttrs holds the sizes K and N of the weights, all required: Bits (2, 4 or 8) for each, in blocks of BlockSize along K.
// AccuracyLevel is a hint.
type MatMulNBitsAttrs struct {
	AccuracyLevel int `ir:"accuracy_level"`
	Bits          int `ir:"bits"`
	BlockSize     int `ir:"block_size"`
	K             int `ir:"K"`
	N             int `ir:"N"`
}

// MatMulNBits is a[…,K] times weights of a few bits, b[N,blocks,bytes] packed low bits first, less the zero point and times the scale
// of their block, plus a bias. Zero points are packed like weights, or of scale's type; without them they are half the range. g_idx
// names the block of each of the K places.
var MatMulNBits = define(Def[MatMulNBitsAttrs]{
	Name: "matmul_nbits", ONNX: "MatMulNBits", Domain: "com.microsoft",
	Sig:   "a T, b u8, scales T, zero_points? u8|float, g_idx? i32, bias? T -> y T; T f32|f16|bf16",
	Props: ir.Pure,
	Attrs: MatMulNBitsAttrs{Bits: 4},
	Infer: func(sc *ir.Scope, a MatMulNBitsAttrs, in []ir.Known) (ir.Known, error) {
		if err := a.check(); err != nil {
			return ir.Known{}, err
		}
		t := in[0].Type
		if t.Unranked {
			return of(t), nil
		}
		if len(t.Shape) < 1 {
			return ir.Known{}, fmt.Errorf("operand of rank 0 has no rows")
		}
		k := len(t.Shape) - 1
		if _, err := sc.Same(t.Shape[k], sym.Const(a.K), "inner dimensions"); err != nil {
			return ir.Known{}, err
		}
		if err := vectorOf(sc, in[5], sym.Const(a.N), "bias"); err != nil {
			return ir.Known{}, err
		}
		return of(t.WithShape(append(append(ir.Shape{}, t.Shape[:k]...), sym.Const(a.N))...)), nil
	},
	Eval: func(e *ir.Env, a MatMulNBitsAttrs, in []tensor.Value) (tensor.Value, error) {
		if err := a.check(); err != nil {
			return nil, err
		}
		t := tens(in, 0)
		d := t.Dims()
		if len(d) < 1 || d[len(d)-1] != a.K {
			return nil, fmt.Errorf("inner dimensions: %v != %d", d, a.K)
		}
		if err := checkVector(tens(in, 5), a.N, "bias"); err != nil {
			return nil, err
		}
		w, err := a.weights(e, in)
		if err != nil {
			return nil, err
		}
		v, err := loadAll[float64](e, t, tens(in, 5))
		if err != nil {
			return nil, err
		}
		dims := append(append([]int{}, d[:len(d)-1]...), a.N)
		y, err := alloc[float64](e, dims...)
		if err != nil {
			return nil, err
		}
		for i := range y {
			if v[1] != nil {
				y[i] = v[1][i%a.N]
			}
		}
		if err := product(e, count(d[:len(d)-1]), a.N, a.K, v[0], w, y); err != nil {
			return nil, err
		}
		return value(store(e, t.DType(), y, dims...))
	},
})

func (a MatMulNBitsAttrs) check() error {
	if a.Bits != 2 && a.Bits != 4 && a.Bits != 8 {
		return fmt.Errorf("weights of %d bits: %w", a.Bits, ir.ErrUnsupported)
	}
	if a.K < 1 || a.N < 1 || a.K > maxWindowAttr || a.N > maxWindowAttr || a.BlockSize < 16 || a.BlockSize > maxWindowAttr || a.BlockSize&(a.BlockSize-1) != 0 {
		return fmt.Errorf("sizes K %d and N %d, block_size %d: the first two must be positive, the last a power of 2 from 16 on", a.K, a.N, a.BlockSize)
	}
	return nil
}

func (a MatMulNBitsAttrs) blocks() int { return (a.K + a.BlockSize - 1) / a.BlockSize }

// weights returns the weights in K rows of N.
func (a MatMulNBitsAttrs) weights(e *ir.Env, in []tensor.Value) ([]float64, error) {
	b, scales := tens(in, 1), tens(in, 2)
	blocks, per := a.blocks(), 8/a.Bits
	if want := a.N * blocks * a.BlockSize / per; b.Len() != want {
		return nil, fmt.Errorf("b of sizes %v has not %d bytes", b.Dims(), want)
	}
	if scales.Len() != a.N*blocks {
		return nil, fmt.Errorf("scales of sizes %v are not %d", scales.Dims(), a.N*blocks)
	}
	scale, err := load[float64](e, scales)
	if err != nil {
		return nil, err
	}
	zero, err := a.zeros(e, tens(in, 3), blocks)
	if err != nil {
		return nil, err
	}
	of := make([]int, a.K) // the block of each place
	for k := range of {
		of[k] = k / a.BlockSize
	}
	if g := tens(in, 4); g != nil {
		if g.Len() < a.K {
			return nil, fmt.Errorf("g_idx has %d entries, not %d", g.Len(), a.K)
		}
		for k, x := range g.Int64s()[:a.K] {
			if x < 0 || x >= int64(blocks) {
				return nil, fmt.Errorf("g_idx: block %d is out of range for %d", x, blocks)
			}
			of[k] = int(x)
		}
	}
	w, err := alloc[float64](e, a.K, a.N)
	if err != nil {
		return nil, err
	}
	data, row := b.Bytes(), blocks*a.BlockSize
	for n := range a.N {
		for k := range a.K {
			i := n*blocks + of[k]
			w[k*a.N+n] = (float64(a.bits(data, n*row+k)) - zero[i]) * scale[i]
		}
	}
	return w, nil
}

// bits returns number i of those packed in data.
func (a MatMulNBitsAttrs) bits(data []byte, i int) byte {
	per := 8 / a.Bits
	return data[i/per] >> (i % per * a.Bits) & byte(1<<a.Bits-1)
}

// zeros returns the zero point of each block.
func (a MatMulNBitsAttrs) zeros(e *ir.Env, t *tensor.Tensor, blocks int) ([]float64, error) {
	out, err := alloc[float64](e, a.N, blocks)
	if err != nil {
		return nil, err
	}
	per := 8 / a.Bits
	row := (blocks + per - 1) / per * per
	switch {
	case t == nil:
		fill(out, float64(int(1)<<(a.Bits-1)))
	case t.DType() != tensor.U8:
		if t.Len() != len(out) {
			return nil, fmt.Errorf("zero_points of sizes %v are not %d", t.Dims(), len(out))
		}
		return load[float64](e, t)
	case t.Len() != a.N*row/per:
		return nil, fmt.Errorf("zero_points of sizes %v have not %d bytes", t.Dims(), a.N*row/per)
	default:
		for n := range a.N {
			for i := range blocks {
				out[n*blocks+i] = float64(a.bits(t.Bytes(), n*row+i))
			}
		}
	}
	return out, nil
}
