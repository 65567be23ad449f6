package cpu

import (
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
)

// A Row describes a kernel of the table, for people.
type Row struct {
	Name string
	Op   *ir.Op
	Runs bool // this machine has what the kernel needs
}

// Rows returns the kernels of op, best first; of all ops, by name, where op is nil.
func Rows(op *ir.Op) []Row {
	var out []Row
	for o, list := range rows {
		if op != nil && o != op {
			continue
		}
		for _, k := range list {
			out = append(out, Row{k.Name, k.Op, kern.CPU().Has(k.Needs)})
		}
	}
	slices.SortStableFunc(out, func(a, b Row) int { return strings.Compare(a.Op.Name, b.Op.Name) })
	return out
}

// A Machine is what kernels are chosen by.
type Machine struct {
	Features string `json:"features"` // instruction groups that kernels use
	L1       int    `json:"l1_bytes"` // of the data cache, as one core sees it
	L2       int    `json:"l2_bytes"`
	L3       int    `json:"l3_bytes"`
}

// Describe returns this machine.
func Describe() Machine {
	c := kern.CacheSizes()
	return Machine{kern.CPU().String(), c.L1, c.L2, c.L3}
}
