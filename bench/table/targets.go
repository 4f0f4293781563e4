package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/truebook/bench/internal/results"
)

// The streams that targets are set for.
const (
	realStream = "real"
	simulated  = "500"
)

// figure is what was measured of a target: by how much it is reached.
type figure struct {
	text  string
	value float64 // in the unit of the target
}

// goal is a measure and what it should be on one stream.
type goal struct {
	must, aim float64
	less      bool // what is less is better
}

// reaches says whether a value is as good as a bound.
func (g goal) reaches(value, bound float64) bool {
	if g.less {
		return value <= bound
	}
	return value >= bound
}

// target is a row of the table of issue 3.
type target struct {
	name      string
	must, aim string
	real, sim goal
	// measured returns the figure on a stream; its text is empty if there is none.
	measured func(stream string) figure
}

func writeTargets(out io.Writer, own, peers *results.File) {
	heading(out, []string{"measure", "must", "aim", "**real** stream", "500 tokens, or as said", "reached"})
	for _, t := range append(ratioTargets(own, peers), loadTargets(own)...) {
		onReal, onSimulated := t.measured(realStream), t.measured(simulated)
		line(out, []string{t.name, t.must, t.aim, onReal.text, onSimulated.text, t.verdict(onReal, onSimulated)})
	}
}

// verdict says which of must and aim hold on all streams that were measured.
func (t *target) verdict(onReal, onSimulated figure) string {
	var failed []string
	must, aim, measured := true, true, false
	for _, m := range []struct {
		stream string
		goal
		figure
	}{{"real", t.real, onReal}, {"simulated", t.sim, onSimulated}} {
		if m.text == "" {
			continue
		}
		measured = true
		if !m.reaches(m.value, m.must) {
			must, failed = false, append(failed, m.stream)
		}
		aim = aim && m.reaches(m.value, m.aim)
	}
	switch {
	case !measured:
		return "not measured"
	case !must:
		return "**no** (" + strings.Join(failed, ", ") + ")"
	case t.aim == "":
		return "yes"
	case aim:
		return "yes, the aim too"
	}
	return "yes, not the aim"
}

// ratioTargets are those that compare two ways in one run.
func ratioTargets(own, peers *results.File) []target {
	ratio := func(unit string) func(string) figure {
		return func(stream string) figure {
			b := own.Find("Ratios", "stream="+stream)
			if !b.Has(unit) {
				return figure{}
			}
			value := b.Median(unit)
			return figure{fmt.Sprintf("%.2fx (proof on: %.2fx)", value, b.Median("proved-"+unit)), value}
		}
	}
	peer := func(name string) func(string) figure {
		return func(stream string) figure {
			of := func(peer string) *results.Benchmark {
				return peers.Find("Path", "stream="+stream, "peer="+peer)
			}
			b := of(name)
			if b == nil || of(ownPeer) == nil || of("truebook-proof") == nil {
				return figure{}
			}
			value := b.Ratio(of(ownPeer), "ns/op")
			return figure{fmt.Sprintf("%.2fx (proof on: %.2fx)", value, b.Ratio(of("truebook-proof"), "ns/op")), value}
		}
	}
	return []target{
		{
			"full path against naive", ">= 25x both", "40x / 30x",
			goal{must: 25, aim: 40},
			goal{must: 25, aim: 30},
			ratio("x-naive"),
		},
		{
			"full path against fastjson with the same books", ">= 2.3x both", "4x / 3x",
			goal{must: 2.3, aim: 4},
			goal{must: 2.3, aim: 3},
			peer("fastjson"),
		},
		{
			"full path against the byte scan of the same bytes", "<= 12x / <= 20x", "8x / 14x",
			goal{12, 8, true},
			goal{20, 14, true},
			ratio("x-scan"),
		},
		{
			"full path against its own flat-ladder twin: the same engine and guards, flat books", "<= 1.5x slower", "1.2x",
			goal{1.5, 1.2, true},
			goal{1.5, 1.2, true},
			func(stream string) figure { return twin(own, stream) },
		},
		{
			"full path, with its guards, against flat ladders behind the decoder, without any", "<= 1.5x slower", "1.2x",
			goal{1.5, 1.2, true},
			goal{1.5, 1.2, true},
			func(stream string) figure {
				f := ratio("x-ladder")(stream)
				if b := own.Find("Ratios", "stream="+stream); f.text != "" && b.Has("x-plain") {
					f.text += fmt.Sprintf("; the books alone, without the engine: %.2fx", f.value/b.Median("x-plain"))
				}
				return f
			},
		},
		{
			"against the official TypeScript client with a book", ">= 30x", "60x",
			goal{must: 30, aim: 60},
			goal{must: 30, aim: 60},
			peer("polymarket-client-books"),
		},
	}
}

// twin compares the engine with the same engine on flat books, round by round.
func twin(own *results.File, stream string) figure {
	tree, flat := own.Find("Twin", "stream="+stream, "books=tree"), own.Find("Twin", "stream="+stream, "books=flat")
	if tree == nil || flat == nil {
		return figure{}
	}
	value := tree.Ratio(flat, "ns/op")
	return figure{fmt.Sprintf("%.2fx", value), value}
}

// loadTargets are the others.
func loadTargets(own *results.File) []target {
	atMost := func(must, aim float64) goal { return goal{must, aim, true} }
	return []target{
		{
			"allocations per frame, rounded down (bytes per frame); through the socket, of frames that arrive together", "0", "", atMost(0, 0), atMost(0, 0),
			func(stream string) figure { return allocations(own, stream) },
		},
		{
			"socket + TLS + full path, saturated, one core", ">= 500,000 frames/s", "700,000",
			goal{must: 500_000, aim: 700_000},
			goal{must: 500_000, aim: 700_000},
			func(stream string) figure { return saturated(own, stream) },
		},
		{
			"p99 service at 50,000 frames/s against naive", ">= 10x lower", "17x",
			goal{},
			goal{must: 10, aim: 17},
			onlySimulated(func() figure { return tail(own) }),
		},
		{
			"100,000 tokens, 20,000 frames/s: of a core", "<= 10 %", "5 %",
			goal{},
			atMost(10, 5), onlySimulated(func() figure { return busy(own, "latency", "20000/s, 100000 tokens", "engine") }),
		},
		{
			"the same: memory", "<= 600 MB", "350 MB",
			goal{},
			atMost(600, 350), onlySimulated(func() figure { return resident(own) }),
		},
		{
			"proof on, 1,000 frames/s over 1,000 tokens: p99 lag", "<= 250 ms", "50 ms",
			goal{},
			atMost(250, 50), onlySimulated(func() figure { return lag(own) }),
		},
		{
			"the same: of a core", "<= 20 %", "10 %",
			goal{},
			atMost(20, 10), onlySimulated(func() figure { return busy(own, "proof lag", "1000/s, 1000 tokens", "engine-proof") }),
		},
		{
			"`Top`: allocations", "0", "",
			goal{},
			atMost(0, 0),
			onlySimulated(func() figure {
				return view(own, "top", func(_, deep *results.Benchmark) float64 { return deep.Median("allocs/op") })
			}),
		},
		{
			"`View`: the same cost at 10 and 10,000 levels (here: 5,000, taken as reached below 1.5x)", "O(1)", "",
			goal{},
			atMost(1.5, 1.5),
			onlySimulated(func() figure {
				return view(own, "view", func(flat, deep *results.Benchmark) float64 { return deep.Median("ns/op") / flat.Median("ns/op") })
			}),
		},
	}
}

func onlySimulated(f func() figure) func(string) figure {
	return func(stream string) figure {
		if stream != simulated {
			return figure{}
		}
		return f()
	}
}

// allocations are of each part of the job, the worst counts.
func allocations(own *results.File, stream string) (f figure) {
	var parts []string
	for _, p := range []struct{ name, family, by string }{
		{"decode", "Decode", "feed"},
		{"apply", "Apply", "book"},
		{"full path", "FullPath", "engine"},
		{"with proof", "FullPath", "engine-proof"},
		{"socket", "Socket", "engine"},
		{"socket with proof", "Socket", "engine-proof"},
	} {
		b := own.Find(p.family, "stream="+stream, "by="+p.by)
		if !b.Has("allocs/op") {
			continue
		}
		allocs := b.Median("allocs/op")
		parts = append(parts, fmt.Sprintf("%s %.0f (%.0f)", p.name, allocs, b.Median("B/op")))
		f.value = max(f.value, allocs)
	}
	f.text = strings.Join(parts, ", ")
	return f
}

func saturated(own *results.File, stream string) figure {
	b := own.Find("Socket", "stream="+stream, "by=engine")
	if !b.Has("frames/s/core") {
		return figure{}
	}
	value := b.Median("frames/s/core")
	text := fmt.Sprintf("%.0f", value)
	if proof := own.Find("Socket", "stream="+stream, "by=engine-proof"); proof != nil {
		text += fmt.Sprintf(" (proof on: %.0f)", proof.Median("frames/s/core"))
	}
	return figure{text, value}
}

// runs returns a cell of the tables of latency as a number, run by run.
func runs(own *results.File, section, load, way, of, column string) (values []float64) {
	for _, t := range own.Tables {
		i := slices.Index(t.Header, column)
		if !strings.HasPrefix(t.Section, section+",") || i < 0 {
			continue
		}
		for _, r := range t.Rows {
			if slices.Equal(r[:latencyNames], []string{load, way, of}) {
				values = append(values, number(r[i]))
			}
		}
	}
	return values
}

// tail compares the tails of service run by run.
func tail(own *results.File) figure {
	at := func(way string) []float64 {
		return runs(own, "latency", "50000/s, 500 tokens", way, "service", "p99")
	}
	naive, engine, proof := at("naive"), at("engine"), at("engine-proof")
	if len(naive) == 0 || len(engine) != len(naive) || len(proof) != len(naive) {
		return figure{}
	}
	ratios, proved := make([]float64, len(naive)), make([]float64, len(naive))
	for i := range naive {
		ratios[i], proved[i] = naive[i]/engine[i], naive[i]/proof[i]
	}
	ratio := results.Middle(ratios) // which sorts them
	return figure{fmt.Sprintf("%.2f µs to %.1f µs, run by run %.1fx lower, %.1fx to %.1fx (proof on: %.2f µs, %.1fx)",
		results.Middle(engine), results.Middle(naive), ratio, ratios[0], ratios[len(ratios)-1],
		results.Middle(proof), results.Middle(proved)), ratio}
}

func busy(own *results.File, section, load, way string) figure {
	values := runs(own, section, load, way, "service", "busy")
	if len(values) == 0 {
		return figure{}
	}
	value := results.Middle(values)
	// The values are sorted by now.
	return figure{fmt.Sprintf("%.1f %% (%.1f to %.1f)", value, values[0], values[len(values)-1]), value}
}

func resident(own *results.File) figure {
	values := runs(own, "latency", "20000/s, 100000 tokens", "engine", "service", "MB")
	if len(values) == 0 {
		return figure{}
	}
	value := results.Middle(values)
	return figure{fmt.Sprintf("%.0f MB", value), value}
}

func lag(own *results.File) figure {
	values := runs(own, "proof lag", "1000/s, 1000 tokens", "engine-proof", "response", "p99")
	if len(values) == 0 {
		return figure{}
	}
	value := results.Middle(values) / 1000
	return figure{fmt.Sprintf("%.3f ms", value), value}
}

// view compares a read of a flat book with that of a deep one.
func view(own *results.File, read string, value func(flat, deep *results.Benchmark) float64) figure {
	flat, deep := own.Find("View", "levels=10", "read="+read), own.Find("View", "levels=5000", "read="+read)
	if flat == nil || deep == nil {
		return figure{}
	}
	return figure{fmt.Sprintf("%s and %s ns, %.0f and %.0f allocations, at 10 and 5,000 levels",
		results.Duration(flat.Median("ns/op")), results.Duration(deep.Median("ns/op")),
		flat.Median("allocs/op"), deep.Median("allocs/op")), value(flat, deep)}
}
