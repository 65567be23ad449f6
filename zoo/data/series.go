package data

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
)

// maxRows bounds a series.
const maxRows = 1 << 22

// A Series is a signal, and where it is anomalous.
type Series struct {
	Values  []float64
	Anomaly []bool
}

// ReadSeries reads a CSV file with a header and the columns time, value, and 1 where the value is an anomaly, else 0; the last
// may be missing.
func ReadSeries(path string) (*Series, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	s, err := decodeSeries(f)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	return s, nil
}

func decodeSeries(r io.Reader) (*Series, error) {
	rows := csv.NewReader(r)
	rows.ReuseRecord = true
	if _, err := rows.Read(); err != nil {
		return nil, fmt.Errorf("no header: %w", err)
	}
	var s Series
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(s.Values) == maxRows {
			return nil, fmt.Errorf("more than %d rows", maxRows)
		}
		if len(row) < 2 {
			return nil, fmt.Errorf("row %d has %d columns, not time and value", len(s.Values)+2, len(row))
		}
		v, err := strconv.ParseFloat(row[1], 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("row %d: %q is no number", len(s.Values)+2, row[1])
		}
		mark := 0.0
		if len(row) > 2 {
			if mark, err = strconv.ParseFloat(row[2], 64); err != nil {
				return nil, fmt.Errorf("row %d: %q is neither 0 nor 1", len(s.Values)+2, row[2])
			}
		}
		s.Values, s.Anomaly = append(s.Values, v), append(s.Anomaly, mark > 0)
	}
	return &s, nil
}
