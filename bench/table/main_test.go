package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/truebook/bench/internal/results"
)

// TestReadme: the tables of README.md are what the command makes of the raw results
// that it names.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(folder(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := rewrite(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(text, want) {
		return
	}
	got := strings.Split(string(text), "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(got) || got[i] != line {
			t.Fatalf("README.md is not what go run ./bench/table makes of it: line %d should be\n%s", i+1, line)
		}
	}
	t.Fatal("README.md has lines at its end that go run ./bench/table does not make")
}

const raw = `date: 2026-11-22
section: round 1 of 2
BenchmarkFullPath/stream=real/by=engine-2   100   600 ns/op   0 B/op   0 allocs/op
BenchmarkFullPath/stream=real/by=naive-2    100   9000 ns/op   1770 B/op   47 allocs/op
BenchmarkRatios/stream=real-2   1   600 ns/frame   30.0 x-naive   1.60 x-ladder   1.40 x-plain
BenchmarkRatios/stream=500-2    1   700 ns/frame   20.0 x-naive   1.60 x-ladder   1.40 x-plain
section: latency, run 1 of 2
| load | way | µs of | p50 | p90 | p99 | p99.9 | p99.99 | max | busy | GC | MB | read |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
| 20000/s, 100000 tokens | engine | service | 2.10 | 3 | 9 | 9 | 9 | 9 | 4.5 % | 3 in 4.0 s | 400 | 99 % |
section: latency, run 2 of 2
| load | way | µs of | p50 | p90 | p99 | p99.9 | p99.99 | max | busy | GC | MB | read |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
| 20000/s, 100000 tokens | engine | service | 10.5 | 3 | 9 | 9 | 9 | 9 | 4.7 % | 3 in 4.0 s | 410 | 99 % |
section: round 2 of 2
BenchmarkFullPath/stream=real/by=engine-2   100   700 ns/op   0 B/op   0 allocs/op
`

func TestTables(t *testing.T) {
	own, err := results.Read(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	writeTables(&out, own, &results.File{})
	writeTargets(&out, own, &results.File{})
	for _, want := range []string{
		"- date: 2026-11-22\n\n### Ratios\n",
		"| **real** | off | 600 | 30.00 | ",
		"| stream | engine | naive |\n|---|---|---|\n| **real** | 650 (0) | 9000 (47) |\n",
		"| 20000/s, 100000 tokens | engine | service | 10.5 | 3 | ", // the upper of two
		"| >= 25x both | 40x / 30x | 30.00x (proof on: 0.00x) | 20.00x (proof on: 0.00x) | **no** (simulated) |\n",
		"| <= 10 % | 5 % |  | 4.6 % (4.5 to 4.7) | yes, the aim too |\n",
		"| <= 600 MB | 350 MB |  | 405 MB | yes, not the aim |\n",
		"| >= 500,000 frames/s | 700,000 |  |  | not measured |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, &out)
		}
	}
}

func TestNoReadme(t *testing.T) {
	whole := beginTables + "results/none.txt" + endMarker + endTables + beginTargets + endTargets
	for _, text := range []string{
		"", whole, // no such file
		strings.Replace(whole, endTables, "", 1),
		strings.Replace(whole, endTargets, "", 1),
		strings.Replace(whole, "results/none.txt", "", 1),
	} {
		if _, err := rewrite([]byte(text), nil); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
