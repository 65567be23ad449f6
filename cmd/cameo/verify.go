package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime/verify"
)

type verifyFlags struct {
	compileFlags
	rtol, atol  float64
	eachPass    bool
	dynamic     bool
	constInputs bool
	match       string
	failures    bool
	skips       string
}

func verifyCommand() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify DIR…",
		Short: "Run test cases and compare the results with their references",
		Long: `Run the test cases below each DIR, in the layout of ONNX's backend tests: model.onnx with
test_data_set_N/input_I.pb and output_I.pb. Beside a model may lie tolerance.json ({"rtol": …,
"atol": …}) and a file called random, for models that draw random numbers.

One line per case: PASS, FAIL (a result differs), REFUSED (something is not supported) or ERROR;
with --json each line is an object. Exit status 0 only if nothing failed; 2 where there is no case.`,
		Example: "  cameo verify onnx/backend/test/data/node\n  cameo verify --each-pass --match resnet models",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, dirs []string) error { return runVerify(c, dirs, &f) },
	}
	f.register(c)
	fl := c.Flags()
	fl.Float64Var(&f.rtol, "rtol", vectors.DefaultTolerance.Rel, "relative tolerance, where the case gives none")
	fl.Float64Var(&f.atol, "atol", vectors.DefaultTolerance.Abs, "absolute tolerance, where the case gives none")
	fl.BoolVar(&f.eachPass, "each-pass", false, "evaluate the graph after every pass, and name the first after which it differs")
	fl.BoolVar(&f.dynamic, "dynamic", false, "make every size of every input a symbol")
	fl.BoolVar(&f.constInputs, "constant-inputs", false, "fold the inputs in as constants")
	fl.DurationVar(&f.timeout, "timeout", time.Minute, "time for each case")
	fl.StringVar(&f.match, "match", "", "regular expression of the names of cases to run")
	fl.BoolVar(&f.failures, "failures", false, "print only cases that do not pass")
	fl.StringVar(&f.skips, "skips", "", "file of cases that may fail, a line each: name, reason; one that passes fails the run")
	return c
}

func (f *verifyFlags) options() (verify.Options, error) {
	o := verify.Options{EachPass: f.eachPass, Dynamic: f.dynamic, ConstInputs: f.constInputs, Timeout: f.timeout}
	if !(f.rtol >= 0 && f.atol >= 0) {
		return o, usagef("--rtol %g, --atol %g: a tolerance is not negative", f.rtol, f.atol)
	}
	var err error
	o.Runtime, err = f.compileFlags.options()
	return o, err
}

func runVerify(c *cobra.Command, dirs []string, f *verifyFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	skips, err := readSkips(f.skips)
	if err != nil {
		return err
	}
	match, err := regexp.Compile(f.match)
	if err != nil {
		return usagef("--match: %v", err)
	}
	var cases, all []vectors.Case
	for _, dir := range dirs {
		found, err := vectors.Find(dir, vectors.Tolerance{Rel: f.rtol, Abs: f.atol})
		if err != nil {
			return usagef("%v", err)
		}
		all = append(all, found...)
		for _, k := range found {
			if match.MatchString(k.Name) {
				cases = append(cases, k)
			}
		}
	}
	if len(cases) == 0 {
		return usagef("no test case below %s", strings.Join(dirs, ", "))
	}
	if none := unmet(skips, all); len(none) > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "note: no case here is called %s, which --skips names\n", strings.Join(none, ", "))
	}
	return report(c, cases, o, f, skips)
}

// unmet returns the names among skips that no case bears.
func unmet(skips map[string]string, cases []vectors.Case) (none []string) {
	for name := range skips {
		if !slices.ContainsFunc(cases, func(k vectors.Case) bool { return named(k.Name, name) }) {
			none = append(none, wire.Quote(name))
		}
	}
	slices.Sort(none)
	return none
}

// report runs the cases and prints how each ended.
func report(c *cobra.Command, cases []vectors.Case, o verify.Options, f *verifyFlags, skips map[string]string) error {
	counts := map[verify.Status]int{}
	bar := progress(len(cases), "verify")
	out := c.OutOrStdout()
	enc := json.NewEncoder(out)
	for _, k := range cases {
		if err := c.Context().Err(); err != nil {
			return err
		}
		r := skipped(verify.Run(c.Context(), k, o), skips)
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
		if n := counts[skip]; n > 0 {
			fmt.Fprintf(out, "%d skipped\n", n)
		}
		fmt.Fprintf(out, "%d passed, %d failed, %d refused\n", counts[verify.Pass], failed, counts[verify.Refused])
	}
	if failed > 0 {
		return silent{fmt.Errorf("%d cases failed", failed)}
	}
	return nil
}

// skip is the status of a case that --skips names and that does not pass.
const skip verify.Status = "SKIPPED"

// readSkips reads lines of a name and a reason; lines that begin with # say nothing.
func readSkips(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("--skips: %v", err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, reason, ok := strings.Cut(line, " ")
		if !ok {
			return nil, usagef("--skips: %s has no reason", wire.Quote(line))
		}
		out[name] = strings.TrimSpace(reason)
	}
	return out, nil
}

// named reports whether a case goes by a name: its own, or that with some of the folders it lies in.
func named(c, name string) bool {
	return c == name || strings.HasSuffix(c, "/"+name) || strings.HasSuffix(name, "/"+c)
}

// skipped makes a failure that --skips names a skip, and a pass that it names a failure.
func skipped(r verify.Result, skips map[string]string) verify.Result {
	reason := ""
	for name, why := range skips {
		if named(r.Case, name) {
			reason = why
		}
	}
	switch {
	case reason == "":
	case r.Status == verify.Pass:
		r.Status, r.Detail = verify.Fail, "it passes, and --skips names it: "+reason
	default:
		r.Status, r.Detail = skip, reason
	}
	return r
}
