package main

import (
	"strings"
	"testing"
)

// TestTable: medians, ratios round by round, and lines of Node's, which count no
// memory.
func TestTable(t *testing.T) {
	const raw = `date: 2026-11-22
go: go1.26.8
goos: linux
BenchmarkPath/stream=real/peer=truebook         	 100	 200.0 ns/op	 3000.00 MB/s	 3 B/op	 0 allocs/op
BenchmarkPath/stream=real/peer=simdjson-go-2    	 100	 800.0 ns/op	 750.00 MB/s	 16 B/op	 1 allocs/op
BenchmarkPath/stream=real/peer=node-json	100	2000.0 ns/op	300.00 MB/s
PASS
BenchmarkPath/stream=real/peer=truebook         	 100	 400.0 ns/op	 1500.00 MB/s	 3 B/op	 0 allocs/op
BenchmarkPath/stream=real/peer=simdjson-go-2    	 100	 2000.0 ns/op	 300.00 MB/s	 16 B/op	 1 allocs/op
BenchmarkPath/stream=real/peer=node-json	100	4000.0 ns/op	150.00 MB/s
`
	r, err := read(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	got := string(r.markdown())
	for _, want := range []string{
		"- date: 2026-11-22\n- go: go1.26.8\n\nPath on the stream real, medians of 2 rounds:\n",
		"| 300 | 33 % | 2250 | 3 | 0 | 1.00 |\n| simdjson-go |",
		"| 1400 | 43 % | 525 | 16 | 1 | 4.50 |\n| node-json |",
		"| 3000 | 33 % | 225 |  |  | 10.00 |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

func TestNoTable(t *testing.T) {
	for _, raw := range []string{
		"", "PASS\n",
		"BenchmarkPath/stream=real/peer=truebook 100 fast ns/op\n",
		"BenchmarkPath/stream=real/peer=truebook 100 3 B/op\n",
	} {
		if _, err := read(strings.NewReader(raw)); err == nil {
			t.Errorf("%q: no error", raw)
		}
	}
}
