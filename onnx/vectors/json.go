package vectors

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// decodeJSON reads a map, or a sequence of maps, written as JSON objects; keys that the declared type says are integers stand as
// decimal strings.
func decodeJSON(data []byte, t *wire.Type) (tensor.Value, error) {
	if t != nil && t.Kind == wire.KindSequence && t.Of != nil && t.Of.Kind == wire.KindMap {
		var list []map[string]any
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, err
		}
		out := &tensor.Sequence{}
		for i, m := range list {
			v, err := mapOf(m, t.Of)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			out.Elems = append(out.Elems, v)
		}
		return out, nil
	}
	if t == nil || t.Kind != wire.KindMap {
		return nil, fmt.Errorf("only maps and sequences of maps are read from JSON")
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	return mapOf(m, t)
}

// mapOf returns a map of the declared type, in the order of its keys.
func mapOf(m map[string]any, t *wire.Type) (*tensor.Map, error) {
	kd, vd := tensor.DType(t.Elem), tensor.F32
	if t.Of != nil && t.Of.Kind == wire.KindTensor && tensor.DType(t.Of.Elem).Valid() {
		vd = tensor.DType(t.Of.Elem)
	}
	names, ints := make([]string, 0, len(m)), map[string]int64{}
	for k := range m {
		names = append(names, k)
		if kd == tensor.String {
			continue
		}
		n, err := strconv.ParseInt(k, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("key %q is no integer", k)
		}
		ints[k] = n
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(ints[a], ints[b]), cmp.Compare(a, b)) })
	if kd != tensor.String && !kd.IsInt() {
		return nil, fmt.Errorf("keys of %v", kd)
	}
	out := &tensor.Map{Keys: tensor.New(kd, len(m)), Values: tensor.New(vd, len(m))}
	for i, k := range names {
		if kd == tensor.String {
			out.Keys.Strings()[i] = k
		} else {
			out.Keys.SetInt64At(i, ints[k])
		}
		switch x := m[k].(type) {
		case float64:
			if vd == tensor.String {
				return nil, fmt.Errorf("value of %q is a number", k)
			}
			out.Values.SetFloat64At(i, x)
		case string:
			if vd != tensor.String {
				return nil, fmt.Errorf("value of %q is a string", k)
			}
			out.Values.Strings()[i] = x
		default:
			return nil, fmt.Errorf("value of %q is neither a number nor a string", k)
		}
	}
	return out, nil
}

// inKeyOrder returns m's keys and values in the order of the keys: maps have no order of their own.
func inKeyOrder(m *tensor.Map) (keys, values *tensor.Tensor) {
	n := m.Keys.Len()
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	if m.Keys.DType() == tensor.String {
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(m.Keys.Strings()[i], m.Keys.Strings()[j]) })
	} else {
		k := m.Keys.Int64s()
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(k[i], k[j]) })
	}
	return reorder(m.Keys, order), reorder(m.Values, order)
}

func reorder(t *tensor.Tensor, order []int) *tensor.Tensor {
	if t.Len() != len(order) {
		return t
	}
	out := tensor.New(t.DType(), t.Dims()...)
	for i, from := range order {
		switch d := t.DType(); {
		case d == tensor.String:
			out.Strings()[i] = t.Strings()[from]
		case d.IsInt():
			out.SetInt64At(i, t.Int64At(from))
		default:
			out.SetFloat64At(i, t.Float64At(from))
		}
	}
	return out
}
