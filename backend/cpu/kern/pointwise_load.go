package kern

import "unsafe"

type number interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64 | ~float32 | ~float64
}

// loadAs fills dst from element off of an operand, which steps by one or stays.
func loadAs(t DType, a *Arg, off, step int, dst []float32) {
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

// storeAs writes a tile to element off of a result.
func storeAs(t DType, a *Arg, off int, src []float32) {
	switch t {
	case Float64:
		store(Of[float64](a)[off:], src)
	case Int8:
		store(Of[int8](a)[off:], src)
	case Int16:
		store(Of[int16](a)[off:], src)
	case Int32:
		store(Of[int32](a)[off:], src)
	case Int64:
		store(Of[int64](a)[off:], src)
	case Uint8:
		store(Of[uint8](a)[off:], src)
	case Uint16:
		store(Of[uint16](a)[off:], src)
	case Uint32:
		store(Of[uint32](a)[off:], src)
	case Uint64:
		store(Of[uint64](a)[off:], src)
	case Bool:
		dst := unsafe.Slice(unsafe.SliceData(a.Data), len(a.Data))[off:]
		for i, v := range src {
			dst[i] = 0
			if v != 0 {
				dst[i] = 1
			}
		}
	}
}

func store[T number](dst []T, src []float32) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = T(v)
	}
}
