package wire

import (
	"strconv"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// An External returns length bytes of another file from offset on: see [Tensor.Tensor].
type External = func(location string, offset, length int64) ([]byte, error)

// readExternal reads a tensor whose data lie in another file.
func (t *Tensor) readExternal(e *elems, external External) (*tensor.Tensor, error) {
	location, offset, err := t.externalRange(int64(e.bytes))
	if err != nil {
		return nil, err
	}
	if e.dtype == tensor.String {
		return nil, formatf("external data cannot hold strings")
	}
	if external == nil {
		return nil, formatf("its data lie in the file %s, which is not at hand", Quote(location))
	}
	b, err := external(location, offset, int64(e.bytes))
	if err != nil {
		return nil, err
	}
	return e.fromBytes("external data", b)
}

// externalRange reads the entries of external_data: location, offset (default 0) and length, which must be want if it is given. Entries
// that decide nothing, such as checksum, are passed over.
func (t *Tensor) externalRange(want int64) (location string, offset int64, err error) {
	seen := map[string]bool{}
	for _, entry := range t.External {
		switch entry.Key {
		case "location":
			location = entry.Value
		case "offset":
			offset, err = strconv.ParseInt(entry.Value, 10, 64)
			if err != nil || offset < 0 {
				return "", 0, formatf("offset %s of external data is not a position", Quote(entry.Value))
			}
		case "length":
			n, err := strconv.ParseInt(entry.Value, 10, 64)
			if err != nil || n < 0 {
				return "", 0, formatf("length %s of external data is not a length", Quote(entry.Value))
			}
			if n != want {
				return "", 0, formatf("external data of %d bytes, want %d", n, want)
			}
		default:
			continue
		}
		if seen[entry.Key] {
			return "", 0, formatf("external data gives %s twice", entry.Key)
		}
		seen[entry.Key] = true
	}
	if location == "" {
		return "", 0, formatf("external data without a location")
	}
	if offset > 1<<63-1-want {
		return "", 0, formatf("external data at %d, %d bytes long, is out of range", offset, want)
	}
	return location, offset, nil
}
