package book_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"example.com/truebook/book"
)

// TestPairsOfMany: five books become pairs with one another, part, fork and are
// replaced; each reads as a book of its own would, and so do all snapshots, which other
// goroutines read meanwhile.
func TestPairsOfMany(t *testing.T) {
	steps := *operations / 20
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 4))
		w := walk{Rand: r, tick: 10_000, prices: []int64{3, 8, 40, 99, 99, 60}[seed]}
		if seed >= 4 {
			w.tick, w.prices = 1000, 999 // trees of several nodes
		}
		comparePairsOfMany(t, w, steps/6)
	}
}

func comparePairsOfMany(t *testing.T, w walk, steps int) {
	t.Helper()
	const n = 5
	var books [n]*book.Book
	var models [n]*model
	mate := [n]int{-1, -1, -1, -1, -1}
	for i := range books {
		books[i], models[i] = book.New(), newModel()
	}
	if w.prices > 500 {
		for range 400 {
			side, price, size := book.Side(w.IntN(2)), w.price(), book.Size(1+w.IntN(9))
			for i := range books {
				if i%2 == 1 {
					side, price = side.Opposite(), price.Complement()
				}
				if _, err := books[i].Set(side, price, size); err != nil {
					t.Fatal(err)
				}
				models[i].set(side, price, size)
				if i%2 == 1 {
					side, price = side.Opposite(), price.Complement()
				}
			}
		}
	}
	part := func(i int) {
		if j := mate[i]; j >= 0 {
			mate[i], mate[j] = -1, -1
		}
	}
	var kept []keptSnapshot
	var readers sync.WaitGroup
	defer readers.Wait()
	pairs := 0
	for step := range steps {
		i, j := w.IntN(n), w.IntN(n)
		if j == i {
			j = (i + 1) % n
		}
		b, m := books[i], models[i]
		switch what := w.IntN(100); {
		case what < 45:
			if mate[i] < 0 {
				continue
			}
			side, price, size := book.Side(w.IntN(2)), w.price(), w.size()
			old, err := b.SetBoth(side, price, size)
			if want := m.set(side, price, size); err != nil || old != want {
				t.Fatalf("step %d: SetBoth %v, %v, want %v", step, old, err, want)
			}
			models[mate[i]].set(side.Opposite(), price.Complement(), size)
		case what < 55:
			side, price, size := book.Side(w.IntN(2)), w.price(), w.size()
			old, err := b.Set(side, price, size)
			if want := m.set(side, price, size); err != nil || old != want {
				t.Fatalf("step %d: Set %v, %v, want %v", step, old, err, want)
			}
			part(i)
		case what < 75: // whatever each was
			if w.IntN(2) == 0 {
				c := models[j].complement()
				n, err := b.Replace(c.levels(book.Bid), c.levels(book.Ask))
				if want := m.replace(c.levels(book.Bid), c.levels(book.Ask)); err != nil || n != want {
					t.Fatalf("step %d: Replace %d, %v, want %d", step, n, err, want)
				}
				if n > 0 {
					part(i)
				}
			}
			want := m.equal(models[j].complement())
			if got := book.Pair(b, books[j]); got != want {
				t.Fatalf("step %d: Pair %v, want %v", step, got, want)
			}
			if want && mate[i] != j {
				part(i)
				part(j)
				mate[i], mate[j] = j, i
				pairs++
			}
		case what < 78:
			f := b.Fork()
			if w.IntN(2) == 0 {
				b.Part() // the one that is left behind
				part(i)
				if w.IntN(2) == 0 {
					_, _ = b.Replace(nil, nil)
				}
				books[i] = f
				break
			}
			_, _ = f.Set(book.Bid, w.price(), w.size())
		case what < 80:
			b.Part()
			part(i)
		case what < 83:
			differs, err := b.Differs(models[j].levels(book.Bid), models[j].levels(book.Ask))
			if want := m.clone().replace(models[j].levels(book.Bid), models[j].levels(book.Ask)); err != nil || differs != want {
				t.Fatalf("step %d: Differs %d, %v, want %d", step, differs, err, want)
			}
		case what < 86: // refused, and nothing has changed
			twice := []book.Level{{Price: 5, Size: 1}, {Price: 5, Size: 2}}
			if _, err := b.Replace(twice, nil); err == nil {
				t.Fatal("a price twice")
			}
			if _, err := b.Set(book.Bid, book.Dollar, 1); err == nil {
				t.Fatal("a bid at a dollar")
			}
			if mate[i] >= 0 && !b.PairedWith(books[mate[i]]) {
				part(i) // that it parts is no harm
			}
		case what < 90:
			k := keptSnapshot{b.Snapshot(), m.clone()}
			kept = append(kept, k)
			readers.Go(func() {
				for range 3 {
					if got := slices.Collect(k.snapshot.Bids()); !slices.Equal(got, k.model.levels(book.Bid)) {
						t.Errorf("a snapshot has %v, want %v", got, k.model.levels(book.Bid))
					}
				}
			})
		default:
			models[i].check(t, b.Snapshot())
		}
		for i, b := range books {
			if b.Top() != models[i].top() {
				t.Fatalf("step %d: top of %d %v, want %v", step, i, b.Top(), models[i].top())
			}
			for j := range books {
				if b.PairedWith(books[j]) != (mate[i] == j) {
					t.Fatalf("step %d: %d and %d: a pair is %v", step, i, j, mate[i] != j)
				}
			}
		}
		if len(kept) == 20 {
			for _, k := range kept {
				k.model.check(t, k.snapshot)
			}
			kept = kept[:0]
			readers.Wait()
			for i, b := range books {
				models[i].check(t, b.Snapshot())
			}
		}
	}
	if pairs < steps/200 {
		t.Errorf("%d pairs in %d steps", pairs, steps)
	}
}
