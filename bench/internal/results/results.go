// Package results reads raw results: lines of benchmarks in Go's format, tables in
// Markdown, and the notes and sections between them that scripts write.
package results

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// File is a file of raw results.
type File struct {
	Notes      []string     // lines such as "date: 2026-11-22"
	Benchmarks []*Benchmark // in the order in which they first came
	Tables     []*Table
}

// Benchmark is what was measured under one name.
type Benchmark struct {
	Family  string   // "FullPath"
	Params  []string // "stream=real", "by=engine"
	Samples []Sample // one for each round
}

// Sample is a line of a benchmark: values by their units, such as "ns/op".
type Sample map[string]float64

// Table is a table in Markdown.
type Table struct {
	Section string // the line "section: ..." that it stands behind
	Header  []string
	Rows    [][]string
}

var (
	note   = regexp.MustCompile(`^(date|commit|machine|go|node|module|rounds): `)
	suffix = regexp.MustCompile(`-\d+$`) // the number of processors
)

// Read reads a file. Lines that it does not know are left out.
func Read(in io.Reader) (*File, error) {
	f := &File{}
	section := ""
	var table *Table // that goes on with the next line
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if strings.HasPrefix(line, "|") {
			table = f.row(table, section, line)
			continue
		}
		table = nil
		switch fields := strings.Fields(line); {
		case note.MatchString(line):
			f.Notes = append(f.Notes, line)
		case strings.HasPrefix(line, "section: "):
			section = strings.TrimPrefix(line, "section: ")
		case len(fields) >= 4 && strings.HasPrefix(line, "Benchmark"):
			if err := f.sample(fields); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
	}
	if len(f.Benchmarks)+len(f.Tables) == 0 {
		return nil, errors.Join(errors.New("no results"), lines.Err())
	}
	return f, lines.Err()
}

// row adds a line of a table, which may be its first. A table may follow another
// one without a line between: it is known by the line below its header.
func (f *File) row(t *Table, section, line string) *Table {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	rule := strings.HasPrefix(line, "|-")
	switch {
	case t == nil:
		t = &Table{Section: section, Header: cells}
	case rule && len(t.Rows) == 0:
		return t
	case rule:
		last := len(t.Rows) - 1
		header := t.Rows[last]
		t.Rows = t.Rows[:last]
		t = &Table{Section: section, Header: header}
	default:
		t.Rows = append(t.Rows, cells)
		return t
	}
	f.Tables = append(f.Tables, t)
	return t
}

// sample adds a line of a benchmark: name, count, and pairs of a value and a unit.
func (f *File) sample(fields []string) error {
	parts := strings.Split(suffix.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), ""), "/")
	s := Sample{}
	for i := 2; i+1 < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return err
		}
		s[fields[i+1]] = value
	}
	b := f.Find(parts[0], parts[1:]...)
	if b == nil {
		b = &Benchmark{Family: parts[0], Params: parts[1:]}
		f.Benchmarks = append(f.Benchmarks, b)
	}
	b.Samples = append(b.Samples, s)
	return nil
}

// Find returns a benchmark by its whole name, nil if there is none.
func (f *File) Find(family string, params ...string) *Benchmark {
	for _, b := range f.Benchmarks {
		if b.Family == family && slices.Equal(b.Params, params) {
			return b
		}
	}
	return nil
}

// Family returns the benchmarks of a family, in order.
func (f *File) Family(name string) (list []*Benchmark) {
	for _, b := range f.Benchmarks {
		if b.Family == name {
			list = append(list, b)
		}
	}
	return list
}

// Param returns what stands behind key= in the name, "" without.
func (b *Benchmark) Param(key string) string {
	for _, p := range b.Params {
		if value, ok := strings.CutPrefix(p, key+"="); ok {
			return value
		}
	}
	return ""
}

// Has says whether there are values of a unit.
func (b *Benchmark) Has(unit string) bool {
	return b != nil && len(b.values(unit)) > 0
}

func (b *Benchmark) values(unit string) (values []float64) {
	for _, s := range b.Samples {
		if v, ok := s[unit]; ok {
			values = append(values, v)
		}
	}
	return values
}

// Median returns the middle of the values of a unit, 0 without any.
func (b *Benchmark) Median(unit string) float64 { return Middle(b.values(unit)) }

// Spread is how far the values of a unit lie from their median, half of them
// nearer, as a part of it.
func (b *Benchmark) Spread(unit string) float64 {
	values, m := b.values(unit), b.Median(unit)
	if m == 0 {
		return 0
	}
	for i, v := range values {
		values[i] = max(v-m, m-v)
	}
	return Middle(values) / m
}

// Ratio is how many times the values of base those of b are: the median of what it
// was in each round, so that a machine that is slower in some of them does not tell.
func (b *Benchmark) Ratio(base *Benchmark, unit string) float64 {
	own, other := b.values(unit), base.values(unit)
	ratios := make([]float64, min(len(own), len(other)))
	for i := range ratios {
		ratios[i] = own[i] / other[i]
	}
	return Middle(ratios)
}

// Middle returns the median, 0 of nothing. It sorts the values.
func Middle(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	slices.Sort(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// Duration shows nanoseconds, with tenths where they matter.
func Duration(ns float64) string {
	if ns < 100 {
		return strconv.FormatFloat(ns, 'f', 1, 64)
	}
	return strconv.FormatFloat(ns, 'f', 0, 64)
}
