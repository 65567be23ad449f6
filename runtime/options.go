package runtime

import (
	"time"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/passes"
)

// Backend is what a model is compiled for: a backend that also tells the passes what it can do.
type Backend interface {
	backend.Backend
	passes.Target
}

// Options say how a graph is compiled and what a run may take. The zero value has all passes, and no limits but the defaults below.
type Options struct {
	Backend     Backend                            // what runs the model; required
	Threads     int                                // of one run, at most; 0: as many as the process may use
	MaxSessions int                                // runs at one time; 0: GOMAXPROCS
	Memory      int                                // bytes of a run's intermediate values; 0: in proportion to what it is given, below 0: no limit
	Trips       int                                // loop iterations of one run; 0: DefaultTrips, below 0: no limit
	Timeout     time.Duration                      // of one run; 0: none but the context's
	Seed        uint64                             // of random ops
	Timed       func(*backend.Step, time.Duration) // told how long each step took; concurrent runs call it at once
	Passes      passes.Options                     // which passes run, and who watches them
}

const (
	// DefaultMemory, DefaultMemoryBase and DefaultMemoryGain bound the memory of one run: 384 MiB and 256 bytes more for each
	// byte of weights and inputs, at most 8 GiB. What makes gigabytes of a file of a kilobyte is likelier an attack than a
	// model.
	DefaultMemory     = 8 << 30
	DefaultMemoryBase = 384 << 20
	DefaultMemoryGain = 256
	// DefaultTrips bounds the loop iterations of one run.
	DefaultTrips = 10_000_000
)
