package screen

import (
	"slices"
	"strings"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/internal/cli"
)

// Options are what does not change while a screen is shown.
type Options struct {
	ASCII bool // no character beyond those of ASCII, but for texts of the exchange
	Depth int  // levels per side at first, 0 for as many as there is room for
	// NoFlash leaves sizes as they are when they change.
	NoFlash bool
}

// Screen is what is shown, and what the user has chosen to be shown.
type Screen struct {
	glyphs *glyphs
	flash  bool  // sizes that change flash
	in     Input // shown; the last one observed, unless frozen
	newest Input // the last one observed; while frozen, with the trades and a rewind that wait
	frozen bool

	histories map[string]*history // by token
	frames    counter
	tapes     map[string]*tape // by token

	page    page
	settled bool // the user has chosen the page
	// market is the one of in.Markets that is shown, or chosen in the list; chosen is its
	// first token, by which it is found again when markets come, merge or part.
	market  int
	chosen  string
	outcome int // of its tokens, or 1 for the complement of the only one
	// differing is since when the two books of the shown market have not been each other's
	// mirror, zero while they are.
	differing time.Time

	axis   bool // every tick has a row
	center book.Price
	place  placed // that center is of
	scroll int
	depth  int
	group  int // of groups
	cash   bool
	alone  bool // bars are of sizes and not cumulative
	help   bool
	pin    *pin
	filter string
	prompt *prompt

	// Of the last Draw, for clicks and for steps of what it showed.
	rows   map[int]rung // by line
	shown  int          // levels per side
	listed map[int]int  // markets by line
}

// page is what fills the screen.
type page uint8

const (
	ladderPage page = iota
	bothPage
	listPage
)

// groups are how many ticks a row may stand for.
var groups = [...]int{1, 2, 5, 10} //nolint:gochecknoglobals // a constant

// pin is a level that the user has pointed at.
type pin struct {
	side  book.Side
	price book.Price
	step  book.Price // of its row, 0 for the price alone
	size  book.Size  // when it was looked at last
	since time.Time  // that it has this size, or is looked at
}

// prompt is a line that the user is writing.
type prompt struct {
	filter bool // of the list; otherwise a time to go to
	text   string
	wrong  bool // it was not understood
}

// New returns a screen that shows nothing yet.
func New(o Options) *Screen {
	s := &Screen{
		glyphs: &unicodeGlyphs, depth: o.Depth, flash: !o.NoFlash,
		histories: map[string]*history{}, tapes: map[string]*tape{},
	}
	if o.ASCII {
		s.glyphs = &asciiGlyphs
	}
	return s
}

// ShowBoth begins with both outcomes. Otherwise several markets begin as a list.
func (s *Screen) ShowBoth() { s.page, s.settled = bothPage, true }

// Observe takes what is known now.
func (s *Screen) Observe(in Input) {
	if s.frozen {
		s.keep(in)
		return
	}
	if in.Rewound {
		s.forget()
	}
	s.in, s.newest = in, in
	for _, t := range in.Trades {
		s.print(t)
	}
	s.in.Trades, s.newest.Trades, s.newest.Rewound = nil, nil, false
	s.find()
	if !s.settled {
		s.page = ladderPage
		if len(in.Markets) > 1 {
			s.page = listPage
		}
	}
	s.frames.note(in.Now, in.Health.Frames)
	for i := range in.Markets {
		for j := range in.Markets[i].Tokens {
			t := &in.Markets[i].Tokens[j]
			h := s.histories[t.View.Asset]
			if h == nil {
				h = newHistory()
				s.histories[t.View.Asset] = h
			}
			h.note(&in, &t.View, s.page != listPage && i == s.market)
		}
	}
	s.observeMirror()
	s.observePin()
}

// keep keeps what comes while the screen is frozen, for when it goes on. Until then nothing
// is forgotten: it is what is shown.
func (s *Screen) keep(in Input) {
	waiting := s.newest.Trades
	if in.Rewound {
		waiting = nil // they are undone
	}
	waiting = append(waiting, in.Trades...)
	in.Trades = waiting[max(len(waiting)-2*tapeLength, 0):]
	in.Rewound = in.Rewound || s.newest.Rewound
	s.newest = in
}

// find finds the chosen market, wherever it is now.
func (s *Screen) find() {
	if len(s.in.Markets) == 0 {
		return
	}
	for i := range s.in.Markets {
		for j := range s.in.Markets[i].Tokens {
			if s.in.Markets[i].Tokens[j].View.Asset == s.chosen {
				s.market = i
				return
			}
		}
	}
	s.market = min(s.market, len(s.in.Markets)-1)
	s.chosen = s.in.Markets[s.market].Tokens[0].View.Asset
}

// forget drops what was remembered of another time.
func (s *Screen) forget() {
	s.histories, s.tapes, s.frames = map[string]*history{}, map[string]*tape{}, counter{}
}

// shownMarket returns the market that is shown, nil if there is none.
func (s *Screen) shownMarket() *Market {
	if len(s.in.Markets) == 0 {
		return nil
	}
	return &s.in.Markets[s.market]
}

// pane is one book that is shown.
type pane struct {
	view    engine.View
	history *history
	label   string // of the outcome, "" if it is not known
	other   string // of the other outcome
}

// pane returns the book of an outcome of a market: its own, or the complement of the only
// one that is known.
func (s *Screen) pane(m *Market, outcome int) pane {
	if outcome < len(m.Tokens) {
		t := &m.Tokens[outcome]
		p := pane{view: t.View, history: s.histories[t.View.Asset], label: cli.Clean(t.Outcome)}
		if len(m.Tokens) == 2 {
			p.other = cli.Clean(m.Tokens[1-outcome].Outcome)
		}
		return p
	}
	t := &m.Tokens[0]
	p := pane{view: t.View.Complement(), history: s.histories[t.View.Asset], other: cli.Clean(t.Outcome)}
	return p
}

// live says that a book may be traded on as it is shown.
func (s *Screen) live(v *engine.View) bool {
	return v.State == engine.Live && !v.Settling && !s.frozen
}

// matches returns the markets that the filter leaves.
func (s *Screen) matches() []int {
	var list []int
	want := strings.ToLower(s.filter)
	for i := range s.in.Markets {
		m := &s.in.Markets[i]
		texts := []string{m.Title, m.Slug}
		for _, t := range m.Tokens {
			texts = append(texts, t.Outcome)
		}
		if strings.Contains(strings.ToLower(strings.Join(texts, " ")), want) || m.hasID(want) {
			list = append(list, i)
		}
	}
	return list
}

// hasID says whether an id of the market begins so. Fewer characters than six are in too
// many of them.
func (m *Market) hasID(begin string) bool {
	for _, t := range m.Tokens {
		if len(begin) >= 6 && (strings.HasPrefix(t.View.Asset, begin) || strings.HasPrefix(t.View.Market, begin)) {
			return true
		}
	}
	return false
}

// step goes to another market of those that the filter leaves.
func (s *Screen) step(by int) {
	list := s.matches()
	if len(list) == 0 {
		return
	}
	at := slices.Index(list, s.market)
	if at < 0 {
		at = 0
		by = 0
	}
	if s.page == listPage {
		at = min(max(at+by, 0), len(list)-1)
	} else {
		at = (at + by + len(list)) % len(list)
	}
	s.goTo(list[at])
}

// goTo shows another market from its middle on.
func (s *Screen) goTo(market int) {
	if market != s.market {
		s.market, s.outcome, s.scroll, s.pin = market, 0, 0, nil
		s.chosen = s.in.Markets[market].Tokens[0].View.Asset
		s.differing = time.Time{}
	}
}

// tick returns the tick of a market as far as it is known.
func tick(v *engine.View) book.Price {
	if v.TickSize > 0 {
		return v.TickSize
	}
	return cent / 10
}

// widest returns how many cells prices of a book may need, of the levels that can be
// shown: those off the grid have more decimals than the others.
func (s *Screen) widest(v *engine.View) int {
	n := decimals(v)
	for _, side := range []book.Side{book.Bid, book.Ask} {
		looked := 0
		for level := range v.Snapshot.Levels(side) {
			if looked++; looked > 200 {
				break
			}
			n = max(n, decimalsOf(level.Price))
		}
	}
	n += 3 // and a point
	if !s.live(v) {
		n += 2 // brackets
	}
	return n
}

// decimals returns how many decimals prices of a book have in cents.
func decimals(v *engine.View) int {
	if v.TickSize > 0 {
		return decimalsOf(v.TickSize)
	}
	return 1
}

// Flashing says that something flashes, which is to end.
func (s *Screen) Flashing() bool {
	if !s.flash {
		return false
	}
	for _, h := range s.histories {
		for _, c := range h.changes {
			if s.newest.Clock.Sub(c.at) < flashFor {
				return true
			}
		}
	}
	return false
}
