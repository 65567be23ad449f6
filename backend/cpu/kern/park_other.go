//go:build !linux

package kern

import (
	"runtime"
	"sync"
)

// A parker puts goroutines to sleep on a condition variable.
type parker struct {
	mu   sync.Mutex
	cond sync.Cond
	seq  uint32
}

func (k *parker) init() { k.cond.L = &k.mu }

func (k *parker) ticket() uint32 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seq
}

// wait returns at the first wake since the ticket was drawn.
func (k *parker) wait(ticket uint32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seq == ticket {
		k.cond.Wait()
	}
}

func (k *parker) wake(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seq++
	for range n {
		k.cond.Signal()
	}
}

func yield() { runtime.Gosched() }
