package feedtest_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/feed/feedtest"
)

// follower is a plain client of all markets of a venue: it follows the rules of a
// stream without faults, and nothing else.
type follower struct {
	t       testing.TB
	v       *feedtest.Venue
	conn    int
	decoder *feed.Decoder
	tokens  map[string]*followed
	order   []*followed
	terms   map[string]*feed.MarketTerms
	checker feed.HashChecker
	matches map[feed.Match]int
	frames  int
	kinds   map[string]int
}

// followed is a token.
type followed struct {
	id, market string
	book       *book.Book
	based      bool
	base, time feed.Timestamp
	hash       feed.Hash
	run        []feed.Change // the entries of the newest state
	seen       map[feed.Hash]bool
	touched    bool
}

func allTokens(v *feedtest.Venue) []string {
	var tokens []string
	for _, m := range v.Markets() {
		tokens = append(tokens, m.Yes, m.No)
	}
	return tokens
}

func subscription(tokens []string) []byte {
	return fmt.Appendf(nil, `{"assets_ids":%s,"type":"market","custom_feature_enabled":true,"initial_dump":true}`, quoted(tokens))
}

func quoted(tokens []string) []byte {
	text := []byte{'['}
	for i, token := range tokens {
		if i > 0 {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, "%q", token)
	}
	return append(text, ']')
}

func newFollower(tb testing.TB, v *feedtest.Venue, conn int) *follower {
	tb.Helper()
	f := &follower{
		t: tb, v: v, conn: conn, tokens: map[string]*followed{}, kinds: map[string]int{},
		terms: map[string]*feed.MarketTerms{}, matches: map[feed.Match]int{},
	}
	f.decoder = feed.NewDecoder(feed.DecoderOptions{Learn: true, NewMarkets: true, BestPrices: true})
	v.Dial(conn)
	return f
}

// until lets the venue go on to a time, and follows it. The books are compared with
// the truth now and then, and the touched ones with the hash of each state.
func (f *follower) until(end time.Time) {
	f.t.Helper()
	ping := f.v.Now().Add(10 * time.Second)
	for compared := 0; ; {
		next := end
		if ping.Before(end) {
			next = ping
		}
		d, ok := f.v.Advance(next)
		switch {
		case !ok && f.v.Now().Before(end):
			f.v.Send(f.conn, []byte("PING"))
			ping = ping.Add(10 * time.Second)
			continue
		case !ok:
			f.compare()
			return
		}
		f.deliver(d)
		if f.v.Waiting() {
			continue
		}
		if f.prove(); f.frames > compared+50 {
			compared = f.frames
			f.compare()
		}
	}
}

func (f *follower) deliver(d feedtest.Delivery) {
	f.t.Helper()
	if d.Conn != f.conn {
		return
	}
	switch d.Kind {
	case feedtest.Opened:
		f.v.Send(f.conn, subscription(allTokens(f.v)))
	case feedtest.Received:
		f.frames++
		events, err := f.decoder.Decode(d.Data)
		if err != nil {
			f.t.Fatalf("%v: %v in %s", d.Time, err, d.Data)
		}
		for _, e := range events {
			f.event(e)
		}
	default:
		f.t.Fatalf("%+v", d)
	}
}

func (f *follower) token(id, market string) *followed {
	if f.tokens[id] == nil {
		f.tokens[id] = &followed{id: id, market: market, book: book.New(), seen: map[feed.Hash]bool{}}
		f.order = append(f.order, f.tokens[id])
	}
	if f.terms[market] == nil {
		f.terms[market] = new(feed.MarketTerms)
	}
	return f.tokens[id]
}

func (f *follower) event(e feed.Event) {
	f.t.Helper()
	f.kinds[fmt.Sprintf("%T", e)]++
	switch e := e.(type) {
	case *feed.Book:
		t := f.token(e.Asset.ID, e.Market)
		if t.based && (e.Time < t.time || t.seen[e.Hash] && e.Hash != t.hash) {
			f.kinds["old book"]++
			return
		}
		if n, err := t.book.Replace(e.Bids, e.Asks); err != nil {
			f.t.Fatal(err)
		} else if t.based && n > 0 {
			f.kinds["early book"]++
		}
		if e.TickSize != 0 {
			f.terms[e.Market].NoteTick(e.TickSize)
			f.terms[e.Market].NoteLastTrade(e.LastTrade)
		}
		if !t.based {
			t.base = e.Time
		}
		t.based = true
		t.begin(e.Time, e.Hash)
	case *feed.PriceChange:
		for _, c := range e.Changes {
			f.token(c.Asset.ID, e.Market).change(e.Time, c)
		}
	case *feed.Bad:
		f.t.Fatal(e.Err)
	}
}

func (t *followed) begin(at feed.Timestamp, hash feed.Hash) {
	if t.hash != hash {
		t.run = t.run[:0]
	}
	t.time, t.hash, t.touched = at, hash, true
	t.seen[hash] = true
}

func (t *followed) change(at feed.Timestamp, c feed.Change) {
	if !t.based || at < t.base || t.seen[c.Hash] && c.Hash != t.hash {
		return
	}
	if c.Hash != t.hash {
		t.begin(at, c.Hash)
	}
	for _, r := range t.run {
		if r.Side == c.Side && r.Price == c.Price && r.Size == c.Size {
			return // a repeat
		}
	}
	t.run = append(t.run, c)
	t.touched = true
	_, _ = t.book.Set(c.Side, c.Price, c.Size)
}

// prove compares the books that were touched with their hashes, if they are whole.
func (f *follower) prove() {
	for _, t := range f.order {
		if !t.touched || f.v.Truth(t.id).Open {
			continue
		}
		t.touched = false
		id := feed.BookID{Market: t.market, Asset: t.id, Time: t.time}
		bids, asks := t.book.AppendBackward(nil, book.Bid), t.book.AppendBackward(nil, book.Ask)
		effort := feed.Search
		if f.terms[t.market].Terms().Recipe == feed.RecipeUnknown {
			effort = feed.Calibrate
		}
		f.matches[f.checker.Check(id, bids, asks, t.hash, f.terms[t.market], effort)]++
	}
}

// compare compares the books with the truth.
func (f *follower) compare() {
	f.t.Helper()
	for _, t := range f.order {
		if truth := f.v.Truth(t.id); t.based && !t.book.Snapshot().Equal(truth.Book.Snapshot()) {
			f.t.Fatalf("%v: the book of %s is not the truth, open %v", f.v.Now(), t.id, truth.Open)
		}
	}
}
