package bench

import (
	"testing"

	"github.com/shopspring/decimal"

	"example.com/truebook/bench/internal/rival"
	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// update is a change of a stream, with the books that it goes to.
type update struct {
	tree   *book.Book
	ladder *rival.LadderBook
	naive  *rival.NaiveBook
	side   book.Side
	price  book.Price
	size   book.Size
	text   string // the side on the wire
	dPrice decimal.Decimal
	dSize  decimal.Decimal
}

// updates returns the changes of a stream. The books are as they are at its end;
// going round again, they pass through the same states each time.
func updates(b *testing.B, s *stream) []update {
	var list []update
	books := make([]update, len(s.tokens))
	d := feed.NewDecoder(feed.DecoderOptions{Learn: true})
	naive := rival.NewNaive()
	for _, f := range s.Frames {
		events, err := d.Decode(f.Data)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range events {
			switch e := e.(type) {
			case *feed.Book:
				to := &books[e.Asset.Index]
				if to.tree == nil {
					*to = update{tree: book.New(), ladder: rival.NewLadderBook(e.TickSize), naive: naive.Book(e.Asset.ID)}
				}
				if _, err := to.tree.Replace(e.Bids, e.Asks); err != nil {
					b.Fatal(err)
				}
				to.ladder.Replace(e.Bids, e.Asks)
			case *feed.PriceChange:
				for _, c := range e.Changes {
					u := books[c.Asset.Index]
					u.side, u.price, u.size = c.Side, c.Price, c.Size
					u.dPrice, u.dSize, u.text = c.Price.Decimal(), c.Size.Decimal(), "BUY"
					if c.Side == book.Ask {
						u.text = "SELL"
					}
					list = append(list, u)
				}
			}
		}
		if err := naive.Step(f.Data); err != nil {
			b.Fatal(err)
		}
	}
	return list
}

// BenchmarkApply is one decoded change of a level, and the top read after it.
func BenchmarkApply(b *testing.B) {
	each(b, func(b *testing.B, s *stream) {
		list := updates(b, s)
		loop := func(name string, apply func(u *update)) {
			b.Run("by="+name, func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					apply(&list[i])
					if i++; i == len(list) {
						i = 0
					}
				}
			})
		}
		loop("book", func(u *update) {
			if _, err := u.tree.Set(u.side, u.price, u.size); err != nil {
				b.Error(err)
			}
			sink += u.tree.Top().Bid.Price
		})
		loop("ladder", func(u *update) {
			u.ladder.Set(u.side, u.price, u.size)
			sink += u.ladder.Top().Bid.Price
		})
		loop("naive", func(u *update) {
			u.naive.Set(u.text, u.dPrice, u.dSize)
			bid, _ := u.naive.Top()
			sink += book.Price(bid.Size.Exponent())
		})
	}, byTokens(), byLevels())
}
