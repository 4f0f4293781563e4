package book_test

import (
	"testing"

	"example.com/truebook/book"
)

// TestAllocations holds the ceilings that the hot path counts on.
func TestAllocations(t *testing.T) {
	var bids, asks []book.Level
	for i := range 1000 {
		bids = append(bids, book.Level{Price: book.Price(1+i) * 100, Size: 5})
		asks = append(asks, book.Level{Price: book.Dollar - book.Price(1+i)*100, Size: 5})
	}
	b := book.New()
	if _, err := b.Replace(bids, asks); err != nil {
		t.Fatal(err)
	}
	s := b.Snapshot()
	scratch := make([]book.Level, 0, 2000)
	size := book.Size(1)
	write := func() {
		size = size%1000 + 1
		if _, err := b.Set(book.Bid, 50_000, size); err != nil {
			t.Fatal(err)
		}
	}
	write()
	for _, test := range []struct {
		name string
		most float64
		run  func()
	}{
		{"change of a level", 0, write},
		{"removal and insertion", 0, func() {
			_, _ = b.Set(book.Ask, 950_000, 0)
			_, _ = b.Set(book.Ask, 950_000, 7)
		}},
		{"top", 0, func() { _ = b.Top() }},
		{"prices of the top as decimals", 0, func() {
			top := b.Top()
			_, _ = top.Bid.Price.Decimal(), top.Ask.Price.Decimal()
		}},
		{"snapshot", 2, func() { _ = b.Snapshot() }},
		// The two trees' headers, and a root and a leaf of one side.
		{"snapshot and next write", 8, func() { _ = b.Snapshot(); write() }},
		{"append levels", 0, func() { scratch = s.AppendLevels(scratch[:0], book.Bid, 0) }},
		{"append backward", 0, func() { scratch = s.AppendBackward(scratch[:0], book.Ask) }},
		{"range over levels", 0, func() {
			for level := range s.Bids() {
				size += level.Size
			}
		}},
		{"size at", 0, func() { _ = s.SizeAt(book.Bid, 50_000) }},
		{"within", 0, func() { _, _ = s.Within(book.Ask, 50_000) }},
		{"buy", 0, func() { _, _ = s.Buy(900) }},
		{"spend", 0, func() { _, _ = s.Spend(300) }},
		{"microprice", 0, func() { _, _ = s.Microprice() }},
		{"complement", 0, func() { _ = s.Complement().Top() }},
	} {
		test.run()
		if got := testing.AllocsPerRun(100, test.run); got > test.most && !raceEnabled {
			t.Errorf("%s: %v allocations, at most %v", test.name, got, test.most)
		}
	}
	if _, err := b.Replace(bids, asks); err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(100, func() { _, _ = b.Replace(bids, asks) }); got > 0 && !raceEnabled {
		t.Errorf("replacing a book by what it is: %v allocations", got)
	}
}
