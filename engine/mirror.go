package engine

import (
	"fmt"

	"example.com/truebook/book"
	"example.com/truebook/feed"
)

// maxMirrored bounds the changes of one frame that are compared with each other.
// The exchange sends two, rarely a few more.
const maxMirrored = 64

// mirror asks the witness of the mirror: in a frame with changes of both tokens
// of a market, each change of one has its counterpart in the other, at one minus
// the price and on the other side.
func (s *shard) mirror(e *feed.PriceChange) {
	first := e.Changes[0].Asset
	var second *feed.Asset
	for i := range e.Changes {
		switch a := e.Changes[i].Asset; {
		case a == first || a == second:
		case second == nil:
			second = a
		default:
			return // no market has three
		}
	}
	switch {
	case second == nil:
		s.unmirrored(first)
		return
	case len(e.Changes) > maxMirrored:
		s.tallies[MirrorWitness].count(unknown)
		return
	}
	if alone := firstAlone(e.Changes); alone != nil {
		s.tallies[MirrorWitness].count(disagreed)
		s.find(Finding{
			Line: s.line, Asset: alone.Asset.ID, Witness: MirrorWitness,
			Expected: fmt.Sprintf("the mirror of %v %v x %v", alone.Side, alone.Price, alone.Size), Found: "none",
		})
		return
	}
	s.tallies[MirrorWitness].count(agreed)
}

// pair takes an event of two changes, each the mirror of the other, as nearly all are.
// What is to be done is decided for both before either is set: then books that are a pair
// are written once.
func (s *shard) pair(e *feed.PriceChange) {
	ofA, ofB := &e.Changes[0], &e.Changes[1]
	a, b := s.known(ofA.Asset), s.known(ofB.Asset)
	if a == nil || b == nil { // once only
		a, b = s.token(ofA.Asset), s.token(ofB.Asset)
	}
	s.tallies[MirrorWitness].count(agreed)
	if a.market == b.market { // and not in one of its own, before its first event
		a.market.mirrored = true
	}
	if m := a.market; m == b.market && m.id == e.Market && s.beginsRun(a, e.Time) && s.beginsRun(b, e.Time) { // as nearly always
		s.hide(a)
		s.closeRun(a)
		s.startRun(a, key{e.Time, ofA.Hash})
		s.touch(a) // before the other
		s.hide(b)
		s.closeRun(b)
		s.startRun(b, key{e.Time, ofB.Hash})
		s.setPair(a, b, ofA, ofB)
		return
	}
	setA := s.entry(e, ofA, a)
	if setA {
		s.touch(a)
	}
	setB := s.entry(e, ofB, b)
	switch {
	case setA && setB:
		s.setPair(a, b, ofA, ofB)
	case setA:
		s.set(a, ofA)
	case setB:
		s.set(b, ofB)
	}
}

// setPair is set for two changes, each the mirror of the other, of two tokens. If their books
// are a pair, it writes once.
func (s *shard) setPair(a, b *token, ofA, ofB *feed.Change) {
	if !a.book.PairedWith(b.book) {
		s.set(a, ofA)
		s.set(b, ofB)
		s.pairBooks(a, b)
		return
	}
	if a.joining != nil {
		a.joining.note(ofA, a.run.key)
	}
	if b.joining != nil {
		b.joining.note(ofB, b.run.key)
	}
	old, err := a.book.SetBoth(ofA.Side, ofA.Price, ofA.Size)
	if err != nil {
		s.overflow(a)
		s.overflow(b)
		return
	}
	s.written(a, ofA, old)
	s.wasSet(a, ofA)
	s.written(b, ofB, old)
	s.wasSet(b, ofB)
}

// pairBooks lets the books of a market's two tokens, which are none, be a pair if they
// mirror each other. To look may take as long as to compare all levels, and to part as long
// as to copy some: the more frames have met them apart since a book was replaced, the less
// often it is done.
func (s *shard) pairBooks(a, b *token) {
	m := a.market
	if m.apart++; m.apart&(m.apart-1) == 0 {
		book.Pair(a.book, b.book)
	}
}

// pairWithOther is pairBooks for a token whose whole book has come, and the other one of
// its market: so that a market in which nothing happens needs no more memory than others.
func (s *shard) pairWithOther(t *token) {
	if both := t.market.tokens; len(both) == 2 && !both[0].book.PairedWith(both[1].book) {
		s.pairBooks(both[0], both[1])
	}
}

// become makes another book the token's, and returns the one that was. That is no
// pair with another token's any more: one lock may not guard both for long.
func (t *token) become(next *book.Book) (was *book.Book) {
	was = t.book
	was.Part()
	t.book = next
	t.replaced()
	return was
}

// unmirrored: a frame changes one token of a market and not the other, whose book now
// lacks the mirror of it. The exchange has stopped to send that token.
func (s *shard) unmirrored(a *feed.Asset) {
	m := s.token(a).market
	if !m.mirrored && !s.pairs {
		return
	}
	for _, t := range m.tokens {
		if t.asset != a && t.based && t.conn == s.conn && t.state != Gone {
			s.breakContinuity(t, Unmirrored)
		}
	}
}

// firstAlone returns the first change without a counterpart, nil if there is
// none.
func firstAlone(changes []feed.Change) *feed.Change {
	var taken [maxMirrored]bool
next:
	for i := range changes {
		if taken[i] {
			continue
		}
		for j := i + 1; j < len(changes); j++ {
			if !taken[j] && mirrors(&changes[i], &changes[j]) {
				taken[j] = true
				continue next
			}
		}
		return &changes[i]
	}
	return nil
}

func mirrors(a, b *feed.Change) bool {
	return a.Asset != b.Asset && a.Side != b.Side && a.Size == b.Size && a.Price == book.Dollar-b.Price
}
