package screen

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed/feedtest"
)

// randomBook returns a book of which the levels are known.
func randomBook(r *rand.Rand) (book.Snapshot, [2][]book.Level) {
	b := book.New()
	var sides [2][]book.Level
	for side := range sides {
		prices := r.Perm(400)[:r.IntN(200)]
		for _, p := range prices {
			price := book.Price(100 + 100*p)
			if book.Side(side) == book.Ask {
				price += 50_000
			}
			l := book.Level{Price: price, Size: book.Size(1 + r.Int64N(1e12))}
			if _, err := b.Set(book.Side(side), l.Price, l.Size); err != nil {
				panic(err)
			}
			sides[side] = append(sides[side], l)
		}
	}
	return b.Snapshot(), sides
}

// TestRungsAgainstModel: rows are the sums of their levels, whatever the step.
func TestRungsAgainstModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		snapshot, sides := randomBook(r)
		for _, side := range []book.Side{book.Bid, book.Ask} {
			step := []book.Price{0, 100, 500, 1000, 10_000}[r.IntN(5)]
			want := map[book.Price]book.Size{}
			for _, l := range sides[side] {
				price := l.Price
				if step > 0 && price%step != 0 { // away from the other side
					price -= price % step
					if side == book.Ask {
						price += step
					}
				}
				want[price] += l.Size
			}
			got := rungs(snapshot, side, step, 1000)
			if len(got) != len(want) {
				t.Fatalf("%d rows, want %d", len(got), len(want))
			}
			var total book.Size
			for i, row := range got {
				total += row.size
				if row.size != want[row.price] || row.total != total {
					t.Fatalf("row %d: %+v, want size %d, total %d", i, row, want[row.price], total)
				}
				if i > 0 && (row.price < got[i-1].price) != (side == book.Bid) {
					t.Fatal("rows are not in order")
				}
			}
			if few := rungs(snapshot, side, step, 3); len(few) != min(3, len(got)) || len(few) > 0 && few[len(few)-1] != got[len(few)-1] {
				t.Fatal("a few rows are others than the first of all")
			}
		}
	}
}

// TestBestPricesAreExact: whatever is shown, the best prices are in it, digit for digit.
func TestBestPricesAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		snapshot, _ := randomBook(r)
		s := New(Options{})
		v := engine.View{Asset: yes, Snapshot: snapshot, Status: engine.Status{State: engine.Live, Epoch: 1}}
		s.Observe(Input{Now: time.Unix(1, 0), Clock: time.Unix(1, 0), Markets: []Market{{Tokens: []Token{{View: v}}}}})
		for range r.IntN(6) {
			s.Key([]Key{'g', 'l', '$', 'b', Down, Up, PageDown, '-', 's'}[r.IntN(9)])
		}
		text := s.Draw(60+r.IntN(100), 12+r.IntN(40)).String()
		top := snapshot.Top()
		for _, l := range []book.Level{top.Bid, top.Ask} {
			if l.Size > 0 && !strings.Contains(text, cents(l.Price, 1)+"¢ × "+exactly(int64(l.Size))) {
				t.Fatalf("%v is not in\n%s", l, text)
			}
		}
	}
}

// TestAnyKeys: no keys, clicks, sizes or states of books make it panic, draw beyond the
// grid, or show a book that is not live without saying so in reverse.
func TestAnyKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	keys := []Key{
		'q', '?', 't', 'l', 'c', '+', '-', '0', 'g', '$', 'b', 's', 'f', 'm', '/', ':', ' ', '.', '[', ']', 'x', '5', '%',
		Up, Down, Left, Right, PageUp, PageDown, Home, Enter, Escape, Backspace, Tab, BackTab, WheelUp, WheelDown, 0, -100,
	}
	for range 15 {
		s := simulated(t, Options{ASCII: r.IntN(2) == 0, Depth: r.IntN(4)}, feedtest.Options{Seed: r.Uint64(), Markets: 1 + r.IntN(3)}, 20)
		s.change = func(in *Input) {
			for i := range in.Markets {
				if r.IntN(4) == 0 {
					in.Markets[i].Tokens = in.Markets[i].Tokens[:1]
				}
				for j := range in.Markets[i].Tokens {
					v := &in.Markets[i].Tokens[j].View
					v.State = engine.State(r.IntN(4))
					v.Settling = r.IntN(3) == 0
				}
			}
			if r.IntN(9) == 0 {
				in.Markets = in.Markets[:0]
			}
			if r.IntN(2) == 0 && len(in.Markets) > 0 {
				v := &in.Markets[0].Tokens[0].View
				in.Account = &Account{Known: r.IntN(2) == 0, Orders: []Order{{Asset: v.Asset, Price: v.Snapshot.Top().Bid.Price, Size: 1}}}
			}
			if r.IntN(2) == 0 {
				in.Playback = &Playback{Begin: in.Now, End: in.Now.Add(time.Hour), At: in.Now}
			}
			if r.IntN(9) == 0 {
				in.Now = in.Now.Add(time.Duration(r.Int64N(int64(time.Hour))) - 30*time.Minute)
			}
			in.Rewound = r.IntN(9) == 0
		}
		for range 100 {
			switch r.IntN(3) {
			case 0:
				s.now = s.now.Add(time.Duration(r.Int64N(int64(2 * time.Second))))
				if r.IntN(2) == 0 && len(s.screen.in.Markets) > 0 {
					asset := s.screen.in.Markets[0].Tokens[0].View.Asset
					s.trades = append(s.trades, Trade{Asset: asset, At: s.now, Price: book.Price(r.Int64N(int64(book.Dollar))), Size: 1})
				}
				s.look()
			case 1:
				s.screen.Key(keys[r.IntN(len(keys))])
			default:
				s.screen.Click(r.IntN(120)-5, r.IntN(50)-5)
			}
			width, height := r.IntN(130), r.IntN(50)
			checkGrid(t, s.screen, s.screen.Draw(width, height), width, height)
		}
	}
}

// rowOf returns a line with the space at its end.
func rowOf(g *Grid, y int) string {
	var row strings.Builder
	for x := range g.Width {
		row.WriteString(g.At(x, y).Text)
	}
	return row.String()
}

func checkGrid(t *testing.T, s *Screen, g *Grid, w, h int) {
	t.Helper()
	if g.Width != w || g.Height != h || len(g.Cells) != w*h {
		t.Fatalf("%dx%d of %dx%d", g.Width, g.Height, w, h)
	}
	for y := range h {
		if row := rowOf(g, y); width(row) != w {
			t.Fatalf("line %d is %d cells wide, want %d: %q", y, width(row), w, row)
		}
	}
	m := s.shownMarket()
	if m == nil || s.help || s.page != ladderPage || w < 20 || h < 3 {
		return
	}
	p := s.pane(m, s.outcome)
	for y, r := range s.rows {
		if w >= leastWidth && !strings.Contains(rowOf(g, y), s.bare(r.price, &p.view)) {
			t.Fatalf("line %d does not show %d in full:\n%s", y, r.price, g)
		}
	}
	reversed := slices.ContainsFunc(g.Cells[:min(2, h)*w], func(c Cell) bool {
		return c.Ink.Attr&Reverse != 0 && c.Ink.Role == Alert
	})
	if s.live(&p.view) == reversed {
		t.Fatalf("live %v, in reverse %v:\n%s", s.live(&p.view), reversed, g)
	}
	if !s.live(&p.view) && strings.Contains(g.String(), "● LIVE") {
		t.Fatalf("it is not live:\n%s", g)
	}
}

// TestFlash: a size that changes flashes for 0.3 s and its change is shown for 3 s; a new
// epoch is no change.
func TestFlash(t *testing.T) {
	s := fed(t, Options{})
	s.wait(4 * time.Second)
	find := func() (change string, flash bool) {
		g := s.screen.Draw(100, 30)
		for y := range g.Height {
			if row := rowOf(g, y); strings.Contains(row, "-815") {
				change = strings.TrimSpace(row)
			}
			for x := range g.Width {
				flash = flash || y > 4 && g.At(x, y).Ink.Attr&Reverse != 0
			}
		}
		return change, flash
	}
	if change, flash := find(); change != "" || flash || s.screen.Flashing() {
		t.Errorf("nothing has changed: %q %v", change, flash)
	}
	s.set(yes, "BUY", "0.62", "2000.37", "0.62/0.63")
	s.look()
	if change, flash := find(); change == "" || !flash || !s.screen.Flashing() {
		t.Errorf("a change: %q %v", change, flash)
	}
	s.now = s.now.Add(400 * time.Millisecond)
	s.look()
	if change, flash := find(); change == "" || flash || s.screen.Flashing() {
		t.Errorf("after 0.4 s: %q %v", change, flash)
	}
	s.now = s.now.Add(3 * time.Second)
	s.look()
	if change, _ := find(); change != "" {
		t.Errorf("after 3 s: %q", change)
	}
	s.lose()
	s.book(yes, "0.62:1", "0.63:1")
	s.look()
	if _, flash := find(); flash {
		t.Error("a book after a break flashes")
	}
}

// TestAxisStandsStill: the rows of a ladder keep their prices until the best ones leave
// the middle half.
func TestAxisStandsStill(t *testing.T) {
	s := fed(t, Options{}).keys('l')
	s.screen.Draw(100, 30)
	center := s.screen.center
	s.set(yes, "BUY", "0.62", "0", "0.61/0.63")
	s.set(yes, "SELL", "0.62", "5", "0.61/0.62")
	s.look()
	s.screen.Draw(100, 30)
	if s.screen.center != center {
		t.Error("it has moved with the best prices")
	}
	s.book(yes, "0.30:5", "0.31:5")
	s.look()
	s.screen.Draw(100, 30)
	if away := s.screen.center - 300_000; away < -10_000 || away > 10_000 {
		t.Errorf("its middle is %v, the best bid 0.3", s.screen.center)
	}
}

func TestClicks(t *testing.T) {
	s := fed(t, Options{})
	g := s.screen.Draw(100, 30)
	for y := range g.Height {
		row := strings.Split(g.String(), "\n")[y]
		if strings.Contains(row, "     66  A") {
			s.screen.Click(30, y)
		}
	}
	if text := s.screen.Draw(100, 30).String(); !strings.Contains(text, "sweep to 66¢: buy 13,465 for $8,748") {
		t.Error(text)
	}
	s.wait(5 * time.Second)
	if text := s.screen.Draw(100, 30).String(); !strings.Contains(text, "6,075 there, as it is for 5s") {
		t.Error(text)
	}
	s.set(yes, "SELL", "0.66", "75", "0.62/0.63")
	s.wait(time.Second)
	if text := s.screen.Draw(100, 30).String(); !strings.Contains(text, "75 there, as it is for 1s") {
		t.Error(text)
	}
	s.keys(Escape)
	list := simulated(t, Options{}, feedtest.Options{Seed: 4, Markets: 3}, 20)
	list.screen.Draw(80, 24)
	list.screen.Click(5, 6)
	list.screen.Click(5, 6)
	if list.screen.page != ladderPage || list.screen.market != 2 {
		t.Errorf("page %d, market %d", list.screen.page, list.screen.market)
	}
}

func TestSeekTo(t *testing.T) {
	begin := time.Date(2026, 11, 23, 23, 50, 0, 500, time.UTC)
	p := &Playback{Begin: begin, End: begin.Add(time.Hour)}
	for text, want := range map[string]Action{
		"50%":                  {Kind: Seek, To: begin.Add(30 * time.Minute)},
		"+30s":                 {Kind: Seek, By: 30 * time.Second},
		"-2m":                  {Kind: Seek, By: -2 * time.Minute},
		"23:55:10":             {Kind: Seek, To: time.Date(2026, 11, 23, 23, 55, 10, 0, time.UTC)},
		"00:10":                {Kind: Seek, To: time.Date(2026, 11, 24, 0, 10, 0, 0, time.UTC)},
		"2026-11-24 00:20:00":  {Kind: Seek, To: time.Date(2026, 11, 24, 0, 20, 0, 0, time.UTC)},
		"2026-11-24T00:20:00Z": {Kind: Seek, To: time.Date(2026, 11, 24, 0, 20, 0, 0, time.UTC)},
		"":                     {}, "x": {}, "200%": {}, "NaN%": {}, "+x": {}, "25:00": {},
	} {
		if got := seekTo(text, p); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	s := fed(t, Options{})
	s.change = func(in *Input) { in.Playback = p }
	s.look()
	s.keys(':', '5', '0', 'x', Backspace, '%')
	if text := s.screen.Draw(80, 24).String(); !strings.Contains(text, ": 50%_") {
		t.Error(text)
	}
	if got := s.screen.Key(Enter); !got.To.Equal(begin.Add(30 * time.Minute)) {
		t.Errorf("%+v", got)
	}
	for k, want := range map[Key]ActionKind{' ': Pause, '.': Step, ']': Faster, '[': Slower, Left: Seek, '>': Seek, 'q': Quit, 'r': NoAction} {
		if got := s.screen.Key(k); got.Kind != want {
			t.Errorf("%q: %+v", k, got)
		}
	}
}

// TestBounds: a tape keeps 50 trades, the line of midpoints five minutes, a counter
// twelve seconds.
func TestBounds(t *testing.T) {
	s := fed(t, Options{})
	for i := range 200 {
		s.trades = append(s.trades, Trade{Asset: yes, At: s.now.Add(time.Duration(i)), Price: 1})
	}
	s.look()
	if n := len(s.screen.tapes[yes].trades); n != tapeLength {
		t.Errorf("%d trades are kept", n)
	}
	s.wait(8 * time.Minute)
	h := s.screen.histories[yes]
	if len(h.mids) != midCount || h.versions.n != len(h.versions.totals) || len(h.changes) != 0 {
		t.Errorf("%d midpoints, %d seconds, %d changes", len(h.mids), h.versions.n, len(h.changes))
	}
	s.now = s.now.Add(time.Hour)
	s.look()
	if len(h.mids) != 1 {
		t.Errorf("an hour later: %d midpoints", len(h.mids))
	}
}

// TestRate: frames of the last five seconds, and none that would be negative.
func TestRate(t *testing.T) {
	var c counter
	for i := range 20 {
		c.note(time.Unix(int64(i), 0), uint64(i*i))
	}
	if rate, ok := c.rate(); !ok || rate != float64(19*19-14*14)/5 {
		t.Error(rate, ok)
	}
	c.note(time.Unix(5, 0), 3)
	if _, ok := c.rate(); ok {
		t.Error("it goes on after time went back")
	}
}

func TestNoFlash(t *testing.T) {
	s := fed(t, Options{NoFlash: true})
	s.set(yes, "BUY", "0.62", "2000.37", "0.62/0.63")
	s.look()
	if g := s.screen.Draw(100, 30); reversed(g) != "" || s.screen.Flashing() {
		t.Errorf("in reverse: %q", reversed(g))
	}
}
