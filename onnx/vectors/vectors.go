// Package vectors reads test cases in the layout of ONNX's backend tests and compares results with them.
//
// A case is a folder with model.onnx and test_data_set_N/{input,output}_I.pb, in the order of the graph's inputs (initializers left
// out) and outputs; maps and sequences of maps may stand as JSON objects in {input,output}_I.json. Beside the model may lie
// tolerance.json ({"rtol": …, "atol": …}) and an empty file random, which says that the model draws random numbers, so that only types
// and sizes can be compared.
package vectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// A Case is a model with data sets.
type Case struct {
	Dir       string
	Name      string   // Dir, relative to the folder that was searched
	Sets      []string // the folders test_data_set_N, in order of N
	Tolerance Tolerance
	Random    bool
}

// Tolerance bounds |got - want| by Abs + Rel·|want|.
type Tolerance struct {
	Rel float64 `json:"rtol"`
	Abs float64 `json:"atol"`
}

// DefaultTolerance is that of ONNX's own runner.
var DefaultTolerance = Tolerance{Rel: 1e-3, Abs: 1e-5}

// ModelPath returns the path of the case's model.
func (c *Case) ModelPath() string { return filepath.Join(c.Dir, "model.onnx") }

// Find returns the cases below dir, sorted by name. def is the tolerance of those that give none.
func Find(dir string, def Tolerance) ([]Case, error) {
	var out []Case
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || d.Name() != "model.onnx" {
			return nil
		}
		c, err := open(filepath.Dir(path), def)
		if err != nil {
			return err
		}
		if c.Name, err = filepath.Rel(dir, c.Dir); err != nil || c.Name == "." {
			c.Name = filepath.Base(c.Dir)
		}
		if len(c.Sets) > 0 {
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

func open(dir string, def Tolerance) (Case, error) {
	c := Case{Dir: dir, Tolerance: def}
	sets, err := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	if err != nil {
		return c, err
	}
	slices.SortFunc(sets, func(a, b string) int { return number(a) - number(b) })
	c.Sets = sets
	if data, err := os.ReadFile(filepath.Join(dir, "tolerance.json")); err == nil {
		if err := json.Unmarshal(data, &c.Tolerance); err != nil {
			return c, fmt.Errorf("%s: %w", filepath.Join(dir, "tolerance.json"), err)
		}
	}
	_, err = os.Stat(filepath.Join(dir, "random"))
	c.Random = err == nil
	return c, nil
}

// number returns the digits at the end of a path, as a number.
func number(path string) int {
	i := len(path)
	for i > 0 && path[i-1] >= '0' && path[i-1] <= '9' {
		i--
	}
	n, _ := strconv.Atoi(path[i:])
	return n
}

// Inputs returns the declared inputs of a model that are no initializers, in order.
func Inputs(m *wire.Model) []*wire.ValueInfo {
	given := map[string]bool{}
	for _, t := range m.Graph.Inits {
		given[t.Name] = true
	}
	var out []*wire.ValueInfo
	for _, vi := range m.Graph.Inputs {
		if !given[vi.Name] {
			out = append(out, vi)
		}
	}
	return out
}

// Read returns the inputs and the reference outputs of one data set of a case. Outputs that the set leaves out are nil.
func (c *Case) Read(set string, m *wire.Model) (in, want []tensor.Value, err error) {
	for i, vi := range Inputs(m) {
		v, err := readValue(set, "input", i, vi)
		if err != nil {
			return nil, nil, err
		}
		in = append(in, v)
	}
	for i, vi := range m.Graph.Outputs {
		v, err := readValue(set, "output", i, vi)
		if err != nil {
			return nil, nil, err
		}
		want = append(want, v)
	}
	return in, want, nil
}

// readValue reads one file of a data set; nil where there is none.
func readValue(set, what string, i int, vi *wire.ValueInfo) (tensor.Value, error) {
	path := filepath.Join(set, fmt.Sprintf("%s_%d.pb", what, i))
	decode := func(data []byte) (tensor.Value, error) { return wire.DecodeValue(data, vi.Type, wire.Budget{}) }
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = strings.TrimSuffix(path, "pb") + "json"
		decode = func(data []byte) (tensor.Value, error) { return decodeJSON(data, vi.Type) }
		data, err = os.ReadFile(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}
