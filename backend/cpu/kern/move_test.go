package kern

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// counted is an operand whose elements, of any size, hold their own number.
func counted(size int, dims ...int) Arg {
	a := Arg{Data: make([]byte, dimsLen(dims)*size), Dims: dims}
	for i := range dimsLen(dims) {
		for k := range size {
			a.Data[i*size+k] = byte((i + 1) >> (8 * (k % 3)))
		}
	}
	return a
}

func blank(size int, dims ...int) Arg {
	return Arg{Data: bytes.Repeat([]byte{0xee}, dimsLen(dims)*size), Dims: dims}
}

// index splits a flat position, join is its inverse.
func index(i int, dims []int) []int {
	x := make([]int, len(dims))
	for k := len(dims) - 1; k >= 0; k-- {
		x[k] = i % dims[k]
		i /= dims[k]
	}
	return x
}

func join(x, dims []int) int {
	i := 0
	for k, d := range dims {
		i = i*d + x[k]
	}
	return i
}

// allocations returns what f allocates once it is warm. Registers of a worker are made when so many first work at once, which
// may be in any run: only what every measurement sees counts.
func allocations(f func()) float64 {
	least := testing.AllocsPerRun(3, f)
	for range 3 {
		if least == 0 {
			break
		}
		least = min(least, testing.AllocsPerRun(3, f))
	}
	return least
}

// expectMoved runs a kernel on 1 and 2 threads and compares its last argument with what from says:
// for each place of the result the flat position in operand 0, or -1 for zero.
func expectMoved(t *testing.T, name string, f Func, param any, size int, args []Arg, from func(x []int) int) {
	t.Helper()
	out := args[len(args)-1]
	for _, threads := range []int{1, 2} {
		copy(out.Data, bytes.Repeat([]byte{0xee}, len(out.Data)))
		c := Call{Args: args, Param: param, Threads: threads}
		if err := f(&c); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for i := range dimsLen(out.Dims) {
			want := make([]byte, size)
			if k := from(index(i, out.Dims)); k >= 0 {
				copy(want, args[0].Data[k*size:])
			}
			if got := out.Data[i*size : (i+1)*size]; !bytes.Equal(got, want) {
				t.Errorf("%s size %d: element %v is %x, want %x", name, size, index(i, out.Dims), got, want)
				return
			}
		}
		if a := allocations(func() { _ = f(&c) }); a != 0 {
			t.Errorf("%s: %v allocations per run", name, a)
		}
	}
}

func TestTransposePermutes(t *testing.T) {
	for _, tc := range []struct{ dims, perm []int }{
		{[]int{}, []int{}}, {[]int{5}, []int{0}}, {[]int{3, 5}, []int{1, 0}}, {[]int{130, 77}, []int{1, 0}},
		{[]int{2, 3, 20, 30}, []int{0, 2, 3, 1}}, {[]int{2, 20, 30, 3}, []int{0, 3, 1, 2}}, {[]int{2, 7, 4, 16}, []int{0, 2, 1, 3}},
		{[]int{4, 5, 6}, []int{2, 1, 0}}, {[]int{2, 1, 3, 1, 2, 2, 3, 2}, []int{7, 3, 5, 0, 1, 2, 6, 4}}, {[]int{3, 0, 2}, []int{2, 0, 1}},
		{[]int{2, 64, 40}, []int{0, 2, 1}}, {[]int{50, 60, 2}, []int{1, 0, 2}},
	} {
		for _, size := range []int{1, 2, 4, 8, 16} {
			out := make([]int, len(tc.dims))
			for i, k := range tc.perm {
				out[i] = tc.dims[k]
			}
			expectMoved(t, fmt.Sprint("transpose", tc), Transpose, &TransposeParam{tc.perm, size}, size,
				[]Arg{counted(size, tc.dims...), blank(size, out...)}, func(x []int) int {
					y := make([]int, len(x))
					for i, k := range tc.perm {
						y[k] = x[i]
					}
					return join(y, tc.dims)
				})
		}
	}
}

func TestSliceStartsAndSteps(t *testing.T) {
	dims := []int{6, 7, 40}
	for _, tc := range []struct{ axes, starts, steps, out, first []int }{
		{nil, []int{1, 2, 3}, nil, []int{4, 5, 30}, []int{1, 2, 3}},
		{[]int{-1, 0}, []int{-5, 5}, []int{2, -2}, []int{3, 7, 3}, []int{5, 0, 35}},
		{[]int{2}, []int{39}, []int{-1}, []int{6, 7, 40}, []int{0, 0, 39}},
		{[]int{1}, []int{100}, []int{-3}, []int{6, 3, 40}, []int{0, 6, 0}},
		{[]int{1}, []int{3}, nil, []int{6, 0, 40}, nil},
		{[]int{0}, []int{5}, []int{1 << 62}, []int{1, 7, 40}, []int{5, 0, 0}},
	} {
		step := []int{1, 1, 1}
		for k := range tc.steps {
			step[(tc.axes[k]+3)%3] = tc.steps[k]
		}
		from := func(x []int) int {
			y := make([]int, 3)
			for i := range y {
				y[i] = tc.first[i] + x[i]*step[i]
			}
			return join(y, dims)
		}
		in, out := counted(4, dims...), blank(4, tc.out...)
		expectMoved(t, fmt.Sprint("slice", tc), Slice, &SliceParam{Axes: tc.axes, Starts: tc.starts, Steps: tc.steps, Size: 4}, 4, []Arg{in, out}, from)
		op := func(v []int) Arg {
			w := make([]int64, len(v))
			for i := range v {
				w[i] = int64(v[i])
			}
			if v == nil {
				return Arg{}
			}
			return Arg{Bytes(w), []int{len(w)}}
		}
		args := []Arg{in, op(tc.starts), op(tc.starts), op(tc.axes), op(tc.steps), out}
		expectMoved(t, fmt.Sprint("dynamic slice", tc), Slice, &SliceParam{Dynamic: true, Index: Int64, Size: 4}, 4, args, from)
	}
	c := Call{Args: []Arg{counted(4, 5), blank(4, 4)}, Param: &SliceParam{Starts: []int{2}, Size: 4}}
	if Slice(&c) == nil {
		t.Error("a slice beyond the operand gives no error")
	}
}

func TestConcatAndSplitAreInverse(t *testing.T) {
	for axis := range 3 {
		a, b, z, w := []int{2, 3, 5}, []int{2, 3, 5}, []int{2, 3, 5}, []int{2, 3, 5}
		a[axis], b[axis], z[axis], w[axis] = 4, 7, 0, 11
		whole := counted(2, w...)
		parts := []Arg{blank(2, a...), blank(2, z...), blank(2, b...)}
		p := &ConcatParam{Axis: axis - 3, Size: 2}
		c := Call{Args: append([]Arg{whole}, parts...), Param: p}
		if err := Split(&c); err != nil {
			t.Fatal(err)
		}
		for i := range dimsLen(b) {
			x := index(i, b)
			x[axis] += 4
			if k := join(x, w); !bytes.Equal(parts[2].Data[2*i:2*i+2], whole.Data[2*k:2*k+2]) {
				t.Fatalf("axis %d: element %v", axis, index(i, b))
			}
		}
		back := Call{Args: append(parts, blank(2, w...)), Param: p}
		if err := Concat(&back); err != nil || !bytes.Equal(back.Args[3].Data, whole.Data) {
			t.Errorf("axis %d: the parts do not join to the whole: %v", axis, err)
		}
		if n := allocations(func() { _, _ = Concat(&back), Split(&c) }); n != 0 {
			t.Errorf("%v allocations per run", n)
		}
		back.Args[0].Dims = []int{9, 9, 9}
		if Concat(&back) == nil {
			t.Error("parts larger than the whole give no error")
		}
	}
}

func TestPadModes(t *testing.T) {
	modes := map[PadMode]func(i, d int) int{
		PadConstant: func(i, d int) int { return -1 },
		PadEdge:     func(i, d int) int { return max(0, min(i, d-1)) },
		PadWrap:     func(i, d int) int { return ((i % d) + d) % d },
		PadReflect: func(i, d int) int {
			for d > 1 && (i < 0 || i >= d) {
				if i < 0 {
					i = -i
				} else {
					i = 2*(d-1) - i
				}
			}
			return i
		},
	}
	for mode, f := range modes {
		for _, size := range []int{1, 4, 8, 16} {
			for _, tc := range []struct{ dims, before, out []int }{
				{[]int{5}, []int{2}, []int{10}}, {[]int{3, 4}, []int{1, 0}, []int{5, 6}}, {[]int{3, 4}, []int{-1, 2}, []int{2, 5}},
				{[]int{2, 3, 4}, []int{0, 1, 3}, []int{2, 5, 10}}, {[]int{2, 3}, []int{0, 0}, []int{2, 3}}, {[]int{4}, []int{9}, []int{22}}, {[]int{}, []int{}, []int{}},
			} {
				expectMoved(t, fmt.Sprint("pad", mode, tc), Pad, &PadParam{Mode: mode, Before: tc.before, Size: size}, size,
					[]Arg{counted(size, tc.dims...), blank(size, tc.out...)}, func(x []int) int {
						for i := range x {
							if x[i] -= tc.before[i]; x[i] < 0 || x[i] >= tc.dims[i] {
								if x[i] = f(x[i], tc.dims[i]); x[i] < 0 {
									return -1
								}
							}
						}
						return join(x, tc.dims)
					})
			}
		}
	}
	out := make([]float32, 5)
	c := Call{Args: []Arg{arg([]int{1, 2}, []float32{1, 2}), {Bytes([]int64{2, 1}), []int{2}}, arg([]int{}, []float32{7}), arg([]int{1, 5}, out)},
		Param: &PadParam{Size: 4, Dynamic: true, Axes: []int{-1}}}
	if err := Pad(&c); err != nil || fmt.Sprint(out) != "[7 7 1 2 7]" {
		t.Error(err, out)
	}
}

func TestExpandAndTileRepeat(t *testing.T) {
	for _, tc := range []struct{ in, out []int }{{[]int{3, 1}, []int{2, 3, 4}}, {[]int{}, []int{5}}, {[]int{1, 4}, []int{70, 4}}, {[]int{2, 1, 3}, []int{2, 0, 3}}} {
		expectMoved(t, fmt.Sprint("expand", tc), Expand, &ExpandParam{4}, 4, []Arg{counted(4, tc.in...), blank(4, tc.out...)},
			func(x []int) int { return broadcastIndex(join(x, tc.out), tc.out, tc.in) })
	}
	for _, tc := range []struct{ in, out []int }{{[]int{3, 2}, []int{6, 6}}, {[]int{2, 1, 3}, []int{2, 9, 3}}, {[]int{4}, []int{0}}, {[]int{1, 1, 1, 1, 2, 2, 2, 2}, []int{2, 2, 2, 2, 4, 4, 2, 4}}} {
		expectMoved(t, fmt.Sprint("tile", tc), Tile, &ExpandParam{2}, 2, []Arg{counted(2, tc.in...), blank(2, tc.out...)}, func(x []int) int {
			for i := range x {
				x[i] %= tc.in[i]
			}
			return join(x, tc.in)
		})
	}
}

func TestGatherPicksSlices(t *testing.T) {
	dims := []int{3, 5, 7}
	idx := []int64{4, -1, 0, 2, -3, 1}
	for _, size := range []int{1, 4, 8} {
		expectMoved(t, "gather", Gather, &GatherParam{Axis: -2, Size: size, Index: Int64}, size,
			[]Arg{counted(size, dims...), {Bytes(idx), []int{2, 3}}, blank(size, 3, 2, 3, 7)}, func(x []int) int {
				k := int(idx[x[1]*3+x[2]])
				return join([]int{x[0], (k + 5) % 5, x[3]}, dims)
			})
	}
	i32 := []int32{1, -1, 0, 2, 2, 1}
	expectMoved(t, "gather_elements", GatherElements, &GatherParam{Axis: 1, Size: 4, Index: Int32}, 4,
		[]Arg{counted(4, 3, 4), {Bytes(i32), []int{2, 3}}, blank(4, 2, 3)}, func(x []int) int {
			return join([]int{x[0], (int(i32[x[0]*3+x[1]]) + 4) % 4}, []int{3, 4})
		})
	nd := []int64{1, 2, 0, -1}
	expectMoved(t, "gather_nd", GatherND, &GatherParam{Size: 4, Index: Int64}, 4,
		[]Arg{counted(4, dims...), {Bytes(nd), []int{2, 2}}, blank(4, 2, 7)}, func(x []int) int {
			return join([]int{int(nd[2*x[0]]), (int(nd[2*x[0]+1]) + 5) % 5, x[1]}, dims)
		})
	expectMoved(t, "gather_nd batch", GatherND, &GatherParam{Size: 4, Index: Int64, Batch: 1}, 4,
		[]Arg{counted(4, 2, 5, 7), {Bytes(nd), []int{2, 2, 1}}, blank(4, 2, 2, 7)}, func(x []int) int {
			return join([]int{x[0], (int(nd[2*x[0]+x[1]]) + 5) % 5, x[2]}, []int{2, 5, 7})
		})
}

func TestGatherNamesIndexOutOfRange(t *testing.T) {
	for name, f := range map[string]Func{"gather": Gather, "gather_elements": GatherElements, "gather_nd": GatherND} {
		c := Call{Args: []Arg{counted(4, 5), {Bytes([]int64{1, -6}), []int{2}}, blank(4, 2)}, Param: &GatherParam{Size: 4, Index: Int64}}
		if name == "gather_nd" {
			c.Args[1].Dims = []int{2, 1}
		}
		err := f(&c)
		var ie *IndexError
		if !errors.As(err, &ie) || !strings.Contains(err.Error(), "index -6: out of range for axis 0 of size 5") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDepthAndSpaceAreInverse(t *testing.T) {
	for _, crd := range []bool{false, true} {
		deep, wide := []int{2, 12, 3, 5}, []int{2, 3, 6, 10}
		from := func(x []int) int {
			i, j := x[2]%2, x[3]%2
			ch := (i*2+j)*3 + x[1]
			if crd {
				ch = x[1]*4 + i*2 + j
			}
			return join([]int{x[0], ch, x[2] / 2, x[3] / 2}, deep)
		}
		p := &DepthParam{Block: 2, Size: 4, CRD: crd}
		in, out := counted(4, deep...), blank(4, wide...)
		expectMoved(t, "depth_to_space", DepthToSpace, p, 4, []Arg{in, out}, from)
		back := blank(4, deep...)
		c := Call{Args: []Arg{out, back}, Param: p}
		if err := SpaceToDepth(&c); err != nil || !bytes.Equal(back.Data, in.Data) {
			t.Errorf("crd %v: not the inverse: %v", crd, err)
		}
	}
}

func TestFillRangeCopyWhere(t *testing.T) {
	out := blank(8, 3, 4)
	if err := Fill(&Call{Args: []Arg{out}, Param: &FillParam{Bytes([]int64{-7})}}); err != nil || Of[int64](&out)[11] != -7 {
		t.Error(err, out)
	}
	r := blank(8, 4)
	s := func(v int64) Arg { return Arg{Bytes([]int64{v}), nil} }
	if err := Range(&Call{Args: []Arg{s(10), s(2), s(-3), r}, Param: &RangeParam{Int64}}); err != nil || fmt.Sprint(Of[int64](&r)) != "[10 7 4 1]" {
		t.Error(err, Of[int64](&r))
	}
	expectMoved(t, "reshape", Reshape, &ReshapeParam{Size: 4}, 4, []Arg{counted(4, 300, 400), blank(4, 120000)}, func(x []int) int { return x[0] })
	cond := Arg{[]byte{1, 0, 1}, []int{3, 1}}
	x, y, z := []float32{1, 2, 3, 4, 5, 6}, []float32{-9}, make([]float32, 6)
	c := Call{Args: []Arg{cond, arg([]int{3, 2}, x), arg(nil, y), arg([]int{3, 2}, z)}, Param: &WhereParam{4}}
	if err := Where(&c); err != nil || fmt.Sprint(z) != "[1 2 -9 -9 5 6]" {
		t.Error(err, z)
	}
	if n := allocations(func() { _ = Where(&c) }); n != 0 {
		t.Errorf("%v allocations per run", n)
	}
}
