package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/runtime/values"
)

// jsonValue is a value in JSON: the elements of a tensor in row-major order, infinities and NaN as strings.
type jsonValue struct {
	Name   string `json:"name,omitempty"`
	Type   string `json:"type"`
	Shape  []int  `json:"shape,omitempty"`
	Values any    `json:"values"`
}

func toJSON(name string, v cameo.Value) jsonValue {
	switch v := v.(type) {
	case *cameo.Tensor:
		return jsonValue{Name: name, Type: ir.TypeOf(v).String(), Shape: v.Dims(), Values: elements(v)}
	case *cameo.Sequence:
		list := []jsonValue{}
		for _, e := range v.Elems {
			list = append(list, toJSON("", e))
		}
		return jsonValue{Name: name, Type: "sequence", Values: list}
	case *cameo.Map:
		return jsonValue{Name: name, Type: "map", Values: map[string]any{"keys": elements(v.Keys), "values": elements(v.Values)}}
	case *cameo.Optional:
		if v.Elem != nil {
			return toJSON(name, v.Elem)
		}
	}
	return jsonValue{Name: name, Type: "none"}
}

func elements(t *cameo.Tensor) []any {
	out := make([]any, t.Len())
	for i := range out {
		switch d := t.DType(); {
		case d == cameo.String:
			out[i] = t.Strings()[i]
		case d == cameo.Bool:
			out[i] = t.Int64At(i) != 0
		case d.IsComplex():
			out[i] = fmt.Sprint(t.Complex128s()[i])
		case d == cameo.Float32:
			out[i] = number(float32(t.Float64At(i)))
		case d.IsFloat():
			out[i] = number(t.Float64At(i))
		case d.IsSigned():
			out[i] = t.Int64At(i)
		default:
			out[i] = uint64(t.Int64At(i))
		}
	}
	return out
}

// number returns v, or where JSON has no such number its name.
func number[T float32 | float64](v T) any {
	if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Sprint(f)
	}
	return v
}

// A real is a number that JSON may lack: an infinity and NaN are written by name.
type real float64

// MarshalJSON writes v as [number] has it.
func (v real) MarshalJSON() ([]byte, error) { return json.Marshal(number(float64(v))) }

func printJSON(w io.Writer, results []values.Named, r *ranking, took time.Duration) error {
	list := []jsonValue{}
	for _, v := range results {
		list = append(list, toJSON(v.Name, v.Value))
	}
	return json.NewEncoder(w).Encode(struct {
		Outputs []jsonValue `json:"outputs"`
		Top     *ranking    `json:"top,omitempty"`
		Seconds float64     `json:"seconds"`
	}{list, r, took.Seconds()})
}
