package kern

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type addTask struct {
	dst     []int64
	workers atomic.Uint64
	hook    func(worker, lo int)
}

func (t *addTask) Do(worker, lo, hi int) {
	t.workers.Or(1 << worker)
	for i := lo; i < hi; i++ {
		t.dst[i]++
	}
	if t.hook != nil {
		t.hook(worker, lo)
	}
}

func testPool(t *testing.T, size int) *pool {
	p := newPool(size)
	t.Cleanup(p.close)
	return p
}

func TestPoolDoesEveryItemOnce(t *testing.T) {
	p := testPool(t, 4)
	for _, n := range []int{1, 2, 3, 7, 100, 1001} {
		for _, grain := range []int{1, 5, 1000, 5000} {
			a := &addTask{dst: make([]int64, n)}
			for range 50 {
				p.run(0, n, grain, nil, a)
			}
			for i, v := range a.dst {
				if v != 50 {
					t.Fatalf("n %d grain %d: item %d done %d times, want 50", n, grain, i, v)
				}
			}
		}
	}
}

func TestPoolSharesWorkAndWakesSleepers(t *testing.T) {
	p := testPool(t, 3)
	for round := range 4 {
		asleep := &p.sleepers
		if round >= 2 {
			asleep = &p.park.deep
		}
		a := &addTask{dst: make([]int64, 100)}
		a.hook = func(worker, _ int) {
			// The caller holds on until a worker has shown up.
			for i := 0; worker == 0 && a.workers.Load() == 1 && i < 5000; i++ {
				time.Sleep(time.Millisecond)
			}
		}
		p.run(0, 100, 1, nil, a)
		if a.workers.Load()&^1 == 0 {
			t.Fatalf("round %d: no worker joined", round)
		}
		for i := 0; asleep.Load() != 2; i++ {
			if i == 5000 {
				t.Fatalf("round %d: idle workers do not sleep", round)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func TestPoolKeepsWithinThreads(t *testing.T) {
	p := testPool(t, 6)
	for _, threads := range []int{1, 2, 3} {
		a := &addTask{dst: make([]int64, 300), hook: func(int, int) { time.Sleep(10 * time.Microsecond) }}
		for range 20 {
			p.run(threads, 300, 1, nil, a)
		}
		if w := a.workers.Load(); w>>threads != 0 {
			t.Errorf("threads %d: worker numbers %b", threads, w)
		}
	}
}

func TestPoolServesConcurrentAndNestedJobs(t *testing.T) {
	p := testPool(t, 3)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			in := &addTask{dst: make([]int64, 40)}
			var mu sync.Mutex
			out := &addTask{dst: make([]int64, 64), hook: func(int, int) {
				mu.Lock()
				defer mu.Unlock()
				p.run(0, 40, 1, nil, in)
			}}
			for range 100 {
				p.run(0, 64, 4, nil, out)
			}
			for i, v := range out.dst {
				if v != 100 {
					t.Errorf("item %d done %d times, want 100", i, v)
				}
			}
			if in.dst[0] != in.dst[39] || in.dst[0] < 100 {
				t.Errorf("nested items done %d and %d times", in.dst[0], in.dst[39])
			}
		})
	}
	wg.Wait()
}

func TestPoolRaisesPanicInCallerAndSurvives(t *testing.T) {
	p := testPool(t, 2)
	boom := errors.New("boom")
	for _, who := range []int{0, 1} {
		a := &addTask{dst: make([]int64, 64)}
		a.hook = func(worker, _ int) {
			if worker == who {
				panic(boom)
			}
			for a.workers.Load()&(1<<who) == 0 {
				runtime.Gosched()
			}
		}
		func() {
			defer func() {
				v, _ := recover().(error)
				if !errors.Is(v, boom) {
					t.Errorf("panic of %d: recovered %v, want %v", who, v, boom)
				}
				var pp *Panic
				if who == 1 && (!errors.As(v, &pp) || len(pp.Stack) == 0) {
					t.Errorf("a worker's panic comes without its stack")
				}
			}()
			p.run(0, 64, 1, nil, a)
		}()
		b := &addTask{dst: make([]int64, 64)}
		p.run(0, 64, 1, nil, b)
		if b.dst[0] != 1 || b.dst[63] != 1 {
			t.Fatal("the pool does not work after a panic")
		}
	}
}

func TestPoolStopsBetweenChunks(t *testing.T) {
	p := testPool(t, 2)
	for _, threads := range []int{1, 2} {
		var stop atomic.Bool
		a := &addTask{dst: make([]int64, 1000), hook: func(int, int) { stop.Store(true) }}
		p.run(threads, 1000, 1, &stop, a)
		sum := int64(0)
		for _, v := range a.dst {
			sum += v
		}
		if sum == 0 || sum > 600 {
			t.Errorf("threads %d: %d of 1000 items done after stop", threads, sum)
		}
	}
}

func TestPoolAllocatesNothing(t *testing.T) {
	p := testPool(t, 3)
	a := &addTask{dst: make([]int64, 1<<12)}
	p.run(0, len(a.dst), 1, nil, a)
	n := allocations(func() { p.run(0, len(a.dst), 1, nil, a) })
	c := &Call{}
	n += allocations(func() { c.ParallelTask(len(a.dst), 1, a) })
	if n != 0 {
		t.Errorf("%v allocations per run", n)
	}
}

func TestParallelClosureCoversRange(t *testing.T) {
	var c Call
	var sum atomic.Int64
	c.Parallel(1000, 10, func(lo, hi int) { sum.Add(int64(hi - lo)) })
	if sum.Load() != 1000 {
		t.Errorf("items covered: %d, want 1000", sum.Load())
	}
}

func TestViewsShareMemory(t *testing.T) {
	a := Arg{Data: Bytes([]float32{1, 2, 3}), Dims: []int{3}}
	F32(&a)[1] = 7
	if got := Of[uint32](&a)[1]; got != 0x40e00000 {
		t.Errorf("bits of 7: %#x", got)
	}
	if len(Of[float64](&a)) != 1 || a.Len() != 3 || !a.Has() || (&Arg{}).Has() {
		t.Error("sizes of views")
	}
}

// BenchmarkForkJoin is a job of two equal parts of about 20 µs.
func BenchmarkForkJoin(b *testing.B) {
	spin := &spinTask{per: 20 * time.Microsecond / 4}
	for _, threads := range []int{1, 2} {
		b.Run([]string{"", "serial", "two"}[threads], func(b *testing.B) {
			c := Call{Threads: threads}
			for b.Loop() {
				c.ParallelTask(8, 1, spin)
			}
		})
	}
}

type spinTask struct{ per time.Duration }

func (t *spinTask) Do(_, lo, hi int) {
	for end := time.Now().Add(t.per * time.Duration(hi-lo)); time.Now().Before(end); {
	}
}
