package book_test

import (
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/truebook/book"
)

var operations = flag.Int("book.operations", 400_000, "random operations of the model test")

// model is the book as anyone would write it first: a map for each side, sorted
// when asked. Where it and Book disagree, Book is wrong.
type model [2]map[book.Price]book.Size

func newModel() *model {
	return &model{map[book.Price]book.Size{}, map[book.Price]book.Size{}}
}

func (m *model) set(side book.Side, price book.Price, size book.Size) (old book.Size) {
	old = m[side][price]
	if size == 0 {
		delete(m[side], price)
	} else {
		m[side][price] = size
	}
	return old
}

// replace returns how many levels differed.
func (m *model) replace(bids, asks []book.Level) (changed int) {
	for side, levels := range [][]book.Level{bids, asks} {
		next := map[book.Price]book.Size{}
		for _, level := range levels {
			if level.Size > 0 {
				next[level.Price] = level.Size
			}
		}
		for price, size := range next {
			if m[side][price] != size {
				changed++
			}
		}
		for price := range m[side] {
			if next[price] == 0 {
				changed++
			}
		}
		m[side] = next
	}
	return changed
}

func (m *model) clone() *model { return &model{maps.Clone(m[0]), maps.Clone(m[1])} }

// levels returns a side, best first.
func (m *model) levels(side book.Side) []book.Level {
	prices := slices.Sorted(maps.Keys(m[side]))
	if side == book.Bid {
		slices.Reverse(prices)
	}
	levels := make([]book.Level, 0, len(prices))
	for _, price := range prices {
		levels = append(levels, book.Level{Price: price, Size: m[side][price]})
	}
	return levels
}

func (m *model) top() book.Top {
	var top book.Top
	for price, size := range m[book.Bid] {
		if price > top.Bid.Price {
			top.Bid = book.Level{Price: price, Size: size}
		}
	}
	for price, size := range m[book.Ask] {
		if top.Ask.Size == 0 || price < top.Ask.Price {
			top.Ask = book.Level{Price: price, Size: size}
		}
	}
	return top
}

func (m *model) check(t *testing.T, s book.Snapshot) {
	t.Helper()
	for _, side := range []book.Side{book.Bid, book.Ask} {
		want := m.levels(side)
		if got := slices.Collect(s.Levels(side)); !slices.Equal(got, want) {
			t.Fatalf("%v: levels\n got %v\nwant %v", side, got, want)
		}
		slices.Reverse(want)
		if got := s.AppendBackward(nil, side); !slices.Equal(got, want) {
			t.Fatalf("%v: backward\n got %v\nwant %v", side, got, want)
		}
		if s.Len(side) != len(want) {
			t.Fatalf("%v: Len %d, want %d", side, s.Len(side), len(want))
		}
	}
	if got, want := s.Top(), m.top(); got != want {
		t.Fatalf("top %v, want %v", got, want)
	}
}

// walk draws operations that look like the exchange's: most near the touch, few
// snapshots, and prices from a set small enough that levels meet again.
type walk struct {
	*rand.Rand
	tick   book.Price
	prices int64
}

func (w walk) price() book.Price {
	if w.IntN(50) == 0 {
		return book.Price(1 + w.Int64N(int64(book.Dollar)-1)) // off any grid
	}
	return w.tick * book.Price(1+w.Int64N(w.prices))
}

func (w walk) size() book.Size {
	switch w.IntN(10) {
	case 0, 1, 2:
		return 0
	case 3:
		return book.Size(1 + w.Int64N(1<<62))
	default:
		return book.Size(1+w.Int64N(100)) * book.Share
	}
}

func (w walk) levels(n int) []book.Level {
	seen := map[book.Price]bool{}
	var levels []book.Level
	for range n {
		price := w.price()
		if !seen[price] {
			seen[price] = true
			levels = append(levels, book.Level{Price: price, Size: w.size()})
		}
	}
	return levels
}

// TestAgainstModel compares each result and, every few operations, everything
// that can be read. Every snapshot is kept for a while with a copy of the model
// of its time, and must still equal it when it is let go.
func TestAgainstModel(t *testing.T) {
	const walks = 8
	for seed := range uint64(walks) {
		w := walk{
			Rand: rand.New(rand.NewPCG(seed, 1)),
			tick: 100, prices: []int64{3, 20, 99, 400, 1000, 9999, 60, 150}[seed],
		}
		compareWithModel(t, w, *operations/walks)
	}
}

type keptSnapshot struct {
	snapshot book.Snapshot
	model    *model
}

func compareWithModel(t *testing.T, w walk, operations int) {
	t.Helper()
	b, m := book.New(), newModel()
	var kept []keptSnapshot
	for i := range operations {
		switch n := w.IntN(1000); {
		case n < 990:
			side, price, size := book.Side(w.IntN(2)), w.price(), w.size()
			old, err := b.Set(side, price, size)
			if err != nil {
				t.Fatal(err)
			}
			if want := m.set(side, price, size); old != want {
				t.Fatalf("operation %d: Set returned %v, want %v", i, old, want)
			}
		case n < 994:
			bids, asks := w.levels(w.IntN(100)), w.levels(w.IntN(100))
			if w.IntN(2) == 0 { // most snapshots hardly differ from the book
				bids, asks = m.levels(book.Bid), m.levels(book.Ask)
				slices.Reverse(bids)
			}
			differs, err := b.Differs(bids, asks)
			if err != nil {
				t.Fatal(err)
			}
			changed, err := b.Replace(bids, asks)
			if want := m.replace(bids, asks); err != nil || changed != want || differs != want {
				t.Fatalf("operation %d: Replace %d, Differs %d, error %v; want %d", i, changed, differs, err, want)
			}
		case n < 996:
			b = b.Fork()
		default:
			kept = append(kept, keptSnapshot{b.Snapshot(), m.clone()})
		}
		// That of a book is kept apart from those of its snapshots.
		if got, want := b.Top(), m.top(); got != want {
			t.Fatalf("operation %d: top of the book %v, want %v", i, got, want)
		}
		if got, want := b.Top(), b.Snapshot().Top(); i%256 == 0 && got != want {
			t.Fatalf("operation %d: top of the book %v, of its snapshot %v", i, got, want)
		}
		if len(kept) == 16 {
			k := w.IntN(len(kept))
			kept[k].model.check(t, kept[k].snapshot)
			checkChanges(t, b.Snapshot(), kept[k].snapshot, m, kept[k].model)
			kept = slices.Delete(kept, k, k+1)
			m.check(t, b.Snapshot())
		}
	}
	m.check(t, b.Snapshot())
	for _, k := range kept {
		k.model.check(t, k.snapshot)
	}
}

// checkChanges plays the difference of two snapshots onto the older model and
// expects the newer.
func checkChanges(t *testing.T, newer, older book.Snapshot, newModel, oldModel *model) {
	t.Helper()
	n := 0
	for c := range newer.Changes(older) {
		if old := oldModel.set(c.Side, c.Price, c.New); old != c.Old {
			t.Fatalf("change %v: the older book had %v", c, old)
		}
		n++
	}
	if !maps.Equal(oldModel[0], newModel[0]) || !maps.Equal(oldModel[1], newModel[1]) {
		t.Fatalf("the changes do not lead from the older snapshot to the newer")
	}
	if newer.Equal(older) != (n == 0) {
		t.Fatalf("Equal is %v with %d changes", newer.Equal(older), n)
	}
}

// TestReplaceByNearlyTheSame: a snapshot that differs in one level, or in none, in any
// place, written worst first as the exchange does and in other orders.
func TestReplaceByNearlyTheSame(t *testing.T) {
	w := walk{Rand: rand.New(rand.NewPCG(5, 1)), tick: 1000, prices: 999}
	for range 300 {
		b, m := book.New(), newModel()
		n := w.IntN(8)
		_, err := b.Replace(w.levels(n), w.levels(n))
		if err != nil {
			t.Fatal(err)
		}
		var sides [2][]book.Level
		for side := range sides {
			sides[side] = b.AppendBackward(nil, book.Side(side))
		}
		m.replace(sides[0], sides[1])
		if levels := sides[w.IntN(2)]; len(levels) > 0 {
			switch l := &levels[w.IntN(len(levels))]; w.IntN(5) {
			case 0:
				l.Size++
			case 1:
				l.Size = 0
			case 2:
				l.Price += 500 // between two of the grid
			case 3:
				slices.Reverse(levels)
			}
		}
		want := m.replace(sides[0], sides[1])
		differ, err := b.Differs(sides[0], sides[1])
		if changed, replaced := b.Replace(sides[0], sides[1]); differ != want || changed != want || err != nil || replaced != nil {
			t.Fatalf("%d and %d changes, expected %d; %v, %v", differ, changed, want, err, replaced)
		}
		m.check(t, b.Snapshot())
	}
}

func TestComplement(t *testing.T) {
	w := walk{Rand: rand.New(rand.NewPCG(3, 1)), tick: 1000, prices: 999}
	for range 100 {
		b, m := book.New(), newModel()
		bids, asks := w.levels(w.IntN(60)), w.levels(w.IntN(60))
		if _, err := b.Replace(bids, asks); err != nil {
			t.Fatal(err)
		}
		mirror := func(levels []book.Level) (mirrored []book.Level) {
			for _, l := range levels {
				mirrored = append(mirrored, book.Level{Price: book.Dollar - l.Price, Size: l.Size})
			}
			return mirrored
		}
		m.replace(mirror(asks), mirror(bids))
		m.check(t, b.Snapshot().Complement())
		if b.Snapshot().Complement().Top() != b.Top().Complement() {
			t.Fatal("the complement's top is not the top's complement")
		}
		if !b.Snapshot().Complement().Complement().Equal(b.Snapshot()) {
			t.Fatal("the complement of the complement is another book")
		}
	}
}

func TestRefusals(t *testing.T) {
	level := func(price, size int64) book.Level { return book.Level{Price: book.Price(price), Size: book.Size(size)} }
	good := []book.Level{level(400_000, 5), level(500_000, 6)}
	for _, test := range []struct {
		name   string
		levels []book.Level
		want   error // nil: a *LevelError
	}{
		{"price 0", []book.Level{level(0, 1)}, nil},
		{"price 1", []book.Level{level(1_000_000, 1)}, nil},
		{"price below 0", []book.Level{level(-1, 1)}, nil},
		{"size below 0", []book.Level{level(1, -1)}, nil},
		{"price twice", []book.Level{level(7, 1), level(7, 1)}, book.ErrDuplicateLevel},
		{"price twice, once with nothing", []book.Level{level(7, 1), level(7, 0)}, book.ErrDuplicateLevel},
		{"price twice, apart", []book.Level{level(7, 1), level(9, 1), level(7, 2)}, book.ErrDuplicateLevel},
	} {
		for _, side := range []book.Side{book.Bid, book.Ask} {
			b := book.New()
			if _, err := b.Replace(good, nil); err != nil {
				t.Fatal(err)
			}
			bids, asks := test.levels, []book.Level{level(600_000, 1)}
			if side == book.Ask {
				bids, asks = asks, bids
			}
			_, err := b.Replace(bids, asks)
			checkRefusal(t, test.name, err, test.want)
			_, err = b.Differs(bids, asks)
			checkRefusal(t, test.name, err, test.want)
			if test.want == nil {
				_, err = b.Set(side, test.levels[0].Price, test.levels[0].Size)
				checkRefusal(t, test.name, err, nil)
			}
			if got := b.Snapshot().AppendLevels(nil, book.Bid, 0); len(got) != 2 || b.Snapshot().Len(book.Ask) != 0 {
				t.Errorf("%s: the refused snapshot left the book as %v", test.name, got)
			}
		}
	}
	if _, err := book.New().Set(2, 1, 1); err == nil {
		t.Error("Set took a side that does not exist")
	}
}

func checkRefusal(t *testing.T, name string, err, want error) {
	t.Helper()
	if want != nil && !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", name, err, want)
	}
	if _, ok := errors.AsType[*book.LevelError](err); want == nil && !ok {
		t.Errorf("%s: error %v, want a *LevelError", name, err)
	}
}

// TestMaxLevels crosses the bound on levels by both ways in.
func TestMaxLevels(t *testing.T) {
	b := book.New()
	var levels []book.Level
	for i := range book.MaxLevels {
		price := book.Price(i+1) * 100
		levels = append(levels, book.Level{Price: price, Size: 1})
		if _, err := b.Set(book.Ask, price, 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Set(book.Ask, 50, 1); !errors.Is(err, book.ErrTooManyLevels) {
		t.Errorf("one level more: %v", err)
	}
	if _, err := b.Set(book.Ask, 100, 2); err != nil {
		t.Errorf("a change of a level of a full side: %v", err)
	}
	if _, err := b.Set(book.Bid, 50, 1); err != nil {
		t.Errorf("a level on the other side: %v", err)
	}
	// A snapshot of full sides that has no level in common with the book.
	for i := range levels {
		levels[i].Price += 10
	}
	if changed, err := b.Replace(levels, levels); err != nil || changed != 3*book.MaxLevels+1 {
		t.Errorf("a full snapshot: %d changes, %v", changed, err)
	}
	levels = append(levels, book.Level{Price: 55, Size: 1})
	if _, err := b.Replace(nil, levels); !errors.Is(err, book.ErrTooManyLevels) {
		t.Errorf("a snapshot of one level more: %v", err)
	}
	if b.Snapshot().Len(book.Bid) != book.MaxLevels || b.Snapshot().Len(book.Ask) != book.MaxLevels {
		t.Error("the refused snapshot changed the book")
	}
}
