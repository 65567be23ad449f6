package kern

type number interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64 | ~float32 | ~float64
}

// loadAs fills dst from element off of an operand, which steps by one or stays.
func loadAs(t DType, a *Arg, off, step int, dst []float32) {
	if step == 1 && (t == Int8 || t == Uint8 || t == Bool) {
		f32OfBytes(dst, a.Data[off:], t == Int8, 0)
		return
	}
	switch t {
	case Float32:
		load(Of[float32](a)[off:], step, dst)
	case Float64:
		load(Of[float64](a)[off:], step, dst)
	case Int8:
		load(Of[int8](a)[off:], step, dst)
	case Int16:
		load(Of[int16](a)[off:], step, dst)
	case Int32:
		load(Of[int32](a)[off:], step, dst)
	case Int64:
		load(Of[int64](a)[off:], step, dst)
	case Uint8, Bool:
		load(Of[uint8](a)[off:], step, dst)
	case Uint16:
		load(Of[uint16](a)[off:], step, dst)
	case Uint32:
		load(Of[uint32](a)[off:], step, dst)
	case Uint64:
		load(Of[uint64](a)[off:], step, dst)
	case Float16, BFloat16:
		loadHalf(t, Of[uint16](a)[off:], step, dst)
	}
}

func load[T number](src []T, step int, dst []float32) {
	if step == 0 {
		v := float32(src[0])
		for i := range dst {
			dst[i] = v
		}
		return
	}
	for i, v := range src[:len(dst)] {
		dst[i] = float32(v)
	}
}

func loadHalf(t DType, src []uint16, step int, dst []float32) {
	if step != 0 {
		widenHalf(t, dst, src[:len(dst)])
		return
	}
	var one [1]float32
	widenHalf(t, one[:], src[:1])
	load(one[:], 0, dst)
}

// storeAs writes a tile to element off of a result, as [Cast] would.
func storeAs(t DType, a *Arg, off int, src []float32) {
	dst := Arg{Data: a.Data[off*t.Size():]}
	if t.half() {
		narrowHalf(t, Of[uint16](&dst), src)
		return
	}
	if t == Int8 || t == Uint8 {
		bytesOfF32(dst.Data, src)
		return
	}
	castFloat[float32](t, &dst, &Arg{Data: Bytes(src)}, 0, len(src))
}
