package screen

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/cmd/bookview/internal/golden"
	"example.com/truebook/engine"
	"example.com/truebook/feed/feedtest"
)

// check compares what is drawn with a golden file, which also says what stands out: which
// texts are in reverse, and which lines are faint.
func check(t *testing.T, s *stage, name string, width, height int) {
	t.Helper()
	g := s.screen.Draw(width, height)
	golden.Check(t, fmt.Sprintf("%s-%dx%d.txt", name, width, height), g.String()+looks(g))
}

// looks lists what is in reverse, and which lines are faint.
func looks(g *Grid) string {
	var out strings.Builder
	for y := range g.Height {
		var reverse strings.Builder
		faint := 0
		for x := range g.Width {
			cell := g.At(x, y)
			if cell.Ink.Attr&Reverse != 0 {
				reverse.WriteString(cell.Text)
			}
			if cell.Ink.Attr&Faint != 0 {
				faint++
			}
		}
		if text := strings.TrimSpace(reverse.String()); text != "" {
			fmt.Fprintf(&out, "line %d in reverse: %s\n", y+1, text)
		}
		if faint > g.Width/2 {
			fmt.Fprintf(&out, "line %d faint\n", y+1)
		}
	}
	if out.Len() == 0 {
		return ""
	}
	return strings.Repeat("=", g.Width) + "\n" + out.String()
}

func (s *stage) keys(keys ...Key) *stage {
	for _, k := range keys {
		s.screen.Key(k)
	}
	return s
}

func TestSizes(t *testing.T) {
	s := simulated(t, Options{}, feedtest.Options{Seed: 4}, 400)
	for _, size := range [][2]int{{100, 40}, {80, 24}, {60, 20}, {40, 10}, {200, 60}, {39, 6}, {100, 1}, {30, 1}} {
		check(t, s, "live", size[0], size[1])
	}
	check(t, fed(t, Options{}), "fed", 100, 30)
	check(t, fed(t, Options{}), "fed", 80, 24)
}

func TestPages(t *testing.T) {
	both := simulated(t, Options{}, feedtest.Options{Seed: 4}, 300)
	check(t, both.keys('t', 't'), "both", 100, 30)
	check(t, both, "both", 80, 24)
	check(t, fed(t, Options{}).keys('t'), "complement", 100, 24)
	check(t, fed(t, Options{}).keys('l', 'g'), "axis", 100, 30)
	check(t, fed(t, Options{}).keys('g', '$', 'b'), "grouped", 100, 24)
	check(t, fed(t, Options{}).keys('s', Up, Up), "sweep", 100, 24)
	check(t, fed(t, Options{}).keys('-', '-', '-', '-', '-', '-'), "depth", 100, 24)
	check(t, fed(t, Options{ASCII: true}), "ascii", 80, 24)
	help := fed(t, Options{}).keys('?')
	check(t, help, "help", 80, 25)
	for _, line := range helpLines {
		if width(line) > 80 || len(helpLines) > 24 {
			t.Errorf("the help does not fit a screen of 80x25: %d lines, %q", len(helpLines), line)
		}
	}
}

func TestList(t *testing.T) {
	s := simulated(t, Options{}, feedtest.Options{Seed: 4, Markets: 8}, 400)
	check(t, s.keys(Down, Down), "list", 130, 16)
	check(t, s, "list", 80, 24)
	check(t, s, "list", 40, 12)
	s.lose()
	s.wait(2 * time.Second)
	check(t, s, "list-stale", 80, 24)
	check(t, s.keys('/', '4'), "list-filter", 80, 24)
}

// TestNotLive: whatever is not live says so in reverse, and shows prices in brackets.
func TestNotLive(t *testing.T) {
	stale := fed(t, Options{})
	stale.lose()
	stale.wait(4 * time.Second)
	check(t, stale, "stale", 100, 24)
	check(t, stale, "stale", 40, 10)
	check(t, stale, "stale", 30, 3)
	stale.change = func(in *Input) { in.Health.Open, in.Health.Resyncs = 0, 2 }
	stale.look()
	check(t, stale, "disconnected", 80, 24)

	frozen := fed(t, Options{}).keys('f')
	frozen.wait(12 * time.Second)
	check(t, frozen, "frozen", 80, 24)

	resolved := fed(t, Options{})
	resolved.frame(fmt.Sprintf(`{"event_type":"market_resolved","id":"1","market":%q,"assets_ids":[%q,%q],"winning_asset_id":%q,"winning_outcome":"Yes","timestamp":"%d"}`,
		marketID, yes, no, yes, resolved.now.UnixMilli()))
	resolved.wait(time.Second)
	check(t, resolved, "resolved", 80, 24)

	syncing := newStage(t, Options{})
	syncing.set(yes, "BUY", "0.61", "5400", "0.61/0.63")
	syncing.wait(3 * time.Second)
	check(t, syncing, "syncing", 80, 24)

	crossed := fed(t, Options{})
	crossed.set(yes, "BUY", "0.64", "100", "0.64/0.65")
	crossed.look()
	check(t, crossed, "settling", 80, 24)
}

func TestOddBooks(t *testing.T) {
	bidsOnly := newStage(t, Options{})
	bidsOnly.book(yes, "0.97:5000 0.98:216.216215 0.99:0.5", "")
	bidsOnly.wait(time.Second)
	check(t, bidsOnly, "no-asks", 80, 24)

	empty := newStage(t, Options{})
	empty.book(yes, "", "")
	empty.wait(time.Second)
	check(t, empty, "empty", 80, 24)

	tick := fed(t, Options{})
	tick.frame(fmt.Sprintf(`{"event_type":"tick_size_change","asset_id":%q,"market":%q,"old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"%d"}`,
		yes, marketID, tick.now.UnixMilli()))
	tick.set(yes, "BUY", "0.625", "100.25", "0.625/0.63")
	tick.wait(time.Second)
	check(t, tick, "tick", 80, 24)

	wide := fed(t, Options{})
	wide.names[marketID] = "日本の首相は年内に辞任しますか？ \x1b[31mred\u202eevil 👩‍👩‍👧 \tthe end of a title that is long"
	wide.wait(time.Second)
	check(t, wide, "wide", 80, 24)
	check(t, wide, "wide", 41, 10)

	none := New(Options{})
	none.Observe(Input{})
	if text := none.Draw(80, 24).String(); !strings.Contains(text, "no book has come yet") {
		t.Error(text)
	}
}

func TestReplayAndRecording(t *testing.T) {
	s := fed(t, Options{})
	begin := s.now
	s.change = func(in *Input) {
		in.Health = Health{Replay: true, Frames: in.Health.Frames, Hash: in.Health.Hash}
		in.Playback = &Playback{Begin: begin, End: begin.Add(time.Hour), At: begin.Add(20 * time.Minute), Speed: 10}
	}
	s.wait(time.Second)
	check(t, s, "replay", 80, 24)
	s.change = func(in *Input) {
		in.Playback = &Playback{Begin: begin, End: begin.Add(time.Hour), At: begin.Add(time.Hour), Paused: true, Speed: 0.5}
	}
	s.look()
	check(t, s, "replay-paused", 60, 20)
	s.change = func(in *Input) {
		in.Simulated = true
		in.Note = "made to fail: the connection is cut"
		in.Recording = &Recording{Name: "bookview-20261123-140200.ndjson.zst", Bytes: 5 << 20, Dropped: 3}
		in.Markets[0].NegRisk, in.Markets[0].Ends = true, in.Now.Add(50*time.Hour)
	}
	s.look()
	check(t, s, "recording", 100, 24)
	s.change = func(in *Input) {
		in.Recording = &Recording{Name: "a", Err: errors.New("no space left on device")}
		in.Health.HashingOff = true
	}
	s.look()
	check(t, s, "recording-failed", 100, 24)
}

// TestAccount: one's own orders stand beside their levels, those of the other outcome at
// the mirrored price, and what is not known says so.
func TestAccount(t *testing.T) {
	s := fed(t, Options{})
	account := &Account{
		Known: true,
		Orders: []Order{
			{Asset: yes, Side: book.Bid, Price: 620_000, Size: 150 * book.Share},
			{Asset: yes, Side: book.Bid, Price: 620_000, Size: 50 * book.Share},
			{Asset: yes, Side: book.Ask, Price: 660_000, Size: book.Share / 2},
			{Asset: no, Side: book.Bid, Price: 360_000, Size: 300 * book.Share},
			{Asset: "1", Side: book.Bid, Price: 620_000, Size: 999 * book.Share},
		},
		Fills: []Fill{
			{Trade{Asset: yes, At: s.now, Buy: true, Price: 620_000, Size: 40 * book.Share}, "mined"},
			{Trade{Asset: "1", At: s.now, Buy: true, Price: 620_000, Size: 41 * book.Share}, "mined"},
		},
	}
	s.change = func(in *Input) {
		in.Account = account
		if len(in.Markets[0].Tokens) == 1 { // the other outcome has no book yet
			in.Markets[0].Tokens = append(in.Markets[0].Tokens, Token{Outcome: "No", View: engine.View{Asset: no}})
		}
	}
	s.look()
	check(t, s, "account", 110, 24)
	check(t, s, "account", 80, 24)
	check(t, s, "account", 42, 12)
	account.Known, account.Reason, account.Since = false, "the connection is not there", s.now
	s.wait(3 * time.Second)
	check(t, s, "account-unknown", 110, 24)
	s.change = func(in *Input) { in.Account = account }
	s.look()
	check(t, s.keys('t'), "account-complement", 110, 24)
}
