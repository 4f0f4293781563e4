package book

import (
	"errors"
	"fmt"
)

// MaxLevels is the most levels that a side can hold: every price of the finest
// tick of the exchange, 0.0001. It bounds what a broken or hostile server can
// make a book grow to.
const MaxLevels = 9_999

// Why a change or a snapshot was refused. The book is then as it was.
var (
	// ErrTooManyLevels says that a side would have more than MaxLevels levels.
	ErrTooManyLevels = errors.New("book: too many levels")
	// ErrDuplicateLevel says that a snapshot has a price twice on one side.
	ErrDuplicateLevel = errors.New("book: price twice in one snapshot")
)

// LevelError is a level that no book can hold: its price is not between 0 and
// 1 dollar, or its size is below 0.
type LevelError struct {
	Side  Side
	Level Level
}

// Error shows the level.
func (e *LevelError) Error() string {
	return fmt.Sprintf("book: no level can be %v %v x %v", e.Side, e.Level.Price, e.Level.Size)
}

// Book is the order book of one token, held by its one writer: none of its
// methods may run beside another. What it returns may be kept and passed on:
// see [Snapshot].
//
// A Book is made by [New] or [Book.Fork], and not copied. It does not know whether it
// is right. It holds whatever was put in, bids above asks included, since such states
// pass by on the wire.
type Book struct {
	// What each change looks at stands first: with the levels of a side it makes two lines
	// of memory.

	// top holds the best levels. It is asked for more often than it changes.
	top Top
	// mirror is the book that this one is paired with, nil if there is none. It is the
	// complement of this one, and this one is its mirror.
	mirror *Book
	// holder is the book whose ladders are this one's too: itself, or its mirror, in which
	// each side is the other one. Then its own hold nothing.
	holder *Book
	flip   Side // 0, or 1 if the holder is the mirror
	// best holds the highest key of each ladder, 0 if that is empty. Like the ladders, it
	// is the holder's alone.
	best    [2]key
	ladders [2]ladder
}

// New returns an empty book, which is a legal book: that of a token that nobody
// quotes, or that was just settled.
func New() *Book {
	b := &Book{ladders: [2]ladder{newLadder(), newLadder()}}
	b.holder = b
	return b
}

// place returns where the ladder of a side is in the holder, by no jump: neither which side
// is asked for nor which of a pair it is asked of could be predicted.
func (b *Book) place(s Side) Side { return (s ^ b.flip) & 1 }

// side returns the levels of a side, for reading: a book that is to be written alone must
// part from its mirror first.
func (b *Book) side(s Side) *ladder { return &b.holder.ladders[b.place(s)] }

// now returns the book for reading, until it is written.
func (b *Book) now() Snapshot {
	return Snapshot{
		bids: sideView{&b.side(Bid).levels, b.holder.best[b.place(Bid)], b.top.Bid.Size},
		asks: sideView{&b.side(Ask).levels, b.holder.best[b.place(Ask)], b.top.Ask.Size},
	}
}

// Set puts the whole size at a price, as the exchange's changes do, or removes
// the level if the size is 0. It returns the size that was there before, 0 if
// there was none. It fails with a [*LevelError] or with [ErrTooManyLevels].
func (b *Book) Set(side Side, price Price, size Size) (old Size, err error) {
	if b.mirror != nil {
		b.Part()
	}
	return b.write(side, price, size)
}

// write is Set, in the mirror too if there is one.
func (b *Book) write(side Side, price Price, size Size) (old Size, err error) {
	if !price.valid() || size < 0 || side > Ask {
		return 0, &LevelError{side, Level{price, size}}
	}
	h, i, k := b.holder, b.place(side), side.key(price)
	old, err = h.ladders[i].set(k, size)
	if k >= h.best[i] { // it is the best, or was
		b.retop()
	}
	return old, err
}

// retop follows a change of a best level.
func (b *Book) retop() {
	h, bids, asks := b.holder, b.place(Bid), b.place(Ask)
	h.best[bids], b.top.Bid = h.ladders[bids].best(Bid)
	h.best[asks], b.top.Ask = h.ladders[asks].best(Ask)
	if b.mirror != nil {
		b.mirror.top = b.top.Complement()
	}
}

// Replace makes the book equal to a whole snapshot, which may be empty, and
// returns how many levels that changed. The levels may come in any order;
// levels of size 0 are left out. It fails with a [*LevelError],
// [ErrDuplicateLevel] or [ErrTooManyLevels], and changes nothing then.
//
// Only the differences are written, so that replacing a book by what it already
// is, the common case on the wire, leaves the tree and its snapshots alone.
func (b *Book) Replace(bids, asks []Level) (changed int, err error) {
	d := newDifference()
	defer d.release()
	if err := d.compute(b, bids, asks); err != nil {
		return 0, err
	}
	if d.len() > 0 {
		b.Part()
		d.bids.apply(b.side(Bid))
		d.asks.apply(b.side(Ask))
		b.retop()
	}
	return d.len(), nil
}

// Differs returns how many levels [Book.Replace] would change, and its errors.
func (b *Book) Differs(bids, asks []Level) (int, error) {
	d := newDifference()
	defer d.release()
	if err := d.compute(b, bids, asks); err != nil {
		return 0, err
	}
	return d.len(), nil
}

// Top returns the best level of each side.
func (b *Book) Top() Top { return b.top }

// AppendBackward appends the levels of a side to dst, worst first: the exchange's
// own order, and that of the book hash. It allocates only to grow dst.
func (b *Book) AppendBackward(dst []Level, side Side) []Level {
	return b.now().AppendBackward(dst, side)
}

// SizeAt returns the size at a price, 0 if there is no such level.
func (b *Book) SizeAt(side Side, price Price) Size {
	return b.now().SizeAt(side, price)
}

// Snapshot returns the book as it is now, in O(1): the levels are shared until
// the book next changes one, which then copies the path to it.
func (b *Book) Snapshot() Snapshot {
	s := b.now()
	s.bids.levels, s.asks.levels = s.bids.levels.Copy(), s.asks.levels.Copy()
	return s
}

// Fork returns a second book with the same levels, in O(1). The two go their
// own ways from then on.
func (b *Book) Fork() *Book {
	f := &Book{top: b.top}
	f.own(b)
	return f
}

// own gives a book ladders of its own, which are as those of another one, or of its own
// mirror, until either is written.
func (b *Book) own(as *Book) {
	b.best = [2]key{as.holder.best[as.place(Bid)], as.holder.best[as.place(Ask)]}
	b.ladders = [2]ladder{as.side(Bid).fork(), as.side(Ask).fork()}
	b.holder, b.flip = b, 0
}
