package feed_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"example.com/truebook/book"
	"example.com/truebook/feed"
	"example.com/truebook/internal/captures"
)

type vector struct {
	Name        string `json:"name"`
	Preimage    string `json:"preimage"`
	SHA1        string `json:"sha1"`
	ServerOrder bool   `json:"server_order"`
}

// preimage is a book as the exchange hashes it, and as REST sends it.
type preimage struct {
	Market       string     `json:"market"`
	Asset        string     `json:"asset_id"`
	Time         string     `json:"timestamp"`
	Hash         string     `json:"hash"`
	Bids         []level    `json:"bids"`
	Asks         []level    `json:"asks"`
	MinOrderSize *book.Size `json:"min_order_size"`
	TickSize     book.Price `json:"tick_size"`
	NegRisk      bool       `json:"neg_risk"`
	LastTrade    *string    `json:"last_trade_price"`
}

type level struct {
	Price book.Price `json:"price"`
	Size  book.Size  `json:"size"`
}

func levels(in []level) []book.Level {
	out := make([]book.Level, 0, len(in))
	for _, l := range in {
		out = append(out, book.Level(l))
	}
	return out
}

// hash computes the hash of what the preimage says, by the newest recipe that
// has its fields.
func (p *preimage) hash(t *testing.T) feed.Hash {
	t.Helper()
	id := feed.BookID{Market: p.Market, Asset: p.Asset}
	if p.Time != "" {
		if err := json.Unmarshal([]byte(p.Time), &id.Time); err != nil {
			t.Fatal(err)
		}
	}
	terms := feed.HashTerms{Recipe: feed.RecipeNoLastTrade, TickSize: p.TickSize, NegRisk: p.NegRisk}
	if p.MinOrderSize != nil {
		terms.MinOrderSize = *p.MinOrderSize
	}
	if p.LastTrade != nil {
		terms.Recipe = feed.RecipeLastTrade
		terms.LastTrade = lastTrade(t, *p.LastTrade)
	}
	return feed.BookHash(id, levels(p.Bids), levels(p.Asks), terms)
}

func lastTrade(t *testing.T, text string) feed.LastTrade {
	t.Helper()
	if text == "" || text == "0" { // nothing trades at 0: only an invented vector says so
		return feed.LastTrade{}
	}
	price, err := book.ParsePrice(text)
	if err != nil {
		t.Fatal(err)
	}
	l := feed.LastTrade{Price: price}
	for l.String() != text {
		if l.Decimals++; l.Decimals > 6 {
			t.Fatalf("no last trade reads %q", text)
		}
	}
	return l
}

func checkVectors(t *testing.T, data []byte) {
	t.Helper()
	var vectors []vector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range vectors {
		var p preimage
		if err := json.Unmarshal([]byte(v.Preimage), &p); err != nil {
			t.Fatal(err)
		}
		// The recipe of 2024 has no timestamp; it is too old to be kept.
		want := v.ServerOrder && bytes.Contains([]byte(v.Preimage), []byte(`"timestamp"`))
		if got := p.hash(t).String() == v.SHA1; got != want {
			t.Errorf("%s: reproduced is %v, want %v", v.Name, got, want)
		}
	}
}

func TestHashVectors(t *testing.T) {
	data, err := os.ReadFile("../testdata/hash_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	checkVectors(t, data)
}

func TestHashVectorsOfOthers(t *testing.T) {
	checkVectors(t, captures.Read(t, "../protocol_vectors.json"))
}

// TestHashOfRESTBooks takes the way of a user: decode, replace, check.
func TestHashOfRESTBooks(t *testing.T) {
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	matched, blind := 0, 0
	for line := range bytes.Lines(captures.Read(t, "rest_books.ndjson")) {
		var p preimage
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		if p.hash(t).String() == p.Hash {
			matched++
		}
		events, err := d.Decode(line)
		if err != nil || len(events) != 1 {
			t.Fatalf("%v, %v", events, err)
		}
		e := events[0].(*feed.Book)
		b := book.New()
		if _, err := b.Replace(e.Bids, e.Asks); err != nil {
			t.Fatal(err)
		}
		// The same again without what REST tells, as the stream has it.
		var terms feed.MarketTerms
		terms.NoteTick(e.TickSize)
		terms.NoteLastTrade(e.LastTrade)
		var c feed.HashChecker
		id := feed.BookID{Market: e.Market, Asset: e.Asset.ID, Time: e.Time}
		if c.Check(id, b.AppendBackward(nil, book.Bid), b.AppendBackward(nil, book.Ask), e.Hash, &terms, feed.Calibrate) == feed.Matched {
			blind++
			found := terms.Terms()
			if found.MinOrderSize != e.MinOrderSize || found.NegRisk != e.NegRisk || !e.HasStatics {
				t.Errorf("calibrated to %+v, REST says %v, %v", found, e.MinOrderSize, e.NegRisk)
			}
		}
	}
	if matched != 106 || blind != 106 {
		t.Errorf("%d books reproduce their hash, %d by calibration; want 106 of 106", matched, blind)
	}
}

// TestHashOfRecording follows the one real recording whose hashes are the
// exchange's own from end to end: 26 hashes of the token that was subscribed to,
// and, its complement seeded as the mirror of the opening book, 24 of that.
func TestHashOfRecording(t *testing.T) {
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	books := map[string]*book.Book{}
	matches := map[string]int{}
	var c feed.HashChecker
	var terms feed.MarketTerms
	var subscribed string
	check := func(market, asset string, time feed.Timestamp, hash feed.Hash) {
		id := feed.BookID{Market: market, Asset: asset, Time: time}
		if c.Check(id, books[asset].AppendBackward(nil, book.Bid), books[asset].AppendBackward(nil, book.Ask), hash, &terms, feed.Calibrate) == feed.Matched {
			matches[asset]++
		}
	}
	for line := range bytes.Lines(captures.Read(t, "fed_20260720.ndjson")) {
		events, err := d.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			switch e := e.(type) {
			case *feed.Book:
				subscribed = e.Asset.ID
				b := book.New()
				if _, err := b.Replace(e.Bids, e.Asks); err != nil {
					t.Fatal(err)
				}
				if e.TickSize != 0 {
					terms.NoteTick(e.TickSize)
					terms.NoteLastTrade(e.LastTrade)
				}
				books[subscribed] = b
				check(e.Market, e.Asset.ID, e.Time, e.Hash)
			case *feed.PriceChange:
				for _, change := range e.Changes {
					if books[change.Asset.ID] == nil {
						books[change.Asset.ID] = mirrored(t, books[subscribed])
					}
					if _, err := books[change.Asset.ID].Set(change.Side, change.Price, change.Size); err != nil {
						t.Fatal(err)
					}
					check(e.Market, change.Asset.ID, e.Time, change.Hash)
				}
			}
		}
	}
	for asset, n := range matches {
		want := 24
		if asset == subscribed {
			want = 26
		}
		if n != want {
			t.Errorf("%s: %d hashes match, want %d", asset, n, want)
		}
	}
	if len(matches) != 2 {
		t.Errorf("%d tokens, want 2", len(matches))
	}
}

// mirrored returns the complement of a book. That a change may be in it already
// does no harm: the complement's entry of the same frame sets the same size.
func mirrored(t *testing.T, b *book.Book) *book.Book {
	t.Helper()
	m := book.New()
	s := b.Snapshot().Complement()
	if _, err := m.Replace(s.AppendLevels(nil, book.Bid, 0), s.AppendLevels(nil, book.Ask, 0)); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestHashInsideRun: one change of the exchange in four frames, with one hash.
// No state before its end matches, its end does, and stays when the last removal
// is repeated.
func TestHashInsideRun(t *testing.T) {
	var before preimage
	if err := json.Unmarshal(captures.Read(t, "batch_20260911_book_before.json"), &before); err != nil {
		t.Fatal(err)
	}
	b := book.New()
	if _, err := b.Replace(levels(before.Bids), levels(before.Asks)); err != nil {
		t.Fatal(err)
	}
	d := feed.NewDecoder(feed.DecoderOptions{})
	asset := d.Know(before.Asset)
	var terms feed.MarketTerms
	terms.NoteTick(before.TickSize)
	terms.NoteLastTrade(lastTrade(t, *before.LastTrade))
	var c feed.HashChecker
	check := func(time feed.Timestamp, hash feed.Hash) feed.Match {
		id := feed.BookID{Market: before.Market, Asset: asset.ID, Time: time}
		return c.Check(id, b.AppendBackward(nil, book.Bid), b.AppendBackward(nil, book.Ask), hash, &terms, feed.Calibrate)
	}
	hash, err := feed.ParseHash(before.Hash)
	if err != nil {
		t.Fatal(err)
	}
	if got := check(1_789_156_413_823, hash); got != feed.Matched {
		t.Fatalf("the book before the run: %v", got)
	}
	var answers []feed.Match
	for line := range bytes.Lines(captures.Read(t, "batch_20260911.ndjson")) {
		events, err := d.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			e := e.(*feed.PriceChange)
			if len(e.Changes) != 1 || e.Changes[0].Asset != asset {
				t.Fatalf("changes %v", e.Changes)
			}
			change := e.Changes[0]
			if _, err := b.Set(change.Side, change.Price, change.Size); err != nil {
				t.Fatal(err)
			}
			answers = append(answers, check(e.Time, change.Hash))
		}
	}
	want := []feed.Match{feed.Mismatched, feed.Mismatched, feed.Matched, feed.Matched}
	if len(answers) != len(want) {
		t.Fatalf("answers %v, want %v", answers, want)
	}
	for i := range want {
		if answers[i] != want[i] {
			t.Errorf("answers %v, want %v", answers, want)
		}
	}
	if s := d.Stats(); s.BestPrices != 2 || s.Unwatched != 4 {
		t.Errorf("stats %+v", s)
	}
}
