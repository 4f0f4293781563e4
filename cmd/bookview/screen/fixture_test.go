package screen

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

const (
	marketID = "0xbacdf04bf7f22a670dc4fb408878ec56b76f9934599829455b9371693ba84b8b"
	yes      = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
	no       = "52114319501245915516055106046884209969926127482827954674443846427813813222426"
)

// stage plays frames to a screen, and looks ten times a second.
type stage struct {
	t      *testing.T
	screen *Screen
	replay *engine.Replay
	now    time.Time
	frames uint64
	names  map[string]string // of markets
	change func(*Input)      // of every input, may be nil
	trades []Trade           // to be told
}

func newStage(t *testing.T, o Options) *stage {
	t.Helper()
	return &stage{
		t: t, screen: New(o), replay: engine.NewReplay(nil), names: map[string]string{},
		now: time.Date(2026, 11, 23, 14, 2, 0, 0, time.UTC),
	}
}

// frame plays a frame at the stage's time.
func (s *stage) frame(data string) {
	s.t.Helper()
	if err := s.replay.Step(feed.Record{Kind: feed.FrameReceived, Conn: 1, Time: s.now, Line: 1, Frame: []byte(data)}); err != nil {
		s.t.Fatal(err)
	}
	s.frames++
}

// lose tells of frames that are missing.
func (s *stage) lose() {
	s.t.Helper()
	if err := s.replay.Step(feed.Record{Kind: feed.Lost, Conn: 1, Time: s.now}); err != nil {
		s.t.Fatal(err)
	}
}

// wait lets time pass.
func (s *stage) wait(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); s.now = s.now.Add(100 * time.Millisecond) {
		s.look()
	}
	s.look()
}

// look shows the screen what there is.
func (s *stage) look() {
	in := Input{Now: s.now, Clock: s.now, Health: Health{
		Connections: 1, Open: 1, Frames: s.frames, Hash: s.replay.Tallies()[engine.HashWitness],
		Lags: 100, LagP50: 41 * time.Millisecond, LagP99: 187 * time.Millisecond,
	}}
	place := map[string]int{}
	for _, v := range s.replay.Views() {
		at, ok := place[v.Market]
		if !ok {
			at = len(in.Markets)
			place[v.Market] = at
			name, _, _ := strings.Cut(s.names[v.Market], "\n")
			_, slug, _ := strings.Cut(s.names[v.Market], "\n")
			in.Markets = append(in.Markets, Market{Title: name, Slug: slug})
		}
		m := &in.Markets[at]
		m.Tokens = append(m.Tokens, Token{Outcome: []string{"Yes", "No"}[len(m.Tokens)], View: v})
	}
	if s.change != nil {
		s.change(&in)
	}
	in.Trades, s.trades = s.trades, nil
	s.screen.Observe(in)
}

// simulated plays some seconds of a seeded exchange.
func simulated(t *testing.T, o Options, x feedtest.Options, frames int) *stage {
	t.Helper()
	s := newStage(t, o)
	exchange := feedtest.New(x)
	opening := exchange.Opening()
	s.now = opening.Time
	s.frame(string(opening.Data))
	for i, m := range exchange.Markets() {
		s.names[m.Condition] = fmt.Sprintf("Will it happen before market %d closes?\nwill-it-happen-%d", i+1, i+1)
	}
	for range frames {
		f := exchange.Next()
		for s.now.Add(100 * time.Millisecond).Before(f.Time) {
			s.now = s.now.Add(100 * time.Millisecond)
			s.look()
		}
		s.now = maxTime(s.now, f.Time)
		s.frame(string(f.Data))
	}
	s.look()
	return s
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// levels writes levels such as "0.62:2815 0.61:5400" as the exchange does.
func levels(text string) string {
	var list []string
	for l := range strings.FieldsSeq(text) {
		price, size, _ := strings.Cut(l, ":")
		list = append(list, fmt.Sprintf(`{"price":%q,"size":%q}`, price, size))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// book plays a whole book of a token.
func (s *stage) book(token, bids, asks string) {
	s.t.Helper()
	s.frame(fmt.Sprintf(`{"event_type":"book","asset_id":%q,"market":%q,"bids":%s,"asks":%s,"timestamp":"%d","tick_size":"0.01","hash":""}`,
		token, marketID, levels(bids), levels(asks), s.now.UnixMilli()))
}

// set plays a change of a level of a token, after which its best prices are others or not.
func (s *stage) set(token, side, price, size, best string) {
	s.t.Helper()
	bid, ask, _ := strings.Cut(best, "/")
	s.frame(fmt.Sprintf(`{"event_type":"price_change","market":%q,"timestamp":"%d","price_changes":[{"asset_id":%q,"price":%q,"size":%q,"side":%q,"hash":"","best_bid":%q,"best_ask":%q}]}`,
		marketID, s.now.UnixMilli(), token, price, size, side, bid, ask))
}

// fed is the market of the tests that need to know every number.
func fed(t *testing.T, o Options) *stage {
	t.Helper()
	s := newStage(t, o)
	s.names[marketID] = "Will the Fed cut rates in December?\nfed-cut-dec"
	s.book(yes, "0.57:950 0.58:7715 0.59:3300 0.60:11020 0.61:4900 0.62:2815.37",
		"0.68:9120 0.67:4410 0.66:6075 0.65:1500 0.64:3950 0.63:1550")
	s.wait(time.Second)
	s.set(yes, "SELL", "0.63", "1240", "0.62/0.63")
	s.set(yes, "BUY", "0.61", "5400", "0.62/0.63")
	s.set(yes, "SELL", "0.65", "2200", "0.62/0.63")
	s.trades = append(s.trades, Trade{Asset: yes, At: s.now.Add(-3 * time.Second), Price: 620_000, Size: 150_000_000},
		Trade{Asset: yes, At: s.now, Buy: true, Price: 630_000, Size: 400_000_000})
	s.wait(time.Second)
	return s
}
