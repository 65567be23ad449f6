package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/onnx"
)

// An opInfo is an operator that models may use.
type opInfo struct {
	Name    string   `json:"name"`
	Domain  string   `json:"domain"`
	Opsets  string   `json:"opsets"`
	Sig     string   `json:"signature"`
	Kernels []string `json:"kernels,omitempty"` // that this machine runs; none: the reference evaluation does
	Lowers  bool     `json:"lowers,omitempty"`  // it becomes simpler operators where it has no kernel
	Grad    bool     `json:"gradient"`          // it can be differentiated
	Speed   string   `json:"speed"`             // kernel, view, bodies, lowered or reference
	Notes   string   `json:"notes,omitempty"`
}

func opsCommand() *cobra.Command {
	var markdown bool
	c := &cobra.Command{
		Use:   "ops [NAME…]",
		Short: "List the operators that models may use",
		Long: `List the operators that models may use: ONNX's name, opsets, whether there are fast kernels, and the
signature with element types. Speed is "kernel" (of the element types that it takes), "view" (nothing
moves), "bodies" (compiled like the model), "lowered" (becomes simpler operators) or "reference" (slow
and exact).`,
		Example: "  cameo ops\n  cameo ops Conv Gemm\n  cameo ops --json",
		RunE: func(c *cobra.Command, names []string) error {
			if markdown && asJSON(c) {
				return usagef("--markdown and --json print different things: give one")
			}
			list, err := listOps(names)
			if err != nil {
				return err
			}
			switch {
			case markdown:
				return markdownOps(c, list)
			case asJSON(c):
				return json.NewEncoder(c.OutOrStdout()).Encode(list)
			}
			return printOps(c, list)
		},
	}
	c.Flags().BoolVar(&markdown, "markdown", false, "print a table in Markdown, the same on every machine")
	return c
}

// listOps returns the operators of the given names, or all.
func listOps(names []string) ([]opInfo, error) {
	var out []opInfo
	found := map[string]bool{}
	add := func(i opInfo, short string) {
		if len(names) > 0 && !slices.Contains(names, i.Name) && !slices.Contains(names, short) {
			return
		}
		found[i.Name], found[short] = true, true
		out = append(out, i)
	}
	for _, o := range op.All() {
		if o.ONNX == "" {
			continue
		}
		i := opInfo{Name: o.ONNX, Domain: o.Domain, Opsets: opsetsOf(o.Domain, o.ONNX), Sig: o.Sig.String(), Lowers: o.Lower != nil, Grad: op.Differentiable(o)}
		for _, k := range cpu.Rows(o) {
			if k.Runs {
				i.Kernels = append(i.Kernels, k.Name)
			}
		}
		if i.Domain == "" {
			i.Domain = "ai.onnx"
		}
		i.Speed, i.Notes = speedOf(o, i.Kernels), notesOf(o)
		add(i, o.Name)
	}
	for _, n := range onnx.Adapted() {
		domain := n.Domain
		if domain == "" {
			domain = "ai.onnx"
		}
		add(opInfo{
			Name: n.Op, Domain: domain, Opsets: opsetsOf(n.Domain, n.Op), Sig: "imported as other operators",
			Lowers: true, Speed: "lowered", Notes: limits[n],
		}, n.Op)
	}
	for _, n := range names {
		if !found[n] {
			return nil, usagef("there is no operator %q; cameo ops lists all", n)
		}
	}
	slices.SortFunc(out, func(a, b opInfo) int { return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Name, b.Name)) })
	return out, nil
}

// opsetsOf returns the versions of its domain that have an operator: "7–28", or "5+".
func opsetsOf(domain, name string) string {
	first, last := onnx.Opsets(domain, name)
	if last == 0 {
		return fmt.Sprintf("%d+", first)
	}
	return fmt.Sprintf("%d–%d", first, last)
}

func speedOf(o *ir.Op, kernels []string) string {
	switch {
	case cpu.IsView(o):
		return "view"
	case len(kernels) > 0:
		return "kernel"
	case len(o.Bodies) > 0:
		return "bodies"
	case o.Lower != nil:
		return "lowered"
	}
	return "reference"
}

// limits are what a reader of the table would not expect.
var limits = map[onnx.Operator]string{
	{Op: "Attention"}:        "kernel but for scores as a result",
	{Op: "ImageDecoder"}:     "JPEG, JPEG 2000, PNG, BMP, GIF, TIFF, WebP, PBM, PGM, PPM",
	{Op: "RegexFullMatch"}:   "RE2 syntax, in linear time",
	{Op: "StringNormalizer"}: "the same in every locale",
	{Domain: "ai.onnx.preview.training", Op: "Gradient"}: "becomes the backward graph at import",
	{Domain: "com.microsoft", Op: "GroupQueryAttention"}: "no quantised caches",
	{Domain: "com.microsoft", Op: "MoE"}:                 "every expert computes every token",
	{Domain: "com.microsoft", Op: "QMoE"}:                "every expert computes every token",
	{Domain: "com.microsoft", Op: "DynamicQuantizeLSTM"}: "each item of a batch is quantised by itself",
}

func notesOf(o *ir.Op) string {
	if o.Props&ir.Random != 0 {
		return "draws depend on the seed, the node and the element alone"
	}
	return limits[onnx.Operator{Domain: o.Domain, Op: o.ONNX}]
}

func gradient(i opInfo) string {
	if i.Grad {
		return "yes"
	}
	return "–"
}

func printOps(c *cobra.Command, list []opInfo) error {
	tw := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, "operator\tdomain\topsets\tspeed\tgradient\tsignature\n")
	n := 0
	for _, i := range list {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", i.Name, i.Domain, i.Opsets, i.Speed, gradient(i), i.Sig)
		if len(i.Kernels) > 0 {
			n++
		}
	}
	fmt.Fprintf(tw, "%d listed, %d with kernels\n", len(list), n)
	return tw.Flush()
}

func markdownOps(c *cobra.Command, list []opInfo) error {
	w := c.OutOrStdout()
	fmt.Fprint(w, "# Operators\n\nGenerated by `cameo ops --markdown`. Speed:\n\n"+
		"- *kernel*: fast for the element types that a kernel takes; the reference evaluation runs others\n"+
		"- *view*: nothing moves\n"+
		"- *bodies*: runs what its bodies are compiled to\n"+
		"- *lowered*: becomes simpler operators\n"+
		"- *reference*: runs, slowly and exactly\n\n"+
		"Gradient: results can be differentiated by operands of floats. A signature lists operands, results (`?` optional,\n"+
		"`*` repeated) and the element types that its variables stand for.\n\n")
	fmt.Fprint(w, "| operator | domain | opsets | speed | gradient | signature | notes |\n|---|---|---|---|---|---|---|\n")
	for _, i := range list {
		sig := strings.ReplaceAll(i.Sig, "|", `\|`)
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | `%s` | %s |\n", i.Name, i.Domain, i.Opsets, i.Speed, gradient(i), sig, i.Notes)
	}
	return nil
}
