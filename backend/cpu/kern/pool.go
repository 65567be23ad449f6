package kern

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// A Panic is what ParallelTask panics with when a worker panicked.
type Panic struct {
	Value any    // the worker's own value
	Stack []byte // where it happened
}

func (p *Panic) Error() string { return fmt.Sprintf("panic in a worker: %v", p.Value) }

// Unwrap returns the worker's value where that is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

const (
	chunksPerThread = 4                     // enough that a late worker still finds some
	spinFor         = 30 * time.Microsecond // longer than the gap between two steps of a run
	piecesPerChunk  = 16                    // how often a thread looks at Stop within a chunk
)

// The word that workers and the caller agree through:
// generation, open bit, most workers wanted, workers that joined, workers that left.
const (
	leftBits   = 12
	joinedAt   = leftBits
	limitAt    = 2 * leftBits
	openAt     = 3 * leftBits
	genAt      = openAt + 1
	fieldMask  = 1<<leftBits - 1
	openBit    = uint64(1) << openAt
	maxWorkers = fieldMask
)

// A pool is a set of threads that share the chunks of one job at a time; the process has one, made
// when it is first needed. The caller of run works too, and closes the job when no chunk is left: a
// worker that has not joined by then is not waited for. A second caller finds the pool taken and
// works alone.
type pool struct {
	size     int // threads, the caller's among them
	owner    atomic.Bool
	sleepers atomic.Int32
	quit     atomic.Bool
	fault    atomic.Pointer[Panic]
	park     parker
	_        [64]byte
	state    atomic.Uint64
	_        [64]byte
	regions  []region

	// Written by the owner before it opens the job, read by workers after they joined.
	task             Task
	n, chunk, chunks int
	grain            int
	homes            int // regions in use
	stop             *atomic.Bool
}

// A region is the part of a job that one thread takes chunks from first; then it helps others. Steps
// that follow each other mostly cut their work alike, so that a thread reads what it wrote itself:
// bytes that lie in another core's cache come several times as slowly.
type region struct {
	next atomic.Int64 // the next chunk that nobody has
	end  int64
	_    [48]byte
}

var shared = sync.OnceValue(func() *pool { return newPool(poolSize()) })

func poolSize() int {
	n := runtime.GOMAXPROCS(0)
	if q := cpuQuota(); q > 0 {
		n = min(n, q)
	}
	return min(n, maxWorkers)
}

func newPool(size int) *pool {
	p := &pool{size: size, regions: make([]region, size)}
	p.park.init()
	for home := 1; home < size; home++ {
		go p.work(home)
	}
	return p
}

func workersFor(threads int) int {
	if threads == 1 {
		return 1
	}
	p := shared()
	if threads <= 0 {
		return p.size
	}
	return min(threads, p.size)
}

func parallel(threads, n, grain int, stop *atomic.Bool, t Task) {
	if n <= 0 {
		return
	}
	grain = max(grain, 1)
	if threads == 1 || n <= grain {
		serial(n, grain, stop, t)
		return
	}
	shared().run(threads, n, grain, stop, t)
}

func serial(n, grain int, stop *atomic.Bool, t Task) {
	if stop == nil {
		t.Do(0, 0, n)
		return
	}
	pieces(t, 0, 0, n, grain, stop)
}

// pieces runs items lo to hi-1 a few at a time and looks at stop in between: at every item or two where each is worth a chunk, else a few dozen times.
func pieces(t Task, worker, lo, hi, grain int, stop *atomic.Bool) {
	piece := max(grain, (hi-lo+piecesPerChunk-1)/piecesPerChunk)
	if grain > 1 && hi-lo < 2*piecesPerChunk*grain {
		piece = hi - lo
	}
	for ; lo < hi && (stop == nil || !stop.Load()); lo += piece {
		t.Do(worker, lo, min(lo+piece, hi))
	}
}

func (p *pool) run(threads, n, grain int, stop *atomic.Bool, t Task) {
	if threads <= 0 || threads > p.size {
		threads = p.size
	}
	if threads == 1 || !p.owner.CompareAndSwap(false, true) {
		serial(n, grain, stop, t)
		return
	}
	parts := threads * chunksPerThread
	chunk := max(grain, (n+parts-1)/parts)
	p.task, p.n, p.chunk, p.grain, p.stop = t, n, chunk, grain, stop
	p.chunks = (n + chunk - 1) / chunk
	helpers := min(threads, p.chunks) - 1
	p.homes = helpers + 1
	for i := range p.homes {
		p.regions[i].next.Store(int64(p.chunks * i / p.homes))
		p.regions[i].end = int64(p.chunks * (i + 1) / p.homes)
	}
	gen := p.state.Load()>>genAt + 1
	p.state.Store(gen<<genAt | openBit | uint64(helpers)<<limitAt)
	if k := min(helpers, int(p.sleepers.Load())); k > 0 {
		p.park.wake(k)
	}
	defer p.finish()
	p.drain(0, 0)
}

// abort leaves no chunk to anybody.
func (p *pool) abort() {
	for i := range p.homes {
		p.regions[i].next.Store(1 << 62)
	}
}

// finish closes the job, waits for the workers that joined, and passes on a worker's panic. It
// also runs when the caller's own share panics.
func (p *pool) finish() {
	p.abort()
	s := p.state.And(^openBit)
	var start time.Time
	for spins := 0; s>>joinedAt&fieldMask != s&fieldMask; spins++ {
		pause(4)
		switch {
		case spins == 0:
			start = time.Now()
		case spins&15 == 0 && time.Since(start) > spinFor:
			yield() // the worker may be waiting for the very core that this thread spins on
		}
		s = p.state.Load()
	}
	f := p.fault.Swap(nil)
	p.task, p.stop = nil, nil
	p.owner.Store(false)
	if f != nil {
		panic(f)
	}
}

// drain does chunks until there are none, those of home's region first.
func (p *pool) drain(worker, home int) {
	for i := range p.homes {
		r := &p.regions[(home+i)%p.homes]
		for {
			c := r.next.Add(1) - 1
			if c >= r.end {
				break
			}
			if p.stop != nil && p.stop.Load() {
				return
			}
			lo := int(c) * p.chunk
			pieces(p.task, worker, lo, min(lo+p.chunk, p.n), p.grain, p.stop)
		}
	}
}

// joinable reports whether state s shows an open job, not the one of generation last, with room.
func joinable(s, last uint64) bool {
	return s&openBit != 0 && s>>genAt != last && s>>joinedAt&fieldMask < s>>limitAt&fieldMask
}

func (p *pool) work(home int) {
	runtime.LockOSThread() // a futex blocks the thread; waking a goroutine takes ten times as long
	debug.SetPanicOnFault(true)
	var last uint64
	var idle time.Time // when the worker ran out of work; zero while it has some
	for !p.quit.Load() {
		s := p.state.Load()
		if joinable(s, last) {
			if p.state.CompareAndSwap(s, s+1<<joinedAt) {
				last, idle = s>>genAt, time.Time{}
				p.help(int(s>>joinedAt&fieldMask)+1, home)
			}
			continue
		}
		if idle.IsZero() {
			idle = time.Now()
		}
		for range 16 {
			if pause(4); joinable(p.state.Load(), last) {
				break
			}
		}
		if time.Since(idle) > spinFor {
			p.sleep(last)
			idle = time.Time{}
		}
	}
}

// help does a worker's share of the open job; a panic ends the job for all.
func (p *pool) help(worker, home int) {
	defer func() {
		if v := recover(); v != nil {
			p.fault.CompareAndSwap(nil, &Panic{Value: v, Stack: debug.Stack()})
			p.abort()
		}
		p.state.Add(1)
	}()
	p.drain(worker, home)
}

// sleep blocks until a wake that comes after the check of state: the ticket is drawn before it.
func (p *pool) sleep(last uint64) {
	ticket := p.park.ticket()
	p.sleepers.Add(1)
	if !joinable(p.state.Load(), last) && !p.quit.Load() {
		p.park.wait(ticket)
	}
	p.sleepers.Add(-1)
}

// close lets the workers end.
func (p *pool) close() {
	p.quit.Store(true)
	p.park.wake(p.size)
}
