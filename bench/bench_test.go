package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tidwall/btree"

	"example.com/truebook/book"
	"example.com/truebook/engine"
	"example.com/truebook/feed"
	"example.com/truebook/feed/capture"
	"example.com/truebook/feed/feedtest"
	"example.com/truebook/internal/captures"
)

// corpus is a stream of frames from an opening array on.
type corpus struct {
	name    string
	records []feed.Record
	bytes   int64
}

func (c *corpus) add(r feed.Record) {
	r.Frame = append([]byte(nil), r.Frame...)
	c.records = append(c.records, r)
	c.bytes += int64(len(r.Frame))
}

// perFrame makes MB/s come out right for operations of one frame.
func (c *corpus) perFrame() int64 { return c.bytes / int64(len(c.records)) }

const frames = 20_000

func simulated(spaced bool) *corpus {
	c := &corpus{name: "simulated"}
	if spaced {
		c.name += "-spaced"
	}
	x := feedtest.New(feedtest.Options{Seed: 1, Markets: 6, Spaced: spaced})
	f := x.Opening()
	for i := range frames {
		c.add(feed.Record{Time: f.Time, Line: i + 1, Frame: f.Data})
		f = x.Next()
	}
	return c
}

// each runs a benchmark on every corpus there is.
func each(b *testing.B, run func(*testing.B, *corpus)) {
	b.Helper()
	for _, c := range []*corpus{simulated(false), simulated(true)} {
		b.Run("stream="+c.name, func(b *testing.B) { run(b, c) })
	}
	b.Run("stream=real", func(b *testing.B) { run(b, recorded(b)) })
}

func recorded(b *testing.B) *corpus {
	b.Helper()
	r, err := capture.Open(captures.Path(b, "sports_20260607_first20k.ndjson.zst"))
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	c := &corpus{}
	for {
		record, err := r.Next()
		if err != nil {
			return c
		}
		c.add(record)
	}
}

func BenchmarkDecode(b *testing.B) {
	each(b, func(b *testing.B, c *corpus) {
		d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
		b.SetBytes(c.perFrame())
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if _, err := d.Decode(c.records[i].Frame); err != nil {
				b.Fatal(err)
			}
			if i++; i == len(c.records) {
				i = 0
			}
		}
	})
}

// books keeps books without any engine: what a naive client of the decoder does.
type books struct {
	decoder *feed.Decoder
	books   []*book.Book
}

func newBooks() *books {
	return &books{decoder: feed.NewDecoder(feed.DecoderOptions{Learn: true})}
}

func (s *books) book(a *feed.Asset) *book.Book {
	for a.Index >= len(s.books) {
		s.books = append(s.books, book.New())
	}
	return s.books[a.Index]
}

func (s *books) apply(b *testing.B, frame []byte) (top book.Top) {
	events, err := s.decoder.Decode(frame)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range events {
		switch e := e.(type) {
		case *feed.Book:
			target := s.book(e.Asset)
			if _, err := target.Replace(e.Bids, e.Asks); err != nil {
				b.Fatal(err)
			}
			top = target.Top()
		case *feed.PriceChange:
			for i := range e.Changes {
				c := &e.Changes[i]
				target := s.book(c.Asset)
				if _, err := target.Set(c.Side, c.Price, c.Size); err != nil {
					b.Fatal(err)
				}
				top = target.Top()
			}
		}
	}
	return top
}

func BenchmarkApply(b *testing.B) {
	each(b, func(b *testing.B, c *corpus) {
		type change struct {
			book *book.Book
			feed.Change
		}
		s := newBooks()
		var changes []change
		for _, r := range c.records {
			s.apply(b, r.Frame)
			events, err := s.decoder.Decode(r.Frame)
			if err != nil {
				b.Fatal(err)
			}
			for _, e := range events {
				if e, ok := e.(*feed.PriceChange); ok {
					for _, c := range e.Changes {
						changes = append(changes, change{s.book(c.Asset), c})
					}
				}
			}
		}
		b.ReportAllocs()
		i := 0
		var top book.Top
		for b.Loop() {
			c := &changes[i]
			if _, err := c.book.Set(c.Side, c.Price, c.Size); err != nil {
				b.Fatal(err)
			}
			top = c.book.Top()
			if i++; i == len(changes) {
				i = 0
			}
		}
		_ = top
	})
}

func BenchmarkFullPath(b *testing.B) {
	b.Run("books", func(b *testing.B) {
		each(b, func(b *testing.B, c *corpus) {
			s := newBooks()
			b.SetBytes(c.perFrame())
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				s.apply(b, c.records[i].Frame)
				if i++; i == len(c.records) {
					i = 0
				}
			}
		})
	})
	b.Run("engine", func(b *testing.B) {
		each(b, func(b *testing.B, c *corpus) {
			b.SetBytes(c.perFrame())
			b.ReportAllocs()
			replay := engine.NewReplay(nil)
			i := 0
			for b.Loop() {
				if err := replay.Step(c.records[i]); err != nil {
					b.Fatal(err)
				}
				if i++; i == len(c.records) {
					b.StopTimer() // time must not go back: begin anew
					replay, i = engine.NewReplay(nil), 0
					b.StartTimer()
				}
			}
		})
	})
}

// deep returns a book of so many levels, both sides together.
func deep(b *testing.B, levels int) *book.Book {
	b.Helper()
	var bids, asks []book.Level
	tick := book.Dollar / book.Price(levels+2)
	for i := range levels / 2 {
		size := book.Size(1+i*7919%5000)*book.Share + book.Share/4*book.Size(i%4)
		bids = append(bids, book.Level{Price: tick * book.Price(i+1), Size: size})
		asks = append(asks, book.Level{Price: book.Dollar - tick*book.Price(i+1), Size: size})
	}
	target := book.New()
	if _, err := target.Replace(bids, asks); err != nil {
		b.Fatal(err)
	}
	return target
}

var depths = []int{20, 160, 1000}

func BenchmarkSnapshot(b *testing.B) {
	for _, levels := range depths {
		b.Run(fmt.Sprintf("levels=%d", levels), func(b *testing.B) {
			target := deep(b, levels)
			price := target.Top().Bid.Price
			b.ReportAllocs()
			size := book.Share
			for b.Loop() {
				_ = target.Snapshot()
				if _, err := target.Set(book.Bid, price, size); err != nil {
					b.Fatal(err)
				}
				size++
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	id := feed.BookID{
		Market: "0x8bf1c1536ecb1c08fe13c6b71e8ab1f58bf3461c4cb79f5f1679f869a06aef86",
		Asset:  "111604417349377875799825956621596386269673370070912696668140891647145772186047",
		Time:   feed.Timestamp(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).UnixMilli()),
	}
	terms := feed.HashTerms{
		Recipe: feed.RecipeLastTrade, MinOrderSize: 5 * book.Share, TickSize: 1000,
		LastTrade: feed.LastTrade{Price: 925_000, Decimals: 3},
	}
	for _, levels := range depths {
		target := deep(b, levels)
		bids, asks := target.AppendBackward(nil, book.Bid), target.AppendBackward(nil, book.Ask)
		want := feed.BookHash(id, bids, asks, terms)
		for _, effort := range []feed.Effort{feed.Quick, feed.Search} {
			name := "check"
			known, announced := terms.LastTrade, want
			if effort == feed.Search {
				name, announced = "search", feed.Hash{1} // that nothing has
			}
			b.Run(fmt.Sprintf("%s/levels=%d", name, levels), func(b *testing.B) {
				var c feed.HashChecker
				var m feed.MarketTerms
				m.NoteTick(terms.TickSize)
				m.NoteLastTrade(known)
				if c.Check(id, bids, asks, want, &m, feed.Calibrate) != feed.Matched {
					b.Fatal("the hash does not match")
				}
				b.ReportAllocs()
				for b.Loop() {
					bids, asks = target.AppendBackward(bids[:0], book.Bid), target.AppendBackward(asks[:0], book.Ask)
					c.Check(id, bids, asks, announced, &m, effort)
				}
			})
		}
	}
}

// BenchmarkDegree sets levels near the best of a tree of 160, with a snapshot
// before each write or without.
func BenchmarkDegree(b *testing.B) {
	for _, degree := range []int{8, 16, 32, 64, 128} {
		for _, snapshot := range []bool{false, true} {
			b.Run(fmt.Sprintf("degree=%d/snapshot=%v", degree, snapshot), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				m := btree.NewMap[uint32, int64](degree)
				for i := range uint32(160) {
					m.Set(i*1000, 1)
				}
				var keys [1024]uint32
				for i := range keys {
					keys[i] = 1000 * uint32(159-min(159, int(r.ExpFloat64()*20)))
				}
				i := 0
				for b.Loop() {
					if snapshot {
						m.Copy()
					}
					m.Set(keys[i%len(keys)], int64(i))
					i++
				}
			})
		}
	}
}
