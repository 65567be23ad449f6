package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/zoo/data"
	"github.com/cameo-onnx/cameo/zoo/task"
)

func languageCommand() *cobra.Command {
	var f taskFlags
	var top int
	c := &cobra.Command{
		Use:     "language [NAME…]",
		Short:   "Tell which language names are from; with --data, how often that is right",
		Example: "  cameo zoo language --model names_rnn.onnx Satoshi Rossi\n  cameo zoo language --model names_rnn.onnx --data names",
		Args:    cobra.ArbitraryArgs,
		RunE:    func(c *cobra.Command, names []string) error { return runLanguage(c, &f, names, top) },
	}
	f.register(c, "")
	c.Flags().IntVar(&top, "top", 3, "languages to name")
	return c
}

// reader returns the model of --model as a reader of names: two inputs and two outputs, the letter and the scores first.
func (f *taskFlags) reader() (*task.Reader, error) {
	m, err := f.compiled()
	if err != nil {
		return nil, err
	}
	in, out := m.Inputs(), m.Outputs()
	if len(in) != 2 || len(out) < 2 || in[0].Type.Rank() != 2 || in[1].Type.Rank() != 2 {
		return nil, fmt.Errorf("the model does not map a letter and a state to scores and a state")
	}
	letters, ok := in[0].Type.Shape[1].Int()
	hidden, fixed := in[1].Type.Shape[1].Int()
	if !ok || !fixed || letters != len(data.Alphabet) || out[0].Type.Kind != ir.Tensor || out[0].Type.DType != cameo.Float32 {
		return nil, fmt.Errorf("input %s of %s is no letter of %d", in[0].Name, in[0].Type, len(data.Alphabet))
	}
	return &task.Reader{Run: m.Run, Letter: in[0].Name, State: in[1].Name, Scores: out[0].Name, Next: out[1].Name, Hidden: hidden}, nil
}

func runLanguage(c *cobra.Command, f *taskFlags, names []string, top int) error {
	if len(names) == 0 && f.data == "" {
		return usagef("give names, or --data DIR with LANGUAGE.txt files")
	}
	r, err := f.reader()
	if err != nil {
		return err
	}
	ctx, cancel := f.deadline(c.Context())
	defer cancel()
	languages := data.Languages
	if f.data != "" {
		set, err := data.ReadNames(f.data)
		if err != nil {
			return err
		}
		if languages = set.Languages; len(names) == 0 {
			return countLanguages(ctx, c, r, set, f.count)
		}
	}
	for _, name := range names {
		scores, err := r.Read(ctx, name)
		if err != nil {
			return err
		}
		if len(scores) != len(languages) {
			return fmt.Errorf("%d scores for %d languages", len(scores), len(languages))
		}
		if err := printGuesses(c, name, scores, languages, top); err != nil {
			return err
		}
	}
	return nil
}

// countLanguages reads the first n names of a set, all for n = 0, and prints how many were told right.
func countLanguages(ctx context.Context, c *cobra.Command, r *task.Reader, set *data.Names, n int) error {
	if n > 0 && n < len(set.Names) {
		set.Names = set.Names[:n]
	}
	var done func(int)
	bar := progress(len(set.Names), "names")
	if bar != nil {
		done = func(n int) { bar.Set(n) }
	}
	all, err := r.Languages(ctx, set, done)
	if bar != nil {
		bar.Clear()
	}
	if err != nil {
		return err
	}
	return printClassified(c, all, set.Languages)
}

// printGuesses prints the likeliest languages of a name.
func printGuesses(c *cobra.Command, name string, scores []float32, languages []string, top int) error {
	type guess struct {
		Language    string `json:"language"`
		Probability real   `json:"probability"`
	}
	var guesses []guess
	for _, i := range task.Ranked(scores)[:max(1, min(top, len(scores)))] {
		guesses = append(guesses, guess{languages[i], real(task.Probability(scores, i))})
	}
	if asJSON(c) {
		return json.NewEncoder(c.OutOrStdout()).Encode(map[string]any{"name": name, "top": guesses})
	}
	fmt.Fprintf(c.OutOrStdout(), "%s:", oneLine(name))
	for _, g := range guesses {
		fmt.Fprintf(c.OutOrStdout(), " %s %.1f %%", g.Language, 100*g.Probability)
	}
	fmt.Fprintln(c.OutOrStdout())
	return nil
}
