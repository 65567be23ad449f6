package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime"
	"github.com/cameo-onnx/cameo/runtime/values"
)

// modelFlags are the flags of commands that run one model.
type modelFlags struct {
	compileFlags
	maxMemory string
	seed      uint64
	inputs    []string
	random    int64
	dims      []string
	reader    values.Reader
}

func (f *modelFlags) register(c *cobra.Command) {
	f.compileFlags.register(c)
	c.Flags().StringVar(&f.maxMemory, "max-memory", "", "memory that a run may take for intermediate values, such as 500MB or 1GiB "+
		"(default: 384MiB, and 256 bytes for each byte of weights and inputs, at most 8GiB)")
}

// registerInputs adds the flags of commands that read inputs; timeout says what holds where --timeout is not given.
func (f *modelFlags) registerInputs(c *cobra.Command, timeout string) {
	fl := c.Flags()
	fl.StringArrayVarP(&f.inputs, "input", "i", nil, "NAME=SOURCE: a .npy, .npz, .npz:ENTRY, .pb, .png or .jpg file, or a literal "+
		"such as 1x3=1,2,3 (NAME==5: a scalar); SOURCE alone for a model of one input")
	fl.Int64Var(&f.random, "random", -1, "fill the inputs that are not given with random numbers of this seed")
	fl.StringArrayVar(&f.dims, "dim", nil, "NAME=SIZE: a size that the model leaves open, for random inputs (default 1)")
	fl.StringVar(&f.reader.Layout, "layout", "", "of pictures: nchw, nhwc or hw (default: the input's sizes tell)")
	fl.Float64SliceVar(&f.reader.Mean, "mean", nil, "of pictures: subtracted from pixels scaled to 0…1; one number, or one a channel")
	fl.Float64SliceVar(&f.reader.Std, "std", nil, "of pictures: what pixels are divided by, after --mean")
	fl.BoolVar(&f.reader.Resize, "resize", false, "scale pictures to the input's sizes")
	fl.DurationVar(&f.timeout, "timeout", 0, "time of a run, such as 500ms; 0: no end (default: "+timeout+")")
	fl.Uint64Var(&f.seed, "seed", 0, "of the model's own random operators")
}

// options returns what a model is compiled with.
func (f *modelFlags) options() (runtime.Options, error) {
	o, err := f.compileFlags.options()
	o.Seed, o.MaxSessions = f.seed, 1
	if err == nil && f.maxMemory != "" {
		o.Memory, err = byteCount(f.maxMemory)
	}
	return o, err
}

// byteCount reads 1024, 500MB, 1.5GiB.
func byteCount(s string) (int, error) {
	num := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	scale, ok := map[string]float64{"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}[strings.ToLower(strings.TrimSpace(s[len(num):]))]
	v, err := strconv.ParseFloat(num, 64)
	if !ok || err != nil || !(v > 0) || v*scale >= math.MaxInt64 {
		return 0, usagef("%q is no amount of memory: write 500MB or 1GiB", s)
	}
	return max(1, int(v*scale)), nil
}

// sizes reads the --dim flags.
func (f *modelFlags) sizes() (map[string]int, error) {
	out := map[string]int{}
	for _, d := range f.dims {
		i := strings.LastIndexByte(d, '=')
		n, err := 0, error(nil)
		if i > 0 {
			n, err = strconv.Atoi(d[i+1:])
		}
		if i <= 0 || err != nil || n < 0 {
			return nil, usagef("--dim %s: want NAME=SIZE, a size of 0 or more", d)
		}
		out[d[:i]] = n
	}
	return out, nil
}

// knownSizes refuses --dim flags that name no size of the inputs.
func knownSizes(m *runtime.Model, sizes map[string]int) error {
	var names []string
	for _, p := range m.Inputs() {
		for _, d := range p.Type.Shape {
			for _, s := range d.Syms() {
				if q := wire.Quote(s); !slices.Contains(names, q) {
					names = append(names, q)
				}
				delete(sizes, s)
			}
		}
	}
	for s := range sizes {
		return usagef("--dim %s: no input has a size of that name; there are: %s", wire.Quote(s), strings.Join(names, ", "))
	}
	return nil
}

// A loaded model, as it was imported and as it was compiled.
type loaded struct {
	*runtime.Model
	im       *onnx.Model
	ends     map[string]*ir.Op // the op that computes each output, as imported
	imported time.Duration
	compiled time.Duration
}

// load opens and compiles a model.
func load(path string, imports onnx.Options, o runtime.Options) (*loaded, error) {
	start := time.Now()
	im, err := onnx.Open(path, imports)
	if err != nil {
		return nil, err
	}
	l := &loaded{im: im, imported: time.Since(start), ends: map[string]*ir.Op{}}
	for _, out := range im.Graph.Outputs {
		l.ends[out.Name] = endOf(out.Value)
	}
	start = time.Now()
	l.Model, err = runtime.Compile(im.Graph, o)
	l.compiled = time.Since(start)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// endOf returns the op that gave v its values, nil where none did: ops that only move or cast them are passed over.
func endOf(v *ir.Value) *ir.Op {
	for range 16 { // a hostile model has many outputs behind long chains
		if v.Def == nil {
			break
		}
		if o := v.Def.Op; !cpu.IsView(o) && o != op.Cast.Op {
			return o
		}
		v = v.Def.In[0]
	}
	return nil
}

// given returns the inputs that the flags give, and notes for the user.
func (f *modelFlags) given(m *runtime.Model, defaults func(name string) bool, limit int) (map[string]cameo.Value, []string, error) {
	var inputs []values.Input
	for _, p := range m.Inputs() {
		inputs = append(inputs, values.Input{Name: p.Name, Type: p.Type})
	}
	if limit > 0 {
		f.reader.Limit = int64(limit)
	}
	if f.random < -1 {
		return nil, nil, usagef("--random %d: a seed is not negative", f.random)
	}
	in, err := f.reader.Read(f.inputs, inputs)
	if err != nil {
		return nil, nil, usage(err)
	}
	notes := f.reader.Notes
	sizes, err := f.sizes()
	if err != nil {
		return nil, nil, err
	}
	if f.random < 0 {
		if len(sizes) > 0 {
			return nil, nil, usagef("--dim goes with --random: the sizes of what --input gives are as they are")
		}
		return in, notes, nil
	}
	if err := knownSizes(m, maps.Clone(sizes)); err != nil {
		return nil, nil, err
	}
	if limit == 0 {
		limit = values.DefaultLimit
	}
	for _, p := range inputs {
		values.Learn(p.Type, in[p.Name], sizes)
	}
	values.Settle(m.Plan().Facts, sizes)
	for _, p := range inputs {
		if in[p.Name] != nil || defaults(p.Name) {
			continue
		}
		dims, unbound, err := values.Dims(p.Type, sizes)
		if err != nil {
			return nil, nil, usage(fmt.Errorf("input %s: %w", wire.Quote(p.Name), err))
		}
		for _, s := range unbound {
			notes = append(notes, fmt.Sprintf("size %s is open and taken as 1: --dim %s=4 says otherwise", wire.Quote(s), s))
		}
		values.Settle(m.Plan().Facts, sizes)
		if in[p.Name], err = values.Random(p.Type.DType, dims, uint64(f.random), p.Name, int64(limit)); err != nil {
			return nil, nil, usage(fmt.Errorf("input %s: %w", wire.Quote(p.Name), err))
		}
	}
	return in, notes, nil
}

// usage marks an error about an argument as wrong usage, and leaves others as they are.
func usage(err error) error {
	if errors.Is(err, values.ErrSyntax) {
		return usagef("%s", strings.Replace(err.Error(), values.ErrSyntax.Error()+": ", "", 1))
	}
	return err
}
