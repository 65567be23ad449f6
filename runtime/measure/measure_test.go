package measure

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestRunsAreCounted(t *testing.T) {
	n := 0
	r, err := Latency(context.Background(), Options{Runs: 10, Warmup: 2}, func() error { n++; return nil })
	if err != nil || n != 13 || r.Runs != 10 || r.Min > r.P50 || r.P50 > r.P90 || r.P90 > r.P99 || r.P99 > r.Max {
		t.Errorf("%d runs, %+v, %v", n, r, err)
	}
}

func TestATimeLimitStillRunsOnce(t *testing.T) {
	r, err := Latency(context.Background(), Options{Time: time.Nanosecond}, func() error { return nil })
	if err != nil || r.Runs != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestErrorsEndAMeasurement(t *testing.T) {
	boom := errors.New("boom")
	if _, err := Latency(context.Background(), Options{Runs: 5}, func() error { return boom }); err != boom {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r, err := Latency(ctx, Options{Runs: 1000}, func() error { cancel(); return nil })
	if r.Runs != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPercentileIsTheNearestRank(t *testing.T) {
	v := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for p, want := range map[int]int{50: 5, 90: 9, 99: 10, 1: 1, 100: 10, 0: 1} {
		if got := Percentile(v, p); got != want {
			t.Errorf("percentile %d is %d, want %d", p, got, want)
		}
	}
}
