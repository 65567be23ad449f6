package cpu

import (
	"context"
	"sync"
	"sync/atomic"
)

// A watch sets a flag when the context of the current run ends. From the second run under one context on it stays registered
// with it, so that a run allocates nothing; a context of one run leaves nothing behind.
type watch struct {
	flag atomic.Bool

	mu   sync.Mutex
	run  uint64 // tells a context that ends late from the one that counts
	done <-chan struct{}
	stop func() bool // ends a registration that stays; nil where there is none
	once func() bool // ends that of one run
}

// begin watches ctx; it reports false where ctx has ended already. Each begin needs an end.
func (w *watch) begin(ctx context.Context) bool {
	done := ctx.Done()
	if done != nil && done == w.done && w.stop != nil {
		return ctx.Err() == nil
	}
	again := done != nil && done == w.done
	w.release()
	w.flag.Store(false)
	if w.done = done; done == nil {
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	w.mu.Lock()
	w.run++
	run := w.run
	w.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.run == run {
			w.flag.Store(true)
		}
	})
	if again {
		w.stop = stop
		return true
	}
	w.once = stop
	return true
}

// end ends a run.
func (w *watch) end() {
	if w.once != nil {
		w.once()
		w.once = nil
	}
}

// release forgets the context; what it does from then on sets nothing.
func (w *watch) release() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	w.mu.Lock()
	w.run++
	w.mu.Unlock()
}
