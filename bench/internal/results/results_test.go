package results_test

import (
	"strings"
	"testing"

	"example.com/truebook/bench/internal/results"
)

// TestRead: lines of one name are samples of one benchmark, whatever the number of
// processors, and a table belongs to the section before it.
func TestRead(t *testing.T) {
	f, err := results.Read(strings.NewReader(`date: 2026-11-22
goos: linux
BenchmarkPath/stream=12/peer=a-2  	 100	 10 ns/op	 3 B/op
BenchmarkPath/stream=12/peer=b-2  	 100	 40 ns/op
PASS
section: latency
| way | p50 |
|---|---|
| a | 1.0 |
| way | p90 |
|---|---|
| a | 2.0 |
BenchmarkPath/stream=12/peer=a    	 100	 20 ns/op	 5 B/op
BenchmarkPath/stream=12/peer=b    	 100	 20 ns/op
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Notes) != 1 || len(f.Benchmarks) != 2 || len(f.Tables) != 2 {
		t.Fatalf("%+v", f)
	}
	a, b := f.Find("Path", "stream=12", "peer=a"), f.Find("Path", "stream=12", "peer=b")
	if a == nil || b == nil || len(f.Family("Path")) != 2 || a.Param("peer") != "a" || a.Param("by") != "" {
		t.Fatalf("%+v, %+v", a, b)
	}
	if a.Median("ns/op") != 15 || a.Median("B/op") != 4 || b.Has("B/op") || b.Ratio(a, "ns/op") != 2.5 {
		t.Errorf("%v, %v, ratio %v", a, b, b.Ratio(a, "ns/op"))
	}
	if s := a.Spread("ns/op"); s < 0.33 || s > 0.34 {
		t.Errorf("spread %v", s)
	}
	if x := f.Tables[0]; x.Section != "latency" || x.Header[1] != "p50" || len(x.Rows) != 1 || x.Rows[0][1] != "1.0" {
		t.Errorf("%+v", x)
	}
	if x := f.Tables[1]; x.Section != "latency" || x.Header[1] != "p90" || len(x.Rows) != 1 || x.Rows[0][1] != "2.0" {
		t.Errorf("%+v", x)
	}
}

func TestNothingToRead(t *testing.T) {
	for _, raw := range []string{"", "PASS\n", "BenchmarkPath/peer=a 100 fast ns/op\n"} {
		if _, err := results.Read(strings.NewReader(raw)); err == nil {
			t.Errorf("%q: no error", raw)
		}
	}
}
