package screen

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed/feedtest"
)

// TestNothingReadsAsLive: whatever is not live, on whatever page and size, shows no price
// without brackets, and its state in reverse.
func TestNothingReadsAsLive(t *testing.T) {
	bare := regexp.MustCompile(`(^|[^[0-9.])[0-9]+(\.[0-9]+)?¢ ?[×/]|(spread|mid|micro) [0-9.]+( |¢|$)`)
	for name, change := range map[string]func(*engine.View){
		"stale":    func(v *engine.View) { v.State, v.Reason = engine.Stale, engine.Disconnected },
		"settling": func(v *engine.View) { v.Settling, v.Reason = true, engine.Crossed },
		"gone":     func(v *engine.View) { v.State, v.Reason = engine.Gone, engine.Resolved },
		"syncing":  func(v *engine.View) { v.State, v.Reason = engine.Syncing, engine.Initial },
	} {
		word := map[string]string{"stale": "STALE", "settling": "SETTLING", "gone": "CLOSED", "syncing": "SYNCING"}[name]
		for _, keys := range [][]Key{{}, {'t'}, {'l'}, {'g', '$'}, {'t', 't'}, {'m'}, {'s'}} {
			for _, size := range [][2]int{{160, 40}, {100, 30}, {80, 24}, {45, 12}, {30, 5}, {24, 1}} {
				s := simulated(t, Options{}, feedtest.Options{Seed: 4}, 40)
				s.change = func(in *Input) {
					for i := range in.Markets[0].Tokens {
						change(&in.Markets[0].Tokens[i].View)
					}
				}
				s.look()
				s.keys(keys...)
				g := s.screen.Draw(size[0], size[1])
				what := fmt.Sprintf("%s after %q at %v:\n%s", name, keys, size, g)
				if strings.Contains(g.String(), "LIVE") && !strings.Contains(g.String(), "NOT live") {
					t.Fatal(what)
				}
				if strings.Contains(strings.ReplaceAll(g.String(), "NOT PROVED", ""), "PROVED") {
					t.Fatal(what)
				}
				if bare.MatchString(g.String()) {
					t.Fatalf("%q: %s", bare.FindString(g.String()), what)
				}
				if !strings.Contains(reversed(g), word) && s.screen.page != listPage || !strings.Contains(g.String(), word) {
					t.Fatalf("%s is not in reverse: %s", word, what)
				}
			}
		}
	}
}

func reversed(g *Grid) string {
	var out strings.Builder
	for _, c := range g.Cells {
		if c.Ink.Attr&Reverse != 0 {
			out.WriteString(c.Text)
		}
	}
	return out.String()
}

// TestOneOfTwoIsNotLive: the second outcome's state is not hidden behind the first's.
func TestOneOfTwoIsNotLive(t *testing.T) {
	s := simulated(t, Options{}, feedtest.Options{Seed: 4, Markets: 2}, 40)
	s.change = func(in *Input) {
		in.Markets[0].Tokens[0].Outcome = "Borussia Dortmund, after extra time"
		in.Markets[0].Tokens[1].Outcome = "Wolverhampton Wanderers Football Club"
		in.Markets[0].Tokens[1].View.State = engine.Stale
	}
	s.look()
	if g := s.screen.Draw(80, 24); !strings.Contains(g.String(), "STALE") || !strings.Contains(reversed(g), "STALE") {
		t.Errorf("the list:\n%s", g)
	}
	s.keys(Enter, 't')
	if g := s.screen.Draw(60, 20); !strings.Contains(reversed(g), "STALE") || !strings.Contains(g.String(), "Wolverhampton") {
		t.Errorf("the second outcome:\n%s", g)
	}
	s.keys('t')
	for _, width := range []int{72, 80, 100, 200} {
		g := s.screen.Draw(width, 24)
		if n := strings.Count(reversed(g), "STALE"); n != 2 { // the head and the pane
			t.Errorf("%d in reverse:\n%s", n, g)
		}
		if strings.Count(g.String(), "● LIVE") != 1 || !strings.Contains(g.String(), "PROVED") && !strings.Contains(g.String(), "proved") {
			t.Errorf("the first pane:\n%s", g)
		}
	}
	one := fed(t, Options{})
	one.change = func(in *Input) { in.Markets[0].Tokens[0].Outcome = "Wolverhampton Wanderers Football Club" }
	one.look()
	one.keys('t')
	for _, size := range [][2]int{{60, 20}, {45, 12}, {36, 6}, {60, 1}} {
		if g := one.screen.Draw(size[0], size[1]); !strings.Contains(g.String(), "DERIVED") {
			t.Errorf("a derived book does not say so:\n%s", g)
		}
	}
}

// TestTagsAreNotDropped: that something is simulated or replayed is shown before anything.
func TestTagsAreNotDropped(t *testing.T) {
	for _, size := range [][2]int{{100, 30}, {40, 10}, {39, 3}, {20, 1}, {10, 1}} {
		s := fed(t, Options{})
		s.change = func(in *Input) { in.Simulated = true }
		s.look()
		if text := s.screen.Draw(size[0], size[1]).String(); !strings.Contains(text, "SIMULATED") {
			t.Errorf("%v:\n%s", size, text)
		}
		s.change = func(in *Input) { in.Playback = &Playback{} }
		s.look()
		if text := s.screen.Draw(size[0], size[1]).String(); !strings.Contains(text, "REPLAY") {
			t.Errorf("%v:\n%s", size, text)
		}
	}
}

// head returns the second and third line: the state and the health.
func head(s *stage) string {
	lines := strings.Split(s.screen.Draw(160, 30).String(), "\n")
	return lines[0] + "\n" + lines[1] + "\n" + lines[2]
}

func TestHead(t *testing.T) {
	for _, c := range []struct {
		change func(*Input)
		want   string
	}{
		{func(in *Input) { in.Markets[0].Tokens[0].View.Check = engine.Failed }, "the last change FAILED its hash"},
		{func(in *Input) { in.Markets[0].Tokens[0].View.Proof = engine.Proof{} }, "NOT PROVED by anything yet"},
		{func(in *Input) { in.Markets[0].Tokens[0].View.Check = engine.Unproved }, "last change not proved; by refresh"},
		{func(in *Input) { in.Markets[0].Tokens[0].View.Check = engine.Open }, "proved by refresh 3s ago, 3 versions back"},
		{func(in *Input) {
			v := &in.Markets[0].Tokens[0].View
			v.Check, v.Proof = engine.Proved, engine.Proof{By: engine.ByHash, Version: v.Version, Time: in.Now}
		}, "PROVED by hash 0s ago"},
		{func(in *Input) {
			in.Health.Hash = engine.Tally{Checked: 12, Agreed: 8, Healed: 1, Disagreed: 1, Unknown: 2}
		}, "hash 90.0% of 10"},
		{func(in *Input) { in.Health.Hash = engine.Tally{Checked: 2000, Agreed: 1999, Disagreed: 1} }, "hash 99.9% of 2,000"},
		{func(in *Input) { in.Health.HashingOff = true }, "hashes OFF"},
		{func(in *Input) { in.Markets[0].Ends = in.Now.Add(-time.Hour) }, "was to end 1h00m ago"},
		{func(in *Input) { in.Markets[0].Ends = in.Now.Add(time.Hour) }, "ends in 1h00m"},
		{func(in *Input) { in.Markets[0].Tokens[0].Outcome = "\x1b[2JYes" }, "[2JYes"},
		{func(in *Input) { in.Health.Resyncs = 3 }, "resyncs 3"},
	} {
		s := fed(t, Options{})
		s.change = c.change
		s.wait(time.Second)
		if got := head(s); !strings.Contains(got, c.want) || strings.Contains(got, "\x1b") {
			t.Errorf("%q is not in\n%s", c.want, got)
		}
	}
	s := fed(t, Options{})
	s.change = func(in *Input) { in.Health.Connections, in.Health.Open = 3, 2 }
	s.look()
	if cell := s.screen.Draw(100, 30).At(1, 2); cell.Ink.Role != Alert {
		t.Error("a connection that is missing is nothing to be seen")
	}
}

// TestMirror: books that differ for half a second are said to, of live ones alone.
func TestMirror(t *testing.T) {
	s := simulated(t, Options{}, feedtest.Options{Seed: 4}, 40)
	if got := head(s); !strings.Contains(got, "mirror ok") {
		t.Error(got)
	}
	other := book.New()
	if _, err := other.Set(book.Bid, 10_000, 1); err != nil {
		t.Fatal(err)
	}
	s.change = func(in *Input) { in.Markets[0].Tokens[1].View.Snapshot = other.Snapshot() }
	s.look()
	if got := head(s); !strings.Contains(got, "mirror ok") {
		t.Errorf("at once: %s", got)
	}
	s.wait(time.Second)
	if got := head(s); !strings.Contains(got, "levels differ") {
		t.Errorf("after a second: %s", got)
	}
	s.change = func(in *Input) {
		in.Markets[0].Tokens[1].View.Snapshot = other.Snapshot()
		in.Markets[0].Tokens[1].View.State = engine.Stale
	}
	s.look()
	if got := head(s); strings.Contains(got, "mirror") {
		t.Errorf("of a stale one: %s", got)
	}
}

// TestFrozenStandsStill: nothing of a frozen screen moves but its age, and what came
// meanwhile is there when it goes on.
func TestFrozenStandsStill(t *testing.T) {
	s := fed(t, Options{}).keys('f')
	without := func() string {
		return regexp.MustCompile(`FROZEN for [0-9]+s`).ReplaceAllString(s.screen.Draw(110, 30).String(), "")
	}
	before := without()
	s.trades = []Trade{{Asset: yes, At: s.now, Price: 100_000, Size: book.Share}}
	s.set(yes, "BUY", "0.62", "1", "0.62/0.63")
	s.wait(7 * time.Second)
	if after := without(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	s.keys('f')
	if text := s.screen.Draw(110, 30).String(); !strings.Contains(text, "SELL Yes 1 @10") || !strings.Contains(text, "bid 62¢ × 1 ") {
		t.Error(text)
	}
	s.keys('f')
	s.change = func(in *Input) { in.Recording, in.Note = &Recording{Name: "file"}, "something" }
	s.look()
	if text := s.screen.Draw(110, 30).String(); !strings.Contains(text, "REC file") || !strings.Contains(text, "something") {
		t.Errorf("a recording does not show while it is frozen:\n%s", text)
	}
}

// TestFrozenWhileItRewinds: a frozen screen stands still while a recording begins anew, and
// shows nothing of what was undone when it goes on.
func TestFrozenWhileItRewinds(t *testing.T) {
	s := fed(t, Options{})
	s.change = func(in *Input) { in.Playback = &Playback{Begin: in.Now, End: in.Now, At: in.Now} }
	s.look()
	s.keys('f')
	trade := func(price book.Price) []Trade {
		return []Trade{{Asset: yes, At: s.now, Price: price, Size: book.Share}}
	}
	s.trades = trade(100_000) // of what is undone by the next one
	s.look()
	change := s.change
	s.change = func(in *Input) { change(in); in.Rewound, in.Now = true, in.Now.Add(-time.Minute) }
	s.trades = trade(200_000)
	s.look()
	s.change = func(in *Input) { change(in); in.Now = in.Now.Add(-time.Minute) }
	s.now = s.now.Add(2 * time.Second)
	s.look()
	text := s.screen.Draw(110, 30).String()
	if !strings.Contains(text, "FROZEN for 2s") || !strings.Contains(text, "BUY Yes 400 @63") || !strings.Contains(text, "high 62.5") {
		t.Errorf("it does not stand still:\n%s", text)
	}
	s.keys('f')
	text = s.screen.Draw(110, 30).String()
	if strings.Contains(text, "@63") || strings.Contains(text, "@10") || !strings.Contains(text, "SELL Yes 1 @20") {
		t.Errorf("trades of what was undone:\n%s", text)
	}
	s.keys('f')
	s.look()
	s.keys('f')
	if text = s.screen.Draw(110, 30).String(); !strings.Contains(text, "@20") {
		t.Errorf("what was remembered since is forgotten:\n%s", text)
	}
}

// TestChangeIsOfThreeSeconds: a level that changes all the time shows by how much in the last
// three seconds: it neither adds up for ever nor begins anew, and is nothing after them.
func TestChangeIsOfThreeSeconds(t *testing.T) {
	s := fed(t, Options{})
	net := func() book.Size {
		net, _ := s.screen.histories[yes].change(&rung{side: book.Bid, price: 570_000}, false, s.now)
		return net
	}
	for i := range 200 {
		s.set(yes, "BUY", "0.57", strconv.Itoa(1000+i), "0.62/0.63")
		s.look()
		if got := net(); i > 30 && (got < 27*book.Share || got > 30*book.Share) {
			t.Errorf("%v after %d changes, of one share in each tenth of a second", got, i+1)
		}
		s.now = s.now.Add(100 * time.Millisecond)
	}
	for was := net(); was > 0; was = net() {
		s.now = s.now.Add(300 * time.Millisecond)
		if s.look(); net() >= was || net() < was-3*book.Share {
			t.Errorf("%v after %v", net(), was)
		}
	}
	if n := testing.AllocsPerRun(100, func() { s.screen.histories[yes].slide(s.now) }); n > 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// TestChosenMarketStays: the market that was chosen is shown wherever it stands now.
func TestChosenMarketStays(t *testing.T) {
	s := simulated(t, Options{}, feedtest.Options{Seed: 4, Markets: 4}, 40)
	s.keys(Down, Down, Enter)
	token := s.screen.shownMarket().Tokens[0].View.Asset
	s.change = func(in *Input) { in.Markets = in.Markets[1:] }
	s.look()
	if got := s.screen.shownMarket().Tokens[0].View.Asset; got != token {
		t.Errorf("%s is shown, %s was chosen", got, token)
	}
	s.change = func(in *Input) { in.Markets = in.Markets[:1] }
	s.look()
	if s.screen.market != 0 {
		t.Error("a market that is gone is shown")
	}
}

// TestSweepOfBids: what is sold is all bids down to the level, that one included.
func TestSweepOfBids(t *testing.T) {
	s := fed(t, Options{})
	s.screen.pinAt(book.Bid, 610_000, 0)
	if text := s.screen.Draw(110, 30).String(); !strings.Contains(text, "sweep to 61¢: sell 8,215 for $5,039, average 61.34¢; 5,400 there") {
		t.Error(text)
	}
	s.keys('t')
	if s.screen.pin != nil {
		t.Error("the level of another outcome is pointed at")
	}
	grouped := fed(t, Options{}).keys('g', 'g')
	grouped.screen.pinAt(book.Ask, 650_000, 50_000)
	if text := grouped.screen.Draw(110, 30).String(); !strings.Contains(text, "7,390 there") {
		t.Error(text)
	}
}

// TestWeights: bars are of what the column says.
func TestWeights(t *testing.T) {
	r := &rung{size: 1, cash: 2, total: 3, totalCash: 4}
	s := New(Options{})
	for keys, want := range map[string]int64{"": 3, "$": 4, "b": 1, "$b": 2} {
		s.cash, s.alone = strings.Contains(keys, "$"), strings.Contains(keys, "b")
		if got := s.weight(r); got != want {
			t.Errorf("%s: %d, want %d", keys, got, want)
		}
	}
}

// TestKeysThatMustNotSurprise: small things that hurt when they go wrong.
func TestKeysThatMustNotSurprise(t *testing.T) {
	s := fed(t, Options{})
	s.screen.Draw(100, 30)
	if s.keys('+'); s.screen.depth != 0 {
		t.Error("+ takes levels away")
	}
	for range 300 {
		s.keys(Down)
	}
	if text := s.screen.Draw(100, 30).String(); !strings.Contains(text, "57  B") || !strings.Contains(text, "SCROLLED") {
		t.Errorf("nothing is left in sight:\n%s", text)
	}
	s.change = func(in *Input) { in.Playback = &Playback{Begin: in.Now, End: in.Now} }
	s.look()
	if a := s.screen.Key(Left); a.By >= 0 {
		t.Errorf("left: %+v", a)
	}
	if a := s.screen.Key('<'); a.By >= 0 {
		t.Errorf("<: %+v", a)
	}
	s.keys(':', 'x', Enter)
	if text := s.screen.Draw(100, 30).String(); !strings.Contains(text, "NOT UNDERSTOOD") {
		t.Error(text)
	}
	if a := s.screen.Key(Interrupt); a.Kind != Quit {
		t.Errorf("Ctrl-C while something is written: %+v", a)
	}
	s.keys(Escape)
	s.change = func(in *Input) { in.Playback = &Playback{Begin: in.Now, End: in.Now, AtEnd: true}; in.Rewound = true }
	s.look()
	if text := s.screen.Draw(100, 30).String(); !strings.Contains(text, "at its end") || strings.Contains(text, "BUY") {
		t.Errorf("trades of later are on the tape, or the end is not said:\n%s", text)
	}
	list := simulated(t, Options{}, feedtest.Options{Seed: 4, Markets: 3}, 10)
	if list.keys(Enter, 't', Tab); list.screen.outcome != 0 {
		t.Error("another market begins with its second outcome")
	}
	list.keys('m')
	list.keys('/', 'x', 'y', 'z', Enter, Enter)
	if list.screen.page != listPage {
		t.Error("a market is opened that is not in the list")
	}
	list.keys(Escape, '/', '1')
	if n := len(list.screen.matches()); n != 1 {
		t.Errorf("%d markets have 1 in their names", n)
	}
}

// TestTradesInOrder: the newest first, whichever token they are of.
func TestTradesInOrder(t *testing.T) {
	s := simulated(t, Options{}, feedtest.Options{Seed: 4}, 10)
	m := s.screen.shownMarket()
	s.trades = []Trade{
		{Asset: m.Tokens[0].View.Asset, At: s.now.Add(2 * time.Second), Price: 400_000, Size: book.Share},
		{Asset: m.Tokens[1].View.Asset, At: s.now.Add(time.Second), Price: 590_000, Size: 2 * book.Share},
		{Asset: m.Tokens[0].View.Asset, At: s.now.Add(-time.Second), Price: 300_000, Size: 3 * book.Share},
	}
	s.look()
	text := s.screen.Draw(140, 30).String()
	if !regexp.MustCompile(`TRADES .*Yes 1 @40.*No 2 @59.*Yes 3 @30`).MatchString(text) {
		t.Error(text)
	}
	if !strings.Contains(text, "last 40.0 ↓") { // No at 59 was Yes at 41
		t.Errorf("the last trade:\n%s", text)
	}
}
