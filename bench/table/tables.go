package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"example.com/truebook/bench/internal/results"
)

// family is a family of benchmarks, and the table that it becomes: a row for each
// value of one parameter, a column for each of another.
type family struct {
	name string
	text string // what is measured, and what a cell is
	row  string
	rows string // the heading of the rows
	col  string
	cell func(b *results.Benchmark) string
	unit string // of which the spread is given
}

func families() []family {
	return []family{
		{
			"FullPath", "From the bytes of a frame to the published tops of the tokens that it names, and these read back: ns per frame (allocations per frame).",
			"stream", "stream", "by", timed("ns/op"), "ns/op",
		},
		{
			"Twin", "The engine with its B-tree, and its flat-ladder twin: the same engine, every guard in place, built with a flat array in the place of each tree. ns per frame of the full path, in turn.",
			"stream", "stream", "books", timed("ns/op"), "ns/op",
		},
		{
			"Decode", "From the bytes of a frame to events: ns per frame (allocations).",
			"stream", "stream", "by", timed("ns/op"), "ns/op",
		},
		{
			"Apply", "A decoded change of a level applied to its book, and the top read: ns per change (allocations).",
			"stream", "stream", "by", timed("ns/op"), "ns/op",
		},
		{
			"Opening", "The array of 400 books that answers a subscription, to books that were not there before: ns per token (allocations per array).",
			"", "400 tokens", "by", timed("ns/token"), "ns/op",
		},
		{
			"Socket", "Frames through TLS on loopback, as fast as they come; `read` only reads them, the others are the whole job. Processor time of the reading thread, kernel included, in ns per frame; how many frames a core could do at that; allocations of both ends per frame.",
			"stream", "stream", "by", socket, "cpu-ns/frame",
		},
		{
			"Snapshot", "A snapshot that is kept, and the next write, by the levels of the book: ns for both (allocations). The ladder has to copy itself.",
			"levels", "levels", "by", timed("ns/op"), "ns/op",
		},
		{
			"Reads", "A top read by one goroutine, while nobody writes and while another applies frames as fast as it can: mean, and p50 / p99 / p99.9 of means of 16 reads, ns.",
			"writer", "writer", "by", reads, "ns/op",
		},
		{
			"View", "A top, and a whole book with its status, as readers get them from the engine, by the levels of the book: ns (allocations).",
			"levels", "levels", "read", timed("ns/op"), "ns/op",
		},
		{
			"Proof", "The hash of one book compared with the announced one (`check`), and the search for a last trade price that is not found (`search`); beside them SHA-1 alone over the finished text, and encoding/json with SHA-1, by levels: ns (allocations).",
			"levels", "levels", "by", timed("ns/op"), "ns/op",
		},
		{
			"Memory", "What the heap holds of books, with all that belongs to them: bytes per token / per level.",
			"stream", "stream", "by", memory, "",
		},
		{
			"Degree", "The B-tree alone, by the degree of its nodes, with a snapshot before each write or without: ns per write.",
			"degree", "degree", "snapshot", timed("ns/op"), "ns/op",
		},
	}
}

// timed returns how a cell is made of a time in nanoseconds, and allocations.
func timed(unit string) func(*results.Benchmark) string {
	return func(b *results.Benchmark) string {
		text := results.Duration(b.Median(unit))
		if b.Has("allocs/op") {
			text += fmt.Sprintf(" (%.0f)", b.Median("allocs/op"))
		}
		return text
	}
}

func socket(b *results.Benchmark) string {
	return fmt.Sprintf("%.0f ns, %.0f/s, %.0f", b.Median("cpu-ns/frame"), b.Median("frames/s/core"), b.Median("allocs/op"))
}

func reads(b *results.Benchmark) string {
	return fmt.Sprintf("%s; %.0f / %.0f / %.0f", results.Duration(b.Median("ns/op")),
		b.Median("p50-ns"), b.Median("p99-ns"), b.Median("p99.9-ns"))
}

func memory(b *results.Benchmark) string {
	return fmt.Sprintf("%.0f / %.1f", b.Median("B/token"), b.Median("B/level"))
}

func writeTables(out io.Writer, own, peers *results.File) {
	writeNotes(out, own.Notes)
	writeRatios(out, own)
	for _, f := range families() {
		f.write(out, own)
	}
	writeLatency(out, own, "latency", "Latency", "Open loop at a fixed rate, by `go run ./bench/latency`: µs, medians of the runs. Service is the work on a frame, response counts from when it was due.")
	writeLatency(out, own, "proof lag", "Proof lag", "The same at 1,000 frames/s: a frame is proved before the next is begun, so that the response is how far proofs lag behind.")
	writeInstructions(out, own)
	writePeers(out, peers)
}

// writeNotes makes a list of what is said of each file.
func writeNotes(out io.Writer, notes []string) {
	for _, line := range notes {
		fmt.Fprintf(out, "- %s\n", line)
	}
}

func (f *family) write(out io.Writer, file *results.File) {
	list := file.Family(f.name)
	if len(list) == 0 {
		return
	}
	rows, cols := values(list, f.row), values(list, f.col)
	fmt.Fprintf(out, "\n### %s\n\n%s%s\n\n", f.name, f.text, spread(list, f.unit))
	heads := []string{f.rows}
	for _, col := range cols {
		switch f.col {
		case "by", "read", "books":
		default:
			col = f.col + " " + col
		}
		heads = append(heads, col)
	}
	heading(out, heads)
	for _, row := range rows {
		cells := []string{stream(row)}
		for _, col := range cols {
			i := slices.IndexFunc(list, func(b *results.Benchmark) bool {
				return b.Param(f.row) == row && b.Param(f.col) == col
			})
			if i < 0 {
				cells = append(cells, "")
				continue
			}
			cells = append(cells, f.cell(list[i]))
		}
		line(out, cells)
	}
}

// values returns what a parameter is, in order.
func values(list []*results.Benchmark, key string) (found []string) {
	for _, b := range list {
		if v := b.Param(key); !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	return found
}

// stream marks the figures of the real stream.
func stream(name string) string {
	if name == "real" {
		return "**real**"
	}
	return name
}

// spread says how far results lie from their medians.
func spread(list []*results.Benchmark, unit string) string {
	var all []float64
	for _, b := range list {
		if b.Has(unit) {
			all = append(all, 100*b.Spread(unit))
		}
	}
	if len(all) == 0 {
		return ""
	}
	worst := slices.Max(all)
	return fmt.Sprintf(" Half of the rounds lie within %.0f %% of the median, in the worst cell within %.0f %%.", results.Middle(all), worst)
}

func heading(out io.Writer, cells []string) {
	line(out, cells)
	fmt.Fprintln(out, strings.Repeat("|---", len(cells))+"|")
}

func line(out io.Writer, cells []string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }

// writeRatios is the family that compares the paths in turn.
func writeRatios(out io.Writer, file *results.File) {
	list := file.Family("Ratios")
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(out, "\n### Ratios\n\n%s%s\n\n", "The full path against its rivals, all in turn: medians of six turns in each round, and of the rounds. How many times faster than naive, and how many times slower than the others. What is said of spread is of the first of them.",
		spread(list, "x-naive"))
	heading(out, []string{"stream", "proof", "ns/frame", "faster than naive", "slower than scan", "than ladder", "than plain"})
	for _, b := range list {
		for _, own := range []struct{ proof, prefix string }{{"off", ""}, {"on", "proved-"}} {
			cells := []string{stream(b.Param("stream")), own.proof, results.Duration(b.Median(own.prefix + "ns/frame"))}
			for _, unit := range []string{"x-naive", "x-scan", "x-ladder", "x-plain"} {
				cells = append(cells, fmt.Sprintf("%.2f", b.Median(own.prefix+unit)))
			}
			line(out, cells)
		}
	}
}

// latencyNames is how many cells of a row of latency say what it is of.
const latencyNames = 3

// latencies returns the rows of all runs as one table: the median of each cell.
func latencies(file *results.File, section string) (header []string, rows [][]string) {
	var all [][][]string // by row and run
	for _, t := range file.Tables {
		if !strings.HasPrefix(t.Section, section+",") {
			continue
		}
		header = t.Header
		for _, r := range t.Rows {
			i := slices.IndexFunc(all, func(runs [][]string) bool {
				return slices.Equal(runs[0][:latencyNames], r[:latencyNames])
			})
			if i < 0 {
				i, all = len(all), append(all, nil)
			}
			all[i] = append(all[i], r)
		}
	}
	for _, runs := range all {
		row := slices.Clone(runs[0])
		for i := latencyNames; i < len(row); i++ {
			var cells []string
			for _, r := range runs {
				cells = append(cells, r[i])
			}
			slices.SortStableFunc(cells, func(a, b string) int { return cmp.Compare(number(a), number(b)) })
			row[i] = cells[len(cells)/2] // of two, the larger
		}
		rows = append(rows, row)
	}
	return header, rows
}

// number is what a cell begins with.
func number(cell string) float64 {
	text, _, _ := strings.Cut(cell, " ")
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return value
}

func writeLatency(out io.Writer, file *results.File, section, title, text string) {
	header, rows := latencies(file, section)
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(out, "\n### %s\n\n%s\n\n", title, text)
	heading(out, header)
	for _, r := range rows {
		line(out, r)
	}
}

func writeInstructions(out io.Writer, file *results.File) {
	var streams, ways []string
	cells := map[[2]string]string{}
	tool := ""
	for _, t := range file.Tables {
		rest, found := strings.CutPrefix(t.Section, "instructions, ")
		if !found {
			continue
		}
		tool = rest
		_, stream, _ := strings.Cut(t.Header[1], ", ")
		streams = append(streams, stream)
		for _, r := range t.Rows {
			if !slices.Contains(ways, r[0]) {
				ways = append(ways, r[0])
			}
			cells[[2]string{r[0], stream}] = r[1]
		}
	}
	if len(ways) == 0 {
		return
	}
	fmt.Fprintf(out, "\n### Instructions\n\nMachine instructions per frame of the full path, counted by callgrind (%s), which lacks the processor's instructions for SHA-1: proofs look dearer than they are.\n\n", tool)
	heading(out, append([]string{"way"}, streams...))
	for _, way := range ways {
		row := []string{way}
		for _, s := range streams {
			row = append(row, cells[[2]string{way, s}])
		}
		line(out, row)
	}
}

// writePeers is the tables of bench/peers: a row for each peer.
func writePeers(out io.Writer, file *results.File) {
	fmt.Fprint(out, "\n### Peers\n\nThe module bench/peers, measured by its own command:\n\n")
	writeNotes(out, file.Notes)
	for _, f := range []struct{ family, key, text string }{
		{"Path", "peer", "From the bytes of a frame to the tops of its books, on one processor: ns per frame (times truebook, round by round)."},
		{"Books", "book", "A decoded change of a level applied, and the top read: ns per change (times truebook)."},
	} {
		list := file.Family(f.family)
		if len(list) == 0 {
			continue
		}
		streams := values(list, "stream")
		fmt.Fprintf(out, "\n%s%s\n\n", f.text, spread(list, "ns/op"))
		heads := make([]string, 0, 1+len(streams))
		heads = append(heads, f.key)
		for _, s := range streams {
			heads = append(heads, stream(s))
		}
		heading(out, heads)
		names := values(list, f.key)
		at := func(name, stream string) *results.Benchmark {
			return file.Find(f.family, "stream="+stream, f.key+"="+name)
		}
		slices.SortStableFunc(names, func(a, b string) int {
			return cmp.Compare(at(a, streams[0]).Median("ns/op"), at(b, streams[0]).Median("ns/op"))
		})
		for _, name := range names {
			row := []string{name}
			for _, s := range streams {
				b, base := at(name, s), at(ownPeer, s)
				if b == nil || base == nil {
					row = append(row, "")
					continue
				}
				row = append(row, fmt.Sprintf("%s (%.2f)", results.Duration(b.Median("ns/op")), b.Ratio(base, "ns/op")))
			}
			line(out, row)
		}
	}
}

// ownPeer is what peers are compared with: the engine with every guard but the proof.
const ownPeer = "truebook"
