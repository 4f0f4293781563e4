package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"example.com/truebook/bench/internal/results"
	"example.com/truebook/bench/peers"
)

// group is the peers of one family of benchmarks on one stream.
type group struct {
	family, stream string
	rows           []*results.Benchmark
}

// report is what the tables are made of.
type report struct {
	notes  []string
	groups []*group // in the order in which they first came
}

func read(in io.Reader) (*report, error) {
	f, err := results.Read(in)
	if err != nil {
		return nil, err
	}
	r := &report{notes: f.Notes}
	for _, b := range f.Benchmarks {
		if name(b) == "" {
			continue
		}
		for _, s := range b.Samples {
			if s["ns/op"] <= 0 {
				return nil, fmt.Errorf("%s of %s: no time", b.Family, name(b))
			}
		}
		g := r.group(b.Family, b.Param("stream"))
		g.rows = append(g.rows, b)
	}
	if len(r.groups) == 0 {
		return nil, errors.New("no results")
	}
	return r, nil
}

// name returns the peer, or the book, that was measured.
func name(b *results.Benchmark) string { return cmp.Or(b.Param("peer"), b.Param("book")) }

func (r *report) group(family, stream string) *group {
	for _, g := range r.groups {
		if g.family == family && g.stream == stream {
			return g
		}
	}
	g := &group{family: family, stream: stream}
	r.groups = append(r.groups, g)
	return g
}

func (r *report) markdown() []byte {
	var out bytes.Buffer
	for _, line := range r.notes {
		fmt.Fprintf(&out, "- %s\n", line)
	}
	for _, g := range r.groups {
		g.markdown(&out)
	}
	return out.Bytes()
}

func (g *group) markdown(out *bytes.Buffer) {
	unit, own := "frame", advantages(g.family)
	if g.family == "Books" {
		unit = "change"
	}
	base, rounds := g.base(), 0
	if base != nil {
		rounds = len(base.Samples)
	}
	fmt.Fprintf(out, "\n%s on the stream %s, medians of %d rounds:\n\n", g.family, g.stream, rounds)
	fmt.Fprintf(out, "| peer | its advantage | ns/%s | ± | MB/s | B | allocs | x truebook |\n", unit)
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|")
	rows := slices.Clone(g.rows)
	slices.SortStableFunc(rows, func(a, b *results.Benchmark) int {
		return cmp.Compare(a.Median("ns/op"), b.Median("ns/op"))
	})
	for _, r := range rows {
		megabytes, memory, allocs := "", "", ""
		if r.Has("MB/s") {
			megabytes = fmt.Sprintf("%.0f", r.Median("MB/s"))
		}
		if r.Has("B/op") {
			memory = fmt.Sprintf("%.0f", r.Median("B/op"))
			allocs = fmt.Sprintf("%.0f", r.Median("allocs/op"))
		}
		ratio := ""
		if base != nil {
			ratio = fmt.Sprintf("%.2f", r.Ratio(base, "ns/op"))
		}
		fmt.Fprintf(out, "| %s | %s | %s | %.0f %% | %s | %s | %s | %s |\n",
			name(r), own[name(r)], results.Duration(r.Median("ns/op")), 100*r.Spread("ns/op"),
			megabytes, memory, allocs, ratio)
	}
}

// base is what the others are compared with.
func (g *group) base() *results.Benchmark {
	for _, r := range g.rows {
		if name(r) == peers.Baseline {
			return r
		}
	}
	return nil
}
