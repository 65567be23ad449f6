package kern

import (
	"sync"
	"sync/atomic"
)

// A parker lets workers sleep. They nap first, where the system can wake them from that fast, and
// then wait as goroutines do.
type parker struct {
	seq   atomic.Uint32 // counts the wakes
	deep  atomic.Int32  // those that wait on cond
	mu    sync.Mutex
	awake sync.Cond
}

func (k *parker) init() { k.awake.L = &k.mu }

func (k *parker) ticket() uint32 { return k.seq.Load() }

// wait returns after the first wake since the ticket was drawn; it may return earlier.
func (k *parker) wait(ticket uint32) {
	if nap(&k.seq, ticket) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.deep.Add(1)
	for k.seq.Load() == ticket {
		k.awake.Wait()
	}
	k.deep.Add(-1)
}

// wake wakes n sleepers or more.
func (k *parker) wake(n int) {
	k.seq.Add(1)
	rouse(&k.seq, n)
	if k.deep.Load() == 0 {
		return // who waits later sees the new seq
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for range n {
		k.awake.Signal()
	}
}
