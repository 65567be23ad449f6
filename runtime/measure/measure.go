// Package measure measures how long something takes that is done again and again.
package measure

import (
	"context"
	"runtime"
	"slices"
	"time"
)

// Options bound a measurement: it ends after Runs runs, or where Runs is 0 after Time.
type Options struct {
	Runs   int
	Time   time.Duration
	Warmup int    // runs before those that count
	Begin  func() // called after the warm-up; may be nil
}

// maxRuns bounds the runs of a measurement by time.
const maxRuns = 1 << 20

// A Result is how long runs took.
type Result struct {
	Runs   int           `json:"runs"`
	First  time.Duration `json:"first_ns"` // the first run of all, before the warm-up
	Min    time.Duration `json:"min_ns"`
	P50    time.Duration `json:"p50_ns"`
	P90    time.Duration `json:"p90_ns"`
	P99    time.Duration `json:"p99_ns"`
	Max    time.Duration `json:"max_ns"`
	Mean   time.Duration `json:"mean_ns"`
	Allocs float64       `json:"allocs_per_run"` // of the whole process, per run
	Bytes  float64       `json:"bytes_per_run"`
}

// Latency measures run. It ends early with ctx.
func Latency(ctx context.Context, o Options, run func() error) (Result, error) {
	var r Result
	start := time.Now()
	if err := run(); err != nil {
		return r, err
	}
	r.First = time.Since(start)
	for range o.Warmup {
		if err := run(); err != nil {
			return r, err
		}
	}
	if o.Begin != nil {
		o.Begin()
	}
	n := o.Runs
	if n <= 0 {
		n = maxRuns
	}
	times := make([]time.Duration, 0, min(n, 1<<16))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	for len(times) < n && ctx.Err() == nil && (o.Runs > 0 || len(times) == 0 || time.Since(begin) < o.Time) {
		start := time.Now()
		if err := run(); err != nil {
			return r, err
		}
		times = append(times, time.Since(start))
	}
	runtime.ReadMemStats(&after)
	if len(times) == 0 {
		return r, context.Cause(ctx)
	}
	r.Allocs = float64(after.Mallocs-before.Mallocs) / float64(len(times))
	r.Bytes = float64(after.TotalAlloc-before.TotalAlloc) / float64(len(times))
	r.fill(times)
	return r, nil
}

// fill sets the figures of a list of times, which it sorts.
func (r *Result) fill(times []time.Duration) {
	slices.Sort(times)
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	r.Runs, r.Mean = len(times), sum/time.Duration(len(times))
	r.Min, r.Max = times[0], times[len(times)-1]
	r.P50, r.P90, r.P99 = Percentile(times, 50), Percentile(times, 90), Percentile(times, 99)
}

// Percentile returns the smallest of the sorted times that at least p percent do not exceed.
func Percentile[T any](sorted []T, p int) T {
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}
