package rival

import (
	"math/bits"

	"example.com/truebook/book"
)

// LadderBook is a book of one slot for each price of a tick, found without a
// search: the fastest there is as long as the tick stays. It belongs to one
// goroutine.
//
// What it lacks beside [book.Book]: an immutable snapshot costs a copy of all
// slots, a new tick a new ladder, and at a tick of 0.0001 it takes 160 KB however few
// levels there are.
type LadderBook struct {
	tick book.Price
	// inverse is 2^40/tick, rounded up: it makes a division of prices up to
	// 1,000,000 a product.
	inverse uint64
	bids    slots
	asks    slots // from the dollar down, so that the best is the highest here too
}

// slots is one side.
type slots struct {
	sizes []book.Size
	// words has a bit for each slot that is taken, and summary one for each word
	// that is not 0.
	words   []uint64
	summary [3]uint64
	best    int // the highest that is taken, 0 if none is
}

// NewLadderBook returns an empty ladder of a tick. One that is too coarse for a
// price is made finer when it comes.
func NewLadderBook(tick book.Price) *LadderBook {
	b := &LadderBook{}
	b.grid(tick)
	return b
}

func (b *LadderBook) grid(tick book.Price) {
	n := int(book.Dollar/tick) + 1
	*b = LadderBook{tick: tick, inverse: (1<<40 + uint64(tick) - 1) / uint64(tick)}
	for _, s := range []*slots{&b.bids, &b.asks} {
		*s = slots{sizes: make([]book.Size, n), words: make([]uint64, (n+63)/64)}
	}
}

// refine makes the ladder one of the finest tick that the exchange has.
func (b *LadderBook) refine() {
	old := *b
	b.grid(book.Dollar / 10_000)
	for side, s := range map[book.Side]*slots{book.Bid: &old.bids, book.Ask: &old.asks} {
		for i, size := range s.sizes {
			if size > 0 {
				b.Set(side, old.price(side, i), size)
			}
		}
	}
}

func (b *LadderBook) price(side book.Side, slot int) book.Price {
	if side == book.Ask {
		return book.Dollar - book.Price(slot)*b.tick
	}
	return book.Price(slot) * b.tick
}

// Set puts the whole size at a price that is above 0 and below 1; 0 removes it.
func (b *LadderBook) Set(side book.Side, price book.Price, size book.Size) {
	s := &b.bids
	key := price
	if side == book.Ask {
		s, key = &b.asks, book.Dollar-price
	}
	slot := int(uint64(key) * b.inverse >> 40)
	if book.Price(slot)*b.tick != key {
		b.refine()
		b.Set(side, price, size)
		return
	}
	s.set(slot, size)
}

func (s *slots) set(slot int, size book.Size) {
	s.sizes[slot] = size
	word, bit := slot/64, uint64(1)<<(slot%64)
	if size > 0 {
		s.words[word] |= bit
		s.summary[word/64] |= 1 << (word % 64)
		s.best = max(s.best, slot)
		return
	}
	if s.words[word] &^= bit; s.words[word] == 0 {
		s.summary[word/64] &^= 1 << (word % 64)
	}
	if slot == s.best {
		s.best = s.highest()
	}
}

func (s *slots) highest() int {
	for i := len(s.summary) - 1; i >= 0; i-- {
		if s.summary[i] != 0 {
			word := 64*i + bits.Len64(s.summary[i]) - 1
			return 64*word + bits.Len64(s.words[word]) - 1
		}
	}
	return 0
}

// clear empties what is taken, and no more.
func (s *slots) clear() {
	for word, taken := range s.words {
		for ; taken != 0; taken &= taken - 1 {
			s.sizes[64*word+bits.TrailingZeros64(taken)] = 0
		}
		s.words[word] = 0
	}
	s.summary, s.best = [3]uint64{}, 0
}

// Replace makes the book a whole snapshot.
func (b *LadderBook) Replace(bids, asks []book.Level) {
	b.bids.clear()
	b.asks.clear()
	for _, l := range bids {
		b.Set(book.Bid, l.Price, l.Size)
	}
	for _, l := range asks {
		b.Set(book.Ask, l.Price, l.Size)
	}
}

// Top returns the best level of each side.
func (b *LadderBook) Top() (top book.Top) {
	if i := b.bids.best; i > 0 {
		top.Bid = book.Level{Price: b.price(book.Bid, i), Size: b.bids.sizes[i]}
	}
	if i := b.asks.best; i > 0 {
		top.Ask = book.Level{Price: b.price(book.Ask, i), Size: b.asks.sizes[i]}
	}
	return top
}

// Copy returns a copy of the book, slot by slot: a ladder's snapshot.
func (b *LadderBook) Copy() *LadderBook {
	c := *b
	for _, s := range []*slots{&c.bids, &c.asks} {
		s.sizes = append([]book.Size(nil), s.sizes...)
		s.words = append([]uint64(nil), s.words...)
	}
	return &c
}
