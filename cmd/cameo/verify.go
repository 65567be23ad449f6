package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/passes"
	"github.com/cameo-onnx/cameo/runtime/verify"
)

type verifyFlags struct {
	rtol, atol  float64
	passes      string
	eachPass    bool
	dynamic     bool
	constInputs bool
	threads     int
	timeout     time.Duration
	match       string
	failures    bool
}

func verifyCommand() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify DIR…",
		Short: "Run test cases and compare the results with their references",
		Long: `Run the test cases below each DIR, in the layout of ONNX's backend tests: model.onnx with
test_data_set_N/input_I.pb and output_I.pb. Beside a model may lie tolerance.json ({"rtol": …,
"atol": …}) and a file called random, for models that draw random numbers.

One line per case: PASS, FAIL (a result differs), REFUSED (something is not supported) or ERROR.
Exit status 0 only if nothing failed; 2 where there is no case.`,
		Example: "  cameo verify onnx/backend/test/data/node\n  cameo verify --each-pass --match resnet models",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, dirs []string) error { return runVerify(c, dirs, &f) },
	}
	fl := c.Flags()
	fl.Float64Var(&f.rtol, "rtol", vectors.DefaultTolerance.Rel, "relative tolerance, where the case gives none")
	fl.Float64Var(&f.atol, "atol", vectors.DefaultTolerance.Abs, "absolute tolerance, where the case gives none")
	fl.StringVar(&f.passes, "passes", "", "off: no pass that correctness does not need; -NAME,…: all but these")
	fl.BoolVar(&f.eachPass, "each-pass", false, "evaluate the graph after every pass, and name the first after which it differs")
	fl.BoolVar(&f.dynamic, "dynamic", false, "make every size of every input a symbol")
	fl.BoolVar(&f.constInputs, "constant-inputs", false, "fold the inputs in as constants")
	fl.IntVar(&f.threads, "threads", 0, "threads of a run (default: all)")
	fl.DurationVar(&f.timeout, "timeout", time.Minute, "time for each case")
	fl.StringVar(&f.match, "match", "", "regular expression of the names of cases to run")
	fl.BoolVar(&f.failures, "failures", false, "print only cases that do not pass")
	return c
}

// passesOff returns the passes that a --passes flag leaves out.
func passesOff(s string) ([]string, error) {
	switch {
	case s == "":
		return nil, nil
	case s == "off":
		return []string{"all"}, nil
	}
	var off []string
	for name := range strings.SplitSeq(s, ",") {
		if !strings.HasPrefix(name, "-") {
			return nil, usagef("--passes=%s: want off, or -NAME,…", s)
		}
		off = append(off, name[1:])
	}
	if err := (passes.Options{Off: off}).Check(); err != nil {
		return nil, usagef("--passes: %v", err)
	}
	return off, nil
}

func (f *verifyFlags) options() (verify.Options, error) {
	o := verify.Options{EachPass: f.eachPass, Dynamic: f.dynamic, ConstInputs: f.constInputs, Timeout: f.timeout}
	off, err := passesOff(f.passes)
	o.Runtime.Backend = cameo.CPU()
	o.Runtime.Threads = f.threads
	o.Runtime.Passes.Off = off
	return o, err
}

func runVerify(c *cobra.Command, dirs []string, f *verifyFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	match, err := regexp.Compile(f.match)
	if err != nil {
		return usagef("--match: %v", err)
	}
	var cases []vectors.Case
	for _, dir := range dirs {
		found, err := vectors.Find(dir, vectors.Tolerance{Rel: f.rtol, Abs: f.atol})
		if err != nil {
			return usagef("%v", err)
		}
		for _, k := range found {
			if match.MatchString(k.Name) {
				cases = append(cases, k)
			}
		}
	}
	if len(cases) == 0 {
		return usagef("no test case below %s", strings.Join(dirs, ", "))
	}
	return report(c, cases, o, f)
}

// report runs the cases and prints how each ended.
func report(c *cobra.Command, cases []vectors.Case, o verify.Options, f *verifyFlags) error {
	counts := map[verify.Status]int{}
	bar := progress(len(cases), "verify")
	out := c.OutOrStdout()
	enc := json.NewEncoder(out)
	for _, k := range cases {
		if err := c.Context().Err(); err != nil {
			return err
		}
		r := verify.Run(c.Context(), k, o)
		counts[r.Status]++
		if bar != nil {
			bar.Clear()
			bar.Add(1)
		}
		switch {
		case f.failures && r.Status == verify.Pass:
		case asJSON(c):
			if err := enc.Encode(r); err != nil {
				return err
			}
		case r.Detail == "":
			fmt.Fprintf(out, "%-7s %s\n", r.Status, r.Case)
		default:
			fmt.Fprintf(out, "%-7s %s: %s\n", r.Status, r.Case, oneLine(r.Detail))
		}
	}
	if bar != nil {
		bar.Clear()
	}
	failed := counts[verify.Fail] + counts[verify.Error]
	if !asJSON(c) {
		fmt.Fprintf(out, "%d passed, %d failed, %d refused\n", counts[verify.Pass], failed, counts[verify.Refused])
	}
	if failed > 0 {
		return errSilent
	}
	return nil
}

// progress returns a bar on standard error if that is a terminal, else nil.
func progress(n int, what string) *progressbar.ProgressBar {
	if n < 10 || !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	return progressbar.NewOptions(n, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
}
