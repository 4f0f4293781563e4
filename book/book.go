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
// A Book is made by [New] or [Book.Fork]. It does not know whether it is right. It
// holds whatever was put in, bids above asks included, since such states pass by
// on the wire.
type Book struct {
	bids, asks ladder
	// top is that of the ladders. It is asked for more often than it changes.
	top Top
}

// New returns an empty book, which is a legal book: that of a token that nobody
// quotes, or that was just settled.
func New() *Book { return &Book{bids: newLadder(), asks: newLadder()} }

func (b *Book) side(s Side) *ladder {
	bids, l := &b.bids, &b.asks
	if s == Bid {
		l = bids // by no jump: the two sides come in no order that could be predicted
	}
	return l
}

// Set puts the whole size at a price, as the exchange's changes do, or removes
// the level if the size is 0. It returns the size that was there before, 0 if
// there was none. It fails with a [*LevelError] or with [ErrTooManyLevels].
func (b *Book) Set(side Side, price Price, size Size) (old Size, err error) {
	if !price.valid() || size < 0 || side > Ask {
		return 0, &LevelError{side, Level{price, size}}
	}
	l, k := b.side(side), side.key(price)
	old, err = l.set(k, size)
	if k >= l.best { // it is the best, or was
		b.retop()
	}
	return old, err
}

// retop follows a change of a best level.
func (b *Book) retop() { b.top = Top{Bid: b.bids.now().top(Bid), Ask: b.asks.now().top(Ask)} }

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
	d.bids.apply(&b.bids)
	d.asks.apply(&b.asks)
	b.retop()
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
	return b.side(side).now().appendBackward(dst, side)
}

// SizeAt returns the size at a price, 0 if there is no such level.
func (b *Book) SizeAt(side Side, price Price) Size {
	if !price.valid() {
		return 0
	}
	return b.side(side).now().size(side.key(price))
}

// Snapshot returns the book as it is now, in O(1): the levels are shared until
// the book next changes one, which then copies the path to it.
func (b *Book) Snapshot() Snapshot {
	return Snapshot{bids: b.bids.freeze(), asks: b.asks.freeze()}
}

// Fork returns a second book with the same levels, in O(1). The two go their
// own ways from then on.
func (b *Book) Fork() *Book { return &Book{bids: b.bids.fork(), asks: b.asks.fork(), top: b.top} }
