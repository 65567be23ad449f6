package cpu

import "github.com/cameo-onnx/cameo/backend"

// RowNames returns the names of all rows of the kernel table, and the op of each.
func RowNames() map[string]string {
	out := map[string]string{}
	for name, k := range byName {
		out[name] = k.Op.Name
	}
	return out
}

// Poison fills a session's arena with what no step may read: bytes that make every float NaN.
func Poison(s backend.Session) {
	for i := range s.(*session).arena {
		s.(*session).arena[i] = 0xff
	}
}
