package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check MODEL",
		Short: "List everything that would stop a model from loading",
		Long: `List everything that would stop a model from loading: what the file has wrong, every operator that is
not supported, every node whose operands or attributes are not. Exit status 1 if there is anything.`,
		Example: "  cameo check model.onnx",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runCheck(c, args[0]) },
	}
}

func runCheck(c *cobra.Command, path string) error {
	var faults []error
	im, err := onnx.Open(path, onnx.Options{Fault: func(err error) { faults = append(faults, err) }})
	if err != nil && !(len(faults) > 0 && errors.Is(err, onnx.ErrFaults)) { // ErrFaults says no more than the faults heard
		faults = append(faults, err)
	}
	if err == nil {
		if _, err := runtime.Compile(im.Graph, runtime.Options{Backend: cameo.CPU()}); err != nil {
			faults = append(faults, err)
		}
	}
	texts := []string{}
	for _, f := range faults {
		texts = append(texts, faultTexts(f)...)
	}
	warnings := []string{}
	if im != nil {
		warnings = append(warnings, im.Warnings...)
	}
	out := c.OutOrStdout()
	if asJSON(c) {
		if err := json.NewEncoder(out).Encode(map[string][]string{"faults": texts, "warnings": warnings}); err != nil {
			return err
		}
	} else {
		for _, s := range warnings {
			fmt.Fprintln(out, "warning: "+oneLine(s))
		}
		for _, s := range texts {
			fmt.Fprintln(out, oneLine(s))
		}
		if len(texts) == 0 {
			fmt.Fprintln(out, "nothing stops this model from loading")
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return silent{slices.MaxFunc(faults, func(a, b error) int { return gravity(a) - gravity(b) })}
}

// gravity orders faults: that which is no fault of the model's decides the exit status.
func gravity(err error) int {
	if s := status(err); s != exitData {
		return s
	}
	return 0
}

// faultTexts returns an error as lines: one for each node that is not supported.
func faultTexts(err error) []string {
	var un *cameo.UnsupportedError
	if !errors.As(err, &un) {
		return []string{err.Error()}
	}
	var out []string
	for _, n := range un.Nodes {
		name := n.Op
		if n.Domain != "" {
			name = n.Domain + "." + name
		}
		out = append(out, fmt.Sprintf("node %s: %s (opset %d): %s", wire.Quote(n.Node), oneLine(name), n.Opset, n.Reason))
	}
	return out
}
