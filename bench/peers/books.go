package peers

import (
	"slices"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// LevelBook is a book of one token, whatever it is made of.
type LevelBook interface {
	// Replace makes it equal to a whole book, whose levels come worst first.
	Replace(bids, asks []book.Level)
	// Set puts a size at a price; 0 removes the level.
	Set(side book.Side, level book.Level)
	Top() book.Top
}

// BookEntry is a line of the table of books.
type BookEntry struct {
	Name      string
	Advantage string
	New       func() LevelBook
}

// BookEntries returns all of them, our own first. README.md says why the books of
// other projects are not among them.
func BookEntries() []BookEntry {
	const less = "checks neither prices nor sizes, bounds nothing; snapshots would cost a copy"
	return []BookEntry{
		{Baseline, "", func() LevelBook { return treeBook{book.New()} }},
		{"sorted-slice", less, func() LevelBook { return &sliceBook{} }},
	}
}

// update is a decoded book or change.
type update struct {
	asset      *feed.Asset
	whole      bool
	bids, asks []book.Level // of a whole book
	side       book.Side    // of a change
	level      book.Level
}

// updatesOf returns what events do to books. It copies what the events point to.
func updatesOf(events []feed.Event) []update {
	var list []update
	for _, e := range events {
		switch e := e.(type) {
		case *feed.Book:
			list = append(list, update{
				asset: e.Asset, whole: true,
				bids: slices.Clone(e.Bids), asks: slices.Clone(e.Asks),
			})
		case *feed.PriceChange:
			for _, c := range e.Changes {
				list = append(list, update{
					asset: c.Asset, side: c.Side, level: book.Level{Price: c.Price, Size: c.Size},
				})
			}
		}
	}
	return list
}

// treeBook is truebook's.
type treeBook struct{ *book.Book }

func (b treeBook) Replace(bids, asks []book.Level) {
	if _, err := b.Book.Replace(bids, asks); err != nil {
		panic(err)
	}
}

func (b treeBook) Set(side book.Side, l book.Level) {
	if _, err := b.Book.Set(side, l.Price, l.Size); err != nil {
		panic(err)
	}
}

// sliceBook is two sorted slices, the best level last: near the best, where most
// changes are, little has to move.
type sliceBook [2][]book.Level

// worse orders the prices of a side.
func worse(side book.Side, a, b book.Price) int {
	if side == book.Ask {
		a, b = b, a
	}
	return int(a - b)
}

func (b *sliceBook) Replace(bids, asks []book.Level) {
	for side, levels := range map[book.Side][]book.Level{book.Bid: bids, book.Ask: asks} {
		b[side] = append(b[side][:0], levels...)
		slices.SortFunc(b[side], func(x, y book.Level) int { return worse(side, x.Price, y.Price) })
	}
}

func (b *sliceBook) Set(side book.Side, l book.Level) {
	levels := b[side]
	i, found := slices.BinarySearchFunc(levels, l.Price, func(x book.Level, p book.Price) int {
		return worse(side, x.Price, p)
	})
	switch {
	case found && l.Size == 0:
		b[side] = slices.Delete(levels, i, i+1)
	case found:
		levels[i].Size = l.Size
	case l.Size > 0:
		b[side] = slices.Insert(levels, i, l)
	}
}

func (b *sliceBook) Top() (top book.Top) {
	if n := len(b[book.Bid]); n > 0 {
		top.Bid = b[book.Bid][n-1]
	}
	if n := len(b[book.Ask]); n > 0 {
		top.Ask = b[book.Ask][n-1]
	}
	return top
}
