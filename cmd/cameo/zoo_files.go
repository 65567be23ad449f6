package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo/zoo/task"
)

// wrote says which file was written, and what else there is to say.
func wrote(c *cobra.Command, path string, more map[string]any) error {
	if asJSON(c) {
		more["file"] = path
		return json.NewEncoder(c.OutOrStdout()).Encode(more)
	}
	fmt.Fprintf(c.OutOrStdout(), "wrote %s\n", path)
	return nil
}

// writePicture writes pictures side by side to a PNG file.
func writePicture(path string, pictures [][]float32, cols, h, w int, low, high float32) error {
	img, err := task.Grid(pictures, cols, h, w, 3, low, high)
	if err != nil {
		return err
	}
	return writeFile(path, func(w io.Writer) error { return png.Encode(w, img) })
}

func isCSV(path string) bool { return strings.HasSuffix(strings.ToLower(path), ".csv") }

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', 7, 64) }

// writeCSV writes rows, if path ends in .csv.
func writeCSV(path string, rows [][]string) error {
	if !isCSV(path) {
		return nil
	}
	return writeFile(path, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) })
}

// writeFile creates a file that put fills.
func writeFile(path string, put func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := put(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
