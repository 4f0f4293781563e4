package book_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/truebook/book"
)

// complement returns the model of the other outcome's book.
func (m *model) complement() *model {
	c := newModel()
	for side, levels := range m {
		for price, size := range levels {
			c[1-side][price.Complement()] = size
		}
	}
	return c
}

func (m *model) equal(other *model) bool {
	return maps.Equal(m[0], other[0]) && maps.Equal(m[1], other[1])
}

// TestPairAgainstModel: whatever is done with two books that may be a pair, each reads as
// a book of its own would, and as its snapshots of before.
func TestPairAgainstModel(t *testing.T) {
	const walks = 8
	operations := *operations / walks / 4
	if testing.Short() {
		operations /= 5
	}
	for seed := range uint64(walks) {
		w := walk{
			Rand: rand.New(rand.NewPCG(seed, 2)),
			tick: 100, prices: []int64{3, 20, 99, 400, 1000, 9999, 60, 150}[seed],
		}
		comparePairWithModel(t, w, operations)
	}
}

func comparePairWithModel(t *testing.T, w walk, operations int) {
	t.Helper()
	books := [2]*book.Book{book.New(), book.New()}
	models := [2]*model{newModel(), newModel()}
	var kept []keptSnapshot
	paired, pairs, parted := false, 0, 0
	for i := range operations {
		n := w.IntN(2) // the book that something is done with
		b, m := books[n], models[n]
		side, price, size := book.Side(w.IntN(2)), w.price(), w.size()
		was := paired
		switch what := w.IntN(1000); {
		case what < 960:
			mirror := size // which is not quite what it should be at times
			if w.IntN(200) == 0 {
				mirror++
			}
			var old book.Size
			var err error
			if paired && mirror == size {
				old, err = b.SetBoth(side, price, size)
			} else {
				old, err = b.Set(side, price, size)
				if _, err := books[1-n].Set(side.Opposite(), price.Complement(), mirror); err != nil {
					t.Fatal(err)
				}
				paired = false
			}
			want := m.set(side, price, size)
			models[1-n].set(side.Opposite(), price.Complement(), mirror)
			if err != nil || old != want {
				t.Fatalf("operation %d: returned %v, %v; want %v", i, old, err, want)
			}
		case what < 970:
			bids, asks := m.levels(book.Bid), m.levels(book.Ask)
			if w.IntN(2) == 0 {
				bids, asks = w.levels(w.IntN(50)), w.levels(w.IntN(50))
			}
			changed, err := b.Replace(bids, asks)
			if want := m.replace(bids, asks); err != nil || changed != want {
				t.Fatalf("operation %d: Replace %d, %v; want %d", i, changed, err, want)
			}
			paired = paired && changed == 0
		case what < 975: // as after a loss that is mended
			mirrored := m.complement()
			if _, err := books[1-n].Replace(mirrored.levels(book.Bid), mirrored.levels(book.Ask)); err != nil {
				t.Fatal(err)
			}
			paired = paired && models[1-n].equal(mirrored)
			models[1-n] = mirrored
		case what < 980:
			books[n], paired = b.Fork(), false // and the one that is left is still the other's
			if w.IntN(2) == 0 {
				b.Part()
			}
			if _, err := b.Set(side, price, size+1); err != nil { // which nobody may see
				t.Fatal(err)
			}
		case what < 985:
			b.Part()
			paired = false
		case what < 995:
			kept = append(kept, keptSnapshot{b.Snapshot(), m.clone()})
		}
		if what := w.IntN(20); what == 0 {
			want := models[0].equal(models[1].complement())
			if paired = book.Pair(books[n], books[1-n]); paired != want {
				t.Fatalf("operation %d: Pair said %v", i, paired)
			}
		}
		if paired != books[0].PairedWith(books[1]) || paired != books[1].PairedWith(books[0]) {
			t.Fatalf("operation %d: a pair is %v, want %v", i, !paired, paired)
		}
		switch {
		case paired && !was:
			pairs++
		case was && !paired:
			parted++
		}
		for n, b := range books {
			if got, want := b.Top(), models[n].top(); got != want {
				t.Fatalf("operation %d: top of book %d is %v, want %v", i, n, got, want)
			}
			if got, want := b.SizeAt(side, price), models[n][side][price]; got != want {
				t.Fatalf("operation %d: size at %v in book %d is %v, want %v", i, price, n, got, want)
			}
		}
		if len(kept) == 16 {
			k := w.IntN(len(kept))
			kept[k].model.check(t, kept[k].snapshot)
			kept = slices.Delete(kept, k, k+1)
			for n, b := range books {
				models[n].check(t, b.Snapshot())
				worst := models[n].levels(side)
				slices.Reverse(worst)
				if got := b.AppendBackward(nil, side); !slices.Equal(got, worst) {
					t.Fatalf("operation %d: %v, want %v", i, got, worst)
				}
			}
		}
	}
	if pairs < operations/1000 || parted < operations/1000 {
		t.Errorf("%d operations made %d pairs and parted %d", operations, pairs, parted)
	}
}

// TestPairOfOthers: a book has one mirror, and leaves it for another one.
func TestPairOfOthers(t *testing.T) {
	level := []book.Level{{Price: 400_000, Size: 7}}
	mirrored := []book.Level{{Price: 600_000, Size: 7}}
	books := map[string]*book.Book{"a": book.New(), "b": book.New(), "c": book.New()}
	for name, b := range books {
		bids, asks := level, []book.Level(nil)
		if name != "a" {
			bids, asks = nil, mirrored
		}
		if _, err := b.Replace(bids, asks); err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := books["a"], books["b"], books["c"]
	if _, err := a.SetBoth(book.Bid, 400_000, 8); !errors.Is(err, book.ErrUnpaired) || a.Top().Bid.Size != 7 {
		t.Errorf("both of one: %v", err)
	}
	switch {
	case book.Pair(a, a) || book.Pair(b, c):
		t.Error("these are no mirrors")
	case !book.Pair(a, b) || !book.Pair(b, a) || !book.Pair(c, a):
		t.Error("these are")
	case a.PairedWith(b) || b.PairedWith(a) || !a.PairedWith(c) || b.PairedWith(nil):
		t.Error("a book has two mirrors")
	}
	if _, err := a.SetBoth(book.Bid, 400_000, 8); err != nil {
		t.Fatal(err)
	}
	if a.SizeAt(book.Bid, 400_000) != 8 || c.SizeAt(book.Ask, 600_000) != 8 || b.SizeAt(book.Ask, 600_000) != 7 {
		t.Error("it was not written to these two")
	}
}

// TestPairBounds: what one book refuses, a pair does, and stays as it was.
func TestPairBounds(t *testing.T) {
	a, b := book.New(), book.New()
	var bids, asks []book.Level
	for i := range book.MaxLevels {
		bids = append(bids, book.Level{Price: book.Price(i + 1), Size: 1})
		asks = append(asks, book.Level{Price: book.Price(i + 1).Complement(), Size: 1})
	}
	if _, err := a.Replace(bids, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Replace(nil, asks); err != nil {
		t.Fatal(err)
	}
	if !book.Pair(a, b) {
		t.Fatal("no pair")
	}
	if _, err := b.SetBoth(book.Ask, 500_000, 1); !errors.Is(err, book.ErrTooManyLevels) {
		t.Errorf("one level too many: %v", err)
	}
	var level *book.LevelError
	if _, err := a.SetBoth(book.Bid, book.Dollar, 1); !errors.As(err, &level) {
		t.Errorf("both: a bid at a dollar: %v", err)
	}
	if _, err := a.Set(book.Bid, book.Dollar, 1); !errors.As(err, &level) { // and they part
		t.Errorf("one: a bid at a dollar: %v", err)
	}
	if a.Top() != b.Top().Complement() || a.Snapshot().Len(book.Bid) != book.MaxLevels || !a.Snapshot().Equal(b.Snapshot().Complement()) {
		t.Error("the books have changed")
	}
}

// TestPairAllocations: what is written to a pair that nobody has snapshots of makes no
// garbage, and to find out that two books are none does not either.
func TestPairAllocations(t *testing.T) {
	a, b := book.New(), book.New()
	for i := range book.Price(300) {
		for _, side := range []book.Side{book.Bid, book.Ask} {
			price := 300_000 + 1000*i
			if _, err := a.Set(side, price, 5); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Set(side.Opposite(), price.Complement(), 5); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !book.Pair(a, b) {
		t.Fatal("no pair")
	}
	size := book.Size(5)
	if n := testing.AllocsPerRun(1000, func() {
		size++
		if _, err := b.SetBoth(book.Bid, 400_000, size); err != nil {
			t.Error(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
