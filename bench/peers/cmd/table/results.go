package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/truebook/bench/peers"
)

// results is a file of raw results.
type results struct {
	notes  []string // lines such as "date: 2026-11-22"
	groups []*group // in the order in which they first came
}

// group is the peers of one family of benchmarks on one stream.
type group struct {
	family, stream string
	rows           []*row
}

// row is what one peer took, round by round.
type row struct {
	peer    string
	samples []sample
}

// sample is one line of raw results.
type sample struct {
	nanoseconds, megabytes, bytes, allocs float64
	// counted says that bytes and allocs are known.
	counted bool
}

var (
	benchmarkName = regexp.MustCompile(`^Benchmark(\w+)/stream=([^/]+)/(?:peer|book)=(.+?)(?:-\d+)?$`)
	note          = regexp.MustCompile(`^(date|commit|machine|go|node|module): (.*)$`)
)

func read(in io.Reader) (*results, error) {
	r := &results{}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if note.MatchString(line) {
			r.notes = append(r.notes, line)
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		name := benchmarkName.FindStringSubmatch(fields[0])
		if name == nil {
			continue
		}
		s, err := parseSample(fields[2:])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		target := r.group(name[1], name[2]).row(name[3])
		target.samples = append(target.samples, s)
	}
	if len(r.groups) == 0 {
		return nil, errors.Join(errors.New("no results"), lines.Err())
	}
	return r, lines.Err()
}

// parseSample reads pairs of a number and its unit.
func parseSample(fields []string) (s sample, err error) {
	for i := 0; i+1 < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return s, err
		}
		switch fields[i+1] {
		case "ns/op":
			s.nanoseconds = value
		case "MB/s":
			s.megabytes = value
		case "B/op":
			s.bytes, s.counted = value, true
		case "allocs/op":
			s.allocs = value
		}
	}
	if s.nanoseconds <= 0 {
		return s, errors.New("no time")
	}
	return s, nil
}

func (r *results) group(family, stream string) *group {
	for _, g := range r.groups {
		if g.family == family && g.stream == stream {
			return g
		}
	}
	g := &group{family: family, stream: stream}
	r.groups = append(r.groups, g)
	return g
}

func (g *group) row(peer string) *row {
	for _, r := range g.rows {
		if r.peer == peer {
			return r
		}
	}
	r := &row{peer: peer}
	g.rows = append(g.rows, r)
	return r
}

// median returns the middle of what f finds in the samples, 0 without any.
func (r *row) median(f func(i int, s sample) float64) float64 {
	values := make([]float64, len(r.samples))
	for i, s := range r.samples {
		values[i] = f(i, s)
	}
	return middle(values)
}

func middle(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	slices.Sort(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func (r *row) nanoseconds() float64 {
	return r.median(func(_ int, s sample) float64 { return s.nanoseconds })
}

// spread is how far the samples lie from the median, half of them nearer, in
// percent of it.
func (r *row) spread() float64 {
	m := r.nanoseconds()
	return 100 / m * r.median(func(_ int, s sample) float64 { return max(s.nanoseconds-m, m-s.nanoseconds) })
}

// ratio is how many times the base's time it took, round by round.
func (r *row) ratio(base *row) float64 {
	both := &row{samples: r.samples[:min(len(r.samples), len(base.samples))]}
	return both.median(func(i int, s sample) float64 { return s.nanoseconds / base.samples[i].nanoseconds })
}

func (r *results) markdown() []byte {
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
	base := g.row(peers.Baseline)
	fmt.Fprintf(out, "\n%s on the stream %s, medians of %d rounds:\n\n", g.family, g.stream, len(base.samples))
	fmt.Fprintf(out, "| peer | its advantage | ns/%s | ± | MB/s | B | allocs | x truebook |\n", unit)
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|")
	rows := slices.Clone(g.rows)
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Compare(a.nanoseconds(), b.nanoseconds()) })
	for _, r := range rows {
		megabytes, memory, allocs := "", "", ""
		if v := r.median(func(_ int, s sample) float64 { return s.megabytes }); v > 0 {
			megabytes = fmt.Sprintf("%.0f", v)
		}
		if r.samples[0].counted {
			memory = fmt.Sprintf("%.0f", r.median(func(_ int, s sample) float64 { return s.bytes }))
			allocs = fmt.Sprintf("%.0f", r.median(func(_ int, s sample) float64 { return s.allocs }))
		}
		ratio := ""
		if len(base.samples) > 0 {
			ratio = fmt.Sprintf("%.2f", r.ratio(base))
		}
		fmt.Fprintf(out, "| %s | %s | %s | %.0f %% | %s | %s | %s | %s |\n",
			r.peer, own[r.peer], duration(r.nanoseconds()), r.spread(), megabytes, memory, allocs, ratio)
	}
}

// duration shows nanoseconds, with tenths where they matter.
func duration(ns float64) string {
	if ns < 100 {
		return fmt.Sprintf("%.1f", ns)
	}
	return fmt.Sprintf("%.0f", ns)
}
