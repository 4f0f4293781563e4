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
	opened  bool
	frames  int
	kinds   map[string]int
}

type followed struct {
	book  *book.Book
	based bool
	base  feed.Timestamp
	time  feed.Timestamp
	hash  feed.Hash
	run   []feed.Change // the entries of the newest state
	seen  map[feed.Hash]bool
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

func newFollower(t testing.TB, v *feedtest.Venue, conn int) *follower {
	f := &follower{t: t, v: v, conn: conn, tokens: map[string]*followed{}, kinds: map[string]int{}}
	f.decoder = feed.NewDecoder(feed.DecoderOptions{Learn: true, NewMarkets: true, BestPrices: true})
	v.Dial(conn)
	return f
}

// until lets the venue go on to a time, and follows it. The books are compared with
// the truth at each step.
func (f *follower) until(end time.Time) {
	f.t.Helper()
	ping := f.v.Now().Add(10 * time.Second)
	for {
		d, ok := f.v.Advance(minTime(end, ping))
		switch {
		case !ok && f.v.Now().Before(end):
			f.v.Send(f.conn, []byte("PING"))
			ping = ping.Add(10 * time.Second)
			continue
		case !ok:
			return
		}
		f.deliver(d)
		if !f.v.Waiting() && f.frames%50 == 0 {
			f.compare()
		}
	}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
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

func (f *follower) token(id string) *followed {
	if f.tokens[id] == nil {
		f.tokens[id] = &followed{book: book.New(), seen: map[feed.Hash]bool{}}
	}
	return f.tokens[id]
}

func (f *follower) event(e feed.Event) {
	f.t.Helper()
	f.kinds[fmt.Sprintf("%T", e)]++
	switch e := e.(type) {
	case *feed.Book:
		t := f.token(e.Asset.ID)
		if t.based && (e.Time < t.time || t.seen[e.Hash] && e.Hash != t.hash) {
			return
		}
		if _, err := t.book.Replace(e.Bids, e.Asks); err != nil {
			f.t.Fatal(err)
		}
		if !t.based {
			t.base = e.Time
		}
		t.based = true
		t.begin(e.Time, e.Hash)
	case *feed.PriceChange:
		for _, c := range e.Changes {
			f.token(c.Asset.ID).change(e.Time, c)
		}
	case *feed.Bad:
		f.t.Fatal(e.Err)
	}
}

func (t *followed) begin(at feed.Timestamp, hash feed.Hash) {
	if t.hash != hash {
		t.run = t.run[:0]
	}
	t.time, t.hash = at, hash
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
	_, _ = t.book.Set(c.Side, c.Price, c.Size)
}

// compare compares the books with the truth.
func (f *follower) compare() {
	f.t.Helper()
	for id, t := range f.tokens {
		if !t.based {
			continue
		}
		if truth := f.v.Truth(id); !t.book.Snapshot().Equal(truth.Book.Snapshot()) {
			f.t.Fatalf("%v: the book of %s is not the truth, open %v", f.v.Now(), id, truth.Open)
		}
	}
}

func TestVenueFollowed(t *testing.T) {
	for seed := range uint64(4) {
		v := feedtest.NewVenue(feedtest.VenueOptions{Seed: seed, Rate: 50})
		f := newFollower(t, v, 1)
		f.until(v.Now().Add(5 * time.Minute))
		f.compare()
		t.Logf("%d frames, %+v %v", f.frames, v.Counts(), f.kinds)
	}
}
