package rival_test

import (
	"math/rand/v2"
	"testing"

	"example.com/truebook/bench/internal/rival"
	"example.com/truebook/book"
)

// TestLadderBook compares a ladder with package book over random changes, of
// which some come on a finer tick than it began with.
func TestLadderBook(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ladder, tree := rival.NewLadderBook(10_000), book.New()
	tick := book.Price(10_000)
	for i := range 50_000 {
		switch i {
		case 20_000:
			tick = 100
		case 40_000: // a whole book
			s := tree.Snapshot()
			ladder.Replace(s.AppendBackward(nil, book.Bid), s.AppendBackward(nil, book.Ask))
		}
		side := book.Side(r.IntN(2))
		price := tick * book.Price(1+r.IntN(int(book.Dollar/tick)-1))
		size := book.Size(max(0, r.IntN(200)-100)) * book.Share
		if _, err := tree.Set(side, price, size); err != nil {
			t.Fatal(err)
		}
		ladder.Set(side, price, size)
		if ladder.Top() != tree.Top() {
			t.Fatalf("change %d: the top is %v, expected %v", i, ladder.Top(), tree.Top())
		}
	}
	c := ladder.Copy()
	top := c.Top()
	ladder.Set(book.Bid, top.Bid.Price, 0)
	if c.Top() != top {
		t.Error("a copy changes with its source")
	}
}
