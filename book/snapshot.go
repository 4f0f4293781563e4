package book

import "iter"

// Snapshot is a book at one instant. It is immutable: any number of goroutines
// may read it for as long as they like, while its book goes on. The zero
// Snapshot is an empty book.
type Snapshot struct {
	bids, asks sideView
}

// emptyLevels stands in for the trees of the zero Snapshot; nobody writes to it.
//
//nolint:gochecknoglobals // never written
var emptyLevels = new(tree)

func (s Snapshot) side(side Side) sideView {
	l := s.asks
	if side == Bid {
		l = s.bids
	}
	if l.levels == nil {
		l.levels = emptyLevels
	}
	return l
}

// Top returns the best level of each side.
func (s Snapshot) Top() Top { return Top{Bid: s.bids.top(Bid), Ask: s.asks.top(Ask)} }

// Len returns the number of levels of a side.
func (s Snapshot) Len(side Side) int {
	l := s.side(side)
	return l.levels.Len()
}

// SizeAt returns the size at a price, 0 if there is no such level.
func (s Snapshot) SizeAt(side Side, price Price) Size {
	if !price.valid() {
		return 0
	}
	l := s.side(side)
	return l.size(side.key(price))
}

// Bids yields the bids, best first.
func (s Snapshot) Bids() iter.Seq[Level] { return s.Levels(Bid) }

// Asks yields the asks, best first.
func (s Snapshot) Asks() iter.Seq[Level] { return s.Levels(Ask) }

// Levels yields the levels of a side, best first.
func (s Snapshot) Levels(side Side) iter.Seq[Level] {
	l := s.side(side)
	return func(yield func(Level) bool) {
		l.levels.Reverse(func(k key, size Size) bool { return yield(side.level(k, size)) })
	}
}

// AppendLevels appends up to n levels of a side to dst, best first, all of them
// if n is 0 or below. It allocates only to grow dst.
func (s Snapshot) AppendLevels(dst []Level, side Side, n int) []Level {
	l := s.side(side)
	if n <= 0 {
		n = l.levels.Len()
	}
	if n == 0 {
		return dst
	}
	l.levels.Reverse(func(k key, size Size) bool {
		dst = append(dst, side.level(k, size))
		n--
		return n > 0
	})
	return dst
}

// AppendBackward appends the levels of a side to dst, worst first: the exchange's
// own order, and that of the book hash. It allocates only to grow dst.
func (s Snapshot) AppendBackward(dst []Level, side Side) []Level {
	l := s.side(side)
	return l.appendBackward(dst, side)
}

// FirstAtLeast returns the best level of a side that holds at least the size.
func (s Snapshot) FirstAtLeast(side Side, size Size) (level Level, ok bool) {
	for level := range s.Levels(side) {
		if level.Size >= size {
			return level, true
		}
	}
	return Level{}, false
}

// Complement returns the book of the other outcome: each bid at p is an ask at
// 1-p there, and each ask a bid. The exchange has one matching engine for both
// outcomes, so that the two books always mirror each other (measured on real
// frames, 2026-07-20: every pair of changes). It costs nothing.
func (s Snapshot) Complement() Snapshot { return Snapshot{bids: s.asks, asks: s.bids} }

// Change is a level that differs between two snapshots.
type Change struct {
	Side     Side
	Price    Price
	Old, New Size // 0 where there is no such level
}

// Changes yields each level that differs between an older snapshot and this
// one: bids, then asks, best first. The two may be of any books.
func (s Snapshot) Changes(older Snapshot) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		_ = s.changes(older, Bid, yield) && s.changes(older, Ask, yield)
	}
}

// Equal says whether the two have the same levels.
func (s Snapshot) Equal(other Snapshot) bool {
	if s.Len(Bid) != other.Len(Bid) || s.Len(Ask) != other.Len(Ask) {
		return false
	}
	for range s.Changes(other) {
		return false
	}
	return true
}

func (s Snapshot) changes(older Snapshot, side Side, yield func(Change) bool) bool {
	newer, old := s.side(side), older.side(side)
	next, prev := newer.levels.Iter(), old.levels.Iter()
	hasNext, hasPrev := next.Last(), prev.Last()
	for hasNext || hasPrev {
		var c Change
		switch {
		case !hasPrev || hasNext && next.Key() > prev.Key():
			c = Change{Side: side, Price: side.level(next.Key(), 0).Price, New: next.Value()}
			hasNext = next.Prev()
		case !hasNext || prev.Key() > next.Key():
			c = Change{Side: side, Price: side.level(prev.Key(), 0).Price, Old: prev.Value()}
			hasPrev = prev.Prev()
		default:
			c = Change{Side: side, Price: side.level(next.Key(), 0).Price, Old: prev.Value(), New: next.Value()}
			hasNext, hasPrev = next.Prev(), prev.Prev()
		}
		if c.Old != c.New && !yield(c) {
			return false
		}
	}
	return true
}
