//go:build unix

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"example.com/truebook/bench/corpus"
	"example.com/truebook/bench/internal/fullpath"
)

// TestMeasure: each way gives a row for service and one for response, which is
// never the shorter one.
func TestMeasure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "frames")
	c := corpus.Simulated(corpus.Shape{Tokens: 12, Frames: 1100, Seed: 1})
	if err := fullpath.Write(path, c); err != nil {
		t.Fatal(err)
	}
	for _, way := range fullpath.Names() {
		r, err := measure(way, path, 2000) // so that 100 frames are measured
		if err != nil {
			t.Fatal(err)
		}
		for i := range quantiles() {
			if r.Response[i] < r.Service[i] || i > 0 && r.Service[i] < r.Service[i-1] {
				t.Errorf("%s: service %v, response %v", way, r.Service, r.Response)
			}
		}
		if r.Seconds <= 0 || r.Busy <= 0 || r.Busy > 1 || r.Read < 0.9 || r.Read > 1 {
			t.Errorf("%+v", r)
		}
		var table strings.Builder
		if err := r.print(&table, setting{2000, 12}); err != nil || strings.Count(table.String(), "\n| 2000/s, 12 tokens | "+way+" | ") != 1 {
			t.Errorf("%v: %s", err, &table)
		}
	}
}
