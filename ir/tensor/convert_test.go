package tensor

import (
	"math"
	"slices"
	"testing"
	"unsafe"
)

func TestConvertFollowsTheTablesOfCast(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name     string
		in       *Tensor
		to       DType
		saturate bool
		round    Rounding
		want     []byte
	}{
		{"what i8 cannot hold wraps", Of([]float64{300, -129, 1e10, inf, nan, -1.9}), I8, true, 0, []byte{0x2c, 0x7f, 0, 0, 0, 0xff}},
		{"negative numbers wrap in u16", Of([]float32{-1.5, 65537}), U16, true, 0, []byte{0xff, 0xff, 1, 0}},
		{"what u4 cannot hold wraps", Of([]float32{-1, 17, float32(nan)}), U4, true, 0, []byte{0x1f, 0}},
		{"beyond i32 is its least number", Of([]float32{3e9}), I32, true, 0, []byte{0, 0, 0, 0x80}},
		{"u32 holds what i32 does not", Of([]float64{-1, 1 << 33, 1 << 31, nan}), U32, true, 0, []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0x80}},
		{"u64 holds what i64 does not", Of([]float64{-1, 1 << 63, 1 << 64, nan}), U64, true, 0, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80}},
		{"e4m3fn saturates", Of([]float64{inf, -inf, 1e6, 464, 465, math.Copysign(0, -1), nan}), F8E4M3FN, true, 0, []byte{0x7e, 0xfe, 0x7e, 0x7e, 0x7e, 0x80, 0x7f}},
		{"e4m3fn overflows to NaN", Of([]float64{inf, -inf, 464, 465}), F8E4M3FN, false, 0, []byte{0x7f, 0xff, 0x7e, 0x7f}},
		{"e4m3fnuz saturates and has no -0", Of([]float64{inf, -1e6, math.Copysign(0, -1), -1e-9, nan}), F8E4M3FNUZ, true, 0, []byte{0x7f, 0xff, 0, 0, 0x80}},
		{"e5m2 overflows to infinity", Of([]float64{inf, -1e6, 1e6}), F8E5M2, false, 0, []byte{0x7c, 0xfc, 0x7c}},
		{"e5m2fnuz overflows to NaN", Of([]float64{inf, -1e6}), F8E5M2FNUZ, false, 0, []byte{0x80, 0x80}},
		{"e8m0 up", Of([]float32{0, 0.124, 1.1, 4, float32(inf)}), F8E8M0, true, Up, []byte{0, 124, 128, 129, 254}},
		{"e8m0 down", Of([]float32{1.9, 2}), F8E8M0, true, Down, []byte{127, 128}},
		{"e8m0 nearest, ties up", Of([]float32{1.49, 1.5, 0}), F8E8M0, false, NearestEven, []byte{127, 128, 255}},
		{"f6 runs across bytes", Of([]float32{0.125, -7.5, 100, float32(math.Inf(-1)), float32(nan)}), F6E2M3, true, 0, []byte{0xc1, 0xff, 0xfd, 0x20}},
		{"f6 of three bits of exponent", Of([]float32{0.0625, 28, -3, 1e-9}), F6E3M2, true, 0, []byte{0xc1, 0x27, 0x03}},
		{"f4 packs low first", Of([]float32{0.48, 1.05, -3.5}), F4E2M1, true, 0, []byte{0x21, 0x0e}},
		{"i4 keeps low bits", Of([]float32{-9, 7, 8.9}), I4, true, 0, []byte{0x77, 0x08}},
		{"u2 packs four", Of([]int64{1, 2, 3, 4, 7}), U2, true, 0, []byte{0x39, 0x03}},
		{"bool is not zero", Of([]float64{0, 0.1, nan}), Bool, true, 0, []byte{0, 1, 1}},
		{"integers wrap", Of([]int16{200, -1}), I8, true, 0, []byte{0xc8, 0xff}},
		{"strings", OfStrings([]string{"1e2", "-INF", "NaN", "2.5"}), F8E5M2, false, 0, []byte{0x56, 0xfc, 0x7e, 0x41}},
	} {
		got, err := Convert(c.in, c.to, c.saturate, c.round)
		if err != nil || !slices.Equal(got.Bytes(), c.want) {
			t.Errorf("%s: %x, %v; want %x", c.name, got.Bytes(), err, c.want)
		}
	}
}

func TestConvertToStringIsTheShortestThatReadsBack(t *testing.T) {
	for _, c := range []struct {
		in   *Tensor
		want []string
	}{
		{Of([]float32{0.1, 1, 1e-5, 1e16, 1000000, float32(math.Inf(-1)), float32(math.NaN())}), []string{"0.1", "1", "1e-05", "1e+16", "1000000", "-INF", "NaN"}},
		{Of([]Float16{ToFloat16(0.1), 0x7bff, 0x7c00}), []string{"0.099975586", "65504", "INF"}},
		{Of([]float64{0.1, 1e8, 1e17, 0.00012}), []string{"0.1", "100000000", "1e+17", "0.00012"}},
		{Of([]BFloat16{ToBFloat16(-4.9375)}), []string{"-4.9375"}},
		{Of([]uint64{math.MaxUint64}), []string{"18446744073709551615"}},
		{Of([]bool{true, false}), []string{"True", "False"}},
	} {
		got, _ := Convert(c.in, String, true, 0)
		if !slices.Equal(got.Strings(), c.want) {
			t.Errorf("%q, not %q", got.Strings(), c.want)
		}
		if back, err := Convert(got, c.in.DType(), true, 0); err != nil || c.in.DType() != F32 && !Equal(back, c.in) {
			t.Errorf("%q reads back as %v, %v", got.Strings(), back, err)
		}
	}
}

func TestConvertRefusesWhatIsNotANumber(t *testing.T) {
	if _, err := Convert(OfStrings([]string{"Hello"}), F32, true, 0); err == nil {
		t.Error("parsed Hello")
	}
	if _, err := Convert(Of([]complex64{1}), F32, true, 0); err == nil {
		t.Error("complex became real")
	}
}

func TestEveryPairOfTypesConverts(t *testing.T) {
	for from := F32; from < numDTypes; from++ {
		src, err := Convert(Of([]uint8{1, 0, 1, 1, 1}), from, true, Up)
		if err != nil {
			t.Fatal(from, err)
		}
		for to := F32; to < numDTypes; to++ {
			if from.IsComplex() && !to.IsComplex() && to != String || from == F8E8M0 || to == F8E8M0 {
				continue
			}
			got, err := Convert(src, to, true, Up)
			if err != nil {
				t.Fatalf("%v to %v: %v", from, to, err)
			}
			if !to.IsComplex() && to != String && !slices.Equal(got.Float64s(), []float64{1, 0, 1, 1, 1}) {
				t.Errorf("%v to %v: %v", from, to, got)
			}
			if len(got.String()) > 200 {
				t.Errorf("%v is long", got)
			}
		}
	}
}

func TestIntegersRoundOnceToBFloat16(t *testing.T) {
	v := int64(257)<<54 + 1 // just above a tie, which float64 cannot see
	if got := FromInt64s(BF16, []int64{v}, 1).Float64s()[0]; got != 258*0x1p54 {
		t.Errorf("%v, not %v", got, 258*0x1p54)
	}
}

func TestFromBytesSharesAlignedDataAndCopiesOther(t *testing.T) {
	b := Aligned(24)
	for off, shares := range map[int]bool{0: true, 1: false, 4: true} {
		v, err := FromBytes(F32, b[off:off+8], []int{2})
		if err != nil {
			t.Fatal(err)
		}
		if (unsafe.SliceData(v.Bytes()) == &b[off]) != shares {
			t.Errorf("offset %d: shares is not %v", off, shares)
		}
	}
}
