// Package chart draws scatter plots and histograms to PNG, SVG and PDF files, for the commands that show data.
package chart

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// formats are the endings of files that charts are written to.
var formats = []string{".png", ".svg", ".pdf"}

// Writes reports whether a chart can be written to a file of this name.
func Writes(path string) bool {
	return slices.Contains(formats, strings.ToLower(filepath.Ext(path)))
}

// A Class is a named set of points or numbers.
type Class struct {
	Name   string
	Points [][2]float64 // of a scatter plot
	Values []float64    // of a histogram
}

// colors are ten that differ in hue and lightness, for people who see few hues as well.
var colors = []color.RGBA{
	{31, 119, 180, 255}, {255, 127, 14, 255}, {44, 160, 44, 255}, {214, 39, 40, 255}, {148, 103, 189, 255},
	{140, 86, 75, 255}, {227, 119, 194, 255}, {110, 110, 110, 255}, {188, 189, 34, 255}, {23, 190, 207, 255},
}

// Labels name a chart and its axes.
type Labels struct{ Title, X, Y string }

func newPlot(l Labels) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = l.Title, l.X, l.Y
	p.BackgroundColor = color.White
	return p
}

// Scatter draws each class's points in a colour of its own.
func Scatter(path string, l Labels, classes []Class) error {
	p := newPlot(l)
	for i, c := range classes {
		xy := make(plotter.XYs, len(c.Points))
		for k, pt := range c.Points {
			xy[k].X, xy[k].Y = pt[0], pt[1]
		}
		if len(xy) == 0 {
			continue
		}
		s, err := plotter.NewScatter(xy)
		if err != nil {
			return fmt.Errorf("chart: %w", err)
		}
		tint := colors[i%len(colors)]
		s.GlyphStyle = draw.GlyphStyle{Color: color.NRGBA{tint.R, tint.G, tint.B, 150}, Radius: vg.Points(1.6), Shape: draw.CircleGlyph{}}
		key := *s
		key.GlyphStyle.Radius, key.GlyphStyle.Color = vg.Points(4), tint
		p.Add(s)
		p.Legend.Add(c.Name, &key)
	}
	p.Legend.Top = true
	p.Legend.XOffs = vg.Points(-4)
	return save(p, path)
}

// bins are those of a histogram.
const bins = 60

// Histogram draws the share of each class's values in bins of equal ratio that all classes have in common; values that are not
// finite and above 0 are left out.
func Histogram(path string, l Labels, classes []Class) error {
	p := newPlot(l)
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range classes {
		for _, v := range c.Values {
			if v = math.Log10(v); !math.IsNaN(v) && !math.IsInf(v, 0) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if !(low < high) {
		return fmt.Errorf("chart: a histogram needs values that differ")
	}
	for i, c := range classes {
		if len(c.Values) == 0 {
			continue
		}
		line, err := plotter.NewLine(outline(c.Values, low, high))
		if err != nil {
			return fmt.Errorf("chart: %w", err)
		}
		tint := colors[i%len(colors)]
		line.LineStyle.Color, line.LineStyle.Width = tint, vg.Points(1.5)
		line.FillColor = color.NRGBA{tint.R, tint.G, tint.B, 70}
		p.Add(line)
		p.Legend.Add(fmt.Sprintf("%s (%d)", c.Name, len(c.Values)), line)
	}
	p.Legend.Top = true
	p.Legend.Left, p.Legend.XOffs = true, vg.Points(8)
	p.Y.Max *= 1.15 // the legend lies above
	return save(p, path)
}

// outline returns the corners of a histogram's steps over the logarithms of values, from the base line and back to it.
func outline(values []float64, low, high float64) plotter.XYs {
	counts := make([]float64, bins)
	for _, v := range values {
		if v = math.Log10(v); v >= low && v <= high {
			counts[min(int((v-low)/(high-low)*bins), bins-1)]++
		}
	}
	xy := plotter.XYs{{X: low}}
	step := (high - low) / bins
	for i, n := range counts {
		share := n / float64(len(values))
		xy = append(xy, plotter.XY{X: low + float64(i)*step, Y: share}, plotter.XY{X: low + float64(i+1)*step, Y: share})
	}
	return append(xy, plotter.XY{X: high})
}

func save(p *plot.Plot, path string) error {
	if !Writes(path) {
		return fmt.Errorf("chart: %s: a chart's file ends in %s", path, strings.Join(formats, ", "))
	}
	if err := p.Save(8*vg.Inch, 6*vg.Inch, path); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return nil
}
