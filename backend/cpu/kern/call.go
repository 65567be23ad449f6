package kern

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

// An Arg is one operand or result of a kernel as it lies in memory: dense, row-major. An absent
// optional operand has nil Data.
type Arg struct {
	Data []byte
	Dims []int
}

// Has reports whether the operand is there; one with no elements is.
func (a *Arg) Has() bool { return a.Data != nil }

// Len returns the number of elements that Dims spell.
func (a *Arg) Len() int {
	n := 1
	for _, d := range a.Dims {
		n *= d
	}
	return n
}

// A Call is one execution of a kernel. Whoever runs the step owns it and passes the same Call each
// time, so that what a kernel keeps in State makes the next run free of allocations.
type Call struct {
	Args    []Arg        // operands, then results
	Param   any          // the kernel's own plain struct, by pointer
	Scratch []byte       // as much as the kernel asked for when the plan was made
	Threads int          // at most so many threads; 0 or less means as many as the pool has
	Stop    *atomic.Bool // set on cancellation and looked at between chunks; may be nil
	Seed    uint64       // of the run, for kernels that draw random numbers
	State   any          // nil at first; a kernel may set it and find it again on the next run
}

// A Func runs one kernel. Its error tells of a fault in the data, such as an index out of range;
// sizes that contradict each other are errors too where they would lead outside an operand.
type Func func(*Call) error

// Stopped reports whether the run was cancelled: what the kernel wrote is then incomplete.
func (c *Call) Stopped() bool { return c.Stop != nil && c.Stop.Load() }

// Element is the set of Go types that operands are viewed as.
type Element interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64 | ~float32 | ~float64 | ~bool
}

// Of views the operand's bytes as elements of type T, without copying; as many as fit.
func Of[T Element](a *Arg) []T {
	var z T
	n := len(a.Data) / int(unsafe.Sizeof(z))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(a.Data))), n)
}

// F32 views the operand as float32.
func F32(a *Arg) []float32 { return Of[float32](a) }

// A need is how much of something there is, and how much there must be.
type need struct {
	name       string
	have, want int
}

// enough tells of the first of needs, counted in units, that is not met.
func enough(units string, needs ...need) error {
	for _, n := range needs {
		if n.have < n.want {
			return fmt.Errorf("%s has %d %s: want %d", n.name, n.have, units, n.want)
		}
	}
	return nil
}

// Bytes views elements as the bytes they lie in, without copying.
func Bytes[T Element](s []T) []byte {
	if len(s) == 0 {
		return []byte{}
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// StateOf returns the *T that the call keeps from run to run, a new zero T the first time.
func StateOf[T any](c *Call) *T {
	if s, ok := c.State.(*T); ok {
		return s
	}
	s := new(T)
	c.State = s
	return s
}

// A Task is work that splits over items: Do handles items lo to hi-1. The worker number tells
// concurrent calls apart, from 0 (the caller's thread) up to Workers-1, so that scratch can be
// split by it; what is computed must not depend on it, nor on where the chunks begin.
type Task interface{ Do(worker, lo, hi int) }

type taskFunc func(lo, hi int)

func (f taskFunc) Do(_, lo, hi int) { f(lo, hi) }

// Workers returns one more than the highest worker number that a task of this call can see.
func (c *Call) Workers() int { return workersFor(c.Threads) }

// ParallelTask runs t over n items in chunks of at least grain items, on this thread and on idle
// workers of the pool, and returns when all are done. It allocates nothing if t is a pointer that
// outlives the call, such as one into State. A panic in a worker is raised here as a *Panic.
func (c *Call) ParallelTask(n, grain int, t Task) { parallel(c.Threads, n, grain, c.Stop, t) }

// Parallel is ParallelTask for a function; a closure that captures variables is allocated by the caller.
func (c *Call) Parallel(n, grain int, f func(lo, hi int)) { c.ParallelTask(n, grain, taskFunc(f)) }
