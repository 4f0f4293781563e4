package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
	"example.com/truebook/internal/cli"
)

// maxListed bounds each list of a report; the counts beside it go on.
const maxListed = 10_000

// report is what a replay has shown.
type report struct {
	file      string
	frames    int
	badFrames int
	events    []count
	assets    int
	levels    int // in the last known books
	tallies   engine.Tallies
	findings  []engine.Finding
	omitted   int
	refused   []refusedFrame
	torn      *capture.TornError
}

type count struct {
	name string
	n    uint64
}

type refusedFrame struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

func (p *report) find(f engine.Finding) {
	if len(p.findings) == maxListed {
		p.omitted++
		return
	}
	p.findings = append(p.findings, f)
}

func (p *report) refuse(line int, err error) {
	p.badFrames++
	if len(p.refused) < maxListed {
		p.refused = append(p.refused, refusedFrame{line, err.Error()})
	}
}

func (p *report) finish(replay *engine.Replay) {
	stats := replay.Stats()
	p.events = eventCounts(&stats)
	for _, view := range replay.Views() {
		p.assets++
		p.levels += view.Snapshot.Len(book.Bid) + view.Snapshot.Len(book.Ask)
	}
	p.tallies = replay.Tallies()
	slices.SortStableFunc(p.findings, func(a, b engine.Finding) int { return cmp.Compare(a.Line, b.Line) })
}

// eventCounts names the events as the wire does.
func eventCounts(stats *feed.Stats) []count {
	all := []count{
		{"book", stats.Books},
		{"price_change", stats.PriceChanges},
		{"last_trade_price", stats.Trades},
		{"tick_size_change", stats.TickSizeChanges},
		{"best_bid_ask", stats.BestPrices},
		{"new_market", stats.NewMarkets},
		{"market_resolved", stats.Resolved},
		{"text", stats.Texts},
		{"unknown_text", stats.UnknownTexts},
		{"unknown", stats.Unknown},
	}
	return slices.DeleteFunc(all, func(c count) bool { return c.n == 0 })
}

// readable says whether the file is a recording at all: something in it could be
// read as what the exchange sends, or all of it as frames of nothing.
func (p *report) readable() bool {
	strange := func(c count) bool { return c.name == "unknown" || c.name == "unknown_text" }
	if slices.ContainsFunc(p.events, func(c count) bool { return !strange(c) }) {
		return true
	}
	return p.frames > 0 && p.badFrames == 0 && len(p.events) == 0
}

func (p *report) disagreed() bool {
	for _, t := range p.tallies {
		if t.Disagreed > 0 {
			return true
		}
	}
	return false
}

func (p *report) text(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s: %d frames, %d tokens, %d levels at the end\n", cli.Printable(p.file), p.frames, p.assets, p.levels)
	events := make([]string, 0, len(p.events))
	for _, c := range p.events {
		events = append(events, fmt.Sprintf("%d %s", c.n, c.name))
	}
	fmt.Fprintf(&out, "%s\n\n", strings.Join(events, ", "))
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "witness\tchecked\tagreed\tdisagreed\thealed\tunknown\t\n")
	for i, t := range p.tallies {
		fmt.Fprintf(table, "%v\t%d\t%d\t%d\t%d\t%d\t\n",
			engine.Witness(i), t.Checked, t.Agreed, t.Disagreed, t.Healed, t.Unknown)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(p.findings)+len(p.refused) > 0 || p.torn != nil {
		out.WriteString("\n")
	}
	for _, f := range p.refused {
		fmt.Fprintf(&out, "line %d: %s\n", f.Line, f.Error)
	}
	continued := 0
	for _, f := range p.findings {
		healed := ""
		if f.Healed {
			healed = " (healed)"
		}
		if f.Continued {
			continued++
			continue
		}
		fmt.Fprintf(&out, "line %d: %v of %s: expected %s, found %s%s\n",
			f.Line, f.Witness, cli.Printable(f.Asset), f.Expected, f.Found, healed)
	}
	if continued > 0 {
		fmt.Fprintf(&out, "and %d hashes of runs that follow one of these; --json lists them\n", continued)
	}
	if p.omitted > 0 {
		fmt.Fprintf(&out, "and %d more\n", p.omitted)
	}
	if p.torn != nil {
		fmt.Fprintf(&out, "%v\n", p.torn)
	}
	_, err := w.Write(out.Bytes())
	return err
}

type jsonTally struct {
	Checked   uint64 `json:"checked"`
	Agreed    uint64 `json:"agreed"`
	Disagreed uint64 `json:"disagreed"`
	Healed    uint64 `json:"healed"`
	Unknown   uint64 `json:"unknown"`
}

type jsonFinding struct {
	Line    int    `json:"line"`
	Asset   string `json:"asset_id"`
	Witness string `json:"witness"`
	Healed  bool   `json:"healed,omitempty"`
	// Continued: the token's run before failed as well.
	Continued bool   `json:"continued,omitempty"`
	Expected  string `json:"expected"`
	Found     string `json:"found"`
}

type jsonReport struct {
	File          string               `json:"file"`
	Frames        int                  `json:"frames"`
	Events        map[string]uint64    `json:"events"`
	Assets        int                  `json:"assets"`
	Levels        int                  `json:"levels"`
	BadFrames     int                  `json:"bad_frames"`
	Witness       map[string]jsonTally `json:"witness"`
	Disagreements []jsonFinding        `json:"disagreements"`
	Omitted       int                  `json:"omitted,omitempty"`
	Refused       []refusedFrame       `json:"refused,omitempty"`
	TornAtLine    int                  `json:"torn_at_line,omitempty"`
}

func (p *report) json(w io.Writer) error {
	out := jsonReport{
		File: p.file, Frames: p.frames, Events: map[string]uint64{}, Assets: p.assets, Levels: p.levels,
		BadFrames: p.badFrames, Witness: map[string]jsonTally{}, Disagreements: []jsonFinding{},
		Omitted: p.omitted, Refused: p.refused,
	}
	for _, c := range p.events {
		out.Events[c.name] = c.n
	}
	for i, t := range p.tallies {
		out.Witness[engine.Witness(i).String()] = jsonTally(t)
	}
	for _, f := range p.findings {
		out.Disagreements = append(out.Disagreements, jsonFinding{
			f.Line, f.Asset, f.Witness.String(), f.Healed, f.Continued, f.Expected, f.Found,
		})
	}
	if p.torn != nil {
		out.TornAtLine = p.torn.Line
	}
	return json.NewEncoder(w).Encode(&out)
}
