// Package book is the order book of one token of a prediction market, in exact
// fixed point.
//
// A [Book] belongs to one writer, who puts in what the exchange sends: whole
// snapshots with [Book.Replace], single levels with [Book.Set]. A [Snapshot],
// taken in O(1), is immutable; it answers what a market maker asks:
//
//	b := book.New()
//	_, err := b.Replace(bids, asks)
//	...
//	s := b.Snapshot()
//	top := s.Top()                                  // best bid and ask, of one instant
//	depth, err := s.Within(book.Bid, 5*book.Dollar/100) // within five cents
//	fill, err := s.Buy(1000 * book.Share)           // what 1,000 shares cost
//	fill, err = s.Spend(500 * book.Dollars)         // what 500 dollars buy
//	other := s.Complement()                         // the other outcome's book
//
// # Numbers
//
// [Price], [Size] and [Notional] are integers of millionths: of a dollar, a
// share, a dollar. They compare with ==, never round by themselves, and convert
// to and from text and [decimal.Decimal] exactly or with an error. Sums of
// price times size are kept in 128 bits and rounded once, against whoever asks:
// costs up, proceeds and depth down. The tick of a market never rounds anything:
// after a change of tick, levels of the old grid stand beside those of the new.
//
// # Concurrency
//
// A Book has no lock. Its methods, [Book.Snapshot] among them, are for the one
// goroutine that writes it, or for the holder of a lock around it. Snapshots are
// free for all.
//
// # Pairs
//
// The books of a market's two outcomes are each the complement of the other. [Pair]
// lets two such books share their levels, which then take half the memory and, with
// [Book.SetBoth], half the writing. Whatever is done to only one of them makes them part.
//
// # Bounds
//
// A side holds at most [MaxLevels] levels. A level has a price above 0 and below
// 1 dollar and a size above 0; anything else is an error that leaves the book as
// it was.
//
// The package does no I/O, starts no goroutine and reads no clock.
package book
