package book

import "errors"

// ErrUnpaired says that a book was to be written together with its mirror, and has none.
var ErrUnpaired = errors.New("book: not paired with another")

// Pair lets two books have their levels in common, if each is the complement of the
// other, and says whether they have. The books of the two outcomes of a market are, see
// [Snapshot.Complement]: what they share is kept once, and written once by
// [Book.SetBoth]. Whatever else changes one of them makes them part.
//
// As long as they are a pair, they must have one writer, or one lock around both: even a
// snapshot of one writes to what is the other's too.
func Pair(a, b *Book) bool {
	if a.PairedWith(b) {
		return true
	}
	if a == b || a.top != b.top.Complement() || !a.now().Equal(b.now().Complement()) {
		return false
	}
	a.Part()
	b.Part()
	a.mirror, b.mirror = b, a
	b.ladders, b.holder, b.flip = [2]ladder{}, a, 1
	return true
}

// PairedWith says whether two books have their levels in common.
func (b *Book) PairedWith(other *Book) bool { return b.mirror == other && other != nil }

// SetBoth is [Book.Set] of a change in this book, and of its mirror in the book that it
// shares its levels with: the same size on the other side, at one dollar minus the price.
// What it returns is the same for both, and so are its errors. Without a mirror it fails
// with [ErrUnpaired], and changes nothing.
func (b *Book) SetBoth(side Side, price Price, size Size) (old Size, err error) {
	if b.mirror == nil {
		return 0, ErrUnpaired
	}
	return b.write(side, price, size)
}

// Part ends what [Pair] began, if it has: the two books go their own ways. It costs
// what two forks cost.
func (b *Book) Part() {
	m := b.mirror
	if m == nil {
		return
	}
	if b.holder == b {
		b, m = m, b
	}
	b.own(b)
	b.mirror, m.mirror = nil, nil
}
