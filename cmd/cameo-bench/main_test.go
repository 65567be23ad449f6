package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cameo-onnx/cameo"
)

const digits = "../../testdata/digits_cnn.onnx"

func TestWithoutTheLibraryTheMessageSaysWhatToDo(t *testing.T) {
	t.Setenv("CAMEO_ORT", "")
	for _, args := range [][]string{{digits}, {digits, "--ort", "nowhere.so"}} {
		var out, errs bytes.Buffer
		if code := run(context.Background(), args, &out, &errs); code != 2 || !strings.Contains(errs.String(), "ONNX Runtime") && !strings.Contains(errs.String(), "cgo") {
			t.Errorf("%v: status %d:\n%s%s", args, code, out.String(), errs.String())
		}
	}
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"--dim", "x", digits}, &out, &errs); code != 2 || !strings.Contains(errs.String(), "NAME=SIZE") {
		t.Errorf("status %d: %s", code, errs.String())
	}
}

func TestFindNamesModelsAndNothingElse(t *testing.T) {
	found, err := find("../../testdata")
	if err != nil || len(found) < 2 {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := find(t.TempDir()); err == nil {
		t.Error("an empty folder has models")
	}
}

func TestRacersRunByTurns(t *testing.T) {
	var order strings.Builder
	a := func() error { order.WriteByte('a'); return nil }
	b := func() error { order.WriteByte('b'); return nil }
	ta, tb, err := race(a, b, 0, time.Nanosecond)
	if err != nil || len(ta) != 1 || len(tb) != 1 || order.String() != strings.Repeat("ab", warmup+1) {
		t.Errorf("%v %v %v %s", ta, tb, err, order.String())
	}
	boom := errors.New("boom")
	if _, _, err := race(a, func() error { return boom }, 0, time.Second); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
}

func TestSummaryTakesTheMiddleAndTheNinthInTen(t *testing.T) {
	s := summarise("p", []float64{5, 1, 2, 3, 4, 6, 7, 8, 9, 10}, 1)
	if s.Median != 5 || s.P90 != 9 || s.Models != 10 || s.Failed != 1 {
		t.Errorf("%+v", s)
	}
}

func TestInputsAreRandomWhereThereAreNoCases(t *testing.T) {
	m, err := cameo.Open(digits)
	if err != nil {
		t.Fatal(err)
	}
	in, err := inputs(digits, m, map[string]int{"batch": 3})
	if err != nil || len(in) != 1 || in["image"].(*cameo.Tensor).Dims()[0] != 3 {
		t.Errorf("%v, %v", in, err)
	}
}

// Runs only where the library is, which CAMEO_ORT names.
func TestBothAgreeOnTheDigits(t *testing.T) {
	lib := os.Getenv("CAMEO_ORT")
	if lib == "" {
		t.Skip("CAMEO_ORT does not name ONNX Runtime's library")
	}
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"--ort", lib, "--time", "50ms", filepath.Dir(digits)}, &out, &errs)
	if code != 0 || !strings.Contains(out.String(), "ratio median") {
		t.Errorf("status %d:\n%s%s", code, out.String(), errs.String())
	}
}
