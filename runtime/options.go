package runtime

import (
	"time"

	"github.com/cameo-onnx/cameo/backend"
)

// Options say how a graph is compiled and what a run may take. The zero value is the CPU, all passes, and no limits but the defaults below.
type Options struct {
	Backend     backend.Backend // nil: the CPU is to be given by the caller's package; Compile refuses nil
	Threads     int             // of one run, at most; 0: as many as the process may use
	MaxSessions int             // runs at one time; 0: GOMAXPROCS
	Memory      int             // bytes that one run may take for intermediate values; 0: DefaultMemory
	Trips       int             // loop iterations of one run; 0: DefaultTrips
	Timeout     time.Duration   // of one run; 0: none but the context's
	Seed        uint64          // of random ops
	PassesOff   []string        // passes that are left out, by name; "all": every pass that correctness does not need
}

const (
	// DefaultMemory bounds the memory of one run: 8 GiB.
	DefaultMemory = 8 << 30
	// DefaultTrips bounds the loop iterations of one run.
	DefaultTrips = 10_000_000
)
